"""This run takes steps so short that it will not arrive.

## What it measures
The falls that all of its steps promise together (gradient times step, summed over the run), as a share of the first
loss; the share of those promises that was kept; and what is left of the first loss at the end.

## Why it matters
Every step does what it should, and the loss falls in a straight line that is nearly level: the run looks healthy and
ends where it began. The same minutes with a larger rate would have trained the model.

## The mathematics
A step promises −g·d, and keeps r = 1 − ηλ/2 of it where λ is the curvature along it. r ≥ 0.95 says
that the lowest point along the step lies 1/(2(1 − r)) ≥ 10 rates away. The promises of all steps, added up, bound
what the run can win as long as r ≤ 1: below half of the first loss it could not have halved the loss had every step
kept its word. Steps that a small batch's luck lengthens promise more, not less, so noise does not make a run look
slow. At this speed (1 − left) a run, 1/(1 − left) runs are needed to reach 0 in a straight line.

## When it is wrong
A model that starts from trained weights is meant to move little: one whose first loss lies below nine tenths of that
of ignorance is left alone, but not every loss tells its level of ignorance. A few steps made to try a script out move
little at any rate; fewer than 30 are not judged.

## What to do
Raise the rate by what is said, and raise it again until steps keep about half to nine tenths of what they promise.

## References
Smith, *Cyclical learning rates for training neural networks*, WACV 2017 (the range test). Nocedal and Wright,
*Numerical Optimization* (2nd ed. 2006), section 4.1, on actual and predicted reduction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.calculus.loss_curve import delivered, first_level, levels
from tearless.calculus.optimiser_bounds import only_optimizer
from tearless.calculus.reduction import promises, shorter
from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.core.number import shown
from tearless.readers.training.entries import entries_of
from tearless.readers.training.learnt import learnt
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.optimiser
SYMPTOM_OF = (
    "no-gradient",
    "gradient-erased",
    "detached-graph",
    "no-update",
    "frozen-parameters",
    "symmetric-init",
    "lost-updates",
    "precision-underflow",
    "learning-rate-collapsed",
    "clipping-too-tight",
    "labels-unrelated",
    "constant-input",
    "vanishing-gradient",
    "exploding-gradient",
    "exploding-activation",
    "bad-init",
    "dead-units",
    "saturated-units",
    "unscaled-input",
)
FEWEST = 30

STRAIGHT = Limit(
    of="kept",
    at=0.95,
    unit="share",
    kind="derived",
    because="Steps that keep 95 % of their promise end a tenth of the way to the lowest point along them, by "
    "r = 1 − η/(2η*): a rate ten times as high would still be no overshoot.",
)
PROMISED = Limit(
    of="promised",
    at=0.5,
    crossed="below",
    unit="share",
    kind="derived",
    because="Promises that add up to under half of the first loss cannot halve it, were every one of them kept.",
)
IGNORANT = Limit(
    of="ignorant",
    at=0.9,
    unit="share",
    kind="convention",
    because="A first loss well below that of ignorance is that of a model trained before, which is meant to move "
    "little.",
)
DELIVERED = Limit(
    of="delivered",
    at=lambda promised: 0.3 if promised > 0.1 else -1e9,
    unit="share",
    kind="convention",
    because="What a step promises its own batch and the next batch takes back is the luck of batches: such a run wants "
    "larger batches or better data. Below a tenth of the first loss no luck matters: the steps are too short for it.",
)
UNMOVED = Limit(
    of="left",
    at=0.9,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="With nine tenths of the first loss left, ten runs as long are needed to bring it to 0 in a straight line.",
)

HEADLINE = (
    "the steps are too short: all {steps} promised {promised} of the first loss together, and {left} of it is left"
)
EVIDENCE = "the loss began at {start} and ended at {late}; the looked-at steps kept {kept} of what they promised"
WHY = "each step does what it should, and there are {runs} times too few of them"
DO = "make the rate {remedy} ({now} now); steps of a good rate keep half to nine tenths of what they promise"


def measure(run: Run) -> Iterator[Measured]:
    only_optimizer(run)
    run.looked_at()
    curve, found = levels(run.losses), promises(run)
    if curve.steps < FEWEST:
        raise CannotTell(f"this needs at least {FEWEST} steps: so few move little at any rate")
    total, told = found.total(curve.steps), learnt(run)
    blank = told.of_a_step(told.blank) if told else None
    promised = total / curve.scale if total is not None and curve.scale > 0 else None
    rate = next((float(r) for r in run.rates if np.isfinite(r) and r > 0), None)
    left = curve.left if math.isfinite(curve.left) else 1e9
    runs = 1 / max(1e-9, min(1.0, max(1 - left, promised or 0.0)))
    factor = 10.0 ** max(1, min(4, math.ceil(math.log10(runs)))) if found.kept is None else _larger(found.kept, runs)
    fresh = first_level(run.losses) / blank if blank else 1.0
    yield Measured(
        (),
        {
            "promised": Number(
                promised,
                "share",
                "falls promised by all steps, over the first loss (the noise, if below 0)",
            ),
            "kept": Number(found.kept, "share", "of the promised falls of looked-at steps, what their batches fell"),
            "left": Number(left, "share", "of the first loss at the end"),
            "ignorant": Number(fresh, "share", "the first loss over that of ignorance; 1 where that is not known"),
            "delivered": Number(delivered(run.losses, total or 0.0), "share", "of the promises, what the level fell"),
            "steps": Number(curve.steps, "steps", "steps of the run"),
            "runs": Number(max(1.0, runs), "times", "runs as long as this one, until the loss could be 0"),
        },
        words={
            "start": shown(curve.start),
            "late": shown(curve.late),
            "remedy": f"about {rate * factor:.1g}" if rate else f"about {factor:g} times as high",
            "now": shown(rate) if rate else "its value",
        },
    )


def _larger(kept: float, runs: float) -> float:
    """Ten to ten thousand times: what the missing speed asks for, within what the steps' straightness allows."""
    return 10.0 ** max(1, min(4, math.floor(math.log10(min(max(10.0, runs), max(10.0, shorter(kept)))) + 0.5)))


def _slow(rng: np.random.Generator, promised: float, kept: float, start: float = 1.1) -> Example:
    entries = healthy_run(rng)
    losses = start * (1 - promised * kept * np.arange(100) / 100) + rng.normal(0, 0.01, 100)
    of_kind(entries, "losses")[0]["values"] = losses.tolist()
    for call in of_kind(entries, "loss"):
        call["value"] = float(losses[call["step"] - 1])
    for probe in of_kind(entries, "probe"):
        before, fall = float(losses[probe["step"] - 1]), promised * start / 100
        probe["numbers"] = {"before": before, "after": before - kept * fall, "predicted": -fall, "ratio": kept}
    return as_example(entries)


@healthy
def good_rate(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def converged_already(rng: np.random.Generator) -> Example:
    """Trained before: the first loss is a tenth of that of ignorance, and moves little."""
    return _slow(rng, 0.05, 0.99, start=0.1)


@healthy
def luck_of_batches(rng: np.random.Generator) -> Example:
    """Steps of a fit length keep their promises to their own batch; on the next one nothing is left of it."""
    example = _slow(rng, 0.4, 0.99)
    entries = entries_of(example.columns["entry"])[0]
    of_kind(entries, "losses")[0]["values"] = (1.1 + rng.normal(0, 0.02, 100)).tolist()
    return as_example(entries)


@healthy
def stuck_by_long_steps(rng: np.random.Generator) -> Example:
    """No fall, but the steps keep little of what they promise: shorter ones are wanted."""
    return _slow(rng, 0.4, 0.2)


@healthy
def small_steps_that_arrive(rng: np.random.Generator) -> Example:
    return _slow(rng, 0.45, 0.99)


@sick
def hardly_moves(rng: np.random.Generator) -> Example:
    return _slow(rng, 0.01, 1.0)


@fooled("fires", "a pre-trained model whose loss does not tell its level of ignorance looks like one that starts anew")
def fine_tuning_with_a_margin_loss(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    losses = (0.3 * (1 - 0.0005 * np.arange(100)) + rng.normal(0, 0.001, 100)).tolist()
    of_kind(entries, "losses")[0]["values"] = losses
    for probe in of_kind(entries, "probe"):
        before = losses[probe["step"] - 1]
        probe["numbers"] = {"before": before, "after": before - 1.5e-4, "predicted": -1.5e-4, "ratio": 1.0}
    return as_example([entry for entry in entries if entry["kind"] != "loss"])
