"""How exactly a column's cells are written: whole numbers, a few decimals, a few digits, float32 or float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tearless.core import InputError

Floats = NDArray[np.float64]

MOST_DECIMALS = 8
FIFTEEN_DIGITS = 5e-15
"""Half a unit of the 15th digit, relative: what R, Excel and many CSV writers keep of a float64."""
FLOAT32 = 2.0**-24
FLOAT16 = 2.0**-11
_VISIBLE = 0.05


@dataclass(frozen=True, slots=True)
class Written:
    """How far a cell x of one column may be from the number that was meant: ``absolute`` or ``relative`` · |x|.

    ``decimals`` is the number of decimals that all cells are written with, ``None`` where they are not rounded so.
    ``stored`` is the relative rounding of the storage alone: 0 for whole numbers, which float64 holds exactly.

    >>> tenths = Written(decimals=1, stored=2.0**-53)
    >>> tenths.rounding(np.array([0.3, 40.0])).tolist()  # half of 0.1, well above what storing can move
    [0.05, 0.05]
    """

    decimals: int | None
    stored: float

    @property
    def absolute(self) -> float:
        """Half a unit of the last decimal, 0 where there is none."""
        return 0.0 if self.decimals is None else 0.5 * 10.0**-self.decimals

    def storage(self, x: Floats) -> Floats:
        """The most by which storing alone moved each cell."""
        return self.stored * np.abs(x)

    def rounding(self, x: Floats) -> Floats:
        """The most by which rounding to the last decimal, or storing, moved each cell."""
        return np.maximum(self.absolute, self.storage(x))


def written(x: ArrayLike, stored_in: float = FIFTEEN_DIGITS) -> Written:
    """How the finite values of a column are written. Shape ``(n,)``.

    ``stored_in`` is the relative rounding of its type (2⁻²⁴ for float32). Values that all fit float32 are taken to have
    been float32. Raises ``InputError`` on nan or inf.

    >>> written([0.25, 1.5, 3.75]).decimals, written([1.0, 2.0, 300.0]).stored, written([0.1234567891]).decimals
    (2, 0.0, None)
    """
    x = np.asarray(x, dtype=np.float64)
    if x.ndim != 1 or not np.isfinite(x).all():
        raise InputError("x: expected a 1-D array of finite numbers; leave out cells without a number first")
    with np.errstate(over="ignore", under="ignore"):
        single = bool((x.astype(np.float32).astype(np.float64) == x).all())
    stored = max(stored_in, FLOAT32 if single else 0.0)
    whole = bool((x == np.rint(x)).all()) and np.abs(x).max(initial=0.0) <= 2.0**53
    return Written(0, 0.0) if whole else Written(_decimals(x, stored), stored)


def _decimals(x: Floats, stored: float) -> int | None:
    """The fewest decimals that write every cell, as far as its storage can show; ``None`` beyond the most."""
    for d in range(MOST_DECIMALS + 1):
        with np.errstate(over="ignore"):
            y = x * 10.0**d
        rounding = 4 * stored * np.abs(y)
        if not rounding.max(initial=0.0) < _VISIBLE:
            return None
        off = np.abs(y - np.rint(y)) > rounding
        if not off.any():
            return d
    return None
