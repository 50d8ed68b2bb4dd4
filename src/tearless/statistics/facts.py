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
from tearless.linear_algebra.facts import Sample, floats
from tearless.readers.source import Batch

from .missingness import missing_cells
from .tails import largest

Kind = Literal["number", "text", "bool", "time", "other"]
DISTINCT_KEPT = 1_024
HASHES_KEPT = 524_288
MOST_CLASSES = 50
MOST_SCATTERED = 10
TAIL_KEPT = 64
CELLS_HASHED = 250_000
"""Hashes held at once, 2 MB, while the smallest are looked for."""


def kind_of(dtype: pl.DataType) -> Kind:
    """What a column holds, as far as checks care."""
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
    """

    names: tuple[str, ...]
    dtypes: tuple[pl.DataType, ...]
    rows: int
    missing: NDArray[np.int64]
    hashes: tuple[NDArray[np.uint64], ...]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        missing, hashes = [], []
        for column, hashed in _with_hashes(batch.frame):
            values = hashed.to_numpy()
            count = column.null_count()
            if column.dtype.is_float() or count:
                empty = missing_cells(column).to_numpy()
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
        pairs = zip(self.hashes, later.hashes, strict=True)
        hashes = (np.union1d(a, b)[:DISTINCT_KEPT] for a, b in pairs)
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
        low = np.unique(hashes[hashes < np.uint64(int(2**64 * (1.5 * DISTINCT_KEPT / len(hashes))))])
        if len(low) >= DISTINCT_KEPT:
            return low[:DISTINCT_KEPT]
        hashes = pl.Series(hashes).unique().to_numpy()
    return np.unique(hashes)[:DISTINCT_KEPT]


def _distinct(smallest: NDArray[np.uint64]) -> float:
    k = len(smallest)
    return float(k) if k < DISTINCT_KEPT else (k - 1) / (float(smallest[-1]) / 2.0**64)


_Entries = tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]
"""Hashes of the features, hashes of the target, first rows, counts: one entry for some equal rows."""


@dataclass(frozen=True)
class RowHashes:
    """A 64-bit hash of the features and one of the target, of every row or of a share of the distinct rows. Mergeable.

    Entry ``i`` stands for ``count[i]`` equal rows, of which ``first[i]`` is the row number of the first. Rows with
    equal features have equal hashes, so keeping the smallest hashes keeps whole groups of equal rows: the duplicates
    among them are all there. ``share`` is the share of hash values kept, 1 while all are. Two different rows share a
    hash by chance with probability n²/2⁶⁵: 3e-8 at a million rows. ``parts`` are the entries, as they came.
    """

    parts: tuple[_Entries, ...]
    total: int
    ceiling: int = 2**64

    @classmethod
    def of(cls, batch: Batch) -> Self:
        frame = batch.frame
        features = frame.drop(batch.target) if batch.target else frame
        target = frame[batch.target].hash(seed=1).to_numpy() if batch.target else np.zeros(frame.height, np.uint64)
        hashed = features.hash_rows(seed=0).to_numpy() if features.width else np.zeros(frame.height, np.uint64)
        number = np.arange(batch.start, batch.start + frame.height, dtype=np.int64)
        return cls(((hashed, target, number, np.ones(frame.height, np.int64)),), frame.height)

    @property
    def features(self) -> NDArray[np.uint64]:
        return self._joined()[0]

    @property
    def target(self) -> NDArray[np.uint64]:
        return self._joined()[1]

    @property
    def first(self) -> NDArray[np.int64]:
        return self._joined()[2]

    @property
    def count(self) -> NDArray[np.int64]:
        return self._joined()[3]

    def _joined(self) -> _Entries:
        """The entries of all parts, laid end to end once: were it done in every merge, long tables would cost n²."""
        if len(self.parts) > 1:
            f, t, first, count = zip(*self.parts, strict=True)
            joined = (np.concatenate(f), np.concatenate(t), np.concatenate(first), np.concatenate(count))
            object.__setattr__(self, "parts", (joined,))
        return self.parts[0]

    def merge(self, later: Self) -> Self:
        ceiling = min(self.ceiling, later.ceiling)
        parts = (*self._below(ceiling).parts, *later._below(ceiling).parts)
        both = type(self)(parts, self.total + later.total, ceiling)
        if sum(len(part[0]) for part in parts) <= 2 * HASHES_KEPT:
            return both
        both = both.grouped()
        while len(both.features) > HASHES_KEPT:
            both = both._below(both.ceiling // 2)
        return both

    def grouped(self) -> Self:
        """The same rows with equal ones counted together, in the order of their first."""
        features, target, first, count = self._joined()
        if _all_differ(features) and (first[1:] > first[:-1]).all():
            return self
        order = np.lexsort((first, target, features))
        f, t = features[order], target[order]
        if not len(f):
            return self
        starts = np.flatnonzero(np.r_[True, (f[1:] != f[:-1]) | (t[1:] != t[:-1])])
        counts = np.add.reduceat(count[order], starts)
        first = first[order][starts]
        back = np.argsort(first)
        return type(self)(((f[starts][back], t[starts][back], first[back], counts[back]),), self.total, self.ceiling)

    def settled(self) -> Self:
        """The same however the rows were cut and merged: untouched while none can have been thinned, else alike.

        Any part is thinned only where it holds too many hashes below its ceiling, so the ceiling of the whole, the
        highest power of two that leaves few enough, is never above that of a part.
        """
        if self.total <= 2 * HASHES_KEPT:
            return self
        settled = self.grouped()
        while len(settled.features) > HASHES_KEPT:
            settled = settled._below(settled.ceiling // 2)
        return settled

    def _below(self, ceiling: int) -> Self:
        if ceiling >= self.ceiling:
            return self
        return type(self)(tuple(_entries_below(part, ceiling) for part in self.parts), self.total, ceiling)

    @property
    def share(self) -> float:
        return self.ceiling / 2.0**64


def _all_differ(values: NDArray[np.uint64]) -> bool:
    ordered = np.sort(values)
    return bool((ordered[1:] != ordered[:-1]).all())


def _entries_below(entries: _Entries, ceiling: int) -> _Entries:
    f, t, first, count = entries
    keep = f < np.uint64(ceiling)
    return f[keep], t[keep], first[keep], count[keep]


@dataclass(frozen=True)
class Tails:
    """The 64 largest and 64 smallest finite values of every numeric column over every row, with their rows. Mergeable.

    Arrays have shape ``(p, 64)``, in the order of ``names``, the most extreme first and of equal values the earlier row
    first. Where a column has fewer finite values the rest is nan, with row −1.
    """

    names: tuple[str, ...]
    high: NDArray[np.float64]
    high_rows: NDArray[np.int64]
    low: NDArray[np.float64]
    low_rows: NDArray[np.int64]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        names = tuple(name for name, kind in batch.frame.schema.items() if kind.is_numeric())
        high, low = np.full((2, len(names), TAIL_KEPT), np.nan)
        high_rows, low_rows = np.full((2, len(names), TAIL_KEPT), -1, dtype=np.int64)
        for j, name in enumerate(names):
            x = floats(batch.frame[name])
            at = largest(x, TAIL_KEPT)
            high[j, : len(at)], high_rows[j, : len(at)] = x[at], at + batch.start
            at = largest(-x, TAIL_KEPT)
            low[j, : len(at)], low_rows[j, : len(at)] = x[at], at + batch.start
        return cls(names, high, high_rows, low, low_rows)

    def merge(self, later: Self) -> Self:
        high = _outermost(self.high, later.high, self.high_rows, later.high_rows, 1.0)
        low = _outermost(self.low, later.low, self.low_rows, later.low_rows, -1.0)
        return type(self)(self.names, *high, *low)


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
    """

    name: str
    kind: Literal["classes", "number"]
    known: NDArray[np.bool_]
    values: NDArray[np.int64] | NDArray[np.float64]
    classes: tuple[str, ...]
    said: str

    @classmethod
    def derive(cls, sample: Sample, asked: Asked) -> Self:
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
