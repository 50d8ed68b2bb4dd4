"""This test set is too small to show a difference worth having.

## What it measures
The smallest true difference that such rows show in 80 % of trials, beside one worth having: the margin that was asked
about, or else what would halve the errors (the loss) of the worse of the two.

## Why it matters
A comparison that could hardly have found anything ends in "no difference found", and good changes are thrown away by
it. Where such a test set does find a difference, it shows it too large: only lucky ones pass.

## The mathematics
Power is the chance that the test is sure when a difference is there. For right and wrong on shared items it is exact:
Σ P(M = m) P(the split of m is sure), M binomial in the share of items that one model alone gets right. Elsewhere a
difference of (z₀.₉₇₅ + z₀.₈) = 2.8 standard errors shows in 80 % of trials. It shrinks with the square root of the
rows: half of it takes four times as many.

## When it is wrong
What is worth having is yours to say: give it as a margin. The spread is taken from these rows, so that of a few rows is
a guess itself. Where the metric has no natural end (a mean score) and no margin is given, nothing is said.

## What to do
Plan first with `tearless power`; test on more items; use one shared test set for all models, and a score with
more grades than right and wrong.

## References
J. Cohen, *Statistical Power Analysis for the Behavioral Sciences*, 2nd edition (1988). D. Card, P. Henderson, U.
Khandelwal, R. Jia, K. Mahowald, D. Jurafsky, *With little power comes great responsibility*, EMNLP (2020), 9263-9274.
"""

from __future__ import annotations

import math
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
    fooled,
    healthy,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.facts import Comparison, Pair
from tearless.statistics.comparison.metrics import METRICS
from tearless.statistics.comparison.pictures import beside_worth
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.words import counted, doing, gap, title

MEND = Mend.source
picture = beside_worth
SAME_UNDER = (rows_shuffled,)

NOTHING_FOUND = Limit(
    of="p",
    at=lambda alpha: math.nextafter(alpha, 1.0),
    unit="chance",
    kind="derived",
    because="Where the difference is told from 0 the test set was large enough for it.",
)
BLIND = Limit(
    of="against_worth",
    at=1,
    unit="1",
    kind="convention",
    severity=Severity.warning,
    because="A true difference worth having is then missed in a fifth of such trials and more. That halving the errors "
    "is worth having, and 80 % often enough, are conventions; --margin says what it is to you.",
)

HEADLINE = "{rows_said} a true difference of {metric} between {a} and {b} only from {detectable_said} on"
EVIDENCE = "shown in 80 % of trials: {detectable_said}; {worth_from}: {worth_said}"
WHY = "{worth_from} would go unseen in more than a fifth of such tests, so that nothing found says little"
DO = "{do}"


def measure(found: Comparison) -> Iterator[Measured]:
    told = 0
    for pair in found.pairs:
        worth, seen = _worth(found, pair), _detectable(found, pair)
        if worth is None or seen is None:
            continue
        told += 1
        yield Measured(
            (pair.b,),
            {
                "against_worth": Number(seen / worth, "1", "smallest difference shown over one worth having"),
                "detectable": Number(seen, found.unit, "smallest true difference shown in 80 % of trials"),
                "worth": Number(worth, found.unit, "a difference worth having"),
                "p": Number(pair.corrected_p, "chance", "of such a difference between equally good models"),
                "alpha": Number(1 - found.plan.level, "chance", "the error that was asked for"),
                "rows": Number(pair.rows, "rows", "rows that the difference rests on"),
            },
            words={
                "a": quoted(pair.a),
                "b": quoted(pair.b),
                "metric": title(found.metric),
                "rows_said": f"{counted(pair.rows, found.noun.removesuffix('s'))} {doing(pair.rows, 'show')}",
                "detectable_said": gap(seen, found.unit),
                "worth_said": gap(worth, found.unit),
                "worth_from": "the margin asked about" if found.plan.margin else _halved(found),
                "do": _do(found, pair, seen / worth),
            },
        )
    if not told:
        raise NotApplicable("the metric has no natural end, and no margin says what a difference is worth")


def _halved(found: Comparison) -> str:
    return f"halving the {title(found.metric)}" if found.lower_is_better else "halving what the worse one gets wrong"


def _worth(found: Comparison, pair: Pair) -> float | None:
    """The margin; else half of what separates the worse model from perfect, where perfect is known."""
    if found.plan.margin:
        return found.plan.margin
    values = [found.value_of(name).value for name in (pair.a, pair.b)]
    if found.lower_is_better:
        return max(values) / 2 if min(values) >= 0 and max(values) > 0 else None
    known = METRICS.get(found.metric)
    if found.unit != "share" and not (known and known.larger_is_better):
        return None
    return (1 - min(values)) / 2 if min(values) < 1 else None


def _detectable(found: Comparison, pair: Pair) -> float | None:
    """The smallest difference shown; of shares, the largest there can be where no difference shows."""
    if pair.detectable is None and found.unit == "share" and found.design in (Design.items, Design.unpaired):
        return 1.0
    return pair.detectable


def _do(found: Comparison, pair: Pair, ratio: float) -> str:
    if found.design is Design.folds:
        return "train and test on more rows: more folds or repeats of the same rows show little more"
    if found.design is Design.seeds_and_items:
        return "take more items or more runs, whichever has the larger part of the variance in this report"
    more = counted(math.ceil(pair.rows * ratio**2) - pair.rows, f"more {found.noun.removesuffix('s')}")
    shared = ", or let both answer the same items" if found.design is Design.unpaired else ""
    asked = "" if found.plan.margin else "; or say with --margin what difference is worth having"
    return f"test on about {more}{shared}{asked}"


def _models(both: int, only_a: int, only_b: int, neither: int, **plan: float) -> Example:
    a = np.repeat([1, 1, 0, 0], [both, only_a, only_b, neither])
    b = np.repeat([1, 0, 1, 0], [both, only_a, only_b, neither])
    return Example({"old": a, "new": b}, options={"plan": Plan(("old", "new"), **plan)})  # type: ignore[arg-type]


@healthy
def a_thousand_items(rng: np.random.Generator) -> Example:
    return _models(780, 40, 42, 138)


@healthy
def few_items_and_a_large_difference(rng: np.random.Generator) -> Example:
    return _models(5, 0, 12, 3)


@sick
def twenty_items(rng: np.random.Generator) -> Example:
    return _models(14, 0, 3, 3)


@sick
def a_margin_of_one_point(rng: np.random.Generator) -> Example:
    return _models(780, 40, 42, 138, margin=0.01)


@sick
def three_items(rng: np.random.Generator) -> Example:
    return _models(1, 1, 1, 0)


@fooled("fires", "nearly all is right already, so that half the errors is less than anyone would ask for")
def errors_of_one_in_a_hundred(rng: np.random.Generator) -> Example:
    return _models(985, 5, 5, 5)


@fooled("silent", "a score without a natural end does not say which difference is worth having; a margin would")
def three_ratings(rng: np.random.Generator) -> Example:
    return Example({"old": np.array([3.0, 5.5, 4.0]), "new": np.array([4.0, 5.0, 4.5])})
