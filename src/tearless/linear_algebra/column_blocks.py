"""The numeric columns of a frame, many short ones at a time: once for a block is cheaper than once for each column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from .moments import Floats

CELLS = 131_072
"""Cells of a block: 1 MB of float64, which a processor keeps at hand."""


def column_blocks(frame: pl.DataFrame, names: Sequence[str]) -> Iterator[tuple[slice, Floats]]:
    """Consecutive columns as the rows of an array, with their positions among ``names``.

    Shape ``(k, n)``, float64, null as nan. A long column is a block by itself, without a copy where ``floats`` makes
    none.

    >>> frame = pl.DataFrame({"a": [1, None], "b": [0.5, 2.0]})
    >>> [(at, block.tolist()) for at, block in column_blocks(frame, ["a", "b"])]
    [(slice(0, 2, None), [[1.0, nan], [0.5, 2.0]])]
    """
    many = max(1, CELLS // max(1, frame.height))
    for first in range(0, len(names), many):
        some = names[first : first + many]
        if len(some) == 1:
            yield slice(first, first + 1), floats(frame[some[0]]).reshape(1, -1)
            continue
        block = np.empty((len(some), frame.height))
        for i, name in enumerate(some):
            block[i] = floats(frame[name])
        yield slice(first, first + len(some)), block


def floats(column: pl.Series) -> Floats:
    """A numeric or boolean column as float64, null as nan. Whole numbers beyond 2⁵³ are rounded.

    Shape ``(n,)``; no copy where it is float64 without nulls.

    >>> floats(pl.Series([1, None, 3])).tolist()
    [1.0, nan, 3.0]
    """
    return (column if column.dtype == pl.Float64 else column.cast(pl.Float64)).to_numpy()
