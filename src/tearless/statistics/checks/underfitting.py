"""This model is hardly better than one class, or one number, given always: even on rows that it was fitted to.

## What it measures
On the training and on the test rows: how much better the model is than the most frequent class (or the mean) of the
training rows, as a share of the way from there to perfect, with the interval of that.

## Why it matters
A constant needs no features, no training and no upkeep. A model that does not beat it on its own training rows has
learnt nothing, however good its score sounds: 95 % is what a constant has where one class fills 95 % of the rows.

## The mathematics
Model and guess answer the same rows, so the gain has a paired interval: Tango's score where rows are right or wrong,
Student's t for squared errors. Divided by what the guess leaves open (1 less its accuracy, or its mean squared error)
it is 0 for the guess and 1 for a perfect model; for squared errors that is R².

## When it is wrong
Where the features say little, no model can do better, and the guess is the right answer. With a rare class a useful
model may rank well and still never predict it: look at its probabilities then.

## What to do
Look for a fault first: features shuffled against targets, a learning rate that diverged, inputs not scaled. Then a
larger model, a weaker penalty, longer training, better features.

## References
T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning*, 2nd edition (2009), chapter 7. T. Tango,
*Equivalence test and confidence interval for the difference in proportions for the paired-sample design*, Statistics in
Medicine 17 (1998), 891-908.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import (
    CannotTell,
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
    quoted,
    rows_shuffled,
    sick,
)
from tearless.core.number import shown
from tearless.probability.predictions import Predictions
from tearless.statistics.comparison.pictures import way_to_perfect
from tearless.statistics.comparison.predicted_rows import PredictedRows, alike, predicted_rows
from tearless.statistics.comparison.train_test_gap import NoInformation, beats_majority, beats_mean

MEND = Mend.values
picture = way_to_perfect
SAME_UNDER = (rows_shuffled,)

LITTLE = Limit(
    of="train_most",
    at=0.1,
    unit="share",
    kind="convention",
    crossed="below",
    severity=Severity.warning,
    because="Even the upper end of the interval leaves nine tenths of the way to go, on rows that the model knows. Few "
    "rows have wide intervals, which reach above. No theorem singles out the number.",
)
NOT_TOLD_TRAIN = Limit(
    of="train_least",
    at=0,
    unit="share",
    kind="derived",
    crossed="below",
    severity=Severity.note,
    because="At 0 the model is as good as the guess, and the interval reaches there: the two are not told apart.",
)
NOT_TOLD_TEST = Limit(
    of="test_least",
    at=0,
    unit="share",
    kind="derived",
    crossed="below",
    severity=Severity.note,
    because="At 0 the model is as good as the guess, and on fresh rows too the two are not told apart.",
)

HEADLINE = "on its own training rows the model gets {model_said}, always saying {guess} gets {guess_said}"
EVIDENCE = (
    "of the way from that to perfect it goes {train_least} to {train_most} on training rows, "
    "{test_least} to {test_most} on test rows"
)
WHY = "a model that hardly beats one answer given always has learnt next to nothing from the features"
DO = (
    "check that features and targets belong to the same rows and that training ran to its end; then try a larger "
    "model, a weaker penalty or better features"
)


def measure(train: Predictions, test: OfTest[Predictions]) -> Iterator[Measured]:
    seen, fresh = predicted_rows(train), predicted_rows(test)
    alike(seen, fresh)
    own, later = _against_guess(seen, seen), _against_guess(fresh, seen)
    (least, most), (test_least, test_most) = _way(own, seen), _way(later, fresh)
    classes = seen.kind == "classes"
    said = [
        shown(x, "share") if classes else f"an error of {shown(math.sqrt(x))}"
        for x in (own.model_score, own.guess_score)
    ]
    yield Measured(
        (),
        {
            "train_least": Number(least, "share", "of the way from guess to perfect, training rows, lower end"),
            "train_most": Number(most, "share", "the same, upper end"),
            "test_least": Number(test_least, "share", "the same on test rows, lower end"),
            "test_most": Number(test_most, "share", "the same on test rows, upper end"),
            "rows": Number(len(seen.truth), "rows", "training rows"),
            "test_rows": Number(len(fresh.truth), "rows", "test rows"),
        },
        words={
            "model_said": said[0],
            "guess_said": said[1],
            "guess": quoted(str(own.guess)) if classes else shown(float(own.guess)),
        },
    )


def _against_guess(rows: PredictedRows, training: PredictedRows) -> NoInformation:
    beats = beats_majority if rows.kind == "classes" else beats_mean
    try:
        return beats(rows.truth, rows.predicted, training=training.truth)
    except InputError as why:
        raise CannotTell(str(why)) from None


def _way(found: NoInformation, rows: PredictedRows) -> tuple[float, float]:
    """The interval of the gain over what the guess leaves open. Raises ``NotApplicable`` where it leaves nothing."""
    classes = rows.kind == "classes"
    room = 1 - found.guess_score if classes else found.guess_score
    if not room > 0:
        raise NotApplicable("all rows have one truth, which a constant gets right")
    e = found.difference.estimate
    low, high = (e.low, e.high) if classes else (-e.high, -e.low)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise CannotTell("so few rows set no bound on the gain")
    return low / room, high / room


def _rows(rng: np.random.Generator, rows: int, yes: float, found: float, alarms: float) -> dict[str, NDArray[Any]]:
    """So many ``yes``, of which the model finds a share, with a share of false alarms among the others."""
    many = round(rows * yes)
    truth = np.repeat(["yes", "no"], [many, rows - many])
    said = np.concatenate(
        [np.arange(many) < round(found * many), np.arange(rows - many) < round(alarms * (rows - many))]
    )
    order = rng.permutation(rows)
    return {"truth": truth[order], "predicted": np.where(said, "yes", "no")[order]}


@healthy
def it_learnt_well(rng: np.random.Generator) -> Example:
    return Example(_rows(rng, 400, 0.4, 0.85, 0.1), test=_rows(rng, 200, 0.4, 0.8, 0.1))


@healthy
def learnt_but_lost_on_fresh_rows(rng: np.random.Generator) -> Example:
    return Example(_rows(rng, 400, 0.4, 1.0, 0.0), test=_rows(rng, 200, 0.4, 0.4, 0.4))


@healthy
def few_rows_half_of_the_way(rng: np.random.Generator) -> Example:
    return Example(_rows(rng, 30, 0.5, 0.9, 0.1), test=_rows(rng, 20, 0.5, 0.8, 0.2))


@healthy
def not_sure_in_training_but_on_many_test_rows(rng: np.random.Generator) -> Example:
    return Example(_rows(rng, 20, 0.5, 0.7, 0.3), test=_rows(rng, 2000, 0.5, 0.7, 0.3))


@sick
def always_the_frequent_class(rng: np.random.Generator) -> Example:
    return Example(_rows(rng, 1000, 0.05, 0.0, 0.0), test=_rows(rng, 300, 0.05, 0.0, 0.0))


@sick
def not_told_from_a_coin(rng: np.random.Generator) -> Example:
    return Example(_rows(rng, 60, 0.5, 0.55, 0.45), test=_rows(rng, 40, 0.5, 0.5, 0.5))


@sick
def a_trace_on_many_rows(rng: np.random.Generator) -> Example:
    def numbers(rows: int) -> dict[str, NDArray[Any]]:
        truth = rng.normal(size=rows)
        return {"truth": truth, "predicted": 0.02 * truth}

    return Example(numbers(20_000), test=numbers(5_000))


@fooled("fires", "the features say nothing about the target, and no model could do better than the guess")
def nothing_to_learn(rng: np.random.Generator) -> Example:
    return Example(_rows(rng, 2000, 0.3, 0.0, 0.0), test=_rows(rng, 500, 0.3, 0.0, 0.0))


@fooled("silent", "a good model would be right nearly always here, and half of that looks like learning")
def half_of_what_could_be(rng: np.random.Generator) -> Example:
    return Example(_rows(rng, 1000, 0.5, 0.7, 0.2), test=_rows(rng, 300, 0.5, 0.7, 0.2))
