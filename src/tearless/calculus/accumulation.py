"""Gradients gathered over several backward calls: by what their loss was divided."""

from __future__ import annotations

import math

from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss, Step

CLOSE = 1e-3
"""A loss that was divided in another precision than its value was read in differs by no more."""


def share_of_loss(run: Run, step: Step) -> float | None:
    """By what one loss was multiplied before each backward call of this step; ``None`` where it was not one loss.

    >>> run = Run.from_entries([{"kind": "loss", "step": 1, "value": value} for value in (2.0, 4.0)])
    >>> share_of_loss(run, Step(step=1, backwards=2, values=(1.0, 2.0)))
    0.5
    """
    calls = [c for c in run.loss_calls if c.step == step.step and not c.evaluating]
    if step.by_hand or any(o.optimizer == step.optimizer and o.name == "LBFGS" for o in run.optimizers):
        return None  # a closure is called as often as the line search asks
    same = len({(c.function, c.line) for c in calls}) == 1 and all(c.reduction == "mean" for c in calls)
    if not same or len(calls) != step.backwards or len(step.values) != step.backwards:
        return None
    ratios = [_over(value, call) for value, call in zip(step.values, calls, strict=True)]
    known = [ratio for ratio in ratios if ratio is not None]
    alike = len(known) == len(ratios) and max(known) - min(known) <= CLOSE * abs(max(known))
    return known[0] if alike else None


def _over(value: float | None, call: Loss) -> float | None:
    if value is None or not call.value or not math.isfinite(value) or not math.isfinite(call.value):
        return None
    return value / call.value
