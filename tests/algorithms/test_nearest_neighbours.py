"""Nearest neighbours against scikit-learn and against distances in exact arithmetic; ties as stated."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import neighbors

from tearless.algorithms.nearest_neighbours import KNeighborsClassifier, KNeighborsRegressor
from tearless.core import InputError

from .real_data import LOADERS, classes, off, standardised, table


def continuous(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A real table with a little noise, so that no two distances tie, and new rows near its rows."""
    X, y = classes(name)
    rng = np.random.default_rng(0)
    X = standardised(X) + 1e-3 * rng.normal(size=X.shape)
    return X, y, X[::3] + 0.05 * rng.normal(size=X[::3].shape)


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("k", [1, 7])
def test_equal_to_scikit_learn_on_real_data(name: str, weights: str, k: int) -> None:
    X, y, new = continuous(name)
    ours = KNeighborsClassifier(k, weights=weights).fit(X, y)
    theirs = neighbors.KNeighborsClassifier(k, weights=weights, algorithm="kd_tree").fit(X, y)
    assert np.array_equal(ours.kneighbors(new)[1], theirs.kneighbors(new)[1])
    assert off(ours.predict_proba(new), theirs.predict_proba(new)) < 1e-10
    assert np.array_equal(ours.predict(new), theirs.predict(new))
    number = table(name)[1]
    mean = KNeighborsRegressor(k, weights=weights).fit(X, number).predict(new)
    theirs = neighbors.KNeighborsRegressor(k, weights=weights, algorithm="kd_tree").fit(X, number)
    assert off(mean, theirs.predict(new)) < 1e-12


def test_rows_at_one_distance_come_in_their_order_and_classes_in_theirs() -> None:
    X = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    ours = KNeighborsClassifier(2).fit(X, ["b", "a", "b", "a"])
    assert ours.kneighbors([[0.0]])[1].tolist() == [[0, 1]]
    assert ours.predict_proba([[0.0]]).tolist() == [[0.5, 0.5]]
    assert ours.predict([[0.0]]).tolist() == ["a"]


def test_at_distance_zero_the_same_rows_alone_count() -> None:
    X, y = [[0.0], [0.0], [1.0]], [1.0, 3.0, 100.0]
    assert KNeighborsRegressor(3, weights="distance").fit(X, y).predict([[0.0]]).tolist() == [2.0]
    tiny = KNeighborsRegressor(2, weights="distance").fit([[5e-324], [1e300]], [1.0, 2.0]).predict([[0.0]])
    assert tiny.tolist() == [1.0]  # 1/5e-324 would be inf


def test_votes_that_tie_are_equal_to_the_last_bit() -> None:
    X = np.arange(49.0)[:, None]
    shares = KNeighborsClassifier(49).fit(X, np.arange(49) % 7).predict_proba([[0.0]])
    assert np.unique(shares).size == 1


def test_training_rows_are_kept_as_they_were() -> None:
    X = np.array([[0.0], [1.0]])
    ours = KNeighborsRegressor(1).fit(X, [5.0, 6.0])
    X[:] = 9.0
    assert ours.predict([[0.1]]).tolist() == [5.0]


def test_asking_for_more_neighbours_than_rows_is_refused() -> None:
    with pytest.raises(InputError, match="n_neighbors: expected at most the number of rows, got 5 and 1 sample"):
        KNeighborsClassifier().fit([[0.0]], [1])
    with pytest.raises(InputError, match="k: expected a whole number from 1 to the 2 points, got 3"):
        KNeighborsRegressor(1).fit([[0.0], [1.0]], [0.0, 1.0]).kneighbors([[0.0]], 3)


def test_the_left_out_score_is_that_of_a_leave_one_out_run() -> None:
    X, y, _ = continuous("iris")
    from sklearn.model_selection import LeaveOneOut, cross_val_score

    score = cross_val_score(neighbors.KNeighborsClassifier(5), X, y, cv=LeaveOneOut()).mean()
    told = KNeighborsClassifier(5).fit(X, y).explain().steps[1].numbers["accuracy"]
    assert told.value == pytest.approx(score)
    assert told.interval is not None
    copies = KNeighborsClassifier(2).fit(np.zeros((10, 1)), [0, 1] * 5).explain()
    assert copies.steps[0].numbers["copies"].value == 1.0
