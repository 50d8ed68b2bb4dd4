"""Smooth calibration error: no bins, and the width of the smoothing is not chosen but found."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tearless.calculus.roots import root
from tearless.core import InputError
from tearless.probability.calibration.forecasts import Floats, outcomes

_TAPER = 8.6
"""e^(−8.6²/2) is below 1e-16: cosines of frequency above 8.6/(πσ) are smoothed away."""
_MOST = 1 << 15
"""The most cosines taken: widths, and errors, below 8.4e-5 are not told from it."""
_TERMS = 14
"""Of the series about a cell's middle, for angles up to 1/2: the first left out is below 1e-15."""


@dataclass(frozen=True, slots=True)
class SmoothError:
    """The smooth calibration error ``value``, which is also the width of the kernel at which it was measured.

    Made by ``smooth_error``. ``at_most`` is true where the true value is below the least width that can be told,
    8.4e-5.
    """

    value: float
    at_most: bool

    def __str__(self) -> str:
        return f"{'at most ' if self.at_most else ''}{self.value:.4g}"


def smooth_error(y: Any, p: Any) -> SmoothError:
    """The smooth calibration error of probabilities ``p`` (n,) for outcomes ``y`` (n,) of 0 and 1.

    ∫₀¹|r(t)|dt, where r(t) is the mean of (yᵢ − pᵢ)·K(t, pᵢ) and K the normal kernel of width σ reflected at 0 and 1,
    at the one σ that equals it (J. Błasiok and P. Nakkiran, *Smooth ECE: principled reliability diagrams via kernel
    smoothing*, ICLR 2024, definition of smECE*). It lies within constant factors of the distance to the nearest
    calibrated forecaster, which no binned error does. The reflected kernel is the cosine series 1 + 2Σ e^(−(kπσ)²/2)
    cos kπt cos kπp, so nothing is put on a grid but the zeros of r; right to about 1e-8, in O(n). It is above 0 for an
    honest forecaster too. Raises ``InputError`` as ``forecasts.outcomes``.

    One row, given 1/2: so wide a kernel is flat, and ∫|r| is |1 − 1/2| while σ is large.

    >>> round(smooth_error([1], [0.5]).value, 4)
    0.5
    """
    came, said = outcomes(y, p)
    rest = came - said
    high = 1.0 + 1e-9  # all certain and wrong has the error 1, up to rounding
    cosines = 64
    series = _cosines(rest, said, cosines)
    while True:
        least = _TAPER / (math.pi * cosines)
        low, high = _bracket(series, least, high)
        if low > 0:
            found = root(_excess(series), low, high, tolerance=1e-11 * high)
            return SmoothError(min(1.0, found), at_most=False)
        if cosines >= _MOST:
            return SmoothError(least, at_most=True)
        cosines = min(8 * cosines, _MOST)
        series = _cosines(rest, said, cosines)


def smoothed_gap(y: Any, p: Any, width: float, points: int = 201) -> tuple[Floats, Floats]:
    """Where and by how much the smoothed share that came true exceeds the forecast, times the density of forecasts.

    ``t`` from 0 to 1 and r(t), both (points,): what ``smooth_error`` integrates the magnitude of. Raises ``InputError``
    for a width below 1e-4.

    >>> t, r = smoothed_gap([1], [0.5], 10.0, points=3)
    >>> t.tolist(), r.round(6).tolist()
    ([0.0, 0.5, 1.0], [0.5, 0.5, 0.5])
    """
    came, said = outcomes(y, p)
    if not 1e-4 <= width <= 1e6:
        raise InputError(f"width: expected at least 0.0001, got {width!r}; a tenth is usual")
    series = _cosines(came - said, said, max(16, math.ceil(_TAPER / (math.pi * width))))
    t = np.linspace(0.0, 1.0, points)
    out = np.full(points, series[0])
    for k in range(1, len(series)):
        out += 2 * series[k] * math.exp(-((k * math.pi * width) ** 2) / 2) * np.cos(k * math.pi * t)
    return t, out


def _cosines(rest: Floats, p: Floats, cosines: int) -> Floats:
    """mean(rest · cos kπp) for k = 0 … cosines, by Taylor's series about the middles of cells, and a Fourier transform.

    With M cells the angle kπ(p − middle) is at most kπ/(2M) ≤ 1/2.
    """
    cells = 1 << (4 * cosines).bit_length()
    at = np.minimum((p * cells).astype(np.intp), cells - 1)
    off = p - (at + 0.5) / cells
    k = np.arange(cosines + 1) * math.pi
    turn = np.exp(1j * k * 0.5 / cells)
    total = np.zeros(cosines + 1, dtype=np.complex128)
    part = rest / len(p)
    for j in range(_TERMS):
        moment = np.bincount(at, part, minlength=cells)
        # Σ moment·e^(ikπ·cell/cells): the transform of twice the length, its first half empty of the other half
        waves = np.conj(np.fft.rfft(moment, 2 * cells)[: cosines + 1])
        total += turn * waves * (1j * k) ** j / math.factorial(j)
        part = part * off
    return np.asarray(total.real, dtype=np.float64)


def _bracket(series: Floats, least: float, high: float) -> tuple[float, float]:
    """Widths between which the error equals the width; 0 as the lower where it lies below ``least``."""
    while high / 2 > least:
        if _area(series, high / 2) >= high / 2:
            return high / 2, high
        high /= 2
    return (least, high) if _area(series, least) >= least else (0.0, high)


def _excess(series: Floats) -> Callable[[float], float]:
    """By how much the error at a width exceeds the width: falling."""
    return lambda width: _area(series, width) - width


def _area(series: Floats, width: float) -> float:
    """∫|r|: the antiderivative taken from zero to zero, found by Hermite's cubic between points eight to a wave."""
    kept = min(len(series) - 1, max(8, math.ceil(_TAPER / (math.pi * width))))
    k = np.arange(kept + 1)
    damped = series[: kept + 1] * np.exp(-((k * math.pi * width) ** 2) / 2)
    points = 1 << (8 * kept).bit_length()
    waves = np.zeros(points + 1, dtype=np.complex128)
    waves[: kept + 1] = damped * (2 * points)
    waves[0] = 2 * damped[0] * points
    r = np.fft.irfft(waves, 2 * points)[: points + 1]
    ramp = np.zeros(points + 1, dtype=np.complex128)
    ramp[1 : kept + 1] = -1j * damped[1:] / (k[1:] * math.pi) * (2 * points)
    t = np.arange(points + 1) / points
    whole = damped[0] * t + np.fft.irfft(ramp, 2 * points)[: points + 1]
    turns = np.flatnonzero(r[:-1] * r[1:] < 0)
    step = 1 / points
    u = r[turns] / (r[turns] - r[turns + 1])
    a, b = whole[turns], whole[turns + 1]
    da, db = r[turns] * step, r[turns + 1] * step
    at_zero = a * (1 + 2 * u) * (1 - u) ** 2 + da * u * (1 - u) ** 2 + b * u * u * (3 - 2 * u) + db * u * u * (u - 1)
    return float(np.abs(np.diff(np.concatenate([[whole[0]], at_zero, [whole[-1]]]))).sum())
