"""This column has a changed missing share: more or fewer of its cells are empty than in the earlier tables.

## What it measures
For each column that this table and the earlier ones (`--against`) have: the share of rows whose cell holds no value to
reckon with, empty (null or nan) or infinite, and how far it is from the earlier share.

## Why it matters
Empty cells that come in the night are most often a source that fell silent, a join that no longer finds its partner, or
a form that changed; infinite ones are a division by nothing. Filled by a mean or dropped, they change the other rows'
weight without a word.

## The mathematics
Given all empty cells of now and of the past, their number now is hypergeometric where nothing changed; the chance is
twice a bound of its tail. Nights differ honestly, so a night of n rows tells no more than 1/(1/n + θ) rows, where θ is
estimated from the earlier days and moderated over the columns. The chance holds for all comparisons of a night, by
Holm's correction, and for every look: with k earlier days it counts k(k + 1)/2 times, so that a history that grows
night by night alarms falsely with chance 0.02 at most, ever, and one fixed day in 0.01 of the nights at most.

## When it is wrong
Cells that hold a word for empty (`n/a`, -999) are not empty here; see sentinel-values. With one earlier day it is not
known how much days differ, and honest differences are found too. Fewer empty cells may be good news.

## What to do
Ask whoever fills the column. Until that is known do not fill the cells: a model that takes holes as they are, or an
indicator of the hole, keeps what they say.

## References
V. Chvátal, Discrete Math. 25, 1979, 285-287. G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 3, 2004. S. Holm, Scand. J.
Statist. 6, 1979, 65-70.
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
    rows_shuffled,
    sick,
)
from tearless.statistics.against.by_day import of_missing as picture  # noqa: F401
from tearless.statistics.against.changes import Changes
from tearless.statistics.profile.past import Past

MEND = Mend.source
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)
Cells = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

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
    at=lambda before: 0.02 if before > 0 else 0.001,
    unit="share of rows",
    kind="convention",
    severity=Severity.note,
    because="One row in fifty more or less; where no earlier row was empty one in a thousand, since what reads the "
    "column was never made to meet an empty cell.",
)
FELT = Limit(
    of="change",
    at=lambda before: 0.05 if before > 0 else 0.01,
    unit="share of rows",
    kind="convention",
    severity=Severity.warning,
    because="One row in twenty more or less: a figure over the filled rows is then one over other rows. Where no "
    "earlier row was empty one in a hundred, more than a model's score commonly moves by.",
)
MOST = Limit(
    of="change",
    at=0.5,
    unit="share of rows",
    kind="convention",
    severity=Severity.error,
    because="Every second row lost its value, or was given one: the column says now what it did not say before, and "
    "no filling makes up for that.",
)

HEADLINE = "{columns} {moved}"
EVIDENCE = "the {counted} changed by {change} of the rows ({reckoned})"
WHY = "what fills or drops empty cells changes the other rows' weight, and a source that fell silent says nothing else"
DO = "ask whoever fills the column; until that is known, do not fill the cells"


def measure(past: Past, changes: Changes) -> Iterator[Measured]:
    found = changes.of("missing")
    if not found:
        raise NotApplicable("no column that the earlier tables have was ever empty or infinite")
    for one in found:
        numbers = {
            "change": Number(one.size, "share", "change of the share of rows whose cell holds no value"),
            "before": Number(one.before, one.unit, f"{one.meaning}, earlier tables"),
            "after": Number(one.after, one.unit, f"{one.meaning}, this table"),
            "chance": Number(one.chance, "chance", "chance of any so large a change by sampling and honest nights"),
            "nights": Number(one.nights, "standard deviations", "how much days differ beyond sampling"),
            "found_from": Number(changes.found_from(one), "share", "about the smallest change that would be certain"),
        }
        words = {"moved": one.said, "counted": one.meaning, "reckoned": changes.reckoned(one)}
        yield Measured((one.column,), numbers, words=words)


def _holed(rng: np.random.Generator, share: float, n: int = 1_000) -> dict[str, Cells]:
    x = rng.normal(size=n)
    return {"x": np.where(rng.random(n) < share, np.nan, x), "y": rng.normal(size=n)}


@healthy
def as_before(rng: np.random.Generator) -> Example:
    return Example(_holed(rng, 0.1), past=(_holed(rng, 0.1), _holed(rng, 0.1)))


@healthy
def days_that_differ(rng: np.random.Generator) -> Example:
    shares = rng.uniform(0.05, 0.25, 9)
    return Example(_holed(rng, shares[0]), past=tuple(_holed(rng, share) for share in shares[1:]))


@sick
def more_holes(rng: np.random.Generator) -> Example:
    return Example(_holed(rng, 0.2), past=(_holed(rng, 0.1), _holed(rng, 0.1)))


@sick
def first_holes(rng: np.random.Generator) -> Example:
    return Example(_holed(rng, 0.04), past=tuple(_holed(rng, 0.0) for _ in range(3)))


@sick
def a_few_first_holes(rng: np.random.Generator) -> Example:
    now = _holed(rng, 0.0, 20_000)
    return Example(now | {"x": np.r_[np.full(120, np.nan), now["x"][120:]]}, past=(_holed(rng, 0.0, 20_000),))


@sick
def a_few_more_holes(rng: np.random.Generator) -> Example:
    return Example(_holed(rng, 0.135, 20_000), past=(_holed(rng, 0.1, 20_000),))


@sick
def infinite_cells(rng: np.random.Generator) -> Example:
    now = _holed(rng, 0.0)
    return Example(now | {"x": np.where(rng.random(1_000) < 0.4, np.inf, now["x"])}, past=(_holed(rng, 0.0),))


@sick
def a_silent_source(rng: np.random.Generator) -> Example:
    return Example(_holed(rng, 0.9), past=(_holed(rng, 0.1),))


@fooled("fires", "a source that is known to rest on Sundays: with one earlier day nobody can tell it from a fault")
def a_sunday(rng: np.random.Generator) -> Example:
    return Example(_holed(rng, 0.4), past=(_holed(rng, 0.1),))


@fooled("silent", "holes that are written as a number, such as -999, are not empty cells: see sentinel-values")
def written_as_a_number(rng: np.random.Generator) -> Example:
    now = _holed(rng, 0.1)
    return Example(now | {"x": np.where(rng.random(1_000) < 0.1, -999.0, now["x"])}, past=(_holed(rng, 0.1),))
