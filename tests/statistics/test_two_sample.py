"""Distances and chances of two samples agree with SciPy and scikit-learn, and are chances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from tearless.core import InputError
from tearless.statistics.two_sample import (
    _pooled,
    auc,
    fisher_chance,
    gap_chance,
    homogeneity_chance,
    largest_gap,
    total_variation,
)

few = st.lists(st.integers(-5, 5), min_size=1, max_size=40)


@given(few, few)
def test_the_gap_is_the_largest_over_every_threshold_with_ties(x: list[int], y: list[int]) -> None:
    gap = largest_gap(x, y)
    grid = np.arange(-5, 6)
    apart = [np.mean(np.array(x) <= t) - np.mean(np.array(y) <= t) for t in grid]
    assert gap.distance == pytest.approx(np.abs(apart).max(), abs=1e-12)
    assert gap.below_first == pytest.approx(np.mean(np.array(x) <= gap.at))
    assert gap.below_second == pytest.approx(np.mean(np.array(y) <= gap.at))
    assert abs(gap.below_first - gap.below_second) == pytest.approx(gap.distance)


@pytest.mark.parametrize(("n", "m"), [(10, 10), (7, 23), (100, 100), (150, 250), (3, 90)])
def test_a_small_chance_is_exact(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    for shift in (1.0, 2.0, 4.0):
        seen = stats.ks_2samp(rng.normal(size=n), rng.normal(shift, 1, m), method="exact")
        got = gap_chance(float(seen.statistic), n, m)
        assert got == pytest.approx(seen.pvalue, rel=1e-9) or got >= 0.02


def test_a_large_table_uses_kolmogorovs_limit() -> None:
    assert gap_chance(0.05, 5_000, 4_000) == pytest.approx(stats.kstwobign.sf(0.05 * np.sqrt(5_000 * 4_000 / 9_000)))


def test_the_chance_is_one_for_tables_of_one_source() -> None:
    rng = np.random.default_rng(1)
    p = [gap_chance(largest_gap(*rng.normal(size=(2, 60))).distance, 60, 60) for _ in range(400)]
    assert np.mean(np.array(p) <= 0.05) <= 0.08
    assert np.mean(np.array(p) <= 0.01) <= 0.03


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_fisher_agrees_with_scipy(a: int, b: int, c: int, d: int) -> None:
    assert fisher_chance(a, a + b, c, c + d) == pytest.approx(stats.fisher_exact([[a, b], [c, d]])[1], rel=1e-6)


def test_pearson_agrees_with_scipy_where_no_class_is_rare() -> None:
    x, y = [30, 30, 40], [20, 50, 30]
    assert homogeneity_chance(x, y) == pytest.approx(stats.chi2_contingency([x, y], correction=False)[1])


def test_pooling_leaves_every_class_expected_five_times() -> None:
    rng = np.random.default_rng(2)
    x = rng.multinomial(300, 1 / np.arange(1, 51) / (1 / np.arange(1, 51)).sum())
    y = rng.multinomial(100, 1 / np.arange(1, 51) / (1 / np.arange(1, 51)).sum())
    a, b = _pooled(x, y)
    assert (a.sum(), b.sum()) == (300, 100)
    assert ((a + b) * 100 / 400 >= 5).all()


def test_rare_classes_do_not_make_small_chances() -> None:
    rng = np.random.default_rng(3)
    shares = 1 / np.arange(1, 101)
    p = [homogeneity_chance(*rng.multinomial(150, shares / shares.sum(), size=2)) for _ in range(500)]
    assert np.mean(np.array(p) <= 0.01) <= 0.03


def test_total_variation_bounds_every_difference_of_means() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.integers(0, 50, (2, 8))
    loss = rng.random(8)
    apart = abs(loss @ (x / x.sum()) - loss @ (y / y.sum()))
    assert apart <= total_variation(x, y) <= 1


def test_the_area_agrees_with_scikit_learn_and_its_interval_covers() -> None:
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(200):
        x, y = rng.normal(size=80), rng.normal(1, 1, 60)
        area, (low, high) = auc(x, y)
        assert area == pytest.approx(roc_auc_score(np.r_[np.zeros(80), np.ones(60)], np.r_[x, y]))
        covered += low <= stats.norm.cdf(1 / np.sqrt(2)) <= high
    assert 180 <= covered <= 199


@pytest.mark.parametrize(
    "call",
    [
        lambda: largest_gap([], [1.0]),
        lambda: largest_gap([np.nan], [1.0]),
        lambda: gap_chance(1.5, 3, 3),
        lambda: fisher_chance(3, 2, 1, 1),
        lambda: homogeneity_chance([1, 2], [1]),
    ],
)
def test_what_cannot_be_compared_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match="expected"):
        call()
