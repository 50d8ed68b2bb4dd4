"""Calibration without bins: how far the running sum of what came strays from that of what was said."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from tearless.probability.calibration.calibration_tests import CalibrationTest
from tearless.probability.calibration.forecasts import LEAST, Floats, open_chance, outcomes

EXACT_ROWS = 2_000
"""Up to so many rows the chance of the largest gap is computed exactly."""


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeGap:
    """C(t): the sum of (y − p)/n over the rows given at most t. Where it climbs, more came true than was said.

    Made by ``cumulative_gap``. ``forecast`` and ``gap`` (distinct forecasts,), both from the lowest on. ``largest`` is
    Kolmogorov and Smirnov's max |C|, ``at`` its forecast; ``range`` is Kuiper's max C − min C, C = 0 at the start
    included. Both are shares of all rows: an interval of forecasts is off by at most ``range``, whichever interval.
    """

    forecast: Floats
    gap: Floats
    largest: CalibrationTest
    at: float
    range: CalibrationTest


def cumulative_gap(y: Any, p: Any) -> CumulativeGap:
    """The running gap between outcomes ``y`` (n,) and probabilities ``p`` (n,), with its two tests.

    Under calibration C walks like a Brownian motion up to the variance Σp(1 − p)/n². The chance of the largest gap is
    exact up to 2,000 rows (a walk that stays between two bounds, step by step), else the limit's; that of the range is
    the limit's (W. Feller, *The asymptotic distribution of the range of sums of independent random variables*, Ann.
    Math. Statist. 22, 1951), which is on the safe side, as a walk of steps ranges less than its limit. I.
    Arrieta-Ibarra, P. Gujral, J. Tannen, M. Tygert and C. Xu, *Metrics of calibration for probabilistic predictions*,
    JMLR 23, 2022. Rows of one forecast count at once. Raises ``InputError`` as ``forecasts.outcomes``.

    >>> found = cumulative_gap([1, 1, 1, 1], [0.5, 0.5, 0.5, 0.5])  # only all or none stray so far: 2/16
    >>> found.largest.statistic, found.range.statistic, found.largest.p
    (0.5, 0.5, 0.125)
    """
    came, said = outcomes(y, p)
    order = np.argsort(said, kind="stable")
    said, n = said[order], len(said)
    last = np.flatnonzero(np.concatenate([np.diff(said) > 0, [True]]))
    walk = np.cumsum(came[order] - said)[last] / n
    kept = np.clip(said, LEAST, 1 - LEAST)
    sigma = math.sqrt(float((kept * (1 - kept)).sum())) / n
    largest = float(np.abs(walk).max())
    spread = max(0.0, float(walk.max())) - min(0.0, float(walk.min()))
    least = open_chance(said)
    exact = n <= EXACT_ROWS
    chance = _strays(said, last, largest * n) if exact else largest_of_motion(largest / sigma)
    ks = CalibrationTest(largest, max(chance, least), f"Kolmogorov-Smirnov, {'exact' if exact else 'limit'}")
    kuiper = CalibrationTest(spread, max(range_of_motion(spread / sigma), least), "Kuiper, limit")
    return CumulativeGap(said[last], walk, ks, float(said[last][np.abs(walk).argmax()]), kuiper)


def largest_of_motion(x: float) -> float:
    """P(max |B| ≥ x) of a Brownian motion on [0, 1]: 1 − (4/π)Σ(−1)ᵏ/(2k+1) e^(−(2k+1)²π²/(8x²)), k from 0.

    From x = 1 on by reflections, Σ over k of 4(−1)ᵏ P(N > (2k+1)x), which is right in the tail.

    >>> round(largest_of_motion(2.241403), 6)
    0.05
    """
    if x <= 0:
        return 1.0
    k = np.arange(20)
    sign = (-1.0) ** k
    if x >= 1:
        return float((4 * sign * special.ndtr(-(2 * k + 1) * x)).sum())
    return 1 - 4 / math.pi * float((sign / (2 * k + 1) * np.exp(-((2 * k + 1) ** 2) * math.pi**2 / (8 * x * x))).sum())


def range_of_motion(x: float) -> float:
    """P(max B − min B ≥ x) of a Brownian motion on [0, 1]: 8Σ(−1)^(k−1) k P(N > kx), k from 1 (Feller 1951).

    Below x = 1.5 by the same sum turned by Poisson's formula: 1 − Σ(8/x² + 8/((2k−1)²π²)) e^(−(2k−1)²π²/(2x²)).

    >>> round(range_of_motion(2.4977), 4), round(range_of_motion(1.5), 6) == round(range_of_motion(1.4999999), 6)
    (0.05, True)
    """
    if x <= 0:
        return 1.0
    k = np.arange(1, 40)
    if x >= 1.5:
        return min(1.0, float((8 * (-1.0) ** (k - 1) * k * special.ndtr(-k * x)).sum()))
    odd = (2 * k - 1) ** 2 * math.pi**2
    return 1 - float(((8 / (x * x) + 8 / odd) * np.exp(-odd / (2 * x * x))).sum())


def _strays(p: Floats, last: Any, bound: float) -> float:
    """P(max |Σ(y − p)| ≥ bound) at the ends of equal forecasts: the chance that is lost when the walk leaves."""
    alive = np.ones(1)
    ends = set(last.tolist())
    expected = lost = 0.0
    edge = bound - 1e-9 * (1 + bound)
    first = 0
    for i, chance in enumerate(p.tolist()):
        grown = np.zeros(len(alive) + 1)
        grown[:-1] = alive * (1 - chance)
        grown[1:] += alive * chance
        expected += chance
        if i in ends:
            gap = np.abs(first + np.arange(len(grown)) - expected)
            out = gap >= edge
            lost += float(grown[out].sum())
            grown[out] = 0.0
            inside = np.flatnonzero(grown > 0)
            if not len(inside):
                return min(1.0, lost)
            first += int(inside[0])
            grown = grown[inside[0] : inside[-1] + 1]
        alive = grown
    return min(1.0, lost)
