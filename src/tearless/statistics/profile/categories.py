"""Counts of the frequent values of a column of text or booleans. Mergeable, with a stated error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import polars as pl

MOST_CATEGORIES = 1_024
LONGEST = 200
"""Characters of a value that are kept."""


@dataclass(frozen=True)
class Categories:
    """How often each frequent value came, and how many rows hold others.

    ``counts`` are exact while a column has at most ``most`` different values, 1,024 (``error`` 0); beyond that each is
    at most ``error`` too small, and a value that is not there came at most ``error`` times (Misra and Gries, Science of
    Computer Programming 2, 1982; merged as Agarwal et al., Mergeable summaries, PODS 2012). ``others`` are the rows
    that are in no count: all counts and ``others`` are the rows. Values longer than 200 characters are cut, and stand
    for all that begin so. The most frequent comes first.

    >>> some = Categories.of(pl.Series(["a", "b", "a"])).merge(Categories.of(pl.Series(["b", "b"])))
    >>> some.counts, some.others, some.error
    ({'b': 3, 'a': 2}, 0, 0)
    """

    counts: Mapping[str, int]
    others: int
    error: int
    most: int = MOST_CATEGORIES

    @classmethod
    def of(cls, values: pl.Series, most: int = MOST_CATEGORIES) -> Self:
        """Of text, booleans or categories without holes."""
        counted = values.alias("value").value_counts(name="rows")
        counted = counted.with_columns(pl.col("value").cast(pl.String))
        if (counted["value"].str.len_bytes() > LONGEST).any():
            counted = counted.with_columns(pl.col("value").str.slice(0, LONGEST))
            counted = counted.group_by("value").agg(pl.col("rows").sum())
        error = 0
        if counted.height > most:
            error = int(counted["rows"].top_k(most + 1).min())  # type: ignore[arg-type]
            counted = counted.filter(pl.col("rows") > error)
        counts = {value: rows - error for value, rows in counted.iter_rows()}
        return cls(_ordered(counts), len(values) - sum(counts.values()), error, most)

    def merge(self, other: Self) -> Self:
        """Of both together."""
        counts = dict(self.counts)
        for value, rows in other.counts.items():
            counts[value] = counts.get(value, 0) + rows
        most = min(self.most, other.most)
        cut = sorted(counts.values(), reverse=True)[most] if len(counts) > most else 0
        kept = {value: rows - cut for value, rows in counts.items() if rows > cut}
        others = self.total + other.total - sum(kept.values())
        return type(self)(_ordered(kept), others, self.error + other.error + cut, most)

    @property
    def total(self) -> int:
        return sum(self.counts.values()) + self.others

    def held_by(self, fewest: int) -> Self:
        """Only the values that at least so many rows hold; the error says how many the others may have."""
        kept = {value: rows for value, rows in self.counts.items() if rows >= fewest}
        hidden = max((rows for rows in self.counts.values() if rows < fewest), default=0)
        others = self.total - sum(kept.values())
        return type(self)(kept, others, self.error + hidden, self.most)


def _ordered(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
