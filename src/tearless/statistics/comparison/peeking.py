"""Looking more than once: what it costs to test at the usual level each time, and the bounds that pay for it.

Without a difference the test statistics of a growing sample walk: z at look k + 1 is √r·z_k plus √(1 − r) of a fresh
normal, r the ratio of the two sample sizes. The density of those who have not crossed a bound is carried from look to
look by an integral (P. Armitage, C. K. McPherson, B. C. Rowe, J. R. Statist. Soc. A 132, 1969, 235-244), here with 16
Gauss-Legendre nodes a panel; the chances are right to about 1e-9.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import ndtr, ndtri

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive, whole
from tearless.statistics.estimate import Floats, normal_quantile, plain

MOST_LOOKS = 1_000
CLOSEST = 1e-4
"""Two looks must be at least this share of the items apart."""
FARTHEST = 9.0
"""Beyond so many deviations nothing is left of a normal."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)

Plan = Literal["pocock", "obrien-fleming"]


@dataclass(frozen=True, slots=True)
class Peeking:
    """What it costs to test at the usual level at every look.

    Made by ``peeking_cost`` for ``looks`` at these numbers of items. ``by_look``: the chance, without any difference,
    to have found one by each look, (looks,); ``error`` the last of them.
    """

    looks: Floats
    by_look: Floats
    error: float
    level: float

    @property
    def p_needed(self) -> float:
        """The p that each look would have had to undercut for all together to keep the level (Pocock)."""
        return 2 * float(ndtr(-planned_bounds(self.looks, level=self.level)[-1]))


def peeking_cost(looks: Any, *, level: float = 0.95) -> Peeking:
    """The chance that the looks so far find a difference where there is none, each tested at 1 − ``level``.

    ``looks``: how many, evenly spaced, or the numbers of items at each, rising, (looks,). For statistics that are sums
    over items, near normal. Raises ``InputError`` for more than 1,000 looks, or two less than 0.01 % apart: leave some
    out, for a bound from below.

    >>> found = peeking_cost(5)
    >>> found.by_look.round(3).tolist(), round(found.p_needed, 4)
    ([0.05, 0.083, 0.107, 0.126, 0.142], 0.0158)
    """
    times = _times(looks)
    z = normal_quantile(level)
    by_look = crossing_chances(times, np.full(len(times), z))
    return Peeking(times, by_look, float(by_look[-1]), level)


def crossing_chances(looks: Any, bounds: Any) -> Floats:
    """The chance to have crossed ±bound at or before each look without any difference, (looks,).

    ``looks`` as ``peeking_cost``; ``bounds`` (looks,) for z, above 0. Right to about 1e-9. Raises ``InputError`` as
    ``peeking_cost``, for unequal lengths, or bounds not above 0.

    >>> crossing_chances([100, 200], [1.96, 1.96]).round(4).tolist()
    [0.05, 0.0831]
    """
    times, limits = _times(looks), plain(bounds, "bounds")
    if len(limits) != len(times) or (limits <= 0).any():
        raise InputError(f"bounds: expected one above 0 for each of {len(times)} looks, got {len(limits)}; align them")
    walk = _Walk(times)
    chances = []
    for limit in limits:
        chances.append(walk.out(limit))
        walk.stay(limit)
    return np.asarray(np.minimum(np.cumsum(chances), 1.0), dtype=np.float64)


def planned_bounds(looks: Any, *, plan: Plan = "pocock", level: float = 0.95) -> Floats:
    """The bounds for z at planned looks that keep the error of all together at 1 − ``level``, (looks,).

    ``"pocock"``: one bound for all (S. J. Pocock, Biometrika 64, 1977, 191-199). ``"obrien-fleming"``: c/√(t/t_last),
    strict at first, nearly the usual at last (P. C. O'Brien, T. R. Fleming, Biometrics 35, 1979, 549-556). ``looks``
    and errors as ``peeking_cost``. The constant is found to about 1e-8.

    >>> planned_bounds(3).round(3).tolist(), planned_bounds(4, plan="obrien-fleming").round(3).tolist()
    ([2.289, 2.289, 2.289], [4.049, 2.863, 2.337, 2.024])
    """
    times = _times(looks)
    shape = np.sqrt(times[-1] / times) if _named(plan) == "obrien-fleming" else np.ones(len(times))
    error, z = 1 - level, normal_quantile(level)
    low, high = z, -float(ndtri(error / (2 * len(times))))
    return shape * _root(lambda c: float(crossing_chances(times, c * shape)[-1]) - error, low, high)


def spent_bounds(looks: Any, *, most_items: float, plan: Plan = "obrien-fleming", level: float = 0.95) -> Floats:
    """The bounds for z at looks that were not planned, out of ``most_items``: the error is spent as items come.

    At a share t of the items 4(1 − Φ(z₍₁₋α⁄₄₎/√t)) is spent (``"obrien-fleming"``) or α·ln(1 + (e − 1)t)
    (``"pocock"``), half on each side, whatever the looks were; each bound depends on the looks up to it only (K. K. G.
    Lan, D. L. DeMets, Biometrika 70, 1983, 659-663). ``looks`` are numbers of items, (looks,), or a number of even ones
    that ends at ``most_items``. Raises ``InputError`` as ``peeking_cost``, and for looks beyond ``most_items``.

    >>> spent_bounds([20, 40, 60, 80, 100], most_items=100).round(3).tolist()
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    times, most_items = _times(looks), positive(most_items, "most_items")
    if isinstance(looks, (int, np.integer)):
        times = times * most_items / len(times)
    if times[-1] > most_items:
        raise InputError(f"looks: expected up to most_items, got {times[-1]:g} of {most_items:g}; raise most_items")
    spent = _spent(times / most_items, _named(plan), 1 - level if normal_quantile(level) else 0.0)
    portions = np.diff(spent, prepend=0.0)
    walk, found = _Walk(times), []
    for portion in portions:
        found.append(_bound_for(walk.out, float(portion)))
        walk.stay(found[-1])
    return np.array(found)


def _spent(share: Floats, plan: str, error: float) -> Floats:
    if plan == "pocock":
        return error * np.log1p((math.e - 1) * share)
    return np.asarray(4 * ndtr(ndtri(error / 4) / np.sqrt(share)), dtype=np.float64)


def _bound_for(out: Callable[[float], float], portion: float) -> float:
    """The bound that lets this much out; as far as a normal goes where it is almost nothing."""
    if out(FARTHEST) >= portion:
        return FARTHEST
    return _root(lambda b: math.log(max(out(b), 1e-300) / portion), 1e-6, FARTHEST)


class _Walk:
    """z of those who have crossed no bound yet, from look to look: nodes and their mass, pulled towards 0 by √r."""

    def __init__(self, times: Floats) -> None:
        kept = np.concatenate([[0.0], times[:-1] / times[1:]])
        self._pull, self._fresh = np.sqrt(kept), np.sqrt(1 - kept)
        self._look = 0
        self._at, self._mass = np.zeros(1), np.ones(1)

    def out(self, bound: float) -> float:
        """The chance to cross ±bound for the first time at this look."""
        sd = self._fresh[self._look]
        return float(self._mass @ (ndtr((self._at - bound) / sd) + ndtr((-self._at - bound) / sd)))

    def stay(self, bound: float) -> None:
        """On to the next look, with those within ±bound at this one."""
        k, limit = self._look, min(bound, FARTHEST)
        if k + 1 == len(self._fresh):
            return
        sd, finest = self._fresh[k], min(self._fresh[k], self._fresh[k + 1])
        panels = math.ceil(2 * limit / (6 * finest)) + 1
        edges = np.linspace(-limit, limit, panels + 1)
        half = (edges[1] - edges[0]) / 2
        z = (edges[:-1, None] + half * (1 + NODES)).ravel()
        density = np.exp(-(((z[:, None] - self._at) / sd) ** 2) / 2) @ self._mass / (sd * math.sqrt(2 * math.pi))
        self._mass = density * np.tile(half * WEIGHTS, panels)
        self._at = z * self._pull[k + 1]
        self._look += 1


def _times(looks: Any) -> Floats:
    """The numbers of items at each look."""
    if isinstance(looks, (int, np.integer)):
        return np.arange(1.0, whole(int(looks), "looks", most=MOST_LOOKS) + 1)
    times = plain(looks, "looks")
    if len(times) > MOST_LOOKS:
        raise InputError(
            f"looks: expected at most {MOST_LOOKS}, got {len(times)}; leave some out for a bound from below"
        )
    if times[0] <= 0 or (np.diff(times) < CLOSEST * times[1:]).any():
        raise InputError(
            "looks: expected rising numbers of items, 0.01 % apart or more, got others; leave close ones out"
        )
    return times


def _named(plan: str) -> str:
    if plan not in get_args(Plan):
        raise InputError(f"plan: expected one of {get_args(Plan)}, got {plan!r}; name one of them")
    return plan


def _root(excess: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function is 0 between the two, by regula falsi (Illinois), to about 1e-10."""
    above, below = excess(low), excess(high)
    if above <= 0 or low >= high:
        return low
    if below >= 0:
        return high
    side = 0
    for _ in range(200):
        at = (low * below - high * above) / (below - above)
        value = excess(at)
        if abs(value) < 1e-11 or high - low < 1e-10:
            return at
        if value > 0:
            low, above = at, value
            below = below / 2 if side == 1 else below
            side = 1
        else:
            high, below = at, value
            above = above / 2 if side == -1 else above
            side = -1
    return at
