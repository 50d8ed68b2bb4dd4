"""Is it normal: the chance is super-uniform under normality and small away from it; the distance says how much."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.diagnostic import normal_ad

from tearless.core import InputError
from tearless.probability.distributions import Normal, Uniform
from tearless.probability.normality import goodness, normality


@pytest.mark.parametrize("seed", range(5))
def test_the_statistic_and_its_chance_are_those_of_statsmodels(seed: int) -> None:
    x = np.random.default_rng(seed).normal(5, 3, 40 + 20 * seed) ** (1 + seed % 2)
    ours, (statistic, p) = normality(x), normal_ad(x)
    n = len(x)
    assert ours.statistic == pytest.approx(statistic * (1 + 0.75 / n + 2.25 / n**2), rel=1e-9)
    assert ours.chance == pytest.approx(p, rel=1e-6)


@pytest.mark.parametrize("n", [8, 30, 300])
def test_under_normality_small_chances_are_as_rare_as_they_say(n: int) -> None:
    rng = np.random.default_rng(n)
    chances = np.array([normality(rng.normal(size=n)).chance for _ in range(1_500)])
    for level in (0.01, 0.05, 0.2):
        allowed = stats.binom(1_500, level).ppf([0.0005, 0.9995]) / 1_500
        assert allowed[0] * 0.85 <= np.mean(chances <= level) <= allowed[1] * 1.15


def test_many_values_find_a_small_distance_and_say_that_it_is_small() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_t(8, 50_000)
    found = normality(x)
    assert found.chance < 1e-10
    assert found.distance < 0.03


def test_the_distance_bounds_every_error_of_an_area() -> None:
    x = np.random.default_rng(4).exponential(size=300)
    found = normality(x)
    normal = Normal(float(x.mean()), float(x.std(ddof=1)))
    for low, high in np.random.default_rng(5).uniform(-1, 4, (200, 2)):
        low, high = min(low, high), max(low, high)
        share = np.mean((x > low) & (x <= high))
        assert abs(share - float(normal.between(low, high))) <= 2 * found.distance + 1e-12


@pytest.mark.parametrize(("n", "seed"), [(5, 0), (60, 1), (400, 2), (5_000, 3)])
def test_goodness_is_kolmogorovs(n: int, seed: int) -> None:
    x = np.random.default_rng(seed).uniform(size=n) ** 1.15
    ours, theirs = goodness(x, Uniform(0, 1)), stats.kstest(x, "uniform")
    assert ours.distance == pytest.approx(theirs.statistic, rel=1e-12)
    assert ours.chance == pytest.approx(theirs.pvalue, rel=0.04)


def test_refusals() -> None:
    with pytest.raises(InputError, match="8 or more"):
        normality([1.0, 2.0, 3.0])
    with pytest.raises(InputError, match="differ"):
        normality([2.0] * 20)
    with pytest.raises(InputError, match="finite"):
        goodness([1.0, np.nan], Normal(0, 1))
