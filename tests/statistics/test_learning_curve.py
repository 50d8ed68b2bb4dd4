"""Learning curves: scikit-learn's scores on the same splits, and a standard error that is not too small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import model_selection
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.naive_bayes import GaussianNB

from tearless.core import InputError
from tearless.statistics.learning_curve import learning_curve


def test_scores_are_those_of_scikit_learn_on_the_same_splits() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    cv = model_selection.ShuffleSplit(4, test_size=0.3, random_state=0)
    sizes, train, test = model_selection.learning_curve(GaussianNB(), X, y, cv=cv, train_sizes=[0.1, 0.5, 1.0])
    ours = learning_curve(GaussianNB(), X, y, sizes=[0.1, 0.5, 1.0], splits=cv.split(X))
    assert ours.sizes == tuple(sizes)
    np.testing.assert_allclose(ours.train_scores, train, rtol=1e-12)
    np.testing.assert_allclose(ours.test_scores, test, rtol=1e-12)
    assert ours.test[2].value == pytest.approx(test[2].mean(), rel=1e-12)


def test_the_interval_covers_the_score_that_the_size_has() -> None:
    rng, covered = np.random.default_rng(1), 0
    beta = np.ones(3)

    def loss(y: np.ndarray, p: np.ndarray) -> float:
        return -float(np.mean((y - p) ** 2))

    truth = -np.mean(
        [
            1 + ((LinearRegression().fit(X, X @ beta + rng.normal(size=32)).coef_ - beta) ** 2).sum() + 1 / 32
            for X in rng.normal(size=(300, 32, 3))
        ]
    )
    for _ in range(100):
        X = rng.normal(size=(40, 3))
        curve = learning_curve(
            Ridge(1e-9), X, X @ beta + rng.normal(size=40), sizes=[32], splits=8, score=loss, seed=rng
        )
        covered += curve.test[0].low <= truth <= curve.test[0].high
    assert covered / 100 >= 0.85


def test_more_rows_close_the_gap() -> None:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(400, 20))
    y = X[:, 0] + rng.normal(size=400)
    curve = learning_curve(LinearRegression(), X, y, sizes=[30, 100, 320], seed=3)
    gaps = [a.value - b.value for a, b in zip(curve.train, curve.test, strict=True)]
    assert gaps[0] > gaps[1] > gaps[2] == curve.gap > 0
    assert all(e.low < e.value < e.high for e in curve.train + curve.test)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"sizes": [0]}, "sizes"),
        ({"sizes": [200]}, "sizes"),
        ({"sizes": [20, 10]}, "sizes"),
        ({"splits": 1}, "splits"),
        ({"splits": []}, "splits"),
        ({"test_share": 1.0}, "test_share"),
    ],
)
def test_bad_input_is_refused_by_name(options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        learning_curve(LinearRegression(), np.ones((50, 1)), np.ones(50), **options)


def test_a_model_without_a_score_needs_one() -> None:
    class Silent:
        def fit(self, X: Any, y: Any) -> None: ...

        def predict(self, X: Any) -> Any:
            return np.zeros(len(X))

    call: Callable[[], Any] = lambda: learning_curve(Silent(), np.ones((50, 1)), np.ones(50))  # noqa: E731
    with pytest.raises(InputError, match="no score of its own"):
        call()
