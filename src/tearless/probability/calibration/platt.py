"""Platt scaling: a logistic curve through the log-odds, with a slope and a shift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tearless.calculus.exponentials import sigmoid
from tearless.probability.calibration.calibrator import Calibrator
from tearless.probability.calibration.forecasts import Floats, logit, outcomes
from tearless.probability.calibration.logistic_fit import logistic_fit, platt_targets


@dataclass(frozen=True, slots=True)
class Platt(Calibrator):
    """σ(``slope`` · logit p + ``intercept``).

    >>> Platt(2, 0.5, 0.0).apply([0.9]).round(6).tolist()  # odds of 9 become odds of 3
    [0.75]
    """

    name: ClassVar[str] = "platt"
    slope: float
    intercept: float

    def mend(self, p: Floats) -> Floats:
        return np.asarray(sigmoid(self.slope * logit(p) + self.intercept))


def fit_platt(y: Any, p: Any) -> Platt:
    """The slope and intercept that fit Platt's targets best, for ``y`` (n,) of 0 and 1 and probabilities ``p`` (n,).

    The targets, (N₊+1)/(N₊+2) and 1/(N₋+2), keep the curve finite (J. C. Platt, *Probabilistic outputs for support
    vector machines*, 1999, section 2.2). The score is logit p. One forecast alone has no slope: it keeps the one of the
    shortest weights. Raises ``InputError`` as ``forecasts.outcomes``.

    >>> fit = fit_platt([1, 1, 1, 0], [0.5, 0.5, 0.5, 0.5])  # the mean of 4/5 (three times) and 1/3
    >>> fit.apply([0.5]).round(6).tolist(), round((3 * 4 / 5 + 1 / 3) / 4, 6)
    ([0.683333], 0.683333)
    """
    came, said = outcomes(y, p)
    fit = logistic_fit(np.column_stack([logit(said), np.ones(len(said))]), platt_targets(came))
    return Platt(2, float(fit.weights[0]), float(fit.weights[1]))
