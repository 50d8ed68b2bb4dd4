"""Where the first nodes of a tree stand when it is drawn."""

from __future__ import annotations

from dataclasses import dataclass

from .tree_arrays import Tree


@dataclass(frozen=True, slots=True)
class Layout:
    """The first nodes of a tree, level by level: their numbers, places, and the joins between them.

    ``x`` runs from −2 to 2, ``y`` is minus the depth; ``links`` are (place of the parent, place of the child, answer).
    Made by ``laid_out``.
    """

    nodes: tuple[int, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    links: tuple[tuple[int, int, str], ...]


def laid_out(tree: Tree, deepest: int) -> Layout:
    """The nodes of a tree down to a depth, the root in the middle, every left part to the left.

    >>> import numpy as np
    >>> from tearless.statistics.cuts import NumberTarget
    >>> from tearless.statistics.partitioning import grow
    >>> from tearless.statistics.sorted_table import Sorted
    >>> from tearless.statistics.tree_growth import Limits
    >>> x = np.array([[1.0], [2.0]])
    >>> found = laid_out(grow(Sorted.rank(x), NumberTarget(x[:, 0]), Limits(9, 2, 1, 1), 0), 2)
    >>> found.x, found.y, found.links
    ((0.0, -1.0, 1.0), (0.0, -1.0, -1.0), ((0, 1, 'yes'), (0, 2, 'no')))
    """
    nodes, x, links = [0], [0.0], []
    for place, node in enumerate(nodes):  # the list grows on the way
        if tree.feature[node] < 0 or tree.depth[node] >= deepest:
            continue
        reach = 2.0 / 2 ** (int(tree.depth[node]) + 1)
        for child, side, answer in ((tree.children_left, -reach, "yes"), (tree.children_right, reach, "no")):
            links.append((place, len(nodes), answer))
            nodes.append(int(child[node]))
            x.append(x[place] + side)
    return Layout(tuple(nodes), tuple(x), tuple(0.0 - float(tree.depth[node]) for node in nodes), tuple(links))
