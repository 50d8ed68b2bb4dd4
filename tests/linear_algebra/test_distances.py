"""Distances and nearest rows far from the origin, at the ends of the floats and with ties, against exact answers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from tearless.core import InputError
from tearless.linear_algebra.distances import distances, nearest


def test_equal_to_scipy_on_ordinary_rows() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 7)), rng.normal(size=(30, 7))
    assert np.allclose(distances(a, b), cdist(a, b), rtol=1e-14)


def test_near_rows_far_from_the_origin_keep_their_digits() -> None:
    a = np.array([[1e8, 1e8], [1e8 + 1e-7, 1e8]])
    exact = float(Fraction(a[1, 0]) - Fraction(a[0, 0]))
    assert distances(a[:1], a[1:])[0, 0] == exact
    far, rows = nearest(np.array([[1e8 + 3e-7, 1e8], [1e8 + 1.5e-8 * 10, 1e8]]), a[:1], 1)
    assert rows[0, 0] == 1
    assert far[0, 0] < 2e-7


@pytest.mark.parametrize("size", [5e-324, 1e-310, 1e-200, 1e-20, 1.0, 1e150, 1e200, 8e307])
def test_no_size_overflows_or_vanishes(size: float) -> None:
    a = np.array([[0.0, 0.0]])
    b = np.array([[size, 0.0], [size, size], [0.0, 0.0]])
    found = distances(a, b)[0]
    assert found[0] == size
    assert found[1] == pytest.approx(math.hypot(size, size), rel=1e-15)
    assert found[2] == 0.0
    assert nearest(b, a, 3)[1].tolist() == [[2, 0, 1]]


def test_sizes_far_apart_in_one_table() -> None:
    points = np.array([[1e200], [1e-200], [1.0], [3e-200]])
    far, rows = nearest(points, [[0.0]], 4)
    assert rows.tolist() == [[1, 3, 2, 0]]
    assert far.tolist() == [[1e-200, 3e-200, 1.0, 1e200]]


def test_beyond_the_largest_float_is_inf_and_nan_is_nan() -> None:
    assert distances([[-1.5e308]], [[1.5e308]])[0, 0] == np.inf
    assert np.isnan(distances([[np.nan]], [[1.0]])[0, 0])
    with pytest.raises(InputError, match="expected finite numbers"):
        nearest([[np.nan]], [[1.0]], 1)
    with pytest.raises(InputError, match="expected rows of one length, got 1 and 2 columns"):
        distances([[1.0]], [[1.0, 2.0]])
    with pytest.raises(InputError, match="k: expected a whole number from 1 to the 1 points, got 2"):
        nearest([[1.0]], [[1.0]], 2)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 5), st.integers(0, 8), st.booleans())
def test_the_nearest_are_those_of_a_full_sort_ties_in_the_order_of_rows(
    seed: int, n: int, d: int, offset: int, whole: bool
) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, d)) + 10.0**offset
    queries = rng.normal(size=(5, d)) + 10.0**offset
    if whole:  # many ties
        points, queries = np.round(points), np.round(queries)
    k = int(rng.integers(1, n + 1))
    far, rows = nearest(points, queries, k)
    every = distances(queries, points)
    assert np.array_equal(rows, np.argsort(every, axis=1, kind="stable")[:, :k])
    assert np.array_equal(far, np.sort(every, axis=1)[:, :k])


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    points, queries = rng.normal(size=(200, 3)), rng.normal(size=(50, 3))
    whole = nearest(points, queries, 7)
    monkeypatch.setattr("tearless.linear_algebra.distances.CELLS", 500)
    parts = nearest(points, queries, 7)
    assert np.array_equal(whole[1], parts[1])
    assert np.array_equal(whole[0], parts[0])
