"""Standard errors: equal to a second route, and to what many samples show."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from tearless.core import InputError
from tearless.statistics.resampling_laws import bootstrap_of_median
from tearless.statistics.standard_error import (
    standard_error_of_correlation,
    standard_error_of_difference,
    standard_error_of_mean,
    standard_error_of_median,
    standard_error_of_share,
    standard_error_of_variance,
    variance,
)

RNG = np.random.default_rng(0)


def spread(statistic: Callable[[np.ndarray], Any], draws: np.ndarray) -> float:
    return float(np.std(statistic(draws), ddof=1))


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.integers(0, 1))
def test_the_variance_is_numpys(x: list[float], ddof: int) -> None:
    size = max(map(abs, x), default=0.0)
    assert float(variance(x, ddof=ddof)) == pytest.approx(np.var(x, ddof=ddof), rel=1e-9, abs=1e-12 * size**2)


def test_a_large_offset_costs_no_digits() -> None:
    x = 1e8 + RNG.normal(size=200)
    with mp.workdps(50):
        exact = [mpf(float(v)) for v in x]
        mean = sum(exact) / len(exact)
        truth = float(sum((v - mean) ** 2 for v in exact) / (len(exact) - 1))
    assert float(variance(x)) == pytest.approx(truth, rel=1e-14)


def test_the_error_of_the_mean_is_scipys() -> None:
    x = RNG.exponential(size=(50, 3))
    np.testing.assert_allclose(standard_error_of_mean(x), sps.sem(x), rtol=1e-12)


def test_the_finite_population_factor_is_exact_over_all_samples() -> None:
    from itertools import combinations

    population = np.array([1.0, 2.0, 4.0, 8.0, 9.0])
    samples = np.array(list(combinations(population, 3)))
    squares = [float(standard_error_of_mean(s, population=5)) ** 2 for s in samples]
    assert np.mean(squares) == pytest.approx(np.var(samples.mean(axis=1)), rel=1e-12)
    whole = standard_error_of_mean(population, population=5)
    assert float(whole) == 0


def test_the_error_of_a_share_is_that_of_its_zeros_and_ones() -> None:
    ones = np.repeat([0.0, 1.0], [7, 3])
    assert standard_error_of_share(3, 10, ddof=1) == pytest.approx(float(standard_error_of_mean(ones)), rel=1e-12)
    assert standard_error_of_share(3, 10, ddof=1, population=20) == pytest.approx(
        float(standard_error_of_mean(ones, population=20)), rel=1e-12
    )
    assert standard_error_of_share(10, 10) == 0


@pytest.mark.parametrize("law", ["normal", "uniform", "exponential"])
def test_the_error_of_the_variance_is_what_samples_show(law: str) -> None:
    draws = getattr(np.random.default_rng(1), law)(size=(4000, 200))
    seen = spread(lambda d: d.var(axis=1, ddof=1), draws)
    told = math.sqrt(float(np.mean(np.asarray(standard_error_of_variance(draws[:1000].T)) ** 2)))
    assert told == pytest.approx(seen, rel=0.1)
    if law == "normal":
        assert float(standard_error_of_variance(draws[0], normal=True)) == pytest.approx(
            draws[0].var(ddof=1) * math.sqrt(2 / 199), rel=1e-12
        )


def test_the_error_of_the_median_is_that_of_the_exact_bootstrap_law() -> None:
    for n in (1, 3, 25, 101):
        x = RNG.standard_t(3, size=n)
        assert standard_error_of_median(x) == pytest.approx(bootstrap_of_median(x).standard_error, rel=1e-10, abs=1e-15)
    draws = np.random.default_rng(2).normal(size=(2000, 60))
    told = np.mean([standard_error_of_median(x) for x in draws[:300]])
    assert told == pytest.approx(spread(lambda d: np.median(d, axis=1), draws), rel=0.12)


@pytest.mark.parametrize("normal", [True, False])
def test_the_error_of_a_correlation_is_what_samples_show(normal: bool) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(3000, 100))
    y = 0.6 * x + 0.8 * rng.normal(size=x.shape)
    rs = [np.corrcoef(a, b)[0, 1] for a, b in zip(x, y, strict=True)]
    told = [float(standard_error_of_correlation(a, b, normal=normal)) for a, b in zip(x[:400], y[:400], strict=True)]
    assert np.mean(told) == pytest.approx(np.std(rs), rel=0.08)


def test_the_error_of_a_difference_is_welchs_and_pairing_takes_what_is_shared() -> None:
    x, y = RNG.normal(size=30), 3 * RNG.normal(size=50)
    theirs = sps.ttest_ind(x, y, equal_var=False)
    assert (x.mean() - y.mean()) / float(standard_error_of_difference(x, y)) == pytest.approx(theirs.statistic)
    paired = sps.ttest_rel(x, x + y[:30])
    assert -y[:30].mean() / float(standard_error_of_difference(x, x + y[:30], paired=True)) == pytest.approx(
        paired.statistic
    )


def test_one_row_has_no_error_and_holes_give_nan() -> None:
    for f in (standard_error_of_mean, standard_error_of_variance):
        assert math.isnan(float(f([1.0])))
        assert math.isnan(float(f([1.0, math.nan])))
        assert math.isnan(float(f([1.0, math.inf])))
    assert math.isnan(standard_error_of_share(1, 1, ddof=1))
    assert math.isnan(float(standard_error_of_correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0])))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: standard_error_of_mean([]), "x: expected at least one number"),
        (lambda: standard_error_of_mean([1.0, 2.0], population=1), "population"),
        (lambda: standard_error_of_share(3, 2), "successes"),
        (lambda: standard_error_of_median([1.0, math.nan]), "finite"),
        (lambda: standard_error_of_correlation([1.0, 2.0], [1.0]), "one length"),
        (lambda: standard_error_of_difference([1.0, 2.0], [1.0], paired=True), "pairs"),
    ],
)
def test_bad_input_is_refused_by_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        call()
