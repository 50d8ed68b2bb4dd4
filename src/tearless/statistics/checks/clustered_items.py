"""This comparison rests on items that hang together in groups, and tell less than as many independent ones.

## What it measures
For the column of clusters, and for every other column that puts the items into ten groups or more: how many times
larger the variance of the difference is than that of independent items (the design effect), and the chance that random
groups would show as much.

## Why it matters
Ten questions on one passage fall together: whoever misreads it gets them all wrong. A test that counts them as ten
independent items makes p too small and the interval too narrow, and finds differences that are those of a few passages.

## The mathematics
The design effect is G/(G − 1)·Σ Sᵍ² over n s², Sᵍ a group's sum of deviations from the mean difference; for groups of
one size m it is near 1 + (m − 1)ρ with ρ the correlation within a group. An interval for independent items covers
2Φ(1.96/√D) − 1: 92 % at a design effect D of 1.25, 83 % at 2, 67 % at 4. The chance comes from a permutation of the
items over the groups, and is corrected for all columns looked at.

## When it is wrong
Where the groups are all there are (the subjects of an exam) and not a sample of more, their differences are part of the
result and not of the chance. Groups that go together but have no column cannot be seen.

## What to do
Name the column with --cluster: p and interval then count groups. To learn more add groups, not items within them.

## References
L. Kish, *Survey Sampling* (1965), section 8.2. A. C. Cameron, D. L. Miller, *A practitioner's guide to cluster-robust
inference*, Journal of Human Resources 50 (2015), 317-372. E. Miller, *Adding error bars to evals*, arXiv:2411.00640
(2024).
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
    fooled,
    healthy,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.core.number import shown
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.facts import Comparison, Items, Pair
from tearless.statistics.comparison.grouping import Grouping, group_codes, grouping, row_differences
from tearless.statistics.comparison.judged import Judged, judged
from tearless.statistics.comparison.of_items import clustered_pair
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.words import chance, counted
from tearless.statistics.estimate import Floats

MEND = Mend.source
SAME_UNDER = (rows_shuffled,)
FEW_TESTS, FEW_DRAWS, MANY_DRAWS = 8, 999, 4_999

TOGETHER = Limit(
    of="q",
    at=0.01,
    unit="chance",
    kind="calibrated",
    false_alarms=0.01,
    crossed="below",
    because="Random groups show as much in one comparison of a hundred, over all columns and models looked at.",
)
GROUPS = Limit(
    of="groups",
    at=10,
    unit="groups",
    kind="convention",
    because="Columns of fewer values mostly name kinds of items that are all there (a level, a language), not a sample "
    "of groups; and fewer groups hardly tell how groups differ.",
)
WIDER = Limit(
    of="design_effect",
    at=1.25,
    unit="1",
    kind="convention",
    severity=Severity.note,
    because="An interval of 95 % for independent items then covers 92 %. Below, the difference is not worth a word.",
)
WIDER_UNSAID = Limit(
    of="unaccounted",
    at=1.25,
    unit="1",
    kind="convention",
    severity=Severity.warning,
    because="The interval and p of this report then promise too much: 92 % instead of 95, and less with more.",
)

HEADLINE = "items hang together in {column}: the variance of the difference is {design_effect} times as large"
EVIDENCE = "{groups} groups of {column} in {rows} rows; random groups show as much with {p_said}"
WHY = "{why}"
DO = "{do}"


def measure(items: Items, found: Comparison, rng: np.random.Generator) -> Iterator[Measured]:
    plan = found.plan
    if found.design not in (Design.items, Design.clusters):
        raise NotApplicable(f"rows are {found.design}")
    named = (plan.cluster, plan.data_set, plan.fold, plan.seed, *plan.beside)
    columns = [name for name in dict.fromkeys(named) if name is not None and name != plan.item]
    if not columns:
        raise NotApplicable("no further column puts the items into groups")
    told = judged(items.frame, plan)
    rows = told.frames[plan.reference]
    seed = int(rng.integers(1 << 31))
    draws = FEW_DRAWS if len(columns) * len(found.pairs) <= FEW_TESTS else MANY_DRAWS
    for pair in found.pairs:
        difference = row_differences(told, pair.a, pair.b)
        for column in columns:
            codes = group_codes(rows[column])
            if len(np.unique(codes)) > 1:
                by = grouping(difference, codes, draws=draws, seed=seed)
                yield _measured(found, told, pair, column, codes, by)


def _measured(found: Comparison, told: Judged, pair: Pair, column: str, codes: Floats, by: Grouping) -> Measured:
    effect = by.design_effect if np.isfinite(by.design_effect) else 1.0
    accounted = found.design is Design.clusters and column == found.plan.cluster
    worth = pair.rows / max(effect, 1.0)
    numbers = {
        "design_effect": Number(effect, "1", "variance of the difference over that of independent items"),
        "unaccounted": Number(1.0 if accounted else effect, "1", "the same; 1 where the test counts these groups"),
        "groups": Number(by.groups, "groups", "groups of items"),
        "effective": Number(worth, "items", "independent items that would tell as much"),
        "rows": Number(pair.rows, "rows", "items compared"),
    }
    words = _words(found, told, pair, column, codes, worth, accounted)
    return Measured((column, pair.b), numbers, p=by.p, words=words | {"column": quoted(column), "p_said": chance(by.p)})


def _words(
    found: Comparison, told: Judged, pair: Pair, column: str, codes: Floats, worth: float, accounted: bool
) -> dict[str, str]:
    told_as = f"{counted(pair.rows, 'item')} tell as much as {shown(round(worth) or 1)} independent ones"
    if accounted:
        return {
            "why": f"{told_as}; this report counts groups, and a test that counts items promises too much",
            "do": f"to learn more take more groups of {quoted(column)}, not more items in each",
        }
    p = pair.difference.p
    if found.design is Design.items and worth < pair.rows:
        p = clustered_pair(told, found.plan, pair.a, pair.b, codes, 0)[0].difference.p
    return {
        "why": f"{told_as}: {quoted(pair.b)} against {quoted(pair.a)} has {chance(pair.difference.p)} by items and "
        f"{chance(p)} by groups",
        "do": f"say --cluster {quoted(column)}, if its groups are a sample of more and not all there are",
    }


def _in_groups(rng: np.random.Generator, groups: int, size: int, pull: float, **plan: object) -> Example:
    """Both models right or wrong by the item's luck and, as far as ``pull`` says, by the group's."""
    group = np.repeat(np.arange(groups), size)
    of_group = rng.normal(size=groups)[group] * pull
    difference = np.sign(of_group + rng.normal(size=groups * size))
    differs = rng.random(groups * size) < 0.4
    old = np.where(differs, difference < 0, rng.random(groups * size) < 0.7).astype(int)
    new = np.where(differs, difference > 0, old).astype(int)
    columns = {"old": old, "new": new, "passage": np.array([f"p{i}" for i in group])}
    return Example(columns, options={"plan": Plan(("old", "new"), **plan)})  # type: ignore[arg-type]


@healthy
def groups_that_do_not_matter(rng: np.random.Generator) -> Example:
    return _in_groups(rng, 50, 10, 0.0, beside=("passage",))


@healthy
def clusters_that_do_not_matter(rng: np.random.Generator) -> Example:
    return _in_groups(rng, 50, 10, 0.0, cluster="passage")


@healthy
def five_kinds_of_items(rng: np.random.Generator) -> Example:
    return _in_groups(rng, 5, 100, 2.0, beside=("passage",))


@healthy
def many_items_and_a_trace(rng: np.random.Generator) -> Example:
    return _in_groups(rng, 5_000, 4, 0.25, beside=("passage",))


@sick
def passages_that_nobody_named(rng: np.random.Generator) -> Example:
    return _in_groups(rng, 60, 10, 2.0, beside=("passage",))


@sick
def passages_that_are_counted(rng: np.random.Generator) -> Example:
    return _in_groups(rng, 60, 10, 2.0, cluster="passage")


@fooled("fires", "the sixty subjects are all that the exam has, and their differences are part of the result")
def subjects_of_an_exam(rng: np.random.Generator) -> Example:
    return _in_groups(rng, 60, 10, 2.0, beside=("passage",))


@fooled("silent", "items of one passage go together, and no column says which passage they are of")
def passages_without_a_column(rng: np.random.Generator) -> Example:
    example = _in_groups(rng, 60, 10, 2.0)
    return Example({name: example.columns[name] for name in ("old", "new")})
