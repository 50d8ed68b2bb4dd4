"""This run learns nothing from its inputs, though each step lowers the loss of its own batch: no label fits its input.

## What it measures
The loss of training against that of the best constant guess (the entropy of the labels, the variance of a quantity);
the same for evaluations, where there are any; what the steps took off the losses of their own batches, all in all; and
whether the gradients of two halves of a batch agree.

## Why it matters
Where inputs and labels were shuffled apart, there is nothing to learn: no rate and no model helps. A large model learns
the training set by heart all the same, so its loss falls, and only new samples show that nothing is known.

## The mathematics
If y is independent of x, no model has a loss on new samples below that of the best constant: H(π), or Var(y). In the
first pass over the data every batch is new, so its losses are an honest test. The gradients g1, g2 of two independent
half batches have E⟨g1, g2⟩ = ‖E g‖²: 0 where no direction helps all samples. A rate that is too small or a model that
is broken shows the same flat loss, but its steps take nothing off the losses of their own batches either.

## When it is wrong
A task can be so hard, or a run so short, that nothing is learned of labels that do fit. The losses of two networks that
play against one another stay near a constant guess's by design, and are left alone.

## What to do
Print some samples beside their labels. Shuffle both with one permutation: `i = torch.randperm(len(x)); x, y = x[i],
y[i]`, and look for a sort, a join or a drop of rows that was done to only one of them.

## References
C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals, *Understanding deep learning requires rethinking generalization*,
ICLR (2017). S. McCandlish and others, *An empirical model of large-batch training* (2018), section 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.core import (
    CannotTell,
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    fooled,
    healthy,
    sick,
)
from tearless.readers.training.learnt import against_constant
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.statistics.new_samples import agreement_of_halves, answers_vary, known_of_new, taken_off

MEND = Mend.data
SYMPTOM_OF = (
    "constant-input", "no-update", "no-gradient", "gradient-erased", "frozen-parameters", "detached-graph",
    "gradient-ascent", "missing-zero-grad", "symmetric-init", "softmax-over-batch", "double-softmax", "broadcast-loss",
    "eval-mode-in-training", "unshuffled-batches", "nan-loss", "constant-output", "loss-mismatch", "unscaled-input",
    "unscaled-target", "wrong-accumulation", "dropout-too-strong", "vanishing-gradient", "weight-decay-too-strong",
    "underfitting", "bad-init",
)  # fmt: skip

NOTHING_NEW = Limit(
    of="known",
    at=0.01,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="Of new samples the model knows less than a hundredth of what there is to know; independent labels leave "
    "0, up to the noise of the batches. No theorem singles out the number.",
)
NO_WORSE = Limit(
    of="gained",
    at=-0.03,
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="A working optimiser brings the training loss to that of a constant guess, give or take the noise of its "
    "steps; a loss well above it shows another fault. No theorem singles out the number.",
)
RESPONDS = Limit(
    of="varied",
    at=0.05,
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="A model that gives one answer for all inputs does not use them, whatever the labels: units are dead, or "
    "the input is. No theorem singles out the number.",
)
STEPS_WORK = Limit(
    of="own",
    at=0.25,
    unit="times",
    kind="derived",
    severity=Severity.error,
    because="The steps took a quarter of a constant guess's loss off the losses of their own batches, many times "
    "what is known: it helped no other batch. A rate too small or a dead model stays far below.",
)
HALVES_DISAGREE = Limit(
    of="agreement",
    at=3,
    crossed="below",
    unit="standard errors",
    kind="derived",
    severity=Severity.error,
    because="The inner product of the gradients of two half batches has mean 0 where no direction helps all samples; "
    "above three standard errors there is such a direction, and the rate or the model is to blame.",
)
LONG_ENOUGH = Limit(
    of="steps",
    at=50,
    unit="steps",
    kind="convention",
    because="Many a task shows nothing in its first steps. No theorem singles out the number.",
)

HEADLINE = "nothing is learned of {what}: of new samples the model knows {known} of what a constant guess does not"
EVIDENCE = (
    "loss {late} after {steps} steps, {constant} of a constant guess; yet the steps took {own} times their loss "
    "off their own batches, all in all"
)
WHY = "where labels do not belong to their inputs, no rate and no model helps; what training gains is learned by heart"
DO = (
    "print some samples beside their labels, and shuffle both by one permutation: `i = torch.randperm(len(x))`, "
    "`x, y = x[i], y[i]`"
)

FEW, UNDONE = 8, 0.05
"""Samples in a batch below which steps that take so much off its loss lose it again on the next: noise, not labels."""


def measure(run: Run) -> Iterator[Measured]:
    found = against_constant(run)
    if len(run.optimizers) > 1:
        raise NotApplicable("several optimisers may play against one another, near a constant guess by design")
    taken = taken_off(run)
    if len(taken) < 3:
        raise CannotTell("the losses of batches before and after their own steps are needed")
    agreement, each = agreement_of_halves(run), float(np.median(taken))
    if agreement is None and each >= UNDONE and all(math.prod(call.target.shape) < FEW for call in found.calls):
        raise CannotTell("steps of batches of so few samples undo one another, and no half batches were compared")
    yield Measured(
        (),
        {
            "known": Number(known_of_new(run, found), "share", "share of a constant guess's loss removed on new ones"),
            "own": Number(each * found.length, "times", "their loss: what steps took off their own batches' losses"),
            "agreement": Number(agreement or 0.0, "standard errors", "mean inner product of half batches' gradients; 0 "
                                "where it was not measured"),
            "gained": Number(found.gained, "share", "share of a constant guess's loss removed in training"),
            "varied": Number(answers_vary(found), "share", "predictions other than the commonest at the last looked-at "
                             "step; of one number, its spread over that of the target"),
            "late": Number(found.late, "nats" if found.kind in ("classes", "yes or no") else "1", "loss at the end"),
            "constant": Number(found.constant, "nats", "loss of the best constant guess"),
            "steps": Number(found.length, "steps", "steps of the run"),
        },
        words={"what": "the labels" if found.kind in ("classes", "yes or no") else "the target"},
    )  # fmt: skip


@healthy
def labels_that_fit(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def a_rate_too_small(rng: np.random.Generator) -> Example:
    return as_example(_stuck(rng, healthy_run(rng), 1e-4))


@healthy
def halves_that_agree(rng: np.random.Generator) -> Example:
    return as_example([*_stuck(rng, healthy_run(rng), 0.05), *_halves(rng, 0.5)])


@healthy
def ten_steps(rng: np.random.Generator) -> Example:
    return as_example(_stuck(rng, healthy_run(rng, 20), 0.2))


@sick
def shuffled_apart(rng: np.random.Generator) -> Example:
    return as_example([*_stuck(rng, healthy_run(rng), 0.05), *_halves(rng, 0.0)])


@sick
def learned_by_heart(rng: np.random.Generator) -> Example:
    entries = _stuck(rng, healthy_run(rng), 0.05)
    losses = of_kind(entries, "losses")[0]
    losses["values"] = [*losses["values"][:30], *np.linspace(1.1, 0.3, 70).tolist()]
    for entry in of_kind(entries, "loss"):
        entry["value"] = losses["values"][entry["step"] - 1]
    for entry in of_kind(entries, "evaluation"):
        entry |= {"loss": 2.0, "right": 0.34}
    return as_example(entries)


@fooled("fires", "a task that is too hard for the model, or for so few steps, looks like labels that do not fit")
def far_too_hard(rng: np.random.Generator) -> Example:
    return as_example(_stuck(rng, healthy_run(rng), 0.05))


def _stuck(rng: np.random.Generator, entries: list[dict[str, object]], taken: float) -> list[dict[str, object]]:
    losses = of_kind(entries, "losses")[0]
    losses["values"] = (1.0986 + rng.normal(0, 0.02, len(losses["values"]))).tolist()
    for entry in (*of_kind(entries, "loss"), *of_kind(entries, "evaluation")):
        entry["value" if entry["kind"] == "loss" else "loss"] = losses["values"][entry["step"] - 1]
        entry["right"] = 0.33
    for entry in of_kind(entries, "probe"):
        entry["numbers"] |= {"before": 1.1, "after": 1.1 - taken, "predicted": -taken, "ratio": 1.0}
    return entries


def _halves(rng: np.random.Generator, mean: float) -> list[dict[str, object]]:
    numbers = (
        {"dot": mean + float(rng.uniform(-0.1, 0.1)), "first": 1.0, "second": 1.0, "samples": 64} for _ in range(8)
    )
    return [{"kind": "probe", "probe": "halves", "step": 100, "numbers": one} for one in numbers]
