"""Power of McNemar's tests on one shared test set: exact, by adding over how many items separate the models."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtr

from tearless.core import InputError
from tearless.probability.saddle_point import log_binomial
from tearless.statistics.comparison.mcnemar import log_p
from tearless.statistics.comparison.paired_proportions import PairedTable
from tearless.statistics.comparison.power import MOST_ITEMS, checked_items, checked_power, least_difference, least_items
from tearless.statistics.estimate import Floats, normal_quantile

Exact = Literal["mid-p", "exact", "asymptotic", "corrected"]
Formula = Literal["connor", "miettinen"]
MANY_DIFFERING, BEYOND_COUNTING = 5_000, 10_000_000
"""Items that differ above which a seen difference is settled by formula, and above which all powers are normal ones."""
_BLOCK = 128
_REACH = 9.0
"""Standard deviations of the number of disagreements beyond which nothing is left that a float would show."""


def paired_power(
    items: int, difference: float, discordant: float, level: float = 0.95, method: Exact = "mid-p"
) -> float:
    """The chance that McNemar's test is sure at ``level``, with this many items.

    ``difference`` is the true one of the accuracies, and ``discordant`` the true share of items that exactly one model
    gets right; it is at least the difference. Σ P(M = m) · P(the split of m is sure | m): M binomial (items,
    discordant), the split binomial (m, ½ + difference/(2 discordant)). Exact to about 11 digits;
    where more than ten million items would differ their normal limit, within 1e-5 near 80 % and 2e-3 at small
    powers. Raises ``InputError`` for shares that cannot be. S. W. Duffy, Biometrics 40 (1984) 1005-1015.

    >>> round(paired_power(500, 0.03, 0.09), 3), round(paired_power(500, 0.03, 0.09, method="exact"), 3)
    (0.615, 0.563)
    """
    n, gap = checked_items(items, "items"), abs(difference)
    if method not in ("mid-p", "exact", "asymptotic", "corrected"):
        raise InputError(f"method: expected 'mid-p', 'exact', 'asymptotic' or 'corrected', got {method!r}; choose one")
    _checked(gap, discordant)
    if discordant == 0:
        return 0.0
    if n * discordant > BEYOND_COUNTING:
        return _normal_power(n, gap, discordant, level)
    m, chance, k = _splits(n, discordant, level, method)
    share = min(1.0, 0.5 + gap / (2 * discordant))
    found = _at_least(k, m, share) + _at_least(k, m, 1 - share)
    return min(1.0, float(chance @ found))


def _normal_power(n: int, gap: float, discordant: float, level: float) -> float:
    """Both tails of Connor's normal limit: of d̂ with variance (ψ − d²)/n, against z√(ψ/n)."""
    limit, spread = normal_quantile(level) * math.sqrt(discordant), math.sqrt(max(discordant - gap**2, 1e-300))
    return float(sum(ndtr((sign * gap * math.sqrt(n) - limit) / spread) for sign in (1, -1)))


@lru_cache(maxsize=4)
def _splits(n: int, discordant: float, level: float, method: Exact) -> tuple[Floats, Floats, Floats]:
    """The numbers of items that may differ, their chances, and the least split of each that is sure."""
    reach = _REACH * math.sqrt(n * discordant * (1 - discordant)) + 40
    low, high = max(0, math.floor(n * discordant - reach)), min(n, math.ceil(n * discordant + reach))
    m = np.arange(low, high + 1, dtype=np.float64)
    return m, np.exp(log_binomial(m, n, discordant, 1 - discordant)), _critical(low, high, level, method)


def _critical(low: int, high: int, level: float, method: Exact) -> Floats:
    """``critical_split`` of low … high, put together of blocks that many test sets share."""
    first, last = low // _BLOCK, high // _BLOCK
    blocks = [_critical_block(i, level, method) for i in range(first, last + 1)]
    return np.concatenate(blocks)[low - first * _BLOCK : high + 1 - first * _BLOCK]


@lru_cache(maxsize=1024)
def _critical_block(i: int, level: float, method: Exact) -> Floats:
    return critical_split(np.arange(i * _BLOCK, (i + 1) * _BLOCK, dtype=np.float64), level, method)


def _at_least(k: Floats, m: Floats, share: float) -> Floats:
    """P(X ≥ k) for X binomial (m, share), 0 where k > m."""
    return np.where(k <= m, betainc(np.maximum(k, 1.0), np.maximum(m - k, 0.0) + 1, share), 0.0)


def critical_split(differing: Floats, level: float, method: Exact = "mid-p") -> Floats:
    """The least number of items on one side at which the test is sure, for each number that differ; inf where none is.

    Shape (k,). Exact: the test itself is asked, from the normal guess on.

    >>> critical_split(np.array([3.0, 5.0, 6.0, 20.0]), 0.95).tolist()
    [inf, 5.0, 6.0, 15.0]
    """
    z, m = normal_quantile(level), np.asarray(differing, dtype=np.float64)
    limit = math.log(1 - level)

    def sure(k: Floats) -> NDArray[np.bool_]:
        decided = log_p(np.maximum(m - k, 0.0), np.minimum(k, m), method) <= limit
        return np.asarray((2 * k > m) & decided, dtype=np.bool_)

    guess = np.clip(np.round((m + z * np.sqrt(m)) / 2), np.floor(m / 2) + 1, np.maximum(m, 1.0))
    k, step = guess, np.ones_like(m)
    low, high = np.floor(m / 2), m + 1
    for _ in range(64):
        if (high - low <= 1).all():
            break
        yes = sure(k)
        low, high = np.where(yes, low, np.maximum(low, k)), np.where(yes, np.minimum(high, k), high)
        aimed = np.where(yes, k - step, k + step)
        step = 2 * step
        k = np.where((aimed > low) & (aimed < high), aimed, np.floor((low + high) / 2))
        k = np.clip(k, low + (high - low > 1), high - (high - low > 1))
    return np.where(high <= m, high, np.inf)


def paired_items(
    difference: float, discordant: float, power: float = 0.8, level: float = 0.95, method: Exact | Formula = "mid-p"
) -> float:
    """The items that one shared test set needs for the test to be sure with this power; inf without a difference,
    and by exact power above 10¹².

    By exact power (the least count from which on it is reached; where more than 50,000 items would differ by Connor's
    formula, then right to 2 in 100,000), or by a formula: ``connor`` is that of R. J. Connor,
    Biometrics 43 (1987) 207-211, (z√ψ + z′√(ψ − d²))²/d², and ``miettinen`` the smaller of O. S. Miettinen, Biometrics
    24 (1968) 339-352, (zψ + z′√(ψ² − d²(3 + ψ)/4))²/(ψd²), rounded up. Raises ``InputError`` as ``paired_power``.

    >>> paired_items(0.4, 0.5, method="connor"), paired_items(0.4, 0.5, method="miettinen"), paired_items(0.4, 0.5)
    (23, 20, 21)
    """
    gap = abs(difference)
    checked_power(power)
    _checked(gap, discordant)
    if gap == 0:
        return math.inf
    z, beyond = normal_quantile(level), normal_quantile(2 * power - 1) if power > 0.5 else 0.0
    if method == "miettinen":
        spread = math.sqrt(max(0.0, discordant**2 - gap**2 * (3 + discordant) / 4))
        return math.ceil((z * discordant + beyond * spread) ** 2 / (discordant * gap * gap) - 1e-9)
    connor = (z * math.sqrt(discordant) + beyond * math.sqrt(max(0.0, discordant - gap**2))) ** 2 / gap**2
    if method == "connor" or connor * discordant > 10 * MANY_DIFFERING:
        return math.ceil(connor - 1e-9) if method == "connor" or connor <= MOST_ITEMS else math.inf
    return least_items(lambda n: paired_power(n, gap, discordant, level, method), power, connor)


def paired_detectable(
    items: int, discordant: float, power: float = 0.8, level: float = 0.95, method: Exact = "mid-p"
) -> float:
    """The least true difference that a shared test set of this size shows with this power.

    ``discordant`` is the share of items that exactly one model gets right. Where even all of them on one side would
    not do, it is taken as large as the difference: the answer is then that of a model that loses nothing. inf where
    the items are too few for any. On exact power, to 12 digits. Raises ``InputError`` as ``paired_power``.

    >>> round(paired_detectable(500, 0.09), 4), paired_detectable(4, 0.5)
    (0.0369, inf)
    """
    n = checked_items(items, "items")
    _checked(0.0, discordant)
    seen = least_difference(lambda d: paired_power(n, d, discordant, level, method), power, discordant)
    if math.isfinite(seen):
        return seen
    return least_difference(lambda d: paired_power(n, d, max(d, discordant), level, method), power, 1.0)


def items_to_settle_paired(
    table: PairedTable, power: float = 0.8, level: float = 0.95, method: Exact | Formula = "mid-p"
) -> float:
    """The items, all told, at which a difference like the one seen would be sure with this power; inf where none was.

    It takes the shares seen for the true ones: an order of size, and on the low side where they were lucky. Where more
    than 5,000 items would differ it is Connor's formula, then right to 2 in 1,000 and at once. Raises ``InputError`` as
    ``paired_power``.

    >>> items_to_settle_paired(PairedTable(10, 0, 3, 7))
    44
    """
    share = table.differing / table.items
    rough = paired_items(table.difference, share, power, level, "connor")
    if rough * share > MANY_DIFFERING:
        return rough
    return paired_items(table.difference, share, power, level, method)


def _checked(gap: float, discordant: float) -> None:
    if not (0 <= gap <= discordant * (1 + 1e-12) and discordant <= 1):
        raise InputError(
            f"difference, discordant: expected shares with the difference at most the share of items that exactly one "
            f"model gets right, got {gap} and {discordant}; every difference comes from such items"
        )
