"""This target has a class so rare that little can be learned or claimed about it.

## What it measures
The rows of the smallest class, how wide the 95 % interval of its recall is on a test set of a fifth of the rows, and
what accuracy a constant guess of the largest class gets.

## Why it matters
Where one class fills nearly all rows, a model that has learned nothing scores high, so accuracy says little. Where the
smallest class has few rows, there is little to learn from, and what is then measured on it is mostly luck. The second
depends on the number of rows, not on their share: 1 % of a million rows is plenty.

## The mathematics
Of m test rows of a class, the recall has a Wilson interval of half width at most z / (2√(m + z²)), z = 1.96: ±10 points
at m = 92, ±25 points at m = 11, ±42 points at m = 1.6. If no error is seen in m rows, the true error rate can still be
3/m (the rule of three). With k classes equally frequent, the smallest of them has at most r rows with probability at
most k · P(Binomial(n, 1/k) ≤ r).

## When it is wrong
A class can be rare and still easy, or not matter. On large tables the classes are counted on a sample, so a class with
a handful of rows in millions may be overlooked.

## What to do
Collect more rows of the rare class if you can; split with stratification; judge by the recall and precision of each
class, with intervals, not by accuracy. Copying rare rows gives no new information, and if done before the split it
leaks.

## References
E. B. Wilson, *Probable inference, the law of succession, and statistical inference*, JASA 22 (1927). H. He,
E. A. Garcia, *Learning from imbalanced data*, IEEE Transactions on Knowledge and Data Engineering 21 (2009).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import special

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
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.facts import Target
from tearless.statistics.intervals import widest_wilson_half_width, wilson
from tearless.statistics.row_pictures import classes

MEND = Mend.source
picture = classes
SAME_UNDER = (rows_shuffled, columns_shuffled, columns_renamed, in_other_units)
TEST_SHARE = 0.2

NO_CHANCE = Limit(
    of="chance",
    at=0.001,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.001,
    because="Equally frequent classes come out this uneven in at most one table in a thousand: the union bound over "
    "the classes holds for every n and k.",
)
UNEVEN = Limit(
    of="against_equal",
    at=0.25,
    crossed="below",
    unit="share",
    kind="convention",
    because="An interval shrinks with the square root of the rows, so a class with a quarter of the rows that equal "
    "classes would have has an interval twice as wide. Where the classes are equal and few, the table is small, "
    "not unbalanced.",
)
NO_CLAIM = Limit(
    of="half_width",
    at=0.25,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="At ±25 points a recall of 75 % cannot be told from a coin toss. It is reached below 58 rows in the class "
    "(11 in a test fifth). No theorem singles out the number.",
)
ACCURACY_MISLEADS = Limit(
    of="constant_guess",
    at=0.9,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="A constant guess is then right nine times in ten, and accuracies that sound good tell nothing. No theorem "
    "singles out the number.",
)

HEADLINE = (
    "the smallest class of {columns}, {smallest}, has {count}; "
    "always guessing {largest} is right {constant_guess} of the time"
)
EVIDENCE = "{smallest} makes up {smallest_share} of the rows, {against_equal} of an equal part among {classes} classes"
WHY = (
    "a fifth of the rows as a test set holds about {in_test} of this class, so its recall is known to within "
    "±{half_width} only; an accuracy near {constant_guess} can mean that nothing was learned"
)
DO = (
    "split with stratification, judge by the recall and precision of each class with intervals, not by accuracy, and "
    "collect more rows of {smallest} if it matters"
)


def measure(target: Target, sample: Sample) -> Iterator[Measured]:
    if target.kind != "classes":
        raise NotApplicable("the target is a quantity, not classes")
    k = len(target.classes)
    if k < 2:
        raise NotApplicable("the target holds one class only")
    counts = np.bincount(target.values.astype(np.int64), minlength=k)
    n = int(counts.sum())
    low, high = int(counts.argmin()), int(counts.argmax())
    to_all = sample.total / sample.rows
    rows = round(counts[low] * to_all)
    in_test = TEST_SHARE * rows
    chance = min(1.0, k * float(special.bdtr(float(counts[low]), n, 1 / k)))
    share = wilson(int(counts[low]), n)
    interval = None if sample.complete else (share[0] * n * to_all, share[1] * n * to_all)
    half = widest_wilson_half_width(in_test)
    yield Measured(
        (target.name,),
        {
            "rows": Number(rows, "rows", f"rows of the smallest class, counted on {sample.said}", interval, 0.95),
            "classes": Number(k, "classes", "different classes"),
            "smallest_share": Number(counts[low] / n, "share", "share of the smallest class", share, 0.95),
            "constant_guess": Number(
                counts[high] / n,
                "share",
                "accuracy of always guessing the largest class",
                wilson(int(counts[high]), n),
                0.95,
            ),
            "against_equal": Number(
                counts[low] * k / n, "share", "rows of the smallest class over those of equal classes"
            ),
            "in_test": Number(in_test, "rows", "rows of the smallest class in a test set of a fifth of the rows"),
            "half_width": Number(half, "share", "half the widest 95 % interval of its recall there"),
            "chance": Number(chance, "chance", "chance that equally frequent classes come out this uneven, at most"),
        },
        words={
            "smallest": quoted(target.classes[low]),
            "largest": quoted(target.classes[high]),
            "count": f"{rows:,} row" + "s" * (rows != 1),
        },
    )


def _labels(rng: np.random.Generator, *counts: int) -> Example:
    y = np.repeat(np.array([f"class {i}" for i in range(len(counts))]), counts)
    return Example({"x": rng.normal(size=len(y)), "y": rng.permutation(y)}, target="y")


@healthy
def two_thirds(rng: np.random.Generator) -> Example:
    return _labels(rng, 200, 100)


@healthy
def a_small_table_of_equal_classes(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=40), "y": rng.choice(["a", "b", "c"], 40)}, target="y")


@sick
def eight_of_five_hundred(rng: np.random.Generator) -> Example:
    return _labels(rng, 492, 8)


@sick
def one_in_a_hundred_of_many(rng: np.random.Generator) -> Example:
    return _labels(rng, 19_800, 200)


@fooled("fires", "a rare class that one column tells apart without error needs few rows")
def rare_but_obvious(rng: np.random.Generator) -> Example:
    y = rng.permutation(np.repeat(["no", "yes"], [490, 10]))
    return Example({"x": rng.normal(size=500) + 20 * (y == "yes"), "y": y}, target="y")


@fooled("silent", "a class that lacks in this table altogether cannot be counted")
def a_class_that_never_came(rng: np.random.Generator) -> Example:
    return _labels(rng, 250, 250, 0)
