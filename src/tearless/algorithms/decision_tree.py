"""Decision tree: asks one column at a time whether it is above a threshold, and answers with what the rows there have.

## What it learns

A tree of questions "is column j ≤ t?". A row falls through them to a leaf. A classifier answers with the shares of the
classes among the training rows of that leaf, a regressor with their mean.

## The mathematics

A node's impurity is the entropy of its classes in bits, their Gini index 1 − Σp², or the variance of its numbers. Every
node takes the question that lowers the weighted mean impurity most; with entropy that decrease is the information gain,
what the answer tells about the class. Greedy: the best tree overall is NP-hard to find, and a question that gains
nothing by itself can still be needed (exclusive or), so splits of gain 0 are made while a node is not pure.

## How it is computed

The columns are ranked once; running sums over the rows in the order of a column give both sides of all its thresholds
at once. Large nodes keep the order of every column for their parts; small ones are sorted anew, many as one array.
Thresholds are midpoints of neighbouring values. **Ties** go to the column drawn first, then to the lowest threshold;
the order of the draws comes from ``random_state``, by scikit-learn's scheme, so that one seed gives one tree in both
(theirs rounds the table to float32 and leaves values within 1e-7 together; here every two values can be split). Nodes
are numbered depth first, left before right. All rows to predict go down one level at a time.

## What goes wrong

- Grown to the end it repeats its training rows, noise and all; a score on them says nothing → `train-test-overlap`.
- A column with a new value in every row can split any rows apart → `identifier-column`.
- One split that leaves nothing to ask means the column holds the answer → `target-leak`.
- Beyond the range of the training rows it is constant → `drift`.

## References

- L. Breiman, J. Friedman, R. Olshen, C. Stone (1984), *Classification and Regression Trees*.
- J. R. Quinlan (1986), Induction of decision trees, *Machine Learning* 1(1).
- T. Hastie, R. Tibshirani, J. Friedman (2009), *The Elements of Statistical Learning*, 2nd ed., section 9.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.estimator import Classifier, Estimator, Regressor, generator
from tearless.algorithms.input import Floats, among, real, weights, whole
from tearless.algorithms.steps import Step, Steps
from tearless.core import Number
from tearless.core.text import LONGEST_NAME, visible
from tearless.statistics.cuts import ClassTarget, Criterion, NumberTarget, Target
from tearless.statistics.partitioning import grow
from tearless.statistics.sorted_table import Sorted
from tearless.statistics.tree_arrays import Tree
from tearless.statistics.tree_growth import Limits

NO_END = 2**31 - 1
"""A depth that no tree reaches."""


def columns_tried(value: Any, d: int) -> int:
    """How many columns a node tries: ``None`` for all, a number, a share of them, ``"sqrt"`` or ``"log2"``.

    Raises ``InputError`` for anything else. ``d`` is the number of columns.

    >>> columns_tried("sqrt", 30), columns_tried(0.5, 30), columns_tried(None, 30)
    (5, 15, 30)
    """
    if value is None or isinstance(value, str):
        among(value, "max_features", None, "sqrt", "log2")
        return d if value is None else max(1, int(np.sqrt(d) if value == "sqrt" else np.log2(d)))
    if isinstance(value, (float, np.floating)):
        return max(1, int(real(value, "max_features", above=0.0, most=1.0) * d))
    return min(d, whole(value, "max_features", 1))


def drawer(random_state: Any) -> Callable[[], int]:
    """Seeds below 2³¹ − 1, one a call; a whole number gives those that scikit-learn draws from it.

    >>> seed = drawer(0)
    >>> seed() == drawer(0)()
    True
    """
    if isinstance(random_state, (int, np.integer)) and not isinstance(random_state, bool) and 0 <= random_state < 2**32:
        random_state = np.random.RandomState(int(random_state))
    if isinstance(random_state, np.random.RandomState):
        return lambda: int(random_state.randint(NO_END))
    rng = generator(random_state)
    return lambda: int(rng.integers(NO_END))


@dataclass(repr=False, eq=False, kw_only=True)
class TreeParameters:
    """The parameters of all that grow trees: when to stop, how many columns a node tries, and by which seed.

    >>> DecisionTreeRegressor(max_depth=3, max_features=0.5)._limits(10)
    Limits(max_depth=3, min_samples_split=2, min_samples_leaf=1, max_features=5)
    """

    max_depth: int | None = None
    min_samples_split: int = 2
    min_samples_leaf: int = 1
    max_features: int | float | str | None = None
    random_state: Any = None

    def _limits(self, d: int) -> Limits:
        """The limits among the parameters, checked, for a table of ``d`` columns."""
        depth = NO_END if self.max_depth is None else whole(self.max_depth, "max_depth", 1)
        split = whole(self.min_samples_split, "min_samples_split", 2)
        leaf = whole(self.min_samples_leaf, "min_samples_leaf", 1)
        return Limits(depth, split, leaf, columns_tried(self.max_features, d))


class _OneTree(TreeParameters, Estimator):
    """What the classifier and the regressor share."""

    criterion: str
    tree_: Tree
    feature_importances_: Floats

    def _grow(self, X: Floats, target: Target, weight: Floats | None) -> None:
        rows = None if weight is None else np.flatnonzero(weight)
        seed = drawer(self.random_state)()
        self.tree_ = grow(Sorted.rank(X), target, self._limits(X.shape[1]), seed, rows)
        self.feature_importances_ = self.tree_.importances(X.shape[1])

    def apply(self, X: Any) -> NDArray[np.int64]:
        """The number of the leaf that every row falls into, shape ``(n,)``."""
        checked = self._matrix(X)
        return self.tree_.apply(checked)

    def get_depth(self) -> int:
        """The most questions asked on the way to a leaf."""
        self._check_fitted()
        return self.tree_.max_depth

    def get_n_leaves(self) -> int:
        self._check_fitted()
        return self.tree_.n_leaves

    def _steps(self) -> Steps:
        unit = {"entropy": "bits", "gini": "1"}.get(self.criterion, "y²")
        tree, kind = self.tree_, "NumberTarget" if unit == "y²" else "ClassTarget"
        root = Step(
            f"statistics.cuts.{kind}",
            "How mixed the rows are before any question",
            {"impurity": Number(float(tree.impurity[0]), unit, f"of {tree.n_node_samples[0]:,} rows")},
        )
        first = np.flatnonzero((tree.feature >= 0) & (tree.depth < 2))
        asked = [Step("statistics.cuts.best_cuts", *self._told(int(node), unit)) for node in first]
        leaves = tree.feature < 0
        shares = tree.weighted_n_node_samples[leaves] / tree.weighted_n_node_samples[0]
        end = Step(
            "statistics.partitioning.grow",
            "The whole tree",
            {
                "leaves": Number(tree.n_leaves, "1", f"from {tree.node_count - tree.n_leaves:,} questions"),
                "depth": Number(tree.max_depth, "1", "most questions on the way to a leaf"),
                "impurity": Number(float(shares @ tree.impurity[leaves]), unit, "left in the leaves, by their weight"),
                "smallest leaf": Number(int(tree.n_node_samples[leaves].min()), "rows", "in one leaf"),
            },
        )
        return Steps(repr(self), [root, *asked, end])

    def _told(self, node: int, unit: str) -> tuple[str, Mapping[str, Number]]:
        tree = self.tree_
        left, right = int(tree.children_left[node]), int(tree.children_right[node])
        names = self._names()
        column = tree.feature[node]
        name = f"column {column}" if names is None else visible(names[column], LONGEST_NAME)
        gain = "information gain" if unit == "bits" else "decrease of impurity"
        return f"Node {node} asks: {name} ≤ {tree.threshold[node]:.6g}?", {
            gain: Number(float(tree.gain[node]), unit, f"of {tree.impurity[node]:.4g} in its rows"),
            "yes": Number(int(tree.n_node_samples[left]), "rows", f"impurity {tree.impurity[left]:.4g}"),
            "no": Number(int(tree.n_node_samples[right]), "rows", f"impurity {tree.impurity[right]:.4g}"),
        }


@dataclass(repr=False, eq=False, kw_only=True)
class DecisionTreeClassifier(Classifier, _OneTree):
    """A tree that splits by ``"gini"`` or ``"entropy"`` and answers with its leaf's shares of the classes.

    ``max_depth``, ``min_samples_split``, ``min_samples_leaf`` and ``max_features`` (all, a number, a share, ``"sqrt"``,
    ``"log2"``; drawn anew at every node by ``random_state``) stop and vary it. Rows of weight 0 are left out. Fitted:
    ``classes_``, ``tree_``, ``feature_importances_``.

    >>> model = DecisionTreeClassifier(criterion="entropy").fit([[1.0], [2.0], [4.0], [5.0]], ["a", "a", "b", "b"])
    >>> float(model.tree_.threshold[0]), float(model.tree_.gain[0]), model.predict([[2.9], [3.1]]).tolist()
    (3.0, 1.0, ['a', 'b'])
    """

    criterion: str = "gini"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to ``X`` (n, d) and classes ``y`` (n,)."""
        criterion: Criterion = among(self.criterion, "criterion", "gini", "entropy")
        rows, codes = self._fit_classes(X, y)
        w = weights(sample_weight, len(rows))
        self._grow(rows, ClassTarget(codes, len(self.classes_), criterion, w), w)
        return self

    def predict_proba(self, X: Any) -> Floats:
        """The shares of the classes in the leaf of every row, shape ``(n, K)``."""
        leaf = self.apply(X)
        return np.asarray(self.tree_.value[leaf])


@dataclass(repr=False, eq=False, kw_only=True)
class DecisionTreeRegressor(Regressor, _OneTree):
    """A tree that splits by variance and answers with its leaf's mean. Parameters as for the classifier.

    Fitted: ``tree_``, ``feature_importances_``.

    >>> model = DecisionTreeRegressor(max_depth=1).fit([[1.0], [2.0], [4.0], [5.0]], [1.0, 3.0, 10.0, 12.0])
    >>> model.predict([[0.0], [9.0]]).tolist(), model.tree_.gain.round(9)[0].item()  # of 21.25, 1 is left
    ([2.0, 11.0], 20.25)
    """

    criterion: str = "squared_error"

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Fit to ``X`` (n, d) and numbers ``y`` (n,)."""
        among(self.criterion, "criterion", "squared_error")
        rows, values = self._fit_numbers(X, y)
        w = weights(sample_weight, len(rows))
        self._grow(rows, NumberTarget(values, w), w)
        return self

    def predict(self, X: Any) -> Floats:
        """The mean in the leaf of every row, shape ``(n,)``."""
        leaf = self.apply(X)
        return np.asarray(self.tree_.value[leaf, 0])
