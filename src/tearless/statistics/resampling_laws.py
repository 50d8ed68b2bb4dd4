"""The bootstrap without simulation: the exact law of a resampled share, median, or difference of paired answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from scipy.special import bdtr, betainc, gammaln

from tearless.core import InputError
from tearless.statistics.estimate import Estimate, Floats, normal_quantile, plain

NEGLIGIBLE = 1e-18
"""A chance that no quantile of a double can tell from none."""
ROUNDING = 1e-14
"""Chances below this are rounding of the Fourier transform."""


@dataclass(frozen=True, slots=True)
class Law:
    """The values that a resampled statistic can take, in rising order, and the chance of each. Shapes (k,).

    Made by ``bootstrap_of_share``, ``bootstrap_of_difference`` and ``bootstrap_of_median``.

    >>> law = Law(0.5, np.array([0.0, 0.5, 1.0]), np.array([0.25, 0.5, 0.25]))
    >>> law.mean, law.quantile(0.25), law.quantile(0.5), round(law.standard_error, 4)  # √(2 · 0.25 · 0.5²)
    (0.5, 0.0, 0.5, 0.3536)
    """

    value: float
    """The statistic of the sample itself."""
    values: Floats
    chances: Floats

    @property
    def mean(self) -> float:
        return float(self.chances @ self.values)

    @property
    def standard_error(self) -> float:
        return math.sqrt(float(self.chances @ (self.values - self.mean) ** 2))

    def quantile(self, share: float) -> float:
        """The smallest value that the resampled statistic does not exceed with at least this chance."""
        at = int(np.searchsorted(np.cumsum(self.chances), share - 1e-12))
        return float(self.values[min(at, len(self.values) - 1)])

    def estimate(self, level: float = 0.95) -> Estimate:
        """The percentile interval, as an infinite number of resamples would give it."""
        normal_quantile(level)
        tail = (1 - level) / 2
        return Estimate(self.value, self.standard_error, self.quantile(tail), self.quantile(1 - tail), level)


def bootstrap_of_share(successes: int, trials: int) -> Law:
    """The law of a resampled share: a binomial count with the seen share, over the trials.

    Exact: a resample of n rows draws each a success with chance k/n, independently. It has one value only where all or
    none succeeded; an interval there needs ``intervals.wilson``. Raises ``InputError`` for counts that are no share.

    >>> law = bootstrap_of_share(20, 100)
    >>> round(law.standard_error, 12), law.estimate().low, law.estimate().high
    (0.04, 0.12, 0.28)
    """
    if not 0 <= successes <= trials or trials < 1:
        got = f"{successes} of {trials}"
        raise InputError(f"successes: expected between 0 and trials, and at least one trial, got {got}; count again")
    counts = np.arange(trials + 1)
    share = successes / trials
    if share in (0.0, 1.0):
        return Law(share, np.array([share]), np.array([1.0]))
    below = np.concatenate([[0.0], bdtr(counts, trials, share)])
    return Law(share, counts / trials, np.diff(below))


def bootstrap_of_difference(better: int, worse: int, trials: int) -> Law:
    """The law of a resampled difference of two shares seen on the same rows, such as the accuracies of two models.

    Of ``trials`` rows the first alone is right on ``better``, the second alone on ``worse``; the difference is (better
    − worse)/trials. Resampled, the two counts are multinomial; the law of their difference is the n-th power of
    (b·t + c + w/t), computed by Fourier transform: each chance is right to about 1e-15, those below 1e-14 are 0. Raises
    ``InputError`` for counts that do not fit.

    >>> law = bootstrap_of_difference(12, 4, 100)
    >>> round(law.value, 12), round(law.standard_error ** 2, 12)  # (0.12 + 0.04 - 0.08**2) / 100
    (0.08, 0.001536)
    """
    if min(better, worse) < 0 or better + worse > trials or trials < 1:
        got = f"{better}, {worse} of {trials}"
        raise InputError(f"better, worse: expected counts that add up to at most the trials, got {got}; count again")
    b, w = better / trials, worse / trials
    size = next_fast_len(2 * trials + 1, real=True)
    angle = 2 * np.pi * np.arange(size // 2 + 1) / size
    steps = (1 - b - w) + (b + w) * np.cos(angle) + 1j * (w - b) * np.sin(angle)
    seen = np.flatnonzero(np.abs(steps) > math.exp(-45 / trials))
    powers = np.zeros(len(steps), dtype=np.complex128)
    powers[seen] = steps[seen] ** trials
    law = np.fft.irfft(powers, size)
    chances = np.concatenate([law[size - trials :], law[: trials + 1]])
    chances[chances < ROUNDING] = 0.0
    values = np.arange(-trials, trials + 1) / trials
    return Law(b - w, values, chances / chances.sum())


def bootstrap_of_median(x: Any) -> Law:
    """The law of a resampled median: which value, or which two, stand in the middle.

    Shape (n,), finite. For odd n the middle one is the i-th smallest with chance I(i/n) − I((i−1)/n), the incomplete
    beta function of its rank (Efron, *The Jackknife, the Bootstrap and Other Resampling Plans*, 1982, section 10.3, has
    it by binomial sums). For even n the law of the two middle ones together is exact as well: the lower half holds i as
    its largest, the upper half j as its smallest, C(n, n/2)[(i/n)^m − ((i−1)/n)^m][((n−j+1)/n)^m − ((n−j)/n)^m] for
    i < j, m = n/2. Chances under 1e-18 are left out. Raises ``InputError`` for holes.

    >>> law = bootstrap_of_median([1.0, 2.0, 4.0])
    >>> law.values.tolist(), (law.chances * 27).round(9).tolist()
    ([1.0, 2.0, 4.0], [7.0, 13.0, 7.0])
    """
    ordered = np.sort(plain(x, "x"))
    n = len(ordered)
    middle = float(ordered[(n - 1) // 2] / 2 + ordered[n // 2] / 2)
    if n % 2:
        chances = np.diff(betainc((n + 1) / 2, (n + 1) / 2, np.arange(n + 1) / n))
        return _law(middle, ordered, chances)
    low, high, chances = _middle_pairs(n)
    return _law(middle, ordered[low] / 2 + ordered[high] / 2, chances)


def _middle_pairs(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Pairs (i, j), i ≤ j, counted from 0, of the two middle values of a resample of an even number n, with chances."""
    m = n // 2
    reach = min(n, math.ceil(5 * math.sqrt(n)) + 5)
    apart = min(n - 1, 60)
    i = np.arange(max(0, m - 1 - reach), min(n, m + reach))
    gap = np.arange(1, apart + 1)
    j = i[:, None] + gap
    choose = gammaln(n + 1) - 2 * gammaln(m + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        log = choose + _log_power_gap(i + 1, n, m)[:, None] + _log_power_gap(n - j, n, m)
    both = np.where(j < n, np.exp(log), 0.0)
    marginal = np.diff(betainc(m, n - m + 1, np.arange(n + 1) / n))[i]
    with np.errstate(divide="ignore"):
        beyond = np.exp(choose + _log_power_gap(i + 1, n, m) + m * np.log1p(-(i + 1) / n))
    same = np.clip(marginal - beyond, 0.0, None)
    low = np.concatenate([i, np.repeat(i, apart)])
    high = np.concatenate([i, np.minimum(j, n - 1).ravel()])
    chances = np.concatenate([same, both.ravel()])
    kept = chances > NEGLIGIBLE
    return low[kept], high[kept], chances[kept]


def _log_power_gap(k: NDArray[np.int64], n: int, m: int) -> Floats:
    """log[(k/n)^m − ((k−1)/n)^m] for counts k of n, without subtracting two nearly equal powers."""
    k = np.maximum(k, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        out: Floats = m * np.log(k / n) + np.log(-np.expm1(m * np.log1p(-1 / np.maximum(k, 1))))
    return np.where(k < 1, -np.inf, out)


def _law(value: float, values: Floats, chances: Floats) -> Law:
    """The chances of equal values together, in rising order, summing to 1."""
    distinct, at = np.unique(values, return_inverse=True)
    total = np.bincount(at, weights=chances, minlength=len(distinct))
    return Law(value, distinct, total / total.sum())
