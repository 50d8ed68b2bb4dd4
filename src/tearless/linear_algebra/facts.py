"""A table as numbers: what is measured once about its numeric columns and shared by the checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl

from tearless.core import Asked, NotApplicable
from tearless.readers.source import Batch

from .moments import Floats, Moments

SAMPLE_CELLS = 16_000_000
SAMPLE_ROWS = 131_072
_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


@dataclass(frozen=True)
class NumericColumns:
    """Every numeric column over every row: counts, moments and range of its finite values. Mergeable.

    ``null``, ``nan``, ``plus_inf`` and ``minus_inf`` are four different things and counted apart; the moments and the
    range are of the finite values alone. Arrays have one entry a column, in the order of ``names``.
    """

    names: tuple[str, ...]
    dtypes: tuple[pl.DataType, ...]
    rows: int
    null: Floats
    nan: Floats
    plus_inf: Floats
    minus_inf: Floats
    minimum: Floats
    maximum: Floats
    moments: Moments

    @classmethod
    def of(cls, batch: Batch) -> Self:
        frame = batch.frame
        names = tuple(name for name, kind in frame.schema.items() if kind.is_numeric())
        columns, counts = [], []
        for name in names:
            x = floats(frame[name])
            finite = np.isfinite(x)
            null = frame[name].null_count()
            if finite.all():
                counts.append((0, 0, 0, 0))
            else:
                counts.append((null, int(np.isnan(x).sum()) - null, int((x == np.inf).sum()), int((x == -np.inf).sum())))
                x = x[finite]
            columns.append(x)
        null_, nan, plus, minus = np.array(counts, dtype=np.float64).reshape(-1, 4).T
        low = np.array([x.min() if x.size else np.inf for x in columns], dtype=np.float64)
        high = np.array([x.max() if x.size else -np.inf for x in columns], dtype=np.float64)
        dtypes = tuple(frame.schema[name] for name in names)
        return cls(names, dtypes, frame.height, null_, nan, plus, minus, low, high, Moments.of(columns))

    def merge(self, later: Self) -> Self:
        return type(self)(
            self.names,
            self.dtypes,
            self.rows + later.rows,
            self.null + later.null,
            self.nan + later.nan,
            self.plus_inf + later.plus_inf,
            self.minus_inf + later.minus_inf,
            np.minimum(self.minimum, later.minimum),
            np.maximum(self.maximum, later.maximum),
            self.moments.merge(later.moments),
        )


def floats(column: pl.Series) -> Floats:
    """A numeric or boolean column as float64, null as nan. Whole numbers beyond 2⁵³ are rounded."""
    return column.cast(pl.Float64).to_numpy()


@dataclass(frozen=True)
class Sample:
    """A uniform sample of whole rows, in row order; the whole table while it has no more than the cap. Mergeable.

    Each row has a priority, a hash of its number and the seed; the rows of smallest priority are kept. So the sample
    does not depend on how the rows were cut into batches, and two samples merge into the sample of both.
    ``total`` is the number of rows seen; ``complete`` says that all of them are here.
    """

    kept: pl.DataFrame
    number: np.ndarray[tuple[int], np.dtype[np.int64]]
    priority: np.ndarray[tuple[int], np.dtype[np.uint64]]
    total: int

    @classmethod
    def of(cls, batch: Batch) -> Self:
        number = np.arange(batch.start, batch.start + batch.frame.height, dtype=np.int64)
        return cls(batch.frame, number, _priority(number, batch.seed), batch.frame.height)

    @property
    def cap(self) -> int:
        """The most rows kept: fewer for wide tables, so that the sample is bounded in cells."""
        return max(1_000, min(SAMPLE_ROWS, SAMPLE_CELLS // max(1, self.kept.width)))

    def merge(self, later: Self) -> Self:
        if len(self.number) >= self.cap:
            later = later._below(self.priority.max())
        both = type(self)(
            self.kept.vstack(later.kept),
            np.concatenate([self.number, later.number]),
            np.concatenate([self.priority, later.priority]),
            self.total + later.total,
        )
        return both._trimmed() if len(both.number) > 2 * both.cap else both

    def _below(self, ceiling: np.uint64) -> Self:
        keep = self.priority < ceiling
        return type(self)(self.kept.filter(pl.Series(keep)), self.number[keep], self.priority[keep], self.total)

    def _trimmed(self) -> Self:
        """The rows of smallest priority, at most the cap. Priorities are all different: the hash is a bijection."""
        if len(self.number) <= self.cap:
            return self
        return self._below(np.partition(self.priority, self.cap)[self.cap])

    @cached_property
    def _final(self) -> Self:
        return self._trimmed()

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The sampled rows in row order."""
        return self._final.kept[np.argsort(self._final.number)].rechunk()

    @cached_property
    def row_numbers(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The row number of each sampled row, counted from 0."""
        return np.sort(self._final.number)

    @property
    def rows(self) -> int:
        return self.frame.height

    @property
    def complete(self) -> bool:
        return self.rows == self.total

    @property
    def said(self) -> str:
        """``all 1,309 rows`` or ``131,072 of 1,000,000 rows, drawn at random``: for the meaning of a number."""
        return f"all {self.total:,} rows" if self.complete else f"{self.rows:,} of {self.total:,} rows, drawn at random"


def _priority(number: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """SplitMix64 of row number and seed (Steele, Lea and Flood, OOPSLA 2014): a bijection for a fixed seed."""
    with np.errstate(over="ignore"):
        z = (number.astype(np.uint64) + np.uint64(seed % 2**64 * _MIX[1] % 2**64)) * np.uint64(_MIX[0])
        z = (z ^ (z >> np.uint64(30))) * np.uint64(_MIX[1])
        z = (z ^ (z >> np.uint64(27))) * np.uint64(_MIX[2])
    return z ^ (z >> np.uint64(31))


@dataclass(frozen=True)
class Matrix:
    """The features as a matrix: complete rows of the sample, columns that vary. Derived.

    ``values`` has shape ``(n, p)``, float64. Numbers and booleans are columns; the target is not. A column with so many
    holes that the complete rows would be few is left out; ``left_out`` says so, column by column. A row with a hole
    (missing, nan or infinite) in any column kept is not used.
    """

    names: tuple[str, ...]
    dtypes: tuple[pl.DataType, ...]
    values: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    left_out: dict[str, str]
    said: str

    @classmethod
    def derive(cls, sample: Sample, asked: Asked) -> Self:
        frame = sample.frame
        usable = [n for n, t in frame.schema.items() if (t.is_numeric() or t == pl.Boolean) and n != asked.target]
        if not usable:
            raise NotApplicable("the table has no numeric feature")
        x = np.empty((frame.height, len(usable)), order="F")
        for j, name in enumerate(usable):
            x[:, j] = floats(frame[name])
        present = np.isfinite(x)
        order = np.argsort(-present.sum(axis=0), kind="stable")
        complete = np.logical_and.accumulate(present[:, order], axis=1).sum(axis=0)
        enough = np.maximum(frame.height / 5, np.minimum(frame.height, 2 * (np.arange(len(usable)) + 1)))
        count = int(np.max(np.flatnonzero(complete >= enough), initial=-1)) + 1
        kept = np.sort(order[:count])
        holes = "holes in so many rows that too few complete rows would be left"
        left_out = {usable[j]: holes for j in order[count:]}
        rows = present[:, kept].all(axis=1)
        x = x[np.ix_(rows, kept)] if not (rows.all() and count == len(usable)) else x
        varies = np.array([x[:, j].min() < x[:, j].max() for j in range(x.shape[1])], dtype=bool) if len(x) else np.zeros(count, bool)
        left_out |= {usable[kept[j]]: "holds one value" for j in np.flatnonzero(~varies)}
        names = tuple(usable[j] for j in kept[varies])
        if not names:
            raise NotApplicable("no numeric feature varies over the complete rows")
        said = f"{len(x):,} complete rows of {sample.said}"
        return cls(names, tuple(frame.schema[n] for n in names), x[:, varies], left_out, said)

    @property
    def n(self) -> int:
        return int(self.values.shape[0])

    @property
    def p(self) -> int:
        return int(self.values.shape[1])

    @cached_property
    def mean(self) -> Floats:
        first = self.values[0]
        mean: Floats = first + (self.values - first).mean(axis=0)
        return mean

    @cached_property
    def std(self) -> Floats:
        """Sample standard deviation (ddof 1) of each column."""
        std: Floats = np.sqrt(((self.values - self.mean) ** 2).sum(axis=0) / max(1, self.n - 1))
        return std

    @cached_property
    def r(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """The R factor of the standardised columns over √(n−1): ``r.T @ r`` is their correlation matrix.

        QR of the columns, not the correlation matrix itself: forming it squares the condition number and loses
        dependencies finer than 1e-8.
        """
        z = (self.values - self.mean) / self.std
        return np.linalg.qr(z, mode="r") / np.sqrt(max(1, self.n - 1))
