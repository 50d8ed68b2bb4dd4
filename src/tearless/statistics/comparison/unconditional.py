"""The exact test of a paired table that leaves the number of disagreements to chance, at its least favourable share.

S. Suissa and J. J. Shuster, *The 2 × 2 matched-pairs trial: exact unconditional design and analysis*, Biometrics 47
(1991) 361-372.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import betainc

from tearless.core import InputError
from tearless.probability.saddle_point import log_binomial
from tearless.statistics.estimate import Floats

MOST_ITEMS = 200_000
_REACH = 9.0
"""Standard deviations of a binomial beyond which nothing is left that a float would show."""


def unconditional_p(only_a: int, only_b: int, items: int) -> float:
    """The chance of a |b − c|/√(b + c) at least as large as seen, at the share of disagreements that makes it largest.

    Given m disagreements the tail is binomial (m, 1/2); m itself is binomial (``items``, ψ); ψ is where the mean tail
    is largest, found on a grid of ψ = sin²θ four times as fine as the law can bend and then by golden sections, to
    9 digits. Time grows as ``items``: a tenth of a second for 20,000. Raises ``InputError`` above 200,000 items.

    >>> round(unconditional_p(1, 7, 21), 4)
    0.0353
    """
    if items > MOST_ITEMS:
        raise InputError(
            f"items: expected at most {MOST_ITEMS:,} for the exact unconditional test, got {items:,}; with so many, "
            "mid-p has the error it claims: use method='mid-p'"
        )
    if only_a == only_b:
        return 1.0
    tails = _tails(abs(only_b - only_a), only_a + only_b, items)
    ways = _log_ways(items)
    steps = max(64, math.ceil(8 * math.pi * math.sqrt(items)))
    grid = np.linspace(0.0, math.pi / 2, steps + 1)
    heights = np.array([_mean_tail(tails, ways, theta) for theta in grid])
    left, right = np.r_[-np.inf, heights[:-1]], np.r_[heights[1:], -np.inf]
    peaks = np.flatnonzero((heights >= left) & (heights >= right))
    peaks = peaks[heights[peaks] >= 0.9 * heights.max()]
    best = max(_climbed(tails, ways, grid[max(i - 1, 0)], grid[min(i + 1, steps)]) for i in peaks)
    return min(1.0, max(best, float(heights.max())))


def _tails(gap: int, m_seen: int, items: int) -> Floats:
    """For each m from 0 to ``items``: P(|2X − m|/√m ≥ gap/√m_seen) for X binomial (m, 1/2); whole numbers decide."""
    least = np.array([_least_gap(gap * gap * m, m_seen, m) for m in range(items + 1)], dtype=np.float64)
    m = np.arange(items + 1, dtype=np.float64)
    k = (m + least) / 2
    possible = least <= m
    tails = np.where(possible & (m > 0), 2 * betainc(np.maximum(k, 1.0), np.maximum(m - k + 1, 1.0), 0.5), 0.0)
    return np.asarray(np.minimum(tails, 1.0), dtype=np.float64)


def _log_ways(items: int) -> Floats:
    """ln of n over m for each m from 0 to n."""
    return log_binomial(np.arange(items + 1), items, 0.5, 0.5) + items * math.log(2)


def _least_gap(square: int, over: int, m: int) -> int:
    """The least d of m's parity with d² ≥ square/over."""
    d = math.isqrt(-(-square // over))
    d += d * d * over < square
    return d + (d - m) % 2


def _mean_tail(tails: Floats, ways: Floats, theta: float) -> float:
    """Σ P(M = m) tail(m) with M binomial (n, sin²θ), over the m within reach of its mean."""
    n = len(tails) - 1
    p, q = math.sin(theta) ** 2, math.cos(theta) ** 2
    reach = _REACH * math.sqrt(n * p * q) + 40
    low, high = max(0, math.floor(n * p - reach)), min(n, math.ceil(n * p + reach)) + 1
    m = np.arange(low, high)
    log_p, log_q = math.log(max(p, 1e-300)), math.log(max(q, 1e-300))
    return float(np.exp(ways[low:high] + m * log_p + (n - m) * log_q) @ tails[low:high])


def _climbed(tails: Floats, ways: Floats, low: Any, high: Any) -> float:
    """The largest mean tail between two angles, by golden sections."""
    golden = (math.sqrt(5) - 1) / 2
    a, b = high - golden * (high - low), low + golden * (high - low)
    at_a, at_b = _mean_tail(tails, ways, a), _mean_tail(tails, ways, b)
    for _ in range(40):
        if at_a >= at_b:
            high, b, at_b = b, a, at_a
            a = high - golden * (high - low)
            at_a = _mean_tail(tails, ways, a)
        else:
            low, a, at_a = a, b, at_b
            b = low + golden * (high - low)
            at_b = _mean_tail(tails, ways, b)
        if high - low < 1e-9:
            break
    return max(at_a, at_b)
