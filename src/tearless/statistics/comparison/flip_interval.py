"""The interval that goes with a sign-flip test: the shifts θ for which flipping the signs of dᵢ − θ finds nothing.

With the signs of a set A of items flipped, Σ ±(dᵢ − θ) reaches Σ (dᵢ − θ) > 0 exactly where the mean of A is at most θ.
So p(θ) counts means of subsets, and the ends of the interval are order statistics of them: Hartigan's *typical values*
(J. A. Hartigan, J. Am. Statist. Assoc. 64, 1969, 1303-1317). It covers the centre of a symmetric law exactly, and holds
0 where the test of 0 finds nothing.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tearless.statistics.comparison.flip_law import Counts, Mixed, binomial_half, meeting_tail
from tearless.statistics.estimate import Floats

Ends = tuple[float, float]
ENUMERATED = 1 << 16


def ends_of_means(means: Floats, chances: Floats, empty: float, alpha: float) -> Ends:
    """The interval from the law of subset means: the outermost values that more than α of the law lies at or beyond.

    ``means`` and ``chances`` of the subsets that are not empty, shapes (k,); ``empty`` is the chance of the empty one,
    which counts as beyond on both sides. An end is infinite where that alone is more than α/2.

    >>> ends_of_means(np.array([0.0, 1.0, 2.0]), np.array([0.25, 0.25, 0.25]), 0.25, 0.5)
    (0.0, 2.0)
    """
    order = np.argsort(means, kind="stable")
    means, chances = means[order], chances[order]
    return _first(means, chances, empty, alpha), -_first(-means[::-1], chances[::-1], empty, alpha)


def _first(means: Floats, chances: Floats, empty: float, alpha: float) -> float:
    if 2 * empty > alpha:
        return -math.inf
    enough = 2 * (empty + np.cumsum(chances)) > alpha
    return float(means[int(np.argmax(enough))])


def lattice_subset_means(steps: Counts) -> tuple[Floats, Floats, float]:
    """The means of all non-empty subsets of whole numbers, with their chances, and that of the empty one. Exact.

    Shape (n,). Counts subsets by size and sum: n² times the range of sums.

    >>> means, chances, empty = lattice_subset_means(np.array([1, -1]))
    >>> dict(zip(means.tolist(), chances.tolist())), empty
    ({-1.0: 0.25, 1.0: 0.25, 0.0: 0.25}, 0.25)
    """
    n, down = len(steps), -int(steps[steps < 0].sum())
    law = np.zeros((n + 1, down + int(steps[steps > 0].sum()) + 1))
    law[0, down] = 1.0
    for seen, step in enumerate(steps.tolist()):
        now = law[: seen + 2]
        now /= 2
        taken = now[:-1].copy()
        if step >= 0:
            now[1:, step:] += taken[:, : taken.shape[1] - step]
        else:
            now[1:, :step] += taken[:, -step:]
    size, total = np.nonzero(law[1:])
    return (total - down) / (size + 1), law[size + 1, total], float(law[0, down])


def subset_means(values: Floats, counts: Counts) -> tuple[Floats, Floats, float]:
    """The same for real values (g,), each occurring ``counts`` (g,) times, by listing every number taken of each.

    >>> subset_means(np.array([1.0, 3.0]), np.array([1, 1]))[0].tolist()
    [1.0, 3.0, 2.0]
    """
    sums, sizes, chances = np.zeros(1), np.zeros(1), np.ones(1)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        taken = np.arange(count + 1.0)[:, None]
        sums, sizes = (sums + taken * value).ravel(), (sizes + taken).ravel()
        chances = (binomial_half(count)[:, None] * chances).ravel()
    return sums[1:] / sizes[1:], chances[1:], float(chances[0])


def random_subset_means(x: Floats, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """For random subsets: the mean of the subset and of what it leaves, as the smaller and the larger. Shapes (draws,).

    The empty subset gives −inf and inf. Bits are drawn in blocks of bounded memory.

    >>> low, high = random_subset_means(np.array([0.0, 1.0]), 50, np.random.default_rng(0))
    >>> sorted(set(zip(low.tolist(), high.tolist())))
    [(-inf, inf), (0.0, 1.0)]
    """
    n = len(x)
    low, high = np.empty(draws), np.empty(draws)
    block = max(1, (1 << 21) // n)
    both = np.column_stack([x, np.ones(n)])
    total = float(x.sum())
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        bits = np.unpackbits(rng.integers(0, 256, (rows, (n + 7) // 8), dtype=np.uint8), axis=1, count=n)
        sums, sizes = (bits.astype(np.float64) @ both).T
        proper = (sizes > 0) & (sizes < n)
        mine = np.where(proper, sums / np.maximum(sizes, 1), -np.inf)
        other = np.where(proper, (total - sums) / np.maximum(n - sizes, 1), np.inf)
        low[start : start + rows], high[start : start + rows] = np.minimum(mine, other), np.maximum(mine, other)
    return low, high


def ends_of_draws(low: Floats, high: Floats, alpha: float) -> Ends:
    """The interval from random subsets: exact in coverage whatever their number, with the p-value (1 + k)/(1 + B).

    ``low`` and ``high`` (B,) are the means from either side; with too few for ``alpha`` the ends are infinite.

    >>> draws = np.arange(1.0, 40.0)
    >>> ends_of_draws(draws, draws, 0.05)  # the second of 39 from either side
    (2.0, 38.0)
    """
    k = math.floor(alpha * (1 + len(low)))
    if k < 1:
        return -math.inf, math.inf
    return float(np.partition(low, k - 1)[k - 1]), float(-np.partition(-high, k - 1)[k - 1])


def mixed_ends(deviations: Floats, alpha: float) -> Ends:
    """How far the ends lie below and above the mean, by the near-normal law; inf where no shift is rejected.

    ``deviations`` (n,) are from the mean.

    >>> [round(float(end), 4) for end in mixed_ends(np.r_[-np.ones(500), np.ones(500)], 0.05)]
    [-0.0621, 0.0621]
    """
    return -_away(Mixed.of(deviations), alpha), _away(Mixed.of(-deviations), alpha)


def _away(law: Mixed, alpha: float) -> float:
    size = math.sqrt((law.sums[1] + float(law.large @ law.large)) / law.rows)
    low, high = 0.0, size / math.sqrt(law.rows)
    while 2 * law.tail(high) > alpha:
        low, high = high, 2 * high
        if high > 1e6 * size:
            return math.inf
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 2 * law.tail(middle) > alpha else (low, middle)
    return low


def meeting_ends(values: Floats, counts: Counts, mine: NDArray[np.bool_], alpha: float, tolerance: float) -> Ends:
    """How far the ends lie below and above the mean, exactly to nine digits, by meeting in the middle at each trial.

    ``values`` (g,) are deviations from the mean, ``grouped`` with their ``counts`` (g,), and ``mine`` (g,) the first of
    their ``halves``; the near-normal law says where to look first.

    >>> values, counts, mine = np.array([-1.0, 1.0]), np.array([20, 20]), np.array([True, False])
    >>> low, high = meeting_ends(values, counts, mine, 0.05, 1e-12)
    >>> abs(low + high) < 1e-6, 0.3 < high < 0.4  # 2.02 standard errors are 0.33
    (True, True)
    """
    guess = mixed_ends(np.repeat(values, counts), alpha)

    def ahead(sign: float, away: float) -> float:
        return math.log(2 * meeting_tail(sign * values + away, counts, mine, tolerance) / alpha)

    return -_root(lambda t: ahead(1.0, t), -guess[0]), _root(lambda t: ahead(-1.0, t), guess[1])


def _root(ahead: object, start: float) -> float:
    """The largest shift that is still ahead of α (the function falls): secant steps inside a bracket."""
    assert callable(ahead)  # noqa: S101
    low, high, f_low, f_high = 0.0, math.inf, math.inf, -math.inf
    at, step = start, 0.02 * start
    for _ in range(40):
        f = ahead(at)
        if f > 0:
            low, f_low = at, f
        else:
            high, f_high = at, f
        if high - low <= 1e-9 * start:
            break
        if low == 0.0 or math.isinf(high):
            at = max(at + math.copysign(step, f), at / 2)
            step *= 4
        else:
            inside = low + (high - low) * f_low / (f_low - f_high)
            edge = 4e-10 * start
            at = min(max(inside + (edge if f_low > -f_high else -edge), low + edge), high - edge)
    return low
