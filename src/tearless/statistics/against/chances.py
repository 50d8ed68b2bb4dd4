"""The chance that a night like the days before differs from them as much as today does.

Every chance is an upper bound: for sampling by theorems that hold for any distribution, ties and cells included; for
nights that differ (θ, see ``nights``) with the rows of a night counted for fewer, 1/(1/n + θ), weighed over the θ that
the days allow. ``effects`` and ``weights`` have one entry a θ, shape (T,).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from tearless.statistics.two_sample import gap_chance

from .nights import EFFECTS

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows of today and of the past, and the sum of squared shares that its days have of its rows (1: one day).

    ``weights``: how likely each effect of a night is.

    >>> quiet = np.eye(len(EFFECTS))[0]
    >>> float(Sizes(100, 100, 1.0, quiet).spread()[0])
    0.02
    """

    today: float
    past: float
    days: float
    weights: Floats

    def spread(self) -> Floats:
        """Variance of the difference of two means, in variances of a row, for each effect: shape ``(T,)``."""
        return 1 / self.today + 1 / self.past + EFFECTS * (1 + self.days)

    def mixed(self, chances: Floats) -> float:
        """One chance of those for each effect."""
        return min(1.0, float(np.minimum(chances, 1.0) @ self.weights))


def of_gap(distance: float, sizes: Sizes) -> float:
    """The chance of so large a gap between two distribution functions (Kolmogorov and Smirnov).

    Read at the edges of cells the gap is at most the whole one, so that cells and ties make the chance too large only.

    >>> quiet = np.eye(len(EFFECTS))[0]
    >>> round(of_gap(0.05, Sizes(10_000, 10_000, 1.0, quiet)) * 1e11, 2)
    2.78
    """
    if sizes.weights[0] == 1.0:
        return gap_chance(min(1.0, distance), int(sizes.today), int(sizes.past))
    return sizes.mixed(special.kolmogorov(distance / np.sqrt(sizes.spread())))


def of_counts(x: ArrayLike, y: ArrayLike, sizes: Sizes) -> Floats:
    """The chance that the rows of one kind, x today and y in the past, fall apart so far between the two.

    Given x + y, x is hypergeometric where today is like the past. Its tail is at most its first term over 1 − r, where
    r is the ratio of the first two terms, for later ratios are smaller; twice that for both sides. Shapes ``(k,)``: a
    kind each.

    >>> quiet = np.eye(len(EFFECTS))[0]
    >>> of_counts([3], [1], Sizes(4, 4, 1.0, quiet)).round(4).tolist()  # exactly 2 (16 + 1)/70 = 0.4857
    [0.4876]
    """
    a, b = (np.asarray(one, dtype=np.float64)[:, None] for one in (x, y))
    there = sizes.weights > 0
    effects, n, m = EFFECTS[there], sizes.today, sizes.past
    fewer, fewer_past = 1 / (1 + n * effects), 1 / (1 + m * sizes.days * effects)
    up = at_least(a * fewer, n * fewer, b * fewer_past, m * fewer_past)
    down = at_least(b * fewer_past, m * fewer_past, a * fewer, n * fewer)
    mixed = np.minimum(1.0, 2 * np.minimum(up, down)) @ sizes.weights[there]
    return np.asarray(np.minimum(1.0, mixed), dtype=np.float64)


def at_least(x: Floats, n: ArrayLike, y: Floats, m: ArrayLike) -> Floats:
    """Bound of the chance of at least x of the x + y among the n of n + m; 1 where x is no more than expected.

    Shapes that broadcast. Exact where y is 0: all of them.

    >>> at_least(np.array([3.0]), 4, np.array([0.0]), 4).round(12).tolist()  # 4/56
    [0.071428571429]
    """
    n, m = np.asarray(n, dtype=np.float64), np.asarray(m, dtype=np.float64)
    log = _choose(n, x) + _choose(m, y) - _choose(n + m, x + y)
    ratio = (n - x) * y / ((x + 1) * (m - y + 1))
    with np.errstate(divide="ignore", over="ignore"):
        return np.where(ratio < 1, np.minimum(1.0, np.exp(log) / np.maximum(1 - ratio, 1e-12)), 1.0)


def _choose(n: Floats, k: Floats) -> Floats:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1), dtype=np.float64)


def of_shares(distance: float, shares: ArrayLike, sizes: Sizes) -> float:
    """The chance of so large a total variation distance between two samples of classes with these shares, shape (k,).

    One row more or less moves the distance by at most 1/n, so it exceeds its mean by t with chance at most
    exp(−2t²/(1/n + 1/m)) (C. McDiarmid, 1989); its mean is at most half the sum of the standard errors.

    >>> quiet = np.eye(len(EFFECTS))[0]
    >>> of_shares(0.1, [0.5, 0.5], Sizes(5_000, 5_000, 1.0, quiet)) < 1e-15
    True
    """
    p = np.asarray(shares, dtype=np.float64)
    spread = sizes.spread()
    mean = 0.5 * np.sqrt(p * (1 - p)).sum() * np.sqrt(spread)
    over = np.maximum(0.0, distance - mean)
    return sizes.mixed(np.exp(-2 * over**2 / spread))


def of_step(step: float, sizes: Sizes, kurtosis: float) -> float:
    """The chance of a step of the mean, in standard deviations, where only moments are known.

    Student's t. A variance that few values make has few degrees of freedom: 2n/(g₂ + 2), where g₂ is the excess
    kurtosis (F. E. Satterthwaite, Biometrics Bulletin 2, 1946; G. E. P. Box, Biometrika 40, 1953).

    >>> quiet = np.eye(len(EFFECTS))[0]
    >>> of_step(0.3, Sizes(5_000, 5_000, 1.0, quiet), 0.0) < 1e-40
    True
    """
    freedom = 2 * min(sizes.today, sizes.past) / max(kurtosis + 2, 1e-9)
    if not freedom >= 1:
        return 1.0
    return sizes.mixed(2 * special.stdtr(freedom, -np.abs(step) / np.sqrt(sizes.spread())))


def corrected(chances: ArrayLike, looks: int) -> Floats:
    """Chances that hold for all of them and for every look: shape ``(m,)`` in and out.

    Holm's correction over the comparisons of one night, whatever hangs together. The look with k days behind it is
    charged k(k + 1)/2 times: Σ 2/(k(k + 1)) = 2, so that with a limit α a history that grows night by night alarms
    falsely at most with chance 2α, ever (a sum of chances: nights may hang together in any way); and against one fixed
    day (k = 1) any night does with chance α at most.

    >>> corrected([0.001, 0.5], 1).tolist(), corrected([0.001], 3).tolist()
    ([0.002, 0.5], [0.006])
    """
    p = np.asarray(chances, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)) * (looks * (looks + 1) / 2)
    out = np.empty(len(p))
    out[order] = np.minimum(1.0, raised)
    return out
