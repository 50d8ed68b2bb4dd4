"""Isotonic recalibration: the best rising map, whatever its shape; it needs many rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tearless.probability.calibration.calibrator import Calibrator
from tearless.probability.calibration.forecasts import Floats
from tearless.probability.calibration.rising_fit import rising_curve


@dataclass(frozen=True, slots=True)
class Isotonic(Calibrator):
    """The line through the points (``forecasts``, ``shares``), both rising; flat beyond its ends.

    >>> Isotonic(2, (0.25, 0.75), (0.5, 1.0)).apply([0.0, 0.5, 1.0]).tolist()
    [0.5, 0.75, 1.0]
    """

    name: ClassVar[str] = "isotonic"
    forecasts: tuple[float, ...]
    shares: tuple[float, ...]

    def mend(self, p: Floats) -> Floats:
        return np.interp(p, self.forecasts, self.shares)


def fit_isotonic(y: Any, p: Any) -> Isotonic:
    """The rising map of greatest likelihood for ``y`` (n,) of 0 and 1 and probabilities ``p`` (n,), joined by lines.

    B. Zadrozny and C. Elkan, *Transforming classifier scores into accurate multiclass probability estimates*, KDD 2002.
    On the rows it was fitted to it looks perfect; elsewhere it may say 0 or 1 and be wrong: judge it by
    ``cross_fit``. Raises ``InputError`` as ``forecasts.outcomes``.

    >>> fit_isotonic([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])
    Isotonic(classes=2, forecasts=(0.1, 0.2, 0.3, 0.4), shares=(0.0, 0.5, 0.5, 1.0))
    """
    x, v = rising_curve(y, p).recalibrated
    return Isotonic(2, tuple(x.tolist()), tuple(v.tolist()))
