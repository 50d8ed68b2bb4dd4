"""Linear regression: predicts a number as a weighted sum of columns, with the least squared error.

## What it learns

One weight a column and an intercept: ŷ = Xw + b. Of all w and b those with the least Σ(y − ŷ)²; where many are as good
(more columns than rows, or columns that are combinations of others) the ones with the least ‖w‖.

## The mathematics

Where the error is least, the residual y − Xw is orthogonal to every column: Xᵀ(y − Xw) = 0. With X = QR that is
Rw = Qᵀy. The squared error's gradient is 2Xᵀ(Xw − y)/n and its curvature H = 2XᵀX/n, the same everywhere: descent with
a fixed rate r multiplies the error along each eigenvector of H by 1 − rλ, so it converges exactly while r < 2/λmax, and
at the best rate, 2/(λmin + λmax), one digit takes about κ steps, κ = λmax/λmin. If the residuals are independent with
one variance, w is unbiased, and of all such linear estimates the one of least variance (Gauss-Markov).

## How it is computed

The columns and y are taken about their means. ``solver="qr"`` factors X by Householder reflections, never XᵀX, which
would square the condition number; where the columns are dependent, the singular value decomposition gives the weights
of least norm. ``solver="gradient_descent"`` walks there instead and keeps its path in ``trace_``; without a
``learning_rate`` it takes the best fixed one.

## What goes wrong

- Two columns say the same: their weights are large, of opposite sign, and change with every sample →
  `collinear-columns`; one is exactly made of others → `exact-combination`.
- Digits of the weights are lost → `ill-conditioned`; they were lost before, in the numbers → `lost-precision`.
- Descent grows without bound (the rate is above 2/λmax) or crawls (κ is large) → `unscaled-columns`.
- A few rows far out turn the whole line → `outliers`; a column that knows the answer → `target-leak`.

## References

- T. Hastie, R. Tibshirani, J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., section 3.2.
- G. Golub, C. Van Loan (2013), *Matrix Computations*, 4th ed., section 5.3.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tearless.algorithms.estimator import Regressor, warn_not_converged
from tearless.algorithms.input import Floats, among, real, weights, whole
from tearless.algorithms.steps import Step, Steps
from tearless.calculus import descent, losses, stability
from tearless.core import InputError, Number
from tearless.linear_algebra import least_squares
from tearless.linear_algebra.least_squares_fit import LeastSquares
from tearless.linear_algebra.weighting import unweighted


class LinearRegression(Regressor):
    """Least squares by QR, or by gradient descent with its trace.

    ``learning_rate``, ``max_iter`` and ``tol`` concern ``solver="gradient_descent"`` alone: the rate (the best fixed
    one if None), the most steps, and the share of the first gradient's length at which to stop.

    Fitted: ``coef_`` (d,), ``intercept_``, ``rank_`` of the columns, ``n_iter_``, and ``trace_``: the steps of descent,
    each with weights, loss, gradient and rate.

    >>> model = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.coef_.round(9).tolist(), round(model.intercept_, 9), model.predict([[10.0]]).round(9).tolist()
    ([2.0], 1.0, [21.0])
    """

    trace_: tuple[descent.Step, ...]

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        solver: str = "qr",
        learning_rate: float | None = None,
        max_iter: int = 1000,
        tol: float = 1e-6,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to ``X`` (n, d) and ``y`` (n,); a row of weight 2 counts as two rows."""
        among(self.solver, "solver", "qr", "gradient_descent")
        X, y = self._fit_numbers(X, y)
        w = weights(sample_weight, len(y))
        mean_x, mean_y, with_intercept = np.zeros(X.shape[1]), 0.0, bool(self.fit_intercept)
        if w is not None or self.solver == "gradient_descent":
            X, y, mean_x, mean_y = unweighted(X, y, w, intercept=with_intercept)
            with_intercept = False
        exact, way = _direct(X, y, with_intercept)
        self.coef_, self.n_iter_, self.trace_, self.rank_ = np.asarray(exact.coefficients), 1, (), exact.rank
        self._told = [_told(exact, way, y, bool(self.fit_intercept))]
        if self.solver == "gradient_descent":
            self._descend(X, y, self.coef_)
        self.intercept_ = float(mean_y - mean_x @ self.coef_) + float(exact.intercept)
        return self

    def predict(self, X: Any) -> Floats:
        """Xw + b for every row, shape ``(n,)``."""
        return np.asarray(self._matrix(X) @ self.coef_ + self.intercept_)

    def _descend(self, X: Floats, y: Floats, exact: Floats) -> None:
        """Walk down the mean squared error from w = 0, keeping every step."""
        steps, tol = whole(self.max_iter, "max_iter", 1), real(self.tol, "tol", least=0.0)
        curvature = 2.0 * np.asarray(least_squares.svd(X, y).singular_values) ** 2 / len(y)
        low, top = float(curvature[self.rank_ - 1]) if self.rank_ else 0.0, float(curvature[0])
        rate = stability.best_rate(low, top) if low > 0 else 1.0
        if self.learning_rate is not None:
            rate = real(self.learning_rate, "learning_rate", above=0.0)
        loss, trace = losses.SquaredError(), []
        path = descent.path(
            lambda w: float(losses.mean(loss, X @ w, y)),
            lambda w: X.T @ losses.mean_gradient(loss, X @ w, y),
            np.zeros(X.shape[1]),
            descent.GradientDescent(rate),
            steps,
        )
        with np.errstate(over="ignore", invalid="ignore"):
            for step in path:
                length = float(np.linalg.norm(step.gradient))
                if not (np.isfinite(step.loss) and np.isfinite(length)):
                    break
                trace.append(step)
                first = float(np.linalg.norm(trace[0].gradient))
                if length <= tol * first:
                    break
        last = trace[-1]
        self.trace_, self.n_iter_, self.coef_ = tuple(trace), max(1, last.t), np.asarray(last.w)
        self._told += _walked(self.trace_, rate, low, top, exact)
        if float(np.linalg.norm(last.gradient)) > tol * first:
            warn_not_converged(_why_not(rate, low, top, last.t))

    def _steps(self) -> Steps:
        return Steps(repr(self), self._told)


def _direct(X: Floats, y: Floats, intercept: bool) -> tuple[LeastSquares, str]:
    if X.shape[0] >= X.shape[1] + intercept:
        try:
            return least_squares.qr(X, y, intercept=intercept), "qr"
        except InputError:  # dependent columns: many solutions are as good, and the smallest is unique
            pass
    return least_squares.svd(X, y, intercept=intercept), "svd"


def _told(exact: LeastSquares, way: str, y: Floats, intercept: bool) -> Step:
    full = way == "qr"
    left = float(np.linalg.norm(exact.residual))
    spread = float(np.linalg.norm(y - y.mean())) if intercept else float(np.linalg.norm(y))
    return Step(
        f"linear_algebra.least_squares.{way}",
        "Factored the columns" if full else "Dependent columns: of all equally good weights, the smallest",
        {
            "rank": Number(float(exact.rank), "columns", f"independent ones of {len(exact.coefficients)}"),
            "condition": Number(exact.kappa, "1", "largest over smallest singular value: the growth of input errors"),
            "error bound": Number(_finite(exact.error_bound()), "share", "of the weights, from rounding at most"),
            "R²": Number(1.0 - (left / spread) ** 2 if spread > 0 else None, "share", "of y's variance is explained"),
        },
    )


def _walked(trace: tuple[descent.Step, ...], rate: float, low: float, top: float, exact: Floats) -> list[Step]:
    size = float(np.linalg.norm(exact))
    off = float(np.linalg.norm(trace[-1].w - exact))
    limit = stability.largest_rate(top) if top > 0 else None
    return [
        Step(
            "calculus.stability.largest_rate",
            "The curvature of the mean squared error sets the rate",
            {
                "λmax": Number(top, "1", "largest curvature, 2σ²/n of the columns"),
                "λmin": Number(low, "1", "smallest curvature that is not 0"),
                "largest rate": Number(limit, "1", "2/λmax: from here on descent grows"),
                "rate": Number(rate, "1", "the one used"),
                "factor": Number(stability.factor_per_step(rate, top), "1", "of the error along λmax, each step"),
            },
        ),
        Step(
            "calculus.descent.path",
            "Walked down the gradient from weights of 0",
            {
                "steps": Number(float(trace[-1].t), "steps", "until the gradient was short enough, or until the end"),
                "first loss": Number(float(trace[0].loss), "y²", "mean squared error at the start"),
                "last loss": Number(float(trace[-1].loss), "y²", "mean squared error at the end"),
                "off": Number(off / size if size else None, "share", "distance of the weights to the exact ones"),
            },
        ),
    ]


def _why_not(rate: float, low: float, top: float, steps: int) -> str:
    limit = stability.largest_rate(top)
    if rate >= limit:
        factor = stability.factor_per_step(rate, top)
        return (
            f"learning_rate: {rate:.4g} is not below 2/λmax = {limit:.4g}; each step multiplies the error by "
            f"{factor:.3g}, so it grew: lower the rate, or scale the columns"
        )
    worst = max(stability.factor_per_step(rate, low), stability.factor_per_step(rate, top))
    return (
        f"max_iter: {steps:,} steps did not reach the end; one digit takes about {_digit(worst)} steps at the rate "
        f"{rate:.4g} where λmax/λmin = {top / low:.3g}: scale the columns, or raise max_iter"
    )


def _digit(factor: float) -> str:
    return f"{np.log(0.1) / np.log(factor):,.0f}" if 0 < factor < 1 else "any number of"


def _finite(x: Any) -> float | None:
    return float(x) if np.isfinite(x) else None
