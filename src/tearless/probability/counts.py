"""Distributions on whole numbers: Poisson, binomial, Bernoulli."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive
from tearless.probability.areas import Counts, Floats, chances, sample
from tearless.probability.saddle_point import log_binomial, log_poisson


@dataclass(frozen=True, slots=True)
class Poisson(Counts):
    """Counts of independent rare events with this expectation.

    >>> p = Poisson(2.0)
    >>> float(p.density(0).round(6)), float(p.above(2).round(6)), float(p.between(1, 2).round(6))
    (0.135335, 0.323324, 0.541341)
    """

    expected: float

    def __post_init__(self) -> None:
        positive(self.expected, "expected", zero=True)

    @classmethod
    def fit(cls, x: ArrayLike) -> Self:
        """The mean of the counts."""
        return cls(float(_whole(sample(x, low=0.0)).mean()))

    @property
    def mean(self) -> float:
        return self.expected

    @property
    def variance(self) -> float:
        return self.expected

    def log_density(self, x: ArrayLike) -> Floats:
        k = np.asarray(x, dtype=np.float64)
        can = (k >= 0) & (k == np.floor(k)) & np.isfinite(k)
        return _nan_kept(k, np.where(can, log_poisson(np.where(can, k, 0.0), self.expected), -np.inf))

    def below(self, x: ArrayLike) -> Floats:
        k = np.floor(np.asarray(x, dtype=np.float64))
        return _nan_kept(k, np.where(k < 0, 0.0, special.gammaincc(np.maximum(k, 0.0) + 1, self.expected)))

    def above(self, x: ArrayLike) -> Floats:
        k = np.floor(np.asarray(x, dtype=np.float64))
        return _nan_kept(k, np.where(k < 0, 1.0, special.gammainc(np.maximum(k, 0.0) + 1, self.expected)))

    def quantile(self, p: ArrayLike, *, upper: bool = False) -> Floats:
        """The least count with at least p below or at it (with at most p above it where ``upper``)."""
        return self._least(chances(p), upper, np.inf)


@dataclass(frozen=True, slots=True)
class Binomial(Counts):
    """Successes among ``trials`` independent trials, each with this chance.

    >>> b = Binomial(4, 0.5)
    >>> b.density([0, 2, 4]).round(12).tolist(), float(b.above(3).round(12))
    ([0.0625, 0.375, 0.0625], 0.0625)
    """

    trials: int
    chance: float

    def __post_init__(self) -> None:
        _trials(self.trials)
        _share(self.chance)

    @classmethod
    def fit(cls, x: ArrayLike, trials: int = 1) -> Self:
        """The share of successes, for counts out of ``trials`` each."""
        _trials(trials)
        return cls(int(trials), float(_whole(sample(x, low=0.0, high=float(trials))).mean()) / trials)

    @property
    def mean(self) -> float:
        return self.trials * self.chance

    @property
    def variance(self) -> float:
        return self.trials * self.chance * (1 - self.chance)

    def log_density(self, x: ArrayLike) -> Floats:
        k = np.asarray(x, dtype=np.float64)
        can = (k >= 0) & (k <= self.trials) & (k == np.floor(k))
        value = log_binomial(np.where(can, k, 0.0), float(self.trials), self.chance, 1 - self.chance)
        return _nan_kept(k, np.where(can, value, -np.inf))

    def below(self, x: ArrayLike) -> Floats:
        k, inside = self._inside(x)
        value = special.betaincc(inside + 1, self.trials - inside, self.chance)
        return _nan_kept(k, np.where(k < 0, 0.0, np.where(k >= self.trials, 1.0, value)))

    def above(self, x: ArrayLike) -> Floats:
        k, inside = self._inside(x)
        value = special.betainc(inside + 1, self.trials - inside, self.chance)
        return _nan_kept(k, np.where(k < 0, 1.0, np.where(k >= self.trials, 0.0, value)))

    def quantile(self, p: ArrayLike, *, upper: bool = False) -> Floats:
        """The least count with at least p below or at it (with at most p above it where ``upper``)."""
        return self._least(chances(p), upper, float(self.trials))

    def _inside(self, x: ArrayLike) -> tuple[Floats, Floats]:
        k = np.floor(np.asarray(x, dtype=np.float64))
        return k, np.clip(np.nan_to_num(k), 0.0, self.trials - 1.0)


@dataclass(frozen=True, slots=True)
class Bernoulli(Binomial):
    """One trial: 1 with this chance, else 0.

    >>> Bernoulli(0.3).density([0, 1]).round(12).tolist(), Bernoulli.fit([1, 0, 0, 1]).mean
    ([0.7, 0.3], 0.5)
    """

    trials: int
    chance: float

    def __init__(self, chance: float) -> None:
        object.__setattr__(self, "trials", 1)
        object.__setattr__(self, "chance", _share(chance))

    @classmethod
    def fit(cls, x: ArrayLike, trials: int = 1) -> Self:
        """The share of ones."""
        if trials != 1:
            raise InputError(f"trials: expected 1, got {trials!r}; use Binomial for more")
        return cls(float(_whole(sample(x, low=0.0, high=1.0)).mean()))


def _nan_kept(k: Floats, value: Floats) -> Floats:
    return np.where(np.isnan(k), k, value)


def _whole(x: Floats) -> Floats:
    if (x != np.floor(x)).any():
        raise InputError(f"x: expected whole numbers, got {x[x != np.floor(x)][0]}; counts have no fraction")
    return x


def _trials(n: int) -> None:
    if n != int(n) or n < 1:
        raise InputError(f"trials: expected a whole number of at least 1, got {n!r}; give the number of trials")


def _share(p: float) -> float:
    if not 0 <= p <= 1:
        raise InputError(f"chance: expected a chance from 0 to 1, got {p!r}; give a share, not a percentage")
    return float(p)
