"""Correlations: SciPy's values and chances, intervals that cover, and a common cause that is found out."""

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
from tearless.statistics.correlation import confounding, correlation, kendall, partial, pearson, spearman
from tearless.statistics.ranks import greater_before

RNG = np.random.default_rng(0)
SCIPY = {"pearson": sps.pearsonr, "spearman": sps.spearmanr, "kendall": sps.kendalltau}


@pytest.mark.parametrize("kind", SCIPY)
@pytest.mark.parametrize("n", [9, 30, 51, 400])
@pytest.mark.parametrize("ties", [False, True])
def test_values_and_chances_are_those_of_scipy(kind: Any, n: int, ties: bool) -> None:
    x = RNG.normal(size=n)
    y = 0.5 * x + RNG.normal(size=n)
    if ties:
        x, y = np.round(x), np.round(y)
    exact = {"method": "exact"} if kind == "kendall" and not ties and n <= 50 else {}
    ours, theirs = correlation(x, y, kind), SCIPY[kind](x, y, **exact)
    assert ours.estimate.value == pytest.approx(theirs.statistic, abs=1e-12)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-9)


def test_pearsons_interval_is_that_of_scipy() -> None:
    x = RNG.normal(size=40)
    y = x + RNG.normal(size=40)
    ours, theirs = correlation(x, y).estimate, sps.pearsonr(x, y).confidence_interval()
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=1e-10)


def test_spearmans_chance_of_few_rows_is_that_of_all_orders() -> None:
    x, y = RNG.normal(size=7), RNG.normal(size=7)
    theirs = sps.permutation_test(
        (x,), lambda a: sps.spearmanr(a, y).statistic, permutation_type="pairings", n_resamples=np.inf
    )
    assert correlation(x, y, "spearman").p == pytest.approx(theirs.pvalue, abs=1e-12)


@pytest.mark.parametrize("kind", SCIPY)
@pytest.mark.parametrize("rho", [0.0, 0.6, 0.95])
def test_intervals_cover(kind: Any, rho: float) -> None:
    truth = {"pearson": rho, "spearman": 6 / math.pi * math.asin(rho / 2), "kendall": 2 / math.pi * math.asin(rho)}
    rng, covered = np.random.default_rng(1), 0
    for _ in range(400):
        x = rng.normal(size=30)
        e = correlation(x, rho * x + math.sqrt(1 - rho**2) * rng.normal(size=30), kind).estimate
        covered += e.low <= truth[kind] <= e.high
    assert 0.92 <= covered / 400 <= 0.985


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_greater_before_counts_as_a_double_loop_does(codes: list[int]) -> None:
    slow = [sum(a > b for a in codes[:i]) for i, b in enumerate(codes)]
    assert greater_before(np.array(codes)).tolist() == slow


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 64, 1000, 1024, 1025, 3000])
def test_greater_before_at_the_ends_of_its_blocks(n: int) -> None:
    rng = np.random.default_rng(n)
    for codes in (rng.permutation(n), rng.integers(0, n // 3 + 1, n), np.arange(n), np.arange(n)[::-1].copy()):
        slow = [int((codes[:i] > code).sum()) for i, code in enumerate(codes)]
        assert greater_before(codes).tolist() == slow


@pytest.mark.parametrize("n", [40, 5_000, 40_000])
def test_kendall_of_few_and_many_values_is_scipys(n: int) -> None:
    """By a table where both columns hold few values, by digits where one of them does not."""
    x = np.random.default_rng(0).normal(size=n)
    y = x + np.random.default_rng(1).normal(size=n)
    for a in (x, np.round(x), np.round(x, 2)):
        for b in (y, -np.round(y), np.round(y, 2)):
            assert kendall(a, b) == pytest.approx(sps.kendalltau(a, b).statistic, abs=1e-13)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=25))
def test_laws_of_the_three(rows: list[tuple[int, int]]) -> None:
    x, y = (np.array(side, dtype=float) for side in zip(*rows, strict=True))
    for f in (pearson, spearman, kendall):
        r = float(f(x, y))
        assert math.isnan(r) == (x.min() == x.max() or y.min() == y.max())
        if not math.isnan(r):
            assert -1 <= r <= 1
            assert float(f(y, x)) == pytest.approx(r, abs=1e-12)
            assert float(f(-x, 2 * y + 5)) == pytest.approx(-r, abs=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1e300, 1e-300])
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_pearson_keeps_its_digits(scale: float, offset: float) -> None:
    x = (RNG.normal(size=50) + offset) * scale
    y = (RNG.normal(size=50) + offset) * scale
    with mp.workdps(60):
        a, b = ([mpf(float(v)) for v in side] for side in (x, y))
        a, b = ([v - sum(side) / 50 for v in side] for side in (a, b))
        cross = sum(p * q for p, q in zip(a, b, strict=True))
        truth = float(cross / mp.sqrt(sum(p * p for p in a) * sum(q * q for q in b)))
    assert float(pearson(x, y)) == pytest.approx(truth, abs=1e-14)


def test_partial_correlation_is_that_of_the_inverse_covariance() -> None:
    data = RNG.normal(size=(60, 5)) @ RNG.normal(size=(5, 5)) + 100
    precision = np.linalg.inv(np.cov(data.T))
    theirs = -precision[0, 1] / math.sqrt(precision[0, 0] * precision[1, 1])
    assert float(partial(data[:, 0], data[:, 1], data[:, 2:])) == pytest.approx(theirs, abs=1e-10)


def test_a_common_cause_is_found_out_and_a_common_effect_makes_a_tie() -> None:
    rng = np.random.default_rng(2)
    cause = rng.normal(size=2000)
    x, y = cause + rng.normal(size=2000), cause + rng.normal(size=2000)
    found = confounding(x, y, cause)
    assert found.raw.estimate.low > 0.4
    assert found.partial.estimate.low < 0 < found.partial.estimate.high
    assert found.explained == pytest.approx(1, abs=0.1)
    a, b = rng.normal(size=2000), rng.normal(size=2000)
    effect = confounding(a, b, a + b + 0.1 * rng.normal(size=2000))
    assert abs(effect.raw.estimate.value) < 0.1
    assert effect.partial.estimate.high < -0.8


def test_few_rows_in_perfect_order_prove_little() -> None:
    x = np.arange(5.0)
    for kind in ("spearman", "kendall"):
        e = correlation(x, x**3, kind).estimate  # type: ignore[arg-type]
        assert (e.value, e.high) == (1.0, 1.0)
        assert e.low < 0
        many = correlation(np.arange(200.0), np.arange(200.0) ** 3, kind).estimate  # type: ignore[arg-type]
        assert many.low > 0.85
    assert correlation(x[:3], [1.0, 3.0, 2.0]).estimate.low == -1


def test_kendall_of_many_rows_needs_no_pairs() -> None:
    x = RNG.normal(size=200_000)
    assert kendall(x, x) == pytest.approx(1)
    assert kendall(x, -x) == pytest.approx(-1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: pearson([1.0], [1.0, 2.0]), "one length"),
        (lambda: correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), "values that differ"),
        (lambda: correlation([1.0, math.nan], [1.0, 2.0]), "finite"),
        (lambda: correlation([1.0, 2.0], [1.0, 2.0], "phi"), "kind"),  # type: ignore[arg-type]
        (lambda: partial([1.0, 2.0, 3.0], [1.0, 2.0, 1.0], np.ones((3, 2))), "at most 1 columns"),
        (lambda: partial(np.arange(5.0), [1.0, 2, 1, 2, 1], np.ones(5)), "follows from the others"),
        (lambda: correlation([1.0, 2, 3], [1.0, 2, 4], "kendall", given=[1.0, 2, 3]), "none with kind"),
    ],
)
def test_bad_input_is_refused_by_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        call()
