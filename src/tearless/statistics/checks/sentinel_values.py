"""This column holds a value that stands for no value.

## What it measures
Heaps of one value that their neighbours do not explain: at an edge of a column of numbers or dates, how many cells hold
exactly that value, how wide the gap to the next value is, and how many cells an even spread would put there. In text,
cells that say "no value" in words or signs (`N/A`, `?`, `-`, `null`).

## Why it matters
A code such as −999 or 9999, or a 0 for "not measured", counts as a number. It moves the mean, multiplies the spread,
bends every fit, and no program counts it as missing.

## The mathematics
A share m of cells at distance D from the mean of the rest moves the mean by m·D and adds m(1−m)·D² to the variance.
Two things tell such a heap from a tail. The heap: of the cells from it to the tenth distinct value beyond, spread
evenly, a binomial number falls in one cell's width and few leave the gap empty; that chance is given. The island: were
the spacings at the edge alike (exponential), the first would be r times the mean of the next ten with chance
(1 + r/10)⁻¹⁰, 1.7 % at r = 5. Both are asked at once, and less of each for values that are known as codes.

## When it is wrong
Amounts that are 0 or at least something (a claim, a garage's area) leave a gap above 0 by nature: these zeros are true,
and the check can only note that they stand apart. A code in the midst of the values, such as 99 among ages up to 110,
has no gap and is not seen. A highest price that many pay stands apart too.

## What to do
Ask what the value means. If it is a code, set it to missing when reading the table, and treat it as missing.

## References
R. Pyke, "Spacings", J. R. Statist. Soc. B 27 (1965) 395-449. R. K. Pearson, "The problem of disguised missing data",
ACM SIGKDD Explorations 8 (2006) 83-92.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import (
    Asked,
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Severity,
    columns_renamed,
    columns_shuffled,
    fooled,
    harm,
    healthy,
    rows_shuffled,
    sick,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.column_pictures import heaped
from tearless.statistics.disguised import suspects

MEND = Mend.values
picture = heaped
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed)
INF = float("inf")

REPEATED = Limit(
    of="count",
    at=lambda suspicion: {0: 3, 1: 3, 1.5: 3, 2: 2, 3: 2}.get(suspicion, 1),
    unit="cells",
    kind="convention",
    because="A heap is three equal cells, two for a usual code (suspicion 2 and 3), one for a text that says it.",
)
HEAPED = Limit(
    of="chance",
    at=lambda suspicion: {0: 1e-6, 1: 1e-6, 1.5: 1e-6, 2: 1e-5, 3: 1e-6}.get(suspicion, 1.0),
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.001,
    because="One in a million keeps a table of a thousand columns at one in a thousand. A usual code is named "
    "beforehand and needs less; a text for no value needs no chance.",
)
APART = Limit(
    of="apart",
    at=lambda suspicion: {0: 20.0, 1: 5.0, 1.5: 5.0, 2: 3.0}.get(suspicion, 0.0),
    unit="mean spacings",
    kind="calibrated",
    false_alarms=0.02,
    because="Of eleven alike exponential spacings the first is five times the mean of the others with chance "
    "(1 + 5/10)^-10 = 1.7 %, and that before any heap is asked for. A zero needs five; a value that is no usual code "
    "twenty; a usual code three; a usual code out of place, or a text, none.",
)
SEEN = Limit(
    of="far",
    at=lambda suspicion: {0: 3.0, 1: 0.1, 1.5: 0.1}.get(suspicion, 0.0),
    unit="spreads of the rest",
    kind="convention",
    severity=Severity.note,
    because="Nearer than a tenth of the spread (three spreads for a value that is no usual code) a heap hardly moves "
    "the mean or the spread, whatever it stands for. No theorem singles out the tenth.",
)
FAR = Limit(
    of="far",
    at=lambda suspicion, share: {0: INF, 0.5: INF, 1: 1.0 if share < 0.2 else INF, 1.5: 0.1}.get(suspicion, 0.0),
    unit="spreads of the rest",
    kind="convention",
    severity=Severity.warning,
    because="A quantity that comes nowhere near 0 within a whole spread of its values is no amount that may be nil, "
    "unless nil is common: zeros in a fifth of the cells or more are only noted. Zeros in the same rows as such zeros "
    "of another column (1.5) need a tenth of a spread. A value that is no usual code, or a word that may be a value, "
    "is only noted.",
)
WORTH_IT = Limit(
    of="share",
    at=lambda suspicion: 0.005 if suspicion == 4 else 0.0,
    unit="share of filled cells",
    kind="convention",
    severity=Severity.warning,
    because="A text for no value harms one category only; below one cell in two hundred it is worth a note. A number "
    "that is no number harms every mean, whatever its share.",
)

HEADLINE = "{columns} holds {value} in {rows} ({share}): {reading}"
EVIDENCE = "{told}"
WHY = "{effect}"
DO = "ask what {value} means in {columns}; if it stands for no value, set it to missing when reading the table"


def measure(sample: Sample, asked: Asked) -> Iterator[Measured]:
    if not sample.frame.width:
        raise NotApplicable("the table has no column")
    yield from suspects(sample)


@healthy
def plain_quantities(rng: np.random.Generator) -> Example:
    return Example(
        {
            "x": rng.normal(size=400),
            "income": rng.lognormal(10, 1, 400),
            "children": rng.poisson(1.5, 400),
            "percent": rng.integers(0, 101, 400),
            "grade": rng.choice(["a", "b", "c"], 400),
        }
    )


@healthy
def true_zeros(rng: np.random.Generator) -> Example:
    rain = np.where(rng.random(500) < 0.7, 0.0, np.round(rng.gamma(1, 4, 500), 1))
    return Example({"rain": rain, "pixel": np.clip(rng.integers(-8, 25, 500), 0, 16)})


@sick
def zero_for_not_measured(rng: np.random.Generator) -> Example:
    pressure = np.where(rng.random(768) < 0.05, 0, np.round(rng.normal(72, 12, 768).clip(24, 122)))
    return Example({"pressure": pressure, "age": rng.integers(21, 80, 768)})


@sick
def minus_999(rng: np.random.Generator) -> Example:
    return Example({"wind": np.where(np.arange(1_000) % 50 == 7, -999.0, rng.gamma(2, 3, 1_000))})


@sick
def ages_of_minus_one(rng: np.random.Generator) -> Example:
    return Example({"age": np.where(rng.random(1_000) < 0.1, -1, rng.integers(0, 90, 1_000))})


@sick
def a_far_value_that_is_no_usual_code(rng: np.random.Generator) -> Example:
    return Example({"weight": np.where(np.arange(600) % 40 == 3, 555.0, rng.normal(70, 10, 600))})


@sick
def zeros_a_little_apart(rng: np.random.Generator) -> Example:
    return Example({"skin": np.where(rng.random(768) < 0.3, 0, np.round(rng.gamma(8, 3.6, 768)).clip(7, None))})


@sick
def question_marks(rng: np.random.Generator) -> Example:
    return Example({"work": rng.choice(["private", "public", " ?"], 500, p=[0.6, 0.3, 0.1]), "x": rng.normal(size=500)})


@sick
def a_question_mark_or_two(rng: np.random.Generator) -> Example:
    return Example({"work": np.repeat(["private", "public", "?"], [499, 499, 2])})


@sick
def born_with_the_calendar(rng: np.random.Generator) -> Example:
    days = rng.integers(-10_000, 12_000, 800)
    return Example({"born": np.where(np.arange(800) % 20 == 0, 0, days).astype("datetime64[D]")})


@fooled("fires", "a discount is either 0 or at least 15 %, so its true zeros stand apart like a code")
def no_discount(rng: np.random.Generator) -> Example:
    return Example({"discount": np.where(rng.random(500) < 0.1, 0.0, rng.normal(25, 3, 500))})


@fooled("silent", "99 for 'not known' among ages up to 110 has true neighbours on both sides")
def a_code_in_the_midst(rng: np.random.Generator) -> Example:
    return Example({"age": np.where(rng.random(500) < 0.1, 99, rng.integers(60, 111, 500))})


@harm(unit="share of the rows", at=0.001, because="One cell in a thousand or more counts as a value and is none.")
def values_that_are_none(example: Example, rng: np.random.Generator) -> float:
    """Largest share, over the columns, of the cells that the maker of the example wrote in place of a value."""
    codes = {
        "pressure": 0,
        "wind": -999.0,
        "age": -1,
        "weight": 555.0,
        "skin": 0,
        "work": "?",
        "born": np.datetime64(0, "D"),
    }
    shares = [0.0]
    for name, values in example.columns.items():
        if name in codes:
            plain = np.char.strip(values) if values.dtype.kind == "U" else values
            shares.append(float(np.mean(plain == codes[name])))
    return max(shares)
