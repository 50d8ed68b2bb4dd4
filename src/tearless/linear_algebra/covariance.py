"""Covariance and correlation: in one piece, or merged from parts of data that never stand in memory together.

The textbook ``X.T @ X / n − mean·meanᵀ`` subtracts two nearly equal matrices when an offset is large beside the spread.
Products of deviations do not, and parts merge by adding what the distance of their means explains.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError

from .arrays import (
    Array,
    array,
    factorable,
    finite,
    known,
    largest,
    like,
    safe_squares,
    to_numpy,
    whole,
    within,
)
from .kernels import differentiated, minus
from .triangle import centred

Floats = NDArray[np.float64]

BLOCK = 65_536
"""Numbers centred and multiplied at a time."""


def covariance(X: Array, *, ddof: int = 1) -> Array:
    """Covariances of the columns: products of deviations from the mean, over n − ``ddof``.

    Shape ``(n, p)`` to ``(p, p)``, in units of column times column. ddof 1 (the default, as NumPy's ``cov``) is
    unbiased for a sample; 0 describes these rows alone. Exactly symmetric; error a few u·σᵢσⱼ·log n, however large the
    offset. Overflows to inf where no float holds it. Differentiable. Raises ``InputError`` for nan or inf and for n ≤
    ddof.

    >>> covariance([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]).tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """
    xp, X = _rows(X, whole(ddof, "ddof", least=0))
    c, unit = _products(xp, X)
    return _times_units(xp, c / (X.shape[0] - ddof), unit)


def correlation(X: Array) -> Array:
    """Pearson correlations of the columns: cosines of the columns' deviations from their means.

    Shape ``(n, p)`` to ``(p, p)``, between −1 and 1, no unit, no ddof: it cancels. The diagonal is 1. nan for a
    constant column, which varies with nothing. Right from 1e-300 to 1e300. Differentiable. Raises ``InputError`` for
    nan or inf and for fewer than 2 rows.

    >>> correlation([[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]).round(12).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    xp, X = _rows(X, 1)
    c, _ = _products(xp, X)
    square = xp.linalg.diagonal(c)
    flat = square == 0
    length = xp.sqrt(xp.where(flat, xp.ones_like(square), square))
    r = xp.clip(c / (length[:, None] * length), -1.0, 1.0)
    r = xp.where(xp.eye(r.shape[0], **like(r)) == 1, xp.ones_like(r), r)
    return xp.where(flat[:, None] | flat[None, :], xp.full_like(r, math.nan), r)


@dataclass(frozen=True, slots=True, eq=False)
class Comoments:
    """Number of rows, means, and sums of products of deviations of p columns: a commutative monoid.

    Parts of the data, in any order and grouping, merge to what all of it would give, to rounding (Chan, Golub, LeVeque,
    1979, for matrices). The sums are in powers of ``unit``, a power of two for each column, so that columns of 1e200
    do not overflow.

    >>> a = Comoments.of([[1.0, 2.0], [2.0, 4.0]])
    >>> b = Comoments.of([[3.0, 6.0]])
    >>> a.merge(b).covariance().tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """

    n: int
    mean: Floats
    """Shape ``(p,)``."""
    products: Floats
    """Σ(xᵢ − x̄ᵢ)(xⱼ − x̄ⱼ) / (unitᵢ·unitⱼ), shape ``(p, p)``."""
    unit: Floats
    """Shape ``(p,)``; 1 unless the deviations are beyond about 1e60 or below 1e-60."""

    @classmethod
    def of(cls, X: Array) -> Self:
        """Of rows: shape ``(n, p)``, of any library, summed in float64. No row at all is the neutral element.

        Raises ``InputError`` for nan or inf.
        """
        xp, X = array(X, "X", ndim=2, empty=True)
        x = to_numpy(X).astype(np.float64, copy=False)
        n, p = x.shape
        if n == 0 or p == 0:
            return cls(n, np.zeros(p), np.zeros((p, p)), np.ones(p))
        mean, products = _by_blocks(np, x)
        if within(np, np.diag(products), 1e-120, 1e120):
            return cls(n, mean, products, np.ones(p))
        finite(xp, X, "X")
        d, mean = centred(np, x)
        unit = _unit(largest(np, d, 0)[0])
        d = d if (unit == 1).all() else d / unit
        return cls(n, mean, d.T @ d, unit)

    def merge(self, other: Self) -> Self:
        """Of both together. Raises ``InputError`` where the numbers of columns differ."""
        if len(self.mean) != len(other.mean):
            raise InputError(
                f"other: expected {len(self.mean)} columns, got {len(other.mean)}; merge parts of one table"
            )
        if not self.n or not other.n:
            return self if self.n else other
        n, apart = self.n + other.n, other.mean / 2 - self.mean / 2
        used = [part.unit * (np.diag(part.products) > 0) for part in (self, other)]
        unit = np.maximum(np.maximum(*used), np.where(apart != 0, _unit(np.abs(apart)), 0.0))
        unit = np.where(unit > 0, unit, 1.0)
        apart_in_units = 2 * (apart / unit)
        between = np.multiply.outer(apart_in_units, apart_in_units) * (self.n * (other.n / n))
        products = self._in(unit) + other._in(unit) + between
        return type(self)(n, self.mean + 2 * (apart * (other.n / n)), products, unit)

    def covariance(self, *, ddof: int = 1) -> Floats:
        """Shape ``(p, p)``; nan where n ≤ ``ddof``, inf where no float64 holds it."""
        left = self.n - whole(ddof, "ddof", least=0)
        scaled = self.products / left if left > 0 else np.full_like(self.products, np.nan)
        return np.asarray(_times_units(np, scaled, self.unit))

    def correlation(self) -> Floats:
        """Shape ``(p, p)``, the diagonal 1; nan for a constant column."""
        length = np.sqrt(np.diag(self.products))
        safe = np.where(length > 0, length, 1.0)
        r = np.clip(self.products / safe[:, None] / safe, -1.0, 1.0)
        np.fill_diagonal(r, 1.0)
        r[(length == 0)[:, None] | (length == 0)] = np.nan
        return r

    def _in(self, unit: Floats) -> Floats:
        f = np.where(np.diag(self.products) > 0, self.unit / unit, 0.0)
        return np.asarray(self.products * f[:, None] * f)


def _unit(size: Floats) -> Floats:
    """1 for sizes whose squares float64 holds easily; the power of two at or below the size for others."""
    plain = ((size > 1e-60) & (size < 1e60)) | (size == 0)
    return np.where(plain, 1.0, np.ldexp(1.0, np.frexp(size)[1] - 1))


def _times_units(xp: Any, c: Array, unit: Array) -> Array:
    """cᵢⱼ·unitᵢ·unitⱼ, the larger unit first, so that nothing leaves the range of floats on the way."""
    pairs = xp.broadcast_to(unit, c.shape), xp.broadcast_to(unit[:, None], c.shape)
    with np.errstate(over="ignore", under="ignore"):
        return c * xp.maximum(*pairs) * xp.minimum(*pairs)


def _products(xp: Any, X: Array) -> tuple[Array, Array]:
    """``(DᵀD, units)`` of the deviations D from the columns' means, in one go where their squares are safe.

    Where they are not, the columns are divided by units first. nan and inf show in the squares, and are looked for only
    then.
    """
    low, high = safe_squares(xp, X.dtype)
    _, c = _by_blocks(xp, X)
    if within(xp, xp.linalg.diagonal(c), low, high):
        return c / 2 + c.mT / 2, xp.ones_like(c[0, ...])
    finite(xp, X, "X")
    d, _ = centred(xp, X)
    top = largest(xp, d, 0)[0, ...]
    high = float(xp.finfo(d.dtype).max) ** 0.2
    plain = (top == 0) | ((top < high) & (top > 1 / high))
    unit = xp.where(plain, xp.ones_like(top), top)
    if not known(xp.all(plain)):
        d = d / unit
    c = d.mT @ d
    return c / 2 + c.mT / 2, unit


def _by_blocks(xp: Any, X: Array) -> tuple[Array, Array]:
    """``(mean, DᵀD)``, the deviations D made and multiplied block by block, so that they never leave the cache.

    As in ``centred`` the first row is taken off before the mean is, and what rounding leaves in the mean at last: from
    the products, which it enters as n·rest·restᵀ (Chan, Golub, LeVeque, The American Statistician 37, 1983, section 3).
    """
    n, first = X.shape[0], X[0, ...]
    rows = n if differentiated(X) else max(BLOCK // X.shape[1], X.shape[1], 1024)
    blocks = [X[start : start + rows, ...] for start in range(0, n, rows)]
    with np.errstate(over="ignore", invalid="ignore"):
        mean = sum(xp.sum(block - first, axis=0) for block in blocks) / n
        products: Array = 0
        rest: Array = 0
        for block in blocks:
            d = minus(block - first, mean)
            products, rest = products + d.mT @ d, rest + xp.sum(d, axis=0)
        return first + (mean + rest / n), products - rest[:, None] * (rest / n)


def _rows(X: Any, ddof: int) -> tuple[Any, Array]:
    xp, X = array(X, "X", ndim=2)
    if X.shape[0] <= ddof:
        finite(xp, X, "X")
        raise InputError(f"X: expected more than {ddof} rows, got {X.shape[0]}; no spread is left over n − ddof")
    return xp, factorable(xp, X)
