"""A change of dates in dates: nobody reads seconds since 1970."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from .change import Change

_EPOCH = datetime(1970, 1, 1)


def dated(one: Change) -> Change:
    """The change of a column of dates, told by the day of its middle; as it is where the middle is not what is told.

    >>> some = Change("x", "values", 1.0, 0.0, 1.7e9, 0.0, "column unit", "median of the finite cells", "moved down")
    >>> dated(some).said
    'moved back: median 2023-11-14 earlier, 1970-01-01 now'
    """
    what = one.meaning.partition(" ")[0]
    if what not in ("median", "mean"):
        return one
    before, after = _day(one.before), _day(one.after)
    if not before or not after or before == after:
        return one
    way = "on" if one.after > one.before else "back"
    return replace(one, said=f"moved {way}: {what} {before} earlier, {after} now")


def _day(seconds: float) -> str:
    """The day, or nothing beyond the years 1 to 9999."""
    try:
        return str((_EPOCH + timedelta(seconds=seconds)).date())
    except OverflowError:
        return ""
