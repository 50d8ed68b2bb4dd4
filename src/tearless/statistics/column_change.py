"""One column in two tables: how its values, and the share of its empty cells, changed from the first to the second."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import Number, quoted, visible
from tearless.core.number import shown
from tearless.linear_algebra.facts import Sample, floats

from .facts import DISTINCT_KEPT, Columns
from .two_sample import fisher_chance, gap_chance, homogeneity_chance, largest_gap, total_variation

Floats = NDArray[np.float64]
Filled = Floats | pl.Series
COMMONEST = 30
"""Classes compared one by one; the rest are compared together. So many add at most 0.03 of noise at 16,384 rows."""
FEWEST_FOR_A_RANGE = 10
"""Different values below which a column has no range worth the name."""
REPEATS_EXPECTED = 20.0
"""Repeats that chance would have made: none has then a chance below e⁻²⁰ = 2e-9."""


@dataclass(frozen=True, slots=True)
class Change:
    """How one column changed: by how much, how often chance alone does as much, and in words.

    ``size`` is the share of rows that would have to be others for the two tables to agree; ``before`` and ``after`` are
    what the words compare, in ``unit``. ``beyond`` is how far the second table's median lies outside the range of the
    first, in such ranges; ``more`` is further evidence.

    Made by ``value_change``, ``missing_change`` and ``joint_change``: ``said`` is the change in words, ``meaning`` what
    ``before`` and ``after`` are.
    """

    size: float
    chance: float
    said: str
    before: float
    after: float
    unit: str
    meaning: str
    beyond: float = 0.0
    more: Mapping[str, Number] = field(default_factory=dict)


def filled(column: pl.Series) -> Filled:
    """The cells of a column that are not empty (null or nan): numbers as float64, everything else as it is.

    >>> filled(pl.Series([1.0, None, float("nan")])).tolist()
    [1.0]
    """
    if not column.dtype.is_numeric():
        return column.drop_nulls()
    x = floats(column)
    empty = np.isnan(x)
    return x[~empty] if empty.any() else x


def missing_change(missing_first: int, rows_first: int, missing_second: int, rows_second: int) -> Change | None:
    """The change in the share of empty cells, with Fisher's exact chance; ``None`` where no cell is empty.

    >>> missing_change(1, 4, 2, 4).said
    'is empty in 25 % of the training rows, in 50 % of the test rows'
    """
    if not missing_first and not missing_second:
        return None
    before, after = missing_first / max(1, rows_first), missing_second / max(1, rows_second)
    said = f"is empty in {shown(before, 'share')} of the training rows, in {shown(after, 'share')} of the test rows"
    chance = fisher_chance(missing_first, rows_first, missing_second, rows_second)
    return Change(abs(after - before), chance, said, before, after, "share", "share of rows whose cell is empty")


def value_change(first: Filled, second: Filled) -> Change | None:
    """The change in a column's filled cells; ``None`` where either has none, or the column is no quantity or class.

    Numbers of more than two values are compared by the largest gap between their distribution functions, everything
    else by its classes: the 30 commonest, and the rest together.

    >>> value_change(np.array([1.0, 2.0, 3.0]), np.array([7.0, 8.0, 9.0])).said
    'moved up: median 2 in training, 8 in test'
    """
    if not len(first) or not len(second):
        return None
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        low, high = min(first.min(), second.min()), max(first.max(), second.max())
        if not all(((x == low) | (x == high)).all() for x in (first, second)):
            return _of_numbers(first, second)
    return _of_classes(pl.Series(first), pl.Series(second)) if comparable(pl.Series(first[:1]).dtype) else None


def comparable(dtype: pl.DataType) -> bool:
    """Whether a column holds quantities or classes: numbers, booleans, text. Times differ in any two tables.

    >>> comparable(pl.Int64()), comparable(pl.String()), comparable(pl.Date())
    (True, True, False)
    """
    return dtype.is_numeric() or dtype == pl.Boolean or dtype in (pl.String, pl.Categorical, pl.Enum)


def is_running_number(values: Filled) -> bool:
    """Whether whole numbers never repeat although chance would have made at least 20 repeats: they number the rows.

    n draws from a span of s numbers repeat about n²/(2s) times, or oftener where some numbers are likelier.

    >>> is_running_number(np.arange(100.0)), is_running_number(np.array([3.0, 1.0, 2.0]))
    (True, False)
    """
    if not isinstance(values, np.ndarray) or len(values) < 2:
        return False
    low, high = float(values.min()), float(values.max())
    if not max(-low, high) < 2.0**53 or len(values) ** 2 / (2 * (high - low + 1)) < REPEATS_EXPECTED:
        return False
    x = np.sort(values)
    return bool((x == np.floor(x)).all() and (x[1:] != x[:-1]).all())


def class_counts(first: pl.Series, second: pl.Series) -> tuple[pl.Series, NDArray[np.int64], NDArray[np.int64]]:
    """The classes of two columns without empty cells, in order, and how many rows of each hold them.

    >>> levels, first, second = class_counts(pl.Series(["a", "b", "a"]), pl.Series(["b", "c"]))
    >>> levels.to_list(), first.tolist(), second.tolist()
    (['a', 'b', 'c'], [2, 1, 0], [0, 1, 1])
    """
    a, b = plain(first).alias("level"), plain(second).alias("level")
    counts = (
        pl.concat([a.to_frame().with_columns(second=False), b.to_frame().with_columns(second=True)])
        .group_by("level")
        .agg(first=(~pl.col("second")).sum(), second=pl.col("second").sum())
        .sort("level")
    )
    return counts["level"], counts["first"].to_numpy().astype(np.int64), counts["second"].to_numpy().astype(np.int64)


def known_in_table(
    columns: Columns, sample: Sample, name: str, levels: pl.Series, counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], bool]:
    """Counts of the classes in the sample, 1 where only the rest of the table has the class; and whether that is exact.

    Of up to 1,023 classes the table's hashes are all kept, so a class outside the sample is known; of more it is not.

    ``levels`` and ``counts`` have one entry a class, shape ``(k,)``, as has the result.

    >>> from tearless.readers.source import Batch
    >>> table = Batch(pl.DataFrame({"x": ["a", "b", "a"]}))
    >>> known_in_table(Columns.of(table), Sample.of(table), "x", pl.Series(["a", "b", "c"]), np.array([2, 1, 0]))
    (array([2, 1, 0]), True)
    """
    hashes = columns.hashes[columns.names.index(name)]
    if sample.complete or len(hashes) >= DISTINCT_KEPT or sample.frame[name].dtype in (pl.Categorical, pl.Enum):
        return counts, sample.complete
    return np.where(np.isin(levels.hash(seed=0).to_numpy(), hashes), np.maximum(counts, 1), counts), True


def commonest_named(levels: pl.Series, counts: NDArray[np.int64], most: int = 4) -> str:
    """The classes of the highest counts by name; the rest that are there at all are counted.

    ``levels`` and ``counts`` have one entry a class, shape (k,).

    >>> commonest_named(pl.Series(["a", "b", "c"]), np.array([0, 5, 7]), most=1)
    '`c` and 1 more'
    """
    there = int((counts > 0).sum())
    order = np.argsort(-counts, kind="stable")[: min(most, there)]
    named = ", ".join(quoted(visible(str(levels[int(i)]), 24)) for i in order)
    return named + (f" and {there - len(order):,} more" if there > len(order) else "")


def plain(column: pl.Series) -> pl.Series:
    """A column of categories as text; others as they are.

    >>> plain(pl.Series(["a", "b"], dtype=pl.Categorical)).dtype
    String
    """
    return column.cast(pl.String) if column.dtype in (pl.Categorical, pl.Enum) else column


def _of_numbers(x: Floats, y: Floats) -> Change:
    gap = largest_gap(x, y)
    low, high = _median(x), _median(y)
    up = gap.below_second < gap.below_first
    if math.isfinite(low) and math.isfinite(high) and shown(low) != shown(high) and (high > low) == up:
        said = f"moved {'up' if up else 'down'}: median {shown(low)} in training, {shown(high)} in test"
    else:
        at = shown(gap.at) if math.isfinite(gap.at) else f"{gap.at:g}"
        shares = shown(gap.below_first, "share"), shown(gap.below_second, "share")
        said = (
            f"is spread otherwise: {shares[0]} of the training rows and {shares[1]} of the test rows are at most {at}"
        )
    chance = gap_chance(gap.distance, len(x), len(y))
    return Change(gap.distance, chance, said, low, high, "column unit", "median of the filled cells", _beyond(x, high))


def _median(x: Floats) -> float:
    """The lower middle value: a value of the column, so that infinities cannot cancel."""
    middle = (len(x) - 1) // 2
    return float(np.partition(x, middle)[middle])


def _beyond(x: Floats, median: float) -> float:
    inside = x[np.isfinite(x)]
    if not math.isfinite(median) or len(np.unique(inside[:1000])) < FEWEST_FOR_A_RANGE:
        return 0.0
    low, high = float(inside.min()), float(inside.max())
    outside = max(low - median, median - high, 0.0)
    return outside / (high - low) if math.isfinite(outside) and math.isfinite(high - low) else 0.0


def _of_classes(first: pl.Series, second: pl.Series) -> Change:
    levels, a, b = class_counts(first, second)
    order = np.argsort(-(a + b), kind="stable")
    top, rest = order[:COMMONEST], order[COMMONEST:]
    x, y = np.r_[a[top], a[rest].sum()], np.r_[b[top], b[rest].sum()]
    before, after = x / x.sum(), y / y.sum()
    most = int(np.argmax(np.abs(after - before)))
    which = quoted(_level(levels[int(top[most])])) if most < len(top) else "all but the 30 commonest values"
    said = f"holds {which} in {shown(before[most], 'share')} of the training rows, in {shown(after[most], 'share')} "
    return Change(
        total_variation(x, y),
        homogeneity_chance(x, y),
        said + "of the test rows",
        float(before[most]),
        float(after[most]),
        "share",
        f"share of filled cells that hold {which}",
    )


def _level(value: object) -> str:
    return shown(value) if isinstance(value, float) and math.isfinite(value) else visible(str(value), 40)
