"""Euclidean distances between rows, and the nearest rows: as fast as a matrix product, right to the last digits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.linear_algebra.arrays import array

Floats = NDArray[np.float64]
CELLS = 1 << 20
"""Distances held at once: 8 MiB of them."""
GROUPED = 32
"""Columns of which only the least is looked at first."""


def distances(a: Any, b: Any) -> Floats:
    """‖aᵢ − bⱼ‖ for every row of ``a`` and of ``b``: shapes (n, d) and (m, d) give (n, m).

    Computed from the differences, so that near rows far from the origin keep their digits; ‖a‖² − 2a·b + ‖b‖² would
    lose all of them once the distance is below √u ‖a‖. Relative error at most (d/2 + 3)u; a distance beyond the largest
    float is inf, rows with nan give nan.
    Raises ``InputError`` where the columns differ in number.

    >>> distances([[0.0, 0.0]], [[3.0, 4.0], [1e8, 0.0]]).tolist()
    [[5.0, 100000000.0]]
    """
    a, b = _pair(a, b)
    out = np.empty((len(a), len(b)))
    for rows in _blocks(len(a), len(b) * a.shape[1]):
        with np.errstate(over="ignore"):
            out[rows] = _lengths(a[rows, None, :] - b[None, :, :])
    return out


def nearest(points: Any, queries: Any, k: int) -> tuple[Floats, NDArray[np.intp]]:
    """``(distances, rows)`` of the ``k`` points nearest to every query, the nearest first: shapes (m, k).

    ``points`` is (n, d), ``queries`` (m, d), both finite, 1 ≤ k ≤ n. Exact: a matrix product finds every point that can
    be among the nearest (its rounding error is bounded, Higham 2002, section 3.1), and the distances of those are
    computed anew from differences. Points at one distance come in the order of their rows. Time m·n·d, memory 8 MiB
    and what the candidates need. Raises ``InputError`` for values that are not finite.

    >>> far, rows = nearest([[0.0], [1.0], [3.0], [1.0]], [[1.1]], 3)
    >>> rows.tolist(), far.round(6).tolist()
    ([[1, 3, 0]], [[0.1, 0.1, 1.1]])
    """
    points, queries = _pair(points, queries)
    if not (np.isfinite(points).all() and np.isfinite(queries).all()):
        raise InputError("points, queries: expected finite numbers, got nan or inf; fill or drop those rows first")
    if not 1 <= k <= len(points):
        raise InputError(f"k: expected a whole number from 1 to the {len(points)} points, got {k!r}; choose another")
    p, q = _to_unit(points, queries)
    far = np.empty((len(q), k))
    rows = np.empty((len(q), k), dtype=np.intp)
    lengths = np.einsum("ij,ij->i", p, p)
    for block in _blocks(len(q), len(p)):
        who, which = _candidates(p, q[block], lengths, k)
        exact = _pair_lengths(queries[block], points, who, which)
        order = np.lexsort((which, exact, who))
        first = np.searchsorted(who, np.arange(len(q[block])))  # who is sorted: where each query's candidates begin
        take = order[first[:, None] + np.arange(k)]
        far[block], rows[block] = exact[take], which[take]
    return far, rows


def _candidates(p: Floats, q: Floats, lengths: Floats, k: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (query, point) that hold all of the k nearest: every point within twice the rounding error of the k-th."""
    d = q @ p.T
    d *= -2.0
    d += lengths
    kth = _at_least_kth(d, k)
    own = np.einsum("ij,ij->i", q, q)
    error = (p.shape[1] + 8) * np.finfo(np.float64).eps * (own + 2.0 * np.sqrt(own * lengths.max()) + lengths.max())
    who, which = np.nonzero(d <= (kth + 2.0 * error)[:, None])
    return who, which


def _at_least_kth(d: Floats, k: int) -> Floats:
    """A number per row that at least k of its entries do not exceed: the k-th smallest of the least of 32 columns each.

    k groups have their least at or below it, and one pass of minima is several times faster than sorting the row apart.
    """
    groups = d.shape[1] // GROUPED
    if groups >= 4 * k:
        body = d[:, : groups * GROUPED].reshape(len(d), GROUPED, groups).min(axis=1)
        d = np.concatenate([body, d[:, groups * GROUPED :]], axis=1)
    return np.asarray(np.partition(d, k - 1, axis=1)[:, k - 1])


def _pair_lengths(a: Floats, b: Floats, i: NDArray[np.intp], j: NDArray[np.intp]) -> Floats:
    out = np.empty(len(i))
    for part in _blocks(len(i), a.shape[1]):
        with np.errstate(over="ignore"):
            out[part] = _lengths(a[i[part]] - b[j[part]])
    return out


def _lengths(d: Floats) -> Floats:
    """Lengths along the last axis; where a square would overflow or vanish, once more in a unit of its own."""
    with np.errstate(over="ignore", under="ignore"):
        square = np.einsum("...i,...i->...", d, d)
        odd = (square < 1e-280) | (square == np.inf)
        out = np.asarray(np.sqrt(square))
        if np.any(odd):
            rest = d[odd]
            unit = np.ldexp(1.0, np.frexp(np.max(np.abs(rest), axis=-1, initial=0.0))[1] - 1)[:, None]
            whole = np.where((unit > 0) & np.isfinite(unit), unit, 1.0)
            rest = rest / whole
            out[odd] = np.sqrt(np.einsum("...i,...i->...", rest, rest)) * whole[:, 0]
    return out


def _to_unit(p: Floats, q: Floats) -> tuple[Floats, Floats]:
    """Both moved to the middle of the points and divided by a power of two: distances keep their order."""
    largest = max(float(np.max(np.abs(p))), float(np.max(np.abs(q))))
    shrink = 0.125 if largest > 1e300 else 1.0  # a difference of two must not overflow
    with np.errstate(over="ignore"):
        middle = np.mean(p, axis=0)
    middle = np.where(np.isfinite(middle), middle, 0.0) * shrink
    p, q = p * shrink - middle, q * shrink - middle
    largest = max(float(np.max(np.abs(p))), float(np.max(np.abs(q))))
    exponent = int(np.frexp(largest)[1])
    return np.ldexp(p, -exponent), np.ldexp(q, -exponent)


def _pair(a: Any, b: Any) -> tuple[Floats, Floats]:
    a = np.asarray(array(a, "a", ndim=2)[1], dtype=np.float64)
    b = np.asarray(array(b, "b", ndim=2)[1], dtype=np.float64)
    if a.shape[1] != b.shape[1]:
        raise InputError(f"a, b: expected rows of one length, got {a.shape[1]} and {b.shape[1]} columns; match them")
    return a, b


def _blocks(rows: int, width: int) -> Iterator[slice]:
    step = max(1, CELLS // max(1, width))
    return (slice(i, min(i + step, rows)) for i in range(0, rows, step))
