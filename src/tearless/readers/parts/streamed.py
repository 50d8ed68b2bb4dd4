"""Tables of engines that stream them here: DuckDB, Ibis, Daft. A query is run anew each time its table is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import polars as pl

from tearless.core import InputError, encodable
from tearless.readers.columns import NESTED
from tearless.readers.names import distinct_names
from tearless.readers.normal import normal
from tearless.readers.record_batches import batches_source, read_once, told_in_words
from tearless.readers.source import Source, batch_rows, from_frames


def streamed(data: Any, argument: str) -> Source | None:
    """A DuckDB relation or result, an Ibis table or a Daft frame as a source; ``None`` for everything else.

    Raises ``InputError`` where a DuckDB connection has no result to read.
    """
    top, name = type(data).__module__.partition(".")[0].strip("_"), type(data).__name__
    if top == "duckdb" and name == "DuckDBPyRelation":
        return _relation(data, argument)
    if top == "duckdb" and name == "DuckDBPyConnection":
        return _result(data, argument)
    if top == "ibis" and hasattr(data, "to_pyarrow_batches"):
        schema = data.schema().to_pyarrow()
        size = batch_rows(len(schema))
        return batches_source("an Ibis table", schema, lambda: data.to_pyarrow_batches(chunk_size=size), argument)
    if top == "daft" and hasattr(data, "to_arrow_iter"):
        return batches_source("a Daft frame", data.schema().to_pyarrow_schema(), data.to_arrow_iter, argument)
    return None


def _relation(data: Any, argument: str) -> Source:
    size = batch_rows(len(data.columns))
    schema = _reader(data.limit(0), 1).schema
    for position, column in enumerate(data.columns):  # limit renames columns that stand twice
        schema = schema.set(position, schema.field(position).with_name(column))
    return batches_source("a DuckDB relation", schema, lambda: _reader(data, size), argument)


def _reader(data: Any, size: int) -> Any:
    """The rows as record batches, by whichever name this DuckDB has for it."""
    named = ("to_arrow_reader", "fetch_arrow_reader", "fetch_record_batch")
    return next(getattr(data, name) for name in named if hasattr(data, name))(size)


def _result(data: Any, argument: str) -> Source:
    """What a connection has still to hand out, once: row by row, for as Arrow it would all be copied first."""
    label = "the result of a DuckDB connection"
    if not data.description:
        raise InputError(
            f"{argument}: expected a DuckDB connection with a result, got one that has run no query; give "
            "`connection.sql(query)` or `connection.table(name)`"
        )
    names, words = distinct_names([column[0] for column in data.description])
    makers = [_maker(str(column[1])) for column in data.description]
    raw = pl.Schema({name: make(name, ()).dtype for name, make in zip(names, makers, strict=True)})
    made = normal(raw, argument, label)
    size = batch_rows(len(names))
    rows_of = read_once(label, argument, iter(lambda: data.fetchmany(size), []))

    def each() -> Iterator[pl.DataFrame]:
        for rows in rows_of():
            columns = zip(names, makers, zip(*rows, strict=True), strict=True)
            yield made.of(pl.DataFrame([make(name, values) for name, make, values in columns]))

    def frames() -> Iterator[pl.DataFrame]:
        return told_in_words(each(), label, argument)

    rows = from_frames(frames, made.schema)
    return Source(label, rows, (*words, *made.notes), argument=argument, frames=frames, once=True)


def _maker(kind: str) -> Callable[[str, Iterable[Any]], pl.Series]:
    """How Python values of a DuckDB type become a column."""
    dtype = _TYPES.get(kind.partition("(")[0])
    if kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION")):
        return lambda name, values: pl.Series(name, [None for _ in values], dtype=NESTED)
    if dtype is None:
        return lambda name, values: pl.Series(name, [_text(v) for v in values], dtype=pl.String)
    if dtype == pl.Float64:
        return lambda name, values: pl.Series(name, [None if v is None else float(v) for v in values], dtype=dtype)
    return lambda name, values: pl.Series(name, list(values), dtype=dtype)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.hex() if isinstance(value, (bytes, bytearray)) else encodable(str(value))


_TYPES: dict[str, pl.DataType] = {
    "BOOLEAN": pl.Boolean(),
    "TINYINT": pl.Int8(),
    "SMALLINT": pl.Int16(),
    "INTEGER": pl.Int32(),
    "BIGINT": pl.Int64(),
    "UTINYINT": pl.UInt8(),
    "USMALLINT": pl.UInt16(),
    "UINTEGER": pl.UInt32(),
    "UBIGINT": pl.UInt64(),
    "HUGEINT": pl.Float64(),
    "UHUGEINT": pl.Float64(),
    "NUMBER": pl.Float64(),
    "FLOAT": pl.Float32(),
    "DOUBLE": pl.Float64(),
    "DECIMAL": pl.Float64(),
    "DATE": pl.Date(),
    "TIME": pl.Time(),
    "TIMESTAMP": pl.Datetime("us"),
    "TIMESTAMP_S": pl.Datetime("us"),
    "TIMESTAMP_MS": pl.Datetime("us"),
    "TIMESTAMP_NS": pl.Datetime("us"),
    "DATETIME": pl.Datetime("us"),
    "TIMESTAMP WITH TIME ZONE": pl.Datetime("us", "UTC"),
    "INTERVAL": pl.Duration("us"),
}
