"""Two tables in what no single column shows: whether a classifier can tell their rows apart."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tearless.core import Number, listed
from tearless.core.number import shown
from tearless.linear_algebra.facts import floats

from .column_change import Change, class_counts, plain
from .telling_apart import LEAST_ROWS, tell_apart

Floats = NDArray[np.float64]
MOST_ROWS = 8_192
MOST_COLUMNS = 100


def joint_change(first: pl.DataFrame, second: pl.DataFrame, rng: np.random.Generator) -> Change | None:
    """The change that a classifier finds over all columns of two tables; ``None`` where there is too little to learn.

    Needs two columns, and 40 rows of each table. Of more than 8,192 rows or 100 columns as many are drawn at
    random. The size is the largest gap between the distributions of the classifier's score on rows that it
    has not seen.

    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.normal(size=(2, 400))
    >>> joint_change(pl.DataFrame({"a": x, "b": x}), pl.DataFrame({"a": y, "b": -y}), rng).said[:75]
    'that each look alike differ together, above all in how `a` and `b` go toget'
    """
    names = first.columns
    if len(names) > MOST_COLUMNS:
        names = [names[i] for i in np.sort(rng.choice(len(names), MOST_COLUMNS, replace=False))]
    first, second = (_drawn(table.select(names), rng) for table in (first, second))
    if len(names) < 2 or min(first.height, second.height) < LEAST_ROWS:
        return None
    x, y, of = _as_matrix(first, second)
    if not len(of):
        return None
    told = tell_apart(x, y, of, rng)
    who = list(dict.fromkeys(names[of[j]] for j in told.strongest))
    together = len(who) > 1
    named = f"how {listed(who)} go together" if together else listed(who)
    meaning = f"mean {'product of the normal scores' if together else 'normal score'} of {listed(who)}"
    values = f"{shown(told.before)} in training, {shown(told.after)} in test"
    seen = "chance that a test row scores above a training row, on rows the classifier has not seen"
    return Change(
        told.gap,
        told.chance,
        f"that each look alike differ together, above all in {named} ({values})",
        told.before,
        told.after,
        "1",
        meaning,
        more={"area": Number(told.area, "1", seen, told.interval, 0.95)},
    )


def _drawn(table: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    return table if table.height <= MOST_ROWS else table[rng.choice(table.height, MOST_ROWS, replace=False)]


def _as_matrix(first: pl.DataFrame, second: pl.DataFrame) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Two tables of the same columns as numbers for a classifier, nan where a cell is empty.

    A column of numbers is one column, one of classes an indicator for each class that at least 2 % of the rows hold,
    ten at most, the last left out where they are all. The third result numbers the column that each comes from.
    """
    x: list[Floats] = []
    y: list[Floats] = []
    of: list[int] = []
    for i, name in enumerate(first.columns):
        pair = _indicators(first[name], second[name])
        x += pair[0]
        y += pair[1]
        of += [i] * len(pair[0])
    if not of:
        return np.empty((first.height, 0)), np.empty((second.height, 0)), np.empty(0, dtype=np.int64)
    return np.column_stack(x), np.column_stack(y), np.array(of, dtype=np.int64)


def _indicators(first: pl.Series, second: pl.Series, most: int = 10) -> tuple[list[Floats], list[Floats]]:
    if first.dtype.is_numeric():
        return [floats(first)], [floats(second)]
    levels, a, b = class_counts(first.drop_nulls(), second.drop_nulls())
    order = np.argsort(-(a + b), kind="stable")[:most]
    common = [levels[int(i)] for i in order if a[i] + b[i] >= (len(first) + len(second)) / 50]
    common = common[:-1] if len(common) == len(levels) else common
    return [floats(plain(first) == level) for level in common], [floats(plain(second) == level) for level in common]
