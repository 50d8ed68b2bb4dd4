"""Projections, rank, column space and null space: the laws that define them, at any conditioning."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.linear_algebra.projection import column_space, null_space, onto_columns, onto_vector, rank


def of_rank(rng: np.random.Generator, m: int, n: int, r: int) -> np.ndarray:
    return rng.normal(size=(m, r)) @ rng.normal(size=(r, n))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(0, 10**6))
def test_rank_and_null_space_of_matrices_made_to_a_rank(m, n, r, seed):
    r = min(m, n, r)
    a = of_rank(np.random.default_rng(seed), m, n, r)
    if np.linalg.svd(a, compute_uv=False)[r - 1] < 1e-8:
        return
    assert rank(a) == r
    N, C = null_space(a), column_space(a)
    assert N.shape == (n, n - r)
    assert C.shape == (m, r)
    size = np.linalg.norm(a)
    assert np.abs(a @ N).max(initial=0) <= 1e-14 * n * size
    np.testing.assert_allclose(N.T @ N, np.eye(n - r), atol=1e-13)
    np.testing.assert_allclose(C @ (C.T @ a), a, atol=1e-13 * size)


@pytest.mark.parametrize("n", [5, 100, 20_000])
def test_a_sum_of_columns_computed_in_floats_adds_no_rank(n):
    rng = np.random.default_rng(n)
    a = rng.normal(size=(n, 3)) * [1.0, 1e3, 1e-3]
    for combination in (a[:, 0] + a[:, 1], a @ [0.1, 0.3, -7.7], a[:, 2] * 1e6 - a[:, 1] / 3):
        assert rank(np.column_stack([a, combination])) == 3


def test_rank_at_the_precision_of_the_data():
    a = np.diag([1.0, 1e-2, 1e-5])
    assert [rank(a), rank(a, tolerance=1e-3), rank(a, tolerance=0.5)] == [3, 2, 1]
    assert null_space(a, tolerance=1e-3).shape == (3, 1)
    assert rank(np.zeros((3, 2))) == 0
    assert null_space(np.zeros((3, 2))).shape == (2, 2)
    assert column_space(np.zeros((3, 2))).shape == (3, 0)
    assert rank(np.diag([1e300, 1e290])) == rank(np.diag([1e-300, 1e-310])) == 2


def test_null_space_equals_scipy():
    a = of_rank(np.random.default_rng(0), 6, 8, 4)
    ours, theirs = null_space(a), scipy.linalg.null_space(a)
    np.testing.assert_allclose(ours @ ours.T, theirs @ theirs.T, atol=1e-13)


@pytest.mark.parametrize("scale", [1.0, 1e300, 1e-300, 1e-320])
def test_projection_onto_a_vector(scale):
    rng = np.random.default_rng(0)
    x, d = rng.normal(size=(7, 5)), rng.normal(size=5)
    got = onto_vector(x, np.sign(d) * scale)
    e = np.sign(d) / np.sqrt(5)
    np.testing.assert_allclose(got, np.outer(x @ e, e), rtol=1e-12)
    np.testing.assert_allclose((x - got) @ e, 0, atol=1e-14)
    np.testing.assert_allclose(onto_vector(got, e), got, rtol=1e-12)


def test_projection_onto_columns_is_nearest_even_where_the_textbook_form_fails():
    rng = np.random.default_rng(0)
    B = rng.normal(size=(20, 3))
    B[:, 2] = B[:, 1] + 1e-9 * rng.normal(size=20)
    x = rng.normal(size=(4, 20))
    got = onto_columns(x, B)
    exact = np.linalg.qr(B)[0]
    np.testing.assert_allclose(got, x @ exact @ exact.T, atol=1e-6)
    np.testing.assert_allclose(onto_columns(got, B), got, atol=1e-14)
    np.testing.assert_allclose((x - got) @ column_space(B), 0, atol=1e-14)
    np.testing.assert_allclose(onto_columns(x[0], B[:, :1]), onto_vector(x[0], B[:, 0]), atol=1e-14)
    twice = np.column_stack([B[:, :2], B[:, :2]])
    np.testing.assert_allclose(onto_columns(x, twice), onto_columns(x, B[:, :2]), atol=1e-14)
    assert onto_columns(x, np.zeros((20, 2))).tolist() == np.zeros((4, 20)).tolist()


def test_what_has_no_projection_is_refused_by_name():
    with pytest.raises(InputError, match="direction: expected a vector with a direction"):
        onto_vector([1.0, 2.0], [0.0, 0.0])
    with pytest.raises(InputError, match="direction: expected finite"):
        onto_vector([1.0, 2.0], [np.inf, 0.0])
    with pytest.raises(InputError, match=r"shapes \(..., n\) and \(n,\)"):
        onto_vector([1.0, 2.0], [1.0])
    with pytest.raises(InputError, match=r"shapes \(..., n\) and \(n, k\)"):
        onto_columns([1.0, 2.0], [[1.0]])
    for f in (rank, null_space, column_space):
        with pytest.raises(InputError, match="a: expected finite"):
            f([[np.nan]])
        with pytest.raises(InputError, match="tolerance: expected"):
            f([[1.0]], tolerance=-1)
    assert np.isnan(onto_vector([np.nan, 1.0], [1.0, 0.0])).all()
