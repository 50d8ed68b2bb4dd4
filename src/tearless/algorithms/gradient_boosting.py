"""Gradient boosting: small trees one after the other, each fitted to the slope of the loss that those before it left.

## What it learns

F(x) = F₀ + η Σ treeₘ(x): a constant and ``n_estimators`` small trees, each shrunk by the learning rate η. For a
regressor F is the number; for two classes the logit; for K classes there is one F a class, and softmax makes them
probabilities.

## The mathematics

Descent in the space of functions. At the present F the negative gradient of the loss by F, one number a row, is where
each row should go: y − F for squared error, y − p for log loss. A tree is fitted to it by least squares, which gives
the regions; the step of each leaf is Newton's, −Σg/Σh over its rows, with gradient g and curvature h (for K classes
times (K − 1)/K, as the K functions have one degree of freedom less). A small η needs more trees and generalises better;
``subsample`` below 1 adds randomness as a forest does.

## How it is computed

``calculus.losses`` gives gradient and curvature; the trees are the decision tree's, on columns that are ranked once. A
leaf whose curvature is 0 in floating point, where every row is certain already, takes no step. F₀ is the mean, the
logit of the share, or the logarithms of the shares. With ``subsample=1`` the model is scikit-learn's to rounding.

## What goes wrong

- Too many trees follow the noise, and the loss on these rows hides it: it falls for ever → `train-test-overlap`.
- A column that knows the answer takes every first split → `target-leak`.
- One row far off pulls with its whole squared error → `outliers`.
- Beyond the range of the training rows it is constant → `drift`.

## References

- J. Friedman (2001), Greedy function approximation: a gradient boosting machine, *Annals of Statistics* 29(5).
- J. Friedman (2002), Stochastic gradient boosting, *Computational Statistics & Data Analysis* 38(4).
- T. Hastie, R. Tibshirani, J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., chapter 10.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.decision_tree import TreeParameters, drawer
from tearless.algorithms.estimator import Classifier, Estimator, Regressor
from tearless.algorithms.input import Floats, real, weights, whole
from tearless.algorithms.steps import Step, Steps
from tearless.calculus.exponentials import sigmoid, softmax
from tearless.calculus.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError
from tearless.core import InputError, Number
from tearless.statistics.cuts import NumberTarget
from tearless.statistics.partitioning import grow
from tearless.statistics.sorted_table import Sorted
from tearless.statistics.tree_arrays import Tree

LEAST_CURVATURE = 1e-150
"""Below it a leaf takes no step: g/h of numbers that have underflowed means nothing."""


@dataclass(repr=False, eq=False, kw_only=True)
class _BoostingParameters(TreeParameters):
    n_estimators: int = field(default=100, kw_only=False)
    learning_rate: float = 0.1
    subsample: float = 1.0
    max_depth: int | None = 3


class _Boosting(_BoostingParameters, Estimator):
    """What the classifier and the regressor share: the stages of descent."""

    estimators_: list[list[Tree]]
    train_score_: Floats
    feature_importances_: Floats
    _start: Floats
    _loss: Loss

    def _descend(self, X: Floats, y: NDArray[Any], w: Floats | None) -> None:
        """Grow all stages; ``_start`` (C,) and ``_loss`` are set. Functions F are the columns of an array (n, C)."""
        count, rate = whole(self.n_estimators, "n_estimators", 1), real(self.learning_rate, "learning_rate", above=0.0)
        share, limits = real(self.subsample, "subsample", above=0.0, most=1.0), self._limits(X.shape[1])
        weight, table, draw = np.ones(len(X)) if w is None else w, Sorted.rank(X), drawer(self.random_state)
        held = np.flatnonzero(weight)
        F = np.tile(self._start, (len(X), 1))
        self.estimators_, scores, fall = [], [self._mean_loss(F, y, weight)], np.zeros(X.shape[1])
        self._longest = 0.0
        for _ in range(count):
            gradient, curvature = self._slopes(F, y)
            rows = held if share == 1.0 else self._drawn(held, share, draw)
            stage = []
            for k in range(F.shape[1]):
                target = NumberTarget(-gradient[:, k], w)
                tree = grow(table, target, limits, draw(), rows)
                leaf = tree.apply(X)
                step = self._newton(leaf, rows, gradient[:, k] * weight, curvature[:, k] * weight, tree.node_count)
                stage.append(replace(tree, value=step[:, None]))
                F[:, k] += rate * step[leaf]
                self._longest = max(self._longest, float(np.abs(step).max()))
                fall += tree.importances(X.shape[1], shares=False)
            self.estimators_.append(stage)
            scores.append(self._mean_loss(F, y, weight))
        self.train_score_, self._first = np.array(scores[1:]), scores[0]
        self.feature_importances_ = fall / fall.sum() if fall.sum() > 0 else fall

    def _drawn(self, held: NDArray[np.intp], share: float, draw: Any) -> NDArray[np.intp]:
        some = np.random.default_rng(draw()).permutation(held)[: max(1, int(share * len(held)))]
        return np.asarray(np.sort(some))

    def _slopes(self, F: Floats, y: NDArray[Any]) -> tuple[Floats, Floats]:
        """Gradient and curvature of the loss by every F, both (n, C)."""
        at = F if self._loss.per_row else F[:, 0]
        slopes, bends = self._loss.gradient(at, y), self._loss.curvature(at, y)
        return np.asarray(slopes).reshape(F.shape), np.asarray(bends).reshape(F.shape)

    def _mean_loss(self, F: Floats, y: NDArray[Any], weight: Floats) -> float:
        at = F if self._loss.per_row else F[:, 0]
        with np.errstate(over="ignore"):
            return float(np.average(np.asarray(self._loss.value(at, y)), weights=weight))

    def _newton(
        self, leaf: NDArray[np.int64], rows: NDArray[np.intp], slope: Floats, bend: Floats, nodes: int
    ) -> Floats:
        """−Σg/Σh over the rows of every leaf, in the leaf's place."""
        down = -np.bincount(leaf[rows], slope[rows], nodes)
        curved = np.bincount(leaf[rows], bend[rows], nodes)
        certain = curved < LEAST_CURVATURE
        step = np.where(certain, 0.0, down / np.where(certain, 1.0, curved))
        classes = len(self._start)
        return np.asarray(step * (classes - 1) / classes if classes > 1 else step)

    def _functions(self, X: Any) -> Floats:
        """F of every row, shape (n, C)."""
        checked = self._matrix(X)
        F = np.tile(self._start, (len(checked), 1))
        for stage in self.estimators_:
            for k, tree in enumerate(stage):
                F[:, k] += self.learning_rate * tree.value[tree.apply(checked), 0]
        return F

    def _steps(self) -> Steps:
        unit = "y²" if isinstance(self._loss, SquaredError) else "nats"
        name = f"calculus.losses.{type(self._loss).__name__}"
        count, half = len(self.estimators_), max(1, len(self.estimators_) // 2)
        losses = {
            "at the start": Number(self._first, unit, "mean loss of the constant alone"),
            f"after {half:,}": Number(float(self.train_score_[half - 1]), unit, "mean loss, of the rows it has seen"),
            f"after {count:,}": Number(float(self.train_score_[-1]), unit, "mean loss, of the rows it has seen"),
        }
        trees = [tree for stage in self.estimators_ for tree in stage]
        leaves = [tree.n_leaves for tree in trees]
        grown = {
            "trees": Number(len(trees), "1", f"{len(self._start)} a stage"),
            "leaves": Number(float(np.mean(leaves)), "1", "in a tree, on average"),
            "longest step": Number(self._longest, "1", f"of one leaf, taken {self.learning_rate:g} times"),
            "first column": Number(float(self.feature_importances_.max()), "share", "of the gain, the largest"),
        }
        fitted = Step("statistics.partitioning.grow", f"Fitted {len(trees):,} trees to what was left", grown)
        return Steps(repr(self), [fitted, Step(name, "How far the loss came down", losses)])


class GradientBoostingClassifier(Classifier, _Boosting):
    """Boosting of log loss: one tree a stage for two classes, K for K classes.

    ``n_estimators`` stages, each shrunk by ``learning_rate``; ``subsample``: the share of rows a stage sees; the others
    as of ``DecisionTreeRegressor``. Fitted: ``classes_``, ``estimators_`` (the trees' arrays, stage by stage),
    ``train_score_`` (mean log loss in nats after each), ``feature_importances_``.

    >>> model = GradientBoostingClassifier(1, learning_rate=1.0, max_depth=1).fit([[0.0], [1.0], [2.0]], [0, 0, 1])
    >>> model.decision_function([[2.0]]).round(6).tolist()  # ln(1/2) + (1 − 1/3) / (1/3 · 2/3)
    [2.306853]
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to ``X`` (n, d) and at least two classes ``y`` (n,)."""
        rows, codes = self._fit_classes(X, y)
        w = weights(sample_weight, len(rows))
        shares = np.bincount(codes, w, minlength=len(self.classes_)) / (len(codes) if w is None else w.sum())
        if np.count_nonzero(shares) < 2:
            found = f"{np.count_nonzero(shares)} class"
            raise InputError(
                f"y: expected at least two classes, each with some weight, got {found}; add rows of others"
            )
        logs = np.log(np.maximum(shares, np.finfo(float).eps))
        two = len(logs) == 2
        self._start = logs[1:] - logs[:1] if two else logs
        self._loss = BinaryCrossEntropy() if two else CrossEntropy()
        self._descend(rows, codes.astype(np.float64) if two else codes, w)
        return self

    def decision_function(self, X: Any) -> Floats:
        """The logit of the second class, shape ``(n,)``; for more than two classes every F, shape ``(n, K)``."""
        F = self._functions(X)
        return np.asarray(F[:, 0] if F.shape[1] == 1 else F)

    def predict_proba(self, X: Any) -> Floats:
        """The probability of every class, shape ``(n, K)``."""
        F = self._functions(X)
        return np.asarray(np.hstack([sigmoid(-F), sigmoid(F)]) if F.shape[1] == 1 else softmax(F))


class GradientBoostingRegressor(Regressor, _Boosting):
    """Boosting of squared error. Parameters as for the classifier.

    Fitted: ``estimators_`` (one tree a stage), ``train_score_`` (mean squared error), ``feature_importances_``.

    >>> model = GradientBoostingRegressor(1, learning_rate=0.5, max_depth=1).fit([[0.0], [1.0]], [0.0, 8.0])
    >>> model.predict([[0.0], [1.0]]).tolist()  # the mean 4, and half the way from it
    [2.0, 6.0]
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to ``X`` (n, d) and numbers ``y`` (n,)."""
        rows, values = self._fit_numbers(X, y)
        w = weights(sample_weight, len(rows))
        self._start, self._loss = np.atleast_1d(np.average(values, weights=w)), SquaredError()
        self._descend(rows, values, w)
        return self

    def predict(self, X: Any) -> Floats:
        """F of every row, shape ``(n,)``, in the unit of ``y``."""
        return np.asarray(self._functions(X)[:, 0])
