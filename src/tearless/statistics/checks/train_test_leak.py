"""This run is evaluated on samples that it also learns from.

## What it measures
How many samples of an evaluation are, number for number, among those of the training batches that were looked at; how
many would be by chance, from the pairs of equal samples within batches and within evaluations; and whether the
evaluation holds the whole training set, as a training accuracy on purpose does.

## Why it matters
A model can know by heart what it has been trained on. An evaluation on such samples measures memory: it goes on getting
better while the model gets worse on anything new, and hides overfitting altogether.

## The mathematics
Two samples drawn from one population are equal with some probability q, which is near 0 for measurements and is not for
short texts or a few categories. Among M pairs within batches and evaluations w are equal, a Poisson count of mean qM.
The evaluation and the training samples make N further pairs. Given the total, the number of equal ones among these is
binomial with probability N / (N + M) at most, whatever q: an exact test of two Poisson rates. Only part of the training
set was looked at, so what is found is a lower bound of what is shared.

## When it is wrong
A copy that was changed a little (rounded, scaled by other means, augmented) is not found. Where several evaluations are
made between two steps and only one of them on training samples, they are told apart by their order alone.

## What to do
Split before anything is copied, resampled or cut into windows, and build both sets from the split:
`train_set, test_set = random_split(dataset, [0.8, 0.2])`.

## References
S. Kapoor, A. Narayanan, *Leakage and the reproducibility crisis in machine-learning-based science*, Patterns 4 (2023).
J. Przyborowski, H. Wilenski, *Homogeneity of results in testing samples from Poisson series*, Biometrika 31 (1940).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Evaluation
from tearless.statistics.seen_samples import FEWEST, UNSURE, Shared, apart, shared

MEND = Mend.data
ON_PURPOSE_MISSED = 0.05

BEYOND_CHANCE = Limit(
    of="chance",
    at=1e-4,
    crossed="below",
    unit="chance",
    kind="calibrated",
    false_alarms=1e-4,
    severity=Severity.warning,
    because="The exact test of two Poisson rates: samples that are equal by chance are as equal within a batch as they "
    "are across. A run has some ten evaluations, so one in a thousand runs at most is accused wrongly.",
)
SHARED = Limit(
    of="share",
    at=0.05,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="With a twentieth of the evaluation known by heart, an error of 5 % can come out as 0. Tables often hold a "
    "few equal rows. No theorem singles out the number.",
)
ON_PURPOSE = Limit(
    of="missed",
    at=ON_PURPOSE_MISSED,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Who measures the accuracy of training on purpose takes the whole training set, all of it but a last short "
    "batch. An evaluation that shares samples and lacks a twentieth of the training set is none. No theorem singles "
    "out the number.",
)
KNOWN_BY_HEART = Limit(
    of="share",
    at=0.05,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="Samples that are equal by chance, or evaluated on purpose, can be known by heart all the same: the number "
    "that comes out is partly one of training. No theorem singles it out.",
)

HEADLINE = "the evaluation at step {step} shares {shared} of its {rows} samples with the training batches"
EVIDENCE = (
    "{share} of the evaluation, while {by_chance} samples are expected to be equal by chance; {missed} of the "
    "training samples are not in it"
)
WHY = "what was trained on can be known by heart: such an evaluation hides overfitting and promises too much"
DO = "split first, and take training and evaluation from the two parts: `random_split(dataset, [0.8, 0.2])`{at}"

CONTINUOUS = 0.5
"""Share of different numbers among all from which on equal samples are copies."""


def measure(run: Run) -> Iterator[Measured]:
    trained: dict[int, list[Sequence[str]]] = {}
    for g in run.given:
        if g.used and g.gradients and g.rows:
            trained.setdefault(g.instance, []).append(g.rows)
    told = [e for e in run.evaluations if len(e.rows) >= FEWEST and e.instance in trained]
    if not told:
        raise CannotTell("samples of training batches and of an evaluation are needed; this run tells too few")
    fewest = min(len(e.rows) for e in told)
    drawn = len({e.rows[:fewest] for e in told}) > 1
    found = [(one, _of(one, trained[one.instance], drawn, _copies(run))) for one in told]
    new = [(one, s) for one, s in found if s.shared <= UNSURE * s.rows]
    if new:
        step, most = min(new, key=lambda pair: pair[1].shared)
    else:
        step, most = max(found, key=lambda pair: (pair[1].missed, pair[1].shared))
    yield Measured(
        (),
        {
            "step": Number(step.step, "1", "the step after which the evaluation was made"),
            "rows": Number(most.rows, "samples", "different samples of the evaluation"),
            "shared": Number(most.shared, "samples", "of them, those also in training batches that were looked at"),
            "share": Number(most.shared / most.rows, "share", "their share"),
            "missed": Number(most.missed, "share", "share of the training samples that the evaluation does not hold"),
            "by_chance": Number(most.by_chance, "samples", "expected to be equal by chance"),
            "chance": Number(most.chance, "chance", "chance of as many equal samples where none is shared"),
        },
        words={"at": f"; the evaluation is made at {step.line}" if step.line else ""},
    )


def _of(one: Evaluation, trained: Sequence[Sequence[str]], drawn: bool, copies: bool) -> Shared:
    """What an evaluation shares; of several in a row, the one that shares least where they can be told apart."""
    whole = shared(one.rows, trained, copies)
    cut = max(1.0, one.samples / len(one.rows))
    missed = max(0.0, 1 - cut * (1 - whole.missed))
    if drawn or missed < ON_PURPOSE_MISSED:
        part = apart(one.rows, {row for rows in trained for row in rows})
        if len(part) < len(one.rows):
            return shared(part, trained, copies)
    return replace(whole, missed=missed)


def _copies(run: Run) -> bool:
    """Whether the numbers of the samples nearly all differ, so that equal samples are copies."""
    inputs = [g.inputs[0] for g in run.given if g.inputs and g.rows]
    return any(
        x.dtype.startswith("float") and (x.distinct or 0) >= CONTINUOUS * np.prod(x.shape) and x.shape[-1] > 1
        for x in inputs
    )


@healthy
def other_samples(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@fooled("fires", "samples of few different kinds are equal by chance, which is noted and is no fault")
def few_different_samples(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for entry in (*of_kind(entries, "given"), *of_kind(entries, "evaluation")):
        entry["rows"] = [f"{int(h):016x}" for h in np.minimum(rng.geometric(0.002, len(entry["rows"])), 2000)]
    return as_example(entries)


@healthy
def training_accuracy_beside_a_test(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    trained = [row for entry in of_kind(entries, "given") for row in entry["rows"]]
    return as_example([*entries, {"kind": "evaluation", "step": 100, "samples": len(trained), "rows": trained}])


@healthy
def a_teacher_asked_within_each_step(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    batches = [entry for entry in of_kind(entries, "given") if entry["step"] > 1]
    asked = [{"step": g["step"] - 1, "rows": g["rows"], "samples": len(g["rows"])} for g in batches]
    return as_example([*entries, *({"kind": "evaluation", "line": "train.py:9", **one} for one in asked)])


@sick
def a_test_out_of_the_training_set(rng: np.random.Generator) -> Example:
    return as_example(_with_shared(rng, healthy_run(rng), 200))


@sick
def a_third_of_the_test_copied(rng: np.random.Generator) -> Example:
    return as_example(_with_shared(rng, healthy_run(rng), 85))


@sick
def evaluated_on_the_training_set_only(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    trained = [row for entry in of_kind(entries, "given") for row in entry["rows"]]
    for entry in of_kind(entries, "evaluation"):
        entry |= {"rows": trained, "samples": len(trained)}
    return as_example(entries)


@fooled("silent", "copies that were changed a little have other hashes, and count as new samples")
def copies_with_noise(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


def _with_shared(rng: np.random.Generator, entries: list[dict[str, object]], shared: int) -> list[dict[str, object]]:
    trained = sorted({row for entry in of_kind(entries, "given") for row in entry["rows"]})
    taken = rng.choice(trained, shared, replace=False).tolist()
    for entry in of_kind(entries, "evaluation"):
        rows = [*taken, *entry["rows"][shared:]]
        entry["rows"] = [rows[i] for i in rng.permutation(len(rows))]
    return entries
