"""How many principal components to keep: by share of variance, or by what noise alone could have made.

A share (keep 95 %) is a choice of yours. The other two ask a question of the data: which variances are larger than
columns without any relation would give? Pure noise of p columns and n rows does not have p equal variances: they
spread from σ²(1 − √(p/n))² to σ²(1 + √(p/n))², so the first of them always looks large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError

from .arrays import Array, array, finite, positive, to_numpy, whole
from .triangle import centred, triangle

Floats = NDArray[np.float64]

TRACY_WIDOM = {0.90: 0.4501, 0.95: 0.9793, 0.99: 2.0234}
"""Quantiles of the Tracy-Widom law of order 1 (Johnstone, Annals of Statistics 29, 2001)."""


def for_share(explained_variance: Array, share: float) -> int:
    """The least number of components whose variances sum to ``share`` of all.

    ``explained_variance`` has shape ``(p,)``, descending, all of them. Raises ``InputError`` for a share outside (0, 1]
    and for variances that are negative, not descending, or all 0.

    >>> for_share([6.0, 3.0, 1.0], 0.9), for_share([6.0, 3.0, 1.0], 0.91)
    (2, 3)
    """
    v = _variances(explained_variance)
    if not 0 < positive(share, "share") <= 1:
        raise InputError(f"share: expected a number above 0 and at most 1, got {share!r}; 0.95 is 95 %")
    reached = np.cumsum(v / v.sum()) >= share * (1 - 4 * len(v) * 2.0**-53)
    return int(np.argmax(reached)) + 1 if reached.any() else len(v)


def marchenko_pastur_edge(rows: int, columns: int, noise_variance: float = 1.0) -> float:
    """σ²(1 + √(p/(n−1)))²: the largest variance that noise of variance σ² gives as n and p grow together.

    For n rows centred about their means and variances over n − 1; in the units of ``noise_variance``. Reference:
    Marchenko, Pastur, Mathematics of the USSR-Sbornik 1, 1967.

    >>> marchenko_pastur_edge(rows=101, columns=25)  # (1 + 1/2)²
    2.25
    """
    n, p = whole(rows, "rows", least=2) - 1, whole(columns, "columns")
    return positive(noise_variance, "noise_variance") * float((1 + math.sqrt(p / n)) ** 2)


def noise_limit(rows: int, columns: int, noise_variance: float = 1.0, *, level: float = 0.95) -> float:
    """The largest variance of pure noise stays below this in ``level`` of all data sets: 0.90, 0.95 or 0.99.

    The edge holds for n and p without end; at real sizes the largest variance follows the Tracy-Widom law about it, of
    width n^(−2/3). Normal noise, n rows centred, variances over n − 1. Reference: Johnstone, Annals of Statistics 29,
    2001, theorem 1.1. The law is good to about 0.01 of probability from 10 by 10 on. Raises ``InputError`` for another
    ``level``.

    >>> 2.25 < noise_limit(rows=101, columns=25) < 2.5
    True
    """
    if level not in TRACY_WIDOM:
        raise InputError(f"level: expected one of {', '.join(map(str, TRACY_WIDOM))}, got {level!r}; choose one")
    n, p = whole(rows, "rows", least=3) - 1, whole(columns, "columns")
    a, b = math.sqrt(n - 1), math.sqrt(p)
    cube: float = (1 / a + 1 / b) ** (1 / 3)
    largest = (a + b) * (a + b) + TRACY_WIDOM[level] * (a + b) * cube
    return positive(noise_variance, "noise_variance") * largest / n


def noise_variance(explained_variance: Array, rows: int, columns: int) -> float:
    """σ² of the noise from the middle of the variances, which a few strong components do not move.

    The median of the min(n−1, p) variances over the median of the Marchenko-Pastur law. All variances, over n − 1, in
    descending order. Off by a few percent, and too large where more than about a tenth of the components are real.
    Reference: Gavish, Donoho, IEEE Transactions on Information Theory 60, 2014. Raises ``InputError`` where some
    variances are left out, negative or not in order.

    >>> round(noise_variance([50.0, 1.0, 1.0, 1.0, 0.9], rows=100_001, columns=5), 2)
    1.0
    """
    n, p = whole(rows, "rows", least=2) - 1, whole(columns, "columns")
    v = _variances(explained_variance)
    if len(v) < min(n, p):
        raise InputError(f"explained_variance: expected all {min(n, p)} variances, got {len(v)}; keep every component")
    return float(np.median(v[: min(n, p)])) / marchenko_pastur_median(p / n)


def marchenko_pastur_median(ratio: float) -> float:
    """Median of the variances of noise of variance 1, those above 0, for p/n = ``ratio``; right to about 1e-6.

    >>> round(marchenko_pastur_median(1e-6), 3), round(marchenko_pastur_median(1.0), 3)
    (1.0, 0.653)
    """
    ratio = positive(ratio, "ratio")
    g = min(ratio, 1 / ratio)
    theta = (np.arange(20_000) + 0.5) * (math.pi / 20_000)
    x = 1 + g - 2 * math.sqrt(g) * np.cos(theta)
    below = np.cumsum(np.sin(theta) ** 2 / x)
    median = float(np.interp(below[-1] / 2, below, x + np.gradient(x) / 2))
    return median * max(ratio, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class ParallelAnalysis:
    """Variances of the standardised data beside those of the same columns with every relation broken.

    Made by ``parallel_analysis``.
    """

    variances: Floats
    """Of the data, descending, shape ``(min(n, p),)``; they sum to p."""
    limits: Floats
    """What unrelated columns reach at the level asked for, component by component."""
    keep: int
    """How many components, from the first on, are above their limit."""


def parallel_analysis(X: Array, *, draws: int = 99, level: float = 0.95, seed: int = 0) -> ParallelAnalysis:
    """Horn's parallel analysis on the correlation matrix: which variances exceed those of unrelated columns.

    Shape ``(n, p)``. Each draw shuffles every column by itself, which keeps its distribution and breaks its relations,
    so no normal law is assumed. With unrelated columns, the first component is kept in 1 − ``level`` of all data sets.
    The shuffles follow from ``seed``. Raises ``InputError`` for nan or inf, fewer than 3 rows, a constant column, and
    too few draws for the level. References: Horn, Psychometrika 30, 1965; Buja, Eyuboglu, Multivariate Behavioral
    Research 27, 1992.

    >>> x = np.arange(12.0)
    >>> parallel_analysis(np.column_stack([x, x + np.cos(x), np.sin(5 * x)])).keep
    1
    """
    xp, X = array(X, "X", ndim=2)
    finite(xp, X, "X")
    Z = _standardised(to_numpy(X).astype(np.float64))
    draws = whole(draws, "draws")
    if not 0 < positive(level, "level") < 1 or (draws + 1) * (1 - level) < 1 - 1e-9:
        raise InputError(f"draws, level: expected at least 1/(1 − level) − 1 draws, got {draws} for {level}; draw more")
    rng = np.random.default_rng(seed)
    noise = np.sort([_spread(rng.permuted(Z, axis=0)) for _ in range(draws)], axis=0)
    limits = noise[min(draws, math.ceil((draws + 1) * level - 1e-9)) - 1]
    variances = _spread(Z)
    above = variances > limits
    return ParallelAnalysis(variances, limits, len(above) if above.all() else int(np.argmin(above)))


def _standardised(X: Floats) -> Floats:
    if len(X) < 3:
        raise InputError(f"X: expected at least 3 rows, got {len(X)}; two rows always lie on one line")
    d = centred(np, X)[0]
    top = np.abs(d).max(axis=0)
    if (top == 0).any():
        raise InputError(
            f"X: expected columns that vary, got a constant one at position {int(np.argmin(top))}; leave it out"
        )
    d = d / top
    return np.asarray(d / np.sqrt((d * d).sum(axis=0) / (len(d) - 1)))


def _spread(Z: Floats) -> Floats:
    R = triangle(np, Z, Z[:, :0])[0] if len(Z) > Z.shape[1] else Z
    return np.asarray(np.linalg.svd(R, compute_uv=False) ** 2 / (len(Z) - 1))


def _variances(given: Array) -> Floats:
    xp, v = array(given, "explained_variance", ndim=1)
    finite(xp, v, "explained_variance")
    out = to_numpy(v).astype(np.float64)
    if (out < 0).any() or (np.diff(out) > 0).any() or out[0] == 0:
        raise InputError(
            "explained_variance: expected variances of at least 0 in descending order, got others; sort them"
        )
    return out
