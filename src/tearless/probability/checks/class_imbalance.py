"""This run has labels far rarer than others, and the model has come to predict them hardly ever.

## What it measures
How often the commonest label comes for one of a rare one, weighed as the loss weighs its classes; after the first
quarter of the run how often the model predicts a rare label, against how often there is one; and whether the weights
favour what is common.

## Why it matters
A constant guess of the commonest class is right as often as that class comes, so an accuracy that sounds good tells
nothing. The samples of the other classes are few, so they weigh little in the loss and are learned last, if at all.

## The mathematics
With share π of the commonest class, a sample of another class is predicted as such only if its features favour that
class by π / (1 − π) to one: 4 to 1 at 80 %, 19 to 1 at 95 %. The loss of the best constant guess is the entropy H(π),
0.20 nats at 95 %, so a small loss is no evidence of learning either.

## When it is wrong
Where the features tell little, it is right to predict the commonest class always, and the probabilities may still be
good. Of losses with more than twenty classes nothing is said.

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

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, quoted, sick
from tearless.probability.class_pictures import in_a_run
from tearless.probability.rare_labels import Rare, labelled_calls, rarest
from tearless.readers.training.compared import weighted
from tearless.readers.training.learnt import length_of
from tearless.readers.training.made import SAMPLES, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss

MEND = Mend.data
picture = in_a_run
SYMPTOM_OF = ("constant-input", "symmetric-init", "softmax-over-batch", "unshuffled-batches", "labels-unrelated")

UNEVEN, TURNED, EARLY = 4.0, 2.0, 1 / 4
"""``EARLY``: the share of the run, at its start, whose predictions do not count."""

MOSTLY_ONE = Limit(
    of="ratio",
    at=UNEVEN,
    unit="times",
    kind="convention",
    because="Features must favour the rare class 4 to 1 before it is predicted. No theorem singles out the number.",
)
FEW_CLASSES = Limit(
    of="classes",
    at=20,
    crossed="below",
    unit="classes",
    kind="convention",
    because="Of many classes, such as the words of a text, some always are rare. No theorem singles out the number.",
)
TURNED_ROUND = Limit(
    of="favour",
    at=TURNED,
    unit="times",
    kind="convention",
    severity=Severity.error,
    because="Weights are there to raise what is rare: the commoner class with twice the weight of the rarer one makes "
    "the imbalance worse. No theorem singles out the number.",
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
MUCH_RARER = Limit(
    of="at_least",
    at=9,
    unit="times",
    kind="convention",
    severity=Severity.note,
    because="Of two such classes a constant guess is right nine times in ten, and accuracies that sound good tell "
    "nothing. No theorem singles out the number.",
)

HEADLINE = "{label} comes {times} times as often as {rare}{found}"
EVIDENCE = "guessing {label} always is right {commonest} of the time, and costs {entropy} nats a sample"
WHY = "the few samples of class {rare} weigh little in the loss: leaving them out costs next to nothing"
DO = "judge each class by its recall, and {do}"


def measure(run: Run) -> Iterator[Measured]:
    calls = labelled_calls(run)
    found = rarest(calls, EARLY * length_of(run), UNEVEN)
    if found is None:
        raise CannotTell("the labels of the batches were not counted, or are all the same")
    if weighted(run, calls[0]) and not found.weighted:
        raise CannotTell("the loss is weighted by class, and by how much was not seen")
    times = found.common / found.rare
    seen = f"; it comes {found.came:,} times after the first quarter, and is predicted {found.said:,} times"
    yield Measured(
        (),
        {
            "times": Number(times, "times", "how often the commonest label comes for one of the rare"),
            "ratio": Number(times * found.favour, "times", "the same, weighed as the loss weighs them"),
            "at_least": Number(found.common * found.favour / (found.rare + 2 * math.sqrt(found.rare) + 1), "times",
                               "the same at least, by two standard errors of the rare count"),
            "classes": Number(found.classes, "classes", "classes of the loss"),
            "favour": Number(found.heaviest, "times", "weight of the commonest label over a rare one's"),
            "commonest": Number(found.common / found.total, "share", "share of the commonest label"),
            "predicted": Number(found.said / found.came if found.came else 1, "share", "how often the rare label is "
                                "predicted after the first quarter, over how often it comes; 1 where none was seen"),
            "chance": Number(found.chance, "chance", "chance of so few for one of the rare labels, where half of its "
                             "samples are found"),
            "entropy": Number(found.entropy, "nats", "loss of the best constant guess"),
        },
        words={
            "label": f"class {quoted(found.label)}",
            "rare": quoted(found.rarest),
            "found": seen if found.came else "",
            "do": _do(calls[0], found),
        },
    )  # fmt: skip


def _do(call: Loss, found: Rare) -> str:
    at = f" in {call.line}" if call.line else ""
    ratio = found.common / found.rare if found.label == "0" else found.rare / found.common
    code = "`weight=counts.sum() / (len(counts) * counts)`"
    code = f"`pos_weight=torch.tensor({ratio:.3g})`" if call.function.startswith("binary") else code
    turn = "turn the weights round, for they favour what is common" if found.heaviest >= TURNED else "weigh the classes"
    return f"{turn}: {code}{at}"


@healthy
def uneven_and_learned(rng: np.random.Generator) -> Example:
    return as_example(_uneven(healthy_run(rng), 16, 15))


@healthy
def three_quarters(rng: np.random.Generator) -> Example:
    return as_example(_uneven(healthy_run(rng), 32, 0))


@healthy
def weighed_by_their_counts(rng: np.random.Generator) -> Example:
    return as_example(_uneven(healthy_run(rng), 8, 9, [0.53, 8.0]))


@healthy
def many_classes(rng: np.random.Generator) -> Example:
    entries = _uneven(healthy_run(rng), 8, 0)
    for entry in of_kind(entries, "loss"):
        entry["input"]["shape"] = [SAMPLES, 27]
    return as_example(entries)


@sick
def weighed_the_wrong_way_round(rng: np.random.Generator) -> Example:
    return as_example(_uneven(healthy_run(rng), 8, 7, [1.875, 0.125]))


@sick
def two_rare_of_four(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for entry in of_kind(entries, "loss"):
        entry["target"]["counts"] = {"0": 70, "1": 54, "2": 2, "3": 2}
        entry["predicted"] = {"0": 72, "1": 56}
    return as_example(entries)


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


def _uneven(
    entries: list[dict[str, object]], others: int, said: int, weight: list[float] | None = None
) -> list[dict[str, object]]:
    for entry in of_kind(entries, "loss"):
        entry["target"]["counts"] = {"0": SAMPLES - others, "1": others}
        entry["predicted"] = {"0": SAMPLES - said, "1": said}
        entry["options"] = {"weight": weight} if weight else {}
    return entries
