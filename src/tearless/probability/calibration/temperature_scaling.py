"""Temperature scaling: one number that makes all probabilities sharper or flatter, and changes no decision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tearless.calculus.exponentials import log_softmax, sigmoid, softmax
from tearless.calculus.newton import newton
from tearless.probability.calibration.calibrator import Calibrator
from tearless.probability.calibration.forecasts import LEAST, Floats, Indices, class_outcomes, logit, outcomes
from tearless.probability.calibration.logistic_fit import logistic_fit, platt_targets


@dataclass(frozen=True, slots=True)
class Temperature(Calibrator):
    """softmax(``sharpness`` · ln p): 1 changes nothing, below 1 flattens, 0 makes all classes alike.

    >>> Temperature(2, 0.5).apply([0.9]).round(6).tolist()  # odds of 9 become odds of 3
    [0.75]
    """

    name: ClassVar[str] = "temperature"
    sharpness: float

    @property
    def temperature(self) -> float:
        """1/sharpness: what the logits are divided by; above 1 where the model was over-confident."""
        return 1 / self.sharpness if self.sharpness > 0 else math.inf

    def mend(self, p: Floats) -> Floats:
        if p.ndim == 1:
            return np.asarray(sigmoid(self.sharpness * logit(p)))
        return np.asarray(softmax(self.sharpness * _logs(p)))


def fit_temperature(y: Any, p: Any) -> Temperature:
    """The sharpness of greatest likelihood for outcomes ``y`` and probabilities ``p``: (n,) of 0/1, or (n, k).

    Found by Newton's method, the loss being convex in the sharpness; at least 0. C. Guo, G. Pleiss, Y. Sun and K. Q.
    Weinberger, *On calibration of modern neural networks*, ICML 2017, section 4.2. Where every row is right no
    sharpness is the best: then each row counts as if one row of every class had been added (Platt's targets).
    Probabilities count as at least 2.2e-16. Raises ``InputError`` as ``forecasts.outcomes`` and ``class_outcomes``.

    Said 0.9 (odds 9), 3 of 4 came true (odds 3 = 9^0.5).

    >>> round(fit_temperature([1, 1, 1, 0], [0.9, 0.9, 0.9, 0.9]).sharpness, 6)
    0.5
    """
    if np.ndim(p) == 2:
        came, said = class_outcomes(y, p)
        if said.shape[1] > 2:
            return Temperature(said.shape[1], _sharpness(_logs(said), came))
        ups, chance = came.astype(np.float64), said[:, 1]
    else:
        ups, chance = outcomes(y, p)
    z = logit(chance)[:, None]
    fit = logistic_fit(z, ups)
    fit = fit if fit.finite else logistic_fit(z, platt_targets(ups))
    return Temperature(2, max(0.0, float(fit.weights[0])))


def _logs(p: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(p, LEAST)))


def _sharpness(logs: Floats, came: Indices) -> float:
    rows, k = np.arange(len(came)), logs.shape[1]
    right = logs[rows, came]
    best_other = np.where(np.arange(k) == came[:, None], -np.inf, logs).max(axis=1)
    separated = bool((right >= best_other).all() and (right > best_other).any())
    n = len(came)
    target = right if not separated else (n * right + logs.sum(axis=1)) / (n + k)

    def loss(w: Floats) -> float:
        q = np.asarray(log_softmax(w[0] * logs))
        level = w[0] * logs[:, 0] - q[:, 0]
        return float((level - w[0] * target).mean())

    def slope(w: Floats) -> tuple[Floats, Floats]:
        q = np.asarray(softmax(w[0] * logs))
        mean = (q * logs).sum(axis=1)
        gradient = np.array([float((mean - target).mean())])
        bend = float((q * (logs - mean[:, None]) ** 2).sum(axis=1).mean())
        return gradient, -gradient / bend if bend > 0 else np.zeros(1)

    return max(0.0, float(newton(loss, slope, np.zeros(1), tolerance=1e-13, most=60).w[0]))
