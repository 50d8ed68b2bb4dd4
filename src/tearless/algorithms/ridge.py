"""Ridge regression: linear regression whose weights are held small, so that columns that agree do not fight.

## What it learns

One weight a column and an intercept: ŷ = Xw + b, with the least Σ(y − ŷ)² + α‖w‖². The intercept is not held.

## The mathematics

Along each singular direction of the centred columns, with singular value σ, ridge takes the least squares weight times
σ²/(σ² + α): directions that the data hardly show are shrunk most. The sum of these factors is the number of parameters
really used. The estimate has a bias, and less variance; some α > 0 always has the smaller mean squared error (Hoerl and
Kennard 1970). With independent normal weights of variance τ² and noise of variance s² before the data, it is the most
probable w at α = s²/τ².

## How it is computed

As least squares with √α·I written below the centred X and zeros below y, by QR; never through XᵀX + αI, which squares
the condition number. More columns than rows go by the singular value decomposition.

## What goes wrong

- α is one number for all columns, so a column in small units (large weight) is held much more → `unscaled-columns`.
- Columns that agree share their weight: no single one can be read as the cause → `collinear-columns`.
- α chosen on the rows that also give the score makes the score too good → `train-test-overlap`.

## References

- A. Hoerl, R. Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems, *Technometrics* 12(1).
- T. Hastie, R. Tibshirani, J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., section 3.4.1.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from tearless.algorithms.estimator import Regressor
from tearless.algorithms.input import Floats, real, weights
from tearless.algorithms.steps import Step, Steps
from tearless.core import Number
from tearless.linear_algebra import least_squares
from tearless.linear_algebra.least_squares_fit import LeastSquares
from tearless.linear_algebra.weighting import unweighted


class Ridge(Regressor):
    """Least squares with α‖w‖² added; α is in the unit of the columns, squared, times rows.

    Fitted: ``coef_`` (d,), ``intercept_``, ``effective_parameters_``: Σσ²/(σ²+α).

    >>> model = Ridge(alpha=1.0).fit([[1.0], [-1.0]], [3.0, -3.0])  # w = 6 / (2 + 1)
    >>> model.coef_.round(9).tolist(), model.predict([[2.0]]).round(9).tolist()
    ([2.0], [4.0])
    """

    def __init__(self, alpha: float = 1.0, *, fit_intercept: bool = True) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to ``X`` (n, d) and ``y`` (n,); a row of weight 2 counts as two rows."""
        alpha = real(self.alpha, "alpha", least=0.0)
        X, y = self._fit_numbers(X, y)
        w = weights(sample_weight, len(y))
        mean_x, mean_y, with_intercept = np.zeros(X.shape[1]), 0.0, bool(self.fit_intercept)
        if w is not None:
            X, y, mean_x, mean_y = unweighted(X, y, w, intercept=with_intercept)
            with_intercept = False
            alpha *= len(y) / float(w.sum())
        fit = least_squares.ridge(X, y, alpha, intercept=with_intercept)
        self.coef_ = np.asarray(fit.coefficients)
        self.intercept_ = float(mean_y - mean_x @ self.coef_) + float(fit.intercept)
        self.effective_parameters_ = fit.effective_parameters
        self._told = [self._held(fit), self._left(fit, y)]
        return self

    def predict(self, X: Any) -> Floats:
        """Xw + b for every row, shape ``(n,)``."""
        return np.asarray(self._matrix(X) @ self.coef_ + self.intercept_)

    def _held(self, fit: LeastSquares) -> Step:
        s = np.asarray(fit.singular_values)
        kept = 1.0 / (1.0 + fit.alpha / np.maximum(s, 1e-150) ** 2)
        return Step(
            "linear_algebra.least_squares.ridge",
            "Factored the columns with √α·I below them",
            {
                "condition": Number(fit.kappa, "1", "of the columns with √α·I below: the growth of input errors"),
                "parameters used": Number(fit.effective_parameters, "1", f"Σσ²/(σ²+α), of {len(self.coef_)} columns"),
                "kept most": Number(
                    float(kept.max()), "share", "of the least squares weight, along the widest direction"
                ),
                "kept least": Number(float(kept.min()), "share", "of it, along the narrowest direction"),
            },
        )

    def _left(self, fit: LeastSquares, y: Floats) -> Step:
        left, spread = float(np.linalg.norm(fit.residual)), float(np.linalg.norm(y - y.mean()))
        return Step(
            "linear_algebra.least_squares.ridge",
            "What the held weights explain",
            {
                "‖w‖": Number(float(np.linalg.norm(self.coef_)), "1", "length of the weights"),
                "R²": Number(
                    1.0 - (left / spread) ** 2 if spread > 0 else None, "share", "of y's variance, on these rows"
                ),
            },
        )

    def _steps(self) -> Steps:
        return Steps(repr(self), self._told)
