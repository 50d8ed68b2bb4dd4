"""Eigenvalues and singular values: right, ordered, with one sign, and refused where the question is another."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from tearless.core import InputError
from tearless.linear_algebra.eigen import eigh, svd

U = 2.0**-53


def symmetric(seed: int, p: int) -> np.ndarray:
    a = np.random.default_rng(seed).normal(size=(p, p))
    return (a + a.T) / 2


@given(st.integers(1, 12), st.integers(0, 10**6))
def test_the_matrix_is_made_again_from_its_parts(p, seed):
    a = symmetric(seed, p)
    e = eigh(a)
    tolerance = 20 * p * U * np.abs(e.values).max()
    np.testing.assert_allclose(e.vectors * e.values @ e.vectors.T, a, atol=tolerance)
    np.testing.assert_allclose(e.vectors.T @ e.vectors, np.eye(p), atol=20 * p * U)
    assert (np.diff(e.values) <= 0).all()
    assert (e.vectors[np.abs(e.vectors).argmax(axis=0), np.arange(p)] > 0).all()


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 10**6))
def test_singular_values_make_the_matrix_again(m, n, seed):
    a = np.random.default_rng(seed).normal(size=(m, n))
    d = svd(a)
    np.testing.assert_allclose(d.left * d.values @ d.right, a, atol=100 * U * d.values[0])
    np.testing.assert_allclose(d.left.T @ d.left, np.eye(min(m, n)), atol=100 * U)
    np.testing.assert_allclose(d.right @ d.right.T, np.eye(min(m, n)), atol=100 * U)
    assert (np.diff(d.values) <= 0).all()
    assert (d.right[np.arange(min(m, n)), np.abs(d.right).argmax(axis=1)] > 0).all()


def test_eigenvalues_of_a_hilbert_matrix_stand_within_their_bound():
    p = 8
    a = 1 / (np.arange(p)[:, None] + np.arange(p) + 1)
    with mpmath.workdps(60):
        exact = sorted((v for v in mpmath.eigsy(mpmath.matrix(a.tolist()))[0]), reverse=True)
    got = eigh(a).values
    assert max(abs(float(mpmath.mpf(float(g)) - x)) for g, x in zip(got, exact, strict=True)) <= p * U * got[0]


def test_eigenvalues_of_at_a_are_the_squares_of_the_singular_values():
    a = np.random.default_rng(0).normal(size=(30, 5))
    np.testing.assert_allclose(eigh(a.T @ a).values, svd(a).values ** 2, rtol=1e-12)
    np.testing.assert_allclose(eigh(a.T @ a).vectors.T, svd(a).right, atol=1e-10)


def test_the_general_routine_gives_complex_values_where_there_are_none():
    a = np.diag(np.ones(7), -1) + np.diag(np.ones(7), 1)
    a[0, 1] += 1e-15
    assert np.isrealobj(eigh(a).values)
    np.testing.assert_allclose(eigh(a).values, 2 * np.cos(np.arange(1, 9) * np.pi / 9), atol=1e-14)


def test_the_sign_is_that_of_scikit_learn_and_does_not_hang_on_rounding():
    X = np.random.default_rng(1).normal(size=(40, 6))
    np.testing.assert_allclose(svd(X - X.mean(axis=0)).right, PCA().fit(X).components_, atol=1e-12)
    a = np.array([[2.0, -1.0], [-1.0, 2.0]])
    for wobble in (0, 1e-15, -1e-15):
        v = eigh(a + np.diag([wobble, 0])).vectors
        assert v[0, 0] > 0
        assert v[0, 1] > 0


def test_a_matrix_that_is_not_symmetric_is_refused_and_one_that_is_to_rounding_is_not():
    a = symmetric(0, 4)
    off = a.copy()
    off[0, 1] += 1e-9
    with pytest.raises(InputError, match="differ from their mirror image by up to 1e-09"):
        eigh(off)
    np.testing.assert_allclose(eigh(off, tolerance=1e-6).values, eigh(a).values, atol=1e-9)
    off[0, 1] = a[0, 1] + 1e-14
    np.testing.assert_allclose(eigh(off).values, eigh(a).values, atol=1e-13)
    with pytest.raises(InputError, match="square matrix, got shape"):
        eigh(np.ones((2, 3)))


@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**1000])
def test_huge_and_tiny_matrices(scale):
    a = symmetric(3, 4)
    np.testing.assert_allclose(eigh(a * scale).values / scale, eigh(a).values, rtol=1e-12)
    np.testing.assert_allclose(svd(a * scale).values / scale, svd(a).values, rtol=1e-12)


def test_small_cases_and_refusals():
    assert eigh([[0.0, 0.0], [0.0, 0.0]]).values.tolist() == [0, 0]
    assert eigh([[-3]]).vectors.tolist() == [[1]]
    assert svd([[-3]]).left.tolist() == [[-1]]
    for f in (eigh, svd):
        with pytest.raises(InputError, match="a: expected finite numbers"):
            f([[np.nan]])
        with pytest.raises(InputError, match="a matrix"):
            f([1.0])
        with pytest.raises(InputError, match="empty"):
            f(np.empty((0, 0)))
