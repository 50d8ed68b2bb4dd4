"""Which conversion of a unit would turn the numbers of the past into those of now."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from .gaps import largest_gap, quantiles
from .histogram import Histogram
from .nights import Floats
from .profile import ColumnProfile

LEAST = 1.5
"""A factor nearer to 1 is no unit, unless it has a name."""
NEAR = 1.5
"""How far the spread may be from that of a conversion with a name for it to be tried."""
BETTER = 0.02
"""By how much a factor without a name must fit better than one with a name."""
_NUDGE = 1e-9
"""Relative: a converted number is not to fall below its equal by a rounding."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What multiplies and then adds: ``factor * x + offset``; ``name`` says which units, where it is known.

    >>> Conversion(1.8, 32.0, "degrees Celsius to Fahrenheit").said
    'degrees Celsius to Fahrenheit, 1.8 x + 32'
    """

    factor: float
    offset: float = 0.0
    name: str = ""

    @property
    def said(self) -> str:
        """The conversion in words."""
        by = f"{self.factor:.6g} x" if self.factor != 1 else "x"
        rule = by + (f" {'+' if self.offset > 0 else '−'} {abs(self.offset):.6g}" if self.offset else "")
        return f"{self.name}, {rule}" if self.name else rule


def _known() -> Iterator[Conversion]:
    yield Conversion(1.8, 32.0, "degrees Celsius to Fahrenheit")
    yield Conversion(1 / 1.8, -32 / 1.8, "degrees Fahrenheit to Celsius")
    yield Conversion(1.0, 273.15, "degrees Celsius to kelvin")
    yield Conversion(1.0, -273.15, "kelvin to degrees Celsius")
    yield Conversion(-1.0, 0.0, "the sign turned")
    for power, up, down in (
        (2, "a share to percent, or euros to cents", "percent to a share, or cents to euros"),
        (3, "kilo to units", "units to kilo"),
        (6, "seconds to microseconds, or millions to units", "microseconds to seconds, or units to millions"),
        (9, "seconds to nanoseconds, or billions to units", "nanoseconds to seconds, or units to billions"),
    ):
        yield Conversion(10.0**power, 0.0, up)
        yield Conversion(10.0**-power, 0.0, down)
    for power in (1, 4, 5, 7, 8, 12):
        yield Conversion(10.0**power, 0.0, "the decimal point moved")
        yield Conversion(10.0**-power, 0.0, "the decimal point moved")
    for factor, one, other in (
        (60.0, "minutes", "seconds, or hours to minutes"),
        (3600.0, "hours", "seconds"),
        (24.0, "days", "hours"),
        (1440.0, "days", "minutes"),
        (86_400.0, "days", "seconds"),
        (7.0, "weeks", "days"),
        (12.0, "years", "months, or feet to inches, or dozens to pieces"),
        (365.25, "years", "days"),
        (2.54, "inches", "centimetres"),
        (25.4, "inches", "millimetres"),
        (30.48, "feet", "centimetres"),
        (1 / 0.3048, "metres", "feet"),
        (1 / 0.9144, "metres", "yards"),
        (1.609344, "miles", "kilometres"),
        (3.6, "metres a second", "kilometres an hour"),
        (1 / 0.45359237, "kilograms", "pounds"),
        (28.349523125, "ounces", "grams"),
        (3.785411784, "gallons", "litres"),
        (4.184, "calories", "joules"),
        (1024.0, "binary kilo", "units"),
        (1_048_576.0, "binary mega", "units"),
        (180 / math.pi, "radians", "degrees"),
    ):
        yield Conversion(factor, 0.0, f"{one} to {other}")
        yield Conversion(1 / factor, 0.0, f"the way back from {one} to {other}")


KNOWN = tuple(_known())


@dataclass(frozen=True, slots=True)
class Fit:
    """How far two columns are apart ``before`` and ``after`` the past one is put through the ``conversion``.

    Made by ``best_fit``.
    """

    conversion: Conversion
    before: float
    after: float

    @property
    def explained(self) -> float:
        """The share of the gap that the conversion takes away."""
        return max(0.0, 1 - self.after / self.before) if self.before > 0 else 0.0


def best_fit(now: ColumnProfile, past: ColumnProfile) -> Fit | None:
    """The conversion that brings the past nearest to now, one with a name where it fits about as well.

    Where no histogram is kept, both are taken for normal. ``None`` where either has no two values that differ.

    >>> x = np.random.default_rng(0).normal(68, 3, 500)
    >>> now, past = (ColumnProfile("number", "Float64", 0, histogram=Histogram.of(y)) for y in (2.54 * x, x))
    >>> best_fit(now, past).conversion.said
    'inches to centimetres, 2.54 x'
    """
    if now.kind == "bool" or past.kind == "bool":
        return None
    a, b = now.histogram, past.histogram
    if a is not None and b is not None:
        if len(a.cells) < 2 or len(b.cells) < 2:
            return None
        return _best(*_wide(a), *_wide(b), lambda c: _gap(a, b, c))
    first, second = _moments(now), _moments(past)
    if first is None or second is None:
        return None
    return _best(*first, *second, lambda c: _normal_gap(first, second, c))


def _best(middle: float, wide: float, middle_past: float, wide_past: float, gap: Callable[[Conversion], float]) -> Fit:
    """The best of the conversions whose spread is near, and of the factors that fit the middle or the spread."""
    before, ratio = gap(Conversion(1.0)), wide / wide_past
    fits = [Fit(c, before, gap(c)) for c in KNOWN if 1 / NEAR < ratio / abs(c.factor) < NEAR]
    factors = [ratio, *([middle / middle_past] if middle_past else [])]
    free = [Conversion(f) for f in factors if f >= LEAST or 0 < f <= 1 / LEAST]
    others = [Fit(c, before, gap(c)) for c in free if math.isfinite(c.factor)]
    named = min(fits, key=lambda fit: fit.after, default=Fit(Conversion(1.0), before, before))
    other = min(others, key=lambda fit: fit.after, default=named)
    return other if other.after < named.after - BETTER else named


def _wide(histogram: Histogram) -> tuple[float, float]:
    """The median, and the distance between the quartiles; of nearly constant numbers that between the ends."""
    low, middle, high = (float(x) for x in quantiles(histogram, np.array([0.25, 0.5, 0.75])))
    if low == high:
        low, high = (float(end) for end in quantiles(histogram, np.array([0.0, 1.0])))
    return middle, max(high - low, 5e-324)


def _gap(now: Histogram, past: Histogram, conversion: Conversion) -> float:
    """The largest gap between now and the converted past, at the edges of the past's cells."""
    if conversion.factor == 1 and not conversion.offset:
        return largest_gap(past, now).distance
    below = np.cumsum(past.counts) / past.counts.sum()
    low, high = past.edges()
    with np.errstate(over="ignore"):
        at = conversion.factor * (high if conversion.factor > 0 else low) + conversion.offset
    shares = _at_most(now, at + np.abs(at) * _NUDGE)
    if conversion.factor < 0:
        below = 1 - np.concatenate([[0.0], below[:-1]])
    return float(np.abs(below - shares).max())


def _at_most(histogram: Histogram, at: Floats) -> Floats:
    """The share of the values at or below each of some numbers, even within a cell."""
    below = np.concatenate([[0.0], np.cumsum(histogram.counts)]) / histogram.counts.sum()
    low, high = histogram.edges()
    cell = np.searchsorted(low, at, side="right")
    inside = np.maximum(cell - 1, 0)
    with np.errstate(over="ignore", invalid="ignore"):
        width = high[inside] - low[inside]
        part = np.where(width > 0, (at - low[inside]) / np.where(width > 0, width, 1.0), 1.0)
    share = below[inside] + np.clip(part, 0.0, 1.0) * (below[inside + 1] - below[inside])
    return np.where(cell == 0, 0.0, share)


def _moments(column: ColumnProfile) -> tuple[float, float] | None:
    moments = column.moments
    if moments is None or not moments.n[0] > 1:
        return None
    mean, std = float(moments.mean[0]), float(moments.std()[0])
    return (mean, std) if std > 0 and math.isfinite(std) else None


def _normal_gap(now: tuple[float, float], past: tuple[float, float], conversion: Conversion) -> float:
    """The gap between two normal distributions, one converted: at the middles, or by their spread."""
    middle, wide = conversion.factor * past[0] + conversion.offset, abs(conversion.factor) * past[1]
    step = abs(now[0] - middle) / math.sqrt(now[1] * wide)
    ratio = max(now[1] / wide, wide / now[1])
    at = math.sqrt(2 * math.log(ratio) / (1 - ratio**-2)) if ratio > 1 + 1e-12 else 0.0
    return float(max(2 * special.ndtr(step / 2) - 1, special.ndtr(at) - special.ndtr(at / ratio)))
