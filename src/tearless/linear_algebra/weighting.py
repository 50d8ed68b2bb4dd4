"""Rows with weights made rows without: least squares of weighted rows is least squares of rows times √weight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import array
from tearless.linear_algebra.triangle import centred

Floats = NDArray[np.float64]


def weighted_means(X: Any, weights: Any = None) -> Floats:
    """Σ wᵢxᵢ / Σ wᵢ of every column, shape ``(p,)`` of ``(n, p)``; plain means without weights.

    Two passes: the mean of what is left after the first pass is added, so a large offset costs no digits. nan
    gives nan. Raises ``InputError`` for weights of another length, below 0, or all 0.

    >>> weighted_means([[0.0], [3.0]], [2.0, 1.0]).tolist()
    [1.0]
    """
    X = np.asarray(array(X, "X", ndim=2)[1], dtype=np.float64)
    if weights is None:
        return np.asarray(centred(np, X)[1])
    share = _shares(weights, len(X))
    first = X[int(np.argmax(share))]
    mean = first + share @ (X - first)
    return np.asarray(mean + share @ (X - mean))


def unweighted(X: Any, y: Any, weights: Any = None, *, intercept: bool = True) -> tuple[Floats, Floats, Floats, float]:
    """``(X', y', mean of X, mean of y)``: rows √(n wᵢ/Σw)·(xᵢ − x̄), whose plain least squares is the weighted one.

    X is ``(n, p)``, y ``(n,)``. Σ wᵢ(yᵢ − xᵢw − b)²/Σw is ‖y' − X'w‖²/n at its best b, ȳ − x̄w. Without ``intercept``
    nothing is taken off and the means are 0. Björck, *Numerical Methods for Least Squares Problems*, section 4.4.
    Raises ``InputError`` as ``weighted_means``.

    >>> X, y, mean_x, mean_y = unweighted([[0.0], [3.0]], [0.0, 3.0], [2.0, 1.0])
    >>> mean_x.tolist(), mean_y, (X[:, 0] ** 2).round(9).tolist()
    ([1.0], 1.0, [1.333333333, 2.666666667])
    """
    X = np.asarray(array(X, "X", ndim=2)[1], dtype=np.float64)
    y = np.asarray(array(y, "y", ndim=1)[1], dtype=np.float64)
    if len(X) != len(y):
        raise InputError(f"X, y: expected as many rows in both, got {len(X)} and {len(y)}; match the rows")
    mean_x, mean_y = np.zeros(X.shape[1]), 0.0
    if weights is None and intercept:
        X, mean_x = centred(np, X)
        column, mean = centred(np, y[:, None])
        y, mean_y = column[:, 0], float(mean[0])
    elif weights is not None:
        share = _shares(weights, len(X))
        if intercept:
            mean_x, mean_y = weighted_means(X, share), float(weighted_means(y[:, None], share)[0])
        root = np.sqrt(share * len(X))
        X, y = root[:, None] * (X - mean_x), root * (y - mean_y)
    return X, y, mean_x, mean_y


def weighted_gram(X: Any, weights: Any, *, rows: int = 4096) -> Floats:
    """XᵀDX with D = diag(weights), shape ``(p, p)``: Σ wᵢ xᵢxᵢᵀ, symmetric to the last bit.

    X is ``(n, p)``, weights ``(n,)`` of at least 0. Block by block, as BᵀB with B = √D X, which needs half the products
    and never a second copy of X. Raises ``InputError`` for weights of another length or below 0.

    >>> weighted_gram([[1.0, 2.0], [3.0, 0.0]], [1.0, 2.0]).round(9).tolist()
    [[19.0, 2.0], [2.0, 4.0]]
    """
    X = np.asarray(array(X, "X", ndim=2)[1], dtype=np.float64)
    root = np.sqrt(_at_least_0(weights, len(X)))
    gram = np.zeros((X.shape[1], X.shape[1]))
    for i in range(0, len(X), rows):
        block = root[i : i + rows, None] * X[i : i + rows]
        gram += block.T @ block
    return gram


def _shares(weights: Any, n: int) -> Floats:
    w = _at_least_0(weights, n)
    largest = float(w.max())
    if largest == 0:
        raise InputError("weights: expected at least one above 0, got only zero weights; raise some")
    w = w / largest
    return np.asarray(w / w.sum())


def _at_least_0(weights: Any, n: int) -> Floats:
    w = np.asarray(array(weights, "weights", ndim=1)[1], dtype=np.float64)
    if w.shape != (n,) or not (w >= 0).all():
        raise InputError(f"weights: expected {n} numbers of at least 0, one a row, got shape {w.shape}; match the rows")
    return w
