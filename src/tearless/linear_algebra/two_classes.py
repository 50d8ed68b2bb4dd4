"""Two columns and two classes: a problem that can be drawn whole, in a plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import Asked, NotApplicable

from .facts import Sample, floats

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]
MOST_ROWS, FEWEST_ROWS = 240, 12
HELD = 3
"""One row of so many is held out."""
MANY = 12
"""A column of more different numbers than this is cut at its mean."""
FARTHEST = 10.0


@dataclass(frozen=True)
class TwoClasses:
    """Two numeric columns, those whose means lie farthest apart, and for each row whether it is ``positive``. Derived.

    ``X`` has shape ``(n, 2)``, standardised by the rows learnt from and cut at ten standard deviations; ``y`` holds 1
    for rows of the class that is told from all others, else 0. Each third row is held out. At most 240 rows.

    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"a": range(12), "b": [0.0, 1.0, 5.0] * 4, "c": ["no", "yes"] * 6})
    >>> found = TwoClasses.derive(Sample.of(Batch(frame)), Asked("c"))
    >>> found.names, found.positive, found.X.shape, found.y.tolist()
    (('a', 'b'), 'yes', (8, 2), [0, 1, 1, 0, 0, 1, 1, 0])
    """

    names: tuple[str, str]
    target: str
    positive: str
    X: Floats
    y: Classes
    X_held: Floats
    y_held: Classes
    said: str

    @classmethod
    def derive(cls, sample: Sample, asked: Asked) -> Self:
        """Raises ``NotApplicable`` where there are not two classes, two numeric columns that vary, and 12 rows."""
        frame = sample.frame
        target = asked.target or _target(frame)
        positive, truth, known = _classes(frame[target])
        names = [n for n in frame.columns if n != target and frame[n].dtype.is_numeric()]
        if len(names) < 2:
            raise NotApplicable("this needs two numeric columns beside the classes")
        columns = np.column_stack([floats(frame[n]) for n in names])
        full = np.isfinite(columns[known]).mean(axis=0) >= 0.5
        names, columns = [n for n, fine in zip(names, full, strict=True) if fine], columns[:, full]
        taken = np.flatnonzero(known & np.isfinite(columns).all(axis=1))
        if len(names) < 2 or len(taken) < FEWEST_ROWS:
            raise NotApplicable(f"this needs at least {FEWEST_ROWS} rows without holes, of two numeric columns or more")
        taken = taken[np.unique(np.linspace(0, len(taken) - 1, MOST_ROWS).astype(int))]
        X, y = columns[taken], truth[taken]
        held = np.arange(len(y)) % HELD == HELD - 1
        if len(set(y[~held].tolist())) < 2:
            raise NotApplicable("nearly all rows belong to one class; give rows of both")
        Z, best = _farthest_apart(X, y, held)
        pair = (names[best[0]], names[best[1]])
        said = f"{len(taken):,} rows of {sample.said}"
        return cls(pair, target, positive, Z[~held], y[~held], Z[held], y[held], said)


def _target(frame: pl.DataFrame) -> str:
    """The last column of two values, else the last of few."""
    many = {name: frame[name].drop_nulls().n_unique() for name in reversed(frame.columns)}
    for most in (2, MANY):
        found = [name for name, values in many.items() if 2 <= values <= most]
        if found:
            return found[0]
    raise NotApplicable("this needs a column with classes to tell apart; name it with --target")


def _classes(column: pl.Series) -> tuple[str, Classes, NDArray[np.bool_]]:
    """The class that is told from all others, in words; whether each row has it; and where that is known."""
    known = np.array(column.is_not_null().to_list(), dtype=bool)
    if column.dtype.is_numeric():
        numbers = floats(column)
        known &= np.isfinite(numbers)
        if len(np.unique(numbers[known])) > MANY:
            above = np.nan_to_num(numbers) > numbers[known].mean()
            return f"{column.name} above its mean", above.astype(np.int64), known
    texts = np.array([str(value) for value in column.to_list()])
    found, counts = np.unique(texts[known], return_counts=True)
    if len(found) < 2:
        raise NotApplicable("this needs two classes; the target has one value")
    named = str(found[1] if len(found) == 2 else found[np.argmax(counts)])
    said = f"{column.name} {named}" if column.dtype.is_numeric() or column.dtype == pl.Boolean else named
    return said, (texts == named).astype(np.int64), known


def _farthest_apart(X: Floats, y: Classes, held: NDArray[np.bool_]) -> tuple[Floats, Sequence[int]]:
    """The two columns whose class means lie farthest apart, standardised, and which they are."""
    with np.errstate(all="ignore"):
        spread = X[~held].std(axis=0)
        Z = (X - X[~held].mean(axis=0)) / spread
        apart = np.abs(Z[~held & (y == 1)].mean(axis=0) - Z[~held & (y == 0)].mean(axis=0))
    apart[~(np.isfinite(Z).all(axis=0) & np.isfinite(spread))] = -1.0
    best = np.sort(np.argsort(-apart, kind="stable")[:2])
    if (apart[best] < 0).any():
        raise NotApplicable("this needs two numeric columns that vary, of a size that can be squared")
    return np.clip(Z[:, best], -FARTHEST, FARTHEST), [int(i) for i in best]
