"""Each rule of descent is the optimiser of PyTorch of that name, step for step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tearless.calculus import descent, schedules
from tearless.calculus.descent import Adam, AdamW, GradientDescent, Method, Momentum, Nesterov, RMSProp, path
from tearless.core import InputError

PAIRS: dict[str, tuple[Method, Callable[[Any], torch.optim.Optimizer]]] = {
    "gradient descent": (GradientDescent(0.01), lambda w: torch.optim.SGD(w, lr=0.01)),
    "momentum": (Momentum(0.01, 0.8), lambda w: torch.optim.SGD(w, lr=0.01, momentum=0.8)),
    "nesterov": (Nesterov(0.01, 0.8), lambda w: torch.optim.SGD(w, lr=0.01, momentum=0.8, nesterov=True)),
    "rmsprop": (RMSProp(0.02, 0.95), lambda w: torch.optim.RMSprop(w, lr=0.02, alpha=0.95)),
    "rmsprop by default": (RMSProp(0.01), lambda w: torch.optim.RMSprop(w)),
    "adam": (Adam(0.05, 0.8, 0.95), lambda w: torch.optim.Adam(w, lr=0.05, betas=(0.8, 0.95))),
    "adam by default": (Adam(1e-3), lambda w: torch.optim.Adam(w)),
    "adamw": (AdamW(0.05, 0.1), lambda w: torch.optim.AdamW(w, lr=0.05, weight_decay=0.1)),
    "adamw by default": (AdamW(1e-3), lambda w: torch.optim.AdamW(w)),
}
RNG = np.random.default_rng(0)
START = RNG.normal(size=(3, 2))
PULL = RNG.normal(size=(3, 3))


def loss(w: Any) -> Any:
    """Curved, not quadratic, each weight tied to the others."""
    pull = torch.tensor(PULL) if isinstance(w, torch.Tensor) else PULL
    return ((pull @ w) ** 2).sum() + 0.1 * (w**4).sum()


def slope(w: Any) -> Any:
    return 2 * PULL.T @ PULL @ w + 0.4 * w**3


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("schedule", [None, schedules.cosine(40, 0.1)], ids=["fixed", "cosine"])
def test_50_steps_are_pytorchs(name: str, schedule: Any) -> None:
    method, make = PAIRS[name]
    w = torch.tensor(START, requires_grad=True)
    optimiser = make([w])
    for step in list(path(loss, slope, START, method, 50, schedule))[:-1]:
        np.testing.assert_allclose(step.w, w.detach(), rtol=1e-12, atol=1e-12)
        for group in optimiser.param_groups:
            group["lr"] = step.rate
        optimiser.zero_grad()
        value = loss(w)
        value.backward()
        np.testing.assert_allclose(float(step.loss), value.item(), rtol=1e-12, atol=1e-13)
        optimiser.step()


def test_a_path_has_its_end_and_its_rates() -> None:
    steps = list(path(loss, slope, START, GradientDescent(0.1), 4, schedules.linear(4)))
    assert [s.t for s in steps] == [0, 1, 2, 3, 4]
    np.testing.assert_allclose([s.rate for s in steps], [0.1, 0.075, 0.05, 0.025, 0.0])
    assert len(list(path(loss, slope, START, GradientDescent(0.1), 0))) == 1


def test_nothing_is_changed_in_place() -> None:
    before = START.copy()
    for method, _ in PAIRS.values():
        state = descent.start(START)
        g = slope(START)
        first = method.step(state, START, g, method.rate)
        again = method.step(state, START, g, method.rate)
        np.testing.assert_array_equal(first[1], again[1])
        assert not state.first.any()
    np.testing.assert_array_equal(START, before)


def test_divergence_is_part_of_the_picture() -> None:
    last = list(path(lambda w: w**2, lambda w: 2 * w, np.array([1.0]), GradientDescent(1e200), 5))[-1]
    assert not np.isfinite(last.w).any()


def test_the_published_rate_cannot_converge() -> None:
    """y = wx through x = 1 … 5: the curvature of the mean squared error is 2 Σx²/n = 22, so rates end at 2/22."""
    x = np.arange(1.0, 6.0)
    y = 2.0 * x

    def end(rate: float) -> float:
        def error(w: Any) -> Any:
            return np.mean((w * x - y) ** 2)

        def gradient(w: Any) -> Any:
            return np.mean(2 * x * (w * x - y))

        return abs(float(list(path(error, gradient, 0.0, GradientDescent(rate), 200))[-1].w) - 2.0)

    assert end(0.1) == pytest.approx(2 * 1.2**200, rel=1e-6)
    assert end(0.0909) < 2.0
    assert end(0.0910) > 2.0
    assert end(0.09) < 1e-1
    assert end(1 / 22) < 1e-15


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: GradientDescent(0.0), "rate"),
        (lambda: Momentum(0.1, 1.0), "beta"),
        (lambda: Nesterov(0.1, -0.1), "beta"),
        (lambda: RMSProp(0.1, 1.0), "alpha"),
        (lambda: Adam(0.1, beta2=1.5), "beta2"),
        (lambda: Adam(0.1, epsilon=-1.0), "epsilon"),
        (lambda: AdamW(0.1, decay=float("nan")), "decay"),
        (lambda: list(path(loss, slope, START, GradientDescent(0.1), -1)), "steps"),
        (lambda: list(path(loss, slope, "abc", GradientDescent(0.1), 1)), "w"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, words: str) -> None:
    with pytest.raises(InputError, match=f"^{words}: expected"):
        make()
