"""x ln(x/m) − x + m: the part of a count, or of a probability, that its expectation does not explain.

Everything here that compares what came with what was expected is a sum of it: the Kullback-Leibler divergence, and the
probabilities of counts (Poisson, binomial, gamma, beta) near their middle. Written out plainly it loses every digit
where x is near m, for it is of second order in x − m.
"""

from __future__ import annotations

from typing import Any

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, arrays

_TERMS = 18
"""Below |v| = 1/3 the first term left out, v^37/37 beside v², is under 1e-18 of the sum."""


def deviance(x: Any, expected: Any) -> Array:
    """x ln(x/m) − x + m for each x and its expectation m: never negative, and 0 only where they are equal.

    Shapes: any two that broadcast. At x = 0 it is m; at m = 0 it is inf, unless x = 0 as well, where it is 0. nan stays
    nan. Raises ``InputError`` for negative numbers. Right to a few ulp at any ratio: within a factor of 2 of each other
    it is summed as (x−m)v + 2x(v³/3 + v⁵/5 + …) with v = (x−m)/(x+m) (C. Loader, *Fast and Accurate Computation of
    Binomial Probabilities*, 2000, section 3). PyTorch gradients flow where x and m are positive.

    >>> deviance([0.0, 1.0, 2.0], [1.0, 1.0, 1.0]).round(6).tolist()
    [1.0, 0.0, 0.386294]
    """
    xp, x, m = arrays(x=x, expected=expected)
    if bool(xp.any((x < 0) | (m < 0))):
        raise InputError("x, expected: expected no negative number, got one; these are counts or probabilities")
    x, m = xp.broadcast_arrays(x, m)
    none, never = x == 0, (m == 0) & (x > 0)
    some = ~none & ~never
    one = xp.ones_like(x)
    safe_x, safe_m = xp.where(some, x, one), xp.where(some, m, one)
    value = xp.where(none, m, xp.where(never, xp.full_like(x, xp.inf), _near_or_far(xp, safe_x, safe_m)))
    return xp.where(xp.isnan(x + m), x + m, value)


def _near_or_far(xp: Any, x: Array, m: Array) -> Array:
    v = (x - m) / (x + m)
    near = xp.abs(v) < 1 / 3
    u = xp.where(near, v, xp.zeros_like(v))
    tail = xp.zeros_like(u)
    for j in range(_TERMS, 0, -1):
        tail = (tail + 1 / (2 * j + 1)) * u * u
    far_x, far_m = xp.where(near, xp.ones_like(x), x), xp.where(near, xp.ones_like(m), m)
    far = far_x * (xp.log(far_x) - xp.log(far_m)) - far_x + far_m
    return xp.where(near, (x - m) * u + 2 * x * u * tail, far)
