"""This column has new categories: values that the earlier tables do not hold, or not as often.

## What it measures
For text: the values of this table that the earlier ones (`--against`) do not have among those that are kept, and the
share of rows that hold one.

## Why it matters
An encoder fitted on earlier rows stops at a value that it does not know, or writes zeros; a join on the value finds
nothing; a report that lists the values leaves these rows out.

## The mathematics
If now and the past come from one source, every division of their rows is equally likely: a value of c rows lies in the
n rows of now alone with chance C(n, c)/C(n + m, c), and any value held by at least so many rows with at most the sum of
these. A past of very many values keeps the frequent ones, and says how many rows another may have had at most: so many
rows of a value count as earlier ones, there are as many such values as fit into the rows without a name, and only
values that are then certain are counted; all rows of unknown values are also compared with those of the past. Of two
days or more it is known how much of each was new beside those before it: the mean of that over the share of now bounds
the chance of so many new rows (Markov), and Student's t of those shares does. The chance holds for all comparisons of a
night (Holm) and for every look: with k earlier days it counts k(k + 1)/2 times.

## When it is wrong
Rare values of an old source come for the first time on some night, and a few rows of them are not certain. Codes
written as whole numbers are not looked at. Of lists longer than fifty values (customers, places) new ones come as a
matter of course, and only those are named that hold many rows at once. One earlier day does not tell a label of the day
(a date, a batch) from a list that was written anew: where both hold up to three values, none of them the same, it is a
note.

## What to do
Look at the new values: another spelling, another source, a new product. Give the encoder a place for values that it
does not know; where the value is right, teach it to whatever reads the column.

## References
I. J. Good, Biometrika 40, 1953, 237-264. J. Misra, D. Gries, Science of Computer Programming 2, 1982, 143-152.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import (
    CannotTell,
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    columns_renamed,
    columns_shuffled,
    fooled,
    healthy,
    rows_shuffled,
    sick,
)
from tearless.statistics.against.by_day import of_new as picture  # noqa: F401
from tearless.statistics.against.changes import Changes
from tearless.statistics.profile.past import Past

MEND = Mend.source
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed)
Texts = np.ndarray[tuple[int, ...], np.dtype[np.str_]]

BEYOND = 2.0
"""A share that no column reaches."""
LARGE = 0.25
SURE = 0.01

CERTAIN = Limit(
    of="chance",
    at=SURE,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="Of a hundred nights like the days before at most one gives any alarm, over all columns; of a hundred "
    "histories that grow night by night at most two ever do.",
)
MAY_BE_LABEL = Limit(
    of="share",
    at=lambda known: 0.002 if known <= 50 else 0.1,
    unit="share of rows",
    kind="convention",
    severity=Severity.note,
    because="What may be a label of the day, as far as one earlier table can tell, is said and no more; the share is "
    "that from which other new values are a warning.",
)
FELT = Limit(
    of="share",
    at=lambda known, label: BEYOND if label else 0.002 if known <= 50 else 0.1,
    unit="share of rows",
    kind="convention",
    severity=Severity.warning,
    because="Up to fifty values are a list that somebody wrote down: two rows in a thousand with another are enough "
    "for an encoder to stop. To longer lists (customers, places) new ones come daily, but not in one row of ten.",
)
MOST_ROWS = Limit(
    of="share",
    at=lambda known, label, moved: BEYOND if label else 0.5 if moved < LARGE else 0.002 if known <= 50 else 0.1,
    unit="share of rows",
    kind="convention",
    severity=Severity.error,
    because="In every second row the column says something that was never met before: the values are written in "
    "another way, or the column is about something else. Where one row in four would have to hold another value, new "
    "or not, to agree with the past, the new ones are part of an error.",
)

HEADLINE = "{share} of the rows hold a value of {columns} {where}: {names}"
EVIDENCE = "new values: {values}, known: {known} ({reckoned})"
WHY = (
    "what was made on the earlier rows has learned nothing about these values: an encoder stops at them or writes zeros"
)
DO = "find where they come from (spelling, another source, a new thing); give the encoder a place for values it lacks"


def measure(past: Past, changes: Changes) -> Iterator[Measured]:
    found = changes.of("new")
    if not found and past.private:
        raise CannotTell("the earlier facts hold no values (--private)")
    if not found:
        raise NotApplicable("no column of text is in the earlier tables too")
    moved = {one.column: one.size for one in changes.of("values") if one.chance <= SURE}
    for one in found:
        numbers = {
            "share": Number(one.size, "share", "share of filled cells whose value no earlier table is known to have"),
            "values": Number(one.after, "values", "new values that are kept"),
            "label": Number(float(one.unit == "labels"), "1", "1 where one earlier table cannot tell it from a label"),
            "moved": Number(
                moved.get(one.column, 0.0), "share", "rows that would have to hold other values, if certain"
            ),
            "known": Number(one.before, "values", one.meaning),
            "chance": Number(one.chance, "chance", "chance of any so frequent new value where nothing changed"),
        }
        reckoned = f"{changes.days}, {len(changes.changes):,} comparisons"
        words = {"names": one.said, "reckoned": reckoned, "where": one.value}
        yield Measured((one.column,), numbers, words=words)


def _fruit(rng: np.random.Generator, n: int = 500) -> Texts:
    return rng.choice(np.array(["apple", "banana", "cherry", "date"]), n, p=[0.4, 0.3, 0.2, 0.1])


@healthy
def the_same_list(rng: np.random.Generator) -> Example:
    return Example({"fruit": _fruit(rng)}, past=({"fruit": _fruit(rng)}, {"fruit": _fruit(rng)}))


@healthy
def new_customers_daily(rng: np.random.Generator) -> Example:
    days = [np.char.add("c", (rng.integers(0, 150, 600) + 12 * k).astype(str)) for k in range(4)]
    return Example({"customer": days[3]}, past=tuple({"customer": day} for day in days[:3]))


@sick
def another_spelling(rng: np.random.Generator) -> Example:
    fruit = _fruit(rng)
    now = np.where((fruit == "apple") & (rng.random(500) < 0.3), "Apple", fruit)
    return Example({"fruit": now}, past=({"fruit": _fruit(rng)}, {"fruit": _fruit(rng)}))


@sick
def all_in_capitals(rng: np.random.Generator) -> Example:
    return Example({"fruit": np.char.upper(_fruit(rng))}, past=({"fruit": _fruit(rng)},))


@sick
def another_list(rng: np.random.Generator) -> Example:
    sizes = rng.choice(np.array(["small", "large"]), 500)
    return Example({"fruit": np.r_[_fruit(rng, 300), sizes[:200]]}, past=({"fruit": _fruit(rng)},))


@fooled("fires", "the label of a batch, which one earlier day cannot tell from a list that changed: a note")
def another_batch(rng: np.random.Generator) -> Example:
    return Example({"batch": np.repeat(["run 2"], 300)}, past=({"batch": np.repeat(["run 1"], 300)},))


@fooled("fires", "a new product of the season: right, and meant; the check cannot know that")
def a_new_product(rng: np.random.Generator) -> Example:
    now = np.where(rng.random(500) < 0.1, "elderberry", _fruit(rng))
    return Example({"fruit": now}, past=({"fruit": _fruit(rng)},))


@fooled("silent", "one row with a new value stops an encoder, but one row may be the first of a rare value")
def one_row(rng: np.random.Generator) -> Example:
    return Example({"fruit": np.r_[_fruit(rng, 499), ["fig"]]}, past=({"fruit": _fruit(rng)},))
