"""Missing cells: which they are, and which groups of rows they keep to."""

from __future__ import annotations

import polars as pl


def missing_cells(column: pl.Series) -> pl.Series:
    """Whether each cell is missing: null, or nan in a column of floats. Shape (n,), exact.

    >>> missing_cells(pl.Series([1.0, None, float("nan"), float("inf")])).to_list()
    [False, True, True, False]
    """
    empty = column.is_null()
    return empty | column.is_nan().fill_null(False) if column.dtype.is_float() else empty
