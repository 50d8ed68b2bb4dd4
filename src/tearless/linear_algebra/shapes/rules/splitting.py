"""One array taken apart: its pieces along an axis, and its diagonals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise, repeat
from typing import Any

from tearless.linear_algebra.shapes.moves import cut
from tearless.linear_algebra.shapes.operation import Clash, Operation
from tearless.linear_algebra.shapes.repairs import every_move, instead, on_settings, only, ranked, renamed_call
from tearless.linear_algebra.shapes.size import Shape, Size, divided, named

from .axes import axes_said, axis_of
from .keys import sliced
from .registry import rule

MOST_PIECES = 10_000


@rule
def diagonal(operation: Operation) -> tuple[Shape, ...]:
    """The diagonal of two axes, put last; settings ``offset`` 0, ``axis0`` 0, ``axis1`` 1.

    (n, n, k) gives (k, n).
    """
    (a,) = operation.operands
    if len(a.shape) < 2:
        law = "a diagonal is of two axes"
        raise Clash(f"{a} has fewer than two axes: {law}", law, tuple((0, axis) for axis in range(len(a.shape))))
    pair = [operation.settings.get(name, at) for at, name in enumerate(("axis0", "axis1"))]
    rows, columns = (axis_of(operation, axis, setting=f"axis{at}") for at, axis in enumerate(pair))
    if rows == columns:
        raise Clash(f"axis {rows} of {a} is named twice", "a diagonal is of two axes", ((0, rows),))
    offset = operation.settings.get("offset", 0)
    height, width = a.shape[rows] + min(offset, 0), a.shape[columns] - max(offset, 0)
    rest = tuple(size for axis, size in enumerate(a.shape) if axis not in (rows, columns))
    return ((*rest, _lesser(height, width)),)


def _lesser(one: Size, other: Size) -> Size:
    if isinstance(one, int) and isinstance(other, int):
        return max(0, min(one, other))
    return one if one == other else named(f"min({one}, {other})")


@rule
def trace(operation: Operation) -> tuple[Shape, ...]:
    """The sum of a diagonal, (n, n, k) gives (k,); settings as ``diagonal``. PyTorch takes matrices alone."""
    (a,) = operation.operands
    if operation.library == "torch" and len(a.shape) != 2:
        raise Clash(f"{axes_said(a)}: torch.trace takes a matrix", "a trace is of a matrix")
    return (diagonal(operation)[0][:-1],)


@rule
def diag(operation: Operation) -> tuple[Shape, ...]:
    """``np.diag``: a vector (n,) gives (n, n), a matrix (n, n) gives its diagonal, (n,); setting ``offset`` 0."""
    (a,) = operation.operands
    offset = operation.settings.get("offset", 0)
    if len(a.shape) == 1:
        return ((a.shape[0] + abs(offset),) * 2,)
    if len(a.shape) != 2:
        marks = tuple((0, axis) for axis in range(len(a.shape)))
        raise Clash(f"{axes_said(a)}: diag takes a vector or a matrix", "diag is of 1 or 2 axes", marks)
    return diagonal(operation)


@rule
def split(operation: Operation) -> tuple[Shape, ...]:
    """An axis in pieces; ``axis`` 0 and one of these settings. (2·n, k) in 2 ``sections`` gives (n, k) twice.

    ``sizes``: a length, or the length of each piece (``torch.split``). ``sections``: how many equal pieces, or where to
    cut (``np.split``; with ``uneven`` True ``np.array_split``). ``chunks``: at most so many (``torch.chunk``).
    """
    (a,) = operation.operands
    at = axis_of(operation, operation.settings.get("axis", 0))
    if not a.shape:
        raise Clash(f"{a} is a single number: there is nothing to split", "what is split has an axis")
    lengths = _lengths(operation, at, a.shape[at])
    return tuple((*a.shape[:at], length, *a.shape[at + 1 :]) for length in lengths)


def _lengths(operation: Operation, at: int, size: Size) -> list[Size]:
    settings = operation.settings
    asked = settings.get("chunks", settings.get("sections"))
    if isinstance(asked, int) and asked > MOST_PIECES:
        _few(operation, at, repeat(0, asked))
    if "chunks" in settings:
        if not isinstance(size, int):
            count = int(settings["chunks"])
            even, long = divided(size, count), (size + (count - 1)) // count
            return [even] * count if even is not None else [*[long] * (count - 1), size - (count - 1) * long]
        if size == 0:
            return [0] * int(settings["chunks"])
        return _few(operation, at, _long(size, -(-size // settings["chunks"])))
    if "sizes" in settings:
        return _of_sizes(operation, at, size, settings["sizes"])
    sections = settings["sections"]
    if isinstance(sections, tuple | list):
        cuts = [0, *sections, None]
        return [sliced(size, slice(one, other)) for one, other in pairwise(cuts)]
    even = divided(size, sections) if sections > 0 else None
    if even is not None:
        return [even] * int(sections)
    if settings.get("uneven") and isinstance(size, int) and sections > 0:
        return [size // sections + (1 if part < size % sections else 0) for part in range(sections)]
    says = f"{operation.operands[0]} has {size} on axis {at}, which {sections} equal pieces do not divide"
    law = "equal pieces divide the axis evenly"
    raise Clash(says, law, ((0, at),), lambda: ranked(operation, _even(operation, at, size, sections)))


def _even(operation: Operation, at: int, size: Size, sections: int) -> Iterator[Any]:
    if not isinstance(size, int) or sections < 1:
        return
    near = sorted(
        (count for count in range(2, min(size, 10_000) + 1) if size % count == 0), key=lambda c: abs(c - sections)
    )
    text = renamed_call(operation, "split", "array_split") if operation.library in ("numpy", "jax") else ""
    if text:
        after = replace(operation, settings={**operation.settings, "uneven": True})
        yield instead("the pieces may differ by one entry", 0.9, text, after)
    for axis, other in enumerate(operation.shapes[0]):
        if axis != at and divided(other, sections) is not None:
            yield on_settings(operation, f"axis {axis} is split", 1.0, axis=axis)
    yield from every_move(operation, lambda _: cut(operation.operands[0], at, size // sections * sections))
    yield from (on_settings(operation, f"{count} pieces divide it", 1.5, sections=count) for count in near[:2])


def _of_sizes(operation: Operation, at: int, size: Size, sizes: Any) -> list[Size]:
    if isinstance(sizes, tuple | list):
        total: Size = 0
        for one in sizes:
            total = total + one
        if total != size:
            says = f"{operation.operands[0]} has {size} on axis {at}, the pieces have {total} together"
            tries = (
                [] if not isinstance(size, int) or not isinstance(total, int) else _last(operation, sizes, size - total)
            )
            raise Clash(says, "the lengths of the pieces add up to the axis", ((0, at),), only(operation, *tries))
        return list(sizes)
    if not isinstance(size, int):
        return [sizes]
    if sizes < 0 or (sizes == 0 and size > 0):
        raise Clash(f"{sizes} is no length of a piece", "a piece has at least one entry", ((0, at),))
    return _few(operation, at, _long(size, sizes)) if size else [0]


def _last(operation: Operation, sizes: Sequence[Any], more: int) -> list[Any]:
    """The last piece longer or shorter; or one more piece."""
    tries = []
    if sizes and sizes[-1] + more >= 0:
        new = (*sizes[:-1], sizes[-1] + more)
        tries.append(on_settings(operation, "the last piece takes what is left", 1.0, sizes=new))
    if more > 0:
        tries.append(on_settings(operation, "there is one more piece", 1.3, sizes=(*sizes, more)))
    axes = range(len(operation.shapes[0]))
    return [*tries, *(on_settings(operation, f"axis {axis} is split", 0.9, axis=axis) for axis in axes)]


def _few(operation: Operation, at: int, lengths: Iterator[int]) -> list[Size]:
    """The lengths, if there are not too many pieces to be told one by one."""
    found: list[Size] = list(islice(lengths, MOST_PIECES + 1))
    if len(found) > MOST_PIECES:
        law = f"at most {MOST_PIECES:,} pieces are told one by one"
        raise Clash(f"axis {at} of {operation.operands[0]} is taken into more pieces: {law}", law, ((0, at),))
    return found


def _long(size: int, length: int) -> Iterator[int]:
    yield from (min(length, size - start) for start in range(0, size, max(1, length)))
