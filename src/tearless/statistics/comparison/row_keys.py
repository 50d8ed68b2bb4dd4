"""Rows by the columns that name them: whether each is named once, and where another table has the same row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

Integers = NDArray[np.integer]
MOST_GAPS = 8
"""Numbers of a range for each row, up to which a row is looked up by its number."""


def repeats(keys: pl.DataFrame) -> bool:
    """Whether a row of ``keys`` occurs twice. Exact: hashes that all differ are of rows that all differ, else the rows
    themselves are counted.

    >>> import polars as pl
    >>> repeats(pl.DataFrame({"id": ["a", "b"]})), repeats(pl.DataFrame({"id": ["a", "a"]}))
    (False, True)
    """
    if keys.hash_rows().n_unique() == keys.height:
        return False
    return (keys.to_series() if keys.width == 1 else keys).n_unique() < keys.height


def places(keys: pl.DataFrame, others: pl.DataFrame) -> pl.Series | None:
    """For each row of ``keys`` the number of the row of ``others`` that is equal, where both hold the same rows in
    another order; else, and where that is not sure, ``None``. Rows that ``repeats`` finds have several places: any.

    Whole numbers are compared as such, text and several columns by two hashes of 64 bits. A look-up or a sort of each,
    a fraction of a join's time.

    >>> import polars as pl
    >>> keys, others = pl.DataFrame({"id": [3, 1, 2]}), pl.DataFrame({"id": [1, 2, 3]})
    >>> places(keys, others).to_list(), places(keys, others.head(2))
    ([2, 0, 1], None)
    """
    import polars as pl

    kinds = list(keys.schema.values())
    if keys.shape != others.shape or kinds != list(others.schema.values()):
        return None
    if not all((kind.is_integer() and kind != pl.Int128) or kind == pl.String for kind in kinds):
        return None
    one = len(kinds) == 1 and kinds[0].is_integer()
    if one and keys.to_series().null_count() + others.to_series().null_count():
        return None
    ours, theirs = (frame.to_series() if one else frame.hash_rows() for frame in (keys, others))
    found = _numbered(ours.to_numpy(), theirs.to_numpy()) if one and len(ours) else None
    if found is None:
        found = _sorted(ours, theirs)
    if found is None or one:
        return found
    return found if (keys.hash_rows(seed=1) == others.hash_rows(seed=1).gather(found)).all() else None


def _numbered(ours: Integers, theirs: Integers) -> pl.Series | None:
    """The places of whole numbers that fill their range well: looked up in a list of the range."""
    import polars as pl

    low, high = int(ours.min()), int(ours.max())
    if not -(2**62) < low <= high < 2**62 or high - low > MOST_GAPS * len(ours):
        return None
    if (int(theirs.min()), int(theirs.max())) != (low, high):
        return None
    at = np.full(high - low + 1, -1, dtype=np.int64)
    at[theirs.astype(np.int64) - low] = np.arange(len(theirs))
    found = at[ours.astype(np.int64) - low]
    return pl.Series(found) if found.min() >= 0 else None


def _sorted(ours: pl.Series, theirs: pl.Series) -> pl.Series | None:
    """The places by sorting both."""
    import polars as pl

    by, their_by = ours.arg_sort(), theirs.arg_sort()
    if not (ours.gather(by) == theirs.gather(their_by)).all():
        return None
    found = np.empty(len(ours), dtype=np.int64)
    found[by.to_numpy()] = their_by.to_numpy()
    return pl.Series(found)
