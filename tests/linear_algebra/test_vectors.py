"""Dot product, cosine, angle and ranking: right on hostile numbers, and refused where they mean nothing."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial import distance
from sklearn.metrics.pairwise import cosine_similarity

from tearless.core import InputError
from tearless.linear_algebra.vectors import angle, cosine, cosines, dot, most_similar

U = 2.0**-53
HOSTILE = [
    ([1e300, 1e300], [1e300, -1e299]),
    ([1e-300, 2e-300], [3e-300, 1e-300]),
    ([1e300, 2e300], [3e-300, 1e-300]),
    ([5e-324, 0.0], [5e-324, 5e-324]),
    ([5e-324, 1e-323], [1e308, 1.7e308]),
    ([1e300, 1e-300], [1.0, 1.0]),
    ([-0.0, 1.0], [0.0, -1.0]),
    ([7.0], [-3.0]),
    ([1.0, 1.0, 1.0], [1.0, 1.0, 1.0 + 2**-52]),
    ([1.0, 0.0], [0.0, 1.0]),
    ([1e160, 1.0], [1.0, 1e160]),
]


def mp(v):
    return [mpmath.mpf(float(a)) for a in v]


def exact_cosine(x, y):
    x, y = mp(x), mp(y)
    return mpmath.fdot(x, y) / (mpmath.norm(x) * mpmath.norm(y))


@pytest.mark.parametrize(("x", "y"), HOSTILE)
def test_cosine_and_angle_of_hostile_vectors_to_a_few_ulp(x, y):
    with mpmath.workdps(800):
        c = exact_cosine(x, y)
        assert abs(mpmath.mpf(float(cosine(x, y))) - c) <= 4 * U
        assert abs(mpmath.mpf(float(angle(x, y))) - mpmath.acos(c)) <= 8 * U


@pytest.mark.parametrize("small", [1e-1, 1e-4, 1e-8, 1e-12, 1e-16])
def test_small_angles_and_those_near_pi_where_arccos_knows_nothing(small):
    rng = np.random.default_rng(0)
    for _ in range(20):
        x, z = rng.normal(size=5), rng.normal(size=5)
        y = x + small * z
        with mpmath.workdps(60):
            theta = mpmath.acos(exact_cosine(x, y))
            assert abs(mpmath.mpf(float(angle(x, y))) - theta) <= 8 * U
            assert abs(mpmath.mpf(float(angle(x, -y))) - (mpmath.pi - theta)) <= 8 * U
    assert math.acos(min(1.0, float(cosine([1.0, 0.0], [1.0, 1e-9])))) == 0.0
    assert float(angle([1.0, 0.0], [1.0, 1e-9])) == pytest.approx(1e-9)


@pytest.mark.parametrize("n", [1, 3, 1000, 100_000])
def test_dot_stays_within_its_bound(n):
    rng = np.random.default_rng(n)
    x, y = rng.normal(size=n), rng.normal(size=n)
    exact = math.fsum((x.astype(np.longdouble) * y.astype(np.longdouble)).tolist())
    assert abs(float(dot(x, y)) - exact) <= min(max(1, math.sqrt(n)), 400) * U * np.abs(x * y).sum()


def test_long_vectors_have_their_cosine_to_a_few_ulp():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200_000)
    y = x + rng.normal(size=x.size)
    wide_x, wide_y = x.astype(np.longdouble), y.astype(np.longdouble)
    exact = np.sum(wide_x * wide_y) / np.sqrt(np.sum(wide_x**2) * np.sum(wide_y**2))
    for scale in (1.0, 1e250, 1e-250):
        assert abs(float(cosine(x * scale, y)) - exact) <= 16 * U


def test_rows_against_rows_equal_scipy_and_scikit_learn():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(6, 4)), rng.normal(size=(5, 4))
    np.testing.assert_allclose(cosines(X, Y), cosine_similarity(X, Y), rtol=1e-13)
    np.testing.assert_allclose(cosine(X[:5], Y), [1 - distance.cosine(a, b) for a, b in zip(X, Y, strict=False)])
    np.testing.assert_allclose(cosine(X[:, None], Y[None]), cosines(X, Y), rtol=1e-13)
    np.testing.assert_allclose(cosine(X.T, X.T + 1, axis=0), cosine(X, X + 1), rtol=1e-13)
    np.testing.assert_allclose(angle(X[:5], Y), np.arccos(cosine(X[:5], Y)), rtol=1e-12)
    np.testing.assert_allclose(dot(X[:5], Y), np.einsum("ij,ij->i", X[:5], Y), rtol=1e-13)
    np.testing.assert_allclose(cosines(X * [[1e300], [1e-300], [1], [2], [3], [4]], Y * 1e-300), cosines(X, Y))


def test_a_vector_of_zeros_has_no_direction():
    for f in (cosine, angle):
        with pytest.raises(InputError, match="y: expected vectors with a direction, got a vector of zeros"):
            f([1.0, 2.0], [0.0, -0.0])
        with pytest.raises(InputError, match=r"x: .* got 2 vectors of zeros"):
            f([[1.0, 2.0], [0, 0], [0, 0]], [1.0, 1.0])
    with pytest.raises(InputError, match=r"Y: .* a vector of zeros"):
        cosines([[1.0]], [[0.0]])
    with pytest.raises(InputError, match=r"query|X"):
        most_similar([0.0], [[1.0]])
    assert dot([1.0, 2.0], [0.0, 0.0]) == 0


def test_nan_and_inf_give_nan():
    for f in (cosine, angle):
        assert np.isnan(f([1.0, math.nan], [1.0, 1.0]))
        assert np.isnan(f([1.0, math.inf], [1.0, 1.0]))
        got = f([[1.0, math.nan], [1.0, 1.0]], [1.0, 1.0])
        assert np.isnan(got).tolist() == [True, False]
    assert np.isnan(dot([math.nan], [1.0]))


VECTOR = hnp.arrays(np.float64, 4, elements=st.floats(-1e300, 1e300, allow_subnormal=False))


@given(VECTOR, VECTOR)
def test_cosine_keeps_its_range_its_symmetry_and_forgets_lengths(x, y):
    assume(x.any() and y.any())
    c = float(cosine(x, y))
    assert -1 <= c <= 1
    assert c == pytest.approx(float(cosine(y, x)), abs=8 * U)
    assert c == pytest.approx(-float(cosine(-x, y)), abs=8 * U)
    assert c == pytest.approx(math.cos(float(angle(x, y))), abs=16 * U)
    assert cosine(x, x) == pytest.approx(1, abs=8 * U)
    assert 0 <= float(angle(x, y)) <= math.pi


def test_ranking_by_cosine_leaves_length_out_and_by_dot_does_not():
    items = [[1.0, 0.1], [0.0, 1.0], [100.0, 100.0], [1.0, 0.1]]
    by_cosine, by_dot = most_similar([1.0, 0.0], items), most_similar([1.0, 0.0], items, by="dot")
    assert by_cosine.order.tolist() == [0, 3, 2, 1]
    assert by_dot.order.tolist() == [2, 0, 3, 1]
    np.testing.assert_allclose(by_cosine.scores, cosine(np.array(items)[[0, 3, 2, 1]], [1.0, 0.0]))
    assert most_similar([1.0, 0.0], items, k=2).order.tolist() == [0, 3]


def test_what_cannot_be_compared_is_refused_by_name():
    for f in (dot, cosine, angle):
        with pytest.raises(InputError, match="one length along axis -1"):
            f([1.0, 2.0], [1.0, 2.0, 3.0])
        with pytest.raises(InputError, match="expected an axis 1"):
            f([1.0, 2.0], [1.0, 2.0], axis=1)
        with pytest.raises(InputError, match="broadcast"):
            f(np.ones((2, 3)), np.ones((4, 3)))
        with pytest.raises(InputError, match="expected an axis"):
            f(1.0, 2.0)
        with pytest.raises(InputError, match="empty"):
            f([], [])
    with pytest.raises(InputError, match="rows of one length"):
        cosines([[1.0]], [[1.0, 2.0]])
    with pytest.raises(InputError, match="one row an item"):
        most_similar([1.0], [[1.0, 2.0]])
    with pytest.raises(InputError, match="nan or inf"):
        most_similar([1.0], [[math.nan]])
    with pytest.raises(InputError, match="k: expected a whole number of at least 1 and at most 1"):
        most_similar([1.0], [[1.0]], k=2)
    with pytest.raises(InputError, match="by: expected"):
        most_similar([1.0], [[1.0]], by="euclid")
