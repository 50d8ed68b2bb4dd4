"""A table as rows and values: what is measured once and shared by the checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import Asked, CannotTell, NotApplicable
from tearless.linear_algebra.column_blocks import column_blocks
from tearless.linear_algebra.facts import Sample, floats
from tearless.readers.source import Batch

from .tails import largest_of_rows

Kind = Literal["number", "text", "bool", "time", "other"]
DISTINCT_KEPT = 1_024
MOST_CLASSES = 50
MOST_SCATTERED = 10
TAIL_KEPT = 64
CELLS_HASHED = 250_000
"""Hashes held at once, 2 MB, while the smallest are looked for."""


def kind_of(dtype: pl.DataType) -> Kind:
    """What a column holds, as far as checks care.

    >>> kind_of(pl.Float32()), kind_of(pl.Date()), kind_of(pl.Categorical())
    ('number', 'time', 'other')
    """
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "bool"
    if dtype.is_temporal():
        return "time"
    return "text" if dtype == pl.String else "other"


@dataclass(frozen=True)
class Columns:
    """Every column over every row: what it holds, how many cells are empty, how many values are distinct. Mergeable.

    ``missing`` counts null and nan together; ``NumericColumns`` has them apart. Distinct values are counted exactly
    up to 1,023 and beyond that estimated from the smallest 1,024 hashes (Bar-Yossef et al., RANDOM 2002), with a
    relative standard error of 1/√1022 = 3.1 %. Missing cells are not a value.

    >>> found = Columns.of(Batch(pl.DataFrame({"a": [1.0, None, float("nan"), 1.0], "b": ["x", "y", "z", "x"]})))
    >>> found.missing.tolist(), found.distinct.tolist(), found.kinds
    ([2, 0], [1.0, 3.0], ('number', 'text'))
    >>> found.merge(found).rows, found.merge(found).distinct.tolist()
    (8, [1.0, 3.0])
    """

    names: tuple[str, ...]
    dtypes: tuple[pl.DataType, ...]
    rows: int
    missing: NDArray[np.int64]
    hashes: tuple[NDArray[np.uint64], ...]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The empty cells and the smallest hashes of one batch."""
        missing, hashes = [], []
        for column, hashed in _with_hashes(batch.frame):
            values = hashed.to_numpy()
            count = column.null_count()
            if column.dtype.is_float() or count:
                empty = np.isnan(floats(column)) if column.dtype.is_float() else column.is_null().to_numpy()
                count = int(np.count_nonzero(empty))
                values = values[~empty] if count else values
            missing.append(count)
            hashes.append(_smallest(values))
        return cls(
            tuple(batch.frame.columns),
            tuple(batch.frame.dtypes),
            batch.frame.height,
            np.array(missing, dtype=np.int64),
            tuple(hashes),
        )

    def merge(self, later: Self) -> Self:
        """Both, as if their batches had been one."""
        hashes = (_smallest_of_both(a, b) for a, b in zip(self.hashes, later.hashes, strict=True))
        return type(self)(self.names, self.dtypes, self.rows + later.rows, self.missing + later.missing, tuple(hashes))

    @cached_property
    def distinct(self) -> NDArray[np.float64]:
        """How many different values each column holds; an estimate above 1,023."""
        return np.array([_distinct(h) for h in self.hashes], dtype=np.float64)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(kind_of(t) for t in self.dtypes)


def _with_hashes(frame: pl.DataFrame) -> Iterator[tuple[pl.Series, pl.Series]]:
    """Each column with the hashes of its cells: many short columns at a time, few long ones."""
    some = max(1, CELLS_HASHED // max(1, frame.height))
    for first in range(0, frame.width, some):
        part = frame[:, first : first + some]
        yield from zip(part, part.select(pl.all().hash(seed=0)), strict=True)


def _smallest(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The smallest distinct hashes, at most 1,024. Where nearly all differ, only a low slice need be sorted."""
    if len(hashes) > 8 * DISTINCT_KEPT:
        low = _once_each(hashes[hashes < np.uint64(int(2**64 * (1.5 * DISTINCT_KEPT / len(hashes))))])
        if len(low) >= DISTINCT_KEPT:
            return low[:DISTINCT_KEPT]
        hashes = pl.Series(hashes).unique().to_numpy()
    return _once_each(hashes)[:DISTINCT_KEPT]


def _smallest_of_both(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The smallest of two rising lists. Once one is full, few of a later batch are below its last: most are let go."""
    if len(a) == DISTINCT_KEPT:
        b = b[: np.searchsorted(b, a[-1])]
    elif len(b) == DISTINCT_KEPT:
        a = a[: np.searchsorted(a, b[-1])]
    if not len(b) or not len(a):
        return a if len(a) else b
    return _once_each(np.concatenate([a, b]))[:DISTINCT_KEPT]


def _once_each(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each value once, rising: by a sort, which is many times faster than the hash table of ``np.unique``."""
    ordered = np.sort(hashes)
    new = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return ordered[new]


def _distinct(smallest: NDArray[np.uint64]) -> float:
    k = len(smallest)
    return float(k) if k < DISTINCT_KEPT else (k - 1) / (float(smallest[-1]) / 2.0**64)


@dataclass(frozen=True)
class Tails:
    """The 64 largest and 64 smallest finite values of every numeric column over every row, with their rows. Mergeable.

    Arrays have shape ``(p, 64)``, in the order of ``names``, the most extreme first and of equal values the earlier row
    first. Where a column has fewer finite values the rest is nan, with row −1.

    >>> found = Tails.of(Batch(pl.DataFrame({"a": [5.0, 9.0, None, 9.0, 1.0]})))
    >>> found.high[0, :3].tolist(), found.high_rows[0, :3].tolist(), found.low_rows[0, 3:5].tolist()
    ([9.0, 9.0, 5.0], [1, 3, 0], [3, -1])
    """

    names: tuple[str, ...]
    high: NDArray[np.float64]
    high_rows: NDArray[np.int64]
    low: NDArray[np.float64]
    low_rows: NDArray[np.int64]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The outermost values of one batch."""
        names = tuple(name for name, kind in batch.frame.schema.items() if kind.is_numeric())
        high, low = np.full((2, len(names), TAIL_KEPT), np.nan)
        high_rows, low_rows = np.full((2, len(names), TAIL_KEPT), -1, dtype=np.int64)
        for at, block in column_blocks(batch.frame, names):
            high[at], high_rows[at] = _ends(block, batch.start)
            low[at], low_rows[at] = _ends(-block, batch.start)
        return cls(names, high, high_rows, -low, low_rows)

    def merge(self, later: Self) -> Self:
        """The outermost values of both."""
        high = _outermost(self.high, later.high, self.high_rows, later.high_rows, 1.0)
        low = _outermost(self.low, later.low, self.low_rows, later.low_rows, -1.0)
        return type(self)(self.names, *high, *low)


def _ends(block: NDArray[np.float64], start: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The 64 largest finite values of each row of a block, and in which rows of the table; nan and −1 for none."""
    at = largest_of_rows(block, TAIL_KEPT)
    there = at >= 0
    if not block.shape[1]:
        return np.full(at.shape, np.nan), at
    values = np.where(there, np.take_along_axis(block, np.where(there, at, 0), axis=1), np.nan)
    return values, np.where(there, at + start, -1)


def _outermost(
    a: NDArray[np.float64], b: NDArray[np.float64], a_rows: NDArray[np.int64], b_rows: NDArray[np.int64], sign: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The 64 outermost of both in each row, with their row numbers."""
    values, rows = np.concatenate([a, b], axis=1), np.concatenate([a_rows, b_rows], axis=1)
    order = np.lexsort((rows, np.where(rows < 0, np.inf, -sign * values)), axis=1)[:, :TAIL_KEPT]
    return np.take_along_axis(values, order, axis=1), np.take_along_axis(rows, order, axis=1)


@dataclass(frozen=True)
class Target:
    """The column to predict, as classes or as a number, aligned with the rows of the sample. Derived.

    ``known`` marks the rows of the sample whose target is present; ``values`` has one entry for each of those: the
    number of the class (in the order of ``classes``), or the number itself.

    >>> sample = Sample.of(Batch(pl.DataFrame({"y": ["no", "yes", None, "no"]})))
    >>> target = Target.derive(sample, Asked(target="y"))
    >>> target.kind, target.classes, target.values.tolist(), target.known.tolist()
    ('classes', ('no', 'yes'), [0, 1, 0], [True, True, False, True])
    """

    name: str
    kind: Literal["classes", "number"]
    known: NDArray[np.bool_]
    values: NDArray[np.int64] | NDArray[np.float64]
    classes: tuple[str, ...]
    said: str

    @classmethod
    def derive(cls, sample: Sample, asked: Asked) -> Self:
        """The target of a sample. Raises ``CannotTell`` where none is named, ``NotApplicable`` where it is empty."""
        if asked.target is None:
            raise CannotTell("no target was named; name it with --target")
        column = sample.frame[asked.target]
        kind = kind_of(column.dtype)
        if kind == "other":
            raise NotApplicable("the target holds neither numbers nor classes")
        if column.dtype.is_float():
            column = column.fill_nan(None)
            column = column.set(column.is_infinite().fill_null(False), None)
        known = column.is_not_null().to_numpy()
        present = column.filter(pl.Series(known))
        if present.is_empty():
            raise NotApplicable("the target is missing in every row")
        if is_classes(present):
            labels = present.unique().sort()
            codes = present.replace_strict(labels, np.arange(len(labels)), return_dtype=pl.Int64).to_numpy()
            return cls(asked.target, "classes", known, codes, tuple(str(v) for v in labels), sample.said)
        numbers = floats(present) if kind == "number" else floats(present.to_physical())
        return cls(asked.target, "number", known, numbers, (), sample.said)


def is_classes(values: pl.Series) -> bool:
    """Whether a target without holes is a set of classes rather than a quantity.

    Text and booleans are classes. Whole numbers are classes while there are at most 50 of them and at least ten rows
    for each on average, or only two; more than ten must also number the classes from 0 or 1 on without a gap, or they
    are scores and counts. Everything else is a quantity.

    >>> is_classes(pl.Series(["a", "b"])), is_classes(pl.Series([0, 1, 2] * 10)), is_classes(pl.Series([0.5, 1.5] * 10))
    (True, True, False)
    """
    kind = kind_of(values.dtype)
    if kind in ("text", "bool"):
        return True
    if kind == "time":
        return False
    distinct = values.n_unique()
    if distinct > MOST_CLASSES or (distinct > 2 and len(values) < 10 * distinct):
        return False
    if values.dtype.is_float() and not bool((values == values.round(0)).all()):
        return False
    numbers = floats(values)
    low, high = float(numbers.min(initial=np.inf)), float(numbers.max(initial=-np.inf))
    return distinct <= MOST_SCATTERED or (low in (0, 1) and high == low + distinct - 1)
