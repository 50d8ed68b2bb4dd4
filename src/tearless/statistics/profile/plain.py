"""The past as plain values, for a file that anyone can look into, and back: what is read is believed in nothing."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any, get_args

import numpy as np

from tearless.linear_algebra.moments import Floats, Moments
from tearless.statistics.facts import Kind

from .categories import LONGEST, MOST_CATEGORIES, Categories
from .histogram import COARSEST, LARGEST_KEY, MOST_CELLS, Histogram
from .past import Day, DayColumn, Past
from .profile import ColumnProfile, Profile

MOST_ROWS = 2**53
LARGEST = sys.float_info.max
MOST_DAYS = 100_000
LONGEST_LABEL = 300
LONGEST_TYPE = 200
LONGEST_COLUMN = 1_000_000
_SLACK, _LEAST = 1 + 1e-6, 1e-300
"""Sums of higher powers are bounded by that of squares, to rounding."""
_LARGEST_SUM = 1e150
"""Sums are kept in a unit in which they lie far below."""
_ABOUT = 1e-6
"""How far a mean may lie beyond the range, in shares of it: rounding, and no more."""


def plain(past: Past) -> Iterator[dict[str, Any]]:
    """The past as lines: a head, one line a column, and (of several days) one line a column and day.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> head, x = plain(Past.of([("monday", Profile.of(Batch(pl.DataFrame({"x": [1.0, 2.0]}))))]))
    >>> head
    {'private': False, 'days': [['monday', 2]], 'rows': 2, 'columns': 1}
    >>> x["name"], x["kind"], x["low"], x["histogram"]["counts"]
    ('x', 'number', 1.0, [1, 1])
    """
    days = [[day.label, day.rows] for day in past.days]
    whole = past.whole
    yield {"private": past.private, "days": days, "rows": whole.rows, "columns": len(whole.columns)}
    for name, column in whole.columns.items():
        yield {"name": name, **_plain_column(column)}
    if len(past.days) > 1:
        for i, day in enumerate(past.days):
            yield from ({"day": i, **line} for line in plain_day(day))


def plain_day(day: Day) -> Iterator[dict[str, Any]]:
    """What stays of one day, one line a column.

    >>> list(plain_day(Day("monday", 2, {"word": DayColumn(missing=1)})))[0]["missing"]
    1
    """
    for name, column in day.columns.items():
        yield {"name": name, **_plain_of_day(column)}


def _plain_column(column: ColumnProfile) -> dict[str, Any]:
    m = column.moments
    sums = None if m is None else [_known(float(v[0])) for v in (m.n, m.mean, m.m2, m.m3, m.m4, m.unit)]
    return {
        "kind": column.kind,
        "type": column.dtype[:LONGEST_TYPE],
        "missing": column.missing,
        "infinite": column.infinite,
        "moments": None if sums is None or None in (*sums[:3], sums[5]) else sums,
        "low": column.low,
        "high": column.high,
        "histogram": _plain_histogram(column.histogram),
        "categories": _plain_categories(column.categories),
    }


def _plain_of_day(column: DayColumn) -> dict[str, Any]:
    return {
        "missing": column.missing,
        "count": column.count,
        "mean": None if column.mean is None else _known(column.mean),
        "std": column.std,
        "histogram": _plain_histogram(column.histogram),
        "categories": _plain_categories(column.categories),
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _plain_histogram(histogram: Histogram | None) -> dict[str, Any] | None:
    """The first cell, and the steps from each to the next, which are small."""
    if histogram is None:
        return None
    steps = np.diff(histogram.cells.astype(object)).tolist()
    first = int(histogram.cells[0]) if len(histogram.cells) else None
    return {"level": histogram.level, "first": first, "steps": steps, "counts": histogram.counts.tolist()}


def _plain_categories(categories: Categories | None) -> dict[str, Any] | None:
    if categories is None:
        return None
    return {"counts": dict(categories.counts), "others": categories.others, "error": categories.error}


def past_of(lines: Iterable[Mapping[str, Any]]) -> Past:
    """The past that lines of a file tell. Raises ``ValueError``, in words, for what no table has.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> past = Past.of([("monday", Profile.of(Batch(pl.DataFrame({"x": [1.0, 2.0, 4.0]}))))])
    >>> list(plain(past_of(plain(past)))) == list(plain(past))
    True
    """
    rest = iter(lines)
    head = next(rest, {})
    _only(head, ("private", "days", "rows", "columns"))
    private, rows = head["private"], _whole(head["rows"], "rows")
    if not isinstance(private, bool):
        raise ValueError("whether it is private is neither true nor false")
    days = [_label_and_rows(one) for one in _list(head["days"], MOST_DAYS, "days")]
    if not days or sum(count for _, count in days) != rows:
        raise ValueError("its rows are not those of its days")
    columns: dict[str, ColumnProfile] = {}
    for _ in range(_whole(head["columns"], "columns")):
        line = dict(next(rest, {}))
        name = _text(line.pop("name", None), LONGEST_COLUMN, "the name of a column")
        if name in columns:
            raise ValueError("a column stands there twice")
        columns[name] = _column(line, rows, private)
    whole = Profile(rows, columns)
    if len(days) == 1:
        if next(rest, None) is not None:
            raise ValueError("more columns than it says")
        return Past((Day.of(days[0][0], whole),), whole, private)
    return Past(_days(rest, days), whole, private)


def _days(lines: Iterable[Mapping[str, Any]], days: list[tuple[str, int]]) -> tuple[Day, ...]:
    columns: list[dict[str, DayColumn]] = [{} for _ in days]
    for given in lines:
        line = dict(given)
        i = _whole(line.pop("day", None), "the number of a day", len(days) - 1)
        name = _text(line.pop("name", None), LONGEST_COLUMN, "the name of a column")
        if name in columns[i]:
            raise ValueError("a column stands there twice")
        columns[i][name] = _day_column(line, days[i][1])
    return tuple(Day(label, rows, found) for (label, rows), found in zip(days, columns, strict=True))


def _label_and_rows(value: Any) -> tuple[str, int]:
    pair = _list(value, 2, "a day")
    if len(pair) != 2:
        raise ValueError("a day is not a name and its rows")
    return _text(pair[0], LONGEST_LABEL, "the name of a day"), _whole(pair[1], "rows")


def _column(line: Mapping[str, Any], rows: int, private: bool) -> ColumnProfile:
    _only(line, ("kind", "type", "missing", "infinite", "moments", "low", "high", "histogram", "categories"))
    if line["kind"] not in get_args(Kind):
        raise ValueError("a column is of no known kind")
    missing = _whole(line["missing"], "missing cells", rows)
    infinite = _whole(line["infinite"], "infinite cells", rows - missing)
    present = rows - missing - infinite
    low, high = (None if line[end] is None else _number(line[end]) for end in ("low", "high"))
    if (low is None) != (high is None) or (low is not None and high is not None and low > high):
        raise ValueError("a column's smallest value is not at or below its largest")
    moments = _moments(line["moments"], present)
    if low is not None and high is not None and moments is not None:
        beyond = _ABOUT * (high / 2 - low / 2) + _ABOUT * max(abs(low), abs(high))
        if not low - beyond <= float(moments.mean[0]) <= high + beyond:
            raise ValueError("a mean lies beyond the values")
    histogram, categories = _histogram(line["histogram"], present), _categories(line["categories"], rows - missing)
    if private and (low is not None or histogram is not None or categories is not None):
        raise ValueError("it says that it is private and holds values")
    dtype = _text(line["type"], LONGEST_TYPE, "the type of a column")
    return ColumnProfile(line["kind"], dtype, missing, infinite, moments, low, high, histogram, categories)


def _day_column(line: Mapping[str, Any], rows: int) -> DayColumn:
    _only(line, ("missing", "count", "mean", "std", "histogram", "categories"))
    missing = _whole(line["missing"], "missing cells", rows)
    count = None if line["count"] is None else _whole(line["count"], "values", rows - missing)
    mean, std = (None if line[key] is None else _number(line[key]) for key in ("mean", "std"))
    if std is not None and std < 0:
        raise ValueError("a spread is below 0")
    histogram, categories = _histogram(line["histogram"], rows), _categories(line["categories"], rows - missing)
    return DayColumn(missing, count, mean, std, histogram, categories)


def _moments(value: Any, present: int) -> Moments | None:
    if value is None:
        return None
    sums = _list(value, 6, "moments")
    if len(sums) != 6:
        raise ValueError("moments are not six numbers")
    n, mean, m2, m3, m4, unit = (math.nan if v is None and 2 < i < 5 else _number(v) for i, v in enumerate(sums))
    impossible = m2 < 0 or m4 < 0 or m4 > _SLACK * m2 * m2 + _LEAST or abs(m3) > _SLACK * m2 * math.sqrt(m2) + _LEAST
    if n != present or impossible or m2 > _LARGEST_SUM or math.frexp(unit)[0] != 0.5:
        raise ValueError("moments are not those of the values")
    one: list[Floats] = [np.array([float(v)]) for v in (n, mean, m2, m3, m4, unit)]
    return Moments(*one)


def _histogram(value: Any, present: int) -> Histogram | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("a histogram is none")
    _only(value, ("level", "first", "steps", "counts"))
    level = _whole(value["level"], "the level of a histogram", COARSEST)
    counts = _wholes(value["counts"], "the counts of cells", present)
    steps = _wholes(value["steps"], "the steps between cells", 2**64)
    if len(steps) != max(0, len(counts) - 1) or (value["first"] is None) != (not counts):
        raise ValueError("a histogram has other cells than counts")
    if sum(counts) > present:
        raise ValueError("a histogram counts more values than there are")
    cells = list(accumulate([_whole(value["first"], "a cell", 2**63, -(2**63)), *steps])) if counts else []
    if cells and not ((cells[0] + 1 << level) > -LARGEST_KEY - 1 and cells[-1] << level <= LARGEST_KEY):
        raise ValueError("a histogram has cells beyond all numbers")
    if level == 0 and -1 in cells:
        raise ValueError("a histogram has a cell that no number falls into")
    return Histogram(level, np.array(cells, dtype=np.int64), np.array(counts, dtype=np.int64))


def _categories(value: Any, present: int) -> Categories | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueError("categories are none")
    _only(value, ("counts", "others", "error"))
    held = value["counts"]
    if not isinstance(held, dict) or len(held) > MOST_CATEGORIES:
        raise ValueError("categories are none")
    counts = {
        _text(name, LONGEST, "a category"): _whole(rows, "the rows of a category", present, 1)
        for name, rows in held.items()
    }
    others = _whole(value["others"], "the rows of other categories", present)
    error = _whole(value["error"], "the error of categories")
    if sum(counts.values()) + others != present:
        raise ValueError("categories count other rows than there are")
    return Categories(counts, others, error)


def _only(line: Mapping[str, Any], names: tuple[str, ...]) -> None:
    if set(line) != set(names):
        raise ValueError("a line says other things than facts do")


def _list(value: Any, most: int, what: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError(f"{what} are no list, or too many")
    return value


def _whole(value: Any, what: str, most: int = MOST_ROWS, least: int = 0) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{what}: no whole number that can be")
    return value


def _wholes(values: Any, what: str, most: int) -> list[int]:
    """Whole numbers of at least 1, no more of them than a histogram has cells."""
    found = _list(values, MOST_CELLS, what)
    if not set(map(type, found)) <= {int} or (found and not 1 <= min(found) <= max(found) <= most):
        raise ValueError(f"{what}: no whole numbers that can be")
    return found


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not -LARGEST <= value <= LARGEST:
        raise ValueError("a number is none")
    return float(value)


def _text(value: Any, longest: int, what: str) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"{what}: no text, or too long")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what}: no text that can be written") from None
    return value
