"""Least squares and ridge: right, stable, and never further from the exact answer than they say."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LinearRegression, Ridge

from tearless.core import InputError
from tearless.linear_algebra import least_squares as ls
from tearless.linear_algebra.least_squares_fit import LeastSquares, wedin_bound
from tearless.linear_algebra.triangle import BLOCK, centred, triangle


def ill_conditioned(rng: np.random.Generator, n: int, p: int, kappa: float, scales: float = 0.0) -> np.ndarray:
    U, V = np.linalg.qr(rng.normal(size=(n, p)))[0], np.linalg.qr(rng.normal(size=(p, p)))[0]
    return (U * np.geomspace(1, 1 / kappa, p)) @ V.T * 10.0 ** rng.uniform(-scales, scales, size=p)


def exactly(X: np.ndarray, y: np.ndarray, alpha: float = 0.0) -> np.ndarray:
    """The solution by normal equations in 120 digits."""
    with mpmath.workdps(120):
        A, b = mpmath.matrix(X.tolist()), mpmath.matrix(y.tolist())
        w = mpmath.lu_solve(A.T * A + mpmath.mpf(alpha) * mpmath.eye(A.cols), A.T * b)
        return np.array([mpmath.nstr(v, 30) for v in w], dtype=object)


def distance(w: np.ndarray, exact: np.ndarray, lengths: np.ndarray) -> float:
    """‖D(w − exact)‖/‖D·exact‖."""
    with mpmath.workdps(50):
        d = [mpmath.mpf(float(s)) for s in lengths]
        off = mpmath.norm([s * (mpmath.mpf(float(a)) - mpmath.mpf(b)) for s, a, b in zip(d, w, exact, strict=True)])
        size = mpmath.norm([s * mpmath.mpf(b) for s, b in zip(d, exact, strict=True)])
        return float(off / size)


@pytest.mark.parametrize("route", [ls.qr, ls.svd])
@pytest.mark.parametrize("kappa", [1e0, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("noise", [0.0, 1e-6, 1.0])
def test_the_error_stays_within_its_bound_and_the_bound_is_no_idle_one(route, kappa, noise):
    rng = np.random.default_rng(int(math.log10(kappa)) + int(noise * 7))
    ratios = []
    for _ in range(6):
        n, p = int(rng.integers(6, 16)), int(rng.integers(2, 6))
        X = ill_conditioned(rng, n, p, kappa)
        y = X @ rng.normal(size=p) + noise * rng.normal(size=n)
        fit = route(X, y)
        error = distance(fit.coefficients, exactly(X, y), fit.lengths)
        assert error <= fit.error_bound()
        ratios.append(fit.error_bound() / max(error, 2.0**-54))
        apart = np.abs(fit.coefficients - exactly(X, y).astype(float))
        assert (apart <= fit.coefficient_bounds() + 2.0**-52 * np.abs(fit.coefficients)).all()
    assert min(ratios) < 2000


def test_qr_does_not_feel_the_units_of_the_columns():
    rng = np.random.default_rng(3)
    for _ in range(10):
        X = ill_conditioned(rng, 12, 4, 1e3, scales=12)
        y = X @ (rng.normal(size=4) / np.linalg.norm(X, axis=0)) + 1e-3 * rng.normal(size=12)
        fit = ls.qr(X, y)
        assert fit.kappa < 1e5 < np.linalg.cond(X)
        error = distance(fit.coefficients, exactly(X, y), fit.lengths)
        assert error <= fit.error_bound() < 1e-8


def test_the_normal_equations_lose_twice_the_digits():
    rng = np.random.default_rng(0)
    X = ill_conditioned(rng, 50, 4, 1e7)
    w = rng.normal(size=4)
    y = X @ w
    textbook = np.linalg.inv(X.T @ X) @ X.T @ y
    exact, ones = exactly(X, y), np.ones(4)
    assert distance(ls.qr(X, y).coefficients, exact, ones) < 1e-8
    assert distance(ls.svd(X, y).coefficients, exact, ones) < 1e-8
    assert distance(textbook, exact, ones) > 1e-4


def test_the_bound_for_data_errors_holds_when_the_data_change():
    rng = np.random.default_rng(1)
    X = ill_conditioned(rng, 40, 5, 300)
    y = X @ rng.normal(size=5) + 0.1 * rng.normal(size=40)
    fit = ls.qr(X, y)
    for _ in range(50):
        E, f = rng.normal(size=X.shape), rng.normal(size=40)
        E *= 1e-4 * np.linalg.norm(X, axis=0) / np.linalg.norm(E, axis=0)
        f *= 1e-4 * np.linalg.norm(y) / np.linalg.norm(f)
        moved = fit.lengths * (ls.qr(X + E, y + f).coefficients - fit.coefficients)
        assert np.linalg.norm(moved) / np.linalg.norm(fit.lengths * fit.coefficients) <= fit.error_bound(1e-4)


def test_wedin_bound_is_infinite_once_a_change_can_make_the_matrix_singular():
    assert wedin_bound(1e10, 1e-10, 1, 0, 1) == math.inf
    assert wedin_bound(10, 0.0, 1, 1, 1) == 0.0
    assert wedin_bound(math.nan, 1e-10, 1, 0, 1) == math.inf


@pytest.mark.parametrize("load", [load_diabetes, load_breast_cancer])
@pytest.mark.parametrize("intercept", [False, True])
def test_coefficients_and_standard_errors_equal_statsmodels(load, intercept):
    X, y = load(return_X_y=True)
    X = X.astype(float)
    fit = ls.qr(X, y, intercept=intercept)
    ref = sm.OLS(y, sm.add_constant(X) if intercept else X).fit(method="qr")
    skip = int(intercept)
    np.testing.assert_allclose(fit.coefficients, ref.params[skip:], rtol=1e-7)
    np.testing.assert_allclose(fit.standard_errors(), ref.bse[skip:], rtol=1e-7)
    np.testing.assert_allclose(fit.residual, ref.resid, atol=1e-8 * np.abs(y).max())
    assert fit.degrees_of_freedom == ref.df_resid
    if intercept:
        np.testing.assert_allclose(fit.intercept, ref.params[0], rtol=1e-7)
        sk = LinearRegression().fit(X, y)
        np.testing.assert_allclose(fit.coefficients, sk.coef_, rtol=1e-8)


def test_a_large_offset_costs_no_digits_beside_an_intercept():
    rng = np.random.default_rng(2)
    X = rng.integers(-1000, 1000, size=(30, 3)).astype(float)
    y = X @ [1.0, -2.0, 3.0] + rng.integers(-5, 5, size=30)
    near, far = ls.qr(X, y, intercept=True), ls.qr(X + 2.0**40, y + 2.0**40, intercept=True)
    np.testing.assert_allclose(far.coefficients, near.coefficients, rtol=1e-12)


def test_a_constant_column_is_refused_beside_an_intercept_and_named_dependent():
    X = np.column_stack([np.arange(5.0), np.full(5, 0.1)])
    with pytest.raises(InputError, match="condition number of infinite"):
        ls.qr(X, np.arange(5.0), intercept=True)
    assert ls.qr(X, np.arange(5.0)).rank == 2
    assert ls.svd(X, np.arange(5.0), intercept=True).rank == 1


@pytest.mark.parametrize("n", [3, 20, 200])
def test_dependent_columns_are_refused_by_qr_and_shared_out_by_svd(n):
    rng = np.random.default_rng(n)
    A = rng.normal(size=(n, 2))
    X = np.column_stack([A, A @ [0.3, -0.7]])
    y = rng.normal(size=n)
    with pytest.raises(InputError, match="use svd"):
        ls.qr(X, y)
    fit = ls.svd(X, y)
    assert fit.rank == 2
    assert fit.error_bound() == math.inf
    assert np.isnan(fit.standard_errors()).all()
    np.testing.assert_allclose(fit.coefficients, np.linalg.lstsq(X, y, rcond=1e-12)[0], atol=1e-12)
    np.testing.assert_allclose(fit.coefficients, np.linalg.pinv(X, rcond=1e-12) @ y, atol=1e-12)


def test_more_columns_than_rows_give_the_smallest_of_the_exact_fits():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 9)), rng.normal(size=5)
    fit = ls.svd(X, y)
    np.testing.assert_allclose(fit.coefficients, np.linalg.pinv(X) @ y, rtol=1e-10)
    np.testing.assert_allclose(fit.residual, 0, atol=1e-13)
    assert fit.kappa == 2.0**53
    with pytest.raises(InputError, match="at least 9 rows"):
        ls.qr(X, y)
    with pytest.raises(InputError, match="at least 6 rows"):
        ls.qr(X[:, :5], y, intercept=True)


def test_tall_matrices_go_in_blocks_to_the_same_answer():
    rng = np.random.default_rng(0)
    for n in (2 * BLOCK - 1, 2 * BLOCK, 3 * BLOCK + 5):
        X, y = rng.normal(size=(n, 4)), rng.normal(size=(n, 2))
        R, c = triangle(np, X, y)
        np.testing.assert_allclose(R.T @ R, X.T @ X, rtol=1e-10, atol=1e-9)
        np.testing.assert_allclose(R.T @ c, X.T @ y, rtol=1e-10, atol=1e-9)
        np.testing.assert_allclose(ls.qr(X, y).coefficients, np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-10)


def test_several_targets_are_each_their_own_problem():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    for route in (ls.qr, ls.svd, lambda X, y, intercept: ls.ridge(X, y, 2.0, intercept=intercept)):
        both = route(X, Y, intercept=True)
        for j in range(2):
            one = route(X, Y[:, j], intercept=True)
            np.testing.assert_allclose(both.coefficients[:, j], one.coefficients, rtol=1e-12)
            np.testing.assert_allclose(both.intercept[j], one.intercept, rtol=1e-10)
            np.testing.assert_allclose(both.standard_errors()[:, j], one.standard_errors(), rtol=1e-12)
            np.testing.assert_allclose(both.error_bound()[j], one.error_bound(), rtol=1e-9)
            np.testing.assert_allclose(both.coefficient_bounds()[:, j], one.coefficient_bounds(), rtol=1e-9)


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e160, 1e300])
def test_huge_and_tiny_columns_neither_overflow_nor_vanish(size):
    X = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.5]]) * size
    y = X @ [1.0, 1.0]
    for fit in (ls.qr(X, y), ls.svd(X, y)):
        np.testing.assert_allclose(fit.coefficients, [1, 1], rtol=1e-12)
        assert fit.rank == 2
        assert fit.kappa < 100
        assert fit.error_bound() < 1e-12


@pytest.mark.parametrize("load", [load_diabetes, load_breast_cancer])
@pytest.mark.parametrize("alpha", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("intercept", [False, True])
def test_ridge_equals_scikit_learn(load, alpha, intercept):
    X, y = load(return_X_y=True)
    fit = ls.ridge(X, y, alpha, intercept=intercept)
    ref = Ridge(alpha, fit_intercept=intercept, solver="svd").fit(X, y)
    np.testing.assert_allclose(fit.coefficients, ref.coef_, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(fit.intercept, ref.intercept_, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("shape", [(12, 4), (4, 4), (4, 7)])
@pytest.mark.parametrize("alpha", [1e-12, 1e-3, 10.0])
def test_ridge_stays_within_its_bound(shape, alpha):
    rng = np.random.default_rng(5)
    for _ in range(4):
        X = ill_conditioned(rng, *shape, 1e7) if shape[0] >= shape[1] else rng.normal(size=shape)
        y = rng.normal(size=shape[0])
        fit = ls.ridge(X, y, alpha, intercept=False)
        assert distance(fit.coefficients, exactly(X, y, alpha), fit.lengths) <= fit.error_bound()


def test_ridge_runs_from_least_squares_to_nothing():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    plain = ls.qr(X, y, intercept=True)
    np.testing.assert_allclose(ls.ridge(X, y, 0.0).coefficients, plain.coefficients, rtol=1e-12)
    assert ls.ridge(X, y, 0.0).effective_parameters == 3
    none = ls.ridge(X, y, 1e300)
    np.testing.assert_allclose(none.coefficients, 0, atol=1e-290)
    assert float(none.intercept) == pytest.approx(y.mean())
    assert none.effective_parameters == pytest.approx(0)


def test_ridge_of_dependent_columns_shares_alike_however_small_alpha():
    x = np.arange(6.0)
    for alpha in (1.0, 1e-10, 1e-40, 1e-300, 0.0):
        w = ls.ridge(np.column_stack([x, x]), 2 * x, alpha).coefficients
        assert w[0] == pytest.approx(w[1], rel=1e-5)
        assert w.sum() == pytest.approx(2 * 35 / (35 + alpha), rel=1e-9)


def test_ridge_spread_is_that_of_many_repetitions():
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(25, 3)), np.array([1.0, 2.0, 3.0])
    draws = np.array([ls.ridge(X, X @ w + rng.normal(size=25), 5.0).coefficients for _ in range(2000)])
    fit = ls.ridge(X, X @ w, 5.0)
    scaled = fit.standard_errors() / np.linalg.norm(fit.residual) * math.sqrt(fit.degrees_of_freedom)
    np.testing.assert_allclose(draws.std(axis=0), scaled, rtol=0.06)


def test_leverages_are_the_diagonal_of_the_hat_matrix():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    ref = sm.OLS(y, sm.add_constant(X)).fit().get_influence().hat_matrix_diag
    np.testing.assert_allclose(ls.leverages(X), ref, rtol=1e-12)
    twice = np.column_stack([X, X[:, 0] - X[:, 1]])
    np.testing.assert_allclose(ls.leverages(twice), ref, rtol=1e-10)
    assert ls.leverages(X, intercept=False).sum() == pytest.approx(3)


@given(st.integers(2, 30), st.integers(1, 5), st.integers(0, 2**32 - 1), st.booleans())
def test_the_residual_is_at_right_angles_to_the_columns(n, p, seed, intercept):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, p)), rng.normal(size=n)
    fit = ls.svd(X, y, intercept=intercept)
    D = centred(np, X)[0] if intercept else X
    assert np.abs(D.T @ fit.residual).max() <= 1e-11 * max(1.0, fit.kappa if fit.kappa < 1e6 else 1.0)
    if intercept:
        assert abs(fit.residual.sum()) < 1e-11


def test_what_cannot_be_fitted_is_refused_by_name():
    X, y = np.ones((3, 1)), np.ones(3)
    for route in (ls.qr, ls.svd, lambda X, y: ls.ridge(X, y, 1.0)):
        with pytest.raises(InputError, match="X, y: expected as many rows"):
            route(X, np.ones(4))
        with pytest.raises(InputError, match="X: expected finite numbers, got 1"):
            route(np.array([[1.0], [np.nan], [1.0]]), y)
        with pytest.raises(InputError, match="y: expected finite numbers"):
            route(X, [1.0, np.inf, 0.0])
        with pytest.raises(InputError, match="X: expected a matrix"):
            route(y, y)
        with pytest.raises(InputError, match="X: expected at least one number"):
            route(np.empty((0, 2)), [])
    with pytest.raises(InputError, match="alpha: expected a finite number at least 0"):
        ls.ridge(X, y, -1.0)


def test_a_column_of_zeros_has_no_bound():
    fit: LeastSquares = ls.svd(np.zeros((3, 2)), np.ones(3))
    assert fit.rank == 0
    assert fit.coefficients.tolist() == [0, 0]
    assert not fit.error_bound() < math.inf
    with pytest.raises(InputError, match="infinite"):
        ls.qr(np.zeros((3, 2)), np.ones(3))
