"""Numbers to predict a number from: the problem that several lessons share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import Asked, NotApplicable

from .facts import Matrix, Sample, floats

MOST_ROWS = 2_000
MOST_COLUMNS = 12
FEWEST_ROWS = 3
LARGEST = 1e100
"""Numbers beyond it, and spreads below one over it, leave the range of doubles when they are squared and added."""


@dataclass(frozen=True)
class RegressionData:
    """A few numeric columns and the numeric column to predict, complete rows only. Derived.

    ``X`` has shape ``(n, p)``, float64, as the columns are; ``y`` has shape ``(n,)``. At most 2,000 rows, evenly taken
    of the sample, and the first 12 columns that vary. Without a target the last numeric column is predicted; ``said``
    tells which rows these are.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1, 0, 1], "y": [2.0, 3.0, 5.0]})
    >>> sample = Sample.of(Batch(frame))
    >>> data = RegressionData.derive(Matrix.derive(sample, Asked("y")), sample, Asked("y"))
    >>> data.names, data.target, data.X.shape
    (('a', 'b'), 'y', (3, 2))
    """

    names: tuple[str, ...]
    target: str
    X: NDArray[np.float64]
    y: NDArray[np.float64]
    said: str

    @classmethod
    def derive(cls, matrix: Matrix, sample: Sample, asked: Asked) -> Self:
        """Raises ``NotApplicable`` where there are not two numeric columns, or fewer than 3 complete rows."""
        target = asked.target or matrix.names[-1]
        if not sample.frame[target].dtype.is_numeric():
            raise NotApplicable("this needs a number to predict; name a numeric column with --target")
        names = tuple(name for name in matrix.names if name != target)[:MOST_COLUMNS]
        if not names:
            raise NotApplicable("this needs two numeric columns that vary, one of them to be predicted")
        columns = np.column_stack([floats(sample.frame[name]) for name in (*names, target)])
        complete = columns[np.isfinite(columns).all(axis=1)]
        if len(complete) < FEWEST_ROWS or np.ptp(complete, axis=0).min() == 0:
            raise NotApplicable(f"this needs at least {FEWEST_ROWS} rows without holes, in which every column varies")
        taken = complete[np.unique(np.linspace(0, len(complete) - 1, MOST_ROWS).astype(int))]
        taken = complete if len(complete) <= MOST_ROWS else taken
        if np.ptp(taken, axis=0).min() == 0:
            raise NotApplicable("a column holds one value in nearly every row; leave it out")
        if np.abs(taken).max() > LARGEST or taken.std(axis=0).min() < 1 / LARGEST:
            raise NotApplicable("a column is too large, or too fine, to be squared; give it in another unit")
        said = f"{len(taken):,} of {len(complete):,} complete rows" if len(taken) < len(complete) else "complete rows"
        return cls(names, target, taken[:, :-1], taken[:, -1], f"{said} of {sample.said}")

    @property
    def n(self) -> int:
        return len(self.y)

    @property
    def standardised(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Columns and target with mean 0 and standard deviation 1 (ddof 0)."""
        X, y = self.centred
        return X / X.std(axis=0), y / y.std()

    @property
    def centred(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Columns and target with mean 0."""
        return self.X - self.X.mean(axis=0), self.y - self.y.mean()
