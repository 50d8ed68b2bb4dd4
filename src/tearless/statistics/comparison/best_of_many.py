"""The best of many models on one test set looks better than it is; by how much, and which could as well be the best.

``scores`` has shape (n, k): a row for each item, a column for each model, higher is better. The law of all k means
together comes from random signs on each item's row of deviations (a wild bootstrap with its own spread in each draw),
which keeps the models' correlation; above 10⁸ signs from the normal law with the seen correlation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from tearless.core import InputError
from tearless.linear_algebra.arrays import whole
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.estimate import Estimate, Floats, normal_quantile, plain

DRAWN = 100_000_000


@dataclass(frozen=True, slots=True)
class BestOfMany:
    """The model with the highest mean, and what choosing it among many adds to its score.

    Made by ``best_of_many``: ``best`` is its column, ``seen`` its mean. ``optimism``: how far the best of k models that
    are all equal, as correlated as these, stands above the truth. ``bias``: what choosing adds to the score of the one
    chosen, on average, estimated by choosing again among models that differ as much as these do beyond noise.
    ``corrected``: the best's score less that bias, but at least the mean of all models: luck draws the winner's score
    away from the mean of the models, so that taking it off leads back to the mean and not beyond; a lead below the
    usual luck tells of too little luck, not of a bad model. ``as_good``: the columns that cannot be told from the best,
    best first (model confidence set); ``p`` (k,) is the chance behind each, 1 for the last that would go.
    """

    best: int
    seen: float
    optimism: float
    bias: float
    corrected: float
    as_good: tuple[int, ...]
    p: Floats


def optimism_of_best(models: int, items: int, share: float) -> float:
    """How far the best of equal, independent models stands above their common share of right answers, on average.

    E max of ``models`` binomial shares of ``items`` less ``share``: Σ (1 − F(x)^k)/n − share. Exact to rounding. It is
    the most that correlated models of this share reach, roughly (pairs of right answers go together on shared items).
    Raises ``InputError`` for a share outside 0..1.

    >>> [round(100 * optimism_of_best(k, 200, 0.75), 1) for k in (1, 5, 10, 20)]  # points above the truth
    [0.0, 3.5, 4.6, 5.6]
    """
    whole(models, "models")
    whole(items, "items")
    if not 0 <= share <= 1:
        raise InputError(f"share: expected a chance between 0 and 1, got {share}; 0.75 is 75 %")
    deviation = math.sqrt(items * share * (1 - share))
    low = max(0, math.floor(items * share - 40 * deviation) - 5)
    high = min(items, math.ceil(items * share + 40 * deviation) + 5)
    x = np.arange(low, high)
    above = betainc(x + 1.0, items - x, share)
    every = -np.expm1(models * np.log1p(-np.minimum(above, 1 - 1e-16)))
    return float((every.sum() + low) / items - share) if models > 1 else 0.0


def best_of_many(
    scores: Any, *, level: float = 0.95, resamples: int = 9_999, seed: int | np.random.Generator = 0
) -> BestOfMany:
    """Which model is best, how much of that is choice, and which others could be.

    The confidence set drops the worst while the largest standardised distance of a mean below the mean of those left is
    larger than chance has it (P. R. Hansen, A. Lunde, J. M. Nason, Econometrica 79, 2011, 453-497, T_max): it holds the
    best with confidence ``level``, for many items. Raises ``InputError`` for fewer than two models or items.

    >>> rng = np.random.default_rng(0)
    >>> right = rng.random((400, 3)) < [0.9, 0.9, 0.5]
    >>> found = best_of_many(right)
    >>> sorted(found.as_good), 0 < found.optimism < 0.02
    ([0, 1], True)
    """
    table = _table(scores)
    normal_quantile(level)
    means = table.mean(axis=0)
    drawn, _ = _draws(table - means, resamples, np.random.default_rng(seed))
    drawn = drawn - drawn.mean(axis=1, keepdims=True)
    best = int(np.argmax(means))
    optimism = float(drawn.max(axis=1).mean())
    chosen = np.argmax(_likely_truth(means, drawn) + drawn, axis=1)
    bias = max(0.0, float(drawn[np.arange(len(drawn)), chosen].mean()))
    p = _set_chances(means, drawn)
    held = np.flatnonzero(p > 1 - level)
    as_good = tuple(int(i) for i in held[np.argsort(-means[held], kind="stable")])
    seen = float(means[best])
    corrected = max(seen - bias, min(seen, float(means.mean())))
    return BestOfMany(best, seen, optimism, bias, corrected, as_good, p)


def compare_with_reference(
    scores: Any, reference: int, *, level: float = 0.95, resamples: int = 9_999, seed: int | np.random.Generator = 0
) -> tuple[Difference, ...]:
    """Every model less the reference, with p and intervals that hold for all of them at once (max-t).

    One result for each column but the reference, in order. p is the chance that the largest of all |t| is at least this
    |t| where no model differs, (1 + k)/(1 + B) from the draws; the intervals reach as many standard errors as that
    largest |t| has at ``level``: p and interval agree about 0 (P. H. Westfall and S. S. Young, *Resampling-Based
    Multiple Testing*, 1993, section 2.3, single step). The winner's corrected p is the one of its column. For n in the
    tens; a column whose differences do not vary has p = 1 and no bound, or one draw's p if they all are one value.
    Raises ``InputError`` as ``best_of_many``, and for a column that is none.

    >>> rng = np.random.default_rng(1)
    >>> right = rng.random((300, 4)) < [0.6, 0.6, 0.6, 0.9]
    >>> [d.sure for d in compare_with_reference(right, 0)]
    [False, False, True]
    """
    table = _table(scores)
    n, k = table.shape
    whole(reference, "reference", least=0, most=k - 1)
    normal_quantile(level)
    d = np.delete(table, reference, axis=1) - table[:, [reference]]
    means, errors = d.mean(axis=0), d.std(axis=0, ddof=1) / math.sqrt(n)
    flat = errors <= 1e-14 * np.abs(table).max()
    alpha, bound = 1 - level, _bound(table)
    largest = np.zeros(0)
    if not flat.all():
        moving = d[:, ~flat] - means[~flat]
        drawn, spread = _draws(moving, resamples, np.random.default_rng(seed))
        largest = np.sort(np.abs(drawn / spread).max(axis=1))
    out = []
    for mean, error, same in zip(means.tolist(), errors.tolist(), flat.tolist(), strict=True):
        if same:
            out.append(_flat(mean, n, len(means), level, bound))
            continue
        beyond = len(largest) - int(np.searchsorted(largest, abs(mean) / error * (1 - 1e-12), side="left"))
        p = (1 + beyond) / (1 + resamples)
        reach = _reach(largest, alpha) * error
        low, high = (mean - reach, mean + reach)
        if p > alpha:
            low, high = min(low, 0.0), max(high, 0.0)
        estimate = Estimate(mean, error, max(-bound, low), min(bound, high), level)
        out.append(Difference(estimate, p, "max-t, all models at once", "max-t, all models at once"))
    return tuple(out)


def _likely_truth(means: Floats, drawn: Floats) -> Floats:
    """The means drawn together until their variance is what the noise leaves of it; all equal if it leaves none."""
    noise = float((drawn - drawn.mean(axis=1, keepdims=True)).var(axis=1, ddof=1).mean())
    seen = float(means.var(ddof=1))
    kept = math.sqrt(max(0.0, 1 - noise / seen)) if seen > 0 else 0.0
    return np.asarray(means.mean() + kept * (means - means.mean()), dtype=np.float64)


def _reach(largest: Floats, alpha: float) -> float:
    """The t at which p is still above α: no |t| below it is told from 0."""
    keep = math.floor(alpha * (1 + len(largest)))
    return float(largest[len(largest) - keep]) if keep >= 1 else math.inf


def _flat(mean: float, n: int, models: int, level: float, bound: float) -> Difference:
    """All items differ by one value: 2 of the 2ⁿ sign patterns, times the number of models."""
    p = min(1.0, models * 2.0 ** (1 - min(n, 1000))) if mean else 1.0
    half = math.inf if p > 1 - level else abs(mean) / 2
    if mean == 0 and math.isfinite(bound):
        half = -bound * math.expm1(math.log((1 - level) / models) / n)
    estimate = Estimate(mean, 0.0, max(-bound, mean - half), min(bound, mean + half), level)
    return Difference(estimate, p, "sign-flip, times the models", "items unseen")


def _table(scores: Any) -> Floats:
    table = plain(scores, "scores", ndim=2)
    if min(table.shape) < 2:
        raise InputError(f"scores: expected two items and two models or more, got shape {table.shape}; add some")
    return table


def _bound(table: Floats) -> float:
    return 1.0 if bool(((table == 0) | (table == 1)).all()) else math.inf


def _draws(deviations: Floats, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Means of the deviations with random signs, an item's row together, and each draw's own standard errors.

    Shapes (draws, k). Σ over items of the squares is the same in all draws, so an error follows from its mean.
    """
    n, k = deviations.shape
    whole(draws, "resamples", least=99)
    squares = (deviations**2).sum(axis=0)
    if n * draws > DRAWN:
        values, vectors = np.linalg.eigh(deviations.T @ deviations / n / (n - 1))
        drawn = rng.standard_normal((draws, k)) @ (vectors * np.sqrt(np.maximum(values, 0.0))).T
        return drawn, np.broadcast_to(np.sqrt(squares / n / (n - 1)), drawn.shape)
    sums = np.empty((draws, k))
    block = max(1, (1 << 21) // n)
    total = deviations.sum(axis=0)
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        bits = np.unpackbits(rng.integers(0, 256, (rows, (n + 7) // 8), dtype=np.uint8), axis=1, count=n)
        sums[start : start + rows] = total - 2 * (bits.astype(np.float64) @ deviations)
    inflated = math.sqrt(n / (n - 1))
    means = sums / n * inflated
    left = np.maximum(squares - sums**2 / n, 1e-12 * squares)
    return means, np.sqrt(left / n / (n - 1)) * inflated


def _set_chances(means: Floats, drawn: Floats) -> Floats:
    """The p of the model confidence set for each model: the largest p of the tests up to the one that drops it."""
    p = np.ones(len(means))
    left: NDArray[np.intp] = np.arange(len(means))
    so_far = 0.0
    while len(left) > 1:
        away = drawn[:, left] - drawn[:, left].mean(axis=1, keepdims=True)
        error = away.std(axis=0)
        apart = means[left].mean() - means[left]
        moving = error > 1e-12 * max(float(error.max()), 1e-300)
        if not moving.any():
            break
        t = np.where(moving, apart / np.where(moving, error, 1.0), np.where(apart > 0, np.inf, -np.inf))
        worst = int(np.argmax(t))
        chance = (-away[:, moving] / error[moving]).max(axis=1)
        so_far = max(so_far, (1 + int(np.count_nonzero(chance >= t[worst]))) / (1 + len(drawn)))
        p[left[worst]] = so_far
        left = np.delete(left, worst)
    return p
