"""Coverage of intervals for clustered items: what taking them for independent costs, and what few clusters cost."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit, stdtrit
from scipy.stats import norm

from tearless.statistics.comparison.cluster_spread import cluster_bootstrap, clustering
from tearless.statistics.comparison.clusters import compare_clustered

pytestmark = pytest.mark.slow


def truth(sd: float) -> float:
    """The mean of expit of a normal of this spread."""
    z = np.linspace(-10, 10, 20_001)
    return float(np.sum(expit(0.5 + sd * z) * norm.pdf(z)) * (z[1] - z[0]))


def covered(groups: int, sizes: np.ndarray, runs: int, sd: float = 1.3) -> dict[str, float]:
    """The share of intervals for a mean that hold it, by method."""
    rng = np.random.default_rng(groups)
    codes = np.repeat(np.arange(groups), sizes)
    aim = truth(sd)
    hits = dict.fromkeys(("naive", "z", "t", "effective"), 0)
    for _ in range(runs):
        x = (rng.random(len(codes)) < expit(0.5 + sd * rng.normal(size=groups))[codes]).astype(float)
        found = clustering(x, codes)
        off = abs(float(x.mean()) - aim)
        hits["naive"] += off <= 1.96 * found.naive_error
        hits["z"] += off <= 1.96 * found.error
        hits["t"] += off <= -stdtrit(groups - 1, 0.025) * found.error
        degrees = max(found.effective_clusters - 1, 1e-9)
        hits["effective"] += degrees < 1 or off <= -stdtrit(degrees, 0.025) * found.error
    return {name: count / runs for name, count in hits.items()}


@pytest.mark.parametrize(("groups", "naive", "t"), [(5, 0.72, 0.93), (10, 0.71, 0.945), (30, 0.71, 0.945)])
def test_clusters_of_ten(groups: int, naive: float, t: float) -> None:
    found = covered(groups, np.full(groups, 10), 8_000)
    print(groups, found)
    assert found["t"] == pytest.approx(t, abs=0.012)
    assert found["naive"] == pytest.approx(naive, abs=0.04)
    assert found["z"] < found["t"]


@pytest.mark.parametrize("groups", [10, 30])
def test_unequal_clusters_want_fewer_degrees_of_freedom(groups: int) -> None:
    sizes = np.maximum(1, np.round(10 * np.exp(norm.ppf((np.arange(groups) + 0.5) / groups) - 0.5))).astype(int)
    found = covered(groups, sizes, 4_000)
    print("unequal", groups, found)
    assert found["t"] < 0.93
    assert found["effective"] >= 0.935


def test_equal_models_on_clustered_items() -> None:
    """Type I error of the difference, by CR1 and by the bootstrap of clusters."""
    rng = np.random.default_rng(0)
    codes = np.repeat(np.arange(30), 10)
    wrong = percentile = 0
    runs = 2_000
    for run in range(runs):
        gap = rng.normal(size=30)[codes]
        a, b = ((rng.random(300) < expit(0.5 + side * gap)).astype(float) for side in (0.7, -0.7))
        wrong += compare_clustered(a, b, codes).difference.p <= 0.05
        if run % 4 == 0:
            e = cluster_bootstrap(b - a, codes, resamples=999, seed=run).estimate
            percentile += not e.low <= 0 <= e.high
    print("type I", wrong / runs, "bootstrap", percentile / (runs / 4))
    assert wrong / runs == pytest.approx(0.05, abs=2.6 * math.sqrt(0.05 * 0.95 / runs))
    assert percentile / (runs / 4) < 0.10
