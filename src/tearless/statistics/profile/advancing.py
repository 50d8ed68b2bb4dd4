"""Columns that differ from the days before by their nature: times, numbers of rows, ids that count on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from .past import DayColumn
from .profile import ColumnProfile

REPEATS = 0.25
"""Share of rows that would repeat a value by chance, from which their absence says that the values number the rows."""
NEARLY_ALL = 0.9
"""Share of distinct values that is as good as all: three standard errors of the estimate."""
WIDER = 3.0


def advancing(now: ColumnProfile, past: ColumnProfile, days: Sequence[DayColumn | None], distinct: float) -> str:
    """Why a column cannot be like the days before, in words; empty where it can.

    ``distinct`` is how many different values it holds now. Whole numbers that do not repeat number the rows where the
    range is so narrow that chance would have made them repeat, or where they go on beyond the past range, about as wide
    as before. Any numbers that have gone on in one direction on every day, by more than they spread, do so now.

    >>> from tearless.linear_algebra.moments import Moments
    >>> import numpy as np
    >>> def ids(first):
    ...     x = np.arange(first, first + 100.0)
    ...     return ColumnProfile("number", "Int64", 0, 0, Moments.of([x]), x[0], x[-1])
    >>> advancing(ids(100), ids(0), [DayColumn.of(ids(0))], 100.0)
    'whole numbers that number the rows'
    """
    if now.kind == "time" or past.kind == "time":
        return "times, which go on"
    if now.moments is None or past.moments is None:
        return ""
    rows = float(now.moments.n[0])
    if rows < 2 or past.moments.n[0] < 2:
        return ""
    low, high = _ends(now)
    whole = not now.dtype.startswith(("Float", "Decimal")) or (low == math.floor(low) and high == math.floor(high))
    alone = whole and now.kind == "number" and rows > 2 and distinct >= NEARLY_ALL * rows
    if alone and rows / (2 * (high - low + 1)) >= REPEATS:
        return "whole numbers that number the rows"
    if alone and _beyond(now, past):
        return "whole numbers that go on where the days before ended"
    if _one_way([*days, DayColumn.of(now)]):
        return "numbers that go on in one direction day by day"
    return ""


def _ends(column: ColumnProfile) -> tuple[float, float]:
    """The range; where it is not kept, that of as many whole numbers spread evenly."""
    if column.low is not None and column.high is not None:
        return column.low, column.high
    if column.moments is None:
        return 0.0, 0.0
    mean, reach = float(column.moments.mean[0]), math.sqrt(3.0) * float(column.moments.std()[0])
    return math.floor(mean - reach), math.ceil(mean + reach)


def _beyond(now: ColumnProfile, past: ColumnProfile) -> bool:
    """Whether a column lies wholly on one side of the past one and is about as wide as a day of it can be."""
    (low, high), (before, after) = _ends(now), _ends(past)
    wide = high - low <= WIDER * max(after - before, 1.0)
    return wide and (low > after or high < before)


def _one_way(days: Sequence[DayColumn | None]) -> bool:
    """Whether the mean moved in one direction from each day to the next, by more than the values of both spread."""
    steps = []
    known = [(d.mean, d.std or 0.0) for d in days if d is not None and d.mean is not None]
    for (mean, std), (later, wide) in pairwise(known):
        step = later - mean
        steps.append(math.copysign(1, step) if abs(step) > std + wide else 0.0)
    return len(known) == len(days) and len(steps) > 1 and len(set(steps)) == 1 and steps[0] != 0.0
