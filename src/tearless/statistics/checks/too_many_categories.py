"""This column has more categories than its rows can teach.

## What it measures
For each column of text or categories (but the target): the chance that the next row holds a category never seen in
this table, and the share of rows whose category has fewer than ten rows.

## Why it matters
About a category never seen a model knows nothing; about one seen twice it knows two rows. Encoded one column a
category, such a table has nearly as many columns as rows, and a model can memorise every rare one.

## The mathematics
Good and Turing: with n rows of which n₁ hold a category seen once, the next row holds an unseen one with probability
about n₁/n. Its interval is Esty's normal limit, variance (n₁ + 2n₂)/n² − n₁²/n³, or the exact binomial interval where
that is wider. The chance falls as rows are added. Where the table is too large to be counted whole, the new categories
that the rows beyond the sample brought, for each such row, bound it from above.

## When it is wrong
If the table lists every category there is, no new one can come; the rare ones are still rare. Rows that are not
independent (sorted, grouped by customer) make the next row's category less or more new than this says. Categories
written as numbers (post codes) are not looked at.

## What to do
Merge the rare categories into one called "other", or into a coarser level that means something (ticket prefix, region,
deck); or encode by the target's mean within training folds, shrunk to the overall mean. Read dates as dates. Decide
what the model does with an unseen category.

## References
I. J. Good, *The population frequencies of species and the estimation of population parameters*, Biometrika 40 (1953).
W. W. Esty, *A normal limit law for a nonparametric estimator of the coverage of a random sample*, Annals of Statistics
11 (1983). D. Micci-Barreca, *A preprocessing scheme for high-cardinality categorical attributes*, SIGKDD Explorations 3
(2001).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from tearless.core import (
    Asked,
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
    harm,
    healthy,
    in_other_units,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.column_pictures import ranked
from tearless.statistics.facts import Columns
from tearless.statistics.levels import Levels
from tearless.statistics.looks import LOOKED_AT, are_dates

MEND = Mend.columns
picture = ranked
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)
SYMPTOM_OF = ("identifier-column", "numbers-as-text")
FEW_ROWS = 10

MANY = Limit(
    of="levels",
    at=20.0,
    unit="categories",
    kind="convention",
    because="Fewer than twenty categories can be read and merged by hand, and cost fewer than twenty columns. Nothing "
    "singles out the number.",
)
ONE_IN_TEN = Limit(
    of="unseen_at_least",
    at=0.1,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="The lower end of the interval: at least one new row in ten holds a category of which the model knows "
    "nothing, so its choice for the unknown decides as much as what it learned. The number itself is a convention.",
)
ONE_IN_FIFTY = Limit(
    of="unseen_at_least",
    at=0.02,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="The lower end of the interval: at least one new row in fifty holds an unseen category, often enough that "
    "the code must be ready for it. The number itself is a convention.",
)

HEADLINE = (
    "{columns} has {levels} categories in {filled} rows: about {unseen} of new rows will hold one never seen here"
)
EVIDENCE = (
    "{once} categories occur in one row only, {rare} of the rows are in categories of fewer than ten rows; surely at "
    "least {unseen_at_least} of new rows bring a new one"
)
WHY = "a model knows nothing of a category never seen, and can memorise the rare ones without learning anything"
DO = "{cure}"


def measure(columns: Columns, sample: Sample, asked: Asked) -> Iterator[Measured]:
    frame = sample.frame
    looked = [
        i
        for i, (name, dtype) in enumerate(zip(columns.names, columns.dtypes, strict=True))
        if isinstance(dtype, (pl.String, pl.Categorical, pl.Enum)) and name != asked.target
    ]
    if not looked:
        raise NotApplicable("the table has no column of text or categories")
    for i in looked:
        filled = columns.rows - int(columns.missing[i])
        distinct = float(columns.distinct[i])
        if filled and distinct:
            yield _measured(columns.names[i], frame[columns.names[i]].drop_nulls(), filled, distinct, sample.said)


def _measured(name: str, values: pl.Series, filled: int, distinct: float, said: str) -> Measured:
    levels = Levels.of(values) if len(values) else None
    interval = levels.unseen_interval() if levels else (0.0, 1.0)
    unseen = levels.unseen if levels else 1.0
    if levels and filled > levels.rows:
        most = max(0.0, distinct - levels.distinct) / (filled - levels.rows)
        unseen, interval = min(unseen, most), (min(interval[0], most), min(interval[1], most))
    elif levels:
        distinct = levels.distinct
    counts = levels.counts if levels else np.zeros(1, dtype=np.int64)
    cure = (
        f"read {quoted(name)} as a date, and take from it what recurs: month, weekday, time since"
        if isinstance(values.dtype, pl.String) and are_dates(values.head(LOOKED_AT))
        else f"merge the rare categories of {quoted(name)} into a coarser level or `other`, and decide what an unseen "
        "one gets"
    )
    rare = float(counts[counts * filled < FEW_ROWS * len(values)].sum()) / max(1, len(values))
    return Measured(
        (name,),
        {
            "levels": Number(round(distinct), "categories", "different categories, over all rows"),
            "filled": Number(filled, "rows", "rows in which the cell is filled"),
            "once": Number(levels.once if levels else None, "categories", f"categories in one row only, {said}"),
            "unseen": Number(unseen, "share", "chance that a new row holds a category never seen here", interval, 0.95),
            "unseen_at_least": Number(interval[0], "share", "lower end of its 95 % interval"),
            "rare": Number(rare, "share", f"share of rows in categories of fewer than {FEW_ROWS} rows, {said}"),
        },
        words={"cure": cure},
    )


@healthy
def five_ports(rng: np.random.Generator) -> Example:
    return Example({"port": rng.choice([f"port {i}" for i in range(5)], 300), "x": rng.normal(size=300)})


@healthy
def fifty_states_in_five_thousand_rows(rng: np.random.Generator) -> Example:
    return Example({"state": rng.choice([f"state {i}" for i in range(50)], 5_000)})


@healthy
def few_categories_in_few_rows(rng: np.random.Generator) -> Example:
    return Example({"kind": rng.choice([f"kind {i}" for i in range(12)], 15), "x": rng.normal(size=15)})


@sick
def tickets(rng: np.random.Generator) -> Example:
    return Example({"ticket": np.array([f"T{k}" for k in rng.integers(0, 900, 1_000)]), "x": rng.normal(size=1_000)})


@sick
def a_long_tail_of_towns(rng: np.random.Generator) -> Example:
    return Example({"town": np.array([f"town {k}" for k in rng.zipf(1.6, 2_000)])})


@fooled("fires", "two draws from a list that is complete hold every category there is; none can be new")
def every_country_twice(rng: np.random.Generator) -> Example:
    return Example({"country": np.r_[[f"land {i}" for i in range(200)], [f"land {i}" for i in range(0, 200, 2)]]})


@harm(
    unit="share of rows",
    at=0.02,
    because="One row in fifty that holds a category which training never saw is the least the check speaks of.",
)
def unseen_in_held_out_rows(example: Example, rng: np.random.Generator) -> float:
    """Share of a random fifth of the rows whose category the other rows lack, in the worst column of twenty or more."""
    worst = 0.0
    for values in example.columns.values():
        values = np.asarray(values)
        if values.dtype.kind == "U" and len(np.unique(values)) >= 20:
            order = rng.permutation(len(values))
            cut = len(values) // 5
            worst = max(worst, float(1 - np.isin(values[order[:cut]], values[order[cut:]]).mean()))
    return worst
