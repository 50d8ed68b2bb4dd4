"""This model does worse on fresh rows than on those it was fitted to, beyond what chance explains.

## What it measures
The score on the training rows less that on the test rows (share of right classes, or mean squared error) with its
interval, as a part of what the model learnt: its training score above that of one class, or one number, given always.

## Why it matters
What was learnt of single rows is gone on the next ones. The training score promises it all the same, and whoever
chooses models by it chooses the one that remembers best.

## The mathematics
Training and test rows are different rows, so the gap has the interval of two samples: by the score test tied to
Fisher's mid-p where rows are right or wrong, by Welch's t for squared errors. A gap of fixed size says nothing: 5
points are chance on 40 test rows and certain on 40,000. Judged is the end of the interval that is nearer to 0, over the
training score less the guess's: what of the learning is surely gone.

## When it is wrong
Models that remember their rows (nearest neighbours, forests of full trees) are right on all of them and may still be
the best there are: the loss is real, but regularising them need not help. Test rows from another time or place lose
without any overfitting.

## What to do
Report the test score alone. Then shrink the model (stronger penalty, shallower trees, fewer epochs) or give it more
rows, and keep what does better on rows that neither training nor choosing has seen.

## References
T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, 2nd edition (2009), chapter 7.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import (
    Example,
    InputError,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    OfTest,
    Severity,
    fooled,
    healthy,
    rows_shuffled,
    sick,
)
from tearless.core.number import shown
from tearless.probability.predictions import Predictions
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.pictures import gap_to_fresh_rows
from tearless.statistics.comparison.predicted_rows import PredictedRows, alike, predicted_rows
from tearless.statistics.comparison.train_test_gap import train_test_gap
from tearless.statistics.comparison.words import counted

MEND = Mend.values
picture = gap_to_fresh_rows
SAME_UNDER = (rows_shuffled,)

CERTAIN = Limit(
    of="q",
    at=0.01,
    unit="chance",
    kind="calibrated",
    false_alarms=0.01,
    crossed="below",
    because="A model whose rows are all alike to it shows such a gap in one of a hundred pairs of tables.",
)
SOME_GONE = Limit(
    of="surely_lost",
    at=0.05,
    unit="share",
    kind="convention",
    severity=Severity.note,
    because="Less than a twentieth of what was learnt is lost by any flexible model, and only large tables show it.",
)
MUCH_GONE = Limit(
    of="surely_lost",
    at=0.25,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A quarter of what the training score promises is then gone for sure: the nearer end of the interval says "
    "so, which few rows widen. No theorem singles out the number.",
)

HEADLINE = "{metric} {train_said} on training rows, {test_said} on test rows: {lost} of what was learnt is gone"
EVIDENCE = "{surely_lost} at least, of what is above {guess_said}; {rows_said}"
WHY = "the training score promises what fresh rows do not keep: on them expect {test_said}"
DO = (
    "report the test score alone; try a stronger penalty, a smaller model, fewer epochs or more rows, and choose by "
    "rows that were not trained on"
)


def measure(train: Predictions, test: OfTest[Predictions]) -> Iterator[Measured]:
    seen, fresh = predicted_rows(train), predicted_rows(test)
    alike(seen, fresh)
    try:
        gap = train_test_gap(seen.scores, fresh.scores)
    except InputError as why:
        raise NotApplicable(str(why)) from None
    guess, guess_said = _guess(seen)
    sign = -1.0 if seen.kind == "classes" else 1.0
    learnt = sign * (guess - float(seen.scores.mean()))
    yield _measured(seen, fresh, gap, sign, learnt, guess_said)


def _guess(rows: PredictedRows) -> tuple[float, str]:
    """What one class, or one number, given always scores on the training rows."""
    if rows.kind == "numbers":
        value = float(rows.truth.var())
        return value, f"the mean's error of {shown(math.sqrt(value))}"
    _, counts = np.unique(rows.truth.astype(str), return_counts=True)
    value = float(counts.max() / counts.sum())
    return value, f"the frequent class's {shown(value, 'share')}"


def _measured(
    seen: PredictedRows, fresh: PredictedRows, gap: Difference, sign: float, learnt: float, guess_said: str
) -> Measured:
    e = gap.estimate
    near = e.high if sign < 0 else e.low
    sure = max(0.0, sign * near / learnt) if learnt > 0 and math.isfinite(near) else 0.0
    values = float(seen.scores.mean()), float(fresh.scores.mean())
    unit, metric = ("share", "accuracy") if sign < 0 else ("1", "root mean squared error")
    said = [shown(x, unit) if sign < 0 else shown(math.sqrt(x)) for x in values]
    ends = (e.low, e.high) if math.isfinite(e.low) and math.isfinite(e.high) else None
    return Measured(
        (),
        {
            "train": Number(values[0], unit, "share right, or mean squared error, on training rows"),
            "test": Number(values[1], unit, "the same on test rows"),
            "gap": Number(e.value, unit, "test less training", ends, e.level if ends else None),
            "lost": Number(sign * e.value / learnt if learnt > 0 else 0.0, "share", "gap over what was learnt"),
            "surely_lost": Number(sure, "share", "the same by the near end of the interval"),
            "rows": Number(len(seen.truth), "rows", "training rows"),
            "test_rows": Number(len(fresh.truth), "rows", "test rows"),
        },
        p=gap.p,
        words={
            "metric": metric,
            "train_said": said[0],
            "test_said": said[1],
            "guess_said": guess_said,
            "rows_said": f"{counted(len(seen.truth), 'training row')}, {counted(len(fresh.truth), 'test row')}",
        },
    )


def _classes(rng: np.random.Generator, rows: int, right: float) -> dict[str, NDArray[Any]]:
    truth = rng.permutation(np.repeat(["no", "yes"], [rows // 2, rows - rows // 2]))
    wrong = rng.permutation(rows) >= round(rows * right)
    return {"truth": truth, "predicted": np.where(wrong, np.where(truth == "no", "yes", "no"), truth)}


def _both(rng: np.random.Generator, rows: int, train: float, fresh: int, test: float) -> Example:
    return Example(_classes(rng, rows, train), test=_classes(rng, fresh, test))


def _numbers(rng: np.random.Generator, rows: int, spread: float) -> dict[str, NDArray[Any]]:
    truth = rng.normal(size=rows) * 10
    return {"truth": truth, "predicted": truth + rng.normal(size=rows) * spread}


@healthy
def as_good_on_fresh_rows(rng: np.random.Generator) -> Example:
    truth = rng.random(600) < 0.85
    draws = {"truth": np.array(["yes"] * 600), "predicted": np.where(truth, "yes", "no")}
    half = rng.permutation(600) < 300
    flip = np.arange(600) % 2 == 0
    for name in draws:
        draws[name] = np.where(flip, np.where(draws[name] == "yes", "no", "yes"), draws[name])
    return Example({k: v[half] for k, v in draws.items()}, test={k: v[~half] for k, v in draws.items()})


@healthy
def ten_points_on_forty_rows(rng: np.random.Generator) -> Example:
    return _both(rng, 200, 0.95, 40, 0.85)


@healthy
def a_point_on_many_rows(rng: np.random.Generator) -> Example:
    return _both(rng, 40_000, 0.91, 40_000, 0.90)


@healthy
def errors_alike(rng: np.random.Generator) -> Example:
    return Example(_numbers(rng, 500, 4.0), test=_numbers(rng, 300, 4.0))


@sick
def right_on_all_it_has_seen(rng: np.random.Generator) -> Example:
    return _both(rng, 400, 1.0, 200, 0.7)


@sick
def errors_four_times_as_large(rng: np.random.Generator) -> Example:
    return Example(_numbers(rng, 300, 2.0), test=_numbers(rng, 200, 8.0))


@sick
def a_tenth_of_it_gone(rng: np.random.Generator) -> Example:
    return _both(rng, 3000, 1.0, 3000, 0.94)


@fooled("fires", "the test rows are of another year, and a model without any memory of single rows loses as much")
def another_year(rng: np.random.Generator) -> Example:
    return _both(rng, 2000, 0.85, 1000, 0.68)


@fooled("silent", "thirty test rows do not show that a quarter of the learning is gone")
def too_few_test_rows(rng: np.random.Generator) -> Example:
    return _both(rng, 200, 0.95, 30, 0.83)
