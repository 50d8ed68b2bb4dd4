"""What a library does by itself and at once: its own functions, and work in the memory that an array already has.

The functions of the pillars are written in the Array API standard, a call of which costs a microsecond more, and an
array more for each step. That shows where vectors are short, and where they do not fit the processor's cache.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np

from .arrays import Array


def own(xp: Any) -> Any:
    """The library that a namespace stands for: its own functions, a microsecond a call sooner.

    Their names and defaults are the library's, not the standard's.

    >>> own(np) is np
    True
    """
    return _own(xp.__name__)


@cache
def _own(namespace: str) -> Any:
    return importlib.import_module(namespace.removeprefix("array_api_compat."))


def differentiated(x: Array) -> bool:
    """Whether a gradient may be asked through the array; where not, what is made of it can be changed in place.

    Always false for NumPy, true for JAX, whose arrays never change; PyTorch says it of each tensor. Any shape.

    >>> differentiated(np.ones(2))
    False
    """
    return False if isinstance(x, np.ndarray | np.generic) else bool(getattr(x, "requires_grad", True))


def into(f: Any, x: Array) -> Array:
    """``f(x)`` in the memory of x, which nobody else holds, where its library can; else in new memory.

    Any shape; x is not to be used afterwards.

    >>> into(np.exp, np.zeros(2))
    array([1., 1.])
    """
    if isinstance(x, np.ndarray):
        return f(x, out=x)
    return f(x) if differentiated(x) or isinstance(x, np.generic) else getattr(x, f"{f.__name__}_")()


def minus(x: Array, y: Array) -> Array:
    """``x − y`` in the memory of x, which nobody else holds, where its library can; else in new memory.

    Shapes: y broadcasts to that of x, which is not to be used afterwards.

    >>> minus(np.ones(2), np.array([0.5, 1.0]))
    array([0.5, 0. ])
    """
    if differentiated(x) or differentiated(y):
        return x - y
    x -= y
    return x


def over(x: Array, y: Any) -> Array:
    """``x / y`` in the memory of x, which nobody else holds, where its library can; else in new memory.

    Shapes: y is a number, or broadcasts to the shape of x, which is not to be used afterwards.

    >>> over(np.ones(2), 2.0)
    array([0.5, 0.5])
    """
    if differentiated(x) or (not isinstance(y, float) and differentiated(y)):
        return x / y
    x /= y
    return x
