"""Columns of any type that hold the same cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tearless.core import listed, quoted

from .equations import Equation, surprise
from .moments import Floats

HEAD = 256


def identical(frame: pl.DataFrame, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Groups of the named columns that agree in type and in every cell, missing cells too. Not those of one value.

    >>> identical(pl.DataFrame({"a": ["x", "y"], "b": ["x", "y"], "c": ["x", "z"]}), ["a", "b", "c"])
    [('a', 'b')]
    """
    alike: dict[tuple[str, bytes], list[str]] = {}
    head, wanted = frame.head(HEAD), set(names)
    for name, kind in frame.schema.items():
        if name in wanted and _comparable(kind):
            alike.setdefault((str(kind), head[name].hash().to_numpy().tobytes()), []).append(name)
    groups: list[list[str]] = []
    for candidates in alike.values():
        if len(candidates) > 1:
            groups += _split(frame, [n for n in candidates if frame[n].n_unique() > 1])
    return [tuple(group) for group in groups if len(group) > 1]


def _split(frame: pl.DataFrame, candidates: list[str]) -> list[list[str]]:
    groups: list[list[str]] = []
    for name in candidates:
        same = next((g for g in groups if frame[g[0]].eq_missing(frame[name]).all()), None)
        if same is None:
            groups.append([name])
        else:
            same.append(name)
    return groups


def _comparable(kind: pl.DataType) -> bool:
    return kind.is_numeric() or kind.is_temporal() or kind in (pl.String, pl.Boolean, pl.Categorical)


def as_codes(column: pl.Series) -> Floats:
    """A column as numbers that are equal where its cells are: for counting, not for measuring.

    >>> as_codes(pl.Series(["b", "a", None, "b"])).tolist()
    [2.0, 1.0, 0.0, 2.0]
    """
    ranks = column.cast(pl.String).rank("dense") if column.dtype == pl.Categorical else column.rank("dense")
    return np.asarray(ranks.fill_null(0).to_numpy(), dtype=np.float64)


def as_equation(column: pl.Series, among: int) -> Equation:
    """The equation ``a = b`` between a column of any type and its copy, looked for among so many columns.

    The column is thinned to about 4,096 evenly spaced cells first.

    >>> same = as_equation(pl.Series([f"id{i}" for i in range(30)]), among=2)
    >>> same.columns, same.coefficients.tolist(), same.constant, same.exact
    ((0, 1), [1.0, -1.0], 0.0, True)
    """
    codes = as_codes(column.gather_every(1 + len(column) // 4_096))
    bits = surprise(np.column_stack([codes, codes]), 1.0, among)
    return Equation((0, 1), np.array([1.0, -1.0]), 0.0, 0.0, 0.0, bits, len(column))


def copy_in_words(names: Sequence[str]) -> str:
    """Columns that are copies of the first, as it is read.

    >>> copy_in_words(["a", "b", "c"])
    '`b` and `c` are copies of `a`'
    """
    return f"{listed(names[1:])} {'is a copy' if len(names) == 2 else 'are copies'} of {quoted(names[0])}"
