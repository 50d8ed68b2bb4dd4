"""Counts of numbers in cells of one fixed grid, as fine as a bounded number of cells allows. Mergeable, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tearless.linear_algebra.moments import Floats

MOST_CELLS = 4_096


@dataclass(frozen=True)
class Histogram:
    """How many values fall into each cell of a grid that is the same for every table.

    A float64 has a 64-bit key that orders as the numbers do; a cell of ``level`` L is all numbers whose keys agree but
    for the last L bits. ``level`` is the smallest at which at most 4,096 cells are filled, so it depends on the values
    alone, not on how they were cut into batches; merging is exact. ``cells`` are the keys shifted by L, rising;
    ``counts`` how many values each holds. Level 0 tells every value apart.
    """

    level: int
    cells: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Of finite values, shape ``(n,)``."""
        raise NotImplementedError

    def merge(self, other: Self) -> Self:
        """Of both together."""
        raise NotImplementedError

    def coarser(self, level: int) -> Self:
        """The same counts in the cells of a level at or above its own."""
        raise NotImplementedError

    def edges(self) -> tuple[Floats, Floats]:
        """The smallest and the largest number of each cell, each of shape ``(k,)``."""
        raise NotImplementedError
