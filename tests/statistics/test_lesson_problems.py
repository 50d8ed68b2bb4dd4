"""What the lessons of statistics make of a table: the columns they take, and what they refuse by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tearless
from tearless.core import InputError
from tearless.statistics.comparison.paired_proportions import PairedTable

rng = np.random.default_rng(0)
TRUTH = np.array(["cat", "dog"] * 20)
OTHER = np.where(np.arange(40) < 30, TRUTH, TRUTH[::-1])


def problem(name: str, columns: dict[str, Any], target: str | None = None) -> Any:
    return tearless.lesson(name, columns, target=target).problem


def test_two_columns_of_right_and_wrong_are_two_models() -> None:
    found = problem("hypothesis-tests", {"id": [0, 1, 0, 1], "old": [1, 0, 1, None], "new": [True, True, False, True]})
    assert found.names == ("old", "new")
    assert found.table == PairedTable(both=1, only_a=1, only_b=1, neither=0)


def test_classes_beside_the_truth_become_right_and_wrong() -> None:
    columns = {"truth": TRUTH, "old": OTHER, "new": TRUTH, "note": ["x"] * 40}
    found = problem("hypothesis-tests", columns)
    assert found.names == ("old", "new")
    assert (found.table.only_a, found.table.only_b) == (0, 10)
    assert problem("confidence-intervals", columns).right == 30


@pytest.mark.parametrize(
    ("columns", "target", "right"),
    [
        ({"truth": [0, 1, 1, 0], "probability": [0.1, 0.9, 0.4, 0.6]}, None, 2),
        ({"truth": TRUTH, "predicted": OTHER}, None, 30),
        ({"age": [20.5, 30.5, 41.0], "sold": [1, 0, 1]}, "sold", 2),
        ({"right": [1, 1, 1, None]}, None, 3),
    ],
)
def test_right_answers_are_counted(columns: dict[str, Any], target: str | None, right: int) -> None:
    assert problem("confidence-intervals", columns, target).right == right


@pytest.mark.parametrize(
    ("name", "columns", "why"),
    [
        ("hypothesis-tests", {"a": [1, 0], "b": [1, 0]}, "right on the same items"),
        ("hypothesis-tests", {"a": [0.2, 0.4], "b": [0.1, 0.7]}, "for scores run"),
        ("confidence-intervals", {"truth": [1.5, 2.5, 9.0], "predicted": [1.0, 2.0, 8.5]}, "right or wrong"),
        ("description", {"price": ["1,200", "900", "1,000", "7"] * 9}, "written as text"),
        ("sample-and-bootstrap", {"a": [4.0] * 9}, "finite values that differ"),
        ("correlation", {"a": np.arange(30.0), "b": 3 * np.arange(30.0) + 1, "y": rng.normal(size=30)}, "no copies"),
        (
            "correlation",
            {"a": rng.normal(size=30), "b": 2 * np.arange(30.0), "y": np.arange(30.0)},
            "nor of the target",
        ),
        ("bias-and-variance", {"a": np.arange(9.0), "y": np.arange(9.0)}, "24 complete rows"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(name: str, columns: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        problem(name, columns)


def test_description_begins_with_the_most_skewed_column_or_the_target() -> None:
    columns = {"even": rng.normal(size=90), "skewed": rng.lognormal(size=90), "flag": np.r_[np.zeros(89), 1.0]}
    assert problem("description", columns).begin == "skewed"
    assert problem("description", columns, "even").begin == "even"


def test_what_the_paired_test_loses_side_by_side() -> None:
    """A gain of 3 points on 500 items that part on 9 in 100: 61 % of trials notice it; side by side as counted here."""
    seen = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [405, 15, 30, 50], axis=0)
    view = tearless.lesson("hypothesis-tests", {"a": seen[:, 0], "b": seen[:, 1]}).view()
    paired, apart = (view.numbers[name].value for name in ("power_paired", "power_apart"))
    assert paired == pytest.approx(0.615, abs=1e-3)
    draws = np.random.default_rng(1).multinomial(500, [0.81, 0.03, 0.06, 0.10], size=40_000)
    a, b = draws[:, 0] + draws[:, 1], draws[:, 0] + draws[:, 2]
    mean = (a + b) / 1000
    sure = np.abs(b - a) / 500 >= 1.959964 * np.sqrt(2 * mean * (1 - mean) / 500 * 1000 / 999)
    assert apart == pytest.approx(sure.mean(), abs=0.02)  # the pooled share is taken as known
