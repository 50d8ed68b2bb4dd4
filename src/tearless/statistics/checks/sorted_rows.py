"""This table's rows are in an order that carries information.

## What it measures
How much the place of a row in the table tells about the target, and about the features: between tenths of the table,
and between neighbouring rows; and what a split into the first four fifths and the last fifth would make of it.

## Why it matters
A split by position then trains on one kind of row and tests on another; folds without shuffling may miss whole
classes; mini-batches read in order see one class at a time. Where neighbours are alike (time, batches, families) a
random split leaks instead: the test rows have twins in training.

## The mathematics
Where order carries nothing, rows are exchangeable: every order is equally likely. Then the Kruskal-Wallis statistic of
the tenths, (n − 1)·η² of the ranks, follows χ² (for classes: Pearson's χ² of class by tenth), and the lag-1
autocorrelation of the ranks is normal with variance below 1/n (for classes: the count of equal neighbours, with its
exact moments). η² is the share of variance that the tenth explains. The chance p is the smaller of both, doubled;
over F features it is multiplied by F.

## When it is wrong
A sequence is not at fault for being one: a forecast must be tested on later rows, and then the split by position is
right. Orders that leave tenths and neighbours alike (0, 1, ..., 9, 0, 1, ...) stay unseen. Of more than 8,192 rows ten
stretches of 819 are looked at, of more than 500 features 500.

## What to do
Shuffle before splitting, stratify by the target. Where the order is time or a group, split by time or by group.

## References
W. H. Kruskal, W. A. Wallis, *Use of ranks in one-criterion variance analysis*, J. Amer. Statist. Assoc. 47, 1952,
583-621. R. Bartels, *The rank version of von Neumann's ratio test for randomness*, J. Amer. Statist. Assoc. 77, 1982,
40-46.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import gammaln

from tearless.core import (
    Asked,
    CannotTell,
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
    listed,
    quoted,
    sick,
)
from tearless.linear_algebra.facts import Sample
from tearless.statistics.column_pictures import along_rows
from tearless.statistics.order import Order
from tearless.statistics.stretches import Looked, Stretches, in_time_order

MEND = Mend.source
picture = along_rows
SAME_UNDER = (columns_shuffled, columns_renamed, in_other_units)
FEWEST_ROWS = 20
MOST_FEATURES = 500
CHANCE = 0.01
CORRELATION = 0.3

SURE = Limit(
    of="q",
    at=CHANCE,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="At most one in a hundred of the findings at this level is chance, over every test made on the table; on "
    "rows in random order the two laws hold from 20 rows on.",
)
STRONG = Limit(
    of="order",
    at=CORRELATION,
    unit="correlation",
    kind="convention",
    severity=Severity.note,
    because="Place and value correlate 0.3: place explains 9 % of the variance, a medium effect in Cohen's terms. "
    "Weaker drifts are certain in any large table and move a split little.",
)
STRONG_IN_THE_TARGET = Limit(
    of="order",
    at=CORRELATION,
    unit="correlation",
    kind="convention",
    severity=Severity.warning,
    because="The same as for a note: place and value correlate 0.3, or 9 % of the variance is in the place.",
)
CONCERNS_THE_SPLIT = Limit(
    of="reach",
    at=1.0,
    unit="1",
    kind="convention",
    severity=Severity.warning,
    because="It is the target that is ordered, or, where no target was named, at least two features and half of all: "
    "then any split by position is biased. A single ordered feature is worth a note.",
)

HEADLINE = "rows are in order of {what}: {fact}"
EVIDENCE = "place and value correlate {order}; {fact}"
WHY = "{harm}"
DO = "{remedy}"
BIASED = (
    "a split by position trains on one kind of row and tests on another; unshuffled folds and batches do too",
    "shuffle the rows before splitting, and stratify by the target; if the order is time, split by time",
)
ALIKE = (
    "a random split puts near copies of the test rows into training, and scores too high",
    "keep rows that belong together (a time, a batch, a group) on one side of the split",
)


def measure(sample: Sample, asked: Asked, rng: np.random.Generator) -> Iterator[Measured]:
    if sample.rows < FEWEST_ROWS:
        raise CannotTell(f"{sample.rows:,} rows; at least {FEWEST_ROWS} rows are needed to see an order in them")
    stretches = Stretches.of(sample.rows)
    names = [name for name in sample.frame.columns if name != asked.target]
    if len(names) > MOST_FEATURES:
        names = [names[i] for i in np.sort(rng.choice(len(names), MOST_FEATURES, replace=False))]
    if asked.target is not None:
        looked = stretches.look(sample.frame[asked.target])
        if looked is not None:
            yield _said([asked.target], looked, looked.order.p, 1.0, sample.said)
    clocks = [name for name in names if in_time_order(sample.frame[name])]
    for name in clocks[:1]:
        p = float(np.exp(np.log(2) - gammaln(sample.rows + 1.0)))
        runs = Looked(Order(p, 1.0, 1.0), f"{quoted(name)} runs one way from the first row to the last")
        yield _said([name], runs, p, 0.0, sample.said)
    yield from _features(stretches, sample, [n for n in names if n not in clocks], asked.target is None)


def _features(stretches: Stretches, sample: Sample, names: list[str], alone: bool) -> Iterator[Measured]:
    """All features in one: those in order are the subject."""
    seen = {name: looked for name in names if (looked := stretches.look(sample.frame[name])) is not None}
    if not seen:
        return
    p = {name: min(1.0, len(seen) * looked.order.p) for name, looked in seen.items()}
    strong = [name for name in seen if p[name] <= CHANCE and seen[name].order.size >= CORRELATION]
    strong.sort(key=lambda name: -seen[name].order.size)
    first = strong[0] if strong else min(p, key=lambda name: p[name])
    reach = len(strong) / max(2.0, len(seen) / 2) if alone else 0.0
    yield _said(strong or [first], seen[first], p[first], reach, sample.said)


def _said(names: list[str], looked: Looked, p: float, reach: float, said: str) -> Measured:
    harm, remedy = ALIKE if looked.order.neighbours > 2 * looked.order.tenths else BIASED
    subject = f" (of {listed(names[:1])})" if len(names) > 1 else ""
    return Measured(
        tuple(names),
        {
            "order": Number(looked.order.size, "correlation", f"of the place of a row with its value, {said}"),
            "tenths": Number(looked.order.tenths, "correlation", "correlation ratio η of value and tenth of the table"),
            "neighbours": Number(looked.order.neighbours, "correlation", "of a row with the next"),
            "columns_ordered": Number(len(names), "columns", "columns in such an order"),
            "reach": Number(reach, "1", "1 for the target; without one, ordered features over the fewest that count"),
        },
        p=p,
        words={"what": listed(names, 3), "fact": looked.fact + subject, "harm": harm, "remedy": remedy},
    )


@healthy
def rows_in_no_order(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=300), "grade": rng.integers(0, 5, 300), "y": rng.integers(0, 2, 300)}, "y")


@sick
def sorted_by_class(rng: np.random.Generator) -> Example:
    y = np.repeat([0, 1, 2], 50)
    return Example({"x": rng.normal(size=150), "z": rng.normal(size=150), "y": y}, "y")


@sick
def a_target_that_drifts(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=400), "y": np.linspace(0, 3, 400) + rng.normal(size=400)}, "y")


@sick
def one_feature_in_order(rng: np.random.Generator) -> Example:
    batch = np.sort(rng.normal(size=300))
    return Example(
        {"batch": batch, "x": rng.normal(size=300), "z": rng.normal(size=300), "y": rng.normal(size=300)}, "y"
    )


@sick
def all_columns_walk(rng: np.random.Generator) -> Example:
    return Example({f"x{i}": rng.normal(size=300).cumsum() for i in range(4)})


@fooled("fires", "a series is in order by nature; a forecast is rightly tested on its later rows")
def a_series_to_forecast(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=300), "y": rng.normal(size=300).cumsum()}, "y")
