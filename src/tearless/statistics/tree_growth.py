"""How trees grow: their nodes are cut one by one while they are large, and many at a time once they are small.

A large node keeps its rows in the order of every column, so all cuts of all columns are judged from running sums, and
its two parts keep the order: nothing is sorted again and no loop visits rows. Small nodes wait until there are many of
about one size, and are cut side by side, as one array: those of a whole level where the columns that each of them looks
at are known beforehand, and one of every tree that grows where they are not, since what a node draws depends on all
nodes before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.statistics.columns_tried import ColumnsTried
from tearless.statistics.cuts import Floats, Nodes, Rows, Target, best_cuts
from tearless.statistics.sorted_table import Ints, Sorted, rank_of, row_of
from tearless.statistics.tree_arrays import Tree, parted

SMALL = (4, 16, 64, 256)
"""Nodes of up to so many rows are cut side by side, with those of their class of sizes."""
AT_ONCE = 1 << 18
"""Ranks read by one step of small nodes, at most: what fits the processor's cache."""
FEW = 1 << 15
"""Up to so many ranks it costs less to cut nodes of unlike sizes together than class by class."""
TREE, START, SIZE, DEPTH, KNOWN, TURN = range(6)
"""What is kept of a node, by place."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: the depth, the rows a node needs to be cut, the rows each side must keep, the columns looked at.

    In this order ``max_depth``, ``min_samples_split``, ``min_samples_leaf`` and ``max_features``.

    >>> Limits(max_depth=3, min_samples_split=2, min_samples_leaf=1, max_features=5).max_depth
    3
    """

    max_depth: int
    min_samples_split: int
    min_samples_leaf: int
    max_features: int

    def none_for(self, rows: int) -> bool:
        """Whether a tree of so many rows is grown until it can be cut no more."""
        return self.max_depth >= rows and self.min_samples_split <= 2 and self.min_samples_leaf <= 1

    def keep_order(self, columns: int) -> bool:
        """Whether so many of a table's columns are tried in each node that its rows are kept in the order of all."""
        return 3 * self.max_features > columns


class Growth:
    """Trees that grow. Nodes are numbered as they are made, the right part of a cut next to the left one.

    A node's rows are a stretch of ``order``. ``node`` holds its tree, where the stretch starts, its size, its depth,
    how many columns are known to be constant, and its turn. Nodes to be cut wait: large ones in ``large``, small ones
    in ``small`` by their class, and those that come after another of their tree in ``after``. Where columns are
    foreseen no node waits for another: a tree of m rows has m − 1 cuts, so each knows its turn among the draws.
    Used by ``partitioning.grow_side_by_side``.

    >>> from tearless.statistics.cuts import NumberTarget
    >>> table, target = Sorted.rank(np.array([[1.0], [2.0], [6.0]])), NumberTarget(np.array([0.0, 0.0, 1.0]))
    >>> Growth(table, target, Limits(9, 2, 1, 1), [0], [np.arange(3)]).grown()[0].threshold.tolist()
    [4.0, -2.0, -2.0]
    """

    def __init__(
        self, table: Sorted, target: Target, limits: Limits, seeds: Sequence[int], rows: Sequence[Rows]
    ) -> None:
        p, n = table.ranks.shape
        self.table, self.target, self.limits = table, target, limits
        self.weights = None if target.weights is None else target.weights.ravel()
        self.own_weights = n if target.weights is not None and target.weights.ndim == 2 else 0
        self.order = np.concatenate(rows).astype(np.intp)
        self.tried = ColumnsTried(table, limits.max_features, seeds)
        self.small: list[list[int]] = [[] for _ in SMALL]
        self.large: list[int] = []
        self.after: list[list[int]] = [[] for _ in seeds]
        self.pairs: list[tuple[int, int]] = []
        self.kept: dict[int, Ints] | None = {} if limits.keep_order(p) else None
        self.goes_left = np.zeros(n, dtype=bool)
        sizes = np.array([len(own) for own in rows], dtype=np.int64)
        most = int(2 * sizes.sum())
        self.node = np.zeros((most, 6), dtype=np.int64)
        self.left, self.feature, self.edge = np.full(most, -1), np.full(most, -2), np.zeros((most, 2), dtype=np.int64)
        self.waits = np.zeros(most, dtype=bool)
        self.distinct = len(np.unique(target.labels)) == n
        self._plant(sizes)

    def _plant(self, sizes: Ints) -> None:
        """The roots."""
        self.made = roots = len(sizes)
        starts = np.cumsum(sizes) - sizes
        self.node[:roots, [TREE, START, SIZE]] = np.stack([np.arange(roots), starts, sizes], axis=1)
        labels = self.target.labels[self.order]
        is_pure = np.minimum.reduceat(labels, starts) == np.maximum.reduceat(labels, starts)
        self.waits[:roots] = self._can_be_cut(self.node[:roots], is_pure)
        self.ahead = None
        if self.distinct and self.limits.none_for(int(sizes.max())) and not self.table.tied.any():
            self.ahead = self.tried.foresee((sizes - 1).tolist())
            self.node[:roots, TURN] = starts - np.arange(roots)
        self._ready(np.flatnonzero(self.waits[:roots]))

    def grown(self) -> list[Tree]:
        """Cut until no node waits, and give the trees."""
        while True:
            while self.large:
                self._cut_large(self.large.pop())
            ids = self._some_small()
            if not ids:
                return self._trees()
            self._cut_small(np.array(ids))

    def _some_small(self) -> list[int]:
        """Small nodes to cut together: all up to a size where they are few, else those of the fullest class."""
        k, waiting = self.limits.max_features, sum(map(len, self.small))
        for kind in reversed(range(len(SMALL))):
            if 0 < waiting * SMALL[kind] * k <= FEW:
                ids = [node for small in self.small[: kind + 1] for node in small]
                for small in self.small[: kind + 1]:
                    small.clear()
                return ids
            waiting -= len(self.small[kind])
        fullest = max(self.small, key=len)
        most = max(1, AT_ONCE // (SMALL[self.small.index(fullest)] * k))
        ids = fullest[-most:]
        del fullest[-most:]
        return ids

    def _can_be_cut(self, nodes: Ints, is_pure: NDArray[np.bool_]) -> NDArray[np.bool_]:
        least = max(self.limits.min_samples_split, 2 * self.limits.min_samples_leaf)
        waits: NDArray[np.bool_] = ~is_pure & (nodes[..., SIZE] >= least) & (nodes[..., DEPTH] < self.limits.max_depth)
        return waits

    def _ready(self, ids: Ints) -> None:
        for node, kind in zip(ids.tolist(), np.searchsorted(SMALL, self.node[ids, SIZE]).tolist(), strict=True):
            (self.small[kind] if kind < len(SMALL) else self.large).append(node)

    def _cut_small(self, ids: Ints) -> None:
        nodes = self.node[ids]
        size, start = nodes[:, SIZE], nodes[:, START, None]
        place = np.arange(size.max())
        inside = None if size.min() == len(place) else place < size[:, None]
        rows = self.order[start + place if inside is None else np.where(inside, start + place, start)]
        columns, some = self._columns(ids, nodes, rows)
        if not some.all():
            rows, inside = rows[some], None if inside is None else inside[some]
        if len(rows):
            self._cut(ids[some], columns, None, self.table.keys(columns, rows, inside), inside)
        self._hand_on(ids)

    def _cut_large(self, node: int) -> None:
        ids = np.array([node])
        start, size = self.node[node, START], self.node[node, SIZE]
        rows = self.order[None, start : start + size]
        if self.kept is None:
            columns, some = self._columns(ids, self.node[ids], rows)
            if some.all():
                self._cut(ids, columns, None, self.table.keys(columns, rows), None)
        else:
            keys = self.kept.pop(node) if node in self.kept else self._all_keys(rows[0])
            columns, some = self._columns(ids, self.node[ids], rows, rank_of(keys[:, [0, -1]]))
            if some.all():
                self._cut(ids, columns, columns, keys[None], None)
                self._keep(self.kept, keys, int(self.left[node]))
        self._hand_on(ids)

    def _columns(self, ids: Ints, nodes: Ints, rows: Rows, ends: Rows | None = None) -> tuple[Rows, NDArray[np.bool_]]:
        """The columns to try (C, k) of nodes that can be cut, and which of the B nodes those are."""
        if self.ahead is not None:
            return self.ahead[nodes[:, TURN]], np.ones(len(ids), dtype=bool)
        columns, some, known = self.tried.draw(nodes[:, TREE].tolist(), nodes[:, KNOWN].tolist(), rows, ends)
        self.node[ids, KNOWN] = known
        return columns, some

    def _weigh(self, trees: Ints, rows: Rows, inside: NDArray[np.bool_] | None) -> Floats | None:
        """The weights of rows (B, ..., m), 0 where they are not ``inside`` (B, m); None for 1 everywhere."""
        between = (1,) * (rows.ndim - 2)
        held = None if inside is None else inside.reshape(len(rows), *between, -1)
        if self.weights is None:
            return None if held is None else held.astype(np.float64)
        own = (trees * self.own_weights).reshape(-1, *between, 1)
        weights: Floats = self.weights[rows + own]
        return weights if held is None else weights * held

    def _cut(self, ids: Ints, columns: Rows, places: Rows | None, keys: Ints, inside: NDArray[np.bool_] | None) -> None:
        """Cut nodes at the best place of the columns (B, k) they try.

        ``keys`` (B, P, m): their rows in the order of columns, at ``places`` (B, k), or 0 … k − 1; ``inside`` (B, m).
        """
        rows, ranks, nodes = row_of(keys), rank_of(keys), self.node[ids]
        sizes = None if inside is None else nodes[:, SIZE]
        score, at = best_cuts(
            self.target,
            rows,
            ranks,
            self.limits.min_samples_leaf,
            sizes,
            lambda some: self._weigh(nodes[:, TREE], some, inside),
        )
        found = score if places is None else np.take_along_axis(score, places, axis=1)
        most = found.max(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            best = (found >= most - self.target.slack * abs(most)).argmax(axis=1)
        each = np.arange(len(ids))
        parts = most[:, 0] > -np.inf
        if not parts.all():
            each, best, ids = each[parts], best[parts], ids[parts]
            inside = None if inside is None else inside[parts]
        if len(ids):
            place = best if places is None else places[each, best]
            self._part(ids, columns[each, best], at[each, place], rows[each, place], inside)

    def _part(self, ids: Ints, columns: Rows, first: Ints, rows: Rows, inside: NDArray[np.bool_] | None) -> None:
        """Make the two parts of nodes, whose rows (B, m) are in the order of their columns; ``first`` go left."""
        nodes, place, first = self.node[ids], np.arange(rows.shape[1]), first[:, None]
        where = nodes[:, START, None] + place
        if inside is None:
            self.order[where] = rows
        else:
            self.order[where[inside]] = rows[inside]
        self.feature[ids], self.left[ids] = columns, self.made + 2 * np.arange(len(ids))
        self.edge[ids] = np.take_along_axis(rows, first + np.array([-1, 0]), axis=1)
        new = slice(self.made, self.made + 2 * len(ids))
        self.made = new.stop
        parts = self.node[new].reshape(-1, 2, 6)
        parts[:] = nodes[:, None]
        parts[..., DEPTH] += 1
        parts[:, 1, [START, TURN]] += first
        parts[:, 0, TURN] += 1
        parts[:, 1, SIZE] -= first[:, 0]
        parts[:, 0, SIZE] = first[:, 0]
        is_pure = parts[..., SIZE] == 1
        if not self.distinct:
            labels = self.target.labels[rows]
            changes = labels[:, 1:] != labels[:, :-1]
            if inside is not None:
                changes &= inside[:, 1:]
            is_pure[:, 0] = ~(changes & (place[1:] < first)).any(axis=1)
            is_pure[:, 1] = ~(changes & (place[1:] > first)).any(axis=1)
        self.waits[new] = self._can_be_cut(parts, is_pure).ravel()

    def _hand_on(self, ids: Ints) -> None:
        """After these nodes: their parts that wait, or the next node of each tree."""
        left = self.left[ids]
        if self.ahead is not None:
            parts = np.concatenate([left[left >= 0], left[left >= 0] + 1])
            self._ready(parts[self.waits[parts]])
            return
        following = []
        waits = self.waits[left[:, None] + (0, 1)].tolist()
        for tree, one, (is_open, other) in zip(self.node[ids, TREE].tolist(), left.tolist(), waits, strict=True):
            after = self.after[tree]
            if one >= 0:
                after += [one + 1] * other + [one] * is_open
            while after:
                node = after.pop()
                if not self._is_pair(node):
                    following.append(node)
                    break
        self._ready(np.array(following, dtype=np.int64))

    def _is_pair(self, node: int) -> bool:
        """Whether a node has two rows, which any column parts alike: drawn for now, cut at the end with all others."""
        tree, start, size, _, known, _ = self.node[node].tolist()
        if size > 2:
            return False
        column = self.tried.draw_pair(tree, known, *self.order[start : start + 2].tolist())
        if column is not None and column >= 0:
            self.pairs.append((node, column))
        return column is not None

    def _cut_pairs(self) -> None:
        if self.pairs:
            ids, columns = np.array(self.pairs).T
            rows = self.order[self.node[ids, START, None] + (0, 1)]
            first = np.ones(len(ids), dtype=np.int64)
            self._part(ids, columns, first, row_of(self.table.keys(columns[:, None], rows)[:, 0]), None)

    def _all_keys(self, rows: Rows) -> Ints:
        """A root's keys."""
        keys = self.table.all_keys
        if len(rows) == keys.shape[1]:
            return keys
        self.goes_left[:] = False
        self.goes_left[rows] = True
        return np.asarray(keys[self.goes_left[row_of(keys)]].reshape(len(keys), -1))

    def _keep(self, kept: dict[int, Ints], keys: Ints, left: int) -> None:
        """Keep the keys of the large ones among a node's parts, in the order they have."""
        wanted = [part for part in (left, left + 1) if self.waits[part] and self.node[part, SIZE] > SMALL[-1]]
        if left < 0 or not wanted:
            return
        for part, goes in ((left, True), (left + 1, False)):
            start, size = self.node[part, START], self.node[part, SIZE]
            self.goes_left[self.order[start : start + size]] = goes
        goes_left = self.goes_left[row_of(keys)]
        for part in wanted:
            kept[part] = keys[goes_left if part == left else ~goes_left].reshape(len(keys), -1)

    def _trees(self) -> list[Tree]:
        self._cut_pairs()
        made = slice(0, self.made)
        depth, column = self.node[made, DEPTH], self.feature[made]
        value, impurity, weight = [], np.empty(self.made), np.empty(self.made)
        by_depth = np.argsort(depth, kind="stable")
        for ids in np.split(by_depth, np.cumsum(np.bincount(depth))[:-1]):
            held = self._held(ids)
            value.append(held.value)
            impurity[ids], weight[ids] = held.impurity, held.weight
        low, high = self.table.values[self.edge[made].T, np.maximum(column, 0)]
        middle = low / 2 + high / 2
        nodes = {
            "feature": column,
            "threshold": np.where(column < 0, -2.0, np.where(middle >= high, low, middle)),
            "value": np.concatenate(value)[np.argsort(by_depth)],
            "impurity": impurity,
            "n_node_samples": self.node[made, SIZE],
            "weighted_n_node_samples": weight,
        }
        return parted(nodes, self.left[made], depth, len(self.after))

    def _held(self, ids: Ints) -> Nodes:
        """What nodes hold, of which no two share a row."""
        tree, start, size = self.node[ids][:, [TREE, START, SIZE]].T
        node = np.repeat(np.arange(len(ids)), size)
        rows = self.order[np.arange(len(node)) + np.repeat(start - (np.cumsum(size) - size), size)]
        own = np.repeat(tree * self.own_weights, size)
        return self.target.nodes(rows, np.ones(len(rows)) if self.weights is None else self.weights[rows + own], node)
