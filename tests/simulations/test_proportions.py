"""Right or wrong: error, coverage and power of the defaults by simulation, and one law over every table to 60 items."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tearless.statistics.comparison.mcnemar import log_p, mcnemar
from tearless.statistics.comparison.paired_power import paired_power
from tearless.statistics.comparison.paired_proportions import tied_limits
from tearless.statistics.comparison.two_proportions import score_limits
from tearless.statistics.estimate import normal_quantile

pytestmark = pytest.mark.slow
RUNS = 200_000


def drawn(n: int, only_a: float, only_b: float, seed: int) -> tuple[Any, Any]:
    counts = np.random.default_rng(seed).multinomial(n, [only_a, only_b, 1 - only_a - only_b], RUNS)
    return counts[:, 0].astype(float), counts[:, 1].astype(float)


@pytest.mark.parametrize("n", [20, 50, 200, 1000])
@pytest.mark.parametrize("differing", [0.02, 0.09, 0.3])
def test_mid_p_errs_no_more_than_it_claims(n: int, differing: float) -> None:
    a, b = drawn(n, differing / 2, differing / 2, seed=n)
    error = (np.exp(log_p(a, b)) <= 0.05).mean()
    assert error <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / RUNS)


@pytest.mark.parametrize(("n", "difference", "differing"), [(500, 0.03, 0.09), (100, 0.1, 0.3), (2000, 0.01, 0.05)])
def test_the_exact_power_is_what_many_draws_show(n: int, difference: float, differing: float) -> None:
    a, b = drawn(n, (differing - difference) / 2, (differing + difference) / 2, seed=7)
    for method in ("mid-p", "exact"):
        seen = (np.exp(log_p(a, b, method)) <= 0.05).mean()
        assert paired_power(n, difference, differing, method=method) == pytest.approx(
            seen, abs=4 * 0.5 / math.sqrt(RUNS)
        )


@pytest.mark.parametrize("n", [20, 50, 200, 1000])
@pytest.mark.parametrize("accuracy", [0.5, 0.9, 0.98, 0.995])
def test_the_paired_interval_covers(n: int, accuracy: float) -> None:
    """Two models of equal accuracy, errors shared by half; and one a point or a half of its errors better."""
    wrong = 1 - accuracy
    for better in (0.0, min(0.01, wrong / 2), wrong / 2):
        drawn_pairs = np.stack(drawn(n, wrong / 2, wrong / 2 + better, seed=n))
        (a, b), times = np.unique(drawn_pairs, axis=1, return_counts=True)
        log_chance = log_p(a, b)
        low, high = tied_limits(a, b, n, log_chance, np.exp(log_chance) <= 0.05)
        assert times[(low <= better) & (better <= high)].sum() / RUNS >= 0.935


@pytest.mark.parametrize("n", [20, 50, 200, 1000])
@pytest.mark.parametrize("accuracy", [0.5, 0.9, 0.98, 0.995])
def test_the_unpaired_interval_covers(n: int, accuracy: float) -> None:
    x = np.arange(n + 1.0)
    chance = stats.binom.pmf(x, n, accuracy)
    kept = np.flatnonzero(chance > 1e-9)
    a, b = (v.ravel() for v in np.meshgrid(x[kept], x[kept], indexing="ij"))
    low, high = score_limits(a, n, b, n, normal_quantile(0.95) * math.sqrt(2 * n / (2 * n - 1)))
    covered = np.outer(chance[kept], chance[kept]).ravel()[(low <= 0) & (high >= 0)].sum()
    assert covered >= 0.935


def test_over_all_tables_to_sixty_items_the_unconditional_test_agrees_with_its_interval() -> None:
    for n in range(1, 61):
        pairs = [(a, b) for a in range(n + 1) for b in range(a, n + 1 - a)]
        a, b = np.array(pairs, dtype=float).T
        p = np.array([mcnemar(x, y, n, "exact-unconditional") for x, y in pairs])
        for level in (0.9, 0.95, 0.99):
            sure = p <= 1 - level
            low, high = tied_limits(a, b, n, np.log(p), sure, level)
            assert (((low < 0) & (high > 0)) != sure).all()
