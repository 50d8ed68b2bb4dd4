"""The exponentials against exact arithmetic, on inputs that break the textbook forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tearless.calculus.exponentials import Axis, log_sigmoid, log_softmax, logsumexp, sigmoid, softmax
from tearless.core import InputError

U = 2.0**-53
TINY = 2.0**-1074
INF, NAN = np.inf, np.nan

HOSTILE = {
    "far apart": [1e4, -1e4, 0.0],
    "all large": [1e4, 1e4 - 0.3, 1e4 + 1e-11],
    "all small": [-1e4, -1e4 + 0.7, -9998.1],
    "ties": [3.3, 3.3, 3.3],
    "ties at the top": [7.1, 7.1, -20.3, 7.0],
    "one alone": [-2.5],
    "next to nothing beside": [50.0, 0.0],
    "hardly anything beside": [700.0, 0.0, -3.0],
    "subnormal result": [0.0, -744.0],
    "subnormal entries": [5e-324, -5e-324, 1e-310],
    "huge": [1e300, -1e300, 9e299],
    "minus zero": [-0.0, 0.0],
    "sum near one": [-0.7, -0.69, -300.0],
    "long": list(np.linspace(-30.0, 4.0, 201)),
}


@pytest.fixture(autouse=True)
def many_digits() -> Iterator[None]:
    """The precision of the reference: mpmath keeps it globally, so each test sets its own and gives it back."""
    with mpmath.workprec(1400):
        yield


def exact_logsumexp(x: Sequence[float]) -> mpmath.mpf:
    top = max(x)  # e^(1e300) has no place even there
    return top + mpmath.log(mpmath.fsum(mpmath.exp(mpmath.mpf(v) - top) for v in x if v - top > -1e6))


def error(found: float, exact: mpmath.mpf, against: mpmath.mpf | None = None) -> float:
    """The error in units of roundoff, relative to the exact value; below the subnormals nothing can be resolved."""
    size = max(abs(exact if against is None else against), mpmath.mpf(2) ** -1022)
    return float(abs(mpmath.mpf(float(found)) - exact) / size / U)


@pytest.mark.parametrize("x", HOSTILE.values(), ids=HOSTILE)
def test_logsumexp_is_right_to_a_few_ulp(x: list[float]) -> None:
    exact = exact_logsumexp(x)
    assert error(float(logsumexp(x)), exact, max(abs(mpmath.mpf(max(x))), abs(exact))) < 4


@pytest.mark.parametrize("x", HOSTILE.values(), ids=HOSTILE)
def test_log_softmax_is_right_to_a_few_ulp_in_every_entry(x: list[float]) -> None:
    exact = exact_logsumexp(x)
    for v, found in zip(x, log_softmax(x), strict=True):
        assert error(found, mpmath.mpf(v) - exact) < 6


@pytest.mark.parametrize("x", HOSTILE.values(), ids=HOSTILE)
def test_softmax_is_as_right_as_its_docstring_says(x: list[float]) -> None:
    exact = exact_logsumexp(x)
    for v, found in zip(x, softmax(x), strict=True):
        share = mpmath.exp(mpmath.mpf(v) - exact) if v - max(x) > -1e6 else mpmath.mpf(0)
        bound = 6 if -44 <= max(x) <= 354 or 2 <= 4 * v / max(x) <= 8 else max(x) - v + 6
        assert error(found, share) <= bound or share < 1e-289


def test_softmax_is_right_to_a_few_ulp_where_the_shifted_form_is_not() -> None:
    x = list(np.linspace(-30.0, 4.0, 101))
    total = exact_logsumexp(x)
    exact = [mpmath.exp(mpmath.mpf(v) - total) for v in x]
    assert max(error(found, e) for found, e in zip(softmax(x), exact, strict=True)) < 6
    assert max(error(found, e) for found, e in zip(scipy.special.softmax(x), exact, strict=True)) > 20


SCALARS = [0.0, -0.0, 1.0, -1.0, 5e-324, -1e-310, 1e-17, 36.9, 37.0, -37.5, 700.0, -700.0, -740.0, -744.4, 1e4, -1e4]


@pytest.mark.parametrize("x", SCALARS)
def test_sigmoid_and_its_logarithm_are_right_to_a_few_ulp(x: float) -> None:
    exact = 1 / (1 + mpmath.exp(-mpmath.mpf(x)))
    assert error(float(sigmoid(x)), exact) < 4
    assert error(float(log_sigmoid(x)), mpmath.log(exact)) < 4


def test_small_terms_survive_where_the_plain_sum_loses_them() -> None:
    x = np.array([0.0, -50.0])
    assert np.log(np.exp(x).sum()) == 0
    assert logsumexp(x) == np.exp(-50.0)


@pytest.mark.parametrize(
    ("x", "total", "shares", "logs"),
    [
        ([INF, 0.0], INF, [NAN, NAN], [NAN, NAN]),
        ([INF, 1e4], INF, [NAN, NAN], [NAN, NAN]),
        ([INF, INF], INF, [NAN, NAN], [NAN, NAN]),
        ([INF, -INF], INF, [NAN, NAN], [NAN, NAN]),
        ([-INF, -INF], -INF, [NAN, NAN], [NAN, NAN]),
        ([-INF, 3.0, -INF], 3.0, [0.0, 1.0, 0.0], [-INF, 0.0, -INF]),
        ([NAN, 1.0], NAN, [NAN, NAN], [NAN, NAN]),
        ([NAN, INF], NAN, [NAN, NAN], [NAN, NAN]),
        ([], -INF, [], []),
    ],
)
def test_what_nan_inf_and_nothing_give(x: list[float], total: float, shares: list[float], logs: list[float]) -> None:
    np.testing.assert_equal(float(logsumexp(x)), total)
    np.testing.assert_equal(softmax(x), np.array(shares))
    np.testing.assert_equal(log_softmax(x), np.array(logs))


def test_a_slice_with_nan_leaves_the_others_alone() -> None:
    x = np.array([[NAN, 0.0], [0.0, 0.0]])
    assert softmax(x)[1].tolist() == [0.5, 0.5]
    assert logsumexp(x)[1] == np.log(2.0)


def test_sigmoids_of_nan_and_inf() -> None:
    np.testing.assert_equal(sigmoid([-INF, INF, NAN]), [0.0, 1.0, NAN])
    np.testing.assert_equal(log_sigmoid([-INF, INF, NAN]), [-INF, 0.0, NAN])


ARRAYS = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=5), elements=st.floats(-1e3, 1e3, width=64)
)


@settings(deadline=None, max_examples=50)
@given(ARRAYS, st.data())
def test_any_axis_as_scipy(x: np.ndarray[Any, Any], data: st.DataObject) -> None:
    axes = st.integers(-x.ndim, x.ndim - 1)
    several = st.lists(axes, min_size=1, max_size=2, unique_by=lambda i: i % x.ndim).map(tuple)
    axis: Axis = data.draw(st.one_of(st.none(), axes, several))
    for keepdims in (False, True):
        ours, theirs = logsumexp(x, axis, keepdims=keepdims), scipy.special.logsumexp(x, axis, keepdims=keepdims)
        assert np.shape(ours) == np.shape(theirs)
        np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-12)
    np.testing.assert_allclose(softmax(x, axis), scipy.special.softmax(x, axis), rtol=1e-12)
    np.testing.assert_allclose(log_softmax(x, axis), scipy.special.log_softmax(x, axis), rtol=1e-12, atol=1e-12)


@settings(deadline=None, max_examples=50)
@given(ARRAYS, st.floats(-1e3, 1e3))
def test_laws(x: np.ndarray[Any, Any], shift: float) -> None:
    np.testing.assert_allclose(softmax(x).sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(logsumexp(x + shift), logsumexp(x) + shift, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(np.exp(log_softmax(x)), softmax(x), rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(sigmoid(x) + sigmoid(-x), 1, rtol=1e-15)
    np.testing.assert_allclose(log_sigmoid(x) - log_sigmoid(-x), x, rtol=1e-14, atol=1e-14)
    pair = np.stack([x, np.zeros_like(x)], axis=-1)
    np.testing.assert_allclose(softmax(pair)[..., 0], sigmoid(x), rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("function", [logsumexp, softmax, log_softmax])
def test_an_axis_that_is_not_there_is_refused(function: Callable[..., Any]) -> None:
    with pytest.raises(InputError, match=r"axis: expected axes of an array of shape \(2,\), got 1"):
        function([1.0, 2.0], axis=1)


def test_a_single_number_is_a_slice_of_one() -> None:
    assert (float(logsumexp(3.0)), float(softmax(3.0)), float(log_softmax(3.0))) == (3.0, 1.0, 0.0)


@pytest.mark.parametrize("function", [logsumexp, softmax, log_softmax, sigmoid, log_sigmoid])
def test_what_is_no_number_is_refused(function: Callable[..., Any]) -> None:
    for wrong in ("abc", ["a"], [1j], None):
        with pytest.raises(InputError, match=r"^x: expected"):
            function(wrong)
