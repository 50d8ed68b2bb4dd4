"""How far an error in the data is magnified in the solution: singular values and condition numbers.

Everything here starts from a triangular factor R of the columns (X = QR), never from XᵀX: forming the product squares
the condition number, and what is beyond 1e8 is lost before the question is asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError

Floats = NDArray[np.float64]

EXACT_UP_TO = 512
"""Columns up to which singular values come from a full decomposition; beyond, by iteration."""
STEPS = 60


def extreme_singular_values(r: ArrayLike) -> tuple[float, float]:
    """Largest and smallest singular value of an upper triangular matrix.

    Shape ``(p, p)``. Exact up to rounding for p ≤ 512; beyond, by 60 steps of power iteration with R and with its
    inverse, each within about 1 % (the estimates err
    towards the middle). Raises ``InputError`` unless square and finite.
    Reference: Golub, Van Loan, Matrix Computations, 4th ed., sections 7.3 and 8.6.

    >>> extreme_singular_values([[2.0, 0.0], [0.0, 0.5]])
    (2.0, 0.5)
    """
    r = _triangle(r)
    if len(r) <= EXACT_UP_TO:
        s = np.linalg.svd(r, compute_uv=False)
        return float(s[0]), float(s[-1])
    largest = largest_singular_value(r)
    if np.abs(np.diag(r)).min() <= np.finfo(np.float64).eps * largest:
        return largest, 0.0
    start = np.random.default_rng(0).normal(size=len(r))
    return largest, 1.0 / math.sqrt(_growth(start, lambda v: _solved_twice(r, v)))


def largest_singular_value(r: ArrayLike) -> float:
    """Largest singular value of a square matrix by 60 steps of power iteration: from below, within about 1 %.

    Shape ``(p, p)``.

    >>> round(largest_singular_value([[2.0, 0.0], [0.0, 0.5]]), 12)
    2.0
    """
    r = _triangle(r)
    return math.sqrt(_growth(np.random.default_rng(0).normal(size=len(r)), lambda v: r.T @ (r @ v)))


def _solved_twice(r: Floats, v: Floats) -> Floats:
    """(RᵀR)⁻¹v."""
    from scipy.linalg import solve_triangular  # slow to import, and only very wide tables need it

    half = solve_triangular(r, v, trans="T", check_finite=False)
    return np.asarray(solve_triangular(r, half, check_finite=False), dtype=np.float64)


def _growth(v: Floats, apply: Callable[[Floats], Floats]) -> float:
    growth = 0.0
    for _ in range(STEPS):
        v = v / np.linalg.norm(v)
        w = apply(v)
        growth, v = float(v @ w), w
    return growth


def condition_number(r: ArrayLike) -> float:
    """κ₂ = σmax/σmin of an upper triangular matrix: the most by which a relative error can grow in solving with it.

    Shape ``(p, p)``. At most 1/u = 9.0e15: beyond it float64 cannot tell the matrix from a singular one. Raises
    ``InputError`` unless square and finite. Reference: Golub, Van Loan, Matrix Computations, section 2.6.2.

    >>> condition_number([[2.0, 0.0], [0.0, 0.5]]), condition_number([[1.0, 1.0], [0.0, 0.0]])
    (4.0, 9007199254740992.0)
    """
    largest, smallest = extreme_singular_values(r)
    return largest / max(smallest, largest * 2.0**-53) if largest > 0 else 2.0**53


def with_intercept(r: ArrayLike, mean: ArrayLike, std: ArrayLike, rows: int) -> Floats:
    """Triangular factor of ``[1 X]``, every column scaled to length 1, from the factor of the standardised columns.

    ``r`` has shape ``(p, p)`` with ``r.T @ r`` the correlation matrix, ``mean`` and ``std`` (ddof 1) shape ``(p,)``;
    the result has shape ``(p + 1, p + 1)``. No digit is lost on the way, however large the means: nothing is
    subtracted. Its condition number is within √(p+1) of the least that any scaling of the columns reaches, and Cholesky
    and QR factorisations do not feel the scaling (van der Sluis, Numerische Mathematik 14, 1969, theorem 3.5). Raises
    ``InputError`` for other shapes, for nan or inf in ``r``, and for fewer than 2 rows.

    >>> with_intercept([[1.0]], [1.0], [1.0], rows=2).round(4).tolist()
    [[1.0, 0.8165], [0.0, 0.5774]]
    """
    r, mean, std = _triangle(r), np.asarray(mean, dtype=np.float64), np.asarray(std, dtype=np.float64)
    if mean.shape != (len(r),) or std.shape != (len(r),):
        raise InputError(f"mean, std: expected shape ({len(r)},) like r, got {mean.shape} and {std.shape}")
    if rows < 2:
        raise InputError(f"rows: expected at least 2, got {rows}; one row has no spread")
    unit = np.maximum(np.maximum(np.abs(mean), std), np.finfo(np.float64).tiny)
    level, spread = mean / unit, std / unit * math.sqrt((rows - 1) / rows)
    length = np.hypot(level, spread)
    out = np.zeros((len(r) + 1, len(r) + 1))
    out[0, 0] = 1.0
    out[0, 1:] = level / length
    out[1:, 1:] = r * (spread / length)
    return out


def digits_left(kappa: float, unit_roundoff: float) -> float:
    """Decimal digits that survive a solve of condition ``kappa`` in an arithmetic of this unit roundoff, at least 0.

    Rule of thumb behind −log₁₀(κ·u): the relative error of the solution is at most about κ times that of the data
    (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 1.6). Raises ``InputError`` unless
    ``kappa`` ≥ 1 and ``unit_roundoff`` is inside (0, 1).

    >>> digits_left(1e6, 2.0**-53) > 9.9, digits_left(1e6, 2.0**-24) < 1.3, digits_left(1e20, 2.0**-53)
    (True, True, 0.0)
    """
    if not (kappa >= 1 and 0 < unit_roundoff < 1):
        raise InputError(f"kappa, unit_roundoff: expected at least 1 and between 0 and 1, got {kappa}, {unit_roundoff}")
    return max(0.0, -math.log10(unit_roundoff) - math.log10(kappa)) if math.isfinite(kappa) else 0.0


def weakest_columns(r: ArrayLike, most: int) -> list[int]:
    """Positions of the columns that carry the direction of the smallest singular value, heaviest first.

    Shape ``(p, p)``, upper triangular. A column counts from a tenth of the heaviest weight on. Beyond 512 columns the
    direction comes from two steps of inverse iteration.

    >>> weakest_columns([[1.0, 1.0, 0.0], [0.0, 1e-6, 0.0], [0.0, 0.0, 1.0]], most=6)
    [0, 1]
    """
    r = _triangle(r)
    if len(r) <= EXACT_UP_TO:
        v = np.linalg.svd(r)[2][-1]
    else:
        diagonal = np.abs(np.diag(r))
        v = np.zeros(len(r))
        v[int(np.argmin(diagonal))] = 1.0
        safe = r + np.diag(np.where(diagonal < 1e-15, 1e-15, 0.0))
        for _ in range(2):
            v = _solved_twice(safe, v)
            v /= np.linalg.norm(v)
    weight = np.abs(v)
    heavy = [int(j) for j in np.argsort(-weight, kind="stable") if weight[j] >= weight.max() / 10]
    return heavy[:most]


def _triangle(r: ArrayLike) -> Floats:
    r = np.asarray(r, dtype=np.float64)
    if r.ndim != 2 or r.shape[0] != r.shape[1] or not r.size:
        raise InputError(
            f"r: expected a square matrix, got shape {r.shape}; with fewer rows than columns there is none"
        )
    if not np.isfinite(r).all():
        raise InputError("r: expected finite numbers, got nan or inf; leave out rows with holes first")
    return r
