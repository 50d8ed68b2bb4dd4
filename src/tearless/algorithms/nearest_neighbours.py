"""Nearest neighbours: answers for a row with what the k training rows nearest to it say.

## What it learns

Nothing is fitted: the training rows are kept. A new row is given the k training rows nearest to it. A classifier counts
their classes, a regressor takes the mean of their numbers; ``weights="distance"`` lets each count by 1/distance.

## The mathematics

Distance is Euclidean: ‖a − b‖ = √Σ(aⱼ − bⱼ)². The share of class c among the k neighbours estimates P(c | x): with
k → ∞ and k/n → 0 it converges to it (Stone 1977). At k = 1 and many rows the error is at most twice the smallest
possible (Cover and Hart 1967). Small k follows noise, large k blurs: k trades variance (about σ²/k for a regressor) for
bias.

## How it is computed

All distances are found by one matrix product for a block of rows, ‖a‖² − 2a·b + ‖b‖², whose rounding error is bounded;
every training row that can be among the k nearest within that error has its distance computed anew from differences. So
the neighbours are the exact ones. **Ties**: training rows at one distance come in the order of their rows; classes with
the same share go to the first in ``classes_``. With ``weights="distance"``, where training rows are at distance 0 they
alone count.

## What goes wrong

- The column with the largest unit decides alone which rows are near → `unscaled-columns`: standardise first.
- A column that says nothing still adds its distance; an identifier adds nothing but noise → `identifier-column`.
- With many columns all rows are about equally far, and near means little: fewer columns, or `pca` first.
- The same rows in training and test are their own neighbours, and the score is too good → `train-test-overlap`.

## References

- T. Cover, P. Hart (1967), Nearest neighbor pattern classification, *IEEE Transactions on Information Theory* 13(1).
- C. Stone (1977), Consistent nonparametric regression, *Annals of Statistics* 5(4).
- T. Hastie, R. Tibshirani, J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., section 13.3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.estimator import Classifier, Estimator, Regressor
from tearless.algorithms.input import Floats, among, whole
from tearless.algorithms.steps import Step, Steps
from tearless.core import InputError, Number
from tearless.linear_algebra.distances import nearest
from tearless.statistics.classification_scores import accuracy
from tearless.statistics.estimate import Estimate
from tearless.statistics.regression_scores import root_mean_squared_error


class _Neighbours(Estimator):
    """What the classifier and the regressor share: the kept rows, and finding the nearest of them."""

    n_neighbors: int
    weights: str
    n_samples_fit_: int
    _rows: Floats

    def _keep(self, rows: Floats) -> None:
        k = whole(self.n_neighbors, "n_neighbors", 1)
        among(self.weights, "weights", "uniform", "distance")
        if len(rows) < k:
            found = "1 sample" if len(rows) == 1 else f"{len(rows)} samples"
            raise InputError(f"n_neighbors: expected at most the number of rows, got {k} and {found}; lower it")
        self._rows = rows.copy()
        self.n_samples_fit_ = len(rows)

    def kneighbors(self, X: Any, n_neighbors: int | None = None) -> tuple[Floats, NDArray[np.intp]]:
        """``(distances, rows)`` of the nearest training rows, nearest first, both of shape ``(n, k)``."""
        queries = self._matrix(X)
        return nearest(self._rows, queries, whole(self.n_neighbors if n_neighbors is None else n_neighbors, "k", 1))

    def _votes(self, far: Floats) -> Floats:
        """How much each of the nearest counts: rows that sum to 1."""
        if self.weights == "uniform":
            return np.full(far.shape, 1.0 / max(1, far.shape[1]))
        same = far == 0
        # relative to the nearest, so that 1/distance cannot overflow; at distance 0 the others do not count
        near = np.where(same.any(axis=1, keepdims=True), same, far[:, :1] / np.where(same, 1.0, far))
        return np.asarray(near / near.sum(axis=1, keepdims=True))

    def _steps(self) -> Steps:
        """What the neighbours of some training rows, themselves left out, are and say."""
        some = np.arange(0, len(self._rows), max(1, len(self._rows) // 500))
        k = min(whole(self.n_neighbors, "n_neighbors", 1), len(self._rows) - 1)
        far, rows = nearest(self._rows, self._rows[some], k + 1)
        other = rows != some[:, None]
        other[other.all(axis=1), -1] = False  # so many copies that the row itself is not among the first
        far, rows = far[other].reshape(len(some), k), rows[other].reshape(len(some), k)
        found = Step(
            "linear_algebra.distances.nearest",
            f"For {len(some):,} training rows, the {k} nearest of the others",
            {
                "nearest": Number(_median(far[:, :1]), "1", "median distance to the nearest, in the columns' units"),
                "last": Number(_median(far[:, -1:]), "1", f"median distance to number {k}"),
                "copies": Number(float(np.mean(far[:, :1] == 0)) if k else None, "share", "have one at distance 0"),
            },
        )
        return Steps(repr(self), [found, self._said(some, self._votes(far), rows)])

    def _said(self, some: NDArray[np.intp], votes: Floats, rows: NDArray[np.intp]) -> Step:
        raise NotImplementedError


def _known(score: Callable[..., Estimate], truth: Any, said: Any, unit: str, meaning: str) -> Number:
    if len(said) < 2:
        return Number(None, unit, meaning)
    found = score(truth, said)
    ends = (found.low, found.high)
    return Number(found.value, unit, meaning, ends if np.isfinite(ends).all() else None, found.level)


def _median(x: Floats) -> float | None:
    return float(np.median(x)) if x.size else None


class KNeighborsClassifier(Classifier, _Neighbours):
    """The class that most of the k nearest training rows have.

    ``n_neighbors`` is k; ``weights`` is ``"uniform"`` or ``"distance"``. Fitted: ``classes_``, ``n_samples_fit_``.

    >>> model = KNeighborsClassifier(n_neighbors=3).fit([[0.0], [1.0], [2.0], [10.0]], ["a", "a", "b", "b"])
    >>> model.predict([[0.4]]).tolist(), model.predict_proba([[0.4]]).round(3).tolist()
    (['a'], [[0.667, 0.333]])
    """

    def __init__(self, n_neighbors: int = 5, *, weights: str = "uniform") -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights

    def fit(self, X: Any, y: Any) -> Self:
        """Keep the rows ``X`` (n, d) and their classes ``y`` (n,)."""
        rows, self._codes = self._fit_classes(X, y)
        self._keep(rows)
        return self

    def predict_proba(self, X: Any) -> Floats:
        """The share of every class among the neighbours of every row, shape ``(n, K)``."""
        far, rows = self.kneighbors(X)
        return self._shares(self._votes(far), rows)

    def _shares(self, votes: Floats, rows: NDArray[np.intp]) -> Floats:
        n, count = len(rows), len(self.classes_)
        cell = np.arange(n)[:, None] * count + self._codes[rows]
        shares = np.bincount(cell.ravel(), votes.ravel(), minlength=n * count).astype(np.float64)
        if self.weights == "uniform":  # whole votes, so that equal counts are equal to the last bit
            shares = np.rint(shares * rows.shape[1]) / max(1, rows.shape[1])
        return np.asarray(shares.reshape(n, count))

    def _said(self, some: NDArray[np.intp], votes: Floats, rows: NDArray[np.intp]) -> Step:
        share = np.bincount(self._codes) / len(self._codes)
        said = np.argmax(self._shares(votes, rows), axis=1)[: rows.size]
        return Step(
            "statistics.classification_scores.accuracy",
            "Each row's class as the others say it",
            {
                "accuracy": _known(accuracy, self._codes[some], said, "share", "of these rows, each left out"),
                "largest class": Number(
                    float(share.max()), "share", "of all rows: what always guessing it would reach"
                ),
            },
        )


class KNeighborsRegressor(Regressor, _Neighbours):
    """The mean of the numbers of the k nearest training rows.

    ``n_neighbors`` is k; ``weights`` is ``"uniform"`` or ``"distance"``. Fitted: ``n_samples_fit_``.

    >>> model = KNeighborsRegressor(n_neighbors=2).fit([[0.0], [1.0], [9.0]], [1.0, 3.0, 100.0])
    >>> model.predict([[0.4]]).tolist()
    [2.0]
    """

    def __init__(self, n_neighbors: int = 5, *, weights: str = "uniform") -> None:
        self.n_neighbors = n_neighbors
        self.weights = weights

    def fit(self, X: Any, y: Any) -> Self:
        """Keep the rows ``X`` (n, d) and their numbers ``y`` (n,)."""
        rows, values = self._fit_numbers(X, y)
        self._values = values.copy()
        self._keep(rows)
        return self

    def predict(self, X: Any) -> Floats:
        """The mean over the neighbours of every row, shape ``(n,)``."""
        far, rows = self.kneighbors(X)
        return self._means(self._votes(far), rows)

    def _means(self, votes: Floats, rows: NDArray[np.intp]) -> Floats:
        return np.asarray(np.einsum("ij,ij->i", votes, self._values[rows]))

    def _said(self, some: NDArray[np.intp], votes: Floats, rows: NDArray[np.intp]) -> Step:
        said = self._means(votes, rows)[: rows.size]
        return Step(
            "statistics.regression_scores.root_mean_squared_error",
            "Each row's number as the mean of the others'",
            {
                "error": _known(
                    root_mean_squared_error, self._values[some], said, "y", "root mean square, each left out"
                ),
                "spread": Number(float(self._values.std()), "y", "standard deviation of y: what its mean would reach"),
            },
        )
