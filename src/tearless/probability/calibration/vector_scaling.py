"""Vector scaling: a temperature and a shift for each class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tearless.calculus.exponentials import log_softmax, softmax
from tearless.calculus.newton import Minimum, newton
from tearless.core import InputError
from tearless.probability.calibration.calibrator import Calibrator
from tearless.probability.calibration.forecasts import LEAST, Floats, class_outcomes

MOST_CLASSES = 500
"""The curvature has (2k)² numbers: at 500 classes 8 MiB."""
_STEEP = 1e3


@dataclass(frozen=True, slots=True)
class VectorScaling(Calibrator):
    """softmax(``weights`` · ln p + ``shifts``), a weight and a shift for each class; the shifts add up to 0.

    >>> VectorScaling(3, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)).apply([[0.5, 0.25, 0.25]]).round(9).tolist()
    [[0.5, 0.25, 0.25]]
    """

    name: ClassVar[str] = "vector"
    weights: tuple[float, ...]
    shifts: tuple[float, ...]

    def mend(self, p: Floats) -> Floats:
        return np.asarray(softmax(np.log(np.maximum(p, LEAST)) * np.array(self.weights) + np.array(self.shifts)))


def fit_vector(y: Any, p: Any) -> VectorScaling:
    """The weights and shifts of greatest likelihood for class numbers ``y`` (n,) and probabilities ``p`` (n, k).

    By Newton's method (C. Guo et al., ICML 2017, section 4.2). Where the likelihood grows without end, each row counts
    as if a row of every class had been added to all. A class that never came, likewise. Raises ``InputError`` for two
    classes or more than 500, and as ``forecasts.class_outcomes``.

    >>> fit = fit_vector([0, 1, 2, 0], [[0.5, 0.25, 0.25]] * 4)
    >>> fit.apply([[0.5, 0.25, 0.25]]).round(6).tolist()
    [[0.5, 0.25, 0.25]]
    """
    came, said = class_outcomes(y, p)
    n, k = said.shape
    if not 3 <= k <= MOST_CLASSES:
        raise InputError(f"p: expected 3 to {MOST_CLASSES} classes, got {k}; use Platt for two, temperature for more")
    logs = np.log(np.maximum(said, LEAST))
    truth = np.zeros((n, k))
    truth[np.arange(n), came] = 1.0
    found = _least(logs, truth)
    if found is None:
        found = _least(logs, (n * truth + 1) / (n + k))
    if found is None:
        raise InputError("p: expected forecasts that a weight for each class can mend, got others; use temperature")
    w, b = found.w[:k], found.w[k:]
    return VectorScaling(k, tuple(w.tolist()), tuple((b - b.mean()).tolist()))


def _least(logs: Floats, truth: Floats) -> Minimum | None:
    n, k = logs.shape

    def logits(w: Floats) -> Floats:
        return np.asarray(logs * w[:k] + w[k:])

    def loss(w: Floats) -> float:
        return float(-(truth * np.asarray(log_softmax(logits(w)))).sum() / n)

    def slope(w: Floats) -> tuple[Floats, Floats]:
        q = np.asarray(softmax(logits(w)))
        off = (q - truth) / n
        gradient = np.concatenate([(off * logs).sum(axis=0), off.sum(axis=0)])
        wide = np.concatenate([q * logs, q], axis=1)
        bend = -(wide.T @ wide) / n
        scaled, plain, both = ((q * logs**2).mean(axis=0), q.mean(axis=0), (q * logs).mean(axis=0))
        at = np.arange(k)
        bend[at, at] += scaled
        bend[k + at, k + at] += plain
        bend[at, k + at] += both
        bend[k + at, at] += both
        return gradient, -np.linalg.lstsq(bend, gradient, rcond=1e-12)[0]

    try:
        found = newton(loss, slope, np.zeros(2 * k), tolerance=1e-12, most=80)
    except InputError:
        return None
    sound = (found.converged or found.steps[-1].decrement < 1e-9) and loss(found.w) > 1e-9
    return found if sound and np.abs(found.w).max() < _STEEP else None
