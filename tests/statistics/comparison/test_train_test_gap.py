"""Overfitting and underfitting with their uncertainty."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats as sps
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from tearless.core import InputError
from tearless.statistics.comparison.train_test_gap import beats_majority, beats_mean, train_test_gap

BITS = st.lists(st.integers(0, 1), min_size=2, max_size=80)


@given(BITS, BITS)
@settings(max_examples=40, deadline=None)
def test_right_and_wrong_go_through_the_mid_p_of_the_hypergeometric(train: list[int], test: list[int]) -> None:
    """scipy's Fisher test less half the chance of the tables as likely as the one seen."""
    found = train_test_gap(train, test)
    law = sps.hypergeom(len(train) + len(test), sum(train) + sum(test), len(test))
    table = [[sum(train), len(train) - sum(train)], [sum(test), len(test) - sum(test)]]
    alike = sum(train) + sum(test) in (0, len(train) + len(test))
    chances = law.pmf(np.arange(len(test) + 1))
    tied = chances[np.isclose(chances, law.pmf(sum(test)), rtol=1e-7)].sum()
    half = 0.0 if alike else tied / 2
    assert found.p == pytest.approx(sps.fisher_exact(table).pvalue - half, rel=1e-6)
    assert found.estimate.value == pytest.approx(np.mean(test) - np.mean(train))
    assert found.sure == (not found.estimate.low <= 0 <= found.estimate.high)
    assert found.estimate.low < found.estimate.high
    assert 0 < found.p <= 1


def test_losses_go_through_welch() -> None:
    rng = np.random.default_rng(4)
    train, test = rng.gamma(2, 0.1, 300), rng.gamma(2, 0.2, 80)
    found = train_test_gap(train, test)
    assert found.p == pytest.approx(sps.ttest_ind(test, train, equal_var=False).pvalue)
    assert found.estimate.low > 0


def test_the_same_gap_is_nothing_or_much() -> None:
    """5 points: 100 % against 95 % on 20 test rows, and on 2,000."""
    assert not train_test_gap(np.ones(100), [0] + [1] * 19).sure
    assert train_test_gap(np.ones(10_000), [0] * 100 + [1] * 1_900).p < 1e-20


def test_a_full_tree_overfits_and_the_majority_does_not() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)
    tree = DecisionTreeClassifier(random_state=0).fit(X_train, y_train)
    dull = DummyClassifier().fit(X_train, y_train)
    gaps = [train_test_gap(m.predict(X_train) == y_train, m.predict(X_test) == y_test) for m in (tree, dull)]
    assert gaps[0].sure
    assert gaps[0].estimate.high < 0
    assert not gaps[1].sure
    learnt, nothing = (beats_majority(y_test, m.predict(X_test), training=y_train) for m in (tree, dull))
    assert learnt.beats
    assert not nothing.beats
    assert nothing.difference.p == 1
    assert nothing.from_training


def test_regression_beside_the_mean() -> None:
    X, y = load_diabetes(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    found = beats_mean(y_test, LinearRegression().fit(X_train, y_train).predict(X_test), training=y_train)
    assert found.beats
    assert found.guess == pytest.approx(y_train.mean())
    dull = beats_mean(y_test, np.full(len(y_test), y_train.mean()), training=y_train)
    assert not dull.beats
    assert dull.difference.p == 1
    squares = (y_test - y_train.mean()) ** 2, (y_test - 100.0) ** 2
    off = beats_mean(y_test, np.full(len(y_test), 100.0), training=y_train)
    assert off.difference.p == pytest.approx(sps.ttest_rel(squares[1], squares[0]).pvalue)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=60))
@settings(max_examples=40, deadline=None)
def test_beating_the_majority_is_mid_p_mcnemar(rows: list[tuple[str, str]]) -> None:
    truth, predicted = (np.array(column) for column in zip(*rows, strict=True))
    found = beats_majority(truth, predicted)
    names, counts = np.unique(truth, return_counts=True)
    assert found.guess == names[counts.argmax()]
    assert found.guess_score == pytest.approx(counts.max() / len(truth))
    gained = int(((truth == predicted) & (truth != found.guess)).sum())
    lost = int(((truth != predicted) & (truth == found.guess)).sum())
    law = sps.binom(gained + lost, 0.5)
    few = min(gained, lost)
    assert found.difference.p == pytest.approx(min(1.0, 2 * law.cdf(few) - law.pmf(few)))
    assert found.beats == (found.difference.sure and gained > lost)


def test_rows_that_cannot_be_compared() -> None:
    with pytest.raises(InputError, match="one length"):
        beats_majority([0, 1], [0])
    with pytest.raises(InputError, match="one kind"):
        beats_majority([0, 1], ["0", "1"])
    with pytest.raises(InputError, match="one kind"):
        beats_majority([0, 1], [0, 1], training=["0"])
    with pytest.raises(InputError, match="squares are finite"):
        beats_mean([1e200, 0.0], [0.0, 0.0])
    with pytest.raises(InputError, match="nan"):
        train_test_gap([0.5, np.nan], [0.1])
    for train, test in (([1], [1]), ([0], [1]), ([0.5], [0.25]), ([0.5] * 9, [0.25] * 9)):
        found = train_test_gap(train, test)
        assert 0 < found.p <= 1
        assert found.estimate.low < found.estimate.high
