"""Scores of a confusion table with their slopes: how each falls or rises when one cell's share grows.

Every function takes the shares of a table (k, k), true classes in rows and called ones in columns, summing to 1, and
gives the score and its slope by each cell. The rows' contributions to the score follow from the slope, and so do its
variance and that of a difference of two models' scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from tearless.statistics.estimate import Floats

Scored = tuple[float, Floats]
Weights = Literal["none", "linear", "quadratic"]


def contributions(shares: Floats, slope: Floats) -> Floats:
    """What one row of each cell adds to the score: the slope less its mean over the rows. Shapes (k, k).

    >>> contributions(np.array([[0.5, 0.0], [0.25, 0.25]]), np.eye(2)).tolist()
    [[0.25, -0.75], [-0.75, 0.25]]
    """
    return slope - float((shares * slope).sum())


def row_variance(shares: Floats, slope: Floats) -> float:
    """The variance that one row brings to a score with this slope.

    >>> row_variance(np.array([[0.5, 0.0], [0.25, 0.25]]), np.eye(2))  # 0.75 * 0.25
    0.1875
    """
    return float((shares * contributions(shares, slope) ** 2).sum())


def accuracy(p: Floats) -> Scored:
    """The share on the diagonal.

    >>> accuracy(np.array([[0.5, 0.0], [0.25, 0.25]]))[0]
    0.75
    """
    return float(np.trace(p)), np.eye(len(p))


def share_of(axis: int, at: int) -> Callable[[Floats], Scored]:
    """Of class ``at``, the hits over the sum along ``axis``: 0 gives precision, 1 recall. 0 with slope 0 without any.

    >>> share_of(1, 0)(np.array([[0.25, 0.25], [0.0, 0.5]]))[0]
    0.5
    """

    def score(p: Floats) -> Scored:
        total = float(p.sum(axis=axis)[at])
        slope = np.zeros_like(p)
        if not total:
            return 0.0, slope
        value = float(p[at, at]) / total
        (slope if axis else slope.T)[at] = -value / total
        slope[at, at] += 1 / total
        return value, slope

    return score


def mean_share(axis: int, *, seen_only: bool = False) -> Callable[[Floats], Scored]:
    """The mean over classes of ``share_of``; with ``seen_only`` over those that occur along the axis.

    >>> mean_share(1)(np.array([[0.25, 0.25], [0.0, 0.5]]))[0]
    0.75
    """

    def score(p: Floats) -> Scored:
        total = p.sum(axis=axis)
        k = int((total > 0).sum()) if seen_only else len(p)
        safe = np.where(total > 0, total, 1.0)
        share = np.diag(p) / safe
        rate = -share / safe / k
        slope = np.repeat(rate[:, None], len(p), axis=1) if axis else np.repeat(rate[None, :], len(p), axis=0)
        return float(share.sum()) / k, slope + np.diag(np.where(total > 0, 1 / safe, 0.0)) / k

    return score


def f1_of(at: int) -> Callable[[Floats], Scored]:
    """2a/s of class ``at``: a its hits, s its true and called shares together. 0 with slope 0 where it never occurs.

    >>> f1_of(1)(np.array([[0.25, 0.25], [0.0, 0.5]]))[0]  # 2*0.5 / (0.5 + 0.75)
    0.8
    """

    def score(p: Floats) -> Scored:
        total = float(p[at].sum() + p[:, at].sum())
        slope = np.zeros_like(p)
        if not total:
            return 0.0, slope
        value = 2 * float(p[at, at]) / total
        slope[at] -= value / total
        slope[:, at] -= value / total
        slope[at, at] += 2 / total
        return value, slope

    return score


def macro_f1(p: Floats) -> Scored:
    """The mean over classes of ``f1_of``.

    >>> round(macro_f1(np.array([[0.5, 0.0], [0.25, 0.25]]))[0], 6)  # of 0.8 and 2/3
    0.733333
    """
    total = p.sum(axis=0) + p.sum(axis=1)
    safe = np.where(total > 0, total, 1.0)
    f = 2 * np.diag(p) / safe
    rate = f / safe
    slope = np.diag(np.where(total > 0, 2 / safe, 0.0)) - rate[:, None] - rate[None, :]
    return float(f.mean()), slope / len(f)


def matthews(p: Floats) -> Scored:
    """Matthews' coefficient (J. Gorodkin, Comput. Biol. Chem. 28, 2004, 367-374); needs two classes on both sides.

    >>> matthews(np.array([[0.5, 0.0], [0.0, 0.5]]))[0], matthews(np.full((2, 2), 0.25))[0]
    (1.0, 0.0)
    """
    true, called, hit = p.sum(axis=1), p.sum(axis=0), np.eye(len(p))
    spread_true, spread_called = 1 - true @ true, 1 - called @ called
    size = math.sqrt(spread_true * spread_called)
    value = float((np.trace(p) - true @ called) / size)
    slope = (hit - called[:, None] - true[None, :]) / size
    slope += value * (called[None, :] / spread_called + true[:, None] / spread_true)
    return max(-1.0, min(1.0, value)), slope


def disagreement(k: int, weights: Weights) -> Floats:
    """How much class i taken for class j costs: 1, their distance, or its square. Shape (k, k).

    >>> disagreement(3, "quadratic").tolist()
    [[0.0, 1.0, 4.0], [1.0, 0.0, 1.0], [4.0, 1.0, 0.0]]
    """
    distance = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(np.float64)
    return {"none": (distance > 0).astype(np.float64), "linear": distance, "quadratic": distance**2}[weights]


def kappa(weights: Weights = "none") -> Callable[[Floats], Scored]:
    """Cohen's κ, 1 − Σwp/Σwe with e the table of independent margins (J. Cohen, Psychol. Bull. 70, 1968, 213-220).

    >>> kappa()(np.array([[0.25, 0.25], [0.0, 0.5]]))[0]  # 1 - 0.25/0.5
    0.5
    """

    def score(p: Floats) -> Scored:
        cost = disagreement(len(p), weights)
        true, called = p.sum(axis=1), p.sum(axis=0)
        by_true, by_called = cost @ called, true @ cost
        seen, chance = float((cost * p).sum()), float(true @ by_true)
        slope = seen / chance**2 * (by_true[:, None] + by_called[None, :]) - cost / chance
        return min(1.0, 1 - seen / chance), slope

    return score
