"""What the user asked of ``calibrate``, and small makers of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tearless.core import InputError, Number, quoted
from tearless.core.number import shown
from tearless.probability.calibration.forecasts import Interval
from tearless.probability.calibration.mending import Method
from tearless.probability.calibration.reliability import By


@dataclass(frozen=True, slots=True)
class Wishes:
    """The settings of one call. Raises ``InputError`` for numbers out of their range."""

    level: float = 0.95
    bins: int = 10
    by: By = "width"
    among: int | None = None
    at: float | None = None
    cut_off: float = 0.5
    prevalence: float | None = None
    coverage: float | None = None
    promised: float | None = None
    """What the names of predicted ends say that they hold, where ``coverage`` is not given."""
    method: Method | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("level", "at", "cut_off", "prevalence", "coverage"):
            value = getattr(self, name)
            closed = name in ("at", "cut_off")
            if value is not None and not _is_share(value, closed):
                raise InputError(
                    f"--{name.replace('_', '-')}: expected a number between 0 and 1, got {quoted(repr(value))}"
                    f"{'; 95 % is 0.95' if _is_number(value) and 1 < value <= 100 else '; give a share'}"
                )
        if self.among is not None and not (isinstance(self.among, int) and 0 < self.among <= 10_000_000):
            raise InputError(f"--among: expected a number of cases from 1 to 10,000,000, got {self.among!r}; give one")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_share(value: Any, closed: bool) -> bool:
    return _is_number(value) and (0 <= value <= 1 if closed else 0 < value < 1)


def of_interval(found: Interval, unit: str, meaning: str) -> Number:
    """A number with its interval, which is left out where an end is infinite.

    >>> of_interval(Interval(0.5, 0.25, 0.75, 0.95), "share", "came").interval
    (0.25, 0.75)
    """
    ends = (found.low, found.high)
    return Number(found.value, unit, meaning, ends if all(map(math.isfinite, ends)) else None, found.level)


def told(found: Interval, unit: str = "1") -> str:
    """A value with its interval in words.

    >>> told(Interval(0.5, 0.25, 0.75, 0.95), "share")
    '50 % (25 % to 75 %)'
    """
    return f"{_end(found.value, unit)} ({_end(found.low, unit)} to {_end(found.high, unit)})"


def _end(value: float, unit: str) -> str:
    return shown(value, unit) if math.isfinite(value) else "no end"


def chance(p: float) -> str:
    """A chance in words.

    >>> chance(0.031), chance(1e-30)
    ('p = 3.1 %', 'p = 1e-30')
    """
    return f"p = {shown(float(f'{p:.2g}'), 'chance')}"
