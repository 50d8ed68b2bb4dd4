"""Columns that differ from the days before by their nature: times, numbers of rows, ids that count on.

They are excused only where they do go on: a clock that was set back, or that counts thousandths now, is a change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from tearless.statistics.profile.past import DayColumn
from tearless.statistics.profile.profile import ColumnProfile

HALF = 0.5
"""Share of the whole numbers of a range that rows have: random ones would repeat, so that these number the rows."""
NEARLY_ALL = 0.9
"""Share of distinct values that is as good as all: three standard errors of the estimate."""
MANY = 100
"""Different values from which a column that repeats them may be a clock or a counter still."""
WIDER = 3.0
BESIDE = 0.1
"""Share of a width that is as good as none: rows that come late, an estimated end, the hours of a night."""
FAR = 100.0
"""Widths that a counter or a clock is away from 0 once it has run for long: no quantity varies by so little of itself
and moves by many widths."""
LONGEST = 10.0
"""Widths of the past, or earlier steps, that may lie between it and today: a week of nights after one day."""
OF_ITSELF = 0.01
"""Share of itself that a counter or a clock may go on by: half a year of seconds since 1970, 1,000 of 100,000 rows."""
MONTH = 31 * 86_400.0
TIMES = "times, which go on"
NUMBERED = "whole numbers that number the rows"
COUNTED = "whole numbers that go on where the days before ended"
ONE_WAY = "numbers that go on in one direction day by day"
BY_NATURE = (TIMES, NUMBERED, COUNTED, ONE_WAY)
"""Why a column cannot be like the days before, and is none the worse for it."""
STILL = 0.05
"""Standard deviations between the means of days that have gone on by nothing."""


@dataclass(frozen=True, slots=True)
class Advance:
    """``why`` a column cannot be like the days before, in words; empty where it can be.

    ``stopped``: the days before went on and this one does not, so that how they differ tells nothing of it. Made by
    ``advancing``.
    """

    why: str = ""
    stopped: bool = False


def advancing(now: ColumnProfile, past: ColumnProfile, days: Sequence[DayColumn | None], distinct: float) -> Advance:
    """Whether a column goes on from the days before by its nature.

    ``distinct`` is how many different values it holds now. Dates go on where they begin after the past, or within a day
    of where it ended. Whole numbers that number the rows begin where the past did or go on; others with many different
    values lie beyond the past, about as wide, and begin where it ended or are far from 0. Any numbers that have gone on
    in one direction on every day, by more than they spread, do so now.

    >>> from tearless.linear_algebra.moments import Moments
    >>> import numpy as np
    >>> def ids(first):
    ...     x = np.arange(first, first + 100.0)
    ...     return ColumnProfile("number", "Int64", 0, 0, Moments.of([x]), x[0], x[-1])
    >>> days = [DayColumn.of(ids(0))]
    >>> advancing(ids(100), ids(0), days, 100.0).why
    'whole numbers that number the rows'
    >>> advancing(ids(5000), ids(0), days, 100.0).why
    ''
    """
    if now.moments is None or past.moments is None or now.moments.n[0] < 1 or past.moments.n[0] < 1:
        return Advance()
    if now.kind == past.kind == "time" and _dated(now) and _dated(past):
        if _still(days):
            return Advance()
        return Advance(TIMES) if _follows(now, past, days) else Advance(stopped=True)
    if now.moments.n[0] < 2 or past.moments.n[0] < 2:
        return Advance()
    if _numbers_rows(now, distinct) and _full(past) and (_again(now, past) or _next(now, past)):
        return Advance(NUMBERED)
    if _counts(now, distinct) and _beyond(now, past) and _steps_on(days):
        return Advance(COUNTED)
    if _one_way([*days, DayColumn.of(now)]):
        return Advance(ONE_WAY)
    return Advance(stopped=_whole(past) and _apart(days))


def _dated(column: ColumnProfile) -> bool:
    return not column.dtype.startswith(("Duration", "Time"))


def _means(days: Sequence[DayColumn | None]) -> list[tuple[float, float, int]]:
    """Mean, spread and number of values of each day that has them."""
    return [(d.mean, d.std or 0.0, d.count or 0) for d in days if d is not None and d.mean is not None]


def _still(days: Sequence[DayColumn | None]) -> bool:
    """Whether several days are known to lie in one place, as dates of birth do: they can be compared."""
    known = _means(days)
    if len(known) < 2 or len(known) < len(days):
        return False
    means, wide = [mean for mean, _, _ in known], median(std for _, std, _ in known)
    fewest = max(1, min(count for _, _, count in known))
    return wide > 0 and max(means) - min(means) <= max(STILL, 4 / math.sqrt(fewest)) * wide


def _follows(now: ColumnProfile, past: ColumnProfile, days: Sequence[DayColumn | None]) -> bool:
    """Whether dates begin within a day of where the past ended, or after it, by no more than a month or ten pasts.

    By the means, which a few rows that come late do not move.
    """
    last, wide, _ = max(_means(days), default=(math.nan, 0.0, 0))
    (before, after), mean = _ends(past), math.nan if now.moments is None else float(now.moments.mean[0])
    return -wide <= mean - last <= max(MONTH, LONGEST * (after - before))


def _whole(column: ColumnProfile) -> bool:
    low, high = _ends(column)
    floats = column.dtype.startswith(("Float", "Decimal"))
    return column.kind == "number" and (not floats or (low == math.floor(low) and high == math.floor(high)))


def _numbers_rows(now: ColumnProfile, distinct: float) -> bool:
    rows = 0.0 if now.moments is None else float(now.moments.n[0])
    return _whole(now) and rows > 2 and distinct >= NEARLY_ALL * rows and _full(now)


def _full(column: ColumnProfile) -> bool:
    low, high = _ends(column)
    return column.moments is not None and float(column.moments.n[0]) >= HALF * (high - low + 1)


def _counts(now: ColumnProfile, distinct: float) -> bool:
    """Whether they can count: whole numbers, nearly all of them different, or at least a hundred different ones."""
    rows = 0.0 if now.moments is None else float(now.moments.n[0])
    return _whole(now) and rows > 2 and distinct >= NEARLY_ALL * min(rows, MANY)


def _ends(column: ColumnProfile) -> tuple[float, float]:
    """The range; where it is not kept, that of as many whole numbers spread evenly."""
    if column.low is not None and column.high is not None:
        return column.low, column.high
    if column.moments is None:
        return 0.0, 0.0
    mean, spread = float(column.moments.mean[0]), float(column.moments.std()[0])
    reach = math.sqrt(3.0) * spread if math.isfinite(spread) else 0.0
    return math.floor(mean - reach), math.ceil(mean + reach)


def _again(now: ColumnProfile, past: ColumnProfile) -> bool:
    """Whether rows are numbered from where they were numbered before."""
    (low, _), (before, after) = _ends(now), _ends(past)
    return abs(low - before) <= max(1.0, BESIDE * (after - before))


def _next(now: ColumnProfile, past: ColumnProfile) -> bool:
    """Whether a column begins after the past one began, and no further beyond it than a counter goes."""
    (low, _), (before, after) = _ends(now), _ends(past)
    return low >= before and low - after <= _gap(before, after)


def _gap(before: float, after: float) -> float:
    return max(LONGEST * (after - before), OF_ITSELF * abs(after), 1.0)


def _beyond(now: ColumnProfile, past: ColumnProfile) -> bool:
    """Whether a column lies beyond the past one, about as wide as it, and begins where it ended or is far from 0."""
    (low, high), (before, after) = _ends(now), _ends(past)
    width = max(after - before, 1.0)
    mean = 0.0 if now.moments is None else float(now.moments.mean[0])
    beyond = mean > after and low > after - BESIDE * width and high - low <= WIDER * width
    here = low - after <= max(1.0, BESIDE * width)
    return beyond and (here or (after >= FAR * width and low - after <= _gap(before, after)))


def _steps_on(days: Sequence[DayColumn | None]) -> bool:
    """Whether days, however they are ordered, lie beside one another rather than upon one another; one day may do so.

    By their span, so that two halves of one day among them do no harm.
    """
    known = _means(days)
    if len(known) < 2:
        return True
    means, wide = [mean for mean, _, _ in known], median(std for _, std, _ in known)
    return max(means) - min(means) > 0.5 * (len(known) - 1) * wide


def _apart(days: Sequence[DayColumn | None]) -> bool:
    """Whether two days or more lie beside one another, however they are ordered, by more than they spread."""
    known = sorted(_means(days))
    return len(known) > 1 and all(b - a > wide + wider for (a, wide, _), (b, wider, _) in pairwise(known))


def _one_way(days: Sequence[DayColumn | None]) -> bool:
    """Whether the mean moved in one direction from each day to the next, by more than the values of both spread.

    The last step is no more than ten times any before it.
    """
    steps = []
    known = _means(days)
    for (mean, std, _), (later, wide, _) in pairwise(known):
        step = later - mean
        steps.append(step if abs(step) > std + wide else 0.0)
    if len(known) < len(days) or len(steps) < 2 or len({math.copysign(1, step) for step in steps}) > 1:
        return False
    return all(steps) and abs(steps[-1]) <= LONGEST * max(abs(step) for step in steps[:-1])
