"""The same numbers in another shape: reshape, flatten, and axes of 1 put in or taken out."""

from __future__ import annotations

from dataclasses import replace

from tearless.linear_algebra.shapes.moves import Move
from tearless.linear_algebra.shapes.operation import Clash, Operation, Repair
from tearless.linear_algebra.shapes.repairs import (
    instead,
    on_operands,
    on_settings,
    only,
    ranked,
    renamed_call,
)
from tearless.linear_algebra.shapes.size import Shape, Size, divided, multiple_needed, product, sizes_of, written

from .axes import axes_of, axis_of
from .registry import rule
from .reshape_repairs import reshape_repairs

LAW = "another shape holds exactly as many numbers; one size may be left open as -1 and is what the others leave"
LAW_SQUEEZE = "only an axis of size 1 can be taken out"


@rule
def reshape(operation: Operation) -> tuple[Shape, ...]:
    """``a.reshape(shape)``; setting ``shape``: (n, k) in the shape (n·k, -1) gives (n·k, 1)."""
    (a,) = operation.operands
    wanted = as_shape(operation.settings["shape"])
    return (filled_in(operation, a.shape, wanted),)


@rule
def view(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``a.view(shape)``: (n, c, k) in the shape (n, -1) gives (n, c·k).

    ``contiguous`` is False where the numbers do not lie in that order in memory.
    """
    gives = reshape(operation)
    if operation.settings.get("contiguous") is False:
        a = operation.operands[0]
        says = f"the numbers of {a} do not lie in memory in the order that {written(gives[0])} needs: view copies none"
        law = "view looks at the same memory in another shape; reshape copies where it must"
        raise Clash(says, law, (), lambda: _view_repairs(operation))
    return gives


def _view_repairs(operation: Operation) -> list[Repair]:
    text = renamed_call(operation, "view", "reshape")
    after = replace(operation, rule="reshape")
    change = [instead("a copy is made where one is needed", 1.0, text, after)] if text else []
    a = operation.operands[0]
    copied = on_operands(after, {0: Move("{}.contiguous()", a.shape, "a copy of {name} is made first", 1.2)})
    return ranked(operation, [*change, copied])


@rule
def reshape_as(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``a.reshape_as(other)`` and ``view_as``: (n, k) with an other (k, n) gives (k, n)."""
    a, other = operation.operands
    return (filled_in(replace(operation, operands=(a,)), a.shape, other.shape),)


def filled_in(operation: Operation, here: Shape, wanted: Shape) -> Shape:
    """The shape with its open size. Raises ``Clash`` where the numbers do not come out."""
    total = product(here)
    opened = [axis for axis, size in enumerate(wanted) if _open(operation, size)]
    under = [size for size in wanted if isinstance(size, int) and size < 0 and not _open(operation, size)]
    if len(opened) > 1 or under:
        what = "only one size may be left open" if len(opened) > 1 else f"{under[0]} is no size"
        raise Clash(f"{written(wanted)}: {what}", LAW, (), lambda: reshape_repairs(operation, here, wanted))
    rest = product(size for axis, size in enumerate(wanted) if axis not in opened)
    many, s = ("1 number", "s") if total == 1 else (f"{total} numbers", "")
    if not opened:
        if rest == total:
            return wanted
        says = f"{operation.operands[0]} holds {many}, {written(wanted)} needs {rest}{_needed(total, rest)}"
    else:
        size = divided(total, rest)
        if size is not None and rest != 0:
            return (*wanted[: opened[0]], size, *wanted[opened[0] + 1 :])
        does = "does" if s else "do"
        by = f"{does} not divide by the {rest} of {written(wanted)}" if rest != 0 else f"leave{s} the size undecided"
        says = f"the {many} of {operation.operands[0]} {by}{_needed(total, rest)}"
    marks = tuple((0, axis) for axis in range(len(operation.operands[0].shape)))
    raise Clash(says, LAW, marks, lambda: reshape_repairs(operation, here, wanted))


def _open(operation: Operation, size: Size) -> bool:
    return isinstance(size, int) and (size == -1 or (size < 0 and operation.library == "numpy"))


def _needed(total: Size, rest: Size) -> str:
    """What a named size would have to be a multiple of."""
    times = multiple_needed(total, rest) if isinstance(rest, int) and not isinstance(total, int) else None
    return f": it needs a size that is a multiple of {times}" if times and times > 1 else ""


@rule
def flatten(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``a.flatten(start, end)``; settings ``start`` 0, ``end`` -1. A single number becomes (1,).

    From axis 1 (n, c, h, w) gives (n, c·h·w).
    """
    (a,) = operation.operands
    if not a.shape:
        for name in ("start", "end"):
            axis_of(operation, operation.settings.get(name, 0), setting=name)
        return ((1,),)
    start = axis_of(operation, operation.settings.get("start", 0), setting="start")
    end = axis_of(operation, operation.settings.get("end", -1), setting="end")
    if start > end:
        change = on_settings(operation, "from the first of the two to the second", 1.0, start=end, end=start)
        says = f"axes {start} to {end} of {a}: the first must not come after the last"
        raise Clash(says, "axes are joined from the first to the last", ((0, start), (0, end)), only(operation, change))
    return ((*a.shape[:start], product(a.shape[start : end + 1]), *a.shape[end + 1 :]),)


@rule
def unflatten(operation: Operation) -> tuple[Shape, ...]:
    """One axis split into several; settings ``axis``, ``sizes`` (one may be -1).

    Axis 1 of (n, c·k) split into (c, k) gives (n, c, k).
    """
    (a,) = operation.operands
    axis = axis_of(operation, operation.settings["axis"])
    if not a.shape:
        raise Clash(f"{a} is a single number: it has no axis to be split", LAW)
    wanted = as_shape(operation.settings["sizes"])
    here = a.shape[axis : axis + 1]
    try:
        new = filled_in(operation, here, wanted)
    except Clash:
        says = f"axis {axis} of {a} has {a.shape[axis]}, which {written(wanted)} does not split"
        raise Clash(says, LAW, ((0, axis),), lambda: reshape_repairs(operation, here, wanted, "sizes")) from None
    return ((*a.shape[:axis], *new, *a.shape[axis + 1 :]),)


@rule
def squeeze(operation: Operation) -> tuple[Shape, ...]:
    """Axes of 1 taken out: (n, 1, k) gives (n, k); setting ``axis``, None for all.

    PyTorch leaves an axis of another size as it is.
    """
    (a,) = operation.operands
    axis = operation.settings.get("axis")
    if axis is None:
        return (tuple(size for size in a.shape if size != 1),)
    if not a.shape and operation.library == "numpy" and axis in (0, -1):
        return ((),)
    axes = axes_of(operation, (axis,) if isinstance(axis, int) else axis)
    wrong = [at for at in axes if a.shape and a.shape[at] != 1]
    if wrong and operation.library != "torch":
        says = f"axis {wrong[0]} of {a} has {a.shape[wrong[0]]}, not 1: it cannot be taken out"
        raise Clash(says, LAW_SQUEEZE, tuple((0, at) for at in wrong), lambda: _squeeze_repairs(operation))
    return (tuple(size for at, size in enumerate(a.shape) if at not in axes or at in wrong),)


def _squeeze_repairs(operation: Operation) -> list[Repair]:
    ones = [axis for axis, size in enumerate(operation.operands[0].shape) if size == 1]
    tries = [on_settings(operation, f"axis {axis} is the one of size 1", 1.0, axis=axis) for axis in ones]
    last = on_settings(operation, "no axis has size 1: none is taken out", 3.0, axis=None)
    return ranked(operation, [*tries, last])


@rule
def unsqueeze(operation: Operation) -> tuple[Shape, ...]:
    """An axis of 1 put in; setting ``axis``, a tuple for several (NumPy's ``expand_dims``).

    At axis 1 (n, k) gives (n, 1, k).
    """
    (a,) = operation.operands
    axis = operation.settings["axis"]
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    rank = len(a.shape) + len(axes)
    new = {axis_of(operation, at, rank) for at in axes}
    if len(new) < len(axes):
        raise Clash(f"an axis of {axes} is named more than once", "each axis may be named once")
    kept = iter(a.shape)
    return (tuple(1 if at in new else next(kept) for at in range(rank)),)


def as_shape(shape: object) -> Shape:
    """A shape given as a tuple, a list, or one size."""
    return sizes_of(shape) if isinstance(shape, tuple | list) else sizes_of([shape])  # type: ignore[list-item]
