"""What a penalty on the weights does to them, and to the error on rows seen and new, from weak to strong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import NotApplicable
from tearless.linear_algebra.least_squares import ridge, svd
from tearless.linear_algebra.regression_data import RegressionData
from tearless.linear_algebra.triangle import triangle

from .coordinate_descent import l1_least_squares

Floats = NDArray[np.float64]

WEAKEST, STRONGEST, STRENGTHS = 0.001, 2.0, 34
FEWEST = 8
LARGEST = 1e100
"""Squares of larger numbers, and of differences finer than its inverse, leave the range of doubles."""
MOST_SWEEPS, SWEEPS_OF_A_PATH = 500, 100


@dataclass(frozen=True)
class Path:
    """What a penalty does along all strengths, weakest first. Made by ``SeenAndNew``."""

    weights: Floats
    """Shape ``(k, p)``."""
    seen: Floats
    """The mean squared error on seen rows, shape ``(k,)``."""
    new: Floats
    """The same on new rows."""


@dataclass(frozen=True)
class SeenAndNew:
    """Rows of which every other one is seen, and the others new. Derived.

    ``X``, ``y`` are the columns as they are. Everything else is of columns standardised by the seen rows: half the mean
    squared error on these is ½‖c − Rw‖², but for what no weights reach.

    >>> x = np.arange(12.0)
    >>> rows = SeenAndNew.derive(RegressionData(("a",), "y", x[:, None], 3 * x + 1, "12 rows"))
    >>> rows.weights("L2", 1.0).round(9).tolist(), rows.weights("L1", 0.25).round(9).tolist()
    ([0.5], [0.75])
    """

    names: tuple[str, ...]
    target: str
    X: Floats
    y: Floats
    said: str
    paths: Mapping[str, Path] = field(default_factory=dict)
    """The path of each penalty, L1 and L2."""

    @classmethod
    def derive(cls, data: RegressionData) -> Self:
        """Raises ``NotApplicable`` for fewer than 8 rows, and where a column does not vary among the seen ones."""
        X, y = data.X, data.y
        reach = np.append(np.ptp(X[::2] / 4, axis=0), np.ptp(y[::2] / 4))
        if data.n < FEWEST or reach.min() == 0:
            raise NotApplicable(f"this needs {FEWEST} rows or more, in each half of which every column varies")
        if max(np.abs(X).max(), np.abs(y).max(), 1 / reach.min()) > LARGEST:
            raise NotApplicable("a column holds numbers too large, or differences too fine, to be squared; rescale it")
        bare = cls(data.names, data.target, X, y, data.said)
        return replace(bare, paths={penalty: bare._path(penalty) for penalty in ("L1", "L2")})

    @cached_property
    def standardised(self) -> tuple[Floats, Floats]:
        """All rows, by the means and spreads of the seen ones."""
        X, y = self.X - self.X[::2].mean(axis=0), self.y - self.y[::2].mean()
        return X / self.X[::2].std(axis=0), y / self.y[::2].std()

    @cached_property
    def factor(self) -> tuple[Floats, Floats]:
        """``(R, c)`` with RᵀR = XᵀX/n and Rᵀc = Xᵀy/n of the seen rows."""
        X, y = self.standardised
        X, Y = X[::2], y[::2, None]
        R, c = triangle(np, X, Y) if len(X) > X.shape[1] else (X, Y)
        return np.asarray(R) / math.sqrt(len(X)), np.asarray(c)[:, 0] / math.sqrt(len(X))

    @cached_property
    def gradient(self) -> Floats:
        """Downhill from weights of zero: Xᵀy/n."""
        R, c = self.factor
        return np.asarray(R.T @ c)

    @cached_property
    def free(self) -> Floats:
        """The weights without a penalty."""
        return np.asarray(svd(*self.factor).coefficients)

    @cached_property
    def strengths(self) -> Floats:
        return np.geomspace(WEAKEST, STRONGEST, STRENGTHS)

    def weights(self, penalty: str, strength: float, *, tolerance: float = 1e-20, most: int = MOST_SWEEPS) -> Floats:
        """The w that makes ½‖c − Rw‖² + s‖w‖₁, or + s‖w‖²/2, least."""
        if penalty == "L2":
            return np.asarray(ridge(*self.factor, strength, intercept=False).coefficients)
        return l1_least_squares(*self.factor, strength, tolerance=tolerance, most=most).w

    def errors(self, w: Floats) -> tuple[float, float]:
        """The mean squared error on seen and on new rows."""
        X, y = self.standardised
        off = (y - X @ w) ** 2
        return float(off[::2].mean()), float(off[1::2].mean())

    def _path(self, penalty: str) -> Path:
        weights = np.array([self._roughly(penalty, float(s)) for s in self.strengths])
        seen, new = np.array([self.errors(w) for w in weights]).T
        return Path(weights, seen, new)

    def _roughly(self, penalty: str, strength: float) -> Floats:
        """As well as a line in a picture needs it."""
        return self.weights(penalty, strength, tolerance=1e-7, most=SWEEPS_OF_A_PATH)
