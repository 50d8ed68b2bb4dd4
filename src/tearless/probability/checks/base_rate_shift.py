"""This class comes in another share than the probabilities say.

## What it measures
For each class (the positive one of two) the share of rows in which it came beside its mean probability; and, where
other rows are given, its share there: counted, or without their truth estimated from the probabilities.

## Why it matters
A model learns how frequent each class is. Where that differs (another hospital, another season, classes balanced for
training) every probability is off the same way, however well the model tells rows apart: of what is flagged at 50 % in
rows where the class is a hundred times rarer, hardly any is real.

## The mathematics
If only the shares π change and not what rows of a class look like, the right odds are the old odds times
(π′/(1 − π′))/(π/(1 − π)): one factor for all rows (Elkan, theorem 2). The chance of a total so far from Σp is exact for
honest probabilities up to 1,024 rows (Poisson-binomial), the score test's above. Without truth the share of greatest
likelihood is found (Saerens), and the chance is that of the normal, with the doubt about both shares.

## When it is wrong
A difference of shares is a fact, that only the shares changed is not: if rows of a class look different now, the factor
mends the total and not the rows. The share estimated without truth is only as good as the probabilities are honest.

## What to do
Multiply the odds by the factor, that is add its logarithm to the log-odds (Platt's curve does so), or give the right
shares: `tearless calibrate --prevalence`. If training was balanced on purpose, undo it so.

## References
C. Elkan, *The foundations of cost-sensitive learning*, IJCAI 2001, theorem 2. M. Saerens, P. Latinne and C.
Decaestecker, *Adjusting the outputs of a classifier to new a priori probabilities*, Neural Computation 14 (2002),
21-41.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from tearless.core import (
    Example,
    Limit,
    Measured,
    Mend,
    Number,
    OfTest,
    Severity,
    fooled,
    healthy,
    quoted,
    rows_shuffled,
    sick,
)
from tearless.probability.calibration.calibration_tests import in_the_large
from tearless.probability.calibration.pictures import share_of_class
from tearless.probability.predictions import OF_CLASS, Classes, Predictions
from tearless.probability.shares_elsewhere import shares_elsewhere

MEND = Mend.source
picture = share_of_class
SAME_UNDER = (rows_shuffled,)
MOST_CLASSES = 100

CERTAIN = Limit(
    of="q",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="The total of honest probabilities strays so far once in a hundred findings, corrected for all classes.",
)
NOTABLE = Limit(
    of="factor",
    at=1.15,
    unit="1",
    kind="convention",
    severity=Severity.note,
    because="Odds off by 15 % are three and a half points at even chances; at a million rows far smaller factors "
    "are certain.",
)
LARGE = Limit(
    of="factor",
    at=1.5,
    unit="1",
    kind="convention",
    severity=Severity.warning,
    because="Odds off by half: an even chance is told as 60 %, and every cut-off chosen by cost stands in the "
    "wrong place.",
)

HEADLINE = "{class} {what}: every odds of it is off by a factor of {factor}"
EVIDENCE = "{share} beside {expected}, {rows} rows"
WHY = "the model counts on another share of {class}, so that all its probabilities are off the same way"
DO = (
    "multiply the odds of {class} by {multiply}, or let `tearless calibrate` fit Platt's curve; see why the share"
    " differs"
)


def measure(found: Predictions, other: OfTest[Predictions] | None) -> Iterator[Measured]:
    classes = found.classes
    y, p, k = classes.y, classes.p, len(classes.names)
    which = [1] if k == 2 else np.argsort(-p.mean(axis=0), kind="stable")[:MOST_CLASSES].tolist()
    for i in which:
        told = in_the_large(y == i, p[:, i])
        share, expected = float((y == i).mean()), float(p[:, i].mean())
        words = f"came in {_percent(share)} of the rows, {_percent(expected)} was said on average"
        yield _measured(classes.names[i], share, expected, len(y), told.test.p, words)
    if other is not None:
        yield from _elsewhere(classes, other)


def _elsewhere(classes: Classes, other: Predictions) -> Iterator[Measured]:
    """The shares in other rows, beside those in these."""
    n, k = len(classes.y), len(classes.names)
    old = np.bincount(classes.y, minlength=k) / n
    there = shares_elsewhere(classes, other)
    for i in [1] if k == 2 else range(min(k, MOST_CLASSES)):
        share, here = float(there.shares[i]), float(old[i])
        spread = math.sqrt(float(there.errors[i]) ** 2 + here * (1 - here) / n)
        chance = max(2 * float(ndtr(-abs(share - here) / spread)), 1e-300) if spread > 0 else 1.0
        words = f"is {'' if there.counted else 'put at '}{_percent(share)} of the other rows, {_percent(here)} of these"
        yield _measured(classes.names[i], share, here, there.rows, chance, words)


def _measured(name: str, share: float, expected: float, rows: int, chance: float, what: str) -> Measured:
    """The factor is that of the odds, half a row added on either side so that it is finite."""
    came, said = (_odds(s, rows) for s in (share, expected))
    numbers = {
        "factor": Number(max(came / said, said / came), "1", "by what the odds are off, upwards or downwards"),
        "multiply": Number(came / said, "1", "what the odds must be multiplied by"),
        "share": Number(share, "share", "rows of this class"),
        "expected": Number(expected, "share", "rows of this class that the model counts on"),
        "rows": Number(float(rows), "rows", "rows looked at"),
    }
    return Measured((OF_CLASS + name,), numbers, p=chance, words={"class": quoted(name), "what": what})


def _odds(share: float, rows: int) -> float:
    return (share * rows + 0.5) / ((1 - share) * rows + 0.5)


def _percent(share: float) -> str:
    return str(Number(share, "share", ""))


def _table(z: NDArray[np.float64], shift: float, rng: np.random.Generator) -> Example:
    return Example({"truth": (rng.random(len(z)) < expit(z)).astype(int), "probability": expit(z + shift)})


@healthy
def honest(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=500), 0.0, rng)


@healthy
def honest_few(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=40) - 1, 0.0, rng)


@healthy
def certain_but_tiny(rng: np.random.Generator) -> Example:
    return _table(rng.normal(size=200_000), 0.05, rng)


@healthy
def two_alike(rng: np.random.Generator) -> Example:
    first, second = (_table(2 * rng.normal(size=600), 0.0, rng) for _ in range(2))
    return Example(first.columns, test={"probability": second.columns["probability"]})


@sick
def a_little(rng: np.random.Generator) -> Example:
    return _table(rng.normal(size=20_000), 0.25, rng)


@sick
def balanced_for_training(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=2_000) - 3, 3.0, rng)


@sick
def fewer_elsewhere(rng: np.random.Generator) -> Example:
    first = _table(2 * rng.normal(size=3_000), 0.0, rng)
    p = expit(first.columns["probability"] * 0)
    y = rng.random(3_000) < 0.1
    z = np.where(y, 2.0, -2.0) + 2 * rng.normal(size=3_000)
    known = rng.random(3_000) < p
    z_first = np.where(known, 2.0, -2.0) + 2 * rng.normal(size=3_000)
    return Example({"truth": known.astype(int), "probability": expit(z_first)}, test={"probability": expit(z)})


@fooled("silent", "forty rows: luck could have done the same")
def too_few(rng: np.random.Generator) -> Example:
    return _table(rng.normal(size=40), 0.6, rng)


@fooled("fires", "rows whose outcomes go together (one patient many times) stray further than independent ones")
def one_patient_many_times(rng: np.random.Generator) -> Example:
    z = np.repeat(rng.normal(size=6), 100)
    truth = np.repeat([1, 1, 1, 1, 1, 0], 100)
    return Example({"truth": truth, "probability": expit(z)})
