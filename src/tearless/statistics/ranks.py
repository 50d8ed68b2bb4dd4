"""Ranks, the pairs of rows that two columns put in the same order, and the chances of both under no relation."""

from __future__ import annotations

import itertools
import math
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
    order = np.lexsort((b, a))
    opposite = int(greater_before(b[order]).sum())
    sizes_x, sizes_y = np.bincount(a), np.bincount(b)
    both = np.unique(a * (int(b.max()) + 1) + b, return_counts=True)[1]
    tied_x, tied_y, tied_both = (int((s * (s - 1) // 2).sum()) for s in (sizes_x, sizes_y, both))
    return Agreement(len(x), opposite, tied_x, tied_y, tied_both, sizes_x, sizes_y)


def greater_before(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each place, how many places before it hold something greater. Shape (n,), codes from 0.

    Bit by bit from the highest: among codes that share the bits above, a one before a zero is greater. Each bit is one
    running sum, so all is O(n log n) without a row-by-row loop.

    >>> greater_before(np.array([2, 0, 1])).tolist()
    [0, 1, 1]
    """
    n = len(codes)
    count = np.zeros(n, dtype=np.int64)
    order, a = np.arange(n), codes
    for bit in reversed(range(int(codes.max(initial=0)).bit_length())):
        one = (a >> bit) & 1
        group = a >> (bit + 1)
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        size = np.diff(np.r_[starts, n])
        ones = np.cumsum(one) - one
        ones -= np.repeat(ones[starts], size)
        first = np.repeat(starts, size)
        zeros = np.arange(n) - first - ones
        total = np.repeat(np.add.reduceat(1 - one, starts), size)
        is_zero = one == 0
        count[order[is_zero]] += ones[is_zero]
        place = np.where(is_zero, first + zeros, first + total + ones)
        order_next, a_next = np.empty_like(order), np.empty_like(a)
        order_next[place], a_next[place] = order, a
        order, a = order_next, a_next
    return count


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
    return np.unique(x, return_inverse=True)[1].astype(np.int64)
