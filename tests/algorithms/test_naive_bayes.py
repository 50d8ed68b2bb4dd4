"""Naive Bayes: scikit-learn's numbers on real tables, its manners, and a table of evidence that adds up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets, naive_bayes

from tearless.algorithms.gaussian_naive_bayes import GaussianNB
from tearless.algorithms.multinomial_naive_bayes import MultinomialNB
from tearless.core import InputError
from tearless.probability.naive_bayes_counts import count_by_class, log_joint, log_shares

TABLES = {
    "wine": datasets.load_wine(return_X_y=True),
    "iris": datasets.load_iris(return_X_y=True),
    "breast cancer": datasets.load_breast_cancer(return_X_y=True),
    "digits": datasets.load_digits(return_X_y=True),
    "diabetes halves": (
        datasets.load_diabetes(scaled=False, return_X_y=True)[0],
        datasets.load_diabetes(return_X_y=True)[1] > 140,
    ),
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("options", [{}, {"var_smoothing": 1e-3}, {"priors": "equal"}], ids=str)
def test_gaussian_is_scikit_learns(table: str, options: dict[str, Any]) -> None:
    X, y = TABLES[table]
    k = len(np.unique(y))
    options = {"priors": np.full(k, 1 / k)} if "priors" in options else options
    ours, theirs = GaussianNB(**options).fit(X, y), naive_bayes.GaussianNB(**options).fit(X, y)
    for name in ("theta_", "var_", "class_prior_", "class_count_", "epsilon_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-10)
    np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-8, atol=1e-12)
    assert (ours.predict(X) == theirs.predict(X)).all()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "options", [{}, {"alpha": 0.01}, {"fit_prior": False}, {"class_prior": True}, {"alpha": "each"}], ids=str
)
def test_multinomial_is_scikit_learns(table: str, options: dict[str, Any]) -> None:
    X, y = TABLES[table]
    k = len(np.unique(y))
    options = {"class_prior": np.arange(1, k + 1) / (k * (k + 1) / 2)} if "class_prior" in options else options
    options = {"alpha": np.linspace(0.1, 2, X.shape[1])} if options.get("alpha") == "each" else options
    ours, theirs = MultinomialNB(**options).fit(X, y), naive_bayes.MultinomialNB(**options).fit(X, y)
    for name in ("feature_count_", "class_count_", "class_log_prior_", "feature_log_prob_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=1e-10)
    np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-8, atol=1e-8)
    assert (ours.predict(X) == theirs.predict(X)).all()


@pytest.mark.parametrize("model", [GaussianNB(), MultinomialNB()])
def test_a_row_of_weight_two_is_two_rows(model: Any) -> None:
    X, y = TABLES["iris"]
    w = np.random.default_rng(0).integers(0, 4, len(y))
    w[:3] = w[60:63] = w[120:123] = 1
    weighted = model.fit(X, y, sample_weight=w).predict_log_proba(X)
    np.testing.assert_allclose(weighted, model.fit(np.repeat(X, w, 0), np.repeat(y, w)).predict_log_proba(X), rtol=1e-8)


@pytest.mark.parametrize(("model", "table"), [(GaussianNB(), "wine"), (MultinomialNB(), "digits")])
def test_the_evidence_of_a_row_adds_up_to_its_prediction(model: Any, table: str) -> None:
    X, y = TABLES[table]
    model.fit(X, y)
    for i in (0, 40, 100):
        seen = model.evidence(X[i : i + 1])
        np.testing.assert_allclose(seen.log_posterior, model.predict_log_proba(X[i : i + 1])[0], rtol=1e-10, atol=1e-10)
        assert seen.winner == str(model.predict(X[i : i + 1])[0])
        bits = seen.prior_weight(seen.winner, seen.runner_up) + seen.weights(seen.winner, seen.runner_up).sum()
        first, second = np.sort(seen.log_posterior)[::-1][:2]
        assert bits == pytest.approx((first - second) / np.log(2))


@pytest.mark.parametrize("model", [GaussianNB(), MultinomialNB()])
def test_explain_tells_the_steps_and_the_evidence(model: Any) -> None:
    data = datasets.load_iris(as_frame=True)
    model.fit(data.data, data.target)
    told = model.explain()
    assert {step.pillar for step in told} <= {"linear-algebra", "probability"}
    assert "petal width (cm)" in str(told)
    row = model.explain(data.data.iloc[:1]).steps[-1]
    assert row.numbers["P(0)"].value == pytest.approx(model.predict_proba(data.data.iloc[:1])[0, 0])
    assert len(row.numbers) == 4 + 2


def test_unsmoothed_a_word_never_seen_rules_its_class_out() -> None:
    X, y = np.array([[2, 0, 1], [1, 0, 0], [0, 3, 1]]), np.array(["spam", "spam", "ham"])
    model = MultinomialNB(alpha=0).fit(X, y)
    assert model.predict_proba([[1, 0, 5]]).tolist() == [[0.0, 1.0]]
    assert np.isneginf(model.predict_log_proba([[1, 0, 5]])[0, 0])
    with pytest.raises(InputError, match="every class rules out"):
        model.predict([[0, 0, 1], [1, 1, 0]])
    assert model.explain().steps[1].numbers["zeros"].value == 2
    assert MultinomialNB(alpha=1e-9).fit(X, y).predict([[1, 1, 0]]).shape == (1,)


def test_thousands_of_words_do_not_underflow() -> None:
    rng = np.random.default_rng(1)
    X = np.vstack([rng.poisson(3, (20, 4_000)), rng.poisson(np.tile([2.8, 3.2], 2_000), (20, 4_000))])
    model = MultinomialNB().fit(X, [0] * 20 + [1] * 20)
    assert np.isfinite(model.predict_log_proba(X)).all()
    assert (model.predict(X) == np.repeat([0, 1], 20)).all()


def test_a_mean_far_from_zero_costs_no_digits() -> None:
    X = np.array([[1e8 - 1], [1e8 + 1], [1e8 + 9], [1e8 + 11]])
    assert GaussianNB(var_smoothing=0.0).fit(X, [0, 0, 1, 1]).var_.tolist() == [[1.0], [1.0]]


def test_counts_are_those_of_pandas() -> None:
    rng = np.random.default_rng(2)
    X, codes = rng.poisson(1.0, (300, 7)), rng.integers(0, 5, 300)
    ours = count_by_class(X, codes, 6)
    np.testing.assert_array_equal(ours.features[:5], pd.DataFrame(X).groupby(codes).sum())
    assert not ours.features[5].any()
    assert ours.classes.tolist() == [*np.bincount(codes), 0]
    assert ours.zeros == [(5, j) for j in range(7)]
    np.testing.assert_allclose(np.exp(log_shares(ours.features, 0.5)).sum(axis=1), 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: GaussianNB().fit([[1.0], [1.0]], [0, 1]),
        lambda: GaussianNB(var_smoothing=-1.0).fit([[1.0], [2.0]], [0, 1]),
        lambda: GaussianNB(priors=[0.5]).fit([[1.0], [2.0]], [0, 1]),
        lambda: GaussianNB(priors=[0.5, 0.6]).fit([[1.0], [2.0]], [0, 1]),
        lambda: GaussianNB().fit([[1.0], [2.0]], [0, 1], sample_weight=[1, 0]),
        lambda: GaussianNB().fit([[1.0], [2.0]], [0, 1]).evidence([[1.0], [2.0]]),
        lambda: MultinomialNB().fit([[-1.0], [2.0]], [0, 1]),
        lambda: MultinomialNB(alpha=-1).fit([[1.0], [2.0]], [0, 1]),
        lambda: MultinomialNB(alpha=[1.0, 1.0]).fit([[1.0], [2.0]], [0, 1]),
        lambda: MultinomialNB(alpha=0).fit([[0.0], [2.0]], [0, 1]),
        lambda: MultinomialNB(class_prior=[1.0]).fit([[1.0], [2.0]], [0, 1]),
        lambda: MultinomialNB().fit([[1.0], [2.0]], [0, 1], sample_weight=[1, 0]),
        lambda: MultinomialNB().fit([[1.0], [2.0]], [0, 1]).evidence([[1.0], [2.0]]),
        lambda: log_shares([-1.0]),
        lambda: log_shares([1.0], np.nan),
        lambda: count_by_class([[1.0]], [1], 1),
        lambda: count_by_class([[-1.0]], [0], 1),
        lambda: count_by_class([[1.0]], [0], 1, weights=[-1.0]),
    ],
)
def test_what_means_nothing_is_refused(call: Any) -> None:
    with pytest.raises(InputError, match="expected"):
        call()


def test_a_feature_that_a_row_has_not_says_nothing() -> None:
    with np.errstate(divide="ignore"):
        logs = np.log([[1.0, 0.0], [0.5, 0.5]])
    joint = log_joint([[3, 0], [0, 1]], np.zeros(2), logs)
    np.testing.assert_allclose(joint, [[0.0, 3 * np.log(0.5)], [-np.inf, np.log(0.5)]])
