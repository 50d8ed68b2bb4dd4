"""Could honest probabilities have had these outcomes? One number each: in the large, Spiegelhalter, Hosmer-Lemeshow.

A test says whether there is miscalibration, never how much: at a million rows an error of half a point is certain. Give
the size beside it (``cox_line``, ``calibration_error``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from tearless.calculus.exponentials import sigmoid
from tearless.calculus.roots import root
from tearless.core import InputError
from tearless.probability.calibration.forecasts import LEAST, Floats, Interval, confidence, logit, open_chance, outcomes
from tearless.probability.calibration.reliability import By, bin_edges, in_bins
from tearless.probability.independent_sums import sum_law
from tearless.probability.poisson_binomial import poisson_binomial

EXACT_ROWS = 500
"""Up to so many rows Spiegelhalter's chance is computed from the outcomes' own distribution."""
SPIEGELHALTER_POINTS = 4_096
"""The lattice for it: a step is under a hundredth of a standard deviation."""
EXACT_SUMS = 1_024
"""Up to so many rows the interval in the large is found by exact tails."""


@dataclass(frozen=True, slots=True)
class CalibrationTest:
    """A statistic, the chance ``p`` of one as far from its expectation if every probability is right, and the method.

    Made by ``spiegelhalter`` and ``hosmer_lemeshow``. ``p`` is two-sided unless the method is one of distances, and
    above 0.
    """

    statistic: float
    p: float
    method: str

    def __str__(self) -> str:
        return f"{self.statistic:.4g}, p = {self.p:.3g} by {self.method}"


@dataclass(frozen=True, slots=True)
class InTheLarge:
    """How many rows came true beside how many were to be expected.

    Made by ``in_the_large``, of which the ``test`` is. ``excess`` is the mean outcome less the mean probability, with
    the interval of the true one: what the mean would be if all log-odds were shifted alike, for every shift that the
    count does not rule out. It holds 0 exactly where the test's ``p`` is above 1 − level. Where the slope of
    ``cox_line`` is wrong as well, it is somewhat narrow: 95 % hold the truth in 91 % of cases at a slope of 0.6.
    """

    came: float
    expected: float
    excess: Interval
    test: CalibrationTest


def in_the_large(y: Any, p: Any, *, level: float = 0.95) -> InTheLarge:
    """Whether as many came true as the probabilities add up to.

    Up to 1,024 rows the chance is exact, twice the smaller tail of the Poisson-binomial, and the interval holds every
    shift that it does not reject; above, the score test (Σy − Σp)/√Σp(1−p) and its interval. Probabilities count as at
    least 2.2e-16. Raises ``InputError`` as ``forecasts.outcomes``.

    >>> found = in_the_large([1, 1, 1, 1], [0.5, 0.5, 0.5, 0.5])  # chance 2/16
    >>> found.excess.value, found.test.p
    (0.5, 0.125)
    """
    came, said = outcomes(y, p)
    tail = confidence(level) / 2
    kept, total, n = np.clip(said, LEAST, 1 - LEAST), float(came.sum()), len(came)
    exact = n <= EXACT_SUMS
    lower, upper = _tails_exact(total) if exact else _tails_normal(total)
    chance = min(1.0, max(2 * min(lower(kept), upper(kept)), open_chance(said)))
    z = logit(kept)
    low = 0.0 if total == 0 else _shifted(z, upper, tail, rising=True)
    high = 1.0 if total == n else _shifted(z, lower, tail, rising=False)
    mean, value = float(said.mean()), (total - float(said.sum())) / n
    interval = Interval(value, min(low - mean, value), max(high - mean, value), level)
    spread = math.sqrt(float((kept * (1 - kept)).sum()))
    method = "exact Poisson-binomial" if exact else "score test in the large"
    return InTheLarge(total, float(said.sum()), interval, CalibrationTest(value * n / spread, chance, method))


def spiegelhalter(y: Any, p: Any, *, exact: bool | None = None) -> CalibrationTest:
    """Whether the Brier score is the one that the probabilities themselves expect: two-sided.

    Z = Σ(y − p)(1 − 2p) / √Σ(1 − 2p)²p(1 − p). Above 0 the score is worse than expected: over-confident; below 0
    better: under-confident (D. J. Spiegelhalter, *Probabilistic prediction in patient management and clinical trials*,
    Statistics in Medicine 5, 1986, 421-433). ``exact``, the default up to 500 rows, takes twice the smaller tail of the
    statistic's own distribution; else the normal. Rows given 1/2 say nothing here. Raises ``InputError`` where all are,
    and as ``forecasts.outcomes``.

    >>> found = spiegelhalter([1, 1, 1], [0.75, 0.75, 0.75])  # -0.375/sqrt(0.140625); 2 * 0.75^3 = 0.84
    >>> round(found.statistic, 6), round(found.p, 6)
    (-1.0, 0.84375)
    """
    came, said = outcomes(y, p)
    kept = np.clip(said, LEAST, 1 - LEAST)
    lean = 1 - 2 * kept
    variance = float((lean**2 * kept * (1 - kept)).sum())
    if variance == 0:
        raise InputError("p: expected a probability other than 1/2, got none; in_the_large judges such forecasts")
    distance = float(((came - kept) * lean).sum())
    z = distance / math.sqrt(variance)
    written = len(came) <= EXACT_ROWS if exact is None else exact
    if written and len(came) > 4 * EXACT_ROWS:
        raise InputError(f"exact: expected at most {4 * EXACT_ROWS} rows, got {len(came)}; the normal is as good there")
    chance = _exact_chance(kept, distance) if written else 2 * float(special.ndtr(-abs(z)))
    method = f"Spiegelhalter, {'exact' if written else 'normal'}"
    return CalibrationTest(z, min(1.0, max(chance, open_chance(said))), method)


def hosmer_lemeshow(y: Any, p: Any, *, bins: int = 10, by: By = "mass", fitted: bool = False) -> CalibrationTest:
    """Pearson's χ² over bins of the forecast: known from textbooks, and the weakest of the tests here.

    Σ (came − expected)²/(nᵦ p̄ᵦ(1 − p̄ᵦ)) with as many degrees of freedom as bins; two fewer where the model was
    ``fitted`` on these rows (D. W. Hosmer and S. Lemeshow, Communications in Statistics A 9, 1980, 1043-1069). Its
    verdict depends on the bins chosen. Raises ``InputError`` where no degree of freedom is left, and as
    ``forecasts.outcomes``.

    >>> found = hosmer_lemeshow([1, 0, 1, 1], [0.5, 0.5, 0.5, 0.5], bins=1)  # (3 - 2)^2 / (4/4)
    >>> found.statistic, round(found.p, 4)
    (1.0, 0.3173)
    """
    came, said = outcomes(y, p)
    kept = np.clip(said, LEAST, 1 - LEAST)
    at, count = in_bins(said, bin_edges(said, bins, by))
    some = count > 0
    n, mean = count[some], np.bincount(at, kept, minlength=len(count))[some] / count[some]
    freedom = len(n) - (2 if fitted else 0)
    if freedom < 1:
        raise InputError(f"bins: expected three or more that hold rows, got {len(n)}; too few distinct forecasts")
    gap = np.bincount(at, came - kept, minlength=len(count))[some]
    statistic = float((gap**2 / (n * mean * (1 - mean))).sum())
    chance = float(special.chdtrc(freedom, statistic))
    return CalibrationTest(statistic, max(chance, open_chance(said)), f"Hosmer-Lemeshow, {freedom} degrees of freedom")


def _exact_chance(p: Floats, distance: float) -> float:
    """Twice the smaller tail of Σ(y − p)(1 − 2p); rows of one forecast are counted together."""
    distinct, count = np.unique(p, return_counts=True)
    parts = []
    for chance, size in zip(distinct, count, strict=True):
        law = poisson_binomial(np.full(size, chance))
        parts.append(((law.counts - size * chance) * (1 - 2 * chance), law.mass))
    law_of_sum = sum_law(parts, points=SPIEGELHALTER_POINTS)
    return 2 * min(law_of_sum.at_least(distance), law_of_sum.at_most(distance))


Tail = Callable[[Floats], float]


def _tails_exact(total: float) -> tuple[Tail, Tail]:
    return (lambda q: poisson_binomial(q).at_most(total)), (lambda q: poisson_binomial(q).at_least(total))


def _tails_normal(total: float) -> tuple[Tail, Tail]:
    def z(q: Floats) -> float:
        return (total - float(q.sum())) / math.sqrt(float((q * (1 - q)).sum()))

    return (lambda q: float(special.ndtr(z(q)))), (lambda q: float(special.ndtr(-z(q))))


def _shifted(z: Floats, tail: Tail, share: float, rising: bool) -> float:
    """The mean probability once all log-odds are shifted so far that the tail has just this share.

    The tail's normal score is nearly straight in the shift.
    """

    def excess(shift: float) -> float:
        value = tail(np.clip(np.asarray(sigmoid(z + shift)), LEAST, 1 - LEAST))
        return (special.ndtri(min(max(value, 1e-300), 1 - 1e-16)) - special.ndtri(share)) * (1 if rising else -1)

    low, high, step = 0.0, 0.0, 0.25
    at = excess(0.0)
    while (excess(high) < 0) if at < 0 else (excess(low) > 0):
        low, high, step = (high, high + step, 2 * step) if at < 0 else (low - step, low, 2 * step)
        if step > 1e4:
            break
    shift = root(excess, low, high, tolerance=1e-11 * (1 + abs(low))) if excess(low) < 0 < excess(high) else low
    return float(np.mean(sigmoid(z + shift)))
