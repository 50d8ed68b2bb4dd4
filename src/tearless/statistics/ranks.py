"""Ranks, the pairs of rows that two columns put in the same order, and the chances of both under no relation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from tearless.core import InputError

Floats = NDArray[np.float64]
EXACT_ROWS = 50
"""Rows up to which Kendall's p counts every order; the normal's error is below 1 % of p near 0.05 there."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Counts of the pairs of n rows: in opposite order, tied in x, in y, in both; and the sizes of the ties.

    Made by ``agreement``: ``opposite``, ``tied_x``, ``tied_y`` and ``tied_both`` are pairs; ``sizes_x`` and ``sizes_y``
    are those of the ties, one entry each.
    """

    rows: int
    opposite: int
    tied_x: int
    tied_y: int
    tied_both: int
    sizes_x: NDArray[np.int64]
    sizes_y: NDArray[np.int64]

    @property
    def pairs(self) -> int:
        return self.rows * (self.rows - 1) // 2

    @property
    def balance(self) -> int:
        """Pairs in the same order less pairs in opposite order."""
        return self.pairs - self.tied_x - self.tied_y + self.tied_both - 2 * self.opposite

    @property
    def tau(self) -> float:
        """Kendall's τ-b; nan where a column is constant."""
        free_x, free_y = self.pairs - self.tied_x, self.pairs - self.tied_y
        if not free_x or not free_y:
            return math.nan
        return max(-1.0, min(1.0, self.balance / math.sqrt(free_x * free_y)))


def average_ranks(x: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of theirs. Shape (n,). Exact.

    >>> average_ranks(np.array([10.0, 20.0, 10.0])).tolist()
    [1.5, 3.0, 1.5]
    """
    _, at, size = np.unique(x, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    ranks: Floats = ((2 * last - size + 1) / 2)[at]
    return ranks


def agreement(x: Floats, y: Floats) -> Agreement:
    """The counts behind Kendall's τ, in O(n log n). Shapes (n,).

    >>> agreement(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])).opposite
    1
    """
    a, b = _codes(x), _codes(y)
    sizes_x, sizes_y = np.bincount(a), np.bincount(b)
    if len(sizes_x) * len(sizes_y) <= len(x):
        opposite, both = _by_table(a * len(sizes_y) + b, len(sizes_x), len(sizes_y))
    else:
        bits = len(sizes_y).bit_length()
        rows = np.sort(a << bits | b)  # by x, and by y where x ties
        opposite = sum(int(found.sum()) for _, found in _greater_by_digit(rows & ((1 << bits) - 1)))
        both = _run_lengths(rows)
    tied_x, tied_y, tied_both = (int((s * (s - 1) // 2).sum()) for s in (sizes_x, sizes_y, both))
    return Agreement(len(x), opposite, tied_x, tied_y, tied_both, sizes_x, sizes_y)


def _by_table(cell: NDArray[np.int64], height: int, width: int) -> tuple[int, NDArray[np.int64]]:
    """Pairs of rows in opposite order, and rows in each cell of the table of x against y, where values are few."""
    table = np.bincount(cell, minlength=height * width).reshape(height, width)
    above = np.cumsum(table, axis=0) - table
    right_of = np.cumsum(above[:, ::-1], axis=1)[:, ::-1] - above
    return int((table * right_of).sum()), table.reshape(-1)


def greater_before(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each place, how many places before it hold something greater. Shape (n,), codes from 0.

    Digit by digit of 5 bits from the highest: among places that share the digits above, an earlier one with a greater
    digit is greater. The places go in blocks of 32. Those of earlier blocks are counted by block and digit, those of
    the same block one beside the other; so all is O(n log n) without a row-by-row loop.

    >>> greater_before(np.array([2, 0, 1])).tolist()
    [0, 1, 1]
    """
    count = np.zeros(len(codes), dtype=np.int64)
    for place, found in _greater_by_digit(codes):
        inside = place < len(codes)
        count[place[inside]] += found[inside]
    return count


def _greater_by_digit(codes: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """For each digit of 5 bits: the places, grouped by the digits above, and how many greater ones it finds for each.

    The last places are padding, which comes last and is greatest, so that nothing is greater before it.
    """
    n = len(codes)
    shift = max(0, (n - 1).bit_length() - 1) // 5 * 5
    step = max(32, 1 << shift)
    padded = -(-n // step) * step
    rank, place = np.arange(padded), np.arange(padded)
    rank[:n] = _unique_ranks(codes)
    while n and shift >= 0:
        digit = (rank >> shift) & 31
        found = _in_the_same_block(digit)
        if shift:
            found += _in_earlier_blocks(digit, min(padded, 32 << shift))
        yield place, found
        if shift:
            prefix = rank >> shift
            together = np.argsort(prefix.astype(np.uint16) if padded >> shift < 65_536 else prefix, kind="stable")
            rank, place = rank[together], place[together]
        shift -= 5


def _in_earlier_blocks(digit: NDArray[np.int64], group: int) -> NDArray[np.int32]:
    """For each place, the greater digits in the blocks of 32 before its own, within its group of so many places."""
    cell = (np.arange(len(digit)) & ~31) + digit
    table = np.bincount(cell, minlength=len(digit)).astype(np.int32).reshape(-1, group // 32, 32)
    before = np.cumsum(table, axis=1, dtype=np.int32)
    before -= table
    greater = np.zeros_like(before)
    np.cumsum(before[..., :0:-1], axis=2, dtype=np.int32, out=greater[..., -2::-1])
    found: NDArray[np.int32] = greater.reshape(-1)[cell]
    return found


def _in_the_same_block(digit: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each place, the greater digits before it in its own block of 32."""
    d = np.ascontiguousarray(digit.astype(np.uint8).reshape(-1, 32).T)
    count = np.zeros_like(d)
    for k in range(1, 32):
        np.sum(d[:k] > d[k], axis=0, dtype=np.uint8, out=count[k])
    found: NDArray[np.int64] = count.T.reshape(-1).astype(np.int64)
    return found


def _unique_ranks(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each place's rank from 0, equal codes by place."""
    n = len(codes)
    if n and codes.max() == n - 1 and (np.bincount(codes) == 1).all():
        return codes
    bits = (n - 1).bit_length()
    ranks = np.empty(n, dtype=np.int64)
    ranks[np.sort(codes << bits | np.arange(n)) & ((1 << bits) - 1)] = np.arange(n)
    return ranks


def _run_lengths(x: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each value stands in a sorted array."""
    starts = np.flatnonzero(np.r_[True, x[1:] != x[:-1]])
    lengths: NDArray[np.int64] = np.diff(np.r_[starts, len(x)])
    return lengths


def row_agreement(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """For each row, over the other rows: agreeing less opposing shares, and the shares not tied in x, and in y.

    Shapes (n,). Their means are the parts of τ-b; their spread gives its standard error.

    >>> row_agreement(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0]))[0].tolist()
    [1.0, 0.0, 0.0]
    """
    a, b = _codes(x), _codes(y)
    n = len(a)
    opposite = _opposed(a, b) + _opposed(-a, -b)
    same_x, same_y = np.bincount(a)[a] - 1, np.bincount(b)[b] - 1
    _, at, size = np.unique(a * (int(b.max()) + 1) + b, return_inverse=True, return_counts=True)
    free = n - 1 - same_x - same_y + (size[at] - 1)
    less = max(n - 1, 1)
    return (free - 2 * opposite) / less, 1 - same_x / less, 1 - same_y / less


def _opposed(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row, the rows with a smaller a and a greater b."""
    order = np.lexsort((b, a))
    out = np.empty(len(a), dtype=np.int64)
    out[order] = greater_before((b - b.min())[order])
    return out


def chance_of_concordance(found: Agreement) -> float:
    """Two-sided chance of a balance this far from 0 when every order of y is as likely.

    Exact up to 50 rows without ties: the number of opposing pairs is a sum of independent uniform counts 0..j−1 for j =
    1..n. Else normal with the variance that the ties leave (M. G. Kendall, *Rank Correlation Methods*, 4th ed. 1970,
    section 4.3).

    >>> chance_of_concordance(agreement(np.arange(4.0), np.arange(4.0))) * 24  # 2 of the 24 orders
    2.0
    """
    n = found.rows
    if n < 2 or math.isnan(found.tau):
        return 1.0
    if n <= EXACT_ROWS and not found.tied_x and not found.tied_y:
        chances = np.ones(1)
        for j in range(2, n + 1):
            chances = np.convolve(chances, np.full(j, 1 / j))
        few = min(found.opposite, found.pairs - found.opposite)
        return min(1.0, 2 * float(chances[: few + 1].sum()))
    m = float(n * (n - 1))
    (x0, x1), (y0, y1) = (
        (float((s * (s - 1.0) * (s - 2)).sum()), float((s * (s - 1.0) * (2 * s + 5)).sum()))
        for s in (found.sizes_x.astype(float), found.sizes_y.astype(float))
    )
    variance = (m * (2 * n + 5) - x1 - y1) / 18 + 2.0 * found.tied_x * found.tied_y / m
    variance += x0 * y0 / (9 * m * (n - 2)) if n > 2 else 0.0
    return float(2 * ndtr(-abs(found.balance) / math.sqrt(variance))) if variance > 0 else 1.0


def chance_of_rank_correlation(x: Floats, y: Floats) -> float:
    """Two-sided chance of Spearman's |ρ| when every order of y is as likely, over all orders: up to 8 rows. Exact.

    Shapes (n,). Raises ``InputError`` for more rows: 9! orders are where an approximation does.

    >>> round(chance_of_rank_correlation(np.arange(4.0), np.arange(4.0)) * 24)
    2
    """
    if len(x) > 8:
        raise InputError(f"x: expected at most 8 rows, got {len(x)}; take Student's t")
    a, b = average_ranks(x), average_ranks(y)
    a, b = a - a.mean(), b - b.mean()
    orders = np.array(list(itertools.permutations(range(len(x)))))
    all_of_them = np.abs(b[orders] @ a)
    return float(np.mean(all_of_them >= abs(float(a @ b)) - 1e-9))


def _codes(x: Floats) -> NDArray[np.int64]:
    """Each value's place among the distinct values, from 0."""
    order = np.argsort(x)
    ordered = x[order]
    codes = np.empty(len(x), dtype=np.int64)
    codes[order] = np.cumsum(np.r_[False, ordered[1:] != ordered[:-1]])
    return codes
