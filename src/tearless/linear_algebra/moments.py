"""Power sums about the mean, merged without losing digits.

The textbook form ``E[x²] − E[x]²`` subtracts two nearly equal numbers when the offset is large against the spread: a
column of mean 1e8 and spread 1 comes out with variance 6 or less than 0. Sums about the mean do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Counts, means and sums of the 2nd to 4th power about the mean, one entry a column: a commutative monoid.

    Each array has shape ``(p,)``. ``merge`` follows Chan, Golub and LeVeque (1979) for the second order and Pébay
    (Sandia report SAND2008-6212, 2008) for the third and fourth.

    >>> import numpy as np
    >>> a, b = Moments.of([np.array([1.0, 2.0])]), Moments.of([np.array([3.0, 6.0])])
    >>> m = a.merge(b)
    >>> float(m.mean[0]), float(m.variance()[0])
    (3.0, 4.666666666666667)
    """

    n: Floats
    mean: Floats
    m2: Floats
    m3: Floats
    m4: Floats

    @classmethod
    def of(cls, columns: list[Floats]) -> Self:
        """The moments of finite values, one 1-D array a column; lengths may differ."""
        rows = [_one(np.asarray(x, dtype=np.float64)) for x in columns]
        return cls(*(np.array(part, dtype=np.float64) for part in zip(*rows, strict=True))) if rows else cls(*[np.empty(0)] * 5)

    def merge(self, other: Self) -> Self:
        """The moments of both together."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            n = self.n + other.n
            a, b = self.n, other.n
            safe = np.where(n > 0, n, 1.0)
            d = np.where((a > 0) & (b > 0), other.mean - self.mean, 0.0)
            mean = np.where(a == 0, other.mean, np.where(b == 0, self.mean, self.mean + d * (b / safe)))
            m2 = self.m2 + other.m2 + d**2 * a * b / safe
            m3 = (
                self.m3
                + other.m3
                + d**3 * a * b * (a - b) / safe**2
                + 3 * d * (a * other.m2 - b * self.m2) / safe
            )
            m4 = (
                self.m4
                + other.m4
                + d**4 * a * b * (a * a - a * b + b * b) / safe**3
                + 6 * d**2 * (a * a * other.m2 + b * b * self.m2) / safe**2
                + 4 * d * (a * other.m3 - b * self.m3) / safe
            )
        return type(self)(n, mean, m2, m3, m4)

    def variance(self, ddof: int = 1) -> Floats:
        """Sum of squares about the mean over ``n − ddof``; nan where ``n ≤ ddof``."""
        return _over(self.m2, self.n - ddof)

    def std(self, ddof: int = 1) -> Floats:
        """Square root of ``variance``, in the unit of the column."""
        return np.sqrt(self.variance(ddof))

    def skewness(self) -> Floats:
        """Third standardised moment g₁ = √n·m₃ / m₂^1.5 of the population form; nan for a constant column."""
        return _over(np.sqrt(self.n) * self.m3, self.m2**1.5)

    def kurtosis(self) -> Floats:
        """Excess kurtosis g₂ = n·m₄ / m₂² − 3 of the population form; nan for a constant column."""
        return _over(self.n * self.m4, self.m2**2) - 3.0


def _one(x: Floats) -> tuple[float, float, float, float, float]:
    if x.size == 0:
        return 0.0, 0.0, 0.0, 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        mean = float(x[0]) + float(np.mean(x - x[0]))
        if not np.isfinite(mean):
            mean = float(np.mean(x / x.size) * x.size)
        d = x - mean
        first = float(d.mean())
        mean, d = mean + first, d - first
        square = d * d
        return float(x.size), mean, float(square.sum()), float((square * d).sum()), float((square * square).sum())


def _over(a: Floats, b: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        out: Floats = np.where(b > 0, a / np.where(b > 0, b, 1.0), np.nan)
    return out
