"""Power of the t tests: of the same items for both models (paired), and of a test set for each (Welch)."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import chdtr, nctdtr, ndtr

from tearless.core import InputError
from tearless.statistics.comparison.power import checked_items, checked_power, least_difference, least_items
from tearless.statistics.estimate import normal_quantile, student_quantile

_NORMAL_FROM = 1e6
"""Degrees of freedom from which the noncentral t is the normal to 6 digits of power."""
_FAR_OFF = 30.0
"""Noncentrality from which the mean over the normal part is taken node by node; from 38 on ``nctdtr`` is lost."""
_ONE_SIDED = 8.0
"""Noncentrality from which the other tail is below 1e-15, and ``nctdtr`` may fail to say so."""


def paired_t_power(items: int, difference: float, spread: float, level: float = 0.95) -> float:
    """The chance that the paired t test is sure at ``level``: ``difference`` is true, ``spread`` the items' deviation.

    ``spread`` is the standard deviation of the differences B less A, item by item, in the unit of the scores. Exact for
    normal differences: the t of n − 1 degrees of freedom with noncentrality difference/spread·√n, both tails. From a
    million items on by the normal. Raises ``InputError`` for fewer than 2 items and for a spread not above 0.

    >>> round(paired_t_power(20, 1.0, 2.0), 4)
    0.5645
    """
    n = checked_items(items, "items", least=2)
    _positive(spread, "spread")
    return _power(abs(difference) / spread * math.sqrt(n), n - 1, level)


def welch_power(
    items_a: int, items_b: int, difference: float, spread_a: float, spread_b: float, level: float = 0.95
) -> float:
    """The chance that Welch's t test is sure at ``level``, with these items and standard deviations of the scores.

    Noncentral t with Satterthwaite's degrees of freedom at the true deviations: exact for one deviation and one size on
    both sides where the test pools (Student's), else right to about a digit in the third place. Raises ``InputError``
    for fewer than 2 items and for a spread not above 0.

    >>> round(welch_power(20, 20, 1.0, 1.0, 1.0), 4)  # R: power.t.test(n=20, delta=1, sd=1)
    0.869
    """
    n, m = checked_items(items_a, "items_a", least=2), checked_items(items_b, "items_b", least=2)
    _positive(spread_a, "spread_a")
    _positive(spread_b, "spread_b")
    of_a, of_b = spread_a / n * spread_a, spread_b / m * spread_b
    both = of_a + of_b
    freedom = 1 / ((of_a / both) ** 2 / (n - 1) + (of_b / both) ** 2 / (m - 1))
    return _power(abs(difference) / math.sqrt(both), freedom, level)


def _power(off: float, freedom: float, level: float) -> float:
    """P(|t| beyond its limit) for a noncentrality ``off``."""
    if freedom >= _NORMAL_FROM:
        z = normal_quantile(level)
        return float(ndtr(off - z) + ndtr(-off - z))
    limit = student_quantile(level, freedom)
    if off > _FAR_OFF:
        normal, weight = np.polynomial.hermite_e.hermegauss(60)
        inside = chdtr(freedom, freedom * (np.clip(off + normal, 0.0, 1e100) / limit) ** 2)
        return min(1.0, float(weight @ inside / weight.sum()))
    other = float(nctdtr(freedom, off, -limit)) if off < _ONE_SIDED else 0.0
    return min(1.0, max(0.0, 1 - float(nctdtr(freedom, off, limit)) + other))


def paired_t_items(difference: float, spread: float, power: float = 0.8, level: float = 0.95) -> float:
    """The items at which the paired t test is sure with this power; inf without a difference.

    The least count by ``paired_t_power``. Raises ``InputError`` as that.

    >>> paired_t_items(1.0, 2.0)
    34
    """
    checked_power(power)
    _positive(spread, "spread")
    if difference == 0:
        return math.inf
    guess = _normal_items(abs(difference) / spread, power, level) + 2
    return least_items(lambda n: paired_t_power(n, difference, spread, level), power, guess, least=2)


def welch_items(
    difference: float, spread_a: float, spread_b: float, power: float = 0.8, level: float = 0.95, *, ratio: float = 1.0
) -> tuple[float, float]:
    """The items of A and of B at which Welch's t test is sure with this power; inf without a difference.

    ``ratio`` is B's items over A's. The least counts by ``welch_power``. Raises ``InputError`` as that.

    >>> welch_items(1.0, 1.0, 1.0, power=0.9)  # R: power.t.test(power=.90, delta=1) says 22.02 in each
    (23, 23)
    """
    checked_power(power)
    _positive(spread_a, "spread_a")
    _positive(spread_b, "spread_b")
    if not 0 < ratio < math.inf:
        raise InputError(f"ratio: expected B's items over A's, above 0, got {ratio}; 1 is as many on each side")
    if difference == 0:
        return math.inf, math.inf
    guess = _normal_items(abs(difference) / math.hypot(spread_a, spread_b / math.sqrt(ratio)), power, level) + 2

    def of_b(n: float) -> int:
        return max(2, math.ceil(n * ratio - 1e-9))

    found = least_items(lambda n: welch_power(n, of_b(n), difference, spread_a, spread_b, level), power, guess, least=2)
    return found, of_b(found) if math.isfinite(found) else math.inf


def paired_t_detectable(items: int, spread: float, power: float = 0.8, level: float = 0.95) -> float:
    """The least true difference of means that this many items show with this power, in the unit of ``spread``.

    On ``paired_t_power``, to 12 digits. Raises ``InputError`` as that.

    >>> round(paired_t_detectable(34, 2.0), 3)
    0.99
    """
    n = checked_items(items, "items", least=2)
    _positive(spread, "spread")
    most = 100 * spread / math.sqrt(n)
    return least_difference(lambda d: paired_t_power(n, d, spread, level), power, most)


def welch_detectable(
    items_a: int, items_b: int, spread_a: float, spread_b: float, power: float = 0.8, level: float = 0.95
) -> float:
    """The least true difference of means that two test sets of these sizes show with this power.

    On ``welch_power``, to 12 digits. Raises ``InputError`` as that.

    >>> round(welch_detectable(23, 23, 1.0, 1.0, power=0.9), 3)
    0.977
    """
    n, m = checked_items(items_a, "items_a", least=2), checked_items(items_b, "items_b", least=2)
    _positive(spread_a, "spread_a")
    _positive(spread_b, "spread_b")
    most = 100 * math.hypot(spread_a / math.sqrt(n), spread_b / math.sqrt(m))
    return least_difference(lambda d: welch_power(n, m, d, spread_a, spread_b, level), power, most)


def t_detectable(error: float, freedom: float, power: float = 0.8, level: float = 0.95) -> float:
    """The least true difference that a t test shows with this power, by its standard error and degrees of freedom.

    Noncentral t, to 12 digits; inf above 100 errors. Raises ``InputError`` for an error not above 0.

    >>> round(t_detectable(1.0, 1e9), 4), round(t_detectable(1.0, 2.0), 2)  # 1.96 + 0.8416; three clusters
    (2.8016, 5.65)
    """
    _positive(error, "error")
    return least_difference(lambda d: _power(d / error, freedom, level), power, 100 * error)


def t_growth(value: float, error: float, freedom: float, power: float = 0.8, level: float = 0.95) -> float:
    """How many times as many units a t test would show a true difference ``value`` with this power.

    ``freedom`` + 1 units gave the standard error ``error``, which shrinks as the root of their number. To 12 digits;
    inf without a difference. Raises ``InputError`` for an error not above 0.

    >>> round(t_growth(0.28016, 0.1, 1e9), 4), round(t_growth(0.3, 0.1, 2.0), 2)
    (1.0, 1.62)
    """
    _positive(error, "error")
    if value == 0:
        return math.inf
    off = abs(value) / error

    def enough(times: float) -> bool:
        return _power(off * math.sqrt(times), max(1.0, (freedom + 1) * times - 1), level) >= power

    low, high = -20.0, 60.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(math.exp(middle)) else (middle, high)
    return math.exp(high) if high < 60 else math.inf


def _normal_items(effect: float, power: float, level: float) -> float:
    beyond = normal_quantile(2 * power - 1) if power > 0.5 else 0.0
    return ((normal_quantile(level) + beyond) / effect) ** 2 if effect > 1e-150 else math.inf


def _positive(spread: float, name: str) -> None:
    if not 0 < spread < math.inf:
        raise InputError(f"{name}: expected a standard deviation above 0, got {spread}; take that of a first sample")
