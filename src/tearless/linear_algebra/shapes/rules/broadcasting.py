"""Broadcasting: shapes are laid beside one another from the right; an axis of 1 is stretched, a missing one is a 1."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tearless.linear_algebra.shapes.moves import (
    Move,
    cut,
    flattened,
    reshaped,
    size_of,
    squeezed,
    transposed,
    widened,
)
from tearless.linear_algebra.shapes.operation import Clash, Operand, Operation, Repair, atom
from tearless.linear_algebra.shapes.repairs import MOST_OPERANDS, Change, every_move, gives_of, on_operands, ranked
from tearless.linear_algebra.shapes.size import Shape, Size

from .registry import rule

LAW = "laid beside one another from the right, the sizes of an axis must be equal, or one of them 1 or missing"
LONGEST_CALL = 500
LARGEST_BATCH = 8192
ROUND = {10, 20, 50, 100, 200, 500, 1000}
_MEANS = re.compile(
    r"\b(?:mean|sum|std|var|max|min|amax|amin|median|average|prod|nanmean|nansum|nanstd|nanmax|nanmin|norm|logsumexp)\($"
)
_PAIRED = re.compile(r"(?i)sq|norm|sum\(|\*\* ?2")
_LISTED = re.compile(r"\barange\(|\blinspace\(|\bunique\(|(?i:classes)")
_BY_CLASS = re.compile(r"(?i)alpha|beta|gamma|weight|class|bias|\bw\b|_w\b")


@rule
def broadcast(operation: Operation) -> tuple[Shape, ...]:
    """``a + b`` and what else works entry by entry, of any number of operands: (n, 1) and (k,) give (n, k)."""
    return (broadcast_of(operation.operands, operation.shapes, "", lambda: broadcast_repairs(operation)),)


def broadcast_of(
    operands: Sequence[Operand],
    shapes: Sequence[Shape],
    which: str,
    repairs: Callable[[], Sequence[Repair]] = tuple,
) -> Shape:
    """The shape of these shapes together. Raises ``Clash`` at the last axis that does not fit."""
    out: list[Size] = []
    for back in range(1, max(map(len, shapes), default=0) + 1):
        there = [(i, shape[-back]) for i, shape in enumerate(shapes) if len(shape) >= back]
        size = meets([size for _, size in there])
        if size is None:
            against = [(i, size) for i, size in there if size != 1]
            marks = tuple((i, len(shapes[i]) - back) for i, _ in against)
            has = ", ".join(f"{operands[i]} has {size} on axis {len(shapes[i]) - back}" for i, size in against)
            about = f" ({which})" if which else ", laid beside one another from the right"
            raise Clash(f"{has}{about}: they must be equal, or one of them 1", LAW, marks, repairs)
        out.append(size)
    return tuple(out[::-1])


def meets(sizes: Sequence[Size]) -> Size | None:
    """The size of axes laid beside one another; ``None`` where they do not fit."""
    others = {size for size in sizes if size != 1}
    return 1 if not others else others.pop() if len(others) == 1 else None


def broadcast_repairs(
    operation: Operation, which: Sequence[int] | None = None, more: Sequence[Change] = ()
) -> list[Repair]:
    """One operand changed so that all fit; best where nothing grows beyond the largest operand."""
    others = operation.operands[:1] if operation.rule == "assign" else operation.operands
    largest = max(others, key=lambda one: len(one.shape)).shape
    wanted = [one.shape for one in operation.operands if len(one.shape) == len(largest)]

    def moves(i: int) -> Iterator[Move]:
        one = operation.operands[i]
        others = list(dict.fromkeys(other.shape for k, other in enumerate(operation.operands) if k != i))[
            :MOST_OPERANDS
        ]
        yield from kept_dimensions(one)
        yield from _largest(operation, one)
        yield from transposed(one)
        yield from widened(one, max(map(len, others), default=0))
        yield from squeezed(one)
        for shape in others:
            yield from reshaped(one, shape)
        yield from flattened(one)
        for k, other in enumerate(operation.operands[:MOST_OPERANDS]):
            if k != i:
                yield from cut_to(one, other.shape, other, _entries(other))
        if operation.rule != "assign":
            yield from pairs(operation, i, others)

    def worse(gives: Shape) -> float:
        return 0.0 if gives in wanted else 0.6 if len(gives) <= len(largest) else 2.5

    def changes() -> Iterator[Change]:
        tried = [*every_move(operation, moves, which)]
        both = [*_alike(operation, largest, which)]
        fits = _table_stays(operation, [*tried, *both], largest)
        yield from both
        for change in tried:
            (i,) = change.repair.operands
            if fits and operation.operands[i].shape == largest and Counter(change.after.shapes[i]) == Counter(largest):
                continue
            # the table stays as it is, the smaller operand is made to fit
            extra = 0.4 if len(operation.operands[i].shape) == len(largest) > _smallest(operation) else 0.0
            extra += 1.0 if len(change.after.operands[i].shape) > len(largest) else 0.0
            yield Change(change.price + extra, change.after, change.repair)
        yield from more

    return ranked(operation, changes(), worse)


def _largest(operation: Operation, one: Operand) -> Iterator[Move]:
    """Scores that are compared with classes: the class of the largest score is meant."""
    classes = any(other.dtype.startswith(("int", "uint")) and len(other.shape) == 1 for other in operation.operands)
    compared = operation.settings.get("symbol") in ("==", "!=", "equal", "eq", "not_equal", "ne")
    if compared and classes and len(one.shape) == 2 and "float" in one.dtype:
        yield Move("{}.argmax(1)", one.shape[:1], "the class with the largest of {name} is meant", -1.0)


def _alike(operation: Operation, largest: Shape, which: Sequence[int] | None) -> Iterator[Change]:
    """Operands of one smaller shape given the same axes of 1: the lower and the upper bound of a table."""
    small = [i for i, shape in enumerate(operation.shapes) if 0 < len(shape) < len(largest)][:MOST_OPERANDS]
    if which is not None or len(small) < 2 or len({operation.shapes[i] for i in small}) > 1:
        return
    for moves in zip(*(widened(operation.operands[i], len(largest)) for i in small), strict=True):
        yield on_operands(
            operation, dict(zip(small, moves, strict=True)), price=0.3 - moves[0].price * (len(small) - 1)
        )


def _table_stays(operation: Operation, tried: Sequence[Change], largest: Shape) -> bool:
    """Whether an operand of fewer axes, given axes of 1, fits the largest as it is: then that one is not turned."""
    return any(
        len(operation.operands[i].shape) < len(largest)
        and move.endswith(("]", "=True)"))
        and gives_of(one.after) == largest
        for one in tried
        for i, move in one.repair.operands.items()
    )


def _entries(other: Operand) -> bool:
    """Whether entries are picked with a slice there, ``out[i : i + 32]``: what goes in is cut where they end."""
    return other.name.endswith("]") and ":" in other.name[other.name.find("[") :]


def _smallest(operation: Operation) -> int:
    return min(len(one.shape) for one in operation.operands)


def kept_dimensions(one: Operand) -> Iterator[Move]:
    """A mean, sum ... that was taken along an axis, keeping that axis as a 1: where its call is written there."""
    head, inside, tail = _call(one.name)
    if not _MEANS.search(head) or "keepdim" in inside or "{" in one.name or atom(one.name) != one.name:
        return
    axis = _axis_of(inside)
    rank = len(one.shape) + 1
    if axis is None or not -rank <= axis < rank:
        return
    word = "keepdim" if one.library == "torch" else "keepdims"
    shape = list(one.shape)
    shape.insert(axis % rank, 1)
    because = "{name} lost the axis that it was taken along; kept as a 1, it fits its table"
    yield Move(f"{head}{inside}, {word}=True){tail}", tuple(shape), because, 0.4)


def _call(name: str) -> tuple[str, str, str]:
    """The call that a text ends with: up to its parenthesis, what it is given, and what hangs behind it.

    >>> _call("(x ** 2).max(1).values"), _call("x + 1")
    (('(x ** 2).max(', '1', '.values'), ('', '', ''))
    """
    short = name.rstrip()
    tail = next((end for end in (".values", "[0]") if short.endswith(f"){end}")), "")
    deep, call = 0, short[: len(short) - len(tail)]
    if len(call) > LONGEST_CALL or not call.endswith(")"):
        return "", "", ""
    for at in reversed(range(len(call))):
        deep += (call[at] == ")") - (call[at] == "(")
        if deep == 0:
            return call[: at + 1], call[at + 1 : -1], tail
    return "", "", ""


def _axis_of(inside: str) -> int | None:
    """The one axis that a call names, as a keyword or as its last argument."""
    found = re.search(r"\b(?:axis|dim)\s*=\s*(-?\d+)\s*(?:,|$)", inside)
    found = found or re.fullmatch(r"(?:[^()]*,)?\s*(-?\d+)\s*", inside)
    return int(found[1]) if found else None


def cut_to(one: Operand, other: Shape, name: Operand | None = None, freely: bool = False) -> Iterator[Move]:
    """The longer one cut to the length of the other: by one entry, at its edges, or to the length of a last batch."""
    yield from cropped(one, other)
    for back in range(1, min(len(one.shape), len(other)) + 1):
        size, here = other[-back], one.shape[-back]
        if not isinstance(size, int) or size == here or size == 1:
            continue
        near = len(one.shape) == len(other) == 1 and isinstance(here, int) and here - size == 1
        written = size_of(name, len(other) - back) if name and not near else ""
        some = freely or (back == len(other) and name is not None and last_batch(one, name))
        for move in cut(one, len(one.shape) - back, size, written or "", some):
            yield replace(move, price=2.0) if near else move


def last_batch(one: Operand, other: Operand) -> bool:
    """Whether one has the length of a whole batch and the other that of a last one, all other axes equal.

    >>> last_batch(Operand("noise", (64, 20)), Operand("std", (50, 20)))
    True
    >>> last_batch(Operand("train", (75,)), Operand("test", (25,)))
    False
    """
    if not one.shape or one.shape[1:] != other.shape[1:] or len(one.shape) != len(other.shape):
        return False
    here, there = one.shape[0], other.shape[0]
    if not isinstance(here, int) or not isinstance(there, int) or _BY_CLASS.search(other.name):
        return False
    usual = here.bit_count() == 1 or (len(one.shape) > 1 and here in ROUND)
    return usual and 8 <= here <= LARGEST_BATCH and there < here < 2 * there


def cropped(one: Operand, other: Shape) -> Iterator[Move]:
    """Several axes cut at once: at both ends where as much is over at each, as after a convolution without padding.

    Not where most is over, or where a step of 2 along each axis gives as many: that is another layer.
    """
    pairs = list(zip(one.shape, other, strict=True)) if len(one.shape) == len(other) else []
    over = [a - b if isinstance(a, int) and isinstance(b, int) and a != b != 1 else 0 for a, b in pairs]
    first = next((at for at, more in enumerate(over) if more), len(over))
    if sum(more != 0 for more in over) < 2 or min(over) < 0 or 0 in other or not all(over[first:]):
        return
    most = [isinstance(b, int) and (more >= b or more == b - 1) for more, b in zip(over, other, strict=True)]
    if any(most[first:]):
        return
    even = len({*over[first:]}) == 1 and over[first] % 2 == 0
    keys = [f"{more // 2}:-{more // 2}" if even else f":{size}" for more, size in zip(over, other, strict=True)][first:]
    shape = one.shape[:first] + other[first:]
    words = f"the {over[first] // 2} at each edge of {{name}}" if even else "the last entries of {name}"
    yield Move(f"{{}}[..., {', '.join(keys)}]", shape, f"{words} may be left out", 4.4)


def pairs(operation: Operation, i: int, others: Sequence[Shape]) -> Iterator[Move]:
    """Every entry of one with every entry of the other: of points that are taken from points, or compared.

    Tables of nearly as many rows, and numbers in a row, are rather two of one kind of which one lacks some: numbers
    pair up where they are written as counted up or as sums of squares.
    """
    one = operation.operands[i]
    differ = operation.settings.get("symbol") or "".join(part for part in operation.parts if isinstance(part, str))
    for shape in others:
        if len(shape) != len(one.shape) or not shape or shape[1:] != one.shape[1:]:
            continue
        near = isinstance(shape[0], int) and isinstance(one.shape[0], int) and abs(shape[0] - one.shape[0]) == 1
        points = len(shape) == 2 and not near and str(differ).strip() in ("-", "==", "!=")
        counted = len(shape) == 1 and not near and all(_PAIRED.search(each.name) for each in operation.operands)
        listed = len(shape) == 1 and any(_LISTED.search(each.name) for each in operation.operands)
        if points or counted or (listed and str(differ).strip() in ("-", "==", "!=", "<", ">", "<=", ">=")):
            because = "every entry of {name} is meant with every one of the other"
            yield Move("{}[:, None]", (one.shape[0], 1, *one.shape[1:]), because, -2.5)
