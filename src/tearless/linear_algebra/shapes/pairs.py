"""Both of two shapes stretched by the same size: each sample of one meets every sample of the other."""

from __future__ import annotations

import math
from typing import TypeVar

S = TypeVar("S", int, int | str)
Plain = tuple[int, ...]
Sized = tuple[int | str, ...]
"""Sizes, those with names as texts: two are equal where their texts are."""


def paired(one: tuple[S, ...], other: tuple[S, ...]) -> S | int:
    """The size n that broadcasting makes twice out of two shapes that hold it once; 0 where it does not.

    So it is where the ranks differ, the shorter shape has an axis of n against a 1, and the longer has one of n where
    the shorter has none: nobody wrote that axis. Shapes of one rank are stretched on purpose, and are left alone.

    >>> paired((32, 1), (32,)), paired((32,), (32, 1)), paired((32, 5), (5,)), paired((32, 1), (1, 32))
    (32, 32, 0, 0)
    >>> paired((3, 1), (4,)), paired((8, 8, 1), (8, 8)), paired(("n", 1), ("n",)), paired(("n", 1), ("m",))
    (0, 8, 'n', 0)
    """
    long, short = (one, other) if len(one) > len(other) else (other, one)
    missing = len(long) - len(short)
    met = list(zip(long[missing:], short, strict=True))
    if not missing or any(a != b and 1 not in (a, b) for a, b in met):
        return 0
    stretched = {b for a, b in met if a == 1 and b not in (0, 1)}
    return next((size for size in long[:missing] if size in stretched), 0)


def times_larger(one: Sized, other: Sized) -> float:
    """Numbers in the result of an operation entry by entry for each one in its larger operand.

    A size with a name counts as 2: it is at least so many times, since an axis of a name is none of 1.

    >>> times_larger((32, 1), (32,)), times_larger((32, 5), (5,)), times_larger(("n", 1), ("n",))
    (32.0, 1.0, 2.0)
    """
    rank = max(len(one), len(other))
    one, other = _least(one), _least(other)
    padded = [(1,) * (rank - len(shape)) + shape for shape in (one, other)]
    out = math.prod(b if a == 1 else a for a, b in zip(*padded, strict=True))
    return float(out / max(math.prod(one), math.prod(other), 1))


def _least(shape: Sized) -> Plain:
    return tuple(size if isinstance(size, int) else 2 for size in shape)


def _entries(shape: Sized) -> str:
    """How many entries, in words: the names beside the number."""
    plain = math.prod(size for size in shape if isinstance(size, int))
    names = sorted(size for size in shape if isinstance(size, str))
    return "·".join([*([str(plain)] if plain != 1 or not names else []), *names])


def result_of(one: Sized, other: Sized) -> str:
    """The shape that an operation entry by entry makes of two shapes that go together.

    >>> result_of(("n", 1), ("n",)), result_of((4, 1), (4,))
    ('(n, n)', '(4, 4)')
    """
    rank = max(len(one), len(other))
    padded = [(1,) * (rank - len(shape)) + shape for shape in (one, other)]
    sizes = [str(b if a == 1 else a) for a, b in zip(*padded, strict=True)]
    return f"({', '.join(sizes)}{',' * (rank == 1)})"


WORDS = {
    "subtract": "-", "sub": "-", "add": "+", "multiply": "*", "mul": "*", "equal": "==", "eq": "==", "not_equal": "!=",
    "ne": "!=", "greater": ">", "gt": ">", "less": "<", "lt": "<", "greater_equal": ">=", "ge": ">=",
    "less_equal": "<=", "le": "<=", "allclose": "==",
}  # fmt: skip
"""Functions that are operators under another name."""
COMPARED = {"==", "!=", "<", "<=", ">", ">="}
DIFFERENCES = {"-", "mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"}
_MEANS = {"mean", "nanmean", "average"}
_SUMS = {"sum", "nansum"}
_COUNTS = _SUMS | {"count_nonzero"}
_MIDDLE = {
    "square": "fitting every prediction to the mean of the targets",
    "abs": "fitting every prediction to the median of the targets",
}


def consequence(met: tuple[str, str], shapes: tuple[Sized, Sized], symbol: str, into: tuple[str, str, bool]) -> str:
    """What all pairs do to the number that they are put into, as it follows from what is computed.

    ``met`` are the names of the two; ``into`` is the reduction (empty for none), what is done to each entry before it
    (``linear``, ``square``, ``abs``, ``other``), and whether a derivative is taken of it.

    >>> columns = (9, 1), (9,)
    >>> consequence(("pred", "y"), columns, "-", ("mean", "square", True))
    'the gradient is that of fitting every prediction to the mean of the targets: it learns one constant'
    >>> consequence(("w", "e"), columns, "*", ("sum", "linear", False))
    'it is the sum of w times the sum of e: no number of one stays with its own of the other'
    """
    reduction, by, learnt = into
    symbol = WORDS.get(symbol, symbol)
    if symbol in COMPARED:
        return _compared(symbol, reduction)
    if not reduction:
        return "each sample meets every other instead of its own, and the result takes the square of the memory"
    if symbol in DIFFERENCES and by != "linear" and reduction in _MEANS | _SUMS | {"norm"} and learnt:
        one = _MIDDLE.get(by, "fitting every prediction to all of the targets")
        return f"the gradient is that of {one}: it learns one constant"
    plain = sorted(map(len, shapes)) == [1, 2] and len(set(map(_entries, shapes))) == 1
    told = _exactly(met, _entries(shapes[0]), symbol, reduction, by) if plain else ""
    return told or _in_general(reduction)


def _compared(symbol: str, reduction: str) -> str:
    every = "each row is compared with every other"
    if not reduction:
        return f"{every} instead of its own, and the result takes the square of the memory"
    if reduction in _COUNTS:
        return f"{every}: what comes out counts pairs of rows, and not rows"
    if reduction in ("all", "any"):
        return f"{every}: it holds where {reduction} of the pairs do, whichever belong together"
    agree = {"==": "agree", "!=": "differ"}.get(symbol, "compare so")
    return f"{every}: what comes out is the chance that two random rows {agree}"


def _exactly(met: tuple[str, str], n: str, symbol: str, reduction: str, by: str) -> str:
    """What comes out of a column of n and a row of n, where a formula says it."""
    a, b = met
    if by == "linear" and symbol in ("+", "-"):
        if reduction in _MEANS:
            return f"the mean comes out right, of {n} times the numbers it needs; that of a square of them would not"
        if reduction in _SUMS:
            return f"each row is counted {n} times: the sum is {n} times too large"
        if reduction in ("std", "var"):
            return f"the variance of all pairs is that of {a} plus that of {b}: what they have in common is lost"
    if by == "linear" and symbol == "*" and reduction in _MEANS | _SUMS:
        what = "mean" if reduction in _MEANS else "sum"
        return f"it is the {what} of {a} times the {what} of {b}: no number of one stays with its own of the other"
    if by == "square" and symbol in ("-", "mse_loss") and reduction in _MEANS:
        return f"it is the squared error of {a} about the mean of {b}, plus the variance of {b}: no row meets its own"
    if by == "square" and symbol in ("-", "mse_loss") and reduction in _SUMS:
        return f"it is {n} times the squares of {a} and of {b} about the mean of {b}: no row meets its own"
    return ""


def _in_general(reduction: str) -> str:
    return (
        f"the {reduction} is over all pairs of rows, as if they were drawn at random: which of one belongs to which of "
        "the other does not count"
    )
