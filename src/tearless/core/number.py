"""One evidence number: never a bare float."""

from __future__ import annotations

import math
from dataclasses import dataclass

SMALLEST_CHANCE = 1e-300
"""Smaller chances are not told apart: doubles end near 1e-308."""


@dataclass(frozen=True, slots=True)
class Number:
    """A measured value with its unit and its meaning.

    ``value`` is finite, or ``None`` where it is not known. ``interval`` holds the two ends of a confidence interval
    where the number has one, and ``level`` its confidence.
    """

    value: float | None
    unit: str
    meaning: str
    interval: tuple[float, float] | None = None
    level: float | None = None

    def __post_init__(self) -> None:
        if self.value is not None:
            value = float(self.value)
            object.__setattr__(self, "value", value if math.isfinite(value) else None)
        if self.interval is not None:
            low, high = (float(end) for end in self.interval)
            if not (math.isfinite(low) and math.isfinite(high)):
                raise ValueError(f"interval: expected two finite ends, got {self.interval}")
            object.__setattr__(self, "interval", (low, high))

    def __str__(self) -> str:
        return shown(self.value, self.unit)


def shown(value: float | None, unit: str = "1", digits: int = 3) -> str:
    """A value as it stands in a sentence: shares as percent, whole numbers with separators, else ``digits`` digits.

    A chance below a millionth is plain, for percents of it say nothing. None that was computed is 0: what stands there
    lies below the smallest number that doubles tell from 0.

    >>> shown(0.8284, "share"), shown(1309.0, "rows"), shown(0.04567, "bits"), shown(None)
    ('82.8 %', '1,309', '0.0457', 'unknown')
    >>> shown(0.0312, "chance"), shown(4e-52, "chance"), shown(0.0, "chance")
    ('3.12 %', '4e-52', 'under 1e-300')
    """
    if value is None:
        return "unknown"
    if not math.isfinite(value):
        return "too large for a double" if math.isinf(value) else "undefined"
    if unit == "chance":
        return _chance(value)
    if unit == "share":
        return _percent(value)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 10.0**digits <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def _chance(value: float) -> str:
    if 0 <= value <= SMALLEST_CHANCE:
        return f"under {SMALLEST_CHANCE:g}"
    return f"{value:.2g}" if 0 < value < 1e-6 else _percent(value)


def _percent(share: float) -> str:
    percent = 100 * share
    if share not in (0.0, 1.0) and (abs(percent) < 0.1 or 99.9 < percent < 100):
        digits = f"{percent:.2g}" if percent < 50 else f"{100 - float(f'{100 - percent:.1g}'):.10g}"
        return f"{digits} %"
    return f"{percent:.3g} %"
