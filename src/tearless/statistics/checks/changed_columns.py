"""This column is gone, new, or of another type than in the earlier tables.

## What it measures
The names and types of the columns of this table beside those of the earlier ones (`--against`): which every earlier
table has and this one lacks, which none of them has, and which hold another sort of values (numbers, text, booleans,
times) now.

## Why it matters
What reads the table by name stops, or reads the wrong column; a number that became text is compared and sorted as text.

## The mathematics
None: names are equal or they are not. A type that says the same sort (whole numbers with an empty cell become floats in
many formats, booleans 0 and 1) is the same here. A column that is empty throughout has no type that says anything.

## When it is wrong
Columns that only some of the earlier tables have may come and go. A column that was renamed is one that is gone and one
that is new. Text formats have no types: a single word makes a column of numbers text.

## What to do
Ask what changed at the source. Where the change is meant, begin a new history with this table.

## References
D. Baylor et al., TFX, KDD 2017, section 3.3. E. Breck et al., Data validation for machine learning, MLSys 2019.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import (
    Example,
    Limit,
    Measured,
    Mend,
    Number,
    Severity,
    columns_shuffled,
    fooled,
    healthy,
    in_other_units,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.statistics.against.comparable import sort_of
from tearless.statistics.profile.past import Past
from tearless.statistics.profile.profile import ColumnProfile, Profile

MEND = Mend.source
SAME_UNDER = (rows_shuffled, columns_shuffled, in_other_units)
WORDS = {
    "number": "numbers",
    "text": "text",
    "bool": "booleans",
    "time": "times",
    "span": "spans of time",
    "clock": "times of day",
    "other": "other values",
}

GONE = Limit(
    of="gone",
    at=1.0,
    unit="columns",
    kind="derived",
    severity=Severity.error,
    because="Whatever reads this column by name stops, or goes on without what it was made on: every earlier table "
    "has it.",
)
OTHER_TYPE = Limit(
    of="retyped",
    at=1.0,
    unit="columns",
    kind="derived",
    severity=Severity.warning,
    because="Text sorts and compares as text, and a mean of it does not exist: what was computed on the earlier values "
    "cannot be computed on these.",
)
NEW = Limit(
    of="new",
    at=1.0,
    unit="columns",
    kind="derived",
    severity=Severity.note,
    because="Nothing that was made on the earlier tables can use it, and what takes all columns now takes one more.",
)

HEADLINE = "{columns} {said}"
EVIDENCE = "{now}, where the {days} had {then}"
WHY = "{affected}"
AFFECTED = {
    "gone": "what reads this column by name stops, or goes on without what it was made on",
    "new": "what takes all columns takes one more now, and nothing that was made on the earlier tables knows it",
    "retyped": "what reads this column as what it was stops, or sorts and compares it as something else",
}
DO = "ask what changed at the source; where it is meant, begin a new history with this table"


def measure(past: Past, profile: Profile) -> Iterator[Measured]:
    whole = past.whole.columns
    some = {name for day in past.days for name in day.columns}
    days = "earlier table" if len(past.days) == 1 else f"{len(past.days):,} earlier tables"
    for name in [*profile.columns, *(name for name in whole if name not in profile.columns)]:
        now, then = profile.columns.get(name), whole.get(name)
        gone, new = now is None, then is None and name not in some
        retyped = now is not None and then is not None and not _alike(now, then)
        said = "is gone" if gone else "is new" if new else "is as before"
        if retyped and now is not None and then is not None:
            said = f"holds {WORDS[sort_of(now)]} now, {WORDS[sort_of(then)]} before"
        numbers = {
            "gone": Number(float(gone), "columns", "columns that every earlier table has and this one lacks"),
            "new": Number(float(new), "columns", "columns that no earlier table has"),
            "retyped": Number(float(retyped), "columns", "columns that hold another sort of values than before"),
        }
        affected = AFFECTED["gone" if gone else "new" if new else "retyped"]
        words = {"said": said, "days": days, "now": _told(now), "then": _told(then), "affected": affected}
        yield Measured((name,), numbers, words=words)


def _told(column: ColumnProfile | None) -> str:
    return "no such column" if column is None else f"type {quoted(column.dtype)}"


def _alike(now: ColumnProfile, then: ColumnProfile) -> bool:
    """Whether both hold one sort of values, as far as an empty column or one of several types can tell."""
    both = {sort_of(now), sort_of(then)}
    named = now.categories is not None and then.categories is not None and both == {"text", "other"}
    return len(both) == 1 or both == {"number", "bool"} or named or now.empty or then.empty or now.dtype == then.dtype


def _table(rng: np.random.Generator) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    return {"id": np.arange(50), "price": rng.normal(10, 1, 50), "town": rng.choice(np.array(["Ulm", "Jena"]), 50)}


@healthy
def as_before(rng: np.random.Generator) -> Example:
    return Example(_table(rng), past=(_table(rng), _table(rng)))


@healthy
def whole_numbers_as_floats(rng: np.random.Generator) -> Example:
    now = _table(rng)
    return Example(now | {"id": np.asarray(now["id"], dtype=float)}, past=(_table(rng),))


@healthy
def one_that_comes_and_goes(rng: np.random.Generator) -> Example:
    return Example(_table(rng) | {"memo": rng.normal(size=50)}, past=(_table(rng) | {"memo": np.ones(50)}, _table(rng)))


@sick
def a_column_gone(rng: np.random.Generator) -> Example:
    now = _table(rng)
    del now["price"]
    return Example(now, past=(_table(rng), _table(rng)))


@sick
def a_new_column(rng: np.random.Generator) -> Example:
    return Example(_table(rng) | {"tax": rng.normal(size=50)}, past=(_table(rng),))


@sick
def numbers_as_text(rng: np.random.Generator) -> Example:
    now = _table(rng)
    return Example(now | {"price": np.char.add(now["price"].astype(str), " €")}, past=(_table(rng),))


@fooled("fires", "a column under another name is one that is gone and one that is new: names are all that is compared")
def a_new_name(rng: np.random.Generator) -> Example:
    now = _table(rng)
    return Example({("cost" if name == "price" else name): x for name, x in now.items()}, past=(_table(rng),))
