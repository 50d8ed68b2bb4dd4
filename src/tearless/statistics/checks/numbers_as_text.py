"""This column holds numbers written as text.

## What it measures
The share of the filled cells of a text column that read as a number, as they stand or without separators of thousands,
a decimal comma, signs of money or percent, a unit or spaces; and what stands in the way. Cells that say "no value" are
left out and counted apart.

## Why it matters
As text each different value is a category of its own. That 9 is less than 10 is lost ("10" sorts before "9"), distances
are lost, a value not seen in training has no category, and checks of scale, spread and missing numbers pass it by.

## The mathematics
A column with k different values becomes k columns of 0 and 1, with k − 1 coefficients, each estimated from the rows of
one value, in place of one coefficient estimated from all n rows.

## When it is wrong
Codes are labels although they read as numbers. A leading zero (`02139`) tells, and the check is then silent; codes of
one length without one are noted only, as are few levels ("1", "2", "3"), which may be labels as well.

## What to do
Name the marks for no value and the separators when reading the file, or strip them, then convert. Leave labels as text.

## References
R. Kohavi, "Scaling up the accuracy of naive-Bayes classifiers", KDD 1996 (the `?` of the adult data). Unicode Technical
Standard 35, *Locale Data Markup Language*, part 3: Numbers.
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
    quoted,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.number_text import TextColumn, look, text_columns

MEND = Mend.values
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed)
SYMPTOM_OF = ("sentinel-values",)

NEARLY_ALL = Limit(
    of="numbers",
    at=0.95,
    unit="share of filled cells",
    kind="convention",
    because="One cell in twenty may be a slip. Where more than that is no number, the column is meant to hold other "
    "things as well. No theorem singles out the share.",
)
NO_CODES = Limit(
    of="codes",
    at=0.0,
    crossed="below",
    unit="cells",
    kind="derived",
    because="A whole number cannot keep a leading zero: a single 02139 says that the cells are codes, not numbers.",
)
TWO_LEVELS = Limit(
    of="levels",
    at=2.0,
    unit="values",
    kind="derived",
    severity=Severity.note,
    because="With one value there is neither order nor distance to lose, whatever it is written as.",
)
MANY_LEVELS = Limit(
    of="levels",
    at=lambda cells: min(20.0, cells / 2),
    unit="values",
    kind="convention",
    severity=Severity.warning,
    because="Few levels may be labels. From twenty on, or where half the cells differ, they are quantities as a rule. "
    "No theorem singles out twenty.",
)
OF_MANY_LENGTHS = Limit(
    of="lengths",
    at=2.0,
    unit="lengths",
    kind="convention",
    severity=Severity.warning,
    because="Digits that are all of one length may be codes (94110, a year); counts and amounts come in several "
    "lengths. It is a habit of writing, not a theorem.",
)

HEADLINE = "{columns} is text, and {numbers} of its cells read as numbers"
EVIDENCE = "{blocks}"
WHY = "as text each of its {levels} values is a category of its own: their order and distances are lost"
DO = "{cure}"


def measure(sample: Sample) -> Iterator[Measured]:
    names = text_columns(sample.frame)
    if not names:
        raise NotApplicable("the table has no text column")
    for name in names:
        seen = look(sample.frame[name])
        yield Measured(
            (name,),
            {
                "numbers": Number(seen.share, "share", f"filled cells that read as a number, of {sample.said}"),
                "plain": Number(seen.plain, "cells", "cells that read as a number just as they stand"),
                "codes": Number(seen.codes, "cells", "whole numbers with a leading zero"),
                "levels": Number(seen.levels, "values", "different texts"),
                "lengths": Number(seen.lengths, "lengths", "different lengths; 1 where all are digits of one length"),
                "cells": Number(seen.cells, "cells", "cells that are filled and do not say that they hold no value"),
                "no_value": Number(seen.no_value, "cells", "cells that say that they hold no value"),
            },
            words={"blocks": _blocks(seen), "cure": _cure(name, seen)},
        )


def _blocks(seen: TextColumn) -> str:
    if not seen.obstacles:
        return "nothing stands in the way: every cell reads as a number as it is"
    said = (f"{what} in {count:,} cells, such as {example}" for what, count, example in seen.obstacles)
    return "in the way: " + "; ".join(said)


def _cure(name: str, seen: TextColumn) -> str:
    ways = " and ".join(f"{what} ({example})" for what, _, example in seen.obstacles[:3])
    first = f"strip or translate {ways}, then convert" if ways else "convert"
    return f"{first} {quoted(name)} to numbers; if its cells are labels, leave them as text"


@healthy
def words(rng: np.random.Generator) -> Example:
    return Example({"city": rng.choice(["Oslo", "Bergen", "Tromsø"], 200), "x": rng.normal(size=200)})


@healthy
def postal_codes(rng: np.random.Generator) -> Example:
    return Example({"zip": np.array([f"{i:05d}" for i in rng.integers(1_000, 99_999, 300)]), "x": rng.normal(size=300)})


@healthy
def cabins_and_tickets(rng: np.random.Generator) -> Example:
    number = rng.integers(1, 400_000, 300).astype(str)
    return Example({"ticket": np.where(rng.random(300) < 0.3, np.char.add("PC ", number), number)})


@healthy
def one_text_number(rng: np.random.Generator) -> Example:
    return Example({"version": np.repeat("3", 100), "x": rng.normal(size=100)})


@sick
def question_marks_among_ages(rng: np.random.Generator) -> Example:
    age = rng.integers(8, 110, 400).astype(str)
    return Example({"age": np.where(rng.random(400) < 0.05, "?", age), "x": rng.normal(size=400)})


@sick
def thousands_and_money(rng: np.random.Generator) -> Example:
    return Example({"price": np.array([f"${v:,.2f}" for v in rng.lognormal(8, 1.5, 300)])})


@sick
def decimal_commas(rng: np.random.Generator) -> Example:
    return Example({"height": np.array([f"{v:.2f} m".replace(".", ",") for v in rng.normal(1.7, 0.1, 16)])})


@sick
def levels_one_to_five(rng: np.random.Generator) -> Example:
    return Example({"stars": rng.integers(1, 6, 200).astype(str)})


@sick
def codes_of_one_length(rng: np.random.Generator) -> Example:
    return Example({"account": rng.integers(10_000, 99_999, 300).astype(str)})


@fooled("fires", "article numbers of several lengths are labels that read as numbers")
def article_numbers(rng: np.random.Generator) -> Example:
    return Example({"article": rng.integers(900, 20_000, 300).astype(str)})


@fooled("silent", "one slip with a leading zero makes true counts pass for codes")
def one_leading_zero(rng: np.random.Generator) -> Example:
    counts = rng.integers(1, 500, 300).astype(str)
    counts[7] = "045"
    return Example({"count": counts})
