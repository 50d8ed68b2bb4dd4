"""Many classes mended one by one: each against the rest, then divided by their sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tearless.probability.calibration.calibrator import Calibrator
from tearless.probability.calibration.forecasts import Floats, class_outcomes


@dataclass(frozen=True, slots=True)
class OneAgainstRest(Calibrator):
    """A calibrator of two classes for each class. A row that all of them set to 0 keeps what it had.

    >>> from tearless.probability.calibration.temperature_scaling import Temperature
    >>> OneAgainstRest(3, (Temperature(2, 1.0),) * 3).apply([[0.5, 0.25, 0.25]]).round(6).tolist()
    [[0.5, 0.25, 0.25]]
    """

    name: ClassVar[str] = "one-against-rest"
    parts: tuple[Calibrator, ...]

    def mend(self, p: Floats) -> Floats:
        each = np.column_stack([part.mend(p[:, k]) for k, part in enumerate(self.parts)])
        total = each.sum(axis=1, keepdims=True)
        return np.where(total > 0, each / np.where(total > 0, total, 1.0), p)

    def values(self) -> dict[str, Any]:
        return {
            "classes": self.classes,
            "parts": [{"name": part.name, "values": part.values()} for part in self.parts],
        }


def fit_one_against_rest(y: Any, p: Any, fit: Callable[[Any, Any], Calibrator]) -> OneAgainstRest:
    """``fit`` for each class against the rest; ``y`` (n,) class numbers, ``p`` (n, k).

    B. Zadrozny and C. Elkan, KDD 2002, section 4. Raises ``InputError`` as ``forecasts.class_outcomes``.

    >>> from tearless.probability.calibration.platt import fit_platt
    >>> mended = fit_one_against_rest([0, 1, 2], [[0.5, 0.25, 0.25]] * 3, fit_platt)
    >>> mended.apply([[0.5, 0.25, 0.25]]).round(6).tolist()  # each came once in three
    [[0.333333, 0.333333, 0.333333]]
    """
    came, said = class_outcomes(y, p)
    k = said.shape[1]
    return OneAgainstRest(k, tuple(fit((came == i).astype(np.float64), said[:, i]) for i in range(k)))
