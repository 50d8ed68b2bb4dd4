"""Scores of predicted numbers, each with its standard error and an interval.

Errors have no upper bound and a long tail: intervals are on the scale of logarithms, so they stay above 0 (below 1 for
R²) and lean to the side of the tail. Where no row has any error there is no upper end: the rows do not say how large an
error is when one comes.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, arrays
from tearless.statistics.estimate import Estimate, Floats, of_one_length, plain, student_quantile
from tearless.statistics.score_intervals import ROUNDING, of_positive_mean


def mean_squared_error(truth: Any, predicted: Any, *, level: float = 0.95) -> Estimate:
    """The mean of (y − ŷ)², in the unit of y squared; standard error s/√n of the rows' squares.

    Shapes (n,), finite. Interval value·exp(±t·se/value) with Student's t of n − 1; one row has none. For normal errors
    it covers 94 % of the time at 50 rows; a few very large errors to come are in no sample's interval. Errors all
    alike, to within rounding, set no upper end. Raises ``InputError`` as ``plain``.

    >>> print(mean_squared_error([1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 3.0, 2.0]))
    1.25 (0.1123 to 13.91)
    """
    y, p = _pair(truth, predicted)
    with np.errstate(over="ignore"):
        sizes = np.abs(y - p)
        rounding = 2 * float(sizes.max()) * _rounding(y, p)
        return of_positive_mean(sizes**2, level, _reach(level, len(y)), rounding)


def root_mean_squared_error(truth: Any, predicted: Any, *, level: float = 0.95) -> Estimate:
    """The square root of the mean squared error, in the unit of y; interval: the roots of that one's ends.

    The standard error is that of the mean square over twice the root (delta method); 0 without errors. Shapes and
    errors as ``mean_squared_error``.

    >>> root_mean_squared_error([1.0, 2.0, 3.0, 4.0], [1.0, 5.0, 3.0, 0.0]).value  # sqrt((9 + 16) / 4)
    2.5
    """
    squared = mean_squared_error(truth, predicted, level=level)
    value = math.sqrt(squared.value)
    error = squared.standard_error / (2 * value) if value > 0 else squared.standard_error
    return Estimate(value, error, math.sqrt(squared.low), math.sqrt(squared.high), level)


def mean_absolute_error(truth: Any, predicted: Any, *, level: float = 0.95) -> Estimate:
    """The mean of |y − ŷ|, in the unit of y; standard error s/√n; interval as ``mean_squared_error``.

    >>> mean_absolute_error([1.0, 2.0, 3.0, 4.0], [1.0, 5.0, 3.0, 3.0]).value
    1.0
    """
    y, p = _pair(truth, predicted)
    return of_positive_mean(np.abs(y - p), level, _reach(level, len(y)), _rounding(y, p))


def r_squared(truth: Any, predicted: Any, *, level: float = 0.95) -> Estimate:
    """R² with its uncertainty on these rows: 1 − Σ(y − ŷ)²/Σ(y − ȳ)², the share of y's variance that is predicted.

    At most 1; below 0 for predictions worse than the mean of these rows. The share left over, ρ = 1 − R², is a ratio of
    two means; each row moves it by ((y − ŷ)² − ρ(y − ȳ)²)/mean (y − ȳ)², whose spread gives the standard error. The
    interval is ρ·exp(±t·se/ρ), so R² stays below 1. Shapes (n,), n ≥ 2, finite. Where y never changes: 1 if predicted
    exactly, else 0, and no interval. Raises ``InputError`` as ``plain``.

    >>> round(r_squared([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 3.0]).value, 12)  # 1 - 1/5
    0.8
    """
    y, p = _pair(truth, predicted)
    if y.min() == y.max():
        return Estimate(float((y == p).all()), math.nan, -math.inf, 1.0, level)
    value = float(coefficient_of_determination(y, p))
    left, n = 1 - value, len(y)
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = y - y[0]
        size = np.abs(shifted).max()
        squares = (shifted / size - (shifted / size).mean()) ** 2
        influence = (((y - p) / size) ** 2 - left * squares) / squares.mean()
        error = float(influence.std(ddof=1)) / math.sqrt(n)
    if left <= 0 or not ROUNDING * left < error < math.inf:
        return Estimate(value, error, -math.inf, 1.0, level)
    reach = min(_reach(level, n) * error / left, 700.0)
    return Estimate(value, error, 1 - left * math.exp(reach), 1 - left * math.exp(-reach), level)


def coefficient_of_determination(truth: Any, predicted: Any) -> Array:
    """R² alone, 1 − Σ(y − ŷ)²/Σ(y − ȳ)², in the library of the arrays.

    Shapes (n,). nan where y never changes, or where nan or inf came. Differentiable. Raises ``InputError`` for unequal
    lengths.

    >>> float(coefficient_of_determination([0.0, 2.0], [1.0, 2.0]))  # 1 - 1/2
    0.5
    """
    xp, y, p = arrays(1, truth=truth, predicted=predicted)
    of_one_length(truth=y, predicted=p)
    with np.errstate(invalid="ignore", over="ignore"):
        shifted = y - y[0]
        size = xp.max(xp.abs(shifted))
        size = xp.where(size > 0, size, xp.full_like(size, float("nan")))
        shifted = shifted / size
        spread = xp.sum((shifted - xp.mean(shifted)) ** 2)
        left = xp.sum(((y - p) / size) ** 2)
        return 1 - left / xp.where(spread > 0, spread, xp.full_like(spread, float("nan")))


def _pair(truth: Any, predicted: Any) -> tuple[Floats, Floats]:
    y, p = plain(truth, "truth"), plain(predicted, "predicted")
    of_one_length(truth=y, predicted=p)
    return y, p


def _rounding(y: Floats, p: Floats) -> float:
    """How far a difference of the two may be off for the rounding of each, in reading and in subtracting."""
    return 2 * float(np.finfo(np.float64).eps) * max(float(np.abs(y).max()), float(np.abs(p).max()))


def _reach(level: float, n: int) -> float:
    if not 0 < level < 1:
        raise InputError(f"level: expected a confidence between 0 and 1, got {level}; 0.95 is usual")
    return student_quantile(level, n - 1)
