"""Whether a column groups the items: the chance against every permutation there is, and predictions row by row."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import polars as pl
import pytest

from tearless.core import CannotTell, InputError, NotApplicable
from tearless.probability.predictions import Predictions
from tearless.readers.source import Batch
from tearless.statistics.comparison.grouping import group_codes, grouping
from tearless.statistics.comparison.hidden_dependence import answers_behind
from tearless.statistics.comparison.predicted_rows import alike, predicted_rows


def every_permutation(values: list[float], groups: list[int]) -> float:
    """The share of all orders of the values whose groups vary at least as much."""
    codes, mean = np.array(groups), np.mean(values)

    def spread(x: tuple[float, ...]) -> float:
        return float((np.bincount(codes, weights=np.array(x) - mean) ** 2).sum())

    seen = spread(tuple(values))
    return float(np.mean([spread(x) >= seen * (1 - 1e-12) for x in permutations(values)]))


@pytest.mark.parametrize(
    ("values", "groups"),
    [
        ([1, 1, 0, 0, 0, 1, 0, -1], [0, 0, 1, 1, 1, 0, 2, 2]),
        ([0.3, 0.5, 0.1, -0.2, -0.6, -0.1, 0.4, -0.3], [0, 0, 0, 1, 1, 1, 2, 2]),
        ([1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 1, 2, 2]),
    ],
)
def test_the_chance_is_that_of_every_permutation(values: list[float], groups: list[int]) -> None:
    exact = every_permutation(values, groups)
    found = grouping(values, groups, draws=9_999)
    assert found.design_effect > 1
    assert found.p == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 9_999) + 1e-4)


def test_groups_that_vary_less_than_chance_are_no_finding() -> None:
    assert grouping([1, -1] * 10, np.repeat(range(10), 2)).p == 1.0


def test_the_law_for_many_agrees_with_drawing() -> None:
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(200), 20)
    pull = rng.normal(size=200)[groups] * 0.12
    x = pull + rng.normal(size=4_000)
    law, drawn = grouping(x, groups).p, grouping(x, groups, draws=2_500).p
    assert law == pytest.approx(drawn, abs=0.02)


@pytest.mark.parametrize(("rows", "groups", "differ"), [(300, 30, 0.1), (1_000, 500, 0.05), (6_000, 1_500, 0.5)])
def test_random_groups_are_found_no_oftener_than_said(rows: int, groups: int, differ: float) -> None:
    rng = np.random.default_rng(rows)
    trials = 300
    found = []
    for seed in range(trials):
        x = rng.choice([-1.0, 0.0, 1.0], rows, p=[differ / 2, 1 - differ, differ / 2])
        found.append(grouping(x, rng.integers(0, groups, rows), draws=199, seed=seed).p)
    for level in (0.05, 0.1, 0.3):
        assert np.mean(np.array(found) <= level) <= level + 3 * np.sqrt(level * (1 - level) / trials)


def test_one_group_is_refused_and_holes_are_groups_of_their_own() -> None:
    with pytest.raises(InputError, match="expected at least two"):
        grouping([1.0, 2.0], [1, 1])
    codes = group_codes(pl.Series([None, 3, None, 3]))
    assert len(set(codes.tolist())) == 3


def test_spread_of_folds_and_of_items() -> None:
    rng = np.random.default_rng(0)
    folds = answers_behind(pl.Series(rng.binomial(200, 0.8, 50) / 200))
    assert folds is not None
    assert 120 < folds < 330
    graded = answers_behind(pl.Series(rng.beta(1, 1, 50)))
    assert graded is not None
    assert 1.5 < graded < 5  # of uniform scores 1/4 over 1/12
    for silent in ([1, 0, 1], [4.0, 5.0], [-0.5, 0.2], [0.3, 0.3], [0.3], ["a", "b"], [1e300, 1.5], [0.0, 5e-324]):
        answers_behind(pl.Series(silent))
    assert answers_behind(pl.Series([1.0, 0.0, 1.0])) is None


def rows(**columns: object) -> Predictions:
    return Predictions.of(Batch(pl.DataFrame(columns)))


def test_classes_and_numbers_are_told_apart() -> None:
    assert predicted_rows(rows(truth=[1, 2, 1], predicted=[1, 1, 1])).kind == "classes"
    assert predicted_rows(rows(truth=[1, 2, 1], predicted=[1.5, 1, 1])).kind == "numbers"
    assert predicted_rows(rows(truth=list(range(100)), predicted=list(range(100)))).kind == "numbers"
    assert predicted_rows(rows(truth=[0.5, 2.0], mean=[1.0, 2.0], spread=[1.0, 1.0])).kind == "numbers"
    found = predicted_rows(rows(truth=[0, 1, 1], probability=[0.2, 0.9, 0.4]))
    assert (found.kind, found.scores.tolist()) == ("classes", [1.0, 1.0, 0.0])
    mixed = predicted_rows(rows(truth=["1", "2"], predicted=[1, 1]))
    assert mixed.scores.tolist() == [1.0, 0.0]


def test_rows_that_say_nothing_are_refused_in_words() -> None:
    with pytest.raises(CannotTell, match="fewer than two"):
        predicted_rows(rows(truth=["a"], predicted=["a"]))
    with pytest.raises(CannotTell, match="too large"):
        predicted_rows(rows(truth=[1e200, 0.5], predicted=[0.1, 0.2]))
    with pytest.raises(NotApplicable):
        predicted_rows(rows(predicted=["a", "b"]))
    with pytest.raises(CannotTell, match="predicts numbers, the test table classes"):
        alike(
            predicted_rows(rows(truth=[0.5, 1.5], predicted=[0.5, 1.0])),
            predicted_rows(rows(truth=["a", "b"], predicted=["a", "b"])),
        )
