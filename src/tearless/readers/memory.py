"""Tables in memory: columns, records, arrays, and the frames of other libraries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from tearless.core import InputError, listed, quoted

from .columns import array_series, series_of, values_of
from .names import distinct_names
from .normal import normal
from .source import Source, batch_rows, from_frames

Array = np.ndarray[Any, Any]
MIXED = "{}: text mixed with other values; all of it is read as text"


def source_of_frame(frame: pl.DataFrame | pl.LazyFrame, label: str, argument: str, notes: Sequence[str] = ()) -> Source:
    """A Polars frame as a source; not copied."""
    lazy = frame.lazy()
    made = normal(lazy.collect_schema(), argument, label)
    names, words = distinct_names(list(made.schema))
    rows = lazy if made.select is None else lazy.select(made.select)
    if words:
        rows = rows.rename(dict(zip(made.schema, names, strict=True)))
    return Source(label, rows, (*notes, *made.notes, *words), argument=argument)


def from_records(records: Sequence[Mapping[Any, Any]], argument: str) -> tuple[pl.DataFrame, list[str]]:
    """Rows given as mappings. A key that a row lacks is missing there."""
    keys = list(dict.fromkeys(key for record in records for key in record))
    if not keys:
        raise InputError(f"{argument}: expected rows with columns, got {len(records)} empty ones; give each its values")
    return from_columns({key: [record.get(key) for record in records] for key in keys}, argument)


def from_columns(columns: Mapping[Any, Any], argument: str) -> tuple[pl.DataFrame, list[str]]:
    """Columns given by name, each one-dimensional and of the same length. Raises ``InputError`` where they are not."""
    if not columns:
        raise InputError(
            f"{argument}: expected at least one column, got an empty {type(columns).__name__}; give it columns"
        )
    names, notes = distinct_names([str(key) for key in columns])
    made, mixed = [], []
    for name, values in zip(names, columns.values(), strict=True):
        column, is_mixed = _column(name, values, argument)
        made.append(column)
        mixed += [name] if is_mixed else []
    lengths = {len(column) for column in made}
    if len(lengths) > 1:
        first, other = made[0], next(c for c in made if len(c) != len(made[0]))
        raise InputError(
            f"{argument}: expected columns of one length, got {quoted(first.name)} with {len(first):,} values and "
            f"{quoted(other.name)} with {len(other):,}; give every column a value for each row"
        )
    return pl.DataFrame(made), [*notes, *([MIXED.format(listed(mixed))] if mixed else [])]


def _column(name: str, values: Any, argument: str) -> tuple[pl.Series, bool]:
    if isinstance(values, pl.Series):
        return values.alias(name), False
    if isinstance(values, (str, bytes, Mapping)) or not (hasattr(values, "__len__") or hasattr(values, "__iter__")):
        raise InputError(
            f"{argument}: expected a column of values under {quoted(name)}, got {type(values).__name__}; "
            "give a list, an array or a series"
        )
    if isinstance(values, (list, tuple, range)):
        objects = list(values)
        found = values_of(objects)
        return series_of(name, objects, found), found.mixed
    if is_pandas(values, "Series"):
        from .pandas_frames import series_source

        return series_source(name, values)
    array = as_array(values, argument)
    if array is not None and array.ndim == 1:
        made = array_series(name, array)
        if made is not None:
            return made, array.dtype.kind == "O" and values_of(array.tolist()).mixed
        raise InputError(_no_numbers(argument, f"{array.dtype} under {quoted(name)}"))
    if array is not None:
        raise InputError(
            f"{argument}: expected a column of values under {quoted(name)}, got an array of shape {array.shape}; "
            "give each column by itself"
        )
    objects = list(values)
    found = values_of(objects)
    return series_of(name, objects, found), found.mixed


def as_array(data: Any, argument: str) -> Array | None:
    """What is an array as a NumPy array, without a copy where it can be; ``None`` for what is none.

    Raises ``InputError`` for a sparse matrix, and for a tensor that is not on the CPU or that NumPy cannot hold.
    """
    if isinstance(data, np.ndarray):
        return data
    if hasattr(data, "toarray") and hasattr(data, "nnz"):
        raise InputError(
            f"{argument}: expected a dense table, got a sparse matrix of shape {data.shape}; "
            "give `data.toarray()`, of some of its columns if it is large"
        )
    if type(data).__module__.partition(".")[0] == "torch" and hasattr(data, "detach"):
        data = data.detach()
        if data.device.type != "cpu":
            raise InputError(f"{argument}: expected a tensor on the CPU, got one on {data.device}; give `data.cpu()`")
    if not hasattr(data, "__array__") or hasattr(data, "__arrow_c_stream__"):
        return None
    try:
        return np.asarray(data)
    except (TypeError, ValueError, RuntimeError) as fault:
        raise InputError(
            f"{argument}: expected an array that NumPy can hold, got {type(data).__name__} ({str(fault)[:100]}); "
            "convert it to float32"
        ) from None


def source_of_array(
    array: Array, label: str, argument: str, path: str | None = None, notes: Sequence[str] = ()
) -> Source:
    """An array as a source: rows by columns. It is cut before it is converted, so that nothing is copied whole."""
    columns, words = array_columns(array, label, argument)
    return source_of_arrays(columns, label, argument, path, (*notes, *words))


def source_of_arrays(
    columns: Mapping[str, Array], label: str, argument: str, path: str | None = None, notes: Sequence[str] = ()
) -> Source:
    """One-dimensional arrays of one length, by name, as a source."""
    if any(a.dtype.kind == "O" for a in columns.values()):
        frame, words = from_columns(columns, argument)
        return source_of_frame(frame, label, argument, (*notes, *words))
    length = len(next(iter(columns.values())))

    def cut(start: int, stop: int) -> pl.DataFrame:
        return pl.DataFrame([array_series(name, a[start:stop]) for name, a in columns.items()])

    def frames() -> Iterator[pl.DataFrame]:
        size = batch_rows(len(columns))
        return (cut(start, start + size) for start in range(0, length, size))

    rows = from_frames(frames, cut(0, 0).schema)
    return Source(label, rows, tuple(notes), path, argument=argument, frames=frames)


def array_columns(array: Array, label: str, argument: str, name: str = "x") -> tuple[dict[str, Array], list[str]]:
    """The columns of an array by name: fields of a structured one, else ``x0``, ``x1`` ... Views, not copies.

    Raises ``InputError`` where the array has no rows and columns, or holds no numbers, text or times.
    """
    if array.dtype.names:
        flat = array.reshape(-1) if array.ndim != 1 else array
        plain = [f for f in array.dtype.names if flat.dtype[f].kind not in "Vc" and flat.dtype[f].shape == ()]
        left = [f for f in array.dtype.names if f not in plain]
        if not plain:
            raise InputError(_no_numbers(argument, f"only nested or complex fields in {label}"))
        names, words = distinct_names(plain)
        words += [f"{listed(left)} left out: nested and complex fields are not checked"] if left else []
        return {new: flat[old] for new, old in zip(names, plain, strict=True)}, words
    if array.ndim not in (1, 2):
        raise InputError(
            f"{argument}: expected an array of rows by columns, got {label} of shape {array.shape}; "
            "reshape it to two dimensions, one row for each example"
        )
    if array.dtype.kind not in "biufmMUSTO":
        raise InputError(_no_numbers(argument, f"{array.dtype} in {label}"))
    table = array.reshape(-1, 1) if array.ndim == 1 else array
    if table.shape[1] == 0:
        raise InputError(
            f"{argument}: expected at least one column, got {label} of shape {array.shape}; give it columns"
        )
    words = ["long doubles are read as float64"] if array.dtype.kind == "f" and array.dtype.itemsize > 8 else []
    return {f"{name}{j}": table[:, j] for j in range(table.shape[1])}, words


def _no_numbers(argument: str, got: str) -> str:
    hint = "give the real and the imaginary part as columns" if "complex" in got else "convert it to numbers or text"
    return f"{argument}: expected numbers, text, dates or booleans, got {got}; {hint}"


def is_pandas(data: Any, kind: str) -> bool:
    t = type(data)
    return any(c.__module__.partition(".")[0] == "pandas" and c.__name__ == kind for c in t.__mro__)


def foreign_frame(data: Any, argument: str) -> pl.DataFrame | pl.LazyFrame | None:
    """What narwhals or the Arrow interface understands, as a Polars frame; ``None`` for anything else."""
    import narwhals as nw

    try:
        if hasattr(data, "rename_columns") and len(set(data.schema.names)) < len(data.schema.names):
            data = data.rename_columns(distinct_names(data.schema.names)[0])
        known = nw.from_native(data, pass_through=True)
        if isinstance(known, nw.LazyFrame):
            return _polars(known.collect("polars").to_native())
        if isinstance(known, nw.DataFrame):
            return known.to_polars()
        if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
            made = pl.from_arrow(data)
            return made if isinstance(made, pl.DataFrame) else made.alias(made.name or "x0").to_frame()
    except Exception as fault:  # noqa: BLE001 - a foreign library may raise anything
        raise InputError(
            f"{argument}: expected a table that can be handed over through Arrow, got {type(data).__name__} "
            f"({type(fault).__name__}: {str(fault)[:120]}); give it as a pandas, Polars or PyArrow table"
        ) from None
    return None


def _polars(frame: Any) -> pl.DataFrame:
    return frame if isinstance(frame, pl.DataFrame) else pl.DataFrame(frame)


def reader_source(data: Any, argument: str) -> Source:
    """A PyArrow ``RecordBatchReader``: read as it comes, once."""
    from .record_batches import batches_source, read_once

    label = "a RecordBatchReader"
    return batches_source(label, data.schema, read_once(label, argument, data), argument, once=True)
