"""What type a column of text has: the narrowest that every cell of it can be read as."""

from __future__ import annotations

import polars as pl

UNDECIDED = pl.Null()
"""The type of a column that has held nothing yet."""
_TRIED = (pl.Int64(), pl.Int128(), pl.Float64())
_ORDER: dict[type[pl.DataType], int] = {pl.Int64: 0, pl.Int128: 1, pl.Float64: 2}
_FIRST_LOOK = 64
_ISO_DATE = "%Y-%m-%d"
_ISO_TIMES = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")
_ISO_ZONED = "%Y-%m-%dT%H:%M:%S%.f%#z"
_DATE = pl.Date()
_TIME = pl.Datetime("us")
_ZONED = pl.Datetime("us", "UTC")


def type_of(column: pl.Series) -> pl.DataType:
    """The type of a column of text: whole number, number, boolean, ISO date or time, else text; undecided if empty."""
    filled = column.drop_nulls()
    if filled.is_empty():
        return UNDECIDED
    first = filled.head(_FIRST_LOOK)
    for dtype in (*_TRIED, pl.Boolean(), _DATE, _TIME, _ZONED):
        if _fits(first, dtype) and _fits(filled, dtype):
            return dtype
    return pl.String()


def joined(a: pl.DataType, b: pl.DataType) -> pl.DataType:
    """The narrowest type that holds what both hold."""
    if a == b or b == UNDECIDED:
        return a
    if a == UNDECIDED:
        return b
    numbers = {type(a), type(b)} <= set(_ORDER)
    return max(a, b, key=lambda t: _ORDER[type(t)]) if numbers else pl.String()


def as_type(column: pl.Series, dtype: pl.DataType) -> pl.Series | None:
    """A column of text as another type, or ``None`` where a cell of it cannot be read so."""
    if dtype == UNDECIDED:
        return column if column.null_count() == len(column) else None
    if dtype == pl.String():
        return column
    new = _read(column, dtype)
    return new if new.null_count() == column.null_count() else None


def _fits(filled: pl.Series, dtype: pl.DataType) -> bool:
    return _read(filled, dtype).null_count() == 0


def _read(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """The cells as ``dtype``, null where they cannot be read so."""
    if dtype == pl.Boolean():
        lower = column.str.strip_chars().str.to_lowercase()
        return lower.replace_strict(["true", "false"], [True, False], default=None, return_dtype=pl.Boolean)
    if dtype == _DATE:
        return column.str.to_date(_ISO_DATE, strict=False)
    if dtype == _ZONED:
        return column.str.to_datetime(_ISO_ZONED, strict=False, time_unit="us").dt.convert_time_zone("UTC")
    if isinstance(dtype, pl.Datetime):
        return _times(column)
    return column.str.strip_chars(" \t\r").cast(dtype, strict=False)


def _times(column: pl.Series) -> pl.Series:
    """Date and time in the form that most of the first cells have."""
    first = column.head(_FIRST_LOOK)
    tried = ((form, first.str.to_datetime(form, strict=False, time_unit="us").null_count()) for form in _ISO_TIMES)
    form = min(tried, key=lambda pair: pair[1])[0]
    return column.str.to_datetime(form, strict=False, time_unit="us")
