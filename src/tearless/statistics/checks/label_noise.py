"""This run's training labels contradict one another more than those it is evaluated on.

## What it measures
How often the model is right on training batches late in the run, how often on held-out samples, and how sure it is
where it is surest. Runs with dropout, with samples changed at random, or with classes drawn to other shares are left
out: they are right less often in training for other reasons.

## Why it matters
Wrong labels put a floor under the loss of training. A model that goes below it has learned them by heart, and is the
worse for it on new samples; a model that does not looks as if it had too little capacity.

## The mathematics
Where a share ρ of the labels is replaced at random, a model that knows the right classes is right on 1 − ρ (C − 1)/C of
the training samples, and never surer than that: the least loss of one sample is −ln(1 − ρ (C − 1)/C), and not near 0.
On samples with clean labels the same model is right more often. The difference of two shares has the standard error √(p
(1 − p)/n + q (1 − q)/m).

## When it is wrong
If the held-out labels are as noisy, both shares are the same, and only the missing sureness shows, which features that
do not tell the classes apart show too: this is noted only. A model that has learned wrong labels by heart is right on
all of them.

## What to do
Look at the samples with the largest losses first: `each = F.cross_entropy(model(x), y, reduction="none")`, and
`each.topk(50)`. Stop before they are learned by heart.

## References
D. Arpit and others, *A closer look at memorization in deep networks*, ICML (2017). C. G. Northcutt, L. Jiang, I. L.
Chuang, *Confident learning*, JAIR 70 (2021).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.made import SAMPLES, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.statistics.late_answers import calls_with_labels, late_answers
from tearless.statistics.new_samples import commonest_label

MEND = Mend.data
SYMPTOM_OF = (
    "eval-mode-in-training", "double-softmax", "softmax-over-batch", "loss-mismatch", "unshuffled-batches",
    "labels-unrelated", "dropout-too-strong", "train-test-leak",
)  # fmt: skip

WORSE_IN_TRAINING = Limit(
    of="surplus",
    at=0.1,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A tenth of the labels at least is contradicted by what the model has learned from the others. No theorem "
    "singles out the number.",
)
NOT_BY_CHANCE = Limit(
    of="sure",
    at=4,
    unit="standard errors",
    kind="derived",
    severity=Severity.warning,
    because="A difference of two shares beyond four standard errors comes by chance in one run of thirty thousand.",
)
SETTLED = Limit(
    of="rising",
    at=0.05,
    crossed="below",
    unit="share",
    kind="convention",
    because="Who is still rising in training will be right more often soon. No theorem singles out the number.",
)
NEVER_SURE = Limit(
    of="capped",
    at=0.05,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="The model is hardly surer of its surest sample than it is right on all: every sample is as doubtful as "
    "the next, as labels replaced at random make them. No theorem singles out the number.",
)
KNOWS_SOMETHING = Limit(
    of="knows",
    at=0.1,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="A model that is right no oftener than the commonest label comes has learned nothing yet that labels could "
    "contradict. No theorem singles out the number.",
)
OFTEN_WRONG = Limit(
    of="right",
    at=0.9,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="A model that is right nine times in ten leaves little room for wrong labels. No theorem singles it out.",
)

HEADLINE = (
    "the model is right on {right} of the training samples{held}: about {wrong} of the labels contradict the rest"
)
EVIDENCE = "late in the run training is right {right} of the time, and at its surest sample the model is {top} sure"
WHY = "wrong labels put a floor under the loss; going below it means to learn them by heart"
DO = 'look at the largest losses first: `F.cross_entropy(model(x), y, reduction="none").topk(50)`, and mend those'


def measure(run: Run) -> Iterator[Measured]:
    late = late_answers(run, calls_with_labels(run))
    right, q = late.right, late.held if late.held is not None else late.right
    surplus = q - right
    wrong = 1 - right / q if q > right else 1 - right
    yield Measured(
        (),
        {
            "right": Number(right, "share", "share of the training samples predicted as labelled, late in the run"),
            "surplus": Number(surplus, "share", "by how much more held-out samples are; 0 where none were seen"),
            "sure": Number(surplus / late.error, "standard errors", "the same in standard errors"),
            "rising": Number(late.rising, "share", "by how much it rose late"),
            "top": Number(late.top, "share", "probability that it gives the label of its surest sample in a batch"),
            "capped": Number(late.top - right, "share", "the same less the share that is right"),
            "knows": Number(
                right - commonest_label(late.calls), "share", "by how much more is right than the commonest label has"
            ),
            "wrong": Number(wrong, "share", "labels that contradict the others, about"),
        },
        words={"held": f" and {100 * q:.3g} % of the held-out ones" if late.held is not None else ""},
    )


@healthy
def clean(rng: np.random.Generator) -> Example:
    return as_example(_right(healthy_run(rng), 0.9, 0.92, 0.001))


@healthy
def hard_but_sure_of_some(rng: np.random.Generator) -> Example:
    return as_example(_right(healthy_run(rng), 0.7, 0.68, 0.001))


@healthy
def still_rising(rng: np.random.Generator) -> Example:
    entries = _right(healthy_run(rng), 0.6, 0.9, 0.001)
    for entry in of_kind(entries, "loss"):
        entry["right"] = 0.3 + 0.006 * entry["step"]
    return as_example(entries)


@healthy
def few_samples(rng: np.random.Generator) -> Example:
    entries = _right(healthy_run(rng), 0.7, 0.82, 0.001)
    for entry in of_kind(entries, "evaluation"):
        entry["samples"] = 60
    return as_example(entries)


@sick
def three_in_ten_replaced(rng: np.random.Generator) -> Example:
    return as_example(_right(healthy_run(rng), 0.7, 0.95, 0.3))


@sick
def noisy_everywhere(rng: np.random.Generator) -> Example:
    return as_example(_right(healthy_run(rng), 0.7, 0.7, 0.32))


@healthy
def pairs_of_a_batch_matched(rng: np.random.Generator) -> Example:
    entries = _right(healthy_run(rng), 0.7, 0.95, 0.3)
    for entry in of_kind(entries, "loss"):
        entry["input"]["shape"] = [SAMPLES, SAMPLES]
        entry["target"] |= {"shape": [SAMPLES], "low": 0.0, "high": SAMPLES - 1.0, "distinct": SAMPLES}
    return as_example(entries)


@healthy
def nothing_learned_yet(rng: np.random.Generator) -> Example:
    return as_example(_right(healthy_run(rng), 0.35, 0.35, 1.08))


@fooled("fires", "features that tell all samples apart equally badly leave a model as unsure as wrong labels do")
def features_that_tell_little(rng: np.random.Generator) -> Example:
    return as_example(_right(healthy_run(rng), 0.6, 0.6, 0.48))


def _right(entries: list[dict[str, object]], training: float, held_out: float, least: float) -> list[dict[str, object]]:
    for entry in of_kind(entries, "loss"):
        entry |= {"right": training, "ends": [least, 0.5, 4.0]}
    for entry in of_kind(entries, "evaluation"):
        entry["right"] = held_out
    return entries
