"""Whether one mean score is above another: the same items scored twice, or different items."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import ndtr, stdtr

from tearless.core import InputError
from tearless.linear_algebra.arrays import whole
from tearless.statistics.bootstrap import Bootstrap, bootstrap, bootstrap_counts
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.flip_law import LEAST
from tearless.statistics.comparison.relabelling import relabelled
from tearless.statistics.comparison.sign_flips import sign_flips
from tearless.statistics.estimate import Estimate, Floats, normal_quantile, of_one_length, plain, student_quantile

Paired = Literal["sign-flip", "t", "bca"]
Unpaired = Literal["welch", "permutation"]
RESAMPLED = 100_000_000
"""Rows that the bootstrap may draw; above, the law of a mean is near enough to its expansion."""
ROUNDING = 32 * float(np.finfo(np.float64).eps)


def compare_means_paired(
    a: Any,
    b: Any,
    *,
    method: Paired = "sign-flip",
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
    resamples: int = 9_999,
    seed: int | np.random.Generator = 0,
) -> Difference:
    """The mean of b less that of a, scores of the same items in the same order.

    Shapes (n,), finite. ``"sign-flip"``: the paired permutation test with the interval that inverts it, exact under
    symmetry of the differences, see ``sign_flips``. ``"t"``: Student's t of the differences. ``"bca"``: the bootstrap
    of their mean (by counts where they take at most 50 values, by its expansion above 10⁸ rows to draw), p by inverting
    its interval. ``bounds`` are the lowest and the highest score there can be; 0 and 1 where every score is one of
    these. Where all differences are alike t and bca have nothing to go by and the sign flips answer. Raises
    ``InputError`` for scores out of bounds, unequal lengths, holes.

    >>> a, b = [0.61, 0.70, 0.55, 0.64, 0.58, 0.66], [0.63, 0.75, 0.58, 0.65, 0.62, 0.72]
    >>> print(compare_means_paired(a, b))  # all six better: 2 of the 64 sign patterns
    0.035 (0.01 to 0.06), p = 0.0312 by sign-flip
    """
    _one_of(method, get_args(Paired), "method")
    x, y = plain(a, "a"), plain(b, "b")
    of_one_length(a=x, b=y)
    normal_quantile(level)
    most = _range(x, y, bounds)
    d = _less(x, y)
    rounding = ROUNDING * max(float(np.abs(x).max()), float(np.abs(y).max()))
    if method == "sign-flip" or len(d) < 2 or float(d.max() - d.min()) <= 2 * rounding:
        flips = sign_flips(
            d, level=level, resamples=resamples, seed=seed, most=None if math.isinf(most) else most, rounding=rounding
        )
        return flips.difference
    return _student(d, level, most) if method == "t" else _resampled(d, level, most, resamples, seed)


def compare_means_unpaired(
    a: Any,
    b: Any,
    *,
    method: Unpaired = "welch",
    level: float = 0.95,
    bounds: tuple[float, float] | None = None,
    resamples: int = 9_999,
    seed: int | np.random.Generator = 0,
) -> Difference:
    """The mean of b less that of a, scores of different items.

    Shapes (n,) and (m,), finite. ``"welch"``: t with both spreads apart and Welch's degrees of freedom (B. L. Welch,
    Biometrika 34, 1947, 28-35), which needs two items a side. ``"permutation"``: the labels shuffled, all ways up to
    100,000, else ``resamples`` random ones, else their normal limit; exact if both laws are one but for a shift, see
    ``relabelling``. ``bounds`` as in ``compare_means_paired``. Where no side has a spread the labels answer, and the
    interval reaches half the difference to each side. Raises ``InputError`` as there.

    >>> print(compare_means_unpaired([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]))  # 3 / sqrt(1/3 + 1/3) on 4 degrees
    3 (0.733 to 5.267), p = 0.0213 by Welch's t
    """
    _one_of(method, get_args(Unpaired), "method")
    whole(resamples, "resamples", least=99)
    x, y = plain(a, "a"), plain(b, "b")
    normal_quantile(level)
    most = _range(x, y, bounds)
    size = max(float(np.abs(x).max()), float(np.abs(y).max())) or 1.0
    x, y = x / size, y / size
    n, m = len(x), len(y)
    value = float(y.mean() - x.mean())
    parts = [float(s.var(ddof=1)) / len(s) if len(s) > 1 else math.nan for s in (x, y)]
    error = math.sqrt(sum(parts))
    flat = max(float(s.max() - s.min()) for s in (x, y)) <= 2 * ROUNDING
    if method == "welch" and not flat:
        freedom = _welch_freedom(parts, n, m)
        p = 1.0 if freedom < 1 else max(LEAST, float(2 * stdtr(freedom, -abs(value) / error)))
        reach = student_quantile(level, freedom) * error if freedom >= 1 else math.inf
        return _difference(value, error, (value - reach, value + reach), p, "Welch's t", "Welch's t", size, most, level)
    p, ends, how = relabelled(x, y, level, resamples, seed)
    if flat:
        half = math.inf if p > 1 - level or abs(value) <= ROUNDING else abs(value) / 2
        ends = value - half, value + half
    elif p > 1 - level:
        ends = min(ends[0], 0.0), max(ends[1], 0.0)
    else:
        ends = (max(ends[0], 1e-9 * value), ends[1]) if value > 0 else (ends[0], min(ends[1], 1e-9 * value))
    return _difference(value, error, ends, p, f"permutation, {how}", "inverted permutation", size, most, level)


def _welch_freedom(parts: list[float], n: int, m: int) -> float:
    """(s²₁/n + s²₂/m)² / (s⁴₁/n²(n−1) + s⁴₂/m²(m−1)); 0 where a side is one item, whose spread nobody knows."""
    if min(n, m) < 2:
        return 0.0
    return (parts[0] + parts[1]) ** 2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (m - 1))


def _student(d: Floats, level: float, most: float) -> Difference:
    n, size = len(d), float(np.abs(d).max())
    x = d / size
    value, error = float(x.mean()), float(x.std(ddof=1)) / math.sqrt(len(x))
    p = max(LEAST, float(2 * stdtr(n - 1, -abs(value) / error)))
    reach = student_quantile(level, n - 1) * error
    return _difference(value, error, (value - reach, value + reach), p, "paired t", "paired t", size, most, level)


def _resampled(d: Floats, level: float, most: float, resamples: int, seed: int | np.random.Generator) -> Difference:
    whole(resamples, "resamples", least=99)
    size = float(np.abs(d).max())
    x = d / size
    found = _bootstrap_of_mean(x, resamples, seed)
    value, n = float(x.mean()), len(x)
    if found is None:
        error = float(x.std()) / math.sqrt(n)
        z0 = acceleration = float(((x - value) ** 3).mean()) / (6 * float(x.std()) ** 3 * math.sqrt(n))
    else:
        error, z0, acceleration = found.estimate.standard_error, found.z0, found.acceleration
        replicates = np.sort(found.replicates)

    def end(z: float) -> float:
        shifted = z0 + z
        normal = z0 + shifted / (1 - acceleration * shifted)
        if found is None:
            return value + error * (normal + acceleration * (normal**2 - 1))
        return float(np.interp(float(ndtr(normal)) * (resamples - 1), np.arange(resamples), replicates))

    z = normal_quantile(level)
    sign = 1.0 if value > 0 else -1.0
    low, high = 0.0, 37.0 if found is None else normal_quantile(1 - 1 / (1 + resamples))
    if sign * end(-sign * high) > 0:
        low = high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if sign * end(-sign * middle) > 0 else (low, middle)
    p = 1.0 if value == 0 else min(1.0, max(LEAST, float(2 * ndtr(-low))))
    ends = min(end(-z), value), max(end(z), value)
    words = "bca bootstrap" if found is not None else "bca bootstrap, expanded"
    return _difference(value, error, ends, p, words, words, size, most, level)


def _bootstrap_of_mean(x: Floats, resamples: int, seed: int | np.random.Generator) -> Bootstrap | None:
    values, counts = np.unique(x, return_counts=True)
    if len(values) <= 50:
        n = len(x)
        return bootstrap_counts(lambda c: c @ values / n, counts, resamples=resamples, seed=seed)
    if len(x) * resamples > RESAMPLED:
        return None
    return bootstrap(lambda d: d.mean(axis=-1), x, resamples=resamples, seed=seed)


def _difference(
    value: float,
    error: float,
    ends: tuple[float, float],
    p: float,
    test: str,
    interval: str,
    size: float,
    most: float,
    level: float,
) -> Difference:
    """In the unit of the scores, within what is possible."""
    low, high = max(-most, ends[0] * size), min(most, ends[1] * size)
    value *= size
    return Difference(Estimate(value, error * size, min(low, value), max(high, value), level), p, test, interval)


def _range(x: Floats, y: Floats, bounds: tuple[float, float] | None) -> float:
    """The largest difference of two scores that there can be; inf where nobody knows."""
    if bounds is None:
        binary = all(bool(((s == 0) | (s == 1)).all()) for s in (x, y))
        return 1.0 if binary else math.inf
    low, high = bounds
    least, largest = float(min(x.min(), y.min())), float(max(x.max(), y.max()))
    if not (low < high and low <= least and largest <= high):
        raise InputError(f"bounds: expected to hold all scores, {least:.6g} to {largest:.6g}, got {bounds}; widen them")
    return float(high - low)


def _less(x: Floats, y: Floats) -> Floats:
    with np.errstate(over="ignore"):
        d = y - x
    if not np.isfinite(d).all():
        raise InputError("a, b: expected differences that fit a float, got an infinite one; divide all scores by 1e10")
    return d


def _one_of(value: str, names: tuple[str, ...], name: str) -> None:
    if value not in names:
        raise InputError(f"{name}: expected one of {names}, got {value!r}; name one of them")
