"""Recursive partitioning: a table is cut in two, each part again, until every part is of one kind or too small.

Columns are sorted once. A node keeps its rows in the order of every column, so all cuts of all columns are judged from
running sums, and its two parts keep the order: nothing is sorted again and no loop visits rows. Where few of the
columns are looked at in each node, only those are sorted there, by one sort of whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.statistics.column_draws import Draws
from tearless.statistics.cuts import Floats, Node, Rows, Target, best_cuts

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Limits:
    """When to stop: the depth, the rows a node needs to be cut, the rows each side must keep, the columns looked at."""

    max_depth: int
    min_samples_split: int
    min_samples_leaf: int
    max_features: int


@dataclass(frozen=True)
class Sorted:
    """A table with the rank of every value in its column: equal values share a rank, from 0.

    ``values`` (n, p); ``ranks`` (p, n). Made once, and shared by all trees grown on the table.
    """

    values: Floats
    ranks: NDArray[np.int32]

    @classmethod
    def rank(cls, values: Floats) -> Sorted:
        """The ranks of a table of finite numbers. Raises ``InputError`` for others, and for 2³¹ rows or more.

        >>> Sorted.rank(np.array([[3.0], [1.0], [3.0]])).ranks.tolist()
        [[1, 0, 1]]
        """
        if values.ndim != 2 or not values.size or not np.isfinite(values).all():
            raise InputError(f"values: expected a matrix of finite numbers, got shape {values.shape}; drop the others")
        n, p = values.shape
        if n >= 1 << 31:
            raise InputError(f"values: expected fewer than {1 << 31:,} rows, got {n:,}; take a sample")
        ranks = np.empty((p, n), dtype=np.int32)
        for j in range(p):
            column = np.ascontiguousarray(values[:, j])
            order = np.argsort(column)
            ordered = column[order]
            ranks[j, order] = np.concatenate([[0], np.cumsum(ordered[1:] != ordered[:-1])]) if n else 0
        return cls(values, ranks)

    def of(self, columns: list[int], rows: Rows) -> NDArray[np.int32]:
        """The ranks of some rows in some columns (k, m), no more read than that."""
        picked: NDArray[np.int32] = self.ranks[np.array(columns)[:, None], rows]
        return picked

    @cached_property
    def all_keys(self) -> Ints:
        """The keys of all rows in all columns, sorted once (p, n)."""
        return self.keys(list(range(len(self.ranks))), np.arange(len(self.values)))

    def keys(self, columns: list[int], rows: Rows) -> Ints:
        """Rows in the order of each of the columns (k, m): the rank above, the row in the 32 bits below."""
        out = self.of(columns, rows).astype(np.int64)
        out <<= 32
        out |= rows
        out.sort(axis=1)
        return out


@dataclass(frozen=True, slots=True)
class Tree:
    """A grown tree as arrays over its k nodes, depth first, the root at 0; named as scikit-learn's ``tree_``.

    ``feature`` and ``threshold`` are −2 and the children −1 in a leaf; a row goes left where its value is at most the
    threshold. ``value`` (k, K): shares of the classes, or the mean. ``impurity`` in the criterion's unit; ``gain``: its
    fall by the node's cut, 0 in a leaf.
    """

    feature: Ints
    threshold: Floats
    children_left: Ints
    children_right: Ints
    value: Floats
    impurity: Floats
    gain: Floats
    n_node_samples: Ints
    weighted_n_node_samples: Floats
    depth: Ints

    @property
    def node_count(self) -> int:
        return len(self.feature)

    @property
    def n_leaves(self) -> int:
        return int(np.count_nonzero(self.feature < 0))

    @property
    def max_depth(self) -> int:
        """Cuts on the longest way to a leaf."""
        return int(self.depth.max())

    def apply(self, X: Floats) -> Ints:
        """The leaf that each row of ``X`` (n, p) falls into. All rows go down one level at a time."""
        at = np.zeros(len(X), dtype=np.int64)
        going = np.arange(len(X)) if self.feature[0] >= 0 else np.empty(0, dtype=np.int64)
        while len(going):
            node = at[going]
            go_left = X[going, self.feature[node]] <= self.threshold[node]
            node = np.where(go_left, self.children_left[node], self.children_right[node])
            at[going] = node
            going = going[self.feature[node] >= 0]
        return at

    def importances(self, columns: int, *, shares: bool = True) -> Floats:
        """Each column's share of the whole fall of impurity, nodes by their weight; zeros where nothing fell.

        ``shares=False``: the fall itself, in the impurity's unit, so that trees can be added up.
        """
        inside = self.feature >= 0
        fall = self.gain[inside] * (self.weighted_n_node_samples[inside] / self.weighted_n_node_samples[0])
        sums = np.bincount(self.feature[inside], fall, minlength=columns).astype(np.float64)
        return sums / sums.sum() if shares and sums.sum() > 0 else sums


def grow(table: Sorted, target: Target, limits: Limits, seed: int, rows: Rows | None = None) -> Tree:
    """The tree that best cuts, one after the other, make of the rows of a table.

    ``rows``: those to use (all, if not given), which must be those of positive weight. ``seed``: a whole number below
    2³² for the order of the columns. A node is cut unless it is pure, too deep, too small, or no column changes in it.
    A threshold is the middle between two neighbouring values. The tree is greedy: no cut foresees the next.

    >>> from tearless.statistics.cuts import NumberTarget
    >>> x, y = np.array([[1.0], [2.0], [6.0], [7.0]]), np.array([0.0, 0.0, 1.0, 1.0])
    >>> tree = grow(Sorted.rank(x), NumberTarget(y), Limits(9, 2, 1, 1), 0)
    >>> tree.threshold[0].tolist(), tree.value[1:, 0].tolist(), tree.apply(np.array([[3.9], [4.1]])).tolist()
    (4.0, [0.0, 1.0], [1, 2])
    """
    return _Growth(table, target, limits, Draws(table.ranks.shape[0], limits.max_features, seed)).grown(
        np.arange(len(table.values)) if rows is None else rows
    )


@dataclass(slots=True)
class _Part:
    """A node that waits: its rows, its keys where all columns are kept sorted, and how many are known as constant."""

    holds: Node
    rows: Rows
    keys: Ints | None
    depth: int
    parent: int
    is_left: bool
    constants: int
    leaf: bool


@dataclass
class _Growth:
    table: Sorted
    target: Target
    limits: Limits
    draws: Draws
    parts: list[_Part] = field(default_factory=list)
    cuts: list[tuple[int, float]] = field(default_factory=list)
    children: list[list[int]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        p = self.table.ranks.shape[0]
        self.all_sorted = 3 * self.limits.max_features > p
        self.go_left = np.zeros(len(self.table.values), dtype=bool)

    def grown(self, rows: Rows) -> Tree:
        root = self._part(rows, 0, -1, False, 0)
        if self.all_sorted and not root.leaf:
            root.keys = self.table.all_keys
            if len(rows) < len(self.go_left):
                self.go_left[rows] = True
                root.keys = root.keys[self.go_left[_row(root.keys)]].reshape(len(root.keys), -1)
        waiting = [root]
        while waiting:
            part = waiting.pop()
            node = len(self.parts)
            self.parts.append(part)
            self.cuts.append((-2, -2.0))
            self.children.append([-1, -1])
            if part.parent >= 0:
                self.children[part.parent][0 if part.is_left else 1] = node
            if not part.leaf:
                waiting += self._cut(part, node)
            self.sizes.append(len(part.rows))
            part.keys, part.rows = None, part.rows[:0]
        return self._tree()

    def _part(self, rows: Rows, depth: int, parent: int, is_left: bool, constants: int) -> _Part:
        holds = self.target.node(rows)
        few = len(rows) < max(self.limits.min_samples_split, 2 * self.limits.min_samples_leaf)
        leaf = few or holds.pure or depth >= self.limits.max_depth
        return _Part(holds, rows, None, depth, parent, is_left, constants, leaf)

    def _cut(self, part: _Part, node: int) -> list[_Part]:
        """The parts of a node, the left one last; none where no column can be cut."""
        columns, constants, keys = self._looked_at(part)
        if not columns:
            return []
        rows, ranks = _row(keys), _rank(keys)
        score, at = best_cuts(self.target, rows, ranks, self.limits.min_samples_leaf)
        places = columns if part.keys is not None else list(range(len(columns)))
        found = score[places]
        most = float(found.max())
        if most == -np.inf:
            return []
        best = int(np.argmax(found >= most - self.target.slack * abs(most)))
        place = places[best]
        size, column = int(at[place]), columns[best]
        sides = rows[place, :size].copy(), rows[place, size:].copy()
        self.cuts[node] = (column, self._threshold(column, int(sides[0][-1]), int(sides[1][0])))
        left, right = (
            self._part(side, part.depth + 1, node, is_left, constants)
            for side, is_left in zip(sides, (True, False), strict=True)
        )
        if part.keys is not None and not (left.leaf and right.leaf):
            self.go_left[sides[0]], self.go_left[sides[1]] = True, False
            goes = self.go_left[rows]
            for side, mask in ((left, goes), (right, ~goes)):
                if not side.leaf:
                    side.keys = part.keys[mask].reshape(len(goes), -1)
        return [right, left]

    def _looked_at(self, part: _Part) -> tuple[list[int], int, Ints]:
        """The columns to try, in the order drawn, the number of constant ones, and the node's keys by column."""
        if part.keys is not None:
            ranks = _rank(part.keys)
            constant: list[bool | None] = (ranks[:, 0] == ranks[:, -1]).tolist()
            columns, constants = self.draws.draw(part.constants, constant)
            return columns, constants, part.keys
        seen: list[bool | None] = [None] * self.table.ranks.shape[0]
        start = self.draws.state()
        while True:
            columns, constants = self.draws.draw(part.constants, seen)
            unknown = [j for j in columns if seen[j] is None]
            if not unknown:
                break
            inside = self.table.of(unknown, part.rows)
            for j, is_constant in zip(unknown, (inside.min(axis=1) == inside.max(axis=1)).tolist(), strict=True):
                seen[j] = is_constant
            if not any(seen[j] for j in unknown):
                break
            self.draws.restore(start)
        return columns, constants, self.table.keys(columns, part.rows) if columns else np.empty((0, 0), dtype=np.int64)

    def _threshold(self, column: int, below: int, above: int) -> float:
        """The middle between two values; the lower one where rounding would reach the upper one."""
        low, high = float(self.table.values[below, column]), float(self.table.values[above, column])
        middle = low / 2 + high / 2
        return low if middle >= high else middle

    def _tree(self) -> Tree:
        left, right = np.array(self.children, dtype=np.int64).T
        impurity = np.array([part.holds.impurity for part in self.parts])
        weight = np.array([part.holds.weight for part in self.parts])
        cut = left >= 0
        gain = np.zeros(len(cut))
        after = weight[left[cut]] * impurity[left[cut]] + weight[right[cut]] * impurity[right[cut]]
        gain[cut] = np.maximum(0.0, impurity[cut] - after / weight[cut])
        return Tree(
            np.array([column for column, _ in self.cuts], dtype=np.int64),
            np.array([threshold for _, threshold in self.cuts]),
            left,
            right,
            np.array([part.holds.value for part in self.parts]),
            impurity,
            gain,
            np.array(self.sizes, dtype=np.int64),
            weight,
            np.array([part.depth for part in self.parts], dtype=np.int64),
        )


def _row(keys: Ints) -> NDArray[np.intp]:
    """The rows of keys: their lower halves."""
    return (keys & 0xFFFFFFFF).astype(np.intp)


def _rank(keys: Ints) -> NDArray[np.int32]:
    """The ranks of keys: their upper halves."""
    return (keys >> 32).astype(np.int32)
