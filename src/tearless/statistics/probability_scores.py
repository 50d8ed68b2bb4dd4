"""Scores of predicted probabilities, with their uncertainty: the two that honest probabilities make least."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.statistics.classification_scores import labels
from tearless.statistics.estimate import Estimate, Floats, of_one_length, plain, student_quantile
from tearless.statistics.intervals import clopper_pearson
from tearless.statistics.score_intervals import of_bounded_mean, of_positive_mean

LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
"""A probability of 0 counts as this: one impossible row that happens costs 36 nats, not infinity."""


def log_loss(truth: Any, probabilities: Any, *, classes: Any = None, level: float = 0.95) -> Estimate:
    """The mean of −ln of the probability that was given to the class that came, in nats; 0 is best.

    ``truth`` (n,) labels; ``probabilities`` (n, k), columns in the order of ``classes`` (the sorted labels of ``truth``
    if not given), rows summing to 1; or (n,), the probability of the second of two classes. Probabilities below 2.2e-16
    count as that. The standard error is s/√n of the rows' losses. The interval is on the scale of logarithms, t/√n·s
    over the mean: the losses have a long tail. Where all rows lost the same (0 above all) the spread says nothing:
    Clopper and Pearson's interval of n trials, for a mean between 0 and the largest possible loss, 36.04 nats. Raises
    ``InputError`` for probabilities that are none, or labels without a column.

    >>> round(log_loss([0, 1], [0.5, 0.25]).value, 6)  # (ln 2 + ln 4) / 2
    1.039721
    """
    losses = log_losses(truth, probabilities, classes)
    n = len(losses)
    if n > 1 and losses.min() < losses.max():
        return of_positive_mean(losses, level, student_quantile(level, n - 1))
    most = -math.log(LEAST_PROBABILITY)
    value = float(losses.mean())
    low, high = clopper_pearson(value / most * n, n, level)
    return Estimate(value, 0.0 if n > 1 else math.nan, most * low, most * high, level)


def brier(truth: Any, probabilities: Any, *, classes: Any = None, level: float = 0.95) -> Estimate:
    """The mean squared distance of the probabilities from what came: 0 is best.

    Shapes as ``log_loss``. Two classes: (p − y)², from 0 to 1; more: Σₖ(pₖ − yₖ)², from 0 to 2. The standard error is
    s/√n. The interval is Clopper and Pearson's with as many trials as that error is worth, and as there are rows where
    it is 0: it knows of no rare loss larger than those seen. G. W. Brier, Monthly Weather Review 78, 1950, 1-3.

    >>> brier([0, 1], [0.5, 0.25]).value  # (0.25 + 0.5625) / 2
    0.40625
    """
    full, worst = brier_losses(truth, probabilities, classes)
    losses, n = full / worst, len(full)
    variance = float(losses.var(ddof=1)) / n if n > 1 else 0.0
    found = of_bounded_mean(float(losses.mean()), variance, n, level)
    error = found.standard_error * worst if n > 1 else math.nan
    return Estimate(found.value * worst, error, found.low * worst, found.high * worst, level)


def log_losses(truth: Any, probabilities: Any, classes: Any = None) -> Floats:
    """Each row's −ln of the probability given to its class, arguments as ``log_loss``. Shape (n,).

    >>> log_losses([0, 1], [0.5, 0.25]).round(6).tolist()  # ln 2, ln 4
    [0.693147, 1.386294]
    """
    codes, p = _probabilities(truth, probabilities, classes)
    losses: Floats = -np.log(np.clip(p[np.arange(len(p)), codes], LEAST_PROBABILITY, 1.0))
    return losses + 0.0


def brier_losses(truth: Any, probabilities: Any, classes: Any = None) -> tuple[Floats, float]:
    """Each row's squared distance, arguments as ``brier``, and the largest possible: 1 for two classes, 2 for more.

    >>> brier_losses([0, 1], [0.5, 0.25])[0].tolist()
    [0.25, 0.5625]
    """
    codes, p = _probabilities(truth, probabilities, classes)
    worst = 1.0 if p.shape[1] == 2 else 2.0
    off = p.copy()
    off[np.arange(len(p)), codes] -= 1.0
    losses: Floats = np.einsum("ij,ij->i", off, off) / (2 / worst)
    return losses, worst


def _probabilities(truth: Any, probabilities: Any, classes: Any) -> tuple[Any, Floats]:
    """The column of each row's class, and the probabilities (n, k)."""
    y, p = labels(truth, "truth"), plain(probabilities, "probabilities", ndim=(1, 2))
    of_one_length(truth=y, probabilities=p)
    if p.min() < 0 or p.max() > 1:
        raise InputError(
            f"probabilities: expected numbers from 0 to 1, got {p.min():g} to {p.max():g}; apply a softmax to logits"
        )
    if p.ndim == 1 or p.shape[1] == 1:
        p = np.column_stack([1 - p.reshape(-1), p.reshape(-1)])
    elif np.abs(p.sum(axis=1) - 1).max() > math.sqrt(LEAST_PROBABILITY):
        raise InputError("probabilities: expected rows that add up to 1, got others; apply a softmax to logits")
    known = np.unique(y) if classes is None else labels(classes, "classes")
    if len(known) != p.shape[1]:
        raise InputError(f"classes: expected {p.shape[1]}, one a column, got {len(known)}; name them with classes=")
    order = np.argsort(known)
    at = np.clip(np.searchsorted(known[order], y), 0, len(known) - 1)
    codes = order[at]
    if (known[codes] != y).any():
        raise InputError("truth: expected classes that have a column, got others; name all with classes=")
    return codes, p
