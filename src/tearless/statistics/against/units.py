"""Which conversion of a unit would turn the numbers of the past into those of now."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special

from tearless.linear_algebra.moments import Moments
from tearless.statistics.profile.histogram import Histogram
from tearless.statistics.profile.profile import ColumnProfile

from .gaps import largest_gap
from .nights import Floats
from .scale import SURE, Scale, Steps, of_histograms

LEAST = 1.5
"""A factor nearer to 1 is no unit, unless it has a name."""
WORSE = 0.03
"""Gap by which a conversion may fit worse than the best."""
CHANCE = 1.95
"""The gap of two samples of one source, over √(1/n + 1/m), is larger in one of a thousand (Kolmogorov and Smirnov)."""
WIDEST = {0: 0.35, 1: 0.2, 2: 0.05, 3: 0.03}
"""How far a factor may be off, as a logarithm, for a name to be said: rare units meet any factor by chance."""
REACHED = 0.95
"""Share of numbers in steps that a conversion of the earlier steps must meet."""
_NUDGE = 1e-9
"""Relative: a converted number is not to fall below its equal by a rounding."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What multiplies and then adds: ``factor * x + offset``; ``name`` says which units, where it is known.

    ``rank`` says how plain it is: 0 the commonest, 3 the rarest.

    >>> Conversion(1.8, 32.0, "degrees Celsius to Fahrenheit").said
    'degrees Celsius to Fahrenheit, 1.8 x + 32'
    """

    factor: float
    offset: float = 0.0
    name: str = ""
    rank: int = 1

    @property
    def said(self) -> str:
        """The conversion in words."""
        by = f"{self.factor:.6g} x" if self.factor != 1 else "x"
        rule = by + (f" {'+' if self.offset > 0 else '−'} {abs(self.offset):.6g}" if self.offset else "")
        return f"{self.name}, {rule}" if self.name else rule


def _known() -> Iterator[Conversion]:
    yield Conversion(1.8, 32.0, "degrees Celsius to Fahrenheit", 2)
    yield Conversion(1 / 1.8, -32 / 1.8, "degrees Fahrenheit to Celsius", 2)
    yield Conversion(1.0, 273.15, "degrees Celsius to kelvin", 2)
    yield Conversion(1.0, -273.15, "kelvin to degrees Celsius", 2)
    yield Conversion(-1.0, 0.0, "the sign turned")
    for power, up, down in (
        (2, "a share to percent, or euros to cents", "percent to a share, or cents to euros"),
        (3, "kilo to units", "units to kilo"),
        (6, "seconds to microseconds, or millions to units", "microseconds to seconds, or units to millions"),
        (9, "seconds to nanoseconds, or billions to units", "nanoseconds to seconds, or units to billions"),
    ):
        yield Conversion(10.0**power, 0.0, up, 0)
        yield Conversion(10.0**-power, 0.0, down, 0)
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
        rank = 1 if factor in COMMON else 3 if factor in RARE else 2
        yield Conversion(factor, 0.0, f"{one} to {other}", rank)
        yield Conversion(1 / factor, 0.0, f"the way back from {one} to {other}", rank)


COMMON = (60.0, 3600.0, 86_400.0)
RARE = (1024.0, 1_048_576.0, 180 / math.pi)
KNOWN = tuple(_known())
PLAIN = tuple(Conversion(f) for n in (2, 3, 4, 5) for f in (float(n), 1 / n))
"""Factors that growth or a slip give, and no unit: they are plainer than a unit near them."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How far two columns are apart ``before`` and ``after`` the past one is put through the ``conversion``.

    ``others`` are conversions with a name that the samples leave room for too. Made by ``best_fit``.
    """

    conversion: Conversion
    before: float
    after: float
    others: tuple[Conversion, ...] = ()

    @property
    def explained(self) -> float:
        """The share of the gap that the conversion takes away."""
        return max(0.0, 1 - self.after / self.before) if self.before > 0 else 0.0

    @property
    def said(self) -> str:
        """The conversion in words, and the nearest other one that may be."""
        exact = self.conversion.name or self.conversion in PLAIN
        this = self.conversion.said if exact else f"about {self.conversion.factor:.3g} x"
        if not self.others:
            return this
        return f"{this}, {'or' if exact else 'perhaps'} {self.others[0].said}"


@dataclass(frozen=True, slots=True)
class _Pair:
    """What is known of now and the past: how far a conversion leaves them apart, and which ones cannot be."""

    scale: Scale | None
    gap: Callable[[Conversion], float]
    possible: Callable[[Conversion], bool]
    chance: float
    free: Callable[[float], bool]
    exact: bool = True


def best_fit(now: ColumnProfile, past: ColumnProfile, nights: float = 0.0) -> Fit | None:
    """The plainest conversion that the samples leave room for and that brings the past near to now.

    A name is said where the factor is known well enough for that; else the factor as it is estimated. Numbers in steps
    (whole numbers) must come from the earlier steps. Where no histogram is kept, the means and the spreads must both
    have changed by the conversion. ``nights``: by how many standard deviations of a row days differ. ``None`` where
    either has no two values that differ, or one is of booleans.

    >>> x = np.random.default_rng(0).normal(68, 3, 500)
    >>> now, past = (ColumnProfile("number", "Float64", 0, histogram=Histogram.of(y)) for y in (2.54 * x, x))
    >>> best_fit(now, past).said
    'inches to centimetres, 2.54 x'
    """
    if now.kind == "bool" or past.kind == "bool":
        return None
    a, b = now.histogram, past.histogram
    if a is not None and b is not None:
        return _best(_of_histograms(a, b, nights)) if min(len(a.cells), len(b.cells)) > 1 else None
    pair = _of_moments(now, past, nights)
    return _best(pair) if pair is not None else None


def _best(pair: _Pair) -> Fit:
    before, scale = pair.gap(Conversion(1.0)), pair.scale
    fits = [Fit(c, before, pair.gap(c)) for c in _candidates(pair)]
    most = max(pair.chance, min((fit.after for fit in fits), default=0.0) + WORSE)
    fits = [fit for fit in fits if fit.after <= most]
    named = sorted((f for f in fits if f.conversion.name), key=lambda f: (f.conversion.rank, f.after))
    plain = sorted((f for f in fits if f.conversion in PLAIN), key=lambda f: f.after)
    free = [f for f in fits if not f.conversion.name and f.conversion not in PLAIN]
    wide = scale.wide if scale else 0.0
    sure = [f for f in named if wide <= WIDEST[f.conversion.rank] and not f.conversion.offset]
    shifted = [f for f in named if f.conversion.offset]
    first = next(iter([*plain, *sure, *free, *shifted]), None)
    if first is None:
        return Fit(Conversion(1.0), before, before)
    others = [f.conversion for f in named if f is not first and pair.exact and wide <= WIDEST[1]]
    return Fit(first.conversion, before, first.after, tuple(others[:1]))


def _candidates(pair: _Pair) -> Iterator[Conversion]:
    """The conversions that the samples leave room for, and the factor as it is estimated."""
    scale = pair.scale
    straight = scale is not None and scale.stretched <= SURE
    for c in (*KNOWN, *PLAIN):
        if (c.offset or (straight and scale is not None and scale.allows(c.factor))) and pair.possible(c):
            yield c
    if scale is not None and straight and not 1 / LEAST < scale.factor < LEAST and pair.free(scale.factor):
        yield Conversion(scale.factor)


def _of_histograms(now: Histogram, past: Histogram, nights: float) -> _Pair:
    steps, earlier = Steps.of(now), Steps.of(past)
    n, m = float(now.counts.sum()), float(past.counts.sum())

    def possible(c: Conversion) -> bool:
        if steps is None or earlier is None:
            return True
        met = steps.reached_from(earlier, c.factor, c.offset) >= REACHED
        return met and not steps.too_dense_for(earlier, c.factor)

    def free(factor: float) -> bool:
        return steps is None or earlier is None or not steps.too_dense_for(earlier, factor)

    scale = of_histograms(now, past, nights)
    chance = CHANCE * math.sqrt(1 / n + 1 / m) + 0.4 * nights
    return _Pair(scale, lambda c: _gap(now, past, c), possible, chance, free)


def _of_moments(now: ColumnProfile, past: ColumnProfile, nights: float) -> _Pair | None:
    first, second = _moments(now), _moments(past)
    if first is None or second is None or now.moments is None or past.moments is None:
        return None
    n, m = float(now.moments.n[0]), float(past.moments.n[0])
    heavy = [max(0.5, float(one.kurtosis()[0]) + 2) for one in (now.moments, past.moments)]
    error = math.sqrt(heavy[0] / (4 * n) + heavy[1] / (4 * m))
    ratio = first[1] / second[1]

    def possible(c: Conversion) -> bool:
        wide = math.hypot(first[1] / math.sqrt(n), c.factor * second[1] / math.sqrt(m), nights * first[1])
        apart = abs(first[0] - c.factor * second[0] - c.offset)
        return apart <= SURE * wide and (not c.offset or abs(math.log(ratio / c.factor)) <= SURE * error)

    scale = _from_both(first, second, n, m, Scale(ratio, error), _of_width(now.moments, past.moments), nights)
    chance = 0.4 * (SURE * math.sqrt(1 / n + 1 / m) + nights)
    return _Pair(
        scale, lambda c: _normal_gap(first, second, c), possible, chance, lambda f: possible(Conversion(f)), False
    )


def _of_width(*both: Moments) -> float:
    """The standard error of the logarithm of the ratio of two spreads, each beside its mean."""
    total = 0.0
    for one in both:
        width = float(one.std()[0] / abs(one.mean[0])) if one.mean[0] else math.inf
        variance = (float(one.kurtosis()[0]) + 2) / 4 + width**2 - float(one.skewness()[0]) * width
        total += max(0.5, variance) / float(one.n[0])
    return math.sqrt(total)


def _from_both(
    now: tuple[float, float], past: tuple[float, float], n: float, m: float, spread: Scale, wide: float, nights: float
) -> Scale:
    """The factor by the spread, and by the mean where that is far from 0, each weighed by how sure it is."""
    beside = (now[1] / abs(now[0]) if now[0] else math.inf), (past[1] / abs(past[0]) if past[0] else math.inf)
    error = math.hypot(beside[0] / math.sqrt(n), beside[1] / math.sqrt(m), nights * max(beside))
    if not error < 0.2:
        return spread
    stretched = abs(math.log(beside[0] / beside[1])) / math.hypot(wide, nights * max(beside))
    a, b = 1 / max(error, 1e-9) ** 2, 1 / max(spread.error, 1e-9) ** 2
    log = (a * math.log(abs(now[0] / past[0])) + b * math.log(spread.factor)) / (a + b)
    return Scale(math.exp(log), (a * error + b * spread.error) / (a + b), stretched)


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
