"""Intervals of shares, tables, bounded means and losses: exact cases, other routes, degenerate input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tearless.core import InputError
from tearless.statistics.comparison.metrics import metric
from tearless.statistics.intervals import blaker, clopper_pearson, wilson
from tearless.statistics.probability_scores import brier, log_loss
from tearless.statistics.score_intervals import (
    joined_freedom,
    known_part,
    of_bounded_losses,
    of_bounded_mean,
    of_share,
    of_table,
)
from tearless.statistics.table_slopes import accuracy

RNG = np.random.default_rng(0)


def test_a_share_has_blakers_interval_or_wilsons_and_broken_counts_clopper_pearsons() -> None:
    for interval, expected in (("exact", blaker(18, 20)), ("score", wilson(18, 20))):
        found = of_share(18, 20, 0.95, interval=interval)  # type: ignore[arg-type]
        assert (found.low, found.high) == expected
    found = of_share(4.5, 9.5, 0.9)
    assert (found.low, found.high) == clopper_pearson(4.5, 9.5, 0.9)
    with pytest.raises(InputError, match="interval"):
        of_share(1, 2, 0.95, interval="wald")  # type: ignore[arg-type]


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.95]))
def test_losses_of_nothing_or_all_have_clopper_pearsons_interval(share: tuple[int, int], level: float) -> None:
    k, n = share
    found = of_bounded_losses(np.repeat([0.0, 3.0], [n - k, k]), 3.0, level)
    assert (found.low / 3, found.high / 3) == pytest.approx(clopper_pearson(k, n, level), abs=1e-9)


@pytest.mark.parametrize("n", [5, 20, 200])
def test_the_beta_law_is_near_the_mean_with_random_weights(n: int) -> None:
    """100,000 draws of Dirichlet weights on exponential losses and the largest."""
    x = np.minimum(RNG.exponential(0.1, n), 1.0)
    weights = RNG.exponential(size=(100_000, n + 1))
    weights /= weights.sum(axis=1, keepdims=True)
    found = of_bounded_losses(x, 1.0, 0.95)
    high = np.quantile(weights @ np.append(x, 1.0), 0.975)
    low = np.quantile(weights @ np.append(x, 0.0), 0.025)
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.06, abs=0.004)


def test_a_model_that_lost_next_to_nothing_is_not_proved_to_lose_nothing() -> None:
    for score, worst in ((brier, 0.99**2), (log_loss, -math.log(0.01))):
        found = score(np.ones(20, int), np.full(20, 0.99), classes=[0, 1])
        assert found.high > 0.1 * worst
        assert 0 <= found.low < found.value
    one = brier([1], [0.9], classes=[0, 1])
    assert math.isnan(one.standard_error)
    assert one.low < 0.01 < one.high <= 0.81
    certain = log_loss([0, 1], [0.0, 1.0])
    assert (certain.value, certain.low) == (0, 0)
    assert 20 < certain.high < 36.05


def test_degrees_of_freedom_join_and_take_trials_off() -> None:
    a, b = RNG.normal(size=6), RNG.normal(size=20) * 3
    theirs = stats.ttest_ind(a, b, equal_var=False).df
    assert joined_freedom(np.array([a.var(ddof=1) / 6, b.var(ddof=1) / 20]), np.array([6, 20])) == pytest.approx(theirs)
    assert known_part(19, 20, 0.95) == 1
    assert known_part(4, 20, 0.95) == pytest.approx((stats.t.ppf(0.975, 19) / stats.t.ppf(0.975, 4)) ** 2)
    assert 0 < known_part(0, 2, 0.95) < 1


def test_an_even_tables_accuracy_is_near_clopper_pearsons() -> None:
    for hits in (100, 97, 70):
        found = of_table(np.array([[hits, 100 - hits], [100 - hits, hits]]), accuracy, 0.95)
        assert (found.low, found.high) == pytest.approx(clopper_pearson(2 * hits, 200), abs=0.012)


def test_a_bounded_mean_has_as_many_trials_as_its_variance_is_worth() -> None:
    found = of_bounded_mean(0.9, 0.9 * 0.1 / 50, 10, 0.95)
    assert (found.low, found.high) == pytest.approx(clopper_pearson(45, 50))
    score = of_bounded_mean(0.9, 0.9 * 0.1 / 50, 10, 0.95, interval="score")
    assert (score.low, score.high) == pytest.approx(wilson(45, 50))
    assert of_bounded_mean(0.9, 0.9 * 0.1 / 50, 10, 0.95, known=0.5).low < found.low


def test_separated_classes_and_one_row_of_a_class_keep_a_width() -> None:
    y, x = np.repeat([0, 1], [19, 1]), np.arange(20.0)
    for name in ("auc", "average-precision"):
        found = metric(name).estimate(y, x)
        assert found.value == found.high == 1
        assert found.low < 0.1
    columns = np.eye(3)[np.repeat([0, 1, 2], 5)]
    for name in ("auc-macro", "auc-micro", "average-precision-macro", "average-precision-micro"):
        found = metric(name).estimate(np.repeat([0, 1, 2], 5), columns)
        assert found.value == pytest.approx(1)
        assert 0 < found.low < 0.8
