"""Bias and variance add up exactly, and are what a simulation that knows the truth shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tearless.core import InputError
from tearless.statistics.bias_variance import bias_variance, decompose


@given(st.integers(2, 9), st.integers(1, 12), st.integers(0, 10**6))
@settings(max_examples=40, deadline=None)
def test_the_parts_add_up_row_by_row(models: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, y = rng.normal(size=(models, n)), rng.normal(size=n)
    found = decompose(values, y)
    np.testing.assert_allclose(found.rows[:, 0], found.rows[:, 1] + found.rows[:, 2], atol=1e-12)
    known = decompose(values, y, truth=rng.normal(size=n))
    assert known.noise is not None
    assert known.error.value == pytest.approx(known.noise.value + known.bias.value + known.variance.value, abs=1e-12)
    votes, classes = rng.integers(0, 4, (models, n)), rng.integers(0, 4, n)
    counted = decompose(votes, classes, loss="zero_one")
    np.testing.assert_allclose(counted.rows[:, 0], counted.rows[:, 1] + counted.rows[:, 2], atol=1e-12)
    assert counted.error.value == pytest.approx(np.mean(votes != classes), abs=1e-12)


def test_the_variance_of_a_line_is_that_of_theory() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, 2.0, 3.0] + rng.normal(size=200)
    test = rng.normal(size=(100, 3))
    found = bias_variance(LinearRegression(), X, y, test, test @ [1.0, 2.0, 3.0], models=300)
    design, at = (np.column_stack([np.ones(len(a)), a]) for a in (X, test))
    theory = np.mean(np.einsum("ij,jk,ik->i", at, np.linalg.inv(design.T @ design), at))
    assert found.variance.value == pytest.approx(theory, rel=0.2)


def test_a_deeper_tree_trades_bias_for_variance() -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform(-3, 3, size=(300, 1))
    clean = np.sin(X[:, 0])
    y = clean + 0.3 * rng.normal(size=300)
    grid = np.linspace(-3, 3, 200)
    shallow, deep = (
        bias_variance(
            DecisionTreeRegressor(max_depth=d), X, y, grid[:, None], np.sin(grid), truth=np.sin(grid), models=60
        )
        for d in (1, None)
    )
    assert shallow.bias.value > 1.5 * deep.bias.value
    assert deep.variance.value > 1.5 * shallow.variance.value
    counted = bias_variance(
        DecisionTreeClassifier(max_depth=1), X, (y > 0).astype(int), X, (y > 0).astype(int), loss="zero_one", models=30
    )
    assert counted.helps is not None
    assert counted.error.value == pytest.approx(counted.bias.value + counted.variance.value, abs=1e-12)


def test_words_are_classes_too_and_the_model_given_stays_unfitted() -> None:
    X = np.random.default_rng(2).normal(size=(40, 2))
    y = np.where(X[:, 0] > 0, "yes", "no")
    model = DecisionTreeClassifier()
    assert bias_variance(model, X, y, X, y, loss="zero_one", models=10).error.value < 0.2
    assert not hasattr(model, "tree_")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: decompose([[1.0]], [1.0]), "two models"),
        (lambda: decompose([[1.0], [2.0]], [1.0, 2.0]), "one length"),
        (lambda: decompose([[1.0], [2.0]], [1.0], loss="absolute"), "loss"),  # type: ignore[arg-type]
        (lambda: decompose([[1], [2]], [1], loss="zero_one", truth=[1]), "truth"),
        (lambda: bias_variance(LinearRegression(), [[1.0]], [1.0], [[1.0]], [1.0], models=1), "models"),
    ],
)
def test_bad_input_is_refused_by_name(call: Callable[[], Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        call()
