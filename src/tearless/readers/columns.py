"""One column of values in memory as a Polars column."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import numbers
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tearless.core import encodable

NESTED = pl.List(pl.Null)
"""The type of what is left out: lists, structs and other objects."""
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Values:
    """The type that a column of Python objects comes to, and whether it mixes text with something else."""

    dtype: pl.DataType
    mixed: bool = False


def values_of(objects: Iterable[Any]) -> Values:
    """The type of a column of Python objects, by the types of all of them."""
    return type_of(kinds_of(objects))


def kinds_of(objects: Iterable[Any]) -> frozenset[str]:
    """The kinds of value among Python objects, of which parts of a column may have different ones.

    >>> sorted(kinds_of([1, None, "x", True]))
    ['bool', 'text', 'whole']
    """
    return frozenset(_kind(t) for t in set(map(type, objects))) - {"nothing"}


def type_of(kinds: Set[str]) -> Values:
    """The type of a column that holds values of these kinds.

    >>> type_of({"whole", "number"}).dtype, type_of({"whole", "text"})
    (Float64, Values(dtype=String, mixed=True))
    """
    if not kinds:
        return Values(pl.String())
    if "other" in kinds:
        return Values(NESTED)
    if kinds == {"bool"}:
        return Values(pl.Boolean())
    if kinds == {"whole"}:
        return Values(pl.Int64())
    if kinds <= {"bool", "whole", "number"}:
        return Values(pl.Float64())
    if kinds == {"date"}:
        return Values(pl.Date())
    if kinds <= {"date", "time"}:
        return Values(pl.Datetime("us"))
    if kinds == {"span"}:
        return Values(pl.Duration("us"))
    mixed = kinds - {"text"} - ({"number"} if kinds == {"text", "number"} else set())
    return Values(pl.String(), bool(mixed))


def _kind(t: type) -> str:
    if t is type(None) or t.__name__ in ("NAType", "NaTType"):
        return "nothing"
    if issubclass(t, (bool, np.bool_)):
        return "bool"
    if issubclass(t, (int, np.integer)):
        return "whole"
    if issubclass(t, (str, bytes)):
        return "text"
    if issubclass(t, (decimal.Decimal, float, np.floating)) or (issubclass(t, numbers.Real) and t is not object):
        return "number"
    if issubclass(t, (dt.datetime, np.datetime64)):
        return "time"
    if issubclass(t, dt.date):
        return "date"
    return "span" if issubclass(t, (dt.timedelta, np.timedelta64)) else "other"


def series_of(name: str, objects: Sequence[Any], values: Values) -> pl.Series:
    """A column of Python objects, of the type that ``values_of`` found for all of them."""
    if values.dtype == pl.Int64():
        return _wholes(name, objects)
    if values.dtype == pl.Float64():
        return pl.Series(name, [None if _nothing(v) else float(v) for v in objects], dtype=pl.Float64)
    if values.dtype == pl.String():
        return pl.Series(name, [None if _nothing(v) or v != v else _text(v) for v in objects], dtype=pl.String)
    if values.dtype == NESTED:
        return pl.Series(name, [None] * len(objects), dtype=NESTED)
    plain = [None if _nothing(v) else _plain(v) for v in objects]
    if values.dtype == pl.Datetime("us"):
        plain = [_moment(v) for v in plain]
    return pl.Series(name, plain, dtype=values.dtype)


def _wholes(name: str, objects: Sequence[Any]) -> pl.Series:
    """Whole numbers exactly in 64 bits, or in 128 where they need it; beyond that as floats."""
    plain = [None if _nothing(v) else int(v) for v in objects]
    largest = max((abs(v) for v in plain if v is not None), default=0)
    if largest < _LARGEST:
        return pl.Series(name, plain, dtype=pl.Int64)
    if largest < 2**127:
        return pl.Series(name, plain, dtype=pl.Int128)
    return pl.Series(name, [None if v is None else _float(v) for v in plain], dtype=pl.Float64)


def _float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)


def _nothing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else encodable(str(value))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _moment(value: Any) -> dt.datetime | None:
    """A date or a time as a time without zone, in UTC where it had one."""
    if value is None:
        return None
    if not isinstance(value, dt.datetime):
        return dt.datetime(value.year, value.month, value.day)
    return value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value


def array_series(name: str, array: np.ndarray[Any, Any]) -> pl.Series | None:
    """A one-dimensional array as a column, without a copy where Polars can; ``None`` where it holds no such values.

    Byte order becomes the machine's; float16 becomes float32 and long doubles float64.
    """
    if isinstance(array, np.ma.MaskedArray):
        made = array_series(name, array.data)
        return None if made is None else made.set(pl.Series(np.ma.getmaskarray(array)), None)
    kind = array.dtype.kind
    if kind in "biu":
        return pl.Series(name, _native(array))
    if kind == "f":
        wider = {2: np.float32}.get(array.dtype.itemsize, np.float64 if array.dtype.itemsize > 8 else None)
        return pl.Series(name, _native(array) if wider is None else array.astype(wider))
    if kind in "mM":
        return _times(name, array)
    if kind == "U":
        return _texts(name, array.tolist())
    if kind == "S":
        return pl.Series(name, [_text(v) for v in array.tolist()], dtype=pl.String)
    if kind == "T":
        return pl.Series(name, [encodable(v) if isinstance(v, str) else None for v in array.tolist()], dtype=pl.String)
    if kind == "O":
        objects = array.tolist()
        return series_of(name, objects, values_of(objects))
    return None


def _texts(name: str, texts: list[str]) -> pl.Series:
    try:
        return pl.Series(name, texts, dtype=pl.String)
    except UnicodeEncodeError:  # half characters somewhere
        return pl.Series(name, [encodable(text) for text in texts], dtype=pl.String)


def _native(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("="))


def _times(name: str, array: np.ndarray[Any, Any]) -> pl.Series:
    """Times to the microsecond; what NumPy counts in years, days or nanoseconds as well."""
    unit = np.datetime_data(array.dtype)[0]
    kind = array.dtype.kind
    if kind == "M" and unit in ("D", "W", "M", "Y"):
        days = array.astype("datetime64[D]").astype(np.int64)
        return pl.Series(name, days).set(pl.Series(np.isnat(array)), None).cast(pl.Int32).cast(pl.Date)
    if kind == "m" and unit in ("M", "Y", "generic"):
        return pl.Series(name, array.astype(np.int64)).set(pl.Series(np.isnat(array)), None)
    micro = array.astype(f"{'datetime64' if kind == 'M' else 'timedelta64'}[us]").astype(np.int64)
    dtype = pl.Datetime("us") if kind == "M" else pl.Duration("us")
    return pl.Series(name, micro).set(pl.Series(np.isnat(array)), None).cast(dtype)
