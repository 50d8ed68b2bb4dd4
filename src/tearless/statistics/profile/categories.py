"""Counts of the frequent values of a column of text or booleans. Mergeable, with a stated error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

MOST_CATEGORIES = 1_024
LONGEST = 200
"""Characters of a value that are kept."""
_BUCKETS = 65_536
_MANY = 8_192
"""Values of text beyond which the rare ones are left out before the others are counted."""


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
        if values.dtype == pl.Boolean:
            true = int(values.sum())
            counted = [("true", true), ("false", len(values) - true)]
            return cls(_ordered({value: rows for value, rows in counted if rows}), 0, 0, most)
        error = 0
        if values.dtype == pl.String and len(values) <= _MANY:
            counted = _as_kept(Counter(values.to_list()).items())
        else:
            texts, error = _frequent(_cut(values), most)
            counted = _counted(texts)
        if len(counted) > most:
            error = max(error, sorted((rows for _, rows in counted), reverse=True)[most])
        counts = {value: rows - error for value, rows in counted if rows > error}
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


def _frequent(values: pl.Series, most: int) -> tuple[pl.Series, int]:
    """Without values that come at most ``error`` times, and ``error``: 0 unless there are more values than are kept.

    Values with one hash are counted together, which is quick and never too few: what is rare together is rare alone.
    """
    if values.dtype != pl.String:
        return values, 0
    bucket = (values.hash(seed=0).to_numpy() & np.uint64(_BUCKETS - 1)).view(np.int64)
    counts = np.bincount(bucket, minlength=_BUCKETS)
    filled = counts[counts > 0]
    if len(filled) <= most:
        return values, 0
    error = int(np.sort(filled)[-most - 1])
    return values.filter(pl.Series((counts > error)[bucket])), error


def _cut(values: pl.Series) -> pl.Series:
    """Text no longer than is kept."""
    if values.dtype == pl.String and (values.str.len_bytes() > LONGEST).any():
        return values.str.slice(0, LONGEST)
    return values


def _counted(values: pl.Series) -> list[tuple[str, int]]:
    """Each value as text, with its rows."""
    counts = values.alias("value").value_counts(name="rows")
    return _as_kept(zip(counts["value"].cast(pl.String).to_list(), counts["rows"].to_list(), strict=True))


def _as_kept(counted: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Values cut to what is kept of them, those that are then equal as one."""
    counted = list(counted)
    if all(len(value) <= LONGEST for value, _ in counted):
        return counted
    found: Counter[str] = Counter()
    for value, rows in counted:
        found[value[:LONGEST]] += rows
    return list(found.items())
