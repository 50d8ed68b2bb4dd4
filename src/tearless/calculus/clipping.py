"""Clipping of gradients, by norm and by value: what is kept, and what is bent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, array, positive


def total_norm(gradients: Sequence[Any]) -> Array:
    """√Σ‖gᵢ‖₂² over all arrays: the L2 norm of all gradients laid end to end. A 0-d array of the arrays' library.

    Shapes: any, one library and device. Scaled by the largest entry, so that neither 1e200 overflows nor 1e-200 is
    lost, as the plain sum of squares does; right to a few ulp of the sum's rounding. inf anywhere gives inf, nan gives
    nan, arrays of no entries count 0. Raises ``InputError`` where there is no array.

    >>> float(total_norm([[3.0], [[0.0, 4.0]]]))
    5.0
    """
    xp, *parts = _all(gradients)
    tops = [xp.max(xp.abs(g)) for g in parts if 0 not in g.shape]
    top = xp.max(xp.stack(tops)) if tops else xp.sum(parts[0])
    scale = xp.where((top > 0) & xp.isfinite(top), top, xp.ones_like(top))
    with np.errstate(over="ignore"):
        return scale * xp.sqrt(sum(xp.sum((g / scale) ** 2) for g in parts))


def by_norm(gradients: Sequence[Any], largest: float) -> tuple[list[Array], Array, Array]:
    """``(clipped, norm, factor)``: every gradient times factor = min(1, largest/norm), so the direction is kept.

    ``norm`` is the total L2 norm before, ``factor`` what everything was multiplied by: 1 means that nothing was
    clipped. A norm that is nan or inf is not clipped: the factor is then nan, and the caller should skip the step.

    >>> clipped, norm, factor = by_norm([[3.0], [4.0]], 1.0)
    >>> [g.tolist() for g in clipped], float(norm), float(factor)
    ([[0.6000000000000001], [0.8]], 5.0, 0.2)
    """
    most = positive(largest, "largest")
    norm = total_norm(gradients)
    xp, *parts = _all(gradients)
    factor = xp.where(xp.isfinite(norm), most / xp.clip(norm, most, None), xp.full_like(norm, xp.nan))
    return [g * factor for g in parts], norm, factor


def by_value(gradients: Sequence[Any], largest: float) -> tuple[list[Array], float]:
    """``(clipped, share)``: every entry cut to [−largest, largest], and the share of entries that were cut.

    This bends the direction wherever some entries are cut and others are not. nan stays nan and is not counted.
    Raises ``InputError`` where there is no array, or ``largest`` is not above 0.

    >>> clipped, share = by_value([[0.5, -3.0]], 1.0)
    >>> clipped[0].tolist(), share
    ([0.5, -1.0], 0.5)
    """
    most = positive(largest, "largest")
    xp, *parts = _all(gradients)
    cut = sum(int(xp.sum(xp.astype(xp.abs(g) > most, xp.int32))) for g in parts)
    size = sum(math.prod(g.shape) for g in parts)
    return [xp.clip(g, -most, most) for g in parts], cut / max(1, size)


def _all(gradients: Sequence[Any]) -> list[Any]:
    if not gradients:
        raise InputError("gradients: expected at least one array, got none; was backward called?")
    pairs = [array(g, f"gradients[{i}]", empty=True) for i, g in enumerate(gradients)]
    return [pairs[0][0], *(g for _, g in pairs)]
