"""What is compared with the past, drawn: one value a day with its limits, and the day that stands out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from tearless.core import Measured, quoted, visible
from tearless.core.picture import Axis, Band, Bars, Line, Mark, Picture, Points, Ranges, Rule, values
from tearless.statistics.profile.histogram import Histogram
from tearless.statistics.profile.past import Day, DayColumn, Past
from tearless.statistics.profile.profile import Profile

from .gaps import quantiles

MOST_DAYS = 60
MOST_NAMED = 8
EMPTY = "the empty text"
QUARTERS = np.array([0.25, 0.5, 0.75])
Spread = tuple[float, float, float]
NONE: Spread = (math.nan, math.nan, math.nan)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn of one column: a low, a middle and a high value of each of the ``days`` and of ``now``.

    ``labels`` are what the days are called, ``what`` the axis is about and ``middle`` the middle value; ``limits``:
    what now would have to stay within.

    >>> Shown(((0.0, 1.0, 2.0),), (4.0, 5.0, 6.0), ("monday",), "price", "median").now[1]
    5.0
    """

    days: tuple[Spread, ...]
    now: Spread
    labels: tuple[str, ...]
    what: str
    middle: str
    limits: tuple[float, float] | None = None


def drawn(title: str, says: str, shown: Shown) -> Picture:
    """The picture of the last 60 days and of now.

    >>> some = Shown(((0.0, 1.0, 2.0), (0.5, 1.5, 2.5)), (4.0, 5.0, 6.0), ("monday", "tuesday"), "price", "median")
    >>> [type(mark).__name__ for mark in drawn("`price` by day", "It moved up.", some).marks]
    ['Band', 'Line', 'Points', 'Ranges']
    """
    days, labels = shown.days[-MOST_DAYS:], shown.labels[-MOST_DAYS:]
    first = len(shown.days) - len(days)
    many = len(days) > MOST_NAMED
    at = values(range(first + 1, first + len(days) + 1) if many else range(len(days)))
    low, middle, high = (values(day[i] for day in days) for i in range(3))
    now = at[-1] + 1
    marks: list[Mark] = []
    wide = any(day[0] != day[2] for day in (*days, shown.now) if math.isfinite(day[0]))
    if wide and len(days) > 1:
        marks.append(Band(at, low, high, "half of the rows" if shown.middle == "median" else "one standard deviation"))
    if wide and len(days) == 1:
        marks.append(Ranges(at, low, high, middle, "earlier", along="y"))
    if len(days) > 1:
        marks += [Line(at, middle, f"{shown.middle}, earlier"), Points(at, middle)]
    elif not wide:
        marks.append(Points(at, middle, "earlier"))
    if shown.limits:
        ends = dict.fromkeys(shown.limits)
        marks += [Rule(end, "certain beyond" if i == 0 else "", of="y", role="soft") for i, end in enumerate(ends)]
    if wide:
        least, mid, most = shown.now
        marks.append(Ranges((now,), (least,), (most,), (mid,), "now", "bad", "y"))
    else:
        marks.append(Points((now,), (shown.now[1],), "now", "bad"))
    axis = Axis("day") if many else Axis(names=(*(visible(label, 16) for label in labels), "now"))
    return Picture(title, says, tuple(marks), axis, Axis(shown.what))


def of_values(measured: Measured, past: Past, profile: Profile) -> Picture:
    """A column by day: the middle half of its numbers, or the share of the category that moved most.

    >>> import polars as pl
    >>> from tearless.core import Number
    >>> from tearless.readers.source import Batch
    >>> day, now = (Profile.of(Batch(pl.DataFrame({"x": [1.0 + k, 2.0, 3.0]}))) for k in (0, 1))
    >>> past = Past.of([("monday", day)])
    >>> numbers = {"found_from": Number(0.1, "share", ""), "before": Number(2.0, "1", "")}
    >>> of_values(Measured(("x",), numbers, words={"moved": "moved up"}), past, now).says
    '`x` moved up.'
    """
    (name,) = measured.subject
    now, whole = profile.columns[name], past.whole.columns[name]
    days = [day.columns.get(name) for day in past.days]
    labels = tuple(day.label for day in past.days)
    title, says = f"{quoted(name)} by day", f"{quoted(name)} {measured.words['moved']}."
    least = measured.numbers["found_from"].value or 0.0
    value = measured.words.get("value", "")
    if now.categories is not None and (value or EMPTY in measured.words["moved"]):
        before = measured.numbers["before"].value or 0.0
        shares = tuple(_flat(_share_of(day, value)) for day in days)
        n = max(1, now.categories.total)
        limits = max(0.0, before - least), min(1.0, before + least)
        own = _flat(now.categories.counts.get(value, 0) / n)
        what = f"share of {visible(value, 24) or EMPTY}"
        return drawn(title, says, Shown(shares, own, labels, what, "share", limits))
    if now.histogram is not None and whole.histogram is not None:
        spreads = tuple(NONE if day is None else _quarters(day.histogram) for day in days)
        limits_of = quantiles(whole.histogram, np.clip([0.5 - least, 0.5 + least], 0.0, 1.0))
        ends = float(limits_of[0]), float(limits_of[1])
        return drawn(title, says, Shown(spreads, _quarters(now.histogram), labels, visible(name, 24), "median", ends))
    spreads = tuple(NONE if day is None else _about(day) for day in days)
    return drawn(title, says, Shown(spreads, _about(DayColumn.of(now)), labels, visible(name, 24), "mean"))


def of_missing(measured: Measured, past: Past, profile: Profile) -> Picture:
    """The share of a column's cells without a value by day: empty ones, and infinite ones.

    >>> import polars as pl
    >>> from tearless.core import Number
    >>> from tearless.readers.source import Batch
    >>> day, now = (Profile.of(Batch(pl.DataFrame({"x": [None, 2.0, 3.0 if k else None]}))) for k in (0, 1))
    >>> past = Past.of([("monday", day)])
    >>> numbers = {"found_from": Number(0.1, "share", ""), "before": Number(0.5, "share", "")}
    >>> of_missing(Measured(("x",), numbers, words={"moved": "is filled"}), past, now).y.label
    'share of cells without a value'
    """
    (name,) = measured.subject
    shares = tuple(_flat(_missing(day, name)) for day in past.days)
    before = measured.numbers["before"].value or 0.0
    least = measured.numbers["found_from"].value or 0.0
    column = profile.columns[name]
    now = _flat((column.missing + column.infinite) / max(1, profile.rows))
    limits = max(0.0, before - least), min(1.0, before + least)
    labels = tuple(day.label for day in past.days)
    shown = Shown(shares, now, labels, "share of cells without a value", "share", limits)
    return drawn(f"Cells of {quoted(name)} without a value by day", f"{quoted(name)} {measured.words['moved']}.", shown)


def of_rows(measured: Measured, past: Past, profile: Profile) -> Picture:
    """The rows of each day, where their number is unusual.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> day, now = (Profile.of(Batch(pl.DataFrame({"x": [1, 2] * (k + 1)}))) for k in (0, 1))
    >>> past = Past.of([("monday", day)])
    >>> of_rows(Measured((), {}, words={"moved": "4 rows, not 2"}), past, now).says
    '4 rows, not 2.'
    """
    return replace(rows_by_day(past, profile), says=f"{measured.words['moved']}.")


def rows_by_day(past: Past, profile: Profile) -> Picture:
    """The rows of each day.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> day, now = (Profile.of(Batch(pl.DataFrame({"x": [1, 2] * (k + 1)}))) for k in (0, 1))
    >>> past = Past.of([("monday", day)])
    >>> rows_by_day(past, now).says
    'This table has 4; the earlier ones have 2 to 2.'
    """
    days = tuple(_flat(float(day.rows)) for day in past.days)
    labels = tuple(day.label for day in past.days)
    shown = Shown(days, _flat(float(profile.rows)), labels, "rows", "rows")
    counts = [day.rows for day in past.days]
    says = f"This table has {profile.rows:,}; the earlier ones have {min(counts):,} to {max(counts):,}."
    return drawn("Rows by day", says, shown)


def _flat(value: float) -> Spread:
    return value, value, value


def _share_of(day: DayColumn | None, value: str) -> float:
    if day is None or day.categories is None:
        return math.nan
    return day.categories.counts.get(value, 0) / max(1, day.categories.total)


def _missing(day: Day, name: str) -> float:
    column = day.columns.get(name)
    return math.nan if column is None or not day.rows else column.lacking(day.rows) / day.rows


def _quarters(histogram: Histogram | None) -> Spread:
    """The quartiles, even within a cell: a day has few of them."""
    if histogram is None or not len(histogram.cells):
        return NONE
    below = np.concatenate([[0.0], np.cumsum(histogram.counts)]) / histogram.counts.sum()
    low, high = histogram.edges()
    cell = np.minimum(np.searchsorted(below[1:], QUARTERS - 1e-12), len(low) - 1)
    part = (QUARTERS - below[cell]) / np.maximum(below[cell + 1] - below[cell], 1e-300)
    first, middle, last = (float(x) for x in low[cell] + np.clip(part, 0, 1) * (high[cell] - low[cell]))
    return first, middle, last


def _about(day: DayColumn) -> Spread:
    if day.mean is None:
        return NONE
    std = day.std or 0.0
    return day.mean - std, day.mean, day.mean + std


def of_new(measured: Measured, past: Past, profile: Profile) -> Picture:
    """The commonest values of a column, earlier and now: those that are new hold no earlier row.

    Raises ``ValueError`` where none are kept.

    >>> import polars as pl
    >>> from tearless.core import Number
    >>> from tearless.readers.source import Batch
    >>> day, now = (Profile.of(Batch(pl.DataFrame({"c": ["a", "b" if k else "a"]}))) for k in (0, 1))
    >>> past = Past.of([("monday", day)])
    >>> told = Measured(("c",), {"share": Number(0.5, "share", "")}, words={"names": "`b`"})
    >>> of_new(told, past, now).y.names
    ('b', 'a')
    """
    (name,) = measured.subject
    now, before = profile.columns[name].categories, past.whole.columns[name].categories
    if now is None or before is None:
        raise ValueError("no categories are kept")
    new = [value for value in now.counts if value not in before.counts]
    if told := measured.numbers.get("values"):
        new = new[: int(told.value or 0)]
    new = new[:MOST_NAMED]
    known = [value for value in before.counts if value not in new][: MOST_NAMED // 2]
    shown = [*new, *known]
    at = np.arange(len(shown), dtype=np.float64)
    first, second = (values(one.counts.get(value, 0) / max(1, one.total) for value in shown) for one in (before, now))
    marks = (
        Bars(values(at - 0.2), first, "earlier", width=0.38, along="x"),
        Bars(values(at + 0.2), second, "now", "second", width=0.38, along="x"),
    )
    says = f"New: {measured.words['names']}, {measured.numbers['share']} of the rows."
    axes = Axis("share of rows", low=0.0), Axis(names=tuple(visible(value, 24) or EMPTY for value in shown))
    return Picture(f"The new values of {quoted(name)}, and the commonest known ones", says, marks, *axes)
