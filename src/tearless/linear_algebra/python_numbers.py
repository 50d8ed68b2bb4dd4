"""Numbers as Python has them, in lists, tables and fractions, made an array, or refused in words."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError


def numbers_from_python(x: Any, name: str) -> NDArray[Any]:
    """A NumPy array from numbers, nested lists, tables and subclasses of ``numpy.ndarray``. Any shape.

    Fractions and decimals become float64. Raises ``InputError`` for masked arrays, text, rows of unequal length, and
    what holds no real numbers.

    >>> from fractions import Fraction
    >>> numbers_from_python([[1, 2], [3, 4]], "x").tolist(), numbers_from_python([Fraction(1, 2)], "x").tolist()
    ([[1, 2], [3, 4]], [0.5])
    """
    if isinstance(x, np.ma.MaskedArray):
        raise InputError(f"{name}: expected an array without a mask, got a masked one; fill it or leave the rows out")
    if isinstance(x, (str, bytes)) or not (isinstance(x, (Sequence, Real)) or hasattr(x, "__array__")):
        raise InputError(f"{name}: expected an array or a list of numbers, got {type(x).__name__}; convert it first")
    try:
        out = np.asarray(x)
        if out.dtype.kind == "O" and all(isinstance(v, Real) or type(v).__name__ == "Decimal" for v in out.flat):
            out = out.astype(np.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError) as why:
        raise InputError(f"{name}: expected rows of one length holding numbers, got {why}; mend the list") from None
    if out.dtype.kind not in "biuf":
        raise InputError(f"{name}: expected real numbers, got {_odd_one(out)}; convert it to floats first")
    return out


def _odd_one(values: NDArray[Any]) -> str:
    odd = [type(v).__name__ for v in values.flat if not isinstance(v, Real)]
    return f"one of type {odd[0]}" if odd else f"an array of {values.dtype}"
