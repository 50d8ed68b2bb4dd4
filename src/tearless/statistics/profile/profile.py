"""The profile of a table: each column's counts, moments, extremes and distribution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl

from tearless.linear_algebra.facts import floats
from tearless.linear_algebra.moments import Floats, Moments
from tearless.readers.source import Batch
from tearless.statistics.facts import Kind, kind_of

from .categories import MOST_CATEGORIES, Categories
from .histogram import MOST_CELLS, Histogram

CELLS_OF_ALL = 2_000_000
"""Cells of the histograms of all columns together, 32 MB: each column of a wide table has fewer."""
CATEGORIES_OF_ALL = 250_000
FEWEST_CELLS = 256
FEWEST_CATEGORIES = 64
_SECONDS = {"ms": 1e-3, "us": 1e-6, "ns": 1e-9}


@dataclass(frozen=True)
class ColumnProfile:
    """One column over every row.

    ``missing`` counts null and nan, ``infinite`` +∞ and −∞. Numbers, booleans (0 and 1) and times (seconds since 1970,
    or since midnight; spans in seconds) have ``moments`` (of one column), ``low`` and ``high``, and a ``histogram``,
    all of the finite values; text, booleans and categories have ``categories``. What is not kept (``--private``, or too
    few values to keep a histogram), or does not exist, is ``None``.

    >>> x = Profile.of(Batch(pl.DataFrame({"x": [1.0, None, 4.0]}))).columns["x"]
    >>> both = x.merge(x)
    >>> both.kind, both.missing, both.low, both.high, both.histogram.counts.tolist()
    ('number', 2, 1.0, 4.0, [2, 2])
    """

    kind: Kind
    dtype: str
    missing: int
    infinite: int = 0
    moments: Moments | None = None
    low: float | None = None
    high: float | None = None
    histogram: Histogram | None = None
    categories: Categories | None = None

    def merge(self, later: Self) -> Self:
        """Both as one. Moments, ends and categories that one of them lacks, both lack.

        A histogram that one lacks is that of the other: it then counts fewer values than the moments. Where the columns
        are of different kinds only what is missing is known; numbers and booleans are numbers together.
        """
        moments = None
        if self.moments is not None and later.moments is not None:
            moments = self.moments.merge(later.moments)
        return self._merged(later, moments)

    def _merged(self, later: Self, moments: Moments | None) -> Self:
        """The same, with the moments of both at hand."""
        missing, infinite = self.missing + later.missing, self.infinite + later.infinite
        if self.empty or later.empty:
            return replace(later if self.empty else self, missing=missing, infinite=infinite)
        kind, dtype = _together(self, later)
        if kind is None:
            return type(self)("other", dtype, missing, infinite)
        low, high = self._ends(later)
        categories = None
        if self.categories is not None and later.categories is not None:
            categories = self.categories.merge(later.categories)
        if self.histogram is None or later.histogram is None:
            histogram = self.histogram or later.histogram
        else:
            histogram = self.histogram.merge(later.histogram)
        return type(self)(kind, dtype, missing, infinite, moments, low, high, histogram, categories)

    @property
    def empty(self) -> bool:
        """Whether it is known to hold no value at all, so that its type says nothing."""
        if self.infinite:
            return False
        if self.categories is not None:
            return self.categories.total == 0
        return self.dtype == "Null" or (self.moments is not None and float(self.moments.n[0]) == 0)

    def _ends(self, later: Self) -> tuple[float | None, float | None]:
        """The range of both; of one, where the other has no finite value."""
        known = [one for one in (self, later) if one.moments is None or one.moments.n[0] > 0]
        lows, highs = [one.low for one in known], [one.high for one in known]
        if not known or None in lows or None in highs:
            return None, None
        return min(v for v in lows if v is not None), max(v for v in highs if v is not None)


def _together(a: ColumnProfile, b: ColumnProfile) -> tuple[Kind | None, str]:
    """The kind of two columns that are merged, ``None`` where they are of different kinds, and their type."""
    dtype = a.dtype if a.dtype == b.dtype else f"{a.dtype} or {b.dtype}"
    if a.kind == b.kind:
        apart = a.kind == "time" and a.dtype != b.dtype and not {a.dtype, b.dtype} <= {"Date", "Datetime"}
        return (None if apart else a.kind), (b.dtype if a.kind == "number" else dtype)
    if {a.kind, b.kind} == {"number", "bool"}:
        return "number", a.dtype if a.kind == "number" else b.dtype
    if a.categories is not None and b.categories is not None and {a.kind, b.kind} == {"text", "other"}:
        return "text", "String"
    return None, dtype


@dataclass(frozen=True)
class Profile:
    """Every column of a table, by its name, and the number of rows. Mergeable: a day with a day, a part with a part.

    >>> day = Profile.of(Batch(pl.DataFrame({"x": [1.0, None, 4.0], "c": ["a", "b", "a"]})))
    >>> both = day.merge(day)
    >>> x, c = both.columns["x"], both.columns["c"]
    >>> both.rows, x.missing, x.moments.mean.tolist(), x.high, c.categories.counts
    (6, 2, [2.5], 4.0, {'a': 4, 'b': 2})
    """

    rows: int
    columns: Mapping[str, ColumnProfile]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The profile of one batch."""
        width = max(1, batch.frame.width)
        cells = max(FEWEST_CELLS, min(MOST_CELLS, CELLS_OF_ALL // width))
        categories = max(FEWEST_CATEGORIES, min(MOST_CATEGORIES, CATEGORIES_OF_ALL // width))
        return cls(batch.frame.height, {c.name: _column(c, cells, categories) for c in batch.frame})

    def merge(self, later: Self) -> Self:
        """Both, as if their rows had been one table's: the columns that both have, in this one's order."""
        names = [name for name in self.columns if name in later.columns]
        pairs = [(self.columns[name], later.columns[name]) for name in names]
        both = [i for i, (a, b) in enumerate(pairs) if a.moments is not None and b.moments is not None]
        moments: list[Moments | None] = [None] * len(names)
        firsts, seconds = _stacked([pairs[i][0] for i in both]), _stacked([pairs[i][1] for i in both])
        for i, one in zip(both, _apart(firsts.merge(seconds)), strict=True):
            moments[i] = one
        merged = (a._merged(b, m) for (a, b), m in zip(pairs, moments, strict=True))
        return type(self)(self.rows + later.rows, dict(zip(names, merged, strict=True)))


def _stacked(columns: Sequence[ColumnProfile]) -> Moments:
    """The moments of several columns as one: merging them so costs little for each."""
    held = [c.moments for c in columns if c.moments is not None]
    fields = ("n", "mean", "m2", "m3", "m4", "unit")
    return Moments(*(np.concatenate([getattr(m, f) for m in held]) if held else np.empty(0) for f in fields))


def _apart(moments: Moments) -> list[Moments]:
    fields = (moments.n, moments.mean, moments.m2, moments.m3, moments.m4, moments.unit)
    return [Moments(*(field[i : i + 1] for field in fields)) for i in range(len(moments.n))]


def _column(column: pl.Series, cells: int, most_categories: int) -> ColumnProfile:
    kind, empty = kind_of(column.dtype), column.null_count()
    dtype = _named(column.dtype)
    if kind in ("number", "bool", "time"):
        numbers = floats(column) if kind != "time" else _seconds(column)
        present, missing, infinite = _finite(numbers, empty)
        low, high = (float(present.min()), float(present.max())) if present.size else (None, None)
        categories = Categories.of(column.drop_nulls(), most_categories) if kind == "bool" else None
        histogram = Histogram.of(present, cells)
        return ColumnProfile(kind, dtype, missing, infinite, Moments.of([present]), low, high, histogram, categories)
    if kind == "text" or isinstance(column.dtype, pl.Categorical | pl.Enum):
        return ColumnProfile(kind, dtype, empty, categories=Categories.of(column.drop_nulls(), most_categories))
    return ColumnProfile(kind, dtype, empty)


def _named(dtype: pl.DataType) -> str:
    """The type in a word or two: never the fields, units or categories that some types have."""
    plain = dtype.is_temporal() or dtype.is_nested() or isinstance(dtype, pl.Categorical | pl.Enum)
    return type(dtype).__name__ if plain else str(dtype)


def _finite(numbers: Floats, empty: int) -> tuple[Floats, int, int]:
    """The finite values, how many cells are missing (null or nan), and how many are infinite."""
    if not numbers.size or (not empty and np.isfinite(numbers.min()) and np.isfinite(numbers.max())):
        return numbers, 0, 0
    kept = numbers[np.isfinite(numbers)]
    missing = int(np.count_nonzero(np.isnan(numbers)))
    return kept, missing, len(numbers) - missing - len(kept)


def _seconds(column: pl.Series) -> Floats:
    """Times as seconds since 1970, times of day as seconds since midnight, spans in seconds; null as nan."""
    if column.dtype == pl.Date:
        return floats(column.to_physical()) * 86_400.0
    unit = getattr(column.dtype, "time_unit", None) or "ns"
    return floats(column.to_physical()) * _SECONDS[unit]
