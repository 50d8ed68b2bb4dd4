"""A grown tree as plain arrays, named as scikit-learn's, and what follows from them: leaves, depth, importances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tree:
    """A grown tree as arrays over its k nodes, depth first, the root at 0; named as scikit-learn's ``tree_``.

    ``feature`` and ``threshold`` are −2 and the children −1 in a leaf; a row goes left where its value is at most the
    threshold. ``value`` (k, K): shares of the classes, or the mean. ``impurity`` in the criterion's unit; ``gain``: its
    fall by the node's cut, 0 in a leaf. ``n_node_samples`` are rows, ``weighted_n_node_samples`` their weight.
    Made by ``partitioning.grow``.

    >>> one, two = np.array([0.5, 0.0, 0.0]), np.array([4.0, 2.0, 2.0])
    >>> sides = np.array([1, -1, -1]), np.array([2, -1, -1])
    >>> shares = np.array([[0.5, 0.5], [1.0, 0.0], [0.0, 1.0]])
    >>> column, at, down = np.array([0, -2, -2]), np.array([4.0, -2.0, -2.0]), np.array([0, 1, 1])
    >>> tree = Tree(column, at, *sides, shares, one, one, two.astype(int), two, down)
    >>> tree.node_count, tree.n_leaves, tree.max_depth, tree.importances(1).tolist()
    (3, 2, 1, [1.0])
    >>> tree.apply(np.array([[4.0], [4.1]])).tolist()
    [1, 2]
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


def depth_first(left: Ints, depth: Ints, roots: int) -> Ints:
    """The places of nodes numbered tree by tree, depth first, left before right, given as they were made.

    ``left``: a node's left part, its right one being the next, or −1 in a leaf; the first ``roots`` nodes are the
    trees' roots; ``depth`` of each node. The result is the new place of every node. All nodes of a level at once.
    Shapes (k,).

    >>> depth_first(np.array([1, -1, 3, -1, -1]), np.array([0, 1, 1, 2, 2]), 1).tolist()
    [0, 1, 2, 3, 4]
    >>> depth_first(np.array([1, 3, -1, -1, -1]), np.array([0, 1, 1, 2, 2]), 1).tolist()
    [0, 1, 4, 2, 3]
    """
    by_depth = np.argsort(depth, kind="stable")
    ends = np.cumsum(np.bincount(depth))
    levels = [level[left[level] >= 0] for level in np.split(by_depth, ends[:-1])]
    size = np.ones(len(left), dtype=np.int64)
    for level in reversed(levels):
        size[level] += size[left[level]] + size[left[level] + 1]
    place = np.zeros(len(left), dtype=np.int64)
    place[:roots] = np.cumsum(size[:roots]) - size[:roots]
    for level in levels:
        place[left[level]] = place[level] + 1
        place[left[level] + 1] = place[level] + 1 + size[left[level]]
    return place


def parted(nodes: dict[str, NDArray[Any]], left: Ints, depth: Ints, roots: int) -> list[Tree]:
    """The trees whose nodes lie in arrays in the order they were made: every array of ``Tree`` but those that follow.

    ``left`` and ``depth`` as of ``depth_first``; ``nodes`` holds ``feature``, ``threshold``, ``value``, ``impurity``,
    ``n_node_samples`` and ``weighted_n_node_samples``. Shapes (k,), of ``value`` (k, K).

    >>> keys = ("feature", "threshold", "impurity", "n_node_samples", "weighted_n_node_samples")
    >>> whole = {key: np.array([1.0, 0.0, 0.0]) for key in keys} | {"value": np.zeros((3, 1))}
    >>> parted(whole, np.array([1, -1, -1]), np.array([0, 1, 1]), 1)[0].children_right.tolist()
    [2, -1, -1]
    """
    place = depth_first(left, depth, roots)
    order = np.argsort(place)
    ends = np.append(place[1:roots], len(left))
    inner = left >= 0
    gain, weight, impurity = np.zeros(len(left)), nodes["weighted_n_node_samples"], nodes["impurity"]
    one, two = left[inner], left[inner] + 1
    with np.errstate(invalid="ignore"):
        after = (weight[one] * impurity[one] + weight[two] * impurity[two]) / weight[inner]
        gain[inner] = np.maximum(0.0, impurity[inner] - after)
    whole = {name: values[order] for name, values in nodes.items()} | {"gain": gain[order], "depth": depth[order]}
    sides = [np.where(inner, place[np.where(inner, left + right, 0)], -1)[order] for right in (0, 1)]
    trees, start = [], 0
    for end in ends:
        own = slice(start, int(end))
        children = [np.where(side[own] < 0, -1, side[own] - start) for side in sides]
        arrays = {name: values[own].copy() for name, values in whole.items()}
        trees.append(Tree(children_left=children[0], children_right=children[1], **arrays))
        start = int(end)
    return trees
