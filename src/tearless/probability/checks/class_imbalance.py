"""This run's labels are mostly of one class, and the model has come to predict little else.

## What it measures
The share of the commonest label among the targets of the looked-at steps, and, after the first quarter of the run, how
often the model predicts any other label, against how often there is one.

## Why it matters
A constant guess of the commonest class is right as often as that class comes, so an accuracy that sounds good tells
nothing. The samples of the other classes are few, so they weigh little in the loss and are learned last, if at all.

## The mathematics
With share π of the commonest class, a sample of another class is predicted as such only if its features favour that
class by π / (1 − π) to one: 4 to 1 at 80 %, 19 to 1 at 95 %. The loss of the best constant guess is the entropy H(π),
0.20 nats at 95 %, so a small loss is no evidence of learning either.

## When it is wrong
Where the features tell little, it is right to predict the commonest class always, and the probabilities may still be
good. Losses weighted by class are not looked into.

## What to do
Judge by the recall and precision of each class. Weigh the classes (`CrossEntropyLoss(weight=n / (k * counts))`,
`BCEWithLogitsLoss(pos_weight=negatives / positives)`) or draw them equally often (`WeightedRandomSampler`), and correct
the probabilities afterwards.

## References
H. He, E. A. Garcia, *Learning from imbalanced data*, IEEE TKDE 21 (2009). G. King, L. Zeng, *Logistic regression in
rare events data*, Political Analysis 9 (2001).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import special

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
from tearless.readers.training.compared import calls_by_place, label_counts, pooled, weighted
from tearless.readers.training.learnt import length_of
from tearless.readers.training.made import SAMPLES, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.data
SYMPTOM_OF = ("constant-input", "symmetric-init", "softmax-over-batch", "unshuffled-batches", "labels-unrelated")

MOSTLY_ONE = Limit(
    of="commonest",
    at=0.8,
    unit="share",
    kind="convention",
    because="Features must favour another class 4 to 1 before it is predicted. No theorem singles out the number.",
)
HARDLY_EVER = Limit(
    of="predicted",
    at=0.1,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Other labels are predicted less than a tenth as often as they come: nine in ten of them are missed at "
    "least. No theorem singles out the number.",
)
NOT_BY_CHANCE = Limit(
    of="chance",
    at=0.05,
    crossed="below",
    unit="chance",
    kind="derived",
    severity=Severity.warning,
    because="The binomial chance that a model which finds half of the other samples predicts so few of them.",
)
GUESSING_WORKS = Limit(
    of="commonest",
    at=0.9,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="A constant guess is then right nine times in ten, and accuracies that sound good tell nothing. No theorem "
    "singles out the number.",
)

HEADLINE = "{commonest} of the labels are {label}{found}"
EVIDENCE = "guessing {label} always is right {commonest} of the time, and costs {entropy} nats a sample"
WHY = "the few samples of other classes weigh little in the loss: guessing {label} is right {commonest} of the time"
DO = "judge each class by its recall, and weigh the classes{code}"

EARLY = 1 / 4
"""The share of the run, at its start, whose predictions do not count."""


def measure(run: Run) -> Iterator[Measured]:
    groups = [calls for kind, calls in calls_by_place(run) if kind in ("classes", "yes or no")]
    groups = [calls for calls in groups if any(_single(c.target.shape) for c in calls)]
    if not groups:
        raise NotApplicable("no loss with one class a sample was seen")
    calls = max(groups, key=len)
    counts = pooled(label_counts(c.target, c.options) for c in calls)
    if len(counts) < 2:
        raise CannotTell("the labels of the batches were not counted, or are all the same")
    if weighted(run, calls[0]):
        raise NotApplicable("the loss is weighted by class")
    label = max(counts, key=lambda name: counts[name])
    share = counts[label] / sum(counts.values())
    late = [c for c in calls if c.step > EARLY * length_of(run) and c.predicted]
    others = sum(n for c in late for name, n in label_counts(c.target, c.options).items() if name != label)
    said = sum(int(n) for c in late for name, n in c.predicted.items() if name != label)
    binary = calls[0].function.startswith("binary")
    pair = [counts[label], sum(counts.values()) - counts[label]]
    ratio = f"{pair[0] / max(1, pair[1]):.3g}" if label == "0" else f"{pair[1] / pair[0]:.3g}"
    code = f": `pos_weight=torch.tensor({ratio})`" if binary else ": `weight=counts.sum() / (len(counts) * counts)`"
    seen = f"; others come {others:,} times after the first quarter, and are predicted {said:,} times" if others else ""
    yield Measured(
        (),
        {
            "commonest": Number(share, "share", "share of the commonest label"),
            "others": Number(others, "samples", "samples of other labels at looked-at steps after the first quarter"),
            "said": Number(said, "samples", "samples for which another label is predicted there"),
            "predicted": Number(said / others if others and late else 1, "share", "the second over the first; 1 where "
                                "none was seen"),
            "chance": Number(float(special.bdtr(said, others, 0.5)) if said < others else 1.0, "chance", "chance of so "
                             "few, where half of the others are found"),
            "entropy": Number(
                -sum(p * math.log(p) for n in counts.values() if n and (p := n / sum(counts.values()))),
                "nats",
                "loss of the best constant guess",
            ),
        },
        words={"label": quoted(label), "found": seen, "code": f"{code} in {calls[0].line}" if calls[0].line else code},
    )  # fmt: skip


def _single(shape: tuple[int, ...]) -> bool:
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)


@healthy
def equal_classes(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def uneven_and_learned(rng: np.random.Generator) -> Example:
    return as_example(_uneven(healthy_run(rng), 16, 15))


@healthy
def three_quarters(rng: np.random.Generator) -> Example:
    return as_example(_uneven(healthy_run(rng), 32, 0))


@sick
def one_in_sixteen_never_found(rng: np.random.Generator) -> Example:
    return as_example(_uneven(healthy_run(rng), 8, 0))


@sick
def one_in_sixteen_found(rng: np.random.Generator) -> Example:
    return as_example(_uneven(healthy_run(rng), 8, 7))


@sick
def one_in_a_hundred_but_one_seen(rng: np.random.Generator) -> Example:
    return as_example(_uneven(healthy_run(rng), 1, 0))


@fooled("fires", "where features tell little, predicting the commonest class always is right")
def nothing_better_to_do(rng: np.random.Generator) -> Example:
    return as_example(_uneven(healthy_run(rng), 20, 0))


def _uneven(entries: list[dict[str, object]], others: int, said: int) -> list[dict[str, object]]:
    for entry in of_kind(entries, "loss"):
        entry["target"]["counts"] = {"0": SAMPLES - others, "1": others}
        entry["predicted"] = {"0": SAMPLES - said, "1": said}
    return entries
