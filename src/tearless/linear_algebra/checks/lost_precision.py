"""This column has so large an offset against its spread that rounding eats it.

## What it measures
For each numeric column the step between neighbouring float32 numbers at its mean, against its standard deviation: the
rounding noise that a cast to float32 adds. Beside it the same for the type it is stored in, the error of the textbook
variance E[x²] − E[x]² in float32, and whether whole numbers are beyond 2⁵³, where float64 skips some.

## Why it matters
Networks train in float32. A column of mean 1e8 and spread 1 has steps of 8 there: nothing of it is left. Sums of
squares lose twice as many digits as the values, so batch statistics, distances and standardising fail long before.

## The mathematics
Between 2ᵉ and 2ᵉ⁺¹ float32 numbers are 2ᵉ⁻²³ apart. Rounding to that step h adds noise of standard deviation h/√12,
so h/(√12·σ) is its share of the spread. The textbook variance subtracts E[x]² from E[x²]: its relative error is about
u·κ² with κ² = 1 + (mean/σ)², the squared condition number of the variance (Chan, Golub, LeVeque), and at 1 no digit
is right.

## When it is wrong
A column that is never cast to float32 and is standardised in float64 first loses nothing. An identifier is not
computed with: what matters then is only that it is kept as text or as a whole number. The mean stands for the level,
so a column of two far levels with a fine structure on each is not seen.

## What to do
Subtract the mean, or a round number near it, in float64, and only then cast to float32. Keep identifiers as text.
Turn time stamps into time since the first one. Compute variances about the mean, never as E[x²] − E[x]².

## References
T. F. Chan, G. H. Golub, R. J. LeVeque, The American Statistician 37, 1983, 242-247. N. J. Higham, *Accuracy and
Stability of Numerical Algorithms*, 2nd ed., SIAM 2002, sections 1.9 and 2.1.
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
from tearless.core.number import shown
from tearless.linear_algebra.facts import NumericColumns, Sample, floats
from tearless.linear_algebra.spacing import FLOAT32, FLOAT64, float_step, values_left

MEND = Mend.scale
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)

WHOLE = 2.0**53
TENTH = 0.1
ONE_STEP = 12**-0.5
NO_DIGIT = Limit(
    of="textbook_error",
    at=lambda largest_whole: 0.0 if largest_whole > 2.0**53 else 1.0,
    unit="relative error",
    kind="derived",
    severity=Severity.note,
    because="At a relative error of 1 the textbook variance in float32 has no right digit. Whole numbers beyond 2⁵³ "
    "are noted whatever their spread: float64 holds only every second one, or fewer.",
)
EATEN = Limit(
    of="noise",
    at=TENTH,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Rounding noise of a tenth of the spread adds 1 % to the variance and blurs what sets neighbours apart; "
    "the offset is then about 3 million times the spread. No theorem singles out a tenth.",
)
GONE = Limit(
    of="noise_stored",
    at=ONE_STEP,
    unit="share",
    kind="derived",
    severity=Severity.error,
    because="One step of the type that it is stored in is then as wide as the whole spread: most of what varies in the "
    "column is rounding, and it is in the file already.",
)

HEADLINE = "{story}"
EVIDENCE = (
    "rounding to float32 adds noise of {noise} of the spread; textbook variance in float32 off by {textbook_error}"
)
WHY = "{harm}"
DO = "{cure}"


def measure(numbers: NumericColumns, sample: Sample, asked: Asked) -> Iterator[Measured]:
    if not numbers.names:
        raise NotApplicable("the table has no numeric column")
    mean, std = numbers.moments.mean, numbers.moments.std(ddof=0)
    varies = np.flatnonzero((numbers.minimum < numbers.maximum) & (std > 0) & np.isfinite(std))
    if not varies.size:
        raise NotApplicable("no numeric column varies")
    largest = np.maximum(np.abs(numbers.minimum), np.abs(numbers.maximum))
    with np.errstate(over="ignore", under="ignore"):
        step32 = np.where(largest > FLOAT32.largest, largest, float_step(mean, FLOAT32))
        noise32 = step32[varies] / std[varies] / 12**0.5
        noise64 = float_step(mean, FLOAT64)[varies] / std[varies] / 12**0.5
        textbook = FLOAT32.roundoff * (1 + np.minimum(np.abs(mean[varies] / std[varies]), 1e100) ** 2)
    for i, j in enumerate(varies):
        kind = numbers.dtypes[j]
        stored = noise32[i] if kind == pl.Float32 else noise64[i] if kind == pl.Float64 else 0.0
        whole = float(largest[j]) if kind.is_integer() else 0.0
        found = {
            "noise": Number(noise32[i], "share", "rounding noise of float32 as a share of the column's spread"),
            "noise_stored": Number(stored, "share", f"the same for {kind}, the type it is stored in"),
            "textbook_error": Number(textbook[i], "1", "relative error of E[x²] − E[x]² in float32"),
            "mean": Number(mean[j], "column unit", "mean of the column"),
            "spread": Number(std[j], "column unit", "standard deviation of the column"),
            "step": Number(step32[j], "column unit", "step between float32 numbers at the mean"),
            "largest_whole": Number(whole, "1", "largest magnitude, where the column holds whole numbers; else 0"),
        }
        yield Measured((numbers.names[j],), found, words=_words(numbers.names[j], found, sample))


def _words(name: str, found: dict[str, Number], sample: Sample) -> dict[str, str]:
    """What to say: of the losses that the column suffers, the worst."""
    column, level = quoted(name), f"mean {found['mean']}, spread {found['spread']}"
    value = {key: number.value or 0.0 for key, number in found.items()}
    if value["noise_stored"] >= ONE_STEP:
        return {
            "story": f"{column} ({level}) is mostly rounding: its own type has steps as wide as its spread",
            "harm": "what varies in the column is the rounding of its last digit; nothing can bring the digits back",
            "cure": "read the column again from its source, as float64 or less an offset",
        }
    centre = f"subtract {found['mean']} in float64 before casting to float32"
    if value["noise"] >= TENTH:
        left, before = values_left(floats(sample.frame[name]))
        return {
            "story": f"{column} ({level}) keeps {left:,} of {before:,} different values in float32, in steps of "
            f"{found['step']}",
            "harm": "cast to float32, as networks train, most of what varies in the column is rounding",
            "cure": centre,
        }
    if value["largest_whole"] > WHOLE:
        step = shown(float(float_step(value["largest_whole"], FLOAT64)))
        return {
            "story": f"{column} holds whole numbers up to {found['largest_whole']}, where float64 has steps of {step}",
            "harm": "one missing cell turns it into float64 in many tools, and then neighbouring numbers become equal",
            "cure": "keep it as text if it is an identifier, else as a difference from its start",
        }
    return {
        "story": f"{column} ({level}) has no right digit in E[x²] − E[x]² computed in float32",
        "harm": "batch statistics in float32 then subtract two nearly equal numbers, and the variance comes out wrong",
        "cure": centre,
    }


@healthy
def ordinary(rng: np.random.Generator) -> Example:
    return Example(
        {"x": rng.normal(size=200), "year": rng.integers(1980, 2025, 200), "income": rng.lognormal(10, 1, 200)}
    )


@healthy
def tiny_but_centred(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(0, 1e-30, 200), "y": rng.normal(0, 1e30, 200)})


@sick
def large_offset_small_spread(rng: np.random.Generator) -> Example:
    return Example({"signal": rng.normal(1e8, 1, 1_000), "x": rng.normal(size=1_000)})


@sick
def offset_for_the_textbook(rng: np.random.Generator) -> Example:
    return Example({"pressure": rng.normal(101_325, 5, 1_000)})


@sick
def stored_too_coarsely(rng: np.random.Generator) -> Example:
    return Example({"seconds": (1.7e9 + rng.uniform(0, 300, 500)).astype(np.float32)})


@fooled("fires", "an identifier is not computed with; but one missing cell, and many tools round it")
def identifiers_beyond_float64(rng: np.random.Generator) -> Example:
    return Example({"id": rng.integers(2**60, 2**62, 200), "x": rng.normal(size=200)})


@fooled("silent", "two far levels have a large spread, which hides that the structure on each is eaten")
def two_far_levels(rng: np.random.Generator) -> Example:
    return Example({"x": np.r_[rng.normal(1e8, 1, 200), rng.normal(-1e8, 1, 200)]})


@harm(
    unit="relative error of the variance",
    at=0.1,
    because="A variance that is off by a tenth scales the column wrongly by a twentieth; beyond that it is "
    "visibly wrong.",
)
def float32_textbook_variance(example: Example, rng: np.random.Generator) -> float:
    """Largest relative error of a column's variance, computed as E[x²] − E[x]² in float32."""
    worst = 0.0
    for values in example.columns.values():
        x = np.asarray(values, dtype=np.float64)
        y = x.astype(np.float32)
        scale = np.float32(2.0 ** -np.frexp(np.abs(y).max())[1].astype(float))
        textbook = float(np.mean((y * scale) ** 2) - np.mean(y * scale) ** 2) / float(scale) ** 2
        worst = max(worst, abs(textbook / float(np.var(x)) - 1))
    return worst
