"""Reliability curves: scikit-learn's numbers, bands against enumeration, the best rising fit against scikit-learn's."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression

from tearless.core import InputError
from tearless.probability.calibration.forecasts import class_outcomes, exact_share, logit, outcomes
from tearless.probability.calibration.reliability import bin_edges, in_bins, reliability
from tearless.probability.calibration.rising_fit import recalibrated, rising_curve, rising_fit

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 20).map(lambda i: i / 20)), min_size=1, max_size=40)


def test_scikit_learns_published_curve() -> None:
    """scikit-learn, docstring of calibration_curve: prob_true [0, .5, 1], prob_pred [.2, .525, .85]."""
    y, p = [0, 0, 0, 0, 1, 1, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.65, 0.7, 0.8, 0.9, 1.0]
    curve = reliability(y, p, bins=3, by="width")
    assert curve.came.tolist() == [0.0, 0.5, 1.0]
    assert curve.forecast.tolist() == pytest.approx([0.2, 0.525, 0.85], abs=1e-15)


def test_scikit_learns_published_isotonic_fit() -> None:
    """scikit-learn, docstring of isotonic_regression: [5,3,1,2,8,10,7,9,6,4] gives 2.75 and 7.33."""
    fitted = rising_fit([5, 3, 1, 2, 8, 10, 7, 9, 6, 4])
    assert fitted.round(2).tolist() == [2.75] * 4 + [7.33] * 6


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_newcombes_clopper_pearson_intervals(k: int, n: int, low: float, high: float) -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 5."""
    ends = exact_share(k, n)
    assert (round(float(ends[0]), 4), round(float(ends[1]), 4)) == (low, high)


def test_the_last_bin_is_closed() -> None:
    curve = reliability([1, 0], [0.95, 1.0], bins=10, by="width")
    assert (curve.count.tolist(), curve.left.tolist(), curve.right.tolist()) == ([2], [0.9], [1.0])


def test_a_forecast_on_an_edge_lies_right_of_it() -> None:
    """0.29 · 100 is 28.999999999999996 in floats, yet 0.29 belongs to the bin from 0.29 on."""
    p = np.arange(100) / 100
    at, _ = in_bins(p, bin_edges(p, 100, "width"))
    assert at.tolist() == list(range(100))


def test_equal_width_is_scikit_learns_curve() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(2_000)
    y = rng.random(2_000) < p**2
    share, mean = calibration_curve(y, p, n_bins=12)
    ours = reliability(y, p, bins=12, by="width")
    np.testing.assert_allclose(ours.came, share)
    np.testing.assert_allclose(ours.forecast, mean)
    share, mean = calibration_curve(y, p, n_bins=8, strategy="quantile")
    np.testing.assert_allclose(reliability(y, p, bins=8).came, share, atol=0.01)


@settings(max_examples=80, deadline=None)
@given(ROWS, st.integers(1, 12), st.sampled_from(["width", "mass"]))
def test_bins_hold_all_rows_and_ties_together(rows: list[tuple[bool, float]], bins: int, by: str) -> None:
    y, p = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    curve = reliability(y, p, bins=bins, by=by)  # type: ignore[arg-type]
    assert curve.rows == len(p)
    assert curve.count.min() > 0
    assert len(curve.count) <= bins
    assert (curve.came @ curve.count) == pytest.approx(y.sum())
    assert (curve.forecast @ curve.count) == pytest.approx(p.sum())
    assert ((curve.low <= curve.came) & (curve.came <= curve.high)).all()
    assert (curve.high > curve.low).all()
    assert (curve.band_low <= curve.band_high).all()
    assert ((curve.left <= curve.forecast) & (curve.forecast <= curve.right)).all()


def test_equal_mass_is_equal_where_nothing_ties() -> None:
    p = np.random.default_rng(0).random(1_003)
    count = reliability(np.zeros(1_003), p, bins=15).count
    assert count.max() - count.min() <= 1


def test_bands_are_binomial_quantiles_where_forecasts_are_equal() -> None:
    y, p = np.r_[np.ones(3), np.zeros(17), np.ones(30), np.zeros(10)], np.r_[np.full(20, 0.25), np.full(40, 0.75)]
    curve = reliability(y, p, bins=2, by="width", level=0.9)
    for i, (n, chance) in enumerate([(20, 0.25), (40, 0.75)]):
        law = stats.binom(n, chance)
        assert law.cdf(curve.band_low[i] * n - 1) <= 0.05 < law.cdf(curve.band_low[i] * n)
        assert law.sf(curve.band_high[i] * n) <= 0.05 < law.sf(curve.band_high[i] * n - 1)
    assert not curve.outside.any()


def test_all_bins_at_once_are_held_with_the_level() -> None:
    rng = np.random.default_rng(5)
    p = rng.beta(2, 2, 600)
    curve = reliability(np.zeros(600), p, bins=10, simultaneous=True)
    at, _ = in_bins(p, bin_edges(p, 10, "mass"))
    draws = rng.random((4_000, 600)) < p
    shares = np.stack([draws[:, at == i].mean(axis=1) for i in range(10)], axis=1)
    held = ((shares >= curve.band_low - 1e-12) & (shares <= curve.band_high + 1e-12)).all(axis=1).mean()
    assert 0.94 < held < 0.985
    single = reliability(np.zeros(600), p, bins=10)
    assert (single.band_high - single.band_low <= curve.band_high - curve.band_low).all()


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 5)), min_size=1, max_size=30))
def test_the_rising_fit_is_scikit_learns(rows: list[tuple[int, int]]) -> None:
    v, w = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    theirs = IsotonicRegression().fit_transform(np.arange(len(v)), v, sample_weight=w)
    np.testing.assert_allclose(rising_fit(v, w), theirs, atol=1e-12)


def test_a_long_fall_at_the_end_costs_no_square() -> None:
    v = np.append(np.arange(30_000.0), -1e10)
    assert rising_fit(v).tolist() == pytest.approx([v.mean()] * len(v))


@settings(max_examples=60, deadline=None)
@given(ROWS)
def test_the_rising_curve_is_scikit_learns_and_keeps_the_mean(rows: list[tuple[bool, float]]) -> None:
    y, p = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    curve = rising_curve(y, p)
    ours = recalibrated(curve, p)
    np.testing.assert_allclose(ours, IsotonicRegression().fit_transform(p, y), atol=1e-12)
    assert ours.sum() == pytest.approx(y.sum())
    assert (np.diff(curve.value) > 0).all()
    assert sum(Fraction(float(w)) for w in curve.weight) == len(y)


@pytest.mark.parametrize(
    ("y", "p", "said"),
    [
        ([1, 2], [0.5, 0.5], "expected 0 and 1"),
        ([1], [1.5], "from 0 to 1"),
        ([1, 0], [0.5], "one length"),
        ([], [], "at least one"),
        ([1], [np.nan], "finite"),
        (["a"], [0.5], "y:"),
    ],
)
def test_the_border_says_what_is_wrong(y: object, p: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        outcomes(y, p)


def test_the_border_of_classes_says_what_is_wrong() -> None:
    for y, p, said in [
        ([0], [[0.5, 0.4]], "add up to 1"),
        ([2], [[0.5, 0.5]], "class numbers"),
        ([0], [[1.0]], "two or more"),
        ([0.5], [[0.5, 0.5]], "class numbers"),
    ]:
        with pytest.raises(InputError, match=said):
            class_outcomes(y, p)
    with pytest.raises(InputError, match="level"):
        reliability([1], [0.5], level=1.0)
    with pytest.raises(InputError, match="by"):
        reliability([1], [0.5], by="size")  # type: ignore[arg-type]
    assert np.isfinite(logit(np.array([0.0, 1.0]))).all()


def test_degenerate_curves_have_widths() -> None:
    for y, p in [([1], [1.0]), ([0], [0.0]), ([1] * 5, [0.7] * 5), ([0, 1], [0.0, 1.0])]:
        curve = reliability(y, p)
        assert (curve.high > curve.low).all()
        assert curve.rows == len(y)
