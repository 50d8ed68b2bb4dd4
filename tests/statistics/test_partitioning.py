"""Recursive partitioning grows scikit-learn's trees node for node, ties and random columns included."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import datasets
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tearless.core import InputError
from tearless.statistics.cuts import ClassTarget, NumberTarget, Target, best_cuts
from tearless.statistics.partitioning import grow, grow_side_by_side
from tearless.statistics.sorted_table import Sorted
from tearless.statistics.tree_arrays import Tree
from tearless.statistics.tree_growth import Limits

TABLES = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
}
OPTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"max_features": 3, "random_state": 5},
    {"min_samples_leaf": 4, "min_samples_split": 9},
    {"max_depth": 3, "random_state": 1},
)


def noise(seed: int, n: int = 1500) -> tuple[np.ndarray, np.ndarray]:
    """Columns that no single-precision rounding ties, and numbers that two of them tell a little of."""
    rng = np.random.default_rng(seed)
    X = 1000 * rng.normal(size=(n, 6))
    return X.astype(np.float32).astype(float), (X[:, 0] / 1000) ** 2 + X[:, 1] / 1000 + rng.normal(size=n)


def ours(X: np.ndarray, target: Target, rows: Any = None, **options: Any) -> Tree:
    limits = Limits(
        options.get("max_depth", 10**9),
        options.get("min_samples_split", 2),
        options.get("min_samples_leaf", 1),
        options.get("max_features", X.shape[1]),
    )
    seed = np.random.RandomState(options.get("random_state", 0)).randint(0, 2**31 - 1)
    return grow(Sorted.rank(X), target, limits, seed, rows)


def assert_same(tree: Tree, theirs: Any) -> None:
    np.testing.assert_array_equal(tree.feature, theirs.feature)
    np.testing.assert_array_equal(tree.threshold, theirs.threshold)
    np.testing.assert_array_equal(tree.children_left, theirs.children_left)
    np.testing.assert_array_equal(tree.children_right, theirs.children_right)
    np.testing.assert_array_equal(tree.n_node_samples, theirs.n_node_samples)
    np.testing.assert_allclose(tree.value, theirs.value[:, 0], atol=1e-12)
    np.testing.assert_allclose(tree.impurity, theirs.impurity, atol=1e-9)
    assert tree.max_depth == theirs.max_depth
    assert tree.n_leaves == theirs.n_leaves
    np.testing.assert_allclose(tree.importances(theirs.n_features), theirs.compute_feature_importances(), atol=1e-10)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("criterion", ["gini", "entropy"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_class_trees_are_scikit_learns_on_real_tables(name: str, criterion: Any, options: dict[str, Any]) -> None:
    X, y = TABLES[name](return_X_y=True)
    X = X.astype(np.float32).astype(float)
    theirs = DecisionTreeClassifier(criterion=criterion, **{"random_state": 0, **options}).fit(X, y)
    tree = ours(X, ClassTarget(y, len(np.unique(y)), criterion), **options)
    assert_same(tree, theirs.tree_)
    np.testing.assert_array_equal(tree.apply(X), theirs.apply(X))


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
@pytest.mark.parametrize(("seed", "columns"), [(0, 6), (1, 2), (2, 1), (3, 6)])
def test_full_trees_on_noise_are_scikit_learns_with_every_tie(criterion: Any, seed: int, columns: int) -> None:
    """With entropy and three classes, cuts that swap classes tie, and there the last bit of a logarithm decides."""
    X, z = noise(seed)
    y = np.digitize(z, [0.5, 2.0] if criterion == "gini" else [1.0])
    classes = int(y.max()) + 1
    weights = np.random.default_rng(seed).integers(0, 4, len(y)).astype(float)
    options = {"max_features": columns, "random_state": seed}
    for w in (None, weights):
        theirs = DecisionTreeClassifier(criterion=criterion, **options).fit(X, y, sample_weight=w)
        rows = None if w is None else np.flatnonzero(w)
        assert_same(ours(X, ClassTarget(y, classes, criterion, w), rows, **options), theirs.tree_)


@pytest.mark.parametrize("options", [{"max_depth": 3}, {"min_samples_leaf": 10, "max_features": 2}], ids=str)
def test_number_trees_are_scikit_learns_where_sums_do_not_tie(options: dict[str, Any]) -> None:
    for X, y in (noise(4), datasets.load_diabetes(return_X_y=True, scaled=False)):
        X = X.astype(np.float32).astype(float)
        theirs = DecisionTreeRegressor(random_state=0, **options).fit(X, y)
        tree = ours(X, NumberTarget(y), **options)
        np.testing.assert_array_equal(tree.feature, theirs.tree_.feature)
        np.testing.assert_array_equal(tree.threshold, theirs.tree_.threshold)
        np.testing.assert_allclose(tree.value[:, 0], theirs.tree_.value[:, 0, 0], rtol=1e-9, atol=1e-12)


def test_a_full_number_tree_parts_the_same_rows_where_columns_tie() -> None:
    X, y = noise(5)
    theirs = DecisionTreeRegressor(random_state=0).fit(X, y)
    tree = ours(X, NumberTarget(y))
    assert tree.node_count == theirs.tree_.node_count
    np.testing.assert_allclose(tree.value[tree.apply(X), 0], y, atol=1e-12)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(1, 3)), min_size=2, max_size=12))
@settings(max_examples=60)
def test_the_best_cut_is_that_of_trying_all(rows: list[tuple[int, int, int]]) -> None:
    x, y, w = (np.array(side) for side in zip(*rows, strict=True))
    order = np.argsort(x, kind="stable")[None, None]
    for target in (
        ClassTarget(y, 3, "gini", w.astype(float)),
        ClassTarget(y, 3, "entropy", w / 7),
        NumberTarget(y.astype(float), w / 7),
    ):
        score, left = best_cuts(target, order, x[order], 1, None, lambda some, t=target: t.weights[some])
        by_hand = [left_over(target, x <= cut) for cut in np.unique(x)[:-1]]
        if not by_hand:
            assert score[0, 0] == -np.inf
            continue
        goes_left = np.zeros(len(x), dtype=bool)
        goes_left[order[0, 0, : left[0, 0]]] = True
        assert left_over(target, goes_left) == pytest.approx(min(by_hand), abs=1e-9)
        assert x[goes_left].max() < x[~goes_left].min()


def left_over(target: Any, goes_left: np.ndarray) -> float:
    """The mean impurity of two sides, by weight."""
    rows = np.argsort(~goes_left, kind="stable")
    sides = target.nodes(rows, target.weights[rows], 1 * ~goes_left[rows])
    return float(sides.weight @ sides.impurity / sides.weight.sum())


@pytest.mark.parametrize("rounded", [False, True], ids=["continuous", "tied"])
@pytest.mark.parametrize("looked_at", [1, 3, 6])
@pytest.mark.parametrize("limits", [(10**9, 2, 1), (5, 2, 1), (10**9, 9, 4)], ids=str)
def test_trees_grown_side_by_side_are_those_grown_alone(
    rounded: bool, looked_at: int, limits: tuple[int, int, int]
) -> None:
    """Numbers and classes, own rows and weights a tree; continuous columns are foreseen, tied ones drawn in turn."""
    X, y = noise(8, 700)
    X = np.round(X / 500) if rounded else X
    table, rng = Sorted.rank(X), np.random.default_rng(1)
    times = rng.multinomial(len(y), np.full(len(y), 1 / len(y)), size=5).astype(float)
    rows, seeds = [np.flatnonzero(t) for t in times], [3, 1, 4, 1, 5]
    for kind in (lambda w: NumberTarget(y, w), lambda w: ClassTarget((y > 1).astype(int), 2, "gini", w)):
        whole = Limits(*limits, looked_at)
        together = grow_side_by_side(table, kind(times), whole, seeds, rows)
        for tree, seed, own, weight in zip(together, seeds, rows, times, strict=True):
            alone = grow(table, kind(weight), whole, seed, own)
            for name in ("feature", "threshold", "children_left", "children_right", "n_node_samples"):
                np.testing.assert_array_equal(getattr(tree, name), getattr(alone, name))
            np.testing.assert_allclose(tree.value, alone.value, rtol=1e-12)


def test_foreseen_columns_are_those_drawn_in_turn() -> None:
    """A column that ties far from every cut hinders foresight and changes nothing else: both ways give one tree."""
    X, y = noise(9, 600)
    X[:2, 5] = X[:, 5].max() + 1  # two rows tie here
    y[:2] = y.max() + 50.0, y.max() + 51.0
    apart = X.copy()
    apart[1, 5] += 1
    trees = [ours(table, NumberTarget(y), max_features=2) for table in (X, apart)]
    assert Sorted.rank(X).tied.any()
    assert not Sorted.rank(apart).tied.any()
    np.testing.assert_array_equal(trees[0].n_node_samples, trees[1].n_node_samples)
    np.testing.assert_array_equal(trees[0].feature, trees[1].feature)


def test_a_large_offset_changes_no_cut() -> None:
    X, y = noise(6, 400)
    options = {"min_samples_leaf": 5}
    near, far = ours(X, NumberTarget(y), **options), ours(X, NumberTarget(y + 1e9), **options)
    np.testing.assert_array_equal(near.feature, far.feature)
    np.testing.assert_array_equal(near.threshold, far.threshold)


def test_the_unit_of_a_column_changes_no_cut() -> None:
    X, y = noise(7, 400)
    for scale, criterion in product((1e-200, 1e200), ("gini", "entropy")):
        target = ClassTarget((y > 1).astype(int), 2, criterion)  # type: ignore[arg-type]
        near, far = ours(X, target), ours(X * scale, target)
        np.testing.assert_array_equal(near.feature, far.feature)
        np.testing.assert_array_equal(near.n_node_samples, far.n_node_samples)


def test_neighbouring_doubles_are_still_parted() -> None:
    x = np.array([[1.0], [np.nextafter(1.0, 2.0)]])
    tree = ours(x, ClassTarget(np.array([0, 1]), 2, "gini"))
    assert tree.apply(x).tolist() == [1, 2]


def test_constant_columns_and_one_row_make_one_leaf() -> None:
    assert ours(np.ones((5, 3)), ClassTarget(np.array([0, 1, 0, 1, 0]), 2, "gini")).node_count == 1
    assert ours(np.ones((1, 2)), NumberTarget(np.array([3.0]))).value.tolist() == [[3.0]]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: Sorted.rank(np.array([1.0])), "values: expected a matrix"),
        (lambda: Sorted.rank(np.array([[np.nan]])), "finite"),
        (lambda: ClassTarget(np.array([0, 2]), 2, "gini"), "codes"),
        (lambda: ClassTarget(np.array([0, 1]), 2, "chance"), "criterion"),  # type: ignore[arg-type]
        (lambda: NumberTarget(np.array([])), "one a row"),
        (lambda: NumberTarget(np.array([1.0]), np.array([-1.0])), "weights"),
    ],
)
def test_bad_input_is_refused_by_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        call()
