"""Which reader takes what."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from tearless.core import InputError, encodable, quoted

from .source import Source


def open_table(data: Any, argument: str = "data", *, null: Sequence[str] = ()) -> Source:
    """A path or a table in memory as a source.

    ``argument`` is what the user calls it, for messages; ``null`` lists the words that stand for a missing value in
    text files, beside the empty cell. Raises ``InputError`` for what is no table.

    >>> source = open_table({"a": [1, 2], "b": ["x", None]})
    >>> source.label, source.schema.names()
    ('a dict of columns', ['a', 'b'])
    """
    if isinstance(data, Source):
        return data
    if isinstance(data, (str, os.PathLike)):
        from .path import open_path

        return open_path(os.fspath(data), argument, _words(null))
    return _in_memory(data, argument)


def _words(null: Sequence[str]) -> tuple[str, ...]:
    given = (null,) if isinstance(null, str) else tuple(null) if isinstance(null, Iterable) else (null,)
    if not all(isinstance(word, str) for word in given):
        got = quoted(repr(null))
        raise InputError(f"null: expected words that stand for a missing value, got {got}; give a list of texts")
    return tuple(map(encodable, given))


def _in_memory(data: Any, argument: str) -> Source:
    from . import memory

    label = f"a {type(data).__module__.partition('.')[0]} {type(data).__name__}"
    if isinstance(data, (pl.DataFrame, pl.LazyFrame)):
        return memory.source_of_frame(data, label, argument)
    if isinstance(data, pl.Series):
        return memory.source_of_frame(data.alias(data.name or "x0").to_frame(), label, argument)
    if isinstance(data, Mapping):
        frame, notes = memory.from_columns(data, argument)
        return memory.source_of_frame(frame, f"a {type(data).__name__} of columns", argument, notes)
    if isinstance(data, (list, tuple)):
        return _sequence(data, argument)
    return _library(data, label, argument)


def _sequence(data: Sequence[Any], argument: str) -> Source:
    """A list of mappings, or of rows, or of numbers."""
    import numpy as np

    from . import memory

    label = f"a {type(data).__name__} of {len(data):,}"
    if data and all(isinstance(row, Mapping) for row in data):
        frame, notes = memory.from_records(data, argument)
        return memory.source_of_frame(frame, label, argument, notes)
    try:
        array = np.asarray(data)
    except (ValueError, TypeError):
        array = np.empty(0)
    if array.size == 0 or array.dtype.kind not in "biuf":
        raise InputError(
            f"{argument}: expected a list of mappings or rows of numbers, all of one length, got {label}; "
            "give a dict of columns, or a pandas or Polars frame"
        )
    return memory.source_of_array(array, label, argument)


def _library(data: Any, label: str, argument: str) -> Source:
    """A table or an array of another library."""
    from . import memory
    from .parts.open import engine_table

    if memory.is_pandas(data, "Series"):
        data = data.to_frame(name="x0" if data.name is None else data.name)
    if memory.is_pandas(data, "DataFrame"):
        from .pandas_frames import pandas_source

        return pandas_source(data, argument)
    if type(data).__module__.partition(".")[0] == "narwhals" and hasattr(data, "to_native"):
        return open_table(data.to_native(), argument)
    if (table := engine_table(data, argument)) is not None:
        return table
    if type(data).__name__ == "RecordBatchReader" and hasattr(data, "read_next_batch"):
        return memory.reader_source(data, argument)
    array = memory.as_array(data, argument)
    if array is not None:
        return memory.source_of_array(array, label, argument)
    frame = memory.foreign_frame(data, argument) if data is not None else None
    if frame is not None:
        return memory.source_of_frame(frame, label, argument)
    got = "None" if data is None else "bytes" if isinstance(data, bytes) else f"{quoted(type(data).__name__)}"
    raise InputError(
        f"{argument}: expected the path of a table, or a table in memory (pandas, Polars, PyArrow, NumPy, a dict of "
        f"columns), got {got}; give one of these"
    )
