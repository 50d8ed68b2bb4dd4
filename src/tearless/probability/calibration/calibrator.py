"""What every recalibration answers: better probabilities for given ones, and itself as plain text to keep."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import array, to_numpy
from tearless.probability.calibration.forecasts import SURE_SUM, Floats, probabilities

FORMAT = "tearless-calibrator-1"
"""What a kept calibrator says it is."""


@dataclass(frozen=True, slots=True)
class Calibrator(ABC):
    """A fitted map from probabilities to probabilities: a frozen record of numbers.

    ``classes`` is 2 for forecasts (n,) of one class against the other; else forecasts are (n, classes).

    >>> from tearless.probability.calibration.temperature_scaling import Temperature
    >>> isinstance(Temperature(2, 0.5), Calibrator), Temperature(2, 0.5).apply([0.5, 1.0]).round(6).tolist()
    (True, [0.5, 1.0])
    """

    name: ClassVar[str]
    classes: int

    @abstractmethod
    def mend(self, p: Floats) -> Floats:
        """The map, for forecasts that have been looked over by ``apply``."""

    def apply(self, p: Any) -> Floats:
        """The mended probabilities, of the shape of ``p``; two columns may stand for two classes.

        Raises ``InputError`` for other shapes than it was fitted to, and for what are no probabilities.
        """
        if self.classes == 2 and np.ndim(p) == 2:
            second = self.mend(second_of_two(p))
            return np.column_stack([1 - second, second])
        return self.mend(forecasts(p, self.classes))

    def to_json(self) -> str:
        """All of it as JSON text, which ``mending.from_json`` reads; floats return to the last digit.

        >>> from tearless.probability.calibration.temperature_scaling import Temperature
        >>> print(Temperature(2, 0.5).to_json())
        {"format": "tearless-calibrator-1", "name": "temperature", "values": {"classes": 2, "sharpness": 0.5}}
        """
        return json.dumps({"format": FORMAT, "name": self.name, "values": self.values()}, allow_nan=False)

    def values(self) -> dict[str, Any]:
        """The record's numbers by name."""
        return asdict(self)


def forecasts(p: Any, classes: int) -> Floats:
    """Probabilities (n,) for two classes, (n, classes) for more. Raises ``InputError`` for anything else.

    >>> forecasts([0.5, 1], 2).tolist()
    [0.5, 1.0]
    """
    given = np.asarray(to_numpy(array(p, "p", ndim=(1, 2))[1]), dtype=np.float64)
    wanted = "(n,)" if classes == 2 else f"(n, {classes})"
    if (given.ndim != 1) if classes == 2 else (given.ndim != 2 or given.shape[1] != classes):
        raise InputError(f"p: expected shape {wanted}, as fitted, got {given.shape}; give the same kind of forecasts")
    if np.isnan(given).any():
        raise InputError("p: expected probabilities, got nan among them; drop those rows")
    probabilities(given)
    if given.ndim == 2 and float(np.abs(given.sum(axis=1) - 1).max()) > SURE_SUM:
        raise InputError("p: expected rows that add up to 1, got others; apply a softmax to logits")
    return given


def second_of_two(p: Any) -> Floats:
    """The probability of the second of two classes, (n,), from (n, 2) or (n,). Errors as ``forecasts``.

    >>> second_of_two([[0.75, 0.25]]).tolist(), second_of_two([0.25]).tolist()
    ([0.25], [0.25])
    """
    given = np.asarray(to_numpy(array(p, "p", ndim=(1, 2))[1]), dtype=np.float64)
    if given.ndim == 1:
        return forecasts(given, 2)
    if given.shape[1] != 2:
        raise InputError(f"p: expected two columns, or one probability a row, got shape {given.shape}; give two")
    off = np.abs(given.sum(axis=1) - 1)
    if not off.max() <= SURE_SUM:
        raise InputError("p: expected rows that add up to 1, got others; apply a softmax to logits")
    return forecasts(given[:, 1], 2)


def number(values: dict[str, Any], name: str) -> float:
    """A finite number among the values of a kept calibrator. Raises ``InputError`` where there is none.

    >>> number({"slope": 1}, "slope")
    1.0
    """
    got = values.get(name)
    if isinstance(got, bool) or not isinstance(got, (int, float)) or not math.isfinite(got):
        raise InputError(f"{name}: expected a finite number in the kept calibrator, got {got!r}; fit and keep it again")
    return float(got)


def numbers(values: dict[str, Any], name: str) -> tuple[float, ...]:
    """A list of finite numbers among the values of a kept calibrator. Raises ``InputError`` where there is none.

    >>> numbers({"weights": [1, 0.5]}, "weights")
    (1.0, 0.5)
    """
    got = values.get(name)
    if not isinstance(got, list) or not got:
        raise InputError(f"{name}: expected a list of numbers in the kept calibrator, got {got!r}; keep it again")
    return tuple(number({name: x}, name) for x in got)
