"""Text tables: CSV and its kin, read block by block.

Every block is cut at a record's end, checked for rows with too few or too many fields, and parsed by Polars. Types
come from the first block; where a later block does not fit them, the rest is read for its types alone and the table
is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from tearless.core import InputError, listed

from .csv_faults import refusal_of
from .dialect import Dialect, dialect_of, fields_of, is_header
from .names import distinct_names
from .records import BLOCK, Block, Text, blocks, outside_quotes, without_blank_lines
from .sniff import encoding_of, one_byte_encoding
from .source import Learned, ReadAgain, Source, from_frames
from .streams import Open
from .text_types import UNDECIDED, as_type, joined, type_of

_ROWS_TO_INFER = 10_000
_NATIVE = (pl.Int64(), pl.Int128(), pl.Float64(), pl.Boolean())


@dataclass(frozen=True)
class Plan:
    """How one text table is read: ``types`` has one entry for each of ``names``."""

    text: Text
    dialect: Dialect
    names: tuple[str, ...]
    types: tuple[pl.DataType, ...]
    header: bool
    null: tuple[str, ...]
    notes: tuple[str, ...]
    path: str | None


class _Unfit(Exception):
    def __init__(self, types: tuple[pl.DataType, ...]) -> None:
        super().__init__()
        self.types = types


def open_csv(
    stream: Open,
    label: str,
    argument: str,
    path: str | None = None,
    null: Sequence[str] = (),
    notes: Sequence[str] = (),
    encoding: str | None = None,
) -> Source:
    """A text table as a source. Raises ``InputError`` where it is no table, with the line and what it holds."""
    head = _head(stream)
    if encoding is None:
        encoding, word = encoding_of(head, whole=len(head) < BLOCK)
        notes = [*notes, *([word] if word else [])]
    decoded = head.decode(encoding, "replace")
    if not decoded.strip("\ufeff\0 \t\r\n"):
        raise InputError(f"{argument}: expected a table, got {label}, which is empty; name a file with rows")
    old = "\n" not in decoded and "\r" in decoded
    decoded = decoded.replace("\r\n", "\n").replace("\r", "\n") if old or "\r\n" in decoded else decoded
    dialect = dialect_of(decoded[: 1 << 18], len(head) < BLOCK and len(decoded) <= 1 << 18)
    quote = dialect.quote.encode() if dialect.quote else None
    text = Text(stream, encoding, argument, label, quote, old)
    if quote is None:
        notes = [*notes, "quote marks are read as plain characters: no field starts with one"]
    first = next(iter(blocks(text)), Block(b"", 1, 0))
    return _planned(text, dialect, first, tuple(null), tuple(notes), path)


def _head(stream: Open) -> bytes:
    opened = stream()
    try:
        return opened.read(BLOCK)
    finally:
        opened.close()


def _planned(
    text: Text, dialect: Dialect, first: Block, null: tuple[str, ...], notes: tuple[str, ...], path: str | None
) -> Source:
    """The source, once the first block has told names and types."""
    records = _first_records(first.data, text.quote)
    fields = fields_of(records[0].decode("utf-8", "replace").strip("\r\n"), dialect)
    header = is_header(fields)
    rows = [len(fields_of(r.decode("utf-8", "replace").strip("\r\n"), dialect)) for r in records[1:]]
    given = [field.strip(" \t") if header else "" for field in fields]
    if header and len(rows) > 1 and set(rows) == {len(fields) + 1}:
        given = ["", *given]
        notes = (*notes, "the header has one name fewer than the rows have fields: the first field has no name")
    names, words = distinct_names(given)
    if not header:
        words = [f"the first line holds only numbers and is read as a row; columns are called {listed(names, 3)}"]
    if len(names) == 1 and " " in names[0]:
        words.append("only one column: fields are told apart by a comma, a tab, a semicolon or a bar")
    types = tuple(UNDECIDED for _ in names)
    plan = Plan(text, dialect, tuple(names), types, header, null, (*notes, *words), path)
    body = _body(first, plan)
    plan = replace(plan, types=_types(body.data, plan))
    try:
        _parsed(body, plan, Learned())
    except _Unfit as unfit:
        plan = replace(plan, types=unfit.types)
    except ReadAgain as again:
        return again.source
    return _source(plan)


def _first_records(data: bytes, quote: bytes | None, most: int = 12) -> list[bytes]:
    """The first records that are not blank, without their line ends."""
    records: list[bytes] = []
    start = 0
    while start < len(data) and len(records) < most:
        end = data.find(b"\n", start) + 1 or len(data)
        while quote is not None and data.count(quote, start, end) % 2 and end < len(data):
            end = data.find(b"\n", end) + 1 or len(data)
        if data[start:end].strip():
            records.append(data[start:end])
        start = end
    return records


def _body(block: Block, plan: Plan) -> Block:
    """The first block without the blank lines before the header, and without the header."""
    data = block.data.lstrip(b"\r\n")
    if plan.header:
        first = _first_records(data, plan.text.quote, 1)
        data = data[len(first[0]) :] if first else data
    before = block.data.count(b"\n", 0, len(block.data) - len(data))
    return Block(data, block.line + before, block.lines - before)


def _source(plan: Plan) -> Source:
    learned = Learned()
    schema = pl.Schema({n: pl.String() if t == UNDECIDED else t for n, t in zip(plan.names, plan.types, strict=True)})

    def frames() -> Iterator[pl.DataFrame]:
        return _frames(plan, learned)

    first = next(iter(blocks(plan.text)), Block(b"", 1, 0))
    return Source(
        plan.text.label,
        from_frames(frames, schema),
        plan.notes,
        plan.path,
        _body(first, plan).line - 1,
        plan.text.argument,
        frames,
        learned=learned,
    )


def _frames(plan: Plan, learned: Learned) -> Iterator[pl.DataFrame]:
    """The rows, block by block. Raises ``ReadAgain`` at the end where the types did not hold."""
    fits = True
    for number, block in enumerate(blocks(plan.text)):
        try:
            frame = _parsed(_body(block, plan) if number == 0 else block, plan, learned)
        except _Unfit as unfit:
            plan, fits = replace(plan, types=unfit.types), False
            continue
        if fits and frame.height:
            yield frame
    if not fits:
        raise ReadAgain(_source(plan))


def _parsed(block: Block, plan: Plan, learned: Learned) -> pl.DataFrame:
    """One block as a frame. Raises ``_Unfit`` with wider types, ``ReadAgain`` with the encoding, or ``InputError``."""
    if not block.data:
        return pl.DataFrame(schema=dict.fromkeys(plan.names, pl.String()))
    data = block.data
    frame, natives = _read_even(data, plan)
    if frame is None and len(plan.names) > 1:
        data = without_blank_lines(data, plan.text.quote)
        frame, natives = _read_even(data, plan) if len(data) < len(block.data) else (None, natives)
    if frame is None:
        raise _why(block, plan)
    learned.rows_are_lines &= block.lines == frame.height
    if b'"' in data and b'""' in data:
        frame = frame.with_columns(pl.col(pl.String).replace("", None))
    return _converted(frame, natives, plan)


def _read_even(data: bytes, plan: Plan) -> tuple[pl.DataFrame | None, list[pl.DataType]]:
    """The block and the types it was parsed with; no block where a row of it has too few or too many fields.

    Polars fills rows that are too short with nulls, so the separators are counted.
    """
    natives = [t if t in _NATIVE else pl.String() for t in plan.types]
    frame = _read(data, plan, natives)
    if frame is None:
        natives = [pl.String() for _ in plan.types]
        frame = _read(data, plan, natives)
    separator = plan.dialect.separator.encode()
    cells = None if frame is None else frame.height * (frame.width - 1)
    even = outside_quotes(data, separator, plan.text.quote).count(separator) == cells
    return (frame if even else None), natives


def _converted(frame: pl.DataFrame, natives: Sequence[pl.DataType], plan: Plan) -> pl.DataFrame:
    new, wider = [], list(plan.types)
    for j, (native, dtype) in enumerate(zip(natives, plan.types, strict=True)):
        if native == dtype:
            continue
        column = frame.to_series(j)
        made = as_type(_with_point(column, plan), dtype)
        if made is None:
            wider[j] = joined(dtype, type_of(_with_point(column, plan)))
        else:
            new.append(made)
    if wider != list(plan.types):
        raise _Unfit(tuple(wider))
    return frame.with_columns(new) if new else frame


def _with_point(column: pl.Series, plan: Plan) -> pl.Series:
    return column.str.replace(",", ".", literal=True) if plan.dialect.decimal_comma else column


def _types(data: bytes, plan: Plan) -> tuple[pl.DataType, ...]:
    """The types that the first block shows: those that Polars sees, and what it takes for text looked at again."""
    if not data.strip():
        return plan.types
    guessed: list[pl.DataType] = [pl.String() for _ in plan.names]
    try:
        scan = pl.scan_csv(data, has_header=False, infer_schema_length=_ROWS_TO_INFER, **_options(plan))
        seen = list(scan.collect_schema().values())
        guessed = [t if t in _NATIVE else pl.String() for t in seen] if len(seen) == len(plan.names) else guessed
    except pl.exceptions.PolarsError:
        pass
    frame = _read(data, plan, guessed)
    if frame is None:
        guessed = [pl.String() for _ in plan.names]
        frame = _read(data, plan, guessed)
    if frame is None:
        return tuple(guessed)
    return tuple(t if t in _NATIVE else type_of(_with_point(c, plan)) for t, c in zip(guessed, frame, strict=True))


def _read(data: bytes, plan: Plan, types: Sequence[pl.DataType]) -> pl.DataFrame | None:
    """The block with columns of these types, or ``None`` where it does not fit them."""
    schema = dict(zip(plan.names, types, strict=True))
    try:
        return pl.read_csv(data, has_header=False, schema=schema, **_options(plan))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None


def _options(plan: Plan) -> dict[str, Any]:
    d = plan.dialect
    return {
        "separator": d.separator,
        "quote_char": d.quote,
        "decimal_comma": d.decimal_comma,
        "null_values": list(plan.null) or None,
    }


def _why(block: Block, plan: Plan) -> Exception:
    """Why a block could not be parsed: its encoding, or a row of another length, or its quote marks."""
    text = plan.text
    if text.encoding == "utf-8":
        try:
            block.data.decode()
        except UnicodeDecodeError as fault:
            line = block.line + block.data.count(b"\n", 0, fault.start)
            encoding, word = one_byte_encoding(block.data, block.data[fault.start], 0)
            word = word.replace("at offset 0", f"in line {line:,}")
            notes = (*plan.notes, word)
            return ReadAgain(open_csv(text.open, text.label, text.argument, plan.path, plan.null, notes, encoding))
    return refusal_of(block, text, plan.dialect, len(plan.names))
