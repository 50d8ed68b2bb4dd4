"""Values between two ends: the beta distribution of shares, and the uniform."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive
from tearless.probability.areas import Continuous, Floats, chances, finite, placed, sample, spread
from tearless.probability.saddle_point import log_binomial


@dataclass(frozen=True, slots=True)
class Beta(Continuous):
    """Density x^(a−1) (1−x)^(b−1) / B(a, b) on 0 < x < 1: a share, after a−1 successes and b−1 failures.

    >>> Beta(2.0, 2.0).mean, float(Beta(2.0, 2.0).below(0.5)), float(Beta(2.0, 2.0).density(0.5).round(12))
    (0.5, 0.5, 1.5)
    """

    a: float
    b: float

    def __post_init__(self) -> None:
        positive(self.a, "a")
        positive(self.b, "b")

    @classmethod
    def fit(cls, x: ArrayLike) -> Self:
        """Newton's method on the two digamma equations ψ(a) − ψ(a+b) = mean ln x, ψ(b) − ψ(a+b) = mean ln(1−x)."""
        return cls(*_shapes(sample(x, low=0.0, high=1.0, open_ends=True, least=2)))

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, 1.0

    @property
    def mean(self) -> float:
        return self.a / (self.a + self.b)

    @property
    def variance(self) -> float:
        return self.mean * (self.b / (self.a + self.b)) / (self.a + self.b + 1)

    def log_density(self, x: ArrayLike) -> Floats:
        given = np.asarray(x, dtype=np.float64)
        inside = (given > 0) & (given < 1)
        p = np.where(inside, given, 0.5)
        ups, downs = (self.a - 1, self.b - 1) if min(self.a, self.b) >= 1 else (self.a, self.b)
        value = log_binomial(ups, ups + downs, p, 1 - p)
        if min(self.a, self.b) >= 1:
            value = value + math.log(self.a + self.b - 1)
        else:
            value = value + math.log(self.a) + math.log(self.b / (self.a + self.b)) - np.log(p) - np.log1p(-p)
        value = placed(given, value, inside, at_zero=self.a, height=math.log(self.b))
        end = math.inf if self.b < 1 else math.log(self.a) if self.b == 1 else -math.inf
        return np.where(given == 1, end, value)

    def below(self, x: ArrayLike) -> Floats:
        return special.betainc(self.a, self.b, np.clip(np.asarray(x, dtype=np.float64), 0.0, 1.0))

    def above(self, x: ArrayLike) -> Floats:
        return special.betaincc(self.a, self.b, np.clip(np.asarray(x, dtype=np.float64), 0.0, 1.0))

    def quantile(self, p: ArrayLike, *, upper: bool = False) -> Floats:
        return (special.betainccinv if upper else special.betaincinv)(self.a, self.b, chances(p))


@dataclass(frozen=True, slots=True)
class Uniform(Continuous):
    """Everything from ``low`` to ``high`` alike.

    >>> float(Uniform(0.0, 4.0).between(1.0, 2.0)), Uniform(0.0, 4.0).mean
    (0.25, 2.0)
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        finite(self.low, "low")
        finite(self.high, "high")
        if not self.low < self.high:
            raise InputError(f"low, high: expected low below high, got {self.low} and {self.high}; swap them")

    @classmethod
    def fit(cls, x: ArrayLike) -> Self:
        """The least and the greatest value. The truth is wider: by about (high − low)/n at each end."""
        values = sample(x, least=2)
        spread(float(values.max() / 2 - values.min() / 2))
        return cls(float(values.min()), float(values.max()))

    @property
    def support(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def mean(self) -> float:
        return self.low / 2 + self.high / 2

    @property
    def variance(self) -> float:
        return (self.high - self.low) ** 2 / 12

    def log_density(self, x: ArrayLike) -> Floats:
        given = np.asarray(x, dtype=np.float64)
        outside = (given < self.low) | (given > self.high)
        return np.where(outside, -np.inf, np.where(np.isnan(given), given, -math.log(self.high - self.low)))

    def below(self, x: ArrayLike) -> Floats:
        return (np.clip(np.asarray(x, dtype=np.float64), self.low, self.high) - self.low) / (self.high - self.low)

    def above(self, x: ArrayLike) -> Floats:
        return (self.high - np.clip(np.asarray(x, dtype=np.float64), self.low, self.high)) / (self.high - self.low)

    def quantile(self, p: ArrayLike, *, upper: bool = False) -> Floats:
        share = chances(p)
        return self.high - share * (self.high - self.low) if upper else self.low + share * (self.high - self.low)


def _shapes(x: Floats) -> tuple[float, float]:
    """Newton's method from the moments' estimate, halving a step that would leave the positive numbers."""
    logs = np.array([np.mean(np.log(x)), np.mean(np.log1p(-x))])
    mean = float(x.mean())
    variance = spread(float(np.mean((x - mean) ** 2)))
    size = max(mean * (1 - mean) / variance - 1, 0.1)
    ab = np.array([mean * size, (1 - mean) * size])
    for _ in range(200):
        wrong = special.digamma(ab) - special.digamma(ab.sum()) - logs
        slopes = np.diag(special.polygamma(1, ab)) - special.polygamma(1, ab.sum())
        step = np.linalg.solve(slopes, wrong)
        while (step >= ab).any():
            step = step / 2
        ab = ab - step
        if (np.abs(step) <= 1e-14 * ab).all():
            break
    return float(ab[0]), float(ab[1])
