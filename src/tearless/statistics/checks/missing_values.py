"""This column is missing in so many rows that what is left may mislead.

## What it measures
How many cells of each column are missing, over every row: null and nan counted apart. Where several columns have holes,
also how many rows have a hole in any of them.

## Why it matters
A model that takes no holes needs the rows dropped or the cells filled. Dropping costs rows, and turns the rest into a
sample of the complete rows. Filling with one value costs what the column could explain. And the two kinds of missing
differ: Polars, Arrow and SQL count nulls and let nan through into means and sorting.

## The mathematics
Let a share m of a column be missing at random. Dropping these rows leaves n(1−m) and widens every standard error by
1/√(1−m): 12 % at m = 0.2. Filling with the mean shrinks the column's variance to 1−m of what it was and its squared
correlation with anything by the same factor: a share m of what it explained is gone. Not missing at random, the mean of
the rest is off by m·(mean of the rest − mean of the missing), which no number of rows mends.

## When it is wrong
Where a hole says something (no cabin recorded, no second phone) it is a value, not a loss: a column of its own that
says where cells are missing keeps it. Trees that route missing cells themselves lose less.

## What to do
Find out why the cells are missing. Then drop the column, or fill it inside the pipeline, fitted on the training rows
only, beside a column that says where it was missing. A row without its target cannot be learnt from: drop that row.

## References
R. J. A. Little, D. B. Rubin, *Statistical Analysis with Missing Data*, 3rd ed., Wiley 2019, chapters 3 and 4.
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
    quoted,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.facts import NumericColumns, Sample
from tearless.statistics.column_pictures import holes
from tearless.statistics.facts import Columns
from tearless.statistics.intervals import wilson
from tearless.statistics.missingness import missing_cells

MEND = Mend.values
picture = holes
SYMPTOM_OF = ("target-leak",)
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)

ANY = Limit(
    of="missing",
    at=1.0,
    unit="rows",
    kind="derived",
    severity=Severity.note,
    because="One nan makes a plain mean or sum nan, and most models refuse the table: it has to be dealt with.",
)
MANY = Limit(
    of="share",
    at=0.2,
    unit="share of rows",
    kind="convention",
    severity=Severity.warning,
    because="With a fifth missing, standard errors grow by 1/√0.8 = 12 % where the rows are dropped, and a fifth of "
    "what the column explains goes where it is filled with its mean. No theorem singles out a fifth.",
)
EMPTY = Limit(
    of="filled",
    at=0.0,
    crossed="below",
    unit="cells",
    kind="derived",
    severity=Severity.error,
    because="Without a single filled cell there is no mean to fill with, and dropping the rows leaves none.",
)

HEADLINE = "{columns} {holds} in {missing} of {rows} rows ({share})"
EVIDENCE = "{kinds}; {kept} rows are left once those are dropped"
WHY = "{harm}"
DO = "{cure}"


def measure(columns: Columns, numeric: NumericColumns, sample: Sample, asked: Asked) -> Iterator[Measured]:
    nans = dict(zip(numeric.names, numeric.nan, strict=True))
    if (columns.missing > 0).sum() > 1:
        whole = _rows_of(columns, sample, sum(nans.values()))
        yield from [whole] if (whole.numbers["missing"].value or 0.0) > columns.missing.max() else []
    emptiest_first = np.argsort(-columns.missing, kind="stable")
    for name, missing in ((columns.names[j], columns.missing[j]) for j in emptiest_first):
        nan = float(nans.get(name, 0.0))
        numbers = _numbers(float(missing), columns.rows, float(missing) - nan, nan, columns.rows - float(missing))
        kinds = f"{int(missing - nan):,} null and {int(nan):,} nan"
        words = _target_words() if name == asked.target else _column_words(name, int(missing), columns.rows)
        yield Measured((name,), numbers, words={"holds": "is missing", "kinds": kinds, **words})


def _rows_of(columns: Columns, sample: Sample, nan: float) -> Measured:
    """The whole table: how many rows have a hole in any column, counted on the sample."""
    holed = [name for name, missing in zip(columns.names, columns.missing, strict=True) if missing]
    hole = pl.Series(np.zeros(sample.rows, dtype=bool))
    for name in holed:
        hole = hole | missing_cells(sample.frame[name])
    found, scale = int(hole.sum()), sample.total / max(1, sample.rows)
    ends = wilson(found, sample.rows) if sample.rows and not sample.complete else None
    cells = int(columns.missing.sum())
    filled = float(columns.rows * len(columns.names) - cells)
    numbers = _numbers(float(round(found * scale)), columns.rows, cells - nan, nan, filled, sample.said, ends)
    return Measured(
        (),
        numbers,
        words={
            "holds": f"has a hole in at least one of {len(holed):,} columns",
            "kinds": f"{cells - int(nan):,} cells null and {int(nan):,} nan",
            "harm": "a model that takes no holes loses these rows, and learns from the complete ones only, which need "
            "not be like the rest",
            "cure": "drop the emptiest columns and fill the others inside the pipeline; do not drop all these rows",
        },
    )


def _numbers(
    missing: float,
    rows: int,
    null: float,
    nan: float,
    filled: float,
    said: str = "all rows",
    ends: tuple[float, float] | None = None,
) -> dict[str, Number]:
    interval = ends and (ends[0] * rows, ends[1] * rows)
    return {
        "missing": Number(missing, "rows", f"rows with a hole here, counted on {said}", interval, ends and 0.95),
        "share": Number(missing / rows if rows else 0.0, "share", "their share of the rows", ends, ends and 0.95),
        "null": Number(null, "cells", "missing as null, of all rows"),
        "nan": Number(nan, "cells", "missing as nan (a float that is no number), of all rows"),
        "filled": Number(filled if rows else None, "cells", "cells that hold a value"),
        "kept": Number(rows - missing, "rows", "rows left once those with a missing cell here are dropped"),
        "rows": Number(rows, "rows", "rows of the table"),
    }


def _column_words(name: str, missing: int, rows: int) -> dict[str, str]:
    left = 1 - missing / rows if rows else 1.0
    if left == 0:
        return {"harm": "it holds nothing to learn from, and nothing to fill it with", "cure": f"drop {quoted(name)}"}
    return {
        "harm": f"dropping those rows widens every standard error {left**-0.5:.3g}-fold; filling them with one value "
        f"leaves {100 * left:.3g} % of the column's variance",
        "cure": "find out why; then drop the column, or fill it in the pipeline and add one that says where it was",
    }


def _target_words() -> dict[str, str]:
    return {
        "harm": "this is the target: a row without it teaches nothing, and a filled one teaches the filling",
        "cure": "drop these rows, and find out why their outcome is not known: they may be the hard ones",
    }


@healthy
def nothing_missing(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=200), "name": rng.choice(["a", "b"], 200), "flag": rng.random(200) < 0.5})


@sick
def three_quarters_of_the_cabins(rng: np.random.Generator) -> Example:
    cabin = rng.choice(["C85", "E46"], 400).astype(object)
    cabin[rng.random(400) < 0.77] = None
    return Example({"cabin": cabin, "fare": rng.lognormal(3, 1, 400)})


@sick
def a_column_without_a_value(rng: np.random.Generator) -> Example:
    return Example({"x": np.full(200, np.nan), "y": rng.normal(size=200)})


@sick
def a_few_in_each_of_many_columns(rng: np.random.Generator) -> Example:
    return Example({f"x{i}": np.where(rng.random(500) < 0.06, np.nan, rng.normal(size=500)) for i in range(8)})


@sick
def two_cells(rng: np.random.Generator) -> Example:
    return Example({"x": np.r_[np.nan, np.nan, rng.normal(size=998)]})


@fooled("fires", "where missing means none, such as no second phone, the hole is the value and nothing is lost")
def no_second_phone(rng: np.random.Generator) -> Example:
    phone = np.full(300, "+1 555 0100", dtype=object)
    phone[rng.random(300) < 0.7] = None
    return Example({"second_phone": phone, "x": rng.normal(size=300)})


@fooled("silent", "missing cells written as a number or a word are not missing to any program")
def missing_written_as_a_number(rng: np.random.Generator) -> Example:
    return Example({"age": np.where(rng.random(300) < 0.4, -999, rng.integers(18, 80, 300))})


@harm(
    unit="columns whose plain mean is undefined", at=1.0, because="One such column stops a model that takes no holes."
)
def columns_without_a_mean(example: Example, rng: np.random.Generator) -> float:
    """How many columns hold a missing cell as an independent program counts them: unequal to itself, or None."""
    return float(sum(any(v is None or v != v for v in values.tolist()) for values in example.columns.values()))
