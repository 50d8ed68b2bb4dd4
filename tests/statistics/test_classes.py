"""Classes: intervals agree with scipy and statsmodels, and rows decide, not shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from statsmodels.stats.proportion import proportion_confint

import tearless
from tearless.core import Finding, InputError
from tearless.statistics.facts import is_classes
from tearless.statistics.intervals import (
    clopper_pearson,
    poisson_at_least,
    poisson_at_most,
    widest_wilson_half_width,
    wilson,
)


def found(counts: list[int], seed: int = 0) -> list[Finding]:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([f"class {i}" for i in range(len(counts))], counts))
    report = tearless.check({"x": rng.normal(size=len(y)), "y": y}, target="y", select=["class-imbalance"])
    assert not [o.fault for o in report.outcomes if o.fault]
    return list(report.findings)


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (1, 9), (30, 100), (1, 100_000)])
def test_intervals_of_shares_agree_with_statsmodels(k: int, n: int, level: float) -> None:
    assert clopper_pearson(k, n, level) == pytest.approx(proportion_confint(k, n, 1 - level, "beta"), rel=1e-9)
    assert wilson(k, n, level) == pytest.approx(proportion_confint(k, n, 1 - level, "wilson"), rel=1e-9, abs=1e-12)


def test_the_widest_interval_is_at_one_half() -> None:
    low, high = wilson(46, 92)
    assert widest_wilson_half_width(92) == pytest.approx((high - low) / 2)
    assert widest_wilson_half_width(0) == pytest.approx(0.5)
    assert widest_wilson_half_width(92) == pytest.approx(0.1, abs=5e-4)


def test_poisson_tails_agree_with_scipy() -> None:
    for k, mean in [(0, 1.0), (3, 0.2), (40, 30.0), (1, 1e-9)]:
        assert poisson_at_least(k, mean) == pytest.approx(stats.poisson.sf(k - 1, mean), rel=1e-12)
        assert poisson_at_most(k, mean) == pytest.approx(stats.poisson.cdf(k, mean), rel=1e-12)
    with pytest.raises(InputError, match="mean"):
        poisson_at_least(1, -1.0)
    with pytest.raises(InputError, match="successes"):
        clopper_pearson(3, 2)


def test_rows_decide_and_not_the_share() -> None:
    assert [f.severity.name for f in found([992, 8])] == ["warning"]
    assert [f.severity.name for f in found([99_000, 1_000])] == ["note"]
    assert not found([600, 400])
    assert not found([880, 120])


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_usual_tables_are_silent(load: Any) -> None:
    x, y = load(return_X_y=True)
    assert not tearless.check({"x": x[:, 2], "y": y}, target="y", select=["class-imbalance"]).findings


@pytest.mark.parametrize("k", [2, 3, 5])
def test_equal_classes_hardly_ever_alarm(k: int) -> None:
    rng = np.random.default_rng(k)
    alarms = 0
    for seed in range(100):
        n = int(rng.integers(10, 60))
        alarms += bool(found(np.bincount(rng.integers(0, k, n), minlength=k).tolist(), seed))
    assert alarms <= 1


def test_the_constant_guess_is_the_largest_share_with_its_interval() -> None:
    (finding,) = found([490, 10])
    number = finding.evidence["constant_guess"]
    assert number.value == pytest.approx(0.98)
    assert number.interval == pytest.approx(proportion_confint(490, 500, 0.05, "wilson"))


def test_a_quantity_has_no_classes() -> None:
    x = np.random.default_rng(0).normal(size=100)
    report = tearless.check({"x": x, "y": x * 2}, target="y", select=["class-imbalance"])
    assert [o.result for o in report.outcomes if o.name == "class-imbalance"] == ["not applicable"]


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (np.arange(10), True),
        (np.arange(1, 27), True),
        (np.arange(26), True),
        (np.r_[1:8, 10], True),
        (np.arange(10, 40), False),
        (np.r_[60:90, 100], False),
        (np.r_[0:12, 14, 16, 23], False),
    ],
)
def test_whole_numbers_are_classes_where_they_number_them(values: np.ndarray, classes: bool) -> None:
    assert is_classes(pl.Series(np.repeat(values, 20))) is classes
    assert is_classes(pl.Series(np.repeat(values, 20).astype(float))) is classes
