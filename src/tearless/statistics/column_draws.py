"""In which order the columns of a node are looked at.

The order is random, by a 32-bit xorshift (G. Marsaglia, J. Stat. Softw. 8:14, 2003) with
a partial Fisher-Yates shuffle that passes over columns known to be constant: the scheme of scikit-learn's trees, so
that one seed gives the same columns, and of equally good cuts the same one is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Draws:
    """The order in which a node's columns are looked at.

    A node's parts inherit how many columns it found constant: those stand first and are never looked at again.
    ``columns`` in all, ``most`` looked at in a node, ``seed`` below 2³².

    >>> draws = Draws(5, most=2, seed=7)
    >>> draws.draw(0, [False] * 5), draws.draw(0, [True, False, False, False, False])
    (([3, 4], 0), ([3, 1], 0))
    """

    def __init__(self, columns: int, most: int, seed: int) -> None:
        self._most, self._random = most, seed or 1
        self._columns, self._constant = list(range(columns)), [0] * columns

    def state(self) -> tuple[int, list[int]]:
        """What ``restore`` brings back: the place in the random numbers, and the order of the columns."""
        return self._random, self._columns.copy()

    def restore(self, state: tuple[int, list[int]]) -> None:
        """Go back to an earlier state."""
        self._random, self._columns = state[0], state[1].copy()

    def draw(self, known: int, constant: Sequence[bool | None]) -> tuple[list[int], int]:
        """Columns that change, in the order drawn, until enough are looked at; and how many are constant by now.

        ``known`` columns are constant from above. ``constant`` says of the others whether they are; None counts as
        changing. Constant ones that are drawn count as looked at, but one that changes is looked at in any case.
        """
        columns, r, most = self._columns, self._random, self._most
        end, found, again, looks = len(columns), 0, 0, 0
        chosen: list[int] = []
        while end > known + found and (looks < most or looks <= found + again):
            looks += 1
            r ^= (r << 13) & 0xFFFFFFFF
            r ^= r >> 17
            r ^= (r << 5) & 0xFFFFFFFF
            j = again + (r & 0x7FFFFFFF) % (end - found - again)
            if j < known:
                columns[again], columns[j] = columns[j], columns[again]
                again += 1
                continue
            j += found
            column = columns[j]
            if constant[column]:
                first = known + found
                columns[j], columns[first] = columns[first], column
                found += 1
                continue
            end -= 1
            columns[end], columns[j] = column, columns[end]
            chosen.append(column)
        self._random = r
        if known:
            columns[:known] = self._constant[:known]
        if found:
            self._constant[known : known + found] = columns[known : known + found]
        return chosen, known + found

    def ahead(self, nodes: int) -> NDArray[np.intp]:
        """The columns of the next nodes, a row each, where none is ever constant: ``draw`` so many times.

        >>> Draws(5, 2, 7).ahead(2).tolist(), Draws(5, 2, 7).draw(0, [False] * 5)[0]
        ([[3, 4], [3, 1]], [3, 4])
        """
        columns, r, p = self._columns, self._random, len(self._columns)
        most = min(self._most, p)
        chosen: list[int] = []
        for _ in range(nodes):
            for end in range(p, p - most, -1):
                r ^= (r << 13) & 0xFFFFFFFF
                r ^= r >> 17
                r ^= (r << 5) & 0xFFFFFFFF
                j = (r & 0x7FFFFFFF) % end
                column = columns[j]
                columns[j] = columns[end - 1]
                columns[end - 1] = column
                chosen.append(column)
        self._random = r
        return np.array(chosen, dtype=np.intp).reshape(nodes, most)
