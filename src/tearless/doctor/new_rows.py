"""The rows that a fitted pipeline meets, compared with those that it was fitted on.

Few rows tell nothing: they are held until there are enough, and then compared together. Every comparison is one more
look, and looks are paid for: the chance of the j-th is charged j(j + 1) times, and Σ 1/(j(j + 1)) = 1, so that all of
them together, however many come, alarm falsely with chance ``CERTAIN`` at most (a sum of chances: whatever hangs
together). It holds where new rows come as those of the fit did; rows that come sorted are told as the change they are.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

from tearless.core import InputError, listed
from tearless.readers import open_table
from tearless.readers.source import Batch
from tearless.statistics.against.change import Change
from tearless.statistics.against.changes import Changes
from tearless.statistics.facts import Columns, Kind, kind_of
from tearless.statistics.profile.past import Past
from tearless.statistics.profile.profile import Profile

from .summarize import summarize

CERTAIN = 0.01
"""Of a hundred fitted pipelines at most one is ever told of a change that is none."""
SMALLEST = 0.05
"""Share of rows that would have to be others, or are filled otherwise, from which a change is told: 0.125 standard
deviations of a normal column. At a million rows every column differs a little, and certainly."""
MOST = 16_384
"""Rows of one comparison; of more so many are drawn: they show with certainty all that is large enough to be told."""
NEW = (50, 0.002, 0.1)
"""Up to so many known values are a list that somebody wrote down: two rows in a thousand with another are told. Longer
lists get new ones daily: one row in ten is told."""
ENOUGH = 500
"""Rows that are compared together. Of fifty columns one is told apart from a long past at the first look with certainty
where √(ln(4 · 50/0.01)/1000) = 0.1 of its rows would have to be others, 0.25 standard deviations of a normal one."""


def table_of(data: Any, argument: str = "X") -> pl.DataFrame:
    """A table in memory as a Polars frame. Raises ``InputError`` for what is none.

    >>> table_of([[1.0, 2.0], [3.0, 4.0]]).shape
    (2, 2)
    """
    return open_table(data, argument).rows.collect()


def names_of(data: Any) -> np.ndarray[Any, Any] | None:
    """The names of the columns, shape ``(p,)``, where all are text; ``None`` where they have none.

    >>> names_of(pl.DataFrame({"a": [1], "b": [2]})), names_of(np.zeros((2, 2)))
    (array(['a', 'b'], dtype=object), None)
    """
    names = getattr(data, "column_names", getattr(data, "columns", None))
    if names is None or not len(names) or not all(isinstance(name, str) for name in names):
        return None
    return np.asarray(list(names), dtype=object)


def with_target(table: pl.DataFrame, target: Any) -> tuple[pl.DataFrame, str | None]:
    """The table with the target as one more column, and its name; the table alone where the target is no one column.

    >>> with_target(pl.DataFrame({"y": [1, 2]}), [0, 1])[0].columns
    ['y', 'y_']
    """
    if target is None:
        return table, None
    try:
        column = table_of(target if getattr(target, "ndim", 1) == 2 else {"y": target}, "y")
    except InputError:
        return table, None
    if column.width != 1:
        return table, None
    own = getattr(target, "name", None)
    name = own if isinstance(own, str) else "y"
    while name in table.columns:
        name += "_"
    return table.with_columns(column.to_series().alias(name)), name


def past_of(table: pl.DataFrame) -> Past:
    """What is kept of the table of a fit: of its values none that fewer than ten rows hold, but the ends.

    >>> past_of(pl.DataFrame({"x": [1.0, 2.0]})).whole.rows
    2
    """
    return summarize(table, label="the fit").past


def kinds_of(past: Past) -> dict[str, Kind]:
    """What each column held at the fit.

    >>> kinds_of(past_of(pl.DataFrame({"x": [1.0], "c": ["a"]})))
    {'x': 'number', 'c': 'text'}
    """
    return {name: column.kind for name, column in past.whole.columns.items() if not column.empty}


def columns_beside(past: Past, data: Any, named: bool) -> pl.Schema:
    """The columns of a table under the names of the fit: their own where both are ``named``, else in order.

    A column without a value has the type ``Null``: in a small table that is no sign of another type.

    >>> columns_beside(past_of(pl.DataFrame({"a": [1]})), np.ones((2, 1)), named=False)["a"]
    Float64
    """
    table, known = table_of(data), list(past.whole.columns)
    schema = pl.Schema({c.name: pl.Null() if c.null_count() == len(c) else c.dtype for c in table})
    if not named:
        return pl.Schema(zip(known, schema.dtypes(), strict=False))
    names = names_of(data)
    left_out = {name: pl.Object() for name in known if names is not None and name in names and name not in schema}
    return pl.Schema({**schema, **left_out})


def differences(past: Past, now: pl.Schema) -> list[str]:
    """What is wrong with the columns of a table beside those of the fit, in words; empty where they go together.

    >>> differences(past_of(pl.DataFrame({"x": [1.0], "y": [2.0]})), pl.Schema({"x": pl.String(), "z": pl.Int8()}))
    ['`y` is gone', '`z` is new', '`x` holds text, where it held numbers']
    """
    known, before = past.whole.columns, kinds_of(past)
    gone = [name for name in known if name not in now]
    new = [name for name in now if name not in known]
    said = [f"{listed(gone)} {'is' if len(gone) == 1 else 'are'} gone"] if gone else []
    said += [f"{listed(new)} {'is' if len(new) == 1 else 'are'} new"] if new else []
    others: dict[tuple[Kind, Kind], list[str]] = {}
    for name, kind in before.items():
        became = kind_of(now[name]) if now.get(name, pl.Null) != pl.Null else kind
        if became != kind and {became, kind} != {"number", "bool"}:
            others.setdefault((became, kind), []).append(name)
    for (became, kind), names in others.items():
        hold, they = ("holds", "it") if len(names) == 1 else ("hold", "they")
        said.append(f"{listed(names)} {hold} {WORDS[became]}, where {they} held {WORDS[kind]}")
    return said


WORDS: Mapping[Kind, str] = {
    "number": "numbers",
    "bool": "true and false",
    "time": "times",
    "text": "text",
    "other": "values that are not compared",
}


@dataclass
class NewRows:
    """Rows that came since a fit, held until there are ``enough`` and then compared with its past.

    ``looks`` counts the comparisons; ``found`` is what the latest told (``None`` before the first), ``compared`` are
    its rows, in words. Rows are held by this object alone: what is pickled of it holds none.

    >>> rng = np.random.default_rng(0)
    >>> rows = NewRows(past_of(table_of(rng.normal(size=(1_000, 2)))), enough=100)
    >>> rows.add(rng.normal(size=(60, 2)))
    >>> [change.column for change in rows.add(rng.normal(size=(60, 2)) + [0, 3])]
    ['x1']
    """

    past: Past
    enough: int = ENOUGH
    looks: int = 0
    found: tuple[Change, ...] | None = None
    compared: str = ""
    _held: list[Any] = field(default_factory=list, repr=False)
    _rows: int = field(default=0, repr=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False)

    def add(self, data: Any) -> tuple[Change, ...] | None:
        """Hold these rows, and compare where there are enough: the changes, or ``None`` where it is too early.

        Raises ``InputError`` where what is held cannot be put together to one table.
        """
        rows = len(data)
        with self._lock:
            self._rows += rows
            if self._rows < self.enough:
                if rows:
                    self._held.append(_copied(data))
                return None
            held, rows = [*self._held, data], self._rows
            self._held, self._rows = [], 0
            self.looks += 1
            look = self.looks
        drawn = [_drawn(one, MOST, rows, look) for one in held] if rows > MOST else held
        found = self._changes(_joined(drawn, list(self.past.whole.columns)), look)
        self.found = found
        self.compared = f"{rows:,} new rows" if rows <= MOST else f"{MOST:,} rows drawn from {rows:,} new ones"
        return found

    def _changes(self, table: pl.DataFrame, look: int) -> tuple[Change, ...]:
        """The changes that are large and certain at this look, the largest first."""
        batch = Batch(table)
        changes = Changes.derive(Profile.of(batch), self.past, Columns.of(batch)).changes
        charged = (replace(one, chance=min(1.0, one.chance * look * (look + 1))) for one in changes)
        told = [one for one in charged if one.chance <= CERTAIN and _is_large(one)]
        return tuple(sorted(told, key=lambda one: -one.size))

    def __getstate__(self) -> dict[str, Any]:
        """All but the rows that are held."""
        kept = ("past", "enough", "looks", "found", "compared")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def _is_large(change: Change) -> bool:
    if change.what == "new":
        few, of_few, of_many = NEW
        return change.size >= (of_few if change.before <= few else of_many)
    return change.size >= SMALLEST


def _drawn(data: Any, most: int, of: int, seed: int) -> Any:
    """A share of these rows, ``most`` in ``of``, drawn from all: the first would not tell of sorted rows."""
    some = np.sort(np.random.default_rng(seed).choice(len(data), round(len(data) * most / of), replace=False))
    if isinstance(data, np.ndarray):
        return data[some]
    return data.iloc[some] if _of_pandas(data) else (data if isinstance(data, pl.DataFrame) else table_of(data))[some]


def _copied(data: Any) -> Any:
    """Rows that nobody else can change."""
    if isinstance(data, pl.DataFrame):
        return data
    if isinstance(data, np.ndarray) or _of_pandas(data):
        return data.copy()
    return table_of(data)


def _of_pandas(data: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(data, pandas.DataFrame)


def _joined(held: Sequence[Any], names: Sequence[str]) -> pl.DataFrame:
    """All the rows as one table with the columns of the fit; those that one batch lacks are empty there."""
    tables = [_named(table, names) for table in _converted(held)]
    kinds: dict[str, set[pl.DataType]] = {}
    for table in tables:
        for name, kind in table.schema.items():
            kinds.setdefault(name, set()).add(kind)
    mixed = [n for n, found in kinds.items() if len({kind_of(k) for k in found if k != pl.Null} - {"bool"}) > 1]
    try:
        tables = [t.with_columns(pl.col([n for n in mixed if n in t.columns]).cast(pl.String)) for t in tables]
        return pl.concat(tables, how="diagonal_relaxed")
    except pl.exceptions.PolarsError as fault:
        reason = str(fault).splitlines()[0][:120]
        raise InputError(f"X: expected batches of rows with the same types of columns, got others ({reason})") from None


def _converted(held: Sequence[Any]) -> list[pl.DataFrame]:
    """Arrays and pandas frames are put together first: one conversion costs as much as hundreds of small ones."""
    arrays = [one for one in held if isinstance(one, np.ndarray)]
    frames = [one for one in held if _of_pandas(one)]
    others = [one for one in held if not isinstance(one, np.ndarray) and not _of_pandas(one)]
    found = [table_of(one) for one in others]
    if arrays:
        found.append(table_of(np.concatenate(arrays)))
    if frames:
        found.append(table_of(sys.modules["pandas"].concat(frames, ignore_index=True)))
    return found


def _named(table: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Columns without names of their own are those of the fit, in order."""
    if table.width == len(names) and not set(table.columns) & set(names):
        return table.rename(dict(zip(table.columns, names, strict=True)))
    return table.select([name for name in names if name in table.columns])
