"""The numeric columns of a table, few enough to look at: the problem that several lessons share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import NotApplicable

from .facts import Matrix

MOST_ROWS = 2_000
MOST_COLUMNS = 16
FEWEST_ROWS = 3
LARGEST = 1e100
"""Beyond this, and for spreads below its inverse, the squares that a lesson forms leave the range of doubles."""


@dataclass(frozen=True)
class FewColumns:
    """The first 16 features that vary, complete rows only, at most 2,000 of them, evenly taken. Derived.

    ``X`` has shape ``(n, p)``, float64, as the columns are. ``said`` tells which rows these are.

    >>> import polars as pl
    >>> from tearless.core import Asked
    >>> from tearless.linear_algebra.facts import Sample
    >>> from tearless.readers.source import Batch
    >>> sample = Sample.of(Batch(pl.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1, 0, 1], "c": ["x", "y", "z"]})))
    >>> few = FewColumns.derive(Matrix.derive(sample, Asked()))
    >>> few.names, few.X.shape, few.spreads.round(4).tolist()
    (('a', 'b'), (3, 2), [1.2472, 0.4714])
    """

    names: tuple[str, ...]
    X: NDArray[np.float64]
    said: str

    @classmethod
    def derive(cls, matrix: Matrix) -> Self:
        """Raises ``NotApplicable`` for fewer than 3 complete rows, and for numbers too large or too fine to square."""
        if matrix.n < FEWEST_ROWS:
            raise NotApplicable(f"this needs at least {FEWEST_ROWS} rows without holes; fill or drop the holes")
        every = np.unique(np.linspace(0, matrix.n - 1, min(matrix.n, MOST_ROWS)).astype(int))
        X = matrix.values[every]
        kept = np.flatnonzero(np.ptp(X / 4, axis=0) > 0)[:MOST_COLUMNS]
        if not len(kept):
            raise NotApplicable("each column holds one value in nearly every row; there is no spread to look at")
        X, names = np.ascontiguousarray(X[:, kept]), tuple(matrix.names[j] for j in kept)
        largest, finest = float(np.abs(X).max()), float(np.ptp(X / 4, axis=0).min())
        if largest > LARGEST or finest < 1 / LARGEST:
            raise NotApplicable(f"a column holds numbers beyond {LARGEST:g} or differs by less than {1 / LARGEST:g}")
        part = f"{len(X):,} of {matrix.n:,}" if len(X) < matrix.n else f"{len(X):,}"
        return cls(names, X, f"{part} complete rows")

    @property
    def n(self) -> int:
        return int(self.X.shape[0])

    @property
    def p(self) -> int:
        return int(self.X.shape[1])

    @property
    def spreads(self) -> NDArray[np.float64]:
        """The standard deviation of each column (ddof 0), shape ``(p,)``; a column that rounding made flat has 1."""
        spread = np.asarray(self.X.std(axis=0))
        return np.where(spread > 0, spread, 1.0)

    @property
    def centred(self) -> NDArray[np.float64]:
        """The columns with mean 0."""
        return np.asarray(self.X - self.X.mean(axis=0))

    @property
    def standardised(self) -> NDArray[np.float64]:
        """The columns with mean 0 and standard deviation 1 (ddof 0)."""
        return np.asarray(self.centred / self.spreads)
