"""Ridge regression against scikit-learn's solvers and its own closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import linear_model

from tearless.algorithms.linear_regression import LinearRegression
from tearless.algorithms.ridge import Ridge

from .real_data import NAMES, off, table


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("alpha", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("intercept", [True, False])
def test_equal_to_scikit_learn_on_real_data(name: str, alpha: float, intercept: bool) -> None:
    X, y = table(name)
    ours = Ridge(alpha, fit_intercept=intercept).fit(X, y)
    theirs = linear_model.Ridge(alpha, fit_intercept=intercept, solver="svd").fit(X, y)
    assert off(ours.coef_, theirs.coef_) < 1e-8
    assert off(ours.predict(X), theirs.predict(X)) < 1e-8
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-8, abs=1e-8)


def test_weights_count_rows_more_than_once() -> None:
    X, y = table("diabetes")
    w = np.random.default_rng(0).integers(0, 4, len(y)).astype(float)
    ours = Ridge(0.5).fit(X, y, sample_weight=w)
    repeated = Ridge(0.5).fit(np.repeat(X, w.astype(int), axis=0), np.repeat(y, w.astype(int)))
    assert off(ours.coef_, repeated.coef_) < 1e-11
    assert off(ours.coef_, linear_model.Ridge(0.5).fit(X, y, sample_weight=w).coef_) < 1e-9
    assert off(Ridge(1.5).fit(X, y, sample_weight=np.full(len(y), 3.0)).coef_, ours.coef_) > 1e-3
    assert off(Ridge(1.5).fit(X, y, sample_weight=np.full(len(y), 3.0)).coef_, Ridge(0.5).fit(X, y).coef_) < 1e-11


def test_without_a_penalty_it_is_least_squares_and_with_a_large_one_nothing_is_left() -> None:
    X, y = table("diabetes")
    assert off(Ridge(0.0).fit(X, y).coef_, LinearRegression().fit(X, y).coef_) < 1e-10
    flat = Ridge(1e12).fit(X, y)
    assert np.abs(flat.coef_).max() < 1e-6
    assert flat.intercept_ == pytest.approx(y.mean())


def test_more_columns_than_rows() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10, 40)), rng.normal(size=10)
    assert off(Ridge(0.3).fit(X, y).coef_, linear_model.Ridge(0.3, solver="svd").fit(X, y).coef_) < 1e-10


def test_each_direction_keeps_its_stated_share() -> None:
    X, y = table("diabetes")
    U, s, Vt = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    free = Vt @ LinearRegression().fit(X, y).coef_
    held = Ridge(0.7)
    assert np.allclose(Vt @ held.fit(X, y).coef_, free * s**2 / (s**2 + 0.7), rtol=1e-9)
    assert held.effective_parameters_ == pytest.approx(np.sum(s**2 / (s**2 + 0.7)))
    assert U.shape == X.shape
