"""This column holds one value in every row.

## What it measures
The number of distinct values among the cells that are not missing, over every row.

## Why it matters
A constant says nothing about any row. Standardising divides by its spread of zero; beside an intercept it makes the
least-squares problem singular. A constant target leaves nothing to learn.

## The mathematics
With x = c·1 the variance is zero, correlation is 0/0, and x is a multiple of the intercept column, so the design has
no full rank and the coefficients are not determined. The entropy of a constant target is 0 bits: every model that
answers c is perfect, and none has learnt anything. How sure is it that other values are rare? A share π of others stays
unseen in n rows with chance (1−π)ⁿ, so π is at most 1 − 0.05^(1/n) with 95 % confidence: about 3/n.

## When it is wrong
A column may be constant in this extract and vary where the model will be used: then the extract is not a sample of
what the model will see, which is worse. A column with holes and one value may say something by its holes.

## What to do
Drop the column, or find out why the extract holds one value of it only. A column without any value is reported by
`missing-values`.

## References
G. H. Golub, C. F. Van Loan, *Matrix Computations*, 4th ed., Johns Hopkins 2013, section 5.5. J. A.
Hanley, A. Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983) 1743-1745.
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
    healthy,
    in_other_units,
    rows_shuffled,
    sick,
    visible,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.facts import Columns

MEND = Mend.columns
SYMPTOM_OF = ("target-leak",)
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)

ONE_VALUE = Limit(
    of="distinct",
    at=1.0,
    crossed="below",
    unit="values",
    kind="derived",
    because="With one value the variance is exactly zero and the column is a multiple of the intercept.",
)
SEEN_TWICE = Limit(
    of="filled",
    at=2.0,
    unit="rows",
    kind="derived",
    because="One row cannot vary: at least two filled cells are needed before a column can be called constant.",
)
CONSTANT_HERE = Limit(
    of="others",
    at=0.8,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="Two equal cells are the least: other values may then still be 1 - 0.05^(1/2) = 78 % of what there is, but "
    "in this table the column says nothing.",
)
NOT_BY_CHANCE = Limit(
    of="others",
    at=0.15,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="From 19 equal cells on, other values are at most 15 % of what there is, with 95 % confidence. In fewer "
    "rows a flag may come out constant by chance, and the column is only noted. No theorem singles out the 15 %.",
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
EVIDENCE = "1 distinct value in {filled} filled cells; any other is at most {others} of all there is (95 %)"
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
                "others": Number(
                    1 - 0.05 ** (1 / filled) if filled else None,
                    "share",
                    "the most that other values can be of what there is, with 95 % confidence, in a random draw",
                ),
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
def in_eight_rows(rng: np.random.Generator) -> Example:
    return Example({"site": np.repeat("A", 8), "x": rng.normal(size=8)})


@sick
def a_target_that_never_happens(rng: np.random.Generator) -> Example:
    return Example({"failed": np.zeros(200, dtype=int), "x": rng.normal(size=200)}, target="failed")


@fooled("silent", "one stray value hides a column that is constant in every other row")
def one_stray_value(rng: np.random.Generator) -> Example:
    return Example({"year": np.r_[np.full(199, 2024), 2023], "x": rng.normal(size=200)})
