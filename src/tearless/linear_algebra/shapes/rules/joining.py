"""Arrays joined along an axis they have, or along a new one; and one array taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import Move, cut, flattened, squeezed, stretched, transposed, widened
from tearless.linear_algebra.shapes.operation import Clash, Operation, Repair
from tearless.linear_algebra.shapes.repairs import (
    MOST_OPERANDS,
    Change,
    every_move,
    instead,
    on_operands,
    on_settings,
    ranked,
    renamed_call,
)
from tearless.linear_algebra.shapes.size import Shape, Size, product, written

from .axes import axis_of
from .broadcasting import cropped
from .registry import rule

LAW = "arrays that are joined have as many axes, and equal sizes on every axis but the one they are joined along"
AXIS_SAID = re.compile(r"\b(?:dim|axis)\s*=|[\])]\s*,")
LAW_STACK = "arrays that are stacked have the same shape: each becomes one entry along the new axis"


@rule
def cat(operation: Operation) -> tuple[Shape, ...]:
    """``np.concatenate``, ``torch.cat``; setting ``axis`` 0, None for everything in a row (NumPy).

    Along axis 0 (n, k) and (m, k) give (n + m, k).
    """
    axis = operation.settings.get("axis", 0)
    if axis is None:
        return ((_total(product(shape) for shape in operation.shapes),),)
    return (joined(operation, axis, operation.shapes),)


def joined(operation: Operation, axis: int, shapes: Sequence[Shape], setting: str = "axis") -> Shape:
    """The shape of these shapes joined. Raises ``Clash`` at the axes that differ."""
    if not shapes:
        raise Clash("there is nothing to join", LAW)
    counted = [i for i, shape in enumerate(shapes) if operation.library != "torch" or shape != (0,)] or [0]
    first = counted[0]
    if shapes[first] == (0,) and operation.library == "torch":
        return (0,)
    for i in counted:
        if not shapes[i]:
            says = f"{operation.operands[i].name} is a single number: it has no axis to be joined along"
            raise Clash(says, LAW, (), lambda: join_repairs(operation))
    rank = len(shapes[first])
    for i in counted:
        if len(shapes[i]) != rank:
            one, other = (_counted(operation, k, shapes[k]) for k in (first, i))
            marks = tuple((k, at) for k in (first, i) for at in range(len(operation.operands[k].shape)))
            says = f"{one}{',' if shapes[first] == operation.shapes[first] else ';'} {other}: they must have as many"
            raise Clash(says, LAW, marks, lambda: join_repairs(operation))
    along = axis_of(operation, axis, rank, first, setting)
    for at in range(rank):
        differs = next((i for i in counted if at != along and shapes[i][at] != shapes[first][at]), None)
        if differs is not None:
            raise _differ(operation, shapes, (first, differs), at, along)
    total = _total(shapes[i][along] for i in counted)
    return (*shapes[first][:along], total, *shapes[first][along + 1 :])


def _counted(operation: Operation, i: int, shape: Shape) -> str:
    """``a (2, 3) has 2 axes``, ``b (5,) counts as one row, (1, 5), of 2 axes``."""
    one = operation.operands[i]
    if shape == one.shape:
        return f"{one} has {_axes(len(shape))}"
    return f"{_counts_as(operation, i, shape)} of {_axes(len(shape))}"


def _counts_as(operation: Operation, i: int, shape: Shape) -> str:
    what = {"vstack": "one row, ", "column_stack": "one column, "}.get(operation.rule, "")
    return f"{operation.operands[i]} counts as {what}{written(shape)},"


def _differ(operation: Operation, shapes: Sequence[Shape], pair: tuple[int, int], at: int, along: int) -> Clash:
    """Two of the arrays differ on an axis; one put in by the rule is told as that."""
    axes = [_own(operation, i, at) for i in pair]
    has = [
        f"{operation.operands[i]} has {shapes[i][at]} on axis {axis}"
        if axis is not None
        else f"{_counts_as(operation, i, shapes[i])} with {shapes[i][at]} on axis {at}"
        for i, axis in zip(pair, axes, strict=True)
    ]
    says = f"{has[0]}, {has[1]}: joined along axis {along}, all other axes must be equal"
    marks = [(i, axis) for i, axis in zip(pair, axes, strict=True) if axis is not None]
    return Clash(says, LAW, marks, lambda: join_repairs(operation))


def _own(operation: Operation, i: int, at: int) -> int | None:
    """The axis of an operand that became this one; ``None`` where the rule put it in, as vstack and dstack do."""
    rank = len(operation.operands[i].shape)
    axis = at - 1 if rank == 1 and operation.rule in ("vstack", "dstack") else at
    return axis if 0 <= axis < rank else None


def _axes(rank: int) -> str:
    return "one axis" if rank == 1 else f"{rank} axes" if rank else "no axis"


def _total(sizes: Iterator[Size]) -> Size:
    total: Size = 0
    for size in sizes:
        total = total + size
    return total


@rule
def stack(operation: Operation) -> tuple[Shape, ...]:
    """``np.stack``, ``torch.stack``: a new axis; setting ``axis`` 0, where (k,) and (k,) give (2, k)."""
    if not operation.operands:
        raise Clash("there is nothing to stack", LAW_STACK)
    first = operation.shapes[0]
    for i, shape in enumerate(operation.shapes):
        if shape != first:
            one, other = operation.operands[0], operation.operands[i]
            says = f"{one} and {other} have different shapes: arrays that are stacked must have the same"
            raise Clash(says, LAW_STACK, _unequal(first, shape, i), lambda: stack_repairs(operation))
    at = axis_of(operation, operation.settings.get("axis", 0), len(first) + 1)
    return ((*first[:at], len(operation.operands), *first[at:]),)


def _unequal(one: Shape, other: Shape, i: int) -> list[tuple[int, int]]:
    """The axes that differ; all of them where there are not as many."""
    if len(one) != len(other):
        return [(k, at) for k, shape in ((0, one), (i, other)) for at in range(len(shape))]
    return [(k, at) for k in (0, i) for at in range(len(one)) if one[at] != other[at]]


def join_repairs(operation: Operation) -> list[Repair]:
    """An axis of 1 put in, the other axis, an operand turned, or the odd axis cut."""
    ranks = [len(one.shape) for one in operation.operands]
    rank = max(ranks)

    def moves(i: int) -> Iterator[Move]:
        one = operation.operands[i]
        if len(one.shape) < rank:
            yield from (replace(move, price=move.price - 0.3) for move in widened(one, rank))
        yield from squeezed(one)
        yield from transposed(one)
        yield from (move for move in flattened(one) if len(move.shape) == min(ranks) < len(one.shape))
        for k, other in enumerate(operation.operands[:MOST_OPERANDS]):
            yield from _edges(operation, one.shape, other.shape, i)
            if operation.rule == "cat" and isinstance(operation.settings.get("axis", 0), int) and k != i:
                yield from stretched(one, other, operation.settings.get("axis", 0))
            for axis in range(min(len(one.shape), len(other.shape))):
                size, back = other.shape[axis], len(other.shape) - len(one.shape) + axis
                if isinstance(size, int) and len(other.shape) == len(one.shape):
                    yield from cut(one, axis, size)
                elif operation.rule == "vstack" and back >= 0 and isinstance(last := other.shape[back], int):
                    yield from cut(one, axis, last)

    def changes() -> Iterator[Change]:
        if operation.rule == "cat":
            for axis in range(rank):
                text = f"they go on along axis {axis}"
                yield on_settings(operation, text, 1.05, axis=axis if axis < 2 or axis < rank - 1 else -1)
        yield from every_move(operation, moves)
        yield from _all_at_once(operation)
        yield from _other_calls(operation)

    return ranked(operation, changes())


def _edges(operation: Operation, mine: Shape, other: Shape, i: int) -> Iterator[Move]:
    """Edges left out on every axis but the one that is joined along."""
    at = operation.settings.get("axis", 0)
    if operation.rule == "cat" and isinstance(at, int) and len(mine) == len(other) and -len(mine) <= at < len(mine):
        at %= len(mine)
        yield from cropped(operation.operands[i], (*other[:at], mine[at], *other[at + 1 :]))


def _all_at_once(operation: Operation) -> Iterator[Change]:
    """Every operand given an axis, or every one of lower rank."""
    ranks = [len(one.shape) for one in operation.operands]
    if len(operation.operands) > 16:
        return
    short = [i for i, rank in enumerate(ranks) if rank < max(ranks)]
    which = short if short else range(len(ranks))
    if operation.rule == "column_stack" and not short:
        return
    because = "each of the smaller ones is one row" if short else "each is one row"
    for key, price in (("{}[None]", 1.2), ("{}[:, None]", 1.4)):
        if len(which) > 1 or not short:
            pairs = {i: _one_more(operation.shapes[i], key) for i in which}
            if all(shape is not None for shape in pairs.values()):
                moves = {i: Move(key, shape, "", 0.0) for i, shape in pairs.items() if shape is not None}
                yield on_operands(operation, moves, because, price)


def _one_more(shape: Shape, key: str) -> Shape | None:
    if key == "{}[None]":
        return (1, *shape)
    return (*shape[:1], 1, *shape[1:]) if shape else None


def _other_calls(operation: Operation) -> Iterator[Change]:
    """``vstack`` where ``hstack`` was meant, and the like."""
    beside, below = "they stand beside one another", "they stand below one another"
    words = {"hstack": beside, "column_stack": beside, "vstack": below}
    if operation.rule in ("vstack", "hstack", "column_stack", "dstack"):
        for price, (other, because) in enumerate(words.items()):
            apart = operation.rule == "column_stack" and other == "hstack" and all(len(s) < 2 for s in operation.shapes)
            text = renamed_call(operation, operation.rule, other) if other != operation.rule and not apart else ""
            if text:
                yield instead(because, 0.9 + 0.05 * price, text, replace(operation, rule=other))


def stack_repairs(operation: Operation) -> list[Repair]:
    """Joined instead of stacked where they only differ in length; else one of them given the shape of the others."""

    def moves(i: int) -> Iterator[Move]:
        one = operation.operands[i]
        yield from squeezed(one)
        yield from transposed(one)
        yield from widened(one, max(map(len, operation.shapes)))
        for k, other in enumerate(operation.operands[:MOST_OPERANDS]):
            if len(other.shape) == len(one.shape) and k != i:
                yield from stretched(one, other, None)
            differs = [
                axis for axis in range(len(one.shape)) if one.shape[axis : axis + 1] != other.shape[axis : axis + 1]
            ]
            if len(other.shape) == len(one.shape) and len(differs) == 1:
                size = other.shape[differs[0]]
                if isinstance(size, int):
                    yield from cut(one, differs[0], size)

    def changes() -> Iterator[Change]:
        yield from _padded(operation)
        yield from every_move(operation, moves)
        new = "cat" if operation.library == "torch" else "concatenate"
        text = renamed_call(operation, "stack", new)
        for axis in range(max(map(len, operation.shapes))):
            after = replace(operation, rule="cat", settings={**operation.settings, "axis": axis})
            placed = operation.settings.get("axis", 0) == axis
            if text and placed:
                yield instead("they go on after one another, as long as they are", 1.6, text, after)

    return ranked(operation, changes())


def _padded(operation: Operation) -> Iterator[Change]:
    """PyTorch's ``pad_sequence``, where only the lengths along axis 0 differ."""
    shapes = operation.shapes
    lengths = [shape[0] for shape in shapes if shape and isinstance(shape[0], int)]
    text = renamed_call(operation, r"torch\.stack", "torch.nn.utils.rnn.pad_sequence")
    if (
        not text
        or len(lengths) < len(shapes)
        or max(map(len, shapes)) > 2
        or operation.settings.get("axis", 0) != 0
        or AXIS_SAID.search(text)
    ):
        return
    longest = tuple(replace(one, shape=(max(lengths), *one.shape[1:])) for one in operation.operands)
    because = "they are sequences of different lengths: zeros fill them up to the longest"
    yield instead(because, 1.5, f"{text[:-1]}, batch_first=True)", replace(operation, operands=longest))
