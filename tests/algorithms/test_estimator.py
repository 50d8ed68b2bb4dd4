"""The estimators' common ground: what comes in is checked in words, and scikit-learn takes them for its own."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import datasets
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from tearless.algorithms.decision_tree import DecisionTreeClassifier, DecisionTreeRegressor
from tearless.algorithms.estimator import Estimator, NotFitted, generator
from tearless.algorithms.gaussian_naive_bayes import GaussianNB
from tearless.algorithms.gradient_boosting import GradientBoostingClassifier, GradientBoostingRegressor
from tearless.algorithms.lasso import Lasso
from tearless.algorithms.linear_regression import LinearRegression
from tearless.algorithms.logistic_regression import LogisticRegression
from tearless.algorithms.multilayer_perceptron import MLPClassifier, MLPRegressor
from tearless.algorithms.multinomial_naive_bayes import MultinomialNB
from tearless.algorithms.nearest_neighbours import KNeighborsClassifier, KNeighborsRegressor
from tearless.algorithms.pca import PCA
from tearless.algorithms.pillars import names
from tearless.algorithms.random_forest import RandomForestClassifier, RandomForestRegressor
from tearless.algorithms.ridge import Ridge
from tearless.core import InputError

VARIANTS = [
    LinearRegression(),
    LinearRegression(solver="gradient_descent"),
    LinearRegression(fit_intercept=False),
    Ridge(),
    Ridge(alpha=0.0, fit_intercept=False),
    Lasso(),
    LogisticRegression(),
    LogisticRegression(fit_intercept=False),
    KNeighborsClassifier(),
    KNeighborsClassifier(weights="distance"),
    KNeighborsRegressor(),
    KNeighborsRegressor(weights="distance"),
    PCA(),
    PCA(whiten=True),
    GaussianNB(),
    MultinomialNB(),
    DecisionTreeClassifier(),
    DecisionTreeClassifier(criterion="entropy", max_depth=3),
    DecisionTreeRegressor(),
    DecisionTreeRegressor(max_features="sqrt", random_state=0),
    RandomForestClassifier(8),
    RandomForestClassifier(8, bootstrap=False),
    RandomForestRegressor(8),
    RandomForestRegressor(3, bootstrap=False),
    GradientBoostingClassifier(6),
    GradientBoostingClassifier(6, subsample=0.5),
    GradientBoostingRegressor(6),
    MLPClassifier(),
    MLPClassifier((4, 3), "tanh"),
    MLPRegressor(),
    MLPRegressor((), learning_rate_init=0.05),
]
"""Every kind of estimator, and what of its parameters takes another way through the code."""
KINDS = list({type(variant): type(variant)() for variant in VARIANTS}.values())
X = np.random.default_rng(0).normal(size=(30, 3))
Y = X @ [1.0, 2.0, 3.0]


def not_applicable(estimator: Estimator) -> set[str]:
    """Checks that cannot hold: where rows are drawn, a row of weight 2 is another draw than two rows."""
    draws = getattr(estimator, "bootstrap", False) or getattr(estimator, "subsample", 1.0) < 1.0
    return {"check_sample_weight_equivalence_on_dense_data"} if draws else set()


@pytest.mark.parametrize("estimator", VARIANTS, ids=repr)
def test_scikit_learn_takes_them_for_its_own(estimator: Estimator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    bad = {r["check_name"]: r["exception"] for r in results if r["status"] not in ("passed", "skipped")}
    skipped = {r["check_name"] for r in results if r["status"] == "skipped"}
    assert set(bad) <= not_applicable(estimator)
    assert skipped <= {"check_array_api_input"}  # needs SCIPY_ARRAY_API set before SciPy loads: the next test
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator_checks.check_dataframe_column_names_consistency(type(estimator).__name__, estimator)
        if isinstance(estimator, PCA):
            estimator_checks.check_transformer_get_feature_names_out(type(estimator).__name__, estimator)


def test_with_array_api_dispatch_on_they_still_pass() -> None:
    code = f"""
import warnings; warnings.simplefilter("ignore")
from sklearn.utils.estimator_checks import check_array_api_input
{chr(10).join(f"from {type(v).__module__} import {type(v).__name__}" for v in VARIANTS)}
for model in {VARIANTS!r}:
    check_array_api_input(type(model).__name__, model, "numpy", expect_only_array_outputs=False)
print("all")
"""
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert done.stdout.strip() == "all", done.stderr


def test_every_estimator_stores_its_arguments_and_nothing_else() -> None:
    found = 0
    for name in names():
        module = importlib.import_module(f"tearless.algorithms.{name.replace('-', '_')}")
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__ and issubclass(kind, Estimator) and not kind.__name__.startswith("_"):
                assert vars(kind()) == kind().get_params(deep=False)
                assert kind.__doc__
                assert any(type(variant) is kind for variant in VARIANTS)
                found += 1
    assert found == len(KINDS)


def test_no_algorithm_loads_scikit_learn() -> None:
    modules = [f"tearless.algorithms.{n.replace('-', '_')}" for n in names()]
    code = f"""
import importlib, sys
for m in {modules!r}: importlib.import_module(m)
from tearless.algorithms.linear_regression import LinearRegression
m = LinearRegression(solver="gradient_descent", max_iter=1)
try: m.predict([[1.0]])
except AttributeError as why: print(type(why).__name__)
import warnings
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    m.fit([[1.0], [2.0], [4.0]], [[1.0], [2.0], [5.0]])
    m.set_params(learning_rate=1e-9).fit([[1.0], [2.0], [4.0]], [1.0, 2.0, 5.0])
print([w.category.__name__ for w in seen])
print([m for m in ("sklearn", "scipy.stats", "torch", "pandas", "matplotlib") if m in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:3] == ["NotFitted", "['DataConversionWarning', 'NotConverged']", "[]"]


def test_where_scikit_learn_is_loaded_its_own_error_and_warnings_are_met() -> None:
    with pytest.raises(NotFittedError, match="LinearRegression: expected a fitted estimator") as caught:
        LinearRegression().predict(X)
    assert isinstance(caught.value, NotFitted)
    assert isinstance(caught.value, InputError)
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        Ridge().fit(X, Y[:, None])
    with pytest.warns(ConvergenceWarning, match="max_iter: after 2 sweeps"):
        Lasso(0.01, max_iter=2, tol=1e-15).fit(X, Y)
    assert is_classifier(LogisticRegression())
    assert is_regressor(Lasso())


def test_parameters_are_read_set_shown_and_cloned() -> None:
    model = Ridge(alpha=2.0)
    assert model.get_params() == {"alpha": 2.0, "fit_intercept": True}
    assert repr(model) == "Ridge(alpha=2.0)"
    assert repr(Ridge()) == "Ridge()"
    assert model.set_params(alpha=3.0) is model
    assert clone(model).alpha == 3.0
    with pytest.raises(InputError, match=r"beta: expected a parameter of Ridge, .* choose one of alpha, fit_intercept"):
        model.set_params(beta=1)


class Outer(Estimator):
    """An estimator with one inside."""

    def __init__(self, inner: Any = None) -> None:
        self.inner = inner


def test_parameters_of_an_estimator_inside_go_by_two_underscores() -> None:
    outer = Outer(Ridge())
    assert outer.set_params(inner__alpha=5.0).get_params()["inner__alpha"] == 5.0
    assert outer.get_params(deep=False) == {"inner": outer.inner}


def test_they_work_in_pipelines_searches_and_cross_validation() -> None:
    data, target = datasets.load_wine(return_X_y=True)
    pipe = make_pipeline(StandardScaler(), PCA(n_components=5), LogisticRegression())
    search = GridSearchCV(pipe, {"logisticregression__C": [0.1, 1.0], "pca__n_components": [2, 5]}, cv=3)
    assert search.fit(data, target).best_score_ > 0.9
    assert cross_val_score(Ridge(), X, Y, cv=3).min() > 0.9
    assert "LogisticRegression" in pipe._repr_html_()
    names_out = make_pipeline(StandardScaler(), PCA(n_components=2)).fit(data).get_feature_names_out()
    assert list(names_out) == ["pca0", "pca1"]


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([[1.0, np.nan], [2.0, 3.0]], r"X: expected finite numbers, got 1 NaN, the first at row 0, column 1"),
        ([[np.inf, -np.inf], [np.nan, 3.0]], r"got 1 NaN and 2 infinite \(inf\), the first at row 0, column 0"),
        ([1.0, 2.0], r"X: expected a matrix of rows and columns, got shape \(2,\). Reshape your data"),
        ([["a", "b"], ["c", "d"]], "X: expected numbers, got <U1"),
        (np.empty((2, 0)), r"0 feature\(s\)"),
        (np.empty((0, 2)), r"0 sample\(s\)"),
        ([[1j, 0], [0, 1]], "Complex data not supported"),
        ([[1.0], [2.0, 3.0]], "X: expected rows of one length"),
        (np.array([["x", 1.0], [2.0, 3.0]], dtype=object), "X: expected numbers, got a cell that is none"),
        (np.array([["2020-01-01"], ["2020-01-02"]], dtype="datetime64[D]"), "X: expected numbers, got datetime64"),
        (np.array([[10**400], [1]], dtype=object), "X: expected numbers, got a cell that is none"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(bad: Any, message: str) -> None:
    for model in KINDS:
        with pytest.raises(InputError, match=message):
            clone(model).fit(bad, [0, 1])


def test_sums_that_overflow_are_no_infinities() -> None:
    big = np.array([[1.7e308], [1.7e308], [0.0]])
    assert KNeighborsRegressor(1).fit(big, [1.0, 2.0, 3.0]).predict([[1.0]]).tolist() == [3.0]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y to be passed"),
        ([0.5, 0.25, 1.0], "Unknown label type: continuous numbers such as 0.5; use a regressor"),
        ([0, 1], "y: expected 3 values, one for each row of X, got 2"),
        ([[0, 1], [1, 0], [1, 1]], r"y: expected one value a row, got shape \(3, 2\)"),
        ([0.0, np.nan, 1.0], "y: expected finite numbers"),
        ([1, 1, 1], "y: expected at least two classes, each with some weight, got 1 class"),
        (np.array(["a", 1, None], dtype=object), "Unknown label type"),
    ],
)
def test_targets_that_cannot_be_used_are_refused_in_words(y: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        LogisticRegression().fit(X[:3], y)


@pytest.mark.parametrize(
    ("w", "message"),
    [
        ([1.0, 2.0], r"sample_weight: expected .* \(3,\)"),
        ([0.0, 0.0, 0.0], "only zero weights"),
        ([1.0, -1.0, 1.0], "at least 0, got -1"),
        ([1.0, np.nan, 1.0], "sample_weight: expected finite"),
    ],
)
def test_weights_that_cannot_be_used_are_refused_in_words(w: Any, message: str) -> None:
    for model in (Ridge(), LinearRegression(), Lasso(), LogisticRegression()):
        with pytest.raises(InputError, match=message):
            model.fit(X[:3], [0, 1, 1], sample_weight=w)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Ridge(alpha=-1.0), "alpha: expected a finite number at least 0, got -1.0"),
        (Ridge(alpha="1"), "alpha: expected a finite number"),
        (Lasso(alpha=np.nan), "alpha: expected a finite number"),
        (Lasso(max_iter=0), "max_iter: expected a whole number of at least 1, got 0"),
        (LogisticRegression(C=0.0), "C: expected a finite number above 0"),
        (LogisticRegression(C=np.array([1.0, 2.0])), "C: expected a finite number"),
        (
            KNeighborsRegressor(n_neighbors=31),
            "n_neighbors: expected at most the number of rows, got 31 and 30 samples",
        ),
        (KNeighborsRegressor(n_neighbors=2.0), "n_neighbors: expected a whole number"),
        (KNeighborsRegressor(weights="near"), "weights: expected one of 'uniform', 'distance', got 'near'"),
        (LinearRegression(solver="sgd"), "solver: expected one of 'qr', 'gradient_descent', got 'sgd'"),
        (PCA(n_components=4), "n_components: expected at most the smaller of rows and columns, 3, got 4"),
        (PCA(n_components=1.5), "n_components: expected a share between 0 and 1"),
    ],
    ids=repr,
)
def test_parameters_that_cannot_be_used_are_refused_at_fit(model: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model.fit(X, (Y > 0).astype(int))


def test_names_of_columns_are_kept_and_compared() -> None:
    table = pd.DataFrame(X, columns=["a", "b", "c"])
    model = LinearRegression().fit(table, Y)
    assert list(model.feature_names_in_) == ["a", "b", "c"]
    assert np.allclose(model.predict(pl.DataFrame(X, schema=["a", "b", "c"])), Y)
    with pytest.raises(InputError, match="same order as they were in fit"):
        model.predict(table[["b", "a", "c"]])
    with pytest.raises(
        InputError, match="unseen at fit time:\n- d\nFeature names seen at fit time, yet now missing:\n- c"
    ):
        model.predict(table.rename(columns={"c": "d"}))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    with pytest.warns(UserWarning, match="fitted without feature names"):
        LinearRegression().fit(X, Y).predict(table)
    with pytest.raises(InputError, match="X has 2 features, but LinearRegression is expecting 3"):
        LinearRegression().fit(X, Y).predict(X[:, :2])
    model.fit(X, Y)
    assert not hasattr(model, "feature_names_in_")


def test_a_hostile_name_is_shown_as_an_escape() -> None:
    model = LinearRegression().fit(pd.DataFrame(X, columns=["a", "b", "c\x1b[31m"]), Y)
    with pytest.raises(InputError) as caught:
        model.predict(pd.DataFrame(X, columns=["a", "b", "d\u202e"]))
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)


def test_scores_are_scikit_learns() -> None:
    from sklearn.metrics import accuracy_score, r2_score

    w = np.arange(30.0)
    noisy = Y + np.sin(np.arange(30.0))
    linear = LinearRegression().fit(X, noisy)
    assert linear.score(X, noisy, w) == pytest.approx(r2_score(noisy, linear.predict(X), sample_weight=w), rel=1e-12)
    assert linear.score(X, np.ones(30)) == 0.0
    near = KNeighborsClassifier(3).fit(X, noisy > 0)
    assert near.score(X, noisy > 0, w) == pytest.approx(accuracy_score(noisy > 0, near.predict(X), sample_weight=w))
    with pytest.raises(InputError, match="y: expected shape"):
        near.score(X, [1, 2])


def test_a_generator_comes_of_whatever_names_randomness() -> None:
    assert generator(3).random() == generator(3).random()
    made = np.random.default_rng(1)
    assert generator(made) is made
    legacy = [generator(np.random.RandomState(5)).random() for _ in range(2)]
    assert legacy[0] == legacy[1]
    with pytest.raises(InputError, match="random_state: expected None"):
        generator("x")


@pytest.mark.parametrize("estimator", VARIANTS, ids=repr)
def test_each_explains_its_fit_in_numbers_and_names_real_functions(estimator: Estimator) -> None:
    y = (Y > 0).astype(int) if is_classifier(estimator) else Y
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        steps = clone(estimator).fit(abs(X) if isinstance(estimator, MultinomialNB) else X, y).explain()
    assert len(steps) >= 1
    for step in steps:
        module, _, function = f"tearless.{step.function}".rpartition(".")
        assert hasattr(importlib.import_module(module), function)
        assert step.numbers
        assert all(number.meaning for number in step.numbers.values())
    assert str(steps).startswith(repr(estimator))
    with pytest.raises(NotFittedError):
        clone(estimator).explain()
