"""How much of a column the others already say: variance inflation, condition indices, variance shares, groups.

All from a triangular factor R of the standardised columns (``r.T @ r`` is their correlation matrix).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import fdtri

from tearless.core import InputError

Floats = NDArray[np.float64]


def variance_inflation(r: ArrayLike) -> Floats:
    """Variance inflation factor of every column: the diagonal of the inverse correlation matrix.

    Shape ``(p, p)`` in, ``(p,)`` out, each at least 1 up to rounding. With R⁻¹ at hand the diagonal of (RᵀR)⁻¹ is the
    squared length of its rows, so the correlation matrix is never formed and its condition never squared. Equals
    1/(1−R²ⱼ) with R²ⱼ from regressing column j on the others and a constant. Raises ``InputError`` where R is singular.
    Reference: Marquardt, Technometrics 12, 1970; Belsley, Kuh, Welsch, Regression Diagnostics, 1980, section 3.2.

    >>> variance_inflation([[1.0, 0.6], [0.0, 0.8]]).round(4).tolist()
    [1.5625, 1.5625]
    """
    return np.asarray((inverse_of(r) ** 2).sum(axis=1))


def inverse_of(r: ArrayLike) -> Floats:
    """R⁻¹ of an upper triangular matrix without a zero on its diagonal, shape ``(p, p)``.

    Raises ``InputError`` for another shape, for nan or inf, and for a zero on the diagonal.

    >>> inverse_of([[2.0, 0.0], [0.0, 4.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    r = np.asarray(r, dtype=np.float64)
    if r.ndim != 2 or r.shape[0] != r.shape[1]:
        raise InputError(f"r: expected a square triangular matrix, got shape {r.shape}")
    if not np.isfinite(r).all() or not np.diag(r).all():
        raise InputError("r: expected finite numbers and no zero on the diagonal; drop exact combinations first")
    return np.asarray(np.linalg.solve(r, np.eye(len(r))), dtype=np.float64)  # no pivot moves: back substitution


def condition_indices(r: ArrayLike) -> tuple[Floats, Floats]:
    """Condition indices and the shares of each coefficient's variance that they carry.

    For singular values μ₁ ≥ ... ≥ μₚ and right singular vectors v the indices are ηⱼ = μ₁/μⱼ and the shares
    πₖⱼ = (vₖⱼ/μⱼ)² / Σᵢ (vₖᵢ/μᵢ)²; shapes ``(p,)`` and ``(p, p)``, columns k by indices j, rows summing to 1. A large
    index that carries more than half the variance of two or more coefficients is a near dependency among them.
    Reference: Belsley, Kuh, Welsch, Regression Diagnostics, 1980, section 3.2.

    >>> eta, share = condition_indices([[1.0, 0.6], [0.0, 0.8]])
    >>> eta.round(4).tolist(), share.round(2).tolist()
    ([1.0, 2.0], [[0.2, 0.8], [0.2, 0.8]])
    """
    _, mu, vt = np.linalg.svd(np.asarray(r, dtype=np.float64))
    mu = np.maximum(mu, mu[0] * 2.0**-53)
    carried = (vt.T / mu) ** 2
    return mu[0] / mu, carried / carried.sum(axis=1, keepdims=True)


def largest_vif_by_chance(rows: float, columns: float, true: float, chance: float) -> float:
    """The variance inflation that a column shows with at most this chance while its true inflation is ``true``.

    In few rows R² is large by chance alone: with n rows and p columns the regression on p−1 others has n−p degrees of
    freedom left. For jointly normal columns R²/(1−R²) is then close to a scaled F: with L the true inflation,
    φⱼ = (n−1)(Lʲ−1) + p−1, g = φ₂/φ₁, ν = φ₁²/φ₂, it follows g·ν/(n−p) times F with (ν, n−p) degrees of freedom (exact
    for L = 1). Tends to L as n grows; infinite where n ≤ p. Reference: Gurland, J. R. Statist. Soc. B 30, 1968. Raises
    ``InputError`` unless ``true`` and ``columns`` are at least 1 and ``chance`` is inside (0, 1).

    >>> round(largest_vif_by_chance(1e7, 5, 10.0, 0.001), 2), round(largest_vif_by_chance(12, 10, 1.0, 0.01))
    (10.02, 448)
    """
    if not (true >= 1 and 0 < chance < 1 and columns >= 1):
        raise InputError(f"true, chance, columns: expected >= 1, in (0, 1), >= 1, got {true}, {chance}, {columns}")
    free = rows - columns
    if free <= 0 or columns < 2:
        return math.inf if free <= 0 else true
    phi = [(rows - 1) * (true**j - 1) + columns - 1 for j in (1, 2)]
    g, nu = phi[1] / phi[0], phi[0] ** 2 / phi[1]
    return float(1 + g * nu / free * fdtri(nu, free, 1 - chance))


def partners(correlation: ArrayLike, column: int, share: float, most: int) -> list[int]:
    """The fewest other columns, found stepwise, that say at least ``share`` of one column's variance.

    ``correlation`` has shape ``(p, p)``. Forwards the column that explains most of what is left enters, until the
    share is reached or ``most`` are in; backwards each that is not needed for the share goes. Not always the fewest
    possible (that is NP-hard), but none of them can be spared. Reference: Miller, Subset Selection in Regression, 2002,
    chapter 3.

    >>> partners([[1.0, 0.99, 0.1], [0.99, 1.0, 0.1], [0.1, 0.1, 1.0]], column=0, share=0.9, most=5)
    [1]
    """
    c = np.asarray(correlation, dtype=np.float64)
    chosen: list[int] = []
    left, own = c[column].copy(), np.ones(len(c))
    steps: list[Floats] = []
    rest = 1.0
    while rest > 1 - share and len(chosen) < most:
        gain = np.where(own > 1e-12, left**2 / np.maximum(own, 1e-12), 0.0)
        gain[[column, *chosen]] = 0.0
        best = int(np.argmax(gain))
        if gain[best] <= 1e-12:
            break
        row = (c[best] - sum((s[best] * s for s in steps), np.zeros(len(c)))) / math.sqrt(own[best])
        left, own, rest = left - row[column] * row, own - row**2, rest - row[column] ** 2
        steps.append(row)
        chosen.append(best)
    for j in list(chosen):
        others = [k for k in chosen if k != j]
        if others and explained(c, column, others) >= share:
            chosen = others
    return chosen


def explained_without_extremes(z: ArrayLike, share: float = 0.01) -> float | None:
    """R² of the first column by the others, over the rows less the share with the largest value in any column.

    Shape ``(n, k)``, standardised columns. At least one row is left out. One far row can make unrelated columns look
    dependent: it is then alone responsible. ``None`` where a column does not vary over the other rows.

    >>> x = np.random.default_rng(0).normal(size=(100, 2))
    >>> x[0] = 500.0
    >>> explained_without_extremes(x) < 0.1
    True
    """
    z = np.asarray(z, dtype=np.float64)
    far = np.abs(z).max(axis=1)
    out = max(1, math.ceil(share * len(z)))
    rest = z[np.argsort(far, kind="stable")[: len(z) - out]]
    if len(rest) <= z.shape[1] or not (rest.min(axis=0) < rest.max(axis=0)).all():
        return None
    d = rest - rest.mean(axis=0)
    left = d[:, 0] - d[:, 1:] @ np.linalg.lstsq(d[:, 1:], d[:, 0], rcond=None)[0]
    return max(0.0, 1 - float(left @ left) / float(d[:, 0] @ d[:, 0]))


def explained(correlation: ArrayLike, column: int, by: Sequence[int]) -> float:
    """R² of regressing one standardised column on others, from the correlation matrix; between 0 and 1.

    ``correlation`` has shape ``(p, p)``; ``column`` and ``by`` are positions.

    >>> round(explained([[1.0, 0.6], [0.6, 1.0]], 0, [1]), 4)
    0.36
    """
    c = np.asarray(correlation, dtype=np.float64)
    weights = np.linalg.lstsq(c[np.ix_(by, by)], c[by, column], rcond=1e-12)[0]
    return min(1.0, max(0.0, float(weights @ c[by, column])))


def to_drop(inverse_correlation: ArrayLike, among: Sequence[int], below: float) -> list[int]:
    """Columns of ``among`` to drop, the worst first, until every inflation among them is below a bound.

    ``inverse_correlation`` has shape ``(p, p)``. Dropping column j takes PⱼPⱼᵀ/Pⱼⱼ off the inverse P (the Schur
    complement), so each step is exact and needs no new inversion. Greedy: not always the fewest.

    >>> p = np.linalg.inv([[1.0, 0.99], [0.99, 1.0]])
    >>> to_drop(p, [0, 1], below=10.0)
    [0]
    """
    among, out = list(among), []
    p = np.array(inverse_correlation, dtype=np.float64)[np.ix_(among, among)]
    while among:
        worst = int(np.argmax(np.diag(p)))
        if p[worst, worst] < below:
            break
        p = np.delete(np.delete(p - np.outer(p[worst], p[worst] / p[worst, worst]), worst, 0), worst, 1)
        out.append(among.pop(worst))
    return out
