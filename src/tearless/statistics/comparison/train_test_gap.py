"""Overfitting and underfitting with their uncertainty: the gap from training to test, and what knowing nothing gives.

No gap of a fixed size is "too large": 5 points are nothing on 40 test rows and much on 40,000. A model overfits as far
as its scores on fresh rows are told from those on the rows it was fitted to; it underfits where its scores on fresh
rows are not told from those of the most frequent class, or of the mean, which need no features at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.statistics.classification_scores import labels
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.means import compare_means_paired, compare_means_unpaired
from tearless.statistics.comparison.paired_proportions import PairedTable, compare_paired
from tearless.statistics.comparison.two_proportions import compare_unpaired
from tearless.statistics.estimate import Floats, of_one_length, plain


@dataclass(frozen=True, slots=True)
class NoInformation:
    """A model (B) beside a guess that uses no feature (A), on the same rows.

    Made by ``beats_majority`` and ``beats_mean``; ``difference`` is that of the two scores. ``guess`` is the class or
    the mean that A always gives, ``guess_score`` what that scores, ``model_score`` the model's: shares of right rows,
    or mean squared errors. ``beats``: the model is told to be better than the guess. ``from_training``: the guess was
    made without looking at these rows.
    """

    difference: Difference
    guess: Any
    guess_score: float
    model_score: float
    beats: bool
    from_training: bool


def train_test_gap(
    train: Any, test: Any, *, level: float = 0.95, bounds: tuple[float, float] | None = None
) -> Difference:
    """The mean score on test rows less that on training rows, with the interval of two samples of different rows.

    ``train`` (n,), ``test`` (m,): a score a row, from one model. Where all are 0 or 1 (wrong, right) it is the mid-p
    Fisher test with the score interval tied to it: right also where nearly all training rows are, of which the score
    test would make too much; else Welch's t, or, without any spread, the permutation of the rows. ``bounds``: the
    lowest and highest score there can be. Below 0 for scores and above 0 for losses is the side of overfitting. If the
    test rows were as familiar as the training rows, p is the chance of a gap at least this large. Scores that no single
    row has (an AUC) go through ``influence.unpaired_difference``. Raises ``InputError`` as these.

    >>> print(train_test_gap([1] * 60, [1] * 17 + [0] * 3))  # 3 wrong of 20, chance 20·19·18/(80·79·78), half of it
    -0.15 (-0.3809 to -0.0434), p = 0.00694 by Fisher's mid-p test
    """
    x, y = plain(train, "train"), plain(test, "test")
    if all(((v == 0) | (v == 1)).all() for v in (x, y)):
        return compare_unpaired(int(x.sum()), len(x), int(y.sum()), len(y), level, test="mid-p")
    return compare_means_unpaired(x, y, level=level, bounds=bounds)


def beats_majority(truth: Any, predicted: Any, *, training: Any = None, level: float = 0.95) -> NoInformation:
    """Whether predicted classes are right more often than one class given always: the most frequent of ``training``.

    ``truth``, ``predicted`` (n,), labels; ``training`` the classes of the rows the model was fitted to. Without it the
    most frequent class of ``truth`` is taken, which knows these rows and so is a little too good. The two are compared
    row by row: mid-p McNemar with the score interval tied to it. Raises ``InputError`` as ``labels``, for unequal
    lengths, and for labels of two kinds.

    >>> found = beats_majority([0] * 90 + [1] * 10, [0] * 100)
    >>> found.guess_score, found.model_score, found.beats  # 90 % right, and nothing learnt
    (0.9, 0.9, False)
    """
    y, p = labels(truth, "truth"), labels(predicted, "predicted")
    of_one_length(truth=y, predicted=p)
    known = y if training is None else labels(training, "training")
    for name, other in (("predicted", p), ("training", known)):
        if (y.dtype.kind in "OUS") != (other.dtype.kind in "OUS"):
            raise InputError(
                f"{name}: expected labels like those of truth, got {other.dtype} and {y.dtype}; use one kind"
            )
    classes, counts = np.unique(known, return_counts=True)
    guess = classes[int(np.argmax(counts))]
    by_guess, by_model = (y == guess), (y == p)
    found = compare_paired(PairedTable.of(by_guess.astype(np.int8), by_model.astype(np.int8)), level)
    beats = found.sure and found.estimate.value > 0
    scores = float(by_guess.mean()), float(by_model.mean())
    return NoInformation(found, guess.item() if hasattr(guess, "item") else guess, *scores, beats, training is not None)


def beats_mean(truth: Any, predicted: Any, *, training: Any = None, level: float = 0.95) -> NoInformation:
    """Whether predicted numbers have a smaller mean squared error than one number given always: the ``training`` mean.

    ``truth``, ``predicted`` (n,), finite; ``training`` the targets of the rows the model was fitted to. Without it the
    mean of ``truth`` is taken, which no one number beats on these rows: a little too good. The difference is that of
    the squared errors row by row, in the unit of y squared, below 0 where the model is better: paired t, or sign flips
    where all rows differ alike. Raises ``InputError`` as ``plain``, for unequal lengths, and for squares beyond 1e308.

    >>> found = beats_mean([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.1, 2.2, 2.9, 4.0, 5.2, 5.9])
    >>> found.guess, round(found.guess_score, 4), round(found.model_score, 4)
    (3.5, 2.9167, 0.0183)
    """
    y, p = plain(truth, "truth"), plain(predicted, "predicted")
    of_one_length(truth=y, predicted=p)
    guess = float(np.mean(y if training is None else plain(training, "training")))
    by_guess, by_model = _squares(y, guess), _squares(y, p)
    found = compare_means_paired(by_guess, by_model, method="t", level=level)
    beats = found.sure and found.estimate.value < 0
    return NoInformation(found, guess, float(by_guess.mean()), float(by_model.mean()), beats, training is not None)


def _squares(y: Floats, p: Floats | float) -> Floats:
    with np.errstate(over="ignore"):
        out: Floats = (y - p) ** 2
    if not np.isfinite(out).all():
        raise InputError("truth, predicted: expected errors whose squares are finite, got larger; divide both first")
    return out
