"""Classes drawn: how often each came, beside how often it was predicted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tearless.core import Measured, quoted, visible
from tearless.core.number import shown
from tearless.core.picture import Axis, Bars, Mark, Picture, Role, values
from tearless.readers.training.compared import calls_by_place, label_counts, pooled
from tearless.readers.training.learnt import length_of
from tearless.readers.training.run import Run

from .predictions import Predictions
from .rare_labels import labelled_calls

MOST_CLASSES = 10
LATE = 1 / 2
EARLY = 1 / 4
"""Shares of a run: predictions are counted in its second half, or after its first quarter."""

Counts = Mapping[str, float]


def came_and_said(title: str, came: Counts, said: Counts) -> Picture:
    """The share of each class in the truth and in the predictions, the commonest first; of many the ends.

    >>> picture = came_and_said("Classes", {"a": 90, "b": 10}, {"a": 100})
    >>> picture.y.names, picture.marks[0].lengths, picture.marks[1].lengths
    (('a', 'b'), (0.9, 0.1), (1.0, 0.0))
    """
    names = sorted({*came, *said}, key=lambda name: (-came.get(name, 0), -said.get(name, 0), name))
    half = MOST_CLASSES // 2
    drawn = names if len(names) <= MOST_CLASSES else names[:half] + names[-half:]
    marks: list[Mark] = []
    at, wide = np.arange(len(drawn), dtype=np.float64), 0.4 if said else 0.8
    kinds: tuple[tuple[str, Role, Counts], ...] = (("came", "main", came), ("predicted", "second", said))
    for k, (label, role, counts) in enumerate(kinds):
        total = sum(counts.values())
        if total:
            share = values(counts.get(name, 0) / total for name in drawn)
            place = values(at + (k - 0.5) * wide if said else at)
            marks.append(Bars(place, share, label if said else "", role, width=wide - 0.02, along="x"))
    told = ", ".join(_told(name, came, said) for name in drawn[:4])
    axes = Axis("share", low=0.0, high=1.0), Axis(names=tuple(visible(name, 24) for name in drawn))
    says = f"{'Came and predicted' if said else 'Came'}: {told}{' ...' * (len(drawn) > 4)}."
    return Picture(title, says, tuple(marks), *axes)


def _told(name: str, came: Counts, said: Counts) -> str:
    shares = [shown(of.get(name, 0) / sum(of.values()), "share") for of in (came, said) if sum(of.values())]
    return f"{quoted(name)} {' and '.join(shares)}"


def of_predictions(measured: Measured, found: Predictions) -> Picture:
    """How often each class came in a table of predictions, and how often it was predicted.

    >>> import polars as pl
    >>> from tearless.core import Number
    >>> from tearless.readers.source import Batch
    >>> found = Predictions.of(Batch(pl.DataFrame({"truth": ["a", "b", "b"], "predicted": ["b", "b", "b"]})))
    >>> of_predictions(Measured((), {"classes": Number(2, "classes", "that came")}), found).says
    'Came and predicted: `b` 66.7 % and 100 %, `a` 33.3 % and 0 %.'
    """
    labels = found.labels
    came, said = (np.bincount(codes, minlength=len(labels.names)) for codes in (labels.y, labels.predicted))
    title = f"How often each of {measured.numbers['classes']} classes came, and how often it was predicted"
    return came_and_said(title, _named(labels.names, came), _named(labels.names, said))


def _named(names: tuple[str, ...], counts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Counts:
    return {name: float(n) for name, n in zip(names, counts, strict=True) if n}


def late_in_a_run(measured: Measured, run: Run) -> Picture:
    """How often each class came in the second half of a run, and how often it was predicted there.

    >>> from tearless.probability.checks.class_collapse import measure
    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> picture = late_in_a_run(next(measure(run)), run)
    >>> picture.title, picture.y.names
    ('How often each class came late in 100 steps, and how often it was predicted', ('2', '0', '1'))
    """
    groups = [calls for kind, calls in calls_by_place(run) if kind in ("classes", "yes or no")]
    calls = max((some for some in groups if any(c.predicted for c in some)), key=len)
    late = [c for c in calls if c.step > (1 - LATE) * length_of(run) and c.predicted]
    said = pooled(c.predicted for c in late)
    title = f"How often each class came late in {measured.numbers['steps']} steps, and how often it was predicted"
    return came_and_said(title, pooled(label_counts(c.target, c.options) for c in late), said)


def in_a_run(measured: Measured, run: Run) -> Picture:
    """How often each class came in a run, and how often it was predicted after its first quarter.

    >>> from tearless.probability.checks.class_imbalance import measure
    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> picture = in_a_run(next(measure(run)), run)
    >>> picture.title, picture.y.names
    ('How often each of 3 classes came, and how often it was predicted', ('2', '0', '1'))
    """
    calls = labelled_calls(run)
    late = [c for c in calls if c.step > EARLY * length_of(run) and c.predicted]
    title = f"How often each of {measured.numbers['classes']} classes came, and how often it was predicted"
    came = pooled(label_counts(c.target, c.options) for c in calls)
    return came_and_said(title, came, pooled(c.predicted for c in late))
