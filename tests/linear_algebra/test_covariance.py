"""Covariance and correlation: equal to NumPy's, safe at any offset and size, and a monoid when merged."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.linear_algebra.covariance import Comoments, correlation, covariance


def mixed(seed: int, n: int, p: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, p)) @ rng.normal(size=(p, p)) + 10 * rng.normal(size=p)


def exactly(X: np.ndarray) -> np.ndarray:
    """Sums of products of deviations, in fractions."""
    columns = [[Fraction(float(v)) for v in column] for column in X.T]
    means = [sum(c) / len(c) for c in columns]
    d = [[v - m for v in c] for c, m in zip(columns, means, strict=True)]
    return np.array([[float(sum(a * b for a, b in zip(x, y, strict=True))) for y in d] for x in d])


@pytest.mark.parametrize("ddof", [0, 1, 2])
def test_covariance_and_correlation_equal_numpy(ddof):
    X = mixed(0, 50, 4)
    np.testing.assert_allclose(covariance(X, ddof=ddof), np.cov(X.T, ddof=ddof), rtol=1e-12)
    np.testing.assert_allclose(correlation(X), np.corrcoef(X.T), rtol=1e-12)
    whole = Comoments.of(X)
    np.testing.assert_allclose(whole.covariance(ddof=ddof), np.cov(X.T, ddof=ddof), rtol=1e-12)
    np.testing.assert_allclose(whole.correlation(), np.corrcoef(X.T), rtol=1e-12)
    assert (covariance(X) == covariance(X).T).all()


@given(st.lists(st.integers(0, 6), min_size=1, max_size=6), st.integers(1, 3), st.integers(0, 10**6), st.randoms())
def test_parts_merge_to_the_whole_in_any_order_and_grouping(sizes, p, seed, random):
    X = mixed(seed, sum(sizes), p)
    parts = [Comoments.of(part) for part in np.split(X, np.cumsum(sizes)[:-1])]
    while len(parts) > 1:
        a, b = parts.pop(random.randrange(len(parts))), parts.pop(random.randrange(len(parts)))
        parts.append(a.merge(b))
    whole = Comoments.of(X)
    assert parts[0].n == whole.n
    np.testing.assert_allclose(parts[0].mean, whole.mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(parts[0].products, whole.products, rtol=1e-11, atol=1e-11)


def test_no_rows_is_the_neutral_element():
    a, none = Comoments.of(mixed(0, 5, 2)), Comoments.of(np.empty((0, 2)))
    for same in (a.merge(none), none.merge(a)):
        assert (same.products == a.products).all()
        assert same.n == a.n
    assert none.merge(none).n == 0
    assert np.isnan(none.covariance()).all()


@pytest.mark.parametrize("offset", [0.0, 1e8, 1e12])
def test_a_large_offset_costs_no_digits(offset):
    X = np.random.default_rng(0).normal(size=(40, 3)) + offset
    exact = exactly(X)
    size = np.sqrt(np.multiply.outer(np.diag(exact), np.diag(exact)))
    merged = Comoments.of(X[:7]).merge(Comoments.of(X[7:]))
    for got in (covariance(X) * 39, Comoments.of(X).products, merged.covariance() * 39):
        assert (np.abs(got - exact) <= 2e-14 * size + 4e-16 * offset * np.sqrt(size)).all()
    assert (np.abs(covariance(X) * 39 - exact) <= 2e-14 * size).all()


@pytest.mark.parametrize("scales", [(1e300, 1e-300, 1.0), (1e200, 1e200, 1e200), (1e-160, 1e-160, 1e-250)])
def test_columns_of_any_size_correlate_as_they_do_at_size_one(scales):
    X = np.random.default_rng(0).normal(size=(30, 3))
    merged = Comoments.of(X[:10] * scales).merge(Comoments.of(X[10:] * scales))
    for got in (correlation(X * scales), Comoments.of(X * scales).correlation(), merged.correlation()):
        np.testing.assert_allclose(got, np.corrcoef(X.T), rtol=1e-12)
    with np.errstate(over="ignore"):
        expected = np.cov(X.T) * np.array(scales)[:, None] * scales
    np.testing.assert_allclose(merged.covariance(), expected, rtol=1e-11, atol=5e-324)
    np.testing.assert_allclose(covariance(X * scales), expected, rtol=1e-11, atol=5e-324)


def test_merging_a_far_part_with_a_constant_one():
    far = Comoments.of(np.full((3, 1), 1e200)).merge(Comoments.of(np.full((1, 1), -1e200)))
    assert far.covariance()[0, 0] == math.inf
    assert far.correlation()[0, 0] == 1.0
    np.testing.assert_allclose(far.products * far.unit**2 / 1e200 / 1e200 if far.unit[0] < 1e100 else 3.0, 3.0)
    same = Comoments.of([[0.1], [0.1]]).merge(Comoments.of([[0.1]]))
    assert same.covariance()[0, 0] == 0
    assert np.isnan(same.correlation()).all()


def test_a_constant_column_varies_with_nothing():
    X = np.column_stack([np.arange(4.0), np.full(4, 0.1)])
    for r in (correlation(X), Comoments.of(X).correlation()):
        assert r[0, 0] == 1
        assert np.isnan(r[[0, 1, 1], [1, 0, 1]]).all()
    assert covariance(X)[1].tolist() == [0, 0]
    np.testing.assert_allclose(pd.DataFrame(X).cov(), covariance(X))


def test_correlations_stay_within_one():
    x = np.random.default_rng(0).normal(size=1000)
    for y in (x, 3 * x + 7, -x):
        r = correlation(np.column_stack([x, y]))
        assert (np.abs(r) <= 1).all()
        assert abs(r[0, 1]) == pytest.approx(1, abs=1e-15)


def test_what_has_no_covariance_is_refused_by_name():
    with pytest.raises(InputError, match="X: expected more than 1 rows, got 1"):
        covariance([[1.0, 2.0]])
    with pytest.raises(InputError, match="X: expected more than 1 rows"):
        correlation([[1.0, 2.0]])
    for f in (covariance, correlation, Comoments.of):
        with pytest.raises(InputError, match="X: expected finite"):
            f([[np.nan], [1.0]])
        with pytest.raises(InputError, match="a matrix"):
            f([1.0, 2.0])
    with pytest.raises(InputError, match="expected 1 columns, got 2"):
        Comoments.of([[1.0]]).merge(Comoments.of([[1.0, 2.0]]))
    with pytest.raises(InputError, match="ddof"):
        covariance([[1.0], [2.0]], ddof=-1)
