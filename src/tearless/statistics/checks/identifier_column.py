"""This column numbers or names the rows.

## What it measures
For each column of text or whole numbers (but the target): the share of rows whose value no other row holds, and the
chance that a measurement, drawn row by row, would repeat as little.

## Why it matters
A number or a name of the row is different in every new row, so nothing learned about its values can be used. A free
enough model memorises the rows through it, and a tree splits on it where rows were filed in the target's order.

## The mathematics
A column that is all different is no proof: measured numbers on a fine scale hardly ever repeat. Whole numbers between
a and b in steps of g have R = (b−a)/g + 1 possible values, and n independent draws are all different with probability
at most ∏(1 − i/R) ≈ exp(−n²/2R), largest when all R are equally likely (the birthday problem). A running number has
R ≈ n, and the bound is about e⁻ⁿ; 300 incomes among 180,000 possible ones give 0.78, and the check is silent. With a
few repeats it is the Poisson tail at the expected number of repeats. Text has no scale: it is compared with as many
categories as rows, R = n. Broken numbers are measurements and are not looked at; nor are dates.

## When it is wrong
Long random numbers in a small table look like a fine measurement, and it stays silent. A rank, a position or a clock
that ticks evenly numbers the rows too and may be of use. A key of several rows each is not unique: split by it.

## What to do
Drop it from the features; keep it aside to find the row again. If it runs with time, split by time.

## References
A. G. Munford, *A note on the uniformity assumption in the birthday problem*, The American Statistician 31 (1977).
I. J. Good, *The population frequencies of species and the estimation of population parameters*, Biometrika 40 (1953).
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
    healthy,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.facts import Columns
from tearless.statistics.levels import Levels, chance_of_few_repeats, steps_of
from tearless.statistics.looks import are_calendar, are_dates, are_quantities, whole_numbers, words_in

MEND = Mend.source
SYMPTOM_OF = ("target-leak", "numbers-as-text")
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed)
TEXT = (pl.String, pl.Categorical, pl.Enum)

NEARLY_ALL_DIFFER = Limit(
    of="once_at_least",
    at=0.9,
    unit="share",
    kind="convention",
    because="The lower end of the interval: at least nine new rows in ten hold a value never seen in training. Fewer "
    "are the matter of too-many-categories. The number itself is a convention; it needs 36 rows.",
)
ALL_ROWS_DIFFER = Limit(
    of="distinct_share",
    at=0.9,
    unit="share",
    kind="convention",
    because="The same over all rows, where the rest is counted on a sample: values that are rare in a sample can "
    "repeat in the whole table. A tenth is three standard errors of the estimated count of distinct values.",
)
NO_MEASUREMENT = Limit(
    of="chance",
    at=1e-6,
    crossed="below",
    unit="share",
    kind="derived",
    because="The birthday bound: of tables of ten thousand measurements one in 100 has one that repeats so little.",
)
NAMES = Limit(
    of="words",
    at=8.0,
    crossed="below",
    unit="words",
    kind="convention",
    severity=Severity.warning,
    because="Codes are one word, names and addresses two to seven. Longer texts are sentences: they differ in every "
    "row as well, but their words recur and can be learned from.",
)
FREE_TEXT = Limit(
    of="words",
    at=8.0,
    unit="words",
    kind="convention",
    severity=Severity.note,
    because="Eight words or more are sentences, for a text encoder, not for one of categories. Nothing singles out 8.",
)

HEADLINE = "{columns} {verb}: {distinct} different values in {looked_at} rows"
EVIDENCE = "{once} of the rows hold a value of their own; {others} would repeat so little with chance {chance}"
WHY = "a new row brings a new value, so nothing learned about the old ones helps; a model can only memorise rows by it"
DO = "{cure}"


def measure(columns: Columns, sample: Sample, asked: Asked) -> Iterator[Measured]:
    looked = False
    for i, name in enumerate(columns.names):
        filled = columns.rows - int(columns.missing[i])
        if name == asked.target or filled < 1 or not sample.rows:
            continue
        share = min(1.0, float(columns.distinct[i]) / filled)
        column = sample.frame[name]
        values = column.drop_nulls() if column.null_count() else column
        measured = (
            _text(name, values, share, sample)
            if isinstance(values.dtype, TEXT)
            else _whole(name, values, share, sample)
        )
        if measured is not None:
            looked = True
            yield measured
    if not looked:
        raise NotApplicable("the table has no column of text or whole numbers")


def _text(name: str, values: pl.Series, share: float, sample: Sample) -> Measured | None:
    if not len(values):
        return None
    texts = values.head(2_000).cast(pl.String)
    if are_dates(texts) or are_quantities(texts):
        return None
    levels = Levels.of(values) if share >= 0.5 else None
    chance = chance_of_few_repeats(levels.rows, levels.rows - levels.distinct, levels.rows) if levels else 1.0
    words = words_in(texts)
    verb = "is free text" if words >= 8 else "names the rows"
    return _measured(name, levels, len(values), share, chance, words, verb, sample)


def _whole(name: str, values: pl.Series, share: float, sample: Sample) -> Measured | None:
    whole = whole_numbers(values)
    if whole is None or not whole.size or are_calendar(whole):
        return None
    if share < 0.5:
        return _measured(name, None, whole.size, share, 1.0, 1.0, "numbers the rows", sample)
    levels = Levels.of(pl.Series(whole))
    chance = chance_of_few_repeats(levels.rows, levels.rows - levels.distinct, steps_of(whole))
    return _measured(name, levels, whole.size, share, chance, 1.0, "numbers the rows", sample)


def _measured(
    name: str, levels: Levels | None, rows: int, share: float, chance: float, words: float, verb: str, sample: Sample
) -> Measured:
    """The evidence on one column; without ``levels`` the values repeat so much that their share is bound enough."""
    unseen = levels.unseen if levels else share
    interval = levels.unseen_interval() if levels else (0.0, share)
    others = "measurements in this range" if verb == "numbers the rows" else "draws from as many names as rows"
    cure = "encode the words of {0}" if words >= 8 else "drop {0} from the features; keep it to find rows again"
    return Measured(
        (name,),
        {
            "looked_at": Number(rows, "rows", f"rows in which the cell is filled, of {sample.said}"),
            "distinct": Number(levels.distinct if levels else None, "values", "different values in them"),
            "distinct_share": Number(share, "share", "different values over filled cells, over all rows"),
            "once": Number(unseen, "share", "share of rows whose value no other row holds", interval, 0.95),
            "once_at_least": Number(interval[0], "share", "lower end of its 95 % interval"),
            "chance": Number(chance, "chance", f"chance that {others} would repeat as little, at most"),
            "words": Number(words, "words", "words in a value, on average"),
        },
        words={"verb": verb, "others": others, "cure": cure.format(quoted(name))},
    )


@healthy
def three_hundred_incomes(rng: np.random.Generator) -> Example:
    return Example({"income": rng.integers(20_000, 200_000, 300), "age": rng.integers(18, 80, 300)})


@healthy
def years_and_dates(rng: np.random.Generator) -> Example:
    days = np.datetime64("2020-01-01") + np.arange(200)
    return Example({"year": np.arange(1801, 2001), "day": days, "written": days.astype(str)})


@sick
def running_number(rng: np.random.Generator) -> Example:
    return Example({"id": rng.permutation(500) + 1000, "x": rng.normal(size=500)})


@sick
def running_number_with_gaps_and_holes(rng: np.random.Generator) -> Example:
    number = np.sort(rng.choice(2_000, 800, replace=False)).astype(float)
    return Example({"id": np.where(rng.random(800) < 0.05, np.nan, number), "x": rng.normal(size=800)})


@sick
def names(rng: np.random.Generator) -> Example:
    name = [f"{a}, Miss {b}" for a, b in zip(rng.integers(10**9, size=300), rng.integers(10**9, size=300), strict=True)]
    return Example({"name": np.array([*name[:298], name[0], name[1]]), "x": rng.normal(size=300)})


@sick
def reviews(rng: np.random.Generator) -> Example:
    vocabulary = np.array(["the", "room", "was", "very", "clean", "food", "not", "good", "we", "come", "again"])
    return Example({"review": np.array([" ".join(rng.choice(vocabulary, 20)) for _ in range(200)])})


@fooled("silent", "nine random digits repeat no more in 300 rows than a fine measurement would")
def random_customer_numbers(rng: np.random.Generator) -> Example:
    return Example({"customer": rng.integers(10**8, 10**9, 300), "x": rng.normal(size=300)})
