"""Random forest: many trees, each on its own resample of the rows, with few columns to choose from; they vote.

## What it learns

``n_estimators`` decision trees. Each sees n rows drawn with replacement, and at every node ``max_features`` columns
drawn anew. A classifier averages the trees' shares of the classes, a regressor their numbers.

## The mathematics

The mean of B trees of variance σ², any two correlated by ρ, has variance ρσ² + (1 − ρ)σ²/B. More trees remove the
second term only; fewer columns a node lower ρ at the price of a worse single tree. The bias is that of one tree, and
the error settles as trees are added. A row is left out of a resample with chance (1 − 1/n)ⁿ ≈ 0.368; the trees that
never saw a row tell its error without a test table (out-of-bag error).

## How it is computed

A tree is grown on the rows that its resample holds, with how often each came as weights. The columns are ranked once
for all trees, and the trees grow side by side: as each node's columns are drawn after all nodes before it, one node of
every tree is cut at a time, as one array. Given weights, rows are drawn by chances in proportion to them. One seed
gives the resamples of scikit-learn and, cut by cut, its trees; a regressor's where no two cuts tie, since ties of sums
are decided by their last bit. The first trees are the same for any ``n_estimators``. The out-of-bag votes are gathered
tree by tree.

## What goes wrong

- Copies of a row fall inside and outside a resample, so the out-of-bag error is too low → `duplicate-rows`.
- A column with many values offers more thresholds and wins by chance; its importance is too high → `identifier-column`.
- Columns that agree share their importance: none of them looks important → `collinear-columns`.
- A rare class is in few leaves and its probability is pulled to 0 → `class-imbalance`.
- Beyond the range of the training rows a regressor is constant: it cannot follow a trend → `drift`.

## References

- L. Breiman (2001), Random forests, *Machine Learning* 45(1).
- T. Hastie, R. Tibshirani, J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., chapter 15.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.decision_tree import TreeParameters, drawer
from tearless.algorithms.estimator import Classifier, Estimator, Regressor
from tearless.algorithms.input import Floats, among, weights, whole
from tearless.algorithms.steps import Step, Steps
from tearless.core import Number
from tearless.statistics.classification_scores import accuracy
from tearless.statistics.cuts import ClassTarget, Criterion, NumberTarget, Target
from tearless.statistics.estimate import Estimate
from tearless.statistics.partitioning import grow_side_by_side, together
from tearless.statistics.regression_scores import root_mean_squared_error
from tearless.statistics.sorted_table import Sorted
from tearless.statistics.tree_arrays import Tree


def resampled(seed: int, rows: int, weight: Floats | None) -> Floats:
    """How often each of n rows came in n draws with replacement, by chances in proportion to the weights if given.

    Shape (n,).

    >>> resampled(0, 4, None).tolist(), resampled(0, 3, np.array([0.0, 1.0, 0.0])).tolist()
    ([2.0, 1.0, 0.0, 1.0], [0.0, 3.0, 0.0])
    """
    rng = np.random.RandomState(seed)
    drawn = rng.randint(0, rows, rows) if weight is None else rng.choice(rows, rows, p=weight / weight.sum())
    return np.bincount(drawn, minlength=rows).astype(np.float64)


@dataclass(repr=False, eq=False, kw_only=True)
class _ForestParameters(TreeParameters):
    n_estimators: int = field(default=100, kw_only=False)
    bootstrap: bool = True


class _Forest(_ForestParameters, Estimator):
    """What the classifier and the regressor share: resamples, trees, and the votes of trees that saw no such row."""

    estimators_: list[Tree]
    feature_importances_: Floats

    def _target(self, weight: Floats | None) -> Target:
        """What is to be told apart, with this weight a row."""
        raise NotImplementedError

    def _grow(self, X: Floats, width: int, w: Floats | None) -> None:
        """Grow the trees; ``width``: numbers that a vote has."""
        count, limits = whole(self.n_estimators, "n_estimators", 1), self._limits(X.shape[1])
        resample = bool(among(self.bootstrap, "bootstrap", True, False))
        n, table, draw = len(X), Sorted.rank(X), drawer(self.random_state)
        held = np.ones(n) if w is None else w
        self.estimators_, alone = [], list[float]()
        votes, voters = np.zeros((n, width)), np.zeros(n)
        own = [draw() for _ in range(count)]
        step = together(table, limits)
        for some in (own[i : i + step] for i in range(0, count, step)):
            times = np.stack([resampled(seed, n, w) for seed in some]) if resample else held
            rows = [np.flatnonzero(t) for t in np.broadcast_to(times, (len(some), n))]
            target = self._target(times if resample or w is not None else None)
            trees = grow_side_by_side(table, target, limits, [drawer(seed)() for seed in some], rows)
            self.estimators_ += trees
            for tree, seen in zip(trees, times if resample else [], strict=resample):
                out = np.flatnonzero((seen == 0) & (held > 0))
                if len(out):
                    said = tree.value[tree.apply(X[out])]
                    votes[out] += said
                    voters[out] += 1
                    alone.append(self._wrong(out, said))
        self.feature_importances_ = self._shares(X.shape[1])
        judged = np.flatnonzero(voters)
        self._told = [self._trees(), *self._left_out(judged, votes[judged] / voters[judged, None], alone)]

    def _wrong(self, rows: NDArray[np.intp], said: Floats) -> float:
        """The share of wrong classes, or the mean squared error, of these votes."""
        raise NotImplementedError

    def _judged(self, rows: NDArray[np.intp], said: Floats) -> tuple[str, str, Estimate]:
        """The function that judges votes, the unit, and what it found."""
        raise NotImplementedError

    def _shares(self, columns: int) -> Floats:
        shares = np.mean([tree.importances(columns) for tree in self.estimators_], axis=0)
        return np.asarray(shares / shares.sum() if shares.sum() > 0 else shares)

    def _mean(self, X: Any) -> Floats:
        checked = self._matrix(X)
        total = np.zeros((len(checked), self.estimators_[0].value.shape[1]))
        for tree in self.estimators_:
            total += tree.value[tree.apply(checked)]
        return np.asarray(total / len(self.estimators_))

    def _trees(self) -> Step:
        trees = self.estimators_
        leaves, depths = [tree.n_leaves for tree in trees], [tree.max_depth for tree in trees]
        rows = [tree.n_node_samples[0] / tree.weighted_n_node_samples[0] for tree in trees]
        return Step(
            "statistics.partitioning.grow",
            f"Grew {len(trees):,} trees, each on its own resample",
            {
                "different rows": Number(float(np.mean(rows)), "share", "of a resample; 1 − 1/e = 63 % is usual"),
                "leaves": Number(float(np.mean(leaves)), "1", "in a tree, on average"),
                "depth": Number(float(np.mean(depths)), "1", "of a tree, on average"),
                "first column": Number(float(self.feature_importances_.max()), "share", "of importance, the largest"),
            },
        )

    def _left_out(self, seen: NDArray[np.intp], said: Floats, alone: list[float]) -> list[Step]:
        if len(seen) < 2:
            return []
        function, unit, found = self._judged(seen, said)
        ends = (found.low, found.high) if np.isfinite([found.low, found.high]).all() else None
        single = 1 - float(np.mean(alone)) if unit == "share" else float(np.sqrt(np.mean(alone)))
        return [
            Step(
                function,
                f"Judged {len(seen):,} rows by the trees that never saw them",
                {
                    "out of bag": Number(found.value, unit, "by all those trees together", ends, found.level),
                    "one tree": Number(single, unit, "the same by one tree: what averaging adds"),
                },
            )
        ]

    def _steps(self) -> Steps:
        return Steps(repr(self), self._told)


@dataclass(repr=False, eq=False, kw_only=True)
class RandomForestClassifier(Classifier, _Forest):
    """The mean of the shares that many trees give, each grown on its own resample.

    Parameters as of ``DecisionTreeClassifier``; ``n_estimators`` trees; ``bootstrap=False`` gives all rows to each.
    Fitted: ``classes_``, ``estimators_`` (the trees' arrays), ``feature_importances_``.

    >>> X = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]]
    >>> model = RandomForestClassifier(20, random_state=0).fit(X, list("aaabbb"))
    >>> model.predict([[0.2], [4.8]]).tolist()
    ['a', 'b']
    """

    criterion: str = "gini"
    max_features: int | float | str | None = "sqrt"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to ``X`` (n, d) and classes ``y`` (n,); a row is drawn by a chance in proportion to its weight."""
        self._impurity: Criterion = among(self.criterion, "criterion", "gini", "entropy")
        rows, self._codes = self._fit_classes(X, y)
        self._grow(rows, len(self.classes_), weights(sample_weight, len(rows)))
        return self

    def predict_proba(self, X: Any) -> Floats:
        """The mean over the trees of the shares in the leaf of every row, shape ``(n, K)``."""
        return self._mean(X)

    def _target(self, weight: Floats | None) -> Target:
        return ClassTarget(self._codes, len(self.classes_), self._impurity, weight)

    def _wrong(self, rows: NDArray[np.intp], said: Floats) -> float:
        return float(np.mean(said.argmax(axis=1) != self._codes[rows]))

    def _judged(self, rows: NDArray[np.intp], said: Floats) -> tuple[str, str, Estimate]:
        found = accuracy(self._codes[rows], said.argmax(axis=1))
        return "statistics.classification_scores.accuracy", "share", found


@dataclass(repr=False, eq=False, kw_only=True)
class RandomForestRegressor(Regressor, _Forest):
    """The mean of the numbers that many trees give, each grown on its own resample. Parameters as for the classifier.

    Fitted: ``estimators_`` (the trees' arrays), ``feature_importances_``.

    >>> X = [[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]]
    >>> model = RandomForestRegressor(50, random_state=0).fit(X, [0.0, 0.0, 0.0, 9.0, 9.0, 9.0])
    >>> model.predict([[0.0], [5.0]]).round(0).tolist()
    [0.0, 9.0]
    """

    criterion: str = "squared_error"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to ``X`` (n, d) and numbers ``y`` (n,); a row is drawn by a chance in proportion to its weight."""
        among(self.criterion, "criterion", "squared_error")
        rows, values = self._fit_numbers(X, y)
        self._values = values.copy()
        self._grow(rows, 1, weights(sample_weight, len(rows)))
        return self

    def predict(self, X: Any) -> Floats:
        """The mean over the trees of the means in the leaf of every row, shape ``(n,)``."""
        return np.asarray(self._mean(X)[:, 0])

    def _target(self, weight: Floats | None) -> Target:
        return NumberTarget(self._values, weight)

    def _wrong(self, rows: NDArray[np.intp], said: Floats) -> float:
        with np.errstate(over="ignore"):
            return float(np.mean((said[:, 0] - self._values[rows]) ** 2))

    def _judged(self, rows: NDArray[np.intp], said: Floats) -> tuple[str, str, Estimate]:
        found = root_mean_squared_error(self._values[rows], said[:, 0])
        return "statistics.regression_scores.root_mean_squared_error", "y", found
