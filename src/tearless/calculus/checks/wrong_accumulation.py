"""This run gathers gradients over several backward calls, and not into their mean.

## What it measures
At looked-at steps with several backward calls of one loss: by what that loss was divided, and how often gradients were
cleared. Three slips are told apart: the loss is not divided, so that the step follows the sum; the gradients are
cleared at every call, so that only the last one counts; the step is made at every call, on a loss that was divided.

## Why it matters
K small batches were meant to stand for one large batch. A sum makes the step of plain gradient descent K times as long;
clearing throws K − 1 of K gradients away; stepping too early makes K wrong steps in place of one.

## The mathematics
The mean over K batches of equal size is (1/K) Σ L_k, so each call needs L_k/K. With factor c in place of 1/K descent,
with or without momentum, steps at the rate cKη. Adam, RMSprop, Adagrad and other methods divide by a running size of
the gradient, in which the factor cancels (but for ε): for them an undivided sum is only a note.

## When it is wrong
A sum may be meant, with a rate chosen for it, as where several sequences make up one batch.

## What to do
`(loss / k).backward()` for each of k batches, then one `optimizer.step()` and one `optimizer.zero_grad()`.

## References
P. Goyal et al., *Accurate, large minibatch SGD*, arXiv:1706.02677 (2017), section 2: the rate goes with the batch. D.
P. Kingma and J. Ba, *Adam*, ICLR (2015), section 2.1: the step does not depend on the gradient's scale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tearless.calculus.accumulation import CLOSE, share_of_loss
from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Step

MEND = Mend.contract

HARMS = Limit(
    of="harm",
    at=2,
    unit="calls",
    kind="derived",
    severity=Severity.warning,
    because="From two calls on a sum is not a mean: the step is twice as long, half of the gradients are lost, or half "
    "of the steps come too early.",
)
CANCELS = Limit(
    of="calls",
    at=2,
    unit="calls",
    kind="derived",
    severity=Severity.note,
    because="An optimiser that divides by the gradient's own size cancels the factor: worth knowing, for clipping and "
    "another optimiser would not.",
)

HEADLINE = "gradients of {calls} backward calls are gathered, but {what}"
EVIDENCE = "{backwards} backward calls, {steps} steps, {cleared} calls of zero_grad; backward got {times} of the loss"
WHY = "{why}"
DO = "{do}"

FREE = frozenset({"Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Adadelta", "Rprop", "SparseAdam",
                  "Adafactor", "Lion", "Muon"})  # fmt: skip
"""Optimisers whose step does not depend on the size of the gradient."""


@dataclass(frozen=True, slots=True)
class _Slip:
    calls: int
    harm: int
    what: str
    why: str
    do: str


NONE = _Slip(0, 0, "into their mean", "the mean of the batches is what one large batch would give", "nothing")


def measure(run: Run) -> Iterator[Measured]:
    seen = [(step, ratio) for step in run.looked_at() if (ratio := share_of_loss(run, step)) is not None]
    counts = run.counts
    slip = _undivided(run, seen) or _cleared(run, seen) or _early(run, seen) or NONE
    yield Measured(
        (),
        {
            "calls": Number(slip.calls, "calls", "backward calls that go into one wrong mean"),
            "harm": Number(slip.harm, "calls", "of them, where the optimiser does not cancel it"),
            "times": Number(
                float(np.median([r for _, r in seen])) if seen else 1.0, "1", "value given to backward / loss"
            ),
            "backwards": Number(counts.backwards, "calls", "calls of backward"),
            "steps": Number(counts.steps, "steps", "optimiser steps"),
            "cleared": Number(counts.zero_grads, "calls", "calls of zero_grad"),
        },
        words={"what": slip.what, "why": slip.why, "do": slip.do},
    )


def _undivided(run: Run, seen: list[tuple[Step, float]]) -> _Slip | None:
    """Several calls of one loss a step, each given to backward as it is."""
    whole = [step for step, ratio in seen if step.backwards >= 2 and abs(ratio - 1) < CLOSE]
    if not whole or run.counts.zero_grads > 0.75 * run.counts.backwards:  # cleared in between: not gathered
        return None
    k = int(np.median([step.backwards for step in whole]))
    name = next((o.name for o in run.optimizers if o.optimizer == whole[0].optimizer), "")
    free = name in FREE
    why = f"{name} divides by the gradient's size, so its steps stay the same; clipping and other optimisers do not"
    return _Slip(
        calls=k,
        harm=0 if free else k,
        what=f"their loss is not divided by {k}",
        why=why if free else f"the step is {k} times as long as that of the mean, as at a rate {k} times as high",
        do=f"`(loss / {k}).backward()`",
    )


def _cleared(run: Run, seen: list[tuple[Step, float]]) -> _Slip | None:
    """Several calls of one loss a step, and gradients cleared before each of them."""
    k = run.counts.backwards / run.counts.steps if run.counts.steps else 0.0
    if (
        not any(step.backwards >= 3 for step, _ in seen)
        or k < 2.5
        or run.counts.zero_grads < 0.9 * run.counts.backwards
    ):
        return None
    k = round(k)
    return _Slip(
        calls=k,
        harm=k,
        what="they are cleared at every call",
        why=f"the step follows the last of {k} batches; the gradients of the other {k - 1} are thrown away",
        do=f"call `optimizer.zero_grad()` once for {k} calls, right after `optimizer.step()`",
    )


def _early(run: Run, seen: list[tuple[Step, float]]) -> _Slip | None:
    """One call a step, on a loss divided by the number of calls between two clearings."""
    k = run.counts.steps / run.counts.zero_grads if run.counts.zero_grads else 0.0
    divided = [step for step, ratio in seen if step.backwards == 1 and k > 1.5 and abs(ratio * round(k) - 1) < CLOSE]
    if not divided or not run.breaches("missing-zero-grad"):
        return None
    return _Slip(
        calls=round(k),
        harm=round(k),
        what="a step is made at every call",
        why=f"each of {round(k)} batches makes a step of its own, on the sum of the gradients so far",
        do=f"call `optimizer.step()` where `optimizer.zero_grad()` is called: once for {round(k)} backward calls",
    )


def _gathered(rng: np.random.Generator, k: int, times: float, name: str = "SGD", clearings: int = 100) -> Entries:
    """``k`` backward calls a step, on the loss multiplied by ``times``."""
    entries = healthy_run(rng)
    of_kind(entries, "optimizer")[0]["name"] = name
    of_kind(entries, "counts")[0].update(backwards=100 * k, zero_grads=clearings)
    losses = {e["step"]: e for e in of_kind(entries, "loss")}
    for step in of_kind(entries, "step"):
        loss = losses[step["step"]]
        step.update(backwards=k, values=[loss["value"] * times] * k)
        entries.extend([loss] * (k - 1))
    return entries


@healthy
def one_call_a_step(rng: np.random.Generator) -> Example:
    return as_example(_gathered(rng, 1, 1.0))


@healthy
def divided(rng: np.random.Generator) -> Example:
    return as_example(_gathered(rng, 4, 0.25))


@sick
def undivided(rng: np.random.Generator) -> Example:
    return as_example(_gathered(rng, 4, 1.0))


@sick
def undivided_under_adam(rng: np.random.Generator) -> Example:
    return as_example(_gathered(rng, 4, 1.0, "Adam"))


@sick
def cleared_each_time(rng: np.random.Generator) -> Example:
    return as_example(_gathered(rng, 4, 0.25, clearings=400))


@sick
def step_at_every_call(rng: np.random.Generator) -> Example:
    breach = {"kind": "breach", "breach": "missing-zero-grad", "step": 2, "subject": ["net.0.weight"]}
    return as_example([*_gathered(rng, 1, 0.25, clearings=25), breach])


@fooled("fires", "a sum of several sequences may be meant, with a rate that was chosen for it")
def sum_on_purpose(rng: np.random.Generator) -> Example:
    return as_example(_gathered(rng, 8, 1.0))
