"""This difference of two models is within the reach of chance.

## What it measures
The difference of the metric, its interval, and the chance of a difference at least as large between two models that are
equally good: by the test that fits the design (the report says which), corrected by Holm's method where several models
are compared with one.

## Why it matters
Two equally good models never score the same. Whoever keeps the one that scored higher after each such comparison keeps
what luck gave, and the gain is gone on the next test set.

## The mathematics
A test of level α calls equal models different in at most α of trials. The interval at level 1 − α holds all true
differences that the same test does not reject: here 0 is among them. Holm compares the i-th smallest of k chances with
α/(k − i + 1), so that all k verdicts together err in at most α of trials.

## When it is wrong
A difference within the reach of chance is no proof that the models are equal; a real but small one hides in a small
test set. And of equal models one pair in twenty is called different. Where a margin was asked about and the data settle
it, nothing is said.

## What to do
Treat the models as equal and keep the cheaper or the simpler one; or test on more items, as many as the report says; or
ask with a margin whether one is no worse than the other.

## References
S. Holm, *A simple sequentially rejective multiple test procedure*, Scandinavian Journal of Statistics 6 (1979), 65-70.
D. G. Altman, J. M. Bland, *Absence of evidence is not evidence of absence*, BMJ 311 (1995), 485.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, quoted, rows_shuffled, sick
from tearless.core.number import shown
from tearless.statistics.comparison.facts import Comparison, Pair
from tearless.statistics.comparison.pictures import one_difference
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.words import chance, counted, gap, title

MEND = Mend.source
picture = one_difference
SAME_UNDER = (rows_shuffled,)
SAME = 1e-12
"""Values that differ by less than this part of themselves are equal: rounding parts them."""

SEEN = Limit(
    of="size",
    at=sys.float_info.min,
    unit="metric",
    kind="derived",
    because="Where both have the same value nobody takes one for better, and there is no difference to call noise.",
)
OPEN = Limit(
    of="answered",
    at=0,
    unit="1",
    kind="derived",
    crossed="below",
    because="Who asked whether one is no worse by a margin, and got an answer, asked for no difference from 0.",
)
BY_CHANCE = Limit(
    of="p",
    at=lambda alpha: math.nextafter(alpha, 1.0),
    unit="chance",
    kind="derived",
    severity=Severity.warning,
    because="Above 1 less the level that was asked for, the interval of the difference holds 0: equal models do this.",
)

HEADLINE = "{b} against {a}: {difference} of {metric} is within the reach of chance ({p_said})"
EVIDENCE = "{values}; the true difference may lie {reach}"
WHY = "equally good models differ by as much or more in {p} of such comparisons, so that this is no reason to switch"
DO = "{do}"


def measure(found: Comparison) -> Iterator[Measured]:
    answered = [against.verdict != "undecided" for against in found.against_margin]
    for i, pair in enumerate(found.pairs):
        e = pair.difference.estimate
        of_a, of_b = (found.value_of(name).value for name in (pair.a, pair.b))
        size = abs(e.value) if abs(e.value) > SAME * max(abs(of_a), abs(of_b)) else 0.0
        ends = (e.low, e.high) if math.isfinite(e.low) and math.isfinite(e.high) else None
        yield Measured(
            (pair.b,),
            {
                "p": Number(pair.corrected_p, "chance", "of such a difference between equally good models"),
                "alpha": Number(1 - found.plan.level, "chance", "the error that was asked for"),
                "size": Number(size, found.unit, f"size of the difference of {found.metric}, 0 where rounding made it"),
                "difference": Number(e.value, found.unit, "the second model's value less the first's", ends, e.level),
                "answered": Number(bool(answered) and answered[i], "1", "1 where the margin asked about is settled"),
                "rows": Number(pair.rows, "rows", "rows that the difference rests on"),
            },
            words={
                "a": quoted(pair.a),
                "b": quoted(pair.b),
                "metric": title(found.metric),
                "difference": f"{'+' if e.value > 0 else ''}{gap(e.value, found.unit)}",
                "p_said": chance(pair.corrected_p) + (", corrected" if pair.adjusted_p is not None else ""),
                "values": f"{quoted(pair.a)} has {shown(of_a, found.unit)}, {quoted(pair.b)} {shown(of_b, found.unit)}",
                "reach": f"from {gap(e.low, found.unit)} to {gap(e.high, found.unit)}" if ends else "anywhere",
                "do": _do(found, pair),
            },
        )


def _do(found: Comparison, pair: Pair) -> str:
    keep = "keep the simpler or the cheaper model"
    if pair.needed is None:
        return f"{keep}, or test both on more {found.noun}"
    more = counted(max(1, pair.needed - pair.rows), f"more {found.noun.removesuffix('s')}")
    return f"{keep}, or test both on about {more}: so many would show a difference like this one in 80 % of trials"


def _models(both: int, only_a: int, only_b: int, neither: int, **plan: float) -> Example:
    a = np.repeat([1, 1, 0, 0], [both, only_a, only_b, neither])
    b = np.repeat([1, 0, 1, 0], [both, only_a, only_b, neither])
    return Example({"old": a, "new": b}, options={"plan": Plan(("old", "new"), **plan)})  # type: ignore[arg-type]


@healthy
def forty_fixed_and_ten_broken(rng: np.random.Generator) -> Example:
    return _models(400, 10, 40, 50)


@healthy
def as_many_fixed_as_broken(rng: np.random.Generator) -> Example:
    return _models(80, 5, 5, 10)


@healthy
def no_worse_than_asked(rng: np.random.Generator) -> Example:
    return _models(1900, 20, 22, 58, margin=0.02)


@sick
def three_more_of_twenty(rng: np.random.Generator) -> Example:
    return _models(14, 0, 3, 3)


@sick
def half_a_point_of_a_loss(rng: np.random.Generator) -> Example:
    base = rng.gamma(2.0, 1.0, 60)
    noise = rng.normal(size=60)
    return Example({"old": base, "new": base + 0.5 * (noise - noise.mean()) + 0.02})


@fooled("fires", "a real gain of three points hides in a hundred items: no test could tell it from luck there")
def a_real_gain_on_few_items(rng: np.random.Generator) -> Example:
    return _models(80, 4, 7, 9)


@fooled("silent", "of equal models one pair in twenty differs so much by luck, and nothing in its rows tells that")
def equal_models_and_luck(rng: np.random.Generator) -> Example:
    return _models(80, 2, 10, 8)
