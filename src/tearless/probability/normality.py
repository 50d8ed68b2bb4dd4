"""Is it normal, and by how much not: the distance to the best normal, and the chance of one as large."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tearless.core import InputError
from tearless.probability.areas import Distribution, sample
from tearless.probability.normal import Normal

_FARTHEST = 10.0
"""Where the fitted formula of the chance ends: larger statistics get the chance at its end, as an upper bound."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How far values lie from a distribution.

    ``distance`` is the largest gap between the share of values at most t and the area below t, over all t, and ``at``
    that t: an area read off the distribution is wrong by at most this for a tail, and twice this for an interval.
    ``chance`` is that of values as far or farther when they do come from it. A small chance says that they do not; only
    the distance says whether it matters: at a million values the chance of a distance of 0.002 is 0.001.

    Made by ``goodness`` and ``normality``.
    """

    distance: float
    at: float
    chance: float
    statistic: float
    """What the chance was computed from: see the function."""


def goodness(x: ArrayLike, distribution: Distribution) -> Fit:
    """How far values lie from a continuous distribution that was fixed before seeing them.

    ``x`` has shape (n,). The statistic is Kolmogorov's √n · distance; up to 1,000 values a small chance is twice the
    exact one-sided one, else it is Kolmogorov's limit with n corrected (M. A. Stephens, JASA 69, 1974, table 1A). For a
    distribution whose parameters were fitted on the same values the chance comes out far too large: use
    ``normality``. Raises ``InputError`` for values that are not finite, or none.

    >>> f = goodness([0.1, 0.2, 0.3, 0.4], Normal(0, 1))
    >>> round(f.distance, 4), f.at
    (0.5398, 0.1)
    """
    values = np.sort(sample(x))
    distance, at = _gap(values, distribution)
    n = len(values)
    scaled = (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n)) * distance
    tail = 2 * float(special.smirnov(n, distance)) if n <= 1_000 else math.inf
    # twice the one-sided chance counts both gaps at once twice: exact while they exclude each other
    chance = tail if tail < 0.02 or distance >= 0.5 else float(special.kolmogorov(scaled))
    return Fit(distance, at, min(1.0, chance), math.sqrt(n) * distance)


def normality(x: ArrayLike) -> Fit:
    """How far values lie from the normal of their own mean and standard deviation, with the chance under normality.

    ``x`` has shape (n,), n ≥ 8. The statistic is Anderson and Darling's A² with the tails weighted as they vary, times
    1 + 0.75/n + 2.25/n²; its chance is the formula of R. B. D'Agostino and M. A. Stephens, *Goodness-of-Fit
    Techniques*, 1986, table 4.9, good to about two digits; beyond a statistic of 10 it is the formula's last value,
    3.7e-24, an upper bound. Raises ``InputError`` for fewer values, values not finite, or all equal.

    >>> x = [9.2, 9.6, 9.8, 10.0, 10.1, 10.3, 10.4, 10.9]
    >>> normality(x).chance > 0.5, normality([0.0] * 7 + [1.0] * 7).chance < 0.001
    (True, True)
    """
    values = np.sort(sample(x, least=8))
    n = len(values)
    fitted = Normal.fit(values)
    normal = Normal(fitted.centre, fitted.deviation * math.sqrt(n / (n - 1)))
    distance, at = _gap(values, normal)
    i = np.arange(1, n + 1)
    a2 = -n - float(np.mean((2 * i - 1) * (normal.log_below(values) + normal.log_above(values)[::-1])))
    a2 *= 1 + 0.75 / n + 2.25 / n**2
    return Fit(distance, at, _chance(a2), a2)


def _chance(a: float) -> float:
    if a <= 0.2:
        return 1 - math.exp(-13.436 + 101.14 * a - 223.73 * a * a)
    if a <= 0.34:
        return 1 - math.exp(-8.318 + 42.796 * a - 59.938 * a * a)
    if a <= 0.6:
        return math.exp(0.9177 - 4.279 * a - 1.38 * a * a)
    a = min(a, _FARTHEST)
    return math.exp(1.2937 - 5.709 * a + 0.0186 * a * a)


def _gap(values: np.ndarray[tuple[int], np.dtype[np.float64]], distribution: Distribution) -> tuple[float, float]:
    n = len(values)
    area = distribution.below(values)
    over, under = np.arange(1, n + 1) / n - area, area - np.arange(n) / n
    if np.isnan(area).any():
        raise InputError("distribution: expected areas that are numbers, got nan; check its parameters")
    best = int(np.argmax(np.maximum(over, under)))
    return float(max(over[best], under[best])), float(values[best])
