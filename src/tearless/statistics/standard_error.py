"""Standard errors: how far a statistic of a sample strays, from sample to sample, around what it estimates.

Where the sample is a good part of a finite population of N and drawn without putting back, less is left to chance: the
variance is multiplied by 1 − n/N. That factor belongs to a variance with divisor n − 1 (W. G. Cochran, *Sampling
Techniques*, 3rd ed. 1977, theorem 2.2 and its corollary); with divisor n it would be (N − n)/(N − 1).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import betainc

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, array, arrays
from tearless.statistics.estimate import plain


def variance(x: Any, *, ddof: int = 1) -> Array:
    """The mean squared deviation from the mean, Σ (xᵢ − x̄)² / (n − ddof).

    ``x`` has shape (n,) or (n, p): one result a column. ``ddof=0`` is the variance of a population whose every member
    is here; ``ddof=1`` estimates, without bias, that of the population a sample came from (Bessel). Unit: that of x,
    squared. Two passes with the rest of the first mean taken off: E[x²] − E[x]² loses all digits of a small spread on a
    large offset. nan where n ≤ ddof; nan and inf in x give nan. Differentiable. Raises ``InputError`` as ``array``.

    >>> float(variance([1.0, 2.0, 6.0])), round(float(variance([1.0, 2.0, 6.0], ddof=0)), 4)
    (7.0, 4.6667)
    """
    xp, x = array(x, "x", ndim=(1, 2))
    n = x.shape[0]
    deviation = _deviation(xp, x)
    if n <= ddof:
        return xp.sum(deviation, axis=0) * float("nan")
    rest = xp.sum(deviation, axis=0)
    return (xp.sum(deviation * deviation, axis=0) - rest * rest / n) / (n - ddof)


def standard_error_of_mean(x: Any, *, population: float | None = None) -> Array:
    """s/√n, the standard deviation of the sample mean, with s² over n − 1.

    ``x`` has shape (n,) or (n, p), n ≥ 2 (else nan); ``population`` is N where the sample was drawn from N without
    putting back: s²/n·(1 − n/N) is then unbiased for the variance of the mean. Unit: that of x. Exact for independent
    values of any law (its square is unbiased). Differentiable. Raises ``InputError`` for N below n.

    >>> round(float(standard_error_of_mean([1.0, 3.0, 5.0, 7.0], population=16)) ** 2 * 4, 12)  # 20/3 (1 - 4/16)
    5.0
    """
    xp, x = array(x, "x", ndim=(1, 2))
    n = x.shape[0]
    return xp.sqrt(variance(x) / n * _left(n, population))


def standard_error_of_share(
    successes: float, trials: float, *, ddof: int = 0, population: float | None = None
) -> float:
    """√(p(1−p)/(n − ddof)) for a share p = successes/trials.

    ``ddof=0`` is the usual form; with ``ddof=1`` the square is unbiased, as for any mean. ``population`` as in
    ``standard_error_of_mean``. It is 0 where all or none succeeded, which says nothing about what the share is: take an
    interval (``intervals.wilson``) there. nan where trials ≤ ddof. Raises ``InputError`` for counts that are no share.

    >>> standard_error_of_share(20, 100)
    0.04
    """
    if not 0 <= successes <= trials or trials <= 0:
        got = f"{successes} of {trials}"
        raise InputError(f"successes: expected between 0 and trials, and trials above 0, got {got}; count again")
    if trials <= ddof:
        return math.nan
    share = successes / trials
    return math.sqrt(share * (1 - share) / (trials - ddof) * _left(trials, population))


def standard_error_of_variance(x: Any, *, normal: bool = False) -> Array:
    """The standard deviation of the sample variance s² (divisor n − 1).

    ``x`` has shape (n,) or (n, p), n ≥ 2 (else nan). Var(s²) = (μ₄ − σ⁴(n−3)/(n−1))/n for independent values of any
    law; μ₄ and σ² are put in from the sample with divisor n, which keeps the result real (the unbiased form from
    k-statistics can fall below 0). ``normal=True`` takes μ₄ = 3σ⁴, s²·√(2/(n−1)): exact for normal values, and far too
    small for long tails. Unit: that of x, squared. Differentiable. Kendall and Stuart, *The Advanced Theory of
    Statistics*, vol. 1, 3rd ed. 1969, section 12.

    >>> float(standard_error_of_variance([0.0, 0.0, 2.0, 2.0]))  # mu4 = sigma2 = 1: sqrt((1 - 1/3) / 4)
    0.408248290463863
    """
    xp, x = array(x, "x", ndim=(1, 2))
    n = x.shape[0]
    if n < 2 or normal:
        return variance(x) * math.sqrt(2 / max(n - 1, 1))
    deviation = _deviation(xp, x)
    deviation = deviation - xp.mean(deviation, axis=0)
    squares = deviation * deviation
    second = xp.mean(squares, axis=0)
    return xp.sqrt((xp.mean(squares * squares, axis=0) - second * second * ((n - 3) / (n - 1))) / n)


def standard_error_of_median(x: Any) -> float:
    """The standard deviation that the middle value of resamples of x has: no density needs to be guessed.

    Shape (n,), finite. Each sorted value is the middle one of a resample with a known chance, a difference of two
    incomplete beta functions; the standard deviation of that law is the answer (J. S. Maritz, R. G. Jarrett, J. Am.
    Statist. Assoc. 73, 1978, 194-196). Exact, no simulation; for even n a law between the two middle values. Raises
    ``InputError`` for an empty x or one with holes.

    >>> round(standard_error_of_median([1.0, 2.0, 4.0]), 6)  # chances 7/27, 13/27, 7/27
    1.108639
    """
    values = np.sort(plain(x, "x"))
    n = len(values)
    below = betainc((n + 1) / 2, (n + 1) / 2, np.arange(n + 1) / n)
    chances = np.diff(below)
    centred = values - values[n // 2]
    mean = chances @ centred
    return math.sqrt(chances @ (centred - mean) ** 2)


def standard_error_of_correlation(x: Any, y: Any, *, normal: bool = False) -> Array:
    """The standard deviation of Pearson's r, to first order in 1/n.

    Shapes (n,), n ≥ 3 (else nan). From what each row adds to r, zₓ·z_y − r(zₓ² + z_y²)/2 with population-standardised
    z: right for any law with fourth moments. ``normal=True`` gives (1 − r²)/√(n − 1), right for two jointly normal
    variables. No unit. nan where a column is constant. Differentiable. Kendall and Stuart, vol. 1, section 10. Raises
    ``InputError`` for unequal lengths.

    >>> round(float(standard_error_of_correlation([0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0])), 6)
    0.5
    """
    xp, x, y = arrays(1, x=x, y=y)
    n = x.shape[0]
    if n != y.shape[0] or n < 3:
        if n != y.shape[0]:
            raise InputError(f"x, y: expected one length, got {n} and {y.shape[0]}; align the rows")
        return xp.sum(x) * float("nan")
    a, b = (_standardised(xp, v) for v in (x, y))
    r = xp.mean(a * b)
    if normal:
        return (1 - r * r) / math.sqrt(n - 1)
    influence = a * b - r * (a * a + b * b) / 2
    return xp.sqrt(xp.mean(influence * influence) / n)


def standard_error_of_difference(x: Any, y: Any, *, paired: bool = False) -> Array:
    """The standard deviation of mean(x) − mean(y).

    Shapes (n,) and (m,). Two independent samples: √(s²ₓ/n + s²_y/m), with no claim that the spreads are equal (Welch).
    ``paired=True``: the same subjects twice; the standard error of the mean of the differences, smaller where the two
    go together. Unit: that of x. Exact as ``standard_error_of_mean``. Differentiable. Raises ``InputError`` for pairs
    of unequal lengths.

    >>> float(standard_error_of_difference([1.0, 2.0, 3.0], [2.0, 3.0, 4.0], paired=True))
    0.0
    """
    xp, x, y = arrays(1, x=x, y=y)
    if paired:
        if x.shape != y.shape:
            raise InputError(f"x, y: expected pairs, got lengths {x.shape[0]} and {y.shape[0]}; align the rows")
        return standard_error_of_mean(x - y)
    return xp.sqrt(variance(x) / x.shape[0] + variance(y) / y.shape[0])


def _deviation(xp: Any, x: Array) -> Array:
    """x less its mean, the offset taken off first so that the mean itself costs no digits."""
    with np.errstate(invalid="ignore", over="ignore"):
        shifted = x - x[0, ...]
        return shifted - xp.mean(shifted, axis=0)


def scaled_deviation(xp: Any, x: Array) -> Array:
    """x less its mean, the largest about 1: squares of it neither overflow nor vanish. nan for a constant column.

    Shape ``(n,)``, kept.

    >>> scaled_deviation(np, np.array([0.0, 1.0, 2.0])).tolist()  # over the farthest from the first, then less the mean
    [-0.5, 0.0, 0.5]
    """
    with np.errstate(invalid="ignore"):
        shifted = x / 4 - x[0] / 4
        size = xp.max(xp.abs(shifted))
        shifted = shifted / xp.where(size > 0, size, xp.full_like(size, float("nan")))
        shifted = shifted - xp.mean(shifted)
        return shifted - xp.mean(shifted)


def _standardised(xp: Any, x: Array) -> Array:
    """Deviations in units of the population standard deviation; nan for a constant column."""
    deviation = scaled_deviation(xp, x)
    return deviation / xp.sqrt(xp.mean(deviation * deviation))


def _left(n: float, population: float | None) -> float:
    """The share of the population that the sample leaves open."""
    if population is None:
        return 1.0
    if not population >= n:
        raise InputError(f"population: expected at least the sample's {n}, got {population}; give the whole number")
    return 1 - n / population
