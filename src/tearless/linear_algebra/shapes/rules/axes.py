"""Axes by number: negative ones count from the end; what no array of that rank has is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change, on_settings, ranked

LAW = "an array of r axes has the axes 0 to r - 1; -1 is the last, -r the first"


def axis_of(
    operation: Operation,
    axis: int,
    rank: int | None = None,
    operand: int = 0,
    setting: str = "axis",
    repairs: Callable[[], Sequence[Repair]] | None = None,
) -> int:
    """The axis counted from 0. Raises ``Clash`` where there is none of that number.

    PyTorch lets a single number have the axes 0 and -1.
    """
    one = operation.operands[operand]
    here = len(one.shape) if rank is None else rank
    room = 1 if here == 0 and operation.library == "torch" else here
    if -room <= axis < room:
        return axis + room if axis < 0 else axis
    own = rank is None or here == len(one.shape)
    has = "it has" if own else "the result has"
    axes = f"{has} one axis, 0" if here == 1 else f"{has} {here} axes, counted 0 to {here - 1}"
    axes = "a single number has no axes" if not here else axes
    says = f"{one} has no axis {axis}: {axes}" if own else f"there is no axis {axis}: {axes}"
    marks = tuple((operand, i) for i in range(len(one.shape)))
    raise Clash(says, LAW, marks, repairs or (lambda: other_axes(operation, here, setting)))


def axes_said(one: Operand) -> str:
    """How many axes an operand has, in words.

    >>> axes_said(Operand("x", (3,))), axes_said(Operand("x", (3, 4)))
    ('x (3,) has one axis', 'x (3, 4) has 2 axes')
    """
    rank = len(one.shape)
    return f"{one} has {'no axis' if not rank else 'one axis' if rank == 1 else f'{rank} axes'}"


def axes_of(
    operation: Operation,
    axes: Iterable[int],
    setting: str = "axis",
    repairs: Callable[[], Sequence[Repair]] | None = None,
) -> tuple[int, ...]:
    """Several axes, each counted from 0. Raises ``Clash`` where one is missing or named twice."""
    found = tuple(axis_of(operation, axis, setting=setting, repairs=repairs) for axis in axes)
    twice = next((axis for at, axis in enumerate(found) if axis in found[:at]), None)
    if twice is not None:
        one = operation.operands[0]
        says = f"axis {twice} of {one} is named more than once"
        once = tuple(dict.fromkeys(found))
        change = on_settings(operation, "each axis is meant once", 1.0, **{setting: once})
        marks = ((0, twice),) if one.shape else ()
        raise Clash(says, "each axis may be named once", marks, repairs or (lambda: ranked(operation, [change])))
    return found


def other_axes(operation: Operation, rank: int, setting: str = "axis") -> list[Repair]:
    """The axis that is meant, were one counted from 1, or an array of another rank expected."""
    asked = operation.settings.get(setting)
    if not isinstance(asked, int):
        kept = [axis for axis in asked or () if isinstance(axis, int) and -rank <= axis < rank]
        count = len(asked or ())
        last = on_settings(operation, "the last axes are meant", 1.2, **{setting: tuple(range(-count, 0))})
        some = on_settings(operation, "only these axes are there", 1.0, **{setting: tuple(kept)})
        return ranked(operation, [some, last] if kept else [last])
    words = {-1: "the last axis is meant", 0: "the first axis is meant"}
    tries: list[Change] = []
    for price, axis in enumerate((-1, 0, *range(1, rank - 1)) if asked > 0 else (0, -1, *range(1, rank - 1))):
        if rank == 1 and axis == -1 and asked > 0:
            continue
        because = words.get(axis, f"axis {axis} is meant")
        tries.append(on_settings(operation, because, 1.0 + 0.1 * price, **{setting: axis}))
    return ranked(operation, tries)
