"""Labels that came as text on one side and as numbers or true and false on the other, brought to one kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tearless.probability.predictions import texts

if TYPE_CHECKING:
    import polars as pl

TRUTHS = {"true": 1.0, "false": 0.0}


def of_one_kind(columns: Sequence[pl.Series]) -> list[NDArray[Any]]:
    """Columns of labels, each (n,) without holes, as arrays of one kind: numbers, or texts as objects.

    Where some are numbers or true and false and the others spell such throughout, all are numbers: ``"1"``, ``1.0``,
    ``True`` and ``"true"`` are one label. Else all are texts.

    >>> import polars as pl
    >>> [x.tolist() for x in of_one_kind([pl.Series([0, 1]), pl.Series(["1.0", "0"]), pl.Series([True, False])])]
    [[0, 1], [1, 0], [1, 0]]
    >>> [x.tolist() for x in of_one_kind([pl.Series([0, 1]), pl.Series(["1", "cat"])])]
    [['0', '1'], ['1', 'cat']]
    """
    if all(column.dtype.is_numeric() for column in columns):
        return [column.to_numpy() for column in columns]
    if any(column.dtype.is_numeric() or str(column.dtype) == "Boolean" for column in columns):
        read = [_numbers(column) for column in columns]
        numbers = [x for x in read if x is not None]
        if len(numbers) == len(columns):
            whole = all(bool((x % 1 == 0).all() and (np.abs(x) < 2**53).all()) for x in numbers)
            return [x.astype(np.int64) for x in numbers] if whole else numbers
    return [np.array(texts(column).to_list(), dtype=object) for column in columns]


def spelled(label: Any) -> str:
    """A label as people write it: a whole number without decimals.

    >>> spelled(1.0), spelled("yes")
    ('1', 'yes')
    """
    return str(int(label)) if isinstance(label, float) and label % 1 == 0 else str(label)


def _numbers(column: pl.Series) -> NDArray[np.float64] | None:
    """The finite numbers that a column holds or spells, true as 1; None where it says anything else."""
    if str(column.dtype) in ("String", "Categorical", "Enum"):
        words = [word.strip() for word in column.cast(str).to_list()]
        values = [TRUTHS.get(word.lower()) for word in words]
        if None in values:
            try:
                values = [float(word) for word in words]
            except ValueError:
                return None
        found = np.array(values, dtype=np.float64)
    elif column.dtype.is_numeric() or str(column.dtype) == "Boolean":
        found = column.cast(float).to_numpy().astype(np.float64)
    else:
        return None
    return found if np.isfinite(found).all() else None
