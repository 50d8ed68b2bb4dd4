"""What every distribution answers: its density, the area below, above and between, and the value at a share.

The area above is computed as itself and never as one minus the area below, which is 0 beyond eight standard deviations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError

Floats = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


class Distribution(ABC):
    """A distribution with its parameters known. Values are NumPy arrays of any shape; nan in, nan out.

    ``density`` is a probability for counts, and a probability per unit of x else.

    >>> from tearless.probability.normal import Normal
    >>> iq: Distribution = Normal(100.0, 15.0)
    >>> float(iq.below(100.0)), float(iq.above(100.0)), iq.quantile([0.5]).tolist()
    (0.5, 0.5, [100.0])
    """

    @classmethod
    @abstractmethod
    def fit(cls, x: ArrayLike) -> Self:
        """The member of the family under which the values ``x``, shape (n,), have the greatest likelihood."""

    @property
    @abstractmethod
    def mean(self) -> float:
        """The expectation; nan where there is none."""

    @property
    @abstractmethod
    def variance(self) -> float:
        """The variance; inf or nan where there is none."""

    @abstractmethod
    def log_density(self, x: ArrayLike) -> Floats:
        """ln of the density at x; −inf outside the support."""

    @abstractmethod
    def below(self, x: ArrayLike) -> Floats:
        """P(X ≤ x)."""

    @abstractmethod
    def above(self, x: ArrayLike) -> Floats:
        """P(X > x), right to its own last digits however small it is, down to about 1e-300."""

    @abstractmethod
    def between(self, low: ArrayLike, high: ArrayLike) -> Floats:
        """P(low ≤ X ≤ high). Raises ``InputError`` where low exceeds high."""

    @abstractmethod
    def quantile(self, p: ArrayLike, *, upper: bool = False) -> Floats:
        """The value with area p below it, or with p above it where ``upper`` (for p too small to be 1 − p)."""

    def density(self, x: ArrayLike) -> Floats:
        """The density at x."""
        return np.exp(self.log_density(x))

    def log_likelihood(self, x: ArrayLike) -> float:
        """The sum of the log density over the values: what fitting makes as great as it can be. In nats."""
        return float(np.sum(self.log_density(x)))


class Continuous(Distribution):
    """A distribution with a density.

    >>> from tearless.probability.beta import Uniform
    >>> evenly: Continuous = Uniform(0.0, 10.0)
    >>> evenly.support, float(evenly.between(2.0, 5.0))
    ((0.0, 10.0), 0.3)
    """

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """The ends outside which nothing falls."""

    def between(self, low: ArrayLike, high: ArrayLike) -> Floats:
        """P(low ≤ X ≤ high), from the nearer tail; of a narrow slice, by integrating the density over it.

        A difference of two areas loses the digits that they share; where the slice is under a twentieth of its tail and
        the density varies by less than a factor of 2 on it, 24 Gauss-Legendre points are right to the last digits.
        """
        a, b = _interval(low, high)
        a, b = (np.clip(end, *self.support) for end in (a, b))
        left, right = self.below(b) <= 0.5, self.above(a) <= 0.5
        tail = np.where(left, self.below(b), np.where(right, self.above(a), 1.0))
        area = np.where(
            left,
            self.below(b) - self.below(a),
            np.where(right, self.above(a) - self.above(b), 1.0 - self.below(a) - self.above(b)),
        )
        finite = np.isfinite(a) & np.isfinite(b)
        a, b = np.where(finite, a, 0.0), np.where(finite, b, 0.0)
        middle, half = a / 2 + b / 2, b / 2 - a / 2
        ends = np.stack([self.log_density(a), self.log_density(middle), self.log_density(b)])
        with np.errstate(invalid="ignore"):
            even = ends.max(axis=0) - ends.min(axis=0) < np.log(2)
        narrow = finite & (area < 0.05 * tail) & even
        points = middle[..., None] + half[..., None] * _NODES
        with np.errstate(over="ignore", invalid="ignore"):
            summed = half * (self.density(points) @ _WEIGHTS)
        return np.where(narrow, summed, np.maximum(area, 0.0))


class Counts(Distribution):
    """A distribution on whole numbers.

    >>> from tearless.probability.counts import Binomial
    >>> heads: Counts = Binomial(2, 0.5)
    >>> heads.density([0, 1, 2]).round(12).tolist(), float(heads.between(1, 2).round(12))
    ([0.25, 0.5, 0.25], 0.75)
    """

    def between(self, low: ArrayLike, high: ArrayLike) -> Floats:
        """P(low ≤ X ≤ high), both ends included; up to 1,000 counts are summed, longer stretches are differences."""
        a, b = _interval(low, high)
        a, b = np.ceil(a), np.floor(b)
        shape = a.shape
        return np.array([self._stretch(x, y) for x, y in zip(a.ravel(), b.ravel(), strict=True)]).reshape(shape)

    def _stretch(self, a: float, b: float) -> float:
        if np.isnan(a) or np.isnan(b):
            return float("nan")
        if a > b:
            return 0.0
        if b - a < 1_000:
            return float(np.sort(self.density(np.arange(a, b + 1))).sum())
        below, above = float(self.below(b)), float(self.above(a - 1))
        if below <= 0.5:
            return below - float(self.below(a - 1))
        return above - float(self.above(b)) if above <= 0.5 else 1.0 - float(self.below(a - 1)) - float(self.above(b))

    def _least(self, p: Floats, upper: bool, end: float) -> Floats:
        """The least count that leaves at most p above it, or at least p at and below it: by doubling, then halving."""

        def enough(k: Floats) -> NDArray[np.bool_]:
            return self.above(k) <= p if upper else self.below(k) >= p

        high, low = np.ones_like(p), np.full_like(p, -1.0)
        for _ in range(64):
            high = np.where(enough(high) | (high >= end), np.minimum(high, end), 2 * high)
        for _ in range(64):
            middle = np.floor((low + high) / 2)
            apart, reached = (low < middle) & (middle < high), enough(middle)
            high, low = np.where(apart & reached, middle, high), np.where(apart & ~reached, middle, low)
        return np.where(np.isnan(p), p, np.where((p == (0 if upper else 1)) & np.isinf(end), np.inf, high))


def sample(
    x: ArrayLike, *, low: float = -np.inf, high: float = np.inf, open_ends: bool = False, least: int = 1
) -> Floats:
    """The values to fit: shape (n,), finite, inside the support. Raises ``InputError`` saying which is not.

    ``low`` and ``high`` are the ends of the support, ``open_ends`` says that they are outside it, ``least`` is how many
    values are needed.

    >>> sample([0.25, 0.5], low=0.0, high=1.0).tolist()
    [0.25, 0.5]
    >>> sample([1.5], low=0.0, high=1.0)
    Traceback (most recent call last):
    ...
    tearless.core.errors.InputError: x: expected values from 0.0 and 1.0, got 1.5; choose another family
    """
    try:
        values = np.asarray(x, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("x: expected numbers, got something else; convert it to floats first") from None
    if values.ndim != 1 or len(values) < least:
        raise InputError(
            f"x: expected {least} or more values in one dimension, got shape {values.shape}; ravel it first"
        )
    if not np.isfinite(values).all():
        raise InputError(f"x: expected finite values, got {np.sum(~np.isfinite(values))} that are not; leave them out")
    outside = (values <= low) | (values >= high) if open_ends else (values < low) | (values > high)
    if outside.any():
        first = values[outside][0]
        kind = "strictly between" if open_ends else "from"
        raise InputError(f"x: expected values {kind} {low} and {high}, got {first}; choose another family")
    return values


def chances(p: Any) -> Floats:
    """Shares of an area. Raises ``InputError`` unless each is from 0 to 1 (nan passes).

    Any shape.

    >>> chances([0.25, 1.0]).tolist()
    [0.25, 1.0]
    """
    given = np.asarray(p, dtype=np.float64)
    if ((given < 0) | (given > 1)).any():
        raise InputError(f"p: expected chances from 0 to 1, got {given.ravel()[:3].tolist()}; give shares, not percent")
    return given


def _interval(low: ArrayLike, high: ArrayLike) -> tuple[Floats, Floats]:
    a, b = np.broadcast_arrays(np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64))
    if (a > b).any():
        raise InputError("low, high: expected low at most high, got them crossed; swap them")
    return a, b


def finite(value: float, name: str) -> None:
    """Raise ``InputError`` unless the parameter is a finite number.

    >>> finite(float("inf"), "mean")
    Traceback (most recent call last):
    ...
    tearless.core.errors.InputError: mean: expected a finite number, got inf; choose another
    """
    if not np.isfinite(value):
        raise InputError(f"{name}: expected a finite number, got {value!r}; choose another")


def spread(scale: float) -> float:
    """A fitted scale. Raises ``InputError`` where it is 0: all values are equal, and no density fits them.

    >>> spread(2.0)
    2.0
    """
    if not scale > 0:
        raise InputError("x: expected values that differ, got one value only; a constant has no density to fit")
    return scale


def placed(u: Floats, value: Floats, inside: NDArray[np.bool_], at_zero: float, height: float) -> Floats:
    """A log density on u > 0 with its outside: −inf there, and at 0 what x^(at_zero − 1) makes of ``height``.

    All of one shape; nan stays nan.

    >>> u = np.array([-1.0, 0.0, 2.0])
    >>> placed(u, -u, u > 0, at_zero=1.0, height=0.0).tolist()  # e^−x: its density is 1 at 0, the logarithm 0
    [-inf, 0.0, -2.0]
    """
    zero = np.inf if at_zero < 1 else height if at_zero == 1 else -np.inf
    return np.where(inside, value, np.where(np.isnan(u), u, np.where(u == 0, zero, -np.inf)))
