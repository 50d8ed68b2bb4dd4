"""A table whose columns are sorted once, for whatever asks again and again which rows lie below a value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.integer[Any]]

LAST = 0x7FFFFFFF << 32
"""A key above all others: for places that hold no row."""


@dataclass(frozen=True)
class Sorted:
    """A table with the rank of every value in its column: equal values share a rank, from 0.

    ``values`` (n, p); ``ranks`` (p, n). Made once, and shared by all trees grown on the table.

    >>> table = Sorted.rank(np.array([[3.0], [1.0], [3.0]]))
    >>> table.ranks.tolist(), table.tied.tolist(), row_of(table.all_keys).tolist()  # the rows, smallest value first
    ([[1, 0, 1]], [True], [[1, 0, 2]])
    """

    values: Floats
    ranks: NDArray[np.int32]

    @classmethod
    def rank(cls, values: Floats) -> Sorted:
        """The ranks of a table of finite numbers. Raises ``InputError`` for others, and for 2³¹ rows or more.

        >>> Sorted.rank(np.array([[3.0], [1.0], [3.0]])).ranks.tolist()
        [[1, 0, 1]]
        """
        if values.ndim != 2 or not values.size or not np.isfinite(values).all():
            raise InputError(f"values: expected a matrix of finite numbers, got shape {values.shape}; drop the others")
        n, p = values.shape
        if n >= 1 << 31:
            raise InputError(f"values: expected fewer than {1 << 31:,} rows, got {n:,}; take a sample")
        ranks = np.empty((p, n), dtype=np.int32)
        for j in range(p):
            column = np.ascontiguousarray(values[:, j])
            order = np.argsort(column)
            ordered = column[order]
            ranks[j, order] = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])])
        return cls(values, ranks)

    @cached_property
    def tied(self) -> NDArray[np.bool_]:
        """Which columns hold a value twice (p,)."""
        return np.asarray(self.ranks.max(axis=1) < len(self.values) - 1)

    @cached_property
    def all_keys(self) -> Ints:
        """The keys of all rows in all columns, sorted once (p, n)."""
        p, n = self.ranks.shape
        keys: Ints = self.keys(np.arange(p)[None], np.arange(n)[None])[0]
        return keys

    def of(self, columns: Rows, rows: Rows) -> NDArray[np.int32]:
        """The ranks of rows (B, m) in columns (B, k): (B, k, m), no more read than that."""
        return self.ranks.ravel().take(columns[:, :, None] * len(self.values) + rows[:, None, :])

    def keys(self, columns: Rows, rows: Rows, inside: NDArray[np.bool_] | None = None) -> Ints:
        """Rows (B, m) in the order of each of their columns (B, k): (B, k, m), the rank above, the row in 32 bits.

        Places that are not ``inside`` (B, m) hold no row and come last, as row 0.
        """
        out = self.of(columns, rows).astype(np.int64)
        out <<= 32
        out |= rows[:, None, :]
        if inside is not None:
            out = np.where(inside[:, None, :], out, LAST)
        out.sort(axis=2)
        return out


def row_of(keys: Ints) -> NDArray[np.intp]:
    """The rows of keys: their lower halves.

    Any shape.

    >>> row_of(np.array([(7 << 32) | 5])).tolist()
    [5]
    """
    return (keys & 0xFFFFFFFF).astype(np.intp)


def rank_of(keys: Ints) -> NDArray[np.int32]:
    """The ranks of keys: their upper halves.

    Any shape.

    >>> rank_of(np.array([(7 << 32) | 5])).tolist()
    [7]
    """
    return (keys >> 32).astype(np.int32)
