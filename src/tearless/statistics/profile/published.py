"""What of a profile may leave the machine: no row, and with ``--private`` no value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tearless.linear_algebra.moments import Floats, Moments

from .histogram import COARSEST, Histogram
from .past import DayColumn, Past
from .profile import ColumnProfile, Profile

PUBLISHED_CELLS = 512
ROWS_PER_CELL = 10
"""Cells are at most a tenth of the values."""
FEWEST_HELD = 10
"""Rows that hold a category, or a narrow cell: fewer could be told apart."""
FEWEST_PRIVATE = 20
"""Values of a column whose mean and spread are kept with ``--private``."""
OF_ITSELF = 0.0039
"""A little less than 1/256: the cells of one level are between 1/128 and 1/256 of the values in them."""
OF_MIDDLE = 0.01


def published(profile: Profile, private: bool = False) -> Profile:
    """The profile without what would tell rows: coarser histograms, and categories that at least ten rows hold.

    With ``private`` nothing that is a value of the table is left either.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> names = pl.Series(["red"] * 30 + ["Ada"])
    >>> whole = Profile.of(Batch(pl.DataFrame({"name": names})))
    >>> kept = published(whole).columns["name"].categories
    >>> kept.counts, kept.others, kept.error
    ({'red': 30}, 1, 1)
    """
    columns = {name: _without_rows(column) for name, column in profile.columns.items()}
    if private:
        columns = {name: without_values(column) for name, column in columns.items()}
    return Profile(profile.rows, columns)


def _without_rows(column: ColumnProfile) -> ColumnProfile:
    histogram, categories = column.histogram, column.categories
    if histogram is not None and histogram.total:
        histogram = coarse(histogram)
    if categories is not None and column.kind != "bool":
        categories = categories.held_by(FEWEST_HELD)
    return replace(column, histogram=histogram, categories=categories)


def coarse(histogram: Histogram) -> Histogram | None:
    """The histogram in so few and so wide cells that none of them tells a value that few rows hold.

    At most 512 cells, and a tenth of the values. A cell that fewer than ten values fall into is no narrower than 1/256
    of the values in it, or than a hundredth of the distance between the quartiles. ``None`` for fewer than 20 values.

    >>> salaries = Histogram.of(np.r_[np.zeros(990), np.linspace(40_123.45, 90_678.91, 10)])
    >>> low, high = coarse(salaries).edges()
    >>> low[-1].tolist(), round(high[-1].tolist())
    (90624.0, 91136)
    """
    if histogram.total < 2 * ROWS_PER_CELL:
        return None
    least = OF_MIDDLE * _middle(histogram)
    some = histogram.within(min(PUBLISHED_CELLS, histogram.total // ROWS_PER_CELL))
    while some.level < COARSEST and _tells(some, least):
        some = some.coarser(some.level + 1)
    return some


def _tells(histogram: Histogram, least: float) -> bool:
    """Whether a cell is both narrow and held by few rows."""
    rare = histogram.counts < FEWEST_HELD
    low, high = (edge[rare] for edge in histogram.edges())
    with np.errstate(over="ignore"):
        width = high - low
    wide = width >= OF_ITSELF * np.maximum(np.abs(low), np.abs(high))
    return not bool(np.all(wide | ((width >= least) & (least > 0))))


def _middle(histogram: Histogram) -> float:
    """The distance between the quartiles, to a cell; 0 where more than half of the values are in one cell."""
    at = np.searchsorted(np.cumsum(histogram.counts), np.array([0.25, 0.75]) * histogram.total)
    low, high = histogram.edges()
    with np.errstate(over="ignore"):
        return float(min(low[at[1]] - high[at[0]], np.finfo(np.float64).max)) if at[0] != at[1] else 0.0


def without_values(column: ColumnProfile) -> ColumnProfile:
    """What ``--private`` keeps of a column: counts, and the mean and spread of twenty values or more that vary.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> kept = without_values(Profile.of(Batch(pl.DataFrame({"x": range(21)}))).columns["x"])
    >>> kept.moments.mean.tolist(), kept.low, kept.high, kept.histogram
    ([10.0], None, None, None)
    """
    bare = replace(column, moments=None, low=None, high=None, histogram=None, categories=None)
    moments = column.moments
    if moments is None or moments.n[0] < FEWEST_PRIVATE or not moments.m2[0] > 0:
        return bare
    unknown: Floats = np.array([np.nan])
    kept = Moments(moments.n, moments.mean, moments.m2, unknown, unknown, moments.unit)
    return replace(bare, moments=kept)


def past_without_values(past: Past) -> Past:
    """What ``--private`` keeps of the days before this one.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> past = Past.of([("monday", Profile.of(Batch(pl.DataFrame({"x": ["a", None]}))))])
    >>> day = past_without_values(past).days[0].columns["x"]
    >>> day.missing, day.categories
    (1, None)
    """
    columns = {name: without_values(column) for name, column in past.whole.columns.items()}
    days = tuple(
        replace(day, columns={name: _day_without_values(column) for name, column in day.columns.items()})
        for day in past.days
    )
    return Past(days, Profile(past.whole.rows, columns), private=True)


def _day_without_values(column: DayColumn) -> DayColumn:
    many = column.count is not None and column.count >= FEWEST_PRIVATE and bool(column.std)
    return DayColumn(column.missing, column.count, column.mean, column.std) if many else DayColumn(column.missing)
