"""What can be summed of the designs of ``honesty.py``: errors and coverages of two accuracies, and power."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import stats

from tearless.statistics.comparison.mcnemar import log_p
from tearless.statistics.comparison.paired_power import paired_power
from tearless.statistics.comparison.paired_proportions import tied_limits
from tearless.statistics.comparison.two_proportions import compare_unpaired, score_limits
from tearless.statistics.estimate import normal_quantile

Rate = Callable[[], tuple[float, int]]
UNSEEN = 1e-10
"""Counts rarer than this are left out of a sum."""


def triples(n: int, only_a: float, only_b: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The counts that exactly one model gets right, with their chances; those that never come left out."""
    reach = [int(stats.binom.isf(UNSEEN, n, p)) + 1 for p in (only_a, only_b)]
    a, b = (x.ravel() for x in np.meshgrid(*(np.arange(min(n, r) + 1) for r in reach), indexing="ij"))
    a, b = a[a + b <= n], b[a + b <= n]
    chance = stats.binom.pmf(a, n, only_a) * stats.binom.pmf(b, n - a, only_b / (1 - only_a))
    kept = chance > UNSEEN
    return a[kept].astype(float), b[kept].astype(float), chance[kept]


def paired_error(n: int, differing: float, method: Any) -> Rate:
    def rate() -> tuple[float, int]:
        a, b, chance = triples(n, differing / 2, differing / 2)
        return float(chance[np.exp(log_p(a, b, method)) <= 0.05].sum()), 0

    return rate


def paired_coverage(n: int, right: float) -> float:
    """The least coverage of the default interval for no difference, a point, and half of the errors."""
    wrong, found = 1 - right, []
    for better in (0.0, min(0.01, wrong / 2), wrong / 2):
        a, b, chance = triples(n, wrong / 2, wrong / 2 + better)
        log_chance = log_p(a, b)
        low, high = tied_limits(a, b, n, log_chance, np.exp(log_chance) <= 0.05)
        found.append(float(chance[(low <= better) & (better <= high)].sum()))
    return min(found)


def unpaired_coverage(n: int, right: float) -> float:
    x = np.arange(n + 1.0)
    chance = stats.binom.pmf(x, n, right)
    kept = np.flatnonzero(chance > UNSEEN)
    a, b = (v.ravel() for v in np.meshgrid(x[kept], x[kept], indexing="ij"))
    low, high = score_limits(a, n, b, n, normal_quantile(0.95) * math.sqrt(2 * n / (2 * n - 1)))
    return float(np.outer(chance[kept], chance[kept]).ravel()[(low <= 0) & (high >= 0)].sum())


def power() -> Iterator[str]:
    """The default for paired accuracy beside the test for two sets, on the same data."""
    found = paired_power(500, 0.03, 0.09)
    rng, runs = np.random.default_rng(7), 2_000
    counts = rng.multinomial(500, [0.03, 0.06, 0.69, 0.22], runs)
    unpaired = [compare_unpaired(int(a + both), 500, int(b + both), 500).p for a, b, both, _ in counts]
    yield (
        f"Paired accuracy, 500 items, 9 % differing, 72 against 75 %: mid-p McNemar is sure in {100 * found:.1f} % "
        "(exact sum; at least 60 wanted); the test for two sets, on the same answers, in "
        f"{100 * np.mean(np.array(unpaired) <= 0.05):.1f} % ({runs:,} draws)."
    )
    for n, gap, differing in ((200, 0.05, 0.15), (1_000, 0.02, 0.08), (2_000, 0.01, 0.05)):
        mid, exact = (100 * paired_power(n, gap, differing, method=method) for method in ("mid-p", "exact"))
        design = f"{n:,} items, {100 * differing:g} % differing, +{100 * gap:g} points"
        yield f"{design}: mid-p {mid:.1f} %, exact {exact:.1f} %."
