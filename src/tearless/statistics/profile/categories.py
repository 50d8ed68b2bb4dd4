"""Counts of the frequent values of a column of text or booleans. Mergeable, with a stated error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import polars as pl

MOST_CATEGORIES = 1_024


@dataclass(frozen=True)
class Categories:
    """How often each frequent value came, and how many rows hold others.

    ``counts`` are exact while a column has at most 1,024 different values (``error`` 0); beyond that each is at most
    ``error`` too small, and a value that is not there came at most ``error`` times (Misra and Gries, Science of
    Computer Programming 2, 1982; merged as Agarwal et al., Mergeable summaries, PODS 2012). ``others`` are the rows
    whose value is not among ``counts``. Values longer than 200 characters are cut, and stand for all that begin so.
    """

    counts: Mapping[str, int]
    others: int
    error: int

    @classmethod
    def of(cls, values: pl.Series) -> Self:
        """Of text or booleans without holes."""
        raise NotImplementedError

    def merge(self, other: Self) -> Self:
        """Of both together."""
        raise NotImplementedError
