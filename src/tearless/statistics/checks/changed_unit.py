"""This column has a changed unit: the earlier numbers, multiplied or shifted by a constant, are those of this table.

## What it measures
How much of the gap between this table and the earlier ones (`--against`) one conversion takes away: a factor, or a
factor and an offset, such as inches to centimetres, seconds to milliseconds, degrees Celsius to Fahrenheit, or a factor
without a name. The gap is the largest change in the share of values at or below any threshold.

## Why it matters
Every figure of the column is wrong by the factor, and a model extrapolates in every row. It is a fault that a line of
code mends, once it is known.

## The mathematics
A conversion x → a x + b carries quantiles to quantiles, so the gap after it is the largest difference between the
earlier distribution function at x and this table's at a x + b. The factor is estimated by trimmed means, with their
winsorised standard errors; a unit is named where its factor lies within three of them, powers of ten first, and other
units only where the factor is known to a few percent. Factors of 2 to 5 are no unit and come before one. Numbers in
steps, as whole numbers are, must be the earlier steps, converted. With moments alone (`--private`) the mean and the
spread must agree, and both are compared as normal distributions. That the column changed at all is certain by the
chance of unlike-before, over all comparisons and looks.

## When it is wrong
Prices that doubled look like a factor of two, and so does any growth by one factor: a factor without a unit is a
warning only. Which of several units with one factor it is (percent, cents) the numbers cannot say. A unit that changed
in some rows only is no constant factor: see unlike-before and two-populations. Two columns that changed places have no
new unit: unlike-before says so. Columns that take two values have no unit.

## What to do
Ask the source which unit it writes; convert at the door, and store the unit with the name (`height_cm`).

## References
Kolmogorov and Smirnov as in unlike-before. J. W. Tukey, D. H. McLaughlin, Sankhyā A 25, 1963, 331-352. NIST Special
Publication 811, 2008, appendix B: the factors.
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
    rows_shuffled,
    sick,
)
from tearless.statistics.against.by_day import of_values as picture  # noqa: F401
from tearless.statistics.against.changes import Changes
from tearless.statistics.against.swapped import swapped
from tearless.statistics.against.units import Conversion, Fit, best_fit
from tearless.statistics.profile.past import Past
from tearless.statistics.profile.profile import Profile

MEND = Mend.source
LOOKED_AT = 0.1
"""Gap from which a conversion is looked for: the search costs more than the rest, and no smaller gap is a finding."""
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed)
Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

CERTAIN = Limit(
    of="chance",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="Of a hundred nights like the days before at most one gives any alarm, over all columns; of a hundred "
    "histories that grow night by night at most two ever do.",
)
FAR = Limit(
    of="change",
    at=0.25,
    unit="share of rows",
    kind="convention",
    because="One row in four would have to be another: below that a change of the rows themselves is likelier than "
    "one of the unit, for the mildest in use, a metre for a yard, moves a column by about its own spread.",
)
EXPLAINED = Limit(
    of="explained",
    at=0.8,
    unit="share of the gap",
    kind="convention",
    severity=Severity.warning,
    because="One constant takes away four fifths of the gap: what is left is as small as days differ, and rows that "
    "changed for another reason do not line up with one factor over their whole distribution.",
)
NAMED = Limit(
    of="named",
    at=0.8,
    unit="share of the gap",
    kind="convention",
    severity=Severity.error,
    because="The factor is that of two units, as far as the rows tell it: growth by just that much is a coincidence.",
)

HEADLINE = "{columns} {moved}: as by {conversion}"
EVIDENCE = "{explained} of the gap of {change} is taken away by that ({reckoned})"
WHY = "every figure of the column is off by the factor, and what was learned on earlier rows extrapolates in every row"
DO = "ask the source for its unit; convert where the table is read, and keep the unit in the name"


def measure(past: Past, profile: Profile, changes: Changes) -> Iterator[Measured]:
    found = [one for one in changes.of("values") if one.unit == "column unit"]
    if not found:
        raise NotApplicable("no column holds numbers that the earlier tables kept too")
    exchanged = swapped(profile, past, found)
    for one in found:
        now, before = profile.columns[one.column], past.whole.columns[one.column]
        alone = one.size >= LOOKED_AT and one.column not in exchanged
        fit = best_fit(now, before, one.nights) if alone else None
        fit = fit or Fit(Conversion(1.0), one.size, one.size)
        numbers = {
            "explained": Number(fit.explained, "share", "share of the gap that the conversion takes away"),
            "named": Number(
                fit.explained if fit.conversion.name else 0.0,
                "share",
                "share of the gap that the conversion takes away, where it is a known one of units",
            ),
            "change": Number(fit.before, "share", "share of rows that would have to be others to agree with the past"),
            "left": Number(fit.after, "share", "the same once the past is converted"),
            "factor": Number(fit.conversion.factor, "1", "what the earlier numbers are multiplied by"),
            "offset": Number(fit.conversion.offset, "1", "what is then added"),
            "before": Number(one.before, one.unit, f"{one.meaning}, earlier tables"),
            "after": Number(one.after, one.unit, f"{one.meaning}, this table"),
            "chance": Number(one.chance, "chance", "chance of any so large a change by sampling and honest nights"),
            "found_from": Number(changes.found_from(one), "share", "about the smallest change that would be certain"),
        }
        words = {"moved": one.said, "conversion": fit.said, "reckoned": changes.reckoned(one)}
        yield Measured((one.column,), numbers, words=words)


def _people(rng: np.random.Generator, n: int = 600) -> dict[str, Numbers]:
    return {"height": rng.normal(68, 3, n), "income": np.exp(rng.normal(10, 0.6, n)), "fever": rng.normal(37, 0.5, n)}


@healthy
def the_same_units(rng: np.random.Generator) -> Example:
    return Example(_people(rng), past=(_people(rng), _people(rng)))


@healthy
def other_people(rng: np.random.Generator) -> Example:
    now = _people(rng)
    return Example(now | {"height": np.r_[now["height"][:300], rng.normal(71, 1, 300)]}, past=(_people(rng),))


@healthy
def a_small_step(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(10.4, 1, 600)}, past=({"x": rng.normal(10, 1, 600)},))


@sick
def inches_to_centimetres(rng: np.random.Generator) -> Example:
    now = _people(rng)
    return Example(now | {"height": np.round(now["height"] * 2.54, 1)}, past=(_people(rng), _people(rng)))


@sick
def celsius_to_fahrenheit(rng: np.random.Generator) -> Example:
    now = _people(rng)
    return Example(now | {"fever": np.round(now["fever"] * 1.8 + 32, 1)}, past=(_people(rng),))


@sick
def another_currency(rng: np.random.Generator) -> Example:
    now = _people(rng)
    return Example(now | {"income": now["income"] * 7.46}, past=(_people(rng),))


@fooled("fires", "incomes that doubled for everybody look like a factor of two, which the numbers cannot tell apart")
def doubled(rng: np.random.Generator) -> Example:
    now = _people(rng)
    return Example(now | {"income": now["income"] * 2}, past=(_people(rng),))


@fooled("silent", "half of the rows are written in another unit: no one factor, and unlike-before says that it moved")
def in_half_of_the_rows(rng: np.random.Generator) -> Example:
    now = _people(rng)
    height = np.where(rng.random(600) < 0.5, now["height"] * 2.54, now["height"])
    return Example(now | {"height": height}, past=(_people(rng),))


@harm(
    "earlier standard deviations",
    1.0,
    because="The earlier median, taken as the forecast of every row, is off by a whole earlier standard deviation in "
    "the median row: no better than a guess.",
)
def forecast_by_the_earlier_median(example: Example, rng: np.random.Generator) -> float:
    worst = 0.0
    for name, now in example.columns.items():
        before = np.concatenate([day[name] for day in example.past])
        worst = max(worst, float(abs(np.median(now) - np.median(before)) / before.std()))
    return worst
