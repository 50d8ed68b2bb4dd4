"""Arrays laid below, beside and behind one another; repeated and padded."""

from __future__ import annotations

from typing import Any

from tearless.linear_algebra.shapes.operation import Clash, Operation
from tearless.linear_algebra.shapes.repairs import on_settings, only
from tearless.linear_algebra.shapes.size import Named, Shape, Size, product

from .axes import axes_said, axis_of
from .joining import joined
from .registry import rule


@rule
def vstack(operation: Operation) -> tuple[Shape, ...]:
    """``np.vstack``: joined along axis 0, a vector (k,) being one row (1, k): (n, k) and (m, k) give (n + m, k)."""
    return (joined(operation, 0, [(1,) * (2 - len(shape)) + shape for shape in operation.shapes]),)


@rule
def hstack(operation: Operation) -> tuple[Shape, ...]:
    """``np.hstack``: joined along axis 1, (n, k) and (n, m) give (n, k + m); vectors (k,) and (m,) give (k + m,)."""
    shapes = [shape or (1,) for shape in operation.shapes]
    return (joined(operation, 0 if shapes and len(shapes[0]) == 1 else 1, shapes),)


@rule
def column_stack(operation: Operation) -> tuple[Shape, ...]:
    """``np.column_stack``: joined along axis 1, a vector (n,) being one column (n, 1).

    (n, k) and (n, m) give (n, k + m).
    """
    return (joined(operation, 1, [shape + (1,) * (2 - len(shape)) for shape in operation.shapes]),)


@rule
def dstack(operation: Operation) -> tuple[Shape, ...]:
    """``np.dstack``: joined along axis 2, a vector (k,) being (1, k, 1) and a matrix (n, k) being (n, k, 1).

    (n, k, a) and (n, k, b) give (n, k, a + b).
    """
    return (joined(operation, 2, [_deep(shape) for shape in operation.shapes]),)


def _deep(shape: Shape) -> Shape:
    return {0: (1, 1, 1), 1: (1, *shape, 1), 2: (*shape, 1)}.get(len(shape), shape)


@rule
def repeat(operation: Operation) -> tuple[Shape, ...]:
    """``np.repeat``, ``torch.repeat_interleave``; settings ``repeats`` (a number, or one for each entry), ``axis``.

    Along axis 0 (n, k) with 3 ``repeats`` gives (3·n, k).
    """
    (a,) = operation.operands
    repeats, axis = operation.settings["repeats"], operation.settings.get("axis")
    shape: Shape = (product(a.shape),) if axis is None else a.shape
    if not shape and operation.library == "numpy" and axis in (0, -1):
        shape, axis = (1,), None
    elif not shape:
        raise Clash(f"{a} is a single number: it has no axis to be repeated along", "what is repeated has that axis")
    at = 0 if axis is None else axis_of(operation, axis)
    times = repeats if isinstance(repeats, tuple | list) else (repeats,)
    if len(times) == 1:
        return ((*shape[:at], shape[at] * times[0], *shape[at + 1 :]),)
    if len(times) != shape[at]:
        says = f"{a} has {shape[at]} entries there, {len(times)} numbers say how often each is repeated"
        raise Clash(says, "one number for all, or one for each entry", ((0, at),) if axis is not None else ())
    return ((*shape[:at], sum(times), *shape[at + 1 :]),)


@rule
def tile(operation: Operation) -> tuple[Shape, ...]:
    """``np.tile``; setting ``reps``: of (n, k) the numbers 2, 3 give (2·n, 3·k).

    With ``whole`` PyTorch's ``a.repeat``: a number for each axis at least.
    """
    (a,) = operation.operands
    reps = operation.settings["reps"]
    times: tuple[Size, ...] = (reps,) if isinstance(reps, int | Named) else tuple(reps)
    short = len(a.shape) - len(times)
    if short > 0 and operation.settings.get("whole"):
        says = f"{axes_said(a)}, each needs a number; given: {len(times)}"
        marks = tuple((0, axis) for axis in range(len(a.shape)))
        whole = on_settings(operation, "the axes before are not repeated", 1.0, reps=(1,) * short + times)
        other = on_settings(operation, "the axes after are not repeated", 1.2, reps=times + (1,) * short)
        raise Clash(says, "each axis is repeated by one number", marks, only(operation, whole, other))
    times = (1,) * max(0, short) + times
    shape = (1,) * (len(times) - len(a.shape)) + a.shape
    return (tuple(size * often for size, often in zip(shape, times, strict=True)),)


@rule
def pad(operation: Operation) -> tuple[Shape, ...]:
    """``np.pad``; setting ``widths``: a number, a pair, or a pair for each axis; ``from_last`` for ``F.pad``'s row.

    (n, k) padded by 1 gives (n + 2, k + 2). ``mode`` ``reflect`` needs more entries than are added with ``from_last``
    (PyTorch).
    """
    (a,) = operation.operands
    pairs = _pairs(operation, operation.settings["widths"], len(a.shape))
    out = []
    for axis, (size, (before, after)) in enumerate(zip(a.shape, pairs, strict=True)):
        new = size + before + after
        mode = operation.settings.get("mode", "constant")
        most = max((one for one in (before, after) if isinstance(one, int)), default=0)
        room = size - 1 if isinstance(size, int) and mode == "reflect" else size
        short = isinstance(room, int) and most > room and mode in ("reflect", "circular")
        left = size
        for more in (before, after):
            left = left + more if isinstance(more, int) and more < 0 else left
        if (short and operation.settings.get("from_last")) or (isinstance(left, int) and left < 0):
            says = f"{a} has {size} on axis {axis}, too few to be padded by {before} and {after} ({mode})"
            raise Clash(says, "as much as is reflected must be there", ((0, axis),))
        out.append(new)
    return (tuple(out),)


def _pairs(operation: Operation, widths: Any, rank: int) -> list[tuple[Size, Size]]:
    law = "padding is one number, a pair, or a pair for each axis"
    marks = tuple((0, axis) for axis in range(rank))
    if operation.settings.get("from_last"):
        flat = list(widths)
        if len(flat) % 2 or len(flat) > 2 * rank:
            says = f"{operation.operands[0]} has {rank} axes, padding has {len(flat)} numbers: two for each axis"
            kept = on_settings(operation, "only the last axes are padded", 1.0, widths=tuple(flat[: 2 * rank]))
            raise Clash(says, law, marks, only(operation, kept))
        found = [(flat[at], flat[at + 1]) for at in range(0, len(flat), 2)]
        return [(0, 0)] * (rank - len(found)) + found[::-1]
    if isinstance(widths, int | Named):
        return [(widths, widths)] * rank
    rows = [(one, one) if isinstance(one, int | Named) else tuple(one) for one in widths]
    if all(isinstance(one, int | Named) for one in widths):
        if len(widths) in (1, 2):
            return [(widths[0], widths[-1])] * rank
    elif len(rows) in (1, rank) and all(len(row) in (1, 2) for row in rows):
        found = [(row[0], row[-1]) for row in rows]
        return found * rank if len(found) == 1 else found
    says = f"{operation.operands[0]} has {rank} axes, padding has {len(rows)} entries: one pair for each axis"
    more = [*rows, *[(0, 0)] * max(0, rank - len(rows))][:rank]
    change = on_settings(operation, "the other axes are not padded", 1.0, widths=tuple(more))
    raise Clash(says, law, marks, only(operation, change))
