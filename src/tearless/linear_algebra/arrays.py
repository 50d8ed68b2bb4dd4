"""The border of the pillars' functions: whatever came in, an array of one library goes on, or a clear refusal.

Lists, numbers and tables become NumPy arrays; arrays of NumPy, PyTorch, JAX and CuPy stay what they are, on their
device and with their gradients. Everything behind this border may be written as the mathematics is.
"""

from __future__ import annotations

import importlib
import math
from functools import cache
from typing import Any

import array_api_compat
import array_api_compat.numpy as numpy_namespace
import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.linear_algebra.python_numbers import numbers_from_python

Array = Any
"""An array of any library of the Array API standard."""

_UNKNOWN = (TypeError, RuntimeError)
"""What ``jax.jit`` and ``torch.vmap`` raise where a value that has none yet is asked for."""

_AXES = {0: "a single number", 1: "a vector (1 axis)", 2: "a matrix (2 axes)"}


def array(
    x: Any, name: str, *, ndim: int | tuple[int, ...] | None = None, floating: bool = True, empty: bool = False
) -> tuple[Any, Array]:
    """``(xp, x)``: the namespace of the array's library, and the array.

    ``ndim`` is the number of axes allowed. Unless ``floating`` is false, whole numbers and booleans become the default
    float of their library. Raises ``InputError`` for what is no array of real numbers, has other axes, or is empty
    where ``empty`` is false.

    >>> xp, x = array([[1, 2], [3, 4]], "x", ndim=2)
    >>> x
    array([[1., 2.],
           [3., 4.]])
    >>> array("abc", "x")
    Traceback (most recent call last):
    ...
    tearless.core.errors.InputError: x: expected an array or a list of numbers, got str; convert it first
    """
    kind = type(x)
    if kind is np.ndarray and x.dtype.kind == "f":
        xp: Any = numpy_namespace
    elif kind.__module__ == "torch" and x.is_floating_point():
        xp = _torch_namespace()
    else:
        xp, x = _numbers(x, name, floating)
    if ndim is not None and x.ndim not in ((ndim,) if isinstance(ndim, int) else ndim):
        allowed = " or ".join(_AXES.get(n, f"{n} axes") for n in ((ndim,) if isinstance(ndim, int) else ndim))
        raise InputError(f"{name}: expected {allowed}, got shape {tuple(x.shape)}; reshape it")
    if not empty and 0 in x.shape:
        raise InputError(f"{name}: expected at least one number, got shape {tuple(x.shape)}; it is empty")
    return xp, x


def arrays(ndim: int | tuple[int, ...] | None = None, *, empty: bool = False, **named: Any) -> tuple[Any, ...]:
    """``(xp, first, second, ...)``: several arrays of one library, device and floating dtype, in the order given.

    A list or a number beside an array takes that array's library, device and dtype. Raises ``InputError`` where two
    libraries or two devices meet. Any shapes; ``ndim``, where given, is asked of each.

    >>> xp, x, w = arrays(x=np.array([1, 2]), w=[0.5, 0.25])
    >>> x * w
    array([0.5, 0.5])
    """
    if ndim is None and len(named) == 2 and (xp := alike(*(given := tuple(named.values())))):
        return (xp, *given)
    xp, device = _meeting_place(named)
    mine = {name: array(x, name, ndim=ndim, empty=empty)[1] for name, x in named.items() if _is_array(x)}
    dtype = xp.result_type(*mine.values()) if mine else xp.float64
    for name, x in named.items():
        if name not in mine:
            values = array(x, name, ndim=ndim, empty=empty)[1]
            where = {} if device is None else {"device": device}
            mine[name] = values if xp is numpy_namespace else xp.asarray(values, dtype=dtype, **where)
    return (xp, *(_as(xp, mine[name], dtype) for name in named))


def alike(x: Any, y: Any) -> Any:
    """The namespace of two arrays of one library, device, floating dtype and shape, none empty; None for others.

    This is the common case, settled in half a microsecond; where the answer is None, ``arrays`` looks closely.

    >>> alike(np.ones(2), np.ones(2)) is numpy_namespace, alike(np.ones(2), [1.0, 1.0]) is None
    (True, True)
    """
    kind = type(x)
    if kind is np.ndarray and type(y) is np.ndarray:
        same = x.dtype.kind == "f" and x.dtype == y.dtype and x.shape == y.shape and x.size
        return numpy_namespace if same else None
    if kind.__module__ == "torch" and type(y) is kind and x.is_floating_point():
        same = x.dtype == y.dtype and x.shape == y.shape and x.device == y.device and x.numel()
        return _torch_namespace() if same else None
    return None


def positive(value: float, name: str, *, zero: bool = False) -> float:
    """A finite number above zero (or at least zero). Raises ``InputError`` naming it.

    >>> positive(0.5, "rate")
    0.5
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and (number > 0 or (zero and number == 0))):
        least = "at least 0" if zero else "above 0"
        raise InputError(f"{name}: expected a finite number {least}, got {value!r}; choose another")
    return number


def whole(value: int, name: str, *, least: int = 1, most: int | None = None) -> int:
    """A whole number from ``least`` to ``most``. Raises ``InputError`` naming it.

    >>> whole(np.int64(3), "k")
    3
    """
    sound = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not sound or value < least or (most is not None and value > most):
        upto = "" if most is None else f" and at most {most}"
        raise InputError(f"{name}: expected a whole number of at least {least}{upto}, got {value!r}; choose another")
    return int(value)


def same_shape(**named: Array) -> None:
    """Raise ``InputError`` unless the arrays have one shape.

    >>> same_shape(p=np.zeros(3), q=np.zeros(2))
    Traceback (most recent call last):
    ...
    tearless.core.errors.InputError: p, q: expected one shape, got p (3,) and q (2,); bring them to the same shape
    """
    shapes = {name: tuple(x.shape) for name, x in named.items()}
    if len(set(shapes.values())) > 1:
        said = " and ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError(f"{', '.join(named)}: expected one shape, got {said}; bring them to the same shape")


def finite(xp: Any, x: Array, name: str) -> None:
    """Raise ``InputError`` where the array holds nan or inf, with their number. Under ``jax.jit`` nothing is seen.

    Any shape.

    >>> finite(*array([1.0, math.inf, math.nan], "x"), "x")
    Traceback (most recent call last):
    ...
    tearless.core.errors.InputError: x: expected finite numbers, got 2 that are nan or inf; leave them out first
    """
    with np.errstate(over="ignore", invalid="ignore"):
        if within(xp, xp.sum(constant(x)), -math.inf, math.inf):
            return  # one nan or inf would have made the sum nan or inf
    holes = ~xp.isfinite(x)
    if known(xp.any(holes)):
        wrong = int(xp.sum(xp.astype(holes, xp.int32)))
        raise InputError(f"{name}: expected finite numbers, got {wrong} that are nan or inf; leave them out first")


def known(condition: Any) -> bool:
    """The truth of a condition; false where it has no value yet, as under ``jax.jit`` or ``torch.vmap``.

    >>> known(np.float64(2.0) > 1), known(np.float64(0.0) > 1)
    (True, False)
    """
    try:
        return bool(condition)
    except _UNKNOWN:
        return False


def size(x: Array) -> int:
    """How many numbers the array holds.

    Any shape.

    >>> size(np.ones((2, 3)))
    6
    """
    return int(x.numel() if hasattr(x, "numel") else x.size)


def factorable(xp: Any, x: Array) -> Array:
    """The array in float32 or float64, the two precisions that matrix factorisations are written for.

    Any shape. Half precision goes to float32, extended precision to float64.

    >>> factorable(numpy_namespace, np.ones(2, dtype=np.float16)).dtype
    dtype('float32')
    """
    bits = xp.finfo(x.dtype).bits
    return x if bits in (32, 64) else xp.astype(x, xp.float32 if bits < 32 else xp.float64)


def unit_roundoff(xp: Any, x: Array) -> float:
    """Largest relative error of one rounding in the array's dtype: 2⁻⁵³ for float64, 2⁻²⁴ for float32.

    Any shape. Exact.

    >>> unit_roundoff(numpy_namespace, np.ones(2)) == 2.0**-53
    True
    """
    return float(xp.finfo(x.dtype).eps) / 2


def like(x: Array) -> dict[str, Any]:
    """The dtype and device to make a new array with, so that it can meet this one.

    Any shape.

    >>> np.zeros(2, **like(np.ones(3, dtype=np.float32))).dtype
    dtype('float32')
    """
    return {"dtype": x.dtype, "device": x.device} if hasattr(x, "cpu") else {"dtype": x.dtype}


@cache
def safe_squares(xp: Any, dtype: Any) -> tuple[float, float]:
    """Sums of squares between these two have lost nothing that shows to underflow or overflow.

    The lower is the smallest normal number over ε², for what is lost lies below that number; the upper the largest one.

    >>> low, high = safe_squares(numpy_namespace, np.dtype(np.float64))
    >>> low == 2.0**-1022 / 2.0**-104, high == (2 - 2.0**-52) * 2.0**1023
    (True, True)
    """
    facts = xp.finfo(dtype)
    return float(facts.smallest_normal) / float(facts.eps) ** 2, float(facts.max)


def within(xp: Any, values: Array, low: float, high: float) -> bool:
    """Whether every value is known to lie between the two.

    Any shape; the two ends themselves are outside. False for nan, and under ``jax.jit`` or ``torch.vmap``, where no
    value is known.

    >>> within(numpy_namespace, np.array([1.0, 2.0]), 0.0, 3.0), within(numpy_namespace, np.array([1.0, 3.0]), 0.0, 3.0)
    (True, False)
    """
    if values.ndim == 0 or size(values) == 1:
        try:
            return bool(low < values.item() < high)
        except _UNKNOWN:
            return False
    return known(xp.all((values > low) & (values < high)))


def largest(xp: Any, x: Array, axis: Any) -> Array:
    """The largest magnitude along the axis, kept as an axis of length 1, without its gradient.

    Any shape. nan in a slice makes its entry nan. Exact.

    >>> largest(numpy_namespace, np.array([[1.0, -3.0], [2.0, 0.5]]), axis=1).tolist()
    [[3.0], [2.0]]
    """
    x = constant(x)
    return xp.maximum(xp.max(x, axis=axis, keepdims=True), -xp.min(x, axis=axis, keepdims=True))


def constant(x: Array) -> Array:
    """The array without its gradient, where its library keeps one on the array.

    Any shape; no copy is made.

    >>> constant(np.array([1.0, 2.0]))
    array([1., 2.])
    """
    return x.detach() if hasattr(x, "detach") else x


def to_numpy(x: Array) -> NDArray[Any]:
    """The values as a NumPy array, without gradient, from any device.

    Any shape; dtype kept; a copy only where it comes from another device.

    >>> to_numpy(np.array([1.0, 2.0], dtype=np.float32)).dtype
    dtype('float32')
    """
    x = constant(x)
    return np.asarray(x.cpu() if hasattr(x, "cpu") else x)


@cache
def _torch_namespace() -> Any:
    return importlib.import_module("array_api_compat.torch")


def _meeting_place(named: dict[str, Any]) -> tuple[Any, Any]:
    """The one library and the one device of the arrays among these."""
    given = {name: x for name, x in named.items() if _is_array(x)}
    if all(isinstance(x, np.ndarray) for x in given.values()):
        return numpy_namespace, None
    try:
        xp = array_api_compat.array_namespace(*given.values())
    except TypeError:
        kinds = ", ".join(f"{name} is a {type(x).__module__.partition('.')[0]} array" for name, x in given.items())
        raise InputError(f"{', '.join(named)}: expected one library, but {kinds}; convert one of them") from None
    devices = {name: array_api_compat.device(x) for name, x in given.items()}
    if len({str(d) for d in devices.values() if d is not None}) > 1:
        where = ", ".join(f"{name} is on {device}" for name, device in devices.items())
        raise InputError(f"{', '.join(named)}: expected one device, but {where}; move one of them")
    return xp, next((d for d in devices.values() if d is not None), None)


def _is_array(x: Any) -> bool:
    return not isinstance(x, np.generic) and array_api_compat.is_array_api_obj(x)


def _numbers(x: Any, name: str, floating: bool) -> tuple[Any, Array]:
    """The namespace, and the array as real numbers: floats where ``floating`` asks for them."""
    if not _is_array(x) or (isinstance(x, np.ndarray) and (type(x) is not np.ndarray or x.dtype.kind == "O")):
        x = numbers_from_python(x, name)
    xp = array_api_compat.array_namespace(x)
    if xp.isdtype(x.dtype, "complex floating") or not xp.isdtype(x.dtype, ("bool", "numeric")):
        raise InputError(f"{name}: expected real numbers, got an array of {x.dtype}; convert it to floats first")
    if floating and not xp.isdtype(x.dtype, "real floating"):
        x = xp.astype(x, xp.empty(0).dtype)
    return xp, x


def _as(xp: Any, x: Array, dtype: Any) -> Array:
    return x if x.dtype == dtype else xp.astype(x, dtype)
