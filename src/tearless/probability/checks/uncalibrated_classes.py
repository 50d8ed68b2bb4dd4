"""This class gets probabilities that are not the shares in which it comes.

## What it measures
For each class (the positive one of two), taken against all others: the expected calibration error in 15 bins of equally
many rows, with the sampling noise of the bins taken off, and the chance of so large an error if every probability of
this class were honest.

## Why it matters
A model can be right about how sure it is of its answers and wrong about single classes: one gets too much, another too
little, and on average it cancels. Whoever acts on the probability of one class (this patient has the disease, this
message is spam) meets that class's error, not the average.

## The mathematics
ECEₖ = Σ nᵦ/n |share of class k in bin b − mean of pₖ there|. An honest model has an error above 0 too; its distribution
is computed from the number of rows of the class in each bin, which is Poisson-binomial given the probabilities, and the
chance is taken from it. The size has the expected noise of each bin taken off (the bias of a normal share).

## When it is wrong
Errors that cancel inside a bin are not seen. A class that hardly comes can be off by a large factor and by little in
points: beside the points the limit of the note is a tenth of the class's own share.

## What to do
Mend all classes at once by vector scaling, or each against the rest (beta, isotonic where there are thousands of rows),
judged on rows that the mending was not fitted to: `tearless calibrate`. Look at the class itself: labels mixed up with
another class, or another share in training.

## References
J. Vaicenavicius et al., *Evaluating model calibration in classification*, AISTATS 2019. M. Kull et al., *Beyond
temperature scaling: obtaining well-calibrated multi-class probabilities with Dirichlet calibration*, NeurIPS 2019. J.
Bröcker, *Estimating reliability and resolution of probability forecasts through decomposition of the empirical score*,
Climate Dynamics 39 (2012).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, quoted, rows_shuffled, sick
from tearless.probability.calibration.calibration_error import calibration_error
from tearless.probability.calibration.pictures import of_class
from tearless.probability.predictions import OF_CLASS, Predictions

MEND = Mend.values
picture = of_class
SAME_UNDER = (rows_shuffled,)
SYMPTOM_OF = ("base-rate-shift", "overconfident", "underconfident")
MOST_CELLS = 1_000_000
LEAST_ROWS = 2_000
MOST_CLASSES = 100

CERTAIN = Limit(
    of="q",
    at=0.01,
    crossed="below",
    unit="share",
    kind="calibrated",
    false_alarms=0.01,
    because="Honest probabilities have such an error once in a hundred findings; the chance is computed from the "
    "bins' own counts and corrected for all classes.",
)
NOTABLE = Limit(
    of="error",
    at=lambda share: min(0.02, max(0.001, 0.1 * min(share, 1 - share))),
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="Two points, or a tenth of the class's own share where it is rare: a class that comes once in a "
    "hundred rows is told wrong at a tenth of a point.",
)
LARGE = Limit(
    of="error",
    at=0.03,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Three points on average over all rows, also those where this class is out of the question: several "
    "times that where it is not.",
)

HEADLINE = "{class} is off by {points} on average: said {said}, came {share}"
EVIDENCE = "calibration error {value} in {bins} bins; honest probabilities show {honest} (up to {usual}) on {rows} rows"
WHY = "who acts on the probability of this class alone meets its own error, even where the classes cancel on average"
DO = "mend the classes by vector scaling or each against the rest with `tearless calibrate`; look for mixed-up labels"


def measure(found: Predictions, rng: np.random.Generator) -> Iterator[Measured]:
    classes = found.classes
    y, p, k = classes.y, classes.p, len(classes.names)
    most = max(LEAST_ROWS, MOST_CELLS // k)
    if len(y) > most:
        some = rng.choice(len(y), most, replace=False)
        y, p = y[some], p[some]
    which = [1] if k == 2 else np.argsort(-p.mean(axis=0), kind="stable")[:MOST_CLASSES].tolist()
    for i in which:
        error = calibration_error(y == i, p[:, i])
        numbers = {
            "error": Number(
                error.debiased, "share", "calibration error of this class, the noise of the bins taken off"
            ),
            "value": Number(error.value, "share", "calibration error of this class"),
            "honest": Number(error.if_calibrated, "share", "the same, on average, of honest probabilities"),
            "usual": Number(error.usual_to, "share", "what honest probabilities rarely exceed"),
            "share": Number(float((y == i).mean()), "share", "rows of this class"),
            "said": Number(float(p[:, i].mean()), "share", "mean probability of this class"),
            "bins": Number(float(error.bins), "bins", "bins of equally many rows"),
            "rows": Number(float(len(y)), "rows", "rows looked at"),
        }
        words = {"class": quoted(classes.names[i]), "points": f"{100 * error.debiased:.3g} points"}
        yield Measured((OF_CLASS + classes.names[i],), numbers, p=error.p, words=words)


def _classes(p: NDArray[np.float64], said: NDArray[np.float64], rng: np.random.Generator) -> Example:
    y = (p.cumsum(axis=1) < rng.random((len(p), 1))).sum(axis=1).clip(0, p.shape[1] - 1)
    names = [f"class {k}" for k in range(p.shape[1])]
    return Example(
        {"truth": np.array(names)[y], **{f"probability of {name}": said[:, k] for k, name in enumerate(names)}}
    )


def _shares(n: int, k: int, rng: np.random.Generator) -> NDArray[np.float64]:
    p = np.exp(2 * rng.normal(size=(n, k)))
    return np.asarray(p / p.sum(axis=1, keepdims=True))


@healthy
def honest(rng: np.random.Generator) -> Example:
    p = _shares(2_000, 5, rng)
    return _classes(p, p, rng)


@healthy
def honest_few(rng: np.random.Generator) -> Example:
    p = _shares(60, 3, rng)
    return _classes(p, p, rng)


@healthy
def certain_but_tiny(rng: np.random.Generator) -> Example:
    p = _shares(150_000, 3, rng)
    said = p * np.array([1.03, 1.0, 1.0])
    return _classes(p, said / said.sum(axis=1, keepdims=True), rng)


@sick
def two_mixed_up(rng: np.random.Generator) -> Example:
    p = _shares(2_000, 5, rng)
    said = p.copy()
    said[:, [0, 1]] = 0.6 * p[:, [0, 1]] + 0.4 * p[:, [1, 0]]
    return _classes(p, said, rng)


@sick
def a_rare_class_doubled(rng: np.random.Generator) -> Example:
    z = rng.normal(size=(20_000, 3)) + np.array([0.0, 0.0, -4.0])
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    said = p * np.array([1.0, 1.0, 2.0])
    return _classes(p, said / said.sum(axis=1, keepdims=True), rng)


@sick
def a_bent_curve(rng: np.random.Generator) -> Example:
    p = expit(2 * rng.normal(size=3_000))
    return Example({"truth": (rng.random(3_000) < p**2).astype(int), "probability": p})


@fooled("silent", "sixty rows: luck could have done the same")
def too_few(rng: np.random.Generator) -> Example:
    p = _shares(60, 3, rng)
    said = 0.8 * p + 0.2 * p[:, [1, 0, 2]]
    return _classes(p, said, rng)
