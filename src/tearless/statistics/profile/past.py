"""What earlier tables were like: the profiles that ``--against`` names, day by day and together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from tearless.core import Asked, CannotTell

from .categories import Categories
from .histogram import Histogram
from .profile import ColumnProfile, Profile

DAY_CELLS = 32
"""Cells of a column's histogram that stay of each day: half a kilobyte."""
DAY_CATEGORIES = 16


@dataclass(frozen=True, slots=True)
class DayColumn:
    """The few numbers of one column that stay when days are merged: for the history, and for how much days differ.

    ``count`` are the finite values (``None``: the column has no numbers), ``mean`` and ``std`` theirs. ``histogram``
    has at most 32 cells, ``categories`` at most the 16 commonest values. What the profile did not keep is ``None``.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> whole = Profile.of(Batch(pl.DataFrame({"x": range(100)})))
    >>> day = DayColumn.of(whole.columns["x"])
    >>> day.count, day.mean, day.histogram.total
    (100, 49.5, 100)
    """

    missing: int
    count: int | None = None
    mean: float | None = None
    std: float | None = None
    histogram: Histogram | None = None
    categories: Categories | None = None

    @classmethod
    def of(cls, column: ColumnProfile) -> Self:
        """What stays of one column of a day."""
        histogram = column.histogram.within(DAY_CELLS) if column.histogram is not None else None
        categories = _commonest(column.categories) if column.categories is not None else None
        if column.moments is None:
            return cls(column.missing, histogram=histogram, categories=categories)
        count, std = int(column.moments.n[0]), float(column.moments.std()[0])
        mean = float(column.moments.mean[0]) if count else None
        return cls(column.missing, count, mean, std if math.isfinite(std) else None, histogram, categories)

    def lacking(self, rows: int) -> int:
        """Cells of so many rows that hold no value to reckon with: empty ones, and infinite ones among numbers.

        >>> DayColumn(missing=1).lacking(10), DayColumn(missing=1, count=7).lacking(10)
        (1, 3)
        """
        return self.missing if self.count is None else max(self.missing, rows - self.count)


def _commonest(categories: Categories) -> Categories:
    """The commonest values alone; the error says how many rows the others may have."""
    if len(categories.counts) <= DAY_CATEGORIES:
        return categories
    counts = sorted(categories.counts.items(), key=lambda one: (-one[1], one[0]))
    kept = dict(counts[:DAY_CATEGORIES])
    others = sum(categories.counts.values()) + categories.others - sum(kept.values())
    return Categories(kept, others, categories.error + counts[DAY_CATEGORIES][1], DAY_CATEGORIES)


@dataclass(frozen=True, slots=True)
class Day:
    """One table that was summarized: what it was called, its rows, its columns in few numbers.

    >>> Day("monday", 3, {"x": DayColumn(missing=1)}).columns["x"].missing
    1
    """

    label: str
    rows: int
    columns: Mapping[str, DayColumn]

    @classmethod
    def of(cls, label: str, profile: Profile) -> Self:
        """What stays of a table that was summarized."""
        return cls(label, profile.rows, {name: DayColumn.of(column) for name, column in profile.columns.items()})


@dataclass(frozen=True)
class Past:
    """The days before this one, in the order in which they were named, and their profile together. Derived.

    ``whole`` has the columns that every day has; ``private`` says that it was written without values.

    >>> whole = Profile(3, {})
    >>> past = Past((Day("monday", 3, {}),), whole)
    >>> Past.derive(Asked(options={"past": past})).days[0].label
    'monday'
    """

    days: tuple[Day, ...]
    whole: Profile
    private: bool = False

    @classmethod
    def of(cls, days: Sequence[tuple[str, Profile]], private: bool = False) -> Self:
        """The past of whole profiles, each with what it is called, in order. Raises ``ValueError`` where there is none.

        >>> import polars as pl
        >>> from tearless.readers.source import Batch
        >>> profiles = [Profile.of(Batch(pl.DataFrame({"x": [1.0, 2.0]}))) for _ in range(2)]
        >>> past = Past.of([("monday", profiles[0]), ("tuesday", profiles[1])])
        >>> [day.label for day in past.days], past.whole.rows
        (['monday', 'tuesday'], 4)
        """
        if not days:
            raise ValueError("days: expected at least one profile, got none; name an earlier table")
        whole = days[0][1]
        for _, profile in days[1:]:
            whole = whole.merge(profile)
        return cls(tuple(Day.of(label, profile) for label, profile in days), whole, private)

    @classmethod
    def derive(cls, asked: Asked) -> Self:
        """What the user named. Raises ``CannotTell`` where no earlier table was named."""
        past = asked.options.get("past")
        if not isinstance(past, cls):
            raise CannotTell("no earlier table was named; name its facts with --against")
        return past
