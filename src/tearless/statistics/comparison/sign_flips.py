"""The paired permutation test: if neither model is better, each item's difference might as well have the other sign."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive, whole
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.flip_interval import (
    ENUMERATED,
    Ends,
    ends_of_draws,
    ends_of_means,
    lattice_subset_means,
    meeting_ends,
    mixed_ends,
    random_subset_means,
    subset_means,
)
from tearless.statistics.comparison.flip_law import (
    COUNTED,
    LEAST,
    Counts,
    Mixed,
    grouped,
    halves,
    lattice_step,
    lattice_tail,
    meeting_tail,
    saddle_point_tail,
)
from tearless.statistics.estimate import Estimate, Floats, normal_quantile, plain

Route = Literal[
    "no difference", "lattice", "meeting in the middle", "random flips", "saddle point", "largest enumerated"
]
DRAWN = 100_000_000
"""Signs that the random route may draw: half a second."""
ROUNDING = 32 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class SignFlips:
    """The mean difference with its sign-flip test; how p was found, and the standard error of p where it was drawn.

    Made by ``sign_flips``. ``route``: "lattice" and "meeting in the middle" are exact; "random flips" has ``error``;
    "saddle point" and "largest enumerated" are approximations for many items, to about a thousandth of p.
    """

    difference: Difference
    route: Route
    error: float


def sign_flips(
    differences: Any,
    *,
    level: float = 0.95,
    resamples: int = 9_999,
    seed: int | np.random.Generator = 0,
    most: float | None = None,
    rounding: float | None = None,
) -> SignFlips:
    """The chance that the sum of the differences with random signs is at least as far from 0, with its interval.

    Shape (n,), finite, B less A item by item. R. A. Fisher, *The Design of Experiments*, 1935, section 21. Exact where
    the differences are multiples of one step (0/1 results, ratings, tenths) at almost any n, and for up to 36 real
    ones; else from ``resamples`` random flips, (1 + k)/(1 + B); above 10⁸ signs by a saddle point. Sums within
    ``rounding`` an item (default 32 ulp of the largest difference) are equal. The interval inverts the same test, so
    both agree about 0: see ``flip_interval``. It is infinite where n is too small for any p below 1 − level. Where all
    differences are one value c ≠ 0 it reaches half of c to each side, for no finer step was seen, or as far as a share
    of items too rare to have shown itself would move the mean; where all are 0 only that bounds it, and only with
    ``most``, the largest difference there can be. Raises ``InputError`` for bad input.

    >>> darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]  # eighths of an inch; Fisher's figure
    >>> found = sign_flips(darwin)
    >>> round(found.difference.p * 2**15), found.route
    (1726, 'lattice')
    """
    d = plain(differences, "differences")
    alpha = 1 - level
    normal_quantile(level)
    whole(resamples, "resamples", least=99)
    most = math.inf if most is None else positive(most, "most")
    n, size = len(d), float(np.abs(d).max())
    if size > most * (1 + 1e-9):
        raise InputError(f"most: expected at least the largest difference {size:.6g}, got {most:.6g}; give the range")
    tiny = size * ROUNDING if rounding is None else rounding
    if size <= tiny:
        return _no_difference(n, level, most)
    x, tiny = d / size, tiny / size
    x[np.abs(x) <= tiny] = 0.0
    mean = _mean(x)
    spread = float(np.std(x - mean, ddof=1)) / math.sqrt(n) * size if n > 1 else math.nan
    if float(x.max() - x.min()) <= 2 * tiny:
        p, ends, route, error = _alike(mean, n, alpha, most / size)
    else:
        p, ends, route, error = _tested(x, mean, alpha, tiny, resamples, seed)
    low, high = _agreeing(p, alpha, mean, ends)
    low, high = max(-most, low * size), min(most, high * size)
    test = "sign-flip" if not error else f"sign-flip, {resamples:,} random flips"
    estimate = Estimate(mean * size, spread, min(low, mean * size), max(high, mean * size), level)
    return SignFlips(Difference(estimate, p, test, "inverted sign flips"), route, error)


Tested = tuple[float, Ends, Route, float]


def _mean(x: Floats) -> float:
    first = float(x.mean())
    return first + float((x - first).mean())


def _no_difference(n: int, level: float, most: float) -> SignFlips:
    """All differences are 0: more than a share 1 − α^(1/n) of items that differ would have shown itself."""
    reach = most if math.isinf(most) else most * -math.expm1(math.log1p(-level) / n)
    estimate = Estimate(0.0, 0.0 if n > 1 else math.nan, -reach, reach, level)
    words = "no bound on a difference unseen" if math.isinf(reach) else "items unseen that differ by the most possible"
    return SignFlips(Difference(estimate, 1.0, "sign-flip", words), "no difference", 0.0)


def _alike(value: float, n: int, alpha: float, most: float) -> Tested:
    """One value c throughout: half of it to each side, or less where few items unseen can lie that far off."""
    p = max(LEAST, 2.0 ** (1 - min(n, 1020)))
    if p > alpha:
        return p, (-math.inf, math.inf), "lattice", 0.0
    half, unseen = abs(value) / 2, -math.expm1(math.log(alpha / 2) / n)
    return p, (value - min(half, unseen * (most + value)), value + min(half, unseen * (most - value))), "lattice", 0.0


def _tested(
    x: Floats, mean: float, alpha: float, tiny: float, resamples: int, seed: int | np.random.Generator
) -> Tested:
    found = _on_lattice(x, mean, alpha, tiny)
    if found is not None:
        return found
    towards = x if mean >= 0 else -x
    no_sum = abs(mean) <= tiny
    n = len(x)
    if n <= 4096:
        values, counts = grouped(towards, tiny)
        mine, few = halves(counts)
        if few:
            p = 1.0 if no_sum else min(1.0, 2 * meeting_tail(values, counts, mine, n * tiny))
            return p, _met(grouped(x, tiny), mean, alpha, n * tiny), "meeting in the middle", 0.0
    if n * resamples <= DRAWN:
        low, high = random_subset_means(x, resamples, np.random.default_rng(seed))
        beyond = low <= tiny if mean > 0 else high >= -tiny
        p = 1.0 if no_sum else (1 + int(np.count_nonzero(beyond))) / (1 + resamples)
        return p, ends_of_draws(low, high, alpha), "random flips", math.sqrt(p * (1 - p) / resamples) or 1 / resamples
    return _smooth(x, mean, alpha)


def _on_lattice(x: Floats, mean: float, alpha: float, tiny: float) -> Tested | None:
    """The exact route where all differences are multiples of a step and the sums are few enough to count."""
    sizes = np.abs(x[x != 0])
    distinct = np.unique(sizes) if len(sizes) < 100_000 else np.unique(sizes[:: len(sizes) // 50_000])
    step = lattice_step(distinct, tiny) if len(distinct) <= 100_000 else None
    if step is None:
        return None
    steps = np.rint(x / step)
    if float(np.abs(x - steps * step).max()) > tiny or float(np.abs(steps).max()) > 1e6:
        return None
    k: Counts = steps.astype(np.int64)
    total, occurring = abs(int(k.sum())), np.bincount(np.abs(k))
    which = np.flatnonzero(occurring[1:]) + 1
    tail = 0.5 if total == 0 else lattice_tail(which, occurring[which], total)
    if tail is None:
        return None
    n, span = len(k), int(np.abs(k).sum())
    if n * (n + 1) * (span + 1) <= COUNTED:
        low, high = ends_of_means(*lattice_subset_means(k), alpha)
        ends = low * step, high * step
    else:
        low, high = mixed_ends(x - mean, alpha)
        ends = mean + low, mean + high
    return min(1.0, 2 * tail), ends, "lattice", 0.0


def _met(groups: tuple[Floats, Counts], mean: float, alpha: float, tolerance: float) -> Ends:
    values, counts = groups
    if float(np.log2(counts + 1.0).sum()) <= math.log2(ENUMERATED):
        return ends_of_means(*subset_means(values, counts), alpha)
    low, high = meeting_ends(values - mean, counts, halves(counts)[0], alpha, tolerance)
    return mean + low, mean + high


def _smooth(x: Floats, mean: float, alpha: float) -> Tested:
    """For many items: a large one that dominates is enumerated, else the saddle point sees to the far tail."""
    low, high = mixed_ends(x - mean, alpha)
    law = Mixed.of(x - mean if mean >= 0 else mean - x)
    tail = law.tail(abs(mean)) if len(law.large) else saddle_point_tail(x)
    route: Route = "largest enumerated" if len(law.large) else "saddle point"
    return min(1.0, max(LEAST, 2 * tail)), (mean + low, mean + high), route, 0.0


def _agreeing(p: float, alpha: float, mean: float, ends: Ends) -> Ends:
    """The ends moved by what rounding or approximation put between them and 0, which p decides."""
    low, high = ends
    if p > alpha:
        return min(low, 0.0, mean), max(high, 0.0, mean)
    return (max(low, 1e-9 * mean), max(high, mean)) if mean > 0 else (min(low, mean), min(high, 1e-9 * mean))
