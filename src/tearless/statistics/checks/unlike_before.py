"""This column is unlike before: its values are distributed otherwise than in the earlier tables.

## What it measures
How many rows would have to hold other values for this table to agree with the earlier ones (`--against`). For numbers
the largest change, over all thresholds, in the share of values at or below the threshold; for text and booleans half
the sum of the changes of the shares. Where moments alone were kept (`--private`), what the change of the mean or of the
spread comes to in a normal column.

## Why it matters
A model, a report, a rule answers for rows like those it was made on. Where tonight's are others, its errors are not
those that were measured, and nothing in the pipeline says so.

## The mathematics
The chance is an upper bound whatever the distribution: Kolmogorov and Smirnov for numbers, where cells and ties make it
too large only; for categories McDiarmid's inequality for the total variation and the hypergeometric tail of each; with
moments alone Student's t. Nights differ honestly, so a night of n rows tells no more than 1/(1/n + θ) rows, where θ,
how much nights differ beyond sampling, is estimated from the earlier days and moderated over the columns; all are taken
to be alike until the days speak against it by 100 to 1. Holm's correction covers all comparisons of a night, however
they hang together. A look with k earlier days counts k(k + 1)/2 times: Σ 2/(k(k + 1)) = 2, so a history that grows
night by night alarms falsely with chance 0.02 at most, ever, and one fixed day in 0.01 of the nights at most. Nights
may hang together: the bound adds chances up.

## When it is wrong
The chances hold where nights differ by sampling alone, or as the earlier days did. One earlier day cannot tell how much
days differ, nor can the first few where few columns are there to learn from: honest differences are then found too.
With one of nine columns differing by 0.15 standard deviations a night, 26, 7, 2, 5, 3 and 0 of 50 histories gave an
alarm at 1 to 6 earlier days. A fixed day that was unlucky is so every night: its false alarms come in a row. Times,
numbers of the rows and ids are not compared where they go on from the past; whether they move within it is not known.
What is less than one row in fifty stays unsaid.

## What to do
Find what happened: a source added or lost, a filter, a release, a campaign, a unit. If it is to stay, measure the model
anew and begin a new history; if it is to pass, keep this day out of the history.

## References
A. Kolmogorov 1933; N. Smirnov 1939. C. McDiarmid, Surveys in Combinatorics, 1989, 148-188. G. K. Smyth, Stat. Appl.
Genet. Mol. Biol. 3, 2004. S. Holm, Scand. J. Statist. 6, 1979, 65-70.
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
    healthy,
    in_other_units,
    quoted,
    rows_shuffled,
    sick,
    visible,
)
from tearless.statistics.against.by_day import of_values as picture  # noqa: F401
from tearless.statistics.against.changes import Changes
from tearless.statistics.against.swapped import swapped
from tearless.statistics.profile.past import Past
from tearless.statistics.profile.profile import Profile

MEND = Mend.source
SYMPTOM_OF = ("changed-unit", "new-categories")
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)
Cells = np.ndarray[tuple[int, ...], np.dtype[np.generic]]

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
SEEN = Limit(
    of="change",
    at=0.02,
    unit="share of rows",
    kind="convention",
    severity=Severity.note,
    because="One row in fifty would have to be another: 0.05 standard deviations between two normal columns. At a "
    "million rows a night every column moves a little, and certainly; less than this changes little.",
)
MOVED = Limit(
    of="change",
    at=0.05,
    unit="share of rows",
    kind="convention",
    severity=Severity.warning,
    because="One row in twenty would have to be another: 0.125 standard deviations between two normal columns. An "
    "accuracy can then be other than it was measured by 0.05, as much as many models gain over a simple one.",
)
LARGE = Limit(
    of="change",
    at=0.25,
    unit="share of rows",
    kind="convention",
    severity=Severity.error,
    because="One row in four would have to be another: 0.64 standard deviations between two normal columns. Hardly any "
    "figure that was measured on the earlier rows holds for these.",
)

HEADLINE = "{columns} {moved}"
EVIDENCE = "about {change} of the rows would have to be others to agree with the past ({reckoned})"
WHY = "what was learned or measured on the earlier rows holds for rows like them only"
DO = (
    "find what happened (a source, a filter, a release, a campaign); measure anew if it is to stay, else keep this day "
    "out of the history"
)


def measure(past: Past, profile: Profile, changes: Changes) -> Iterator[Measured]:
    found = changes.of("values")
    if not found:
        raise NotApplicable("no column holds numbers or categories that the earlier tables kept too")
    exchanged = swapped(profile, past, found)
    for one in found:
        numbers = {
            "change": Number(one.size, "share", "share of rows that would have to be others to agree with the past"),
            "before": Number(one.before, one.unit, f"{one.meaning}, earlier tables"),
            "after": Number(one.after, one.unit, f"{one.meaning}, this table"),
            "chance": Number(one.chance, "chance", "chance of any so large a change by sampling and honest nights"),
            "nights": Number(one.nights, "standard deviations", "how much days differ beyond sampling"),
            "found_from": Number(changes.found_from(one), "share", "about the smallest change that would be certain"),
        }
        moved = one.said
        if one.column in exchanged:
            moved += f", as {quoted(visible(exchanged[one.column], 40))} was before: the two have changed places"
        yield Measured(
            (one.column,), numbers, words={"moved": moved, "reckoned": changes.reckoned(one), "value": one.value}
        )


def _orders(rng: np.random.Generator, night: float = 0.0) -> dict[str, Cells]:
    """Orders of one night; ``night``: by how many standard deviations it lies elsewhere by itself."""
    size = rng.normal(night, 1, 400)
    return {
        "amount": np.exp(3 + 0.5 * size),
        "weight": rng.normal(70 + 10 * rng.normal(0, 1) * (night != 0), 10, 400),
        "region": rng.choice(np.array(["north", "south", "west"]), 400, p=[0.5, 0.3, 0.2]),
    }


@healthy
def one_source(rng: np.random.Generator) -> Example:
    return Example(_orders(rng), past=(_orders(rng),))


@healthy
def nights_that_differ(rng: np.random.Generator) -> Example:
    nights = [_orders(rng, night) for night in rng.normal(0, 0.5, 9)]
    return Example(nights[0], past=tuple(nights[1:]))


@healthy
def ids_that_count_on(rng: np.random.Generator) -> Example:
    days = [{"id": np.arange(300 * k, 300 * (k + 1)), "x": rng.normal(size=300)} for k in range(3)]
    return Example(days[2], past=tuple(days[:2]))


@sick
def larger_orders(rng: np.random.Generator) -> Example:
    now = _orders(rng)
    return Example(now | {"amount": np.asarray(now["amount"], dtype=float) * 1.4}, past=(_orders(rng), _orders(rng)))


@sick
def one_region_grew(rng: np.random.Generator) -> Example:
    region = np.where(rng.random(400) < 0.3, "west", _orders(rng)["region"])
    return Example(_orders(rng) | {"region": region}, past=(_orders(rng), _orders(rng)))


@sick
def a_little_at_many_rows(rng: np.random.Generator) -> Example:
    days = [{"x": rng.normal(size=20_000)} for _ in range(2)]
    return Example({"x": rng.normal(0.11, 1, 20_000)}, past=tuple(days))


@fooled("fires", "one earlier day cannot tell that nights differ honestly: what is usual is taken for a change")
def a_weekend(rng: np.random.Generator) -> Example:
    return Example(_orders(rng, 0.7), past=(_orders(rng, -0.7),))


@fooled("silent", "one row in a hundred comes from elsewhere: certain at this size, and too few to say so of a column")
def a_few_from_elsewhere(rng: np.random.Generator) -> Example:
    now = np.r_[rng.normal(size=19_800), rng.normal(9, 1, 200)]
    return Example({"x": now}, past=({"x": rng.normal(size=20_000)},))
