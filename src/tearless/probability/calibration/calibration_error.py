"""Expected calibration error, beside what an honest forecaster would show: without that, the number says nothing.

A perfectly calibrated model has an error above 0 on every finite test set, the more the more bins. Here that error is
computed exactly, from the distribution of the number of rows that come true in each bin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy import special

from tearless.core import InputError
from tearless.probability.calibration.forecasts import Floats, class_outcomes, confidence, open_chance, outcomes
from tearless.probability.calibration.reliability import By, bin_edges, bin_laws, in_bins
from tearless.probability.independent_sums import Part, sum_law
from tearless.probability.poisson_binomial import PoissonBinomial

Norm = Literal["l1", "l2", "max"]
"""Σ nᵦ/n·|gap|, the root of Σ nᵦ/n·gap², or the largest |gap| over bins."""


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """How far the bins lie from the diagonal, and how far an honest forecaster's would.

    Made by ``calibration_error``: ``value`` is the error by ``norm``, over so many ``bins`` made ``by`` mass or width.
    ``if_calibrated`` is the mean, and ``usual_to`` the quantile at ``level``, of the same number if every probability
    is right; ``p`` the chance of one at least as large. ``debiased`` takes the sampling noise of the bins off and may
    be 0. ``single`` rows are alone in their bin: nothing can be taken off for them.
    """

    value: float
    if_calibrated: float
    usual_to: float
    p: float
    debiased: float
    norm: Norm
    by: By
    bins: int
    single: int
    level: float

    def __str__(self) -> str:
        honest = f"{self.if_calibrated:.4f}, up to {self.usual_to:.4f}"
        return f"{self.value:.4f}; if calibrated {honest} ({self.bins} bins), p = {self.p:.3g}"


def calibration_error(
    y: Any, p: Any, *, bins: int = 15, by: By = "mass", norm: Norm = "l1", level: float = 0.95
) -> CalibrationError:
    """The expected calibration error of probabilities ``p`` (n,) for outcomes ``y`` (n,), with its honest yardstick.

    The yardstick is conditional on the forecasts. Its mean is exact; its quantile and ``p`` are exact where the bins'
    counts have at most 131,072 combinations, else right to what a lattice of 32,768 points tells apart (about 1e-3 of
    a chance). ``debiased``: for l2 the root of Σ nᵦ/n·(gap² − share(1−share)/(nᵦ−1)), at least 0 (J. Bröcker,
    *Estimating reliability and resolution of probability forecasts through decomposition of the empirical score*,
    Climate Dynamics 39, 2012; A. Kumar, P. Liang and T. Ma, *Verified uncertainty calibration*, NeurIPS 2019); for l1,
    as their code does, less the bias of a normal share about the one seen, in closed form; for max it is the value.
    Raises ``InputError`` as ``forecasts.outcomes``.

    >>> e = calibration_error([1, 0], [0.95, 1.0], bins=10, by="width")  # one bin: |0.5 - 0.975|
    >>> round(e.value, 6), round(e.if_calibrated, 6)  # 0.95 * |1 - 0.975| + 0.05 * |0.5 - 0.975|
    (0.475, 0.0475)
    """
    came, said = outcomes(y, p)
    tail = confidence(level)
    if norm not in get_args(Norm):
        raise InputError(f"norm: expected l1, l2 or max, got {norm!r}; l1 is what is called ECE")
    at, count = in_bins(said, bin_edges(said, bins, by))
    some = count > 0
    n = count[some].astype(np.float64)
    share = np.bincount(at, came, minlength=len(count))[some] / n
    forecast = np.bincount(at, said, minlength=len(count))[some] / n
    value = _combined(np.abs(share - forecast), n, norm)
    laws = [law for law in bin_laws(said, at, len(count)) if law is not None]
    mean, usual, chance = _honest(laws, n, norm, value, 1 - tail)
    chance = min(1.0, max(chance, open_chance(said)))
    debiased = _debiased(share, forecast, n, norm)
    alone = int((n == 1).sum())
    return CalibrationError(value, mean, usual, chance, debiased, norm, by, len(n), alone, level)


def top_label(y: Any, p: Any) -> tuple[Floats, Floats]:
    """Whether the likeliest class came, and the probability it was given: both (n,), to be judged as binary forecasts.

    ``y`` (n,) class numbers, ``p`` (n, k). Of classes that tie, the first. Raises ``InputError`` as
    ``forecasts.class_outcomes``.

    >>> hit, said = top_label([0, 1], [[0.75, 0.25], [0.75, 0.25]])
    >>> hit.tolist(), said.tolist()
    ([1.0, 0.0], [0.75, 0.75])
    """
    came, said = class_outcomes(y, p)
    best = said.argmax(axis=1)
    return (best == came).astype(np.float64), said[np.arange(len(best)), best]


def one_class(y: Any, p: Any, k: int) -> tuple[Floats, Floats]:
    """Whether class k came, and the probability it was given: both (n,).

    ``y`` (n,) class numbers, ``p`` (n, k). Raises ``InputError`` for a class that has no column, and as
    ``forecasts.class_outcomes``.

    >>> came, said = one_class([0, 1], [[0.75, 0.25], [0.75, 0.25]], 1)
    >>> came.tolist(), said.tolist()
    ([0.0, 1.0], [0.25, 0.25])
    """
    came, said = class_outcomes(y, p)
    if not 0 <= k < said.shape[1]:
        raise InputError(f"k: expected a class from 0 to {said.shape[1] - 1}, got {k}; choose a column of p")
    return (came == k).astype(np.float64), said[:, k]


def classwise(
    y: Any, p: Any, *, bins: int = 15, by: By = "mass", norm: Norm = "l1", level: float = 0.95
) -> tuple[CalibrationError, ...]:
    """The calibration error of each class against the rest; the mean of their values is the classwise ECE.

    Shapes and errors as ``top_label``. The ``p`` of the classes are not independent: their columns add up to 1.

    >>> [round(e.value, 3) for e in classwise([0, 1], [[0.5, 0.5], [0.5, 0.5]], bins=1)]
    [0.0, 0.0]
    """
    came, said = class_outcomes(y, p)
    return tuple(
        calibration_error(came == k, said[:, k], bins=bins, by=by, norm=norm, level=level) for k in range(said.shape[1])
    )


def _combined(gap: Floats, n: Floats, norm: Norm) -> float:
    if norm == "max":
        return float(gap.max())
    weight = n / n.sum()
    return float(weight @ gap) if norm == "l1" else math.sqrt(float(weight @ gap**2))


def _honest(
    laws: list[PoissonBinomial], n: Floats, norm: Norm, value: float, share: float
) -> tuple[float, float, float]:
    """Mean, quantile and chance of at least ``value``, of the error if every forecast is right."""
    if norm == "max":
        return _honest_maximum(laws, n, value, share)
    rows = n.sum()
    parts: list[Part] = []
    for law, size in zip(laws, n, strict=True):
        gap = np.abs(law.counts - law.mean)
        parts.append((gap / rows if norm == "l1" else gap**2 / (size * rows), law.mass))
    law_of_sum = sum_law(parts)
    if norm == "l1":
        return law_of_sum.mean, law_of_sum.quantile(share), law_of_sum.at_least(value)
    roots = np.sqrt(np.maximum(law_of_sum.values, 0.0))
    usual = math.sqrt(max(law_of_sum.quantile(share), 0.0))
    return float(roots @ law_of_sum.mass), usual, law_of_sum.at_least(value**2)


def _honest_maximum(laws: list[PoissonBinomial], n: Floats, value: float, share: float) -> tuple[float, float, float]:
    """The largest gap stays below x if every bin's does: the product of the independent bins' distributions."""
    points = np.unique(np.concatenate([np.abs(law.counts - law.mean) / s for law, s in zip(laws, n, strict=True)]))
    points = points if len(points) <= 1 << 14 else np.linspace(0.0, float(points[-1]), 1 << 14)
    log_below = np.zeros(len(points))
    log_inside = 0.0
    for law, size in zip(laws, n, strict=True):
        gap = np.abs(law.counts - law.mean) / size
        order = np.argsort(gap)
        below = np.concatenate([[0.0], np.minimum(np.cumsum(law.mass[order]), 1.0)])
        with np.errstate(divide="ignore"):
            log_below += np.log(below[np.searchsorted(gap[order], points * (1 + 1e-12), side="right")])
        log_inside += math.log1p(-min(1 - 1e-16, float(law.mass[gap >= value * (1 - 1e-12) - 1e-15].sum())))
    below = np.exp(log_below)
    mean = float(points @ np.diff(below, prepend=0.0))
    usual = float(points[min(int(np.searchsorted(below, share)), len(points) - 1)])
    return mean, usual, -math.expm1(log_inside)


def _debiased(share: Floats, forecast: Floats, n: Floats, norm: Norm) -> float:
    gap, weight = share - forecast, n / n.sum()
    if norm == "max":
        return float(np.abs(gap).max())
    noise = np.where(n > 1, share * (1 - share) / np.maximum(n - 1, 1), 0.0)
    if norm == "l2":
        return math.sqrt(max(0.0, float(weight @ (gap**2 - noise))))
    spread = np.sqrt(share * (1 - share) / n)
    z = np.divide(gap, spread, out=np.zeros_like(gap), where=spread > 0)
    folded = spread * math.sqrt(2 / math.pi) * np.exp(-z * z / 2) + gap * special.erf(z / math.sqrt(2))
    bias = np.where(spread > 0, folded - np.abs(gap), 0.0)
    return max(0.0, float(weight @ (np.abs(gap) - bias)))
