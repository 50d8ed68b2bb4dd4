"""Scores of predicted probabilities, with their uncertainty: the two that honest probabilities make least."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.statistics.classification_scores import labels
from tearless.statistics.estimate import Estimate, Floats, of_one_length, plain
from tearless.statistics.score_intervals import of_bounded_losses

LEAST_PROBABILITY = float(np.finfo(np.float64).eps)
"""A probability of 0 counts as this: one impossible row that happens costs 36 nats, not infinity."""


def log_loss(truth: Any, probabilities: Any, *, classes: Any = None, level: float = 0.95) -> Estimate:
    """The mean of −ln of the probability that was given to the class that came, in nats; 0 is best.

    ``truth`` (n,) labels; ``probabilities`` (n, k), columns in the order of ``classes`` (the sorted labels of ``truth``
    if not given), rows summing to 1; or (n,), the probability of the second of two classes. Probabilities below 2.2e-16
    count as that. The standard error is s/√n of the rows' losses. The interval reckons with a row to come at the
    largest loss that these probabilities could have had, the least of them coming true: where rare rows cost most, few
    rows rarely hold one (``score_intervals.of_bounded_losses``). Raises ``InputError`` for probabilities that are none,
    or labels without a column.

    >>> round(log_loss([0, 1], [0.5, 0.25]).value, 6)  # (ln 2 + ln 4) / 2
    1.039721
    """
    codes, p = _probabilities(truth, probabilities, classes)
    most = -math.log(max(float(p.min()), LEAST_PROBABILITY))
    return of_bounded_losses(_log_losses(codes, p), most, level)


def brier(truth: Any, probabilities: Any, *, classes: Any = None, level: float = 0.95) -> Estimate:
    """The mean squared distance of the probabilities from what came: 0 is best.

    Shapes as ``log_loss``. Two classes: (p − y)², from 0 to 1; more: Σₖ(pₖ − yₖ)², from 0 to 2. The standard error is
    s/√n. The interval is as ``log_loss``. G. W. Brier, Monthly Weather Review 78, 1950, 1-3.

    >>> brier([0, 1], [0.5, 0.25]).value  # (0.25 + 0.5625) / 2
    0.40625
    """
    codes, p = _probabilities(truth, probabilities, classes)
    losses, worst = _brier_losses(codes, p)
    most = float((np.einsum("ij,ij->i", p, p) + 1 - 2 * p.min(axis=1)).max()) * worst / 2
    return of_bounded_losses(losses, most, level)


def log_losses(truth: Any, probabilities: Any, classes: Any = None) -> Floats:
    """Each row's −ln of the probability given to its class, arguments as ``log_loss``. Shape (n,).

    >>> log_losses([0, 1], [0.5, 0.25]).round(6).tolist()  # ln 2, ln 4
    [0.693147, 1.386294]
    """
    return _log_losses(*_probabilities(truth, probabilities, classes))


def brier_losses(truth: Any, probabilities: Any, classes: Any = None) -> tuple[Floats, float]:
    """Each row's squared distance, arguments as ``brier``, and the largest possible: 1 for two classes, 2 for more.

    >>> brier_losses([0, 1], [0.5, 0.25])[0].tolist()
    [0.25, 0.5625]
    """
    return _brier_losses(*_probabilities(truth, probabilities, classes))


def _log_losses(codes: Any, p: Floats) -> Floats:
    losses: Floats = -np.log(np.clip(p[np.arange(len(p)), codes], LEAST_PROBABILITY, 1.0))
    return losses + 0.0


def _brier_losses(codes: Any, p: Floats) -> tuple[Floats, float]:
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
