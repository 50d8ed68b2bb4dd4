"""JSON lines, block by block; and a JSON array of objects, while it is small."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from tearless.core import InputError, visible

from . import inspect_log
from .memory import from_columns, from_records
from .names import distinct_names
from .normal import normal
from .records import Block, Text, blocks
from .sniff import encoding_of
from .source import ReadAgain, Source, from_frames
from .streams import Open
from .text_types import UNDECIDED, joined

LARGEST_ARRAY = 128 << 20
_NESTED = pl.List(pl.Null)
_OPENS = re.compile(rb'\{\s*"(?:[^"\\]|\\.)*"\s*:\s*[\[{]')
_LOG = re.compile(rb'\{(?:\s*"\w+"\s*:\s*(?:"[^"\\]*"|[\w.+-]+)\s*,){0,8}\s*"eval"\s*:\s*\{')
_LONG = 1 << 15
Types = dict[str, pl.DataType]


class _Unfit(Exception):
    def __init__(self, types: Types) -> None:
        super().__init__()
        self.types = types


def open_jsonlines(
    stream: Open, label: str, argument: str, path: str | None = None, notes: Sequence[str] = ()
) -> Source:
    """One JSON object a line. Keys that come only later are columns as well. Raises ``InputError`` with the line."""
    opened = stream()
    try:
        encoding, word = encoding_of(opened.read(1 << 16), whole=False)
    finally:
        opened.close()
    text = Text(stream, encoding, argument, label)
    types: Types = {}
    for block in blocks(text):
        types = _types_of(_parsed(block, text))
        break
    if not types:
        raise InputError(f"{argument}: expected a table, got {label}, which is empty; name a file with rows")
    return _source(text, types, path, (*notes, *([word] if word else [])))


def _source(text: Text, types: Types, path: str | None, notes: Sequence[str]) -> Source:
    raw = pl.Schema({name: pl.String() if t == UNDECIDED else t for name, t in types.items()})
    made = normal(raw, text.argument, text.label)
    names, words = distinct_names(list(made.schema))
    schema = pl.Schema(zip(names, made.schema.values(), strict=True))

    def frames() -> Iterator[pl.DataFrame]:
        known, fits = dict(types), True
        for block in blocks(text):
            frame = _parsed(block, text)
            wider = _joined(known, _types_of(frame))
            if wider != known:
                known, fits = wider, False
            if fits and frame.height:
                whole = _as_types(frame, block, types)
                yield made.of(whole).select(pl.col(old).alias(new) for old, new in zip(made.schema, names, strict=True))
        if not fits:
            raise ReadAgain(_source(text, known, path, notes))

    return Source(
        text.label, from_frames(frames, schema), (*notes, *made.notes, *words), path, 0, text.argument, frames
    )


def _parsed(block: Block, text: Text) -> pl.DataFrame:
    """The objects of a block as a frame, by Polars; by Python where they hold NaN, which Polars refuses."""
    if not block.data.strip():
        return pl.DataFrame()
    try:
        return pl.read_ndjson(block.data, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return from_records(_objects(block, text), text.argument)[0]


def _objects(block: Block, text: Text) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for number, line in enumerate(block.data.split(b"\n"), start=block.line):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as fault:
            got = f"line {number:,} is no JSON ({visible(str(fault), 80)})"
        else:
            if isinstance(value, dict):
                found.append(value)
                continue
            got = f"line {number:,} holds {type(value).__name__}, no object"
        raise InputError(
            f"{text.argument}: expected one JSON object a line, got {text.label}, where {got}; mend that line"
        )
    return found


def _types_of(frame: pl.DataFrame) -> Types:
    return {name: _NESTED if dtype.is_nested() or dtype == pl.Object else dtype for name, dtype in frame.schema.items()}


def _joined(a: Types, b: Types) -> Types:
    return a | {name: joined(a.get(name, UNDECIDED), dtype) for name, dtype in b.items()}


def _as_types(frame: pl.DataFrame, block: Block, types: Types) -> pl.DataFrame:
    """The block with every column of the whole table, in its order and types."""
    clash = [n for n, t in frame.schema.items() if types[n] == pl.String() and t not in (pl.String(), pl.Null())]
    if clash:
        text = {name: dtype for name, dtype in types.items() if name in clash}
        frame = frame.with_columns(pl.read_ndjson(block.data, schema=text).to_struct().struct.unnest())
    have = frame.schema
    nothing = pl.lit(None)
    wanted = {n: pl.String() if t == UNDECIDED else t for n, t in types.items()}
    return frame.select(
        (pl.col(n) if n in have and t != _NESTED else nothing).cast(t).alias(n) for n, t in wanted.items()
    )


def open_json_array(
    stream: Open, label: str, argument: str, path: str | None = None, notes: Sequence[str] = ()
) -> Source:
    """A JSON array of objects, or an object of arrays, read whole. Raises ``InputError`` above 128 MB."""
    opened = stream()
    try:
        data = opened.read(LARGEST_ARRAY + 1)
    finally:
        opened.close()
    if len(data) > LARGEST_ARRAY:
        raise InputError(
            f"{argument}: expected a JSON array of at most {LARGEST_ARRAY >> 20} MB, got {label}; "
            "write one object a line (.jsonl), which is read in batches"
        )
    encoding, word = encoding_of(data, whole=True)
    try:
        value = json.loads(data.decode(encoding, "replace").lstrip("\ufeff"))
    except (ValueError, RecursionError) as fault:
        raise InputError(
            f"{argument}: expected a JSON array of objects, got {label}, which is no JSON "
            f"({visible(str(fault), 80)}); mend it there"
        ) from None
    if inspect_log.is_log(value):
        return inspect_log.open_log(value, label, argument, path, notes)
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        frame, words = from_records(value, argument)
    elif isinstance(value, dict) and value and all(isinstance(column, list) for column in value.values()):
        frame, words = from_columns(value, argument)
    elif isinstance(value, dict) and value and all(isinstance(column, dict) for column in value.values()):
        keys = list(dict.fromkeys(key for column in value.values() for key in column))
        frame, words = from_columns({n: [column.get(k) for k in keys] for n, column in value.items()}, argument)
    else:
        raise InputError(
            f"{argument}: expected a JSON array of objects, one for each row, got {label}, which holds something "
            "else; write one object a line (.jsonl)"
        )
    made = normal(frame.schema, argument, label)
    said = (*notes, *([word] if word else []), *words, *made.notes)
    return Source(label, made.of(frame).lazy(), said, path, argument=argument)


def json_kind(head: bytes) -> str | None:
    """``JSON lines`` or ``JSON`` where a text starts like one, or ``None``."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:1] == b"{":
        first, _, later = start.partition(b"\n")
        return "JSON lines" if _is_row(first.strip(), alone=not later.strip()) else _whole(start)
    return "JSON" if start[:1] == b"[" and start[1:64].lstrip()[:1] in (b"{", b"]", b"[") else None


def _is_row(line: bytes, alone: bool) -> bool:
    """Whether a line is one row: an object; where nothing follows it, one whose first value is no list or object, and
    that is no log of an evaluation."""
    if alone and (_OPENS.match(line) or _LOG.match(line)):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return alone and len(line) > _LONG


def _whole(start: bytes) -> str | None:
    return "JSON" if start[1:64].lstrip()[:1] in (b'"', b"}") else None
