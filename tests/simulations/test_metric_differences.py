"""How often the tests of metrics are wrong where nothing differs, and how often their intervals hold the truth."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtr

from tearless.statistics.comparison.delong import compare_areas
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.metrics import metric, metric_difference, unpaired_metric_difference

pytestmark = pytest.mark.slow
RUNS = 1_000
LEAST = 0.935 - 2 * math.sqrt(0.05 * 0.95 / RUNS)
"""The nominal 95 % less 1.5 points, less twice the Monte Carlo error."""
MOST = 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / RUNS)


def classified(rng: np.random.Generator, n: int, right: tuple[float, float], k: int) -> tuple[np.ndarray, ...]:
    """Truth and two models whose mistakes go together: half of the rows are as hard for the one as for the other."""
    y = rng.integers(0, k, n)
    shared, wrong = rng.random(n), rng.integers(1, max(k, 2), n)
    hard = [np.where(rng.random(n) < 0.5, shared, rng.random(n)) for _ in right]
    return y, *(np.where(u < r, y, (y + wrong) % k) for u, r in zip(hard, right, strict=True))


def held(found: list[Difference], truth: float) -> float:
    return float(np.mean([d.estimate.low <= truth <= d.estimate.high for d in found]))


def expected(name: str, right: float, k: int) -> float:
    """The metric of very many rows: every class as frequent, mistakes evenly spread."""
    y = np.repeat(np.arange(k), 1_000 * k)
    wrong = round(1_000 * k * (1 - right))
    rows = np.tile(np.r_[np.zeros(1_000 * k - wrong), 1 + np.arange(wrong) % max(k - 1, 1)], k).astype(int)
    return metric(name).influence(y, (y + rows) % k).value


@pytest.mark.parametrize("n", [20, 50, 200, 1_000])
@pytest.mark.parametrize("right", [0.5, 0.9, 0.98, 0.995])
@pytest.mark.parametrize(("name", "k"), [("f1", 2), ("precision", 2), ("matthews", 2), ("f1-macro", 3), ("kappa", 3)])
def test_equal_models_are_told_apart_at_most_as_often_as_claimed(n: int, right: float, name: str, k: int) -> None:
    rng = np.random.default_rng(n + k)
    found = [metric_difference(name, *classified(rng, n, (right, right), k)) for _ in range(RUNS)]
    share = np.mean([d.p <= 0.05 for d in found])
    print(f"{name} n={n} right={right}: type I {share:.3f}, coverage {held(found, 0.0):.3f}")
    assert share <= MOST
    assert held(found, 0.0) >= LEAST


@pytest.mark.parametrize("n", [50, 200, 1_000])
@pytest.mark.parametrize("right", [(0.5, 0.6), (0.8, 0.9), (0.9, 0.98)])
@pytest.mark.parametrize(("name", "k"), [("f1", 2), ("matthews", 2), ("f1-macro", 3), ("balanced-accuracy", 3)])
def test_intervals_hold_a_difference_that_is_there(n: int, right: tuple[float, float], name: str, k: int) -> None:
    rng = np.random.default_rng(n)
    truth = expected(name, right[1], k) - expected(name, right[0], k)
    drawn = [classified(rng, n, right, k) for _ in range(RUNS)]
    paired = held([metric_difference(name, *rows) for rows in drawn], truth)
    others = zip(drawn, drawn[1:] + drawn[:1], strict=True)
    unpaired = held([unpaired_metric_difference(name, y, a, z, b) for (y, a, _), (z, _, b) in others], truth)
    print(f"{name} n={n} right={right}: coverage paired {paired:.3f}, unpaired {unpaired:.3f}")
    assert paired >= LEAST
    assert unpaired >= LEAST


@pytest.mark.parametrize(("m", "n"), [(5, 5), (5, 100), (10, 10), (20, 20), (20, 200), (50, 50)])
@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0, 3.5])
def test_equal_areas(m: int, n: int, shift: float) -> None:
    """Correlated normal scores; the normal reference is recorded beside the default, Student's t."""
    rng = np.random.default_rng(m * n)
    y = np.repeat([1, 0], [m, n])
    found, plain = [], []
    for _ in range(RUNS):
        shared = rng.normal(size=m + n)
        a, b = (shift * y + math.sqrt(0.5) * (shared + rng.normal(size=m + n)) for _ in range(2))
        found.append(compare_areas(y, a, b))
        plain.append(compare_areas(y, a, b, reference="normal").p <= 0.05)
    share = np.mean([d.p <= 0.05 for d in found])
    print(f"auc m={m} n={n} shift={shift}: type I {share:.3f}, by the normal {np.mean(plain):.3f}")
    assert share <= MOST


@pytest.mark.parametrize(("m", "n"), [(20, 20), (20, 200), (100, 100)])
@pytest.mark.parametrize("shifts", [(0.5, 1.0), (1.0, 2.0), (2.0, 3.0)])
def test_areas_that_differ(m: int, n: int, shifts: tuple[float, float]) -> None:
    rng = np.random.default_rng(m + n)
    y = np.repeat([1, 0], [m, n])
    truth = float(np.diff(ndtr(np.array(shifts) / math.sqrt(2)))[0])
    found = []
    for _ in range(RUNS):
        shared = rng.normal(size=m + n)
        a, b = (d * y + math.sqrt(0.5) * (shared + rng.normal(size=m + n)) for d in shifts)
        found.append(compare_areas(y, a, b))
    print(f"auc m={m} n={n} {shifts}: coverage {held(found, truth):.3f}")
    assert held(found, truth) >= LEAST


def probabilities(rng: np.random.Generator, n: int) -> tuple[np.ndarray, ...]:
    z = rng.normal(size=n) * 2
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(int)
    return y, *(1 / (1 + np.exp(-z - 0.7 * rng.normal(size=n))) for _ in range(2))


def numbers(rng: np.random.Generator, n: int) -> tuple[np.ndarray, ...]:
    y = rng.normal(size=n)
    shared = rng.standard_t(5, size=n)
    return y, *(y + shared + rng.normal(size=n) for _ in range(2))


@pytest.mark.parametrize("n", [10, 20, 50, 200])
@pytest.mark.parametrize(
    ("name", "draw"),
    [
        ("log-loss", probabilities),
        ("brier", probabilities),
        ("average-precision", probabilities),
        ("mse", numbers),
        ("mae", numbers),
        ("r2", numbers),
    ],
)
def test_equal_losses(name: str, draw: Callable[..., tuple[np.ndarray, ...]], n: int) -> None:
    rng = np.random.default_rng(n)
    found = []
    while len(found) < RUNS:
        rows = draw(rng, n)
        if name != "average-precision" or 0 < rows[0].sum() < n:
            found.append(metric_difference(name, *rows, classes=[0, 1]))
    share = np.mean([d.p <= 0.05 for d in found])
    print(f"{name} n={n}: type I {share:.3f}")
    assert share <= MOST
