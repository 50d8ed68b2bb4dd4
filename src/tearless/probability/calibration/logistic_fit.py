"""The logistic curve through a few columns: what every parametric recalibration of two classes fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tearless.calculus.exponentials import sigmoid
from tearless.calculus.losses import BinaryCrossEntropy
from tearless.calculus.newton import newton
from tearless.core import InputError
from tearless.probability.calibration.forecasts import Floats

_STEEP = 1e4
"""A standardised weight beyond this, or steps without end: the outcomes can be told apart without error."""
_LOSS = BinaryCrossEntropy()


@dataclass(frozen=True, slots=True, eq=False)
class LogisticFit:
    """Weights (q,) of the columns, the curvature Σ p(1−p)xxᵀ (q, q) there, and the summed loss.

    Made by ``logistic_fit``; ``finite`` is false where the weights would grow without end.
    """

    weights: Floats
    curvature: Floats
    loss: float
    finite: bool


def logistic_fit(columns: Floats, targets: Floats, *, offset: Floats | None = None) -> LogisticFit:
    """The weights w that make Σ −t ln σ(z) − (1−t) ln(1−σ(z)) least, z = columns·w + offset, by Newton's method.

    ``columns`` (n, q) with the constant among them where one is meant, ``targets`` (n,) in 0..1, ``offset`` (n,).
    Columns that say the same share their weight (the least squares step of smallest length). ``finite`` is false where
    the loss falls for ever: the outcomes can be told apart without error.

    >>> fit = logistic_fit(np.array([[1.0], [1.0], [1.0], [1.0]]), np.array([1.0, 1.0, 1.0, 0.0]))
    >>> round(float(fit.weights[0]), 9) == round(float(np.log(3)), 9), fit.finite  # odds of 3 to 1
    (True, True)
    """
    scale = np.sqrt((columns**2).mean(axis=0))
    scale[scale == 0] = 1.0
    X, start = columns / scale, 0.0 if offset is None else offset

    def loss(w: Floats) -> float:
        return float(_LOSS.value(X @ w + start, targets).sum())

    def bend(w: Floats) -> tuple[Floats, Floats]:
        p = np.asarray(sigmoid(X @ w + start))
        return p - targets, (X * (p * (1 - p))[:, None]).T @ X

    def slope(w: Floats) -> tuple[Floats, Floats]:
        off, matrix = bend(w)
        gradient = X.T @ off
        return gradient, -np.linalg.lstsq(matrix, gradient, rcond=1e-13)[0]

    zero = np.zeros(columns.shape[1])
    try:
        found = newton(loss, slope, zero, tolerance=1e-11 * max(loss(zero), 1e-3), most=60)
        w, ended = found.w, found.converged or found.steps[-1].decrement < 1e-8
    except InputError:
        w, ended = zero, False
    sound = bool(ended and np.isfinite(w).all() and np.abs(w).max() < _STEEP and loss(w) > 1e-9 * len(X))
    return LogisticFit(w / scale, bend(w)[1] * np.outer(scale, scale), loss(w), sound)


def platt_targets(y: Floats) -> Floats:
    """(N₊+1)/(N₊+2) for each 1 and 1/(N₋+2) for each 0: what the rows say once one of either kind is added unseen.

    ``y`` (n,). With them the fit is finite however well the outcomes are told apart. J. C. Platt, *Probabilistic
    outputs for support vector machines*, Advances in Large Margin Classifiers, MIT Press, 1999, section 2.2.

    >>> platt_targets(np.array([1.0, 1.0, 0.0])).round(4).tolist()
    [0.75, 0.75, 0.3333]
    """
    ups = float(y.sum())
    return np.where(y == 1, (ups + 1) / (ups + 2), 1 / (len(y) - ups + 2))
