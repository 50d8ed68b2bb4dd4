"""This comparison counts scores as independent that are not: folds, runs, or several answers to one item.

## What it measures
Whether columns say that rows are folds or runs, or that one item has several rows, while the rows are taken for
independent items. Where no column says what a row is: how many rows there are, and of how many right-or-wrong answers
each score would be the mean by its spread.

## Why it matters
Scores of folds share most of their training rows, and runs on one test set share its items: they err together, so that
ten of them tell far less than ten independent ones. Tests that do not know this find differences everywhere: by the
formula below the paired t test calls equal models different in 15 of 100 cases over ten splits of nine to one, and in
60 over thirty splits of two to one.

## The mathematics
With correlation ρ between scores the variance of their mean is σ²(1/k + ρ(k − 1)/k), not σ²/k. Nadeau and Bengio put
ρ = n_test/(n_test + n_train), which makes the factor 1/k + n_test/n_train: over ten splits of nine to one the
error doubles nearly (√(1/10 + 1/9) against √(1/10)). A mean of t answers that are right with chance m has variance
m(1 − m)/t, so a score of spread s stands for about m(1 − m)/s² answers.

## When it is wrong
Few graded items whose scores hardly spread (similarities of 50 texts) look like folds. A score of folds that spreads
much, as on tiny test sets, looks like items.

## What to do
Name the column of the folds with --fold (and --repeat), of the runs with --seeds, of the items with --item; better,
compare the predictions of all folds item by item.

## References
C. Nadeau, Y. Bengio, *Inference for the generalization error*, Machine Learning 52 (2003), 239-281. T. G. Dietterich,
*Approximate statistical tests for comparing supervised classification learning algorithms*, Neural Computation 10
(1998), 1895-1923.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, quoted, rows_shuffled, sick
from tearless.core.number import shown
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.facts import Comparison, Items
from tearless.statistics.comparison.hidden_dependence import answers_behind, said_dependent
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.estimate import Floats

MEND = Mend.source
SAME_UNDER = (rows_shuffled,)

SAID = Limit(
    of="known",
    at=1,
    unit="1",
    kind="derived",
    severity=Severity.error,
    because="Rows that a column shows to be folds, runs or answers to one item are not independent, and p and interval "
    "of the test for independent items are wrong then.",
)
NAMELESS = Limit(
    of="nameless",
    at=1,
    unit="1",
    kind="derived",
    severity=Severity.warning,
    because="Where a column or the user says what a row is, there is no need to guess from the numbers.",
)
STEADY = Limit(
    of="answers",
    at=20,
    unit="answers",
    kind="convention",
    severity=Severity.warning,
    because="The score of one item spreads like one to ten answers; that of a fold like its test rows, which are "
    "seldom below 20. No theorem singles out the number.",
)
FEW = Limit(
    of="rows",
    at=100,
    unit="rows",
    kind="convention",
    severity=Severity.warning,
    crossed="below",
    because="Ten repeats of ten folds are about the most that anybody runs; test sets of single items are larger.",
)

HEADLINE = "{what}"
EVIDENCE = "{rows} rows; {evidence}"
WHY = "{why}"
DO = "{do}"


def measure(items: Items, found: Comparison) -> Iterator[Measured]:
    known = said_dependent(items.frame, found)
    plan = found.plan
    named = (plan.item, plan.design, plan.cluster, plan.fold, plan.repeat, plan.seed, plan.data_set)
    nameless = found.design is Design.items and not plan.truth and not any(named)
    answers = min(
        (a for a in (answers_behind(items.frame[name]) for name in plan.models) if a is not None), default=None
    )
    yield Measured(
        (),
        {
            "known": Number(bool(known), "1", "1 where a column says that rows are not independent, else 0"),
            "nameless": Number(nameless, "1", "1 where nothing says what a row is, else 0"),
            "answers": Number(answers, "answers", "right-or-wrong answers whose mean would spread as a score does"),
            "rows": Number(found.rows, "rows", "rows compared"),
        },
        words=_words(known, found, answers),
    )


def _words(known: str, found: Comparison, answers: float | None) -> dict[str, str]:
    if known:
        return {
            "what": f"rows are compared as if each were independent news, and {known}",
            "evidence": known,
            "why": "such scores err together, so that p is too small, the interval too narrow, and equal models are "
            "called different far too often",
            "do": f"leave out --design {quoted(str(found.design))}: the design that the columns show is then used"
            if found.plan.design is not None
            else f"say --cluster {quoted(str(found.plan.item))}: rows of one item are then taken together",
        }
    return {
        "what": f"{found.rows:,} scores without a name of their rows look like scores of folds or runs, not of items",
        "evidence": f"each score spreads as the mean of {shown(answers)} right-or-wrong answers would"
        if answers is not None
        else "their spread says nothing",
        "why": "folds and runs share rows and err together: taken for items they make p too small and the interval "
        "too narrow",
        "do": "name their column: --fold (and --repeat) for folds, --seeds for runs, --item where each is an item "
        "after all; or say --design folds",
    }


def _of_folds(rng: np.random.Generator, k: int, rows: int, gain: float) -> tuple[Floats, Floats]:
    base = rng.binomial(rows, 0.8, k)
    return base / rows, np.minimum(base + rng.binomial(rows, gain, k), rows) / rows


@healthy
def right_or_wrong(rng: np.random.Generator) -> Example:
    return Example({"old": rng.integers(0, 2, 60), "new": rng.integers(0, 2, 60)})


@healthy
def graded_items(rng: np.random.Generator) -> Example:
    return Example({"old": rng.beta(2, 2, 60), "new": rng.beta(2, 2, 60)})


@healthy
def steady_scores_of_many_rows(rng: np.random.Generator) -> Example:
    return Example({"old": rng.beta(200, 50, 600), "new": rng.beta(200, 50, 600)})


@healthy
def folds_that_are_named(rng: np.random.Generator) -> Example:
    old, new = _of_folds(rng, 10, 100, 0.03)
    return Example({"old": old, "new": new, "f": np.arange(10)}, options={"plan": Plan(("old", "new"), fold="f")})


@healthy
def items_numbered_anew_in_each_task(rng: np.random.Generator) -> Example:
    right = {name: rng.integers(0, 2, 90) for name in ("old", "new")}
    columns = {**right, "question": np.tile(np.arange(30), 3), "exam": np.repeat(["law", "art", "sea"], 30)}
    return Example(columns, options={"plan": Plan(("old", "new"), item="question", data_set="exam")})


@sick
def ten_folds_without_a_name(rng: np.random.Generator) -> Example:
    old, new = _of_folds(rng, 10, 100, 0.03)
    return Example({"old": old, "new": new})


@sick
def folds_declared_items(rng: np.random.Generator) -> Example:
    old, new = _of_folds(rng, 10, 100, 0.03)
    plan = Plan(("old", "new"), fold="f", design="items")
    return Example({"old": old, "new": new, "f": np.arange(10)}, options={"plan": plan})


@sick
def five_answers_to_each_item(rng: np.random.Generator) -> Example:
    right = {name: rng.integers(0, 2, 100) for name in ("old", "new")}
    columns = {**right, "question": np.repeat(np.arange(20), 5), "run": np.tile(np.arange(5), 20)}
    plan = Plan(("old", "new"), item="question", seed="run", design="items")
    return Example(columns, options={"plan": plan})


@fooled("fires", "similarities of forty texts hardly spread, as if each were a mean of many answers")
def similarities_of_texts(rng: np.random.Generator) -> Example:
    return Example({"old": rng.beta(80, 20, 40), "new": rng.beta(84, 20, 40)})


@fooled("silent", "folds with ten test rows each spread so much that they look like graded items")
def folds_of_ten_rows(rng: np.random.Generator) -> Example:
    old, new = np.tile([0.6, 0.7, 0.9, 1.0], 3), np.tile([0.7, 0.7, 1.0, 0.8], 3)
    return Example({"old": old, "new": new})
