"""What the losses of a run's steps say: where they began and ended, how noisy, whether they still fall.

Losses come from batches: each is the level of the run plus the luck of its batch. Everything here is robust: medians,
ranks and signs, so that a few wild batches decide nothing. Losses and values are in the order of the steps, shape (n,).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.core import CannotTell

Vector = NDArray[np.float64]
SIGMA = 1.482602218505602
"""The standard deviation of a normal distribution over its median absolute deviation: 1/Φ⁻¹(¾)."""
ENDING = 0.2
"""The share of a run that counts as its end."""


@dataclass(frozen=True)
class Levels:
    """Where a run's losses began and ended. Made by ``levels``.

    ``start``: the first finite loss, taken before anything was learned; ``late``: the median of the last fifth, inf
    where the run ended in losses that are no numbers; ``lowest``: of the medians of stretches; ``peak``: the largest
    finite loss; ``noise``: the spread of one loss about its level; ``early``: the lower quartile of the first
    ten, for a first batch may be an easy one; ``steps``: how many losses there are; ``bounded``: none lies below 0.
    """

    start: float
    late: float
    lowest: float
    peak: float
    noise: float
    early: float
    steps: int
    bounded: bool

    @property
    def left(self) -> float:
        """What is left of the first loss at the end: late/start where losses are never below 0.

        Where they may be, there is no zero to compare with: 1 unless the end lies below the start by more than three
        times the noise, 0 where it does. ``inf`` where it ended in no number.
        """
        if math.isinf(self.late):
            return math.inf
        if self.bounded and self.start > 0:
            return self.late / self.start
        return 1.0 if self.late > self.start - 3 * self.noise else 0.0

    @property
    def scale(self) -> float:
        """What a fall is compared with: the first loss, or the noise of batches where losses may lie below 0."""
        return self.start if self.bounded else self.noise

    @property
    def growth(self) -> float:
        """The largest loss over the first, or over ``early`` where that is higher; 1 where losses may lie below 0."""
        return self.peak / max(self.start, self.early) if self.bounded and self.start > 0 else 1.0


def levels(losses: Vector) -> Levels:
    """The levels of a run. Raises ``CannotTell`` where there are fewer than two losses, or none is a number.

    >>> found = levels(np.array([4.0, 3.0, 2.0, 1.0, 1.0]))
    >>> found.start, found.late, found.left
    (4.0, 1.0, 0.25)
    """
    if losses.size < 2 or not np.isfinite(losses).any():
        raise CannotTell("this needs the losses of at least two steps")
    values = known(losses)
    end = losses[-max(3, math.ceil(ENDING * losses.size)) :]
    broken = not np.isfinite(end).any() or not np.isfinite(end[-3:]).any()
    late = math.inf if broken else float(np.median(known(end)))
    early = float(np.quantile(values[:10], 0.25))
    lowest, bounded = float(stretches(values).min()), bool((values >= 0).all())
    return Levels(float(values[0]), late, lowest, float(values.max()), noise(values), early, losses.size, bounded)


def known(losses: Vector) -> Vector:
    """The finite losses in order, those beyond ±1e100 as ±1e100, so that no sum of them overflows.

    >>> known(np.array([1.0, np.nan, 2.0])).tolist()
    [1.0, 2.0]
    """
    return np.asarray(np.clip(losses[np.isfinite(losses)], -1e100, 1e100))


def noise(values: Vector) -> float:
    """The standard deviation of one value about a level that moves slowly: from the median of second differences.

    x_(t−1) − 2x_t + x_(t+1) has variance 6σ² and no trend. 0 for fewer than three values. Robust.

    >>> noise(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    0.0
    """
    if values.size < 3:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        second = np.abs(np.diff(values, 2))
    return float(SIGMA * np.median(second) / math.sqrt(6.0))


def stretches(values: Vector, most: int = 20) -> Vector:
    """The medians of up to ``most`` equal stretches of at least three values, in order.

    >>> stretches(np.arange(60.0)).tolist()[:2]
    [1.0, 4.0]
    """
    count = max(1, min(most, values.size // 3))
    return np.array([np.median(part) for part in np.array_split(values, count)])


def still_falling(values: Vector) -> float:
    """The chance of so clear a fall were there none: Mann and Kendall's test on the medians of stretches, one-sided.

    S = Σ_(i<j) sign(x_j − x_i) has mean 0 and variance n(n−1)(2n+5)/18 without a trend (normal from n = 10 on, with
    the correction for continuity). 1 for fewer than twelve values. (Mann 1945; Kendall 1975.)

    >>> still_falling(np.arange(60.0)[::-1]) < 1e-6
    True
    """
    if np.isfinite(values).sum() < 12:
        return 1.0
    level = stretches(known(values))
    n = level.size
    s = float(np.sign(level[None, :] - level[:, None])[np.triu_indices(n, 1)].sum())
    z = (s + 1) / math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    return 0.5 * math.erfc(-z / math.sqrt(2))


def largest_rise(values: Vector) -> tuple[float, float]:
    """``(rise, fall)``: the largest rise of the level from an earlier low, and the fall from the first value to the
    lowest level, both of medians of up to 40 stretches.

    The rise is less what luck gives to the largest of all pairs of k stretches in one run of a hundred:
    √(2 ln(k²/0.04)) times the spread of a difference of two medians of m values, σ√(π/m).

    >>> largest_rise(np.repeat([4.0, 1.0, 3.0], 30))
    (2.0, 3.0)
    """
    level = stretches(values, 40)
    spread = noise(values) * math.sqrt(math.pi * level.size / values.size)
    luck = spread * math.sqrt(2 * math.log(max(2, level.size**2) / 0.04))
    rise = float((level - np.minimum.accumulate(level)).max())
    return max(0.0, rise - luck), float(values[0] - level.min())


def in_proportion(values: Vector, floor: float = 0.05) -> Vector:
    """The logarithms of losses, none lower than that of ``floor`` times the first: changes in proportion to the level,
    as long as it is worth a look. As they are where losses may lie below 0.

    >>> in_proportion(np.array([1.0, 0.5, 1e-9]), 0.25).round(3).tolist()
    [0.0, -0.693, -1.386]
    """
    if values[0] <= 0 or (values < 0).any():
        return values
    return np.asarray(np.log(np.maximum(values, floor * values[0])))


def alternation(values: Vector) -> float:
    """How much each value's departure from its neighbours' level is undone by the next: the lag-1 autocorrelation of
    second differences' departures x_t − (x_(t−1) + x_(t+1))/2, less −2/3, what independent values give, over 1/3.

    0 for independent values (expected), 1 for strict alternation, below 0 for smooth curves. 0 for fewer than eight.

    >>> round(alternation(np.array([1.0, -1.0] * 10)), 6)
    1.0
    """
    if values.size < 8:
        return 0.0
    off = np.diff(values, 2)
    square = float((off[1:] ** 2).sum() + (off[:-1] ** 2).sum()) / 2
    if square == 0:
        return 0.0
    r = float((off[1:] * off[:-1]).sum()) / square
    return -(r + 2 / 3) * 3


def swings(values: Vector, least: float) -> int:
    """How many times the level rises by at least ``least`` after a fall of as much: a zigzag of medians of stretches.

    At most 100 stretches of at least three values, so that swings of a few steps are seen and single batches are not.

    >>> swings(np.repeat([4.0, 1.0, 3.0, 1.0, 3.0], 3), 1.5)
    2
    """
    level = stretches(values, 100)
    low = high = float(level[0])
    found, falling = 0, False
    for x in map(float, level):
        if falling:
            low = min(low, x)
            if x - low >= least:
                found, falling, high = found + 1, False, x
        else:
            high = max(high, x)
            if high - x >= least:
                falling, low = True, x
    return found


def heights(values: Vector) -> tuple[Vector, float]:
    """``(heights, rare)``: each loss over what a bad batch costs, both above the run's floor (the lowest loss, at most
    0), and the height that the luck of batches reaches in one run of a thousand.

    A bad batch costs the larger of the first losses (the median of the first three, one of which may be a jump itself,
    and of the first ten) and three quarters' worst of all. ``rare`` is e^(zσ) with σ the noise of the logarithms, by
    medians, and z = √(2 ln(n/0.002)), which normal numbers pass with a chance below 0.001/n each
    (P(Z > z) ≤ ½e^(−z²/2)). Shape (n,).

    >>> heights(np.array([1.0, 1.0, 0.5, 20.0, 0.5]))[0].tolist()
    [1.0, 1.0, 0.5, 20.0, 0.5]
    """
    floor = min(0.0, float(values.min()))
    bad = max(float(np.median(values[:3])), float(np.median(values[:10])), float(np.quantile(values, 0.75))) - floor
    if bad <= 0:
        return np.zeros_like(values), 1.0
    over = (values - floor) / bad
    sigma = noise(np.log(over + 1e-3))
    return over, math.exp(min(100.0, sigma * math.sqrt(2 * math.log(max(values.size, 2) / 0.002))))


def first_level(losses: Vector) -> float:
    """The first loss, or the median of the first ten where that is higher: one batch may be an easy one.

    >>> first_level(np.array([1.0, 3.0, 2.0]))
    2.0
    """
    values = known(losses)
    return float(max(values[0], np.median(values[:10])))


def delivered(losses: Vector, promised: float) -> float:
    """The fall of the level from the first fifth of a run to its last, over what was promised between them.

    ``promised`` is for the whole run, in the unit of the losses. 1 where so little is lost in the noise of batches.

    >>> round(delivered(np.linspace(2.0, 1.0, 100), 2.0), 2)
    0.51
    """
    values = known(losses)
    fifth = max(1, values.size // 5)
    asked, luck = 0.8 * promised, noise(values) * math.sqrt(math.pi / fifth)
    if asked <= 3 * luck:
        return 1.0
    return float(np.median(values[:fifth]) - np.median(values[-fifth:])) / asked
