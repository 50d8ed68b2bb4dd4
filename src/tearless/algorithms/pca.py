"""Principal component analysis: replaces columns by the few directions in which rows differ most.

## What it learns

The mean of every column and k directions at right angles, each of length 1: the first is the direction along which the
rows have most variance, the next has most of what is left, and so on. A row's new columns are its coordinates along
them.

## The mathematics

The directions are the eigenvectors of the covariance matrix S = XᵀX/(n − 1) of the centred columns, the variances
along them its eigenvalues λ₁ ≥ λ₂ ≥ …; their sum is the sum of the columns' variances. Of all projections on k
directions this one loses least: Σ‖x − x̂‖² = (n − 1)(λₖ₊₁ + … + λₚ) (Eckart and Young 1936). The new columns are
uncorrelated on the fitted rows.

## How it is computed

By the singular value decomposition of the centred columns, λ = σ²/(n − 1), never from S, whose forming loses
components below 1e-8 of the first. Variances divide by n − 1. A direction and its opposite are the same component; the
sign is such that the entry of largest magnitude is positive, as in scikit-learn.

## What goes wrong

- The column with the largest unit is the first component → `unscaled-columns`: standardise first, unless all columns
  have one unit.
- Components of nearly the same variance turn into one another from sample to sample: read the plane, not the axes.
- A few rows far out draw a component to themselves → `outliers`.
- Most variance is not most information: the small component may be the one that predicts.

## References

- I. Jolliffe (2002), *Principal Component Analysis*, 2nd ed., chapters 2 and 3.
- C. Eckart, G. Young (1936), The approximation of one matrix by another of lower rank, *Psychometrika* 1(3).
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.estimator import Transformer, float_dtype
from tearless.algorithms.input import Floats, whole
from tearless.algorithms.steps import Step, Steps
from tearless.core import InputError, Number
from tearless.linear_algebra.components_to_keep import for_share
from tearless.linear_algebra.pca import PrincipalComponents, pca


class PCA(Transformer):
    """Coordinates along the directions of most variance.

    ``n_components`` is how many: all if None, a whole number, or a share between 0 and 1: the fewest that explain at
    least so much of the variance. ``whiten`` divides each coordinate by its standard deviation; then None means those
    components that have any, and asking for more is refused with ``InputError``. Fitted: ``components_``
    (k, d), ``explained_variance_`` (k,) over n − 1, ``explained_variance_ratio_``, ``singular_values_``, ``mean_``,
    ``n_components_``, ``n_samples_``, ``noise_variance_``: the mean variance of the components left out.

    >>> model = PCA(n_components=1).fit([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    >>> model.components_.round(4).tolist(), model.transform([[3.0, 3.0]]).round(4).tolist()
    ([[0.7071, 0.7071]], [[2.8284]])
    """

    _least_rows = 2

    def __init__(self, n_components: int | float | None = None, *, whiten: bool = False) -> None:
        self.n_components = n_components
        self.whiten = whiten

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002 - every transformer takes one
        """Find the directions of ``X`` (n, d); ``y`` is not looked at."""
        checked = self._fit_matrix(X)
        every = pca(checked)
        variance, share = np.asarray(every.explained_variance), np.asarray(every.share)
        k = self._count(variance, len(checked))
        self._kept = PrincipalComponents(
            every.mean, every.scale, every.components[:k], variance[:k], every.total_variance, every.rows, every.ddof
        )
        self.n_components_ = self._n_features_out = k
        self.n_samples_ = len(checked)
        self.components_ = np.asarray(self._kept.components)
        self.explained_variance_, self.explained_variance_ratio_ = variance[:k], share[:k]
        self.singular_values_ = np.sqrt(variance[:k] * (len(checked) - 1))
        self.mean_ = np.asarray(every.mean)
        self.noise_variance_ = float(variance[k:].mean()) if k < len(variance) else 0.0
        self._told = self._tell(share, variance)
        return self

    def transform(self, X: Any) -> NDArray[Any]:
        """Coordinates along the components, shape ``(n, k)``."""
        checked = self._matrix(X)
        found = self._kept.whitened(checked) if self.whiten else self._kept.scores(checked)
        return np.asarray(found, dtype=float_dtype(X))

    def inverse_transform(self, X: Any) -> NDArray[Any]:
        """Rows from coordinates (n, k): the nearest point to each row that k components can reach, shape ``(n, d)``."""
        self._check_fitted()
        scores = np.asarray(X)
        if scores.ndim != 2 or scores.shape[1] != self.n_components_:
            raise InputError(
                f"X: expected {self.n_components_} coordinates a row, got shape {scores.shape}; transform first"
            )
        spread = np.sqrt(self.explained_variance_) if self.whiten else 1.0
        return np.asarray(self._kept.reconstructed(scores * spread), dtype=float_dtype(X))

    def _count(self, variance: Floats, rows: int) -> int:
        wanted, most = self.n_components, len(variance)
        varied = int(np.sum(variance > variance[0] * rows * self.n_features_in_ * np.finfo(np.float64).eps ** 2))
        if wanted is None:
            return varied if self.whiten else most
        if isinstance(wanted, (float, np.floating)):
            if not 0 < wanted < 1:
                raise InputError(f"n_components: expected a share between 0 and 1 or a whole number, got {wanted!r}")
            return for_share(variance, float(wanted))
        k = whole(wanted, "n_components", 1)
        if k > most:
            raise InputError(
                f"n_components: expected at most the smaller of rows and columns, {most}, got {k}; lower it"
            )
        if self.whiten and k > varied:
            raise InputError(
                f"n_components: expected at most {varied}, as the other components do not vary, got {k}; lower it"
            )
        return k

    def _tell(self, share: Floats, variance: Floats) -> list[Step]:
        k, first = self.n_components_, self.components_[0]
        largest = int(np.argmax(np.abs(first)))
        return [
            Step(
                "linear_algebra.pca.pca",
                "Decomposed the centred columns",
                {
                    "total variance": Number(float(self._kept.total_variance), "1", "of all columns, units squared"),
                    "first": Number(float(share[0]), "share", "of it along the first component"),
                    "its largest column": Number(float(first[largest] ** 2), "share", f"of it is column {largest}"),
                    "kept": Number(float(k), "components", f"of {len(share)}"),
                    "explained": Number(float(share[:k].sum()), "share", "of the variance, by those kept"),
                },
            ),
            Step(
                "linear_algebra.components_to_keep.for_share",
                "Counted the components that a share of the variance needs",
                {
                    f"for {s:.0%}": Number(float(for_share(variance, s)), "components", "enough for it")
                    for s in (0.5, 0.9, 0.99)
                },
            ),
        ]

    def _steps(self) -> Steps:
        return Steps(repr(self), self._told)
