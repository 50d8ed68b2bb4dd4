"""Which columns the nodes of growing trees try: drawn by each tree in turn, or all foreseen where no column ties."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tearless.statistics.column_draws import Draws
from tearless.statistics.sorted_table import Rows, Sorted

AT_A_GLANCE = 1 << 15
"""Up to so many ranks all columns are read to see which are constant; of more, only those drawn."""
PAIRS_UP_TO = 64
"""With more columns than this the two rows of a node are not compared in all of them."""


class ColumnsTried:
    """The columns that nodes of T trees try, ``most`` of them in each, by one seed a tree.

    What a node draws depends on all nodes before it in its tree, and on which of their columns were constant. A column
    without ties is constant in no node of two rows: where none ties, ``foresee`` draws for all nodes beforehand.

    >>> tried = ColumnsTried(Sorted.rank(np.array([[1.0, 5.0], [2.0, 5.0]])), 2, [0])
    >>> columns, some, known = tried.draw([0], [0], np.array([[0, 1]]))
    >>> columns.tolist(), some.tolist(), known  # the second is constant
    ([[0]], [True], [1])
    """

    def __init__(self, table: Sorted, most: int, seeds: Sequence[int]) -> None:
        self._table = table
        self._draws = [Draws(table.ranks.shape[0], most, seed) for seed in seeds]
        self._unsure: list[bool | None] = [None if tied else False for tied in table.tied.tolist()]
        self._ties = None in self._unsure
        self._wide = 3 * most > len(self._unsure)

    def foresee(self, nodes: Sequence[int]) -> Rows:
        """The columns of the first nodes of every tree, so many of each, in one array with a row a node."""
        return np.concatenate([draws.ahead(count) for draws, count in zip(self._draws, nodes, strict=True)])

    def draw(
        self, trees: list[int], known: list[int], rows: Rows, ends: Rows | None = None
    ) -> tuple[Rows, NDArray[np.bool_], list[int]]:
        """The columns of nodes that can be cut (C, k), in the order drawn; which of B nodes those are; what they know.

        Each node is the next one of its tree, with the number of columns ``known`` to be constant above it. ``rows``
        (B, m), where a node with fewer repeats its first; or ``ends`` (p, 2), the ranks of the first and the last row
        of one node. Where a node tries fewer columns than k, its first is repeated.
        """
        constant: Sequence[Sequence[bool | None]] = [self._unsure] * len(trees)
        if self._ties and ends is not None:
            constant = [(ends[:, 0] == ends[:, 1]).tolist()]
        elif self._ties and (self._wide or rows.size * len(self._unsure) < AT_A_GLANCE):
            ranks = self._table.of(np.arange(len(self._unsure))[None], rows)
            constant = (ranks == ranks[..., :1]).all(axis=2).tolist()
        elif self._ties:
            constant = self._seen(trees, known, rows)
        tried, found = [], []
        for tree, above, own in zip(trees, known, constant, strict=True):
            columns, now = self._draws[tree].draw(above, own)
            tried.append(columns)
            found.append(now)
        k = max(1, *map(len, tried))
        some = np.array([len(columns) > 0 for columns in tried])
        return np.array([c + c[:1] * (k - len(c)) for c in tried if c], dtype=np.intp).reshape(-1, k), some, found

    def draw_pair(self, tree: int, known: int, one: int, two: int) -> int | None:
        """The first column drawn for a node of two rows, −1 where they agree in all; None where that is no bargain."""
        if len(self._unsure) > PAIRS_UP_TO:
            return None
        ranks = self._table.ranks
        constant = (ranks[:, one] == ranks[:, two]).tolist() if self._ties else self._unsure
        columns, _ = self._draws[tree].draw(known, constant)
        return columns[0] if columns else -1

    def _seen(self, trees: list[int], known: list[int], rows: Rows) -> list[list[bool | None]]:
        """Which columns are constant in nodes, of those that will be drawn: no others are read."""
        draws = [self._draws[tree] for tree in trees]
        before = [own.state() for own in draws]
        seen, asking = [self._unsure.copy() for _ in draws], set(range(len(draws)))
        while asking:
            drawn = [(i, j) for i in asking for j in draws[i].draw(known[i], seen[i])[0] if seen[i][j] is None]
            for i in asking:
                draws[i].restore(before[i])
            if not drawn:
                break
            node, column = np.array(drawn).T
            ranks = self._table.of(column[:, None], rows[node])[:, 0]
            asking = set()
            for (i, j), is_constant in zip(drawn, (ranks == ranks[:, :1]).all(axis=1).tolist(), strict=True):
                seen[i][j] = is_constant
                if is_constant:
                    asking.add(i)
        return seen
