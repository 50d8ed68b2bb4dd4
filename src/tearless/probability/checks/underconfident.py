"""This model is under-confident: its probabilities lie too far from 0 and 1.

## What it measures
By what its log-odds must be multiplied to fit what came: above 1 they are too near 0. For two classes that is the slope
of Cox's line, its intercept free; for more, one over the temperature. The size is the mean change of the probabilities
once that is mended.

## Why it matters
The model knows more than it says. Rows that could be decided are handed on, alarms that are sure look doubtful, and the
log loss is paid for modesty. Averages of many trees or models, strong smoothing and label smoothing make it so.

## The mathematics
logit P(y = 1) = a + b·logit p, b by greatest likelihood; p is honest where a = 0 and b = 1. The chance is that of the
likelihood ratio of b = 1, 2(ℓ(a, b) − ℓ(a, 1)), by F with 1 and m − 1 degrees of freedom, m the rows of the rarer
class. Chances beyond 1/(2n + 2) count as that: n rows cannot tell them from 0. For k classes softmax(b·ln p).

## When it is wrong
Judged on rows that the model was trained on, where it is right more often than it will be, any honest model looks
under-confident. A map too sharp at one end and too flat at the other, or for one group and not for another, may have
b = 1.

## What to do
Divide the log-odds by the temperature (below 1), or fit Platt's or the beta curve, on rows not used for training;
`tearless calibrate` judges them on rows that they were not fitted to. Make sure first that these are not the training
rows.

## References
D. R. Cox, *Two further applications of a model for binary regression*, Biometrika 45 (1958), 562-565. A.
Niculescu-Mizil and R. Caruana, *Predicting good probabilities with supervised learning*, ICML 2005.
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
    because="Luck alone makes honest probabilities look too flat half the time. With q at most 1 % at most one "
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
    because="Ten points on average: what the model knows is hidden from whoever acts on its probabilities.",
)

HEADLINE = "the probabilities are too unsure: off by {points} on average over {rows} rows"
EVIDENCE = (
    "the log-odds fit what came once multiplied by {factor}{kept}; said {said} on average, right in {right} of "
    "{rows} rows"
)
WHY = (
    "the model knows more than it says: rows that could be decided are handed on, and the log loss is higher than"
    " it need be"
)
DO = (
    "let `tearless calibrate` choose a temperature or another mending and keep it, once it is sure that these "
    "rows are not those of training"
)


def measure(found: Confidence) -> Iterator[Measured]:
    yield found.measured(over=False)


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
    return _table(2 * rng.normal(size=150_000), 0.97, rng)


@healthy
def over_confident(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=2_000), 1.6, rng)


@healthy
def another_base_rate(rng: np.random.Generator) -> Example:
    z = 2 * rng.normal(size=3_000)
    example = _table(z, 1.0, rng)
    return Example({"truth": example.columns["truth"], "probability": expit(z + 1)})


@sick
def slightly(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=60_000), 0.91, rng)


@sick
def clearly(rng: np.random.Generator) -> Example:
    return _table(2 * rng.normal(size=3_000), 0.6, rng)


@sick
def grossly(rng: np.random.Generator) -> Example:
    return _table(3.0 * rng.normal(size=2_000), 0.3, rng)


@sick
def over_classes(rng: np.random.Generator) -> Example:
    return _classes(3_000, 0.6, rng)


@fooled("silent", "thirty rows are too few: luck could have done the same")
def thirty_rows(rng: np.random.Generator) -> Example:
    return _table(rng.normal(size=30), 0.7, rng)


@fooled("silent", "one group is over-confident, the other as much under-confident: on average nothing is seen")
def two_groups(rng: np.random.Generator) -> Example:
    z = 1.5 * rng.normal(size=4_000)
    factor = np.where(np.arange(4_000) % 2 == 0, 1.3, 0.773)
    return Example({"truth": (rng.random(4_000) < expit(z)).astype(int), "probability": expit(factor * z)})
