"""Clustered items: statsmodels' cluster-robust errors, the textbook figures, and what one cluster cannot tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tearless.core import InputError
from tearless.statistics.comparison.cluster_spread import (
    cluster_bootstrap,
    clustered_mean,
    clustering,
    effective_clusters,
)
from tearless.statistics.comparison.clusters import compare_clustered
from tearless.statistics.comparison.metrics import clustered_metric_difference

RNG = np.random.default_rng(8)


def drawn(groups: int, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sizes = RNG.integers(1, most + 1, groups)
    codes = np.repeat(np.arange(groups), sizes)
    effect = RNG.normal(size=groups)[codes]
    a = (RNG.normal(size=len(codes)) + effect > 0).astype(float)
    b = (RNG.normal(size=len(codes)) + effect > -0.3).astype(float)
    return a, b, codes


@pytest.mark.parametrize("groups", [2, 5, 40])
def test_errors_and_intervals_are_those_of_statsmodels(groups: int) -> None:
    a, b, codes = drawn(groups, 12)
    fitted = sm.OLS(b - a, np.ones(len(a))).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    found = compare_clustered(a, b, codes).difference
    assert found.estimate.standard_error == pytest.approx(fitted.bse[0], rel=1e-10)
    assert found.p == pytest.approx(fitted.pvalues[0], rel=1e-8)
    low, high = fitted.conf_int()[0]
    assert (found.estimate.low, found.estimate.high) == pytest.approx((low, high), rel=1e-8)
    mean = sm.OLS(b, np.ones(len(a))).fit(cov_type="cluster", cov_kwds={"groups": codes}, use_t=True)
    single = clustered_mean(b, codes)
    assert (single.low, single.high) == pytest.approx(tuple(mean.conf_int()[0]), rel=1e-8)


def test_accuracy_as_a_metric_is_the_same_comparison() -> None:
    a, b, codes = drawn(30, 6)
    truth = RNG.integers(0, 2, len(a))
    pa, pb = np.where(a == 1, truth, 1 - truth), np.where(b == 1, truth, 1 - truth)
    by_metric = clustered_metric_difference("accuracy", truth, pa, pb, codes)
    plainly = compare_clustered(a, b, codes)
    assert by_metric.difference.p == pytest.approx(plainly.difference.p, rel=1e-9)
    assert by_metric.clustering.design_effect == pytest.approx(plainly.clustering.design_effect)
    assert by_metric.clustering.correlation == pytest.approx(plainly.clustering.correlation)


def test_items_that_stand_alone_are_students_t() -> None:
    a, b = RNG.normal(size=(2, 25))
    found = compare_clustered(a, b, np.arange(25))
    assert found.difference.p == pytest.approx(stats.ttest_rel(b, a).pvalue, rel=1e-9)
    assert found.clustering.design_effect == pytest.approx(1.0)
    assert math.isnan(found.clustering.correlation)


def test_clusters_of_copies_are_worth_one_item_each() -> None:
    """Copies of each item ten times: the error stays that of the items, the design effect nears ten."""
    x = RNG.normal(size=50)
    found = clustering(np.repeat(x, 10), np.repeat(np.arange(50), 10))
    assert found.error == pytest.approx(x.std(ddof=1) / math.sqrt(50))
    assert found.correlation == pytest.approx(1.0)
    assert found.design_effect == pytest.approx(10 * 499 / 490)


def test_intraclass_correlation_is_that_of_the_analysis_of_variance() -> None:
    """Six targets judged by four: P. E. Shrout, J. L. Fleiss, Psychol. Bull. 86 (1979) 420-428, ICC(1, 1) = .17."""
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = clustering(np.ravel(ratings).astype(float), np.repeat(np.arange(6), 4))
    assert round(found.correlation, 2) == 0.17


def test_kishs_design_effect() -> None:
    """Of equal clusters the design effect is near 1 + (m − 1)ρ (L. Kish, Survey Sampling, 1965, section 5.4)."""
    codes = np.repeat(np.arange(2_000), 8)
    x = RNG.normal(size=2_000)[codes] * 0.5 + RNG.normal(size=len(codes))
    found = clustering(x, codes)
    assert found.design_effect == pytest.approx(1 + 7 * found.correlation, rel=0.01)
    assert found.correlation == pytest.approx(0.2, abs=0.03)


def test_effective_clusters_by_hand() -> None:
    sizes = np.array([3.0, 1.0, 7.0, 7.0])
    for rho in (0.0, 0.3, 1.0):
        shares = sizes + sizes * (sizes - 1) * rho
        gamma = np.mean((shares / shares.mean() - 1) ** 2)
        assert effective_clusters(sizes, rho) == pytest.approx(4 / (1 + gamma))
    assert effective_clusters(sizes, 0.0) == pytest.approx(sizes.sum() ** 2 / (sizes**2).sum())


def test_bootstrap_of_clusters_is_that_of_their_rows() -> None:
    a, b, codes = drawn(60, 6)
    found = cluster_bootstrap(b - a, codes, method="percentile")
    assert found.estimate.standard_error == pytest.approx(clustering(b - a, codes).error, rel=0.05)
    rows = [np.flatnonzero(codes == g) for g in range(60)]
    rng = np.random.default_rng(0)
    slow = [np.mean((b - a)[np.concatenate([rows[g] for g in rng.integers(0, 60, 60)])]) for _ in range(2_000)]
    assert np.quantile(slow, [0.025, 0.975]) == pytest.approx([found.estimate.low, found.estimate.high], abs=0.01)


def test_unequal_clusters_leave_fewer_degrees_of_freedom() -> None:
    codes = np.repeat(np.arange(10), [200] + [5] * 9)
    a, b = RNG.normal(size=(2, len(codes)))
    even, wide = compare_clustered(a, b, codes), compare_clustered(a, b, codes, freedom="effective")
    assert even.clustering.kish_clusters < 2
    assert even.difference.p < wide.difference.p == 1.0


@pytest.mark.parametrize("bad", [["a"] * 4, [1, 1, 1, 1]])
def test_one_cluster_cannot_tell(bad: list[object]) -> None:
    with pytest.raises(InputError, match="one cluster cannot tell"):
        compare_clustered([0, 1, 0, 1], [1, 1, 1, 1], bad)
    with pytest.raises(InputError, match="one cluster cannot tell"):
        cluster_bootstrap([0.0, 1.0, 0.0, 1.0], bad)


def test_models_that_never_differ_keep_a_width() -> None:
    codes = np.repeat(np.arange(20), 5)
    for a, b in ((np.ones(100), np.ones(100)), (np.tile([0.0, 1.0], 50),) * 2):
        found = compare_clustered(a, b, codes).difference
        assert found.p == 1.0
        assert found.estimate.low < 0 < found.estimate.high
    found = compare_clustered(np.zeros(100), np.ones(100), codes).difference
    assert found.p == pytest.approx(2 * 2.0**-20)
    assert found.estimate.low == pytest.approx(2 * 0.025 ** (1 / 20) - 1)


@given(st.integers(0, 10_000), st.integers(2, 6), st.sampled_from([0.8, 0.95, 0.99]))
def test_test_and_interval_agree_and_mirror(seed: int, groups: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    codes = np.r_[np.arange(groups), rng.integers(0, groups, 10)]
    a, b = rng.integers(0, 2, (2, len(codes)))
    for freedom in ("clusters", "effective"):
        one = compare_clustered(a, b, codes, level=level, freedom=freedom).difference  # type: ignore[arg-type]
        two = compare_clustered(b, a, codes, level=level, freedom=freedom).difference  # type: ignore[arg-type]
        assert one.p == pytest.approx(two.p)
        assert 0 < one.p <= 1
        assert one.estimate.low == pytest.approx(-two.estimate.high)
        assert one.estimate.low < one.estimate.high
        assert (one.estimate.low <= 0 <= one.estimate.high) == (one.p > 1 - level) or abs(one.p - 1 + level) < 1e-9
