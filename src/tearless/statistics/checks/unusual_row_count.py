"""This table has an unusual row count: far more or fewer rows than the earlier tables.

## What it measures
The number of rows beside those of the earlier tables (`--against`), each a day, and how far it is from their middle on
a scale of ratios.

## Why it matters
A load that stopped halfway, a day loaded twice, a filter gone: the rows that are there may look right one by one, and
every total is wrong.

## The mathematics
Student's t with k − 1 degrees of freedom on the logarithms: the distance from the mean of k days over their standard
deviation times √(1 + 1/k), which is exact where the days' ratios are lognormal; the deviation is at least that of a
count, 1/√rows. The chance holds for all comparisons of a night (Holm) and for every look: with k earlier days it counts
k(k + 1)/2 times. A table without rows, where every earlier one has some, needs no such chance: it is an error after one
day already.

## When it is wrong
With fewer than three days nothing is said but of a table without rows, and with few of them much must happen. Days that
have a rhythm (weekends) are wide in the middle of the week. Growth by a constant factor a day goes beyond the past in
time.

## What to do
Look whether the load finished, and whether rows came twice (duplicate-rows); compare the first and the last time.

## References
Student, Biometrika 6, 1908, 1-25. S. Holm, Scand. J. Statist. 6, 1979, 65-70.
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
    Number,
    Severity,
    columns_renamed,
    columns_shuffled,
    fooled,
    healthy,
    in_other_units,
    rows_shuffled,
    sick,
)
from tearless.statistics.against.by_day import of_rows as picture  # noqa: F401
from tearless.statistics.against.changes import Changes
from tearless.statistics.profile.past import Past

MEND = Mend.source
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)

CERTAIN = Limit(
    of="chance",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="Of a hundred nights like the days before at most one gives any alarm, over all columns; of a hundred "
    "histories that grow night by night at most two ever do.",
)
FELT = Limit(
    of="change",
    at=0.2,
    unit="share of rows",
    kind="convention",
    severity=Severity.warning,
    because="A fifth of the rows is missing, or one in five too many: every total is off by as much, and what is "
    "missing is seldom missing at random.",
)
MOST = Limit(
    of="change",
    at=0.5,
    unit="share of rows",
    kind="convention",
    severity=Severity.error,
    because="Half of the rows are missing, or as many came twice: a load that stopped halfway and a day that was "
    "loaded twice give just that.",
)

HEADLINE = "this table has {moved}"
EVIDENCE = "{change} of the rows are missing or too many ({days})"
WHY = "a load that stopped, or ran twice, leaves rows that look right one by one and totals that are wrong"
DO = "look whether the load finished, and whether rows came twice"


def measure(past: Past, changes: Changes) -> Iterator[Measured]:
    found = changes.of("rows")
    if not found and not any(day.rows for day in past.days):
        raise CannotTell("the earlier tables have no rows, which tells nothing of how many there should be")
    if not found:
        raise CannotTell("fewer than three earlier days: how much their rows differ is not known")
    for one in found:
        numbers = {
            "change": Number(one.size, "share", "share of the larger of both numbers of rows by which they differ"),
            "before": Number(one.before, "rows", "rows of a usual earlier day (geometric mean)"),
            "after": Number(one.after, "rows", "rows of this table"),
            "chance": Number(one.chance, "chance", "chance of so unusual a number by how the days differ"),
        }
        yield Measured((), numbers, words={"moved": one.said, "days": changes.days})


def _of(rows: float) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    return {"x": np.arange(int(rows))}


@healthy
def as_many_as_ever(rng: np.random.Generator) -> Example:
    rows = 300 * np.exp(rng.normal(0, 0.1, 8))
    return Example(_of(rows[0]), past=tuple(_of(n) for n in rows[1:]))


@healthy
def weeks(rng: np.random.Generator) -> Example:
    days = [float(rng.normal(300 if k % 7 < 5 else 90, 5)) for k in range(15)]
    return Example(_of(days[14]), past=tuple(_of(n) for n in days[:14]))


@sick
def half_a_load(rng: np.random.Generator) -> Example:
    return Example(_of(130), past=tuple(_of(n) for n in rng.normal(300, 5, 14)))


@sick
def a_third_missing(rng: np.random.Generator) -> Example:
    return Example(_of(420), past=tuple(_of(n) for n in rng.normal(600, 5, 20)))


@sick
def nothing_came(rng: np.random.Generator) -> Example:
    return Example(_of(0), past=tuple(_of(n) for n in rng.normal(300, 30, 10)))


@sick
def nothing_came_on_the_second_day(rng: np.random.Generator) -> Example:
    return Example(_of(0), past=(_of(300),))


@fooled("fires", "the first day of a sale brings many rows honestly, and no earlier day tells of sales")
def a_sale(rng: np.random.Generator) -> Example:
    return Example(_of(900), past=tuple(_of(n) for n in rng.normal(300, 5, 14)))


@fooled("silent", "with four days that differ, half of the rows may be missing before it is certain")
def few_days(rng: np.random.Generator) -> Example:
    return Example(_of(150), past=tuple(_of(n) for n in rng.normal(300, 40, 4)))
