"""What a text or a whole number looks like: a date, a quantity, words."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

LOOKED_AT = 2_000
MOST = 0.95
"""Share of the cells that must look alike before the column is said to."""

_DATE = (
    r"^\s*(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?|\d{1,2}:\d{2}(:\d{2}.*)?|\d{1,2}[ -][A-Za-z]{3,9}[ -,]+\d{2,4}"
    r"|[A-Za-z]{3,9}\.? \d{1,2},? \d{4})\s*$"
)
_QUANTITY = (
    r"^\s*[$€£]?\s*[-+]?(\d[\d,']*(\.\d*)?|\d{1,3}(\.\d{3})+(,\d*)?|\.\d+)([eE][-+]?\d+)?"
    r"\s*[%€]?( [A-Za-z]{1,3})?\s*$"
)
_CODE_OF_DIGITS = r"^\d+$"


def are_dates(values: pl.Series) -> bool:
    """Whether nearly all of the first texts are dates or times in a usual notation.

    >>> are_dates(pl.Series(["2024-01-31", "2024-02-01"])), are_dates(pl.Series(["A-01-31"]))
    (True, False)
    """
    return _share(values, _DATE) >= MOST


def are_quantities(values: pl.Series) -> bool:
    """Whether nearly all of the first texts are numbers, perhaps with a unit, and not digits alone.

    >>> are_quantities(pl.Series(["1.5", "12 kg", "1.234,5"])), are_quantities(pl.Series(["00012", "00013"]))
    (True, False)
    """
    return _share(values, _QUANTITY) >= MOST and _share(values, _CODE_OF_DIGITS) < MOST


def words_in(values: pl.Series) -> float:
    """The mean number of words in the first texts; nan without any.

    >>> words_in(pl.Series(["one two", "one two three four"]))
    3.0
    """
    mean = values.head(LOOKED_AT).str.count_matches(r"\S+").cast(pl.Float64).mean()
    return float(mean) if isinstance(mean, float) else float("nan")


def are_calendar(values: NDArray[np.int64] | NDArray[np.uint64]) -> bool:
    """Whether whole numbers, shape (n,), are all years 1500 to 2200, or all YYYYMM or YYYYMMDD of such years.

    >>> are_calendar(np.array([1999, 2024])), are_calendar(np.array([20240131])), are_calendar(np.array([20241331]))
    (True, True, False)
    """
    if not values.size:
        return False
    low, high = int(values.min()), int(values.max())
    if low >= 1500 and high <= 2200:
        return True
    if low >= 150_001 and high <= 220_012:
        return bool(np.isin(values % 100, np.arange(1, 13)).all())
    if low >= 15_000_101 and high <= 22_001_231:
        month, day = values // 100 % 100, values % 100
        return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())
    return False


def whole_numbers(values: pl.Series) -> NDArray[np.int64] | NDArray[np.uint64] | None:
    """A column without nulls as whole numbers, nan left out; ``None`` where some are broken, infinite or beyond 2⁵³.

    >>> whole_numbers(pl.Series([1.0, 2.0])), whole_numbers(pl.Series([1.5]))
    (array([1, 2]), None)
    """
    if values.dtype.is_integer() and values.dtype not in (pl.Int128, pl.UInt128):
        return values.to_numpy()
    if not values.dtype.is_float():
        return None
    for x in (values.head(64).to_numpy(), values.to_numpy()):
        x = x[~np.isnan(x)]
        if not ((np.abs(x) <= 2.0**53) & (x == np.round(x))).all():
            return None
    return x.astype(np.int64)


def _share(values: pl.Series, pattern: str) -> float:
    first = values.head(LOOKED_AT)
    return float(first.str.contains(pattern).sum()) / len(first) if len(first) else 0.0
