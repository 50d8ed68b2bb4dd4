"""Descent one coordinate at a time, for least squares with an L1 penalty, stopped by a proof of how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, array, positive

Floats = NDArray[np.float64]
BETWEEN = 10
"""Sweeps over the weights that are not 0 between two over all of them."""


def soft_threshold(x: Any, threshold: float) -> Array:
    """sign(x)·max(|x| − t, 0), entry by entry: the u that makes (u − x)²/2 + t|u| least.

    Any shape, t ≥ 0. Exact; nan gives nan. Raises ``InputError`` for a negative t. (Donoho, Johnstone 1994,
    *Ideal spatial adaptation by wavelet shrinkage*.)

    >>> soft_threshold([3.0, -0.5, -2.0], 1.0).tolist()
    [2.0, 0.0, -1.0]
    """
    xp, x = array(x, "x", empty=True)
    t = positive(threshold, "threshold", zero=True)
    return xp.where(x > t, x - t, xp.where(x < -t, x + t, xp.where(xp.isnan(x), x, xp.zeros_like(x))))


@dataclass(frozen=True, slots=True)
class Sparse:
    """Weights with many zeros; ``gap`` is how far the ``loss`` ½‖y−Xw‖² + t‖w‖₁ can be above its least.

    Made by ``l1_least_squares``: ``sweeps`` are what it took, ``converged`` says whether the gap is small enough. ``w``
    has shape ``(p,)``.
    """

    w: Floats
    gap: float
    loss: float
    sweeps: int
    converged: bool


def l1_least_squares(X: Any, y: Any, penalty: float, *, tolerance: float, most: int = 1000) -> Sparse:
    """The w that makes ½‖y − Xw‖² + t‖w‖₁ least, by cyclic coordinate descent from 0.

    X is ``(n, p)``, y ``(n,)``, t = ``penalty`` ≥ 0. In one coordinate the best weight is known: the soft threshold of
    its least squares weight (Friedman, Hastie, Tibshirani 2010, *Regularization paths*, section 2). For any θ with
    |Xᵀθ| ≤ t the dual value ½‖y‖² − ½‖y − θ‖² is at most the least loss; θ is the residual, shrunk until it fits. It
    stops when loss minus dual value is at most ``tolerance``·½‖y‖², or after ``most`` sweeps: a bound, not a guess
    from small steps. With t = 0 the bound needs Xᵀr = 0 exactly, so hardly any tolerance is met. Columns of zeros get
    weight 0. Raises ``InputError`` for shapes that do not meet.

    >>> l1_least_squares([[1.0, 0.0], [0.0, 1.0]], [3.0, 0.5], 1.0, tolerance=1e-12).w.tolist()
    [2.0, 0.0]
    """
    X = np.asfortranarray(array(X, "X", ndim=2)[1], dtype=np.float64)
    y = np.asarray(array(y, "y", ndim=1)[1], dtype=np.float64)
    if len(X) != len(y):
        raise InputError(f"X, y: expected as many rows in both, got {len(X)} and {len(y)}; match the rows")
    t, w, r = positive(penalty, "penalty", zero=True), np.zeros(X.shape[1]), y.copy()
    squares = np.einsum("ij,ij->j", X, X)
    every = np.flatnonzero(squares > 0)
    gap, loss = duality_gap(X, y, w, r, t)
    sweeps, goal = 0, tolerance * float(y @ y) / 2.0
    while gap > goal and sweeps < most:
        _sweep(X, squares, w, r, t, every)
        sweeps += 1
        some = np.flatnonzero(w)
        for _ in range(min(BETWEEN, most - sweeps) if len(some) < len(every) or t == 0 else 0):
            _sweep(X, squares, w, r, t, some)
            sweeps += 1
        r = y - X @ w
        gap, loss = duality_gap(X, y, w, r, t)
    return Sparse(w, gap, loss, sweeps, gap <= goal)


def duality_gap(X: Floats, y: Floats, w: Floats, r: Floats, penalty: float) -> tuple[float, float]:
    """``(gap, loss)`` of ½‖y−Xw‖² + t‖w‖₁ at w with residual r: the least loss lies between loss − gap and loss.

    Exact up to rounding, about u‖y‖². With θ = s·r, s = min(1, t/max|Xᵀr|), the gap is loss − (θ·y − ½‖θ‖²).

    >>> duality_gap(np.eye(1), np.array([3.0]), np.array([2.0]), np.array([1.0]), 1.0)
    (0.0, 2.5)
    """
    slope = float(np.max(np.abs(X.T @ r), initial=0.0))
    s = 1.0 if slope <= penalty else penalty / slope
    loss = float(r @ r) / 2.0 + penalty * float(np.abs(w).sum())
    dual = s * float(r @ y) - s * s * float(r @ r) / 2.0
    return max(0.0, loss - dual), loss


def _sweep(X: Floats, squares: Floats, w: Floats, r: Floats, t: float, which: NDArray[np.intp]) -> None:
    """Each of these weights set to its best while the others stand; w and the residual r change in place."""
    for j in which:
        x, old = X[:, j], w[j]
        z = float(x @ r) + squares[j] * old
        new = (z - t if z > t else z + t if z < -t else 0.0) / squares[j]  # soft_threshold, of one number
        if new != old:
            r -= (new - old) * x
            w[j] = new
