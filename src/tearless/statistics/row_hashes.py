"""A table as rows: hashes that tell which of them are equal, over every row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tearless.readers.source import Batch

HASHES_KEPT = 524_288
MOST_PARTS = 256
"""Parts that are counted through in each merge: a very long table brings a few entries in each of very many."""

_Entries = tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]
"""Hashes of the features, hashes of the target, first rows, counts: one entry for some equal rows."""


@dataclass(frozen=True)
class RowHashes:
    """A 64-bit hash of the features and one of the target, of every row or of a share of the distinct rows. Mergeable.

    Entry ``i`` stands for ``count[i]`` equal rows, of which ``first[i]`` is the row number of the first. Rows with
    equal features have equal hashes, so keeping the smallest hashes keeps whole groups of equal rows: the duplicates
    among them are all there. ``share`` is the share of hash values kept, 1 while all are. Two different rows share a
    hash by chance with probability n²/2⁶⁵: 3e-8 at a million rows. ``parts`` are the entries, as they came.

    ``total`` is the number of rows seen; hashes below ``ceiling`` are kept; ``whole`` is the number of rows of the
    table that these are a part of, 0 where it is not known.

    >>> import polars as pl
    >>> hashes = RowHashes.of(Batch(pl.DataFrame({"a": [1, 2, 1], "y": [0, 0, 1]}), target="y"))
    >>> bool(hashes.features[0] == hashes.features[2]), bool(hashes.target[0] == hashes.target[2]), hashes.share
    (True, False, 1.0)
    >>> hashes.merge(hashes).grouped().count.tolist()  # the same three rows, twice each
    [2, 2, 2]
    """

    parts: tuple[_Entries, ...]
    total: int
    ceiling: int = 2**64
    whole: int = 0

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """The hashes of one batch, each row by itself."""
        frame = batch.frame
        features = frame.drop(batch.target) if batch.target else frame
        target = frame[batch.target].hash(seed=1).to_numpy() if batch.target else np.zeros(frame.height, np.uint64)
        hashed = features.hash_rows(seed=0).to_numpy() if features.width else np.zeros(frame.height, np.uint64)
        number = np.arange(batch.start, batch.start + frame.height, dtype=np.int64)
        return cls(((hashed, target, number, np.ones(frame.height, np.int64)),), frame.height, whole=batch.total or 0)

    @property
    def features(self) -> NDArray[np.uint64]:
        return self._joined()[0]

    @property
    def target(self) -> NDArray[np.uint64]:
        return self._joined()[1]

    @property
    def first(self) -> NDArray[np.int64]:
        return self._joined()[2]

    @property
    def count(self) -> NDArray[np.int64]:
        return self._joined()[3]

    def _joined(self) -> _Entries:
        """The entries of all parts, laid end to end once: were it done in every merge, long tables would cost n²."""
        if len(self.parts) > 1:
            f, t, first, count = zip(*self.parts, strict=True)
            joined = (np.concatenate(f), np.concatenate(t), np.concatenate(first), np.concatenate(count))
            object.__setattr__(self, "parts", (joined,))
        return self.parts[0]

    def merge(self, later: Self) -> Self:
        """The rows of both; above so many entries equal ones are counted together and the share halved as needed."""
        ceiling = min(self.ceiling, later.ceiling)
        parts = (*self._below(ceiling).parts, *later._below(ceiling).parts)
        both = type(self)(parts, self.total + later.total, ceiling, max(self.whole, later.whole))
        if len(parts) > MOST_PARTS:
            both._joined()
        halving = ceiling > _ceiling(both.whole)
        most = 4 * _few() if halving else 2 * HASHES_KEPT
        return both.settled() if sum(len(part[0]) for part in both.parts) > most else both

    def grouped(self) -> Self:
        """The same rows with equal ones counted together, in the order of their first."""
        features, target, first, count = self._joined()
        if _all_differ(features) and (first[1:] > first[:-1]).all():
            return self
        order = np.lexsort((first, target, features))
        f, t = features[order], target[order]
        if not len(f):
            return self
        starts = np.flatnonzero(np.r_[True, (f[1:] != f[:-1]) | (t[1:] != t[:-1])])
        counts = np.add.reduceat(count[order], starts)
        first = first[order][starts]
        back = np.argsort(first)
        return replace(self, parts=((f[starts][back], t[starts][back], first[back], counts[back]),))

    def settled(self) -> Self:
        """The same however the rows were cut and merged: in row order while none can have been thinned, else alike.

        The ceiling of a whole table is the highest power of two that leaves no more than 65,536 entries, or, where that
        is higher, no more than 524,288 of its rows. A part has fewer entries and knows of fewer rows, so its ceiling is
        never below that of the whole.
        """
        lowest = _ceiling(max(self.whole, self.total))
        if lowest == 2**64:
            return self._in_order()
        settled = self.grouped()
        while settled.ceiling > lowest and len(settled.features) > _few():
            settled = settled._below(settled.ceiling // 2)
        return settled

    def _in_order(self) -> Self:
        """The entries in the order of their rows: parts are merged as they arrive."""
        features, target, first, count = self._joined()
        if (first[1:] > first[:-1]).all():
            return self
        by = np.argsort(first)
        return replace(self, parts=((features[by], target[by], first[by], count[by]),))

    def _below(self, ceiling: int) -> Self:
        if ceiling >= self.ceiling:
            return self
        return replace(self, parts=tuple(_entries_below(part, ceiling) for part in self.parts), ceiling=ceiling)

    @property
    def share(self) -> float:
        return self.ceiling / 2.0**64

    @property
    def part(self) -> str:
        """Which rows are here, where they are not all."""
        kept = self.settled().ceiling
        return "" if kept == 2**64 else f"all rows of 1 in {2**64 // kept:,} distinct ones"


def _few() -> int:
    """Entries that tell enough of a table, whatever share of it they are."""
    return HASHES_KEPT // 8


def _ceiling(rows: int) -> int:
    """The highest power of two below which at most 524,288 hashes of so many rows are to be expected."""
    if rows <= 2 * HASHES_KEPT:
        return 2**64
    return 2**64 >> ((rows - 1) // HASHES_KEPT).bit_length()


def _all_differ(values: NDArray[np.uint64]) -> bool:
    ordered = np.sort(values)
    return bool((ordered[1:] != ordered[:-1]).all())


def _entries_below(entries: _Entries, ceiling: int) -> _Entries:
    f, t, first, count = entries
    keep = f < np.uint64(ceiling)
    return f[keep], t[keep], first[keep], count[keep]
