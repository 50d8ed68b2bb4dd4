"""Trees, forests and boosting against scikit-learn: the same splits, the same predictions, accuracy within noise."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy.stats import t
from sklearn import ensemble
from sklearn import tree as theirs
from sklearn.base import clone, is_classifier
from sklearn.model_selection import KFold

from tearless.algorithms.decision_tree import DecisionTreeClassifier, DecisionTreeRegressor
from tearless.algorithms.gradient_boosting import GradientBoostingClassifier, GradientBoostingRegressor
from tearless.algorithms.random_forest import RandomForestClassifier, RandomForestRegressor
from tearless.core import InputError

from .real_data import Floats, classes, table

CASES = [(name, c) for name in ("iris", "wine", "breast cancer", "digits") for c in ("gini", "entropy")]
CASES.append(("diabetes", "squared_error"))


def data(name: str) -> tuple[Floats, np.ndarray]:
    """The table in the float32 numbers that scikit-learn's trees round to."""
    X, y = table(name) if name == "diabetes" else classes(name)
    return X.astype(np.float32).astype(np.float64), y


def pair(name: str, criterion: str, **options: Any) -> tuple[Any, Any]:
    kind = "Regressor" if name == "diabetes" else "Classifier"
    ours = {"Regressor": DecisionTreeRegressor, "Classifier": DecisionTreeClassifier}[kind]
    return ours(criterion=criterion, random_state=0, **options), getattr(theirs, f"DecisionTree{kind}")(
        criterion=criterion, random_state=0, **options
    )


def equal(a: Any, b: Any, X: Floats) -> None:
    """Two fitted trees, ours and theirs, are the same in every node, and say the same of other rows."""
    one, two = a.tree_, b.tree_
    for part in ("children_left", "children_right", "feature", "n_node_samples"):
        assert np.array_equal(getattr(one, part), getattr(two, part)), part
    assert np.allclose(one.threshold, two.threshold, rtol=1e-12)
    assert np.allclose(one.impurity, two.impurity, rtol=1e-9, atol=1e-11 * two.impurity[0])
    assert np.allclose(one.weighted_n_node_samples, two.weighted_n_node_samples, rtol=1e-12)
    assert np.allclose(one.value, two.value[:, 0, :], rtol=1e-12)
    assert np.allclose(a.feature_importances_, b.feature_importances_, atol=1e-12)
    assert (a.get_depth(), a.get_n_leaves()) == (b.get_depth(), b.get_n_leaves())
    new = X + 0.1 * np.random.default_rng(2).normal(size=X.shape) * X.std(axis=0)
    new = new.astype(np.float32).astype(np.float64)
    assert np.array_equal(a.apply(new), b.apply(new))
    if not is_classifier(a):
        assert np.allclose(a.predict(new), b.predict(new), rtol=1e-12)
    else:
        assert np.array_equal(a.predict(new), b.predict(new))
        assert np.allclose(a.predict_proba(new), b.predict_proba(new), rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"max_depth": 3}, {"max_features": "sqrt"}, {"min_samples_leaf": 5}], ids=str)
@pytest.mark.parametrize(("name", "criterion"), CASES)
def test_the_tree_is_scikit_learns_node_for_node_ties_and_seed_included(
    name: str, criterion: str, options: dict[str, Any]
) -> None:
    X, y = data(name)
    if name == "diabetes" or (name, criterion) == ("digits", "entropy"):
        options = {"max_depth": 4, **options, "min_samples_leaf": 5}
        if name == "digits":  # further down equal gains of ten logarithms differ by rounding
            options["max_depth"] = 4
    a, b = pair(name, criterion, **options)
    equal(a.fit(X, y), b.fit(X, y), X)


@pytest.mark.parametrize("criterion", ["gini", "entropy", "squared_error"])
def test_with_weights_some_of_them_zero_the_trees_are_equal(criterion: str) -> None:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(2000, 6)).round(3)  # scikit-learn leaves values within 1e-7 together
    X = X.astype(np.float32).astype(np.float64)
    y = X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=2000)
    w = rng.integers(0, 4, 2000).astype(np.float64)
    target, name = (y, "diabetes") if criterion == "squared_error" else ((y > 0).astype(int) + (y > 1), "iris")
    a, b = pair(name, criterion, min_samples_leaf=10)
    equal(a.fit(X, target, w), b.fit(X, target, sample_weight=w), X)


@pytest.mark.parametrize("name", ["iris", "wine", "breast cancer", "digits"])
def test_a_full_tree_repeats_its_training_rows(name: str) -> None:
    X, y = data(name)
    assert DecisionTreeClassifier().fit(X, y).score(X, y) == 1.0


def test_exclusive_or_needs_a_split_that_gains_nothing() -> None:
    X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    model = DecisionTreeClassifier().fit(X, [0, 1, 1, 0])
    assert model.tree_.gain[0] == 0.0
    assert model.predict(X).tolist() == [0, 1, 1, 0]


def test_where_the_columns_drawn_allow_no_split_others_are_drawn() -> None:
    X = np.zeros((20, 9))
    X[:, 4] = np.arange(20)
    model = DecisionTreeRegressor(max_features=1, random_state=0).fit(X, np.arange(20.0))
    assert model.score(X, np.arange(20.0)) == 1.0


def test_numbers_far_from_zero_and_of_any_size_split_alike() -> None:
    rng = np.random.default_rng(7)
    X, y = rng.normal(size=(200, 3)), rng.normal(size=200)
    model = DecisionTreeRegressor(min_samples_leaf=20, random_state=0)
    plain = model.fit(X, y).tree_.feature
    for moved in (1e8 + y, 1e-9 * y, 1e140 * y):
        assert np.array_equal(model.fit(X, moved).tree_.feature, plain)


def test_bad_parameters_are_refused_in_words() -> None:
    for options, message in (
        ({"max_depth": 0}, "max_depth: expected a whole number of at least 1"),
        ({"min_samples_split": 1}, "min_samples_split"),
        ({"min_samples_leaf": 0}, "min_samples_leaf"),
        ({"max_features": "all"}, "max_features: expected one of"),
        ({"max_features": 1.5}, "max_features: expected a finite number above 0 and at most 1"),
        ({"criterion": "chance"}, "criterion: expected one of"),
    ):
        with pytest.raises(InputError, match=message):
            DecisionTreeClassifier(**options).fit([[1.0], [2.0]], [0, 1])


def test_the_story_tells_each_question_with_its_information_gain() -> None:
    X, y = data("iris")
    steps = list(DecisionTreeClassifier(criterion="entropy").fit(X, y).explain())
    assert "column 2 ≤ 2.45?" in steps[1].says or "column 3 ≤ 0.8?" in steps[1].says
    gain = steps[1].numbers["information gain"]
    assert gain.unit == "bits"
    assert gain.value == pytest.approx(np.log2(3) - 2 / 3)  # one class of three is told apart, two stay mixed


@pytest.mark.parametrize("options", [{}, {"bootstrap": False}, {"max_depth": 4, "min_samples_leaf": 3}], ids=str)
@pytest.mark.parametrize("name", ["iris", "wine", "breast cancer"])
def test_the_forest_is_scikit_learns_tree_for_tree(name: str, options: dict[str, Any]) -> None:
    X, y = data(name)
    ours = RandomForestClassifier(12, random_state=3, **options).fit(X, y)
    sk = ensemble.RandomForestClassifier(12, random_state=3, **options).fit(X, y)
    for one, two in zip(ours.estimators_, sk.estimators_, strict=True):
        assert np.array_equal(one.feature, two.tree_.feature)
    assert np.allclose(ours.predict_proba(X), sk.predict_proba(X), atol=1e-12)
    assert np.allclose(ours.feature_importances_, sk.feature_importances_, atol=1e-12)


def test_the_regression_forest_is_scikit_learns() -> None:
    X, y = data("diabetes")
    options: dict[str, Any] = {"min_samples_leaf": 6, "max_features": 0.5, "random_state": 3}
    ours, sk = RandomForestRegressor(12, **options).fit(X, y), ensemble.RandomForestRegressor(12, **options).fit(X, y)
    assert np.allclose(ours.predict(X), sk.predict(X), rtol=1e-12)


@pytest.mark.parametrize("name", ["wine", "breast cancer", "diabetes"])
@pytest.mark.parametrize("bootstrap", [True, False])
def test_a_forest_with_weights_is_scikit_learns(name: str, bootstrap: bool) -> None:
    """Rows are drawn by chances in proportion to their weights; where none are drawn the weights count in each tree."""
    X, y = data(name)
    kind = "Regressor" if name == "diabetes" else "Classifier"
    options: dict[str, Any] = {"n_estimators": 9, "max_features": 0.5, "bootstrap": bootstrap, "random_state": 2}
    options |= {"min_samples_leaf": 6} if kind == "Regressor" else {}
    w = np.random.default_rng(0).integers(0, 4, len(y)).astype(np.float64)
    ours = {"Regressor": RandomForestRegressor, "Classifier": RandomForestClassifier}[kind](**options)
    sk = getattr(ensemble, f"RandomForest{kind}")(**options).fit(X, y, sample_weight=w)
    ours.fit(X, y, w)
    said = "predict" if kind == "Regressor" else "predict_proba"
    assert np.allclose(getattr(ours, said)(X), getattr(sk, said)(X), rtol=1e-12)
    assert np.allclose(ours.feature_importances_, sk.feature_importances_, atol=1e-12)
    assert not np.allclose(getattr(ours, said)(X), getattr(clone(ours).fit(X, y), said)(X), rtol=1e-3)


def test_rows_of_no_weight_are_not_judged_out_of_bag() -> None:
    X, y = data("breast cancer")
    w = np.ones(len(y))
    w[:100] = 0
    wrong = y.copy()
    wrong[:100] = 1 - y[:100]
    model = RandomForestClassifier(30, random_state=0).fit(X, wrong, w)
    assert model.explain().steps[1].numbers["out of bag"].value > 0.94


def test_out_of_bag_accuracy_is_scikit_learns_and_near_that_of_new_rows() -> None:
    X, y = data("breast cancer")
    ours = RandomForestClassifier(60, random_state=0).fit(X[::2], y[::2])
    sk = ensemble.RandomForestClassifier(60, random_state=0, oob_score=True).fit(X[::2], y[::2])
    told = ours.explain().steps[1].numbers
    assert told["out of bag"].value == pytest.approx(sk.oob_score_)
    assert told["one tree"].value < told["out of bag"].value
    low, high = told["out of bag"].interval or (0, 0)
    assert low - 0.02 < ours.score(X[1::2], y[1::2]) < high + 0.02


def three_classes() -> tuple[Floats, np.ndarray]:
    """A table where no two columns part the rows alike: in iris and wine they do, and rounding chooses between them."""
    rng = np.random.default_rng(4)
    X = rng.normal(size=(900, 5)).round(3).astype(np.float32).astype(np.float64)
    return X, np.digitize(X[:, 0] + X[:, 1] * X[:, 2] + rng.normal(size=900), [-0.7, 0.7])


@pytest.mark.parametrize("name", ["three classes", "breast cancer", "diabetes"])
@pytest.mark.parametrize("weighted", [False, True])
def test_boosting_is_scikit_learns_to_rounding(name: str, weighted: bool) -> None:
    X, y = three_classes() if name == "three classes" else data(name)
    kind = "Regressor" if name == "diabetes" else "Classifier"
    options: dict[str, Any] = {"n_estimators": 15, "min_samples_leaf": 8, "random_state": 1}
    ours = {"Regressor": GradientBoostingRegressor, "Classifier": GradientBoostingClassifier}[kind](**options)
    sk = getattr(ensemble, f"GradientBoosting{kind}")(**options)
    w = np.random.default_rng(0).uniform(0.5, 2.0, len(y)) if weighted else None
    ours.fit(X, y, w)
    sk.fit(X, y, sample_weight=w)
    if kind == "Regressor":
        assert np.allclose(ours.predict(X), sk.predict(X), rtol=1e-9)
        assert np.allclose(ours.train_score_, sk.train_score_, rtol=1e-9)
    else:
        assert np.allclose(ours.predict_proba(X), sk.predict_proba(X), atol=1e-9)
    assert np.allclose(ours.feature_importances_, sk.feature_importances_, atol=1e-9)


def held_out(model: Any, X: Floats, y: np.ndarray) -> Floats:
    """The error on every row by the model that was fitted to the four fifths without it."""
    error = np.empty(len(y))
    for train, test in KFold(5, shuffle=True, random_state=0).split(X):
        said = model.fit(X[train], y[train]).predict(X[test])
        error[test] = said != y[test] if is_classifier(model) else abs(said - y[test]) / np.std(y)
    return error


@pytest.mark.parametrize(
    ("kind", "name"),
    [*product(("RandomForest", "GradientBoosting"), ("iris", "wine", "breast cancer", "diabetes"))],
)
def test_with_other_seeds_the_errors_on_held_out_rows_differ_by_noise_only(kind: str, name: str) -> None:
    """Ours less scikit-learn's, row by row on the same folds: the 99 % interval of the mean holds 0 and little else.

    The errors are the share of wrong classes, or the absolute error in standard deviations of the target. Two seeds
    each, and none in common, so that nothing is equal by construction.
    """
    X, y = data(name)
    whole = f"{kind}{'Regressor' if name == 'diabetes' else 'Classifier'}"
    more: dict[str, Any] = {"n_estimators": 20, "min_samples_leaf": 3}
    more |= {"subsample": 0.7} if kind == "GradientBoosting" else {}
    ours = np.mean([held_out(globals()[whole](**more, random_state=s), X, y) for s in (1, 2)], axis=0)
    theirs = np.mean([held_out(getattr(ensemble, whole)(**more, random_state=s), X, y) for s in (3, 4)], axis=0)
    apart = ours - theirs
    half = t.ppf(0.995, len(y) - 1) * apart.std(ddof=1) / np.sqrt(len(y))
    assert abs(apart.mean()) <= half
    assert half < 0.03


def test_the_loss_falls_to_nothing_and_certain_leaves_take_no_step() -> None:
    X = np.arange(8.0)[:, None]
    model = GradientBoostingClassifier(400, learning_rate=1.0).fit(X, [0, 0, 0, 0, 1, 1, 1, 1])
    assert np.isfinite(model.decision_function(X)).all()
    assert model.train_score_[-1] < 1e-12
    assert (np.diff(model.train_score_) <= 0).all()


def test_the_story_of_a_boosting_tells_how_the_loss_came_down() -> None:
    X, y = data("diabetes")
    model = GradientBoostingRegressor(20).fit(X, y)
    told = model.explain().steps[1].numbers
    assert told["at the start"].value == pytest.approx(np.var(y))
    assert told["after 20"].value == pytest.approx(np.mean((model.predict(X) - y) ** 2))


def test_boosting_and_forests_refuse_what_they_cannot_use_in_words() -> None:
    two = ([[1.0], [2.0]], [0, 1])
    for model, message in (
        (RandomForestClassifier(0), "n_estimators: expected a whole number of at least 1"),
        (RandomForestClassifier(bootstrap=2), "bootstrap: expected one of True, False"),  # type: ignore[arg-type]
        (GradientBoostingClassifier(subsample=0.0), "subsample: expected a finite number above 0"),
        (GradientBoostingClassifier(learning_rate=0.0), "learning_rate"),
        (GradientBoostingClassifier(random_state="x"), "random_state"),
    ):
        with pytest.raises(InputError, match=message):
            model.fit(*two)
    with pytest.raises(InputError, match="y: expected at least two classes, each with some weight, got 1 class"):
        GradientBoostingClassifier().fit(*two, sample_weight=[1.0, 0.0])
