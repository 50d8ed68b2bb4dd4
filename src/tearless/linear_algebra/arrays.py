"""The border of the pillars' functions: whatever came in, an array of one library goes on, or a clear refusal.

Lists and numbers become NumPy arrays; arrays of NumPy, PyTorch, JAX and CuPy stay what they are, on their device and
with their gradients. Everything behind this border may be written as the mathematics is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import array_api_compat
import numpy as np

from tearless.core import InputError

Array = Any
"""An array of any library of the Array API standard."""


def array(
    x: Any, name: str, *, ndim: int | tuple[int, ...] | None = None, floating: bool = True, empty: bool = False
) -> tuple[Any, Array]:
    """``(xp, x)``: the namespace of the array's library, and the array.

    ``ndim`` is the number of axes allowed. Unless ``floating`` is false, whole numbers and booleans become the default
    float of their library. Raises ``InputError`` for what is no array of numbers, has other axes, or is empty where
    ``empty`` is false.
    """
    if not array_api_compat.is_array_api_obj(x):
        x = _from_python(x, name)
    xp = array_api_compat.array_namespace(x)
    if not xp.isdtype(x.dtype, ("bool", "numeric")):
        raise InputError(f"{name}: expected numbers, got an array of {x.dtype}; convert it to floats first")
    if floating and not xp.isdtype(x.dtype, ("real floating", "complex floating")):
        x = xp.astype(x, _default_float(xp))
    if ndim is not None:
        allowed = (ndim,) if isinstance(ndim, int) else ndim
        if x.ndim not in allowed:
            raise InputError(f"{name}: expected {_axes(allowed)}, got shape {tuple(x.shape)}; reshape it")
    if not empty and math.prod(x.shape) == 0:
        raise InputError(f"{name}: expected at least one number, got shape {tuple(x.shape)}; it is empty")
    return xp, x


def arrays(ndim: int | tuple[int, ...] | None = None, *, empty: bool = False, **named: Any) -> tuple[Any, ...]:
    """``(xp, first, second, ...)``: several arrays of one library and one floating dtype, in the order given.

    A list beside a PyTorch tensor becomes a tensor on its device. Raises ``InputError`` where two libraries meet.
    """
    given = [x for x in named.values() if array_api_compat.is_array_api_obj(x)]
    try:
        xp = array_api_compat.array_namespace(*given) if given else array_api_compat.array_namespace(np.empty(0))
    except TypeError:
        kinds = ", ".join(f"{name} is a {type(x).__module__.partition('.')[0]} array" for name, x in named.items())
        raise InputError(
            f"{', '.join(named)}: expected arrays of one library, but {kinds}; convert one of them"
        ) from None
    device = array_api_compat.device(given[0]) if given else None
    out = []
    for name, x in named.items():
        if not array_api_compat.is_array_api_obj(x):
            x = xp.asarray(_from_python(x, name), device=device) if given else _from_python(x, name)
        out.append(array(x, name, ndim=ndim, empty=empty)[1])
    dtype = xp.result_type(*out)
    return (xp, *(x if x.dtype == dtype else xp.astype(x, dtype) for x in out))


def positive(value: float, name: str, *, zero: bool = False) -> float:
    """A finite number above zero (or at least zero). Raises ``InputError`` naming it."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and (number > 0 or (zero and number == 0))):
        least = "at least 0" if zero else "above 0"
        raise InputError(f"{name}: expected a finite number {least}, got {value!r}; choose another")
    return number


def same_shape(**named: Array) -> None:
    """Raise ``InputError`` unless the arrays have one shape."""
    shapes = {name: tuple(x.shape) for name, x in named.items()}
    if len(set(shapes.values())) > 1:
        said = " and ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError(f"{', '.join(named)}: expected one shape, got {said}; bring them to the same shape")


def _from_python(x: Any, name: str) -> Any:
    if not isinstance(x, (Sequence, int, float, complex, np.generic)) or isinstance(x, (str, bytes)):
        raise InputError(f"{name}: expected an array or a list of numbers, got {type(x).__name__}; convert it first")
    try:
        return np.asarray(x, dtype=None if _whole(x) else np.float64)
    except (TypeError, ValueError) as why:
        raise InputError(f"{name}: expected rows of one length holding numbers, got {why}; mend the list") from None


def _whole(x: Any) -> bool:
    return np.asarray(x, dtype=object).size > 0 and all(
        isinstance(v, (bool, int, complex)) for v in np.ravel(np.asarray(x, dtype=object))
    )


def _default_float(xp: Any) -> Any:
    return xp.empty(0).dtype if not hasattr(xp, "get_default_dtype") else xp.get_default_dtype()


def _axes(allowed: tuple[int, ...]) -> str:
    names = {0: "a single number", 1: "a vector", 2: "a matrix"}
    return " or ".join(names.get(n, f"{n} axes") for n in allowed)
