"""The influence function: what each item adds to a metric, and what that says of differences of metrics.

A metric of n items is, to first order, its value plus the mean of one number a row, ψ, which averages 0. So the spread
of ψ is the metric's variance, that of ψ_B − ψ_A is the variance of the difference of two models on the same items, and
sums of ψ within clusters are what clustered items vary by. (F. R. Hampel, J. Am. Statist. Assoc. 69, 1974, 383-393; B.
Efron, *The Jackknife, the Bootstrap and Other Resampling Plans*, 1982, chapter 6.)
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from tearless.core import InputError
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.estimate import Estimate, Floats, normal_quantile, student_quantile
from tearless.statistics.score_intervals import of_bounded_mean

NO_SPREAD = 1e-12
"""Contributions below this part of the largest, or of the value, are rounding."""


@dataclass(frozen=True, slots=True)
class Influence:
    """A metric's value on n items and what each item adds to it.

    ``psi`` (n,) is scaled so that Σψ²/n² is the variance of the value, the loss of degrees of freedom included.
    ``strata`` (n,) are codes from 0 of the classes within which rows are drawn, or None for one. ``units`` is how many
    rows stand behind the value where it rests on fewest: those of the rarest class, say. ``unknown`` is the largest
    variance that the rows cannot tell about: that of a class with one row. ``worst`` is how far one item to come could
    move its own part: the range of a bounded metric, the largest loss seen of another.

    >>> Influence(0.5, np.array([1.0, -1.0, 1.0, -1.0]), 4).variance
    0.25
    """

    value: float
    psi: Floats
    units: float
    strata: NDArray[np.intp] | None = None
    unknown: float = 0.0
    worst: float = 1.0

    @property
    def variance(self) -> float:
        return float(self.psi @ self.psi) / len(self.psi) ** 2 + self.unknown


@dataclass(frozen=True, slots=True)
class Spread:
    """The standard error of a value by independent units, and the degrees of freedom that it is worth.

    >>> Spread(0.5, 3.0).freedom
    3.0
    """

    error: float
    freedom: float


def spread_of(psi: Floats, strata: NDArray[np.intp] | None = None) -> Spread:
    """The standard error √(Σψ²)/n of a mean contribution, and the degrees of freedom of Student's t that go with it.

    Shapes (n,). Where few rows carry all the spread, the variance is known by those few only: the degrees of freedom
    are those of the chi-square with the estimate's own variance, 2n/(κ − 1) with κ the kurtosis nΣψ⁴/(Σψ²)², at most n
    − 1; over strata they join by Welch and Satterthwaite's rule (F. E. Satterthwaite, Biometrics Bulletin 2, 1946,
    110-114). When k of many rows differ, all by the same, this is 2k, and t = √k: the two-sided chance is .082, .049,
    .031, .020 for k = 4, 5, 6, 7 where the exact sign test has .125, .063, .031, .016; from 6 on never below it.

    >>> found = spread_of(np.array([-1.0, 1.0, -1.0, 1.0]))
    >>> found.error, found.freedom  # sqrt(4)/4, and n - 1
    (0.5, 3.0)
    """
    n = len(psi)
    size = float(np.abs(psi).max(initial=0.0))
    if size == 0:
        return Spread(0.0, n - 1.0)
    squares = (psi / size) ** 2
    codes = np.zeros(n, dtype=np.intp) if strata is None else strata
    rows = np.bincount(codes).astype(np.float64)
    second = np.bincount(codes, weights=squares)
    fourth = np.bincount(codes, weights=squares**2)
    held = second > 0
    rows, second, fourth = rows[held], second[held], fourth[held]
    wide = fourth - second**2 / rows
    with np.errstate(divide="ignore"):
        each = np.minimum(rows - 1, np.where(wide > 0, 2 * second**2 / np.where(wide > 0, wide, 1.0), np.inf))
        shares = (second / second.sum()) ** 2 / each
    return Spread(math.sqrt(float(second.sum())) * (size / n), float(1 / shares.sum()))


def paired_difference(
    a: Influence, b: Influence, bound: float, level: float = 0.95, name: str = "", least: float | None = None
) -> Difference:
    """B less A on the same items, by the spread of ψ_B − ψ_A and Student's t.

    ``bound`` is the largest difference that there can be (inf for none): the interval stays within it. Test and
    interval are one statistic, so they agree about 0 at every level. Where the rows show no spread at all (identical or
    perfect models) see ``without_spread``. Where the metric lies between ``least`` and ``least + bound``, the end away
    from 0 reaches as far as the two Wilson intervals and their correlation say it may (Zou and Donner 2008, as in
    ``unpaired_difference``), for the spread of a value near its bound is seen too small half of the time. Raises
    ``InputError`` for unequal lengths.

    >>> a = Influence(0.5, np.array([1.0, -1.0, 1.0, -1.0]), 4)
    >>> b = Influence(0.75, np.array([0.5, 0.5, 0.5, -1.5]), 4)
    >>> found = paired_difference(a, b, 1.0)
    >>> found.estimate.value, round(found.estimate.standard_error, 6)  # sqrt(0.25 + 2.25 + 0.25 + 0.25) / 4
    (0.25, 0.433013)
    """
    if len(a.psi) != len(b.psi):
        raise InputError(f"a, b: expected the same items, got {len(a.psi)} and {len(b.psi)}; align the rows")
    psi = b.psi - a.psi
    scale = max(abs(a.value), abs(b.value), float(np.abs(a.psi).max()), float(np.abs(b.psi).max()))
    psi[np.abs(psi) <= NO_SPREAD * scale] = 0.0
    unknown = (math.sqrt(a.unknown) + math.sqrt(b.unknown)) ** 2
    method = f"paired t on {name or 'the metric'}'s influence"
    value, spread = b.value - a.value, spread_of(psi, a.strata)
    if spread.error == 0 and unknown == 0:
        return within(without_spread(value, max(a.worst, b.worst), min(a.units, b.units), level), bound)
    found = by_t(value, spread, bound, level, method, unknown)
    return found if least is None else _reaching(found, a, b, bound, least)


def _reaching(found: Difference, a: Influence, b: Influence, bound: float, least: float) -> Difference:
    """The same, its end away from 0 as far as the intervals of the two values reach."""
    e = found.estimate
    limits = []
    for one in (a, b):
        value = min(1.0, max(0.0, (one.value - least) / bound))
        near = of_bounded_mean(value, one.variance / bound**2, max(one.units, 1.0), e.level, interval="score")
        limits.append((bound * (near.value - near.low), bound * (near.high - near.value)))
    together = float(a.psi @ b.psi) / len(a.psi) ** 2
    sizes = math.sqrt(a.variance * b.variance)
    r = max(-1.0, min(1.0, together / sizes)) if sizes > 0 else 0.0
    (down_a, up_a), (down_b, up_b) = limits
    low, high = e.low, e.high
    if e.value > 0:
        high = max(high, e.value + math.sqrt(max(0.0, up_b**2 + down_a**2 - 2 * r * up_b * down_a)))
    elif e.value < 0:
        low = min(low, e.value - math.sqrt(max(0.0, down_b**2 + up_a**2 - 2 * r * down_b * up_a)))
    wider = Estimate(e.value, e.standard_error, max(-bound, low), min(bound, high), e.level)
    return Difference(wider, found.p, found.test, found.interval)


def by_t(value: float, spread: Spread, bound: float, level: float, method: str, unknown: float = 0.0) -> Difference:
    """A difference with Student's t on its spread; ``unknown`` is variance to add that no row can tell about.

    >>> found = by_t(0.2, Spread(0.1, 10.0), 1.0, 0.95, "t")
    >>> round(found.p, 4), round(found.estimate.low, 4)
    (0.0734, -0.0228)
    """
    error = math.hypot(spread.error, math.sqrt(unknown))
    known = spread.error / error if math.isfinite(error) else 1.0
    freedom = min(spread.freedom / known**4, 1e15) if known > 1e-4 else 1e15
    if freedom < 1 or not math.isfinite(error):
        whole = Estimate(value, error, -bound, bound, level)
        return Difference(whole, 1.0, "none: one unit shows no spread", "every difference that there can be")
    reach = student_quantile(level, freedom) * error
    p = 2 * float(stdtr(freedom, -abs(value) / error))
    low, high = max(-bound, value - reach), min(bound, value + reach)
    return Difference(Estimate(value, error, low, high, level), likely(p), method, f"t({freedom:.4g})")


def without_spread(value: float, bound: float, units: float, level: float = 0.95) -> Difference:
    """A difference that every item shows alike: how far it may be off, by how many items were seen without exception.

    Of the items to come a share q may be otherwise without one being seen in n, with chance (1 − q)ⁿ; at worst each of
    those differs by the bound to the other side. So d lies within (1 − q)d ± qR with q = 1 − ((1 − level)/2)^(1/n), and
    p = 2(R/(R + |d|))ⁿ, at most 1: for d = R the sign test, for d = 0 the two-sided rule of three. Exact under that
    worst case (J. A. Hanley, A. Lippman-Hand, J. Am. Med. Assoc. 249, 1983, 1743-1745, for d = 0). Without a bound
    nothing can be said. Raises ``InputError`` for a level outside 0..1.

    >>> found = without_spread(0.0, 1.0, 100)
    >>> round(found.estimate.high, 6), found.p  # 1 - 0.025 ** (1/100)
    (0.036217, 1.0)
    """
    normal_quantile(level)
    tail = (1 - level) / 2
    if not 0 < bound < math.inf or not units > 0:
        every = Estimate(value, math.nan, -bound or -math.inf, bound or math.inf, level)
        return Difference(every, 1.0, "none: the items show no spread", "every difference that there can be")
    share = -math.expm1(math.log(tail) / units)
    reach = share * bound
    low, high = max(-bound, (1 - share) * value - reach), min(bound, (1 - share) * value + reach)
    p = 2 * math.exp(-units * math.log1p(abs(value) / bound))
    said = "items alike: exact bound on the share of exceptions"
    return Difference(Estimate(value, 0.0, min(low, value), max(high, value), level), likely(p), said, "rule of three")


def within(found: Difference, bound: float) -> Difference:
    """The same, its interval cut off at the largest difference that there can be.

    >>> print(within(by_t(0.9, Spread(0.1, 10.0), 1.0, 0.95, "t"), 1.0).estimate)
    0.9 (0.6772 to 1)
    """
    e = found.estimate
    cut = Estimate(e.value, e.standard_error, max(-bound, e.low), min(bound, e.high), e.level)
    return Difference(cut, found.p, found.test, found.interval)


def unpaired_difference(a: Estimate, b: Estimate, bound: float = math.inf, name: str = "") -> Difference:
    """B less A on different items, from the interval of each: the method of variance estimates recovery.

    With intervals (l, u) it runs from d − √((b − l_b)² + (u_a − a)²) to d + √((u_b − b)² + (a − l_a)²), the side of 0
    deciding which spreads count: the test divides d by the same root and reads it in the units of the level's normal
    quantile. So test and interval agree about 0 at that level, and models without error keep a width. For shares it is
    Newcombe's interval (Statistics in Medicine 17, 1998, 873-890, method 10); for other quantities G. Y. Zou, A.
    Donner, Statistics in Medicine 27, 2008, 1693-1702. Raises ``InputError`` for unequal levels.

    >>> from tearless.statistics.score_intervals import of_share
    >>> a, b = of_share(48, 80, 0.95, interval="score"), of_share(56, 70, 0.95, interval="score")
    >>> found = unpaired_difference(a, b)
    >>> round(found.estimate.low, 4), round(found.estimate.high, 4)
    (0.0524, 0.3339)
    """
    if a.level != b.level:
        raise InputError(f"a, b: expected one level, got {a.level} and {b.level}; use the same")
    value, z = b.value - a.value, normal_quantile(a.level)
    down = math.hypot(b.value - b.low, a.high - a.value)
    up = math.hypot(b.high - b.value, a.value - a.low)
    reach = down if value > 0 else up
    p = math.erfc(z * abs(value) / reach / math.sqrt(2)) if reach > 0 else 1.0
    error = math.hypot(a.standard_error, b.standard_error)
    found = Estimate(value, error, max(-bound, value - down), min(bound, value + up), a.level)
    return Difference(found, likely(p), f"difference of two independent {name or 'values'}", "Newcombe, Zou and Donner")


def likely(p: float) -> float:
    """A chance above 0 and at most 1: what is too small for a double is its least.

    >>> likely(0.0) > 0
    True
    """
    return min(1.0, max(p, sys.float_info.min))
