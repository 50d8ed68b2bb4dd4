"""Over- or under-confident, and by how much: the line of log-odds that came against log-odds that were said."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import special

from tearless.calculus.exponentials import sigmoid
from tearless.calculus.roots import root
from tearless.core import InputError
from tearless.probability.calibration.calibration_tests import CalibrationTest
from tearless.probability.calibration.forecasts import Floats, Interval, confidence, logit, open_chance, outcomes
from tearless.probability.calibration.logistic_fit import LogisticFit, logistic_fit

PROFILED = 20_000
"""Up to so many rows the intervals follow the likelihood; above, its curvature says the same."""
Verdict = Literal["over-confident", "under-confident", "cannot tell"]


@dataclass(frozen=True, slots=True)
class CoxLine:
    """logit P(y = 1) = ``intercept`` + ``slope`` · logit p: 0 and 1 for honest probabilities.

    Made by ``cox_line``. A slope below 1 means over-confident: log-odds are too far from 0 by the factor 1/slope; above
    1 under-confident; below 0 they point the wrong way. ``shift`` is the intercept with the slope held at 1: by how
    much all log-odds are too low. ``test`` is the likelihood ratio of (0, 1), with two degrees of freedom; with 30 rows
    it accuses 7 % of honest forecasters at 5 %, from 200 on 5 %.
    """

    slope: Interval
    intercept: Interval | None
    """None where the outcomes are told apart without error: the slope has no end then, and the intercept, minus the
    slope times a place between the outcomes, could be any number."""
    shift: Interval
    test: CalibrationTest

    @property
    def verdict(self) -> Verdict:
        """What the slope's interval says about confidence."""
        if self.slope.high < 1:
            return "over-confident"
        return "under-confident" if self.slope.low > 1 else "cannot tell"

    @property
    def temperature(self) -> Interval:
        """1/slope: what to divide the log-odds by; without end where the slope's interval reaches 0."""
        s = self.slope
        low, value, high = (1 / x if x > 0 else math.inf for x in (s.high, s.value, s.low))
        return Interval(value, low, high, s.level)


def cox_line(y: Any, p: Any, *, level: float = 0.95) -> CoxLine:
    """The calibration intercept and slope of probabilities ``p`` (n,) for outcomes ``y`` (n,).

    A logistic regression on logit p (D. R. Cox, *Two further applications of a model for binary regression*,
    Biometrika 45, 1958, 562-565), p kept 2.2e-16 from 0 and 1. Intervals hold what the profile likelihood does not
    reject, up to 20,000 rows; above, the normal ones. Where the outcomes are told apart without error the slope reaches
    to infinity, and the intercept is None. Raises ``InputError`` where only one outcome came or all forecasts are
    equal: no line goes through one point (``in_the_large`` has an answer there), and as ``forecasts.outcomes``.

    Said 0.9 and 0.1 where 3 of 4 came true, and 1 of 4: log-odds of ln 3 for said ln 9, half as far from 0.

    >>> line = cox_line([1, 1, 1, 0, 0, 0, 0, 1], [0.9] * 4 + [0.1] * 4)
    >>> round(line.slope.value, 6), line.intercept is not None and round(abs(line.intercept.value), 6)
    (0.5, 0.0)
    """
    came, said = outcomes(y, p)
    confidence(level)
    z = logit(said)
    if came.min() == came.max():
        raise InputError(f"y: expected both outcomes, got only {came[0]:g}; a slope needs both, see in_the_large")
    if np.ptp(z) <= 1e-12:
        raise InputError("p: expected two or more different probabilities, got one; see in_the_large")
    x = np.column_stack([z, np.ones(len(z))])
    fit, free = logistic_fit(x, came), logistic_fit(np.ones((len(z), 1)), came, offset=z)
    honest = _summed(z, came)
    ratio = 2 * max(0.0, honest - fit.loss)
    chance = max(float(special.chdtrc(2, ratio)), open_chance(said))
    slope = _interval(fit, came, x[:, [1]], x[:, 0], 0, level)
    at_zero = _interval(fit, came, x[:, [0]], x[:, 1], 1, level) if fit.finite else None
    constant = _interval(free, came, np.zeros((len(z), 0)), np.ones(len(z)), 0, level, offset=z)
    return CoxLine(slope, at_zero, constant, CalibrationTest(ratio, chance, "likelihood ratio of Cox's line"))


def _interval(
    fit: LogisticFit, y: Floats, others: Floats, mine: Floats, at: int, level: float, *, offset: Floats | None = None
) -> Interval:
    """A weight and the values of it whose likelihood, the other weights at their best, is not too small."""
    base = np.zeros(len(y)) if offset is None else offset
    reach = float(special.chdtri(1, 1 - level))
    value = float(fit.weights[at])
    with np.errstate(all="ignore"):
        error = math.sqrt(max(0.0, float(np.linalg.pinv(fit.curvature)[at, at])))
    if fit.finite and len(y) > PROFILED:
        half = math.sqrt(reach) * error
        return Interval(value, value - half, value + half, level)

    def rejected(w: float) -> float:
        left = base + w * mine
        loss = logistic_fit(others, y, offset=left).loss if others.shape[1] else _summed(left, y)
        return float(2 * (loss - fit.loss) - reach)

    step = 2 * error if 0 < error < 10 else 1.0
    if not fit.finite:
        value = math.copysign(math.inf, value)
        start = 0.0
        while rejected(start) > 0:
            start = start * 2 if start else math.copysign(1.0, value)
        inner = _end(rejected, start, -math.copysign(1.0, value))
        return Interval(value, min(inner, value), max(inner, value), level)
    low, high = _end(rejected, value, -step), _end(rejected, value, step)
    if not low < value < high:  # too flat, or too steep, for the other weight to be found again: no end is known
        low, high = -math.inf, math.inf
    return Interval(value, low, high, level)


def _summed(z: Floats, y: Floats) -> float:
    p = np.asarray(sigmoid(np.where(y == 1, z, -z)))
    return float(-np.log(np.maximum(p, 1e-300)).sum())


def _end(rejected: Callable[[float], float], start: float, step: float) -> float:
    """Where the likelihood, going from ``start`` this way, gets too small; infinite where it never does."""
    inside, outside = start, start + step
    while rejected(outside) < 0:
        step *= 2
        inside, outside = outside, outside + step
        if abs(outside) > 1e6:
            return math.copysign(math.inf, step)
    ends = sorted((inside, outside))
    return root(rejected, *ends, tolerance=1e-8 * (1 + abs(inside))) if rejected(inside) < 0 else inside
