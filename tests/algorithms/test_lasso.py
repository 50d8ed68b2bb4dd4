"""Lasso against scikit-learn, its optimality conditions, and the duality gap that stops it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model

from tearless.algorithms.lasso import Lasso
from tearless.calculus.coordinate_descent import duality_gap, l1_least_squares, soft_threshold
from tearless.core import InputError

from .real_data import LOADERS, off, standardised, table


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("share", [0.01, 0.1])
def test_equal_to_scikit_learn_on_real_data(name: str, share: float) -> None:
    X, y = table(name)
    X = standardised(X)
    alpha = share * float(np.abs(X.T @ (y - y.mean())).max()) / len(y)
    ours = Lasso(alpha, tol=1e-12, max_iter=100_000).fit(X, y)
    theirs = linear_model.Lasso(alpha, tol=1e-13, max_iter=100_000).fit(X, y)
    assert off(ours.coef_, theirs.coef_) < 1e-6
    assert np.array_equal(ours.coef_ != 0, theirs.coef_ != 0)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-8)


def test_longley_in_its_own_units() -> None:
    X, y = table("longley")
    alpha = 0.01 * float(np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max()) / len(y)
    theirs = linear_model.Lasso(alpha, tol=1e-13, max_iter=100_000).fit(X, y)
    assert off(Lasso(alpha, tol=1e-12).fit(X, y).coef_, theirs.coef_) < 1e-6


def test_weights_count_rows_more_than_once() -> None:
    X, y = table("diabetes")
    w = np.random.default_rng(0).integers(0, 4, len(y))
    ours = Lasso(0.1, tol=1e-12).fit(X, y, sample_weight=w)
    assert off(ours.coef_, Lasso(0.1, tol=1e-12).fit(np.repeat(X, w, axis=0), np.repeat(y, w)).coef_) < 1e-7
    theirs = linear_model.Lasso(0.1, tol=1e-13, max_iter=10_000).fit(X, y, sample_weight=w)
    assert off(ours.coef_, theirs.coef_) < 1e-6


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 30), st.integers(1, 8), st.floats(0.01, 0.9))
def test_the_conditions_of_a_minimum_hold(seed: int, n: int, p: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, p)), rng.normal(size=n)
    t = share * float(np.abs(X.T @ y).max())
    found = l1_least_squares(X, y, t, tolerance=1e-13, most=100_000)
    slope = X.T @ (y - X @ found.w)
    kept = found.w != 0
    assert found.converged
    assert np.allclose(slope[kept], t * np.sign(found.w[kept]), atol=1e-5 * t)
    assert np.all(np.abs(slope) <= t * (1 + 1e-5))


def test_the_gap_bounds_the_distance_to_the_least_loss() -> None:
    X, y = table("diabetes")
    X, y = standardised(X), y - y.mean()
    t = 0.02 * float(np.abs(X.T @ y).max())
    best = l1_least_squares(X, y, t, tolerance=1e-14, most=100_000).loss
    for sweeps in (1, 5, 20, 60):
        early = l1_least_squares(X, y, t, tolerance=0.0, most=sweeps)
        assert early.sweeps <= sweeps
        assert -1e-9 * best <= early.loss - best <= early.gap + 1e-9 * best
    assert duality_gap(X, y, np.zeros(10), y, 1e12)[0] == 0.0


def test_from_the_largest_alpha_on_every_weight_is_zero() -> None:
    X, y = table("diabetes")
    largest = float(np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max()) / len(y)
    assert not Lasso(largest * (1 + 1e-9)).fit(X, y).coef_.any()
    assert np.count_nonzero(Lasso(largest * 0.99).fit(X, y).coef_) == 1
    assert Lasso(largest).fit(X, y).explain().steps[0].numbers["largest alpha"].value == pytest.approx(largest)


def test_without_a_penalty_it_goes_to_least_squares_and_says_it_cannot_prove_it() -> None:
    X, y = table("diabetes")
    with pytest.warns(UserWarning, match="use LinearRegression for alpha=0"):
        ours = Lasso(0.0, max_iter=20_000).fit(X, y)
    assert off(ours.coef_, linear_model.LinearRegression().fit(X, y).coef_) < 1e-6


def test_a_column_of_zeros_gets_no_weight() -> None:
    X, y = table("diabetes")
    X = np.c_[X, np.full(len(y), 3.0)]
    assert Lasso(0.1).fit(X, y).coef_[-1] == 0.0


def test_soft_threshold() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 1.0, -1.0, 0.5])
    assert np.array_equal(soft_threshold(x, 1.0), [np.nan, np.inf, -np.inf, 0.0, 0.0, 0.0], equal_nan=True)
    with pytest.raises(InputError, match="threshold"):
        soft_threshold(x, -1.0)
    with pytest.raises(InputError, match="match the rows"):
        l1_least_squares(np.eye(3), np.ones(2), 1.0, tolerance=1e-6)
