"""Rows taken for independent items that are folds, runs or answers to one item: by columns, or by their spread."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from tearless.core import quoted
from tearless.statistics.comparison.design import Design
from tearless.statistics.comparison.designs import recognised
from tearless.statistics.comparison.facts import Comparison
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.row_keys import repeats
from tearless.statistics.estimate import Floats


def said_dependent(frame: pl.DataFrame, found: Comparison) -> str:
    """What a column says the rows to be, where the comparison takes them for independent items; else empty.

    >>> from tearless.statistics.comparison.designs import compared
    >>> frame = pl.DataFrame({"A": [0.8, 0.7], "B": [0.9, 0.7], "fold": [1, 2]})
    >>> said_dependent(frame, compared(frame, Plan(("A", "B"), fold="fold", design="items"), 0))
    '`fold` says that they are folds'
    """
    plan: Plan = replace(found.plan, design=None)
    if found.design not in (Design.items, Design.unpaired) or not plan.paired:
        return ""
    natural, _ = recognised(frame, plan)
    if natural is Design.folds:
        return f"{quoted(str(plan.repeat or plan.fold))} says that they are folds"
    if natural in (Design.seeds, Design.seeds_and_items):
        return f"{quoted(str(plan.seed))} says that they are runs"
    item = [name for name in (plan.item, plan.data_set) if name is not None]  # items may be numbered anew in each task
    if plan.item is not None and repeats(frame.select(item)):
        return f"{quoted(plan.item)} holds items several times"
    return ""


def answers_behind(column: pl.Series) -> float | None:
    """Of how many right-or-wrong answers a score (n,) would be the mean, by its level and spread.

    m(1 − m)/s² for scores from 0 to 1, m²/s² for larger ones; ``None`` for whole numbers, for scores below 0 and where
    nothing varies.

    >>> round(answers_behind(pl.Series([0.4, 0.5, 0.6])) or 0)  # 0.5 · 0.5 over 0.01
    25
    """
    if not column.dtype.is_numeric() or column.dtype.is_integer():
        return None
    x: Floats = column.cast(pl.Float64).drop_nulls().drop_nans().to_numpy()
    if len(x) < 2 or not np.isfinite(x).all() or x.min() < 0 or bool((x == np.floor(x)).all()):
        return None
    x = x if x.max() <= 1 else x / x.max()
    mean, variance = float(x.mean()), float(x.var(ddof=1))
    if not variance > 0:
        return None
    return (mean * (1 - mean) if column.max() <= 1 else mean**2) / variance  # type: ignore[operator]
