"""The law of Friedman's statistic when every row's ranks stand in any order: counted, for small tables."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from tearless.statistics.estimate import Floats

SUMS = 10_000_000
"""Rank sums over all rows, N(N(k − 1) + 1)^(k − 1), up to which they are counted: N = 135 for 3 models, 24 for 4, 8 for
5; half a second."""
STATES = 1_000_000
"""What one row may lead to, which ties can swell, before counting is given up."""


def friedman_chance(ranks: Floats) -> float | None:
    """The chance that the rank sums spread at least as far, over all k! orders of each row; None where too many.

    ``ranks`` (N, k), midranks of each row. Exact, with ties. The rank sums are counted row by row as sorted sets, for
    the order of the models does not matter. M. Friedman, J. Am. Statist. Assoc. 32, 1937, 675-701.

    >>> round(friedman_chance(np.array([[1.0, 2, 3], [1, 2, 3], [1, 2, 3]])) * 36, 9)  # 6 of 216 orders
    1.0
    """
    doubled = np.rint(2 * ranks).astype(np.int64)
    rows, k = doubled.shape
    base = int(doubled.sum(axis=0).max() + 2 * k * rows + 1)
    if k > 6 or base**k >= 2**62 or rows * (rows * (k - 1) + 1) ** (k - 1) > SUMS:
        return None
    weights = base ** np.arange(k, dtype=np.int64)
    sums, chances = np.sort(doubled[:1], axis=1), np.ones(1)
    for row in doubled[1:]:
        orders, times = np.unique(np.array(list(itertools.permutations(row.tolist()))), axis=0, return_counts=True)
        if len(sums) * len(orders) > STATES:
            return None
        sums, chances = _added(sums, chances, orders, times / times.sum(), weights)
    centre = rows * (k + 1)
    spread = ((sums - centre) ** 2).sum(axis=1)
    seen = int(((doubled.sum(axis=0) - centre) ** 2).sum())
    return min(1.0, float(chances[spread >= seen].sum()))


def _added(
    sums: NDArray[np.int64], chances: Floats, orders: NDArray[np.int64], times: Floats, weights: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Floats]:
    """One row more: every order of it added to every set of sums, equal sets put together."""
    k = sums.shape[1]
    both = np.sort((sums[:, None, :] + orders).reshape(-1, k), axis=1)
    chance = (chances[:, None] * times).ravel()
    both = both.astype(np.int64)
    _, first, at = np.unique(both @ weights, return_index=True, return_inverse=True)
    return both[first], np.bincount(at.ravel(), weights=chance).astype(np.float64)
