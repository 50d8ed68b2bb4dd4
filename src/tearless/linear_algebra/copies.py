"""Columns of any type that hold the same cells."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

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
