"""Columns and the classes to tell apart by them: the problem of two lessons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import Asked, NotApplicable, visible
from tearless.linear_algebra.facts import Sample, floats
from tearless.statistics.facts import Target, is_classes

Floats = NDArray[np.float64]
MOST_ROWS, FEWEST_ROWS, MOST_COLUMNS = 2_000, 12, 12
FILLED = 0.5
"""A column with more holes than this is left out."""
LARGEST = 1e100
"""Squares of larger numbers, and of differences finer than its inverse, leave the range of doubles."""


@dataclass(frozen=True)
class ClassRows:
    """The first 12 columns that vary, and the class of every row, complete rows only. Derived.

    ``X`` has shape ``(n, p)``, float64; numbers and booleans are columns, and text of two values as 0 and 1. ``codes``
    (n,) number the ``classes``. At most 2,000 rows, evenly taken. Without a target the last column of classes is it.

    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"a": range(12), "b": ["x", "y", "y"] * 4, "c": ["no", "yes"] * 6})
    >>> rows = ClassRows.derive(Sample.of(Batch(frame)), Asked())
    >>> rows.names, rows.classes, rows.X[:2].tolist(), rows.codes[:2].tolist()
    (('a', 'b is y'), ('no', 'yes'), [[0.0, 0.0], [1.0, 1.0]], [0, 1])
    """

    names: tuple[str, ...]
    target: str
    classes: tuple[str, ...]
    X: Floats
    codes: NDArray[np.int64]
    said: str

    @classmethod
    def derive(cls, sample: Sample, asked: Asked) -> Self:
        """Raises ``NotApplicable`` where there are not two classes, a column that varies, and 12 complete rows."""
        frame = sample.frame
        target = Target.derive(sample, replace(asked, target=asked.target or _last_classes(frame)))
        if target.kind != "classes" or len(target.classes) < 2:
            raise NotApplicable("this needs a column of two classes or more; name it with --target")
        columns = _columns(frame.filter(pl.Series(target.known)), target.name)
        complete = np.flatnonzero(np.isfinite(np.column_stack(list(columns.values()))).all(axis=1))
        if len(complete) < FEWEST_ROWS:
            raise NotApplicable(f"this needs at least {FEWEST_ROWS} rows without holes; fill or drop the holes")
        every = np.unique(np.linspace(0, len(complete) - 1, min(len(complete), MOST_ROWS)).astype(int))
        X = np.column_stack(list(columns.values()))[complete[every]]
        varies = np.flatnonzero(np.ptp(X / 4, axis=0) > 0)
        present, codes = np.unique(target.values[complete[every]], return_inverse=True)
        if not len(varies) or len(present) < 2:
            raise NotApplicable("over the complete rows no column varies, or all are of one class")
        names = [list(columns)[j] for j in varies]
        classes = tuple(target.classes[int(code)] for code in present)
        part = f"{len(every):,} of {len(complete):,}" if len(every) < len(complete) else f"{len(every):,}"
        said = f"{part} complete rows of {sample.said}"
        return cls(tuple(names), target.name, classes, X[:, varies], codes.astype(np.int64), said)

    @property
    def against_the_rest(self) -> tuple[str, NDArray[np.int64]]:
        """The second of two classes, or the commonest of more, and whether (1) or not (0) each row is of it."""
        told = 1 if len(self.classes) == 2 else int(np.argmax(np.bincount(self.codes)))
        return self.classes[told], (self.codes == told).astype(np.int64)


def _last_classes(frame: pl.DataFrame) -> str:
    """The last column that holds a few classes, those of two before all others."""
    found: dict[int, str] = {}
    for name in reversed(frame.columns):
        values = frame[name].drop_nulls()
        kinds = values.n_unique() if not values.dtype.is_nested() else 0
        if 2 <= kinds <= 10 and is_classes(values.fill_nan(None).drop_nulls() if values.dtype.is_float() else values):
            found.setdefault(min(kinds, 3), name)
    if not found:
        raise NotApplicable("this needs a column with classes to tell apart; name it with --target")
    return found[min(found)]


def _columns(frame: pl.DataFrame, target: str) -> dict[str, Floats]:
    """The usable columns by name, holes as nan. Raises ``NotApplicable`` where there is none."""
    found: dict[str, Floats] = {}
    for name, dtype in frame.schema.items():
        if name == target or len(found) == MOST_COLUMNS:
            continue
        if dtype.is_numeric() or dtype == pl.Boolean:
            label, values = name, floats(frame[name])
        elif dtype == pl.String and frame[name].drop_nulls().n_unique() == 2:
            one = frame[name].drop_nulls().unique().sort()[1]
            label, values = f"{name} is {visible(one, 20)}", floats(frame[name] == one)
        else:
            continue
        filled = np.isfinite(values)
        some = values[filled]
        if filled.sum() <= FILLED * len(values) or not len(some) or not np.ptp(some / 4) > 1 / LARGEST:
            continue
        if np.abs(some).max() < LARGEST:
            found[label] = values
    if not found:
        raise NotApplicable("this needs a column of numbers that varies, beside the classes")
    return found
