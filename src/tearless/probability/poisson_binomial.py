"""How many of many independent events happen, each with its own chance: the Poisson-binomial distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import array, to_numpy
from tearless.probability.areas import Floats

WRITTEN_OUT = 1_024
"""Up to so many events the chances are multiplied out, term by term."""
_TERMS = 36
"""Of ln(1 + x), |x| ≤ 0.3: the first left out is below 1e-20."""
_RADIUS = 0.3
_SURE = 1e-12
"""Tails below this are replaced by Chernoff's bound where the characteristic function was inverted."""


@dataclass(frozen=True, slots=True, eq=False)
class PoissonBinomial:
    """The number of events that happen. ``mass[i]`` is the chance of ``start + i``; what lies outside is below 1e-16.

    ``chances`` (n,), ``mean`` Σp, ``variance`` Σp(1−p).

    >>> law = poisson_binomial([0.5, 0.5, 1.0])
    >>> law.at_least(3), law.at_most(1), law.central(0.5), law.two_sided(3)
    (0.25, 0.25, (2, 2), 0.5)
    """

    chances: Floats
    mean: float
    variance: float
    start: int
    mass: Floats

    @property
    def counts(self) -> Floats:
        """The counts that ``mass`` belongs to."""
        return np.arange(self.start, self.start + len(self.mass), dtype=np.float64)

    def at_least(self, k: float) -> float:
        """P(S ≥ k). Where it is below 1e-12 of more than 1,024 events: Chernoff's bound, which is above it."""
        first = math.ceil(k) - self.start
        value = 1.0 if first <= 0 else float(self.mass[first:][::-1].sum())
        if k > self.mean and value < _SURE and len(self.chances) > WRITTEN_OUT:
            return _chernoff(self.chances, math.ceil(k))
        return min(1.0, value)

    def at_most(self, k: float) -> float:
        """P(S ≤ k), exact as ``at_least`` is."""
        last = math.floor(k) - self.start
        value = 0.0 if last < 0 else float(self.mass[: last + 1].sum())
        if k < self.mean and value < _SURE and len(self.chances) > WRITTEN_OUT:
            return _chernoff(1 - self.chances, len(self.chances) - math.floor(k))
        return min(1.0, value)

    def central(self, level: float) -> tuple[int, int]:
        """The counts that leave at most (1 − level)/2 to each side of them: they hold S with at least ``level``."""
        tail = (1 - level) / 2
        low = int(np.searchsorted(np.cumsum(self.mass), tail, side="right"))
        high = int(np.searchsorted(np.cumsum(self.mass[::-1]), tail, side="right"))
        last = len(self.mass) - 1
        return self.start + min(low, last), self.start + max(last - high, 0)

    def two_sided(self, k: float) -> float:
        """Twice the smaller of P(S ≤ k) and P(S ≥ k), at most 1."""
        return min(1.0, 2 * min(self.at_most(k), self.at_least(k)))


def poisson_binomial(p: ArrayLike) -> PoissonBinomial:
    """The distribution of the number of events of chances ``p``, shape (n,), that happen.

    Up to 1,024 events by multiplying out, right in every tail to a few n ulp; more by the characteristic function
    (Y. Hong, *On computing the distribution function for the Poisson binomial distribution*, Comput. Statist. Data
    Anal. 59, 2013, section 2.2), taken only where it is not nothing, with its logarithm summed by powers of p: O(n) at
    10 million events, right to about 1e-13. Raises ``InputError`` for numbers outside 0..1, and for none.

    >>> poisson_binomial([0.5, 0.5, 1.0]).mass.tolist(), poisson_binomial([0.5, 0.5, 1.0]).start
    ([0.25, 0.5, 0.25], 1)
    """
    chances: Floats = np.asarray(to_numpy(array(p, "p", ndim=1)[1]), dtype=np.float64)
    if not (chances.min() >= 0 and chances.max() <= 1):
        raise InputError("p: expected chances from 0 to 1, got others; give shares, not percent")
    sure = int((chances == 1).sum())
    open_ones = chances[(chances > 0) & (chances < 1)]
    mean, variance = float(chances.sum()), float((chances * (1 - chances)).sum())
    if len(open_ones) <= WRITTEN_OUT:
        return PoissonBinomial(chances, mean, variance, sure, _multiplied_out(open_ones))
    start, mass = _inverted(open_ones)
    return PoissonBinomial(chances, mean, variance, sure + start, mass)


def _multiplied_out(p: Floats) -> Floats:
    """Blocks of events side by side, then the blocks: only products and sums of positive numbers, so no digit is lost.

    Events beyond the last are given chance 0, and their empty counts are cut off again.
    """
    blocks = math.ceil(math.sqrt(len(p) + 1))
    side = np.zeros((math.ceil(max(len(p), 1) / blocks), blocks))
    side.ravel()[: len(p)] = p
    mass = np.zeros((blocks, len(side) + 1))
    mass[:, 0] = 1.0
    for i, chance in enumerate(side):
        happened = mass[:, : i + 1] * chance[:, None]
        mass[:, : i + 1] *= 1 - chance[:, None]
        mass[:, 1 : i + 2] += happened
    whole = np.ones(1)
    for block in mass:
        whole = np.convolve(whole, block)
    return whole[: len(p) + 1]


def _inverted(p: Floats) -> tuple[int, Floats]:
    """The least count and the chances from there on, by the discrete Fourier transform of the window that matters.

    Bernstein: beyond t of the mean lies less than 2 exp(−t²/(2σ² + 2t/3)), here 2e-17; and the characteristic function
    is at most exp(−σ²(1 − cos ω)), so that frequencies where this is below 1e-18 are left out.
    """
    n, mean, variance = len(p), float(p.sum()), float((p * (1 - p)).sum())
    reach = 13 + math.sqrt(169 + 78 * variance)
    low, high = max(0, math.floor(mean - reach)), min(n, math.ceil(mean + reach))
    size = 1 << (high - low + 1).bit_length()
    omega = 2 * np.pi * np.arange(size // 2 + 1) / size
    near = variance * (1 - np.cos(omega)) <= 42
    near[0] = True
    phi = np.zeros(size // 2 + 1, dtype=np.complex128)
    phi[near] = np.exp(_log_characteristic(p, omega[near], low))
    mass = np.fft.irfft(np.conj(phi), size)[: high - low + 1]
    return low, np.maximum(mass, 0.0)


def _log_characteristic(p: Floats, omega: Floats, offset: int) -> NDArray[np.complex128]:
    """ln E e^(iω(S − offset)): an event likelier than not is counted by its failing, so that every chance is ≤ 1/2."""
    up, down = p[p <= 0.5], 1 - p[p > 0.5]
    widest = 2 * math.sin(min(float(omega[-1]), math.pi) / 2)
    total = 1j * omega * (math.fsum([float(up.sum()), -float(down.sum()), float(len(down) - offset)]))
    for q, sign in ((up, 1.0), (down, -1.0)):
        bent = -2 * np.sin(omega / 2) ** 2 + sign * 1j * _sine_less(omega)  # e^(±iω) − 1 ∓ iω, to its last digits
        z = bent + sign * 1j * omega
        few = q * widest > _RADIUS
        total = total + float(q.sum()) * bent
        for chance in q[few]:
            total = total + (np.log1p(chance * z) - chance * z)
        many = q[~few]
        power = many.copy()
        for k in range(2, _TERMS + 1 if len(many) else 0):
            power *= many
            summed = float(power.sum()) / k
            total = total - (-z) ** k * summed
            if summed * widest**k < 1e-18:
                break
    return np.asarray(total, dtype=np.complex128)


def _sine_less(x: Floats) -> Floats:
    """sin x − x, by its series below 1/2, where the difference would lose digits."""
    square = x * x
    series = np.zeros_like(x)
    for j in range(9, 0, -1):
        series = (series + 1) * -square / ((2 * j) * (2 * j + 1))
    return np.where(x < 0.5, x * series, np.sin(x) - x)


def _chernoff(p: Floats, k: int) -> float:
    """min over t of E e^(tS)/e^(tk), which P(S ≥ k) never exceeds, for k above the mean."""
    if k > int((p > 0).sum()):
        return 0.0
    low, high = 0.0, 1.0

    def tilted(t: float) -> float:
        return float((p * np.exp(t) / (1 + p * np.expm1(t))).sum())

    while tilted(high) < k and high < 600:
        low, high = high, 2 * high
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if tilted(middle) < k else (low, middle)
    return math.exp(min(0.0, float(np.log1p(p * math.expm1(low)).sum()) - low * k))
