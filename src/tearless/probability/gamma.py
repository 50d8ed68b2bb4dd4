"""Waiting times: the exponential distribution, and the gamma of which it is the first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tearless.linear_algebra.arrays import positive
from tearless.probability.areas import Continuous, Floats, chances, placed, sample, spread
from tearless.probability.deviance import deviance
from tearless.probability.saddle_point import log_poisson


@dataclass(frozen=True, slots=True)
class Exponential(Continuous):
    """Waiting times of this mean (1/rate), in the unit of x.

    >>> float(Exponential(2.0).above(2.0).round(6))
    0.367879
    """

    scale: float

    def __post_init__(self) -> None:
        positive(self.scale, "scale")

    @classmethod
    def fit(cls, x: ArrayLike) -> Self:
        """The mean of the values."""
        return cls(spread(float(sample(x, low=0.0).mean())))

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    @property
    def mean(self) -> float:
        return self.scale

    @property
    def variance(self) -> float:
        return self.scale**2

    def log_density(self, x: ArrayLike) -> Floats:
        u = np.asarray(x, dtype=np.float64) / self.scale
        return np.where(u < 0, -np.inf, -u - math.log(self.scale))

    def below(self, x: ArrayLike) -> Floats:
        return -np.expm1(-self._u(x))

    def above(self, x: ArrayLike) -> Floats:
        return np.exp(-self._u(x))

    def quantile(self, p: ArrayLike, *, upper: bool = False) -> Floats:
        share = chances(p)
        with np.errstate(divide="ignore"):
            return -self.scale * (np.log(share) if upper else np.log1p(-share))

    def _u(self, x: ArrayLike) -> Floats:
        return np.maximum(np.asarray(x, dtype=np.float64), 0.0) / self.scale


@dataclass(frozen=True, slots=True)
class Gamma(Continuous):
    """Density x^(shape−1) e^(−x/scale) / (Γ(shape) scale^shape) on x > 0: mean shape · scale.

    >>> float(Gamma(1.0, 2.0).above(2.0).round(6)), Gamma(3.0, 2.0).mean
    (0.367879, 6.0)
    """

    shape: float
    scale: float

    def __post_init__(self) -> None:
        positive(self.shape, "shape")
        positive(self.scale, "scale")

    @classmethod
    def fit(cls, x: ArrayLike) -> Self:
        """The shape by Newton's method (T. P. Minka, *Estimating a Gamma distribution*, 2002), the scale mean/shape."""
        values = sample(x, low=0.0, open_ends=True, least=2)
        shape = _shape(values)
        return cls(shape, float(values.mean()) / shape)

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    @property
    def mean(self) -> float:
        return self.shape * self.scale

    @property
    def variance(self) -> float:
        return self.shape * self.scale**2

    def log_density(self, x: ArrayLike) -> Floats:
        u = np.asarray(x, dtype=np.float64) / self.scale
        inside = (u > 0) & np.isfinite(u)
        at = np.where(inside, u, 1.0)
        if self.shape >= 1:
            value = log_poisson(self.shape - 1, at) - math.log(self.scale)
        else:
            value = log_poisson(self.shape, at) + np.log(self.shape / at) - math.log(self.scale)
        return placed(u, value, inside, at_zero=self.shape, height=-math.log(self.scale))

    def below(self, x: ArrayLike) -> Floats:
        return np.asarray(special.gammainc(self.shape, self._u(x)), dtype=np.float64)

    def above(self, x: ArrayLike) -> Floats:
        return np.asarray(special.gammaincc(self.shape, self._u(x)), dtype=np.float64)

    def quantile(self, p: ArrayLike, *, upper: bool = False) -> Floats:
        share = chances(p)
        unit = special.gammainccinv(self.shape, share) if upper else special.gammaincinv(self.shape, share)
        return self.scale * np.asarray(unit, dtype=np.float64)

    def _u(self, x: ArrayLike) -> Floats:
        return np.maximum(np.asarray(x, dtype=np.float64), 0.0) / self.scale


def _shape(x: Floats) -> float:
    """The root of ln a − ψ(a) = s, where s = ln(mean x) − mean(ln x) is the mean of r − 1 − ln r over r = x/mean.

    Newton's steps on 1/a: there the function is nearly straight.
    """
    s = spread(float(np.mean(deviance(1.0, x / x.mean()))))
    a = (3 - s + math.sqrt((s - 3) ** 2 + 24 * s)) / (12 * s)
    for _ in range(50):
        slope = a * (1 - a * float(special.polygamma(1, a))) if a < 30 else -0.5 - 1 / (6 * a) + 1 / (30 * a**3)
        step = a * (_log_less_digamma(a) - s) / slope
        a /= 1 + step
        if abs(step) < 1e-15:
            break
    return a


def _log_less_digamma(a: float) -> float:
    """ln a − ψ(a), by its series from 30 on, where the difference would lose digits."""
    if a < 30:
        return math.log(a) - float(special.digamma(a))
    b = 1 / (a * a)
    return 1 / (2 * a) + b * (1 / 12 - b * (1 / 120 - b * (1 / 252 - b * (1 / 240 - b / 132))))
