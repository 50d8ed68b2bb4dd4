"""Skewness and power transforms agree with SciPy and scikit-learn; the check's law holds where it should not fire."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.preprocessing import PowerTransformer

import tearless
from tearless.core import InputError
from tearless.statistics.skewness import best_power, box_cox, mended, skewness, yeo_johnson

rng = np.random.default_rng(0)
POSITIVE = {"lognormal": rng.lognormal(0, 1, 800), "gamma": rng.gamma(2, 3, 800), "near normal": rng.normal(50, 5, 800)}
ANY = {"left": -rng.lognormal(0, 0.7, 800), "mixed": rng.standard_t(5, 800), "gamma": rng.gamma(1.5, 2, 800) - 1}


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=50).filter(lambda x: np.ptp(x) > 1e-3))
def test_skewness_is_scipys(x: list[float]) -> None:
    assert skewness(np.array(x)) == pytest.approx(float(stats.skew(x)), rel=1e-8, abs=1e-8)


def test_skewness_survives_huge_and_constant_columns() -> None:
    assert skewness(np.array([1e308, 1e308, -1.7e308])) == pytest.approx(-1 / np.sqrt(2))
    assert np.isnan(skewness(np.ones(4)))
    with pytest.raises(InputError, match="drop what is not finite"):
        skewness(np.array([1.0, np.nan]))


@pytest.mark.parametrize("name", POSITIVE)
def test_box_cox_and_its_power_are_scipys(name: str) -> None:
    x = POSITIVE[name]
    values, power = stats.boxcox(x)
    assert best_power(x, box_cox) == pytest.approx(power, abs=2e-3)
    np.testing.assert_allclose(box_cox(x, power), values, rtol=1e-10)
    np.testing.assert_allclose(box_cox(x, 0.0), np.log(x))


@pytest.mark.parametrize("name", ANY)
def test_yeo_johnson_and_its_power_are_scikit_learns(name: str) -> None:
    x = ANY[name]
    other = PowerTransformer(standardize=False).fit(x[:, None])
    power = float(other.lambdas_[0])
    assert best_power(x, yeo_johnson) == pytest.approx(power, abs=2e-3)
    np.testing.assert_allclose(yeo_johnson(x, power), other.transform(x[:, None])[:, 0], rtol=1e-9, atol=1e-12)


def test_the_transform_named_is_the_simplest_that_works() -> None:
    assert mended(POSITIVE["lognormal"]).words == "the logarithm"
    assert mended(np.r_[0.0, POSITIVE["lognormal"] * 100]).words == "log1p"
    assert mended(-(np.arange(20.0) ** 2)).words == "the square root of 0 − x"
    assert abs(mended(ANY["left"]).skewness) < 0.5
    with pytest.raises(InputError, match="use yeo_johnson"):
        best_power(np.array([-1.0, 2.0]), box_cox)


def severities(x: np.ndarray) -> list[str]:
    return [f.severity.name for f in tearless.check({"x": x}, select=["skewed-column"]).findings]


def test_a_lognormal_of_sigma_1_is_a_note_at_most_and_of_1_5_a_warning() -> None:
    for seed in range(40):
        mild = np.random.default_rng(seed).lognormal(0, 1, 2_000 if seed % 2 else 100)
        assert severities(mild) in ([], ["note"])
    warned = [severities(np.random.default_rng(seed).lognormal(0, 1.5, 5_000)) == ["warning"] for seed in range(20)]
    assert sum(warned) == 20


@pytest.mark.parametrize("n", [10, 60, 1_000, 30_000])
def test_even_exponential_and_few_valued_columns_are_silent(n: int) -> None:
    for seed in range(10):
        r = np.random.default_rng(seed)
        assert severities(r.exponential(size=n)) == []
        assert severities(r.standard_t(3, n)) == []
        assert severities((r.random(n) < 0.05).astype(float)) == []
        assert severities(r.poisson(1, n)) == []


def test_extreme_columns_are_survived() -> None:
    for x in (
        [1e308] * 50 + [-1e308],
        [5e-324] * 9 + [0.0] * 9,
        [np.nan] * 30,
        [np.inf] * 30,
        [],
        [1.0],
        [2**62 + 1] * 40,
    ):
        tearless.check({"x": np.array(x, dtype=float)}, select=["skewed-column", "outliers", "sorted-rows"])
        assert not tearless.check({"x": np.array(x)}, select=["skewed-column", "outliers", "sorted-rows"]).faults
