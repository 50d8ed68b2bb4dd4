"""Singular values, condition numbers and digits agree with NumPy, SciPy, statsmodels and high-precision arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

import tearless
from tearless.core import InputError
from tearless.linear_algebra import condition
from tearless.linear_algebra.condition import (
    condition_number,
    digits_left,
    extreme_singular_values,
    largest_singular_value,
    weakest_columns,
    with_intercept,
)


def triangle(x: np.ndarray) -> np.ndarray:
    return np.linalg.qr(x, mode="r")


def longley() -> np.ndarray:
    return sm.datasets.longley.load_pandas().exog.to_numpy(dtype=float)


def test_condition_of_standardised_longley_is_statsmodels() -> None:
    x = longley()
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    y = sm.datasets.longley.load_pandas().endog.to_numpy()
    theirs = sm.OLS(y, z).fit().condition_number
    assert condition_number(triangle(z)) == pytest.approx(theirs, rel=1e-6)
    assert theirs == pytest.approx(110.5, abs=0.1)


def test_condition_with_intercept_is_belsleys_of_longley() -> None:
    """Columns of length 1 with the intercept: 43,275, the figure that the textbooks print."""
    x = longley()
    z = (x - x.mean(axis=0)) / x.std(axis=0, ddof=1)
    factor = with_intercept(triangle(z) / np.sqrt(len(x) - 1), x.mean(axis=0), x.std(axis=0, ddof=1), len(x))
    direct = sm.add_constant(x)
    direct = direct / np.linalg.norm(direct, axis=0)
    assert condition_number(factor) == pytest.approx(np.linalg.cond(direct), rel=1e-6)
    assert condition_number(factor) == pytest.approx(43_275, rel=1e-3)


def test_with_intercept_loses_nothing_to_a_large_offset() -> None:
    """κ of [1, x] with x = 1e12 + z is 2·mean/spread to first order: no digit is lost, as none is subtracted."""
    z = np.random.default_rng(0).normal(size=1_000)
    x = 1e12 + z
    mean, std = np.array([x.mean()]), np.array([x.std(ddof=1)])
    kappa = condition_number(with_intercept([[1.0]], mean, std, len(x)))
    assert kappa == pytest.approx(2 * mean[0] / x.std(), rel=1e-9)


def test_many_columns_by_iteration_agree_with_the_full_decomposition(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(1).normal(size=(400, 60))
    x[:, 5] = x[:, 1] - x[:, 2] + 1e-4 * x[:, 5]
    r = triangle(x)
    exact = np.linalg.svd(r, compute_uv=False)
    heavy = weakest_columns(r, 3)
    monkeypatch.setattr(condition, "EXACT_UP_TO", 10)
    largest, smallest = extreme_singular_values(r)
    assert largest == pytest.approx(exact[0], rel=0.05)
    assert smallest == pytest.approx(exact[-1], rel=0.01)
    assert largest_singular_value(r) <= exact[0] * (1 + 1e-12)
    assert set(heavy) == {1, 2, 5} == set(weakest_columns(r, 3))


def test_digits_left_are_the_digits_that_a_solve_keeps() -> None:
    """The Hilbert matrix of order 8: the true error of a solve stays within what the condition number leaves."""
    n = 8
    h = 1.0 / (np.arange(n)[:, None] + np.arange(n) + 1)
    exact = np.ones(n)
    error = np.abs(np.linalg.solve(h, h @ exact) - exact).max()
    digits = digits_left(float(np.linalg.cond(h)), 2.0**-53)
    assert 5 < digits < 7
    assert -np.log10(error) > digits - 1


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InputError, match="r: expected a square matrix"):
        condition_number(np.ones((2, 3)))
    with pytest.raises(InputError, match="nan or inf"):
        condition_number([[np.nan]])
    with pytest.raises(InputError, match="rows: expected at least 2"):
        with_intercept([[1.0]], [0.0], [1.0], 1)
    with pytest.raises(InputError, match="kappa"):
        digits_left(0.5, 2.0**-53)


def test_an_equation_that_holds_up_to_rounding_only_leaves_the_digits_that_its_condition_leaves() -> None:
    rng = np.random.default_rng(0)
    index = np.arange(200)
    table = {"index": index, "pair": index // 2, "x": rng.normal(size=200)}
    findings = tearless.check(table, select=["exact-combination", "ill-conditioned"]).findings
    assert [(f.name, f.severity.name) for f in findings] == [("exact-combination", "warning")]
    x = np.column_stack(list(table.values()))
    assert np.linalg.cond((x - x.mean(axis=0)) / x.std(axis=0)) < 1e3
