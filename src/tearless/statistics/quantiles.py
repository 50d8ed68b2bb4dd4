"""Quantiles by the two definitions that matter: a value of the data, or a point between two of them."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError

Definition = Literal["linear", "inverted_cdf"]


def quantiles(x: ArrayLike, q: ArrayLike, definition: Definition = "linear") -> NDArray[np.float64]:
    """Quantiles of the values of ``x`` that are not nan.

    ``x`` has any shape and may hold ±inf; ``q`` holds m shares in [0, 1]; the result has shape ``(m,)`` and the unit of
    ``x``, nan where no value is left. ``"inverted_cdf"`` is the smallest value with at least a share q of the values at
    or below it: a value of the data. ``"linear"`` puts q at position (n − 1)·q of the sorted values, counted from 0,
    and goes straight between the two neighbours (definitions 1 and 7 of R. J. Hyndman and Y. Fan, Amer. Statist. 50,
    1996, 361-365). Selected exactly, not sketched. Raises ``InputError`` for shares outside [0, 1].

    >>> quantiles([4.0, 1.0, float("nan"), 2.0, 3.0], [0.5, 0.75]).tolist()
    [2.5, 3.25]
    >>> quantiles([4.0, 1.0, float("nan"), 2.0, 3.0], [0.5, 0.75], "inverted_cdf").tolist()
    [2.0, 3.0]
    """
    if definition not in get_args(Definition):
        raise InputError(f"definition: expected one of {get_args(Definition)}, got {definition!r}; name one of them")
    shares = np.atleast_1d(np.asarray(q, dtype=np.float64))
    if shares.ndim != 1 or not ((shares >= 0) & (shares <= 1)).all():
        raise InputError(f"q: expected shares between 0 and 1, got {q!r}; divide percentages by 100")
    values = np.asarray(x, dtype=np.float64).ravel()
    values = values[~np.isnan(values)]
    if not values.size:
        return np.full(shares.shape, np.nan)
    if definition == "inverted_cdf":
        at = np.array([_rank(values.size, float(share)) for share in shares])
        return np.asarray(np.partition(values, np.unique(at))[at])
    return _between(values, (values.size - 1) * shares)


def _rank(n: int, share: float) -> int:
    """The position, counted from 0, of the smallest value with at least ``share`` of n values at or below it."""
    position = n * share
    near = round(position)
    whole = near if abs(position - near) <= 4 * np.finfo(np.float64).eps * n else math.ceil(position)
    return min(n - 1, max(0, whole - 1))


def _between(values: NDArray[np.float64], position: NDArray[np.float64]) -> NDArray[np.float64]:
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, values.size - 1)
    ordered = np.partition(values, np.unique(np.concatenate([low, high])))
    below, above, part = ordered[low], ordered[high], position - low
    with np.errstate(invalid="ignore", over="ignore"):
        step = above - below
        out = np.where(part == 0, below, below + part * step)
        wide = np.isinf(step) & np.isfinite(below) & np.isfinite(above)
        return np.where(wide, (1 - part) * below + part * above, out)
