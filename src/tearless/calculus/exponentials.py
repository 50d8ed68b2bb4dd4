"""Exponentials that neither overflow nor lose their last digits: logsumexp, softmax, log-softmax, sigmoid, log-sigmoid.

The textbook forms fail where logits are large (e¹⁰⁰⁰ is inf) or far apart (ln of a rounded 0 is −inf). Here the largest
entry of a slice is taken out first where that is needed, so that no exponential overflows. Entry and result may lie on
any device; gradients of every order flow through. Each slice stands for itself: nan in one leaves the others alone.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import Array, array, within
from tearless.linear_algebra.kernels import differentiated, into, minus, over, own

Axis = int | tuple[int, ...] | None

_quiet = np.errstate(over="ignore", invalid="ignore", divide="ignore")
"""inf − inf and the like are meant: what comes of them is stated."""

_FAR_FROM_ONE = (2.0, math.inf)
"""Sums of exponentials whose logarithm loses nothing to their rounding."""


@_quiet
def logsumexp(x: Any, axis: Axis = -1, *, keepdims: bool = False) -> Array:
    """ln Σ eˣ along ``axis`` (one, several, or all with None), in nats.

    Shapes: any; the axis is dropped, or kept with length 1. Computed as m + ln(1 + (Σ e^(x−m) − 1)) with m the largest
    entry, whose own 1 is taken away before the sum: small terms beside it are kept to the last digit (Blanchard, Higham
    and Higham 2021, *Accurately computing the log-sum-exp and softmax functions*). The error is a few ulp of the larger
    of |m| and |result|. nan gives nan, inf gives inf, all −inf gives −inf, a slice of no entries −inf (the logarithm of
    an empty sum). Raises ``InputError`` for an axis that is not there.

    >>> float(logsumexp([1e4, 1e4])) == 1e4 + float(np.log(2.0))  # where ln(e^10000 + e^10000) is inf
    True
    >>> float(logsumexp([0.0, -50.0])) == float(np.exp(-50.0))
    True
    """
    xp, x, axes = _along(x, axis)
    if any(x.shape[i] == 0 for i in axes):
        return xp.sum(x, axis=axes, keepdims=keepdims) - xp.inf
    top, d = _shifted(xp, x, axes)
    plain = xp.sum(into(xp.exp, d), axis=axes, keepdims=True)
    if within(xp, plain, *_FAR_FROM_ONE):
        total = top + xp.log(plain)
    else:
        beside, ties = _beside(xp, _shifted(xp, x, axes)[1], axes)
        # where all are -inf there is no tie and nothing beside: top itself is the answer
        total = top + xp.log1p(beside + xp.where(ties > 0, ties - 1, ties))
    return total if keepdims else xp.squeeze(total, axis=axes)


@_quiet
def softmax(x: Any, axis: Axis = -1) -> Array:
    """eˣ / Σ eˣ along ``axis``: shares that sum to 1.

    Shapes: any, kept. Right to a few ulp in every entry while the largest m lies in [−44, 354] (float32: [−5, 44]): e^x
    is then taken as it is, as x − m would round. Beyond, from x − m, which is exact for entries within a factor 2 of m;
    others are right to |x − m| + 4 units of roundoff, relative. Shares under about 1e-289 (float32: 1e-36) may become
    0. Slices with nan, with inf, or of −inf alone give nan: no limit is defined there. An empty array stays empty.

    >>> softmax([1e4, 1e4, -1e4]).tolist()
    [0.5, 0.5, 0.0]
    """
    xp, x, axes = _along(x, axis)
    if 0 in x.shape:
        return x * 1
    top = xp.max(x, axis=axes, keepdims=True)
    low, high = _needs_no_shift(xp, x.dtype)
    if within(xp, top, low, high):
        e = xp.exp(x)
    else:
        e = into(xp.exp, x - xp.where((top > low) & (top < high), xp.zeros_like(top), top))
    return over(e, xp.sum(e, axis=axes, keepdims=True))


@_quiet
def log_softmax(x: Any, axis: Axis = -1) -> Array:
    """x − ln Σ eˣ along ``axis``: the logarithm of ``softmax``, finite where softmax itself rounds to 0.

    Shapes: any, kept. Computed as (x − m) − ln(1 + (Σ e^(x−m) − 1)): two terms of one sign, so every entry is right to
    a few ulp, also those next to 0. Slices with nan, with inf, or of −inf alone give nan; −inf beside finite entries
    gives −inf. An empty array stays empty.

    >>> log_softmax([1e4, 0.0]).tolist()
    [0.0, -10000.0]
    >>> float(log_softmax([50.0, 0.0])[0]) == -float(np.exp(-50.0))
    True
    """
    xp, x, axes = _along(x, axis)
    if 0 in x.shape:
        return x * 1
    if len(axes) == 1 and hasattr(own(xp), "log_softmax"):
        out = own(xp).log_softmax(x, axes[0])
        if within(xp, xp.max(out, axis=axes), -math.inf, -math.log(2)):
            return out
    d = x - xp.max(x, axis=axes, keepdims=True)
    plain = xp.sum(xp.exp(d), axis=axes, keepdims=True)
    if within(xp, plain, *_FAR_FROM_ONE):
        log_of_sum = xp.log(plain)
    else:
        beside, ties = _beside(xp, d, axes)
        log_of_sum = xp.log1p(beside + (ties - 1))
    return minus(d, log_of_sum)


@_quiet
def sigmoid(x: Any) -> Array:
    """1 / (1 + e⁻ˣ), entry by entry: the chance that a log-odds of x means.

    Shapes: any, kept. Computed as e^−|x|/(1 + e^−|x|) where x < 0: right to a few ulp down to the subnormals, where
    1 − 1/(1+eˣ) has lost every digit from x = −37 on. −inf gives 0, inf gives 1, nan gives nan.

    >>> sigmoid([0.0, 1e4, -1e4]).tolist()
    [0.5, 1.0, 0.0]
    >>> float(sigmoid(-700.0)) == float(np.exp(-700.0))
    True
    """
    xp, x = array(x, "x", empty=True)
    if not differentiated(x) and 0 not in x.shape and within(xp, x.min(), _lowest(xp, x.dtype), math.inf):
        return _one_over_one_plus(into(np.exp, -x)) if isinstance(x, np.ndarray) else own(xp).sigmoid(x)
    above, e = _down(xp, x)
    return (e * (1 - above) + above) / (1 + e)


@_quiet
def log_sigmoid(x: Any) -> Array:
    """−ln(1 + e⁻ˣ), entry by entry: the logarithm of ``sigmoid``.

    Shapes: any, kept. Computed as min(x, 0) − ln(1 + e^−|x|): right to a few ulp everywhere. −inf gives −inf, inf gives
    0, nan gives nan.

    >>> log_sigmoid([-1e4, 0.0]).round(6).tolist()
    [-10000.0, -0.693147]
    """
    xp, x = array(x, "x", empty=True)
    if isinstance(x, np.ndarray):
        e = into(np.exp, into(np.negative, np.abs(x)))
        return np.minimum(x, 0) - into(np.log1p, e)
    if hasattr(own(xp), "nn"):
        return own(xp).nn.functional.logsigmoid(x)
    above, e = _down(xp, x)
    below = xp.clip(x, None, float(xp.finfo(x.dtype).max)) * (1 - above)  # inf would make inf * 0
    return below - xp.log1p(e)


def _along(x: Any, axis: Axis) -> tuple[Any, Array, tuple[int, ...]]:
    """The array, and its axes as a tuple of numbers from 0."""
    xp, x = array(x, "x", empty=True)
    if isinstance(axis, int) and -x.ndim <= axis < x.ndim:
        return xp, x, (axis % x.ndim,)
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    if x.ndim == 0 and axes in ((-1,), (0,)):
        return xp, x, ()
    if any(not -x.ndim <= i < x.ndim for i in axes):
        raise InputError(f"axis: expected axes of an array of shape {tuple(x.shape)}, got {axis!r}; choose another")
    return xp, x, tuple(i % x.ndim for i in axes)


@cache
def _needs_no_shift(xp: Any, dtype: Any) -> tuple[float, float]:
    """Largest entries between these need not be taken out: the sum of exponentials neither overflows nor vanishes."""
    most = float(xp.finfo(dtype).max)
    safe = math.log(most) / 2 if most > 1e30 else 0.0  # float16 has no room for a sum of them
    return -safe / 8, safe


@cache
def _lowest(xp: Any, dtype: Any) -> float:
    """No e⁻ˣ overflows above this."""
    return -0.99 * math.log(float(xp.finfo(dtype).max))


def _one_over_one_plus(e: Array) -> Array:
    e += 1
    return np.divide(1, e, out=e) if isinstance(e, np.ndarray) else 1 / e


def _down(xp: Any, x: Array) -> tuple[Array, Array]:
    """1 where x ≥ 0 and 0 elsewhere; and e^−|x|.

    |x| as a product with ±1: its derivative is right at 0 too, where that of ``abs`` is 0. Products, as a choice by
    ``where`` costs five times as much.
    """
    above = xp.astype(x >= 0, x.dtype)
    return above, xp.exp(x * (1 - 2 * above))


def _shifted(xp: Any, x: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """The largest entry, and the distance to it; inf stays inf, and all −inf stay −inf."""
    top = xp.max(x, axis=axes, keepdims=True)
    if within(xp, top, -math.inf, math.inf):
        return top, x - top
    most = float(xp.finfo(x.dtype).max)
    return top, x - xp.clip(top, -most, most)


def _beside(xp: Any, d: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    """Σ e^d without the 1 of each largest entry, and how many largest there are.

    e^0 is exactly 1, so e^d − 1 is exactly 0 there; written so, the derivatives of every order stay right.
    """
    largest = xp.astype(d == 0, d.dtype)
    beside = xp.sum(xp.exp(d) - largest, axis=axes, keepdims=True)
    return beside, xp.sum(largest, axis=axes, keepdims=True)
