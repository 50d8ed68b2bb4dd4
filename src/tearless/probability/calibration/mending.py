"""The recalibrations by name, judged on rows that they were not fitted to, kept as JSON and read again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy import special

from tearless.core import InputError, quoted
from tearless.linear_algebra.arrays import whole
from tearless.probability.calibration.beta_calibration import Beta, fit_beta
from tearless.probability.calibration.calibrator import FORMAT, Calibrator, number, numbers
from tearless.probability.calibration.forecasts import (
    LEAST,
    Floats,
    Indices,
    Interval,
    class_outcomes,
    confidence,
    outcomes,
)
from tearless.probability.calibration.isotonic import Isotonic, fit_isotonic
from tearless.probability.calibration.one_against_rest import OneAgainstRest, fit_one_against_rest
from tearless.probability.calibration.platt import Platt, fit_platt
from tearless.probability.calibration.score_parts import log_losses, squared_losses
from tearless.probability.calibration.temperature_scaling import Temperature, fit_temperature
from tearless.probability.calibration.vector_scaling import VectorScaling, fit_vector

Method = Literal["temperature", "platt", "isotonic", "beta", "vector"]
"""Temperature: one number, any classes. Platt 2, beta 3 numbers, isotonic any rising map: two classes, or each class
against the rest. Vector: two numbers a class, three classes or more."""
Fit = Callable[[Any, Any], Calibrator]
_FITS: dict[Method, Fit] = {
    "temperature": fit_temperature,
    "platt": fit_platt,
    "isotonic": fit_isotonic,
    "beta": fit_beta,
    "vector": fit_vector,
}


@dataclass(frozen=True, slots=True, eq=False)
class CrossFitted:
    """Each row mended by a calibrator that never saw it, and what each row cost before and after.

    ``mended`` has the shape of the probabilities, (n,) for two classes; ``fold`` (n,) says which rows were held out
    together. Log losses in nats, Brier as (p − y)² for two classes and Σₖ(pₖ − yₖ)² for more: all (n,).
    ``calibrator`` is fitted to all rows.
    ``log_spread`` and ``brier_spread`` are the variance that a row's gain has if the mended probabilities, moved a row
    of each class towards even, are right: what the rows would show had every outcome come.

    >>> told = cross_fit([1, 1, 1, 0] * 50, [0.9] * 200, "temperature")  # said 9 to 1, came 3 to 1
    >>> round(told.calibrator.sharpness, 6), told.mended.shape, told.log_gain().low > 0
    (0.5, (200,), True)
    """

    calibrator: Calibrator
    mended: Floats
    fold: Indices
    log_before: Floats
    log_after: Floats
    brier_before: Floats
    brier_after: Floats
    log_spread: float
    brier_spread: float

    def log_gain(self, level: float = 0.95) -> Interval:
        """By how many nats the mean log loss falls; above 0 is better."""
        return paired_gain(self.log_before, self.log_after, -math.log(LEAST), level, self.log_spread)

    def brier_gain(self, level: float = 0.95) -> Interval:
        """By how much the mean Brier score falls; above 0 is better."""
        return paired_gain(
            self.brier_before, self.brier_after, 1.0 if self.mended.ndim == 1 else 2.0, level, self.brier_spread
        )


def fit_calibrator(y: Any, p: Any, method: Method) -> Calibrator:
    """The calibrator of this name for ``y`` (n,) of 0/1 and ``p`` (n,), or class numbers and ``p`` (n, k).

    Platt, isotonic and beta mend many classes one against the rest. Raises ``InputError`` for other names, and as the
    methods do.

    >>> fit_calibrator([1, 1, 1, 0], [0.9, 0.9, 0.9, 0.9], "temperature").apply([0.9]).round(6).tolist()
    [0.75]
    """
    if method not in get_args(Method):
        raise InputError(f"method: expected one of {', '.join(get_args(Method))}, got {method!r}; choose one of them")
    if np.ndim(p) == 2 and np.shape(p)[1] == 2 and method != "vector":
        came, said = class_outcomes(y, p)
        return _FITS[method](came, said[:, 1])
    if np.ndim(p) == 2 and method not in ("temperature", "vector"):
        return fit_one_against_rest(y, p, _FITS[method])
    return _FITS[method](y, p)


def cross_fit(y: Any, p: Any, method: Method, *, folds: int = 5, seed: int = 0) -> CrossFitted:
    """Mend every row by a calibrator fitted to the other folds, so that it can be judged honestly.

    Folds are drawn by ``seed`` with each outcome spread evenly over them; at most as many as rows. Shapes and errors as
    ``fit_calibrator``; ``InputError`` for fewer than 2 rows or folds.

    >>> rng = np.random.default_rng(0)
    >>> p = rng.random(400)
    >>> y = rng.random(400) < p
    >>> told = cross_fit(y, p**3 / (p**3 + (1 - p) ** 3), "temperature")  # log-odds three times too far from 0
    >>> told.log_gain().low > 0, round(told.calibrator.temperature)
    (True, 3)
    """
    came: Any
    came, said = class_outcomes(y, p) if np.ndim(p) == 2 else outcomes(y, p)
    if said.ndim == 2 and said.shape[1] == 2 and method != "vector":
        said = said[:, 1]
    n = len(came)
    if n < 2:
        raise InputError("y, p: expected two or more rows, got one; nothing is left to judge on")
    fold = _folds(came, min(whole(folds, "folds", least=2), n), seed)
    mended = np.empty_like(said)
    for i in range(int(fold.max()) + 1):
        out = fold == i
        mended[out] = fit_calibrator(came[~out], said[~out], method).mend(said[out])
    final = fit_calibrator(came, said, method)
    codes = came.astype(np.intp)
    before, after = _losses(codes, said), _losses(codes, mended)
    spread = _spread(said, mended)
    return CrossFitted(final, mended, fold, before[0], after[0], before[1], after[1], *spread)


def paired_gain(before: Floats, after: Floats, most: float, level: float = 0.95, least: float = 0.0) -> Interval:
    """The mean of before − after over rows, with Student's interval of the paired differences.

    ``before``, ``after`` (n,). Their variance is taken to be at least ``least``. Rows of one fold share a calibrator,
    which the interval leaves out: it is small beside the rows' spread. Where no row varies, at most 1 − (1−level)^(1/n)
    of all rows can be otherwise than the n seen, and those by at most ``most``.

    >>> print(paired_gain(np.array([1.0, 2.0]), np.array([0.0, 0.0]), 36.0))  # 1.5 ± 12.706 * 0.5
    1.5 (-4.853 to 7.853)
    """
    gain, tail = before - after, confidence(level)
    n, mean = len(gain), float(gain.mean())
    variance = max(float(gain.var(ddof=1)) if n > 1 else 0.0, least)
    error = math.sqrt(variance / n)
    if n > 1 and error > 1e-15 * (1 + abs(mean)):
        half = float(-special.stdtrit(n - 1, tail / 2)) * error
    else:
        half = -math.expm1(math.log(tail) / n) * (most + abs(mean))
    return Interval(mean, mean - half, mean + half, level)


def from_json(text: str) -> Calibrator:
    """The calibrator that ``to_json`` wrote. Nothing is executed: only numbers are read, and looked over.

    Raises ``InputError`` for anything else.

    >>> from_json(Platt(2, 0.5, 0.25).to_json())
    Platt(classes=2, slope=0.5, intercept=0.25)
    """
    try:
        kept = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        kept = None
    if not isinstance(kept, dict) or kept.get("format") != FORMAT:
        raise InputError(f"text: expected a calibrator kept as {FORMAT}, got something else; keep one with to_json")
    return _read(kept.get("name"), kept.get("values"))


def _read(name: Any, values: Any) -> Calibrator:
    if not isinstance(values, dict):
        raise InputError("values: expected the calibrator's numbers by name, got none; keep it again")
    classes = int(number(values, "classes"))
    if name == "one-against-rest":
        kept = values.get("parts")
        if not isinstance(kept, list) or len(kept) != classes or not all(isinstance(part, dict) for part in kept):
            raise InputError(f"parts: expected {classes} calibrators, one a class, got something else; keep it again")
        if any(part.get("name") == name for part in kept):
            raise InputError("parts: expected calibrators of two classes, got one of many; keep it again")
        return OneAgainstRest(classes, tuple(_read(part.get("name"), part.get("values")) for part in kept))
    if name == "temperature":
        return Temperature(classes, number(values, "sharpness"))
    if name == "platt":
        return Platt(classes, number(values, "slope"), number(values, "intercept"))
    if name == "beta":
        return Beta(classes, number(values, "a"), number(values, "b"), number(values, "c"))
    if name == "isotonic":
        x, v = numbers(values, "forecasts"), numbers(values, "shares")
        if len(x) != len(v) or (np.diff(x) <= 0).any() or (np.diff(v) < 0).any() or v[0] < 0 or v[-1] > 1:
            raise InputError("forecasts, shares: expected rising numbers of one length, got others; keep it again")
        return Isotonic(classes, x, v)
    if name == "vector":
        w, b = numbers(values, "weights"), numbers(values, "shifts")
        if not len(w) == len(b) == classes:
            raise InputError(f"weights, shifts: expected {classes} each, got {len(w)} and {len(b)}; keep it again")
        return VectorScaling(classes, w, b)
    raise InputError(f"name: expected a known calibrator, got {quoted(str(name))}; keep one with to_json")


def _folds(came: Any, folds: int, seed: int) -> Indices:
    """The fold of each row: rows in a drawn order, sorted by outcome, dealt out one by one."""
    drawn = np.random.default_rng(seed).permutation(len(came))
    dealt = drawn[np.argsort(came[drawn], kind="stable")]
    fold = np.empty(len(came), dtype=np.intp)
    fold[dealt] = np.arange(len(came)) % folds
    return fold


def _losses(came: Indices, p: Floats) -> tuple[Floats, Floats]:
    """Log loss and Brier score of each row."""
    if p.ndim == 1:
        return log_losses(came.astype(np.float64), p), squared_losses(came.astype(np.float64), p)
    given = p[np.arange(len(came)), came]
    return -np.log(np.clip(given, LEAST, 1.0)), np.maximum((p**2).sum(axis=1) - 2 * given + 1, 0.0)


def _spread(before: Floats, after: Floats) -> tuple[float, float]:
    """The mean variance of a row's two gains over the classes that might have come, drawn as ``after`` says."""
    n = len(after)
    many = after.ndim == 2
    k = after.shape[1] if many else 2
    chances = [(n * (after[:, i] if many else np.abs(1 - i - after)) + 1) / (n + k) for i in range(k)]
    first = np.zeros((2, n))
    second = np.zeros((2, n))
    for i, q in enumerate(chances):
        came = np.full(n, i)
        gains = np.stack(_losses(came, before)) - np.stack(_losses(came, after))
        first, second = first + q * gains, second + q * gains**2
    log, brier = np.maximum(second - first**2, 0.0).mean(axis=1).tolist()
    return log, brier
