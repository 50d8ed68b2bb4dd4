"""The bounds against simulation: just below them descent converges, just above it diverges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.calculus import stability
from tearless.calculus.descent import Adam, GradientDescent, Method, Momentum, Nesterov, path, start
from tearless.core import InputError

BELOW, ABOVE = 0.99, 1.01


def grown(method: Method, curvatures: Any, steps: int = 4000) -> float:
    """How far the last point of a path on ½ Σ λ w² lies from the minimum, against its start."""
    h = np.asarray(curvatures, float)
    w = np.ones_like(h)
    last = list(path(lambda w: 0.5 * np.sum(h * w * w), lambda w: h * w, w, method, steps))[-1].w
    return float(np.abs(last).max()) if np.isfinite(last).all() else math.inf


@pytest.mark.parametrize("curvature", [1e-3, 1.0, 22.0, 1e6])
def test_gradient_descent(curvature: float) -> None:
    most = stability.largest_rate(curvature)
    assert grown(GradientDescent(BELOW * most), curvature) < 1e-9
    assert grown(GradientDescent(ABOVE * most), curvature) > 1e9


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("curvature", [0.1, 22.0])
@pytest.mark.parametrize("kind", [Momentum, Nesterov])
def test_momentum_and_nesterov(kind: type[Momentum | Nesterov], beta: float, curvature: float) -> None:
    most = stability.largest_rate(curvature, beta, nesterov=kind is Nesterov)
    assert grown(kind(BELOW * most, beta), curvature) < 1e-3
    assert grown(kind(ABOVE * most, beta), curvature) > 1e3


def test_only_the_largest_curvature_decides() -> None:
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    h = (q * np.array([0.1, 1, 2, 5, 8, 10.0])) @ q.T
    for beta in (0.0, 0.9):
        most = stability.largest_rate(10.0, beta)
        for share, sound in ((BELOW, True), (ABOVE, False)):
            method = Momentum(share * most, beta)
            last = list(path(lambda w: w @ h @ w / 2, lambda w: h @ w, np.ones(6), method, 3000))[-1].w
            assert (np.abs(last).max() < 1) == sound


@pytest.mark.parametrize("beta1", [0.0, 0.5, 0.9, 0.95])
@pytest.mark.parametrize("curvature", [0.3, 22.0])
def test_adam_with_its_preconditioner_frozen(beta1: float, curvature: float) -> None:
    """Adam itself, late in training, with √v̂ = 2 put back before each step."""
    adam = Adam(1.0, beta1, beta2=1 - 1e-12)
    most = stability.largest_adam_rate(curvature / (2.0 + adam.epsilon), beta1)
    for share, sound in ((BELOW, True), (ABOVE, False)):
        w = np.ones(1)
        state = start(w)
        for t in range(10**6, 10**6 + 3000):
            settled = np.array([4.0]) * (1 - adam.beta2 ** (t + 1))
            state = state._replace(t=t, second=settled / adam.beta2)
            state, w = adam.step(state, w, curvature * w, share * most)
            if abs(float(w[0])) > 1e3:
                break
        assert (abs(float(w[0])) < 1) == sound, share


@settings(deadline=None, max_examples=60)
@given(st.floats(0.01, 3.0), st.sampled_from([0.0, 0.3, 0.9]), st.booleans())
def test_the_factor_per_step_is_the_rate_of_the_simulation(a: float, beta: float, nesterov: bool) -> None:
    factor = stability.factor_per_step(a, 1.0, beta, nesterov=nesterov)
    matrix = (
        np.array([[1 - a - a * beta, -a * beta * beta], [1.0, beta]])
        if nesterov
        else np.array([[1 - a, -a * beta], [1.0, beta]])
    )
    assert factor == pytest.approx(max(abs(np.linalg.eigvals(matrix))), rel=1e-6, abs=1e-7)
    most = stability.largest_rate(1.0, beta, nesterov=nesterov)
    assert abs(a - most) < 1e-9 or (factor < 1) == (a < most)


@pytest.mark.parametrize(("low", "high"), [(1.0, 3.0), (0.1, 10.0), (2.0, 2.0)])
def test_no_fixed_rate_beats_the_best(low: float, high: float) -> None:
    def worst(rate: float, beta: float = 0.0) -> float:
        return max(stability.factor_per_step(rate, x, beta) for x in np.linspace(low, high, 41))

    best = stability.best_rate(low, high)
    kappa = high / low
    assert worst(best) == pytest.approx((kappa - 1) / (kappa + 1), abs=1e-12)
    assert all(worst(best * f) >= worst(best) - 1e-12 for f in np.linspace(0.5, 1.5, 51))
    rate, beta = stability.best_momentum(low, high)
    root = math.sqrt(kappa)
    assert worst(rate, beta) == pytest.approx((root - 1) / (root + 1), abs=1e-6)


@pytest.mark.parametrize("kappa", [1.0, 2.0, 10.0, 100.0, 1e4])
@pytest.mark.parametrize("shrink", [0.5, 0.1, 1e-6])
def test_the_steps_needed_are_those_of_the_simulation(kappa: float, shrink: float) -> None:
    rate = stability.best_rate(1.0, kappa)
    needed = math.ceil(stability.steps_needed(kappa, shrink) - 1e-9)
    errors = np.array([1.0, 1.0])
    for made in range(1, 200_000):
        errors = errors * (1 - rate * np.array([1.0, kappa]))
        if np.linalg.norm(errors) <= shrink * math.sqrt(2) * (1 + 1e-9):
            assert made == needed
            break


def test_momentum_needs_the_root_of_the_condition() -> None:
    kappa = 1e4
    rate, beta = stability.best_momentum(1.0, kappa)
    h = np.array([1.0, kappa])
    points = [
        s.w for s in path(lambda w: np.sum(h * w * w) / 2, lambda w: h * w, np.ones(2), Momentum(rate, beta), 3000)
    ]
    per_step = (np.linalg.norm(points[3000]) / np.linalg.norm(points[2000])) ** (1 / 1000)
    needed = stability.steps_needed(kappa, 0.1, momentum=True)
    assert math.log(0.1) / math.log(per_step) == pytest.approx(needed, rel=0.05)
    assert stability.steps_needed(kappa, 0.1) / needed == pytest.approx(100, rel=0.01)


def test_the_published_table() -> None:
    """y = wx on x = 1 … 5 with the mean squared error: λ = 2 Σx²/5 = 22, so the rate must stay below 1/11."""
    curvature = 2 * float(np.mean(np.arange(1.0, 6.0) ** 2))
    assert curvature == 22
    assert stability.largest_rate(curvature) == pytest.approx(1 / 11, rel=1e-15)
    assert stability.factor_per_step(0.1, curvature) == pytest.approx(1.2)
    assert stability.factor_per_step(0.01, curvature) == pytest.approx(0.78)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: stability.largest_rate(0.0), "curvature"),
        (lambda: stability.largest_rate(-1.0), "curvature"),
        (lambda: stability.largest_rate(math.nan), "curvature"),
        (lambda: stability.largest_rate(1.0, 1.0), "momentum"),
        (lambda: stability.largest_adam_rate(1.0, math.nan), "momentum"),
        (lambda: stability.best_rate(2.0, 1.0), "smallest"),
        (lambda: stability.steps_needed(0.5), "condition"),
        (lambda: stability.steps_needed(2.0, 1.0), "shrink"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=f"^{words}: expected"):
        make()
