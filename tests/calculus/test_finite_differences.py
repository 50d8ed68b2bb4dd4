"""Difference quotients: their step is near the best one, and their error what the docstring says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize

from tearless.calculus import finite_differences as fd
from tearless.core import InputError

FUNCTIONS: dict[str, tuple[Any, Any, Any]] = {
    "exp": (np.exp, np.exp, np.exp),
    "sin": (np.sin, np.cos, lambda x: -np.sin(x)),
    "cube": (lambda x: x**3, lambda x: 3 * x**2, lambda x: 6 * x),
    "atan": (np.arctan, lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_error_is_about_the_two_thirds_power_of_the_roundoff(name: str) -> None:
    f, slope, _ = FUNCTIONS[name]
    x = np.linspace(0.3, 1.9, 50)
    found = fd.gradient(lambda x: np.sum(f(x)), x)
    alone = np.array([fd.gradient(lambda x: np.sum(f(x)), [v])[0] for v in x])
    assert np.abs(alone - slope(x)).max() < 10 * fd.U ** (2 / 3) * max(1, np.abs(slope(x)).max())
    assert np.abs(found - slope(x)).max() < 1e-8  # the sum of 50 rounds more than one


def test_no_step_does_much_better(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(0.5, 1.5, 40)

    def median_error() -> float:
        return float(np.median([abs(fd.gradient(lambda x: np.exp(x).sum(), [v])[0] / np.exp(v) - 1) for v in x]))

    argued = median_error()
    for factor in (1e-3, 1e-2, 0.1, 10, 100, 1000):
        monkeypatch.setattr(fd, "STEP", (3 * fd.U) ** (1 / 3) * factor)
        assert median_error() > argued * 0.7
        if factor in (1e-3, 1000):
            assert median_error() > argued * 100


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_second_difference(name: str) -> None:
    f, _, bend = FUNCTIONS[name]
    for x in (0.3, 1.1, 1.9):
        for d in (1.0, -2.0, 1e6, 1e-6):
            found = fd.curvature(lambda x: np.sum(f(x)), [x], [d])
            assert found == pytest.approx(bend(x) * d * d, abs=1e-6 * d * d)
    assert fd.curvature(lambda x: np.sum(x**2), [1.0], [0.0]) == 0


def test_as_scipy_on_a_function_of_many() -> None:
    x = np.linspace(-1, 1.5, 6)
    found = fd.gradient(scipy.optimize.rosen, x)
    np.testing.assert_allclose(found, scipy.optimize.rosen_der(x), rtol=1e-8, atol=1e-7)
    d = np.arange(6.0)
    exact = d @ scipy.optimize.rosen_hess(x) @ d
    assert fd.curvature(scipy.optimize.rosen, x, d) == pytest.approx(exact, rel=1e-5)


def test_any_shape_and_any_size_of_number() -> None:
    x = np.array([[1e8, -1e8], [1.0, 0.0]])
    np.testing.assert_allclose(fd.gradient(lambda x: (x**2).sum(), x), 2 * x, rtol=1e-4, atol=20)
    assert fd.gradient(lambda x: float(x) ** 2, 3.0) == pytest.approx(6.0, rel=1e-9)
    assert fd.gradient(lambda x: 0.0, np.zeros((0, 3))).shape == (0, 3)


def test_the_scale_makes_small_worlds_visible() -> None:
    near = fd.gradient(lambda x: np.log(x).sum(), [1e-8], scale=1e-8)[0]
    assert near == pytest.approx(1e8, rel=1e-9)


def test_wrong_derivatives_are_seen_and_where() -> None:
    x = np.array([1.0, -2.0, 0.5])
    right = 3 * x**2

    def f(x: Any) -> Any:
        return (x**3).sum()

    assert fd.largest_difference(f, right, x)[0] < 1e-9
    error, where = fd.largest_difference(f, right * [1, -1, 1], x)
    assert error == pytest.approx(2)
    assert where == (1,)
    assert fd.largest_difference(f, right / 2, x)[0] == pytest.approx(0.5)
    assert fd.largest_difference(f, right * [1, 1, np.nan], x) == (np.inf, (2,))
    assert fd.largest_difference(f, np.zeros(0), np.zeros(0)) == (0.0, ())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: fd.gradient(lambda x: x, [1.0, 2.0]), "f: expected a function that returns one number"),
        (lambda: fd.gradient(lambda x: x.sum(), [np.nan]), "x: expected finite"),
        (lambda: fd.gradient(lambda x: x.sum(), [1.0], scale=0.0), "scale: expected"),
        (lambda: fd.curvature(lambda x: x.sum(), [1.0], [1.0, 2.0]), "direction: expected the shape of x"),
        (lambda: fd.largest_difference(lambda x: x.sum(), [1.0], [1.0, 2.0]), "derivative: expected the shape of x"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()
