"""This column is distributed otherwise in the test table than in the training table.

## What it measures
For each column that both tables have, the target too: how far the test rows moved, and in which direction. For numbers
the largest change, over all thresholds, in the share of rows at or below the threshold; for text and booleans half the
sum of the changes of the classes' shares; for empty cells the change of their share. Then, over the columns that show
no change alone, whether a classifier can tell training rows from test rows that it has not seen.

## Why it matters
A model answers for rows like those it learned from. Where the test rows are others, its score says how it does on them,
not on rows like the training rows; and where the test rows are the future, the model is about to meet other rows.

## The mathematics
Both sizes are at most the total variation distance, d = sup |P(A) − Q(A)|, the share of rows that would have to be
others for the two tables to agree; means of a loss between 0 and 1 differ by at most d. The chance is exact or an upper
bound: Kolmogorov-Smirnov (ties make it conservative), Fisher for two classes and for empty cells, Pearson's χ² with
pooled rare classes. It is corrected for every test made on the table. The classifier is a discriminant on normal scores
and their products, learned on one half of the rows; on the other half its scores are compared as a column is.

## When it is wrong
It cannot know whether a change is meant: a split by time or by place drifts honestly. A few rows from elsewhere stay
below the limits; a change in how three columns go together may move no product of two. Dates, and whole numbers that
number the rows, differ in any two tables and are not compared.

## What to do
Find what differs: the time, the place, a unit, a filter, how holes are filled. Where the tables should be alike, split
at random; where the test table is what the model will meet, validate on a split like it.

## References
F. J. Massey, J. Am. Stat. Assoc. 46, 1951, 68-78. W. G. Cochran, Biometrics 10, 1954, 417-451. D. Lopez-Paz,
M. Oquab, Revisiting classifier two-sample tests, ICLR 2017. S. Rabanser et al., Failing loudly, NeurIPS 2019.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from tearless.core import (
    Asked,
    CannotTell,
    Example,
    Limit,
    Measured,
    Mend,
    Number,
    OfTest,
    Severity,
    columns_renamed,
    fooled,
    healthy,
    in_other_units,
    quoted,
    sick,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.column_change import (
    Change,
    comparable,
    filled,
    is_running_number,
    missing_change,
    value_change,
)
from tearless.statistics.joint_change import joint_change
from tearless.statistics.row_pictures import moved

MEND = Mend.source
picture = moved
SYMPTOM_OF = ("unseen-categories",)
SAME_UNDER = (columns_renamed, in_other_units)
ROWS, ALONE = 16_384, (0.01, 0.05)
"""Chance and size from which a column shows a change alone, and so has no part in the joint question."""

CERTAIN = Limit(
    of="q",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="Of a hundred findings at most one is false, over every test on the table; of a hundred pairs of tables "
    "from one source at most one gives any.",
)
SEEN = Limit(
    of="change",
    at=0.05,
    unit="share of rows",
    kind="convention",
    severity=Severity.note,
    because="One row in twenty would have to be another: 0.125 standard deviations between two normal columns. At a "
    "million rows every column differs a little, and certainly; less than this changes little.",
)
LARGE = Limit(
    of="change",
    at=0.1,
    unit="share of rows",
    kind="convention",
    severity=Severity.warning,
    because="One row in ten would have to be another: 0.25 standard deviations between two normal columns. An accuracy "
    "can then differ by 0.1 between the tables, as much as many models gain over a simple one.",
)
ELSEWHERE = Limit(
    of="beyond",
    at=1.0,
    unit="training ranges",
    kind="convention",
    severity=Severity.error,
    because="Half the test rows lie outside the training range by more than its whole width: another unit or another "
    "quantity, where every model extrapolates.",
)

HEADLINE = "{who} {moved}"
EVIDENCE = "about {change} of the rows would have to be others for the two tables to agree ({where})"
WHY = "the model learns from other rows than it is tested on, and its score holds for rows like the test rows only"
DO = (
    "find what differs between the tables (time, place, unit, filter, how holes are filled); split at random if they "
    "should be alike, else validate on a split like this one"
)


def measure(sample: Sample, test: OfTest[Sample], asked: Asked, rng: np.random.Generator) -> Iterator[Measured]:
    names = [name for name in sample.frame.columns if name in test.frame.columns]
    if not sample.rows or not test.rows:
        raise CannotTell(f"the {'test' if sample.rows else 'training'} table has no rows")
    first, second = _drawn(sample.frame.select(names), rng), _drawn(test.frame.select(names), rng)
    where = f"{first.height:,} training and {second.height:,} test rows"
    quiet: list[str] = []
    for name in names:
        a, b = filled(first[name]), filled(second[name])
        if is_running_number(a) or is_running_number(b):
            continue
        alone, the = True, "the target " if name == asked.target else ""
        missing = missing_change(first.height - len(a), first.height, second.height - len(b), second.height)
        for change in filter(None, (value_change(a, b), missing)):
            alone = alone and not (change.chance <= ALONE[0] and change.size >= ALONE[1])
            yield _measured((name,), the + quoted(name), change, where)
        if alone and comparable(first[name].dtype):
            quiet.append(name)
    jointly = joint_change(first.select(quiet), second.select(quiet), rng)
    if jointly is not None:
        yield _measured(tuple(quiet), f"{len(quiet):,} columns", jointly, where)


def _drawn(frame: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    return frame if frame.height <= ROWS else frame[np.sort(rng.choice(frame.height, ROWS, replace=False))]


def _measured(subject: tuple[str, ...], who: str, change: Change, where: str) -> Measured:
    numbers = {
        "change": Number(change.size, "share", f"share of rows that would have to be others, {where}"),
        "before": Number(change.before, change.unit, f"{change.meaning}, training table"),
        "after": Number(change.after, change.unit, f"{change.meaning}, test table"),
        "beyond": Number(change.beyond, "training ranges", "how far the test median lies outside the training range"),
    }
    words = {"who": who, "moved": change.said, "where": where}
    return Measured(subject, numbers | dict(change.more), change.chance, words)


def _table(rng: np.random.Generator, n: int) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    age = rng.normal(45, 12, n)
    return {
        "age": age,
        "income": np.exp(rng.normal(10, 0.5, n) + age / 50),
        "region": rng.choice(np.array(["north", "south", "west"]), n, p=[0.5, 0.3, 0.2]),
        "weight": np.where(rng.random(n) < 0.1, np.nan, rng.normal(75, 12, n)),
    }


@healthy
def one_source(rng: np.random.Generator) -> Example:
    return Example(_table(rng, 600), test=_table(rng, 400))


@healthy
def a_small_shift(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=8_000)}, test={"x": rng.normal(0.05, 1, 8_000)})


@sick
def older_people(rng: np.random.Generator) -> Example:
    test = _table(rng, 1_000)
    return Example(_table(rng, 1_000), test=test | {"age": np.asarray(test["age"], dtype=float) + 6})


@sick
def a_slightly_older_table(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=8_000)}, test={"x": rng.normal(0.19, 1, 8_000)})


@sick
def more_holes(rng: np.random.Generator) -> Example:
    test = _table(rng, 1_000)
    holed = np.where(rng.random(1_000) < 0.3, np.nan, test["weight"])
    return Example(_table(rng, 1_000), test=test | {"weight": holed})


@sick
def another_currency(rng: np.random.Generator) -> Example:
    test = _table(rng, 500)
    return Example(_table(rng, 500), test=test | {"income": np.asarray(test["income"], dtype=float) * 100})


@sick
def a_correlation_turned(rng: np.random.Generator) -> Example:
    x, y, e, f = rng.normal(size=(4, 1_000))
    return Example({"x": x, "y": x + 0.5 * e}, test={"x": y, "y": 0.5 * f - y})


@fooled("fires", "a table split by time drifts honestly, and the check cannot know that the split is meant")
def split_by_time(rng: np.random.Generator) -> Example:
    price = 100 + np.arange(1_000) / 10 + rng.normal(size=1_000)
    return Example({"price": price[:700]}, test={"price": price[700:]})


@fooled("silent", "one row in thirty comes from elsewhere: certain at this size, and too few to say so of a column")
def a_few_from_elsewhere(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=6_000)}, test={"x": np.r_[rng.normal(size=5_800), rng.normal(9, 1, 200)]})
