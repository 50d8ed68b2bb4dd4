"""Values that stand for no value: which are usual, and how a heap of equal values at an edge stands apart.

A code for "missing" shows itself twice: as a heap, many cells of exactly one value, and as an island, a gap between it
and the rest far wider than the gaps among its neighbours.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from tearless.core import InputError

MOST_CODES = 4
"""Different values that may stand beyond the gap together, such as 97, 98 and 99."""
NEIGHBOURS = 10
LOOKS = 2 * MOST_CODES
"""Ways to see a heap in one column: two edges, one to four values each. Chances are multiplied by it (Bonferroni)."""

_FILLS = {-999.25, 32767.0, -32768.0, 65535.0, 2147483647.0, -2147483648.0, 4294967295.0, 2.0**63, -(2.0**63)}
_FILLS |= {-1.0, -7.0, -8.0, -9.0, 1e20, -1e20, 1e30, -1e30, 1e36, -1e36, 1e37, -1e37, 9.969209968386869e36}
_SINGLE = {float(np.float32(x)) for x in (1e20, -1e20, 1e30, -1e30, 9.969209968386869e36, 3.4028234663852886e38)}

DEFAULT_DATES = tuple(
    dt.date.fromisoformat(day)
    for day in (
        *("0001-01-01", "1582-10-15", "1600-01-01", "1601-01-01", "1753-01-01", "1800-01-01", "1899-12-30"),
        *("1899-12-31", "1900-01-01", "1900-01-02", "1901-01-01", "1904-01-01", "1970-01-01"),
        *("2079-06-06", "2099-12-31", "2262-04-11", "2999-12-31", "3000-01-01", "9999-01-01", "9999-12-31"),
    )
)
"""First and last days of calendars and programs, and the ends of time that people type."""

_SIGNS = ("", "?", "??", "-", "--", "---", "—", ".", "..")
_SHORT = ("n/a", "na", "n.a.", "n.a", "#n/a", "#na", "nan", "-nan", "null", "nat", "<null>", "(null)", "[null]", "<na>")
_FAULTS = ("#null!", "#value!", "#ref!", "#div/0!", "#num!", "#name?", "1.#ind", "-1.#ind", "1.#qnan", "<n/a>", "\\n")
NO_VALUE = frozenset((*_SIGNS, *_SHORT, *_FAULTS, "not available", "no data"))
"""Texts, in lower case, that a program or a person writes for no value."""
_ABSENT = ("none", "unknown", "unk", "missing", "nil", "tbd", "tba", "undefined", "unspecified", "blank")
_ABOUT = ("not known", "not specified", "not applicable", "not reported", "not recorded", "(missing)", "(unknown)")
PERHAPS_NO_VALUE = frozenset((*_ABSENT, *_ABOUT, "<missing>", "[unknown]"))
"""Texts, in lower case, that may stand for no value and may be a value of their own."""


def is_usual_code(value: float) -> bool:
    """Whether a number is one that people and programs write for "missing".

    Two or more equal digits 7, 8 or 9, with any sign and decimal point (99, −999, 99.9); 97 and 98, 997, 998 ...; −1,
    −7, −8 and −9; the ends of integer types; the fill values of climate and well-log formats. Raises ``InputError`` for
    nan and infinity.

    >>> [is_usual_code(x) for x in (-999, 99.9, 98, -1, 9, 0, 1000)]
    [True, True, True, True, False, False, False]
    """
    if not math.isfinite(value):
        raise InputError(f"value: expected a finite number, got {value}; count infinities apart")
    if value in _FILLS or value in _SINGLE:
        return True
    if abs(value) < 10 or abs(value) >= 1e10:
        return False
    digits = f"{abs(value):.6f}".rstrip("0").replace(".", "")
    return len(set(digits[:-1])) == 1 and (
        (digits[0] == "9" and digits[-1] in "789") or digits in {"77", "88", "777", "888", "7777", "8888"}
    )


@dataclass(frozen=True, slots=True)
class Heap:
    """Equal values at one edge of a column, against their neighbours.

    ``values`` are the repeated values beyond the gap, commonest first, and ``count`` the cells that hold them; ``gap``
    is the distance to the next value ``nearest``, ``spacing`` the mean distance among the ten values that follow it
    (0 where there are none), ``expected`` the cells that an even spread over that stretch would put in their place, and
    ``chance`` the chance, at most, that an even spread puts at least so many there and none into the gap; 1 where no
    more than expected are there, for that is no heap.

    Made by ``heap_at_edge`` and ``heap_inside``; ``distinct_beyond`` is how many values differ beyond the gap.
    """

    values: tuple[float, ...]
    count: int
    nearest: float
    gap: float
    spacing: float
    distinct_beyond: int
    expected: float
    chance: float

    @property
    def ratio(self) -> float:
        """The gap in mean spacings of the neighbours; infinite where there is none."""
        return self.gap / self.spacing if self.spacing > 0 else math.inf


def heap_at_edge(ordered: NDArray[np.float64], high: bool) -> Heap | None:
    """The heap at the low or the high edge of sorted finite values, shape (n,); ``None`` below three distinct values.

    Of the one to four outermost distinct values those are taken before the widest gap, if they are repeated. Exact up
    to rounding. Raises ``InputError`` for values that are not sorted.

    Thirty zeros before the whole numbers 24, 25, ..., 90: the gap is 24 spacings.

    >>> h = heap_at_edge(np.r_[np.zeros(30), np.arange(24.0, 91.0)], high=False)
    >>> h.values, h.count, h.ratio, h.chance < 1e-9
    ((0.0,), 30, 24.0, True)
    """
    if ordered.ndim != 1 or (ordered.size and not ordered[0] <= ordered[-1]):
        raise InputError(
            f"ordered: expected sorted finite values in one dimension, got shape {ordered.shape}; sort them"
        )
    seen, counts = _outermost(ordered, high, MOST_CODES + NEIGHBOURS + 1)
    if len(seen) < 3:
        return None
    if counts[:MOST_CODES].max() < 2:
        return Heap((float(seen[0]),), 1, float(seen[1]), 0.0, 0.0, len(seen) - 1, 1.0, 1.0)
    unit = 2.0 ** math.frexp(float(np.abs(seen).max()))[1] if np.abs(seen).max() < 1e300 else 2.0**1023
    gaps = np.abs(np.diff(seen / unit))
    chosen = _before_the_widest(gaps, counts)
    spacings = gaps[chosen : chosen + NEIGHBOURS]
    heap, near = int(counts[:chosen].sum()), int(counts[chosen : chosen + NEIGHBOURS + 1].sum())
    cell = float(spacings.min())
    stretch = float(gaps[: chosen + NEIGHBOURS].sum()) + cell
    share = min(1.0, chosen * cell / stretch)
    beyond = max(0.0, 1.0 - share - float(gaps[chosen - 1]) / stretch + cell / stretch)
    order = np.argsort(-counts[:chosen], kind="stable")
    values = tuple(float(seen[i]) for i in order if counts[i] > 1 or heap < 2)
    with np.errstate(over="ignore"):
        return Heap(
            values or (float(seen[0]),),
            heap,
            float(seen[chosen]),
            float(gaps[chosen - 1] * np.float64(unit)),
            float(spacings.mean() * np.float64(unit)),
            len(seen) - chosen,
            (heap + near) * share,
            min(1.0, LOOKS * _heap_and_gap(heap, near, share, beyond)),
        )


def _before_the_widest(gaps: NDArray[np.float64], counts: NDArray[np.int64]) -> int:
    """How many of the outermost values, one to four, stand before the widest gap among those that are repeated."""
    before = np.arange(1, min(MOST_CODES, len(counts) - 2) + 1)
    repeated = np.cumsum(counts)[before - 1] >= 2 * before
    return int(before[np.argmax(np.where(repeated, gaps[before - 1], -1.0))]) if repeated.any() else 1


def _heap_and_gap(heap: int, near: int, share: float, beyond: float) -> float:
    """Chance that of heap + near cells at least ``heap`` fall in one share of a stretch, the others in another.

    Σₓ C(n, x) sˣ bⁿ⁻ˣ over x ≥ heap is (s + b)ⁿ times a binomial tail at s/(s + b).
    """
    n, both = heap + near, min(1.0, share + beyond)
    if heap <= n * share:
        return 1.0
    return float(both**n * bdtrc(heap - 1, n, min(1.0, share / both)))


def heap_inside(ordered: NDArray[np.float64], value: float) -> Heap | None:
    """The heap at one given value anywhere among sorted finite values, against the ten nearest values on either side.

    ``ordered`` has shape (n,) and rises. ``None`` where the value does not occur or has fewer than three distinct
    neighbours. The chance is not multiplied: the value was named beforehand.

    >>> h = heap_inside(np.sort(np.r_[np.arange(100.0), np.full(40, 50.0)]), 50.0)
    >>> h.count, h.gap, round(h.expected, 2), h.chance < 1e-9
    (41, 1.0, 2.9, True)
    """
    first, last = (int(i) for i in (np.searchsorted(ordered, value), np.searchsorted(ordered, value, "right")))
    below, counts_below = _outermost(ordered[:first], True, NEIGHBOURS)
    above, counts_above = _outermost(ordered[last:], False, NEIGHBOURS)
    count, near = last - first, int(counts_below.sum() + counts_above.sum())
    seen = np.r_[below[::-1], value, above]
    if not count or len(seen) < 4:
        return None
    gaps = np.diff(seen)
    own = [abs(float(x[0]) - value) for x in (below, above) if x.size]
    cell = float(gaps.min())
    share = min(1.0, cell / float(gaps.sum() + cell))
    nearest = min((float(x[0]) for x in (below, above) if x.size), key=lambda v: abs(v - value))
    chance = float(bdtrc(count - 1, count + near, share))
    expected = (count + near) * share
    return Heap((value,), count, nearest, min(own), float(gaps.mean()), len(seen) - 1, expected, min(1.0, chance))


def _outermost(ordered: NDArray[np.float64], high: bool, most: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The outermost distinct values from one edge inwards, and their counts."""
    window = 64
    while True:
        edge = ordered[-window:][::-1] if high else ordered[:window]
        starts = _starts(edge)
        if len(starts) > most or window >= len(ordered):
            counts = np.diff(starts, append=len(edge))
            return edge[starts][:most], counts[:most]
        window = max(8 * window, 4_096)


def _starts(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where each run of equal values begins."""
    begins = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def robust_spread(ordered: NDArray[np.float64]) -> float:
    """Spread of sorted values from their tenth to their ninetieth percentile, in standard deviations of a normal.

    Shape (n,), rising. (q₉₀ − q₁₀)/2.563; the standard deviation where that is 0. A tenth of the values at either edge
    may be anything. Raises ``InputError`` for no value.

    >>> round(robust_spread(np.arange(0.0, 101.0)), 4)
    31.2122
    """
    if not ordered.size:
        raise InputError("ordered: expected at least one value, got none; leave the column out")
    low, high = np.quantile(ordered, [0.1, 0.9])
    unit = float(np.abs(ordered[[0, -1]]).max()) or 1.0
    return float(high / unit - low / unit) / 2.5631031310892007 * unit or float(np.std(ordered / unit)) * unit
