"""Checks of the data of a run: power and false alarms over seeds, on made-up batches."""

from __future__ import annotations

import numpy as np
import pytest

from tearless.statistics.batch_labels import alike_labels, alike_numbers
from tearless.statistics.input_scale import for_gradient_descent, for_scaled_descent
from tearless.statistics.seen_samples import apart, shared

SEEDS = range(200)


def dealt(labels: np.ndarray, size: int, batches: int) -> np.ndarray:
    parts = labels[: size * batches].reshape(batches, size)
    return np.array([np.bincount(part, minlength=labels.max() + 1) for part in parts])


@pytest.mark.parametrize(("classes", "size", "batches"), [(2, 4, 8), (3, 32, 6), (10, 64, 12), (10, 8, 20)])
def test_shuffled_batches_are_never_called_alike(classes: int, size: int, batches: int) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        found = alike_labels(dealt(rng.integers(0, classes, size * batches), size, batches), rng)
        assert found is None or found.correlation < 0.5 or found.chance > 0.001


@pytest.mark.parametrize(("classes", "size", "batches"), [(2, 8, 8), (3, 10, 10), (10, 64, 20), (10, 32, 45)])
def test_sorted_batches_always_are(classes: int, size: int, batches: int) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        found = alike_labels(dealt(np.sort(rng.integers(0, classes, size * batches)), size, batches), rng)
        assert found is not None
        assert found.correlation >= 0.5
        assert found.chance <= 0.001
        assert found.worth < 2


def test_batches_of_random_numbers_keep_their_rate() -> None:
    fired = 0
    for seed in range(2000):
        x = np.random.default_rng(seed).normal(size=(10, 16))
        found = alike_numbers(x.mean(1), x.std(1), 16)
        fired += found is not None and found.chance <= 0.01
    assert fired <= 2000 * 0.01 + 4 * np.sqrt(2000 * 0.01)


def test_equal_kinds_of_samples_are_no_leak() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        kinds = rng.geometric(0.01, 2000).astype(str)
        found = shared(kinds[:300].tolist(), [part.tolist() for part in np.split(kinds[400:], 25)])
        assert found.chance > 1e-4


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_copied_samples_are(share: float) -> None:
    for seed in range(50):
        rng = np.random.default_rng(seed)
        train = [f"t{i}" for i in range(1000)]
        batches = [rng.choice(train, 32, replace=False).tolist() for _ in range(20)]
        rows = [row if rng.random() < share else f"new {row}" for row in rng.permutation(train)[:300].tolist()]
        assert shared(rows, batches).chance <= 1e-4


def test_a_test_after_the_training_accuracy_is_told_apart() -> None:
    seen = {f"t{i}" for i in range(500)}
    rows = [f"t{i}" for i in range(1000)] + [f"v{i}" for i in range(200)]
    assert all(row.startswith("v") for row in apart(rows, seen)[500:])
    mixed = np.random.default_rng(0).permutation(rows).tolist()
    assert len(apart(mixed, seen)) == len(mixed)


@pytest.mark.parametrize("seed", range(5))
def test_no_descent_is_faster_than_the_bound(seed: int) -> None:
    """Gradient descent on least squares, at any stable rate, needs the steps that are said."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(4000, 3)) * np.array([1.0, 1.0, 1.0]) + np.array([20.0, 0.0, 0.0])
    cost = for_gradient_descent(x.mean(0), x.std(0), 3, 0.1)
    moment = x.T @ x / len(x)
    w, target = np.zeros(3), np.array([0.0, 1.0, 0.0])
    for _ in range(int(cost.steps)):
        w -= 1.9 / cost.largest * moment @ (w - target)
    assert abs(w[1] - 1) > 0.3


def test_units_are_cured_by_scaling_and_offsets_are_not() -> None:
    units = for_scaled_descent([0.0, 0.0, 0.0], [1.0, 1e3, 1e-3], 3, 1e-3)
    years = for_scaled_descent([2000.0, 0.0, 0.0], [5.0, 1.0, 1.0], 3, 1e-3)
    assert units.condition == pytest.approx(1)
    assert years.reach > 1
