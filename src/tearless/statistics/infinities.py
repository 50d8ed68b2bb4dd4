"""Where the infinities stand: the first rows of each column that hold one, over every row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from tearless.readers.source import Batch

ROWS_KEPT = 10


@dataclass(frozen=True)
class Infinities:
    """The numbers of the first ten rows that hold +∞ or −∞, column by column, in order. Mergeable.

    >>> import polars as pl
    >>> found = Infinities.of(Batch(pl.DataFrame({"a": [1.0, float("inf"), float("-inf")]}), start=10))
    >>> found.first
    {'a': (11, 12)}
    """

    first: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The first rows of one batch."""
        floats = [name for name, kind in batch.frame.schema.items() if kind.is_float()]
        return cls({name: _where(batch.frame[name], batch.start) for name in floats})

    def merge(self, later: Self) -> Self:
        """The first rows of both, whichever comes first."""
        both = {name: sorted(rows + later.first[name])[:ROWS_KEPT] for name, rows in self.first.items()}
        return type(self)({name: tuple(rows) for name, rows in both.items()})


def _where(column: pl.Series, start: int) -> tuple[int, ...]:
    infinite = np.isinf(column.to_numpy())
    if not infinite.any():
        return ()
    return tuple((start + np.flatnonzero(infinite)[:ROWS_KEPT]).tolist())
