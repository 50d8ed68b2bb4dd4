"""Too sharp or too flat: by what the log-odds must be multiplied, with the chance that nothing is wrong with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tearless.calculus.exponentials import log_softmax, sigmoid, softmax
from tearless.core import InputError
from tearless.probability.calibration.calibration_tests import CalibrationTest
from tearless.probability.calibration.forecasts import Floats, Interval, class_outcomes, confidence, logit, outcomes
from tearless.probability.calibration.logistic_fit import logistic_fit, platt_targets
from tearless.probability.calibration.temperature_scaling import fit_temperature


@dataclass(frozen=True, slots=True)
class Sharpness:
    """What the log-odds must be multiplied by: below 1 the model is over-confident, above 1 under-confident.

    ``factor`` has Wald's interval; its ends are infinite where the outcomes are told apart without error. ``error`` is
    by how much the probabilities change on average if that is done: of the positive class, or of the likeliest of
    many. ``test`` is the likelihood ratio of a factor of 1, whatever the base rate. What ``sharpness`` returns.
    """

    factor: Interval
    error: float
    test: CalibrationTest


def sharpness(y: Any, p: Any, *, level: float = 0.95) -> Sharpness:
    """The factor of greatest likelihood for ``y`` (n,) of 0 and 1 and ``p`` (n,), or class numbers and ``p`` (n, k).

    Two classes: the slope of Cox's line, the intercept free, so that a wrong base rate is not taken for confidence
    (D. R. Cox, *Two further applications of a model for binary regression*, Biometrika 45, 1958, 562-565). More: the
    inverse temperature. n rows cannot tell chances beyond 1/(2n + 2) from 0: those count as that, or one impossible row
    would decide alone. The chance is that of F with 1 and m − 1 degrees of freedom, m the rows of the rarer class (of
    many: all), a χ² that is careful with few rows. Raises ``InputError`` where one class came, or all probabilities
    are alike, and as ``forecasts.outcomes``.

    Said 0.9 and 0.1 (odds 9 and 1/9), 3 of 4 came as said (odds 3 = 9^0.5).

    >>> told = sharpness([1, 1, 1, 0] * 9 + [0, 0, 0, 1] * 9, [0.9] * 36 + [0.1] * 36)
    >>> round(told.factor.value, 6), round(told.error, 6), told.test.p < 0.01
    (0.5, 0.15, True)
    """
    confidence(level)
    if np.ndim(p) == 2 and np.shape(p)[1] > 2:
        return _of_many(*class_outcomes(y, p), level)
    if np.ndim(p) == 2:
        codes, said = class_outcomes(y, p)
        return _of_two(codes.astype(np.float64), said[:, 1], level)
    return _of_two(*outcomes(y, p), level)


def _of_two(came: Floats, said: Floats, level: float) -> Sharpness:
    kept = np.clip(said, _least(len(said)), 1 - _least(len(said)))
    z = logit(kept)
    if len(np.unique(came)) < 2:
        raise InputError("y: expected both outcomes, got one; how sharp probabilities are shows where both came")
    if np.ptp(z) <= 1e-12:
        raise InputError("p: expected two or more different probabilities, got one; there is no slope")
    x = np.column_stack([z, np.ones(len(z))])
    fit, plain = logistic_fit(x, came), logistic_fit(x[:, [1]], came, offset=z)
    ratio = 2 * max(0.0, plain.loss - fit.loss)
    shown = fit if fit.finite else logistic_fit(x, platt_targets(came))
    error = math.sqrt(max(0.0, float(np.linalg.pinv(shown.curvature)[0, 0]))) if fit.finite else math.inf
    value = float(shown.weights[0])
    rarer = int(min(came.sum(), len(came) - came.sum()))
    centred = np.asarray(sigmoid(value * z + shown.weights[1])) - np.asarray(sigmoid(z + float(plain.weights[0])))
    return Sharpness(_wald(value, error, level), float(np.abs(centred).mean()), _test(ratio, rarer - 1, "Cox's slope"))


def _of_many(came: Any, said: Floats, level: float) -> Sharpness:
    kept = np.maximum(said, _least(len(said)))
    kept = kept / kept.sum(axis=1, keepdims=True)
    if np.ptp(kept) <= 1e-12:
        raise InputError("p: expected two or more different probabilities, got one; there is no temperature")
    factor = fit_temperature(came, kept).sharpness
    logs, rows = np.log(kept), np.arange(len(came))
    after = np.asarray(log_softmax(factor * logs))
    ratio = 2 * max(0.0, float((after[rows, came] - logs[rows, came]).sum()))
    q = np.asarray(softmax(factor * logs))
    mean = (q * logs).sum(axis=1, keepdims=True)
    bend = float((q * (logs - mean) ** 2).sum())
    error = 1 / math.sqrt(bend) if bend > 1e-9 * len(came) else math.inf
    best = kept.argmax(axis=1)
    moved = float(np.abs(q[rows, best] - kept[rows, best]).mean())
    return Sharpness(_wald(factor, error, level), moved, _test(ratio, len(came) - 1, "the temperature"))


def _wald(value: float, error: float, level: float) -> Interval:
    half = float(-special.ndtri((1 - level) / 2)) * error
    return Interval(value, value - half, value + half, level)


def _test(ratio: float, freedom: int, name: str) -> CalibrationTest:
    chance = max(float(special.fdtrc(1, max(1, freedom), ratio)), float(np.finfo(np.float64).tiny))
    return CalibrationTest(ratio, chance, f"likelihood ratio of {name}")


def _least(rows: int) -> float:
    return 1 / (2 * rows + 2)


def drawn_outcomes(z: Floats, factor: Any, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """Outcomes of true log-odds z (n,), and the probabilities of a model whose log-odds are ``factor`` times too large.

    ``factor`` broadcasts over the rows. For examples and simulations: the sharpness of such a model is 1/factor.

    >>> y, p = drawn_outcomes(np.array([0.0, 50.0]), 2.0, np.random.default_rng(0))
    >>> int(y[1]), p.tolist()
    (1, [0.5, 1.0])
    """
    return (rng.random(len(z)) < special.expit(z)).astype(np.int64), special.expit(factor * z)


def drawn_classes(z: Floats, factor: float, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """The same for k classes: numbers of the class that came (n,), probabilities (n, k), from logits z (n, k).

    >>> y, p = drawn_classes(np.array([[0.0, 50.0]]), 1.0, np.random.default_rng(0))
    >>> y.tolist(), p.round(9).tolist()
    ([1], [[0.0, 1.0]])
    """
    true = special.softmax(z, axis=1)
    y = (true.cumsum(axis=1) < rng.random((len(z), 1))).sum(axis=1).clip(0, z.shape[1] - 1)
    return y.astype(np.int64), special.softmax(factor * z, axis=1)
