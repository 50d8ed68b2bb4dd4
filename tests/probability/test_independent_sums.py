"""Sums of independent parts: against enumeration, the binomial, and each other's route."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tearless.calculus.roots import root
from tearless.core import InputError
from tearless.probability.beta_binomial import beta_binomial, predicted_successes
from tearless.probability.independent_sums import sum_law
from tearless.probability.poisson_binomial import PoissonBinomial, _inverted, _multiplied_out, poisson_binomial

CHANCES = st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0])), min_size=1, max_size=10)


def full(law: PoissonBinomial, n: int) -> np.ndarray:
    out = np.zeros(n + 1)
    out[law.start : law.start + len(law.mass)] = law.mass
    return out


@settings(max_examples=60, deadline=None)
@given(CHANCES)
def test_the_poisson_binomial_is_what_all_outcomes_add_up_to(chances: list[float]) -> None:
    expected = np.zeros(len(chances) + 1)
    for outcome in itertools.product((0, 1), repeat=len(chances)):
        expected[sum(outcome)] += np.prod([p if o else 1 - p for o, p in zip(outcome, chances, strict=True)])
    law = poisson_binomial(chances)
    np.testing.assert_allclose(full(law, len(chances)), expected, atol=1e-15)
    assert law.at_least(0) == pytest.approx(1.0)
    assert law.at_most(len(chances)) == pytest.approx(1.0)


@pytest.mark.parametrize(("a", "b", "n"), [(1, 1, 1000), (0.1, 0.1, 900), (2, 5, 2000), (0.02, 3, 1500), (5, 0.1, 500)])
def test_both_routes_agree_to_the_last_digits(a: float, b: float, n: int) -> None:
    p = np.clip(np.random.default_rng(1).beta(a, b, n), 1e-12, 1 - 1e-12)
    start, mass = _inverted(p)
    written = _multiplied_out(p)
    np.testing.assert_allclose(mass, written[start : start + len(mass)], atol=1e-15)
    assert written[:start].sum() + written[start + len(mass) :].sum() < 1e-16


@pytest.mark.parametrize("chance", [0.5, 0.3, 0.9999, 1e-6, 0.02])
def test_equal_chances_are_the_binomial(chance: float) -> None:
    n = 50_000
    law, binomial = poisson_binomial(np.full(n, chance)), stats.binom(n, chance)
    np.testing.assert_allclose(law.mass, binomial.pmf(law.counts), atol=1e-14)
    low, high = law.central(0.95)
    assert binomial.sf(high) <= 0.025 < binomial.sf(high - 1)
    assert binomial.cdf(low - 1) <= 0.025 < binomial.cdf(low)
    far = np.ceil(law.mean + 9 * np.sqrt(law.variance) + 30)
    assert law.at_least(far) >= binomial.sf(far - 1)  # Chernoff's bound lies above
    assert law.at_least(far) < 1e-10


def test_ten_million_events_keep_their_moments() -> None:
    p = np.random.default_rng(0).random(2_000_000)
    law = poisson_binomial(p)
    off = law.counts - law.mean
    assert law.mass.sum() == pytest.approx(1, abs=1e-12)
    assert off @ law.mass == pytest.approx(0, abs=1e-7)
    assert off**2 @ law.mass == pytest.approx(law.variance, rel=1e-11)
    third = float((p * (1 - p) * (1 - 2 * p)).sum())
    assert off**3 @ law.mass == pytest.approx(third, abs=1e-6 * law.variance**1.5)


def test_certain_events_are_counted() -> None:
    law = poisson_binomial([1.0, 1.0, 0.0])
    assert (law.start, law.mass.tolist(), law.central(0.95)) == (2, [1.0], (2, 2))
    with pytest.raises(InputError, match="p:"):
        poisson_binomial([1.2])


def test_the_lattice_tells_what_writing_out_does() -> None:
    rng = np.random.default_rng(3)
    parts = [(np.round(rng.normal(size=3), 9), np.array([0.2, 0.5, 0.3])) for _ in range(11)]
    law = sum_law(parts)
    assert law.grain > 0
    values, mass = np.zeros(1), np.ones(1)
    for v, m in parts:
        values, mass = np.add.outer(values, v).ravel(), np.multiply.outer(mass, m).ravel()
    for x in np.quantile(values, [0.05, 0.3, 0.7, 0.95]):
        assert law.at_least(x) == pytest.approx(mass[values >= x].sum(), abs=2e-3)
        assert law.at_most(x) == pytest.approx(mass[values <= x].sum(), abs=2e-3)
    assert law.mean == pytest.approx(values @ mass)
    assert law.deviation**2 == pytest.approx((values - law.mean) ** 2 @ mass)
    with pytest.raises(InputError):
        sum_law([])


@pytest.mark.parametrize(("n", "a", "b"), [(10, 0.5, 0.5), (200, 3.5, 9.0), (5_000, 20.5, 80.5)])
def test_the_beta_binomial_is_scipys(n: int, a: float, b: float) -> None:
    np.testing.assert_allclose(beta_binomial(n, a, b), stats.betabinom(n, a, b).pmf(np.arange(n + 1)), rtol=1e-8)
    low, high = predicted_successes(n, a, b, 0.9)
    law = stats.betabinom(n, a, b)
    assert law.cdf(low - 1) <= 0.05 + 1e-9 < law.cdf(low) + 2e-9
    assert law.sf(high) <= 0.05 + 1e-9 < law.sf(high - 1) + 2e-9
    assert law.cdf(high) - law.cdf(low - 1) >= 0.9 - 1e-9


@settings(max_examples=60, deadline=None)
@given(st.floats(-5, 5), st.floats(0.1, 4), st.booleans())
def test_a_root_is_found(at: float, steepness: float, falling: bool) -> None:
    sign = -1.0 if falling else 1.0
    found = root(lambda x: sign * np.expm1(steepness * (x - at)), -7.0, 8.0)
    assert found == pytest.approx(at, abs=1e-11)


def test_a_root_beside_an_infinite_end() -> None:
    found = root(lambda x: 1 / x - 4 if x > 0 else float("inf"), 0.0, 1.0)
    assert found == pytest.approx(0.25, abs=1e-11)
    with pytest.raises(InputError, match="two signs"):
        root(lambda x: x * x + 1, -1.0, 1.0)
