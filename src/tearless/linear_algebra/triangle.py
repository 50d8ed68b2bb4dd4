"""X = QR and the product Qᵀy, tall matrices block by block, and columns about their means without losing digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .arrays import Array
from .one_thread import one_thread

BLOCK = 1024
"""Rows factored at a time: a block of some tens of columns stays in the processor's cache."""


def triangle(xp: Any, X: Array, Y: Array) -> tuple[Array, Array]:
    """``(R, QᵀY)`` with X = QR by Householder reflections.

    X has shape ``(n, p)``, Y ``(n, k)``; R has shape ``(min(n, p), p)`` and QᵀY ``(min(n, p), k)``. Tall NumPy matrices
    are factored in blocks of 1,024 rows whose triangles are factored again, which is as stable as doing it in one
    piece (Demmel, Grigori, Hoemmen, Langou, SIAM J. Sci. Comput. 34, 2012) and several times faster; Q is never
    formed. Other libraries keep Q, since their gradients need it.

    >>> R, c = triangle(np, np.array([[3.0], [4.0]]), np.array([[5.0], [0.0]]))
    >>> abs(R).round(12).tolist(), (c / R).round(12).tolist()
    ([[5.0]], [[0.6]])
    """
    if not isinstance(X, np.ndarray):
        Q, R = xp.linalg.qr(X)
        return R, Q.mT @ Y
    p, both = X.shape[1], np.concatenate([X, Y], axis=1)
    whole = len(both) // BLOCK
    if whole >= 2 and both.shape[1] <= BLOCK // 2:
        with one_thread():  # the threads would wait for one another at every block
            blocks = _r(both[: whole * BLOCK].reshape(whole, BLOCK, -1))
        both = np.concatenate([blocks.reshape(-1, both.shape[1]), both[whole * BLOCK :]])
    R = _r(both)
    rows = min(len(X), p)
    return R[:rows, :p], R[:rows, p:]


def _r(a: Any) -> Any:
    return np.linalg.qr(a, mode="r")


def centred(xp: Any, X: Array) -> tuple[Array, Array]:
    """``(X − mean, mean)`` by column, shapes ``(n, p)`` and ``(p,)``.

    The first row is taken off before the mean is, so that a large offset costs no digits and a constant column is
    exactly zero; the small rest that rounding leaves in the mean is taken off too.

    >>> d, mean = centred(np, np.array([[1e8, 0.1], [1e8 + 1, 0.1], [1e8 + 2, 0.1]]))
    >>> d.tolist(), mean.tolist()
    ([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]], [100000001.0, 0.1])
    """
    first = X[0, ...]
    d = X - first
    mean = xp.mean(d, axis=0)
    if isinstance(d, np.ndarray):  # in place: the matrix is passed over once less
        d -= mean
        rest = xp.mean(d, axis=0)
        d -= rest
        return d, first + (mean + rest)
    d = d - mean
    rest = xp.mean(d, axis=0)
    return d - rest, first + (mean + rest)


def factoring_error(shape: tuple[int, int], unit_roundoff: float) -> float:
    """ε: the relative change of the data, column by column, that a factorisation's rounding is worth: 2·√(mn)·u.

    The computed factors are exact for a matrix whose columns differ by at most ε of their length. The worst case that
    can be proved is of the order mn·u (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., theorem 19.4);
    with rounding errors of mean zero it is of the order √(mn)·u with high probability (Connolly, Higham, SIAM J. Matrix
    Anal. Appl. 44, 2023). The factor 2 is a margin, held against exact solutions in the tests.

    >>> factoring_error((50, 2), 2.0**-53) == 20 * 2.0**-53
    True
    """
    return 2 * math.sqrt(shape[0] * shape[1]) * unit_roundoff


def rank_tolerance(s: Array, epsilon: float) -> Any:
    """ε·‖X‖_F from the singular values, largest first: what is at or below it, rounding alone can make.

    A matrix of lower rank has computed singular values of at most ‖ΔX‖₂ ≤ ε·‖X‖_F where exact ones are 0 (Weyl's
    inequality; Golub, Van Loan, Matrix Computations, 4th ed., corollary 8.6.2 and section 5.4.1). Shape ``()``, or the
    shape of the batch.

    >>> float(rank_tolerance(np.array([4.0, 3.0]), 1e-3))
    0.005
    """
    top = s[..., :1]
    top = top + (top == 0)
    return (epsilon * top * ((s / top) ** 2).sum(-1)[..., None] ** 0.5)[..., 0]
