"""Where a function of one number crosses zero, between two ends where its sign differs."""

from __future__ import annotations

import math
from collections.abc import Callable

from tearless.core import InputError


def root(f: Callable[[float], float], low: float, high: float, *, tolerance: float = 1e-12, most: int = 200) -> float:
    """A zero of ``f`` between ``low`` and ``high``, whose signs must differ, to within ``tolerance`` of its argument.

    Straight lines through the two ends (regula falsi); the end that stays counts half, so that both move (the Illinois
    rule: G. Dahlquist and Å. Björck, *Numerical Methods*, 1974, section 6.4.2), and the bracket is halved where a line
    did not halve it in three steps, or a value is infinite. A handful of steps where ``f`` is smooth; never more than
    halving would take times four. Raises ``InputError`` where the signs are equal.

    >>> round(root(lambda x: x * x - 2.0, 0.0, 2.0), 9)
    1.414213562
    """
    at_low, at_high = f(low), f(high)
    if at_low == 0 or at_high == 0:
        return low if at_low == 0 else high
    if not (at_low > 0) != (at_high > 0):
        raise InputError(f"low, high: expected values of two signs, got {at_low:g} and {at_high:g}; widen the bracket")
    sign = 1.0 if at_high > 0 else -1.0
    a, b, fa, fb, before, stayed = low, high, sign * at_low, sign * at_high, high - low, 0
    for step in range(most):
        middle = a + (b - a) / 2
        if b - a <= tolerance or not a < middle < b:
            break
        if step % 3 == 2:
            halve, before = b - a > before / 2, b - a
        else:
            halve = False
        x = middle if halve or not math.isfinite(fa - fb) else b - fb * (b - a) / (fb - fa)
        x = min(max(x, a + 0.5 * tolerance), b - 0.5 * tolerance)
        value = sign * f(x)
        if value == 0:
            return x
        if value < 0:
            a, fa = x, value
            fb, stayed = (fb / 2, 1) if stayed == 1 else (fb, 1)
        else:
            b, fb = x, value
            fa, stayed = (fa / 2, -1) if stayed == -1 else (fa, -1)
    return a + (b - a) / 2
