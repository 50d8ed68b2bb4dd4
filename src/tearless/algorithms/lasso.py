"""Lasso: linear regression that pays for the size of its weights, and so sets many of them to exactly 0.

## What it learns

One weight a column and an intercept: ŷ = Xw + b, with the least Σ(y − ŷ)²/(2n) + α Σ|wⱼ|. The intercept costs nothing.

## The mathematics

|w| has a corner at 0: a column whose product with the residual, |xⱼᵀr|/n, stays below α keeps weight 0. Where columns
are orthogonal, each weight is its least squares weight brought nearer to 0 by α (the soft threshold). From
α = max|xⱼᵀ(y − ȳ)|/n on, all are 0. For |Xᵀθ| ≤ nα the number ½‖y‖² − ½‖y − θ‖² never exceeds the least loss; the
distance to it, the duality gap, proves how far from the best the weights can be.

## How it is computed

Columns and y are taken about their means. One weight after the other is set to its best while the others stand, until
the duality gap is at most ``tol`` times ‖y − ȳ‖²/(2n).

## What goes wrong

- α is one number for all columns: one in small units needs a large weight and is dropped first → `unscaled-columns`.
- Of columns that agree it keeps one, and another in the next sample: what it drops is not proved useless →
  `collinear-columns`.
- The weights that stay are too small, by about α each; refit on the columns that stay if their size matters.
- A column that knows the answer is the first to be kept → `target-leak`.

## References

- R. Tibshirani (1996), Regression shrinkage and selection via the lasso, *J. R. Statist. Soc. B* 58(1).
- J. Friedman, T. Hastie, R. Tibshirani (2010), Regularization paths for generalized linear models via coordinate
  descent, *Journal of Statistical Software* 33(1).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tearless.algorithms.estimator import Regressor, warn_not_converged
from tearless.algorithms.input import Floats, real, weights, whole
from tearless.algorithms.steps import Step, Steps
from tearless.calculus.coordinate_descent import Sparse, l1_least_squares
from tearless.core import Number
from tearless.linear_algebra.weighting import unweighted


class Lasso(Regressor):
    """Least squares with an L1 penalty.

    ``alpha`` is in the unit of y times that of the columns; ``tol`` the duality gap at which to stop, as a share of
    ‖y − ȳ‖²/(2n); ``max_iter`` the most sweeps. Fitted: ``coef_`` (d,), ``intercept_``, ``n_iter_``, and ``dual_gap_``:
    how far the loss can be above its least.

    >>> model = Lasso(alpha=0.5).fit([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]], [3.2, -2.8, 2.8, -3.2])
    >>> model.coef_.round(9).tolist()  # least squares gives 3.0 and 0.2
    [2.5, 0.0]
    """

    def __init__(
        self, alpha: float = 1.0, *, fit_intercept: bool = True, max_iter: int = 10_000, tol: float = 1e-8
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to ``X`` (n, d) and ``y`` (n,); a row of weight 2 counts as two rows."""
        alpha, tol = real(self.alpha, "alpha", least=0.0), real(self.tol, "tol", least=0.0)
        most = whole(self.max_iter, "max_iter", 1)
        X, y = self._fit_numbers(X, y)
        X, y, mean_x, mean_y = unweighted(X, y, weights(sample_weight, len(y)), intercept=bool(self.fit_intercept))
        n = len(y)
        found = l1_least_squares(X, y, alpha * n, tolerance=tol, most=most)
        self.coef_, self.n_iter_, self.dual_gap_ = found.w, max(1, found.sweeps), found.gap / n
        self.intercept_ = float(mean_y - mean_x @ self.coef_)
        self._told = [self._entered(X, y), self._walked(found, y)]
        if not found.converged:
            warn_not_converged(
                f"max_iter: after {found.sweeps:,} sweeps the loss can still be {found.gap / n:.3g} above its least, "
                f"more than tol allows: {'use LinearRegression for alpha=0' if alpha == 0 else 'raise max_iter or tol'}"
            )
        return self

    def predict(self, X: Any) -> Floats:
        """Xw + b for every row, shape ``(n,)``."""
        return np.asarray(self._matrix(X) @ self.coef_ + self.intercept_)

    def _entered(self, X: Floats, y: Floats) -> Step:
        slopes = np.abs(X.T @ y) / len(y)
        return Step(
            "linear_algebra.weighting.unweighted",
            "Took the columns and y about their means",
            {
                "largest alpha": Number(float(slopes.max()), "1", "max|xⱼᵀy|/n: from here on every weight is 0"),
                "alpha": Number(float(self.alpha), "1", "the one used"),
            },
        )

    def _walked(self, found: Sparse, y: Floats) -> Step:
        kept, n = int(np.count_nonzero(found.w)), len(y)
        whole_loss = float(y @ y) / (2 * n)
        return Step(
            "calculus.coordinate_descent.l1_least_squares",
            "Set one weight after the other to its best",
            {
                "kept": Number(float(kept), "columns", f"have a weight that is not 0, of {len(found.w)}"),
                "sweeps": Number(float(found.sweeps), "sweeps", "over the weights"),
                "loss": Number(found.loss / n, "y²", f"with the penalty; {whole_loss:.3g} with all weights 0"),
                "gap": Number(found.gap / n, "y²", "at most so far above the least loss there is"),
            },
        )

    def _steps(self) -> Steps:
        return Steps(repr(self), self._told)
