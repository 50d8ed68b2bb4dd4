"""Schedules against those of PyTorch and transformers."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from tearless.calculus import schedules
from tearless.core import InputError

N = 20
TORCH: dict[str, tuple[schedules.Schedule, Callable[[Any], Any]]] = {
    "constant": (schedules.constant(), lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    "cosine": (schedules.cosine(N), lambda o: lr_scheduler.CosineAnnealingLR(o, N)),
    "cosine to a floor": (schedules.cosine(N, 0.1), lambda o: lr_scheduler.CosineAnnealingLR(o, N, eta_min=0.1)),
    "linear": (schedules.linear(N), lambda o: lr_scheduler.LinearLR(o, 1.0, 0.0, N)),
    "linear to a floor": (schedules.linear(N, 0.2), lambda o: lr_scheduler.LinearLR(o, 1.0, 0.2, N)),
    "stepwise": (schedules.stepwise(5, 0.3), lambda o: lr_scheduler.StepLR(o, 5, 0.3)),
    "exponential": (schedules.exponential(0.9), lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    "warm-up": (schedules.warm_up(6), lambda o: lr_scheduler.LinearLR(o, 1 / 6, 1.0, 5)),
}


def rates(make: Callable[[Any], Any], steps: int) -> list[float]:
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimiser)
    out = []
    for _ in range(steps):
        out.append(float(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        schedule.step()
    return out


@pytest.mark.parametrize("name", TORCH)
def test_schedules_are_pytorchs(name: str) -> None:
    ours, theirs = TORCH[name]
    assert [ours(t) for t in range(N + 1)] == pytest.approx(rates(theirs, N + 1), abs=1e-12)


def test_warm_up_then_decay_is_that_of_transformers_one_step_ahead() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transformers = pytest.importorskip("transformers")
        linear, cosine = transformers.get_linear_schedule_with_warmup, transformers.get_cosine_schedule_with_warmup
        for theirs, after in ((linear, schedules.linear(N - 5)), (cosine, schedules.cosine(N - 5))):
            ours = schedules.warm_up(5, after)
            known = rates(functools.partial(theirs, num_warmup_steps=5, num_training_steps=N), N)
            assert [ours(t) for t in range(5)] == pytest.approx(known[1:6], abs=1e-12)
            assert [ours(t) for t in range(5, N)] == pytest.approx(known[5:], abs=1e-12)


def test_inverse_square_root_is_the_published_formula() -> None:
    """min(t^−½, t·steps^−3⁄2), scaled to 1 at its top (Vaswani et al. 2017, equation 3)."""
    ours = schedules.inverse_square_root(8)
    for t in range(1, 50):
        assert ours(t - 1) == pytest.approx(min(t**-0.5, t * 8**-1.5) * math.sqrt(8), rel=1e-14)


@settings(deadline=None)
@given(st.integers(1, 200), st.floats(0, 1), st.integers(0, 500))
def test_no_schedule_leaves_its_range(steps: int, floor: float, t: int) -> None:
    for schedule in (schedules.cosine(steps, floor), schedules.linear(steps, floor)):
        assert floor - 1e-15 <= schedule(t) <= 1
        assert schedule(0) == 1
        assert schedule(steps) == pytest.approx(floor, abs=1e-15)
    for schedule in (schedules.warm_up(steps), schedules.inverse_square_root(steps)):
        assert 0 < schedule(t) <= 1


def test_the_area_is_what_the_schedule_is_worth() -> None:
    assert schedules.area(schedules.constant(), 7) == 7
    assert schedules.area(schedules.cosine(1000), 1000) == pytest.approx(500.5)
    assert schedules.area(schedules.exponential(0.5), 60) == pytest.approx(2)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, "3"])
def test_what_is_no_number_of_steps_is_refused(wrong: Any) -> None:
    for make in (schedules.warm_up, schedules.cosine, schedules.linear, schedules.inverse_square_root):
        with pytest.raises(InputError, match="steps: expected a whole number"):
            make(wrong)
    with pytest.raises(InputError, match="every"):
        schedules.stepwise(wrong)
    with pytest.raises(InputError, match="factor"):
        schedules.exponential(0.0)
