"""A summary of one table or of several days: kept in a file, read again, merged, shown."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

import tearless
from tearless.core import InputError, encodable, listed, quoted, visible
from tearless.core.number import shown
from tearless.readers.fact_files import packed_lines, read_facts, shown_place, write_facts
from tearless.report.answer import Table
from tearless.report.description import figure
from tearless.report.layout import NAME, Sheet
from tearless.report.tables import write_table
from tearless.report.words import counted

from .past import Day, Past
from .plain import past_of, plain, plain_day
from .profile import ColumnProfile, Profile
from .published import FEWEST_HELD, FEWEST_PRIVATE, PUBLISHED_CELLS, past_without_values, published

VERSION = 1
HOLDS = (
    "Of each column it holds the name, type and counts of missing and infinite cells; of numbers the moments, the "
    "smallest and largest value, and counts in at most 512 cells; of text the values that at least "
    f"{FEWEST_HELD} rows hold. No rows."
)
HOLDS_PRIVATE = (
    "Private: of each column it holds the name, type and counts of missing and infinite cells, and the mean and "
    f"standard deviation where {FEWEST_PRIVATE} numbers or more vary. No value of the table and no rows."
)


@dataclass(frozen=True)
class Summary:
    """What is kept of one table, or of several days, to compare a later table with. It holds no rows.

    ``past`` are the days with what stays of each, and their profile together. Made by ``tearless.summarize`` and
    ``tearless.merge``; ``check(against=...)`` takes it. ``notes`` are words about how the table was read.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> day = Summary.of("monday", Profile.of(Batch(pl.DataFrame({"x": [1.0, 3.0]}))))
    >>> day.labels, day.rows, day.private
    (('monday',), 2, False)
    >>> print(day.to_text().splitlines()[3])
    x       Float64  0        2                  1.4142     1         3
    """

    past: Past
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, label: str, profile: Profile, private: bool = False, notes: tuple[str, ...] = ()) -> Self:
        """Of the profile of a whole table, without what would tell its rows."""
        return cls(Past.of([(label, published(profile, private))], private), notes)

    @classmethod
    def load(cls, path: str | os.PathLike[str], argument: str = "data") -> Self:
        """The summary in a fact file. Raises ``InputError`` where it is damaged, foreign, or of a later version."""
        try:
            return cls(past_of(read_facts(path, argument)))
        except InputError:
            raise
        except ValueError as fault:
            raise InputError(
                f"{argument}: expected the facts of a table, got {shown_place(path)}, which holds what no table has "
                f"({visible(str(fault), 120)}); write it again with `tearless summarize`"
            ) from None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as a fact file, whole or not at all; the same summary gives the same bytes.

        Raises ``InputError`` where the file cannot be written.
        """
        write_facts(path, packed_lines(plain(self.past), "output"), "output")

    @property
    def labels(self) -> tuple[str, ...]:
        """What the tables were called, in order."""
        return tuple(day.label for day in self.past.days)

    @property
    def rows(self) -> int:
        """Rows of all days together."""
        return self.past.whole.rows

    @property
    def private(self) -> bool:
        """Whether it was made without values."""
        return self.past.private

    @property
    def holds(self) -> str:
        """What a file of it holds, in words."""
        return HOLDS_PRIVATE if self.private else HOLDS

    def to_text(self, width: int = 80, color: bool = False) -> str:
        """A table of the columns, and what a file of it holds."""
        sheet = Sheet(width, color, widest=width)
        whole = self.past.whole
        days = f" over {len(self.labels):,} days, {_named(self.labels)}" if len(self.labels) > 1 else ""
        size = f"{counted(whole.rows, 'row')}, {counted(len(whole.columns), 'column')}"
        head = visible(self.labels[0], 60) if not days else "together"
        sheet.para((f"{head}: {size}{days}", NAME))
        for note in self.notes:
            sheet.para(note, hang=3)
        sheet.blank()
        if whole.columns:
            write_table(sheet, _table(whole, sheet.width))
        sheet.para(self.holds)
        return sheet.text()

    def to_json(self) -> str:
        """The columns in numbers, without their histograms. The same summary gives the same bytes."""
        whole = self.past.whole
        data = {
            "version": VERSION,
            "tearless": tearless.__version__,
            "private": self.private,
            "days": [{"label": encodable(day.label), "rows": day.rows} for day in self.past.days],
            "rows": whole.rows,
            "notes": list(self.notes),
            "columns": [_data(name, column) for name, column in whole.columns.items()],
        }
        return json.dumps(data, indent=2, allow_nan=False) + "\n"

    def __str__(self) -> str:
        return self.to_text()


def merged(summaries: Sequence[Summary], argument: str = "data") -> Summary:
    """Several summaries as one, their days in the order named.

    Merging exact profiles is exact, so the counts, moments and extremes are those of all rows at once, to rounding; of
    the histograms the coarsest decides. Where one is private, so is what they become. Raises ``InputError`` where a
    day stands there twice, and where no column is in all of them.

    >>> import polars as pl
    >>> from tearless.readers.source import Batch
    >>> days = [Summary.of(str(i), Profile.of(Batch(pl.DataFrame({"x": [i, i + 2]})))) for i in (1, 2)]
    >>> both = merged(days)
    >>> both.labels, both.rows, both.past.whole.columns["x"].moments.mean.tolist()
    (('1', '2'), 4, [2.5])
    """
    if not summaries:
        raise InputError(f"{argument}: expected at least one fact file, got none; name one")
    private = any(one.private for one in summaries)
    pasts = [past_without_values(one.past) if private and not one.private else one.past for one in summaries]
    days = [day for past in pasts for day in past.days]
    _once(days, argument)
    whole = pasts[0].whole
    for past in pasts[1:]:
        whole = whole.merge(past.whole)
    if not whole.columns and any(past.whole.columns for past in pasts):
        raise InputError(_nothing_shared(summaries, argument))
    mixed = private and not all(one.private for one in summaries)
    notes = ["one of them is private: what is kept of all of them is what --private keeps"] if mixed else []
    held = [note for one in summaries for note in one.notes]
    if len(summaries) == 1:
        return Summary(pasts[0], tuple(held))
    past = Past(tuple(days), _bounded(whole), private)
    return Summary(past, tuple(dict.fromkeys([*held, *notes, *_differences(pasts, whole)])))


def _bounded(profile: Profile) -> Profile:
    """The histograms in no more cells than those of one table."""
    return Profile(
        profile.rows,
        {
            name: replace(column, histogram=column.histogram and column.histogram.within(PUBLISHED_CELLS))
            for name, column in profile.columns.items()
        },
    )


def _once(days: Sequence[Day], argument: str) -> None:
    """Raises ``InputError`` where a day stands there twice: it would count double."""
    several = [label for label, many in Counter(day.label for day in days).items() if many > 1]
    for label in several:
        same = [list(plain_day(day)) for day in days if day.label == label]
        if any(one in same[:i] for i, one in enumerate(same)):
            raise InputError(
                f"{argument}: expected each table once, got {quoted(label)} twice with the same numbers; name it once "
                "(a merged file counts as its days), or tell them apart with --label"
            )


def _nothing_shared(summaries: Sequence[Summary], argument: str) -> str:
    """The words on tables that have no column in common."""
    names: set[str] = set(summaries[0].past.whole.columns)
    for one in summaries[1:]:
        fewer = names & set(one.past.whole.columns)
        if not fewer:
            break
        names = fewer
    return (
        f"{argument}: expected tables with a column in common, got {quoted(one.labels[0])} with "
        f"{listed(one.past.whole.columns)}, of which those before it have none; they have {listed(sorted(names))}; "
        "name summaries of the same table"
    )


def _differences(pasts: Sequence[Past], whole: Profile) -> list[str]:
    """Words about the columns by which the tables differ."""
    notes = []
    absent = dict.fromkeys(name for past in pasts for name in past.whole.columns if name not in whole.columns)
    if absent:
        notes.append(f"not in all of them, and kept of the days alone that have it: {listed(absent)}")
    changed = [
        name
        for name, column in whole.columns.items()
        if column.kind == "other" and any(past.whole.columns[name].kind != "other" for past in pasts)
    ]
    if changed:
        notes.append(f"of different types in them, so that only missing cells are counted: {listed(changed)}")
    return notes


def _named(labels: Sequence[str]) -> str:
    if len(labels) <= 3:
        return listed(labels)
    return f"{quoted(labels[0])} to {quoted(labels[-1])}"


_HEADS = ("column", "type", "missing", "mean or commonest", "std. dev.", "smallest", "largest")
_EPOCH = datetime(1970, 1, 1)
_LONGEST_NAME = 24


def _table(profile: Profile, width: int) -> Table:
    """The columns in words: without the ends where they do not fit, and without what none of them has."""
    rows = [_shown(name, column) for name, column in profile.columns.items()]
    kept = [i for i in range(len(_HEADS)) if i < 3 or any(row[i] for row in rows)]
    if sum(2 + max(len(_HEADS[i]), *(len(row[i]) for row in rows)) for i in kept) > width:
        kept = [i for i in kept if i < 5]
    return Table("", tuple(_HEADS[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in rows))


def _shown(name: str, column: ColumnProfile) -> tuple[str, ...]:
    """The cells of one column."""
    mean, std = _value(_mean(column), column), _std(column)
    spread = "" if std is None else f"{figure(std)}{' s' if column.kind == 'time' else ''}"
    middle, spread = (_commonest(column), "") if column.categories is not None else (mean, spread)
    ends = ("", "") if column.kind == "bool" else (_value(column.low, column), _value(column.high, column))
    return visible(name, _LONGEST_NAME), visible(column.dtype, 12), figure(column.missing), middle, spread, *ends


def _mean(column: ColumnProfile) -> float | None:
    if column.moments is None or not column.moments.n[0]:
        return None
    return float(column.moments.mean[0])


def _std(column: ColumnProfile) -> float | None:
    std = math.nan if column.moments is None else float(column.moments.std()[0])
    return std if math.isfinite(std) else None


def _value(value: float | None, column: ColumnProfile) -> str:
    """A number as it is read: times as dates, spans in seconds."""
    if value is None or column.kind != "time":
        return figure(value)
    if column.dtype == "Duration":
        return f"{figure(value)} s"
    try:
        moment = _EPOCH + timedelta(seconds=value)
    except OverflowError:
        return f"{figure(value)} s"
    if column.dtype == "Time":
        return moment.strftime("%H:%M:%S")
    return str(moment.date()) if column.dtype == "Date" else moment.isoformat(" ", "minutes")


def _commonest(column: ColumnProfile) -> str:
    """The most frequent value and its share of the filled cells."""
    categories = column.categories
    if categories is None or not categories.counts:
        return ""
    value, rows = next(iter(categories.counts.items()))
    return f"{visible(value, 24)} ({shown(rows / categories.total, 'share')})"


def _data(name: str, column: ColumnProfile) -> dict[str, Any]:
    frequent = column.categories
    return {
        "name": name,
        "kind": column.kind,
        "type": column.dtype,
        "missing": column.missing,
        "infinite": column.infinite,
        "mean": _mean(column),
        "standard_deviation": _std(column),
        "smallest": column.low,
        "largest": column.high,
        "categories": None if frequent is None else dict(frequent.counts),
        "other_categories": None if frequent is None else frequent.others,
    }
