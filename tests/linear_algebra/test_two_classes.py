"""Two columns and two classes: which are taken, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from tearless.core import Asked, NotApplicable
from tearless.linear_algebra.facts import Sample
from tearless.linear_algebra.two_classes import FARTHEST, MOST_ROWS, TwoClasses
from tearless.readers.source import Batch


def derived(target: str | None = None, **columns: Any) -> TwoClasses:
    return TwoClasses.derive(Sample.of(Batch(pl.DataFrame(columns, strict=False))), Asked(target))


def test_the_columns_that_tell_the_classes_apart_are_taken() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(90) % 2
    found = derived("y", noise=rng.normal(size=90), a=rng.normal(3 * y), b=rng.normal(-2 * y), y=y)
    assert found.names == ("a", "b")
    assert (len(found.y), len(found.y_held)) == (60, 30)
    assert np.allclose(found.X.mean(axis=0), 0)
    assert np.allclose(found.X.std(axis=0), 1)


def test_a_target_of_many_numbers_is_cut_at_its_mean_and_one_of_many_classes_at_the_commonest() -> None:
    a, b = np.arange(40.0), np.tile([0.0, 1.0], 20)
    assert derived("y", a=a, b=b, y=a**2).positive == "y above its mean"
    assert derived("y", a=a, b=b, y=["u", "v", "w", "w"] * 10).positive == "w"
    assert derived(a=a, b=a[::-1].copy(), y=["u", "v", "w", "w"] * 10).target == "y"


def test_rows_with_holes_are_left_out_and_far_ones_are_cut() -> None:
    a = np.r_[np.nan, 1e9, np.arange(298.0)]
    found = derived("y", a=a, b=np.tile([0.0, 1.0, 4.0], 100), y=[None, *([True, False] * 149), True])
    assert len(found.y) + len(found.y_held) == MOST_ROWS
    assert max(np.abs(found.X).max(), np.abs(found.X_held).max()) <= FARTHEST


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"a": [1.0, 2.0] * 9, "b": [2.0, 5.0] * 9, "y": [1] * 18}, "one value"),
        ({"a": [1.0, 2.0] * 9, "t": ["u"] * 18, "y": [0, 1] * 9}, "two numeric columns"),
        ({"a": [1.0, 2.0] * 3, "b": [2.0, 5.0] * 3, "y": [0, 1] * 3}, "12 rows"),
        ({"a": [1.0] * 18, "b": [2.0, 5.0] * 9, "y": [0, 1] * 9}, "that vary"),
        ({"a": [1e200, 2e200] * 9, "b": [2.0, 5.0] * 9, "y": [0, 1] * 9}, "that vary"),
        ({"a": [1.0, 2.0] * 9, "b": [2.0, 5.0] * 9, "y": [0] * 17 + [1]}, "one class"),
    ],
)
def test_what_cannot_be_drawn_is_refused(columns: dict[str, Any], why: str) -> None:
    with pytest.raises(NotApplicable, match=why):
        derived("y", **columns)


def test_a_table_without_classes_asks_for_the_target() -> None:
    with pytest.raises(NotApplicable, match="--target"):
        derived(a=np.arange(40.0), b=np.arange(40.0) ** 2)
