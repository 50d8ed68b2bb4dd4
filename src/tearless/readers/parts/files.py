"""A table of Parquet files as parts: each a file or some rows of one, read by whoever the engine gives it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import polars as pl

from tearless.core import InputError, visible
from tearless.readers.source import FAULTS, Source, batch_rows, unreadable

from .work import Work

ROWS_OF_A_PART = 4_000_000
"""Rows of one part: a file of more is cut, so that several workers can read it."""


@dataclass(frozen=True)
class Slice:
    """Some rows of one Parquet file, in the columns and types that the table's files have."""

    file: str
    first: int
    rows: int
    schema: pl.Schema

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows, in frames of the usual size."""
        scan = pl.scan_parquet([self.file], schema=self.schema, hive_partitioning=False, glob=False)
        rows = scan.slice(self.first, self.rows)
        yield from rows.collect_batches(chunk_size=batch_rows(len(self.schema)), maintain_order=True)


Task = tuple[Slice, int, int]
"""What is to be read, the number of the part, and the number of its first row."""
Run = Callable[[Work, Sequence[Task]], list[bytes]]
"""An engine: ``measured`` on every task, merged to a few results by ``work.merged``."""


def measured(work: Work, task: Task) -> bytes:
    """The facts of one task: what a worker calls."""
    piece, part, start = task
    return work.of(piece.frames(), part, start)


def here(work: Work, tasks: Sequence[Task]) -> list[bytes]:
    """The engine that is none: one task after the other, in this process."""
    return [measured(work, task) for task in tasks]


@dataclass(frozen=True)
class FileParts:
    """Parquet files of one table; ``run`` is the engine that measures them."""

    slices: tuple[Slice, ...]
    label: str
    schema: pl.Schema
    run_tasks: Run = here

    def counted(self) -> list[int]:
        """The rows of each part, as the footers of the files say."""
        return [piece.rows for piece in self.slices]

    def run(self, work: Work, starts: Sequence[int]) -> list[bytes]:
        """See ``Parts``."""
        padded = [*starts, *[0] * (len(self.slices) - len(starts))]
        tasks = [(piece, i, start) for i, (piece, start) in enumerate(zip(self.slices, padded, strict=True))]
        return self.run_tasks(work, tasks)

    def frames(self) -> Iterator[pl.DataFrame]:
        """All rows in order."""
        for piece in self.slices:
            yield from piece.frames()

    def without(self, parts: Sequence[int]) -> tuple[Self, list[str]]:
        """The same without the files that these parts are of, and their names."""
        files = {self.slices[part].file for part in parts}
        kept = tuple(piece for piece in self.slices if piece.file not in files)
        return replace(self, slices=kept), sorted(files)


def in_parts(source: Source, argument: str, run: Run = here, skip_unreadable: bool = False) -> Source:
    """A table of Parquet files, to be measured file by file by an engine.

    Raises ``InputError`` where it is no table of Parquet files, and where a file's footer cannot be read (left out, and
    said, with ``skip_unreadable``).
    """
    if not source.files:
        raise InputError(
            f"{argument}: expected Parquet files (a file, a folder, a glob), got {source.label}; only those can be "
            "read in parts: write the table as Parquet, or leave out --engine and --skip-unreadable"
        )
    schema = pl.scan_parquet(list(source.files[:1]), hive_partitioning=False, glob=False).collect_schema()
    slices: list[Slice] = []
    notes = []
    for file in source.files:
        try:
            rows = pl.scan_parquet([file], glob=False, hive_partitioning=False).select(pl.len()).collect().item()
        except FAULTS as fault:
            if not skip_unreadable:
                raise unreadable(argument, visible(str(file), 120), fault) from None
            notes.append(f"left out, for it cannot be read: {visible(str(file), 120)}")
            continue
        cuts = range(0, max(1, rows), ROWS_OF_A_PART)
        slices += [Slice(str(file), first, min(ROWS_OF_A_PART, rows - first), schema) for first in cuts]
    parts = FileParts(tuple(slices), source.label, schema, run)
    return replace(source, parts=parts, notes=(*source.notes, *notes), skip_unreadable=skip_unreadable)
