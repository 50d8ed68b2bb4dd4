"""Looks along the way: evidence and intervals that hold however often, and whenever, one looks and stops.

A p value of the usual kind is for one look, planned ahead. Here the evidence against "no difference" is the wealth of a
bettor, an *e-value*: without a difference the chance that it ever reaches 1/α is at most α. So p = 1/(the largest so
far) may be read at any time, and the differences that have not been refuted by then are an interval, the *confidence
sequence*, which covers the truth at all looks together. The price is a wider interval than one look's.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive
from tearless.statistics.comparison.betting import (
    STAKES,
    log_growth,
    log_wealth_about_zero,
    log_wealth_of_counts,
    log_wealth_of_stakes,
    means_left,
)
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.estimate import Estimate, Floats, normal_quantile, of_one_length, plain

TEST = "the betting test, valid at every look"
SEQUENCE = "betting confidence sequence"
WIDENED = "betting confidence sequence, widened, for the looks contradict one another: the difference may be drifting"
MOST_LOOKS = 200
"""Looks taken where none are named: evenly spaced on the scale of logarithms."""

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Looks:
    """What was known at each look: number of items, mean difference, the interval so far, log e-value, p so far.

    Made by ``anytime_paired`` and ``anytime_bounded``. All (looks,). ``low`` and ``high`` are those of all looks up to
    each together; ``log_e`` is of that look alone, and ``p`` = min(1, 1/the largest e-value so far). ``difference`` is
    the last look's.
    """

    items: Counts
    value: Floats
    low: Floats
    high: Floats
    log_e: Floats
    p: Floats
    difference: Difference


def paired_e_values(a_right: Any, b_right: Any, *, prior: float = 1.0) -> Floats:
    """The e-value against "no difference" after every item, (n,), of two models' right (1) and wrong (0) answers (n,).

    With b items that B alone has right and c that A alone has: 2^(b+c) B(b + prior, c + prior)/B(prior, prior), the
    average over shares θ of the discordant items, beta distributed, of (2θ)^b(2(1 − θ))^c (H. Robbins, Ann. Math.
    Statist. 41, 1970, 1397-1409, has such mixtures). Its mean is 1 without a difference, at every item. Exact to
    rounding; inf beyond 1e308. Raises ``InputError`` for other values, or unequal lengths.

    >>> paired_e_values([0, 0, 1, 0], [1, 1, 1, 1]).round(12).tolist()
    [1.0, 1.333333333333, 1.333333333333, 2.0]
    """
    d = _signs(a_right, b_right)
    with np.errstate(over="ignore"):
        out: Floats = np.exp(log_wealth_about_zero(np.cumsum(d > 0), np.cumsum(d < 0), positive(prior, "prior")))
    return out


def anytime_paired(a_right: Any, b_right: Any, *, looks: Any = None, prior: float = 1.0, level: float = 0.95) -> Looks:
    """B's accuracy less A's on shared items in the order they came, judged at every look, with all looks paid for.

    ``a_right``, ``b_right`` (n,): 1 right, 0 wrong. ``looks``: the numbers of items at which one looked; without it up
    to 200, ever farther apart. The evidence about 0 is ``paired_e_values``; the same bets against other differences
    make the interval, so p ≤ α exactly where 0 is outside. Valid for items drawn independently, any number, any rule to
    stop. ``prior`` above 1 bets on smaller imbalances among the discordant items. Time O(n) and O(looks). Raises
    ``InputError`` for other values, unequal lengths, or looks that do not rise from 1 to n.

    >>> found = anytime_paired([0, 1] * 40, [1, 1] * 40, looks=[20, 40, 80])
    >>> found.p.round(6).tolist()  # 11/2**10, 21/2**20 and 41/2**40
    [0.010742, 2e-05, 0.0]
    """
    weight = positive(prior, "prior")
    d = _signs(a_right, b_right)
    at = _looks(looks, len(d))
    b, c = _summed(d > 0, at), _summed(d < 0, at)
    spread = _spread(b[-1] - c[-1], b[-1] + c[-1], len(d))
    return _told(at, _judged_counts(b, c, at, weight, level), spread, 1.0, level)


def anytime_bounded(differences: Any, *, bound: float = 1.0, looks: Any = None, level: float = 0.95) -> Looks:
    """B's mean score less A's, from differences of an item each never beyond ± ``bound``, judged at every look.

    ``differences`` (n,), in the order they came; ``bound`` must be known before: the largest seen is not enough (1 for
    scores between 0 and 1). ``looks`` as ``anytime_paired``. The wealth is that of 54 stakes from 0.00012 to 0.98 on
    both sides, in equal parts; the interval is that of the same bets. Valid for independent items of any law within the
    bound. Time O(54·n). Raises ``InputError`` for differences beyond the bound and looks that do not rise.

    >>> x = np.random.default_rng(0).uniform(-0.1, 0.3, 500)
    >>> found = anytime_bounded(x, looks=[100, 500])
    >>> bool((found.low < 0.1).all() and (found.high > 0.1).all() and found.p[-1] < 0.001)
    True
    """
    scale = positive(bound, "bound")
    x = _within(differences, scale)
    at = _looks(looks, len(x))
    growth, before = np.empty((len(at), len(STAKES))), np.zeros(len(STAKES))
    sums, squares = np.empty(len(at)), np.empty(len(at))
    start, total, square = 0, 0.0, 0.0
    for k, end in enumerate(at.tolist()):
        block = x[start:end]
        before = before + log_growth(block)
        total, square, start = total + float(block.sum()), square + float(block @ block), end
        growth[k], sums[k], squares[k] = before, total, square
    spread = _spread(sums[-1], squares[-1], int(at[-1]))
    return _told(at, _judged_stakes(growth, sums, at, level), spread, scale, level)


class Running:
    """A confidence sequence over a stream, of which nothing is kept but a few sums: one look at the end of each block.

    ``Running(pairs=True)`` takes differences −1, 0, 1 of right and wrong answers, as ``anytime_paired``; otherwise
    ``bound`` is as in ``anytime_bounded``. The looks so far are in ``looks``.

    >>> stream = Running(pairs=True)
    >>> for block in ([1, 0, 1, 1], [0, 1, 1, 1], [1, 1, 0, 1]):
    ...     looked = stream.add(block)
    >>> round(float(looked.p[-1]), 6)  # 10 / 2**9
    0.019531
    """

    def __init__(self, *, pairs: bool = False, bound: float = 1.0, prior: float = 1.0, level: float = 0.95) -> None:
        normal_quantile(level)
        self._pairs, self._level = pairs, level
        self._bound, self._prior = 1.0 if pairs else positive(bound, "bound"), positive(prior, "prior")
        self._items, self._first, self._second, self._growth = 0, 0.0, 0.0, np.zeros(len(STAKES))
        self._at: list[int] = []
        self._seen: list[tuple[float, ...]] = []

    def add(self, differences: Any) -> Looks:
        """Take the next differences, (n,), look, and say what all looks so far come to. Raises as the two functions."""
        x = _within(differences, self._bound)
        if self._pairs and not np.isin(x, (-1.0, 0.0, 1.0)).all():
            raise InputError("differences: expected −1, 0 and 1, got others; use pairs=False")
        self._items += len(x)
        self._first, self._second = self._first + float(x.sum()), self._second + float(x @ x)
        at = np.array([self._items])
        if self._pairs:
            b, c = ((self._second + sign * self._first) / 2 * np.ones(1) for sign in (1, -1))
            new = _judged_counts(b, c, at, self._prior, self._level)
        else:
            self._growth = self._growth + log_growth(x)
            new = _judged_stakes(self._growth[None], np.array([self._first]), at, self._level)
        self._at.append(self._items)
        self._seen.append(tuple(float(part[0]) for part in new))
        return self.looks

    @property
    def looks(self) -> Looks:
        """All looks so far. Raises ``InputError`` before the first."""
        if not self._seen:
            raise InputError("looks: expected at least one block, got none; add differences first")
        spread = _spread(self._first, self._second, self._items)
        return _told(np.array(self._at), tuple(np.array(self._seen).T), spread, self._bound, self._level)


def _judged_counts(b: Floats, c: Floats, at: Counts, prior: float, level: float) -> tuple[Floats, ...]:
    """Mean, ends and ln E(0) of each look alone."""
    n = at.astype(np.float64)
    about_zero, value = log_wealth_about_zero(b, c, prior), (b - c) / n

    def wealth(mean: Floats) -> Floats:
        return log_wealth_of_counts(b, c, n, mean, prior) if mean.any() else about_zero

    return value, *means_left(wealth, value, -math.log(_alpha(level))), about_zero


def _judged_stakes(growth: Floats, sums: Floats, at: Counts, level: float) -> tuple[Floats, ...]:
    """The same from Σ ln(1 + κx), (looks, stakes), and Σ x, (looks,)."""
    n = at.astype(np.float64)
    value = np.clip(sums / n, -1.0, 1.0)

    def wealth(mean: Floats) -> Floats:
        return log_wealth_of_stakes(growth, n, mean)

    return value, *means_left(wealth, value, -math.log(_alpha(level))), wealth(np.zeros(len(n)))


def _spread(total: float, square: float, n: int) -> float:
    """The standard error of a mean from the sum and the sum of squares."""
    return math.sqrt(max(0.0, square / n - (total / n) ** 2) / n)


def _told(at: Counts, alone: tuple[Floats, ...], spread: float, scale: float, level: float) -> Looks:
    """All looks up to each together, and the last one as a difference."""
    value, low, high, log_e = scale * alone[0], scale * alone[1], scale * alone[2], alone[3]
    own = (float(low[-1]), float(high[-1]))
    low, high = np.maximum.accumulate(low), np.minimum.accumulate(high)
    p = np.exp(-np.maximum(np.maximum.accumulate(log_e), 0.0)).clip(sys.float_info.min, 1.0)
    last, ends = float(value[-1]), (float(low[-1]), float(high[-1]))
    drifts = not low[-1] <= last <= high[-1]
    if drifts:
        ends = (min(*ends, own[0]), max(*ends, own[1]))
    found = Estimate(last, scale * spread, *ends, level)
    return Looks(at, value, low, high, log_e, p, Difference(found, float(p[-1]), TEST, WIDENED if drifts else SEQUENCE))


def _signs(a_right: Any, b_right: Any) -> NDArray[np.int8]:
    """B's right answers less A's: −1, 0, 1."""
    a, b = plain(a_right, "a_right"), plain(b_right, "b_right")
    of_one_length(a_right=a, b_right=b)
    for name, x in (("a_right", a), ("b_right", b)):
        if not ((x == 0) | (x == 1)).all():
            raise InputError(f"{name}: expected 1 for right and 0 for wrong, got others; compare with the truth first")
    return b.astype(np.int8) - a.astype(np.int8)


def _within(differences: Any, scale: float) -> Floats:
    """The differences over their bound."""
    x = plain(differences, "differences") / scale
    most = float(np.abs(x).max())
    if most > 1:
        raise InputError(f"differences: expected within ± {scale:g}, got {most * scale:g}; state a bound known before")
    return x


def _looks(looks: Any, n: int) -> Counts:
    if looks is None:
        return np.unique(np.geomspace(1, n, MOST_LOOKS).round().astype(np.int64))
    at = plain(looks, "looks")
    if (at != np.round(at)).any() or at[0] < 1 or at[-1] > n or (np.diff(at) <= 0).any():
        raise InputError(f"looks: expected whole numbers of items rising from 1 to {n}, got others; sort them")
    return at.astype(np.int64)


def _summed(hits: NDArray[np.bool_], at: Counts) -> Floats:
    """How many hits there were up to each look."""
    return np.cumsum(hits)[at - 1].astype(np.float64)


def _alpha(level: float) -> float:
    normal_quantile(level)
    return 1 - level
