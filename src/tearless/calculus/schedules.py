"""Schedules: what the rate is multiplied by at step t, counted from 0. Pure functions of t, so any step can be
asked."""

from __future__ import annotations

import math
from collections.abc import Callable

from tearless.linear_algebra.arrays import positive, whole

Schedule = Callable[[int], float]


def constant() -> Schedule:
    """1 at every step.

    >>> constant()(7)
    1.0
    """
    return lambda _: 1.0


def warm_up(steps: int, then: Schedule | None = None) -> Schedule:
    """(t+1)/steps for the first ``steps`` steps, then ``then``, counted from its own start.

    The first step is made, and not multiplied by 0 as in libraries that count t/steps: those stand one step behind
    during the warm-up, and are equal after it. Raises ``InputError`` unless ``steps`` is a whole number of at least 1.

    >>> [warm_up(4)(t) for t in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    whole(steps, "steps")
    after = then or constant()
    return lambda t: (t + 1) / steps if t < steps else after(t - steps)


def cosine(steps: int, floor: float = 0.0) -> Schedule:
    """From 1 down to ``floor`` along half a cosine (Loshchilov and Hutter 2017), and ``floor`` from step ``steps`` on.

    >>> [round(cosine(4)(t), 3) for t in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]
    """
    whole(steps, "steps")
    low = positive(floor, "floor", zero=True)
    return lambda t: low + (1 - low) * (1 + math.cos(math.pi * min(t, steps) / steps)) / 2


def linear(steps: int, floor: float = 0.0) -> Schedule:
    """From 1 down to ``floor`` in equal parts, and ``floor`` from step ``steps`` on.

    >>> [linear(4)(t) for t in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    whole(steps, "steps")
    low = positive(floor, "floor", zero=True)
    return lambda t: 1 - (1 - low) * min(t, steps) / steps


def stepwise(every: int, factor: float = 0.1) -> Schedule:
    """``factor`` once for each ``every`` steps made.

    >>> [stepwise(2, 0.5)(t) for t in range(5)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    whole(every, "every")
    shrink = positive(factor, "factor")
    return lambda t: shrink ** (t // every)


def exponential(factor: float) -> Schedule:
    """``factor`` to the power t.

    >>> exponential(0.5)(3)
    0.125
    """
    shrink = positive(factor, "factor")
    return lambda t: shrink**t


def inverse_square_root(steps: int) -> Schedule:
    """Linear warm-up over ``steps`` steps, then √(steps/(t+1)) (Vaswani et al. 2017, section 5.3, scaled to 1).

    >>> [round(inverse_square_root(4)(t), 3) for t in (0, 3, 15)]
    [0.25, 1.0, 0.5]
    """
    whole(steps, "steps")
    return lambda t: min((t + 1) / steps, math.sqrt(steps / (t + 1)))


def area(schedule: Schedule, steps: int) -> float:
    """The sum of the multipliers over the first ``steps`` steps: how many full-rate steps the schedule is worth.

    A schedule that decays before the model has learned shows itself here.

    >>> area(linear(4), 4)
    2.5
    """
    whole(steps, "steps")
    return math.fsum(schedule(t) for t in range(steps))
