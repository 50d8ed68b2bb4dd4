"""A table of Parquet files as parts: each a file or some rows of one, read by whoever the engine gives it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Self

import polars as pl

from tearless.core import InputError
from tearless.readers.parquet import quoted_path, refused, refused_words
from tearless.readers.remote.faults import Unreachable, fault_of
from tearless.readers.same_table import Folders, ParquetFile, Survey, Surveyed, frames_of, scan, scanned
from tearless.readers.source import FAULTS, ReadAgain, Source, from_frames

from .work import Work

HELD = 8
"""Results that this process holds before it merges them: the memory does not grow with the parts."""
ROWS_OF_A_PART = 4_000_000
"""Rows of one part: a file of more is cut, so that several workers can read it."""
_AT_ONCE = 16
_FEW = 32


@dataclass(frozen=True)
class Slice:
    """Some rows of one Parquet file, in the columns and types that the table's files have.

    Whoever reads it finds the credentials of its store itself: none travel. ``name`` is what the file is called within
    the table, ``folders`` what the folders that it lies in say of its rows.
    """

    file: str = field(repr=False)
    first: int
    rows: int
    schema: pl.Schema
    folders: Folders = ()
    name: str = ""

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows, in frames of the usual size.

        Raises ``InputError`` where the file is damaged, and ``Unreachable`` where its store does not answer.
        """
        rows = scan(self.file, self.schema, self.folders, self.first, self.rows)
        yield from frames_of(rows, len(self.schema), self.file)


Task = tuple[Slice, int, int]
"""What is to be read, the number of the part, and the number of its first row."""
Run = Callable[[Work, Sequence[Task]], list[bytes]]
"""An engine: ``measured`` on every task, merged to a few results by ``work.merged``."""


def measured(work: Work, task: Task) -> bytes:
    """The facts of one task: what a worker calls."""
    piece, part, start = task
    return work.of(piece.frames(), part, start)


def here(work: Work, tasks: Sequence[Task]) -> list[bytes]:
    """The engine that is none: one task after the other, in this process.

    Raises ``InputError`` where the store of a file does not answer.
    """
    told, found = "", list[bytes]()
    try:
        for task in tasks:
            found.append(measured(work, task))
            if len(found) == HELD:
                found = [work.merged(found)]
        return found
    except Unreachable as fault:
        told = str(fault)
    raise InputError(f"data: expected files that can be reached, got none in time ({told}); try again")


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
        """See ``Parts``. Raises ``InputError`` where no file is left."""
        if not self.slices:
            raise InputError(
                f"data: expected at least one file that can be read, got none in {self.label}; copy or write them again"
            )
        padded = [*starts, *[0] * (len(self.slices) - len(starts))]
        tasks = [(piece, i, start) for i, (piece, start) in enumerate(zip(self.slices, padded, strict=True))]
        return self.run_tasks(work, tasks)

    def frames(self) -> Iterator[pl.DataFrame]:
        """All rows in order."""
        for piece in self.slices:
            yield from piece.frames()

    def without(self, parts: Sequence[int]) -> tuple[Self, list[str]]:
        """The same without the files that these parts are of, and their names."""
        names = {self.slices[part].file: self.slices[part].name for part in parts}
        kept = tuple(piece for piece in self.slices if piece.file not in names)
        return replace(self, slices=kept), sorted(names.values())


def in_parts(source: Source, argument: str, run: Run = here, skip_unreadable: bool = False) -> Source:
    """A table of Parquet files, to be measured file by file by an engine.

    Raises ``InputError`` where it is no table of Parquet files, and where one cannot be read or is of another table
    (left out, and said, with ``skip_unreadable``). A single file that this process reads stays as it is: nothing would
    be left.
    """
    if not isinstance(source.files, Surveyed):
        raise InputError(
            f"{argument}: expected Parquet files (a file, a folder, a glob), got {source.label}; only those can be "
            "read in parts: write the table as Parquet, or leave out --engine and --skip-unreadable"
        )
    survey = source.files.survey
    slices, uncounted = _slices(survey, argument, source.label)
    unread = (*survey.unread, *uncounted)
    bad = (*unread, *survey.others)
    if bad and not skip_unreadable:
        raise refused(bad, argument, source.label)
    if not slices:
        raise InputError(
            f"{argument}: expected Parquet files that can be read, got {source.label}, where none of "
            f"{len(survey.files) + len(survey.refused):,} can: {refused_words(bad)}; copy or write them again"
        )
    if run is here and len(survey.files) + len(survey.refused) == 1:
        return source
    parts = FileParts(slices, source.label, survey.schema, run)
    notes = (*source.notes, *map(left_out, unread), *map(_other, survey.others))
    made = replace(source, parts=parts, notes=notes, skip_unreadable=skip_unreadable)
    return _whole_files(made, parts, argument) if skip_unreadable else made


def left_out(file: tuple[str, str]) -> str:
    """The words about a file that is left out as a whole."""
    return f"left out, for it cannot be read: {quoted_path(file[0])} ({file[1]})"


def _other(file: tuple[str, str]) -> str:
    return f"left out, for it is of another table: {quoted_path(file[0])} ({file[1]})"


def _slices(survey: Survey, argument: str, label: str) -> tuple[tuple[Slice, ...], list[tuple[str, str]]]:
    """The files cut into parts, and those that cannot even be counted."""
    counts = _counts(survey.files)
    slices: list[Slice] = []
    bad = []
    for file, rows in zip(survey.files, counts, strict=True):
        if isinstance(rows, Unreachable):
            raise InputError(
                f"{argument}: expected Parquet files that can be reached, got {label}, with {quoted_path(file.name)} "
                f"({rows}); try again"
            )
        if isinstance(rows, str):
            bad.append((file.name, rows))
            continue
        for first in range(0, max(1, rows), ROWS_OF_A_PART):
            few = min(ROWS_OF_A_PART, rows - first)
            slices.append(Slice(file.file, first, few, survey.schema, file.folders, file.name))
    return tuple(slices), bad


def _counts(files: Sequence[ParquetFile]) -> list[int | str | Unreachable]:
    """The rows of each file by its footer, or why they cannot be told."""
    if len(files) < _FEW and not any("://" in one.file for one in files):
        return [_count(one.file) for one in files]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda one: _count(one.file), files))


def _count(file: str) -> int | str | Unreachable:
    try:
        return int(scanned(file).select(pl.len()).collect().item())
    except FAULTS as error:
        fault = fault_of(error, file)
    return Unreachable(fault.reason) if fault.passing else f"damaged or cut short: {fault.reason}"


def _whole_files(source: Source, parts: FileParts, argument: str) -> Source:
    """The same whose rows, where they are brought here, come from whole files alone.

    Where a file turns out to be damaged in its middle, all are looked through, and the table is read again without the
    damaged ones.
    """

    def frames() -> Iterator[pl.DataFrame]:
        told = ""
        for piece in parts.slices:
            try:
                yield from map(made, piece.frames())
            except (InputError, Unreachable) as fault:
                told = str(fault)
            if told:
                raise ReadAgain(_without_damaged(source, parts, argument))

    def made(frame: pl.DataFrame) -> pl.DataFrame:
        for step in source.select:
            frame = frame.select(step)
        return frame

    return replace(source, frames=frames, rows=from_frames(frames, source.schema))


def _without_damaged(source: Source, parts: FileParts, argument: str) -> Source:
    """The table without every file that cannot be read to its end. Raises ``InputError`` where none is left."""
    bad: dict[str, tuple[str, str]] = {}
    for piece in parts.slices:
        told = None
        try:
            for _ in piece.frames():
                continue
        except InputError as fault:
            bad[piece.file] = (piece.name, f"damaged or cut short: {fault}")
        except Unreachable as fault:
            told = f"{argument}: expected files that can be reached, got {quoted_path(piece.name)} ({fault}); try again"
        if told:
            raise InputError(told)
    kept = replace(parts, slices=tuple(piece for piece in parts.slices if piece.file not in bad))
    if not kept.slices:
        raise InputError(
            f"{argument}: expected Parquet files that can be read, got {source.label}, where none can: "
            f"{refused_words(bad.values())}; copy or write them again"
        )
    again = replace(source, parts=kept, notes=(*source.notes, *map(left_out, bad.values())))
    return _whole_files(again, kept, argument)
