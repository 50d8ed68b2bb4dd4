"""A table as categories, half of its rows to learn from and half to judge: the problem of lessons about counting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import Asked, NotApplicable
from tearless.linear_algebra.facts import Sample, floats

from .entropy import entropy
from .predictions import Codes, texts

MOST_ROWS = 2_000
MOST_COLUMNS = 10
MOST_CLASSES = 20
FEW_VALUES = 6
"""Numbers of at most this many different values are categories as they are; others are cut into thirds."""
NAMING = 0.5
"""A text column whose values differ in more than this share of the rows names rows, and is left out."""
THIRDS = ("low", "middle", "high")
FEWEST_ROWS = 8


@dataclass(frozen=True)
class CategoryTable:
    """Rows of categories with their class. Derived.

    ``codes`` (n, p) and ``y`` (n,) are to learn from: the number of each cell among the ``levels`` of its column, −1
    for a hole, and of the class among ``classes``; ``judged`` (m, p) and ``truth`` (m,) are every second row of each
    class, kept apart. ``telling`` is the column that tells most about the class. Numbers are cut into thirds.

    >>> from tearless.readers.source import Batch
    >>> frame = pl.DataFrame({"word": ["yes", "no"] * 4, "kind": ["spam", "mail"] * 4})
    >>> table = CategoryTable.derive(Sample.of(Batch(frame)), Asked("kind"))
    >>> table.levels, table.classes, table.codes.tolist(), table.truth.tolist()
    ((('no', 'yes'),), ('mail', 'spam'), [[1], [0], [1], [0]], [1, 0, 1, 0])
    """

    names: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    classes: tuple[str, ...]
    target: str
    codes: Codes
    y: Codes
    judged: Codes
    truth: Codes
    telling: int
    said: str

    @classmethod
    def derive(cls, sample: Sample, asked: Asked) -> Self:
        """Raises ``NotApplicable`` without a column of classes, without another column, and for under 8 rows."""
        frame = sample.frame
        if frame.height > MOST_ROWS:
            frame = frame[np.unique(np.linspace(0, frame.height - 1, MOST_ROWS).astype(int)).tolist()]
        target = asked.target or _classes_in(frame)
        y, classes = _coded(frame[target])
        if not 2 <= len(classes) <= MOST_CLASSES:
            raise NotApplicable(
                f"this needs a target of 2 to {MOST_CLASSES} classes; it has {len(classes):,} different values"
            )
        often = np.bincount(y[y >= 0], minlength=len(classes)) >= 2
        known = np.flatnonzero((y >= 0) & often[np.maximum(y, 0)])
        if len(known) < FEWEST_ROWS or often.sum() < 2:
            raise NotApplicable(f"this needs two classes with two rows each, and at least {FEWEST_ROWS} rows")
        y = (np.cumsum(often) - 1)[y[known]]
        usable = [name for name in frame.columns if name != target and _usable(frame[name])][:MOST_COLUMNS]
        if not usable:
            raise NotApplicable("this needs a column of categories or numbers that varies, beside the target")
        columns = [_categories(frame[name]) for name in usable]
        codes = np.column_stack([column[known] for column, _ in columns])
        learnt = _every_second(y)
        telling = int(np.argmax([_told(codes[learnt, j], y[learnt]) for j in range(len(usable))]))
        kept = tuple(name for name, some in zip(classes, often, strict=True) if some)
        levels = tuple(names for _, names in columns)
        said = sample.said if len(known) == sample.total else f"{len(known):,} rows of {sample.said}"
        return cls(
            tuple(usable), levels, kept, target, codes[learnt], y[learnt], codes[~learnt], y[~learnt], telling, said
        )


def _classes_in(frame: pl.DataFrame) -> str:
    """The last column that looks like classes: text or booleans first, then numbers of few values."""
    few = [name for name in frame.columns if 2 <= frame[name].drop_nulls().n_unique() <= MOST_CLASSES]
    words = [name for name in few if not frame[name].dtype.is_numeric()]
    if not few:
        raise NotApplicable("no column looks like classes; name the column to predict with --target")
    return (words or few)[-1]


def _usable(column: pl.Series) -> bool:
    kind = column.dtype
    if kind.is_numeric():
        x = floats(column)
        x = x[np.isfinite(x)]
        return len(x) > 0 and bool(x.min() < x.max())
    if kind not in (pl.String, pl.Boolean, pl.Categorical, pl.Enum):
        return False
    present = column.drop_nulls()
    return 2 <= present.n_unique() <= max(2.0, NAMING * len(present))


def _categories(column: pl.Series) -> tuple[Codes, tuple[str, ...]]:
    """The code of each cell, −1 for a hole, and the names of the levels."""
    if not column.dtype.is_numeric():
        return _coded(column)
    x = floats(column)
    some = np.isfinite(x)
    if len(np.unique(x[some])) <= FEW_VALUES:
        return _coded(column)
    cuts = np.quantile(x[some], [1 / 3, 2 / 3], method="lower")
    codes = np.where(some, np.searchsorted(cuts, np.where(some, x, 0.0), side="left"), -1)
    return codes.astype(np.intp), THIRDS


def _coded(column: pl.Series) -> tuple[Codes, tuple[str, ...]]:
    if column.dtype.is_float():
        column = column.fill_nan(None)
        column = column.set(column.is_infinite().fill_null(False), None)
    words = texts(column.cast(pl.String) if column.dtype in (pl.Categorical, pl.Enum) else column)
    names = words.drop_nulls().unique().sort().to_list()
    if not names:
        return np.full(len(column), -1, np.intp), ()
    codes = words.cast(pl.Enum(names)).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    return codes.astype(np.intp), tuple(names)


def _every_second(y: Codes) -> NDArray[np.bool_]:
    """The first, third ... row of each class."""
    order = np.argsort(y, kind="stable")
    first = np.searchsorted(y[order], y[order])
    learnt = np.empty(len(y), dtype=bool)
    learnt[order] = (np.arange(len(y)) - first) % 2 == 0
    return learnt


def _told(codes: Codes, y: Codes) -> float:
    """The nats that a column tells about the class, over its rows without holes."""
    some = codes >= 0
    if not some.any():
        return 0.0
    joint = np.zeros((int(codes.max()) + 1, int(y.max()) + 1))
    np.add.at(joint, (codes[some], y[some]), 1.0)
    joint /= joint.sum()
    parts = (joint.sum(axis=0), joint.sum(axis=1), joint.ravel())
    by_class, by_level, both = (float(entropy(p)) for p in parts)
    return float(some.mean()) * (by_class + by_level - both)
