"""Weighted rows and the systems known by products, each against a plain second route."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.linear_algebra.conjugate_gradients import conjugate_gradients
from tearless.linear_algebra.weighting import unweighted, weighted_gram, weighted_means


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.integers(1, 4), st.booleans())
def test_plain_least_squares_of_the_rows_is_the_weighted(seed: int, n: int, p: int, intercept: bool) -> None:
    rng = np.random.default_rng(seed)
    X, y, w = rng.normal(size=(n, p)), rng.normal(size=n), rng.integers(0, 4, n).astype(float)
    w[0] = 1.0
    rows, target, mean_x, mean_y = unweighted(X, y, w, intercept=intercept)
    b = rng.normal(size=p)
    left = y - mean_y - (X - mean_x) @ b
    assert np.sum((target - rows @ b) ** 2) / n == pytest.approx(np.average(left**2, weights=w), rel=1e-9)
    if intercept:
        assert np.allclose(mean_x, np.average(X, axis=0, weights=w), atol=1e-12)


def test_without_weights_the_columns_are_taken_about_their_means() -> None:
    X, y = np.array([[1e15], [1e15 + 2]]), np.array([1.0, 3.0])
    rows, target, mean_x, mean_y = unweighted(X, y)
    assert rows.tolist() == [[-1.0], [1.0]]
    assert target.tolist() == [-1.0, 1.0]
    assert (mean_x.tolist(), mean_y) == ([1e15 + 1], 2.0)
    assert np.array_equal(unweighted(X, y, intercept=False)[0], X)


def test_means_keep_their_digits_beside_a_large_offset() -> None:
    X = np.array([[2.0**52], [2.0**52 + 1], [2.0**52 + 2]])
    assert weighted_means(X, [1.0, 2.0, 1.0])[0] == 2.0**52 + 1
    assert weighted_means(X)[0] == 2.0**52 + 1
    assert weighted_means([[1.0], [3.0]], [1e308, 1e308])[0] == 2.0  # the sum of weights would be inf
    assert np.isnan(weighted_means([[np.nan], [1.0]], [1.0, 1.0])[0])


@pytest.mark.parametrize("w", [[1.0], [1.0, -1.0], [np.nan, 1.0]])
def test_weights_that_are_none_are_refused(w: list[float]) -> None:
    for call in (weighted_means, weighted_gram):
        with pytest.raises(InputError, match="weights: expected 2 numbers of at least 0"):
            call([[1.0], [2.0]], w)
    with pytest.raises(InputError, match="only zero weights"):
        weighted_means([[1.0], [2.0]], [0.0, 0.0])
    with pytest.raises(InputError, match="match the rows"):
        unweighted([[1.0], [2.0]], [1.0])


def test_the_gram_matrix_in_blocks_is_the_whole_one() -> None:
    rng = np.random.default_rng(0)
    X, w = rng.normal(size=(1000, 6)), rng.random(1000)
    whole = (X * w[:, None]).T @ X
    for rows in (1, 7, 1000, 5000):
        found = weighted_gram(X, w, rows=rows)
        assert np.allclose(found, whole, rtol=1e-12, atol=1e-12)
        assert np.array_equal(found, found.T)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 30))
def test_conjugate_gradients_solve_in_as_many_products_as_there_are_unknowns(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(n + 5, n))
    H = root.T @ root + np.eye(n)
    b = rng.normal(size=n)
    x, used = conjugate_gradients(lambda v: H @ v, b, tolerance=1e-10, most=10 * n)
    assert np.linalg.norm(b - H @ x) <= 1e-8 * np.linalg.norm(b)
    assert used <= 3 * n
    scaled, _ = conjugate_gradients(lambda v: H @ v, b, tolerance=1e-10, most=10 * n, diagonal=np.diag(H))
    assert np.allclose(scaled, x, rtol=1e-6, atol=1e-8)


def test_conjugate_gradients_at_their_ends() -> None:
    assert conjugate_gradients(lambda v: v, [0.0, 0.0], tolerance=1e-9, most=5)[1] == 0
    flat = np.diag([1.0, 0.0])
    assert conjugate_gradients(lambda v: flat @ v, [2.0, 0.0], tolerance=1e-9, most=5)[0].tolist() == [2.0, 0.0]
    with pytest.raises(InputError, match="diagonal: expected 2 numbers above 0"):
        conjugate_gradients(lambda v: v, [1.0, 1.0], tolerance=1e-9, most=5, diagonal=[1.0, 0.0])
