"""A value with how sure it is, and the plain numbers it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from tearless.core import InputError
from tearless.linear_algebra.arrays import array

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value of a sample, its standard error, and a confidence interval of what it estimates.

    ``low`` and ``high`` hold the value between them and stay in the range of what is estimated; an end is infinite
    where the sample sets no bound. ``standard_error`` is nan where it is not known.

    >>> print(Estimate(0.9, 0.03, 0.826, 0.945, 0.95))
    0.9 (0.826 to 0.945)
    """

    value: float
    standard_error: float
    low: float
    high: float
    level: float = 0.95

    def __str__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


def normal_quantile(level: float) -> float:
    """How many standard errors to each side a normal interval of this confidence reaches.

    Raises ``InputError`` unless 0 < level < 1. Exact to rounding.

    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    return float(-ndtri(_tail(level)))


def student_quantile(level: float, freedom: float) -> float:
    """The same where the spread was estimated with this many degrees of freedom: Student's t; inf below one degree.

    Raises ``InputError`` unless 0 < level < 1. Exact to rounding.

    >>> round(student_quantile(0.95, 10), 6)
    2.228139
    """
    tail = _tail(level)
    return float(-stdtrit(freedom, tail)) if freedom >= 1 else float("inf")


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise InputError(f"level: expected a confidence between 0 and 1, got {level}; 0.95 is usual")
    return (1 - level) / 2


def plain(x: Any, name: str, *, ndim: int | tuple[int, ...] = 1) -> Floats:
    """The numbers of any library's array, or of a list, as NumPy float64: for what is counted, sorted or resampled.

    Any shape with ``ndim`` axes, kept. Gradients do not pass. Raises ``InputError`` for what is no array of numbers,
    has other axes, is empty, or holds nan or infinity.

    >>> plain([1, 2], "x").tolist()
    [1.0, 2.0]
    """
    _, x = array(x, name, ndim=ndim)
    values: Floats = np.asarray(on_the_host(x), dtype=np.float64)
    holes = int((~np.isfinite(values)).sum())
    if holes:
        raise InputError(f"{name}: expected finite numbers, got {holes} that are nan or infinite; drop those rows")
    return values


def on_the_host(x: Any) -> Any:
    """The array without its gradient and off its device; lists and NumPy arrays pass as they are.

    Any shape; no copy where none is needed.

    >>> on_the_host([1.0, 2.0])
    [1.0, 2.0]
    """
    for step in ("detach", "cpu"):
        x = getattr(x, step)() if hasattr(x, step) else x
    return x.get() if type(x).__module__.startswith("cupy") else x


def of_one_length(**named: Any) -> None:
    """Raise ``InputError`` unless all have one length.

    >>> of_one_length(x=[1, 0, 1], y=[1, 0])
    Traceback (most recent call last):
    ...
    tearless.core.errors.InputError: x, y: expected one length, got 3 in x and 2 in y; align the rows
    """
    lengths = {name: len(x) for name, x in named.items()}
    if len(set(lengths.values())) > 1:
        said = " and ".join(f"{n} in {name}" for name, n in lengths.items())
        raise InputError(f"{', '.join(named)}: expected one length, got {said}; align the rows")
