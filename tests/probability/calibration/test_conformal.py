"""Conformal prediction and intervals of regression: exact ranks, exact coverage, SciPy's laws."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from tearless.core import InputError
from tearless.probability.calibration import conformal
from tearless.probability.calibration.conformal import Threshold
from tearless.probability.calibration.intervals_of_regression import coverage, crps_normal, normal_pit, quantile_pit


def test_the_rank_is_not_rounded_up_by_floats() -> None:
    """MAPIE issue 452: ⌈10 · (1 − 0.7)⌉ is 4 in floats; it is 3."""
    assert conformal.rank(9, 1 - 0.7) == 3
    assert conformal.rank(9, 0.3) == 3
    assert conformal.rank(99, 0.95) == 95
    assert math.ceil(100 * (1 - 0.9)) == 10
    assert conformal.rank(99, 1 - 0.9) == 10


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 10_000), st.integers(1, 999))
def test_the_rank_is_that_of_exact_fractions(n: int, thousandths: int) -> None:
    exact = math.ceil((n + 1) * Fraction(thousandths, 1_000))
    if exact > n:
        with pytest.raises(InputError, match="at most"):
            conformal.rank(n, thousandths / 1_000)
    else:
        assert conformal.rank(n, thousandths / 1_000) == exact
        assert conformal.rank(n, 1 - (1 - thousandths / 1_000)) == exact


def test_too_few_rows_say_what_they_can_promise() -> None:
    with pytest.raises(InputError, match=r"at most 0.8333; give 19 rows"):
        conformal.rank(5, 0.95)
    assert conformal.rank(19, 0.95) == 19
    assert conformal.reachable(0) == 0.0


@pytest.mark.parametrize("level", [0.5, 0.6, 0.8])
def test_coverage_is_exactly_what_is_promised(level: float) -> None:
    """All orders of 5 scores, the last the new one: rank/(n + 1) of them are covered."""
    scores = [3.0, 1.0, 4.0, 1.5, 9.0]
    covered = sum(o[4] <= conformal.threshold(o[:4], level).value for o in itertools.permutations(scores))
    assert covered / math.factorial(5) == pytest.approx(conformal.threshold(scores[:4], level).promised)
    assert conformal.threshold(scores[:4], level).promised >= level


def test_the_coverage_of_one_calibration_set_is_beta() -> None:
    rng = np.random.default_rng(0)
    found = conformal.threshold(rng.random(99), 0.9)
    values = np.sort(rng.random((20_000, 99)), axis=1)[:, found.rank - 1]  # the coverage when scores are uniform
    low, high = found.coverage_range(0.9)
    assert np.mean((values >= low) & (values <= high)) == pytest.approx(0.9, abs=0.01)
    assert (low, high) == pytest.approx(tuple(stats.beta(90, 10).ppf([0.05, 0.95])))
    few, many = found.covered_range(200)
    law = stats.betabinom(200, 90, 10)
    assert law.cdf(many) - law.cdf(few - 1) >= 0.95 - 1e-9


def test_a_thousand_rows_cover_between_88_and_92_percent() -> None:
    """A. Angelopoulos and S. Bates, *A gentle introduction to conformal prediction*, section 3.2: n = 1000, α = 0.1."""
    low, high = Threshold(0.0, conformal.rank(1_000, 0.9), 1_000, 0.9).coverage_range()
    assert 0.88 <= low < 0.885
    assert 0.915 < high <= 0.92


def made(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet([0.7, 0.7, 0.7], n)
    return (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1), p


def test_class_sets_hold_as_often_as_promised() -> None:
    y, p = made(4_000, 0)
    new, q = made(40_000, 1)
    rows = np.arange(len(new))
    lac = conformal.class_threshold(y, p, 0.9)
    sets = conformal.class_sets(q, lac)
    low, high = lac.coverage_range(0.999)
    assert low - 0.005 < sets[rows, new].mean() < high + 0.005
    plain = conformal.adaptive_sets(q, conformal.adaptive_threshold(y, p, 0.9))
    assert plain[rows, new].mean() >= low - 0.005
    drawn = conformal.adaptive_sets(q, conformal.adaptive_threshold(y, p, 0.9, seed=1), seed=2)
    assert low - 0.006 < drawn[rows, new].mean() < high + 0.006
    assert sets.sum() <= drawn.sum() <= plain.sum()  # the smallest sets are LAC's


def test_the_row_at_the_threshold_is_covered_whatever_the_rounding() -> None:
    y, p = made(19, 3)
    found = conformal.class_threshold(y, p, 0.95)
    assert conformal.class_sets(p, found)[np.arange(19), y].all()
    found = conformal.adaptive_threshold(y, p, 0.95)
    assert conformal.adaptive_sets(p, found)[np.arange(19), y].all()


def test_regression_thresholds() -> None:
    rng = np.random.default_rng(0)
    x, noise = rng.random(500), rng.normal(size=500)
    y = noise * (0.5 + x)
    found = conformal.residual_threshold(y, np.zeros(500), 0.9, scale=0.5 + x)
    assert found.value == pytest.approx(np.sort(np.abs(noise))[math.ceil(501 * 0.9) - 1])
    wide = conformal.quantile_threshold(y, np.full(500, -9.0), np.full(500, 9.0), 0.9)
    assert wide.value < 0
    inside = (y >= -9 - wide.value) & (y <= 9 + wide.value)
    assert inside.sum() >= wide.rank
    with pytest.raises(InputError, match="scale"):
        conformal.residual_threshold(y, y, 0.9, scale=np.zeros(500))
    with pytest.raises(InputError, match="level"):
        conformal.rank(10, 1.0)


def test_coverage_is_the_exact_binomials() -> None:
    y = np.r_[np.zeros(80), np.full(12, 5.0), np.full(8, -5.0)]
    told = coverage(y, np.full(100, -1.0), np.full(100, 1.0), 0.9)
    assert (told.share.value, told.above, told.below, told.width) == (0.8, 12, 8, 2.0)
    assert told.test.p == pytest.approx(2 * stats.binom.cdf(80, 100, 0.9))
    ends = stats.binomtest(80, 100).proportion_ci()
    assert (told.share.low, told.share.high) == pytest.approx((ends.low, ends.high))
    assert told.verdict == "too narrow"
    assert coverage([1.0], [0.0], [np.inf], 0.5).share.low > 0
    all_in = coverage(np.zeros(100), np.full(100, -1.0), np.full(100, 1.0), 0.5)
    assert all_in.verdict == "too wide"
    assert 0 < all_in.test.p < 1e-29
    with pytest.raises(InputError, match="crossed"):
        coverage([0.0], [1.0], [0.0], 0.5)
    with pytest.raises(InputError, match="promised"):
        coverage([0.0], [0.0], [1.0], 95)


def test_pit_is_even_where_the_prediction_is_right() -> None:
    rng = np.random.default_rng(1)
    mean, sd = rng.normal(size=400), 0.5 + rng.random(400)
    y = rng.normal(mean, sd)
    told = normal_pit(y, mean, sd)
    assert told.test.p == pytest.approx(stats.kstest(stats.norm.cdf((y - mean) / sd), "uniform").pvalue, abs=0.01)
    assert told.spread.holds(1.0)
    assert told.bias.holds(0.0)
    narrow = normal_pit(y, mean, sd / 2)
    assert narrow.verdict == "too narrow"
    assert narrow.spread.value == pytest.approx(2 * told.spread.value)
    assert normal_pit(y, mean, 3 * sd).verdict == "too wide"
    z = (y - mean) / sd
    low, high = (399 * z.var(ddof=1) / stats.chi2.ppf(s, 399) for s in (0.975, 0.025))
    assert (told.spread.low**2, told.spread.high**2) == pytest.approx((low, high))


def test_pit_from_quantiles_is_even_too() -> None:
    rng = np.random.default_rng(2)
    shares = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    y = rng.normal(size=3_000)
    told = quantile_pit(y, shares, np.tile(stats.norm.ppf(shares), (3_000, 1)))
    assert told.test.p > 0.01
    assert told.verdict == "cannot tell"
    flat = quantile_pit(np.zeros(2_000), [0.25, 0.75], np.zeros((2_000, 2)))  # all outcomes on a jump
    assert flat.test.p > 0.001
    for bad in ([[1.0, 0.0]], [[0.0, np.nan]]):
        with pytest.raises(InputError, match="quantiles"):
            quantile_pit([0.0], [0.25, 0.75], bad)
    with pytest.raises(InputError, match="shares"):
        quantile_pit([0.0], [0.75, 0.25], [[0.0, 1.0]])


def test_one_row_says_nothing_about_the_spread() -> None:
    told = normal_pit([1.0], [0.0], [1.0])
    assert told.spread.low == 0.0
    assert np.isinf(told.spread.high)
    assert told.verdict == "cannot tell"


def test_crps_is_its_integral() -> None:
    """Gneiting et al. 2005: ∫(Φ((x − m)/s) − 1[x ≥ y])² dx."""
    for y, m, s in ((0.0, 0.0, 1.0), (2.3, 1.0, 0.4), (-5.0, 0.0, 2.0)):
        law = stats.norm(m, s)
        left = integrate.quad(lambda x, law=law: law.cdf(x) ** 2, m - 12 * s + min(0, y - m), y)[0]
        right = integrate.quad(lambda x, law=law: law.sf(x) ** 2, y, m + 12 * s)[0]
        assert crps_normal([y], [m], [s])[0] == pytest.approx(left + right, rel=1e-6)
    assert crps_normal([0.0], [0.0], [1.0])[0] == pytest.approx((np.sqrt(2) - 1) / np.sqrt(np.pi), rel=1e-12)
    with pytest.raises(InputError, match="sd"):
        crps_normal([0.0], [0.0], [0.0])
