"""Rows that two tables share: how many, and how many a common source would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import InputError

from .duplicates import agreeing_by_chance
from .intervals import poisson_at_least
from .random_split import one_sided
from .row_hashes import RowHashes

Keys = NDArray[np.uint64]
Counts = NDArray[np.int64]
ROWS_SHOWN = 1_000
MARGIN = 10.0
"""The chance of an agreeing pair is an upper bound that is itself estimated: this factor covers its error."""
DIGITS = 6
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Overlap:
    """The rows of a second table that a first one has too.

    ``seen`` of ``rows`` rows; ``by_chance`` is the share that a common source would give, and ``chance`` bounds the
    chance of as many.

    Made by ``overlap``.
    """

    seen: float
    rows: float
    by_chance: float
    chance: float

    @property
    def share(self) -> float:
        return self.seen / self.rows if self.rows else 0.0

    @property
    def excess(self) -> float:
        """The share of rows seen beyond what chance gives."""
        return max(0.0, self.share - self.by_chance)


def overlap(first: Keys, first_counts: Counts, second: Keys, second_counts: Counts, pair: float) -> Overlap:
    """The rows of the second table whose key the first has, against two ways in which chance could do it.

    Shapes ``(k,)``: keys, repeats allowed, and how many rows each stands for. ``pair`` is the probability that two rows
    agree by chance. First, rows drawn from one source: n·m·pair pairs agree on average, about Poisson; ten times that
    mean is used. Second, one table divided at random, repeats and all: then rows that stand in one table twice would
    be as common as rows that stand in both. Either alone rules out the innocent reason that it describes; the smaller
    chance, doubled for the choice, is that of the overlap. Raises ``InputError`` for unequal shapes.

    >>> a, b = np.arange(1000, dtype=np.uint64), np.arange(975, 1975, dtype=np.uint64)
    >>> one = np.ones(1000, dtype=np.int64)
    >>> found = overlap(a, one, b, one, pair=0.0)
    >>> found.seen, found.share, found.chance < 1e-6
    (25.0, 0.025, True)
    """
    if first.shape != first_counts.shape or second.shape != second_counts.shape:
        raise InputError("first, second: expected one count for each key; count each row once where none is repeated")
    x, y = _aligned(first, first_counts, second, second_counts)
    n, m = float(x.sum()), float(y.sum())
    seen = float(y[x > 0].sum())
    split = one_sided(x, y)
    drawn = poisson_at_least(seen, MARGIN * n * m * pair)
    if drawn <= split.fewer:
        return Overlap(seen, m, min(1.0, n * pair), min(1.0, 2 * drawn))
    return Overlap(seen, m, 1 - split.expected / m if m else 0.0, min(1.0, 2 * split.fewer))


def _aligned(first: Keys, first_counts: Counts, second: Keys, second_counts: Counts) -> tuple[Counts, Counts]:
    """The counts of both for each different key."""
    keys = np.concatenate([first, second])
    order = np.argsort(keys)
    starts = np.flatnonzero(np.r_[True, keys[order][1:] != keys[order][:-1]]) if len(keys) else np.empty(0, np.int64)
    both = np.zeros((2, len(keys)), dtype=np.int64)
    both[0, : len(first)], both[1, len(first) :] = first_counts, second_counts
    if not len(keys):
        return both[0], both[1]
    x, y = np.add.reduceat(both[:, order], starts, axis=1)
    return x, y


def agreeing(frame: pl.DataFrame) -> float:
    """The chance that two rows of a table agree in every column by chance, at most; 1 where nothing can be compared.

    >>> agreeing(pl.DataFrame({"a": ["x"] * 8})), agreeing(pl.DataFrame({"a": range(1_000)})) < 0.001
    (1.0, True)
    """
    if frame.width == 0 or frame.height < 2:
        return 1.0
    pairs = frame.height * (frame.height - 1) / 2
    return min(1.0, agreeing_by_chance(frame, frame.height).most / pairs)


def overlap_of_hashes(first: RowHashes, second: RowHashes, pair: float) -> tuple[Overlap, float, tuple[int, ...]]:
    """The overlap of all rows, or of the same share of both; how many agree in the target too; the first table's rows.

    Both hashed over the same features; ``pair`` as in ``overlap``. The second result is a share of the rows seen, 0
    where there is none; the third holds up to 1,000 row numbers.

    >>> from tearless.readers.source import Batch
    >>> table = pl.DataFrame({"x": range(100), "y": range(100)})
    >>> a, b = (RowHashes.of(Batch(part, target="y")) for part in (table, table.tail(10)))
    >>> found, agree, rows = overlap_of_hashes(a, b, pair=0.0)
    >>> found.seen, found.share, agree, rows[0]
    (10.0, 1.0, 1.0, 90)
    """
    top = np.uint64(min(first.ceiling, second.ceiling) - 1)
    a, b = (np.flatnonzero(hashes.features <= top) for hashes in (first, second))
    found = overlap(first.features[a], first.count[a], second.features[b], second.count[b], pair)
    if not found.seen:
        return found, 0.0, ()
    copied = b[_among(second.features[b], first.features[a])]
    whole = first.features[a] ^ (first.target[a] * _MIX)
    agree = _among(second.features[copied] ^ (second.target[copied] * _MIX), whole)
    rows = np.sort(first.first[a][_among(first.features[a], second.features[copied])])[:ROWS_SHOWN]
    return found, float(second.count[copied][agree].sum() / second.count[copied].sum()), tuple(rows.tolist())


def overlap_of_rows(first: pl.DataFrame, second: pl.DataFrame, pair: float) -> Overlap:
    """The overlap of two tables of the same columns; nan equals nan, and a missing cell equals a missing cell.

    >>> table = pl.DataFrame({"x": range(100)})
    >>> overlap_of_rows(table, pl.DataFrame({"x": [5, 6, 200, 300]}), pair=0.0).share
    0.5
    """
    return _of_keys(_keys(first), _keys(second), pair)


def overlap_after_rounding(first: pl.DataFrame, second: pl.DataFrame, drawn: float, exact: Overlap) -> Overlap:
    """The overlap once broken numbers have six significant digits, or single precision; never less than the exact one.

    ``drawn`` is the share of the first table's rows that ``first`` holds: what rounding adds is divided by it.

    >>> first, second = pl.DataFrame({"x": [i / 7 for i in range(100)]}), pl.DataFrame({"x": [round(5 / 7, 6), 0.5]})
    >>> exact = overlap_of_rows(first, second, pair=0.0)
    >>> exact.share, overlap_after_rounding(first, second, drawn=1.0, exact=exact).share
    (0.0, 0.5)
    """
    if not any(t.is_float() for t in first.dtypes):
        return exact
    keys = [(_keys(to(first)), _keys(to(second))) for to in (_as_it_is, _rounded, _single)]
    plain, *rough = [int(_among(b, a).sum()) for a, b in keys]
    if max(rough) <= plain:
        return exact
    most = int(np.argmax(rough))
    to = (_rounded, _single)[most]
    a, b = keys[1 + most]
    found = _of_keys(a, b, agreeing(to(first)))
    share = min(1.0, exact.share + (rough[most] - plain) / found.rows / drawn)
    return Overlap(share * found.rows, found.rows, min(1.0, found.by_chance / drawn), found.chance)


def _among(keys: Keys, others: Keys) -> NDArray[np.bool_]:
    """Whether each key is one of the others: by binary search, several times faster than ``isin`` on wide hashes."""
    if not len(others):
        return np.zeros(len(keys), dtype=np.bool_)
    ordered = np.sort(others)
    found: NDArray[np.bool_] = ordered[np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)] == keys
    return found


def _keys(frame: pl.DataFrame) -> Keys:
    return frame.hash_rows(seed=0).to_numpy()


def _of_keys(first: Keys, second: Keys, pair: float) -> Overlap:
    return overlap(first, np.ones(len(first), np.int64), second, np.ones(len(second), np.int64), pair)


def _as_it_is(frame: pl.DataFrame) -> pl.DataFrame:
    return frame


def _rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with its broken numbers at six significant digits, as many programs write them.

    >>> _rounded(pl.DataFrame({"x": [0.1234567891, 1234567.8]}))["x"].to_list()
    [0.123457, 1234570.0]
    """
    return frame.with_columns(pl.selectors.float().round_sig_figs(DIGITS))


def _single(frame: pl.DataFrame) -> pl.DataFrame:
    """The table with its broken numbers in single precision."""
    return frame.with_columns(pl.selectors.float().cast(pl.Float32))
