"""Probabilities about numbers: do 90 % intervals hold 90 %, and are the predicted distributions the right ones?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import special

from tearless.core import InputError
from tearless.linear_algebra.arrays import array, to_numpy
from tearless.probability.calibration.calibration_tests import CalibrationTest
from tearless.probability.calibration.forecasts import (
    Floats,
    Interval,
    confidence,
    exact_share,
    one_length,
    open_chance,
    vector,
)
from tearless.probability.distributions import Binomial, Uniform
from tearless.probability.normality import goodness

Verdict = Literal["too narrow", "too wide", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of outcomes inside their interval, what was promised, and the exact chance of a share so far from it.

    Made by ``coverage``. ``below`` and ``above`` count the outcomes that fell out on either side; ``width`` is the mean
    width; ``test`` has the chance.
    """

    share: Interval
    promised: float
    below: int
    above: int
    width: float
    test: CalibrationTest

    @property
    def verdict(self) -> Verdict:
        """Whether the interval of the share excludes what was promised."""
        if self.share.high < self.promised:
            return "too narrow"
        return "too wide" if self.share.low > self.promised else "cannot tell"


@dataclass(frozen=True, slots=True, eq=False)
class Pit:
    """Where each outcome fell in its predicted distribution, as the share below it: even from 0 to 1 if honest.

    Made by ``normal_pit`` and ``quantile_pit``. ``values`` (n,); ``test`` is Kolmogorov's for evenness; ``bias`` the
    mean of the normal scores of the values, in predicted standard deviations; ``spread`` their root mean square about
    it: above 1 the predicted spread is too small, and 1/spread of the right one.
    """

    values: Floats
    test: CalibrationTest
    bias: Interval
    spread: Interval

    @property
    def verdict(self) -> Verdict:
        """What the spread's interval says about the predicted spread."""
        if self.spread.low > 1:
            return "too narrow"
        return "too wide" if self.spread.high < 1 else "cannot tell"


def coverage(y: Any, low: Any, high: Any, promised: float, *, level: float = 0.95) -> Coverage:
    """How many outcomes ``y`` (n,) lie in their intervals from ``low`` to ``high``, both (n,), ends included.

    The share has Clopper and Pearson's interval; the chance is twice the smaller binomial tail. Infinite ends are
    allowed. Raises ``InputError`` for low above high, ``promised`` not between 0 and 1, and other shapes.

    >>> told = coverage([0.0, 1.0, 2.0, 9.0], [-1.0] * 4, [3.0] * 4, 0.95)
    >>> told.share.value, told.above, round(told.test.p, 6)  # 2 * (1 - 0.95^4)
    (0.75, 1, 0.370988)
    """
    came, left, right = vector(y, "y"), _ends(low, "low"), _ends(high, "high")
    one_length(y=came, low=left, high=right)
    confidence(level)
    if not 0 < promised < 1:
        raise InputError(f"promised: expected a share between 0 and 1, got {promised!r}; 0.9 for 90 % intervals")
    if (left > right).any():
        raise InputError(f"low, high: expected low at most high, got {int((left > right).sum())} crossed; swap them")
    n, below, above = len(came), int((came < left).sum()), int((came > right).sum())
    inside = n - below - above
    law = Binomial(n, promised)
    chance = min(1.0, 2 * min(float(law.below(inside)), float(law.above(inside - 1))))
    ends = exact_share(inside, n, level)
    share = Interval(inside / n, float(ends[0]), float(ends[1]), level)
    spread = math.sqrt(promised * (1 - promised) / n)
    test = CalibrationTest((share.value - promised) / spread, max(chance, 5e-324), "exact binomial")
    return Coverage(share, promised, below, above, float((right - left).mean()), test)


def normal_pit(y: Any, mean: Any, sd: Any, *, level: float = 0.95) -> Pit:
    """The probability integral transform Φ((y − mean)/sd) of outcomes and predicted normals, all (n,); sd above 0.

    A. P. Dawid, *Statistical theory: the prequential approach*, J. R. Statist. Soc. A 147, 1984; T. Gneiting, F.
    Balabdaoui and A. E. Raftery, J. R. Statist. Soc. B 69, 2007. Raises ``InputError`` for other values.

    >>> told = normal_pit([1.0, -1.0, 0.0], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0])
    >>> told.values.round(4).tolist(), told.bias.value, told.spread.value
    ([0.8413, 0.1587, 0.5], 0.0, 1.0)
    """
    z = _standardised(y, mean, sd)
    return _pit(np.asarray(special.ndtr(z)), z, level)


def quantile_pit(y: Any, shares: Any, quantiles: Any, *, level: float = 0.95, seed: int = 0) -> Pit:
    """The same from predicted quantiles (n, q) at rising ``shares`` (q,), each between 0 and 1.

    Between two quantiles nothing is known: an outcome there gets a share drawn evenly between their shares, by
    ``seed``, so that an honest prediction is even from 0 to 1 (equal quantiles count as one jump). Raises
    ``InputError`` for quantiles or shares that fall.

    >>> told = quantile_pit([0.0, 5.0], [0.25, 0.75], [[1.0, 2.0], [1.0, 2.0]])
    >>> bool(told.values[0] < 0.25), bool(told.values[1] > 0.75)
    (True, True)
    """
    came, q = vector(y, "y"), vector(shares, "shares")
    table = np.asarray(to_numpy(array(quantiles, "quantiles", ndim=2)[1]), dtype=np.float64)
    one_length(y=came, quantiles=table)
    if table.shape[1] != len(q) or not ((q > 0) & (q < 1)).all() or (np.diff(q) <= 0).any():
        raise InputError(f"shares: expected {table.shape[1]} rising shares between 0 and 1, got {q.tolist()[:5]}; sort")
    if np.isnan(table).any() or (np.diff(table, axis=1) < 0).any():
        raise InputError("quantiles: expected rows that rise, got some that fall or hold nan; sort each row")
    ends = np.concatenate([[0.0], q, [1.0]])
    first = (table < came[:, None]).sum(axis=1)
    last = (table <= came[:, None]).sum(axis=1)
    low, high = ends[first], ends[last + 1]
    values = low + (high - low) * np.random.default_rng(seed).random(len(came))
    return _pit(values, np.asarray(special.ndtri(np.clip(values, 1e-300, 1 - 1e-16))), level)


def crps_normal(y: Any, mean: Any, sd: Any) -> Floats:
    """The continuous ranked probability score of each outcome under its predicted normal, (n,), in y's unit.

    sd·(z(2Φ(z) − 1) + 2φ(z) − 1/√π), z = (y − mean)/sd: the area between the predicted step and the one that came, as
    |y − mean| is for a single number (T. Gneiting, A. E. Raftery, A. H. Westveld and T. Goldman, Monthly Weather Review
    133, 2005, equation 5). Raises ``InputError`` for an sd not above 0.

    >>> crps_normal([0.0], [0.0], [1.0]).round(6).tolist()  # 2/sqrt(2 pi) - 1/sqrt(pi)
    [0.233695]
    """
    z = _standardised(y, mean, sd)
    scale = np.broadcast_to(vector(np.atleast_1d(sd), "sd"), z.shape)
    height = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return np.asarray(scale * (z * special.erf(z / math.sqrt(2)) + 2 * height - 1 / math.sqrt(math.pi)))


def _standardised(y: Any, mean: Any, sd: Any) -> Floats:
    came, centre, scale = vector(y, "y"), vector(mean, "mean"), vector(sd, "sd")
    one_length(y=came, mean=centre, sd=scale)
    if not scale.min() > 0:
        raise InputError(f"sd: expected numbers above 0, got {scale.min():g}; a spread of 0 rules out every outcome")
    return np.asarray((came - centre) / scale)


def _ends(x: Any, name: str) -> Floats:
    given = np.asarray(to_numpy(array(x, name, ndim=1)[1]), dtype=np.float64)
    if np.isnan(given).any():
        raise InputError(f"{name}: expected numbers, got nan among them; drop those rows")
    return given


def _pit(values: Floats, z: Floats, level: float) -> Pit:
    """Bias with Student's interval, spread with that of χ²; with one row neither can be told: 0 to infinity."""
    tail, n = confidence(level), len(values)
    fit = goodness(values, Uniform(0.0, 1.0))
    test = CalibrationTest(fit.distance, max(fit.chance, open_chance(values)), "Kolmogorov-Smirnov for evenness")
    mean = float(z.mean())
    if n < 2 or float(np.ptp(z)) == 0:
        nothing = Interval(mean, -math.inf, math.inf, level)
        return Pit(values, test, nothing, Interval(0.0, 0.0, math.inf, level))
    spread = float(z.std(ddof=1))
    half = float(-special.stdtrit(n - 1, tail / 2)) * spread / math.sqrt(n)
    low, high = (spread * math.sqrt((n - 1) / float(special.chdtri(n - 1, s))) for s in (tail / 2, 1 - tail / 2))
    return Pit(values, test, Interval(mean, mean - half, mean + half, level), Interval(spread, low, high, level))
