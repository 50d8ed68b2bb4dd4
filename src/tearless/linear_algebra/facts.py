"""A table as numbers: what is measured once about its numeric columns and shared by the checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl

from tearless.core import Asked, NotApplicable
from tearless.readers.source import Batch

from .column_blocks import column_blocks
from .column_blocks import floats as floats
from .moments import Floats, Moments
from .triangle import triangle

SAMPLE_CELLS = 16_000_000
SAMPLE_ROWS = 131_072
SURE = 8.0
"""Standard deviations of the number of rows below a ceiling: fewer than the cap have a chance of 1e-15."""
SAMPLE_SLACK = 1.4
"""How far a sample grows beyond its cap before it is trimmed: memory against the copies made."""
MOST_CHUNKS = 128
"""Pieces that a sample lies in before they are laid end to end: a very long table brings a few rows in each of many."""
_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


@dataclass(frozen=True)
class NumericColumns:
    """Every numeric column over every row: counts, moments and range of its finite values. Mergeable.

    ``null``, ``nan``, ``plus_inf`` and ``minus_inf`` are four different things and counted apart; the moments and the
    range are of the finite values alone. Arrays have one entry a column, in the order of ``names``.

    >>> found = NumericColumns.of(Batch(pl.DataFrame({"a": [1.0, None, float("nan"), float("inf"), 3.0]})))
    >>> found.null.tolist(), found.nan.tolist(), found.plus_inf.tolist(), found.moments.mean.tolist()
    ([1.0], [1.0], [1.0], [2.0])
    >>> found.merge(found).rows
    10
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
        """The counts, moments and range of one batch."""
        frame, schema = batch.frame, batch.frame.schema
        names = tuple(name for name, kind in schema.items() if kind.is_numeric())
        counts, moments = np.zeros((4, len(names))), Moments.of([np.empty(0)] * len(names))
        low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
        for at, block in column_blocks(frame, names) if frame.height else ():
            low[at], high[at] = block.min(axis=1), block.max(axis=1)
            whole = np.isfinite(low[at]) & np.isfinite(high[at])
            moments.put(at.start + np.flatnonzero(whole), Moments.of_rows(block if whole.all() else block[whole]))
            for i in np.flatnonzero(~whole):
                j, x = at.start + i, block[i]
                empty = frame[names[j]].null_count()
                counts[:, j] = empty, np.isnan(x).sum() - empty, (x == np.inf).sum(), (x == -np.inf).sum()
                x = x[np.isfinite(x)]
                low[j], high[j] = x.min(initial=np.inf), x.max(initial=-np.inf)
                moments.put(slice(j, j + 1), Moments.of([x]))
        dtypes = tuple(schema[name] for name in names)
        null, nan, plus, minus = counts
        return cls(names, dtypes, frame.height, null, nan, plus, minus, low, high, moments)

    def merge(self, later: Self) -> Self:
        """Both, as if their batches had been one."""
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


@dataclass(frozen=True)
class Sample:
    """A uniform sample of whole rows, in row order; the whole table while it has no more than the cap. Mergeable.

    Each row has a priority, a hash of its number and the seed; the rows of smallest priority are kept. So the sample
    does not depend on how the rows were cut into batches, and two samples merge into the sample of both.
    ``total`` is the number of rows seen; ``complete`` says that all of them are here.

    >>> frame = pl.DataFrame({"a": range(6)})
    >>> both = Sample.of(Batch(frame[:4])).merge(Sample.of(Batch(frame[4:], start=4)))
    >>> both.frame["a"].to_list(), both.total, both.complete
    ([0, 1, 2, 3, 4, 5], 6, True)
    """

    kept: pl.DataFrame
    number: np.ndarray[tuple[int], np.dtype[np.int64]]
    priority: np.ndarray[tuple[int], np.dtype[np.uint64]]
    total: int

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """All rows of one batch, each with its number and its priority.

        Where the table is known to hold many more rows than are kept, rows that stand no chance are dropped at once.
        """
        number = np.arange(batch.start, batch.start + batch.frame.height, dtype=np.int64)
        every = cls(batch.frame, number, _priority(number, batch.seed), batch.frame.height)
        enough = every.cap + SURE * every.cap**0.5
        if batch.total is None or batch.total <= 2 * enough:
            return every
        return every._below(np.uint64(int(2**64 * (enough / batch.total))))

    @property
    def cap(self) -> int:
        """The most rows kept: fewer for wide tables, so that the sample is bounded in cells."""
        return max(1_000, min(SAMPLE_ROWS, SAMPLE_CELLS // max(1, self.kept.width)))

    def merge(self, later: Self) -> Self:
        """The sample of both: of all their rows, those of smallest priority."""
        if len(self.number) >= self.cap:
            later = later._below(self.priority.max())
        kept = self.kept.vstack(later.kept)
        both = type(self)(
            kept.rechunk() if kept.n_chunks() > MOST_CHUNKS else kept,
            np.concatenate([self.number, later.number]),
            np.concatenate([self.priority, later.priority]),
            self.total + later.total,
        )
        return both._trimmed() if len(both.number) > SAMPLE_SLACK * both.cap else both

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
        """The same sample, at most the cap and in row order, in place: a wide one is large, and not kept twice."""
        final = self._trimmed()
        kept, number, priority = final.kept, final.number, final.priority
        if (number[1:] < number[:-1]).any():
            order = np.argsort(number)
            kept, number, priority = kept[order], number[order], priority[order]
        for name, value in {"kept": kept.rechunk(), "number": number, "priority": priority}.items():
            object.__setattr__(self, name, value)
        return self

    @property
    def frame(self) -> pl.DataFrame:
        """The sampled rows in row order."""
        return self._final.kept

    @property
    def row_numbers(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The row number of each sampled row, counted from 0."""
        return self._final.number

    @property
    def rows(self) -> int:
        return self.frame.height

    @property
    def complete(self) -> bool:
        return self.rows == self.total

    @property
    def part(self) -> str:
        """Which rows are here, where they are not all."""
        return "" if self.complete else self.said

    @property
    def said(self) -> str:
        """``all 1,309 rows`` or ``131,072 of 1,000,000 rows, drawn at random``: for the meaning of a number."""
        return f"all {self.total:,} rows" if self.complete else f"{self.rows:,} of {self.total:,} rows, drawn at random"


def _priority(
    number: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int
) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
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

    >>> frame = pl.DataFrame({"a": [1.0, 2.0, 4.0], "b": [True, False, True], "c": [5.0] * 3})
    >>> matrix = Matrix.derive(Sample.of(Batch(frame)), Asked())
    >>> matrix.names, matrix.values.tolist(), matrix.left_out
    (('a', 'b'), [[1.0, 1.0], [2.0, 0.0], [4.0, 1.0]], {'c': 'holds one value'})
    """

    names: tuple[str, ...]
    dtypes: tuple[pl.DataType, ...]
    values: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    left_out: dict[str, str]
    said: str

    @classmethod
    def derive(cls, sample: Sample, asked: Asked) -> Self:
        """The features of a sample; raises ``NotApplicable`` where none is a number or none varies."""
        frame, schema = sample.frame, sample.frame.schema
        usable = [n for n, t in schema.items() if (t.is_numeric() or t == pl.Boolean) and n != asked.target]
        if not usable:
            raise NotApplicable("the table has no numeric feature")
        columns = [floats(frame[name]) for name in usable]
        kept, rows = _kept(columns)
        left_out = {usable[j]: "holes in so many rows that too few complete rows would be left" for j in kept.left}
        x = np.empty((int(rows.sum()), len(kept.columns)), order="F")
        for i, j in enumerate(kept.columns):
            x[:, i] = columns[j] if rows.all() else columns[j][rows]
        varies = x.min(axis=0) < x.max(axis=0) if len(x) else np.zeros(x.shape[1], dtype=bool)
        left_out |= {usable[kept.columns[i]]: "holds one value" for i in np.flatnonzero(~varies)}
        names = tuple(usable[kept.columns[i]] for i in np.flatnonzero(varies))
        if not names:
            raise NotApplicable("no numeric feature varies over the complete rows")
        said = f"{len(x):,} complete rows of {sample.said}"
        return cls(names, tuple(schema[n] for n in names), x if varies.all() else x[:, varies], left_out, said)

    @property
    def n(self) -> int:
        return int(self.values.shape[0])

    @property
    def p(self) -> int:
        return int(self.values.shape[1])

    @cached_property
    def mean(self) -> Floats:
        return self._centred[0]

    @cached_property
    def std(self) -> Floats:
        """Sample standard deviation (ddof 1) of each column."""
        return np.maximum(self._centred[2] * self._centred[1], np.nextafter(0.0, 1.0))

    @cached_property
    def _centred(self) -> tuple[Floats, Floats, Floats]:
        """Mean, a power of two near the largest deviation, and the standard deviation in that unit, column by column.

        Without the unit, deviations of 1e200 would overflow when squared, and those of 1e-200 vanish.
        """
        mean, unit, std = np.empty((3, self.p))
        with np.errstate(over="ignore", under="ignore"):
            for j, x in enumerate(self.values.T):
                outer = _power_of_two(np.abs(x).max())
                y = x / outer
                centre = y[0] + (y - y[0]).mean()
                d = y - centre
                inner = _power_of_two(np.abs(d).max())
                mean[j], unit[j] = centre * outer, max(inner * outer, np.nextafter(0.0, 1.0))
                d /= inner
                std[j] = np.sqrt(np.dot(d, d) / max(1, self.n - 1)) * (inner * outer / unit[j])
        return mean, unit, std

    @cached_property
    def standardised(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """The columns with mean 0 and standard deviation 1, as they were: nothing overflows on the way."""
        mean, unit, std = self._centred
        z = np.empty_like(self.values, order="F")
        for j in range(self.p):
            z[:, j] = (self.values[:, j] / unit[j] - mean[j] / unit[j]) / std[j]
        return z

    @cached_property
    def r(self) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """The R factor of the standardised columns over √(n−1): ``r.T @ r`` is their correlation matrix.

        QR of the columns, not the correlation matrix itself: forming it squares the condition number and loses
        dependencies finer than 1e-8.
        """
        r, _ = triangle(np, self.standardised, np.empty((self.n, 0)))
        return np.asarray(r / np.sqrt(max(1, self.n - 1)), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Positions of the columns kept, in table order, and of those left out for their holes."""

    columns: list[int]
    left: list[int]


def _kept(columns: list[Floats]) -> tuple[_Kept, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """The columns that a matrix of complete rows keeps, and those rows.

    Columns enter in the order of their holes, fewest first, while the complete rows are at least a fifth of all and
    either twice the columns or four fifths of the rows: so a few holes in one column never put it out.
    """
    n = len(columns[0])
    holes: dict[int, np.ndarray[tuple[int], np.dtype[np.bool_]]] = {}
    for j, x in enumerate(columns):
        if n and not (np.isfinite(x.min()) and np.isfinite(x.max())):
            holes[j] = ~np.isfinite(x)
    rows = np.ones(n, dtype=bool)
    count, left = len(columns) - len(holes), []
    for j in sorted(holes, key=lambda j: int(holes[j].sum())):
        fewer = rows & ~holes[j]
        if fewer.sum() >= max(1, n / 5, min(0.8 * n, 2 * (count + 1))):
            rows, count = fewer, count + 1
        else:
            left.append(j)
    out = set(left)
    return _Kept([j for j in range(len(columns)) if j not in out], sorted(left)), rows


def _power_of_two(x: float) -> float:
    """The power of two at or below a magnitude; 1 for zero."""
    return float(np.ldexp(1.0, int(np.frexp(x)[1]) - 1)) if x > 0 else 1.0
