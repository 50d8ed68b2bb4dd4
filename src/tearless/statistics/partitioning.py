"""Recursive partitioning: a table is cut in two, each part again, until every part is of one kind or too small."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tearless.statistics.cuts import Rows, Target
from tearless.statistics.sorted_table import Sorted
from tearless.statistics.tree_arrays import Tree
from tearless.statistics.tree_growth import Growth, Limits

IN_MEMORY = 1 << 24
"""Numbers kept by trees that grow side by side, about, at most."""


def grow(table: Sorted, target: Target, limits: Limits, seed: int, rows: Rows | None = None) -> Tree:
    """The tree that best cuts, one after the other, make of the rows of a table.

    ``rows``: those to use (all, if not given), which must be those of positive weight. ``seed``: a whole number below
    2³² for the order of the columns. A node is cut unless it is pure, too deep, too small, or no column changes in it.
    A threshold is the middle between two neighbouring values. The tree is greedy: no cut foresees the next.
    Shapes: the table (n, p), ``rows`` (m,).

    >>> from tearless.statistics.cuts import NumberTarget
    >>> x, y = np.array([[1.0], [2.0], [6.0], [7.0]]), np.array([0.0, 0.0, 1.0, 1.0])
    >>> tree = grow(Sorted.rank(x), NumberTarget(y), Limits(9, 2, 1, 1), 0)
    >>> tree.threshold[0].tolist(), tree.value[1:, 0].tolist(), tree.apply(np.array([[3.9], [4.1]])).tolist()
    (4.0, [0.0, 1.0], [1, 2])
    """
    return grow_side_by_side(table, target, limits, [seed], [np.arange(len(table.values)) if rows is None else rows])[0]


def grow_side_by_side(
    table: Sorted, target: Target, limits: Limits, seeds: Sequence[int], rows: Sequence[Rows]
) -> list[Tree]:
    """The trees that ``grow`` makes of every seed and its rows, grown together.

    The target's weights are one a row, or (T, n) for T trees. Memory grows with the trees: see ``together``.

    >>> from tearless.statistics.cuts import NumberTarget
    >>> x, y, every = np.array([[1.0], [2.0], [6.0]]), np.array([0.0, 0.0, 1.0]), np.arange(3)
    >>> trees = grow_side_by_side(Sorted.rank(x), NumberTarget(y), Limits(9, 2, 1, 1), [0, 1], [every, every[:2]])
    >>> [tree.node_count for tree in trees]
    [3, 1]
    """
    return Growth(table, target, limits, seeds, rows).grown()


def together(table: Sorted, limits: Limits) -> int:
    """How many trees to grow side by side on a table, so that their memory stays bounded.

    >>> together(Sorted.rank(np.arange(1000.0)[:, None]), Limits(9, 2, 1, 1))
    128
    """
    p, n = table.ranks.shape
    return int(np.clip(IN_MEMORY // (n * max(16, p if limits.keep_order(p) else 0)), 1, 128))
