"""This column holds one value in all but a handful of rows.

## What it measures
How many filled cells differ from the commonest value of the column, and their share of the filled cells.

## Why it matters
All that such a column can teach comes from the few rows that differ. A split may put none of them in the test part, so
nothing can be verified, or none in the training part, so that it is constant there and cannot be scaled. Standardised,
those rows become extreme.

## The mathematics
Let m rows differ. A random fifth held out holds none of them with probability C(n−m, n/5)/C(n, n/5) ≈ 0.8^m: 5.5 % at
m = 13, 4.4 % at m = 14. Standardised, a flag set in m of n rows takes the value √((n−m)/m) there: 31.6 for 1 in 1,000.

## When it is wrong
A rare flag can matter (a recall, an alarm); then more such rows are needed, not fewer columns. Trees are not hurt, they
only cannot learn from it. Thirteen rows may be enough for a rule that is known beforehand.

## What to do
Drop the column, or merge it with others into one that says "any of these", or collect more rows that differ and split
so that both parts get some.

## References
W. Feller, *An Introduction to Probability Theory and Its Applications*, vol. 1, 3rd ed., Wiley 1968, section II.6.
M. Kuhn, K. Johnson, *Applied Predictive Modeling*, Springer 2013, section 3.5.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from tearless.core import (
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
from tearless.statistics.missingness import missing_cells

MEND = Mend.columns
SYMPTOM_OF = ("target-leak",)
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)
SPLITS_WITHOUT = 0.05
FEW_ROWS = 13
COUNTED = 64
"""Distinct values up to which the commonest is counted; beyond, at least 64 rows differ and nothing hangs on it."""

ANY = Limit(
    of="differ",
    at=1.0,
    unit="rows",
    kind="derived",
    because="Where no row differs the column is constant, and the check constant-column says so.",
)
FEW = Limit(
    of="unseen",
    at=SPLITS_WITHOUT,
    unit="share of splits",
    kind="derived",
    because="With at most 13 such rows, a random fifth held out has none of them in 5 % of splits or more: 0.8^13 = "
    "5.5 %. Then nothing about the column can be verified. Whatever the number of rows, 14 and more pass.",
)
RARE = Limit(
    of="share",
    at=0.05,
    crossed="below",
    unit="share of filled cells",
    kind="convention",
    severity=Severity.note,
    because="In a small table 13 rows are many: nearly constant is said only where 19 of 20 filled cells are alike. No "
    "theorem singles out the share.",
)
VERY_RARE = Limit(
    of="share",
    at=0.01,
    crossed="below",
    unit="share of filled cells",
    kind="convention",
    severity=Severity.warning,
    because="At one row in a hundred a standardised flag takes the value √99 = 9.9 in the rows that differ: a handful "
    "of rows then sets the column's weight. No theorem singles out the share.",
)

HEADLINE = "{columns} holds {value} in all but {differ} of {filled} rows"
EVIDENCE = "{unseen} of random splits hold out a fifth of the rows without any of the {differ}"
WHY = "all it can teach comes from {differ} of {filled} rows, and a test part may hold none of them to verify it"
DO = "drop {columns}, merge it with columns of like meaning, or collect more rows that differ"


def measure(columns: Columns, sample: Sample) -> Iterator[Measured]:
    for name, distinct, missing in zip(columns.names, columns.distinct, columns.missing, strict=True):
        filled = columns.rows - int(missing)
        value, differ, said = _differing(sample, name, float(distinct), filled)
        share = differ / filled if filled else 1.0
        yield Measured(
            (name,),
            {
                "differ": Number(differ, "rows", said),
                "filled": Number(filled, "rows", "rows in which the cell is filled"),
                "share": Number(share, "share", "their share of the filled cells"),
                "unseen": Number(
                    _unseen(differ, filled), "share", "random splits whose held-out fifth has none of them"
                ),
            },
            words={"value": value},
        )


def _differing(sample: Sample, name: str, distinct: float, filled: int) -> tuple[str, float, str]:
    """The commonest value, how many cells differ from it, and how that was found."""
    least = max(0.0, distinct - 1)
    if distinct > COUNTED or distinct < 2 or sample.frame[name].dtype.is_nested():
        return "", least, "filled cells that differ from the commonest value: at least as many as other values"
    value, here, seen = _commonest(sample.frame[name].alias("value"))
    if not seen:
        return "a value", least, "filled cells that differ from the commonest value: at least as many as other values"
    differ = max(least, round((seen - here) * filled / seen))
    shown = f"'{visible(value, 40)}'" if isinstance(value, str) else visible(str(value), 40)
    return shown, float(differ), f"filled cells that differ from the commonest value, counted on {sample.said}"


def _commonest(column: pl.Series) -> tuple[object, int, int]:
    """The commonest value of the filled cells, how many hold it, and how many are filled."""
    if column.dtype in (pl.Float64, pl.Int64) and not column.null_count():
        values, counts = np.unique(column.to_numpy(), return_counts=True)
        filled = ~np.isnan(values)
        at = int(np.argmax(np.where(filled, counts, 0))) if len(values) else 0
        seen = int(counts[filled].sum())
        return (values[at].item(), int(counts[at]), seen) if seen else (None, 0, 0)
    table = column.filter(~missing_cells(column)).value_counts(sort=True)
    return (*table.row(0), int(table.to_series(1).sum())) if table.height else (None, 0, 0)


def _unseen(differ: float, filled: int) -> float:
    """0.8^m, bounded by 0 where not even a fifth of the cells could be without them."""
    return 0.8**differ if 0.8 * filled >= differ else 0.0


@healthy
def a_rare_flag_seen_often(rng: np.random.Generator) -> Example:
    flag = rng.permutation(np.arange(20_000) < 300).astype(int)
    return Example({"fraud": flag, "x": rng.normal(size=20_000)})


@healthy
def two_plans(rng: np.random.Generator) -> Example:
    return Example({"plan": rng.permutation(np.repeat(["trial", "paid"], [80, 120])), "x": rng.normal(size=200)})


@healthy
def one_year_only(rng: np.random.Generator) -> Example:
    return Example({"year": np.full(200, 2024), "x": rng.normal(size=200)})


@sick
def three_of_a_thousand(rng: np.random.Generator) -> Example:
    return Example({"recalled": np.r_[np.ones(3, dtype=int), np.zeros(997, dtype=int)], "x": rng.normal(size=1_000)})


@sick
def nine_of_three_hundred(rng: np.random.Generator) -> Example:
    return Example({"plan": np.r_[np.repeat("trial", 9), np.repeat("paid", 291)], "x": rng.normal(size=300)})


@fooled("fires", "a fuse that blew in five of a thousand rows and always stopped the machine is worth keeping")
def rare_and_decisive(rng: np.random.Generator) -> Example:
    blew = np.arange(1_000) < 5
    return Example({"fuse_blew": blew.astype(int), "stopped": blew | (rng.random(1_000) < 0.1)}, target="stopped")


@fooled("silent", "a hundred differing rows of 20,000 pass, though they may all stem from one event")
def a_hundred_from_one_event(rng: np.random.Generator) -> Example:
    return Example({"storm": (np.arange(20_000) < 100).astype(int), "x": rng.normal(size=20_000)})


@harm(
    unit="share of splits",
    at=0.02,
    because="In one split of fifty or more the held-out fifth has only one value: nothing can be verified there.",
)
def splits_that_see_one_value(example: Example, rng: np.random.Generator) -> float:
    """Share of 2,000 random splits whose held-out fifth holds one value of a column that has several."""
    shares = [0.0]
    for values in example.columns.values():
        _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
        if 1 < len(counts) <= 2:
            n, rare = len(codes), int(counts.min())
            drawn = rng.hypergeometric(rare, n - rare, n // 5, 2_000)
            shares.append(float((drawn == 0).mean()))
    return max(shares)
