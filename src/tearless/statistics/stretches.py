"""Columns seen in the order of their rows: ten stretches of the table, and what the order tells in each column."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import quoted
from tearless.core.number import shown
from tearless.linear_algebra.facts import floats

from .facts import MOST_CLASSES, is_classes, kind_of
from .order import BLOCKS, Order, of_classes, of_numbers

MOST_ROWS = 8_192
FEWEST = 20
LAST_FIFTH = BLOCKS - BLOCKS // 5
TELLING = 0.2


@dataclass(frozen=True, slots=True)
class Looked:
    """The order in one column, and its strongest sign in the reader's words.

    A result of ``Stretches.look``: ``fact`` is the sign.
    """

    order: Order
    fact: str


@dataclass(frozen=True, slots=True)
class Stretches:
    """Ten stretches of consecutive rows, one from the middle of each tenth; the whole tenths where the table is short.

    ``row`` holds row positions in rising order, ``block`` the tenth (0 to 9) of each.

    >>> rising = Stretches.of(100).look(pl.Series([float(i * i) for i in range(100)]))
    >>> rising.order.size > 0.9, rising.order.p < 1e-9
    (True, True)
    """

    row: NDArray[np.int64]
    block: NDArray[np.int64]

    @classmethod
    def of(cls, rows: int) -> Self:
        """The stretches of a table of so many rows."""
        edges = np.arange(BLOCKS + 1) * rows // BLOCKS
        longest = MOST_ROWS // BLOCKS
        parts = []
        for a, b in pairwise(edges):
            skip = max(0, int(b - a) - longest) // 2
            parts.append(np.arange(a + skip, min(b, a + skip + longest) if skip else b))
        block = np.repeat(np.arange(BLOCKS), [len(part) for part in parts])
        return cls(np.concatenate(parts).astype(np.int64), block.astype(np.int64))

    def look(self, column: pl.Series) -> Looked | None:
        """The order in one column; ``None`` for fewer than 20 values, a constant, or text of more than 50 classes."""
        kind = kind_of(column.dtype)
        if kind == "other":
            return None
        seen = column[self.row] if len(self.row) < len(column) else column
        seen = seen.to_physical() if kind == "time" else seen
        present = seen.is_not_null().to_numpy() if kind in ("text", "bool") else np.isfinite(floats(seen))
        seen, block = seen.filter(pl.Series(present)), self.block[present]
        if len(seen) < FEWEST or _is_row_number(seen):
            return None
        if kind in ("text", "bool") or is_classes(seen):
            distinct = seen.n_unique()
            return self._classes(seen, block) if 1 < distinct <= MOST_CLASSES else None
        x = floats(seen)
        return Looked(order := of_numbers(x, block), _fact(order, _of_numbers(x, block))) if x.min() < x.max() else None

    def _classes(self, seen: pl.Series, block: NDArray[np.int64]) -> Looked:
        code = (seen.rank("dense") - 1).to_numpy().astype(np.int64)
        order = of_classes(code, block)
        late = block >= LAST_FIFTH
        count = int(code.max()) + 1
        first, last = (np.bincount(code[part], minlength=count) / max(1, part.sum()) for part in (~late, late))
        most = int(np.argmax(np.abs(last - first)))
        label = str(seen.filter(pl.Series(code == most))[0])
        said = f"the last fifth holds {shown(float(last[most]), 'share')} {quoted(label)}, the rest "
        return Looked(order, _fact(order, said + shown(float(first[most]), "share")))


def _of_numbers(x: NDArray[np.float64], block: NDArray[np.int64]) -> str:
    late = block >= LAST_FIFTH
    above = 0.5
    if late.any() and not late.all():
        early = np.sort(x[~late])
        below, upto = np.searchsorted(early, x[late], "left"), np.searchsorted(early, x[late], "right")
        above = float((below + upto).mean()) / (2 * len(early))
    if abs(above - 0.5) < TELLING:
        medians = [float(np.median(x[block == b])) for b in np.unique(block)]
        return f"the medians of its tenths run from {shown(min(medians), digits=4)} to {shown(max(medians), digits=4)}"
    word = "above" if above >= 0.5 else "below"
    return f"a value of the last fifth lies {word} one of the rest in {shown(max(above, 1 - above), 'share')} of pairs"


def _fact(order: Order, by_place: str) -> str:
    if order.neighbours > 2 * order.tenths:
        return f"neighbouring rows correlate {shown(order.neighbours)}"
    return by_place


def _is_row_number(seen: pl.Series) -> bool:
    """Whether whole numbers rise or fall by one constant step: a count of the rows, which says nothing more."""
    if not seen.dtype.is_integer():
        return False
    step = np.diff(floats(seen.head(100)))
    return bool(len(step) and step[0] != 0 and (step == step[0]).all())


def in_time_order(column: pl.Series) -> bool:
    """Whether a column of dates or times, all filled, runs one way from the first row to the last.

    >>> from datetime import date
    >>> days = pl.Series([date(2020, 1, day) for day in range(1, 31)])
    >>> in_time_order(days), in_time_order(days.reverse()), in_time_order(days.shuffle(seed=0))
    (True, True, False)
    """
    if not column.dtype.is_temporal() or column.null_count() or column.n_unique() < FEWEST:
        return False
    return column.is_sorted() or column.is_sorted(descending=True)
