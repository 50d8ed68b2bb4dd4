"""pandas frames, with or without PyArrow: converted batch by batch, each column by its own type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl

from tearless.core import InputError, encodable, listed

from .columns import NESTED, array_series, series_of, values_of
from .names import distinct_names
from .normal import normal
from .source import Source, batch_rows, from_frames

Convert = Callable[[str, Any], pl.Series]


def pandas_source(frame: Any, argument: str) -> Source:
    """A pandas ``DataFrame`` as a source. The index is not a column and is ignored."""
    label = "a pandas DataFrame"
    if frame.shape[1] == 0:
        raise InputError(
            f"{argument}: expected at least one column, got {label} of shape {frame.shape}; give it columns"
        )
    names, words = distinct_names([label_of(name) for name in frame.columns])
    converts: list[Convert] = []
    mixed = []
    for j, name in enumerate(names):
        convert, is_mixed = _converter(frame.iloc[:, j])
        converts.append(convert)
        mixed += [name] if is_mixed else []
    if mixed:
        words.append(f"{listed(mixed)}: text mixed with other values; all of it is read as text")

    def cut(start: int, stop: int) -> pl.DataFrame:
        part = frame.iloc[start:stop]
        return pl.DataFrame(
            [make(name, part.iloc[:, j]) for j, (name, make) in enumerate(zip(names, converts, strict=True))]
        )

    made = normal(cut(0, 0).schema, argument, label)

    def frames() -> Iterator[pl.DataFrame]:
        size = batch_rows(len(names))
        return (made.of(cut(start, start + size)) for start in range(0, len(frame), size))

    return Source(label, from_frames(frames, made.schema), (*words, *made.notes), argument=argument, frames=frames)


def series_source(name: str, series: Any) -> tuple[pl.Series, bool]:
    """One pandas series as a column, and whether it mixes text with something else."""
    convert, mixed = _converter(series)
    return convert(name, series), mixed


def label_of(name: Any) -> str:
    """A column's name as text; the levels of a MultiIndex are joined by points."""
    return ".".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)


def _converter(series: Any) -> tuple[Convert, bool]:
    """How any part of this series becomes a column of one fixed type."""
    dtype = series.dtype
    name = type(dtype).__name__
    if isinstance(dtype, np.dtype):
        if dtype.kind == "O":
            objects = series.to_numpy().tolist()
            found = values_of(objects)
            if found.dtype == pl.Int64():
                fixed = series_of("", objects, found).dtype
                return lambda n, s: series_of(n, s.to_numpy().tolist(), found).cast(fixed), False
            return lambda n, s: series_of(n, s.to_numpy().tolist(), found), found.mixed
        if dtype.kind == "c":
            return lambda n, s: pl.Series(n, [None] * len(s), dtype=NESTED), False
        return _plain, False
    if name == "CategoricalDtype":
        return _categories(dtype.categories), False
    if name == "DatetimeTZDtype":
        return _zoned, False
    if name == "ArrowDtype" or getattr(dtype, "storage", "") == "pyarrow":
        return _arrow, False
    if name == "StringDtype":
        return _strings, False
    if hasattr(dtype, "numpy_dtype") and name != "SparseDtype":
        return _masked(dtype.numpy_dtype), False
    if name == "SparseDtype":
        return lambda n, s: _plain(n, s.astype(dtype.subtype)), False
    return lambda n, s: pl.Series(
        n, [None if gone else encodable(str(v)) for v, gone in zip(s, s.isna(), strict=True)], dtype=pl.String
    ), False


def _plain(name: str, series: Any) -> pl.Series:
    made = array_series(name, series.to_numpy())
    if made is None:
        return pl.Series(name, [None] * len(series), dtype=NESTED)
    return made


def _zoned(name: str, series: Any) -> pl.Series:
    """Times with a zone, in UTC."""
    bare = series.dt.tz_convert("UTC").dt.tz_localize(None)
    return _plain(name, bare).dt.replace_time_zone("UTC")


def _strings(name: str, series: Any) -> pl.Series:
    texts = series.to_numpy(dtype=object, na_value=None).tolist()
    return pl.Series(name, [None if text is None else encodable(text) for text in texts], dtype=pl.String)


def _arrow(name: str, series: Any) -> pl.Series:
    made = pl.from_arrow(series.array.__arrow_array__())
    assert isinstance(made, pl.Series)  # noqa: S101 - an array gives a series
    return made.alias(name)


def _masked(dtype: np.dtype[Any]) -> Convert:
    """A nullable column: the values, with the missing ones taken out."""

    def convert(name: str, series: Any) -> pl.Series:
        gone = series.isna().to_numpy()
        made = pl.Series(name, series.to_numpy(dtype=dtype, na_value=dtype.type(0)))
        return made.set(pl.Series(gone), None) if gone.any() else made

    return convert


def _categories(categories: Any) -> Convert:
    """The category of every row: text, or numbers where the categories are numbers."""
    known, _ = series_source("", categories.to_series())
    known = known if known.dtype != NESTED else pl.Series([encodable(str(c)) for c in categories], dtype=pl.String)

    def convert(name: str, series: Any) -> pl.Series:
        codes = pl.Series(series.cat.codes.to_numpy().astype(np.int64))
        return known.gather(codes.set(codes < 0, None)).alias(name)

    return convert
