"""The distribution of a sum of independent quantities, each with a few values: written out, or on a fine lattice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tearless.core import InputError
from tearless.probability.areas import Floats

Part = tuple[Floats, Floats]
"""The values that a quantity can take, and the chance of each."""
WRITTEN_OUT = 1 << 17
"""Up to so many combinations all are written out."""
LATTICE = 1 << 15
"""The points of the lattice else, if nothing is said."""


@dataclass(frozen=True, slots=True, eq=False)
class SumLaw:
    """The sum's possible ``values``, rising, and the ``mass`` of each; its ``mean`` and ``deviation``, both exact.

    ``grain`` is 0 where every combination was written out; else the step of the lattice, and no chance is right to
    more than what the sum varies within a step or two.

    >>> coin = (np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    >>> heads = sum_law([coin, coin])
    >>> heads.at_least(1.0), heads.at_most(0.0), heads.quantile(0.5), heads.mean
    (0.75, 0.25, 1.0, 1.0)
    """

    values: Floats
    mass: Floats
    mean: float
    deviation: float
    grain: float

    def at_least(self, x: float) -> float:
        """P(sum ≥ x); a value equal to x up to rounding, or within a step of the lattice, counts."""
        slack = self.grain + 1e-12 * (abs(x) + self.deviation)
        return min(1.0, float(self.mass[self.values >= x - slack].sum()))

    def at_most(self, x: float) -> float:
        """P(sum ≤ x), with the same slack."""
        slack = self.grain + 1e-12 * (abs(x) + self.deviation)
        return min(1.0, float(self.mass[self.values <= x + slack].sum()))

    def quantile(self, share: float) -> float:
        """The least value with at least this share at or below it."""
        at = int(np.searchsorted(np.cumsum(self.mass), share - 1e-12))
        return float(self.values[min(at, len(self.values) - 1)])


def sum_law(parts: Sequence[Part], *, points: int = LATTICE) -> SumLaw:
    """The distribution of the sum of independent parts, each ``(values, chances)``, shapes (m,) and (m,).

    All combinations where they are at most 131,072; else each value is split between its two neighbours on a lattice of
    ``points``, a power of 2, so that its mean stays, and the parts are folded by Fourier transform: the mean stays
    exact, and the variance grows by at most a quarter of the step squared for each part. Raises ``InputError`` for no
    part.

    >>> coin = (np.array([0.0, 1.0]), np.array([0.5, 0.5]))
    >>> law = sum_law([coin, coin])
    >>> law.values.tolist(), law.mass.tolist()
    ([0.0, 1.0, 2.0], [0.25, 0.5, 0.25])
    """
    if not parts:
        raise InputError("parts: expected one or more, got none; a sum of nothing has no distribution")
    means = [float(v @ m) for v, m in parts]
    mean = math.fsum(means)
    variance = math.fsum(float((v - c) ** 2 @ m) for (v, m), c in zip(parts, means, strict=True))
    combinations = 1.0
    for v, _ in parts:
        combinations = min(combinations * len(v), 1e18)
    if combinations <= WRITTEN_OUT:
        values, mass = _written_out(parts)
        return SumLaw(values, mass, mean, math.sqrt(variance), 0.0)
    farthest = max(float(np.abs(v[m > 1e-18] - c).max(initial=0.0)) for (v, m), c in zip(parts, means, strict=True))
    return _on_lattice(parts, mean, variance, farthest, points)


def _written_out(parts: Sequence[Part]) -> Part:
    values, mass = np.zeros(1), np.ones(1)
    for v, m in parts:
        values = (values[:, None] + v[None, :]).ravel()
        mass = (mass[:, None] * m[None, :]).ravel()
        order = np.argsort(values, kind="stable")
        values, mass = values[order], mass[order]
        new = np.concatenate([[True], np.diff(values) > 1e-13 * (1e-300 + np.abs(values[1:]))])
        values, mass = values[new], np.add.reduceat(mass, np.flatnonzero(new))
    return values, mass


def _on_lattice(parts: Sequence[Part], mean: float, variance: float, farthest: float, points: int) -> SumLaw:
    """Folded on a circle as long as the window outside which, by Bernstein, lies less than 1e-16."""
    reach = 13 * farthest + math.sqrt((13 * farthest) ** 2 + 78 * variance)
    low = max(math.fsum(float(v.min()) for v, _ in parts), mean - reach)
    high = min(math.fsum(float(v.max()) for v, _ in parts), mean + reach)
    step = (high - low) / (points - 4)
    folded = np.ones(points // 2 + 1, dtype=np.complex128)
    start = 0
    for v, m in parts:
        place = v / step
        whole = np.floor(place)
        over, first = place - whole, int(whole.min())
        at = (whole - first).astype(np.intp)
        spread = np.bincount(at % points, m * (1 - over), minlength=points)
        spread = spread + np.bincount((at + 1) % points, m * over, minlength=points)
        folded *= np.fft.rfft(spread)
        start += first
    mass = np.maximum(np.fft.irfft(folded, points), 0.0)
    origin = math.floor(low / step) - 1
    mass = np.roll(mass, (start - origin) % points)
    return SumLaw((origin + np.arange(points, dtype=np.float64)) * step, mass, mean, math.sqrt(variance), step)
