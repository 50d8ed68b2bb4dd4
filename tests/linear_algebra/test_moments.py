"""Moments agree with certified values and with exact fractions, merge as a monoid, and survive any magnitude."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import polars as pl
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tearless.linear_algebra.facts import NumericColumns
from tearless.linear_algebra.moments import Moments
from tearless.readers.source import Batch


@pytest.mark.parametrize("offset", [1, 1_000_000, 10_000_000])
@pytest.mark.parametrize("batches", [1, 7])
def test_spread_beside_a_large_offset_is_exact(offset: int, batches: int) -> None:
    """Against exact fractions of the very numbers that float64 holds. Merged, the rounding of the mean is lost."""
    x = np.array([offset + 0.2] + [offset + 0.1, offset + 0.3] * 500)
    parts = [Moments.of([part]) for part in np.array_split(x, batches)]
    m = parts[0]
    for part in parts[1:]:
        m = m.merge(part)
    exact = [Fraction(float(v)) for v in x]
    mean = sum(exact) / len(exact)
    variance = sum((v - mean) ** 2 for v in exact) / (len(exact) - 1)
    rounding = 0.0 if batches == 1 else float(np.spacing(float(offset)))
    assert float(m.mean[0]) == pytest.approx(float(mean), rel=1e-15)
    assert float(m.std()[0]) == pytest.approx(math.sqrt(variance), rel=1e-12 + rounding)


@given(arrays(np.float64, (4, 9), elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_the_moments_of_many_rows_are_those_of_each(block: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    together, each = Moments.of_rows(block), Moments.of(list(block))
    for name in ("n", "mean", "m2", "m3", "m4", "unit"):
        np.testing.assert_array_equal(getattr(together, name), getattr(each, name))


def test_shape_agrees_with_scipy() -> None:
    x = np.random.default_rng(1).lognormal(size=5_000)
    m = Moments.of([x])
    assert float(m.skewness()[0]) == pytest.approx(scipy.stats.skew(x), rel=1e-12)
    assert float(m.kurtosis()[0]) == pytest.approx(scipy.stats.kurtosis(x), rel=1e-12)


def test_offset_of_1e8_keeps_the_spread() -> None:
    """The textbook form gives 6 or less than 0 here; the sums about the mean give the spread to nine digits."""
    z = np.random.default_rng(2).normal(size=100_000)
    m = Moments.of([1e8 + z])
    assert float(m.std()[0]) == pytest.approx(z.std(ddof=1), rel=1e-9)


@pytest.mark.parametrize("factor", [1e300, 1e150, 1e-100, 1e-250, 1e-300])
def test_any_magnitude_has_a_finite_spread_and_shape(factor: float) -> None:
    """Scaling changes nothing but the scale, though the fourth power of the values is no float64."""
    x = np.random.default_rng(3).gamma(2, size=1_000)
    plain, scaled = Moments.of([x]), Moments.of([x * factor])
    assert float(scaled.mean[0]) == pytest.approx(float(plain.mean[0]) * factor, rel=1e-12)
    assert float(scaled.std()[0]) == pytest.approx(float(plain.std()[0]) * factor, rel=1e-12)
    assert float(scaled.skewness()[0]) == pytest.approx(float(plain.skewness()[0]), rel=1e-10)
    assert float(scaled.kurtosis()[0]) == pytest.approx(float(plain.kurtosis()[0]), rel=1e-10)


def test_the_ends_of_float64_do_not_overflow() -> None:
    top, least = np.finfo(np.float64).max, 5e-324
    m = Moments.of([np.array([-top / 2, top / 2]), np.array([0.0, least])])
    assert m.mean.tolist() == [0.0, 0.0]
    assert np.isfinite(m.std()).all()
    far = Moments.of([np.full(3, 1e200)]).merge(Moments.of([np.full(3, -1e200)]))
    assert float(far.std(ddof=0)[0]) == pytest.approx(1e200, rel=1e-12)


values = st.floats(-1e6, 1e6).map(lambda v: round(v, 3))
columns = arrays(np.float64, st.integers(0, 12), elements=values)
wild = arrays(np.float64, st.integers(0, 6), elements=st.floats(allow_nan=False, allow_infinity=False))


def same(a: Moments, b: Moments) -> None:
    assert np.array_equal(a.n, b.n)
    size = np.sqrt(a.mean**2 + a.m2 / np.maximum(a.n, 1))  # rounding goes with the size of the numbers, not of the mean
    scale = max(1.0, float(size.max()))
    np.testing.assert_allclose(a.mean, b.mean, rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_allclose(a.m2, b.m2, rtol=1e-9, atol=1e-9 * scale**2)
    np.testing.assert_allclose(a.m3, b.m3, rtol=1e-9, atol=1e-9 * scale**3)
    np.testing.assert_allclose(a.m4, b.m4, rtol=1e-9, atol=1e-9 * scale**4)


@given(columns, columns, columns)
@settings(max_examples=100, deadline=None)
def test_merging_is_a_commutative_monoid(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> None:
    a, b, c = Moments.of([x]), Moments.of([y]), Moments.of([z])
    empty = Moments.of([np.empty(0)])
    same(a.merge(empty), a)
    same(empty.merge(a), a)
    same(a.merge(b), b.merge(a))
    same(a.merge(b).merge(c), a.merge(b.merge(c)))
    same(a.merge(b).merge(c), Moments.of([np.concatenate([x, y, z])]))


@given(wild, wild)
@settings(max_examples=200, deadline=None)
def test_no_finite_input_gives_nan_or_inf(x: np.ndarray, y: np.ndarray) -> None:
    """Mean and spread of finite values exist, whatever their magnitude, merged or at once."""
    for m in (Moments.of([np.concatenate([x, y])]), Moments.of([x]).merge(Moments.of([y]))):
        assert np.isfinite(m.mean).all()
        if m.n[0] >= 1:
            assert np.isfinite(m.m4).all()
            assert not np.isnan(m.std(ddof=0)).any()


def test_null_nan_and_infinite_are_counted_apart() -> None:
    frame = pl.DataFrame({"x": [1.0, None, math.nan, math.inf, -math.inf, 3.0], "i": [1, 2, None, 4, 5, 6]})
    whole = NumericColumns.of(Batch(frame))
    cut = NumericColumns.of(Batch(frame[:3])).merge(NumericColumns.of(Batch(frame[3:])))
    for fact in (whole, cut):
        assert fact.null.tolist() == [1, 1]
        assert fact.nan.tolist() == [1, 0]
        assert (fact.plus_inf.tolist(), fact.minus_inf.tolist()) == ([1, 0], [1, 0])
        assert (fact.minimum.tolist(), fact.maximum.tolist()) == ([1, 1], [3, 6])
        np.testing.assert_allclose(fact.moments.mean, [2.0, 3.6])
