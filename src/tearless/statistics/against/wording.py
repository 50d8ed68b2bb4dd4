"""What changed most between two columns of numbers, in words: one value, whole numbers, the place, or the spread."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from tearless.core.number import shown
from tearless.statistics.profile.histogram import Histogram, keys_of
from tearless.statistics.two_sample import Gap

from .gaps import both, quantiles

MOST = 0.5
"""Share of the gap that a cause must come to for the words to name it."""
LEAST_SHARE = 0.02
"""By how much the share of one value must have changed for it to be named."""
_QUARTILES = 1.349
"""Standard deviations between the quartiles of a normal column."""


def in_words(now: Histogram, past: Histogram, gap: Gap, ends: Sequence[float] = ()) -> str:
    """What the ``gap`` between the past (its first) and now comes from, the plainest cause that is visible.

    One value whose share explains it; numbers that became whole; the median, where its step against the spread is the
    most; the distance between the quartiles; else the shares at the threshold of the gap. ``ends``: smallest
    and largest values of either, which name the value where cells are wide. Neither may be empty.

    >>> from tearless.statistics.against.gaps import largest_gap
    >>> past, now = (Histogram.of(x) for x in (np.arange(100.0), np.r_[np.arange(0.0, 100, 1.25), np.full(7, -999.0)]))
    >>> in_words(now, past, largest_gap(past, now))
    'holds -999 in 0 % of the earlier rows, in 8.05 % now'
    """
    return _one_value(now, past, gap, ends) or _fewer_digits(now, past, gap) or _place_or_spread(now, past, gap)


def _one_value(now: Histogram, past: Histogram, gap: Gap, ends: Sequence[float]) -> str:
    """The cell without which both agree, nearly."""
    at, f, g = both(past, now)
    p, q = np.diff(f, prepend=0.0), np.diff(g, prepend=0.0)
    i = int(np.argmax(np.abs(q - p)))
    if abs(q[i] - p[i]) < max(LEAST_SHARE, MOST * gap.distance) or len(at) < 3 or max(p[i], q[i]) > 1 - 1e-9:
        return ""
    p_rest, q_rest = (np.cumsum(np.delete(x, i)) / (1 - x[i]) for x in (p, q))
    if np.abs(p_rest - q_rest).max() > MOST * gap.distance:
        return ""
    value = _named(max(now.level, past.level), float(at[i]), ends)
    shares = f"{shown(float(p[i]), 'share')} of the earlier rows, in {shown(float(q[i]), 'share')} now"
    return f"holds {value} in {shares}"


def _named(level: int, high: float, ends: Sequence[float]) -> str:
    """The value of a cell; of a wide cell the end of the column that it holds, or from where to where it is."""
    if level == 0:
        return shown(high)
    cell = Histogram(level, keys_of(np.array([high])) >> level, np.ones(1, dtype=np.int64))
    low = float(cell.edges()[0][0])
    held = [end for end in ends if low <= end <= high]
    if held or shown(low) == shown(high):
        return f"about {shown(held[0] if held else high)}"
    return f"values from {shown(low)} to {shown(high)}"


def _fewer_digits(now: Histogram, past: Histogram, gap: Gap) -> str:
    """Where the numbers now end after fewer decimals, and that is the most of the gap."""
    for digits in range(3):
        step = 10.0**-digits
        whole, before = _multiples(now, step), _multiples(past, step)
        if now.level == 0 and whole >= 0.99 and before <= MOST and _rounding_explains(now, past, step, gap):
            what = "whole numbers" if not digits else f"numbers of {digits} decimal{'s' * (digits > 1)}"
            if past.level == 0:
                return f"holds {what} in {shown(before, 'share')} of the earlier rows, in {shown(whole, 'share')} now"
            return f"holds {what} in {shown(whole, 'share')} of the rows, earlier in fewer than {shown(MOST, 'share')}"
    return ""


def _multiples(histogram: Histogram, step: float) -> float:
    """The share of the cells' values that may be multiples of a step: those of each cell that has one."""
    low, high = (edge / step for edge in histogram.edges())
    slack = 1e-9 * np.maximum(1.0, np.abs(high))
    held = np.floor(high + slack) >= np.ceil(low - slack)
    return float(histogram.counts[held].sum() / histogram.counts.sum())


def _rounding_explains(now: Histogram, past: Histogram, step: float, gap: Gap) -> bool:
    """Whether the past, rounded to the nearest, down or up, lies much nearer to now."""
    values = now.edges()[1]
    shares = np.cumsum(now.counts) / now.counts.sum()
    ends = past.edges()[1]
    below = np.concatenate([[0.0], np.cumsum(past.counts) / past.counts.sum()])
    gaps = (
        float(np.abs(below[np.searchsorted(ends, values + part * step, side="right")] - shares).max())
        for part in (0.5, 1.0, 0.0)
    )
    return min(gaps) <= MOST * gap.distance


def _place_or_spread(now: Histogram, past: Histogram, gap: Gap) -> str:
    levels = np.array([0.25, 0.5, 0.75])
    (low, before, high), (low_now, after, high_now) = (
        (float(x) for x in quantiles(histogram, levels)) for histogram in (past, now)
    )
    wide, wide_now = high - low, high_now - low_now
    with np.errstate(over="ignore", invalid="ignore"):
        place, spread = _of_place(before, after, min(wide, wide_now) or max(wide, wide_now)), _of_spread(wide, wide_now)
    up = gap.below_second < gap.below_first
    if place >= max(spread, MOST * gap.distance) and shown(before) != shown(after) and (after > before) == up:
        return f"moved {'up' if up else 'down'}: median {shown(before)} earlier, {shown(after)} now"
    if spread >= MOST * gap.distance and spread > place:
        return (
            f"is spread {'wider' if wide_now > wide else 'less widely'}: "
            f"{shown(wide)} between the quartiles earlier, {shown(wide_now)} now"
        )
    shares = shown(gap.below_first, "share"), shown(gap.below_second, "share")
    return f"is spread otherwise: {shares[0]} of the earlier values and {shares[1]} now are at most {shown(gap.at)}"


def _of_place(before: float, after: float, wide: float) -> float:
    """The gap that a step of the median makes in a normal column of this distance between the quartiles."""
    if before == after:
        return 0.0
    step = abs(after - before) / wide * _QUARTILES if wide > 0 else math.inf
    return float(2 * special.ndtr(step / 2) - 1)


def _of_spread(wide: float, wide_now: float) -> float:
    """The gap that the change of the distance between the quartiles makes in a normal column."""
    if not (wide > 0 and wide_now > 0) or not math.isfinite(wide_now / wide):
        return 0.0
    return normal_gap(wide_now / wide)


def normal_gap(ratio: float) -> float:
    """The largest gap between two normal distribution functions about one mean, one ``ratio`` times as wide.

    >>> round(normal_gap(1.4), 3)
    0.081
    """
    wide = max(ratio, 1 / ratio)
    at = math.sqrt(2 * math.log(wide) / (1 - wide**-2)) if wide > 1 + 1e-12 else 0.0
    return float(special.ndtr(at) - special.ndtr(at / wide))
