"""The best of many: the optimism by enumeration, models that are one, the winner's corrected p, honest extremes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats as sps
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.statistics.comparison.best_of_many import best_of_many, compare_with_reference, optimism_of_best

RNG = np.random.default_rng(4)


def test_best_of_5_10_20_equal_prompts_on_200_items() -> None:
    """At 75 % right the winner shows 3.5, 4.6, 5.6 points too many; at 50 % 4.1, 5.4, 6.6."""
    assert [round(100 * optimism_of_best(k, 200, 0.75), 1) for k in (5, 10, 20)] == [3.5, 4.6, 5.6]
    assert [round(100 * optimism_of_best(k, 200, 0.5), 1) for k in (5, 10, 20)] == [4.1, 5.4, 6.6]


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 30), st.integers(1, 300), st.floats(0, 1))
def test_the_optimism_is_the_mean_of_the_largest_binomial_count(k: int, n: int, share: float) -> None:
    chance = np.diff(np.r_[0.0, sps.binom.cdf(np.arange(n + 1), n, share) ** k])
    assert optimism_of_best(k, n, share) == pytest.approx(chance @ np.arange(n + 1) / n - share, abs=1e-11)


def test_the_optimism_at_ten_million_items_is_that_of_normal_deviates() -> None:
    """E max of five standard normal deviates is 1.16296 (Tippett, Biometrika 17, 1925)."""
    deviation = math.sqrt(0.25 / 10_000_000)
    assert optimism_of_best(5, 10_000_000, 0.5) == pytest.approx(1.16296 * deviation, rel=1e-4)


def test_equal_independent_models_give_the_exact_optimism() -> None:
    found = best_of_many(RNG.random((400, 10)) < 0.75)
    assert found.optimism == pytest.approx(optimism_of_best(10, 400, 0.75), rel=0.1)
    assert found.corrected < found.seen


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 8), st.integers(10, 60))
def test_the_corrected_score_lies_between_the_mean_of_all_and_the_seen_one(seed: int, k: int, n: int) -> None:
    right = (np.random.default_rng(seed).random((n, k)) < 0.7).astype(float)
    found = best_of_many(right, resamples=299, seed=seed)
    assert right.mean() - 1e-12 <= found.corrected <= found.seen
    assert found.corrected == pytest.approx(max(found.seen - found.bias, right.mean()))


def test_models_that_are_one_have_no_optimism_and_cannot_be_told_apart() -> None:
    right = (RNG.random(300) < 0.8).astype(float)
    found = best_of_many(np.column_stack([right] * 4))
    assert (found.optimism, found.corrected) == pytest.approx((0.0, right.mean()), abs=1e-15)
    assert found.as_good == (0, 1, 2, 3)


def test_correlated_models_have_less() -> None:
    easy = RNG.normal(size=(300, 1)) * 2
    right = easy + RNG.normal(size=(300, 8)) > -1
    assert best_of_many(right).optimism < 0.8 * optimism_of_best(8, 300, right.mean())


def test_the_confidence_set_drops_what_is_plainly_worse() -> None:
    right = RNG.random((1_000, 5)) < [0.9, 0.9, 0.9, 0.6, 0.5]
    found = best_of_many(right)
    assert set(found.as_good) == {0, 1, 2}
    assert found.p[found.best] == 1 or found.p.max() == 1
    assert (found.p[[3, 4]] == 1e-4).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(5, 80))
def test_p_and_simultaneous_interval_agree_about_0(seed: int, k: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    right = rng.random((n, k)) < np.linspace(0.6, 0.9, k)
    for d in compare_with_reference(right, 0, resamples=499, seed=seed):
        assert 0 < d.p <= 1
        assert d.estimate.low < d.estimate.high
        assert (d.estimate.low <= 0 <= d.estimate.high) == (d.p > 0.05)


def test_one_rival_is_a_paired_t_and_more_rivals_cost() -> None:
    scores = RNG.normal(size=(400, 6))
    scores[:, 1] += 0.15
    alone = compare_with_reference(scores[:, :2], 0)[0]
    t = sps.ttest_rel(scores[:, 1], scores[:, 0])
    assert alone.p == pytest.approx(t.pvalue, abs=0.01)
    assert alone.estimate.low == pytest.approx(t.confidence_interval().low, abs=0.005)
    among = compare_with_reference(scores, 0)[0]
    assert among.p > 2 * alone.p
    assert among.estimate.low < alone.estimate.low


def test_many_items_take_the_normal_law() -> None:
    scores = RNG.normal(size=(50_000, 3)) + np.array([0, 0, 0.1])
    found = compare_with_reference(scores, 0)
    assert found[1].p == 1e-4
    assert found[0].estimate.high - found[0].estimate.value == pytest.approx(2.21 * math.sqrt(2 / 50_000), rel=0.03)
    assert best_of_many(scores).as_good == (2,)


def test_extremes_are_answered() -> None:
    for d in compare_with_reference(np.ones((20, 3)), 0):
        assert d.p == 1
        assert -1 < d.estimate.low < 0 < d.estimate.high < 1
    every = compare_with_reference(np.c_[np.zeros(30), np.ones(30), RNG.random(30) < 0.5], 0)
    assert every[0].p == 2 * 2.0**-29
    assert (every[0].estimate.low, every[0].estimate.high) == (0.5, 1.0)
    unbounded = compare_with_reference(np.c_[np.zeros(9), np.zeros(9), np.arange(9)], 0)[0]
    assert (unbounded.p, unbounded.estimate.high) == (1.0, math.inf)
    for bad in ([[1.0, 2.0]], [[1.0], [2.0]]):
        with pytest.raises(InputError, match="two items and two models"):
            best_of_many(bad)
    with pytest.raises(InputError, match="reference"):
        compare_with_reference(np.eye(4), 4)
    with pytest.raises(InputError, match="share"):
        optimism_of_best(5, 100, 75)
