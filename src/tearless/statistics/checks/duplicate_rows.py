"""This table has rows that are copies of other rows.

## What it measures
How many rows equal an earlier row in every column, against the number that chance alone would make, and the share of
test rows that would have a copy in training after a random split.

## Why it matters
A split puts copies on both sides: the model has seen those test rows, and its score is too good by up to that share.
Copies also count one observation several times, so standard errors come out too small.

## The mathematics
Rows are compared by a 64-bit hash (0.0 and −0.0 are equal, nan equals nan, a missing cell equals a missing cell). Of n
independent rows a pair is equal with probability ∏ⱼ cⱼ if the columns are unrelated, cⱼ = Σₖ pⱼₖ² (the birthday
problem); a table of few levels is all duplicates and nothing is wrong. Related columns agree more often, so the bound
used for a warning multiplies only columns that are seen to be unrelated: P(all agree) ≤ P(these agree). The number of
equal pairs is about Poisson. A test row of a group of c equal rows has a copy in training with probability 1 − 0.2ᶜ⁻¹.
Above a million rows a share of all hashes is kept, whole groups at a time, and the count is divided by that share.

## When it is wrong
Rows may be equal and still be different events: two purchases of the same article. Where a row number or another key
is among the columns no two rows are equal: drop it and look again. Coarse measurements of strongly related columns
coincide; then only a note is given.

## What to do
Find out whether they are one observation entered twice: then keep one. If they are real repeats, keep them and put all
copies on one side of the split (split by group).

## References
A. G. Munford, *A note on the uniformity assumption in the birthday problem*, The American Statistician 31 (1977).
R. Arratia, L. Goldstein, L. Gordon, *Two moments suffice for Poisson approximations*, Annals of Probability 17 (1989).
"""

from __future__ import annotations

import math
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
    columns_renamed,
    columns_shuffled,
    fooled,
    healthy,
    in_other_units,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.duplicates import agreeing_by_chance, groups_of_equal, leaked_share
from tearless.statistics.intervals import poisson_at_least
from tearless.statistics.row_hashes import RowHashes
from tearless.statistics.row_pictures import copies

MEND = Mend.source
picture = copies
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)
ROWS_SHOWN = 1_000
_MIX = np.uint64(0x9E3779B97F4A7C15)

SOME = Limit(
    of="duplicates",
    at=1.0,
    unit="rows",
    kind="derived",
    because="A row either equals an earlier one in every column or it does not: one is the least there can be.",
)
BEYOND_UNRELATED = Limit(
    of="duplicates",
    at=lambda by_chance: 10 * by_chance,
    unit="rows",
    kind="convention",
    severity=Severity.note,
    because="Ten times as many as unrelated columns of these values would make: where one or more is expected by "
    "chance a few duplicates are no news. The factor is a convention.",
)
BEYOND_RELATED = Limit(
    of="duplicates",
    at=lambda by_chance_at_most: 10 * by_chance_at_most,
    unit="rows",
    kind="convention",
    severity=Severity.warning,
    because="Ten times as many as chance makes at most, whatever the relation among the other columns: the bound is an "
    "estimate, and the factor covers its error. The factor is a convention.",
)
NO_CHANCE = Limit(
    of="chance",
    at=1e-4,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.001,
    severity=Severity.warning,
    because="Poisson tail at the most that chance makes: one table in ten thousand, ten times that allowed for the "
    "error of the estimated mean.",
)
SCORE_TOO_GOOD = Limit(
    of="leaked",
    at=0.005,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A test score can then be too good by half a point, the size of differences that decide between models. "
    "No theorem singles out the number.",
)

HEADLINE = "{count} of {rows} in every column; unrelated columns would give {by_chance} by chance"
EVIDENCE = "{share} of the rows; related columns would give {by_chance_at_most} equal pairs by chance, at most"
WHY = (
    "a random split leaves a copy in training for {leaked} of the test rows, so the score is too good by up to that, "
    "and each copy counts one observation again"
)
DO = "keep one of each if they were entered twice (rows {first} ...); else put all copies on one side of the split"


def measure(hashes: RowHashes, sample: Sample, asked: Asked) -> Iterator[Measured]:
    hashes = hashes.settled()
    groups = groups_of_equal(hashes.features ^ (hashes.target * _MIX), hashes.count)
    share, total = hashes.share, hashes.total
    extra = groups.extra / share
    entries = hashes.first[groups.member]
    rows = np.sort(entries)[:ROWS_SHOWN]
    chance = agreeing_by_chance(sample.frame, total) if groups.extra and sample.frame.width else None
    leaked = leaked_share(groups.size, total) / share if total else 0.0
    interval = None
    if share < 1:
        half = 1.96 * math.sqrt(float(((groups.size - 1.0) ** 2).sum()) * (1 - share)) / share
        interval = (max(0.0, extra - half), extra + half)
    counted = "all rows" if share == 1 else f"a share of {share:.3g} of the different rows"
    yield Measured(
        (),
        {
            "duplicates": Number(
                extra, "rows", f"rows that equal an earlier row in every column, {counted}", interval, 0.95
            ),
            "share": Number(extra / total if total else 0.0, "share", "their share of all rows"),
            "by_chance": Number(
                chance.unrelated if chance else None,
                "pairs",
                "equal pairs expected by chance, were the columns unrelated",
            ),
            "by_chance_at_most": Number(
                chance.most if chance else None,
                "pairs",
                "equal pairs expected by chance, at most, however they are related",
            ),
            "chance": Number(
                poisson_at_least(extra, chance.most) if chance else None,
                "chance",
                "chance of so many duplicates, at most",
            ),
            "leaked": Number(leaked, "share", "test rows with a copy in training, after a random split 80 : 20"),
        },
        words={
            "count": f"{round(extra):,}",
            "rows": f"{total:,} rows "
            + ("is a copy of an earlier row" if extra == 1 else "are copies of earlier rows"),
            "first": ", ".join(str(r) for r in entries[:2]),
        },
        rows=tuple(int(r) for r in rows),
    )


@healthy
def measured_rows(rng: np.random.Generator) -> Example:
    return Example({"a": rng.normal(size=300), "b": rng.normal(size=300)})


@healthy
def few_levels(rng: np.random.Generator) -> Example:
    return Example({"a": rng.integers(0, 3, 1_000), "b": rng.choice(["x", "y", "z"], 1_000)})


@healthy
def coarse_whole_numbers(rng: np.random.Generator) -> Example:
    return Example({name: rng.integers(0, 12, 400) for name in "abc"})


@sick
def entered_twice(rng: np.random.Generator) -> Example:
    copied = np.r_[np.arange(300), rng.choice(300, 30)]
    return Example({"a": rng.normal(size=300)[copied], "b": rng.choice(["x", "y"], 300)[copied]})


@sick
def whole_numbers_entered_twice(rng: np.random.Generator) -> Example:
    copied = np.r_[np.arange(1_000), np.arange(50)]
    return Example({name: rng.integers(0, 50, 1_000)[copied] for name in "abcdef"})


@sick
def one_flower_measured_twice(rng: np.random.Generator) -> Example:
    copied = np.r_[np.arange(200), 0]
    return Example({name: rng.normal(6, 1, 200).round(1)[copied] for name in "abcde"})


@fooled("silent", "a row number makes every row different, though all else is entered twice")
def numbered_copies(rng: np.random.Generator) -> Example:
    return Example({"id": np.arange(200), "a": np.tile(rng.normal(size=100), 2)})


@fooled("fires", "two columns that say the same agree together, which shows in no other row")
def purchases_by_code_and_name(rng: np.random.Generator) -> Example:
    bought = rng.integers(0, 3_000, 4_000)
    return Example({"code": np.array([f"K{i}" for i in bought]), "name": np.array([f"{i * i} x" for i in bought])})
