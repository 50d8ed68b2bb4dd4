"""Which simple transform makes a skewed column even, with its parameter by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError

Floats = NDArray[np.float64]
GOLDEN = (np.sqrt(5) - 1) / 2
FEWEST = 8
GOOD_ENOUGH = 0.5
"""A skewness of at most this counts as even: there the simplest transform is taken."""


@dataclass(frozen=True, slots=True)
class Mended:
    """A transform in words, and the skewness of the column after it.

    Made by ``mended``.
    """

    words: str
    skewness: float


@dataclass(frozen=True, slots=True)
class Lean:
    """To which side of its mean a column leans: ``longer`` of its ``n`` values lie there, half of those equal to it.

    ``aside`` is the value that fills half of the column, as zero often does, and was set aside; ``None`` without one.

    Made by ``lean``: ``above`` says which side, of ``mean``; ``median`` is that of ``values``.
    """

    values: Floats
    longer: int
    n: int
    above: bool
    mean: float
    median: float
    aside: float | None

    @property
    def share(self) -> float:
        return self.longer / self.n


def lean(x: Floats, mean: float) -> Lean | None:
    """The lean of finite values about ``mean``, or about their own where one value that fills half is set aside.

    ``x`` has shape ``(n,)``; ``mean`` may be that of more rows. The median is a value of the data. ``None`` for fewer
    than 8 values, and where two values fill three quarters: such a column has no middle. Exact.

    >>> found = lean(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 60.0]), 11.0)
    >>> found.longer, found.above, found.median
    (7, True, 5.0)
    """
    aside = None
    median, fills = _median(x) if len(x) >= FEWEST else (0.0, True)
    if fills and len(x) >= FEWEST:
        aside, x = median, x[x != median]
        median, fills = _median(x) if len(x) >= FEWEST else (0.0, True)
        scale = float(np.abs(x).max(initial=0.0)) or 1.0
        mean = float((x / scale).mean()) * scale if len(x) else mean
    if fills:
        return None
    below, equal, n = int((x < mean).sum()), int((x == mean).sum()), len(x)
    longer = max(below, n - below - equal) + equal // 2
    return Lean(x, longer, n, below >= n - below - equal, mean, median, aside)


def _median(x: Floats) -> tuple[float, bool]:
    """The median, as a value of the data, and whether it fills half of them."""
    median = float(np.partition(x, len(x) // 2)[len(x) // 2])
    return median, 2 * int((x == median).sum()) >= len(x)


def skewness(x: Floats) -> float:
    """Third standardised moment g₁ = m₃/m₂^1.5 of finite values, without unit; nan where all are equal.

    ``x`` has shape ``(n,)``. Exact up to rounding; values are scaled first, so that huge ones do not overflow. Raises
    ``InputError`` for nan, infinity, no value, or another shape.

    >>> round(skewness(np.array([1.0, 1.0, 1.0, 5.0])), 6)
    1.154701
    """
    if x.ndim != 1 or not x.size or not np.isfinite(x).all():
        raise InputError(f"x: expected finite numbers in one dimension, got shape {x.shape}; drop what is not finite")
    d = x / (float(np.abs(x).max()) or 1.0)
    d = d - d.mean()
    d = d / (float(np.abs(d).max()) or 1.0)
    d = d - d.mean()
    m2 = float((d * d).mean())
    return float((d * d * d).mean()) / m2**1.5 if m2 > 0 else float("nan")


def box_cox(x: Floats, power: float) -> Floats:
    """(xᵏ − 1)/k of positive numbers, the logarithm at k = 0. Same shape; unit of the power.

    G. E. P. Box, D. R. Cox, *An analysis of transformations*, J. R. Statist. Soc. B 26, 1964, 211-252, section 2.

    >>> box_cox(np.array([1.0, 4.0]), 0.5).tolist()  # (√x − 1)/0.5
    [0.0, 2.0]
    """
    log = np.log(x)
    out: Floats = log if abs(power) < 1e-8 else np.expm1(power * log) / power
    return out


def yeo_johnson(x: Floats, power: float) -> Floats:
    """Box and Cox's transform of 1 + x for x ≥ 0, and of 1 − x with power 2 − k, negated, for x < 0. Same shape.

    I.-K. Yeo, R. A. Johnson, *A new family of power transformations*, Biometrika 87, 2000, 954-959.

    >>> yeo_johnson(np.array([3.0, -2.0]), 2.0).round(3).tolist()  # (4² − 1)/2, −ln 3
    [7.5, -1.099]
    """
    out = np.empty_like(x)
    up = x >= 0
    out[up] = box_cox(1 + x[up], power)
    out[~up] = -box_cox(1 - x[~up], 2 - power)
    return out


def best_power(x: Floats, transform: Callable[[Floats, float], Floats], low: float = -2.0, high: float = 4.0) -> float:
    """The power of largest profile likelihood of a normal, by golden section to 0.001 in [low, high].

    ``transform`` is ``box_cox`` (positive ``x``) or ``yeo_johnson``. The logarithm of its derivative is
    (k − 1)·ln x, or (k − 1)·sign(x)·ln(1 + |x|).

    ``x`` has shape ``(n,)``. Raises ``InputError`` for ``box_cox`` of numbers that are not positive.

    >>> bool(abs(best_power(np.exp(np.linspace(-2.0, 2.0, 101)), box_cox)) < 0.001)  # even in logarithms
    True
    """
    if transform is box_cox and not (x > 0).all():
        raise InputError("x: expected positive numbers for Box and Cox's transform; use yeo_johnson")
    jacobian = float((np.log(x) if transform is box_cox else np.sign(x) * np.log1p(np.abs(x))).mean())

    def cost(power: float) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            spread = float(np.var(transform(x, power)))
        return 0.5 * np.log(spread) - (power - 1) * jacobian if 0 < spread < np.inf else np.inf

    a, b = low, high
    c, d = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
    at_c, at_d = cost(c), cost(d)
    while b - a > 1e-3:
        if at_c <= at_d:
            b, d, at_d = d, c, at_c
            c = b - GOLDEN * (b - a)
            at_c = cost(c)
        else:
            a, c, at_c = c, d, at_d
            d = a + GOLDEN * (b - a)
            at_d = cost(d)
    return (a + b) / 2


def mended(x: Floats) -> Mended:
    """The simplest transform that leaves a skewness of at most ½, or at most ½ more than the best of all leaves.

    ``x`` has shape ``(n,)``, finite. Tried in this order: logarithm and square root of positive numbers; log1p and
    square root of numbers from 0; square root and log1p of the distance from the largest value where the skew is to
    the left; Box and Cox's and Yeo and Johnson's transform with the power of largest likelihood. Exact for the
    transforms; the power to 0.001. Where none can be formed the answer is ranks.

    >>> mended(np.exp([-2.0, -1.0, 0.0, 1.0, 2.0])).words
    'the logarithm'
    """
    tried: list[Mended] = []
    for words, values in _tried(x):
        if np.isfinite(values).all() and np.isfinite(left := skewness(values)):
            tried.append(Mended(words, left))
            if abs(left) <= GOOD_ENOUGH:
                return tried[-1]
    least = min((abs(m.skewness) for m in tried), default=0.0)
    return next((m for m in tried if abs(m.skewness) <= least + GOOD_ENOUGH), Mended("ranks", 0.0))


def _tried(x: Floats) -> Iterator[tuple[str, Floats]]:
    low, top = float(x.min()), float(x.max()) + 0.0
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if skewness(x) < 0:
            yield f"the square root of {top:.6g} − x", np.sqrt(top - x)
            yield f"log1p of {top:.6g} − x", np.log1p(top - x)
        elif low > 0:
            yield "the logarithm", np.log(x)
            yield "the square root", np.sqrt(x)
        elif low == 0:
            yield "log1p", np.log1p(x)
            yield "the square root", np.sqrt(x)
        if low > 0:
            power = best_power(x, box_cox)
            yield f"Box-Cox's transform with power {power:.2f}", box_cox(x, power)
        power = best_power(x, yeo_johnson)
        yield f"Yeo-Johnson's transform with power {power:.2f}", yeo_johnson(x, power)
