"""A table that can be read in batches, whatever it came from."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import polars as pl
from polars.io.plugins import register_io_source

from tearless.core import InputError, listed, visible

CELLS_PER_BATCH = 3_000_000
"""Cells held at once while streaming: 24 MB of float64."""
WIDE_CELLS = 8_000_000
"""The same for wide tables: what is done once a column and batch, whatever its rows, would otherwise be most of it."""
WIDE_ROWS = 2_048
MOST_ROWS_PER_BATCH = 131_072
FAULTS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, EOFError, zlib.error)
"""What a damaged file raises while it is read."""

Frames = Callable[[], Iterator[pl.DataFrame]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some consecutive rows of a table. ``start`` is the number of the first, counted from 0.

    ``total`` is the number of rows of the whole table, where it is known before it is read.
    """

    frame: pl.DataFrame
    start: int = 0
    target: str | None = None
    seed: int = 0
    total: int | None = None


class ReadAgain(Exception):
    """Raised by ``Source.batches`` where a late row shows that the table must be read otherwise: with ``source``.

    It comes at most twice for one table (its encoding, its types). What was measured until then is void.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source.label)
        self.source = source


@dataclass
class Learned:
    """What only reading shows: whether each row read so far was one line of the file."""

    rows_are_lines: bool = True


def _as_it_is(source: Source) -> Source:
    return source


class Parts(Protocol):
    """A table in parts: what an engine (or a list of files) can do. Parts are numbered from 0, in the order of rows."""

    @property
    def label(self) -> str:
        """What the table is, in words: ``a Dask DataFrame of 12 partitions``."""

    @property
    def schema(self) -> pl.Schema:
        """The columns of the frames that ``frames`` yields and workers see."""

    def counted(self) -> list[int] | None:
        """The rows of each part where that costs little (a footer, a length); else ``None``: they are counted."""

    def run(self, work: Any, starts: Sequence[int]) -> list[bytes]:
        """``work.of`` (a ``parts.work.Work``) on every part, merged by ``work.merged`` on the workers to a few results.

        ``starts[i]`` is the number of the first row of part i; a part beyond its end starts at 0 (its rows are being
        counted). Raises ``InputError``, in words, where the engine itself fails.
        """

    def frames(self) -> Iterator[pl.DataFrame]:
        """All rows in order, brought here one frame after the other, for what cannot be measured elsewhere."""

    def without(self, parts: Sequence[int]) -> tuple[Self, list[str]] | None:
        """The same without these parts (of files: without the files they are of) and their names; ``None``: it has
        none to leave out."""


@dataclass(frozen=True)
class Source:
    """A table to be read: its label, its columns, and ``notes``, words about how it had to be read.

    ``rows`` is the whole table, unread; ``frames``, where the reader cuts the table itself, yields the same rows.
    """

    label: str
    rows: pl.LazyFrame
    notes: tuple[str, ...] = ()
    path: str | None = None
    lines_before: int = 0
    """Lines of a text file before the first row; 0 where rows are not lines."""
    argument: str = "data"
    frames: Frames | None = None
    once: bool = False
    """Whether the rows can be read but once, as they come."""
    learned: Learned = field(default_factory=Learned)
    again: Callable[[Source], Source] = _as_it_is
    """What was made of the table as its file has it, to be made again where the file must be read otherwise."""
    files: tuple[str, ...] = ()
    """The files of a table of Parquet, whose rows follow one another; empty for others."""
    parts: Parts | None = None
    """Where the table lies in parts that are measured where they lie: ``select`` brings their frames to ``schema``."""
    select: tuple[tuple[pl.Expr, ...], ...] = ()
    skip_unreadable: bool = False
    """Whether files of a table in parts that cannot be read are left out, and said, instead of refused."""
    schema: pl.Schema = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", self.rows.collect_schema())

    @property
    def header_lines(self) -> int:
        """Lines before the first row, so that row k, counted from 0, is line ``header_lines + k + 1``; 0 if unknown."""
        return self.lines_before if self.learned.rows_are_lines else 0

    def batches(self, target: str | None = None, seed: int = 0) -> Iterator[Batch]:
        """The rows in order, in batches that hold a bounded number of cells. At least one batch, perhaps empty.

        Raises ``InputError`` where the table cannot be read to its end, and ``ReadAgain``.
        """
        size = batch_rows(len(self.schema))
        start = 0
        try:
            chunks = self.frames() if self.frames else self.rows.collect_batches(chunk_size=size, maintain_order=True)
            for chunk in chunks:
                for frame in chunk.iter_slices(size):
                    yield Batch(frame, start, target, seed)
                    start += frame.height
        except ReadAgain as late:
            raise ReadAgain(self.again(late.source)) from None
        except FAULTS as fault:
            raise unreadable(self.argument, self.label, fault, f"after {start:,} rows") from None
        if start == 0:
            yield Batch(pl.DataFrame(schema=self.schema), 0, target, seed)

    def like(self, other: Source) -> Source:
        """This table with the columns of ``other`` that it has, in its order and of its types, to compare the two."""
        common = [name for name in other.schema if name in self.schema]
        if not common:
            raise InputError(
                f"{self.argument}: expected columns of the first table, got none of them; it has "
                f"{listed(self.schema.names())}; name a table with the same columns"
            )
        kinds = {n: _kind_beside(other.schema[n], self.schema[n]) for n in common}
        selected = self._selected([pl.col(n).cast(k, strict=False) for n, k in kinds.items()])
        notes = (*self.notes, *_differences(self.schema, other.schema))
        return replace(selected, notes=notes, again=lambda source: source.like(other))

    def beside(self, test: Source) -> Source:
        """This table with whole numbers as floats wherever ``test`` holds floats, so that 1 and 1.0 are one value."""
        kinds = {n: _kind_beside(k, test.schema.get(n, k)) for n, k in self.schema.items()}
        if kinds == dict(self.schema):
            return self
        selected = self._selected([pl.col(n).cast(k) for n, k in kinds.items()])
        return replace(selected, again=lambda source: source.beside(test))

    def _selected(self, columns: list[pl.Expr]) -> Source:
        frames = self.frames
        mapped = None if frames is None else lambda: (frame.select(columns) for frame in frames())
        select = (*self.select, tuple(columns)) if self.files or self.parts else ()
        return replace(self, rows=self.rows.select(columns), frames=mapped, select=select)


def _kind_beside(kind: pl.DataType, other: pl.DataType) -> pl.DataType:
    """The type in which a column is compared with one of another type.

    The first's; but floats where either has them, and text where only one is boolean.
    """
    if kind.is_integer() and other.is_float():
        return pl.Float64()
    return pl.String() if kind == pl.Boolean and other != pl.Boolean else kind


def batch_rows(columns: int) -> int:
    """How many rows of a table of that many columns are held at once."""
    wide = min(WIDE_ROWS, WIDE_CELLS // max(1, columns))
    return max(64, wide, min(MOST_ROWS_PER_BATCH, CELLS_PER_BATCH // max(1, columns)))


def from_frames(frames: Frames, schema: pl.Schema) -> pl.LazyFrame:
    """A lazy table over frames that Python yields: for those who ask the table itself."""

    def scan(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _size: int | None
    ) -> Iterator[pl.DataFrame]:
        left = rows
        for frame in frames():
            some = frame if left is None else frame.head(left)
            left = None if left is None else left - some.height
            some = some if predicate is None else some.filter(predicate)
            yield some if columns is None else some.select(columns)
            if left == 0:
                return

    return register_io_source(scan, schema=schema)


def unreadable(argument: str, label: str, fault: BaseException, where: str = "") -> InputError:
    """The refusal of a file that broke while it was read: our words first, then the reader's own."""
    reason = visible((str(fault).strip() or type(fault).__name__).splitlines()[0], 160)
    return InputError(
        f"{argument}: expected a table that can be read to its end, got {label}, which is damaged or cut short"
        f"{' ' + where if where else ''} ({reason}); copy or write the file again"
    )


def _differences(of_test: pl.Schema, of_first: pl.Schema) -> Sequence[str]:
    """Words about the columns by which the test table differs from the first."""
    notes = []
    absent = [name for name in of_first if name not in of_test]
    extra = [name for name in of_test if name not in of_first]
    became = [n for n in of_first if n in of_test and of_first[n].is_numeric() and of_test[n] == pl.String]
    if absent:
        notes.append(f"the test table lacks {listed(absent)}; these columns are not compared")
    if extra:
        notes.append(f"the test table alone has {listed(extra)}; these columns are not compared")
    if became:
        notes.append(
            f"{listed(became)}: text in the test table, numbers in the first; what is no number counts as missing"
        )
    return notes
