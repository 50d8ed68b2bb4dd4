"""Counts of numbers in cells of one fixed grid, as fine as a bounded number of cells allows. Mergeable, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.linear_algebra.moments import Floats

MOST_CELLS = 4_096
COARSEST = 63
"""The level of two cells: the numbers below zero, and the others."""
_FEW = 8_192
"""Values that are sorted outright."""
_TABLE = 17
"""Two to this power are the counts that one pass over many values fills: 1 MB, which stays in the cache."""
_PASSES = 2
_BELOW_SIGN = np.int64(2**63 - 1)
LARGEST_KEY = int(np.array(np.finfo(np.float64).max).view(np.int64))
"""The key of the largest float64."""

Keys = NDArray[np.int64]


@dataclass(frozen=True)
class Histogram:
    """How many values fall into each cell of a grid that is the same for every table.

    A float64 has a 64-bit key that orders as the numbers do; a cell of ``level`` L is all numbers whose keys agree but
    for the last L bits. ``level`` is the smallest at which at most ``most`` cells (4,096) are filled, so it depends on
    the values alone, not on how they were cut into batches; merging is exact. ``cells`` are the keys shifted by L,
    rising; ``counts`` how many values each holds. Level 0 tells every value apart; below 2⁵² a level has
    2^(52 − L) cells from each power of two to the next.

    >>> some = Histogram.of(np.array([1.0, 2.0, 2.0])).merge(Histogram.of(np.array([-0.0])))
    >>> some.level, some.counts.tolist(), some.edges()[0].tolist()
    (0, [1, 1, 2], [0.0, 1.0, 2.0])
    """

    level: int
    cells: Keys
    counts: NDArray[np.int64]
    most: int = MOST_CELLS

    @classmethod
    def of(cls, values: Floats, most: int = MOST_CELLS) -> Self:
        """Of finite values, shape ``(n,)``."""
        keys = keys_of(values)
        found = None if len(keys) <= _FEW else _counted(keys, most)
        if found is None:
            rising = pl.Series(keys).sort().to_numpy() if len(keys) > _FEW else np.sort(keys)
            found = 0, *_grouped(rising, np.ones(len(keys), dtype=np.int64))
        return cls(*_fitted(*found, most), most)

    def merge(self, other: Self) -> Self:
        """Of both together."""
        most, level = min(self.most, other.most), max(self.level, other.level)
        a, b = self.coarser(level), other.coarser(level)
        cells = np.concatenate([a.cells, b.cells])
        order = np.argsort(cells, kind="stable")
        found = _grouped(cells[order], np.concatenate([a.counts, b.counts])[order])
        return type(self)(*_fitted(level, *found, most), most)

    def coarser(self, level: int) -> Self:
        """The same counts in the cells of a level at or above its own, at most 63.

        >>> halves = Histogram.of(np.array([1.0, 1.5, 2.0])).coarser(52)
        >>> halves.counts.tolist(), halves.edges()[0].tolist()
        ([2, 1], [1.0, 2.0])
        """
        if not self.level <= level <= COARSEST:
            raise ValueError(f"coarser: expected a level from {self.level} to {COARSEST}, got {level}")
        if level == self.level:
            return self
        cells, counts = _grouped(self.cells >> (level - self.level), self.counts)
        return type(self)(level, cells, counts, self.most)

    def within(self, most: int) -> Self:
        """The same counts at the finest level that fills at most that many cells (at least 2)."""
        return type(self)(*_fitted(self.level, self.cells, self.counts, max(2, most)), self.most)

    def edges(self) -> tuple[Floats, Floats]:
        """The smallest and the largest number of each cell, each of shape ``(k,)``."""
        low = self.cells << self.level
        high = low + np.int64((1 << self.level) - 1)
        high -= high == -1  # the key of −0.0, which no value has
        return numbers_of(np.maximum(low, -LARGEST_KEY - 1)), numbers_of(np.minimum(high, LARGEST_KEY))

    @property
    def total(self) -> int:
        return int(self.counts.sum())


def keys_of(values: Floats) -> Keys:
    """The 64-bit key of each number, shape ``(n,)``; keys order as the numbers do, and −0.0 has that of 0.0.

    >>> keys_of(np.array([-1.0, -0.0, 0.0, 5e-324])).tolist()
    [-4607182418800017409, 0, 0, 1]
    """
    bits = (np.asarray(values, dtype=np.float64) + 0.0).view(np.int64)
    if len(bits) and bits.min() < 0:
        bits ^= (bits >> 63) & _BELOW_SIGN
    return bits


def numbers_of(keys: Keys) -> Floats:
    """The number of each key, shape ``(n,)``.

    >>> numbers_of(keys_of(np.array([-1.5, 0.0, 1e300]))).tolist()
    [-1.5, 0.0, 1e+300]
    """
    return (keys ^ ((keys >> 63) & _BELOW_SIGN)).view(np.float64) + 0.0


def _grouped(cells: Keys, counts: NDArray[np.int64]) -> tuple[Keys, NDArray[np.int64]]:
    """Rising cells, those that are equal as one."""
    if not len(cells):
        return cells, counts
    first = np.empty(len(cells), dtype=bool)
    first[0] = True
    np.not_equal(cells[1:], cells[:-1], out=first[1:])
    at = np.flatnonzero(first)
    return cells[at], np.add.reduceat(counts, at)


def _fitted(level: int, cells: Keys, counts: NDArray[np.int64], most: int) -> tuple[int, Keys, NDArray[np.int64]]:
    """The same at the smallest level from this on that fills at most so many cells."""
    if len(cells) <= most:
        return level, cells, counts
    apart = (cells[1:] ^ cells[:-1]).view(np.uint64)
    low, high = 1, COARSEST - level
    while low < high:
        middle = (low + high) // 2
        fits = np.count_nonzero(apart >> np.uint64(middle)) < most
        low, high = (low, middle) if fits else (middle + 1, high)
    return level + low, *_grouped(cells >> low, counts)


def _counted(keys: Keys, most: int) -> tuple[int, Keys, NDArray[np.int64]] | None:
    """Cells and counts of many keys at level 0, or at a level that fills more cells than are kept.

    The first pass counts the leading bits; while few cells are filled, another tells apart what is in them. ``None``
    where a few passes were not enough: then sorting is quicker.
    """
    same = _same_bits(keys)
    low = int(keys.min())
    level = max(same, (int(keys.max()) - low).bit_length() - (_TABLE - 1))
    first = low >> level
    codes = (keys >> level) - first if level else keys - first
    counts = np.bincount(codes)
    filled = np.flatnonzero(counts)
    cells = filled + first
    for _ in range(_PASSES):
        if len(cells) > most:
            return level, cells, counts[filled]
        if level == same:
            return 0, (cells << level) | (keys[0] & np.int64((1 << level) - 1)), counts[filled]
        if (whole := _single(keys, codes, len(counts))) is not None:
            return 0, whole[filled], counts[filled]
        bits = min(level - same, _TABLE - (len(cells) - 1).bit_length())
        rank = np.zeros(len(counts), dtype=np.int64)
        rank[filled] = np.arange(len(cells)) << bits
        level -= bits
        codes = rank[codes] | ((keys >> level) & np.int64((1 << bits) - 1))
        counts = np.bincount(codes)
        filled = np.flatnonzero(counts)
        cells = (cells[filled >> bits] << bits) | (filled & ((1 << bits) - 1))
    return None


def _single(keys: Keys, codes: Keys, size: int) -> Keys | None:
    """The one key of each code; ``None`` where a code has several."""
    if len(keys) > _FEW and _single(keys[:_FEW], codes[:_FEW], size) is None:
        return None
    whole = np.zeros(size, dtype=np.int64)
    whole[codes] = keys
    return whole if np.array_equal(whole[codes], keys) else None


def _same_bits(keys: Keys) -> int:
    """How many of the last bits all keys have in common."""
    differ = int(np.bitwise_or.reduce(keys ^ keys[0]).view(np.uint64))
    return (differ & -differ).bit_length() - 1 if differ else COARSEST
