"""What each row adds to a mean loss (log loss, Brier, MSE, MAE), to its root, and to R²."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.statistics.comparison.influence import Influence
from tearless.statistics.estimate import Floats, of_one_length, plain
from tearless.statistics.probability_scores import brier_losses, log_losses


def of_losses(losses: Floats, worst: float | None = None) -> Influence:
    """Of a mean of one loss a row; ``worst`` is the largest possible, the largest seen where it is not given.

    Shape (n,). Raises ``InputError`` where the losses are too large to be squared.

    >>> round(of_losses(np.array([1.0, 2.0, 3.0])).variance, 12)  # s²/n = 1/3
    0.333333333333
    """
    n = len(losses)
    most = float(losses.max())
    if not most < 1e150:
        raise InputError(f"predicted: expected errors that can be squared, got {most:.3g}; divide by a constant first")
    value = float(losses.mean())
    psi = losses - value
    psi -= psi.mean()
    known = most if worst is None else worst
    if n == 1:
        return Influence(value, np.zeros(1), 1, None, (known / 2) ** 2 if worst is not None else math.inf, known)
    return Influence(value, psi * math.sqrt(n / (n - 1)), n, None, 0.0, known)


def of_log_loss(truth: Any, predicted: Any, *, classes: Any = None, **_: Any) -> Influence:
    """Of the mean of −ln of the probability given to the class that came.

    >>> round(of_log_loss([0, 1], [0.5, 0.25]).value, 6)
    1.039721
    """
    return of_losses(log_losses(truth, predicted, classes))


def of_brier(truth: Any, predicted: Any, *, classes: Any = None, **_: Any) -> Influence:
    """Of the mean squared distance of the probabilities from what came.

    >>> of_brier([0, 1], [0.5, 0.25]).value
    0.40625
    """
    losses, worst = brier_losses(truth, predicted, classes)
    return of_losses(losses, worst)


def of_errors(loss: Callable[[Floats], Floats]) -> Callable[..., Influence]:
    """Of the mean of a loss of the error: its square, its absolute value.

    >>> of_errors(np.abs)([1.0, 2.0], [1.0, 5.0]).value
    1.5
    """

    def of(truth: Any, predicted: Any, **_: Any) -> Influence:
        y, p = _pair(truth, predicted)
        with np.errstate(over="ignore"):
            return of_losses(loss(y - p))

    return of


def of_root(truth: Any, predicted: Any, **_: Any) -> Influence:
    """Of the root of the mean squared error (delta method).

    >>> round(of_root([0.0, 0.0], [3.0, 4.0]).value ** 2, 12)
    12.5
    """
    mean = of_errors(np.square)(truth, predicted)
    root = math.sqrt(mean.value)
    psi = mean.psi / (2 * root) if root > 0 else mean.psi
    return Influence(root, psi, mean.units, None, mean.unknown, math.sqrt(mean.worst))


def of_r_squared(truth: Any, predicted: Any, **_: Any) -> Influence:
    """Of 1 − Σ(y − ŷ)²/Σ(y − ȳ)². Raises ``InputError`` where y never changes.

    >>> round(of_r_squared([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 3.0]).value, 12)
    0.8
    """
    y, p = _pair(truth, predicted)
    if y.min() == y.max():
        raise InputError("truth: expected numbers that differ, got a constant; R² has nothing to predict there")
    shifted = y / 4 - y[0] / 4
    size = float(np.abs(shifted).max())
    shifted = shifted / size
    squares = (shifted - shifted.mean()) ** 2
    with np.errstate(over="ignore"):
        errors = of_losses(((y / 4 - p / 4) / size) ** 2)
    spread, n = float(squares.mean()), len(y)
    left = errors.value / spread
    psi = -(errors.psi - left * (squares - spread) * math.sqrt(n / (n - 1))) / spread
    return Influence(1 - left, psi, n, None, 0.0, errors.worst / spread)


def _pair(truth: Any, predicted: Any) -> tuple[Floats, Floats]:
    y, p = plain(truth, "truth"), plain(predicted, "predicted")
    of_one_length(truth=y, predicted=p)
    return y, p
