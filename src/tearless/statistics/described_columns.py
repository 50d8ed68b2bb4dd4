"""Numeric columns with their holes, few enough to look at: the problem of the lesson on description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import Asked, InputError, NotApplicable, listed, quoted
from tearless.linear_algebra.facts import Sample, floats
from tearless.statistics.number_text import look, text_columns
from tearless.statistics.skewness import skewness

MOST_ROWS = 2_000
MOST_COLUMNS = 12
FEWEST = 3
LARGEST = 1e100
"""Beyond this, and for spreads below its inverse, squares leave the range of doubles."""
HANDFUL = 10
AS_TEXT = 0.9
"""A text column of which this share reads as numbers is one of numbers, written as text."""


@dataclass(frozen=True)
class DescribedColumns:
    """The first 12 numeric columns of which at least 3 values are finite and differ, at most 2,000 rows. Derived.

    ``X`` has shape ``(n, p)``, nan where a value is missing or infinite; ``said`` tells which rows these are, ``text``
    the columns of text that read as numbers.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> sample = Sample.of(Batch(pl.DataFrame({"a": [1.0, None, 4.0, 2.0], "b": ["1,200", "900", "15", "7"]})))
    >>> found = DescribedColumns.derive(sample, Asked())
    >>> found.names, found.text, found.column("a").tolist()
    (('a',), ('b',), [1.0, nan, 4.0, 2.0])
    """

    names: tuple[str, ...]
    X: NDArray[np.float64]
    said: str
    text: tuple[str, ...]
    begin: str = ""
    """The column to begin with: the target, or else the most skewed that is no handful of values."""

    @classmethod
    def derive(cls, sample: Sample, asked: Asked) -> Self:
        """Raises ``NotApplicable`` where no column can be described."""
        frame = sample.frame
        rows = np.unique(np.linspace(0, max(0, frame.height - 1), min(frame.height, MOST_ROWS)).astype(int))
        text = tuple(name for name in text_columns(frame)[:MOST_COLUMNS] if look(frame[name]).share >= AS_TEXT)
        kept: dict[str, NDArray[np.float64]] = {}
        for name in sorted(frame.columns, key=lambda name: name != asked.target):  # the target first
            if len(kept) < MOST_COLUMNS and frame[name].dtype.is_numeric():
                x = floats(frame[name])[rows]
                x = np.where(np.isfinite(x), x, np.nan)
                if _describable(x):
                    kept[name] = x
        if not kept:
            why = f"; {listed(text)} holds numbers written as text, convert it first" if text else ""
            raise NotApplicable(f"no numeric column has {FEWEST} finite values that differ{why}")
        part = f"{len(rows):,} rows, evenly taken of {sample.said}" if len(rows) < frame.height else sample.said
        begin = asked.target if asked.target in kept else max(kept, key=lambda name: _skew(kept[name]))
        return cls(tuple(kept), np.column_stack(list(kept.values())), part, text, begin)

    def column(self, name: str) -> NDArray[np.float64]:
        """One column, shape ``(n,)``, nan where nothing is known. Raises ``InputError`` for a name that is none."""
        if name not in self.names:
            raise InputError(f"name: expected one of {listed(self.names)}, got {quoted(name)}")
        return np.asarray(self.X[:, self.names.index(name)])


def _skew(x: NDArray[np.float64]) -> float:
    known = x[~np.isnan(x)]
    return abs(skewness(known)) if len(np.unique(known)) > HANDFUL else 0.0


def _describable(x: NDArray[np.float64]) -> bool:
    known = x[~np.isnan(x)]
    if len(known) < FEWEST or np.abs(known).max() > LARGEST:
        return False
    return bool(np.ptp(known) > max(1 / LARGEST, 1e-12 * float(np.abs(known).max())))
