"""The same numbers in another shape: reshape, flatten, and axes of 1 put in or taken out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import Move, squeezed
from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair
from tearless.linear_algebra.shapes.repairs import every_move, on_settings, only, ranked
from tearless.linear_algebra.shapes.size import Shape, Size, divided, multiple_needed, product, sizes_of, written

from .axes import axes_of, axis_of
from .registry import rule
from .reshape_repairs import reshape_repairs

LAW = "another shape holds exactly as many numbers; one size may be left open as -1 and is what the others leave"
LAW_SQUEEZE = "only an axis of size 1 can be taken out"


@rule
def reshape(operation: Operation) -> tuple[Shape, ...]:
    """``a.reshape(shape)``; setting ``shape``."""
    (a,) = operation.operands
    wanted = as_shape(operation.settings["shape"])
    return (filled_in(operation, a.shape, wanted),)


@rule
def view(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``a.view(shape)``."""
    return reshape(operation)


def filled_in(operation: Operation, here: Shape, wanted: Shape) -> Shape:
    """The shape with its open size. Raises ``Clash`` where the numbers do not come out."""
    total = product(here)
    opened = [axis for axis, size in enumerate(wanted) if _open(operation, size)]
    under = [size for size in wanted if isinstance(size, int) and size < 0 and not _open(operation, size)]
    if len(opened) > 1 or under:
        what = "only one size may be left open" if len(opened) > 1 else f"{under[0]} is no size"
        raise Clash(f"{written(wanted)}: {what}", LAW, (), lambda: reshape_repairs(operation, here, wanted))
    rest = product(size for axis, size in enumerate(wanted) if axis not in opened)
    if not opened:
        if rest == total:
            return wanted
        says = f"{operation.operands[0]} holds {total} numbers, {written(wanted)} needs {rest}{_needed(total, rest)}"
    else:
        size = divided(total, rest)
        if size is not None and rest != 0:
            return (*wanted[: opened[0]], size, *wanted[opened[0] + 1 :])
        by = f"do not divide by the {rest} of {written(wanted)}" if rest != 0 else "leave the open size undecided"
        says = f"the {total} numbers of {operation.operands[0]} {by}{_needed(total, rest)}"
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
    """PyTorch's ``a.flatten(start, end)``; settings ``start`` 0, ``end`` -1. A single number becomes (1,)."""
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
    """One axis split into several; settings ``axis``, ``sizes`` (one may be -1)."""
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
    """Axes of 1 taken out; setting ``axis``, None for all. PyTorch leaves an axis of another size as it is."""
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
    """An axis of 1 put in; setting ``axis``, a tuple for several (NumPy's ``expand_dims``)."""
    (a,) = operation.operands
    axis = operation.settings["axis"]
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    rank = len(a.shape) + len(axes)
    new = {axis_of(operation, at, rank) for at in axes}
    if len(new) < len(axes):
        raise Clash(f"an axis of {axes} is named more than once", "each axis may be named once")
    kept = iter(a.shape)
    return (tuple(1 if at in new else next(kept) for at in range(rank)),)


@rule
def transpose(operation: Operation) -> tuple[Shape, ...]:
    """Axes in another order; setting ``axes``, a permutation, or None for the order turned round."""
    (a,) = operation.operands
    axes = operation.settings.get("axes")
    if axes is None:
        return (a.shape[::-1],)
    rank = len(a.shape)
    if len(axes) != rank:
        says = f"{a} has {rank} axes, {tuple(axes)} orders {len(axes)}"
        raise Clash(says, LAW_ORDER, tuple((0, at) for at in range(rank)), lambda: _order_repairs(operation))
    return (tuple(a.shape[at] for at in axes_of(operation, axes, setting="axes")),)


LAW_ORDER = "an order of axes names each axis of the array exactly once"


@rule
def permute(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``a.permute(axes)``."""
    return transpose(operation)


@rule
def swapaxes(operation: Operation) -> tuple[Shape, ...]:
    """Two axes change places; settings ``axis0``, ``axis1``."""
    (a,) = operation.operands
    one = axis_of(
        operation, operation.settings.get("axis0", 0), setting="axis0", repairs=lambda: _swap_repairs(operation)
    )
    two = axis_of(
        operation, operation.settings.get("axis1", 1), setting="axis1", repairs=lambda: _swap_repairs(operation)
    )
    shape = list(a.shape)
    if shape:
        shape[one], shape[two] = shape[two], shape[one]
    return (tuple(shape),)


@rule
def moveaxis(operation: Operation) -> tuple[Shape, ...]:
    """Axes moved to other places, the others keeping their order; settings ``source``, ``destination``."""
    (a,) = operation.operands
    source, target = (operation.settings[name] for name in ("source", "destination"))
    whence = axes_of(operation, (source,) if isinstance(source, int) else source, "source")
    whither = axes_of(operation, (target,) if isinstance(target, int) else target, "destination")
    if len(whence) != len(whither):
        raise Clash(f"{len(whence)} axes are to move to {len(whither)} places", "each axis moved needs one place")
    if not a.shape:
        return ((),)
    there = dict(zip(whither, whence, strict=True))
    rest = iter([axis for axis in range(len(a.shape)) if axis not in whence])
    return (tuple(a.shape[there[at] if at in there else next(rest)] for at in range(len(a.shape))),)


def _swap_repairs(operation: Operation) -> list[Repair]:
    """The last two axes; or the axis of 1 that the array lost."""
    (a,) = operation.operands
    rank = len(a.shape)
    tries = []
    if rank >= 2:
        tries.append(on_settings(operation, "the last two axes are meant", 1.0, axis0=-2, axis1=-1))
    moves = every_move(operation, lambda _: [_front(a)])
    return ranked(operation, [*tries, *moves])


def _front(one: Operand) -> Move:
    return Move("{}[None]", (1, *one.shape), "{name} has lost its first axis, the samples", 1.5)


def _order_repairs(operation: Operation) -> list[Repair]:
    (a,) = operation.operands
    axes: Sequence[int] = tuple(operation.settings["axes"])
    rank = len(a.shape)

    def tries() -> Iterator[tuple[str, float, tuple[int, ...]]]:
        if len(axes) > rank and axes[0] == 0:
            yield "there is no axis of samples before the others", 1.0, tuple(at - 1 for at in axes[1:])
        if len(axes) < rank:
            more = rank - len(axes)
            yield "the axes before them stay", 1.1, (*range(more), *(at + more if at >= 0 else at for at in axes))
            yield "the axes after them stay", 1.3, (*axes, *range(len(axes), rank))
        yield "the last two axes change places", 2.0, (*range(rank - 2), rank - 1, rank - 2)

    settings = [on_settings(operation, because, price, axes=order) for because, price, order in tries()]
    moves = [*squeezed(a)]
    if len(axes) == rank + 1:
        moves.append(replace(_front(a), price=1.05))
    return ranked(operation, [*settings, *every_move(operation, lambda _: moves)])


def as_shape(shape: object) -> Shape:
    """A shape given as a tuple, a list, or one size."""
    return sizes_of(shape) if isinstance(shape, tuple | list) else sizes_of([shape])  # type: ignore[list-item]
