"""A classifier that tries to tell the rows of two tables apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tearless.core import InputError

from .two_sample import auc, gap_chance, largest_gap

Floats = NDArray[np.float64]
MOST_FEATURES = 128
"""Means and products that the classifier weighs at most: the strongest on the rows it learns from."""
LEAST_ROWS = 40
"""Rows of each table below which there is nothing to learn on one half and test on the other."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a classifier, learned on half the rows of two tables, tells apart on the other half.

    ``gap`` is the largest gap between the two distributions of its score, ``chance`` the chance of one as large in
    tables of one source; ``area`` the area under its ROC curve, with a 95 % interval. ``strongest`` holds the columns,
    two for a product, of the feature that weighs most, and ``before``, ``after`` its mean in either table: of a
    product, the correlation of the two columns' normal scores.

    Made by ``tell_apart``.
    """

    gap: float
    chance: float
    area: float
    interval: tuple[float, float]
    strongest: tuple[int, ...]
    before: float
    after: float


def tell_apart(first: Floats, second: Floats, groups: NDArray[np.int64], rng: np.random.Generator) -> Told:
    """Whether a classifier can tell the rows of two tables apart, on rows that it has not seen.

    Shapes ``(n, p)`` and ``(m, p)``, nan where a cell is empty; ``groups`` ``(p,)`` numbers the column that each entry
    comes from, so that the indicators of one column are not multiplied with one another. Each entry becomes its normal
    score among the rows of both tables, without looking at which table a row is of; the features are the scores and the
    products of two. The direction is Fisher's discriminant, ridged, over the features that stand out on the learning
    half, by more than √(2 ln features) standard errors, the most that chance lets them; where none does, over the 128
    strongest. As the testing half was not looked at, its scores are two samples of one distribution where the tables
    come from one source, and the chance is that of Kolmogorov and Smirnov (D. L. Donoho, I. M. Johnstone, Biometrika
    81, 1994, 425-455; D. Lopez-Paz, M. Oquab, ICLR 2017). Raises ``InputError`` for fewer than 40 rows or other shapes.

    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(2, 400, 2)) @ np.array([[[1, 0.8], [0, 0.6]], [[1, -0.8], [0, 0.6]]])
    >>> found = tell_apart(x, y, np.arange(2), rng)
    >>> found.strongest, found.chance < 1e-9, found.before > 0.7, found.after < -0.7
    ((0, 1), True, True, True)
    """
    n, m = len(first), len(second)
    if first.ndim != 2 or first.shape[1:] != second.shape[1:] or min(n, m) < LEAST_ROWS or not first.shape[1]:
        raise InputError(
            f"first, second: expected two tables of the same columns, {LEAST_ROWS} rows or more, got {first.shape} and "
            f"{second.shape}; leave the question out"
        )
    scores = np.column_stack([_normal_scores(column) for column in np.vstack([first, second]).T])
    halves = [rng.permutation(n), n + rng.permutation(m)]
    learn = [scores[rows[: len(rows) // 2]] for rows in halves]
    test = [scores[rows[len(rows) // 2 :]] for rows in halves]
    pairs = _most_different(learn[0], learn[1], groups)
    features = [_features(z, pairs) for z in learn]
    weights, share = _direction(features[0], features[1])
    score = [_features(z, pairs) @ weights for z in test]
    gap = largest_gap(*score)
    area, interval = auc(*score)
    top = pairs[int(np.argmax(share))]
    both = [float(_features(scores[np.sort(rows)], top[None, :]).mean()) for rows in halves]
    chance = gap_chance(gap.distance, len(test[0]), len(test[1]))
    strongest = tuple(int(j) for j in dict.fromkeys(top.tolist()) if j >= 0)
    return Told(gap.distance, chance, area, interval, strongest, both[0], both[1])


def _normal_scores(x: Floats) -> Floats:
    """The normal quantile of each value's middle rank, standardised; ties share one, an empty cell gets the mean, 0."""
    known = ~np.isnan(x)
    values, where, counts = np.unique(x[known], return_inverse=True, return_counts=True)
    out = np.zeros(len(x))
    if len(values) < 2:
        return out
    middle = special.ndtri((np.cumsum(counts) - counts / 2) / counts.sum())
    mean = np.average(middle, weights=counts)
    spread = np.sqrt(np.average((middle - mean) ** 2, weights=counts))
    out[known] = ((middle - mean) / spread)[where]
    return out


def _most_different(first: Floats, second: Floats, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The features whose means differ most for their spread: (i, j) for the product of two, (i, −1) for one alone."""
    p = first.shape[1]
    alone = _standing_out(first.mean(0), second.mean(0), first.var(0) / len(first) + second.var(0) / len(second))
    means = [z.T @ z / len(z) for z in (first, second)]
    squares = [(z * z).T @ (z * z) / len(z) for z in (first, second)]
    variance = [(s - a * a) / len(z) for s, a, z in zip(squares, means, (first, second), strict=True)]
    together = _standing_out(means[0], means[1], variance[0] + variance[1])
    i, j = np.triu_indices(p)
    allowed = (i == j) | (groups[i] != groups[j])
    i, j = i[allowed], j[allowed]
    strength = np.concatenate([alone, together[i, j]])
    pairs = np.column_stack([np.r_[np.arange(p), i], np.r_[np.full(p, -1), j]])
    order = np.argsort(-strength, kind="stable")[:MOST_FEATURES]
    standing_out = int((strength[order] >= np.sqrt(2 * np.log(len(strength)))).sum())
    return pairs[order[:standing_out]] if standing_out else pairs[order]


def _standing_out(a: Floats, b: Floats, variance: Floats) -> Floats:
    """|a − b| in standard errors; 0 where nothing varies."""
    return np.abs(a - b) / np.sqrt(np.where(variance > 1e-12, variance, np.inf))


def _features(z: Floats, pairs: NDArray[np.int64]) -> Floats:
    i, j = pairs.T
    return np.where(j >= 0, z[:, i] * z[:, np.maximum(j, 0)], z[:, i])


def _direction(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Fisher's discriminant with a ridge of the share of features to rows, and what each feature adds to the gap."""
    n, m = len(first), len(second)
    difference = second.mean(0) - first.mean(0)
    spread = np.sqrt((first.var(0) * n + second.var(0) * m) / (n + m))
    spread = np.where(spread > 1e-9, spread, np.inf)
    a, b = (first - first.mean(0)) / spread, (second - second.mean(0)) / spread
    within = (a.T @ a + b.T @ b) / (n + m)
    ridge = 0.01 + len(difference) / min(n, m)
    weights = np.linalg.solve(within + ridge * np.eye(len(difference)), difference / spread)
    return weights / spread, np.asarray(weights * difference / spread, dtype=np.float64)
