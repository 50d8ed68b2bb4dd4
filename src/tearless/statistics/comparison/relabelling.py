"""The unpaired permutation test: if both models draw from one law, any of the scores might have been either's."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.special import ndtr

from tearless.statistics.comparison.flip_interval import Ends, ends_of_draws
from tearless.statistics.comparison.flip_law import LEAST
from tearless.statistics.estimate import Floats, normal_quantile

ALL_LABELLINGS = 100_000
DRAWN = 30_000_000
ROUNDING = 64 * float(np.finfo(np.float64).eps)


def relabelled(
    a: Floats, b: Floats, level: float, resamples: int, seed: int | np.random.Generator
) -> tuple[float, Ends, str]:
    """p, the interval of mean(b) − mean(a), and how: all labellings, random ones, or the normal limit for many scores.

    Shapes (n,), (m,). p is the chance that |difference| is at least as large over the labellings; the interval inverts
    the same test for a shift of one law (E. J. G. Pitman, J. R. Statist. Soc. Suppl. 4, 1937, 119-130): with labels
    drawn anew, D* − θc* reaches D − θ at a θ that each labelling gives in closed form, so the ends are order statistics
    and agree with p.

    >>> p, ends, how = relabelled(np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 6.0, 7.0, 8.0]), 0.95, 99, 0)
    >>> round(p * 70, 9), how
    (2.0, 'all labellings')
    """
    n, m = len(a), len(b)
    alpha = 1 - level
    few = math.lgamma(n + m + 1) - math.lgamma(n + 1) - math.lgamma(m + 1) <= math.log(ALL_LABELLINGS)
    if not few and (n + m) * resamples > DRAWN:
        return _limit(a, b, level)
    z = np.concatenate([a, b])
    columns = np.column_stack([z, np.r_[np.zeros(n), np.ones(m)]])
    difference = float(b.mean() - a.mean())
    chosen = _every(n, m) @ columns if few else _random_sums(columns, m, resamples, np.random.default_rng(seed))
    sums, kept = chosen.T
    drawn = sums / m - (z.sum() - sums) / n
    share = kept / m - (m - kept) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(share < 1 - 1e-9, (difference - drawn) / (1 - share), np.nan)
        second = np.where(share > 1e-9 - 1, (difference + drawn) / (1 + share), np.nan)
    always = np.isnan(first) | np.isnan(second)
    low = np.where(always, -np.inf, np.minimum(first, second))
    high = np.where(always, np.inf, np.maximum(first, second))
    tiny = float(np.abs(z).max()) * ROUNDING
    count = int(np.count_nonzero(np.abs(drawn) >= abs(difference) - tiny))
    p = (1 + count) / (1 + len(drawn))
    return p, ends_of_draws(low, high, alpha), "all labellings" if few else f"{resamples:,} random labellings"


def _every(n: int, m: int) -> Floats:
    """All choices of m out of n + m as rows of 0 and 1, but the one that is given: the last m."""
    chosen = np.array(list(itertools.combinations(range(n + m), m))[:-1], dtype=np.int64).reshape(-1, m)
    called = np.zeros((len(chosen), n + m))
    np.put_along_axis(called, chosen, 1.0, axis=1)
    return called


def _random_sums(columns: Floats, m: int, draws: int, rng: np.random.Generator) -> Floats:
    """Sums of the columns over random choices of m rows, in blocks of bounded memory. Shape (draws, columns)."""
    total = len(columns)
    given = np.r_[np.zeros(total - m, dtype=np.int8), np.ones(m, dtype=np.int8)]
    out = np.empty((draws, columns.shape[1]))
    block = max(1, (1 << 21) // total)
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        called = rng.permuted(np.broadcast_to(given, (rows, total)), axis=1)
        out[start : start + rows] = called.astype(np.float64) @ columns
    return out


def _limit(a: Floats, b: Floats, level: float) -> tuple[float, Ends, str]:
    """The normal law of D* with its exact variance over the labellings, N/(nm)·S²; inverted in closed form."""
    n, m = len(a), len(b)
    total = n + m
    difference = float(b.mean() - a.mean())
    within = float(((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum())
    factor = total / n / m / (total - 1)
    variance = factor * (within + n * m / total * difference**2)
    p = max(LEAST, float(2 * ndtr(-abs(difference) / math.sqrt(variance)))) if variance > 0 else 1.0
    z2 = normal_quantile(level) ** 2
    reach = math.sqrt(z2 * factor * within / (1 - z2 / (total - 1)))
    return p, (difference - reach, difference + reach), "normal limit"
