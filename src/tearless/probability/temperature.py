"""Temperature: how sharply probabilities follow the logits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tearless.calculus.exponentials import softmax
from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, array, known, within
from tearless.linear_algebra.kernels import differentiated, over


def temperature(logits: Any, t: float) -> Array:
    """The logits (z − max z)/t: their softmax is that of z/t, and no t > 0 makes it overflow.

    Shapes: (..., C) with C choices on the last axis, kept. t = 1 changes nothing but the shift; t → 0 leaves the
    largest alone, and at t = 0 that limit is returned: 0 for every largest (those that tie share equally), −inf for the
    rest; t = inf makes every choice alike. A choice with logit −inf was ruled out and stays so at any t. Raises
    ``InputError`` for t below 0 or nan, for nan and +inf among the logits, and where all are −inf. PyTorch gradients
    flow for t > 0. (D. H. Ackley, G. E. Hinton and T. J. Sejnowski, *A Learning Algorithm for Boltzmann Machines*,
    1985.)

    >>> softmax(temperature([2.0, 1.0, 0.1], 0.5)).round(3).tolist()
    [0.864, 0.117, 0.019]
    >>> temperature([2.0, 2.0, 0.1], 0).tolist()
    [0.0, 0.0, -inf]
    """
    xp, z, top = _with_largest(logits)
    try:
        warmth = float(t)
    except (TypeError, ValueError):
        warmth = math.nan
    if not warmth >= 0:
        raise InputError(f"t: expected a temperature of at least 0, got {t!r}; 1 leaves the model's probabilities")
    if warmth == 0:
        return xp.where(z == top, xp.zeros_like(z), xp.full_like(z, -xp.inf))
    if not differentiated(z) and not math.isinf(warmth):
        with np.errstate(over="ignore"):
            scaled = over(z - top, warmth)
        if warmth >= 1 or within(xp, xp.min(scaled), -math.inf, math.inf):
            return scaled
    possible = z > -xp.inf
    finite = xp.where(possible, z - top, xp.zeros_like(z))
    scaled = xp.zeros_like(z) if math.isinf(warmth) else _divided(xp, finite, warmth)
    return xp.where(possible, scaled, xp.full_like(z, -xp.inf))


def at_temperature(logits: Any, t: float) -> Array:
    """The probabilities softmax(z/t), of the shape of the logits. Errors and limits as ``temperature``.

    >>> at_temperature([2.0, 1.0, 0.1], 2.0).round(3).tolist(), at_temperature([5.0, -5.0], float("inf")).tolist()
    ([0.502, 0.304, 0.194], [0.5, 0.5])
    """
    return softmax(temperature(logits, t))


def usable(logits: Any) -> tuple[Any, Array]:
    """``(xp, logits)`` with choices on the last axis. Raises ``InputError`` for nan, +inf, and slices of −inf alone.

    Shape ``(..., C)``, kept.

    >>> usable([1.0, -float("inf")])[1].tolist()
    [1.0, -inf]
    >>> usable([float("nan")])
    Traceback (most recent call last):
    ...
    tearless.core.errors.InputError: logits: expected numbers below inf, got nan or inf; find where the model overflows
    """
    return _with_largest(logits)[:2]


def _with_largest(logits: Any) -> tuple[Any, Array, Array]:
    """What ``usable`` returns, and the largest logit of each slice, shape (..., 1)."""
    xp, z = array(logits, "logits")
    if z.ndim == 0:
        raise InputError("logits: expected one number for each choice, got a single number; give a vector")
    top = xp.max(z, axis=-1, keepdims=True)
    if not within(xp, top, -math.inf, math.inf):  # nan anywhere makes its slice's largest nan
        if known(xp.any(xp.isnan(top) | (top == xp.inf))):
            raise InputError("logits: expected numbers below inf, got nan or inf; find where the model overflows")
        if known(xp.any(top == -xp.inf)):
            raise InputError("logits: expected at least one choice that is not -inf, got none; some must stay possible")
    return xp, z, top


def _divided(xp: Any, z: Array, t: float) -> Array:
    """z/t for z ≤ 0; what would pass the largest float, far below any that counts, stops there."""
    least = float(xp.finfo(z.dtype).max)
    return z / t if t >= 1 else xp.clip(z, -least * t, None) / t
