"""Two vectors side by side: dot product, cosine, angle, and the items most like a query.

The dot product mixes direction with length: a long vector beats a similar one. The cosine leaves length out, and has no
meaning for a vector of zeros, which is refused here where dividing by ‖x‖ + 1e-8 would call it unlike everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tearless.core import InputError

from .arrays import Array, alike, arrays, known, largest, safe_squares, whole, within
from .norms import l2

RUN = 131_072
"""Products summed by one call of a library's kernel."""


def dot(x: Array, y: Array, *, axis: int = -1) -> Array:
    """Σxᵢyᵢ along one axis; the other axes broadcast.

    Shapes ``(..., n)`` and ``(..., n)`` to ``(...)``; in units of x times units of y. The error is proved below
    n·u·Σ|xᵢyᵢ| and is about √n·u of that sum, no more than 400·u, since long axes go in runs; it is small beside the
    result only where the terms do not cancel. Overflows where a product does, as floats do. NaN gives nan.
    Differentiable. Raises ``InputError`` for empty input and for axes of two lengths.
    Reference: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1.

    >>> float(dot([1.0, 2.0], [3.0, 4.0]))  # 3 + 8
    11.0
    """
    xp, x, y = _paired(x, y, axis)
    return _sum_of_products(xp, x, y, axis)


def cosine(x: Array, y: Array, *, axis: int = -1) -> Array:
    """x·y / (‖x‖‖y‖): 1 for one direction, 0 for right angles, −1 for opposite ones; lengths do not count.

    Shapes ``(..., n)`` and ``(..., n)`` to ``(...)``; no unit. The error is a few u (absolute), from 1e-300 to 1e300.
    NaN or inf gives nan. Differentiable. Raises ``InputError`` for a vector of zeros, for empty input and for axes of
    two lengths.

    >>> round(float(cosine([3.0, 4.0], [4.0, 3.0])), 12)  # 24 / 25
    0.96
    """
    xp, x, y = _paired(x, y, axis)
    low, high = safe_squares(xp, x.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        xx, yy = (_sum_of_products(xp, v, v, axis) for v in (x, y))
        if not (within(xp, xx, low, high**0.5) and within(xp, yy, low, high**0.5)):
            x, y = _over_largest(xp, x, "x", axis), _over_largest(xp, y, "y", axis)
            xx, yy = (_sum_of_products(xp, v, v, axis) for v in (x, y))
        out = _sum_of_products(xp, x, y, axis) / (xp.sqrt(xx) * xp.sqrt(yy))
    return np.float64(min(max(out, -1.0), 1.0)) if type(out) is np.float64 else xp.clip(out, -1.0, 1.0)


def angle(x: Array, y: Array, *, axis: int = -1) -> Array:
    """The angle between two vectors in radians, from 0 to π.

    Shapes ``(..., n)`` and ``(..., n)`` to ``(...)``. 2·atan2(‖a − b‖, ‖a + b‖) of the vectors a, b of length 1, with
    an error of a few u (absolute) everywhere. The textbook arccos of the cosine knows angles below 1e-8 not at all: the
    cosine of 1e-8 is 1 − 5e-17, which rounds to 1. NaN or inf gives nan. Differentiable between 0 and π. Raises
    ``InputError`` as ``cosine``. Reference: Kahan, How Futile are Mindless Assessments of Roundoff, 2006, section
    "Mangled Angles".

    >>> round(float(angle([1.0, 0.0], [1.0, 1.0])), 12), float(angle([1.0, 0.0], [1.0, 1e-12]))  # π/4
    (0.785398163397, 1e-12)
    """
    xp, x, y = _paired(x, y, axis)
    with np.errstate(invalid="ignore"):
        a, b = _unit(xp, x, "x", axis), _unit(xp, y, "y", axis)
        return 2 * xp.atan2(l2(a - b, axis=axis), l2(a + b, axis=axis))


def cosines(X: Array, Y: Array) -> Array:
    """The cosine of every row of X with every row of Y, by one matrix product.

    Shapes ``(n, d)`` and ``(m, d)`` to ``(n, m)``. Error, nan, gradients and refusals as ``cosine``.

    >>> cosines([[1.0, 0.0], [0.0, 2.0]], [[5.0, 0.0]]).tolist()
    [[1.0], [0.0]]
    """
    xp, X, Y = arrays(2, X=X, Y=Y)
    if X.shape[1] != Y.shape[1]:
        raise InputError(
            f"X, Y: expected rows of one length, got {X.shape[1]} and {Y.shape[1]} numbers; compare like with like"
        )
    with np.errstate(invalid="ignore"):
        return xp.clip(_unit(xp, X, "X", -1) @ _unit(xp, Y, "Y", -1).mT, -1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Items, most similar first.

    Made by ``most_similar``.
    """

    order: Array
    """Row numbers of the items, shape ``(k,)``."""
    scores: Array
    """Their similarity to the query, descending, shape ``(k,)``."""


def most_similar(query: Array, items: Array, *, k: int | None = None, by: str = "cosine") -> Ranking:
    """The k items most similar to a query vector, by ``"cosine"`` or by ``"dot"`` product; all items by default.

    Shapes ``(d,)`` and ``(n, d)``. Equal scores keep the order of the items. Raises ``InputError`` for nan among the
    scores, for a vector of zeros (cosine), for k outside 1 to n and for another ``by``.

    The long third item wins by dot product; the cosine puts the one in the query's direction first:

    >>> items = [[1.0, 0.1], [0.0, 1.0], [5.0, 5.0]]
    >>> most_similar([1.0, 0.0], items).order.tolist(), most_similar([1.0, 0.0], items, by="dot").order.tolist()
    ([0, 2, 1], [2, 0, 1])
    """
    if by not in ("cosine", "dot"):
        raise InputError(f"by: expected 'cosine' or 'dot', got {by!r}; choose one")
    xp, query, items = arrays((1, 2), query=query, items=items)
    if query.ndim != 1 or items.ndim != 2 or query.shape[0] != items.shape[1]:
        raise InputError(
            f"query, items: expected shapes (d,) and (n, d), got {tuple(query.shape)} and {tuple(items.shape)}; "
            "one row an item"
        )
    k = items.shape[0] if k is None else whole(k, "k", most=items.shape[0])
    scores = items @ query if by == "dot" else cosines(query[None, :], items)[0, ...]
    if known(xp.any(xp.isnan(scores))):
        raise InputError("query, items: expected finite numbers, got nan or inf; leave those items out first")
    order = xp.argsort(scores, descending=True, stable=True)[:k]
    return Ranking(order, xp.take(scores, order, axis=0))


def _paired(x: Any, y: Any, axis: int) -> tuple[Any, Array, Array]:
    if (xp := alike(x, y)) and -x.ndim <= axis < x.ndim:
        return xp, x, y
    xp, x, y = arrays(x=x, y=y)
    for name, v in (("x", x), ("y", y)):
        if not -v.ndim <= axis < v.ndim:
            raise InputError(f"{name}: expected an axis {axis}, got shape {tuple(v.shape)}; choose another axis")
    if x.shape[axis] != y.shape[axis]:
        raise InputError(
            f"x, y: expected one length along axis {axis}, got shapes {tuple(x.shape)} and {tuple(y.shape)}; "
            "vectors of one space have one length"
        )
    try:
        np.broadcast_shapes(tuple(x.shape), tuple(y.shape))
    except ValueError:
        raise InputError(
            f"x, y: expected shapes that broadcast, got {tuple(x.shape)} and {tuple(y.shape)}; add axes of length 1"
        ) from None
    return xp, x, y


def _sum_of_products(xp: Any, x: Array, y: Array, axis: int) -> Array:
    """Σxᵢyᵢ by the library's kernel, long axes in runs: rounding grows with a run, and the runs' sums are few."""
    n = x.shape[axis]
    if n <= RUN:
        return _kernel(xp, x, y, axis)
    cut = ([slice(None)] * x.ndim, [slice(None)] * y.ndim)
    parts = []
    for start in range(0, n, RUN):
        for index in cut:
            index[axis] = slice(start, start + RUN)
        parts.append(_kernel(xp, x[tuple(cut[0])], y[tuple(cut[1])], axis))
    return xp.sum(xp.stack(parts), axis=0)


def _kernel(xp: Any, x: Array, y: Array, axis: int) -> Array:
    if x.ndim == y.ndim == 1:
        return x.dot(y)
    vecdot: Any = np.vecdot if isinstance(x, np.ndarray) else xp.linalg.vecdot
    return vecdot(x, y, axis=axis)


def _over_largest(xp: Any, x: Array, name: str, axis: int) -> Array:
    """Each vector over its largest magnitude; a vector of zeros is refused."""
    top = largest(xp, x, axis)
    zeros = top == 0
    if known(xp.any(zeros)):
        count = int(xp.sum(xp.astype(zeros, xp.int32)))
        said = "a vector of zeros" if math.prod(top.shape) == 1 else f"{count} vectors of zeros"
        raise InputError(f"{name}: expected vectors with a direction, got {said}; leave them out")
    return x / top


def _unit(xp: Any, x: Array, name: str, axis: int) -> Array:
    x = _over_largest(xp, x, name, axis)
    return x / l2(x, axis=axis, keepdims=True)
