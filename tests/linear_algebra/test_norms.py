"""Norms: right to a few units in the last place, on hostile numbers too, and norms in the sense of the axioms."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tearless.core import InputError
from tearless.linear_algebra import norms
from tearless.linear_algebra.norms import frobenius, l1, l2, lp, nuclear, spectral

NORMS = [l1, l2, *(lambda x, p=p: lp(x, p) for p in (1, 1.5, 2, 3, 7.3, 100, math.inf))]
HOSTILE = {
    "huge": [1e300, -1e300, 3e299],
    "largest": [np.finfo(float).max, 0.0],
    "tiny": [1e-300, 2e-300],
    "subnormal": [5e-324, -5e-324, 1e-320],
    "huge beside tiny": [1e300, 1e-300],
    "minus zero": [-0.0, 0.0],
    "one number": [-7.25],
    "ties": [2.0] * 9,
    "squares overflow in the sum only": [1e154] * 200,
    "squares half lost": [1.0, 1e-170, 1e-155],
    "at the edge of the safe range": [1e-138, 3e-139],
}


def exactly(x: np.ndarray, p: float) -> mpmath.mpf:
    sizes = [abs(mpmath.mpf(float(v))) for v in np.ravel(x)]
    return max(sizes) if p == math.inf else mpmath.fsum(s ** mpmath.mpf(p) for s in sizes) ** (1 / mpmath.mpf(p))


def ulps(got: float, exact: mpmath.mpf) -> float:
    return float(abs(mpmath.mpf(float(got)) - exact) / mpmath.mpf(math.ulp(float(exact))))


@pytest.mark.parametrize("x", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("p", [1, 2, 3, 1.5, 7.0, math.inf])
def test_hostile_numbers_to_a_few_ulp(x, p):
    with mpmath.workdps(60):
        assert ulps(lp(x, p), exactly(np.array(x), p)) <= (3 if p in (1, 2, 3, math.inf) else 8)


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="longdouble is no wider than float64 here")
@pytest.mark.parametrize("n", [1, 2, 1000, 8192, 32767, 32768, 100_001])
@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200])
def test_long_vectors_to_a_few_ulp(n, scale):
    x = np.random.default_rng(n).lognormal(sigma=2, size=n) * scale
    wide = x.astype(np.longdouble)
    two, one = np.sqrt(np.sum(wide * wide)), np.sum(wide)
    assert abs(l2(x) - two) <= 4 * math.ulp(float(two))
    assert abs(l1(x) - one) <= 4 * math.ulp(float(one))
    assert abs(l2(x[:, None], axis=0)[0] - two) <= 40 * math.ulp(float(two))


def test_float32_is_right_to_a_few_of_its_own_ulp():
    for scale in (1.0, 1e30, 1e-30):
        x = (np.random.default_rng(0).normal(size=100_000) * scale).astype(np.float32)
        exact = math.sqrt(math.fsum(float(v) ** 2 for v in x / np.float32(scale))) * float(np.float32(scale))
        got = l2(x)
        assert got.dtype == np.float32
        assert abs(float(got) - exact) <= 8 * 2.0**-24 * exact
    half = np.full(1000, 100.0, dtype=np.float16)
    assert float(l2(half)) == pytest.approx(3162.3, rel=2e-3)


def test_nan_and_inf_are_passed_on():
    for norm in NORMS:
        assert math.isnan(norm([1.0, math.nan, math.inf]))
        assert norm([1.0, -math.inf, 2.0]) == math.inf
    for norm in (spectral, nuclear):
        assert math.isnan(norm([[1.0, math.nan]]))
        assert math.isnan(norm([[1.0, math.inf]]))
        assert np.isnan(norm(np.array([[[1.0, math.inf]], [[3.0, 4.0]]]))).tolist() == [True, False]
    assert np.isnan(frobenius([[math.nan]]))


@pytest.mark.parametrize("p", [1, 2, 3, 2.5, math.inf])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (-2, -1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_axes_as_numpy_has_them(p, axis, keepdims):
    x = np.random.default_rng(0).normal(size=(3, 4, 5))
    ref = np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p) if p < math.inf else None
    ref = np.max(np.abs(x), axis=axis, keepdims=keepdims) if ref is None else ref
    for scale in (1.0, 2.0**900):
        got = lp(x * scale, p, axis=axis, keepdims=keepdims)
        assert got.shape == ref.shape
        np.testing.assert_allclose(got / scale, ref, rtol=1e-13)


def test_each_row_is_scaled_by_itself():
    x = np.array([[3e300, 4e300], [3e-300, 4e-300], [0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_allclose(l2(x, axis=1), [5e300, 5e-300, 0, 5], rtol=1e-15)


def test_matrix_norms_equal_numpy():
    a = np.random.default_rng(0).normal(size=(6, 5, 4))
    np.testing.assert_allclose(frobenius(a), np.linalg.norm(a, "fro", axis=(1, 2)), rtol=1e-14)
    np.testing.assert_allclose(spectral(a), np.linalg.norm(a, 2, axis=(1, 2)), rtol=1e-14)
    np.testing.assert_allclose(nuclear(a), np.linalg.norm(a, "nuc", axis=(1, 2)), rtol=1e-14)
    assert frobenius(a[0], keepdims=True).shape == (1, 1)
    for norm in (frobenius, spectral, nuclear):
        assert float(norm(a[0] * 1e300)) == pytest.approx(float(norm(a[0])) * 1e300, rel=1e-14)
        assert float(norm(a[0] * 1e-300)) == pytest.approx(float(norm(a[0])) * 1e-300, rel=1e-14)


VECTORS = hnp.arrays(np.float64, 5, elements=st.floats(-1e150, 1e150))


@given(VECTORS, VECTORS, st.floats(-1e100, 1e100))
def test_the_axioms(x, y, c):
    for norm in NORMS:
        assert (norm(x) == 0) == bool((x == 0).all())
        rounding = 3 * 5e-324  # each of the three norms is rounded to a whole subnormal
        assert norm(x + y) <= (norm(x) + norm(y)) * (1 + 1e-14) + rounding
        if norm(x) > 1e-200 and abs(c) > 1e-100:
            assert norm(c * x) == pytest.approx(abs(c) * norm(x), rel=1e-13)


@given(hnp.arrays(np.float64, (3, 4), elements=st.floats(-1e6, 1e6)))
def test_matrix_norms_are_ordered(a):
    s, f, n = float(spectral(a)), float(frobenius(a)), float(nuclear(a))
    slack = 1 + 1e-12
    assert s <= f * slack
    assert f <= n * slack
    assert n <= math.sqrt(3) * f * slack


def test_what_has_no_norm_is_refused_by_name():
    for p in (0, 0.5, -1, math.nan, "2", None):
        with pytest.raises(InputError, match="p: expected a number of at least 1"):
            lp([1.0], p)
    for norm in (l1, l2, spectral):
        with pytest.raises(InputError, match="empty"):
            norm(np.empty((0, 2)))
    for norm in (frobenius, spectral, nuclear):
        with pytest.raises(InputError, match="two axes"):
            norm([1.0])


def test_strided_and_fortran_arrays_are_read_right():
    x = np.random.default_rng(0).normal(size=(300, 300))
    assert l2(x[::2, ::3]) == pytest.approx(np.linalg.norm(x[::2, ::3]), rel=1e-14)
    assert l2(np.asfortranarray(x)) == pytest.approx(np.linalg.norm(x), rel=1e-14)
    assert norms.BLOCK > 0
