"""Power sums about the mean, merged without losing digits.

The textbook form ``E[x²] − E[x]²`` subtracts two nearly equal numbers when the offset is large against the spread: a
column of mean 1e8 and spread 1 comes out with variance 6 or less than 0. Sums about the mean do not. Powers overflow
long before the values do (1e80 to the fourth is not a float64), so each column's sums are kept in a unit of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


_PLAIN = 1e60
"""Deviations between 1e-60 and 1e60 have a fourth power that float64 holds, and need no unit of their own."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Counts, means and sums of the 2nd to 4th power about the mean, one entry a column: a commutative monoid.

    Each array has shape ``(p,)``. The sums are in powers of ``unit``, a power of two: the sum of squares is
    ``m2 * unit**2``, and so on. ``unit`` is 1 unless the deviations are beyond about 1e60 or below 1e-60. ``merge``
    follows Chan, Golub and LeVeque (1979) for the second order and Pébay (Sandia report SAND2008-6212, 2008) for the
    third and fourth.

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
    unit: Floats

    @classmethod
    def of(cls, columns: Sequence[Floats]) -> Self:
        """The moments of finite values, one 1-D array a column; lengths may differ."""
        rows = np.array([_one(np.asarray(x, dtype=np.float64)) for x in columns], dtype=np.float64).reshape(-1, 6)
        return cls(*np.ascontiguousarray(rows.T))

    @classmethod
    def of_rows(cls, block: Floats) -> Self:
        """The moments of each row of an array of finite values, shape ``(k, n)``: those of ``of(list(block))``.

        >>> Moments.of_rows(np.array([[1.0, 3.0], [5.0, 5.0]])).mean.tolist()
        [2.0, 5.0]
        """
        if block.shape[1] == 0:
            return cls.of(list(block))
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            mean, m2, m3, m4 = _about_the_mean(block)
            plain = (m2 > 1 / _PLAIN**2) & (m2 < _PLAIN**2)
        made = cls(np.full(len(block), float(block.shape[1])), mean, m2, m3, m4, np.ones(len(block)))
        if not plain.all():
            made.put(np.flatnonzero(~plain), cls.of(list(block[~plain])))
        return made

    def put(self, at: slice | NDArray[np.intp], others: Self) -> None:
        """Write the moments of some columns over those at these positions, while they are being measured."""
        for field in fields(self):
            getattr(self, field.name)[at] = getattr(others, field.name)

    def merge(self, other: Self) -> Self:
        """The moments of both together."""
        a, b = self.n, other.n
        n = a + b
        safe = np.where(n > 0, n, 1.0)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            half = np.where((a > 0) & (b > 0), other.mean / 2 - self.mean / 2, 0.0)
            unit = self._common_unit(other, half)
            d = 2 * (half / unit)
            mean = np.where(a == 0, other.mean, np.where(b == 0, self.mean, self.mean + 2 * (half * (b / safe))))
            ours, theirs = self._in_units_of(unit), other._in_units_of(unit)
            m2 = ours.m2 + theirs.m2 + d**2 * a * b / safe
            m3 = ours.m3 + theirs.m3 + d**3 * a * b * (a - b) / safe**2 + 3 * d * (a * theirs.m2 - b * ours.m2) / safe
            m4 = (
                ours.m4
                + theirs.m4
                + d**4 * a * b * (a * a - a * b + b * b) / safe**3
                + 6 * d**2 * (a * a * theirs.m2 + b * b * ours.m2) / safe**2
                + 4 * d * (a * theirs.m3 - b * ours.m3) / safe
            )
        return type(self)(n, mean, m2, m3, m4, unit)

    def _common_unit(self, other: Self, half: Floats) -> Floats:
        """The largest unit that the sums, or the distance between the means, ask for."""
        apart = np.abs(half)
        asked = np.where((apart > _PLAIN) | (apart < 1 / _PLAIN), _power_of_two(apart), 1.0)
        asked = np.where(apart > 0, asked, 0.0)
        unit = np.maximum(asked, np.maximum(self.unit * (self.m2 > 0), other.unit * (other.m2 > 0)))
        return np.where(unit > 0, unit, 1.0)

    def _in_units_of(self, unit: Floats) -> Self:
        if np.array_equal(unit, self.unit):
            return self
        f = np.where(self.m2 > 0, self.unit / unit, 0.0)
        return type(self)(self.n, self.mean, self.m2 * f * f, self.m3 * f * f * f, self.m4 * f * f * f * f, unit)

    def variance(self, ddof: int = 1) -> Floats:
        """Sum of squares about the mean over ``n − ddof``; nan where ``n ≤ ddof``, inf where no float64 holds it."""
        with np.errstate(over="ignore", under="ignore"):
            return _over(self.m2, self.n - ddof) * self.unit * self.unit

    def std(self, ddof: int = 1) -> Floats:
        """Square root of ``variance``, in the unit of the column; finite also where only the variance overflows."""
        with np.errstate(over="ignore", under="ignore"):
            return np.sqrt(_over(self.m2, self.n - ddof)) * self.unit

    def skewness(self) -> Floats:
        """Third standardised moment g₁ = √n·m₃ / m₂^1.5 of the population form; nan for a constant column."""
        return _over(np.sqrt(self.n) * self.m3, self.m2**1.5)

    def kurtosis(self) -> Floats:
        """Excess kurtosis g₂ = n·m₄ / m₂² − 3 of the population form; nan for a constant column."""
        return _over(self.n * self.m4, self.m2**2) - 3.0


def _one(x: Floats) -> tuple[float, float, float, float, float, float]:
    """Count, mean, the three sums and their unit, for one column of finite values."""
    if x.size == 0:
        return 0.0, 0.0, 0.0, 0.0, 0.0, 1.0
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        mean, m2, m3, m4 = (float(m) for m in _about_the_mean(x))
        if 1 / _PLAIN**2 < m2 < _PLAIN**2:
            return float(x.size), mean, m2, m3, m4, 1.0
        if x.min() == x.max():
            return float(x.size), float(x[0]), 0.0, 0.0, 0.0, 1.0
        outer = float(_power_of_two(np.abs(x).max()))
        y = x / outer
        centre = y[0] + float(np.mean(y - y[0]))
        d = y - centre
        inner = max(float(_power_of_two(np.abs(d).max())), 2.0**-1074 / outer)
        first, m2, m3, m4 = (float(m) for m in _about_the_mean(d / inner))
        return float(x.size), (centre + first * inner) * outer, m2, m3, m4, inner * outer


def _about_the_mean(x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean and sums of the 2nd to 4th power of the deviations along the last axis, with the corrected two-pass form.

    The deviations from the rounded mean sum to a small rest e instead of 0; the power sums are moved by e/n
    (Chan, Golub, LeVeque, The American Statistician 37, 1983, section 4).
    """
    n = x.shape[-1]
    d = x - x[..., :1]
    first = np.add.reduce(d, axis=-1) / n
    d -= first[..., None]
    rest = np.add.reduce(d, axis=-1) / n
    square = d * d
    m2, m3, m4 = np.add.reduce(square, axis=-1), _sum_of_products(square, d), _sum_of_products(square, square)
    mean = x[..., 0] + (first + rest)
    return mean, np.maximum(m2 - n * rest * rest, 0.0), m3 - 3 * rest * m2, np.maximum(m4 - 4 * rest * m3, 0.0)


def _sum_of_products(a: Floats, b: Floats) -> Floats:
    """A dot product on one thread: BLAS would set one to each part of a column, and wait longer than it reckons."""
    return np.asarray(np.einsum("...i,...i->...", a, b))


def _power_of_two(x: ArrayLike) -> Floats:
    """The power of two at or below each magnitude; 1 for zero."""
    x = np.asarray(x, dtype=np.float64)
    return np.where(x > 0, np.ldexp(1.0, np.frexp(x)[1] - 1), 1.0)


def _over(a: Floats, b: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        out: Floats = np.where(b > 0, a / np.where(b > 0, b, 1.0), np.nan)
    return out
