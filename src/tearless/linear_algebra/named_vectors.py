"""Rows as vectors with a name each: what a question of similarity is asked of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import NotApplicable

from .facts import Matrix, Sample, floats

MOST_ROWS = 300
MOST_COLUMNS = 64
FEWEST = 3
OWN_NAMES = 0.9
"""The share of different texts from which on a column holds names."""
LARGEST = 1e100
"""Beyond this, and for numbers below its inverse, the squares that a lesson forms leave the range of doubles."""


@dataclass(frozen=True)
class NamedVectors:
    """The first 300 complete rows as vectors of the numeric features that vary, 64 at most. Derived.

    ``X`` has shape ``(n, d)``; ``names`` are the texts of the first column in which nearly every row has
    its own, or the numbers of the rows. Rows of
    zeros have no direction: they are left out and counted in ``zeros``.

    >>> from tearless.core import Asked
    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"film": ["Up", "Her", "It", "Go"], "joy": [3, 1, 0, 0], "fear": [0, 1, 2, 0]})
    >>> sample = Sample.of(Batch(frame))
    >>> found = NamedVectors.derive(Matrix.derive(sample, Asked()), sample)
    >>> found.names, found.X.tolist(), found.zeros
    (('Up', 'Her', 'It'), [[3.0, 0.0], [1.0, 1.0], [0.0, 2.0]], 1)
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    X: NDArray[np.float64]
    zeros: int
    said: str

    @classmethod
    def derive(cls, matrix: Matrix, sample: Sample) -> Self:
        """Raises ``NotApplicable`` for fewer than 2 such columns, or fewer than 3 complete rows that are not zero."""
        columns = matrix.names[:MOST_COLUMNS]
        if len(columns) < 2:
            raise NotApplicable("this needs two numeric columns that vary: a direction needs a plane")
        X = np.column_stack([floats(sample.frame[name]) for name in columns])
        complete = np.flatnonzero(np.isfinite(X).all(axis=1))
        directed = complete[(X[complete] != 0).any(axis=1)]
        if len(directed) < FEWEST:
            raise NotApplicable(f"this needs at least {FEWEST} rows without holes that are not all zeros")
        kept = directed[:MOST_ROWS]
        sizes = np.abs(X[kept]).max(axis=1)
        if sizes.max() > LARGEST or sizes.min() < 1 / LARGEST:
            raise NotApplicable(f"a row holds numbers beyond {LARGEST:g}, or none above {1 / LARGEST:g}")
        names = _names(sample, kept)
        part = f"the first {len(kept):,} of {len(directed):,}" if len(kept) < len(directed) else f"{len(kept):,}"
        return cls(names, columns, X[kept], len(complete) - len(directed), f"{part} rows of {sample.said}")


def _names(sample: Sample, kept: NDArray[np.intp]) -> tuple[str, ...]:
    """The texts of the first column of text in which nearly every row has its own; else the rows' numbers."""
    rows = sample.frame[kept.tolist()]
    for name, kind in rows.schema.items():
        if kind == pl.String and rows[name].null_count() == 0 and rows[name].n_unique() >= OWN_NAMES * len(kept):
            return tuple(rows[name].to_list())
    return tuple(f"row {sample.row_numbers[i] + 1}" for i in kept)
