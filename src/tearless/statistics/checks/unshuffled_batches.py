"""This run's batches hold samples with like targets: the data are sorted, and are not shuffled.

## What it measures
How alike the targets within a batch are, over the batches of the looked-at steps: the correlation of two targets of one
batch, 0 where batches are drawn at random, 1 where each batch holds one label. Only targets that there is one of for
each sample are looked at.

## Why it matters
Each step then learns that everything is the label of its batch, and forgets the others. The loss of training looks
small, because the next batch holds the same label; a test shows it. Batch norm sees statistics of one class only.

## The mathematics
With correlation ρ within batches of b samples, the mean over a batch has 1 + (b − 1) ρ times the variance that it has
under random batches: a batch is worth b / (1 + (b − 1) ρ) independent samples, 1 where ρ = 1. Whether ρ > 0 is
tested exactly, by dealing the same labels into the same batches at random (multivariate hypergeometric), or by the F
test of batch means for quantities.

## When it is wrong
Batches of one kind may be meant: a curriculum, or tasks learned one after the other. Windows of a time series that come
in order are alike by nature; they are noted, not warned of. Data in order of their rows that were random before do not
show here, and need not.

## What to do
Shuffle: `DataLoader(dataset, batch_size=..., shuffle=True)`, or `for i in torch.randperm(n).split(size):`.

## References
L. Kish, *Survey Sampling* (1965), section 5.4. L. Bottou, F. E. Curtis, J. Nocedal, *Optimization methods for
large-scale machine learning*, SIAM Review 60 (2018), section 4 (what a step needs of its batch).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

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
from tearless.readers.training.compared import calls_by_place, label_counts, pooled
from tearless.readers.training.made import SAMPLES, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss
from tearless.statistics.batch_labels import Alike, alike_labels, alike_numbers

MEND = Mend.data

NOT_BY_CHANCE = Limit(
    of="chance",
    at=0.001,
    crossed="below",
    unit="chance",
    kind="calibrated",
    false_alarms=0.001,
    because="An exact test: the same labels dealt into the same batches at random are as alike in at most one run of a "
    "thousand.",
)
MUCH_ALIKE = Limit(
    of="alike",
    at=1 / 3,
    unit="correlation",
    kind="convention",
    severity=Severity.warning,
    because="From here on a batch, however large, is worth under three independent samples, b / (1 + (b − 1) / 3) < 3. "
    "No theorem singles it out.",
)
NO_SERIES = Limit(
    of="series",
    at=0,
    crossed="below",
    unit="yes or no",
    kind="convention",
    severity=Severity.warning,
    because="Neighbouring windows of a time series are alike by nature, and are often taken in order on purpose: "
    "that is noted, and no fault. No theorem says when it is one.",
)
SERIES = Limit(
    of="alike",
    at=0.5,
    unit="correlation",
    kind="convention",
    severity=Severity.note,
    because="From here on a batch, however large, is worth less than two independent samples, in a series as well. "
    "No theorem singles it out.",
)

HEADLINE = "batches are not shuffled: a batch of {size} samples is worth {worth} independent ones"
EVIDENCE = "two targets of one batch correlate at {alike} over {batches} looked-at batches{labels}"
WHY = "each step learns the targets of its batch and forgets the others; the loss of training hides it"
DO = "shuffle: `DataLoader(..., shuffle=True)`, or `for i in torch.randperm(n).split({size}):`"

FEWEST = 4
MOVES_WITH = 0.8


def measure(run: Run, rng: np.random.Generator) -> Iterator[Measured]:
    run.looked_at(FEWEST)
    found: list[tuple[Alike, int, float, str]] = []
    groups = [(kind, _one_each(run, calls)) for kind, calls in calls_by_place(run)]
    if not any(steps for _, steps in groups):
        raise NotApplicable("no loss with one target a sample and batches of at least two was seen")
    for kind, steps in groups:
        if len(steps) < FEWEST:
            continue
        if kind in ("classes", "yes or no"):
            found += _labels(steps, rng)
        else:
            found += _quantities(run, steps)
    if not found:
        raise CannotTell("the targets of at least four batches are needed; this run tells too few")
    alike, batches, series, labels = max(found, key=lambda one: one[0].correlation)
    yield Measured(
        (),
        {
            "alike": Number(alike.correlation, "correlation", "of two targets of one batch"),
            "chance": Number(alike.chance, "chance", "chance of batches as alike, were they drawn at random"),
            "size": Number(alike.size, "samples", "samples in a batch"),
            "worth": Number(alike.worth, "samples", "independent samples that tell as much as a batch"),
            "batches": Number(batches, "batches", "batches looked at"),
            "series": Number(series, "yes or no", "1 where the inputs look like windows of a series"),
        },
        words={"labels": labels},
    )


def _one_each(run: Run, calls: Sequence[Loss]) -> list[list[Loss]]:
    """The calls of each step and optimiser, where there is one target for each sample."""
    samples = {g.step: g.inputs[0].shape[0] for g in run.given if g.used and g.inputs and g.inputs[0].shape}
    optimizers = {step.step: step.optimizer for step in run.steps}
    groups: dict[int, dict[int, list[Loss]]] = defaultdict(lambda: defaultdict(list))
    for call in calls:
        shape = call.target.shape
        if (
            len(shape) in (1, 2)
            and int(np.prod(shape)) == shape[0] > 1
            and samples.get(call.step, shape[0]) == shape[0]
        ):
            groups[optimizers.get(call.step, 0)][call.step].append(call)
    longest = max(groups.values(), key=len, default={})
    return [longest[step] for step in sorted(longest)]


def _labels(steps: Sequence[Sequence[Loss]], rng: np.random.Generator) -> Iterator[tuple[Alike, int, float, str]]:
    counted = [pooled(label_counts(call.target, call.options) for call in calls) for calls in steps]
    names = sorted(set().union(*counted))
    alike = alike_labels([[one.get(name, 0) for name in names] for one in counted], rng) if len(names) > 1 else None
    if alike is not None:
        held = float(np.mean([sum(n > 0 for n in one.values()) for one in counted]))
        yield alike, len(steps), 0.0, f"; a batch holds {held:.3g} of {len(names)} labels on average"


def _quantities(run: Run, steps: Sequence[Sequence[Loss]]) -> Iterator[tuple[Alike, int, float, str]]:
    calls = [calls[0] for calls in steps if calls[0].target.mean is not None and calls[0].target.std is not None]
    size = int(np.median([call.target.shape[0] for call in calls])) if calls else 0
    alike = alike_numbers([c.target.mean or 0.0 for c in calls], [c.target.std or 0.0 for c in calls], size)
    if alike is not None:
        yield alike, len(calls), _is_series(run, calls), ""


def _is_series(run: Run, calls: Sequence[Loss]) -> float:
    """1 where the inputs have an axis of time, or all their columns move with the target from batch to batch."""
    at = {g.step: g.inputs[0] for g in run.given if g.used and g.inputs}
    pairs = [(at[c.step], c.target.mean) for c in calls if c.step in at]
    if not pairs:
        return 0.0
    if len(pairs[0][0].shape) == 3:
        return 1.0
    columns = [x.means for x, _ in pairs]
    if len({len(c) for c in columns}) != 1 or not columns[0] or any(v is None for c in columns for v in c):
        return 0.0
    x = np.array(columns, dtype=np.float64)
    y = np.array([mean for _, mean in pairs], dtype=np.float64)
    spread = x.std(0) * y.std()
    moves = ((x - x.mean(0)) * (y - y.mean())[:, None]).mean(0)[spread > 0] / spread[spread > 0]
    return float(len(moves) > 0 and bool((moves >= MOVES_WITH).all()))


@healthy
def shuffled(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@sick
def sorted_by_label(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for i, entry in enumerate(of_kind(entries, "loss")):
        entry["target"]["counts"] = {str(i % 3): SAMPLES}
    return as_example(entries)


@fooled("fires", "a curriculum that shows one class after the other on purpose looks sorted")
def one_class_after_the_other(rng: np.random.Generator) -> Example:
    return sorted_by_label(rng)


@fooled("fires", "windows of a series in order are alike by nature, which is noted and is no fault")
def windows_in_order(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for i, (entry, given) in enumerate(zip(of_kind(entries, "loss"), of_kind(entries, "given"), strict=True)):
        target = {"shape": [SAMPLES], "dtype": "float32", "mean": float(i), "std": 0.1, "low": i - 1.0, "high": i + 1.0}
        entry |= {"function": "mse_loss", "target": target, "predicted": {}, "right": None}
        given["inputs"][0] |= {"shape": [SAMPLES, 24, 1], "means": [float(i)], "stds": [0.1]}
    return as_example(entries)
