"""How much of a column the others already say: variance inflation, condition indices, variance shares, groups.

All from a triangular factor R of the standardised columns (``r.T @ r`` is their correlation matrix).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular
from scipy.special import fdtri

from tearless.core import InputError

from .condition import EXACT_UP_TO, extreme_singular_values

Floats = NDArray[np.float64]

MOST_GROUPED = 300
MOST_PARTNERS = 20
FEW = 3


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

    >>> inverse_of([[2.0, 0.0], [0.0, 4.0]]).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    r = np.asarray(r, dtype=np.float64)
    if r.ndim != 2 or r.shape[0] != r.shape[1]:
        raise InputError(f"r: expected a square triangular matrix, got shape {r.shape}")
    if not np.isfinite(r).all() or not np.diag(r).all():
        raise InputError("r: expected finite numbers and no zero on the diagonal; drop exact combinations first")
    return np.asarray(solve_triangular(r, np.eye(len(r))), dtype=np.float64)


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
    for L = 1). Tends to L as n grows; infinite where n ≤ p. Reference: Gurland, J. R. Statist. Soc. B 30, 1968.

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


@dataclass(frozen=True, slots=True)
class Group:
    """Columns that explain one another, the one of largest inflation first, as positions.

    ``index`` is the condition index that carries the largest share of the first column's variance, ``share`` that
    share; ``pair`` the largest |r| of two members; ``to_drop`` the columns without which every inflation falls below
    the bound.
    """

    members: tuple[int, ...]
    vif: float
    pair: float
    index: float
    share: float
    to_drop: tuple[int, ...]


def grouped(r: ArrayLike, high: float) -> list[Group]:
    """The groups of columns among which some inflation is ``high`` or more; then the column nearest to it, if any.

    ``r`` has shape ``(p, p)``. Each column of high inflation is joined with the fewest partners that explain as much of
    it as the bound says (1 − 1/high); what shares a column is one group. Of more than 300 columns of high inflation the
    300 highest are grouped.

    >>> r = np.linalg.cholesky([[1.0, 0.0, 0.99], [0.0, 1.0, 0.0], [0.99, 0.0, 1.0]]).T
    >>> [g.members for g in grouped(r, 10.0)]
    [(0, 2), (1,)]
    """
    r = np.asarray(r, dtype=np.float64)
    inverse = inverse_of(r)
    vif = (inverse**2).sum(axis=1)
    correlation = r.T @ r
    order = np.argsort(-vif, kind="stable")
    hot = [int(j) for j in order[:MOST_GROUPED] if vif[j] >= high]
    share = 1 - 1 / high
    sets = _joined({j: set(partners(correlation, j, share, MOST_PARTNERS)) for j in hot}, correlation, share)
    rank = {int(j): i for i, j in enumerate(order)}
    groups = [tuple(sorted(s, key=rank.__getitem__)) for s in sets]
    groups.sort(key=lambda g: rank[g[0]])
    rest = [int(j) for j in order if vif[j] < high and not any(j in s for s in sets)][:1]
    return [
        Group(
            members,
            float(vif[members[0]]),
            _largest_pair(correlation, members),
            *_nearest_dependency(r, inverse, members[0]),
            _dropped(inverse, members, high) if vif[members[0]] >= high else (),
        )
        for members in (*groups, *((j,) for j in rest))
    ]


def _dropped(inverse: Floats, members: Sequence[int], high: float) -> tuple[int, ...]:
    among = inverse[list(members)]
    return tuple(members[i] for i in to_drop(among @ among.T, range(len(members)), high))


def _joined(sets: Mapping[int, set[int]], correlation: Floats, share: float) -> list[set[int]]:
    """Groups of columns from each column with its partners, smallest sets first.

    A column joins the group that holds most of its set, its partners with it where they are few: a column explained
    only by many others must not tie theirs together. Then two groups are one where the columns that founded the one
    say as much of the leading column of the other.
    """
    groups: list[tuple[set[int], list[int]]] = []
    for owner, partners_ in sorted(sets.items(), key=lambda item: len(item[1])):
        whole = {owner, *partners_}
        home = max(groups, key=lambda g: len(g[0] & whole), default=None)
        if home is not None and home[0] & whole and (len(whole) > FEW or 2 * len(home[0] & whole) >= len(whole)):
            home[0].update({owner} if len(whole) > FEW else whole)
            home[1].append(owner)
        else:
            groups.append((whole, [owner]))
    merged: list[tuple[set[int], list[int]]] = []
    for members, owners in groups:
        same = [
            g
            for g in merged
            if _says(correlation, g[1], owners[0], share) or _says(correlation, owners, g[1][0], share)
        ]
        merged = [g for g in merged if not any(g is s for s in same)]
        merged.append((members.union(*(g[0] for g in same)), [*(o for g in same for o in g[1]), *owners]))
    return [_own(members, set(owners), [set(g[1]) for g in merged]) for members, owners in merged]


def _own(members: set[int], owners: set[int], all_owners: list[set[int]]) -> set[int]:
    """Without partners that lead or stand in another group on their own account, unless no partner were left."""
    elsewhere = set().union(*(o for o in all_owners if o != owners))
    own = members - (elsewhere - owners)
    return own if len(own) > 1 else members


def _says(correlation: Floats, by: Sequence[int], column: int, share: float) -> bool:
    others = [j for j in by if j != column]
    return bool(others) and explained(correlation, column, others) >= share


def _largest_pair(correlation: Floats, members: Sequence[int]) -> float:
    among = np.abs(correlation[np.ix_(members, members)])
    others = (
        among[~np.eye(len(members), dtype=bool)]
        if len(members) > 1
        else np.delete(np.abs(correlation[members[0]]), members[0])
    )
    return float(others.max(initial=0.0))


def _nearest_dependency(r: Floats, inverse: Floats, column: int) -> tuple[float, float]:
    """Condition index that carries the largest share of one column's variance, and that share.

    Beyond 512 columns from one step of inverse iteration instead of all singular vectors: index and share are then of
    the direction in which that column's coefficient is least certain.
    """
    if len(r) <= EXACT_UP_TO:
        index, share = condition_indices(r)
        j = int(np.argmax(share[column]))
        return float(index[j]), float(share[column, j])
    w = inverse @ inverse[column]
    w /= np.linalg.norm(w)
    mu = float(np.linalg.norm(r @ w))
    vif = float(inverse[column] @ inverse[column])
    return extreme_singular_values(r)[0] / mu, float((w[column] / mu) ** 2 / vif)
