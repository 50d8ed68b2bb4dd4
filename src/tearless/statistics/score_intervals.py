"""Intervals for scores between two bounds: they stay between them, and have a width even where no error was seen.

The textbook interval, value ± z standard errors, is 100 % ± 0 for a model that made no error on 20 rows. Those here ask
instead which true values could have given what was seen, with the chances that each of them would have given it. Shares
get Blaker's exact interval: of those that hold the truth at least as often as they say at every share and number of
rows, it is the shortest in use. Scores that are no shares get that of a share with as many trials as their variance is
worth.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, stdtrit

from tearless.core import InputError
from tearless.statistics.estimate import Estimate, Floats, normal_quantile
from tearless.statistics.intervals import blaker, clopper_pearson, wilson
from tearless.statistics.table_slopes import Scored, contributions, row_variance

Interval = Literal["exact", "score"]
ROUNDING = 64 * sys.float_info.epsilon
"""Relative size under which a spread is what rounding leaves of none."""
LEAST_FREEDOM = 0.5
"""A group of one row tells next to nothing of its variance; with less, Student's quantile leaves every range."""


def of_share(
    successes: float,
    trials: float,
    level: float,
    share: Callable[[float], float] = lambda p: p,
    *,
    interval: Interval = "exact",
) -> Estimate:
    """A share, or a rising function of one, with an interval of the share carried over; 0 (from 0 to 1) without trials.

    ``interval`` is "exact", Blaker's, which holds the truth with at least the probability ``level`` whatever it is
    (broken counts: Clopper and Pearson's), or "score", Wilson's: near 0 and 1 it holds it less often (90.5 % for 20
    trials and a share of 0.995, 83 % at worst), but in a difference of two shares it is what Newcombe puts together.
    The standard error is by the delta method, the slope taken numerically from the exact function's two sides. Raises
    ``InputError`` for another ``interval``.

    >>> print(of_share(20, 20, 0.95))
    1 (0.8399 to 1)
    >>> print(of_share(20, 20, 0.95, interval="score"))
    1 (0.8389 to 1)
    """
    if interval not in get_args(Interval):
        raise InputError(f"interval: expected one of {get_args(Interval)}, got {interval!r}; name one of them")
    if trials <= 0:
        return Estimate(0.0, math.nan, 0.0, 1.0, level)
    p = successes / trials
    low, high = wilson(successes, trials, level) if interval == "score" else _exact(successes, trials, level)
    step = 1e-5
    slope = (share(min(1.0, p + step)) - share(max(0.0, p - step))) / (min(1.0, p + step) - max(0.0, p - step))
    error = slope * math.sqrt(p * (1 - p) / trials)
    return Estimate(share(p), error, share(low), share(high), level)


def _exact(successes: float, trials: float, level: float) -> tuple[float, float]:
    whole = float(successes).is_integer() and float(trials).is_integer()
    return blaker(int(successes), int(trials), level) if whole else clopper_pearson(successes, trials, level)


def of_bounded_mean(
    value: float,
    variance: float,
    trials: float,
    level: float,
    most: float = math.inf,
    *,
    known: float = 1.0,
    interval: Interval = "exact",
) -> Estimate:
    """A mean of quantities between 0 and 1 with this variance of the mean: a share's interval with the trials that fit.

    A share of n_e trials has the variance p(1 − p)/n_e; n_e is chosen so that it is the one given, at most ``most``,
    and ``trials`` where the variance is 0. Quantities between 0 and 1 vary no more than yes and no do, so that n_e is
    on the safe side. ``known`` (``known_part``) takes off what the variance is unsure by. ``interval`` "exact" is
    Clopper and Pearson's of these trials (E. L. Korn, B. I. Graubard, Survey Methodology 24, 1998, 193-201), "score"
    Wilson's, for use in differences.

    >>> found = of_bounded_mean(0.25, 0.25 * 0.75 / 40, 10, 0.95)
    >>> [round(end, 4) for end in clopper_pearson(10, 40)] == [round(found.low, 4), round(found.high, 4)]
    True
    """
    effective = value * (1 - value) / variance if variance > 0 else trials
    effective = min(effective if effective > 0 else trials, most)
    if interval == "score":
        low, high = wilson(value * effective, effective, level)
    else:
        low, high = _of_effective(value, effective * known, level)
    return Estimate(value, math.sqrt(variance), min(low, value), max(high, value), level)


def known_part(freedom: float, rows: float, level: float) -> float:
    """The part of its trials that a variance of so many degrees of freedom is worth: (t(n − 1)/t(ν))², at most 1.

    The t are Student's quantiles, n the rows (Korn and Graubard 1998, as in ``of_bounded_mean``).

    >>> round(known_part(3.0, 20, 0.95), 4)  # (t(19) / t(3))^2
    0.4325
    """
    return min(1.0, (_student(level, max(rows - 1, 1)) / _student(level, max(freedom, LEAST_FREEDOM))) ** 2)


def joined_freedom(parts: NDArray[Any], sizes: NDArray[Any]) -> float:
    """The degrees of freedom of a variance that adds up over groups of rows: (Σv)²/Σ(v²/(m − 1)).

    ``parts`` v (g,) of the variance come from groups of ``sizes`` m (g,) rows; where no part is seen, those of the
    smallest group. F. E. Satterthwaite, Biometrics Bulletin 2, 1946, 110-114.

    >>> joined_freedom(np.array([1.0, 0.0]), np.array([4.0, 16.0])), joined_freedom(np.ones(2), np.array([4.0, 16.0]))
    (3.0, 10.0)
    """
    freedom = np.maximum(sizes - 1, LEAST_FREEDOM)
    total = float(parts.sum())
    return total**2 / float((parts**2 / freedom).sum()) if total > 0 else float(freedom.min())


def _student(level: float, freedom: float) -> float:
    return float(-stdtrit(freedom, (1 - level) / 2))


def _of_effective(value: float, trials: float, level: float) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share with broken trials, one at least."""
    trials = max(1.0, trials)
    return clopper_pearson(min(value * trials, trials), trials, level)


def of_table(
    counts: NDArray[np.int64], score: Callable[[Floats], Scored], level: float, least: float = 0.0
) -> Estimate:
    """A score between ``least`` and 1 of a table of counts (k, k): a share's interval with the trials that fit.

    ``score`` gives the value and its slope (``table_slopes``), and so the variance by the delta method. z² rows, even
    over the cells, are added before the trials are counted (as R. M. Price, D. G. Bonett, Comput. Statist. Data Anal.
    45, 2004, 449-456, add them to shares, evenly over the groups): so a table without errors has a spread too. Trials
    are taken off for classes of few rows (``joined_freedom`` over the true or the called ones, whichever has fewer),
    and the interval is Clopper and Pearson's of what is left, carried to ``least`` ... 1. In simulations (2 to 8
    classes, even and uneven, 20 to 1,000 rows, 50 to 99.5 % right) it holds balanced accuracy, macro precision, recall
    and F1, Matthews' coefficient and κ in 93.5 % or more; less where a class has about two rows (``docs/honesty.md``).

    >>> from tearless.statistics.table_slopes import accuracy
    >>> found = of_table(np.array([[90, 10], [10, 90]]), accuracy, 0.95)
    >>> round(found.low, 2), round(found.high, 2)  # 180 of 200 by Clopper and Pearson: 0.85 to 0.94
    (0.85, 0.94)
    """
    n = float(counts.sum())
    shares = np.asarray(counts / n, dtype=np.float64)
    z2 = normal_quantile(level) ** 2
    value, slope = score(shares)
    rows = np.asarray(counts + z2 / counts.size, dtype=np.float64)
    smooth = rows / (n + z2)
    centre, smooth_slope = score(smooth)
    squares = rows * contributions(smooth, smooth_slope) ** 2
    spread = float(squares.sum()) / (n + z2)
    trials = n * (centre - least) * (1 - centre) / spread if spread > 0 else n
    freedom = min(joined_freedom(squares.sum(axis=side), rows.sum(axis=side)) for side in (0, 1))
    width = 1 - least
    part = min(1.0, max(0.0, (value - least) / width))
    low, high = _of_effective(part, trials * known_part(freedom, n, level), level)
    error = math.sqrt(max(0.0, row_variance(shares, slope)) / n)
    return Estimate(value, error, min(least + width * low, value), max(least + width * high, value), level)


def of_bounded_losses(losses: Floats, most: float, level: float) -> Estimate:
    """A mean of losses from 0 to ``most``: it reckons with a loss of ``most`` to come that no row has shown.

    ``losses`` has shape (n,). The upper end is the quantile of a mean of the losses and one of ``most`` with random
    weights, all as likely (Dirichlet's of ones), the lower end likewise with one of 0: N. Gaffke, Math. Methods
    Statist. 14 (2005) 451-467; E. Learned-Miller, P. S. Thomas, arXiv:1905.06208. The quantile is that of the beta
    distribution with the same mean and variance, which is exact for losses of 0 and ``most``: Clopper and Pearson's
    interval. In O(n). Holds from 20 rows on where rare losses carry the mean (``docs/honesty.md``).

    >>> found, (low, high) = of_bounded_losses(np.repeat([0.0, 2.0], [9, 1]), 2.0, 0.95), clopper_pearson(1, 10)
    >>> abs(found.low / 2 - low) < 1e-9, abs(found.high / 2 - high) < 1e-9
    (True, True)
    """
    n = len(losses)
    value = float(losses.mean())
    error = float(losses.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    if most <= 0:
        return Estimate(value, error, value, value, level)
    x = np.minimum(losses / most, 1.0)
    tail = (1 - level) / 2
    low, high = most * _weighted_quantile(x, 0.0, tail), most * _weighted_quantile(x, 1.0, 1 - tail)
    return Estimate(value, error, min(low, value), max(high, value), level)


def _weighted_quantile(x: Floats, extra: float, share: float) -> float:
    """The quantile of the mean of ``x`` and one more number, in 0 to 1, with random weights: by a beta distribution."""
    n = len(x)
    mean = (float(x.sum()) + extra) / (n + 1)
    spread = (float(((x - mean) ** 2).sum()) + (extra - mean) ** 2) / ((n + 1.0) * (n + 2.0))
    if spread == 0 or not 0 < mean < 1:
        return mean
    size = mean * (1 - mean) / spread - 1
    return float(betaincinv(mean * size, (1 - mean) * size, share))


def of_positive_mean(losses: Floats, level: float, quantile: float, rounding: float = 0.0) -> Estimate:
    """A mean of losses that have no upper bound: value·exp(±t·s/(value·√n)), on the scale of logarithms.

    ``losses`` has shape (n,), each known to within ``rounding``. It stays above 0 and leans to the side of the long
    tail. Where no row lost anything, or all lost the same, there is no upper end: the rows do not say how dear an error
    is. Losses that are all v, to within rounding, have v·((1 − level)/2)^(1/n) for a lower end: a smaller part of all
    rows would seldom show itself n times in n, and no row loses less than 0.

    >>> print(of_positive_mean(np.zeros(9), 0.95, 2.3))
    0 (0 to inf)
    >>> print(of_positive_mean(np.full(10, 2.0), 0.95, 2.3))  # 2 · 0.025^(1/10)
    2 (1.383 to inf)
    """
    n = len(losses)
    with np.errstate(over="ignore", invalid="ignore"):
        value = float(losses.mean())
        if value == 0 or n < 2:
            return Estimate(value, 0.0 if n > 1 else math.nan, 0.0, math.inf, level)
        if float(losses.max() - losses.min()) <= 2 * rounding + ROUNDING * value < math.inf:
            least = value * ((1 - level) / 2) ** (1 / n) if value > rounding else 0.0
            return Estimate(value, 0.0, least, math.inf, level)
        error = float(losses.std(ddof=1)) / math.sqrt(n)
    reach = quantile * error / value
    if not math.isfinite(reach):
        return Estimate(value, math.nan, 0.0, math.inf, level)
    return Estimate(value, error, value * math.exp(-reach), value * math.exp(min(reach, 700.0)), level)
