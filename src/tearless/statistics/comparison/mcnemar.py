"""McNemar's test: do two models that answered the same items differ, judged by the items that only one got right.

Where nothing separates them, each of the m items that one alone got right went to either by the toss of a coin: the
count of B's is binomial (m, 1/2), whatever the items that both got right or both got wrong. How the tail of that law is
taken makes the five tests.

- ``mid-p``: the tail with half the chance of what was seen, doubled (M. W. Fagerland, S. Lydersen, P. Laake, BMC Med.
  Res. Methodol. 13:91, 2013; with equal counts they take half a chance off 1, here p is 1). By exact sums for 10 to 500
  items its error at 5 % is at most 5.0 % where up to three quarters of the items differ, 5.1 % up to 95 of 100, and
  6.5 % where every one does; it costs almost no power.
- ``exact``: the whole tail, doubled. Never too many errors, and far fewer than claimed where m is small.
- ``asymptotic``: (b − c)²/(b + c) as χ² with one degree of freedom (Q. McNemar, Psychometrika 12, 1947, 153-157).
- ``corrected``: (|b − c| − 1)²/(b + c) (A. L. Edwards, Psychometrika 13, 1948, 185-187): about as timid as ``exact``.
- ``exact-unconditional``: m is left to chance too (``unconditional.py``).
"""

from __future__ import annotations

import math
import sys
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betainc, log_ndtr, ndtri_exp

from tearless.core import InputError
from tearless.probability.saddle_point import log_binomial
from tearless.statistics.comparison.unconditional import unconditional_p
from tearless.statistics.estimate import Floats

Method = Literal["mid-p", "exact", "asymptotic", "corrected", "exact-unconditional"]
TITLES = {
    "mid-p": "mid-p McNemar",
    "exact": "exact McNemar",
    "asymptotic": "McNemar's χ²",
    "corrected": "McNemar's χ² with continuity correction",
    "exact-unconditional": "exact unconditional McNemar",
}
"""What each test is called where it is printed."""

_LN_2 = math.log(2.0)
FAR = 1e-280
"""The p under which its logarithm is found by a sum of its own."""
LEAST_P = sys.float_info.min
"""The least p that is printed: no chance is 0."""


def mcnemar(only_a: int, only_b: int, items: int | None = None, method: Method = "mid-p") -> float:
    """The two-sided chance of a split of the disagreements at least as uneven as this one, if neither model is better.

    ``only_a`` and ``only_b`` count the items that one model alone got right; ``items``, all of them, is needed for
    ``exact-unconditional`` alone. Above 0 and at most 1; 1 where the counts are equal, also where both are 0. Exact to
    about 12 digits for the two conditional tests, down to the smallest number a float holds; at any counts. Raises
    ``InputError`` for counts that are none, and for ``exact-unconditional`` above its number of items.

    >>> mcnemar(0, 3), mcnemar(0, 3, method="exact"), round(mcnemar(0, 3, method="asymptotic"), 4)
    (0.125, 0.25, 0.0833)
    """
    check_method(method)
    a, b = (checked_count(v, name) for v, name in ((only_a, "only_a"), (only_b, "only_b")))
    if method == "exact-unconditional":
        if items is None or checked_count(items, "items") < max(1, a + b):
            raise InputError(
                f"items: expected all items, at least the {a + b} that differ, got {items}; count them all"
            )
        return max(LEAST_P, unconditional_p(a, b, int(items)))
    if method in ("mid-p", "exact") and a != b:
        high = max(a, b)
        tail, beyond = _tail(np.array([high, high + 1.0]), np.array(a + b)).tolist()
        return max(LEAST_P, min(1.0, float(tail + (beyond if method == "mid-p" else tail))))
    return max(LEAST_P, min(1.0, float(np.exp(log_p(a, b, method)))))


def log_p(only_a: ArrayLike, only_b: ArrayLike, method: Method = "mid-p") -> Floats:
    """ln p of the tests that need the disagreements alone, where p itself has long been below any float.

    Shapes that broadcast: counts. 0 where they are equal. Raises ``InputError`` for ``exact-unconditional``.

    >>> float(log_p(0, 3).round(6)), float(log_p(0, 5000, "exact").round(4))
    (-2.079442, -3465.0428)
    """
    a, b = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (only_a, only_b)))
    m, gap = a + b, np.abs(b - a)
    if method in ("asymptotic", "corrected"):
        z = np.maximum(gap - (method == "corrected"), 0.0) / np.sqrt(np.maximum(m, 1.0))
        return np.asarray(log_ndtr(-z) + _LN_2, dtype=np.float64)
    if method == "exact-unconditional":
        raise InputError("method: expected a test of the disagreements alone, got 'exact-unconditional'; use mcnemar")
    high = np.maximum(a, b)
    tail = _tail(high, m)
    far = tail < FAR
    p = np.atleast_1d(tail + (_tail(high + 1, m) if method == "mid-p" else tail))
    with np.errstate(divide="ignore"):
        log_chance = np.where(gap == 0, 0.0, np.log(np.minimum(p, 1.0)))
    if far.any():
        k, trials = high[far], m[far]
        ratios = _ratios_summed(k, trials)
        log_chance[np.atleast_1d(far)] = log_binomial(k, trials, 0.5, 0.5) + np.log(2 * ratios - (method == "mid-p"))
    return log_chance.reshape(gap.shape)


def normal_size(log_chance: ArrayLike) -> Floats:
    """The z ≥ 0 whose two-sided normal chance has this logarithm; any shape, right also where the chance is no float.

    >>> float(normal_size(np.log(0.05)).round(6)), float(normal_size(-3465.0).round(3)), float(normal_size(0.0))
    (1.959964, 83.191, 0.0)
    """
    half = np.minimum(np.asarray(log_chance, dtype=np.float64), 0.0) - _LN_2
    return np.abs(np.minimum(0.0, np.asarray(ndtri_exp(half), dtype=np.float64)))


def _tail(k: Floats, m: Floats) -> Floats:
    """P(X ≥ k) for X binomial (m, 1/2)."""
    return np.where(k > 0, np.where(k <= m, betainc(np.maximum(k, 1.0), np.maximum(m - k, 0.0) + 1, 0.5), 0.0), 1.0)


def _ratios_summed(k: Floats, m: Floats) -> Floats:
    """P(X ≥ k)/P(X = k): 1 + r₁(1 + r₂(1 + ...)) with rⱼ = (m − k − j + 1)/(k + j), to the term that rounding hides."""
    first = (m - k) / (k + 1)
    needed = np.where(first > 0, 40 / -np.log(np.maximum(first, 1e-300)), 0.0)
    total = np.ones_like(k)
    for j in range(int(np.minimum(needed, m - k).max()) + 1, 0, -1):
        total = 1.0 + np.maximum(m - k - j + 1, 0.0) / (k + j) * total
    return total


def check_method(method: str) -> None:
    """Raise ``InputError`` unless it is one of the five tests.

    >>> check_method("mid-p")
    """
    if method not in get_args(Method):
        raise InputError(f"method: expected one of {', '.join(get_args(Method))}, got {method!r}; choose one")


def checked_count(value: float, name: str) -> int:
    """The count as a whole number; raises ``InputError`` for one that is none.

    >>> checked_count(3.0, "only_a")
    3
    """
    if isinstance(value, bool) or not (value >= 0 and value == math.floor(value) and math.isfinite(value)):
        raise InputError(f"{name}: expected a whole number from 0 up, got {value!r}; count again")
    return int(value)
