"""Newton's method for smooth convex losses: the step that would end it if the loss were a quadratic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import array, positive

Vector = NDArray[np.float64]
HALVINGS = 40
"""Steps are halved at most this often: 2⁻⁴⁰ of a step changes nothing that matters."""


@dataclass(frozen=True, slots=True)
class NewtonStep:
    """One step: the loss before it, the ``decrement``, by which a quadratic would fall, and the ``share`` walked.

    One of the ``steps`` of a ``Minimum``.
    """

    loss: float
    decrement: float
    share: float


@dataclass(frozen=True, slots=True)
class Minimum:
    """Where Newton's method ended: the weights, the steps, whether the stopping rule held, and the last direction.

    Made by ``newton``. ``w`` and ``direction`` have shape ``(p,)``; ``converged``: the rule held.
    """

    w: Vector
    steps: tuple[NewtonStep, ...]
    converged: bool
    direction: Vector


def newton(
    loss: Callable[[Vector], float],
    slope: Callable[[Vector], tuple[Vector, Vector]],
    w: Any,
    *,
    tolerance: float,
    most: int = 100,
) -> Minimum:
    """Minimise a convex ``loss`` of weights ``(n,)`` from ``w``; ``slope(w)`` gives ``(∇f, d)`` with ∇²f·d = −∇f.

    The step d is halved until the loss falls by at least 10⁻⁴ of what its slope promises (Armijo), so that it converges
    from anywhere. The decrement −∇f·d/2 is what the loss would still fall if it were a quadratic; when it is at most
    ``tolerance``, in the unit of the loss, the whole step is walked once more, and as the error is squared by each such
    step, what is left is far below the tolerance. Whatever linear change the weights undergo, the steps are the same.
    (Boyd, Vandenberghe, *Convex Optimization*, section 9.5.) A rise of the loss within its rounding is let
    pass; a loss of nan counts as too large. Raises ``InputError`` for a direction in which the loss does not fall: the
    loss is not convex or the direction not Newton's.

    >>> found = newton(lambda w: float(np.cosh(w[0])), lambda w: (np.sinh(w), -np.tanh(w)), [1.0], tolerance=1e-6)
    >>> bool(abs(found.w[0]) < 1e-15), len(found.steps), found.converged
    (True, 4, True)
    """
    w = np.asarray(array(w, "w", ndim=1)[1], dtype=np.float64)
    positive(tolerance, "tolerance", zero=True)
    here, d, done = loss(w), np.zeros_like(w), False
    steps: list[NewtonStep] = []
    while len(steps) < most and not done:
        gradient, d = slope(w)
        decrement = float(-gradient @ d) / 2.0
        if decrement < -tolerance or not np.isfinite(decrement):
            raise InputError(
                f"slope: expected a direction in which the loss falls, got one with decrement {decrement:.3g}; check "
                "that the loss is convex"
            )
        done = decrement <= tolerance
        w, share, there = (w + d, 1.0, here) if done else _walked(loss, w, d, here, decrement)
        steps.append(NewtonStep(here, decrement, share))
        here = there
        if share == 0.0:
            break
    return Minimum(w, tuple(steps), done, d)


def _walked(
    loss: Callable[[Vector], float], w: Vector, d: Vector, here: float, decrement: float
) -> tuple[Vector, float, float]:
    """Weights, share and loss once the step is halved until the loss falls enough; share 0 where it never does."""
    share, rounding = 1.0, 8.0 * np.finfo(np.float64).eps * abs(here)
    for _ in range(HALVINGS):
        there = loss(w + share * d)
        if there <= here - 2e-4 * share * decrement + rounding:
            return w + share * d, share, there
        share /= 2.0
    return w, 0.0, here
