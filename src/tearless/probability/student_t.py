"""Student's t: a bell with heavy tails, and its fit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive
from tearless.probability.areas import Continuous, Floats, chances, finite, sample
from tearless.probability.normal import Normal


@dataclass(frozen=True, slots=True)
class StudentT(Continuous):
    """Student's t about ``centre`` with this scale: heavy tails that fall like |x|^−(degrees+1).

    ``degrees`` may be inf, which is the normal. The scale is not the standard deviation.

    >>> float(StudentT(1.0).above(1.0).round(12)), StudentT(4.0).variance
    (0.25, 2.0)
    """

    degrees: float
    centre: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        if not self.degrees > 0:
            raise InputError(f"degrees: expected a number above 0, or inf, got {self.degrees!r}; choose another")
        finite(self.centre, "centre")
        positive(self.scale, "scale")

    @classmethod
    def fit(cls, x: ArrayLike) -> Self:
        """The greatest likelihood among degrees of freedom from 1 to inf.

        Below 1 it has no maximum (it grows without bound as the scale shrinks onto single values: C. Fernández and
        M. F. J. Steel, *Multivariate Student-t regression models*, Biometrika 86, 1999), so nothing below 1 is looked
        at. The degrees are found to about six digits. Raises ``InputError`` where half the values are equal.
        """
        return cls(*_most_likely(sample(x, least=3)))

    @property
    def support(self) -> tuple[float, float]:
        return -math.inf, math.inf

    @property
    def mean(self) -> float:
        return self.centre if self.degrees > 1 else math.nan

    @property
    def variance(self) -> float:
        if math.isinf(self.degrees):
            return self.scale**2
        if self.degrees <= 1:
            return math.nan
        return self.scale**2 * self.degrees / (self.degrees - 2) if self.degrees > 2 else math.inf

    def log_density(self, x: ArrayLike) -> Floats:
        if math.isinf(self.degrees):
            return Normal(self.centre, self.scale).log_density(x)
        t = np.abs(self._t(x)) / math.sqrt(self.degrees)
        grown = np.where(t > 1, 2 * np.log(np.hypot(1.0, t)), np.log1p(np.minimum(t, 1.0) ** 2))
        front = _log_gamma_ratio(self.degrees / 2) - 0.5 * math.log(self.degrees * math.pi) - math.log(self.scale)
        return front - (self.degrees + 1) / 2 * grown

    def below(self, x: ArrayLike) -> Floats:
        if math.isinf(self.degrees):
            return Normal(self.centre, self.scale).below(x)
        return _area(self.degrees, self._t(x))

    def above(self, x: ArrayLike) -> Floats:
        if math.isinf(self.degrees):
            return Normal(self.centre, self.scale).above(x)
        return _area(self.degrees, -self._t(x))

    def quantile(self, p: ArrayLike, *, upper: bool = False) -> Floats:
        share = chances(p)
        t = special.ndtri(share) if math.isinf(self.degrees) else special.stdtrit(self.degrees, share)
        return np.asarray(self.centre + self.scale * (-t if upper else t), dtype=np.float64)

    def _t(self, x: ArrayLike) -> Floats:
        return (np.asarray(x, dtype=np.float64) - self.centre) / self.scale


def _log_gamma_ratio(a: float) -> float:
    """ln Γ(a + ½) − ln Γ(a), by its series from 20 on, where the difference would lose digits."""
    if a < 20:
        return float(special.gammaln(a + 0.5) - special.gammaln(a))
    b = 1 / (a * a)
    series = -1 / 8 + b * (1 / 192 + b * (-1 / 640 + b * (17 / 14336 - b * 31 / 18432)))
    return 0.5 * math.log(a) + series / a


def _most_likely(x: Floats) -> tuple[float, float, float]:
    """Degrees, centre and scale: the profile likelihood over u = 1/degrees, by a grid and then golden sections."""
    centre = float(np.median(x))
    scale = float(np.median(np.abs(x - centre)))
    if scale == 0:
        raise InputError("x: expected fewer than half the values equal, got more; Student's t would shrink onto them")
    cache: dict[float, tuple[float, float, float]] = {}

    def height(u: float) -> float:
        if u not in cache:
            cache[u] = _given_degrees(x, u, centre, 1.5 * scale)
        return cache[u][0]

    grid = [0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.85, 1.0]
    at = max(range(len(grid)), key=lambda i: height(grid[i]))
    low, high = grid[max(at - 1, 0)], grid[min(at + 1, len(grid) - 1)]
    golden = (math.sqrt(5) - 1) / 2
    a, b = high - golden * (high - low), low + golden * (high - low)
    while high - low > 1e-7 * high:
        if height(a) >= height(b):
            high, b, a = b, a, b - golden * (b - low)
        else:
            low, a, b = a, b, a + golden * (high - a)
    u = max(cache, key=lambda v: cache[v][0])
    return (1 / u if u > 1e-9 else math.inf), cache[u][1], cache[u][2]


def _given_degrees(x: Floats, u: float, centre: float, scale: float) -> tuple[float, float, float]:
    """The greatest log likelihood with 1/degrees = u, its centre and its scale.

    Reweighting: each value counts (1 + u)/(1 + u z²), and the scale is divided by the mean weight, which makes the
    steps few (Kent, Tyler and Vardi, *A curious likelihood identity for the multivariate t-distribution*, 1994).
    """
    for _ in range(500):
        with np.errstate(over="ignore"):
            weight = (1 + u) / (1 + u * ((x - centre) / scale) ** 2)
        new = float((weight * x).sum() / weight.sum())
        wide = float(np.sqrt((weight * (x - new) ** 2).sum() / weight.sum()))
        moved = max(abs(new - centre), abs(wide - scale))
        centre, scale = new, wide
        if moved <= 1e-13 * scale:
            break
    return StudentT(1 / u if u > 0 else math.inf, centre, scale).log_likelihood(x), centre, scale


def _area(degrees: float, t: Floats) -> Floats:
    return np.asarray(special.stdtr(degrees, t), dtype=np.float64)
