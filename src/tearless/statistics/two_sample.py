"""Two samples of one quantity: how far apart they are, and how often chance alone would put them there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tearless.core import InputError
from tearless.statistics import placements

Floats = NDArray[np.float64]
EXACT_ROWS = 400
"""Rows of both samples together up to which the Kolmogorov-Smirnov chance is counted path by path."""
WORTH_COUNTING = 0.02
"""Chance above which the limit is good enough: nothing hangs on it."""
LEAST_EXPECTED = 5.0
"""Expected count that a cell needs for χ² (W. G. Cochran, Biometrics 10, 1954, 417-451)."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The largest gap between two distribution functions: where it is, and the share at or below it on each side.

    Made by ``largest_gap``: ``distance`` apart at ``at``, where ``below_first`` and ``below_second`` are the shares.
    """

    distance: float
    at: float
    below_first: float
    below_second: float


def largest_gap(first: ArrayLike, second: ArrayLike) -> Gap:
    """The Kolmogorov-Smirnov distance of two samples, with the threshold at which it is reached.

    Shapes ``(n,)`` and ``(m,)``, any order, infinities allowed. The distance is the largest change, over thresholds,
    in the share of values at or below the threshold. Exact: it is read off the sorted values, ties together. Raises
    ``InputError`` for an empty sample or one with nan (A. Kolmogorov 1933; N. Smirnov 1939).

    >>> largest_gap([1, 2, 3, 4], [3, 4, 5, 6])
    Gap(distance=0.5, at=2.0, below_first=0.5, below_second=0.0)
    """
    x, y = _sorted(first, "first"), _sorted(second, "second")
    up, at_x, mine, other = _lead(x, y)
    down, at_y, its, ours = _lead(y, x)
    return Gap(up, at_x, mine, other) if up >= down else Gap(down, at_y, ours, its)


def _lead(x: Floats, y: Floats) -> tuple[float, float, float, float]:
    """The largest F(t) − G(t), reached at a value of x: the lead, t, F(t) and G(t). Both sorted."""
    last = np.flatnonzero(np.r_[x[1:] != x[:-1], True])
    f, g = (last + 1) / len(x), np.searchsorted(y, x[last], side="right") / len(y)
    i = int(np.argmax(f - g))
    return float(f[i] - g[i]), float(x[last[i]]), float(f[i]), float(g[i])


def _sorted(values: ArrayLike, name: str) -> Floats:
    return np.sort(_values(values, name))


def _values(values: ArrayLike, name: str) -> Floats:
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1 or not x.size or np.isnan(x).any():
        raise InputError(
            f"{name}: expected at least one number in one row and no nan, got shape {x.shape}; drop the nan"
        )
    return x


def gap_chance(distance: float, n: int, m: int) -> float:
    """The chance of a gap of at least ``distance`` between two samples of ``n`` and ``m`` values of one distribution.

    Kolmogorov's limit at √(nm/(n+m)) · distance; where that is below 0.02 and there are up to 400 values together, the
    exact share of the orders of n + m values, all equally likely, whose path leaves the band (J. L. Hodges, Ark. Mat.
    3, 1958, 469-486). Ties make it too large, never too small. Raises ``InputError`` for a distance outside 0..1 or an
    empty sample.

    >>> round(gap_chance(1.0, 5, 5), 12), round(gap_chance(0.05, 10_000, 10_000) * 1e11, 2)
    (0.007936507937, 2.78)
    """
    if not 0 <= distance <= 1 or n < 1 or m < 1:
        raise InputError(
            f"distance, n, m: expected 0 to 1 and counts from 1, got {distance}, {n}, {m}; pass largest_gap's"
        )
    limit = float(min(1.0, special.kolmogorov(np.sqrt(n / (n + m) * m) * distance)))
    return limit if limit >= WORTH_COUNTING or n + m > EXACT_ROWS else min(1.0, _outside(round(distance * n * m), n, m))


def _outside(limit: int, n: int, m: int) -> float:
    """Share of the lattice paths from (0, 0) to (n, m) that meet |i·m − j·n| ≥ limit, diagonal by diagonal."""
    i = np.arange(n + 1)
    inside, left = np.zeros(n + 1), 0.0
    inside[0] = 1.0
    if limit <= 0:
        return 1.0
    for step in range(1, n + m + 1):
        j = step - 1 - i
        remaining = n + m - step + 1
        up = inside * np.maximum(m - j, 0) / remaining
        along = inside * (n - i) / remaining
        inside = up
        inside[1:] += along[:-1]
        out = np.abs(i * m - (step - i) * n) >= limit
        left += float(inside[out].sum())
        inside[out] = 0.0
    return left


def fisher_chance(a: int, n: int, b: int, m: int) -> float:
    """The two-sided chance of a difference between a of n and b of m at least as unlikely as this one.

    Fisher's exact test: given a + b, the count a is hypergeometric where both shares are one; the chances of all counts
    no likelier than a are added. Exact up to rounding, whatever the counts. Raises ``InputError`` for counts that do
    not fit (R. A. Fisher, J. R. Statist. Soc. 98, 1935, 39-82).

    >>> round(fisher_chance(3, 4, 1, 4), 6)
    0.485714
    """
    if not (0 <= a <= n and 0 <= b <= m):
        raise InputError(f"a, b: expected counts within their totals, got {a} of {n} and {b} of {m}; count again")
    k = a + b
    if n == 0 or m == 0 or k in (0, n + m):
        return 1.0
    count = np.arange(max(0, k - m), min(k, n) + 1)
    log = _log_choose(n, count) + _log_choose(m, k - count)
    log -= special.logsumexp(log)
    seen = log[a - count[0]]
    return float(min(1.0, np.exp(log[log <= seen + 1e-7]).sum()))


def _log_choose(n: int, k: NDArray[np.int64]) -> Floats:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1), dtype=np.float64)


def homogeneity_chance(first: ArrayLike, second: ArrayLike) -> float:
    """The chance that two samples of one set of classes differ in their counts at least as much as these.

    Shapes ``(k,)``: counts per class, the classes in one order. Classes whose expected count in the smaller sample is
    below 5 are pooled; two classes are tested exactly (Fisher), more by Pearson's χ² with k − 1 degrees of freedom.
    One class, or an empty sample, gives 1. Raises ``InputError`` for unequal shapes or negative counts
    (K. Pearson, Phil. Mag. 50, 1900, 157-175).

    >>> round(homogeneity_chance([30, 30, 40], [20, 50, 30]), 6)
    0.014783
    """
    x, y = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    if x.shape != y.shape or x.ndim != 1 or (x < 0).any() or (y < 0).any():
        raise InputError(
            f"first, second: expected counts of the same classes, got shapes {x.shape}, {y.shape}; align them"
        )
    x, y = _pooled(x, y)
    n, m = int(x.sum()), int(y.sum())
    if len(x) < 2 or not n or not m:
        return 1.0
    if len(x) == 2:
        return fisher_chance(int(x[0]), n, int(y[0]), m)
    expected = (x + y) / (n + m)
    statistic = ((x - n * expected) ** 2 / (n * expected)).sum() + ((y - m * expected) ** 2 / (m * expected)).sum()
    return float(special.chdtrc(len(x) - 1, statistic))


def _pooled(first: NDArray[np.int64], second: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The counts with rare classes put together until each class is expected at least 5 times; two are left as is."""
    both = first + second
    first, second, both = first[both > 0], second[both > 0], both[both > 0]
    n, m = int(first.sum()), int(second.sum())
    if len(both) <= 2 or not n or not m:
        return first, second
    order = np.argsort(-both, kind="stable")
    needed = LEAST_EXPECTED * (n + m) / min(n, m)
    keep = max(1, int((both >= needed).sum()))
    if keep < len(both) and both[order[keep:]].sum() < needed and keep > 1:
        keep -= 1
    groups = np.minimum(np.arange(len(both)), keep)
    return _added(first[order], groups), _added(second[order], groups)


def _added(counts: NDArray[np.int64], groups: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bincount(groups, weights=counts).astype(np.int64)


def total_variation(first: ArrayLike, second: ArrayLike) -> float:
    """Half the sum of the absolute differences of two samples' shares: the rows that would have to change class.

    Shapes ``(k,)``: counts. A share; exact up to rounding; 0 where either sample is empty. No loss between 0 and 1 can
    have means under the two that differ by more (A. L. Gibbs, F. E. Su, Int. Stat. Rev. 70, 2002, 419-435).

    >>> round(total_variation([30, 70], [50, 50]), 12)
    0.2
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if not x.sum() or not y.sum():
        return 0.0
    return float(np.abs(x / x.sum() - y / y.sum()).sum() / 2)


def auc(first: ArrayLike, second: ArrayLike) -> tuple[float, tuple[float, float]]:
    """The chance that a value of the second sample exceeds one of the first, ties by half, with its 95 % interval.

    Shapes ``(n,)`` and ``(m,)``. The area under the ROC curve; its variance from the placements of each sample in the
    other (E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44, 1988, 837-845). The interval is asymptotic.

    >>> auc([1, 2, 3], [2, 4, 6])[0]
    0.8333333333333334
    """
    area, variance = area_and_variance(first, second)
    reach = 1.959963984540054 * float(np.sqrt(variance))
    return area, (max(0.0, area - reach), min(1.0, area + reach))


def area_and_variance(first: ArrayLike, second: ArrayLike) -> tuple[float, float]:
    """The area of ``auc`` and its variance by the placements of each sample in the other; 0.25 with one value a side.

    Shapes ``(n,)`` and ``(m,)``; O((n + m) log(n + m)) by one sort (X. Sun, W. Xu, IEEE Signal Processing Letters 21,
    2014, 1389-1393). The variance is 0 where the samples do not overlap. Raises as ``auc``.

    >>> area_and_variance([1, 2], [3, 4])
    (1.0, 0.0)
    """
    x, y = _values(first, "first"), _values(second, "second")
    is_second = np.zeros(len(x) + len(y), dtype=bool)
    is_second[len(x) :] = True
    return placements.area_and_variance(np.concatenate([x, y]), is_second)
