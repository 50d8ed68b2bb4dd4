"""One score for each training run of two models: the runs are the sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import whole
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.student_difference import only_rounding, student_difference
from tearless.statistics.estimate import Floats, plain

MOST_ARRANGEMENTS = 200_000
"""Ways to deal the runs to the models up to which all are counted."""


@dataclass(frozen=True, slots=True)
class SeedScores:
    """The difference of two models over their seeds by Welch's t, and the permutation test's chance beside it.

    Made by ``seed_scores``. ``smallest_p`` is the least that the permutation test can say with so few seeds;
    ``p_error`` the standard error of ``permutation_p``, 0 where all arrangements were counted.
    """

    difference: Difference
    permutation_p: float
    p_error: float
    smallest_p: float


def seed_scores(a: Any, b: Any, *, level: float = 0.95, resamples: int = 99_999, seed: int = 0) -> SeedScores:
    """B's mean score less A's over independent training runs, (S_A,) and (S_B,): Welch's t test with its interval.

    Beside it the permutation test: of all ways to deal the scores to the models, the share with means at least as far
    apart; exact where there are up to 200,000 ways (9 runs against 9), else (1 + k)/(1 + ``resamples``) of random ones.
    It answers for these items only: another test set is other luck (``seeds_and_items``). Welch's t is approximate for
    few runs, the permutation test exact where the runs of both are exchangeable. Raises ``InputError`` for fewer than 2
    runs of either, or where no score strays but the models differ. B. L. Welch, Biometrika 34, 1947, 28-35.

    >>> found = seed_scores([0.70, 0.71, 0.72], [0.73, 0.74, 0.75])
    >>> round(found.difference.estimate.value, 12), found.permutation_p, found.smallest_p  # 2 of the 20 ways
    (0.03, 0.1, 0.1)
    """
    x, y = plain(a, "a"), plain(b, "b")
    if min(len(x), len(y)) < 2:
        raise InputError(f"a, b: expected at least 2 runs of each, got {len(x)} and {len(y)}; train with more seeds")
    value = float(y.mean() - x.mean())
    parts = [0.0 if only_rounding(float(z.std()), x, y) else float(z.var(ddof=1)) / len(z) for z in (x, y)]
    total = sum(parts)
    if total == 0 and only_rounding(abs(value), x, y):
        value = 0.0
    doubt = sum((part / total) ** 2 / (len(z) - 1) for part, z in zip(parts, (x, y), strict=True)) if total else 1.0
    found = student_difference(value, math.sqrt(total), 1 / doubt, test="Welch's t test", interval="Welch", level=level)
    ways = math.comb(len(x) + len(y), len(x))
    smallest = (2 if len(x) == len(y) else 1) / ways
    if ways <= MOST_ARRANGEMENTS:
        return SeedScores(found, _counted(x, y), 0.0, smallest)
    times = whole(resamples, "resamples", least=99)
    p = _drawn(x, y, times, np.random.default_rng(seed))
    return SeedScores(found, p, math.sqrt(p * (1 - p) / times), max(smallest, 1 / (1 + times)))


def _counted(x: Floats, y: Floats) -> float:
    """The share of all arrangements whose means are at least as far apart."""
    pooled = np.concatenate([x, y])
    pooled = pooled - pooled.mean()
    chosen = np.fromiter(chain.from_iterable(combinations(range(len(pooled)), len(x))), dtype=np.intp)
    sums = pooled[chosen].reshape(-1, len(x)).sum(axis=1)
    return float(_as_far(sums, pooled, len(x)).mean())


def _drawn(x: Floats, y: Floats, times: int, rng: np.random.Generator) -> float:
    pooled = np.concatenate([x, y])
    pooled = pooled - pooled.mean()
    block = max(1, 2_000_000 // len(pooled))
    far, left = 0, times
    while left:
        now = min(block, left)
        dealt = rng.permuted(np.broadcast_to(pooled, (now, len(pooled))), axis=1)
        far, left = far + int(_as_far(dealt[:, : len(x)].sum(axis=1), pooled, len(x)).sum()), left - now
    return (1 + far) / (1 + times)


def _as_far(sums: Floats, pooled: Floats, first: int) -> Any:
    """Whether the first group's sum, of deviations from the common mean, is at least as far from 0 as it was."""
    seen = abs(float(pooled[:first].sum()))
    return np.abs(sums) >= seen - 1e-12 * len(pooled) * float(np.abs(pooled).max())
