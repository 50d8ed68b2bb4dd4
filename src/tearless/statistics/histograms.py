"""Columns made ready to be drawn: few enough numbers, between ends that show the bulk, in bins."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import visible
from tearless.core.number import shown
from tearless.linear_algebra.facts import floats

Floats = NDArray[np.float64]

BINS = 30
MOST_ROWS = 16_384
"""Rows that a histogram is counted on; more would not move a bar by a pixel."""
LARGEST = 1e150
"""Numbers beyond are drawn here: the width of their range is no double."""
LONGEST = 24


def drawable(column: pl.Series) -> Floats:
    """The finite numbers of a column, those of at most about 16,384 rows at even distances; times as they are stored.

    >>> drawable(pl.Series([1, None, 3])).tolist()
    [1.0, 3.0]
    """
    thin = column[:: max(1, math.ceil(len(column) / MOST_ROWS))]
    x = floats(thin.to_physical() if thin.dtype.is_temporal() else thin)
    return np.clip(x[np.isfinite(x)], -LARGEST, LARGEST)


def bulk(x: Floats, below: float = 0.01, above: float = 0.01) -> tuple[float, float]:
    """The ends between which all but these shares of the numbers lie, with room between them. Shape of ``x``: ``(n,)``.

    >>> bulk(np.arange(101.0))
    (1.0, 99.0)
    """
    low, high = (float(end) for end in np.quantile(x, [below, 1 - above]))
    if low == high:
        low, high = float(x.min()), float(x.max())
    room = 0.5 * (abs(low) or 1.0) if low == high else 0.0
    return low - room, high + room


def in_bins(x: Floats, ends: tuple[float, float], bins: int = BINS) -> tuple[Floats, Floats]:
    """The middles of equal bins between two ends, and the share of all numbers in each: both (bins,).

    >>> in_bins(np.array([0.0, 0.2, 0.9, 5.0]), (0.0, 1.0), bins=2)
    (array([0.25, 0.75]), array([0.5 , 0.25]))
    """
    counts, edges = np.histogram(x, bins=bins, range=ends)
    return (edges[:-1] + edges[1:]) / 2, counts / max(1, len(x))


def named(value: object) -> str:
    """A value as the name of a category.

    >>> named(0.5), named("north"), named(True)
    ('0.5', 'north', 'true')
    """
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return visible(shown(value) if isinstance(value, float) else text, LONGEST)


def in_years(column: pl.Series) -> pl.Series:
    """Days as numbers on a calendar of years.

    >>> import datetime
    >>> in_years(pl.Series([datetime.date(2000, 1, 1)])).to_list()
    [2000.0]
    """
    days = column.dt.ordinal_day().cast(pl.Float64) - 1
    return column.dt.year().cast(pl.Float64) + days / 366
