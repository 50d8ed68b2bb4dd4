"""The law of Σ ±xᵢ with fair signs: the tails of a sign-flip test, exact where that can be counted.

Three exact routes, each for what it is quick at: values on a lattice by counting sums, or by Fourier transform of the
law tilted onto the tail, which keeps all digits of a small chance; some forty real values by meeting in the middle.
Two approximate ones: the saddle point, and the largest values enumerated with a normal law for the rest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, expit, gammaln, ndtr

from tearless.statistics.estimate import Floats

Counts = NDArray[np.int64]
COUNTED = 20_000_000
"""Cells that counting sums may touch: about a tenth of a second."""
TRANSFORMED = 20_000_000
"""Cells of the Fourier transform."""
HALF = 1 << 18
"""Sums of one half that meet in the middle: 36 distinct values, more where values repeat."""
LEAST = float(np.finfo(np.float64).tiny)
"""A chance is never 0: every sign pattern can occur."""


def lattice_step(sizes: Floats, tolerance: float) -> float | None:
    """The largest step of which all sizes are whole multiples within ``tolerance``, at most a million of them; or None.

    Shape (k,), above 0. Euclid's algorithm on all at once: the smallest is the step; what is left over from whole
    multiples of it is the next step.

    >>> round(lattice_step(np.array([0.3, 0.1 + 0.2, 0.7]), 1e-12), 12)
    0.1
    """
    step, largest = float(sizes.min()), float(sizes.max())
    while step > max(largest * 1e-6, 8 * tolerance):
        whole = np.rint(sizes / step)
        rest = np.abs(sizes - whole * step)
        if float(rest.max()) <= tolerance * 8:
            refined = float(whole @ sizes / (whole @ whole))
            return refined if float(np.abs(sizes - whole * refined).max()) <= tolerance else None
        step = float(rest[rest > tolerance * 8].min())
    return None


def lattice_tail(sizes: Counts, counts: Counts, at_least: int) -> float | None:
    """The chance that Σ ±k is at least ``at_least`` ≥ 0, exactly; None where that would cost too much.

    ``sizes`` (g,), distinct and above 0, each occurring ``counts`` (g,) times. One size is a binomial count; few sums
    are counted one by one (dyadic fractions, without rounding up to 50 values); else the Fourier route, to about 1e-9.

    >>> lattice_tail(np.array([1, 2]), np.array([1, 1]), 1)  # of +-1 +-2: -3, -1, 1, 3
    0.5
    """
    total = int(sizes @ counts)
    left = (total - at_least) // 2
    if left < 0:
        return LEAST
    if len(sizes) == 1:
        return max(LEAST, _binomial_below(left // int(sizes[0]), int(counts[0])))
    if (left + 1) * int(counts.sum()) <= COUNTED:
        return max(LEAST, _counted(sizes, counts, left))
    return _transformed(sizes, counts, left)


def _binomial_below(k: int, n: int) -> float:
    return 1.0 if k >= n else float(betainc(n - k, k + 1, 0.5))


def _counted(sizes: Counts, counts: Counts, left: int) -> float:
    """P(Σ of the values with sign − ≤ left): half the sums without each value, half with it."""
    law = np.zeros(left + 1)
    law[0] = 1.0
    for size in np.repeat(sizes, counts).tolist():
        law /= 2
        if size <= left:
            law[size:] += law[:-size].copy()
    return float(law.sum())


def _transformed(sizes: Counts, counts: Counts, left: int) -> float | None:
    """The same through the law with chances pᵢ = 1/(1 + e^(−τkᵢ)), τ such that its mean is ``left``.

    P(U = x) = M(τ) e^(−τx) P_τ(U = x), so a far tail of U is the middle of the tilted law, where a Fourier transform
    loses nothing. The transform wraps at more than 60 standard deviations, or at the whole range.
    """
    k, c, total = sizes.astype(np.float64), counts.astype(np.float64), int(sizes @ counts)
    low, high = -800.0 / k.min(), 0.0
    for _ in range(200):
        tilt = (low + high) / 2
        low, high = (tilt, high) if c * k @ expit(tilt * k) < left else (low, tilt)
    p, q = expit(tilt * k), expit(-tilt * k)
    deviation = math.sqrt(float(c * k * k @ (p * q)))
    points = total + 1
    if k.max() <= deviation:
        points = min(points, 1 << math.ceil(math.log2(64 * deviation + 64)))
    if points * len(k) > TRANSFORMED:
        return None
    angle = 2 * np.pi * np.arange(points // 2 + 1) / points
    log = np.zeros(len(angle), dtype=np.complex128)
    for size, count, p_one, q_one in zip(sizes.tolist(), c.tolist(), p.tolist(), q.tolist(), strict=True):
        with np.errstate(divide="ignore"):
            log += count * np.log(q_one + p_one * np.exp(1j * ((size * np.arange(len(angle))) % points) * angle[1]))
    law = np.fft.irfft(np.exp(np.conj(log)), points)
    back = np.arange(min(left + 1, points // 2 + 1))
    tail = float(np.exp(tilt * back) @ law[(left - back) % points])
    log_scale = float(c @ (np.logaddexp(0.0, tilt * k) - math.log(2))) - tilt * left
    return max(LEAST, min(1.0, tail * math.exp(log_scale)))


def grouped(values: Floats, tolerance: float) -> tuple[Floats, Counts]:
    """The distinct values in rising order and how often each occurs; values within ``tolerance`` in a row are one.

    Both (g,), of ``values`` (n,).

    >>> [x.tolist() for x in grouped(np.array([0.3, 1.0, 0.1 + 0.2]), 1e-12)]
    [[0.3, 1.0], [2, 1]]
    """
    ordered = np.sort(values)
    starts = np.flatnonzero(np.r_[True, np.diff(ordered) > tolerance])
    return ordered[starts], np.diff(np.r_[starts, len(ordered)])


def halves(counts: Counts) -> tuple[NDArray[np.bool_], bool]:
    """Which groups go to the first half so that both have about as many sums; and whether both are few enough.

    >>> first, few = halves(np.array([3, 1, 1]))  # 4 sums of one group against 2 * 2 of the others
    >>> first.tolist(), few
    ([True, False, False], True)
    """
    weight = np.log2(counts + 1.0)
    mine = np.zeros(len(counts), dtype=bool)
    load = [0.0, 0.0]
    for i in np.argsort(-weight, kind="stable"):
        side = int(load[1] < load[0])
        load[side] += float(weight[i])
        mine[i] = side == 0
        if max(load) > math.log2(HALF):
            return mine, False
    return mine, True


def meeting_tail(values: Floats, counts: Counts, mine: NDArray[np.bool_], tolerance: float) -> float:
    """The chance that a random subset of the values (signed, each in or out with chance 1/2) sums to at most 0.

    All arrays (g,), ``counts`` saying how often each value occurs. Exact but for ``tolerance``: the sums of both
    halves, sorted, meet (E. Horowitz, S. Sahni, J. ACM 21, 1974, 277-292).

    >>> meeting_tail(np.array([1.0, -2.0]), np.array([1, 1]), np.array([True, False]), 0.0)  # {}, {-2}, {1, -2}
    0.75
    """
    first, chance = _subset_sums(values[mine], counts[mine])
    second, other = _subset_sums(values[~mine], counts[~mine])
    below = np.concatenate([[0.0], np.cumsum(other)])
    return float(chance @ below[np.searchsorted(second, tolerance - first[::-1], side="right")][::-1])


def _subset_sums(values: Floats, counts: Counts) -> tuple[Floats, Floats]:
    sums, chances = np.zeros(1), np.ones(1)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        taken = np.arange(count + 1)
        sums = (value * taken[:, None] + sums).ravel()
        chances = (binomial_half(count)[:, None] * chances).ravel()
        order = np.argsort(sums, kind="stable")
        sums, chances = sums[order], chances[order]
    return sums, chances


def binomial_half(n: int) -> Floats:
    """The chances of 0 to n heads in n throws of a fair coin.

    >>> binomial_half(2).tolist()
    [0.25, 0.5, 0.25]
    """
    if n <= 50:
        return np.array([math.comb(n, i) for i in range(n + 1)]) / 2.0**n
    k = np.arange(n + 1)
    return np.asarray(np.exp(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) - n * math.log(2)), dtype=np.float64)


def saddle_point_tail(values: Floats) -> float:
    """The chance that Σ ±|x| is at least |Σ x|, by the saddle point: relative error of order 1/n, far out too.

    Shape (n,), not all 0. O. E. Barndorff-Nielsen's r* form of R. Lugannani and S. Rice, Adv. Appl. Prob. 12, 1980,
    475-490; J. Robinson, J. R. Statist. Soc. B 44, 1982, 91-101 has it for this test.

    >>> round(saddle_point_tail(np.r_[np.ones(60), -np.ones(40)]), 4)  # P(>= 60 of 100) - P(60)/2 = 0.0230
    0.0227
    """
    x = np.abs(values)
    x /= x.max()
    total = min(abs(float((values / np.abs(values).max()).sum())), float(x.sum()))
    squares = float(x @ x)
    if total <= 1e-9 * math.sqrt(squares):
        return 0.5
    s = total / squares
    if total >= x.sum() * (1 - 1e-12):
        return max(LEAST, 2.0 ** -min(1020, len(x)))
    for _ in range(100):
        tanh = np.tanh(s * x)
        slope = float((x * x) @ (1 - tanh * tanh))
        move = (total - float(x @ tanh)) / max(slope, 1e-300)
        s += min(max(move, -s / 2), s + 1.0)
        if abs(move) <= 1e-10 * s:
            break
    sx = s * x
    tanh = np.tanh(sx)
    curvature = float((x * x) @ (1 - tanh * tanh))
    log_cosh = float((sx + np.log1p(np.exp(-2 * sx)) - math.log(2)).sum())
    r = math.sqrt(2 * max(s * total - log_cosh, 1e-300))
    return max(LEAST, float(ndtr(-(r + math.log(s * math.sqrt(curvature) / r) / r))))


@dataclass(frozen=True, slots=True)
class Mixed:
    """The tail of Σ ±(dᵢ − θ) for any θ at once: up to ten large deviations enumerated, a near-normal law of the rest.

    The rest enters by its power sums, so a tail costs the same for any n. Its error is that of a normal law with its
    fourth cumulant put right, for values none of which holds more than about a hundredth of the variance.

    >>> round(2 * Mixed.of(np.r_[-np.ones(500), np.ones(500)]).tail(0.062), 4)  # 62 of a spread of 31.68 about 0
    0.0503
    """

    rows: int
    large: Floats
    sums: tuple[float, float, float, float]

    @classmethod
    def of(cls, deviations: Floats) -> Mixed:
        """From the differences less their mean, shape (n,).

        >>> mixed = Mixed.of(np.r_[-np.ones(500), np.ones(500)])
        >>> round(2 * mixed.tail(0.062), 4)  # 62 of a spread of 31.68 about 0
        0.0503
        """
        size = np.abs(deviations)
        last = min(10, len(size))
        at = np.argpartition(size, len(size) - last)[len(size) - last :]
        at = at[size[at] ** 2 > 0.01 * float(deviations @ deviations)]
        large = deviations[at]
        second = deviations * deviations
        sums = [float(deviations.sum()), float(second.sum()), float(second @ deviations), float(second @ second)]
        sums = [total - float((large**power).sum()) for power, total in enumerate(sums, 1)]
        return cls(len(deviations), large, (sums[0], max(sums[1], 0.0), sums[2], max(sums[3], 0.0)))

    def tail(self, away: float) -> float:
        """P(Σ ±(eᵢ + away) ≥ n·away), ``away`` > 0 being the mean less θ."""
        s1, s2, s3, s4 = self.sums
        rest = self.rows - len(self.large)
        variance = s2 + 2 * away * s1 + rest * away**2
        fourth = s4 + 4 * away * s3 + 6 * away**2 * s2 + 4 * away**3 * s1 + rest * away**4
        offset = np.zeros(1)
        for value in (self.large + away).tolist():
            offset = np.concatenate([offset + value, offset - value])
        if variance <= 0:
            return float(np.mean(offset >= self.rows * away * (1 - 1e-12)))
        z = (self.rows * away - offset) / math.sqrt(variance)
        bump = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z**3 - 3 * z)
        return float(np.clip(ndtr(-z) - fourth / (12 * variance**2) * bump, 0.0, 1.0).mean())
