"""Linear regression against scikit-learn, statsmodels and longley in fractions; descent against its own theory."""

from __future__ import annotations

import itertools
import warnings
from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model

from tearless.algorithms.linear_regression import LinearRegression

from .real_data import NAMES, off, standardised, table


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("intercept", [True, False])
def test_equal_to_scikit_learn_on_real_data(name: str, intercept: bool) -> None:
    X, y = table(name)
    ours = LinearRegression(fit_intercept=intercept).fit(X, y)
    theirs = linear_model.LinearRegression(fit_intercept=intercept, tol=1e-15).fit(X, y)
    assert off(ours.coef_, theirs.coef_) < 1e-8
    assert off(ours.predict(X), theirs.predict(X)) < 1e-8
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-8)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-8)


def test_longley_in_exact_arithmetic() -> None:
    X, y = table("longley")
    rows = [[Fraction(1), *(Fraction(str(v)) for v in row), Fraction(str(t))] for row, t in zip(X, y, strict=True)]
    k = len(rows[0]) - 1
    a = [[sum(r[i] * r[j] for r in rows) for j in range(k + 1)] for i in range(k)]
    for i in range(k):  # Gauss-Jordan, in fractions: no rounding at all
        a[i] = [v / a[i][i] for v in a[i]]
        for j in range(k):
            if j != i:
                a[j] = [v - a[j][i] * w for v, w in zip(a[j], a[i], strict=True)]
    exact = np.array([float(row[-1]) for row in a])
    ours = LinearRegression().fit(X, y)
    assert off(np.r_[ours.intercept_, ours.coef_] / exact, np.ones(k)) < 1e-10


def test_weights_count_rows_more_than_once() -> None:
    X, y = table("diabetes")
    w = np.random.default_rng(0).integers(0, 4, len(y))
    weighted = LinearRegression().fit(X, y, sample_weight=w)
    repeated = LinearRegression().fit(np.repeat(X, w, axis=0), np.repeat(y, w))
    by_statsmodels = sm.WLS(y, sm.add_constant(X), weights=w).fit().params
    assert off(weighted.coef_, repeated.coef_) < 1e-11
    assert off(np.r_[weighted.intercept_, weighted.coef_], by_statsmodels) < 1e-11


def test_of_equally_good_weights_the_smallest() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(8, 20))
    y = rng.normal(size=8)
    ours = LinearRegression().fit(X, y)
    centred = X - X.mean(axis=0)
    assert off(ours.coef_, np.linalg.pinv(centred) @ (y - y.mean())) < 1e-10
    assert ours.rank_ == 7
    assert "svd" in ours.explain().steps[0].function


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 40), st.integers(1, 4))
def test_the_residual_is_orthogonal_to_every_column(seed: int, n: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, p)) * 10.0 ** rng.integers(-3, 4, p), rng.normal(size=n)
    left = y - LinearRegression().fit(X, y).predict(X)
    sizes = np.linalg.norm(X, axis=0) * np.linalg.norm(y)
    assert np.all(np.abs(X.T @ left) <= 1e-10 * sizes)
    assert abs(left.sum()) <= 1e-10 * np.linalg.norm(y) * np.sqrt(n)


def test_descent_arrives_where_qr_does_and_keeps_its_path() -> None:
    X, y = table("diabetes")
    X = standardised(X)
    exact = LinearRegression().fit(X, y)
    walked = LinearRegression(solver="gradient_descent", tol=1e-12, max_iter=20_000).fit(X, y)
    assert off(walked.coef_, exact.coef_) < 1e-9
    assert walked.intercept_ == pytest.approx(exact.intercept_, rel=1e-12)
    losses = [float(step.loss) for step in walked.trace_]
    assert all(b <= a * (1 + 1e-12) for a, b in itertools.pairwise(losses))
    assert len(walked.trace_) == walked.n_iter_ + 1
    assert np.array_equal(walked.trace_[0].w, np.zeros(10))


def test_the_first_step_is_minus_the_rate_times_the_gradient() -> None:
    X, y = np.array([[-1.0], [0.0], [1.0]]), np.array([-2.0, 0.0, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        walked = LinearRegression(solver="gradient_descent", learning_rate=0.25, max_iter=1).fit(X, y)
    first = walked.trace_[0]
    assert float(first.loss) == pytest.approx(8 / 3)  # mean of 4, 0, 4
    assert float(first.gradient[0]) == pytest.approx(-8 / 3)  # 2/3 Σ x (xw - y)
    assert float(walked.trace_[1].w[0]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(("share", "grows"), [(0.99, False), (1.01, True)])
def test_two_over_the_largest_curvature_parts_rates_that_arrive_from_rates_that_grow(share: float, grows: bool) -> None:
    X, y = table("wine")
    curvature = 2 * np.linalg.eigvalsh(np.cov(X.T, ddof=0))
    rate = share * 2 / curvature[-1]
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        walked = LinearRegression(solver="gradient_descent", learning_rate=rate, max_iter=2000).fit(X, y)
    assert (float(walked.trace_[-1].loss) > float(walked.trace_[0].loss)) is grows
    assert ("is not below 2/λmax" in str(seen[0].message)) is grows


def test_a_rate_far_too_large_ends_finite_and_says_why() -> None:
    X, y = table("wine")
    with pytest.warns(UserWarning, match=r"learning_rate: 0.1 is not below 2/λmax = 1.014e-05; each step multiplies"):
        walked = LinearRegression(solver="gradient_descent", learning_rate=0.1).fit(X, y)
    assert np.isfinite(walked.coef_).all()


def test_columns_of_unlike_units_crawl_and_the_warning_counts_the_steps() -> None:
    X, y = table("wine")
    with pytest.warns(UserWarning, match=r"one digit takes about [\d,]+ steps .* scale the columns"):
        LinearRegression(solver="gradient_descent").fit(X, y)
    LinearRegression(solver="gradient_descent").fit(standardised(X), y)  # no warning: it arrives


def test_a_constant_target_and_a_constant_column_do_no_harm() -> None:
    X = np.c_[np.arange(5.0), np.ones(5)]
    for solver in ("qr", "gradient_descent"):
        ours = LinearRegression(solver=solver).fit(X, np.full(5, 7.0))
        assert np.allclose(ours.coef_, 0.0, atol=1e-12)
        assert ours.predict([[100.0, 1.0]])[0] == pytest.approx(7.0)
        assert ours.explain()
