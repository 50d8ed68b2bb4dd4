"""This column holds one value in every row.

## What it measures
The number of distinct values among the cells that are not missing.

## Why it matters
A constant says nothing about any row. Standardising divides by its spread of zero; beside an intercept it makes the
least-squares problem singular.

## The mathematics
With x = c·1 the variance is zero, correlation is 0/0, and x is a multiple of the intercept column, so the design has
no full rank and the coefficients are not determined.

## When it is wrong
A column may be constant in this extract and vary where the model will be used: then the extract is not a sample of
what the model will see, which is worse.

## What to do
Drop the column, or find out why the extract holds one value of it only.

## References
G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th ed., Johns Hopkins 2013, section 5.5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import (
    Asked,
    Example,
    Limit,
    Measured,
    Mend,
    Number,
    Severity,
    columns_shuffled,
    fooled,
    healthy,
    rows_shuffled,
    sick,
    visible,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.facts import Columns

MEND = Mend.columns
SAME_UNDER = (rows_shuffled, columns_shuffled)

ONE_VALUE = Limit(
    of="distinct",
    at=1.0,
    crossed="below",
    unit="values",
    kind="derived",
    severity=Severity.warning,
    because="With one value the variance is exactly zero and the column is a multiple of the intercept.",
)
SEEN_TWICE = Limit(
    of="filled",
    at=2.0,
    unit="rows",
    kind="derived",
    because="One row cannot vary: at least two filled cells are needed before a column can be called constant.",
)

HEADLINE = "{columns} holds one value, {value}, in every row"
WHY = "it says nothing about any of the {filled} rows that hold it, and has no spread to be scaled by"
DO = "drop {columns}, or find out why this extract holds one value of it only"


def measure(columns: Columns, sample: Sample, asked: Asked) -> Iterator[Measured]:
    for name, distinct, missing in zip(columns.names, columns.distinct, columns.missing, strict=True):
        filled = columns.rows - int(missing)
        value = sample.frame[name].drop_nulls().head(1).to_list() if distinct == 1 else []
        yield Measured(
            (name,),
            {
                "distinct": Number(distinct, "values", "different values among the filled cells"),
                "filled": Number(filled, "rows", "rows in which the cell is filled"),
            },
            words={"value": visible(str(value[0]), 40) if value else ""},
        )


@healthy
def two_values(rng: np.random.Generator) -> Example:
    return Example({"flag": rng.integers(0, 2, 200), "x": rng.normal(size=200)})


@sick
def one_year_only(rng: np.random.Generator) -> Example:
    return Example({"year": np.full(200, 2024), "x": rng.normal(size=200)})


@sick
def one_value_and_holes(rng: np.random.Generator) -> Example:
    return Example({"x": np.where(rng.random(300) < 0.3, np.nan, 1.5), "y": rng.normal(size=300)})


@fooled("silent", "one stray value hides a column that is constant in every other row")
def one_stray_value(rng: np.random.Generator) -> Example:
    return Example({"year": np.r_[np.full(199, 2024), 2023], "x": rng.normal(size=200)})
