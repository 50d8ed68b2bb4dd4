"""Power of two test sets, one for each model: exact for the score tests, and the usual formulas for the items."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from scipy.special import bdtr, bdtrc

from tearless.core import InputError
from tearless.probability.saddle_point import log_binomial
from tearless.statistics.comparison.power import checked_items, checked_power, least_difference, least_items
from tearless.statistics.estimate import Floats, normal_quantile

Exact = Literal["score", "pooled-z"]
Formula = Literal["fleiss", "casagrande-pike-smith", "arcsine"]
MANY_ITEMS = 50_000
_REACH = 9.0


def unpaired_power(
    items_a: int, items_b: int, share_a: float, share_b: float, level: float = 0.95, test: Exact = "score"
) -> float:
    """The chance that the test is sure at ``level`` with so many items each, where the accuracies are these.

    ``score`` is Miettinen and Nurminen's, ``pooled-z`` the textbook's. For each count that A may have, the counts of B
    at which the test is sure are found by halving and their binomial chances added: exact to about 11 digits, in time
    that grows as √items. Raises ``InputError`` for shares outside 0 to 1.

    >>> round(unpaired_power(500, 500, 0.8, 0.83), 3)
    0.23
    """
    n, m = checked_items(items_a, "items_a"), checked_items(items_b, "items_b")
    if test not in ("score", "pooled-z"):
        raise InputError(f"test: expected 'score' or 'pooled-z', got {test!r}; choose one")
    _checked(share_a, share_b)
    reach = _REACH * math.sqrt(n * share_a * (1 - share_a)) + 40
    x = np.arange(max(0, math.floor(n * share_a - reach)), min(n, math.ceil(n * share_a + reach)) + 1, dtype=np.float64)
    chance = np.exp(log_binomial(x, n, share_a, 1 - share_a))
    z = normal_quantile(level) * (math.sqrt((n + m) / (n + m - 1)) if test == "score" else 1.0)
    above = _first_sure(x, n, m, z)
    below = m - _first_sure(n - x, n, m, z)
    found = np.where(above <= m, bdtrc(np.maximum(above - 1, 0), m, share_b), 0.0)
    found = np.where(above <= 0, 1.0, found) + np.where(below >= 0, bdtr(np.maximum(below, 0), m, share_b), 0.0)
    return min(1.0, float(chance @ found))


def _first_sure(x: Floats, n: int, m: int, z: float) -> Floats:
    """The least count of B, given A's, whose pooled z is at least ``z``; m + 1 where none is."""
    low, high = np.floor(x / n * m) - 1, np.full(x.shape, m + 1.0)
    for _ in range(64):
        if (high - low <= 1).all():
            break
        y = np.floor((low + high) / 2)
        pooled = (x + y) / (n + m)
        sure = (y / m - x / n > 0) & (y / m - x / n >= z * np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m)))
        low, high = np.where(sure, low, y), np.where(sure, y, high)
    return high


def unpaired_items(
    share_a: float,
    share_b: float,
    power: float = 0.8,
    level: float = 0.95,
    method: Exact | Formula = "score",
    *,
    ratio: float = 1.0,
) -> tuple[float, float]:
    """The items that A and B need, each its own, for the test to be sure with this power; inf without a difference.

    ``ratio`` is B's items over A's. By exact power (the least count from which on it is reached), or by a formula:
    ``fleiss``, the normal one for the pooled z; ``casagrande-pike-smith``, the same with continuity, close to what
    Fisher's exact test needs (J. T. Casagrande, M. C. Pike, P. G. Smith, Biometrics 34, 1978, 483-486; uneven sets: J.
    L. Fleiss, A. Tytun, H. K. Ury, Biometrics 36, 1980, 343-346); ``arcsine``, (z + z′)² over the squared difference of
    2·arcsin√share. J. L. Fleiss, *Statistical Methods for Rates and Proportions*, 2nd ed. 1981, chapter 3. Raises
    ``InputError`` as ``unpaired_power``.

    >>> unpaired_items(0.5, 0.75, power=0.9, method="fleiss"), unpaired_items(0.5, 0.75, power=0.9)
    ((77, 77), (76, 76))
    """
    checked_power(power)
    _checked(share_a, share_b)
    if not 0 < ratio < math.inf:
        raise InputError(f"ratio: expected B's items over A's, above 0, got {ratio}; 1 is as many on each side")
    if share_a == share_b:
        return math.inf, math.inf
    if method != "score" and method != "pooled-z":
        plain = _by_formula(share_a, share_b, power, level, method, ratio)
        return math.ceil(plain - 1e-9), math.ceil(plain * ratio - 1e-9)
    test = method
    guess = _by_formula(share_a, share_b, power, level, "fleiss", ratio)

    def at(n: int) -> float:
        return unpaired_power(n, math.ceil(n * ratio - 1e-9), share_a, share_b, level, test)

    found = least_items(at, power, guess)
    return found, math.ceil(found * ratio - 1e-9) if math.isfinite(found) else math.inf


def _by_formula(p: float, q: float, power: float, level: float, method: str, ratio: float) -> float:
    """A's items by a formula, broken."""
    gap, z, beyond = abs(p - q), normal_quantile(level), normal_quantile(2 * power - 1) if power > 0.5 else 0.0
    if method == "arcsine":
        angle = 2 * abs(math.asin(math.sqrt(p)) - math.asin(math.sqrt(q)))
        return (1 + 1 / ratio) * ((z + beyond) / angle) ** 2
    if method not in ("fleiss", "casagrande-pike-smith"):
        raise InputError(f"method: expected score, pooled-z, fleiss, casagrande-pike-smith or arcsine, got {method!r}")
    pooled = (p + ratio * q) / (1 + ratio)
    null = math.sqrt((ratio + 1) * pooled * (1 - pooled))
    n = (z * null + beyond * math.sqrt(ratio * p * (1 - p) + q * (1 - q))) ** 2 / (ratio * gap * gap)
    if method == "casagrande-pike-smith":
        n = n / 4 * (1 + math.sqrt(1 + 2 * (ratio + 1) / (ratio * n * gap))) ** 2
    return n


def unpaired_detectable(
    items_a: int, items_b: int, share_a: float, power: float = 0.8, level: float = 0.95, test: Exact = "score"
) -> float:
    """The least true gain of B over an accuracy ``share_a`` that two test sets of these sizes show with this power.

    Where no gain could be shown (``share_a`` is near 1), the least loss; inf where that cannot either. On exact
    power, to 12 digits. Raises ``InputError`` as ``unpaired_power``.

    >>> round(unpaired_detectable(500, 500, 0.8), 4)
    0.0659
    """
    _checked(share_a, share_a)
    checked_power(power)
    gained = least_difference(
        lambda d: unpaired_power(items_a, items_b, share_a, min(1.0, share_a + d), level, test), power, 1 - share_a
    )
    if math.isfinite(gained):
        return gained
    return least_difference(
        lambda d: unpaired_power(items_a, items_b, share_a, max(0.0, share_a - d), level, test), power, share_a
    )


def items_to_settle_unpaired(
    right_a: int, items_a: int, right_b: int, items_b: int, power: float = 0.8, level: float = 0.95
) -> tuple[float, float]:
    """The items of A and of B at which a difference like the one seen would be sure with this power; inf if none was.

    It takes the shares seen for the true ones and keeps the sizes' ratio: an order of size. Above 50,000 items of A it
    is the normal formula, then right to about 1 in 100 and at once. Raises ``InputError`` as ``unpaired_power``.

    >>> items_to_settle_unpaired(400, 500, 415, 500)
    (2627, 2627)
    """
    n, m = checked_items(items_a, "items_a"), checked_items(items_b, "items_b")
    rough = unpaired_items(right_a / n, right_b / m, power, level, "fleiss", ratio=m / n)
    if rough[0] > MANY_ITEMS:
        return rough
    return unpaired_items(right_a / n, right_b / m, power, level, ratio=m / n)


def _checked(share_a: float, share_b: float) -> None:
    if not (0 <= share_a <= 1 and 0 <= share_b <= 1):
        raise InputError(f"share_a, share_b: expected accuracies from 0 to 1, got {share_a} and {share_b}; as shares")
