"""The small tables that lessons of probability are computed on: cut down evenly, holes kept out, refusals named."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from tearless.core import Asked, NotApplicable
from tearless.linear_algebra.facts import Sample
from tearless.probability.category_table import MOST_ROWS, THIRDS, CategoryTable
from tearless.probability.class_forecasts import ClassForecasts
from tearless.probability.predictions import Predictions
from tearless.readers.source import Batch


def table(columns: dict[str, Any], target: str | None = None) -> CategoryTable:
    return CategoryTable.derive(Sample.of(Batch(pl.DataFrame(columns))), Asked(target))


def forecasts(columns: dict[str, Any]) -> ClassForecasts:
    return ClassForecasts.derive(Predictions.of(Batch(pl.DataFrame(columns))))


def test_many_rows_are_taken_evenly() -> None:
    n = 10_000
    few = forecasts({"truth": [0] * (n // 2) + [1] * (n // 2), "probability": np.linspace(0, 1, n)})
    assert few.n == 2_000
    assert few.y.mean() == 0.5
    assert abs(few.p[:, 1].mean() - 0.5) < 1e-3
    assert "evenly taken" in few.said


def test_of_many_classes_the_rarest_that_came_is_looked_at() -> None:
    p = np.full(6, 0.25)
    few = forecasts({"truth": list("aaabbc"), **{f"probability of {name}": p for name in "abcd"}})
    assert few.names[few.rarest] == "c"


@pytest.mark.parametrize("rows", [1, 2])
def test_too_few_rows_are_refused(rows: int) -> None:
    with pytest.raises(NotApplicable, match="at least 3 rows"):
        forecasts({"truth": [0, 1][:rows], "probability": [0.2, 0.8][:rows]})


def test_one_class_alone_is_refused_where_two_are_needed() -> None:
    few = forecasts({"truth": [1, 1, 1], "probability": [0.2, 0.8, 0.5]})
    with pytest.raises(NotApplicable, match="came alone"):
        _ = few.rarest


def test_numbers_become_thirds_and_holes_say_nothing() -> None:
    x = [float(i) for i in range(18)] + [float("nan"), float("inf")]
    found = table({"x": x, "y": ["a", "b"] * 10}, "y")
    assert found.levels == (THIRDS,)
    codes = np.concatenate([found.codes, found.judged])[:, 0]
    assert [int((codes == k).sum()) for k in (-1, 0, 1, 2)] == [2, 6, 6, 6]


def test_each_class_is_halved_by_itself() -> None:
    found = table({"x": ["u", "v"] * 10, "y": ["a"] * 14 + ["b"] * 6}, "y")
    assert np.bincount(found.y).tolist() == [7, 3]
    assert np.bincount(found.truth).tolist() == [7, 3]


def test_the_telling_column_is_found_and_names_of_rows_are_left_out() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    found = table(
        {"id": [f"r{i}" for i in range(200)], "luck": rng.choice(["u", "v"], 200), "same": y == 1, "y": y}, "y"
    )
    assert found.names == ("luck", "same")
    assert found.names[found.telling] == "same"


def test_a_large_table_is_cut_down() -> None:
    rng = np.random.default_rng(0)
    found = table({"x": rng.choice(["u", "v"], 50_000), "y": rng.choice(["a", "b"], 50_000)}, "y")
    assert len(found.y) + len(found.truth) == MOST_ROWS


@pytest.mark.parametrize(
    ("columns", "target", "why"),
    [
        ({"x": ["u", "v"] * 10, "y": ["a"] * 20}, "y", "2 to 20 classes"),
        ({"x": ["u", "v"] * 25, "y": np.linspace(0, 1, 50)}, "y", "2 to 20 classes"),
        ({"x": ["u"] * 20, "y": ["a", "b"] * 10}, "y", "a column of categories"),
        ({"x": ["u", "v"], "y": ["a", "b"]}, "y", "at least 8 rows"),
        ({"x": np.linspace(0, 1, 50)}, None, "--target"),
        ({"x": ["u", "v"] * 10, "y": [None] * 20}, "y", "2 to 20 classes"),
    ],
)
def test_what_cannot_be_counted_is_refused(columns: dict[str, Any], target: str | None, why: str) -> None:
    with pytest.raises(NotApplicable, match=why):
        table(columns, target)
