"""Several seeds a model: the parts of the variance without bias, errors and coverage with few seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tearless.statistics.comparison.seed_scores import seed_scores
from tearless.statistics.comparison.seeds import seeds_and_items, variance_components

pytestmark = pytest.mark.slow

RUNS = 2_000


def scores(rng: np.random.Generator, seeds: int, items: np.ndarray, parts: tuple[float, float]) -> np.ndarray:
    seed, rest = (math.sqrt(v) for v in parts)
    return items + seed * rng.normal(size=(seeds, 1)) + rest * rng.normal(size=(seeds, len(items)))


@pytest.mark.parametrize(("seeds", "items"), [(2, 20), (5, 50), (10, 10)])
def test_the_parts_are_unbiased(seeds: int, items: int) -> None:
    truth = (0.05, 0.4, 1.0)
    rng = np.random.default_rng(7)
    found = np.array(
        [
            variance_components(
                scores(rng, seeds, math.sqrt(truth[1]) * rng.normal(size=items), (truth[0], truth[2]))
            ).moments
            for _ in range(RUNS)
        ]
    )
    off = np.abs(found.mean(axis=0) - truth) / (found.std(axis=0) / math.sqrt(RUNS))
    print(seeds, items, found.mean(axis=0).round(4), off.round(2))
    assert (off < 3).all()


CASES = [
    (seeds, items, parts)
    for seeds in (2, 3, 5, 10)
    for items in (20, 100)
    for parts in ((0.0, 0.1), (0.05, 0.1), (0.3, 0.1), (0.05, 0.0))
]


@pytest.mark.parametrize(("seeds", "items", "parts"), CASES)
def test_errors_with_both_random(seeds: int, items: int, parts: tuple[float, float]) -> None:
    """Two equal models, own seeds, shared items; the paired test of items alone beside it, which forgets the seeds."""
    rng = np.random.default_rng(8)
    wrong = forgot = 0
    for _ in range(RUNS):
        shared = rng.normal(size=items)
        own = [shared + math.sqrt(parts[1] / 2) * rng.normal(size=items) for _ in range(2)]
        a, b = (scores(rng, seeds, o, (parts[0], 1.0)) for o in own)
        wrong += seeds_and_items(a, b).difference.sure
        d = b.mean(axis=0) - a.mean(axis=0)
        forgot += abs(d.mean()) > 1.98 * d.std(ddof=1) / math.sqrt(items)
    print(seeds, items, parts, wrong / RUNS, forgot / RUNS)
    assert wrong / RUNS <= 0.055 + 2 * math.sqrt(0.055 * 0.945 / RUNS)
    if parts[0] == 0.3:
        assert forgot / RUNS > 0.15


def test_errors_with_shared_seeds() -> None:
    rng = np.random.default_rng(9)
    wrong = 0
    for _ in range(RUNS):
        shared = rng.normal(size=(4, 1))
        a, b = (shared + scores(rng, 4, rng.normal(size=50) * 0.3, (0.05, 1.0)) for _ in range(2))
        wrong += seeds_and_items(a, b, same_seeds=True).difference.sure
    print("shared seeds", wrong / RUNS)
    assert wrong / RUNS <= 0.055 + 2 * math.sqrt(0.055 * 0.945 / RUNS)


@pytest.mark.parametrize(("first", "second", "spread"), [(3, 3, 1.0), (5, 5, 1.0), (5, 5, 3.0), (3, 10, 1.0)])
def test_errors_of_runs_alone(first: int, second: int, spread: float) -> None:
    """Welch's t, and the permutation test where both vary alike (elsewhere its promise is not for means)."""
    rng = np.random.default_rng(10)
    welch = permutation = 0
    for _ in range(RUNS):
        found = seed_scores(rng.normal(size=first), spread * rng.normal(size=second))
        welch += found.difference.sure
        permutation += found.permutation_p <= 0.05
    print(first, second, spread, welch / RUNS, permutation / RUNS)
    margin = 2 * math.sqrt(0.05 * 0.95 / RUNS)
    assert welch / RUNS <= 0.06 + margin
    if spread == 1.0:
        assert permutation / RUNS <= 0.05 + margin
