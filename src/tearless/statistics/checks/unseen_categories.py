"""This column holds values in the test table that no training row has.

## What it measures
For text, booleans and a target of classes: the values of the test table that the training table lacks, and the share of
test rows that hold one; beside it, the share of fresh rows that would hold a new value by the training rows' own rare
values.

## Why it matters
An encoder fitted on the training rows stops at a value that it does not know, or writes zeros; a class that no training
row has cannot be predicted at all. Many of them at once mean that the two tables do not come from one source.

## The mathematics
The share of fresh rows with a new value is estimated by n₁/n, the share of training rows whose value stands alone (Good
and Turing). If both tables come from one source, every division of all n + m rows is equally likely: a value of c rows
falls into the test table alone with chance C(m, c)/C(n+m, c). The chance of so many rows is at most Chernoff's bound,
with the product over the values, which are negatively associated.

## When it is wrong
Codes written as whole numbers are not looked at, for their order may mean something. Columns of which every second
fresh row or more would hold a new value (free text, identifiers) are not categories and left out. A table split by
customer or by place has new customers or places by design.

## What to do
Look at the new values: another spelling, another source, a later time. Give the encoder a place for values that it does
not know, filled from training values too rare to keep.

## References
I. J. Good, Biometrika 40, 1953, 237-264. W. Esty, Ann. Statist. 11, 1983, 905-912. K. Joag-Dev, F. Proschan, Ann.
Statist. 11, 1983, 286-295.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import (
    Asked,
    CannotTell,
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    OfTest,
    Severity,
    columns_renamed,
    columns_shuffled,
    fooled,
    healthy,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.column_change import class_counts, commonest_named, known_in_table
from tearless.statistics.facts import Columns, is_classes
from tearless.statistics.random_split import one_sided, unseen_share

MEND = Mend.source
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed)
Texts = NDArray[np.str_]
TEXT = (pl.String, pl.Categorical, pl.Enum, pl.Boolean)
MOST_NEW = 0.5
"""Good-Turing share from which a fresh row more likely holds a new value than a known one: no category."""

ANY = Limit(
    of="values",
    at=1.0,
    unit="values",
    kind="derived",
    severity=Severity.note,
    because="One new value is enough for an encoder fitted on the training rows to stop, or to write zeros.",
)
MORE_THAN_CHANCE = Limit(
    of="q",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    severity=Severity.warning,
    because="Rare values fall into one part of a split by chance, and that is no fault; of a hundred columns called "
    "more than chance at most one is not.",
)
FELT = Limit(
    of="share",
    at=0.01,
    unit="share of test rows",
    kind="convention",
    severity=Severity.warning,
    because="A score between 0 and 1 changes by at most the share of rows concerned; below one row in a hundred that "
    "is less than most models differ by.",
)
CERTAIN = Limit(
    of="q",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    severity=Severity.error,
    because="The same as for a warning: of a hundred columns called more than chance at most one is not.",
)
MOST_ROWS = Limit(
    of="share",
    at=0.5,
    unit="share of test rows",
    kind="convention",
    severity=Severity.error,
    because="In every second test row the column says something that the model has never met: the two tables write it "
    "in two ways, or are about two things.",
)
FEW_KNOWN = Limit(
    of="known",
    at=50.0,
    crossed="below",
    unit="values",
    kind="convention",
    severity=Severity.error,
    because="Up to fifty values are a list that somebody wrote down, and should be one list. Of more (customers, "
    "places) new ones come as a matter of course.",
)

HEADLINE = "{share} of the test rows hold a value of {columns} that {nobody}: {names}"
EVIDENCE = (
    "new values: {values}, known: {known}, as {examples}; of fresh rows {predicted} would hold a new one by chance"
)
WHY = "a model has learned nothing about these values, and an encoder stops at them or writes zeros"
DO = "find where they come from (spelling, another source, a later time); give the encoder a place for values it lacks"


def measure(columns: Columns, sample: Sample, test: OfTest[Sample], asked: Asked) -> Iterator[Measured]:
    first, second = sample.frame, test.frame
    if not sample.rows or not test.rows:
        raise CannotTell(f"the {'test' if sample.rows else 'training'} table has no rows")
    names = [n for n in first.columns if n in second.columns and _of_categories(first[n], n == asked.target)]
    if not names:
        raise NotApplicable("the two tables share no column of text, booleans or classes")
    for name in names:
        a, b = first[name].drop_nulls(), second[name].drop_nulls()
        if not len(a) or not len(b):
            continue
        levels, x, y = class_counts(a, b)
        predicted, interval = unseen_share(x)
        if predicted >= MOST_NEW:
            continue
        x, exactly = known_in_table(columns, sample, name, levels, x)
        nobody = "no training row has" if exactly else f"none of {sample.rows:,} training rows has"
        split = one_sided(x, y)
        new = x == 0
        numbers = {
            "share": Number(split.rows / len(b), "share", f"share of test rows that hold a new value, {test.said}"),
            "values": Number(int(new.sum()), "values", "different new values"),
            "known": Number(int((~new).sum()), "values", f"different values of the training table, {sample.said}"),
            "predicted": Number(
                predicted, "share", "share of fresh rows with a new value (Good-Turing)", interval, 0.95
            ),
            "by_chance": Number(split.expected / len(b), "share", "the share, were the rows divided at random"),
        }
        words = {"names": commonest_named(levels, y * new), "examples": commonest_named(levels, x), "nobody": nobody}
        yield Measured((name,), numbers, split.more, words)


def _of_categories(column: pl.Series, is_target: bool) -> bool:
    whole = is_target and column.dtype.is_integer() and column.null_count() < len(column)
    return column.dtype in TEXT or (whole and is_classes(column.drop_nulls()))


def _sizes(rng: np.random.Generator, n: int, names: str = "SML") -> Texts:
    return rng.choice(np.array(list(names)), n, p=[0.3, 0.5, 0.2])


@healthy
def one_list(rng: np.random.Generator) -> Example:
    return Example({"size": _sizes(rng, 500)}, test={"size": _sizes(rng, 300)})


@healthy
def two_answers(rng: np.random.Generator) -> Example:
    return Example({"paid": rng.random(200) < 0.4, "y": rng.integers(0, 3, 200)}, "y", {"paid": rng.random(80) < 0.4})


@sick
def a_new_size(rng: np.random.Generator) -> Example:
    return Example({"size": _sizes(rng, 600)}, test={"size": np.where(rng.random(400) < 0.06, "X", _sizes(rng, 400))})


@sick
def another_spelling(rng: np.random.Generator) -> Example:
    return Example({"size": _sizes(rng, 600)}, test={"size": _sizes(rng, 200, "sml")})


@sick
def rare_surnames(rng: np.random.Generator) -> Example:
    numbers = np.minimum(rng.zipf(1.8, 900), 400).astype(str)
    return Example({"name": numbers[:600]}, test={"name": numbers[600:]})


@fooled("fires", "a split by customer has new customers by design, and the check cannot know that it is meant")
def split_by_customer(rng: np.random.Generator) -> Example:
    customers = np.repeat(rng.permutation(200).astype(str), 5)
    return Example({"customer": customers[:700]}, test={"customer": customers[700:]})


@fooled("silent", "codes written as whole numbers may be quantities, and are not looked at")
def new_codes(rng: np.random.Generator) -> Example:
    return Example(
        {"code": rng.integers(1, 5, 300), "t": _sizes(rng, 300)},
        test={"code": rng.integers(5, 9, 200), "t": _sizes(rng, 200)},
    )
