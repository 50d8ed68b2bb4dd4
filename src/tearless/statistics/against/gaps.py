"""How far two profiles of one column are apart, and where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tearless.statistics.profile.categories import Categories
from tearless.statistics.profile.histogram import Histogram
from tearless.statistics.two_sample import Gap

from .nights import Floats

COMPARED = 30
"""Values compared one by one; the rest are compared together."""
FEWEST_TOGETHER = 10
"""Rows that hold a value, in both samples together, from which it is compared by itself: of thousands of rare values
those that one sample happens to hold would be picked for it."""


def largest_gap(first: Histogram, second: Histogram) -> Gap:
    """The largest gap between two distribution functions at the edges of the cells that both have.

    At most the gap of the values themselves; equal to it where every value has a cell of its own. Neither may be empty.

    >>> largest_gap(Histogram.of(np.arange(1.0, 5.0)), Histogram.of(np.arange(3.0, 7.0)))
    Gap(distance=0.5, at=2.0, below_first=0.5, below_second=0.0)
    """
    at, f, g = both(first, second)
    i = int(np.argmax(np.abs(f - g)))
    return Gap(float(abs(f[i] - g[i])), float(at[i]), float(f[i]), float(g[i]))


def both(first: Histogram, second: Histogram) -> tuple[Floats, Floats, Floats]:
    """Upper edges of the cells of either, and the share of each that is at most that: each of shape ``(k,)``.

    >>> both(Histogram.of(np.array([1.0, 2.0])), Histogram.of(np.array([2.0])))[2].tolist()
    [0.0, 1.0]
    """
    level = max(first.level, second.level)
    a, b = first.coarser(level), second.coarser(level)
    cells = np.union1d(a.cells, b.cells)
    zeros = np.zeros(len(cells), dtype=np.int64)
    at = Histogram(level, cells, zeros).edges()[1]
    x, y = zeros.copy(), zeros.copy()
    x[np.searchsorted(cells, a.cells)] = a.counts
    y[np.searchsorted(cells, b.cells)] = b.counts
    return at, np.cumsum(x) / max(1, x.sum()), np.cumsum(y) / max(1, y.sum())


def quantiles(histogram: Histogram, shares: Floats) -> Floats:
    """The numbers at or below which these shares of the values lie, to the width of a cell: shapes ``(k,)``.

    >>> quantiles(Histogram.of(np.arange(1.0, 101.0)), np.array([0.5, 0.95])).tolist()
    [50.0, 95.0]
    """
    below = np.cumsum(histogram.counts) / max(1, histogram.counts.sum())
    low, high = histogram.edges()
    at = np.minimum(np.searchsorted(below, np.asarray(shares) - 1e-12), len(below) - 1)
    return np.asarray(low[at] / 2 + high[at] / 2, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Moved:
    """Classes in two samples: their names, and the rows that hold each, as near to one share as the stored errors let.

    The last class is all the others together; ``first`` and ``second`` have shape ``(k,)``; ``total_first`` and
    ``total_second`` are the rows. Made by ``moved``.
    """

    names: tuple[str, ...]
    first: Floats
    second: Floats
    total_first: float
    total_second: float

    @property
    def distance(self) -> float:
        """Total variation: the share of rows that would have to hold another class."""
        return float(np.abs(self.first / self.total_first - self.second / self.total_second).sum() / 2)


def moved(first: Categories, second: Categories) -> Moved:
    """The 30 commonest values of both together, from 10 rows on, and the rest as one. Neither sample may be empty.

    A count that may be too small by up to the stored error is taken where it lies nearest to the other's share.

    >>> found = moved(Categories({"a": 30, "b": 70}, 0, 0), Categories({"a": 50, "b": 50}, 0, 0))
    >>> round(found.distance, 12), found.names
    (0.2, ('b', 'a', ''))
    """
    n, m = (float(sum(one.counts.values()) + one.others) for one in (first, second))
    together = dict(first.counts)
    for value, count in second.counts.items():
        together[value] = together.get(value, 0) + count
    held = [value for value, count in together.items() if count >= FEWEST_TOGETHER]
    names = sorted(held, key=lambda value: (-together[value], value))[:COMPARED]
    x, y = (np.array([one.counts.get(value, 0) for value in names], dtype=np.float64) for one in (first, second))
    low_x, low_y = np.append(x, n - x.sum()), np.append(y, m - y.sum())
    slack_x, slack_y = _slack(first.error, len(names), low_x[-1]), _slack(second.error, len(names), low_y[-1])
    low_x[-1], low_y[-1] = low_x[-1] - slack_x[-1], low_y[-1] - slack_y[-1]
    a, b = _nearest(low_x / n, slack_x / n, low_y / m, slack_y / m)
    return Moved((*names, ""), a * n, b * m, n, m)


def _slack(error: int, names: int, rest: float) -> Floats:
    """By how much each count may be larger; the rest may be smaller by all of that, and not below nothing."""
    each = min(float(error), rest)
    return np.append(np.full(names, each), min(rest, each * names))


def _nearest(low_x: Floats, slack_x: Floats, low_y: Floats, slack_y: Floats) -> tuple[Floats, Floats]:
    """The nearest two points of two intervals, for each pair; where they meet, one point of both."""
    high_x, high_y = low_x + slack_x, low_y + slack_y
    x = np.where(low_x > high_y, low_x, np.minimum(high_x, low_y))
    x = np.maximum(x, low_x)
    y = np.clip(x, low_y, high_y)
    return x, y
