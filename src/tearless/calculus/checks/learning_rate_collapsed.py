"""This run's learning rate falls to nothing long before the run is over.

## What it measures
The step from which all remaining rates together are worth less than one step at the highest rate, and less than a
hundredth of all rates of the run; and the share of the run that lies behind it. A rate that never leaves 0 is the
extreme.

## Why it matters
From there on nothing changes: the rest of the run is spent for nothing, and the model stays where it had got to.

## The mathematics
Whatever the loss, the weights can go no farther than Σ η_t‖d_t‖, with d_t the update at rate 1. With
R_s = Σ_{t ≥ s} η_t the remaining way is worth R_s/η_max steps. A cosine or a straight line to 0 over n steps leaves
less than one step's worth for the last (1.2 n²)^{1/3} and √(2n) steps only; a factor γ at every step does so after
ln(1/(1−γ))/ln(1/γ) steps, and less than a hundredth after ln(100)/ln(1/γ): 22 and 44 for γ = 0.9, however long the run.

## When it is wrong
A rate that falls since the loss has stopped falling (a plateau schedule) is as it should be, and nothing is said where
the loss shows it. A loss that is flat for another reason hides a collapse.

## What to do
Step a schedule that counts epochs once an epoch, not once a batch; give one that counts steps the number of steps of
the whole run.

## References
H. Robbins and S. Monro, *A stochastic approximation method*, Annals of Mathematical Statistics 22(3) (1951), 400-407:
the rates must sum to infinity. PyTorch documentation, *torch.optim*, how to adjust the learning rate.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.rates_of_a_run import highest_rate, rates_of, still_falling
from tearless.core import (
    Example,
    Limit,
    Measured,
    Mend,
    Number,
    Severity,
    fooled,
    healthy,
    sick,
)
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.optimiser

OVER = Limit(
    of="over",
    at=0.5,
    unit="share",
    kind="derived",
    severity=Severity.warning,
    because="More than half of the run's steps together go less far than one of its first: most of the run is spent "
    "for nothing.",
)
ALL = Limit(
    of="over",
    at=0.9,
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="Nine tenths of the run change nothing. No theorem singles out the share: the model is that of a run a "
    "tenth as long.",
)
LONG = Limit(
    of="steps",
    at=20,
    unit="steps",
    kind="derived",
    because="A straight line to 0 over n steps leaves less than one step's worth for its last √(2n) steps: a third of "
    "the run at n = 20, and more of shorter ones.",
)
FALLING = Limit(
    of="falling",
    at=0.1,
    unit="share",
    kind="convention",
    because="Where the second half of the way at a working rate surely brought less than a tenth of the fall, the loss "
    "had settled before the rate fell, as a plateau schedule has it.",
)

HEADLINE = (
    "the learning rate is gone after step {alive} of {steps}: from {peak} to {low}, and {over} of the run is left"
)
EVIDENCE = "the rates after step {alive} add up to {worth} steps at the highest rate of {peak}"
WHY = "the remaining {rest} steps together move the weights less than one step did at the start"
DO = "{do}"

WORTH, HUNDREDTH = 1.0, 0.01


def measure(run: Run) -> Iterator[Measured]:
    rates = rates_of(run)
    n, top = len(rates), highest_rate(run, rates)
    left = np.append(np.cumsum(rates[::-1])[::-1], 0.0)
    gone = left < min(WORTH * top, HUNDREDTH * left[0])
    alive = int(np.argmax(gone)) if left[0] >= WORTH * top > 0 else 0
    falling = still_falling(run.losses, rates, top)
    yield Measured(
        (),
        {
            "over": Number(1 - alive / n, "share", "of the run's steps, those after the rate was gone"),
            "steps": Number(n, "steps", "steps whose rate is known"),
            "falling": Number(
                falling, "share", "of the loss's fall at a working rate, at most what its second half brought"
            ),
            "alive": Number(alive, "1", "the last step at a rate that still counts"),
            "rest": Number(n - alive, "steps", "steps after it"),
            "peak": Number(top, "1", "the highest rate, or the one that a schedule that is never stepped starts from"),
            "low": Number(float(rates[-1]), "1", "the rate of the last step"),
            "worth": Number(left[alive] / top if top else 0.0, "steps", "what the remaining rates are worth"),
        },
        words={"do": _do(run, top, alive)},
    )


def _do(run: Run, top: float, alive: int) -> str:
    if top == 0:
        return "give the optimiser a learning rate above 0"
    steps, calls = run.counts.steps, run.counts.schedules
    if alive == 0 and not calls:
        return "call `scheduler.step()`: the rate never leaves the start of its schedule"
    if calls and steps and calls >= 0.9 * steps:
        return "call `scheduler.step()` once an epoch, not once a batch, or give the schedule the number of all batches"
    return "let the schedule last as long as the run: a factor nearer to 1, later milestones, or more steps to its end"


def _scheduled(rng: np.random.Generator, factor: NDArray[Any], schedules: int = 0) -> Entries:
    entries = healthy_run(rng, len(factor))
    of_kind(entries, "losses")[0]["rates"] = (1e-3 * factor).tolist()
    of_kind(entries, "counts")[0]["schedules"] = schedules
    return entries


@healthy
def cosine(rng: np.random.Generator) -> Example:
    return as_example(_scheduled(rng, 0.5 + 0.5 * np.cos(np.pi * np.arange(40) / 39)))


@healthy
def one_cycle(rng: np.random.Generator) -> Example:
    return as_example(_scheduled(rng, np.interp(np.arange(200), [0, 60, 199], [0.0, 1.0, 0.0])))


@healthy
def short(rng: np.random.Generator) -> Example:
    return as_example(_scheduled(rng, 0.5 ** np.arange(12)))


@healthy
def after_a_plateau(rng: np.random.Generator) -> Example:
    """The rate falls when the loss has long settled."""
    entries = _scheduled(rng, np.where(np.arange(2000) < 600, 1.0, 1e-6))
    curve = 0.2 + np.exp(-np.arange(2000) / 25) + rng.normal(0, 0.02, 2000)
    of_kind(entries, "losses")[0]["values"] = curve.tolist()
    return as_example(entries)


@sick
def factor_at_each_batch(rng: np.random.Generator) -> Example:
    return as_example(_scheduled(rng, 0.9 ** np.arange(300), 300))


@sick
def line_of_epochs_in_steps(rng: np.random.Generator) -> Example:
    return as_example(_scheduled(rng, np.clip(1 - np.arange(1000) / 20, 0, 1), 1000))


@sick
def gone_for_most(rng: np.random.Generator) -> Example:
    return as_example(_scheduled(rng, np.where(np.arange(100) < 30, 1.0, 1e-6)))


@sick
def always_zero(rng: np.random.Generator) -> Example:
    return as_example(_scheduled(rng, np.zeros(100)))


@fooled("silent", "a loss that is flat for another reason looks settled when the rate collapses")
def flat_for_another_reason(rng: np.random.Generator) -> Example:
    return after_a_plateau(rng)
