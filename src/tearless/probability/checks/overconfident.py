"""This model is over-confident: its probabilities lie too near 0 and 1.

## What it measures
By what its log-odds must be multiplied to fit what came: below 1 they are too far from 0. For two classes that is the
slope of Cox's line, its intercept free, so that a wrong base rate is not taken for confidence; for more, one over the
temperature. The size is the mean change of the probabilities once that is mended.

## Why it matters
Whoever acts at 99 % and is right 90 times in 100 makes ten times the mistakes he allowed for. Thresholds, expected
costs, ensembles and hand-overs to a human all take the probabilities at their word.

## The mathematics
logit P(y = 1) = a + b·logit p, b by greatest likelihood; p is honest where a = 0 and b = 1. The chance is that of the
likelihood ratio of b = 1, 2(ℓ(a, b) − ℓ(a, 1)), by F with 1 and m − 1 degrees of freedom, m the rows of the rarer
class. Chances beyond 1/(2n + 2) count as that: n rows cannot tell them from 0. For k classes softmax(b·ln p).

## When it is wrong
A map that is too sharp at one end and too flat at the other, or for one group and not for another, may have b = 1.
Judged on rows that the model was trained on, it says nothing about new ones: there even a hopeless model looks sure.

## What to do
Divide the log-odds by the temperature, or fit Platt's or the beta curve, on rows not used for training; `tearless
calibrate` judges them on rows that they were not fitted to. In training: early stopping, weight decay, label smoothing,
an average of several models.

## References
D. R. Cox, *Two further applications of a model for binary regression*, Biometrika 45 (1958), 562-565. C. Guo, G.
Pleiss, Y. Sun and K. Q. Weinberger, *On calibration of modern neural networks*, ICML 2017, section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tearless.core import Example, Limit, Measured, Mend, Severity, fooled, healthy, rows_shuffled, sick
from tearless.probability.calibration.pictures import sureness
from tearless.probability.calibration.sharpness import drawn_classes, drawn_outcomes
from tearless.probability.facts import Confidence

MEND = Mend.values
picture = sureness
SAME_UNDER = (rows_shuffled,)

CERTAIN = Limit(
    of="q",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="Luck alone makes honest probabilities look too sharp half the time. With q at most 1 % at most one "
    "such finding in a hundred is luck; the chance is that of F, which is careful with few rows.",
)
NOTABLE = Limit(
    of="error",
    at=0.01,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="One point on average is what a reader of rounded percents can notice; at a million rows far smaller "
    "errors are certain and change nothing.",
)
LARGE = Limit(
    of="error",
    at=0.02,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Two points on average, and several where the model is neither sure nor at a loss: enough to move "
    "rows over a cut-off. What a wrong chance costs grows with the square of the error.",
)
GROSS = Limit(
    of="error",
    at=0.1,
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="Ten points on average: what is called nearly certain fails every few times.",
)

HEADLINE = "the probabilities are too sure: off by {points} on average over {rows} rows"
EVIDENCE = (
    "the log-odds fit what came once multiplied by {factor}{kept}; said {said} on average, right in {right} of "
    "{rows} rows"
)
WHY = (
    "thresholds, expected costs and hand-overs to a human take these probabilities at their word: mistakes come "
    "oftener than they allow for"
)
DO = "let `tearless calibrate` choose a temperature or another mending, judged on rows not used to fit it, and keep it"


def measure(found: Confidence) -> Iterator[Measured]:
    yield found.measured(over=True)


def _table(z: NDArray[np.float64], factor: float, rng: np.random.Generator) -> Example:
    return Example(dict(zip(("truth", "probability"), drawn_outcomes(z, factor, rng), strict=True)))


def _classes(n: int, factor: float, rng: np.random.Generator) -> Example:
    y, p = drawn_classes(2 * rng.normal(size=(n, 4)), factor, rng)
    return Example({"truth": y.astype(str), **{f"probability of {k}": p[:, k] for k in range(4)}})


@healthy
def honest_few(rng: np.random.Generator) -> Example:
    return _table(1.5 * rng.normal(size=80), 1.0, rng)


@healthy
def honest_many(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=20_000), 1.0, rng)


@healthy
def honest_classes(rng: np.random.Generator) -> Example:
    return _classes(1_000, 1.0, rng)


@healthy
def certain_but_tiny(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=150_000), 1.03, rng)


@healthy
def under_confident(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=2_000), 0.6, rng)


@healthy
def another_base_rate(rng: np.random.Generator) -> Example:
    z = 2 * rng.normal(size=3_000)
    example = _table(z, 1.0, rng)
    return Example({"truth": example.columns["truth"], "probability": expit(z + 1)})


@sick
def slightly(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=60_000), 1.1, rng)


@sick
def clearly(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=3_000), 1.6, rng)


@sick
def grossly(rng: np.random.Generator) -> Example:
    return _table(0.8 * rng.normal(size=2_000), 4.0, rng)


@sick
def over_classes(rng: np.random.Generator) -> Example:
    return _classes(3_000, 1.6, rng)


@fooled("silent", "thirty rows are too few: luck could have done the same")
def thirty_rows(rng: np.random.Generator) -> Example:
    return _table(rng.normal(size=30), 1.5, rng)


@fooled("silent", "one group is over-confident, the other as much under-confident: on average nothing is seen")
def two_groups(rng: np.random.Generator) -> Example:
    z = 1.5 * rng.normal(size=4_000)
    factor = np.where(np.arange(4_000) % 2 == 0, 1.3, 0.773)
    return Example({"truth": (rng.random(4_000) < expit(z)).astype(int), "probability": expit(factor * z)})
