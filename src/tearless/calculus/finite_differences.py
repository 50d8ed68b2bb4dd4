"""Derivatives by differences, with the step that makes the error smallest: the independent second opinion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive

Vector = NDArray[np.float64]

U = float(np.finfo(np.float64).eps) / 2
"""Unit roundoff of float64."""
STEP = (3 * U) ** (1 / 3)
"""Relative step of the central difference: it balances rounding u/h against truncation h²/6·f‴ where f ≈ f‴ in size."""
SECOND_STEP = (48 * U) ** (1 / 4)
"""Relative step of the second difference: it balances 4u/h² against h²/12·f⁗."""


def gradient(f: Callable[[Vector], Any], x: ArrayLike, *, scale: float = 1.0) -> Vector:
    """∂f/∂xᵢ by central differences, of the shape of ``x``; 2·size(x) evaluations.

    ``f`` takes a float64 array of the shape of x and returns a number. ``scale`` is the length over which f changes its
    shape near 0. Each step is h = (3u)^⅓ · max(scale, |xᵢ|) ≈ 6.9e-6 of it, and the distance divided by is the one that
    was really made; the error is then about u^⅔ ≈ 2e-11 relative to the larger of |f| and |f‴| (Nocedal and Wright,
    *Numerical Optimization*, 2nd ed. 2006, section 8.1). nan of f gives nan. Raises ``InputError`` where f returns no
    single number, or x is not finite.

    >>> gradient(lambda x: (x**2).sum(), [1.0, -2.0]).round(8).tolist()
    [2.0, -4.0]
    """
    point, length = _point(x), positive(scale, "scale")
    out = np.empty_like(point)
    for i in np.ndindex(point.shape):
        high, low = point.copy(), point.copy()
        h = STEP * max(length, abs(float(point[i])))
        high[i] += h
        low[i] -= h
        out[i] = (_number(f, high) - _number(f, low)) / (high[i] - low[i])
    return out


def curvature(f: Callable[[Vector], Any], x: ArrayLike, direction: ArrayLike) -> float:
    """dᵀH d, the second derivative of f at x along a direction d, by a second difference; 3 evaluations.

    The step along d/‖d‖ is (48u)^¼ · max(1, |x|): the error is then about √u ≈ 1e-8 relative to ‖d‖² times the larger
    of |f| and |f⁗|. Shapes of x and d ``(n,)``. A direction of zeros gives 0. Raises ``InputError`` for another shape
    than that of x.

    >>> round(curvature(lambda x: (x**2).sum(), [1.0, 2.0], [1.0, 0.0]), 5)
    2.0
    """
    point, d = _point(x), np.asarray(direction, dtype=np.float64)
    if d.shape != point.shape:
        raise InputError(f"direction: expected the shape of x, {point.shape}, got {d.shape}; reshape it")
    norm = float(np.linalg.norm(d))
    if norm == 0:
        return 0.0
    h = SECOND_STEP * max(1.0, float(np.abs(point).max(initial=0.0))) / norm
    middle = _number(f, point)
    high, low = _number(f, point + h * d), _number(f, point - h * d)
    return float(((high - middle) + (low - middle)) / (h * h))


def largest_difference(
    f: Callable[[Vector], Any], derivative: ArrayLike, x: ArrayLike
) -> tuple[float, tuple[int, ...]]:
    """``(error, where)``: how far a derivative lies from the difference quotient at worst, and at which entry.

    The error is relative to max(1, |difference|). A correct derivative of a smooth function of moderate size gives
    about 1e-9 and less; a wrong sign gives 2, a forgotten factor 2 gives about 0.5 or 1. Raises ``InputError`` for
    another shape than that of x.

    >>> error, where = largest_difference(lambda x: (x**2).sum(), [2.0, 4.0], [1.0, -2.0])
    >>> round(error, 6), where
    (2.0, (1,))
    """
    measured = gradient(f, x)
    claimed = np.asarray(derivative, dtype=np.float64)
    if claimed.shape != measured.shape:
        raise InputError(f"derivative: expected the shape of x, {measured.shape}, got {claimed.shape}; reshape it")
    error = np.abs(claimed - measured) / np.maximum(1.0, np.abs(measured))
    error = np.where(np.isnan(error), np.inf, error)
    where = np.unravel_index(int(np.argmax(error)), error.shape) if error.size else ()
    return (float(error[where]) if error.size else 0.0), tuple(int(i) for i in where)


def _point(x: ArrayLike) -> Vector:
    point = np.array(x, dtype=np.float64)
    if not np.isfinite(point).all():
        raise InputError("x: expected finite numbers, got nan or inf among them; choose another point")
    return point


def _number(f: Callable[[Vector], Any], x: Vector) -> float:
    value = np.asarray(f(x), dtype=np.float64)
    if value.size != 1:
        raise InputError(f"f: expected a function that returns one number, got shape {value.shape}; sum or average it")
    return float(value.reshape(()))
