"""Columns of a table as cells that can tell: in an order where they have one, else as groups of equal values."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.linear_algebra.facts import floats

from .facts import kind_of
from .told import Cells, Codes, Floats

FEW = 64
"""Numbers with no more values than this (and at most a fifth of the rows) are groups; with more, an order."""
PROBED = 200
WORDS = 3


def cells_of(column: pl.Series) -> Cells:
    """The cells of a column of any type. Numbers, dates and texts that are numbers have an order; nan is an empty cell.

    >>> cells_of(pl.Series(["no", "yes", None])).filled.tolist()
    [True, True, False]
    """
    kind = kind_of(column.dtype)
    if kind == "number":
        return _ordered(floats(column))
    if kind == "time":
        return _ordered(floats(column.to_physical()))
    filled = column.is_not_null().to_numpy().copy()
    if kind == "text":
        filled &= (column.str.strip_chars() != "").fill_null(False).to_numpy()
        numbers = _numbers_in(column)
        return _grouped(column.hash(seed=0).to_numpy(), filled) if numbers is None else _ordered(numbers)
    if kind == "bool" or column.dtype in (pl.Categorical, pl.Enum):
        return _grouped(column.to_physical().fill_null(0).to_numpy(), filled)
    return Cells(filled, None, np.zeros(len(column), dtype=np.int64), int(filled.any()))


def _ordered(x: Floats) -> Cells:
    cells = Cells(~np.isnan(x), x)
    along = x[cells.by_value]
    values = int((along[1:] != along[:-1]).sum()) + 1 if len(along) else 0
    if values > max(2, min(FEW, len(x) // 5)):
        kept = Cells(cells.filled, x, None, values)
        kept.__dict__["by_value"] = cells.by_value
        return kept
    return _grouped(np.where(cells.filled, x, 0.0), cells.filled)


def _grouped(values: NDArray[Any], filled: NDArray[np.bool_]) -> Cells:
    codes: Codes = np.unique(values, return_inverse=True)[1].astype(np.int64)
    return Cells(filled, None, codes, int(np.count_nonzero(np.bincount(codes[filled], minlength=1))))


def _numbers_in(column: pl.Series) -> Floats | None:
    """The numbers that a text column holds: nine in ten of its texts are numbers, and the rest at most three words."""
    some = column.drop_nulls().head(PROBED)
    if some.is_empty() or _read(some).null_count() > len(some) / 10:
        return None
    read = _read(column)
    words = column.filter(read.is_null() & column.is_not_null())
    few = len(words) <= (len(column) - column.null_count()) / 10 and words.n_unique() <= WORDS
    return floats(read) if few else None


def _read(texts: pl.Series) -> pl.Series:
    return texts.str.replace_all(r"[\s,$€£%]", "").cast(pl.Float64, strict=False)
