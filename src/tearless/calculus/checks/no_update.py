"""This run's steps change no weight.

## What it measures
Whether any looked-at step changed any number of any parameter; and, where no step was made at all, how many backward
calls there were after which the weights stood as before.

## Why it matters
The gradient is computed and thrown away: the loss only wanders with the batches, and the model at the end is the one
that the run began with.

## The mathematics
Exact: a step w ← w + d with d = 0 in every number at every step looked at. A step at a minimum may be 0 too, but not
the first one and every one after it.

## When it is wrong
A script may call backward for the gradients alone (saliency maps, attacks on an input, checks of derivatives): where no
optimiser was made, it is a note.

## What to do
Call `optimizer.step()` after `loss.backward()`, where the loop gets to it. Where it is called, mend what stands above
this finding: the gradient that does not arrive, the rate that is 0, the parameters that the optimiser does not hold.

## References
PyTorch documentation, *Optimizing Model Parameters*, the order of zero_grad, backward and step.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.contract
SYMPTOM_OF = (
    "frozen-parameters",
    "detached-graph",
    "gradient-erased",
    "no-gradient",
    "learning-rate-collapsed",
    "precision-overflow",
    "nan-gradient",
    "infinite-gradient",
    "vanishing-gradient",
    "lost-updates",
    "learning-rate-too-low",
)

NEVER = Limit(
    of="still",
    at=1,
    unit="share",
    kind="derived",
    severity=Severity.error,
    because="Some steps may find nothing to change, at a minimum or while a margin is kept. A run of which no step at "
    "all changes a weight ends with the weights that it began with.",
)
ONLY_BACKWARD = Limit(
    of="for_nothing",
    at=2,
    unit="calls",
    kind="derived",
    severity=Severity.note,
    because="One backward call may be a test. From two on, with the weights unchanged between them, gradients were "
    "computed and followed by no step; without an optimiser that may be the purpose.",
)

HEADLINE = "no weight changes: {what}"
EVIDENCE = "{steps} optimiser steps and {backwards} backward calls; no weight moved at {still} of what was looked at"
WHY = "the model at the end is the one that the run began with, whatever the loss shows"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    counts, steps = run.counts, [s for s in run.steps if not s.skipped] or run.steps
    if not steps and not counts.backwards:
        raise CannotTell("this needs backward calls or steps that were watched: run the script under `tearless watch`")
    made = bool(counts.optimizers or run.optimizers)
    dead = sum(all(size == 0 for size in s.by_name("update").values()) for s in steps)
    stuck = not steps and not counts.steps and counts.backwards >= 2
    idle = counts.backwards if made else counts.unmoved
    still = dead / len(steps) if steps else float(stuck and made)
    if steps:
        what, do = "every step looked at leaves every parameter as it was", _after_step(run)
    else:
        what = f"backward is called {counts.backwards:,} times and no optimiser makes a step"
        do = "call `optimizer.step()` after `loss.backward()`, and see that the loop gets to it"
    yield Measured(
        (),
        {
            "still": Number(still, "share", "looked-at steps (without steps: backward calls) at which no weight moved"),
            "for_nothing": Number(idle if stuck else 0, "calls", "backward calls that no change followed"),
            "steps": Number(max(counts.steps, len(run.steps)), "steps", "optimiser steps of the run"),
            "backwards": Number(counts.backwards, "calls", "calls of backward"),
        },
        words={"what": what, "do": do},
    )


def _after_step(run: Run) -> str:
    if all(s.skipped for s in run.steps):
        return "every step was skipped by the gradient scaler: look for infinite gradients, or train in bfloat16"
    rates = [rate for s in run.steps for rate in s.rates]
    if rates and not any(rates):
        return "the learning rate is 0 at every step: give `lr` a value, and let the schedule begin above 0"
    return "print `p.grad` and `p.requires_grad` of a parameter before `optimizer.step()`: it needs both"


def _stepless(entries: Entries, **counts: int) -> Entries:
    kept = [e for e in entries if e["kind"] not in ("step", "counts", "probe")]
    return [*kept, {"kind": "counts", "backwards": 100, "unmoved": 99, **counts}]


@healthy
def each_step_moves(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def converged_early(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for step in of_kind(entries, "step")[2:]:
        step["update"] = [0.0] * len(step["update"])
    return as_example(entries)


@sick
def step_forgotten(rng: np.random.Generator) -> Example:
    return as_example(_stepless(healthy_run(rng), optimizers=1))


@sick
def steps_of_nothing(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for step in of_kind(entries, "step"):
        step["update"], step["rates"] = [0.0] * len(step["update"]), [0.0]
    return as_example(entries)


@fooled("fires", "gradients computed for their own sake (saliency) look like a training that makes no step: a note")
def saliency(rng: np.random.Generator) -> Example:
    entries = [e for e in _stepless(healthy_run(rng), optimizers=0) if e["kind"] != "optimizer"]
    return as_example(entries)
