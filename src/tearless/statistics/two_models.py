"""The answers of two models to the same items, right or wrong: the problem of the lesson on tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import Asked, NotApplicable, quoted
from tearless.linear_algebra.facts import Sample
from tearless.statistics.comparison.paired_proportions import PairedTable

TRUTHS = ("truth", "label", "target", "y_true", "answer")
"""What a column of true classes is usually called."""
NO_MODEL = frozenset(("id", "item", "index", "row", "fold", "repeat", "seed", "run", "cluster", "group"))
"""What a column is called that tells rows apart, and is the result of no model."""
MOST_CLASSES = 50


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
                "of predicted classes beside a column `truth`"
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
