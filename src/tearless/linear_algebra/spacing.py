"""How far apart the numbers of a floating-point type are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Format:
    """A binary floating-point format: digits of its significand, exponent of its least normal number, its largest.

    The exponent is ``least_exponent``.

    >>> Format(digits=53, least_exponent=-1022, largest=1.7976931348623157e308).roundoff == 2.0**-53
    True
    """

    digits: int
    least_exponent: int
    largest: float

    @property
    def roundoff(self) -> float:
        """Unit roundoff u: the largest relative error of rounding to nearest."""
        return 2.0**-self.digits


FLOAT32 = Format(24, -126, float(np.finfo(np.float32).max))
FLOAT64 = Format(53, -1022, float(np.finfo(np.float64).max))


def float_step(x: ArrayLike, kind: Format) -> NDArray[np.float64]:
    """The distance between neighbouring numbers of a format at |x|: 2^(e − digits + 1) for 2ᵉ ≤ |x| < 2ᵉ⁺¹.

    Same shape as ``x``. Exact; below the least normal number the step stays what it is there (IEEE 754).

    >>> float_step([1e8, 1.0], FLOAT32).tolist()
    [8.0, 1.1920928955078125e-07]
    """
    exponent = np.frexp(np.abs(np.asarray(x, dtype=np.float64)))[1] - 1
    exponent = np.where(np.asarray(x) == 0, kind.least_exponent, exponent)
    step = np.ldexp(1.0, np.maximum(exponent, kind.least_exponent) - kind.digits + 1)
    return np.asarray(step, dtype=np.float64)


def values_left(x: ArrayLike) -> tuple[int, int]:
    """How many different finite values are left after a cast to float32, and how many there were. Shape ``(n,)``.

    >>> values_left([1e8, 1e8 + 1, 1e8 + 8])
    (2, 3)
    """
    values: NDArray[np.float64] = np.asarray(x, dtype=np.float64)
    values = values[np.isfinite(values)]
    with np.errstate(over="ignore", under="ignore"):
        return len(np.unique(values.astype(np.float32))), len(np.unique(values))
