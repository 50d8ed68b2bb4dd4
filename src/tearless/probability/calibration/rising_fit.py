"""The best rising fit: isotonic regression by pooling neighbours that fall, and the reliability curve it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.probability.calibration.forecasts import Floats, Indices, one_length, outcomes, vector

_WORTH_A_PASS = 4
"""While a pass over all pools takes away one in so many, the next is made at once for all; then one after the other."""


@dataclass(frozen=True, slots=True, eq=False)
class Pools:
    """Neighbours of one fitted value: their ``left`` and ``right`` forecast, their weight and value, all (pools,).

    Made by ``rising_curve``.
    """

    left: Floats
    right: Floats
    weight: Floats
    value: Floats

    @property
    def recalibrated(self) -> tuple[Floats, Floats]:
        """Forecasts and fitted values to draw a line through, both rising: the two ends of every pool."""
        x, v = np.stack([self.left, self.right], axis=1).ravel(), np.repeat(self.value, 2)
        new = np.concatenate([[True], np.diff(x) > 0])
        return x[new], v[new]


def rising_fit(values: Any, weights: Any = None) -> Floats:
    """The rising sequence nearest to ``values`` (n,) in weighted squares: isotonic regression, by pooling.

    Neighbours that fall are replaced by their weighted mean until none does (M. Ayer, H. D. Brunk, G. M. Ewing, W. T.
    Reid and E. Silverman, Ann. Math. Statist. 26, 1955, 641-647). O(n). For 0 and 1 it is also the rising sequence of
    greatest likelihood. Raises ``InputError`` for weights not above 0 and for other lengths.

    >>> rising_fit([1.0, 3.0, 2.0, 4.0]).tolist()
    [1.0, 2.5, 2.5, 4.0]
    """
    v = vector(values, "values")
    w = np.ones(len(v)) if weights is None else vector(weights, "weights")
    one_length(values=v, weights=w)
    if not w.min() > 0:
        raise InputError(f"weights: expected numbers above 0, got {w.min():g}; leave out rows that count for nothing")
    sizes, means, _ = _pooled(v, w)
    return np.repeat(means, sizes)


def rising_curve(y: Any, p: Any) -> Pools:
    """The share that came true as a rising function of the forecast: the reliability curve without bins to choose.

    Equal forecasts are one value, and each pool's value is the share of its rows. CORP: T. Dimitriadis, T. Gneiting and
    A. I. Jordan, *Stable reliability diagrams for probabilistic classifiers*, PNAS 118, 2021. O(n log n). Raises
    ``InputError`` as ``forecasts.outcomes``.

    >>> curve = rising_curve([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])
    >>> curve.value.tolist(), curve.left.tolist(), curve.right.tolist()
    ([0.0, 0.5, 1.0], [0.1, 0.2, 0.4], [0.1, 0.3, 0.4])
    """
    came, said = outcomes(y, p)
    order = np.argsort(said, kind="stable")
    said, came = said[order], came[order]
    first = np.flatnonzero(np.concatenate([[True], np.diff(said) > 0]))
    weight = np.diff(np.append(first, len(said))).astype(np.float64)
    sizes, means, weights = _pooled(np.add.reduceat(came, first) / weight, weight)
    last = np.cumsum(sizes) - 1
    distinct = said[first]
    return Pools(distinct[last - sizes + 1], distinct[last], weights, means)


def recalibrated(curve: Pools, p: Floats) -> Floats:
    """The fitted value of each forecast (n,) that the curve was made of.

    >>> recalibrated(rising_curve([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]), np.array([0.3])).tolist()
    [0.5]
    """
    return np.asarray(curve.value[np.clip(np.searchsorted(curve.right, p), 0, len(curve.value) - 1)])


def _pooled(v: Floats, w: Floats) -> tuple[Indices, Floats, Floats]:
    """How many values each pool holds, its mean and weight.

    A stretch that never rises ends up in one pool, so that all stretches can be pooled at once; sums are kept, and
    means taken from them, so that counts stay exact.
    """
    sizes = np.ones(len(v), dtype=np.intp)
    total, weight, mean = v * w, w, v
    while len(mean) > 1:
        first = np.flatnonzero(np.concatenate([[True], mean[1:] > mean[:-1]]))
        before = len(mean)
        if len(first) == before:
            return sizes, mean, weight
        sizes, total, weight = (np.add.reduceat(x, first) for x in (sizes, total, weight))
        mean = total / weight
        if before - len(mean) < before / _WORTH_A_PASS:
            return _one_by_one(sizes, total, weight)
    return sizes, mean, weight


def _one_by_one(sizes: Indices, total: Floats, weight: Floats) -> tuple[Indices, Floats, Floats]:
    """The same by a stack: each value joins the pools before it until they rise."""
    stack: list[tuple[int, float, float]] = []
    for size, s, w in zip(sizes.tolist(), total.tolist(), weight.tolist(), strict=True):
        while stack and stack[-1][1] * w >= s * stack[-1][2]:
            before = stack.pop()
            size, s, w = size + before[0], s + before[1], w + before[2]
        stack.append((size, s, w))
    columns = list(zip(*stack, strict=True))
    totals, weights = np.array(columns[1]), np.array(columns[2])
    return np.array(columns[0], dtype=np.intp), totals / weights, weights
