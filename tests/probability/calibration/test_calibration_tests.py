"""Tests of calibration: against all outcomes, statsmodels, and the known laws of Brownian motion."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from tearless.core import InputError
from tearless.probability.calibration.calibration_tests import hosmer_lemeshow, in_the_large, spiegelhalter
from tearless.probability.calibration.cox_line import cox_line
from tearless.probability.calibration.cumulative_gap import cumulative_gap, largest_of_motion, range_of_motion

RNG = np.random.default_rng(7)
P = np.round(RNG.beta(2, 3, 12), 3)
Y = (RNG.random(12) < P).astype(float)
ALL = np.array(list(itertools.product((0.0, 1.0), repeat=12)))
MASS = np.where(ALL == 1, P, 1 - P).prod(axis=1)


def test_the_exact_chances_are_those_of_all_outcomes() -> None:
    for y in ALL[[0, 17, 300, 1234, 4095]]:
        s, t = ((ALL - P) * (1 - 2 * P)).sum(axis=1), float(((y - P) * (1 - 2 * P)).sum())
        two = 2 * min(MASS[s >= t - 1e-12].sum(), MASS[s <= t + 1e-12].sum())
        assert spiegelhalter(y, P).p == pytest.approx(min(1.0, two), rel=1e-9)
        count, seen = ALL.sum(axis=1), y.sum()
        two = 2 * min(MASS[count >= seen].sum(), MASS[count <= seen].sum())
        assert in_the_large(y, P).test.p == pytest.approx(min(1.0, two), rel=1e-9)
        order = np.argsort(P)
        walks, walk = np.cumsum((ALL - P)[:, order], axis=1), np.cumsum((y - P)[order])
        far = MASS[np.abs(walks).max(axis=1) >= np.abs(walk).max() - 1e-9].sum()
        found = cumulative_gap(y, P)
        assert found.largest.p == pytest.approx(far, rel=1e-9)
        assert found.largest.statistic == pytest.approx(np.abs(walk).max() / 12)
        spread = max(0.0, walk.max()) - min(0.0, walk.min())
        assert found.range.statistic == pytest.approx(spread / 12)
        wide = np.maximum(walks.max(axis=1), 0) - np.minimum(walks.min(axis=1), 0)
        assert found.range.p >= MASS[wide >= spread - 1e-9].sum() - 0.02  # the limit is on the safe side


def test_spiegelhalters_z_is_his_formula() -> None:
    """Spiegelhalter 1986: Z = (Brier − its expectation)/its standard deviation under calibration."""
    score = (ALL - P) ** 2
    mean, sd = MASS @ score.mean(axis=1), np.sqrt(MASS @ score.mean(axis=1) ** 2 - (MASS @ score.mean(axis=1)) ** 2)
    z = (((Y - P) ** 2).mean() - mean) / sd
    found = spiegelhalter(Y, P, exact=False)
    assert found.statistic == pytest.approx(z, rel=1e-9)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(z)))


def test_an_underconfident_model_is_found_out() -> None:
    """A one-sided test gives such a model p = 1: z = −27 of a model that says 0.6 where 0.95 is true."""
    y = np.r_[np.ones(1_900), np.zeros(100)]
    found = spiegelhalter(y, np.full(2_000, 0.6))
    assert found.statistic < -20
    assert found.p < 1e-80


def test_equal_forecasts_are_tested_by_the_binomial() -> None:
    y = np.r_[np.ones(30), np.zeros(70)]
    found = in_the_large(y, np.full(100, 0.2))
    exact = 2 * stats.binom.sf(29, 100, 0.2)
    assert found.test.p == pytest.approx(exact)
    low, high = stats.binomtest(30, 100).proportion_ci()
    assert (found.excess.low, found.excess.high) == pytest.approx((low - 0.2, high - 0.2), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.01, 0.99)), min_size=1, max_size=30), st.sampled_from([0.8, 0.95]))
def test_the_interval_in_the_large_agrees_with_its_test(rows: list[tuple[bool, float]], level: float) -> None:
    y, p = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    found = in_the_large(y, p, level=level)
    assert found.excess.low < found.excess.high
    assert found.excess.low <= found.excess.value <= found.excess.high
    assert 0 < found.test.p <= 1
    if abs(found.test.p - (1 - level)) > 1e-6:
        assert found.excess.holds(0.0) == (found.test.p > 1 - level)
    turned = in_the_large(1 - y, 1 - p, level=level)
    assert turned.excess.low == pytest.approx(-found.excess.high, abs=1e-7)


def test_the_interval_in_the_large_agrees_above_the_exact_rows() -> None:
    for seed in range(30):
        rng = np.random.default_rng(seed)
        p = rng.random(1_500)
        found = in_the_large(rng.random(1_500) < p + 0.1 * p * (1 - p), p)
        assert found.excess.holds(0.0) == (found.test.p > 0.05)


def test_hosmer_lemeshow_by_hand() -> None:
    rng = np.random.default_rng(0)
    p = np.repeat([0.1, 0.3, 0.6, 0.9], 50)
    y = (rng.random(200) < p).astype(float)
    k = y.reshape(4, 50).sum(axis=1)
    chance = np.array([0.1, 0.3, 0.6, 0.9])
    expected = (((k - 50 * chance) ** 2) / (50 * chance * (1 - chance))).sum()
    found = hosmer_lemeshow(y, p, bins=4)
    assert found.statistic == pytest.approx(expected)
    assert found.p == pytest.approx(stats.chi2.sf(expected, 4))
    assert hosmer_lemeshow(y, p, bins=4, fitted=True).p == pytest.approx(stats.chi2.sf(expected, 2))
    with pytest.raises(InputError, match="bins"):
        hosmer_lemeshow([1, 0], [0.5, 0.5], fitted=True)


def test_known_laws_of_brownian_motion() -> None:
    """Means √(π/2) ≈ 1.2533 and √(8/π) ≈ 1.5958 (Arrieta-Ibarra et al. 2022, section 3); 5 % beyond 2.2414."""
    mean_largest = integrate.quad(largest_of_motion, 0, 12, limit=200)[0]
    mean_range = integrate.quad(range_of_motion, 0, 12, limit=200)[0]
    assert mean_largest == pytest.approx(np.sqrt(np.pi / 2), rel=1e-7)
    assert mean_range == pytest.approx(np.sqrt(8 / np.pi), rel=1e-7)
    assert largest_of_motion(2.2414) == pytest.approx(0.05, abs=1e-5)
    for cut in (1.0, 1.5):
        for law in (largest_of_motion, range_of_motion):
            assert law(cut - 1e-9) == pytest.approx(law(cut + 1e-9), rel=1e-6)
    assert largest_of_motion(0) == range_of_motion(0) == 1.0


def test_coxs_line_is_statsmodels_logit() -> None:
    rng = np.random.default_rng(1)
    for n in (80, 30_000):
        z = rng.normal(0, 2, n)
        y = (rng.random(n) < 1 / (1 + np.exp(-0.6 * z - 0.2))).astype(float)
        line = cox_line(y, 1 / (1 + np.exp(-z)))
        X = np.column_stack([z, np.ones(n)])
        fit = sm.Logit(y, X).fit(disp=0)
        assert line.intercept is not None
        assert (line.slope.value, line.intercept.value) == pytest.approx(tuple(fit.params), rel=1e-6)
        ends = (line.slope.low, line.slope.high, line.intercept.low, line.intercept.high)
        wald = fit.conf_int()
        assert ends == pytest.approx(tuple(wald.ravel()), abs=0.2 if n < 100 else 1e-6)
        free = sm.GLM(y, np.ones((n, 1)), family=sm.families.Binomial(), offset=z).fit()
        assert line.shift.value == pytest.approx(free.params[0], rel=1e-6)
        honest = -np.log(1 / (1 + np.exp(-np.where(y == 1, z, -z)))).sum()
        assert line.test.statistic == pytest.approx(2 * (fit.llf + honest), rel=1e-6)
        if n < 100:  # the profile's end: fixed there, the rest at its best, the likelihood is χ²/2 lower
            held = sm.GLM(y, np.ones((n, 1)), family=sm.families.Binomial(), offset=line.slope.high * z).fit()
            assert 2 * (fit.llf - held.llf) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-6)
    assert line.verdict == "over-confident"
    assert line.temperature.value == pytest.approx(1 / line.slope.value)


def test_coxs_line_where_outcomes_are_told_apart() -> None:
    line = cox_line([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.8])
    assert np.isinf(line.slope.value)
    assert 0 < line.slope.low < np.inf
    assert line.temperature.low == 0.0
    assert cox_line([1, 0], [0.2, 0.8]).slope.value == -np.inf
    assert line.intercept is None
    for turned in (cox_line([1, 1, 0, 0], [0.1, 0.2, 0.7, 0.8]), cox_line([0, 0, 0, 1], [0.6, 0.7, 0.8, 0.9])):
        assert turned.intercept is None
    with pytest.raises(InputError, match="both outcomes"):
        cox_line([1, 1], [0.2, 0.8])
    with pytest.raises(InputError, match="in_the_large"):
        cox_line([1, 0], [0.5, 0.5])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_coxs_line_turns_with_the_outcomes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.random(60)
    y = (rng.random(60) < p).astype(float)
    a, b = cox_line(y, p), cox_line(1 - y, 1 - p)
    assert a.slope.value == pytest.approx(b.slope.value, rel=1e-6)
    assert a.slope.low == pytest.approx(b.slope.low, rel=1e-4)
    assert a.intercept is not None
    assert b.intercept is not None
    assert a.intercept.value == pytest.approx(-b.intercept.value, abs=1e-6)
    assert a.shift.low == pytest.approx(-b.shift.high, abs=1e-5)


@pytest.mark.parametrize(
    ("y", "p"), [([1], [1.0]), ([0], [1.0]), ([1], [0.3]), ([1] * 4, [0.9] * 4), ([0] * 5, [0.0] * 5), ([1, 0], [0, 1])]
)
def test_degenerate_forecasts_are_answered(y: list[int], p: list[float]) -> None:
    found = in_the_large(y, p)
    assert found.excess.low < found.excess.high
    assert found.test.p > 0
    for test in (spiegelhalter(y, p), hosmer_lemeshow(y, p), cumulative_gap(y, p).largest, cumulative_gap(y, p).range):
        assert 0 < test.p <= 1
        assert np.isfinite(test.statistic)


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(InputError, match="1/2"):
        spiegelhalter([1, 0], [0.5, 0.5])
    with pytest.raises(InputError, match="exact"):
        spiegelhalter(np.ones(3_000), np.full(3_000, 0.4), exact=True)
