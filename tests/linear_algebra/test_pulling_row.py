"""The problem of the lesson on linear regression: independent columns, the row that pulls hardest, digits left."""

from __future__ import annotations

import numpy as np
import pytest

from tearless.core import NotApplicable
from tearless.linear_algebra.pulling_row import PullingRow, right_digits
from tearless.linear_algebra.regression_data import RegressionData


def data(X: np.ndarray, y: np.ndarray) -> RegressionData:
    return RegressionData(tuple(f"c{j}" for j in range(X.shape[1])), "y", X, y, f"{len(y)} rows")


def test_no_other_row_moves_the_weight_more() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    found = PullingRow.derive(data(X, X @ [1.0, -3.0, 0.5] + rng.normal(size=40)))
    A = np.column_stack([np.ones(40), found.X])
    moved = np.linalg.pinv(A)[1 + found.column]  # what a shift of one does to the weight, row by row
    assert found.column == 1
    assert found.far == int(np.argmax(np.abs(moved)))
    assert found.own / (found.own @ found.own) == pytest.approx(moved, abs=1e-12)


def test_dependent_columns_are_left_out_and_few_rows_keep_few() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 30))
    found = PullingRow.derive(data(np.stack([a, 2 * a + 1, b, a - b], axis=1), a + b))
    assert found.names == ("c0", "c2")
    assert len(PullingRow.derive(data(rng.normal(size=(7, 5)), rng.normal(size=7))).names) == 2


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_what_cannot_be_squared_is_refused(size: float) -> None:
    with pytest.raises(NotApplicable):
        PullingRow.derive(data(size * np.arange(9.0)[:, None], np.arange(9.0) ** 2))


def test_the_product_loses_twice_the_digits() -> None:
    rng = np.random.default_rng(2)
    found = PullingRow.derive(data(rng.normal(size=(50, 2)), rng.normal(size=50)))
    lost = 15.95 - np.array(found.right_digits)
    assert lost[5, 0] == pytest.approx(2 * np.log10(np.linalg.cond(found.twins(5))), abs=2.5)
    assert lost[5, 1] <= np.log10(np.linalg.cond(found.twins(5))) + 1.5
    assert right_digits(np.ones((4, 2)))[0] >= 0  # singular: nothing left, and no fault
