"""Beta calibration: a curve that can flatten one end and sharpen the other, and that can change nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tearless.calculus.exponentials import sigmoid
from tearless.probability.calibration.calibrator import Calibrator
from tearless.probability.calibration.forecasts import LEAST, Floats, outcomes
from tearless.probability.calibration.logistic_fit import LogisticFit, logistic_fit, platt_targets


@dataclass(frozen=True, slots=True)
class Beta(Calibrator):
    """σ(``a`` ln p − ``b`` ln(1 − p) + ``c``); a = b = 1 and c = 0 change nothing.

    >>> Beta(2, 0.5, 0.5, 0.0).apply([0.9]).round(6).tolist()  # odds of 9 become odds of 3
    [0.75]
    """

    name: ClassVar[str] = "beta"
    a: float
    b: float
    c: float

    def mend(self, p: Floats) -> Floats:
        up, down = _logs(p)
        return np.asarray(sigmoid(self.a * up + self.b * down + self.c))


def fit_beta(y: Any, p: Any) -> Beta:
    """The curve of greatest likelihood for ``y`` (n,) of 0 and 1 and probabilities ``p`` (n,), with a, b ≥ 0.

    M. Kull, T. Silva Filho and P. Flach, *Beta calibration: a well-founded and easily implemented improvement on
    logistic calibration for binary classifiers*, AISTATS 2017, section 4; a weight that comes out below 0 is set to 0
    and the rest fitted again. Where the outcomes are told apart without error: Platt's targets. Probabilities count as
    at least 2.2e-16. Raises ``InputError`` as ``forecasts.outcomes``.

    >>> fit = fit_beta([1, 1, 1, 0, 0, 0, 0, 1], [0.9] * 4 + [0.1] * 4)
    >>> fit.apply([0.9, 0.1]).round(6).tolist()
    [0.75, 0.25]
    """
    came, said = outcomes(y, p)
    up, down = _logs(said)
    one = np.ones(len(said))
    kept = [0, 1]
    while True:
        columns = np.column_stack([*((up, down)[i] for i in kept), one])
        w = _fitted(columns, came).weights
        if not len(kept) or w[:-1].min() >= 0:
            break
        kept.remove(kept[int(w[:-1].argmin())])
    slopes = dict(zip(kept, w[:-1].tolist(), strict=True))
    return Beta(2, slopes.get(0, 0.0), slopes.get(1, 0.0), float(w[-1]))


def _fitted(columns: Floats, y: Floats) -> LogisticFit:
    fit = logistic_fit(columns, y)
    return fit if fit.finite else logistic_fit(columns, platt_targets(y))


def _logs(p: Floats) -> tuple[Floats, Floats]:
    """ln p and −ln(1 − p)."""
    kept = np.clip(p, LEAST, 1 - LEAST)
    return np.log(kept), -np.log1p(-kept)
