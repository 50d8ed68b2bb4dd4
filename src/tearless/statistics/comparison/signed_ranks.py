"""Wilcoxon's signed-rank test and the sign test: which of two models wins over data sets, by order and not by size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import betainc, ndtri

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.flip_law import LEAST, Counts, grouped, lattice_tail, saddle_point_tail
from tearless.statistics.comparison.walsh import WalshAverages
from tearless.statistics.estimate import Estimate, Floats, normal_quantile, of_one_length, plain

Zeros = Literal["wilcoxon", "pratt", "split"]
DIGITS = 1e-12


@dataclass(frozen=True, slots=True)
class SignedRanks:
    """The signed-rank comparison: rank sums of the differences above and below 0, how many were 0, was p counted.

    Made by ``signed_ranks``: ``zeros`` differences were 0, and p was counted where ``exact``. ``difference.estimate``
    is the Hodges-Lehmann pseudo-median of the differences, not their mean.
    """

    difference: Difference
    above: float
    below: float
    zeros: int
    exact: bool


def signed_ranks(
    a: Any, b: Any, *, zeros: Zeros = "wilcoxon", level: float = 0.95, rounding: float | None = None
) -> SignedRanks:
    """Wilcoxon's signed-rank test of b less a, with the Hodges-Lehmann estimate and its interval.

    Shapes (n,), scores of the same data sets or items in one order. Ties share midranks, and the null law is counted
    with them: exact while n² sums of doubled midranks are few (about 270 differences), then by Fourier transform or a
    saddle point (relative error under 1/n). Differences within ``rounding`` (default 10⁻¹² of the largest score) are
    tied, or 0: .5 − .525 and .35 − .325 differ by an ulp and are one size. Differences of 0: ``"wilcoxon"`` drops them;
    ``"pratt"`` ranks them, then drops them (J. W. Pratt, J. Am. Statist. Assoc. 54, 1959, 655-667); ``"split"`` shares
    their ranks between both sides, one left out if they are odd in number (J. Demšar, J. Mach. Learn. Res. 7, 2006,
    section 3.1.3), with p given the shares. The interval is that of Walsh averages by the same count of sums without
    ties (M. Hollander and D. A. Wolfe, *Nonparametric Statistical Methods*, 2nd ed. 1999, section 3.3); where ties or
    zeros set p at odds with it, the end at 0 moves to the nearest average that agrees. Raises ``InputError`` for bad
    input.

    >>> found = signed_ranks([0.525, 0.775, 0.325, 0.55], [0.5, 0.825, 0.375, 0.5])
    >>> found.below, found.above, found.difference.p  # ranks 1 and 3, 3 and 3
    (4.0, 6.0, 1.0)
    """
    if zeros not in get_args(Zeros):
        raise InputError(f"zeros: expected one of {get_args(Zeros)}, got {zeros!r}; name one of them")
    d = _differences(a, b, rounding)
    normal_quantile(level)
    none = int(np.count_nonzero(d == 0))
    doubled, offset = _doubled_ranks(d, zeros)
    signs = np.sign(d[d != 0])
    above, below = int(doubled[signs > 0].sum()), int(doubled[signs < 0].sum())
    tail, exact = _tail(doubled, abs(above - below))
    p = min(1.0, 2 * tail) if above != below else 1.0
    averages = WalshAverages(d)
    centre = averages.median
    low, high = _walsh_ends(averages, len(d), 1 - level)
    low, high = _agreeing(p, 1 - level, above - below, (low, high), averages)
    estimate = Estimate(centre, math.nan, min(low, centre), max(high, centre), level)
    words = {"wilcoxon": "zeros dropped", "pratt": "zeros ranked", "split": "zeros split"}[zeros]
    test = f"Wilcoxon signed-rank, {words}" if none else "Wilcoxon signed-rank"
    difference = Difference(estimate, p, test, "Walsh averages")
    return SignedRanks(difference, (above + offset) / 2, (below + offset) / 2, none, exact)


def sign_test(a: Any, b: Any, *, level: float = 0.95, rounding: float | None = None) -> Difference:
    """The sign test: how often b is above a, of the pairs that differ, beside a fair coin; the median difference.

    Shapes (n,). p is exact binomial, zeros left out; the interval of the median holds order statistics of all
    differences, exact for a continuous law, moved to the next one where p of 0 asks for it. W. J. Conover, *Practical
    Nonparametric Statistics*, 3rd ed. 1999, sections 3.2 and 3.4. ``rounding`` as in ``signed_ranks``.

    >>> print(sign_test([1, 2, 3, 4, 5, 6], [2, 4, 6, 8, 10, 12]))  # six of six: 2 / 64
    3.5 (1 to 6), p = 0.0312 by sign test
    """
    d = np.sort(_differences(a, b, rounding))
    normal_quantile(level)
    n, above, below = len(d), int((d > 0).sum()), int((d < 0).sum())
    p = min(1.0, max(LEAST, 2 * _below_half(min(above, below), above + below)))
    alpha = 1 - level
    k = _largest(lambda i: 2 * _below_half(i - 1, n) <= alpha, n // 2)
    low, high = (float(d[k - 1]), float(d[n - k])) if k else (-math.inf, math.inf)
    middle = float(d[(n - 1) // 2] / 2 + d[n // 2] / 2)
    if p > alpha:
        low, high = min(low, 0.0), max(high, 0.0)
    elif above > below:
        low = max(low, float(d[d > 0][0]))
    else:
        high = min(high, float(d[d < 0][-1]))
    low, high = _with_width(low, high)
    centre = min(max(middle, low), high)
    return Difference(Estimate(centre, math.nan, low, high, level), p, "sign test", "order statistics")


def _differences(a: Any, b: Any, rounding: float | None) -> Floats:
    x, y = plain(a, "a"), plain(b, "b")
    of_one_length(a=x, b=y)
    with np.errstate(over="ignore"):
        d: Floats = y - x
    if not np.isfinite(d).all():
        raise InputError("a, b: expected differences that fit a float, got an infinite one; divide all scores by 1e10")
    tiny = DIGITS * float(max(np.abs(x).max(), np.abs(y).max()))
    if rounding is not None:
        tiny = positive(rounding, "rounding", zero=True)
    values, counts = grouped(np.abs(d), tiny)
    at = np.empty(len(d))
    at[np.argsort(np.abs(d), kind="stable")] = np.repeat(values, counts)
    at[at <= tiny] = 0.0
    return np.asarray(np.copysign(at, d) + 0.0, dtype=np.float64)


def _doubled_ranks(d: Floats, zeros: Zeros) -> tuple[Counts, int]:
    """Twice the midranks of the sizes that are not 0, in order of the data; and what the zeros give to both sides."""
    size = np.abs(d) if zeros != "wilcoxon" else np.abs(d[d != 0])
    none = int((size == 0).sum())
    odd = none % 2 if zeros == "split" else 0
    _, at, count = np.unique(size, return_inverse=True, return_counts=True)
    if odd and len(count):
        count[0] -= 1
    last = np.cumsum(count)
    doubled = (2 * last - count + 1)[at].astype(np.int64)[size != 0]
    even = none - odd
    return doubled, even * (even + 1) // 2 if zeros == "split" else 0


def _tail(doubled: Counts, at_least: int) -> tuple[float, bool]:
    """P(Σ ±rank ≥ what was seen)."""
    if not len(doubled) or not at_least:
        return 0.5, True
    sizes, counts = np.unique(doubled, return_counts=True)
    divisor = int(np.gcd.reduce(sizes))
    if len(sizes) <= 2_000:
        tail = lattice_tail(sizes // divisor, counts, at_least // divisor)
        if tail is not None:
            return tail, True
    sum_of_signs = doubled.astype(np.float64)
    cut = np.searchsorted(np.cumsum(sum_of_signs), (sum_of_signs.sum() + at_least) / 2)
    signed = np.where(np.arange(len(doubled)) <= cut, sum_of_signs, -sum_of_signs)
    signed[cut] += at_least - signed.sum()
    return saddle_point_tail(signed), False


def _walsh_ends(averages: WalshAverages, n: int, alpha: float) -> tuple[float, float]:
    """The k-th Walsh average from each end, k the most for which 2 P(T < k) ≤ α without ties."""
    most = n * (n + 1) // 2
    if n <= 200:
        law = np.zeros(most + 1)
        law[0] = 1.0
        for rank in range(1, n + 1):
            law /= 2
            law[rank:] += law[:-rank].copy()
        k = int(np.searchsorted(np.cumsum(law), alpha / 2 * (1 + 1e-12), side="right"))
    else:
        z = float(ndtri(alpha / 2))
        ranks = np.array([n * (n + 1) * (2 * n + 1) / 6, n * (n + 1) * (2 * n + 1) * (3 * n * n + 3 * n - 1) / 30])
        kurtosis = -2 * ranks[1] / ranks[0] ** 2
        z += kurtosis / 24 * (z**3 - 3 * z)
        k = math.floor(most / 2 + z * math.sqrt(ranks[0]) / 2 + 0.5)
    if k < 1:
        return -math.inf, math.inf
    share = k / most
    k = k if averages.count == most else max(1, round(share * averages.count))
    return _with_width(averages.at(k), averages.at(averages.count + 1 - k))


def _with_width(low: float, high: float) -> tuple[float, float]:
    """An interval of no width reaches half its value to each side, or anywhere if that is 0: no finer step was seen."""
    if low < high:
        return low, high
    half = abs(low) / 2 if low else math.inf
    return low - half, high + half


def _agreeing(
    p: float, alpha: float, lead: int, ends: tuple[float, float], averages: WalshAverages
) -> tuple[float, float]:
    low, high = ends
    if p > alpha:
        return min(low, 0.0), max(high, 0.0)
    if lead > 0:
        return (low if low > 0 else averages.beyond(0.0, 1)), high
    return low, (high if high < 0 else averages.beyond(0.0, -1))


def _below_half(k: int, n: int) -> float:
    """P(at most k heads of n)."""
    if k < 0:
        return 0.0
    return 1.0 if k >= n else float(betainc(n - k, k + 1, 0.5))


def _largest(holds: Any, most: int) -> int:
    """The largest k ≤ most for which a falling condition still holds; 0 where it never does."""
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
