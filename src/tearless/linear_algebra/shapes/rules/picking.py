"""Entries picked along an axis by their numbers: ``take``, ``gather``, ``scatter``, ``take_along_axis``."""

from __future__ import annotations

from collections.abc import Iterator

from tearless.linear_algebra.shapes.moves import Move, cut, squeezed, transposed, widened, with_ones
from tearless.linear_algebra.shapes.operation import Clash, Operation, Repair
from tearless.linear_algebra.shapes.repairs import Change, every_move, fewer, on_operands, on_settings, ranked
from tearless.linear_algebra.shapes.size import Shape, named, product

from .axes import axes_said, axis_of
from .broadcasting import broadcast_of, broadcast_repairs
from .registry import rule

LAW_RANK = "the index has as many axes as the array: it says for each place of the result where it is picked from"
LAW_ROOM = "the index has no more entries than the array on any axis but the one that is picked along"


@rule
def take(operation: Operation) -> tuple[Shape, ...]:
    """``np.take(a, index, axis)``: the index in the place of the axis. Setting ``axis``, None for all in one row.

    Along axis 0 a (n, k) and an index (i, j) give (i, j, k).
    """
    a, index = operation.operands
    axis = operation.settings.get("axis")
    if axis is None:
        return (index.shape,)
    if not a.shape and operation.library == "numpy" and axis in (0, -1):
        return (index.shape,)
    at = axis_of(operation, axis)
    return ((*a.shape[:at], *index.shape, *a.shape[at + 1 :]),)


@rule
def index_select(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``index_select(a, axis, index)``: the index is one list of numbers. Setting ``axis``.

    Along axis 0 a (n, k) and an index (i,) give (i, k).
    """
    a, index = operation.operands
    at = axis_of(operation, operation.settings["axis"])
    if len(index.shape) > 1:
        marks = tuple((1, axis) for axis in range(len(index.shape)))
        says = f"{axes_said(index)}: index_select takes one list of numbers"
        raise Clash(says, "the index is a vector", marks, lambda: _index_repairs(operation))
    if not a.shape:
        if product(index.shape) != 1:
            raise Clash(f"{a} is a single number: it is picked once, not {product(index.shape)} times", LAW_RANK)
        return ((),)
    return ((*a.shape[:at], product(index.shape), *a.shape[at + 1 :]),)


@rule
def gather(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``gather(a, axis, index)``: the index has as many axes, and room in a. Setting ``axis``.

    a (n, k) and an index (i, j) give (i, j).
    """
    _room(operation, 0, "axis")
    return (operation.shapes[1],)


@rule
def scatter(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``scatter(a, axis, index, src)``: operands a, index and, unless it is one number, src.

    a (n, k), an index (i, j) and src (i, j) give (n, k).
    """
    axis_of(operation, operation.settings["axis"])
    a, index, *rest = operation.operands
    if product(index.shape) == 0:
        return (a.shape,)
    _room(operation, 0, "axis")
    for src in rest:
        if max(1, len(src.shape)) != max(1, len(index.shape)):
            says = f"{axes_said(src)}, {axes_said(index)}: they must have as many"
            raise Clash(says, LAW_RANK, _all(operation, 2), lambda: _index_repairs(operation))
        for at, (size, here) in enumerate(zip(index.shape or (1,), src.shape or (1,), strict=True)):
            if fewer(here, size):
                says = f"{index} has {size} on axis {at}, {src} has only {here} to put there"
                marks = [(i, at) for i in (1, 2) if operation.shapes[i]]
                raise Clash(says, LAW_ROOM, marks, lambda: _index_repairs(operation))
    return (a.shape,)


def _room(operation: Operation, over: int, setting: str) -> None:
    """Raise ``Clash`` where the index (operand 1) has no room in the array."""
    a, index = operation.operands[over], operation.operands[1]
    along = axis_of(operation, operation.settings[setting])
    if product(index.shape) == 0 and operation.rule == "gather":
        return
    if max(1, len(index.shape)) != max(1, len(a.shape)):
        says = f"{axes_said(index)}, {axes_said(a)}: they must have as many"
        raise Clash(says, LAW_RANK, _all(operation, 1), lambda: _index_repairs(operation))
    for at, (size, here) in enumerate(zip(index.shape, a.shape, strict=False)):
        if at != along and fewer(here, size):
            says = f"{index} has {size} on axis {at}, {a} has only {here} there; it is picked along axis {along}"
            raise Clash(says, LAW_ROOM, ((over, at), (1, at)), lambda: _index_repairs(operation))


def _all(operation: Operation, i: int) -> list[tuple[int, int]]:
    return [(i, axis) for axis in range(len(operation.operands[i].shape))]


@rule
def take_along_axis(operation: Operation) -> tuple[Shape, ...]:
    """``np.take_along_axis(a, index, axis)``: as many axes; all but one broadcast. Setting ``axis``, None for a row.

    Along axis 1 a (n, k) and an index (n, j) give (n, j).
    """
    a, index = operation.operands
    axis = operation.settings.get("axis", -1)
    if axis is None:
        if len(index.shape) != 1 and operation.library != "torch":
            raise Clash(f"{axes_said(index)}: without an axis it is one list", LAW_RANK)
        return ((product(index.shape),),)
    along = axis_of(operation, axis)
    if len(index.shape) != len(a.shape):
        says = f"{axes_said(index)}, {axes_said(a)}: they must have as many"
        raise Clash(says, LAW_RANK, _all(operation, 1), lambda: _index_repairs(operation))
    if not a.shape:
        raise Clash(f"{a} is a single number: it has no axis to be picked along", LAW_RANK)
    shapes = [(*shape[:along], 1, *shape[along + 1 :]) for shape in operation.shapes]
    out = broadcast_of((a, index), shapes, "all axes but one", lambda: broadcast_repairs(operation))
    return ((*out[:along], index.shape[along], *out[along + 1 :]),)


@rule
def masked_select(operation: Operation) -> tuple[Shape, ...]:
    """PyTorch's ``masked_select(a, mask)``: both broadcast; what is kept stands in one row.

    a (n, k) and a mask (k,) give (count,); how many the mask keeps is not known.
    """
    broadcast_of(operation.operands, operation.shapes, "", lambda: broadcast_repairs(operation))
    return ((named(f"count({operation.operands[1].name})"),),)


def _index_repairs(operation: Operation) -> list[Repair]:
    """An axis of 1 for the index, the other axis, or what is too many left out."""
    rank = len(operation.operands[0].shape)
    along = operation.settings.get("axis", -1)

    def moves(i: int) -> Iterator[Move]:
        one = operation.operands[i]
        for move in widened(one, rank):
            near = move.shape[along] == 1 if -len(move.shape) <= along < len(move.shape) else False
            price = move.price - (0.3 if near else 0.0)
            yield Move(move.template, move.shape, move.because, price)
        yield from squeezed(one)
        yield Move("{}.ravel()", (product(one.shape),), "{name} is one list of numbers", 1.7)
        yield from transposed(one)
        for other in operation.operands:
            for axis, size in enumerate(other.shape[: len(one.shape)]):
                if isinstance(size, int):
                    yield from cut(one, axis, size)

    def changes() -> Iterator[Change]:
        yield from every_move(operation, moves, range(1, len(operation.operands)))
        if len(operation.operands) == 3 and len(operation.shapes[1]) == len(operation.shapes[2]) == rank - 1:
            for place in {along % rank, 0} if -rank <= along < rank else {0}:
                both = {i: with_ones(operation.operands[i], [place]) for i in (1, 2)}
                yield on_operands(operation, both, price=-1.0 if place else -0.9)
        for axis in range(rank):
            yield on_settings(operation, f"axis {axis} is meant", 1.5, axis=axis)
        yield from every_move(operation, lambda i: transposed(operation.operands[i]), (0,))

    return ranked(operation, changes())
