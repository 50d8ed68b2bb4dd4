"""This column is missing more often in some rows than in others, so that dropping or filling them bends the result.

## What it measures
Whether the holes of a column keep to rows with certain values of the target or of another column: the share missing
inside the strongest such group of rows and outside it, and how far the group's share moves when the rows are dropped.

## Why it matters
Dropping the rows leaves a sample in which that group has another weight, so that means, rates and models of the rest
answer for other people than those you have. Filling with one value writes the group's label into the column.

## The mathematics
Let a share m of the rows be missing, and a share s lie in the group. If the share missing is r inside, dropping moves
the group's share from s to s(1−r)/(1−m). In standard deviations √(s(1−s)) of belonging to the group that is
|φ|·√(m/(1−m)) with φ the correlation of the two. Given the margins, the count of missing rows in the group is
hypergeometric where the two have nothing to do with each other: Fisher's exact chance, times the groups looked at
(Bonferroni), half of it spent on the target. A quantity makes groups by its fifths, a category by its commonest values.

## When it is wrong
It sees only what the table holds: that incomes are missing because they are high leaves no trace where income itself is
the hole, and no test on the table can find it. Rows that hang together (one person's visits, one day's readings) count
as less than their number, and the chance is then too small.

## What to do
Do not drop these rows. Keep a column that says where the cell is missing, and fill it with a model that uses the
partner named. Where the partner is the target, ask whether the column is filled before or after the outcome is known:
if after, it is a leak.

## References
D. B. Rubin, "Inference and missing data", Biometrika 63 (1976) 581-592. R. J. A. Little, J. Am. Statist. Assoc. 83
(1988) 1198-1202. R. A. Fisher, *Statistical Methods for Research Workers*, 5th ed., 1934, section 21.02.
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
    Number,
    Severity,
    columns_renamed,
    fooled,
    harm,
    healthy,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.core.number import shown
from tearless.linear_algebra.facts import Sample
from tearless.statistics.column_pictures import holes_by_partner
from tearless.statistics.facts import Columns
from tearless.statistics.intervals import difference_of_shares
from tearless.statistics.missingness import Tie, ties

MEND = Mend.values
picture = holes_by_partner
SAME_UNDER = (rows_shuffled, columns_renamed)
SYMPTOM_OF = ("target-leak",)

CERTAIN = Limit(
    of="q",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="Among the findings of this table at most one in a hundred is expected to be chance; where nothing is "
    "wrong at all, any is found in at most one table in a hundred.",
)
BENDS = Limit(
    of="shift",
    at=0.05,
    unit="standard deviations",
    kind="convention",
    severity=Severity.note,
    because="A twentieth of a standard deviation is two and a half points of a share of one half. With many rows less "
    "than that is certain and does no harm. No theorem singles out the twentieth.",
)
BENDS_THE_TARGET = Limit(
    of="shift",
    at=lambda of_target: 0.1 if of_target else 1.0,
    unit="standard deviations",
    kind="convention",
    severity=Severity.warning,
    because="A tenth of a standard deviation of the target is five points of a share of one half: with 400 rows twice "
    "the standard error, so that a 95 % interval holds the truth half the time. Of another column (of_target 0) "
    "it takes a whole one.",
)

HEADLINE = "{columns} is missing in {inside} of the rows where {group}, in {outside} of the others"
EVIDENCE = "a difference of {difference}; dropping the rows moves the share where {group} from {before} to {after}"
WHY = "the rows left after dropping are not a fair sample: {partner} is distributed otherwise in them"
DO = "{cure}"


def measure(columns: Columns, sample: Sample, asked: Asked, rng: np.random.Generator) -> Iterator[Measured]:
    holed = [name for name, missing in zip(columns.names, columns.missing, strict=True) if missing]
    found = list(ties(sample.frame, holed, asked.target, rng))
    if not found:
        raise NotApplicable("no column has cells missing in some rows and filled in others")
    yield from (_measured(name, tie, asked.target) for name, tie in found if tie is not None)


def _measured(name: str, tie: Tie, target: str | None) -> Measured:
    inside = tie.missing_inside, tie.inside
    outside = tie.missing - tie.missing_inside, tie.rows - tie.inside
    a, b = inside[0] / inside[1], outside[0] / outside[1]
    interval = difference_of_shares(inside, outside)
    of_target = tie.group.partner == target
    return Measured(
        (name,),
        {
            "inside": Number(a, "share", f"share missing where {tie.group.words}, among {tie.rows:,} rows"),
            "outside": Number(b, "share", "share missing in the other rows"),
            "difference": Number(a - b, "share", "their difference", interval, 0.95),
            "before": Number(tie.share_before, "share", "share of that group among all rows"),
            "after": Number(tie.share_after, "share", "its share once the rows with a hole are dropped"),
            "shift": Number(tie.shift, "sd", "that change, in standard deviations of belonging to the group"),
            "missing": Number(tie.missing, "rows", "rows with a hole, among those where the partner is known"),
            "looked": Number(tie.looked / 2, "groups", "groups of rows that were looked at"),
            "of_target": Number(float(of_target), "1", "1 where the partner is the target, else 0"),
        },
        p=tie.corrected,
        words={
            "group": tie.group.words,
            "partner": quoted(tie.group.partner),
            "difference": f"{100 * (a - b):.3g} points (95 %: {100 * interval[0]:.3g} to {100 * interval[1]:.3g})",
            "before": shown(tie.share_before, "share"),
            "cure": _cure(name, tie.group.partner, of_target),
        },
    )


def _cure(name: str, partner: str, of_target: bool) -> str:
    keep = f"do not drop these rows; add a column that says where {quoted(name)} is missing"
    if of_target:
        return (
            f"{keep}, and ask whether {quoted(name)} is filled in before {quoted(partner)} is known: if after, drop it"
        )
    return f"{keep}, and fill it from {quoted(partner)} inside the pipeline"


@healthy
def holes_anywhere(rng: np.random.Generator) -> Example:
    x = np.where(rng.random(600) < 0.3, np.nan, rng.normal(size=600))
    y, z = rng.normal(size=600), rng.choice(["a", "b", "c"], 600)
    return Example({"x": x, "y": y, "z": z, "bought": rng.random(600) < 0.4}, target="bought")


@healthy
def a_trace_in_many_rows(rng: np.random.Generator) -> Example:
    bought = rng.permutation(40_000) < 20_000
    return Example(
        {"x": np.where(rng.random(40_000) < 0.1 + 0.02 * bought, np.nan, 1.0), "bought": bought}, target="bought"
    )


@sick
def holes_that_know_the_outcome(rng: np.random.Generator) -> Example:
    died = rng.random(1_000) < 0.4
    age = np.where(rng.random(1_000) < np.where(died, 0.5, 0.1), np.nan, rng.normal(50, 15, 1_000))
    return Example({"age": age, "dose": rng.normal(size=1_000), "died": died}, target="died")


@sick
def high_incomes_skip_a_question(rng: np.random.Generator) -> Example:
    income = rng.lognormal(10, 1, 1_500)
    savings = np.where(rng.random(1_500) < np.where(income > 40_000, 0.6, 0.05), np.nan, rng.normal(size=1_500))
    return Example({"income": income, "savings": savings})


@sick
def one_clinic_does_not_measure(rng: np.random.Generator) -> Example:
    clinic = rng.choice(["north", "south", "east"], 900, p=[0.2, 0.5, 0.3])
    lipids = np.where((clinic == "north") & (rng.random(900) < 0.9), np.nan, rng.normal(size=900))
    return Example({"clinic": clinic, "lipids": lipids, "risk": rng.normal(size=900)}, target="risk")


@fooled("silent", "incomes missing because they are high leave no trace in any other column")
def missing_for_its_own_value(rng: np.random.Generator) -> Example:
    income = rng.lognormal(10, 1, 800)
    return Example({"income": np.where(income > 40_000, np.nan, income), "height": rng.normal(170, 9, 800)})


@fooled("fires", "two slow drifts over the same days go together by chance: 800 days count as few")
def two_slow_drifts(rng: np.random.Generator) -> Example:
    day = np.arange(800)
    return Example({"sensor": np.where(day % 800 > 500, np.nan, 1.0), "price": np.cumsum(rng.normal(0.3, 1, 800))})


@harm(
    unit="standard deviations",
    at=0.1,
    because="The mean over the complete rows is then off by a tenth of a standard deviation, however many there are.",
)
def bias_of_the_complete_rows(example: Example, rng: np.random.Generator) -> float:
    """Largest distance of a full column's mean over the complete rows from that over all, in standard deviations."""
    columns = {k: np.asarray(v) for k, v in example.columns.items()}
    holed = np.any([np.isnan(v) for v in columns.values() if v.dtype.kind == "f"], axis=0)
    worst = 0.0
    for values in columns.values():
        if values.dtype.kind == "f" and np.isnan(values).any():
            continue
        levels = np.unique(values) if values.dtype.kind in "Ub" else [None]
        for level in levels:
            x = np.log(values - values.min() + 1) if level is None else (values == level).astype(float)
            worst = max(worst, float(abs(x[~holed].mean() - x.mean()) / x.std()))
    return worst
