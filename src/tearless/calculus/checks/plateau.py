"""This run's loss stands still at what a model that knows nothing pays.

## What it measures
The loss at the end over that of ignorance: of equal scores for all classes, or of the mean for numbers. Beside it the
chance of so clear a fall over the second half of the run, were there none (Mann and Kendall's test on medians).

## Why it matters
A flat loss is no sign of being done: at the level of ignorance nothing has been learned at all, and more steps of the
same kind will not change it.

## The mathematics
Equal scores for C classes cost ln C, whatever the labels' shares (and whatever weights they are given); the best
constant for numbers costs their variance. The test counts, over all pairs of stretches, how many fell and how many
rose: under no trend their difference has mean 0 and variance n(n−1)(2n+5)/18. It asks nothing of the noise.

## When it is wrong
Some tasks stand still for long and then fall within a few steps (parities, arithmetic). Where the loss is of another
kind its level of ignorance is not known, and a flat curve is then a note at most.

## What to do
Look for the cause among the other findings. Where there is none: fit one batch of a few samples; if that works, give
the model easier data first, more width, or more steps.

## References
Mann, *Nonparametric tests against trend*, Econometrica 13(3) (1945), 245-259. Kendall, *Rank correlation methods*
(4th ed. 1975). Shalev-Shwartz, Shamir and Shammah, *Failures of gradient-based deep learning*, ICML 2017.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.calculus.loss_curve import levels, still_falling
from tearless.calculus.optimiser_bounds import only_optimizer
from tearless.calculus.run_pictures import standing
from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.core.number import shown
from tearless.readers.training.learnt import Learnt, learnt
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.capacity
picture = standing
SYMPTOM_OF = (
    "gradient-ascent",
    "no-gradient",
    "gradient-erased",
    "detached-graph",
    "no-update",
    "frozen-parameters",
    "softmax-over-batch",
    "broadcast-loss",
    "double-softmax",
    "loss-mismatch",
    "output-range-mismatch",
    "symmetric-init",
    "missing-zero-grad",
    "wrong-accumulation",
    "eval-mode-in-training",
    "nan-in-input",
    "nan-loss",
    "lost-updates",
    "precision-underflow",
    "unscaled-input",
    "unscaled-target",
    "constant-input",
    "labels-unrelated",
    "bad-init",
    "exploding-activation",
    "exploding-gradient",
    "vanishing-gradient",
    "dead-units",
    "saturated-units",
    "attention-saturated",
    "learning-rate-collapsed",
    "clipping-too-tight",
    "weight-decay-too-strong",
    "dropout-too-strong",
    "momentum-too-high",
    "learning-rate-too-high",
    "learning-rate-too-low",
    "class-collapse",
    "underfitting",
)
FEWEST = 50

FLAT = Limit(
    of="falling",
    at=0.01,
    unit="chance",
    kind="convention",
    because="A fall that chance alone would show in one run of a hundred counts as a fall: the run is still on "
    "its way.",
)
KNOWS_NOTHING = Limit(
    of="over",
    at=0.95,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Within a twentieth of what ignorance pays, next to nothing was learned of what the inputs say.",
)
HIGH = Limit(
    of="left",
    at=0.9,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="A loss that has stopped falling with nine tenths of the first one left may be as low as it can be, or "
    "not: worth a look.",
)

HEADLINE = "the loss stands still at {late} from {start}{against}"
EVIDENCE = (
    "over the second half of {steps} steps it does not fall: the chance of such a course without a fall is {falling}"
)
WHY = "more steps of the same kind will not change it"
DO = "mend what the other findings name; else fit one small batch: if that fails, the model or the loss is at fault"


def measure(run: Run) -> Iterator[Measured]:
    only_optimizer(run)
    curve = levels(run.losses)
    if curve.steps < FEWEST:
        raise CannotTell(f"this needs the losses of at least {FEWEST} steps")
    if not curve.bounded or math.isinf(curve.late):
        raise CannotTell("this needs losses that are numbers and never below 0")
    level = _nothing_known(learnt(run))
    over = curve.late / level if level and level > 0 else None
    yield Measured(
        (),
        {
            "falling": Number(
                still_falling(run.losses[run.losses.size // 2 :]),
                "chance",
                "of so clear a fall over the second half, were there none",
            ),
            "over": Number(over, "share", "the loss at the end over what a model pays that knows nothing"),
            "left": Number(curve.left, "share", "of the first loss at the end"),
            "steps": Number(curve.steps, "steps", "steps of the run"),
        },
        words={
            "late": shown(curve.late),
            "start": shown(curve.start),
            "against": f"; a model that knows nothing pays {shown(level)}" if level else "",
        },
    )


def _nothing_known(told: Learnt | None) -> float | None:
    """The loss of a step whose model knows nothing; ``None`` too where not even a right answer's loss is known."""
    if told is None or told.guess.least is None:
        return None
    return told.of_a_step(told.constant if told.kind == "squares" else told.blank)


def _flat(rng: np.random.Generator, level: float, start: float = 1.1, slope: float = 0.0) -> Example:
    entries = healthy_run(rng)
    t = np.arange(100)
    losses = (level + (start - level) * np.exp(-t / 5) - slope * t + rng.normal(0, 0.01, 100)).tolist()
    of_kind(entries, "losses")[0]["values"] = losses
    for call in of_kind(entries, "loss"):
        call["value"] = losses[call["step"] - 1]
    return as_example(entries)


@healthy
def learns(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def flat_and_low(rng: np.random.Generator) -> Example:
    return _flat(rng, 0.2)


@healthy
def high_and_falling(rng: np.random.Generator) -> Example:
    return _flat(rng, 1.2, start=1.2, slope=0.001)


@sick
def nothing_learned(rng: np.random.Generator) -> Example:
    return _flat(rng, np.log(3))


@sick
def a_note_where_ignorance_is_not_known(rng: np.random.Generator) -> Example:
    entries = [entry for entry in healthy_run(rng) if entry["kind"] != "loss"]
    of_kind(entries, "losses")[0]["values"] = (1.05 + rng.normal(0, 0.01, 100)).tolist()
    return as_example(entries)


@fooled("fires", "a task that is learned all at once stands still until then, and the run may have been stopped before")
def before_it_is_understood(rng: np.random.Generator) -> Example:
    return _flat(rng, np.log(3) * 0.99)
