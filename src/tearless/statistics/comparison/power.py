"""Power: how often a test finds a difference that is there; turned round, the items it needs and what it can see.

Each design has its own file (``paired_power``, ``unpaired_power``, ``power_of_means``) with three questions:
``..._power`` (given items and a difference), ``..._items`` (given a difference and the power wanted) and
``..._detectable`` (given items). Here are the two searches that they share.

Of power after the fact: at the difference that was seen it says no more than p does (J. M. Hoenig, D. M. Heisey, Am.
Statist. 55, 2001, 19-24). What is worth knowing then is the least difference that the test set could have shown, and
the items that would settle a difference of this size.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import ndtri

from tearless.core import InputError

MOST_ITEMS = 10**12
STEADY = 20
"""Counts after the least one that must have the power too: exact power goes up in teeth."""


def least_items(power_at: Callable[[int], float], power: float, guess: float, least: int = 1) -> float:
    """The least count at which, and at the next 20, ``power_at(count)`` is ``power`` or more; inf above 10¹².

    ``guess`` says where to look first; the search doubles or halves from there and then cuts the bracket in two, so
    ``power_at`` may fall back by a tooth, but must rise in the large. Raises ``InputError`` as ``checked_power``.

    >>> least_items(lambda n: 1 - 0.5**n, power=0.9, guess=50)
    4
    """
    checked_power(power)
    high = max(least, min(MOST_ITEMS, math.ceil(guess))) if math.isfinite(guess) else MOST_ITEMS
    while power_at(high) < power:
        if high >= MOST_ITEMS:
            return math.inf
        high = min(MOST_ITEMS, high + max(1, high // 4))
    low, step = high, 1
    while low > least and power_at(low) >= power:
        high, low, step = low, max(least, low - step), 2 * step
    if power_at(low) >= power:
        high = low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power_at(middle) >= power else (middle, high)
    fallen = [n for n in range(high, high + STEADY + 1) if power_at(n) < power]
    while fallen:
        high = fallen[-1] + 1
        fallen = [n for n in range(high, high + STEADY + 1) if power_at(n) < power]
    return high


def least_difference(power_at: Callable[[float], float], power: float, most: float) -> float:
    """The least difference in 0 to ``most`` at which ``power_at(difference)`` reaches ``power``; inf where none does.

    To 12 digits of the difference or of the power: ``power_at`` must rise. Its normal quantile is nearly a straight
    line, so that a false position is soon right; every third step halves. Raises ``InputError`` as ``checked_power``.

    >>> round(least_difference(lambda d: d * d, power=0.81, most=1.0), 9)
    0.9
    """
    checked_power(power)

    def off(difference: float) -> float:
        reached = power_at(difference)
        return 0.0 if abs(reached - power) < 1e-12 else float(np.clip(ndtri(reached), -9, 9)) - goal

    goal = float(ndtri(power))
    low, high, below, above = 0.0, most, float(np.clip(ndtri(power_at(0.0)), -9, 9)) - goal, off(most)
    if above <= 0:
        return most if above == 0 else math.inf
    for step in range(200):
        aimed = low + (high - low) * (0.5 if step % 3 == 2 or below >= 0 else -below / (above - below))
        if high - low <= 1e-12 * high or not low < aimed < high:
            break
        at = off(aimed)
        if at == 0:
            return aimed
        low, high, below, above = (low, aimed, below, at) if at > 0 else (aimed, high, at, above)
    return high


def checked_power(power: float) -> None:
    """Raise ``InputError`` unless it is a chance at least as large as an error that is usual.

    >>> checked_power(0.8)
    """
    if not 0.05 < power < 1:
        raise InputError(f"power: expected a chance above 0.05 and below 1, got {power}; 0.8 is usual")


def checked_items(items: float, name: str, least: int = 1) -> int:
    """The count as a whole number; raises ``InputError`` for one that is none or below ``least``.

    >>> checked_items(100.0, "items")
    100
    """
    if not (items >= least and items == math.floor(items) and items <= MOST_ITEMS):
        raise InputError(f"{name}: expected a whole number from {least} up, got {items}; count again")
    return int(items)
