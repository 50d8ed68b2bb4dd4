"""This column holds one value in every row.

## What it measures
The number of distinct values among the cells that are not missing, over every row.

## Why it matters
A constant says nothing about any row. Standardising divides by its spread of zero; beside an intercept it makes the
least-squares problem singular. A constant target leaves nothing to learn.

## The mathematics
With x = c·1 the variance is zero, correlation is 0/0, and x is a multiple of the intercept column, so the design has
no full rank and the coefficients are not determined. The entropy of a constant target is 0 bits: every model that
answers c is perfect, and none has learnt anything.

## When it is wrong
A column may be constant in this extract and vary where the model will be used: then the extract is not a sample of
what the model will see, which is worse. A column with holes and one value may say something by its holes.

## What to do
Drop the column, or find out why the extract holds one value of it only. A column without any value is reported by
`missing-values`.

## References
G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th ed., Johns Hopkins 2013, section 5.5.
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
    Number,
    Severity,
    columns_renamed,
    columns_shuffled,
    fooled,
    harm,
    healthy,
    in_other_units,
    rows_shuffled,
    sick,
    visible,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.facts import Columns

MEND = Mend.columns
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)

SEEN_TWICE = Limit(
    of="filled",
    at=2.0,
    unit="rows",
    kind="derived",
    because="One row cannot vary: at least two filled cells are needed before a column can be called constant.",
)
ONE_VALUE = Limit(
    of="distinct",
    at=1.0,
    crossed="below",
    unit="values",
    kind="derived",
    severity=Severity.warning,
    because="With one value the variance is exactly zero and the column is a multiple of the intercept.",
)
NOTHING_TO_LEARN = Limit(
    of="distinct",
    at=lambda predicted: predicted,
    crossed="below",
    unit="values",
    kind="derived",
    severity=Severity.error,
    because="The column to predict (predicted = 1) with one value has entropy 0: there is nothing to learn, and every "
    "score is perfect. For any other column (predicted = 0) the limit is out of reach.",
)

HEADLINE = "{columns} holds one value, {value}, in {every}"
EVIDENCE = "{distinct} distinct value in {filled} filled cells"
WHY = "it says nothing about any of the {filled} rows that hold it, and has no spread to be scaled by"
DO = "{cure} {columns}, or find out why this extract holds one value of it only"


def measure(columns: Columns, sample: Sample, asked: Asked) -> Iterator[Measured]:
    for name, distinct, missing in zip(columns.names, columns.distinct, columns.missing, strict=True):
        filled = columns.rows - int(missing)
        holes = f"every row where it is not missing ({filled:,} of {columns.rows:,})"
        yield Measured(
            (name,),
            {
                "distinct": Number(distinct, "values", "different values among the filled cells, of all rows"),
                "filled": Number(filled, "rows", "rows in which the cell is filled"),
                "predicted": Number(float(name == asked.target), "1", "1 for the column to predict, else 0"),
            },
            words={
                "value": _value(sample.frame[name]) if distinct == 1 else "",
                "every": holes if missing else "every row",
                "cure": "do not train on" if name == asked.target else "drop",
            },
        )


def _value(column: pl.Series) -> str:
    """The one value of a column, as it stands in a sentence."""
    filled = column.drop_nans() if column.dtype.is_float() else column
    value = filled.drop_nulls().head(1).to_list()
    if not value:
        return "outside the sample"
    return f"'{visible(value[0], 40)}'" if isinstance(value[0], str) else visible(str(value[0]), 40)


@healthy
def two_values(rng: np.random.Generator) -> Example:
    return Example({"flag": rng.integers(0, 2, 200), "x": rng.normal(size=200)})


@sick
def one_year_only(rng: np.random.Generator) -> Example:
    return Example({"year": np.full(200, 2024), "x": rng.normal(size=200)})


@sick
def one_value_and_holes(rng: np.random.Generator) -> Example:
    return Example({"x": np.where(rng.random(300) < 0.3, np.nan, 1.5), "y": rng.normal(size=300)})


@sick
def a_target_that_never_happens(rng: np.random.Generator) -> Example:
    return Example({"failed": np.zeros(200, dtype=int), "x": rng.normal(size=200)}, target="failed")


@fooled("silent", "one stray value hides a column that is constant in every other row")
def one_stray_value(rng: np.random.Generator) -> Example:
    return Example({"year": np.r_[np.full(199, 2024), 2023], "x": rng.normal(size=200)})


@harm(unit="columns that cannot be scaled", at=1.0, because="Dividing by a spread of zero gives no number in any row.")
def columns_without_spread(example: Example, rng: np.random.Generator) -> float:
    """How many columns have a standard deviation of zero, missing cells left out."""
    spreads = [np.nanstd(np.asarray(values, dtype=float)) for values in example.columns.values()]
    return float(sum(s == 0 for s in spreads))
