"""How large a vector or a matrix is.

The textbook ``sqrt(sum(x * x))`` overflows from 1e155 on and gives 0 below 1e-162, long before the norm itself leaves
the range of float64. Here the squares are summed as they are where that is safe, and after division by the largest
entry where it is not (Blue, ACM Transactions on Mathematical Software 4, 1978).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tearless.core import InputError

from .arrays import Array, array, factorable, known, largest, safe_squares, size, within
from .kernels import own

Axis = int | tuple[int, ...] | None

BLOCK = 4096
"""Squares summed in one run; the runs are summed pairwise, so that rounding grows with the run, not with the vector."""

SHORT = 1024
"""Magnitudes that PyTorch's kernel, which adds one after the other, sums to a few units in the last place."""

_NEAR_ONE = (2.0**-32, 2.0**32)
"""Sums of p-th powers between these, p not 2, keep the rounding of 1/p from showing in the root."""


def l1(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Sum of magnitudes Σ|xᵢ|, over all entries or along ``axis``; the penalty of lasso.

    Any shape; in the units of x. NaN gives nan, inf gives inf. Differentiable, with 0 as the slope at 0. Raises
    ``InputError`` for empty input. Relative error at most about log₂(n)·u.

    >>> float(l1([3.0, -4.0]))
    7.0
    """
    xp, x = array(x, "x")
    if axis is None and not keepdims and not isinstance(x, np.ndarray):
        return _l1_by_kernel(xp, x)
    large = xp.abs(x)
    return large.sum() if axis is None and not keepdims else xp.sum(large, axis=axis, keepdims=keepdims)


def l2(x: Array, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """Euclidean length √Σxᵢ², over all entries or along ``axis``; the penalty of ridge, the norm that clipping limits.

    Any shape; in the units of x. Neither overflows nor vanishes before the result does; right to a few units in the
    last place. NaN gives nan, inf gives inf. Differentiable, with 0 as the slope at 0. Raises ``InputError`` for empty
    input. Reference: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 27.

    >>> float(l2([3.0, 4.0])), float(l2([3e300, 4e300])), l2([[3.0, 4.0], [0.0, 0.0]], axis=1).tolist()
    (5.0, 5e+300, [5.0, 0.0])
    """
    xp, x = array(x, "x")
    low, high = safe_squares(xp, x.dtype)
    if axis is None and not keepdims and type(x) is np.ndarray and x.dtype.itemsize in (4, 8):
        square = _sum_of_squares(x.ravel("K"))
        if low < square < high:
            return type(square)(math.sqrt(square))
    elif axis is None and not keepdims and not isinstance(x, np.ndarray):
        length = _by_runs(xp, x)
        if within(xp, length, low**0.5, high**0.5):
            return length
    return _root_of_sum(xp, x, 2.0, axis, keepdims)


def lp(x: Array, p: float, *, axis: Axis = None, keepdims: bool = False) -> Array:
    """(Σ|xᵢ|ᵖ)^(1/p) for p ≥ 1, over all entries or along ``axis``; the largest magnitude for p = inf.

    Any shape; in the units of x. Powers are taken of xᵢ over the largest magnitude, so none overflows. NaN gives nan,
    inf gives inf. Differentiable, with 0 as the slope at 0. Raises ``InputError`` for empty input and for p < 1, where
    the triangle inequality fails. Relative error a few u (the power's own).

    >>> round(float(lp([3.0, 4.0], 3)), 12), float(lp([3.0, -4.0], float("inf")))  # 91 to the power 1/3
    (4.497941445275, 4.0)
    """
    if not isinstance(p, (int, float)) or not p >= 1:
        raise InputError(f"p: expected a number of at least 1, got {p!r}; below 1 it is no norm")
    xp, x = array(x, "x")
    if p == 1:
        return l1(x, axis=axis, keepdims=keepdims)
    if p == 2:
        return l2(x, axis=axis, keepdims=keepdims)
    if p == math.inf:
        large = xp.abs(x)
        return large.max() if axis is None and not keepdims else xp.max(large, axis=axis, keepdims=keepdims)
    return _root_of_sum(xp, x, float(p), axis, keepdims)


def frobenius(a: Array, *, keepdims: bool = False) -> Array:
    """√Σaᵢⱼ² over the last two axes: the length of a matrix read as one vector; the norm of weight decay.

    Shape ``(..., m, n)`` to ``(...)``. Exactness and behaviour as ``l2``.

    >>> float(frobenius([[1.0, 1.0], [1.0, 1.0]]))
    2.0
    """
    return l2(_matrix(a)[1], axis=(-2, -1), keepdims=keepdims)


def spectral(a: Array) -> Array:
    """Largest singular value σ₁ of the last two axes: the most by which the matrix can stretch a vector.

    Shape ``(..., m, n)`` to ``(...)``. Error at most a few u·σ₁. NaN or inf gives nan. Differentiable where σ₁ is
    single. Raises ``InputError`` for empty input or fewer than 2 axes.
    Reference: Golub, Van Loan, Matrix Computations, 4th ed., section 2.3.

    >>> round(float(spectral([[3.0, 0.0], [4.0, 0.0]])), 12)
    5.0
    """
    return _singular_values(a)[..., 0]


def nuclear(a: Array) -> Array:
    """Sum of the singular values of the last two axes: the convex stand-in for the rank.

    Shape ``(..., m, n)`` to ``(...)``. Error at most a few u·min(m, n)·σ₁. NaN or inf gives nan. Differentiable at full
    rank. Raises ``InputError`` for empty input or fewer than 2 axes.
    Reference: Horn, Johnson, Matrix Analysis, 2nd ed., section 7.4.

    >>> round(float(nuclear([[3.0, 0.0], [0.0, -4.0]])), 12)
    7.0
    """
    s = _singular_values(a)
    return s.sum(-1)


def _sum_of_squares(x: Any) -> Any:
    """Of a NumPy vector: dot products of runs, their sums pairwise. Overflow gives inf without a word."""
    if x.size <= 32 * BLOCK:
        return np.vdot(x, x)
    whole = x.size // BLOCK * BLOCK
    runs, rest = x[:whole].reshape(-1, BLOCK), x[whole:]
    with np.errstate(over="ignore"):
        return np.add.reduce(np.vecdot(runs, runs)) + np.vdot(rest, rest)


def _l1_by_kernel(xp: Any, x: Array) -> Array:
    """Of all entries of another library's array: by its kernel in short runs, where the magnitudes fit no cache."""
    n, norm = size(x), own(xp).linalg.vector_norm
    if n <= SHORT:
        return norm(x, ord=1)
    if n <= 2**20:
        return xp.abs(x).sum()
    x, whole = x.reshape(-1), n // SHORT * SHORT
    return norm(x[:whole].reshape(-1, SHORT), ord=1, axis=1).sum() + xp.abs(x[whole:]).sum()


def _by_runs(xp: Any, x: Array) -> Array:
    """Of all entries of another library's array: the norm of the runs' norms, each by the library's own kernel.

    PyTorch's kernel adds one square after the other: in one run, 10 million float32 would lose half their digits.
    """
    n, norm = size(x), own(xp).linalg.vector_norm
    if n <= 4 * BLOCK:
        return norm(x)
    x, whole = x.reshape(-1), n // BLOCK * BLOCK
    runs = norm(x[:whole].reshape(-1, BLOCK), axis=1)
    return _by_runs(xp, xp.concat([runs, norm(x[whole:])[None]]) if whole < n else runs)


def _root_of_sum(xp: Any, x: Array, p: float, axis: Axis, keepdims: bool) -> Array:
    """The p-norm from powers as they are, or, where one of the sums leaves the safe range, over the largest entry."""
    with np.errstate(over="ignore"):
        total = xp.sum(_power(xp, x, p), axis=axis, keepdims=keepdims)
    low, high = safe_squares(xp, x.dtype) if p == 2 else _NEAR_ONE
    if within(xp, total, low, high):
        return _root(xp, total, p)
    top = largest(xp, x, axis)
    plain = xp.where(xp.isfinite(top) & (top > 0), top, xp.ones_like(top))
    total = xp.sum(_power(xp, x / plain, p), axis=axis, keepdims=True)
    some = xp.where(total == 0, xp.ones_like(total), total)
    out = xp.where(total == 0, total, plain * _root(xp, some, p))
    return out if keepdims else xp.sum(out, axis=axis)


def _power(xp: Any, x: Array, p: float) -> Array:
    if p == 2:
        return x * x
    large = xp.abs(x)
    return large * large * large if p == 3 else large**p


def _root(xp: Any, total: Array, p: float) -> Array:
    return xp.sqrt(total) if p == 2 else total ** (1 / p)


def _matrix(a: Array) -> tuple[Any, Array]:
    xp, a = array(a, "a")
    if a.ndim < 2:
        raise InputError(f"a: expected a matrix or a batch of them, got shape {tuple(a.shape)}; give it two axes")
    return xp, a


def _singular_values(a: Array) -> Array:
    xp, a = _matrix(a)
    a = factorable(xp, a)
    holes = ~xp.all(xp.isfinite(a), axis=(-2, -1), keepdims=True)
    if not known(xp.any(holes)):
        return xp.linalg.svdvals(a)
    s = xp.linalg.svdvals(xp.where(holes, xp.zeros_like(a), a))
    return xp.where(holes[..., 0], xp.asarray(math.nan, dtype=s.dtype), s)
