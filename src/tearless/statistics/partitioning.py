"""Recursive partitioning: a table is cut in two, each part again, until every part is of one kind or too small.

Columns are ranked once. A large node keeps its rows in the order of every column, so all cuts of all columns are judged
from running sums, and its two parts keep the order: nothing is sorted again and no loop visits rows. Small nodes wait
until there are many of about one size, and are cut side by side, as one array: those of a whole level where the columns
that each of them looks at are known beforehand, and one of every tree that grows where they are not, since what a node
draws depends on all nodes before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.statistics.column_draws import Draws
from tearless.statistics.cuts import Floats, Nodes, Rows, Target, best_cuts
from tearless.statistics.sorted_table import Ints, Sorted, rank_of, row_of
from tearless.statistics.tree_arrays import Tree, parted

SMALL = (4, 16, 64, 256)
"""Nodes of up to so many rows are cut side by side, with those of their class of sizes."""
AT_ONCE = 1 << 18
"""Ranks read by one step of small nodes, at most: what fits the processor's cache."""
IN_MEMORY = 1 << 24
"""Numbers kept by trees that grow side by side, about, at most."""


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
    return _Growth(table, target, limits, seeds, rows).grown()


def together(table: Sorted, limits: Limits) -> int:
    """How many trees to grow side by side on a table, so that their memory stays bounded.

    >>> together(Sorted.rank(np.arange(1000.0)[:, None]), Limits(9, 2, 1, 1))
    128
    """
    p, n = table.ranks.shape
    return int(np.clip(IN_MEMORY // (n * max(16, p if _kept_sorted(p, limits) else 0)), 1, 128))


def _kept_sorted(columns: int, limits: Limits) -> bool:
    return 3 * limits.max_features > columns


class _Growth:
    """Trees that grow. Nodes are numbered as they are made, the right part of a cut next to the left one.

    A node's rows are a stretch of ``order``, from ``start``. Nodes to be cut wait: large ones in ``large``, small ones
    in ``small`` by their class, and those that come after another of their tree in ``after``. Where columns are
    ``foreseen`` no node waits for another: a tree of m rows has m − 1 cuts, so each knows its ``turn`` to draw.
    """

    def __init__(
        self, table: Sorted, target: Target, limits: Limits, seeds: Sequence[int], rows: Sequence[Rows]
    ) -> None:
        p, n = table.ranks.shape
        self.table, self.target, self.limits = table, target, limits
        self.weights = None if target.weights is None else target.weights.ravel()
        self.own_weights = n if target.weights is not None and target.weights.ndim == 2 else 0
        self.order = np.concatenate(rows).astype(np.intp)
        self.draws = [Draws(p, limits.max_features, seed) for seed in seeds]
        self.small: list[list[int]] = [[] for _ in SMALL]
        self.large: list[int] = []
        self.after: list[list[int]] = [[] for _ in seeds]
        self.keeps, self.kept = _kept_sorted(p, limits), dict[int, Ints]()
        self.goes_left = np.zeros(n, dtype=bool)
        sizes = np.array([len(own) for own in rows], dtype=np.int64)
        most = int(2 * sizes.sum())
        self.left, self.feature = np.full(most, -1), np.full(most, -2)
        self.threshold = np.full(most, -2.0)
        self.tree, self.start, self.size, self.depth, self.known, self.turn = np.zeros((6, most), dtype=np.int64)
        self.waits = np.zeros(most, dtype=bool)
        self.pairs: list[tuple[int, int]] = []
        self.distinct = len(np.unique(target.labels)) == n
        self.foreseen = self.distinct and limits.none_for(int(sizes.max())) and not table.tied.any()
        self.unknown: list[bool | None] = [None if t else False for t in table.tied.tolist()]
        self._plant(sizes)

    def grown(self) -> list[Tree]:
        while True:
            while self.large:
                self._cut_large(self.large.pop())
            waiting = max(self.small, key=len)
            if not waiting:
                return self._trees()
            most = max(1, AT_ONCE // (SMALL[self.small.index(waiting)] * self.limits.max_features))
            ids = np.array(waiting[-most:])
            del waiting[-most:]
            self._cut_small(ids)

    def _plant(self, sizes: Ints) -> None:
        """The roots."""
        roots = np.arange(len(sizes))
        self.made = len(roots)
        self.tree[roots], self.size[roots] = roots, sizes
        self.start[roots] = np.cumsum(sizes) - sizes
        labels = self.target.labels[self.order]
        pure = np.minimum.reduceat(labels, self.start[roots]) == np.maximum.reduceat(labels, self.start[roots])
        self._settle(roots, pure)
        if self.foreseen:
            self.ahead = np.concatenate([own.ahead(m - 1) for own, m in zip(self.draws, sizes.tolist(), strict=True)])
            self.turn[roots] = np.cumsum(sizes - 1) - (sizes - 1)
        self._ready(roots[self.waits[roots]])

    def _ready(self, ids: Ints) -> None:
        for node, kind in zip(ids.tolist(), np.searchsorted(SMALL, self.size[ids]).tolist(), strict=True):
            (self.small[kind] if kind < len(SMALL) else self.large).append(node)

    def _settle(self, ids: Ints, is_pure: NDArray[np.bool_]) -> None:
        """Whether new nodes wait to be cut."""
        few = self.size[ids] < max(self.limits.min_samples_split, 2 * self.limits.min_samples_leaf)
        self.waits[ids] = ~(few | is_pure | (self.depth[ids] >= self.limits.max_depth))

    def _weigh(self, ids: Ints, rows: Rows, inside: NDArray[np.bool_] | None) -> Floats | None:
        """The weights of the nodes' rows (B, ..., m), 0 where they are not ``inside`` (B, m); None for 1 everywhere."""
        shape = (len(ids),) + (1,) * (rows.ndim - 2)
        held = None if inside is None else inside.reshape(*shape, -1)
        if self.weights is None:
            return None if held is None else held.astype(np.float64)
        own = (self.tree[ids] * self.own_weights).reshape(*shape, 1)
        weights: Floats = self.weights[rows + own]
        return weights if held is None else weights * held

    def _cut_small(self, ids: Ints) -> None:
        size, start = self.size[ids], self.start[ids][:, None]
        place = np.arange(size.max())
        inside = None if size.min() == len(place) else place < size[:, None]
        rows = self.order[start + place if inside is None else np.where(inside, start + place, start)]
        columns, some = self._drawn(ids, rows)
        if not some.all():
            rows, inside = rows[some], None if inside is None else inside[some]
        if len(rows):
            self._cut(ids[some], columns, None, self.table.keys(columns, rows, inside), inside)
        self._hand_on(ids)

    def _cut_large(self, node: int) -> None:
        ids = np.array([node])
        rows = self.order[None, self.start[node] : self.start[node] + self.size[node]]
        keys = None
        if self.keeps:
            keys = self.kept.pop(node) if node in self.kept else self._all_keys(rows[0])
        columns, some = self._drawn(ids, rows, keys)
        if some.all() and keys is not None:
            self._cut(ids, columns, columns, keys[None], None)
            self._keep(keys, int(self.left[node]))
        elif some.all():
            self._cut(ids, columns, None, self.table.keys(columns, rows), None)
        self._hand_on(ids)

    def _drawn(self, ids: Ints, rows: Rows, keys: Ints | None = None) -> tuple[Rows, NDArray[np.bool_]]:
        """The columns to try, in the order drawn, of nodes that can be cut (C, k), and which of the B nodes those are.

        ``rows`` (B, m), where a node with fewer repeats its first. Fewer columns than k are the first one repeated.
        """
        if self.foreseen:
            return self.ahead[self.turn[ids]], np.ones(len(ids), dtype=bool)
        constant: list[list[bool | None]] | list[list[bool]] = [self.unknown] * len(ids)
        if keys is not None:
            constant = [(rank_of(keys[:, 0]) == rank_of(keys[:, -1])).tolist()]
        elif None in self.unknown and (self.keeps or rows.size * len(self.unknown) < AT_ONCE >> 3):
            ranks = self.table.of(np.tile(np.arange(len(self.unknown)), (len(ids), 1)), rows)
            constant = (ranks == ranks[..., :1]).all(axis=2).tolist()
        elif None in self.unknown:
            constant = self._found_constant(ids, rows)
        tried = []
        known = self.known[ids].tolist()
        for i, tree in enumerate(self.tree[ids].tolist()):
            columns, known[i] = self.draws[tree].draw(known[i], constant[i])
            tried.append(columns)
        self.known[ids] = known
        k = max(1, *map(len, tried))
        some = np.array([len(columns) > 0 for columns in tried])
        return np.array([c + c[:1] * (k - len(c)) for c in tried if c], dtype=np.intp).reshape(-1, k), some

    def _found_constant(self, ids: Ints, rows: Rows) -> list[list[bool | None]]:
        """Which columns are constant in nodes, of those that will be drawn: no others are read."""
        draws = [self.draws[tree] for tree in self.tree[ids].tolist()]
        before, known = [own.state() for own in draws], self.known[ids].tolist()
        seen, asking = [self.unknown.copy() for _ in draws], list(range(len(draws)))
        while asking:
            drawn = [(i, j) for i in asking for j in draws[i].draw(known[i], seen[i])[0] if seen[i][j] is None]
            for i in asking:
                draws[i].restore(before[i])
            if not drawn:
                break
            node, column = np.array(drawn).T
            ranks = self.table.of(column[:, None], rows[node])[:, 0]
            again = set()
            for (i, j), is_constant in zip(drawn, (ranks == ranks[:, :1]).all(axis=1).tolist(), strict=True):
                seen[i][j] = is_constant
                if is_constant:
                    again.add(i)
            asking = list(again)
        return seen

    def _cut(self, ids: Ints, columns: Rows, places: Rows | None, keys: Ints, inside: NDArray[np.bool_] | None) -> None:
        """Cut nodes at the best place of the columns (B, k) they try, and make their parts.

        ``keys`` (B, P, m): their rows in the order of columns, at ``places`` (B, k), or 0 … k − 1; ``inside`` (B, m).
        """
        rows, ranks = row_of(keys), rank_of(keys)
        sizes = None if inside is None else self.size[ids]
        least = self.limits.min_samples_leaf
        score, at = best_cuts(self.target, rows, ranks, least, sizes, lambda some: self._weigh(ids, some, inside))
        found = score if places is None else np.take_along_axis(score, places, axis=1)
        most = found.max(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            best = np.argmax(found >= most - self.target.slack * abs(most), axis=1)
        each = np.arange(len(ids))
        place = best if places is None else places[each, best]
        parts = most[:, 0] > -np.inf
        if not parts.all():
            each, place, best, ids = each[parts], place[parts], best[parts], ids[parts]
            inside = None if inside is None else inside[parts]
        if len(ids):
            self._part(ids, columns[each, best], at[each, place], rows[each, place], inside)

    def _part(self, ids: Ints, columns: Rows, first: Ints, rows: Rows, inside: NDArray[np.bool_] | None) -> None:
        """Make the two parts of nodes, whose rows (B, m) are in the order of their columns; ``first`` of them go left."""
        each, place = np.arange(len(ids)), np.arange(rows.shape[1])
        where = self.start[ids][:, None] + place
        if inside is None:
            self.order[where] = rows
        else:
            self.order[where[inside]] = rows[inside]
        low = self.table.values[rows[each, first - 1], columns]
        high = self.table.values[rows[each, first], columns]
        middle = low / 2 + high / 2
        self.threshold[ids], self.feature[ids] = np.where(middle >= high, low, middle), columns
        self.left[ids] = left = self.made + 2 * each
        right = left + 1
        self.made += 2 * len(ids)
        for side in (left, right):
            self.tree[side], self.depth[side], self.known[side] = self.tree[ids], self.depth[ids] + 1, self.known[ids]
        self.start[left], self.size[left], self.turn[left] = self.start[ids], first, self.turn[ids] + 1
        self.start[right], self.size[right] = self.start[ids] + first, self.size[ids] - first
        self.turn[right] = self.turn[ids] + first
        both = np.concatenate([left, right])
        if self.distinct:
            self._settle(both, self.size[both] == 1)
            return
        labels = self.target.labels[rows]
        changes = labels[:, 1:] != labels[:, :-1]
        if inside is not None:
            changes &= inside[:, 1:]
        on_left = place[1:] < first[:, None]
        across = place[1:] == first[:, None]
        self._settle(
            both, np.concatenate([~(changes & on_left).any(axis=1), ~(changes & ~on_left & ~across).any(axis=1)])
        )

    def _hand_on(self, ids: Ints) -> None:
        """After these nodes: their parts that wait, or the next node of each tree."""
        left = self.left[ids]
        if self.foreseen:
            parts = np.concatenate([left[left >= 0], left[left >= 0] + 1])
            self._ready(parts[self.waits[parts]])
            return
        following = []
        for tree, one, is_open, other in zip(
            self.tree[ids].tolist(),
            left.tolist(),
            self.waits[left].tolist(),
            self.waits[left + 1].tolist(),
            strict=True,
        ):
            after = self.after[tree]
            if one >= 0:
                after += [one + 1] * other + [one] * is_open
            while after:
                node = after.pop()
                if not self._is_pair(node, tree):
                    following.append(node)
                    break
        self._ready(np.array(following, dtype=np.int64))

    def _is_pair(self, node: int, tree: int) -> bool:
        """Draw for a node of two rows, which any column parts alike: it is cut at the end, with all of its kind."""
        if self.size[node] > 2 or self.limits.min_samples_leaf > 1 or len(self.unknown) > 64:
            return False
        constant = self.unknown
        if None in constant:
            one, two = self.order[self.start[node] : self.start[node] + 2]
            ranks = self.table.ranks
            constant = (ranks[:, one] == ranks[:, two]).tolist()
        columns, _ = self.draws[tree].draw(int(self.known[node]), constant)
        if columns:
            self.pairs.append((node, columns[0]))
        return True

    def _cut_pairs(self) -> None:
        if not self.pairs:
            return
        ids, columns = np.array(self.pairs).T
        rows = self.order[self.start[ids][:, None] + np.arange(2)]
        keys = self.table.keys(columns[:, None], rows)
        self._part(ids, columns, np.ones(len(ids), dtype=np.int64), row_of(keys[:, 0]), None)

    def _all_keys(self, rows: Rows) -> Ints:
        """A root's keys."""
        keys = self.table.all_keys
        if len(rows) == keys.shape[1]:
            return keys
        self.goes_left[:] = False
        self.goes_left[rows] = True
        return np.asarray(keys[self.goes_left[row_of(keys)]].reshape(len(keys), -1))

    def _keep(self, keys: Ints, left: int) -> None:
        """The keys of the large ones among a node's parts, in the order they have."""
        if left < 0:
            return
        wanted = [part for part in (left, left + 1) if self.waits[part] and self.size[part] > SMALL[-1]]
        if not wanted:
            return
        rows = self.order[self.start[left] : self.start[left] + self.size[left] + self.size[left + 1]]
        self.goes_left[rows[: self.size[left]]], self.goes_left[rows[self.size[left] :]] = True, False
        goes = self.goes_left[row_of(keys)]
        for part in wanted:
            self.kept[part] = keys[goes if part == left else ~goes].reshape(len(keys), -1)

    def _trees(self) -> list[Tree]:
        self._cut_pairs()
        made = slice(0, self.made)
        depth = self.depth[made]
        value, impurity, weight = [], np.empty(self.made), np.empty(self.made)
        by_depth = np.argsort(depth, kind="stable")
        for ids in np.split(by_depth, np.cumsum(np.bincount(depth))[:-1]):
            held = self._held(ids)
            value.append(held.value)
            impurity[ids], weight[ids] = held.impurity, held.weight
        nodes = {
            "feature": self.feature[made],
            "threshold": self.threshold[made],
            "value": np.concatenate(value)[np.argsort(by_depth)],
            "impurity": impurity,
            "n_node_samples": self.size[made],
            "weighted_n_node_samples": weight,
        }
        return parted(nodes, self.left[made], depth, len(self.draws))

    def _held(self, ids: Ints) -> Nodes:
        """What nodes hold, of whose rows no two share one."""
        size = self.size[ids]
        node = np.repeat(np.arange(len(ids)), size)
        rows = self.order[np.arange(len(node)) + np.repeat(self.start[ids] - (np.cumsum(size) - size), size)]
        if self.weights is None:
            return self.target.nodes(rows, np.ones(len(rows)), node)
        return self.target.nodes(rows, self.weights[rows + np.repeat(self.tree[ids] * self.own_weights, size)], node)
