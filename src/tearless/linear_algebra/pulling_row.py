"""Columns to fit, the one of most weight, and the row that pulls at it hardest: the problem of a lesson."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError, NotApplicable

from .least_squares import qr, svd
from .regression_data import RegressionData

Floats = NDArray[np.float64]
LARGEST = 1e100
"""Squares of larger numbers, and of differences finer than its inverse, leave the range of doubles."""
INDEPENDENT = 1e-6
"""A column of which less than this share is new to the columns before it is left out."""
ROWS_A_COLUMN = 3
MOST_ALIKE = 10
ROUNDING = 2.0**-53


@dataclass(frozen=True)
class PullingRow:
    """Independent columns ``X`` (n, p) and what to predict, ``y`` (n,), as they are. Derived.

    ``column`` has the largest weight once all have one spread; ``own`` (n,) is what of it no other column tells, and
    the row ``far`` has most of that: the same shift of its target changes the weight more than that of any other row.

    >>> x = np.array([0.0, 1.0, 2.0, 9.0])
    >>> found = PullingRow.derive(RegressionData(("a", "b"), "y", np.stack([x, 2 * x], axis=1), 3 * x, "4 rows"))
    >>> found.names, found.far, found.own.tolist()
    (('a',), 3, [-3.0, -2.0, -1.0, 6.0])
    """

    names: tuple[str, ...]
    target: str
    X: Floats
    y: Floats
    column: int
    far: int
    own: Floats
    said: str

    @classmethod
    def derive(cls, data: RegressionData) -> Self:
        """Raises ``NotApplicable`` for numbers that cannot be squared. Keeps a column for every three rows at most."""
        sizes = [max(float(np.abs(a).max()), 1 / float(np.ptp(a / 4, axis=0).min())) for a in (data.X, data.y)]
        if max(sizes) > LARGEST:
            raise NotApplicable("a column holds numbers too large, or differences too fine, to be squared; rescale it")
        kept = _independent(data.X)[: max(1, (data.n - 1) // ROWS_A_COLUMN)]
        if not kept or data.y.std() == 0:
            raise NotApplicable("no column varies by more than rounding; there is nothing to fit")
        X, names = data.X[:, kept], tuple(data.names[j] for j in kept)
        weights = np.asarray(svd(X / X.std(axis=0), data.y, intercept=True).coefficients)
        column = int(np.argmax(np.abs(weights)))
        own = _left(X, column, X[:, column])
        return cls(names, data.target, X, data.y, column, int(np.argmax(np.abs(own))), own, data.said)

    @property
    def standardised(self) -> Floats:
        return np.asarray((self.X - self.X.mean(axis=0)) / self.X.std(axis=0))

    def told(self, y: Floats) -> Floats:
        """What of ``y`` the other columns do not tell, shape ``(n,)``."""
        return _left(self.X, self.column, y)

    def twins(self, alike: int) -> Floats:
        """A constant, the standardised columns, and a column that agrees with one of them to so many digits."""
        Z, n = self.standardised, len(self.y)
        twin = Z[:, self.column] + 10.0**-alike * np.random.default_rng(0).normal(size=n)
        return np.column_stack([np.ones(n), Z, twin])

    @cached_property
    def right_digits(self) -> tuple[tuple[float, float], ...]:
        """``right_digits`` of the twins that agree to 0, 1, 2 ... digits."""
        return tuple(right_digits(self.twins(alike)) for alike in range(MOST_ALIKE + 1))


def right_digits(A: Floats) -> tuple[float, float]:
    """How many digits of the worst weight are right, by the inverse of AᵀA and by QR, of weights that are all 1.

    ``A`` has shape ``(n, p)``. Measured: the target is A·1, so the weights are known.

    >>> by_product, by_qr = right_digits(np.array([[1.0, 1.0], [1.0, 1.0 + 1e-6], [1.0, 1.0 - 1e-6]]))
    >>> by_product < 5 < 9 < by_qr
    True
    """
    target = A @ np.ones(A.shape[1])
    try:
        product = np.linalg.inv(A.T @ A) @ (A.T @ target)
    except np.linalg.LinAlgError:  # singular to the last bit
        product = np.zeros(A.shape[1])
    try:
        exact = np.asarray(qr(A, target).coefficients)
    except InputError:
        exact = np.asarray(svd(A, target).coefficients)
    wrong = [max(ROUNDING, min(1.0, float(np.abs(w - 1).max()))) for w in (product, exact)]
    return abs(float(np.log10(wrong[0]))), abs(float(np.log10(wrong[1])))


def _independent(X: Floats) -> list[int]:
    """The columns that are no weighted sum of those before them."""
    kept: list[int] = []
    spreads = X.std(axis=0)
    for j in map(int, np.flatnonzero(spreads > 0)):
        new = _left(X[:, np.array([*kept, j])], len(kept), X[:, j]) / spreads[j]
        if np.sqrt(np.mean(new**2)) > INDEPENDENT:
            kept.append(j)
    return kept


def _left(X: Floats, column: int, y: Floats) -> Floats:
    """What is left of ``y`` once all columns but one have told what they can."""
    if X.shape[1] == 1:
        return np.asarray(y - y.mean())
    others = np.delete(X, column, axis=1)
    return np.asarray(svd(others / others.std(axis=0), y, intercept=True).residual)
