"""``tearless.summarize`` and ``tearless.merge``: what is kept of a table, to compare a later one with."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tearless.core import Asked, InputError, encodable, listed, quoted
from tearless.core.fact import Need
from tearless.readers.parts.open import Engine
from tearless.readers.source import Source
from tearless.statistics.profile.past import Past
from tearless.statistics.profile.plain import LONGEST_LABEL
from tearless.statistics.profile.profile import Profile
from tearless.statistics.profile.summary import Summary, merged

from .gather import Facts, Progress
from .opened import table


def summarize(
    data: Any,
    *,
    label: str | None = None,
    private: bool = False,
    null: Sequence[str] = (),
    engine: Engine | None = None,
    skip_unreadable: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Keep what a later table can be compared with: each column's counts, moments, extremes and distribution. No rows.

    ``data``, ``null``, ``engine`` and ``skip_unreadable`` are what ``tearless.check`` takes. ``label`` is what the
    table is called in a history; its file's name if not given. Save the summary with ``save(path)`` and name the file
    in ``tearless.check(today, against=path)``.

    Of numbers a summary holds counts in at most 512 cells, wide ones where fewer than ten rows fall; of text the values
    that at least ten rows hold; and of each column of numbers the smallest and largest. With ``private``
    it holds no value: no extremes, no categories, no cells, and of columns of twenty numbers or more that vary the mean
    and the standard deviation. Those still tell whoever knows all rows but one the last one's value.

    Raises ``InputError`` where the data cannot be read.

    >>> day = summarize({"x": [1.0, 2.0, 6.0], "city": ["Rome", "Rome", "Oslo"]}, label="monday")
    >>> day.labels, day.rows, day.past.whole.columns["x"].high
    (('monday',), 3, 6.0)
    """
    facts = Facts(Asked())
    need = Need(Profile)
    source = facts.measure(table(data, "data", null, engine, skip_unreadable), [need], False, progress)
    if facts.stopped:
        raise KeyboardInterrupt
    profile = facts.get(need, np.random.default_rng)
    return Summary.of(_label(label, data, source), profile, private, source.notes)


def merge(data: Any) -> Summary:
    """Join the summaries of several days: paths of fact files, or summaries, in order.

    Counts, moments and extremes are those of all rows at once, to rounding. A few numbers of each day stay, for the
    history. Columns that some days lack are kept of those days alone, and ``notes`` say so.

    Raises ``InputError`` where a file cannot be read, a table is named twice, or no column is in all of them.

    >>> days = [summarize({"x": [float(i), i + 2.0]}, label=f"day {i}") for i in (1, 2, 3)]
    >>> together = merge(days)
    >>> together.labels, together.rows, together.past.whole.columns["x"].moments.mean.tolist()
    (('day 1', 'day 2', 'day 3'), 6, [3.0])
    """
    return merged([_summary(one, "data") for one in _several(data, "data")])


def past_of(against: Any, source: Source) -> tuple[Past, tuple[str, ...]]:
    """The days before the table ``source`` that the user named, and notes about them.

    Raises ``InputError`` where they cannot be read, or have no column in common with the table.
    """
    summary = merged([_summary(one, "against") for one in _several(against, "against")], "against")
    names = summary.past.whole.columns
    if not any(name in source.schema for name in names):
        raise InputError(
            f"against: expected facts of a table with the same columns, got those of {quoted(summary.labels[0])}, "
            f"which has {listed(names)}; this table has {listed(source.schema.names())}; name those of an earlier one"
        )
    return summary.past, summary.notes


def _several(given: Any, argument: str) -> list[Any]:
    """What was named, one by one; the files of a pattern in the order of their names."""
    if isinstance(given, (str, os.PathLike, Summary)):
        given = [given]
    if not isinstance(given, Iterable):
        raise InputError(
            f"{argument}: expected paths of fact files or summaries, got {quoted(type(given).__name__)}; make one with "
            "tearless.summarize"
        )
    return [one for some in given for one in (_matching(some) if isinstance(some, str) else [some])]


def _matching(path: str) -> list[str]:
    if glob.has_magic(path) and not os.path.lexists(path):
        return sorted(glob.glob(path, recursive=True)) or [path]
    return [path]


def _summary(given: Any, argument: str) -> Summary:
    if isinstance(given, Summary):
        return given
    if isinstance(given, (str, os.PathLike)):
        return Summary.load(given, argument)
    raise InputError(
        f"{argument}: expected the path of a fact file or a summary, got {quoted(type(given).__name__)}; make one with "
        "tearless.summarize"
    )


def _label(given: str | None, data: Any, source: Source) -> str:
    """What the table is called: as the user says, else its file's name; of an address no more than may be shown."""
    if given is None:
        path = os.fspath(data) if isinstance(data, (str, os.PathLike)) and data != "-" else ""
        local = path and "://" not in path
        name = os.path.basename(os.path.normpath(path)) if local else source.label
        return encodable(name.rstrip("/").rpartition("/")[2] if path else name)[:LONGEST_LABEL] or "a table"
    if not isinstance(given, str) or not given.strip() or len(given) > LONGEST_LABEL:
        raise InputError(
            f"label: expected a text of at most {LONGEST_LABEL} characters, got {quoted(repr(given))}; name the day or "
            "the batch"
        )
    return encodable(given)
