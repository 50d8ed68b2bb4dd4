"""The profile of a table: each column's counts, moments, extremes and distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tearless.linear_algebra.moments import Moments
from tearless.readers.source import Batch
from tearless.statistics.facts import Kind

from .categories import Categories
from .histogram import Histogram


@dataclass(frozen=True)
class ColumnProfile:
    """One column over every row.

    ``missing`` counts null and nan, ``infinite`` +∞ and −∞. Numbers, booleans (0 and 1) and times (seconds since 1970;
    spans in seconds) have ``moments`` (of one column), ``low`` and ``high``, and a ``histogram``, all of the finite
    values; text and booleans have ``categories``. What is not kept (``--private``), or does not exist, is ``None``.
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
        """Both as one. What one of them lacks, both lack."""
        raise NotImplementedError


@dataclass(frozen=True)
class Profile:
    """Every column of a table, by its name, and the number of rows. Mergeable: a day with a day, a part with a part."""

    rows: int
    columns: Mapping[str, ColumnProfile]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The profile of one batch."""
        raise NotImplementedError

    def merge(self, later: Self) -> Self:
        """Both, as if their rows had been one table's."""
        raise NotImplementedError
