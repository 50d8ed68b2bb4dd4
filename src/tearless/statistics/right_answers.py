"""The answers of a model, or of two to the same items, right or wrong: the problems of two lessons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import Asked, CannotTell, NotApplicable, quoted
from tearless.linear_algebra.facts import Sample
from tearless.probability.predictions import OF_CLASS, PREDICTED, PROBABILITY, TRUTH, Predictions
from tearless.readers.source import Batch
from tearless.statistics.comparison.paired_proportions import PairedTable
from tearless.statistics.comparison.predicted_rows import predicted_rows

TRUTHS = ("truth", "label", "target", "y_true", "answer")
"""What a column of true classes is usually called."""
NO_MODEL = frozenset(("id", "item", "index", "row", "fold", "repeat", "seed", "run", "cluster", "group"))
"""What a column is called that tells rows apart, and is the result of no model."""
MOST_CLASSES = 50


@dataclass(frozen=True)
class RightAnswers:
    """How many answers of one model are right. Derived.

    Of a table of predictions they are the rows whose predicted, or likeliest, class is the truth; of another the ones
    in its target, or in its first column of 0 and 1.

    >>> from tearless.readers.source import Batch
    >>> sample = Sample.of(Batch(pl.DataFrame({"truth": ["a", "b"], "predicted": ["a", "a"]})))
    >>> RightAnswers.derive(sample, Asked()).right
    1
    """

    right: int
    n: int
    said: str

    @classmethod
    def derive(cls, sample: Sample, asked: Asked) -> Self:
        """Raises ``NotApplicable`` where nothing in the table is right or wrong."""
        frame = sample.frame.fill_nan(None) if sample.rows else sample.frame
        truth = asked.target or next((name for name in frame.columns if name.lower() in TRUTHS), None)
        found = _predicted(frame, truth) or (_right_of(frame, truth) if truth else [])
        if not found and truth:
            found = [c for c in _of_zeros_and_ones(frame) if c.name == asked.target]
        found = found or ([] if asked.target else _of_zeros_and_ones(frame))
        right = found[0].drop_nulls() if found else pl.Series([])
        if right.is_empty():
            raise NotApplicable(
                "this needs answers that are right or wrong: predicted classes, or probabilities of them, beside a "
                "column `truth`, or a column of 1 for right and 0 for wrong; name it with --target"
            )
        return cls(int(right.sum()), len(right), f"{len(right):,} rows of {quoted(found[0].name)}, of {sample.said}")


def _predicted(frame: pl.DataFrame, truth: str | None) -> list[pl.Series]:
    """Whether the predicted class is the true one, of a table with the usual names; quantities are neither."""
    told = [n for n in frame.columns if n in (PREDICTED, PROBABILITY) or n.startswith(OF_CLASS)]
    if truth is None or not told or truth in told:
        return []
    try:
        rows = predicted_rows(Predictions.of(Batch(frame.select(pl.col(truth).alias(TRUTH), *told))))
    except (NotApplicable, CannotTell):
        return []
    return [pl.Series(told[0], rows.scores).cast(pl.Int64)] if rows.kind == "classes" else []


@dataclass(frozen=True)
class TwoModels:
    """Two columns of 1 (right) and 0 (wrong), a row an item. Derived.

    ``a`` and ``b`` have shape ``(n,)``. Of a table with a column of the truth (the target, or one named so) they say
    whether the first two columns of the same classes equal it; of another they are its first two columns of 0 and 1.

    >>> from tearless.readers.source import Batch
    >>> sample = Sample.of(Batch(pl.DataFrame({"id": [7, 8], "old": [1, 0], "new": [1, 1]})))
    >>> found = TwoModels.derive(sample, Asked())
    >>> found.names, found.table
    (('old', 'new'), PairedTable(both=1, only_a=0, only_b=1, neither=0))
    """

    names: tuple[str, str]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    said: str

    @classmethod
    def derive(cls, sample: Sample, asked: Asked) -> Self:
        """Raises ``NotApplicable`` without two such columns, and where both are right on the same items."""
        frame = sample.frame.fill_nan(None) if sample.rows else sample.frame
        truth = asked.target or next((name for name in frame.columns if name.lower() in TRUTHS), None)
        found = _right_of(frame, truth) if truth else _of_zeros_and_ones(frame)
        if len(found) < 2:
            raise NotApplicable(
                "this needs two models on the same items: two columns of 1 for right and 0 for wrong, or two columns "
                "of predicted classes beside a column `truth`; for scores run `tearless compare`"
            )
        a, b = found[:2]
        whole = pl.DataFrame([a, b]).drop_nulls()
        x, y = (whole[c.name].to_numpy().astype(np.int64) for c in (a, b))
        if not (x != y).any():
            both = f"{quoted(a.name)} and {quoted(b.name)}"
            raise NotApplicable(f"{both} are right on the same items: nothing parts them; give other results")
        return cls((a.name, b.name), x, y, f"{len(x):,} items of {sample.said}")

    @property
    def n(self) -> int:
        return len(self.a)

    @property
    def table(self) -> PairedTable:
        """Both right, one alone, neither."""
        return PairedTable.of(self.a, self.b)


def _models(frame: pl.DataFrame, but: str | None = None) -> Sequence[pl.Series]:
    return [c for c in frame if c.name != but and c.name.lower() not in NO_MODEL and c.null_count() < len(c)]


def _of_zeros_and_ones(frame: pl.DataFrame) -> list[pl.Series]:
    known = [c for c in _models(frame) if c.dtype == pl.Boolean or c.dtype.is_numeric()]
    numbers = [c.cast(pl.Float64) for c in known]
    return [c.cast(pl.Int64) for c in numbers if bool(((c == 0) | (c == 1)).drop_nulls().all())]


def _right_of(frame: pl.DataFrame, truth: str) -> list[pl.Series]:
    """1 where a column of the classes of the truth equals it, else 0."""
    true = _as_text(frame[truth])
    classes = true.drop_nulls().unique()
    if not 1 < len(classes) <= MOST_CLASSES:
        return []
    said = [_as_text(c) for c in _models(frame, truth) if not c.dtype.is_nested()]
    return [(c == true).cast(pl.Int64).alias(c.name) for c in said if c.drop_nulls().is_in(classes.implode()).all()]


def _as_text(column: pl.Series) -> pl.Series:
    plain = column.cast(pl.Float64) if column.dtype.is_numeric() or column.dtype == pl.Boolean else column
    return plain.cast(pl.String, strict=False)
