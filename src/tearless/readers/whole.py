"""A table kept whole: for results and predictions, of which every row counts and none is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import polars as pl

from .source import Batch


@dataclass(frozen=True, eq=False)
class Whole:
    """All rows of a table, in order: a fact for those who need every row of a few columns.

    >>> a, b = (Whole.of(Batch(pl.DataFrame({"x": x}))) for x in ([1, 2], [3]))
    >>> a.merge(b).frame["x"].to_list()
    [1, 2, 3]
    """

    frames: tuple[pl.DataFrame, ...]

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The rows of one batch."""
        return cls((batch.frame,))

    def merge(self, later: Self) -> Self:
        """These rows, then the later ones."""
        return type(self)(tuple(f for f in (*self.frames, *later.frames) if f.height) or self.frames)

    @cached_property
    def frame(self) -> pl.DataFrame:
        """All rows as one frame."""
        return pl.concat(self.frames)

    @property
    def rows(self) -> int:
        """How many rows there are, holes included."""
        return self.frame.height
