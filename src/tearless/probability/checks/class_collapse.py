"""This run's model predicts one class for every sample.

## What it measures
Over the looked-at steps of the second half: the share of the class that the model predicts most often, the share of the
commonest label among the targets, and how far the loss came below that of the best constant guess.

## Why it matters
A model that answers the same for all samples has learned at most how often each class comes. It is a symptom: rates
that are too high, units that are dead, inputs that are not seen, labels that do not fit, and uneven classes all end
here.

## The mathematics
Among classifiers that ignore their input the loss is least at the label entropy H(π), with every prediction the
commonest class. The loss tells such a model from one that predicts a common class rightly: that one has a loss below
H(π), because its probabilities differ from sample to sample.

## When it is wrong
In the first steps of a run models often predict one class; short runs end there. Models whose probabilities differ, but
never enough to predict another class, are left alone.

## What to do
Mend what it is a symptom of. If nothing else is found, lower the rate by ten and look at the spread of the outputs.

## References
C. M. Bishop, *Pattern Recognition and Machine Learning* (2006), section 1.5 (the best guess without features).
"""

from __future__ import annotations

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
    quoted,
    sick,
)
from tearless.probability.class_pictures import late_in_a_run
from tearless.readers.training.compared import calls_by_place, label_counts, pooled, weighted
from tearless.readers.training.learnt import against_constant, length_of
from tearless.readers.training.made import SAMPLES, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.capacity
picture = late_in_a_run
SYMPTOM_OF = (
    "constant-input", "no-update", "no-gradient", "detached-graph", "gradient-erased", "frozen-parameters",
    "gradient-ascent", "missing-zero-grad", "symmetric-init", "double-softmax", "softmax-over-batch", "broadcast-loss",
    "loss-mismatch", "output-range-mismatch", "eval-mode-in-training", "nan-loss", "nan-gradient", "unshuffled-batches",
    "labels-unrelated", "unscaled-input", "class-imbalance", "learning-rate-collapsed", "learning-rate-too-high",
    "learning-rate-too-low", "bad-init", "vanishing-gradient", "exploding-activation", "dead-units", "saturated-units",
    "weight-decay-too-strong", "dropout-too-strong", "clipping-too-tight",
)  # fmt: skip

ONE_ANSWER = Limit(
    of="predicted",
    at=0.995,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Fewer than one prediction in 200 is another class. No theorem singles out the number.",
)
LABELS_DIFFER = Limit(
    of="commonest",
    at=0.95,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="At least one label in twenty is another class, ten times as many as are predicted. No theorem singles out "
    "the number.",
)
NOTHING_GAINED = Limit(
    of="gained",
    at=0.1,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A model that knows more than how often each class comes has a loss below their entropy; a tenth is more "
    "than the noise of some batches. No theorem singles out the number.",
)
LONG_ENOUGH = Limit(
    of="steps",
    at=20,
    unit="steps",
    kind="convention",
    because="In the first steps many a model predicts one class. No theorem singles out the number.",
)

HEADLINE = "the model predicts {label} for {predicted} of the samples, while the labels vary"
EVIDENCE = (
    "over the last looked-at steps the commonest label has {commonest} of the samples; the loss is {gained} below "
    "that of a constant guess"
)
WHY = "a model that answers the same for all samples has learned at most how often each class comes"
DO = "{do}"
_DO = "mend what this is a symptom of; if nothing else is found, try a tenth of the rate"
_DO_WEIGHTED = (
    "look at the weights of the classes in the loss: one far above the others makes its class the safe answer"
)

LATE = 1 / 2
FEWEST = 50
USUAL = 0.6


def measure(run: Run) -> Iterator[Measured]:
    groups = [calls for kind, calls in calls_by_place(run) if kind in ("classes", "yes or no")]
    groups = [calls for calls in groups if any(c.predicted for c in calls)]
    if not groups:
        raise NotApplicable("no loss with classes was seen")
    calls = max(groups, key=len)
    late = [c for c in calls if c.step > (1 - LATE) * length_of(run) and c.predicted]
    predicted = pooled(c.predicted for c in late)
    labels = pooled(label_counts(c.target, c.options) for c in late)
    if sum(predicted.values()) < FEWEST or sum(labels.values()) < FEWEST:
        raise CannotTell("too few predictions were seen in the last steps")
    label = max(predicted, key=lambda name: predicted[name])
    commonest = max(labels.values()) / sum(labels.values())
    rate = run.rates[np.isfinite(run.rates)]
    lower = f", `lr={rate.max() / 10:.3g}`" if len(rate) else ""
    weighs = weighted(run, calls[0])
    yield Measured(
        (),
        {
            "predicted": Number(
                predicted[label] / sum(predicted.values()), "share", "share of the commonest prediction"
            ),
            "commonest": Number(commonest, "share", "share of the commonest label"),
            "gained": Number(_gained(run, commonest, weighs), "share", "share of a constant guess loss removed"),
            "steps": Number(length_of(run), "steps", "steps of the run"),
        },
        words={"label": f"class {quoted(label)}", "do": _DO_WEIGHTED if weighs else _DO + lower},
    )  # fmt: skip


def _gained(run: Run, commonest: float, weighs: bool) -> float | None:
    """The share of a constant guess's loss that was removed; 0 where it is not known, and collapse has no excuse."""
    try:
        return against_constant(run).gained
    except CannotTell:
        return 0.0 if weighs or commonest < USUAL else None


@healthy
def classes_as_they_come(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def common_and_rightly_so(rng: np.random.Generator) -> Example:
    return as_example(_one_class(healthy_run(rng), {"0": 110, "1": 18}))


@healthy
def labels_are_one_class(rng: np.random.Generator) -> Example:
    return as_example(_stuck(_one_class(healthy_run(rng), {"0": 126, "1": 2}), 0.08))


@healthy
def three_steps_of_a_run(rng: np.random.Generator) -> Example:
    return as_example(_stuck(_one_class(healthy_run(rng, 15), {"0": 43, "1": 43, "2": 42}), 1.1))


@healthy
def some_other_answers(rng: np.random.Generator) -> Example:
    entries = _stuck(_one_class(healthy_run(rng), {"0": 43, "1": 43, "2": 42}), 1.1)
    for entry in of_kind(entries, "loss"):
        entry["predicted"] = {"0": 100, "1": 28}
    return as_example(entries)


@sick
def one_of_three(rng: np.random.Generator) -> Example:
    return as_example(_stuck(_one_class(healthy_run(rng), {"0": 43, "1": 43, "2": 42}), 1.1))


@fooled("fires", "a long run with a slow start that was cut short looks collapsed")
def cut_short(rng: np.random.Generator) -> Example:
    return as_example(_stuck(_one_class(healthy_run(rng, 30), {"0": 43, "1": 43, "2": 42}), 1.1))


def _one_class(entries: list[dict[str, object]], labels: dict[str, int]) -> list[dict[str, object]]:
    for entry in of_kind(entries, "loss"):
        entry["target"]["counts"] = labels
        entry["predicted"] = {"0": SAMPLES}
    return entries


def _stuck(entries: list[dict[str, object]], at: float) -> list[dict[str, object]]:
    for entry in of_kind(entries, "loss"):
        entry["value"] = at
    losses = of_kind(entries, "losses")[0]
    losses["values"] = [at] * len(losses["values"])
    return entries
