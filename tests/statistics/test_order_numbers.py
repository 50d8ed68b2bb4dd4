"""Quantiles and autocorrelation agree with NumPy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.stattools import acf

from tearless.core import InputError
from tearless.statistics.autocorrelation import lag_1_autocorrelation
from tearless.statistics.quantiles import Definition, quantiles

finite = st.floats(-1e9, 1e9)


@given(st.lists(finite, min_size=1, max_size=60), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_linear_quantiles_are_numpys(x: list[float], q: list[float]) -> None:
    scale = max(1.0, max(map(abs, x)))
    np.testing.assert_allclose(quantiles([*x, np.nan], q), np.quantile(x, q), rtol=0, atol=1e-13 * scale)


@given(st.lists(finite, min_size=1, max_size=60), st.integers(0, 20))
def test_an_inverted_cdf_quantile_is_the_smallest_value_that_reaches_the_share(x: list[float], twentieths: int) -> None:
    got = quantiles(x, [twentieths / 20], "inverted_cdf")[0]
    reached = [v for v in sorted(x) if 20 * sum(w <= v for w in x) >= twentieths * len(x)]
    assert got == reached[0]


def test_quantiles_survive_infinities_and_the_whole_range_of_doubles() -> None:
    assert quantiles([-np.inf, 1.0, np.inf], [0.0, 0.5, 1.0]).tolist() == [-np.inf, 1.0, np.inf]
    assert quantiles([-1.7e308, 1.7e308], [0.5]).tolist() == [0.0]
    assert np.isnan(quantiles([np.nan], [0.5]))[0]


@pytest.mark.parametrize("definition", ["linear", "inverted_cdf"])
def test_quantiles_refuse_shares_outside_zero_to_one(definition: Definition) -> None:
    with pytest.raises(InputError, match="divide percentages by 100"):
        quantiles([1.0, 2.0], [50], definition)
    with pytest.raises(InputError, match="name one of them"):
        quantiles([1.0, 2.0], [0.5], "median")  # type: ignore[arg-type]


@given(st.lists(finite, min_size=3, max_size=60))
def test_autocorrelation_is_statsmodels(x: list[float]) -> None:
    if np.ptp(x) < 1e-6 * max(1.0, max(map(abs, x))):
        return
    assert lag_1_autocorrelation(x) == pytest.approx(float(acf(np.array(x), nlags=1, fft=False)[1]), abs=1e-9)


def test_autocorrelation_of_a_constant_is_nan_and_of_huge_values_is_not() -> None:
    assert np.isnan(lag_1_autocorrelation([3.0, 3.0]))
    assert lag_1_autocorrelation([1e308, 1.7e308, 1.35e308]) == pytest.approx(-0.5)
    with pytest.raises(InputError, match="two finite numbers in a row"):
        lag_1_autocorrelation([1.0, np.nan])
