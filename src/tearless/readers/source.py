"""A table that can be read in batches, whatever it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import polars as pl

from tearless.core import InputError, listed

CELLS_PER_BATCH = 3_000_000
"""Cells held at once while streaming: 24 MB of float64."""
MOST_ROWS_PER_BATCH = 131_072


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive rows of a table. ``start`` is the number of the first, counted from 0."""

    frame: pl.DataFrame
    start: int = 0
    target: str | None = None
    seed: int = 0


@dataclass(frozen=True)
class Source:
    """A table to be read: its label, its columns, and words about how it had to be read."""

    label: str
    rows: pl.LazyFrame
    notes: tuple[str, ...] = ()
    path: str | None = None
    header_lines: int = 0
    """Lines of a text file before the first row, so that a row number can be turned into a line; 0 if unknown."""
    schema: pl.Schema = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", self.rows.collect_schema())

    def batches(self, target: str | None = None, seed: int = 0) -> Iterator[Batch]:
        """The rows in order, in batches that hold a bounded number of cells. At least one batch, perhaps empty."""
        size = max(64, min(MOST_ROWS_PER_BATCH, CELLS_PER_BATCH // max(1, len(self.schema))))
        start = 0
        for chunk in self.rows.collect_batches(chunk_size=size, maintain_order=True):
            for frame in chunk.iter_slices(size):
                yield Batch(frame, start, target, seed)
                start += frame.height
        if start == 0:
            yield Batch(pl.DataFrame(schema=self.schema), 0, target, seed)

    def like(self, other: Source) -> Source:
        """This table with the columns of ``other`` that it has, in its order and of its types, to compare the two."""
        common = [name for name in other.schema if name in self.schema]
        if not common:
            raise InputError(
                f"test: expected columns of the first table, got none of them; it has {listed(self.schema.names())}"
            )
        absent = [name for name in other.schema if name not in self.schema]
        extra = [name for name in self.schema if name not in other.schema]
        notes = list(self.notes)
        if absent:
            notes.append(f"the test table lacks {listed(absent)}; these columns are not compared")
        if extra:
            notes.append(f"the test table alone has {listed(extra)}; these columns are not compared")
        casts = [pl.col(n).cast(other.schema[n], strict=False) for n in common]
        return replace(self, rows=self.rows.select(casts), notes=tuple(notes))
