"""This model scores 0 or 100 %, the same on every row, or exactly as another does: there is nothing to compare.

## What it measures
For each model whether all rows have one score, and whether that is the best there is; for each pair whether both have
the same score in every row.

## Why it matters
A score of 0 % is mostly a fault on the way: answers cut off, labels of another kind, a column of the wrong name. One of
100 % is a leak or a test set that has become too easy: it cannot show a better model any more. Two models that agree in
every row, errors included, are mostly one file read twice.

## The mathematics
A model that is right three times in four gets 11 rows all right in 4 % of trials, and by guessing one of four all wrong
as often. After n rows all right the true share may still be as low as 1 − 3/n, with 95 % confidence (the rule of
three). Two models that err independently on a share e of n rows agree in all of them with a chance below
(1 − 2e(1 − e))ⁿ.

## When it is wrong
On few rows, or on tasks that a model truly does or does not do, such scores are honest. Small changes of a model (a new
format, other weights of the same answers) leave all classes as they were.

## What to do
Read a few rows of the file by eye: the answer, the truth, the score. Where all is right look for answers in the prompt
or in the training data, and take a harder test set; where two agree check the paths.

## References
J. A. Hanley, A. Lippman-Hand, *If nothing goes wrong, is everything all right?*, JAMA 249 (1983), 1743-1745.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, quoted, rows_shuffled, sick
from tearless.core.number import shown
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.facts import Comparison, Pair
from tearless.statistics.comparison.metrics import METRICS
from tearless.statistics.comparison.words import counted, title
from tearless.statistics.estimate import Estimate

MEND = Mend.values
SAME_UNDER = (rows_shuffled,)

ENOUGH_ROWS = Limit(
    of="rows",
    at=11,
    unit="rows",
    kind="convention",
    because="A model that is right three times in four gets ten rows all right in 5.6 % of trials, eleven in 4.2 %: "
    "below, one score in all rows is no news.",
)
NOTHING_TELLS = Limit(
    of="alike",
    at=1,
    unit="1",
    kind="derived",
    because="One row that differs is news already, and the comparison says how much.",
)
AT_THE_TOP = Limit(
    of="room",
    at=1,
    crossed="below",
    unit="share",
    kind="derived",
    severity=Severity.note,
    because="A model that is right everywhere may be as good as that: it is worth knowing that no better one can show "
    "itself here.",
)
BELOW_THE_TOP = Limit(
    of="room",
    at=1e-12,
    unit="share",
    kind="derived",
    severity=Severity.warning,
    because="Where scores could be better and all rows still say the same, something other than the model makes them.",
)

HEADLINE = "{what}"
EVIDENCE = "{rows} rows; {evidence}"
WHY = "{why}"
DO = "{do}"


def measure(found: Comparison) -> Iterator[Measured]:
    constant = {}
    for name in found.plan.models:
        e = found.value_of(name)
        ends = _ends(found, e)
        constant[name] = ends is not None
        room = 0.0 if ends == "top" else 1.0
        yield _measured((name,), found.rows, float(ends is not None), room, _of_model(found, name, ends))
    for pair in found.pairs:
        e = pair.difference.estimate
        same = pair.disagree == (0, 0) or (e.value == 0 and e.standard_error == 0)
        alike = float(same and not constant[pair.a])
        yield _measured((pair.b,), pair.rows, alike, 1.0, _of_pair(found, pair))


def _measured(subject: tuple[str, ...], rows: int, alike: float, room: float, words: dict[str, str]) -> Measured:
    numbers = {
        "rows": Number(rows, "rows", "rows compared"),
        "alike": Number(alike, "1", "1 where all rows say the same, else 0"),
        "room": Number(room, "share", "0 where the score is the best there is, else 1"),
    }
    return Measured(subject, numbers, words=words)


def _ends(found: Comparison, e: Estimate) -> str | None:
    """``top`` or ``bottom`` at an end of the scale, ``constant`` for one score in all rows, ``None`` for the rest."""
    known = METRICS.get(found.metric)
    if found.unit == "share" and e.value in (0.0, 1.0):
        return "top" if (e.value == 1) != found.lower_is_better else "bottom"
    if known is not None:
        best = 1.0 if known.larger_is_better else 0.0
        return "top" if e.value == best else None
    return "constant" if e.standard_error == 0 and found.unit != "share" else None


def _of_model(found: Comparison, name: str, ends: str | None) -> dict[str, str]:
    who, value, rows = quoted(name), shown(found.value_of(name).value, found.unit), counted(found.rows, "row")
    low = found.value_of(name).low
    if ends == "top":
        return {
            "what": f"{who} has {title(found.metric)} {value} on {rows}: no better model could show itself here",
            "evidence": f"its true value may still be {shown(low, found.unit)}"
            if found.unit == "share" and not found.lower_is_better
            else "all of them the best there is",
            "why": "a full score comes from a test set that is too easy, or from answers that the model has seen",
            "do": "look for these items in the training data or the prompt, and take a harder test set",
        }
    if ends == "bottom":
        return {
            "what": f"{who} has {title(found.metric)} {value} on {rows}, which guessing seldom gives",
            "evidence": "not one is better",
            "why": "a score of nothing mostly comes from the way to it: answers cut off, or labels of another kind",
            "do": f"read some rows of {who} by eye, answer beside truth: spelling, spaces, kind, column",
        }
    return {
        "what": f"{who} has the same score, {value}, in all of {rows}",
        "evidence": "not one differs",
        "why": "a score that never changes does not come from the items: a default, or a column of the wrong name",
        "do": f"read some rows of {who} by eye, and name the column of the scores with --score",
    }


def _of_pair(found: Comparison, pair: Pair) -> dict[str, str]:
    """What is the same is said and no more: predictions that no metric looks at may differ."""
    a, b, rows = quoted(pair.a), quoted(pair.b), counted(pair.rows, "row")
    value = f"both have {title(found.metric)} {shown(found.value_of(pair.b).value, found.unit)}"
    if pair.disagree == (0, 0):
        return {
            "what": f"{b} and {a} are right on just the same of {rows}, and wrong on the same",
            "evidence": value,
            "why": "two models seldom err on just the same items: this is mostly one file read twice, or a change that "
            "never took effect",
            "do": f"check that {b} and {a} are results of two models, and compare scores with more grades than right "
            "and wrong",
        }
    one = "group" if found.design is Design.clusters else found.noun.removesuffix("s")
    return {
        "what": f"no {one} tells {b} from {a} by {title(found.metric)}, of {rows}",
        "evidence": value,
        "why": "two models seldom agree so far: this is mostly one file read twice, a change that never took effect, "
        "or one that this metric does not look at",
        "do": f"check that {b} and {a} are results of two models, and compare them by a metric that sees more of each "
        "row",
    }


def _pair(old: list[int], new: list[int]) -> Example:
    return Example({"old": np.array(old), "new": np.array(new)})


@healthy
def some_right_some_wrong(rng: np.random.Generator) -> Example:
    return _pair([1] * 70 + [0] * 30, [1] * 66 + [0] * 4 + [1] * 9 + [0] * 21)


@healthy
def ten_rows_all_right(rng: np.random.Generator) -> Example:
    return _pair([1] * 10, [1] * 9 + [0])


@healthy
def graded_scores(rng: np.random.Generator) -> Example:
    return Example({"old": rng.random(50), "new": rng.random(50)})


@sick
def nothing_right(rng: np.random.Generator) -> Example:
    return _pair([1] * 40 + [0] * 20, [0] * 60)


@sick
def everything_right(rng: np.random.Generator) -> Example:
    return _pair([1] * 55 + [0] * 5, [1] * 60)


@sick
def one_file_twice(rng: np.random.Generator) -> Example:
    right = [int(x) for x in rng.permutation([1] * 80 + [0] * 20)]
    return _pair(right, right)


@sick
def one_score_everywhere(rng: np.random.Generator) -> Example:
    return Example({"old": rng.random(50), "new": np.full(50, 0.5)})


@fooled("fires", "a change of the format alone leaves every answer as it was, rightly")
def a_change_without_effect(rng: np.random.Generator) -> Example:
    return _pair([1] * 30 + [0] * 10, [1] * 30 + [0] * 10)


@fooled("silent", "a leak that spares one row in a hundred scores 99 %, which is no end of the scale")
def nearly_everything_right(rng: np.random.Generator) -> Example:
    return _pair([1] * 80 + [0] * 20, [1] * 99 + [0])
