"""What the scale of the inputs costs the first layer: steps that a rate must take, and how far one step goes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.readers.training.told import Tensor

LEAST = 0.1
"""What a layer gives at least before the layers after it see more than their own biases."""


@dataclass(frozen=True)
class Cost:
    """``steps`` that the median column takes at the best rate there is, ``largest`` eigenvalue of E[x xᵀ], its
    ``condition`` (over the median column's own variance), and the ``reach`` of one step: the change of what the first
    layer gives, as a share of the largest that is safe. Made by ``for_gradient_descent``."""

    steps: float
    largest: float
    condition: float
    reach: float


def moments_over_batches(tensors: Sequence[Tensor]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and spread of each column over all batches that were looked at, both (p,).

    >>> batches = [Tensor(means=(1.0,), stds=(0.0,)), Tensor(means=(3.0,), stds=(0.0,))]
    >>> [found.tolist() for found in moments_over_batches(batches)]
    [[2.0], [1.0]]
    """
    columns = min(len(x.stds) for x in tensors)
    means = np.array([x.means[:columns] for x in tensors], dtype=np.float64)
    stds = np.array([x.stds[:columns] for x in tensors], dtype=np.float64)
    return means.mean(0), np.sqrt((stds**2).mean(0) + means.var(0))


def for_gradient_descent(means: ArrayLike, stds: ArrayLike, width: float, rate: float, momentum: float = 0.0) -> Cost:
    """What plain gradient descent pays; ``means`` and ``stds`` of shape (p,) are those of the columns.

    The curvature along a weight of column j is in proportion to its variance, the largest to the largest eigenvalue of
    E[x xᵀ] = diag(s²) + m mᵀ. No rate above 2 / largest is stable, so column j takes at least largest / (2 s²) steps,
    divided by 1 / (1 − β) under momentum β. The logistic loss has curvature 1/4 at most, so a rate reaches its limit
    where rate · largest / 4 = 2 (1 + β). ``width``: how many inputs the layer has, where ``p`` of them are told
    (Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, *Efficient BackProp*, 1998, section 4.3).

    >>> cost = for_gradient_descent([3.0, 4.0], [1.0, 1.0], 2, 0.1)
    >>> round(cost.largest, 9), round(cost.steps, 9), round(cost.reach, 9)
    (26.0, 13.0, 0.325)
    """
    m, s = _moving(means, stds)
    if not len(m):
        return Cost(0.0, 0.0, 1.0, 0.0)
    largest = float(np.linalg.eigvalsh(np.diag(s**2) + np.outer(m, m) * max(1.0, width / len(m)))[-1])
    condition = largest / float(np.median(s**2))
    return Cost(condition / 2 * (1 - momentum), largest, condition, rate * largest / 4 / (2 * (1 + momentum)))


def for_scaled_descent(means: ArrayLike, stds: ArrayLike, width: float, rate: float) -> Cost:
    """What Adam and its kin pay, which divide each weight's gradient by its root mean square; arrays of shape (p,).

    That divides column j by r = √(m² + s²), whose variance is then (s / r)²: a column's unit is cured, its offset is
    not. One step changes a weight by the rate, and so what the layer gives by up to rate · Σ r, which is safe below 1.
    Where spreads are small, weights must grow by (0.1 / s − 1) / √p, at most the rate a step, before the layer gives
    numbers near 0.1 (D. P. Kingma, J. Ba, *Adam*, ICLR 2015, section 2.1).

    >>> cost = for_scaled_descent([0.0, 0.0], [1.0, 100.0], 2, 0.01)
    >>> round(cost.condition, 9), round(cost.reach, 9)
    (1.0, 1.01)
    """
    m, s = _moving(means, stds)
    if not len(m):
        return Cost(0.0, 0.0, 1.0, 0.0)
    wide = max(1.0, width / len(m))
    r = np.hypot(m, s)
    largest = float(np.linalg.eigvalsh(np.diag((s / r) ** 2) + np.outer(m / r, m / r) * wide)[-1])
    condition = largest / float(np.median((s / r) ** 2))
    growth = max(0.0, LEAST / float(np.sqrt((s**2).mean())) - 1) / math.sqrt(wide * len(s))
    slow = growth / rate if rate > 0 else math.inf
    return Cost(max(condition / 2, slow), largest, condition, rate * wide * float(r.sum()))


def _moving(means: ArrayLike, stds: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The columns that vary."""
    m, s = np.asarray(means, dtype=np.float64), np.asarray(stds, dtype=np.float64)
    kept = np.isfinite(m) & np.isfinite(s) & (s > 1e-9 * np.abs(m)) & (s > 0)
    return m[kept], s[kept]
