"""Betting against a mean: wealth that no luck makes grow, so that much of it is evidence, whenever one looks.

Differences x in [−1, 1] come one by one. A stake κ in (−1, 1) against the claim "their mean is m" multiplies the wealth
by (1 + κx)/(1 + κm) at each, which is 1 on average if the claim holds: κ/(1 + κm) is the bet λ in 1 + λ(x − m). A
mixture of stakes has the same property, and its wealth E(m) reaches 1/α with a chance of at most α, ever (J. Ville,
*Étude critique de la notion de collectif*, 1939; I. Waudby-Smith, A. Ramdas, J. R. Statist. Soc. B 86, 2024, 1-27).
Only Σ log(1 + κx) is needed of the data, for all m at once; (1 + κm)⁻ⁿ is convex in m, so the claims that keep E(m) <
1/α are an interval. Mixing over all stakes is the universal portfolio (F. Orabona, K.-S. Jun, IEEE Trans. Inf. Theory
70, 2024, 436-455).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import betaln, logsumexp

from tearless.statistics.estimate import Floats

STAKES = np.concatenate([sign * 0.98 * 2.0 ** (-np.arange(27) / 2) for sign in (-1.0, 1.0)])
"""Stakes for differences that are no −1, 0, 1: from 0.00012 to 0.98, each √2 times the last, on both sides."""
NODES = 256
DROP = 40.0
"""How far, in logarithms, the wealth of a stake must fall from its peak to be left out of the mixture's integral."""
TOGETHER = 32
"""Factors multiplied before a logarithm is taken: (1 − 0.98)³² is still far from underflow."""

MOST = 1 - 1e-15
"""The largest mean that a bet can be made against."""


def log_wealth_about_zero(better: Any, worse: Any, prior: float = 1.0) -> Floats:
    """ln E(0) from counts of +1 and −1, any shapes that broadcast: stakes mixed by a beta density with both shapes
    ``prior`` on (1 + κ)/2.

    Exact: 2^(b+c) B(b + prior, c + prior)/B(prior, prior); with ``prior`` 1, 2^(b+c)/((b + c + 1)·C(b + c, b)). Zeros
    do not matter.

    >>> float(np.exp(log_wealth_about_zero(3, 0)).round(12))  # 2**3 / (4 * 1)
    2.0
    """
    b, c = np.asarray(better, dtype=np.float64), np.asarray(worse, dtype=np.float64)
    out: Floats = (b + c) * np.log(2) + betaln(b + prior, c + prior) - betaln(prior, prior)
    return out


def log_wealth_of_counts(better: Floats, worse: Floats, items: Floats, mean: Floats, prior: float = 1.0) -> Floats:
    """ln E(m) from counts (looks,) of +1, of −1 and of all, and claims −1 < m < 1 (looks,), stakes mixed as above.

    The integral over u = artanh κ by 256 trapezoids about the only peak, right to about 1e-10.

    >>> one = np.ones(1)
    >>> float(log_wealth_of_counts(3 * one, 0 * one, 5 * one, 0 * one)[0].round(9))  # ln 2
    0.693147181
    """
    b, c = better + prior, worse + prior
    bend, line, start = -(b + c - items) * mean, (b - c) * mean - (b + c), b - c - items * mean
    peak = np.clip(2 * start / (-line + np.sqrt(np.maximum(line**2 - 4 * bend * start, 0.0))), -1 + 1e-15, 1 - 1e-15)
    shifted = (peak + mean) / (1 + peak * mean)
    curve = (b + c - items) * (1 - peak**2) + items * (1 - shifted**2)
    at, width = np.arctanh(peak), 8 * np.minimum(1 / np.sqrt(np.maximum(curve, 0.25)), 2.0)

    def height(u: Floats) -> Floats:
        own = [x[:, None] for x in (b, c, items, mean)]
        spread = np.logaddexp(u, -u)
        claim = np.logaddexp(np.log1p(own[3]) + u, np.log1p(-own[3]) - u)
        out: Floats = (own[0] - own[1]) * u - (own[0] + own[1] - own[2]) * spread - own[2] * claim
        return out

    top = height(at[:, None])
    low, high = at - width, at + width
    for _ in range(12):
        low = np.where(top[:, 0] - height(low[:, None])[:, 0] < DROP, 2 * low - at, low)
        high = np.where(top[:, 0] - height(high[:, None])[:, 0] < DROP, 2 * high - at, high)
    u = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, NODES)
    area = logsumexp(height(u), axis=1) + np.log((high - low) / (NODES - 1))
    out: Floats = area + (b + c) * np.log(2) - betaln(prior, prior) - (2 * prior - 1) * np.log(2)
    return out


def log_growth(x: Floats) -> Floats:
    """Σ ln(1 + κx) of differences (n,) for each of ``STAKES``: all that is to be kept of them. O(n) a stake.

    >>> growth = log_growth(np.array([1.0, 1.0]))  # twice ln 1.98 at the largest stake
    >>> round(float(growth.max()), 6), round(2 * float(np.log(1.98)), 6)
    (1.366194, 1.366194)
    """
    padded = np.zeros(-(-len(x) // TOGETHER) * TOGETHER)
    padded[: len(x)] = x
    rows = padded.reshape(TOGETHER, -1)
    out = np.empty(len(STAKES))
    for k, stake in enumerate(STAKES):
        product = 1 + stake * rows[0]
        for row in rows[1:]:
            product *= 1 + stake * row
        out[k] = np.log(product).sum()
    return out


def log_wealth_of_stakes(growth: Floats, items: Floats, mean: Floats) -> Floats:
    """ln E(m) from Σ ln(1 + κx) (looks, stakes), the numbers of items (looks,) and claims (looks,); equal shares.

    Exact: a mixture of so many stakes is a bet of its own.

    >>> x = np.array([1.0, -1.0])
    >>> float(log_wealth_of_stakes(log_growth(x)[None], np.array([2.0]), np.array([0.0]))[0]) < 0
    True
    """
    out: Floats = logsumexp(growth - items[:, None] * np.log1p(STAKES * mean[:, None]), axis=1) - np.log(len(STAKES))
    return out


def means_left(wealth: Callable[[Floats], Floats], centre: Floats, limit: float) -> tuple[Floats, Floats]:
    """The ends of the interval of m with ln E(m) < ``limit``, (looks,) each, by bisection to 1e-10.

    ``wealth`` gives ln E for claims (looks,); it is at most 0 at ``centre``, the mean seen, and rises to both sides.
    The ends are on the outer side of the rounding, and on the side of 0 that ln E(0) puts them on.

    >>> low, high = means_left(lambda mean: 100 * (mean - 0.5) ** 2, np.array([0.5]), 1.0)
    >>> low.round(6).tolist(), high.round(6).tolist()
    ([0.4], [0.6])
    """
    ends = []
    out_at_zero = wealth(np.zeros(len(centre))) >= limit
    for side in (-1.0, 1.0):
        inside, outside = centre.copy(), np.full(len(centre), side)
        for _ in range(34):
            middle = ((inside + outside) / 2).clip(-MOST, MOST)
            gone = wealth(middle) >= limit
            outside, inside = np.where(gone, middle, outside), np.where(gone, inside, middle)
        beyond = side * outside
        ahead = side * centre >= 0
        outside = side * np.where(
            ahead, beyond, np.where(out_at_zero, np.minimum(beyond, -1e-300), np.maximum(beyond, 0))
        )
        ends.append(outside)
    return ends[0], ends[1]
