"""Scores of predicted numbers: scikit-learn's values, intervals that cover and stay in range."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from tearless.core import InputError
from tearless.statistics import regression_scores as scores
from tearless.statistics.estimate import Estimate

PAIRS: dict[str, tuple[Callable[..., Estimate], Callable[..., float]]] = {
    "mse": (scores.mean_squared_error, metrics.mean_squared_error),
    "rmse": (scores.root_mean_squared_error, metrics.root_mean_squared_error),
    "mae": (scores.mean_absolute_error, metrics.mean_absolute_error),
    "r2": (scores.r_squared, metrics.r2_score),
}
TRUTH = {"mse": 0.25, "rmse": 0.5, "mae": 0.5 * math.sqrt(2 / math.pi), "r2": 0.8}


def drawn(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Predictions of unit variance and targets that stray from them by 0.5: R² = 1 − 0.25/1.25."""
    p = rng.normal(size=n)
    return p + 0.5 * rng.normal(size=n), p


@pytest.mark.parametrize("name", PAIRS)
def test_values_are_those_of_scikit_learn(name: str) -> None:
    rng = np.random.default_rng(0)
    for n in (2, 10, 300):
        y, p = drawn(n, rng)
        ours, theirs = PAIRS[name]
        assert ours(y + 1e6, p + 1e6).value == pytest.approx(theirs(y + 1e6, p + 1e6), rel=1e-10)


@pytest.mark.parametrize("name", PAIRS)
def test_intervals_cover_and_errors_are_what_samples_show(name: str) -> None:
    rng = np.random.default_rng(1)
    found = [PAIRS[name][0](*drawn(60, rng)) for _ in range(600)]
    assert 0.92 <= np.mean([e.low <= TRUTH[name] <= e.high for e in found]) <= 0.98
    assert np.mean([e.standard_error for e in found]) == pytest.approx(np.std([e.value for e in found]), rel=0.12)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=2, max_size=20))
def test_intervals_hold_their_value_and_stay_in_range(rows: list[tuple[float, float]]) -> None:
    y, p = (np.array(side) for side in zip(*rows, strict=True))
    for name, (ours, _) in PAIRS.items():
        e = ours(y, p)
        least, most = (-math.inf, 1.0) if name == "r2" else (0.0, math.inf)
        assert least <= e.low <= e.value * (1 + 1e-12) + 1e-300 or e.low <= e.value
        assert e.value <= e.high + 1e-12 * abs(e.high)
        assert e.high <= most


def test_no_error_at_all_leaves_the_bad_end_open() -> None:
    y = np.arange(5.0)
    assert scores.mean_squared_error(y, y).high == math.inf
    assert scores.root_mean_squared_error(y, y).high == math.inf
    perfect = scores.r_squared(y, y)
    assert (perfect.value, perfect.low, perfect.high) == (1.0, -math.inf, 1.0)
    flat = scores.r_squared([2.0, 2.0], [2.0, 3.0])
    assert (flat.value, flat.low) == (0.0, -math.inf)


@pytest.mark.parametrize("name", PAIRS)
def test_bad_input_is_refused_by_name(name: str) -> None:
    score = PAIRS[name][0]
    for y, p, says in (
        ([], [], "truth"),
        ([1.0], [1.0, 2.0], "one length"),
        ([1.0, math.nan], [1.0, 2.0], "finite"),
    ):
        with pytest.raises(InputError, match=says):
            score(y, p)
    with pytest.raises(InputError, match="level"):
        score([1.0, 2.0, 4.0], [1.0, 3.0, 3.0], level=2.0)


@pytest.mark.parametrize("name", ["mse", "rmse", "mae"])
@pytest.mark.parametrize("n", [2, 12, 400])
def test_errors_all_alike_set_no_upper_end_and_leave_room_below(name: str, n: int) -> None:
    """y and y + 0.2 differ by 0.2 give or take rounding, whose spread is no width: 0.2 (0.2 to 0.2) would be."""
    y = np.arange(n) / 7 + 1000
    found = PAIRS[name][0](y, y + 0.2)
    power = 0.5 if name == "rmse" else 1.0
    assert found.value == pytest.approx(0.04 if name == "mse" else 0.2)
    assert found.low == pytest.approx(found.value * 0.025 ** (power / n))
    assert (found.high, found.standard_error) == (math.inf, 0.0)
