"""By which factor one column of numbers is larger than another, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tearless.statistics.profile.histogram import Histogram

from .nights import Floats

SURE = 3.0
"""Standard errors either side that a factor may be away from what two samples tell: one in 370 is, by chance."""
_TRIMMED = 0.1
_DECIMALS = 6
_MOST_POINTS = 2**52


@dataclass(frozen=True, slots=True)
class Scale:
    """A positive ``factor``, and the standard ``error`` of its logarithm.

    ``stretched`` is by how many of its own errors the spread, beside the size, is other than one factor leaves it.

    >>> Scale(2.0, 0.05).allows(2.2), Scale(2.0, 0.03).allows(2.2)
    (True, False)
    """

    factor: float
    error: float
    stretched: float = 0.0

    def allows(self, factor: float) -> bool:
        """Whether the samples leave room for this factor; its sign is ignored."""
        return abs(math.log(abs(factor) / self.factor)) <= SURE * self.error + 1e-9

    @property
    def wide(self) -> float:
        """How far, as a logarithm, the factor may be off."""
        return SURE * self.error


def of_histograms(now: Histogram, past: Histogram, nights: float = 0.0) -> Scale | None:
    """By the trimmed means of the sizes of what is not 0, with their winsorised errors (Tukey and McLaughlin 1963).

    ``nights``: by how many standard deviations of a row days differ. ``None`` where either holds nothing but 0.

    >>> x = np.random.default_rng(0).normal(68, 3, 500)
    >>> found = of_histograms(Histogram.of(2.54 * x), Histogram.of(x))
    >>> round(found.factor, 2), found.error < 0.003
    (2.54, True)
    """
    first, second = _trimmed(now), _trimmed(past)
    if first is None or second is None:
        return None
    variance = first[1] ** 2 + second[1] ** 2 + (nights * max(first[2], second[2])) ** 2
    factor = first[0] / second[0]
    if not 0 < factor < math.inf:
        return None
    stretched = 0.0
    if min(first[2], second[2]) > 1e-9:
        error = math.sqrt(1 / float(now.counts.sum()) + 1 / float(past.counts.sum()) + nights**2)
        stretched = abs(math.log(first[2] / second[2])) / error
    return Scale(factor, math.sqrt(variance), stretched)


def _trimmed(histogram: Histogram) -> tuple[float, float, float] | None:
    """Trimmed mean of the sizes, its error and the winsorised spread, both beside it."""
    low, high = histogram.edges()
    sizes, counts = np.abs(low / 2 + high / 2), histogram.counts
    sizes, counts = sizes[sizes > 0], counts[sizes > 0]
    if not len(sizes):
        return None
    order = np.argsort(sizes, kind="stable")
    sizes, counts = sizes[order], counts[order]
    n, ends = float(counts.sum()), np.cumsum(counts)
    lowest, highest = _TRIMMED * n, (1 - _TRIMMED) * n
    kept = np.clip(ends, lowest, highest) - np.clip(ends - counts, lowest, highest)
    unit = float(sizes[min(len(sizes) - 1, int(np.searchsorted(ends, n / 2)))])
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = sizes / unit
        mean = float((kept * scaled).sum() / kept.sum())
        inner = scaled[kept > 0]
        bounded = np.clip(scaled, inner[0], inner[-1])
        middle = float((counts * bounded).sum() / n)
        spread = math.sqrt(float((counts * (bounded - middle) ** 2).sum() / n)) / mean
    if not (math.isfinite(mean) and math.isfinite(spread)):
        return None
    return mean * unit, spread / ((1 - 2 * _TRIMMED) * math.sqrt(n)), spread


@dataclass(frozen=True, slots=True)
class Steps:
    """The values of a column that are whole multiples of one ``step``, rising, and their shares: shapes ``(k,)``.

    >>> Steps.of(Histogram.of(np.array([2.0, 4.0, 8.0]))).values.tolist()
    [2.0, 4.0, 8.0]
    """

    step: float
    values: Floats
    shares: Floats

    @classmethod
    def of(cls, histogram: Histogram) -> Steps | None:
        """Of a column whose values are told apart and are decimals of six digits at most; ``None`` of any other.

        >>> Steps.of(Histogram.of(np.array([0.5, 1.5, 3.0]))).step
        0.5
        """
        if histogram.level or len(histogram.cells) < 2:
            return None
        values = histogram.edges()[0]
        for digits in range(_DECIMALS + 1):
            scaled = values * 10.0**digits
            if np.abs(scaled).max() >= _MOST_POINTS:
                return None
            whole = np.rint(scaled)
            if np.abs(scaled - whole).max() <= 1e-9 * max(1.0, float(np.abs(scaled).max())):
                step = int(np.gcd.reduce(whole.astype(np.int64))) / 10.0**digits
                return cls(step, values, histogram.counts / histogram.counts.sum())
        return None

    def reached_from(self, past: Steps, factor: float, offset: float) -> float:
        """The share of these values that the past's multiples give, once converted and rounded as these are.

        >>> twice, once = (Steps.of(Histogram.of(np.arange(10.0) * k)) for k in (2, 1))
        >>> round(twice.reached_from(once, 2, 0), 9), twice.reached_from(once, 2.2, 0) < 0.7
        (1.0, True)
        """
        jump = factor * past.step
        nearest = np.rint((self.values - offset) / jump) * jump + offset
        decimal = 10.0 ** math.floor(math.log10(self.step) + 1e-9)
        off = np.abs(nearest - self.values)
        return float(self.shares[off <= decimal / 2 * (1 + 1e-6)].sum())

    def too_dense_for(self, past: Steps, factor: float) -> bool:
        """Whether more values are filled than the converted steps of the past leave, between the outer tenths."""
        below = np.cumsum(self.shares)
        first, last = (int(np.searchsorted(below, share)) for share in (0.1, 0.9))
        last = min(last, len(below) - 1)
        room = (self.values[last] - self.values[first]) / (abs(factor) * past.step) + 1
        return bool(last - first > room)
