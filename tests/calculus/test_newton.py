"""Newton's method: one step on a quadratic, convergence from afar, and the ends it states."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from tearless.calculus.newton import newton
from tearless.core import InputError


def test_a_quadratic_takes_one_step_in_any_units() -> None:
    H, b = np.diag([1e-8, 1.0, 1e8]), np.array([1.0, 2.0, 3.0])
    found = newton(
        lambda w: float(w @ H @ w / 2 - b @ w),
        lambda w: (H @ w - b, np.linalg.solve(H, b - H @ w)),
        np.zeros(3),
        tolerance=1e-9,
    )
    assert np.allclose(found.w, b / np.diag(H), rtol=1e-12)
    assert len(found.steps) == 2  # one to arrive, one to see that nothing is left
    assert found.steps[0].share == 1.0
    assert found.steps[0].decrement == pytest.approx(float(b @ np.linalg.solve(H, b)) / 2)


def test_steps_too_long_are_halved_until_the_loss_falls() -> None:
    found = newton(
        lambda w: float(np.sqrt(1 + w[0] ** 2)),
        lambda w: (w / np.sqrt(1 + w**2), -w * (1 + w**2)),  # the whole step throws w to -w³
        [5.0],
        tolerance=1e-14,
    )
    assert found.converged
    assert abs(found.w[0]) < 1e-7
    assert found.steps[0].share < 1.0
    losses = [step.loss for step in found.steps]
    assert losses == sorted(losses, reverse=True)


def test_equal_to_another_minimiser_on_a_loss_of_two_weights() -> None:
    def loss(w: np.ndarray) -> float:
        return float(np.logaddexp(w[0] + 2 * w[1], -w[0]) + 0.1 * w @ w)

    def slope(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        p = 1 / (1 + np.exp(-(2 * w[0] + 2 * w[1])))
        a, c = np.array([1.0, 2.0]), np.array([-1.0, 0.0])
        g = p * a + (1 - p) * c + 0.2 * w
        H = p * (1 - p) * np.outer(a - c, a - c) + 0.2 * np.eye(2)
        return g, np.linalg.solve(H, -g)

    assert np.allclose(
        newton(loss, slope, [3.0, -4.0], tolerance=1e-12).w, minimize(loss, [0, 0], tol=1e-12).x, atol=1e-5
    )


def test_what_is_no_descent_is_refused_and_too_few_steps_are_said() -> None:
    with pytest.raises(InputError, match="slope: expected a direction in which the loss falls"):
        newton(lambda w: float(-(w[0] ** 2)), lambda w: (-2 * w, -w), [1.0], tolerance=1e-9)
    early = newton(lambda w: float(np.cosh(w[0])), lambda w: (np.sinh(w), -np.tanh(w)), [5.0], tolerance=0.0, most=2)
    assert not early.converged
    assert len(early.steps) == 2


def test_a_loss_that_is_nan_beyond_its_range_is_not_entered() -> None:
    found = newton(
        lambda w: float(w[0] - np.log(w[0])) if w[0] > 0 else float("nan"),
        lambda w: (1 - 1 / w, w * (1 - w)),
        [3.0],
        tolerance=1e-15,
    )
    assert found.w[0] == pytest.approx(1.0, abs=1e-12)
