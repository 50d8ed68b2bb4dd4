"""Whether a column groups items whose differences go together: the chance of it, and what it does to the variance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammaincc

from tearless.core import InputError
from tearless.linear_algebra.arrays import whole
from tearless.statistics.comparison.cluster_spread import cluster_codes, of_codes
from tearless.statistics.comparison.judged import Judged
from tearless.statistics.estimate import Floats, of_one_length, plain

TELLING_PAIRS = 50
"""Pairs of items that count and share a group, expected by chance, from which on their sum has its limit law."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """How values go together in groups.

    ``p`` is the chance that values put into the groups at random vary as much between them; ``design_effect`` how many
    times larger the variance of the mean is than that of independent items.

    >>> grouping([1.0] * 6 + [0.0] * 6, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]).groups
    4
    """

    p: float
    design_effect: float
    groups: int


def grouping(values: Any, groups: Any, *, draws: int = 999, seed: int = 0) -> Grouping:
    """How far values that share a group go together: the permutation test of Σ (sum of a group's deviations)².

    Shapes (n,): finite numbers and labels. Where few values differ from the commonest, or few share a group, the values
    are drawn into the groups ``draws`` times, p = (1 + k)/(1 + draws); else a gamma law with the mean and variance that
    the sum has over all permutations. Where the variance is below that of independent items p is 1 without drawing:
    more than the chance, never less. Raises ``InputError`` for fewer than two groups.

    >>> found = grouping([1.0] * 6 + [0.0] * 6, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4])
    >>> found.p < 0.05, round(found.design_effect, 3)
    (True, 3.667)
    """
    x, codes = plain(values, "values"), cluster_codes(groups)
    of_one_length(values=x, groups=codes)
    whole(draws, "draws", least=99)
    found = of_codes(x, codes)
    effect = found.design_effect
    if not effect > 1:
        return Grouping(1.0, effect, found.clusters)
    sizes = np.bincount(codes).astype(np.float64)
    common = _commonest(x)
    apart = x[x != common] - common
    together = float((sizes * (sizes - 1)).sum())
    n, scale = len(x), float(np.abs(apart).max())
    apart = apart / scale
    pairs = (len(apart) / n) ** 2 * together / 2
    if len(apart) <= 2 * draws or pairs < TELLING_PAIRS:
        p = _drawn(x, codes, sizes, apart, common, scale, draws, np.random.default_rng(seed))
    else:
        p = _by_moments((x - x.mean()) / scale, codes, together)
    return Grouping(p, effect, found.clusters)


def row_differences(found: Judged, a: str, b: str) -> Floats:
    """B less A item by item, (n,): of the scores, or of the influence of each item on a metric of all.

    Raises ``InputError`` as the metric does, and where the two have no items in common.

    >>> scores = {"A": np.array([0.0, 1.0]), "B": np.array([1.0, 1.0])}
    >>> row_differences(Judged("accuracy", "share", False, scores, {}, {}, {}), "A", "B").tolist()
    [1.0, 0.0]
    """
    if found.metric is None:
        if len(found.scores[a]) != len(found.scores[b]):
            raise InputError("models: expected the same items for both, got different numbers; join them by an id")
        return np.asarray(found.scores[b] - found.scores[a], dtype=np.float64)
    options = found.options or {}
    first, second = (found.metric.influence(found.truth[m], found.predicted[m], **options) for m in (a, b))
    return np.asarray(second.psi - first.psi, dtype=np.float64)


def group_codes(column: pl.Series) -> Floats:
    """Each row's group as a number, (n,); a row without one is a group by itself.

    >>> group_codes(pl.Series(["b", "a", None, "b", None])).tolist()
    [2.0, 1.0, -1.0, 2.0, -2.0]
    """
    ranked = column if column.dtype.is_numeric() else column.cast(pl.String)
    codes = ranked.rank("dense").cast(pl.Float64).to_numpy().copy()
    holes = column.is_null().to_numpy()
    codes[holes] = -1.0 - np.arange(int(holes.sum()))
    return np.asarray(codes, dtype=np.float64)


def _commonest(x: Floats) -> float:
    names, counts = np.unique(x, return_counts=True)
    return float(names[int(np.argmax(counts))])


def _spread(sums: NDArray[Any], sizes: Floats, mean: float) -> float:
    left = sums - sizes * mean
    return float(left @ left)


def _drawn(
    x: Floats,
    codes: NDArray[np.int64],
    sizes: Floats,
    apart: Floats,
    common: float,
    scale: float,
    draws: int,
    rng: np.random.Generator,
) -> float:
    """Only the values that differ from the commonest are drawn: what they leave is the same everywhere."""
    n, mean = len(x), float(apart.sum()) / len(x)
    seen = _spread(np.bincount(codes, weights=(x - common) / scale, minlength=len(sizes)), sizes, mean)
    beyond = 0
    for _ in range(draws):
        places = codes[rng.choice(n, len(apart), replace=False)]
        drawn = _spread(np.bincount(places, weights=apart, minlength=len(sizes)), sizes, mean)
        beyond += drawn >= seen * (1 - 1e-12)
    return (1 + beyond) / (1 + draws)


def _by_moments(deviation: Floats, codes: NDArray[np.int64], together: float) -> float:
    """Σ S² = Σ x² + Σ over pairs in a group: mean exact over permutations, variance but for terms of order 1/n."""
    n = len(deviation)
    sums = np.bincount(codes, weights=deviation)
    square = float(deviation @ deviation)
    mean = square * (1 - together / (n * (n - 1)))
    variance = 2 * (square / n) ** 2 * together
    shape = mean**2 / variance
    return max(float(gammaincc(shape, shape * float(sums @ sums) / mean)), math.ulp(0.0))
