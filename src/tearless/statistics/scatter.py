"""One column beside what is to be predicted, parted into rows to train on and fresh ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import NotApplicable
from tearless.linear_algebra.regression_data import RegressionData
from tearless.statistics.correlation import pearson

Floats = NDArray[np.float64]

MOST_ROWS, FEWEST_ROWS = 480, 24
LARGEST = 1e100


@dataclass(frozen=True)
class Scatter:
    """The column that goes closest with the target, ``x``, and the target in its standard deviations, ``y``. Derived.

    Shapes (n,), at most 480 rows, evenly taken. A third of them, drawn, is kept fresh: ``test``; the others, in their
    drawn order, are the ``pool`` to train on.

    >>> X = np.column_stack([np.arange(30.0), np.tile([1.0, 2.0], 15)])
    >>> found = Scatter.derive(RegressionData(("a", "b"), "y", X, X[:, 0] ** 2, "all rows"))
    >>> found.column, len(found.test), len(found.pool), round(float(found.y.std()), 12)
    ('a', 10, 20, 1.0)
    """

    column: str
    target: str
    x: Floats
    y: Floats
    said: str

    @classmethod
    def derive(cls, data: RegressionData) -> Self:
        """Raises ``NotApplicable`` for fewer than 24 complete rows and for numbers that cannot be squared."""
        every = np.unique(np.linspace(0, data.n - 1, min(data.n, MOST_ROWS)).astype(int))
        X, y = data.X[every], data.y[every]
        largest = max(float(np.abs(X).max()), float(np.abs(y).max()))
        if len(y) < FEWEST_ROWS or largest > LARGEST:
            raise NotApplicable(f"this needs {FEWEST_ROWS} complete rows of numbers below {LARGEST:g}")
        varies = np.ptp(X, axis=0) > 1 / LARGEST
        if not varies.any() or np.ptp(y) <= 1 / LARGEST:
            raise NotApplicable("the target, or every column beside it, holds one value in nearly every row")
        ties = [abs(float(pearson(column, y))) if known else -1.0 for column, known in zip(X.T, varies, strict=True)]
        j = int(np.nanargmax(ties))
        y = (y - y.mean()) / y.std()
        return cls(data.names[j], data.target, X[:, j], y, f"{len(y):,} rows, of {data.said}")

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """The rows in a drawn order, always the same."""
        return np.random.default_rng(0).permutation(len(self.x))

    @property
    def test(self) -> NDArray[np.int64]:
        """The rows that no fit sees."""
        return self.order[: len(self.x) // 3]

    @property
    def pool(self) -> NDArray[np.int64]:
        """The rows to train on."""
        return self.order[len(self.x) // 3 :]

    def exchanged(self, noise: float) -> Floats:
        """The target with the labels of a share of the pool passed round among them.

        >>> y = np.arange(30.0)
        >>> int((Scatter("a", "y", y, y, "").exchanged(0.5) != y).sum())
        10
        """
        y, pool = self.y.copy(), self.pool
        wrong = pool[np.linspace(0, len(pool) - 1, round(noise * len(pool))).astype(int)]
        y[wrong] = np.roll(y[wrong], 1)
        return y
