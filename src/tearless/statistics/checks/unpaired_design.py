"""This comparison takes items for different that are the same, or that could have been.

## What it measures
Whether each model has items of its own; and of the items of the smaller set, how many the other one holds too: by their
ids where both have them, else whether the true values are the same row by row.

## Why it matters
Models that answer the same items share their luck with easy and hard ones, and the difference is free of it. Side by
side, that luck counts twice: a test of different items often needs two to five times as many to see the same.

## The mathematics
The variance of a difference is σ²_A + σ²_B − 2·cov(A, B). On shared items the covariance of two sound models is above
0, for both find the same items hard; on different items it is 0. A test for different items that is given the same ones
takes it for 0: it errs less often than it says, and finds less.

## When it is wrong
Ids that are only row numbers are the same in any two files. Items that cannot be shared (patients of two hospitals,
traffic of two weeks) have no cheaper design.

## What to do
Join the same items by their id (leave out --unpaired). Else let both models answer one set, and compare item by item.

## References
E. Miller, *Adding error bars to evals: a statistical approach to language model evaluations*, arXiv:2411.00640 (2024).
T. G. Dietterich, *Approximate statistical tests for comparing supervised classification learning algorithms*, Neural
Computation 10 (1998), 1895-1923.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import polars as pl

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, quoted, rows_shuffled, sick
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.facts import Comparison, Items, Pair
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.words import counted, gap
from tearless.statistics.estimate import Floats

MEND = Mend.source
SAME_UNDER = (rows_shuffled,)

APART = Limit(
    of="apart",
    at=1,
    unit="1",
    kind="derived",
    because="Where the rows are compared item by item there is nothing to pair.",
)
SAME_ITEMS = Limit(
    of="shared",
    at=0.5,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Samples drawn apart share items where the pool is small, but seldom half of them. No theorem singles out "
    "the number; any shared item breaks the independence that the test takes for granted.",
)
NOT_TOLD = Limit(
    of="p",
    at=lambda alpha: math.nextafter(alpha, 1.0),
    unit="chance",
    kind="derived",
    severity=Severity.note,
    because="Where the difference is told from 0 all the same, a cheaper design has nothing to add.",
)

HEADLINE = "{a} and {b} are compared as if on different items{though}"
EVIDENCE = "{sizes}; shown in 80 % of trials: {detectable_said}"
WHY = "{why}"
DO = "{do}"


def measure(items: Items, found: Comparison) -> Iterator[Measured]:
    apart = found.design is Design.unpaired
    for pair in found.pairs:
        n, m = (_rows(items.frame, name) for name in (pair.a, pair.b))
        shared, by = _shared(items.frame, found.plan, pair) if apart else (1.0, "")
        yield Measured(
            (pair.b,),
            {
                "apart": Number(apart, "1", "1 where the test takes the items for different, else 0"),
                "shared": Number(shared, "share", "items of the smaller set that are in the other too"),
                "p": Number(pair.corrected_p, "chance", "of such a difference between equally good models"),
                "alpha": Number(1 - found.plan.level, "chance", "the error that was asked for"),
                "rows": Number(pair.rows, "rows", "rows of both models"),
            },
            words=_words(found, pair, (n, m), shared, by),
        )


def _rows(frame: pl.DataFrame, name: str) -> int:
    column = frame[name]
    return len((column.fill_nan(None) if column.dtype.is_float() else column).drop_nulls())


def _shared(frame: pl.DataFrame, plan: Plan, pair: Pair) -> tuple[float, str]:
    """The share of the smaller set's items that the other one holds, and what shows it."""
    if plan.paired:
        return 1.0, "the rows are joined item by item"
    at = [plan.models.index(name) for name in (pair.a, pair.b)]
    if plan.items:
        a, b = (frame[plan.items[i]].drop_nulls().cast(pl.String).unique() for i in at)
        if min(len(a), len(b)):
            share = len(a.filter(a.is_in(b.implode()))) / min(len(a), len(b))
            return share, f"{100 * share:.3g} % of the ids are in both"
    if plan.truth:
        a, b = (frame[plan.truth[i]].drop_nulls() for i in at)
        if len(a) == len(b) and a.dtype == b.dtype and a.n_unique() > 1 and len(a) >= _telling(a) and a.equals(b):
            return 1.0, "the true values are the same row by row"
    return 0.0, ""


def _telling(truth: pl.Series) -> float:
    """Rows from which on two orders of these values agree by chance in less than one case in a million."""
    shares = truth.value_counts()["count"].to_numpy() / len(truth)
    return math.log(1e-6) / math.log(float((shares**2).sum()))


def _words(found: Comparison, pair: Pair, sizes: tuple[int, int], shared: float, by: str) -> dict[str, str]:
    a, b = quoted(pair.a), quoted(pair.b)
    same = shared >= 0.5
    part = "" if shared == 1 else f" in {100 * shared:.3g} % of the rows"
    return {
        "a": a,
        "b": b,
        "though": f", and they are the same{part}" if same else "; one shared set would show smaller differences",
        "sizes": f"{a} has {counted(sizes[0], 'row')}, {b} {counted(sizes[1], 'row')}" + (f"; {by}" if same else ""),
        "detectable_said": gap(pair.detectable, found.unit) if pair.detectable is not None else "none",
        "why": "the luck of easy and hard items, which both share, counts twice: real differences stay unseen"
        if same
        else "the luck of each model's own items adds to the difference, where shared items would cancel most of it",
        "do": "leave out --unpaired and --design, so that the rows are joined item by item"
        if same
        else "let both answer the same items and join them by an id; the same number then shows smaller differences",
    }


def _apart(a: Floats, b: Floats, **plan: tuple[str, ...]) -> Example:
    wide = np.full((2, max(len(a), len(b))), np.nan)
    wide[0, : len(a)], wide[1, : len(b)] = a, b
    return Example({"old": wide[0], "new": wide[1]}, options={"plan": Plan(("old", "new"), paired=False, **plan)})  # type: ignore[arg-type]


def _right(right: int, of: int) -> Floats:
    return np.repeat([1.0, 0.0], [right, of - right])


@healthy
def one_shared_set(rng: np.random.Generator) -> Example:
    columns = {"old": rng.permutation(_right(60, 100)), "new": rng.permutation(_right(64, 100))}
    return Example(columns, options={"plan": Plan(("old", "new"))})


@healthy
def told_apart_on_different_items(rng: np.random.Generator) -> Example:
    return _apart(_right(300, 500), _right(420, 500))


@sick
def not_told_apart_on_different_items(rng: np.random.Generator) -> Example:
    return _apart(_right(160, 200), _right(172, 210))


@sick
def the_same_ids_side_by_side(rng: np.random.Generator) -> Example:
    ids = np.arange(100) * 7 + 3
    columns = {"old": _right(60, 100), "new": _right(95, 100), "a": ids, "b": rng.permutation(ids)}
    return Example(columns, options={"plan": Plan(("old", "new"), paired=False, items=("a", "b"))})


@sick
def joined_and_then_overruled(rng: np.random.Generator) -> Example:
    columns = {"old": rng.permutation(_right(60, 100)), "new": rng.permutation(_right(95, 100))}
    return Example(columns, options={"plan": Plan(("old", "new"), design="different items")})


@fooled("fires", "ids that only number the rows of each file are the same in both, whatever the items are")
def row_numbers_for_ids(rng: np.random.Generator) -> Example:
    ids = np.arange(100)
    columns = {"old": _right(60, 100), "new": _right(95, 100), "a": ids, "b": ids}
    return Example(columns, options={"plan": Plan(("old", "new"), paired=False, items=("a", "b"))})


@fooled("silent", "the same items without an id and without true values cannot be recognised as the same")
def the_same_items_without_a_name(rng: np.random.Generator) -> Example:
    return _apart(_right(300, 500), _right(420, 500))
