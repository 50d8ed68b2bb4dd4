"""How often tests of means, ranks and signs cry wolf, each in its own design, and how often their intervals hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.means import compare_means_paired, compare_means_unpaired
from tearless.statistics.comparison.sign_flips import sign_flips
from tearless.statistics.comparison.signed_ranks import sign_test, signed_ranks

pytestmark = pytest.mark.slow
RUNS = 4_000
ERROR = math.sqrt(0.05 * 0.95 / RUNS)


def ratings(rng: np.random.Generator, n: int) -> Any:
    return rng.choice([-0.4, -0.2, -0.1, 0.0, 0.1, 0.2, 0.4], n)


def rate(
    draw: Callable[[np.random.Generator], Difference], runs: int = RUNS, truth: float = 0.0
) -> tuple[float, float]:
    """Shares of runs in which p is at most 5 %, and in which the interval holds the truth."""
    rng = np.random.default_rng(2026)
    found = [draw(rng) for _ in range(runs)]
    wolf = sum(d.p <= 0.05 for d in found) / runs
    held = sum(d.estimate.low <= truth <= d.estimate.high for d in found) / runs
    print(f"p <= .05 in {wolf:.4f}, interval holds the truth in {held:.4f} of {runs:,}")
    return wolf, held


@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: sign_flips(ratings(rng, 25)).difference,
        lambda rng: sign_flips(rng.standard_t(3, 14)).difference,
        lambda rng: sign_flips(rng.standard_t(2, 60), resamples=199, seed=rng).difference,
        lambda rng: sign_flips(rng.laplace(size=2_000), resamples=99_999).difference,
    ],
    ids=["lattice", "enumerated", "random", "saddle point"],
)
def test_sign_flips_of_symmetric_differences(draw: Callable[[np.random.Generator], Difference]) -> None:
    """Exact at 5 % but for the steps that a lattice takes."""
    wolf, held = rate(draw)
    assert 0.04 - 3 * ERROR < wolf < 0.05 + 3 * ERROR
    assert held == pytest.approx(1 - wolf)


@pytest.mark.parametrize("agreeing", [0.8, 0.5])
def test_sign_flips_of_right_and_wrong_answers_are_exact_and_timid(agreeing: float) -> None:
    def draw(rng: np.random.Generator) -> Difference:
        differ = (1 - agreeing) / 2
        a, b = rng.choice(3, 100, p=[differ, differ, agreeing]) == [[0], [1]]
        return compare_means_paired(a.astype(float), b.astype(float))

    wolf, _ = rate(draw)
    assert 0.015 < wolf < 0.05


@pytest.mark.parametrize("method", ["sign-flip", "t", "bca"])
def test_paired_means_of_skewed_differences(method: Any) -> None:
    """Exponential differences, n = 40: none is exact; near 6 %."""

    def draw(rng: np.random.Generator) -> Difference:
        d = rng.exponential(size=40) - 1
        return compare_means_paired(np.zeros(40), d, method=method, resamples=999, seed=rng)

    wolf, held = rate(draw, 2_000)
    assert 0.035 < wolf < 0.085
    assert held > 0.915


def test_paired_t_of_normal_differences_is_exact() -> None:
    wolf, _ = rate(lambda rng: compare_means_paired(np.zeros(12), rng.normal(size=12), method="t"))
    assert abs(wolf - 0.05) < 3 * ERROR


def test_welch_with_unequal_spreads_and_sizes() -> None:
    """40 of spread 1 and 10 of spread 4: pooling would reject in a quarter."""
    wolf, held = rate(lambda rng: compare_means_unpaired(rng.normal(size=40), 4 * rng.normal(size=10)))
    assert abs(wolf - 0.05) < 4 * ERROR
    assert held == pytest.approx(1 - wolf)


@pytest.mark.parametrize(("n", "m"), [(6, 7), (20, 30)])
def test_permutation_of_one_law_is_exact(n: int, m: int) -> None:
    def draw(rng: np.random.Generator) -> Difference:
        a, b = rng.exponential(size=n), rng.exponential(size=m)
        return compare_means_unpaired(a, b, method="permutation", resamples=199, seed=rng)

    wolf, held = rate(draw, 2_000)
    assert abs(wolf - 0.05) < 4 * ERROR
    assert held == pytest.approx(1 - wolf)


@pytest.mark.parametrize("zeros", ["wilcoxon", "pratt", "split"])
def test_signed_ranks_with_ties_and_zeros(zeros: Any) -> None:
    wolf, held = rate(lambda rng: signed_ranks(np.zeros(20), ratings(rng, 20), zeros=zeros).difference)
    assert 0.035 < wolf < 0.05 + 3 * ERROR
    assert held == pytest.approx(1 - wolf)


def test_signed_ranks_and_signs_without_ties() -> None:
    wolf, _ = rate(lambda rng: signed_ranks(np.zeros(30), rng.laplace(size=30)).difference)
    assert abs(wolf - 0.05) < 3 * ERROR
    wolf, held = rate(lambda rng: sign_test(np.zeros(30), rng.exponential(size=30) - math.log(2)))
    assert 0.03 < wolf < 0.05 + 3 * ERROR
    assert held > 0.95 - 3 * ERROR
