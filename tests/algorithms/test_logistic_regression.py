"""Logistic regression against scikit-learn and statsmodels; separated classes, unlike units, hostile numbers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn import linear_model

from tearless.algorithms.logistic_regression import LogisticRegression
from tearless.core import InputError

from .real_data import LOADERS, classes, off, standardised


def sklearns(C: float, **more: Any) -> linear_model.LogisticRegression:
    return linear_model.LogisticRegression(C=C, tol=1e-14, solver="newton-cholesky", max_iter=1000, **more)


@pytest.fixture(autouse=True)
def _their_warnings_are_theirs() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="sklearn")
        warnings.filterwarnings("ignore", message="Line search of Newton solver")
        yield


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("C", [0.01, 1.0])
@pytest.mark.parametrize("scaled", [True, False])
def test_equal_to_scikit_learn_on_real_data(name: str, C: float, scaled: bool) -> None:
    X, y = classes(name)
    X = standardised(X) if scaled else X
    ours, theirs = LogisticRegression(C).fit(X, y), sklearns(C).fit(X, y)
    assert off(ours.coef_, theirs.coef_) < 1e-8
    assert off(ours.intercept_, theirs.intercept_) < 1e-8
    assert off(ours.predict_proba(X), theirs.predict_proba(X)) < 1e-8
    assert np.array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize("name", ["breast cancer", "iris"])
def test_without_intercept_and_with_weights(name: str) -> None:
    X, y = classes(name)
    w = np.random.default_rng(0).integers(0, 4, len(y))
    ours = LogisticRegression(0.1, fit_intercept=False).fit(X, y, sample_weight=w)
    theirs = sklearns(0.1, fit_intercept=False).fit(X, y, sample_weight=w)
    assert off(ours.coef_, theirs.coef_) < 1e-8
    repeated = LogisticRegression(0.1).fit(np.repeat(X, w, axis=0), np.repeat(y, w))
    assert off(LogisticRegression(0.1).fit(X, y, sample_weight=w).coef_, repeated.coef_) < 1e-9


def test_unpenalised_equal_to_statsmodels() -> None:
    X, y = classes("diabetes")
    theirs = sm.Logit(y, sm.add_constant(X)).fit(disp=0, tol=1e-14).params
    ours = LogisticRegression(np.inf).fit(X, y)
    assert off(np.r_[ours.intercept_, ours.coef_[0]], theirs) < 1e-10


def test_unpenalised_multinomial_equal_to_statsmodels() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = np.argmax(X @ rng.normal(size=(3, 3)) + rng.gumbel(size=(400, 3)), axis=1)
    theirs = sm.MNLogit(y, sm.add_constant(X)).fit(disp=0, tol=1e-14, method="newton").params
    ours = LogisticRegression(np.inf).fit(X, y)
    against_first = np.c_[ours.intercept_, ours.coef_][1:] - np.c_[ours.intercept_, ours.coef_][0]
    assert off(against_first.T, theirs) < 1e-9
    assert np.allclose(ours.coef_.sum(axis=0), 0.0, atol=1e-12)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]),  # a gap between the classes
        ([[0.0], [1.0], [1.0], [2.0]], [0, 0, 1, 1]),  # separated but for two rows on the border
        ([[0.0, 0], [1, 0], [1, 0], [2, 0], [5, 1]], [0, 1, 0, 1, 1]),  # one column is 1 in one class only
        (*classes("iris"),),
        (*classes("wine"),),
        (*classes("breast cancer"),),
    ],
)
def test_separated_classes_without_a_penalty_are_refused_and_with_one_bounded(X: Any, y: Any) -> None:
    with pytest.raises(InputError, match="C: expected a finite number, got inf where the columns separate the classes"):
        LogisticRegression(np.inf).fit(X, y)
    assert np.isfinite(LogisticRegression(1e6).fit(X, y).coef_).all()


def test_classes_that_overlap_by_a_hair_are_not_refused() -> None:
    X = np.r_[np.linspace(0, 1, 50), np.linspace(0.999, 2, 50)][:, None]
    y = np.repeat([0, 1], 50)
    ours = LogisticRegression(np.inf).fit(X, y)
    z = X[:, 0] * ours.coef_[0, 0] + ours.intercept_[0]
    slope = X[:, 0] @ (1 / (1 + np.exp(-z)) - y)
    assert abs(slope) < 1e-9  # a minimum it is


def test_collinear_columns_without_a_penalty_share_their_weight() -> None:
    X, y = classes("diabetes")
    single = LogisticRegression(np.inf).fit(X, y)
    double = LogisticRegression(np.inf).fit(np.c_[X, X[:, 0]], y)
    assert off(double.predict_proba(np.c_[X, X[:, 0]]), single.predict_proba(X)) < 1e-8
    assert double.coef_[0, 0] == pytest.approx(double.coef_[0, -1], rel=1e-6)


def test_a_tall_table_begins_with_a_part_and_ends_the_same() -> None:
    rng = np.random.default_rng(3)
    X = np.add(rng.normal(size=(12_000, 4)), [0, 1e3, -5, 0])
    y = (X @ [1.0, -1.0, 0.5, 0.0] + 1e3 + rng.logistic(size=12_000) > 0).astype(int) + (X[:, 3] > 1)
    ours, theirs = LogisticRegression().fit(X, y), sklearns(1.0).fit(X, y)
    assert off(ours.coef_, theirs.coef_) < 1e-8
    by_label = np.argsort(y, kind="stable")
    assert off(LogisticRegression().fit(X[by_label], y[by_label]).coef_, ours.coef_) < 1e-9


@pytest.mark.parametrize("cuts", [[0.0], [-2.0, 2.0]])
def test_more_weights_than_can_be_written_down_go_by_products(cuts: list[float]) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 2100))
    y = np.digitize(X[:, :5].sum(axis=1), cuts)
    ours = LogisticRegression(0.05, fit_intercept=False).fit(X, y)
    p = ours.predict_proba(X)
    one = (y[:, None] == np.arange(p.shape[1])).astype(float)
    pull = (p - one) if len(cuts) > 1 else (p - one)[:, 1:]
    gradient = pull.T @ X + ours.coef_ / 0.05
    assert np.abs(gradient).max() < 1e-8 * np.abs(ours.coef_ / 0.05).max()


def test_units_change_the_digits_of_nothing() -> None:
    X, y = classes("diabetes")
    units = 10.0 ** np.arange(-5, 5)
    ours, other = LogisticRegression(np.inf).fit(X, y), LogisticRegression(np.inf).fit(X * units, y)
    assert off(other.coef_ * units, ours.coef_) < 1e-10
    assert np.isfinite(LogisticRegression().fit(X * 1e-200, y).coef_).all()
    assert np.isfinite(LogisticRegression().fit(X * 1e200, y).coef_).all()


def test_probabilities_far_out_neither_overflow_nor_lose_their_logarithm() -> None:
    ours = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1])
    far = ours.predict_log_proba([[1e6]])
    z = float(ours.decision_function([[1e6]])[0])
    assert far[0, 0] == pytest.approx(-z, rel=1e-12)
    assert far[0, 1] <= 0.0
    three = LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 2, 1])
    assert np.isfinite(three.predict_log_proba([[1e6], [-1e6]])).all()


def test_too_few_steps_are_said() -> None:
    X, y = classes("wine")
    with pytest.warns(UserWarning, match="max_iter: 2 steps did not reach the least loss"):
        LogisticRegression(max_iter=2).fit(X, y)


def test_labels_of_any_kind() -> None:
    X, y = classes("iris")
    named = np.array(["setosa", "versicolor", "virginica"], dtype=object)[y]
    ours = LogisticRegression().fit(X, named)
    assert set(ours.predict(X)) == {"setosa", "versicolor", "virginica"}
    assert LogisticRegression().fit(X[:100], y[:100] == 1).predict(X[:1]).tolist() == [False]


def test_a_class_without_weight_is_named() -> None:
    with pytest.raises(InputError, match=r"got 2 class\(es\), 1 of them with weight above 0"):
        LogisticRegression().fit([[0.0], [1.0]], [0, 1], sample_weight=[1.0, 0.0])
