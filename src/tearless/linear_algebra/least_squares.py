"""The coefficients w that make ‖y − Xw‖ least, with what rounding can have done to them.

Why not ``inv(X.T @ X) @ X.T @ y``: the product squares the condition number κ, so its solution loses 2·log₁₀κ digits
where QR and SVD lose log₁₀κ (and κ² only as far as the residual is large). With columns that agree to 8 digits, X.T @ X
is singular in float64 and nothing is left, while QR still gives 8 digits:

>>> import numpy as np
>>> X = np.array([[1, 1], [1e-8, 0], [0, 1e-8]])
>>> int(np.linalg.matrix_rank(X.T @ X)), qr(X, X @ [1.0, 2.0]).coefficients.round(6).tolist()
(1, [1.0, 2.0])
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tearless.core import InputError

from .arrays import Array, arrays, constant, factorable, finite, known, like, positive, unit_roundoff
from .least_squares_fit import LeastSquares, filtered
from .norms import l2
from .triangle import centred, factoring_error, rank_tolerance, triangle


def qr(X: Array, y: Array, *, intercept: bool = False) -> LeastSquares:
    """Least squares by Householder QR: the route for columns that are independent, whatever their units.

    X has shape ``(n, p)`` with n ≥ p, y ``(n,)`` or ``(n, k)``. Differentiable. Backward stable: the coefficients solve
    exactly a problem whose columns differ by a few rounding errors (Higham, Accuracy and Stability of Numerical
    Algorithms, 2nd ed., theorem 20.3), so that ``error_bound`` holds. Raises ``InputError`` for nan or inf, for shapes
    that do not meet, for fewer rows than columns, and where the columns are dependent to rounding (``svd`` gives the
    smallest of the many solutions then).

    >>> fit = qr([[1.0], [2.0], [3.0]], [3.0, 5.0, 7.0], intercept=True)
    >>> fit.coefficients.round(12).tolist(), round(float(fit.intercept), 12), fit.rank
    ([2.0], 1.0, 1)
    """
    problem = _Problem.of(X, y, intercept)
    xp, (n, p) = problem.xp, problem.shape
    if n < p + intercept:
        raise InputError(f"X: expected at least {p + intercept} rows for {p} columns, got {n}; use svd, or more rows")
    R, c = triangle(xp, problem.X, problem.Y)
    lengths = l2(constant(R), axis=0)
    lengths = xp.where(lengths > 0, lengths, xp.ones_like(lengths))
    _, s, Vt = xp.linalg.svd(constant(R) / lengths, full_matrices=False)
    if known(s[-1] <= rank_tolerance(s, problem.epsilon)):
        ratio = f"{float(s[0]) / float(s[-1]):.1e}" if float(s[-1]) > 0 else "infinite"
        raise InputError(
            f"X: expected independent columns, got a condition number of {ratio} with every column scaled to length 1; "
            "leave out a column, or use svd for the smallest solution"
        )
    return problem.solved(xp.linalg.solve(R, c), s, Vt, lengths)


def svd(X: Array, y: Array, *, intercept: bool = False) -> LeastSquares:
    """Least squares by SVD: of all solutions the one of least 2-norm, whatever the rank.

    X has shape ``(n, p)``, y ``(n,)`` or ``(n, k)``. Singular values at or below ``rank_tolerance`` count as zero.
    Unlike ``qr`` it feels the units of the columns, in the rank and in which solution is the smallest. Differentiable
    where the singular values differ. Raises ``InputError`` for nan or inf and for shapes that do not meet.
    Reference: Golub, Van Loan, Matrix Computations, 4th ed., section 5.5.

    >>> fit = svd([[1.0, 1.0], [1.0, 1.0]], [2.0, 2.0])
    >>> fit.coefficients.round(12).tolist(), fit.rank
    ([1.0, 1.0], 1)
    """
    return _by_svd(_Problem.of(X, y, intercept), 0.0)


def ridge(X: Array, y: Array, alpha: float, *, intercept: bool = True) -> LeastSquares:
    """Coefficients that make ‖y − Xw − b‖² + α‖w‖² least, the intercept b unpenalised.

    X has shape ``(n, p)``, y ``(n,)`` or ``(n, k)``; α ≥ 0 in units of X². Solved as least squares with √α·I below X
    and zeros below y, by QR: never through XᵀX + αI, which squares the condition number. More columns than rows, or an
    α that rounding swallows, go by SVD; α = 0 is least squares of least norm. Differentiable. Raises ``InputError`` as
    ``svd``, and for a negative α. Reference: Golub, Van Loan, Matrix Computations, 4th ed., section 6.1.

    >>> fit = ridge([[1.0], [-1.0]], [3.0, -3.0], alpha=1.0)
    >>> round(float(fit.coefficients[0]), 12)  # 6 / (2 + 1)
    2.0
    """
    alpha = positive(alpha, "alpha", zero=True)
    problem = _Problem.of(X, y, intercept)
    xp, (n, p) = problem.xp, problem.shape
    if n < p or alpha == 0:
        return _by_svd(problem, alpha)
    R, c = triangle(xp, problem.X, problem.Y)
    _, s, Vt = xp.linalg.svd(constant(R), full_matrices=False)
    small = rank_tolerance(s, problem.epsilon)
    if known(small >= math.sqrt(alpha)) and known(small >= s[-1]):
        return _by_svd(problem, alpha)
    below = math.sqrt(alpha) * xp.eye(p, **like(R))
    S, d = triangle(xp, xp.concat([R, below]), xp.concat([c, xp.zeros_like(c)]))
    return problem.solved(xp.linalg.solve(S, d), s, Vt, xp.ones_like(s), alpha)


def leverages(X: Array, *, intercept: bool = True) -> Array:
    """How far each row pulls its own prediction: the diagonal of the hat matrix, between 0 and 1.

    X has shape ``(n, p)``, the result ``(n,)``; it sums to the rank, and 1 more with an intercept. By SVD, so dependent
    columns do no harm. Raises ``InputError`` for nan or inf.
    Reference: Belsley, Kuh, Welsch, Regression Diagnostics, section 2.1.

    >>> leverages([[0.0], [0.0], [0.0], [8.0]]).round(12).tolist()
    [0.333333333333, 0.333333333333, 0.333333333333, 1.0]
    """
    xp, X = arrays(2, X=X)
    problem = _Problem.of(X, X, intercept)
    U, s, _ = xp.linalg.svd(problem.X, full_matrices=False)
    kept = s > rank_tolerance(s, problem.epsilon)
    return xp.sum(xp.where(kept, U * U, xp.zeros_like(U)), axis=1) + (1 / X.shape[0] if intercept else 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Checked X and Y, both about their means where an intercept is asked for; Y always a matrix."""

    xp: Any
    X: Array
    Y: Array
    mean_x: Array
    mean_y: Array
    one_target: bool
    intercept: bool

    @classmethod
    def of(cls, X: Any, y: Any, intercept: bool) -> _Problem:
        xp, X, y = arrays((1, 2), X=X, y=y)
        if X.ndim != 2:
            raise InputError(f"X: expected a matrix (rows, columns), got shape {tuple(X.shape)}; use X[:, None]")
        if X.shape[0] != y.shape[0]:
            raise InputError(f"X, y: expected as many rows in both, got {X.shape[0]} and {y.shape[0]}; pair them")
        finite(xp, X, "X")
        finite(xp, y, "y")
        X, y = factorable(xp, X), factorable(xp, y)
        Y = y[:, None] if y.ndim == 1 else y
        dX, mean_x = centred(xp, X) if intercept else (X, xp.zeros_like(X[0, ...]))
        dY, mean_y = centred(xp, Y) if intercept else (Y, xp.zeros_like(Y[0, ...]))
        return cls(xp, dX, dY, mean_x, mean_y, y.ndim == 1, intercept)

    @property
    def shape(self) -> tuple[int, int]:
        return int(self.X.shape[0]), int(self.X.shape[1])

    @property
    def epsilon(self) -> float:
        return factoring_error(self.shape, unit_roundoff(self.xp, self.X))

    def solved(self, W: Array, s: Array, Vt: Array, lengths: Array, alpha: float = 0.0) -> LeastSquares:
        residual, b = self.Y - self.X @ W, self.mean_y - self.mean_x @ W
        if self.one_target:
            W, residual, b = W[:, 0], residual[:, 0], b[0]
        known_apart = (constant(s), constant(Vt).mT, lengths)
        return LeastSquares(W, b, residual, *known_apart, self.intercept, self.epsilon, alpha)


def _by_svd(problem: _Problem, alpha: float) -> LeastSquares:
    xp, (n, p) = problem.xp, problem.shape
    R, c = triangle(xp, problem.X, problem.Y) if n > p else (problem.X, problem.Y)
    U, s, Vt = xp.linalg.svd(R, full_matrices=False)
    kept = s > rank_tolerance(constant(s), problem.epsilon)
    weight = xp.where(kept, filtered(xp, xp.where(kept, s, xp.ones_like(s)), alpha), xp.zeros_like(s))
    W = Vt.mT @ (weight[:, None] * (U.mT @ c))
    return problem.solved(W, s, Vt, xp.ones(p, **like(problem.X)), alpha)
