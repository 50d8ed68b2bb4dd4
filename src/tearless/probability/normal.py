"""The normal distribution, and the lognormal whose logarithm it is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, arrays, positive
from tearless.probability.areas import Continuous, Floats, chances, finite, sample, spread

_LN_2PI = math.log(2 * math.pi)


@dataclass(frozen=True, slots=True)
class Normal(Continuous):
    """N(mean, deviation²), the standard deviation in the unit of x.

    >>> n = Normal(100, 15)
    >>> float(n.between(85, 115).round(3)), float(n.above(130).round(4)), f"{float(Normal(0, 1).above(30)):.12g}"
    (0.683, 0.0228, '4.90671392715e-198')
    """

    centre: float
    deviation: float

    def __post_init__(self) -> None:
        finite(self.centre, "centre")
        positive(self.deviation, "deviation")

    @classmethod
    def fit(cls, x: ArrayLike) -> Self:
        """The mean, and the standard deviation with n (not n − 1) below: that is the greatest likelihood."""
        values = sample(x, least=2)
        centre = float(values.mean())
        return cls(centre, spread(float(np.sqrt(np.mean((values - centre) ** 2)))))

    @property
    def support(self) -> tuple[float, float]:
        return -math.inf, math.inf

    @property
    def mean(self) -> float:
        return self.centre

    @property
    def variance(self) -> float:
        return self.deviation**2

    def log_density(self, x: ArrayLike) -> Floats:
        return -0.5 * (self._z(x) ** 2 + _LN_2PI) - math.log(self.deviation)

    def below(self, x: ArrayLike) -> Floats:
        return normal_below(self._z(x))

    def above(self, x: ArrayLike) -> Floats:
        return normal_below(-self._z(x))

    def log_below(self, x: ArrayLike) -> Floats:
        """ln P(X ≤ x), where the area itself has long been 0: at −10⁴ deviations it is −5 · 10⁷."""
        return special.log_ndtr(self._z(x))

    def log_above(self, x: ArrayLike) -> Floats:
        """ln P(X > x)."""
        return special.log_ndtr(-self._z(x))

    def quantile(self, p: ArrayLike, *, upper: bool = False) -> Floats:
        z = special.ndtri(chances(p))
        return self.centre + self.deviation * (-z if upper else z)

    def _z(self, x: ArrayLike) -> Floats:
        return (np.asarray(x, dtype=np.float64) - self.centre) / self.deviation


@dataclass(frozen=True, slots=True)
class LogNormal(Continuous):
    """exp of a normal: ln x has this centre and this standard deviation.

    >>> float(LogNormal(0.0, 1.0).below(1.0))
    0.5
    """

    centre: float
    deviation: float

    def __post_init__(self) -> None:
        _ = self._logs

    @classmethod
    def fit(cls, x: ArrayLike) -> Self:
        """The normal fit of ln x."""
        logs = Normal.fit(np.log(sample(x, low=0.0, open_ends=True, least=2)))
        return cls(logs.centre, logs.deviation)

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, math.inf

    @property
    def mean(self) -> float:
        return math.exp(self.centre + self.deviation**2 / 2)

    @property
    def variance(self) -> float:
        return math.expm1(self.deviation**2) * math.exp(2 * self.centre + self.deviation**2)

    def log_density(self, x: ArrayLike) -> Floats:
        logs = _log(x)
        finite_log = np.where(np.isinf(logs), 0.0, logs)
        return np.where(np.isinf(logs), -np.inf, self._logs.log_density(finite_log) - finite_log)

    def below(self, x: ArrayLike) -> Floats:
        return self._logs.below(_log(x))

    def above(self, x: ArrayLike) -> Floats:
        return self._logs.above(_log(x))

    def quantile(self, p: ArrayLike, *, upper: bool = False) -> Floats:
        return np.exp(self._logs.quantile(p, upper=upper))

    @property
    def _logs(self) -> Normal:
        return Normal(self.centre, self.deviation)


def normal_below(z: ArrayLike) -> Floats:
    """The standard normal area below z, right to a few ulp down to z = −37.5, where it is 5e-308.

    Any shape. Below −2 it is e^(−z²/2) times a slowly varying factor (``erfcx``), and z² is split into the square of z
    rounded to sixteenths, which is exact, and the rest: plainly, the rounding of z² costs z² ulp.

    >>> [f"{v:.12g}" for v in normal_below([0.0, -10.0])]
    ['0.5', '7.61985302416e-24']
    """
    given = np.asarray(z, dtype=np.float64)
    area = np.array(special.ndtr(given), dtype=np.float64)
    beyond = (given < -2) & (given > -39)
    if beyond.any():
        far = -given[beyond]
        near = np.round(far * 16) / 16
        slow = 0.5 * special.erfcx(far / math.sqrt(2)) * np.exp(-(far - near) * (far + near) / 2)
        area[beyond] = np.exp(-near * near / 2) * slow
    return area


def log_normal_density(x: Any, mean: Any, variance: Any) -> Array:
    """ln of the normal density at x, −½(ln 2πσ² + (x−μ)²/σ²), for means and variances of many normals at once.

    Shapes that broadcast; any Array API array, gradients flow. Raises ``InputError`` unless every variance is above 0.

    >>> float(log_normal_density(0.0, 0.0, 1.0).round(6))
    -0.918939
    """
    xp, x, m, v = arrays(x=x, mean=mean, variance=variance, empty=True)
    if not bool(xp.all(v > 0)):
        raise InputError("variance: expected numbers above 0, got others; a constant has no density")
    return -0.5 * (_LN_2PI + xp.log(v) + (x - m) ** 2 / v)


def _log(x: ArrayLike) -> Floats:
    """ln x; −inf for what is not above 0."""
    given = np.asarray(x, dtype=np.float64)
    outside = given <= 0
    return np.where(outside, -np.inf, np.log(np.where(outside, 1.0, given)))
