"""What is known about a least squares solution: its rank, its condition, and how far rounding and noise can move it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import Array, positive, to_numpy
from .norms import l2
from .triangle import rank_tolerance

Floats = NDArray[np.float64]


def wedin_bound(kappa: float, epsilon: float, solution: float, residual: float, matrix: float) -> float:
    """‖ŵ − w‖₂ at most, when X and y each change by at most ε of their norm: κε/(1−κε)·(2‖w‖ + (κ+1)·‖r‖/‖X‖).

    ``solution`` is ‖w‖, ``residual`` ‖r‖ and ``matrix`` ‖X‖, all 2-norms. κ² enters through the residual only: data
    that fit exactly are as easy as a linear system. Infinite where κε ≥ 1: then a change of this size can make X
    singular. Reference: Wedin's theorem as in Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., theorem
    20.1; Golub, Van Loan, Matrix Computations, 4th ed., section 5.3.

    >>> wedin_bound(kappa=4, epsilon=0.125, solution=1, residual=0, matrix=1)  # 0.5 / 0.5 * 2
    2.0
    """
    if not kappa * epsilon < 1:
        return math.inf
    amplified = kappa * epsilon / (1 - kappa * epsilon)
    return amplified * (2 * solution + ((kappa + 1) * residual / matrix if residual > 0 else 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquares:
    """A least squares solution and what is known about it. ``k`` is the number of targets; for a vector y it is absent.

    κ, the rank and the bounds are those of the columns divided by ``lengths``.

    Made by ``qr``, ``svd`` and ``ridge``; ``with_intercept`` and ``alpha`` are what they were asked for.

    >>> from tearless.linear_algebra.least_squares import qr
    >>> fit = qr([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], intercept=True)
    >>> fit.coefficients.round(12).tolist(), round(float(fit.intercept), 12), fit.rank
    ([2.0], 1.0, 1)
    """

    coefficients: Array
    """Shape ``(p,)`` or ``(p, k)``, in units of y per unit of the column."""
    intercept: Array
    """Shape ``()`` or ``(k,)``; 0 where none was asked for."""
    residual: Array
    """y − Xw − intercept, shape of y."""
    singular_values: Array
    """Of the (centred, divided) columns, descending, shape ``(min(n, p),)``."""
    directions: Array
    """Right singular vectors as columns, shape ``(p, min(n, p))``."""
    lengths: Array
    """Shape ``(p,)``: the 2-norm of each (centred) column for ``qr``, which does not feel the columns' units; 1 for
    ``svd`` and ``ridge``, which do."""
    with_intercept: bool
    epsilon: float
    """The relative change of the data that the rounding of the factorisation is worth."""
    alpha: float = 0.0

    @property
    def rank(self) -> int:
        """Number of singular values that rounding alone cannot make: those above ``rank_tolerance``."""
        s = _doubles(self.singular_values)
        return int((s > rank_tolerance(s, self.epsilon)).sum())

    @property
    def kappa(self) -> float:
        """Condition number σ₁/σₚ, at most 1/u of float64; with ``alpha`` that of X with √α·I below it."""
        sigma = self._sigma()
        return float(sigma[0] / max(sigma[-1], sigma[0] * 2.0**-53)) if sigma[0] > 0 else 2.0**53

    @property
    def effective_parameters(self) -> float:
        """Σ σ²/(σ²+α), the trace of the hat matrix without the intercept: the rank where α is 0."""
        if self.alpha == 0:
            return float(self.rank)
        return float(np.sum((_doubles(self.singular_values) / self._sigma()[: len(self.singular_values)]) ** 2))

    @property
    def degrees_of_freedom(self) -> float:
        """Rows less fitted numbers: n less ``effective_parameters``, less 1 with an intercept."""
        return float(self.residual.shape[0]) - self.effective_parameters - self.with_intercept

    def error_bound(self, epsilon: float | None = None) -> Any:
        """Relative error of the coefficients at most, when each column and y change by ε of their length.

        By default ε is what the rounding of the factorisation is worth; give 1e-3 for data known to three digits. The
        error is that of ``lengths * coefficients`` in the 2-norm, a float or shape ``(k,)``. The computed solution and
        residual stand for the exact ones; inf where the data cannot tell the coefficients.
        """
        size = _norms(self._scaled())
        with np.errstate(divide="ignore", invalid="ignore"):
            return self._bound(epsilon) / size

    def coefficient_bounds(self, epsilon: float | None = None) -> Floats:
        """Absolute error of each coefficient at most, shape of ``coefficients``; ε as in ``error_bound``."""
        return np.asarray(np.multiply.outer(1 / _doubles(self.lengths), self._bound(epsilon)))

    def standard_errors(self) -> Floats:
        """Standard error of each coefficient when the residuals are independent with one variance, shape of them.

        σ̂·√diag((XᵀX)⁻¹) with σ̂² = ‖r‖² over the degrees of freedom, from the singular values, never from XᵀX. With
        ``alpha`` it is the spread of the ridge estimate, not its distance from the truth, which has a bias too. nan
        where the data cannot tell: no degrees of freedom left, or a rank below the number of columns.
        Reference: Seber, Lee, Linear Regression Analysis, 2nd ed., section 3.2.
        """
        free, V = self.degrees_of_freedom, _doubles(self.directions)
        if free <= 0 or (self.alpha == 0 and self.rank < len(V)):
            return np.full(tuple(self.coefficients.shape), np.nan)
        each = filtered(np, _doubles(self.singular_values), self.alpha)
        spread = l2(V * each, axis=1) / _doubles(self.lengths)
        return np.asarray(np.multiply.outer(spread, _norms(self.residual) / math.sqrt(free)))

    def _sigma(self) -> Floats:
        """Singular values of X with √α·I below it, all p of them."""
        s, p = _doubles(self.singular_values), int(self.lengths.shape[0])
        return np.asarray(np.hypot(np.concatenate([s, np.zeros(p - len(s))]), math.sqrt(self.alpha)))

    def _scaled(self) -> Floats:
        w, lengths = _doubles(self.coefficients), _doubles(self.lengths)
        return w * (lengths if w.ndim == 1 else lengths[:, None])

    def _bound(self, epsilon: float | None) -> Any:
        """Wedin's bound on ‖lengths·(ŵ − w)‖; columns that change by ε each are a matrix that changes by ε·‖X‖_F."""
        epsilon = self.epsilon if epsilon is None else positive(epsilon, "epsilon", zero=True)
        sigma, w = self._sigma(), _norms(self._scaled())
        if sigma[0] == 0:
            return w * math.inf if np.ndim(w) == 0 else np.full(np.shape(w), math.inf)
        epsilon *= float(l2(sigma / sigma[0]))
        r = np.hypot(_norms(self.residual), math.sqrt(self.alpha) * w)
        bound = np.vectorize(lambda w, r: wedin_bound(self.kappa, epsilon, float(w), float(r), float(sigma[0])))
        return bound(w, r)[()]


def filtered(xp: Any, s: Array, alpha: float) -> Array:
    """σ/(σ²+α) as 1/(σ + α/σ), which does not overflow where σ² would; 0 for σ = 0.

    Any shape, kept.

    >>> filtered(np, np.array([2.0, 1e200, 0.0]), 1.0).tolist()
    [0.4, 1e-200, 0.0]
    """
    safe = xp.where(s > 0, s, xp.ones_like(s))
    return xp.where(s > 0, 1 / (safe + alpha / safe), xp.zeros_like(s))


def _doubles(a: Array) -> Floats:
    return to_numpy(a).astype(np.float64)


def _norms(a: Array) -> Any:
    return l2(_doubles(a), axis=0)[()]
