"""This column holds infinite values.

## What it measures
How many cells hold +∞ and how many −∞, over every row, and which rows those are.

## Why it matters
One infinity makes the mean infinite, and the spread, every correlation and every scaled value of the column undefined.
From there it spreads: most models stop with an error, or learn from undefined numbers without a word. Tools that drop
missing cells do not drop infinities, for an infinity is not missing.

## The mathematics
With one xᵢ = ∞ the mean Σx/n is ∞, and the deviation xᵢ − mean is ∞ − ∞, which IEEE 754 defines as not a number; the
variance, the covariance with any column, and the standardised column are then not numbers either. The number of good
rows does not help: three infinities among 100,000 rows do the same as 100,000.

## When it is wrong
Where infinity is meant (an open interval's end, no limit) and the model only compares, as a tree does, it can stay. A
value close to the largest float is finite and passes here, although its square is not.

## What to do
Find the operation that made it: a division by zero, the logarithm of zero, or an overflow of exp or of float32. Mend
it there. What cannot be mended is missing, not infinite.

## References
IEEE 754-2019, *Standard for Floating-Point Arithmetic*, sections 6.1 and 7.2. D. Goldberg, ACM Computing Surveys 23
(1991) 5-48.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import (
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
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.facts import NumericColumns
from tearless.statistics.infinities import ROWS_KEPT, Infinities

MEND = Mend.values
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)

ANY = Limit(
    of="infinite",
    at=1.0,
    unit="rows",
    kind="derived",
    severity=Severity.error,
    because="One infinity is enough: the mean becomes infinite, and ∞ − ∞ makes the spread and every correlation "
    "undefined.",
)

HEADLINE = "{columns} is infinite in {infinite} of {rows} rows"
EVIDENCE = "{plus} times +∞ and {minus} times −∞, in {where}"
WHY = "its mean is then infinite and its spread, its correlations and its scaled values are undefined in every row"
DO = "find what made them (a division by zero, log of 0, an overflow) and mend it there; else set them to missing"


def measure(numeric: NumericColumns, infinities: Infinities) -> Iterator[Measured]:
    if not infinities.first:
        raise NotApplicable("the table has no column of floating-point numbers: nothing else can hold an infinity")
    for name, kind, plus, minus in zip(numeric.names, numeric.dtypes, numeric.plus_inf, numeric.minus_inf, strict=True):
        if not kind.is_float():
            continue
        rows = infinities.first[name]
        yield Measured(
            (name,),
            {
                "infinite": Number(plus + minus, "rows", "rows in which the cell is +∞ or −∞, of all rows"),
                "plus": Number(plus, "rows", "rows in which the cell is +∞"),
                "minus": Number(minus, "rows", "rows in which the cell is −∞"),
                "rows": Number(numeric.rows, "rows", "rows of the table"),
            },
            words={"where": _where(rows, int(plus + minus))},
            rows=rows,
        )


def _where(rows: tuple[int, ...], count: int) -> str:
    """The row numbers in words, counted from 0."""
    said = ", ".join(f"{row:,}" for row in rows)
    more = f" and {count - len(rows):,} more" if count > ROWS_KEPT else ""
    return f"row{'s' if count > 1 else ''} {said}{more} (counted from 0)"


@healthy
def finite(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=200), "heavy": rng.standard_cauchy(200) * 1e6})


@healthy
def holes_only(rng: np.random.Generator) -> Example:
    return Example({"x": np.where(rng.random(200) < 0.2, np.nan, rng.normal(size=200))})


@sick
def a_division_by_zero(rng: np.random.Generator) -> Example:
    clicks, views = rng.integers(1, 50, 1_000), rng.integers(0, 200, 1_000)
    views[:3] = 0
    with np.errstate(divide="ignore"):
        return Example({"clicks": clicks, "rate": clicks / views})


@sick
def a_logarithm_of_zero(rng: np.random.Generator) -> Example:
    amount = np.r_[0.0, rng.lognormal(size=499)]
    with np.errstate(divide="ignore"):
        return Example({"log_amount": np.log(amount), "x": rng.normal(size=500)})


@fooled("silent", "a finite value whose square overflows ruins the spread just as an infinity does")
def too_large_to_square(rng: np.random.Generator) -> Example:
    return Example({"x": np.r_[1e200, rng.normal(size=199)]})


@harm(
    unit="columns without a spread", at=1.0, because="One column whose spread is not a number cannot be scaled at all."
)
def columns_without_a_spread(example: Example, rng: np.random.Generator) -> float:
    """How many columns have a standard deviation that is no number, missing cells left out."""
    with np.errstate(invalid="ignore", over="ignore"):
        spreads = [np.nanstd(np.asarray(values, dtype=float)) for values in example.columns.values()]
    return float(sum(not np.isfinite(s) for s in spreads))
