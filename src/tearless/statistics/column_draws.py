"""In which order the columns of a node are looked at.

The order is random, by a 32-bit xorshift (G. Marsaglia, J. Stat. Softw. 8:14, 2003) with
a partial Fisher-Yates shuffle that passes over columns known to be constant: the scheme of scikit-learn's trees, so
that one seed gives the same columns, and of equally good cuts the same one is taken.
"""

from __future__ import annotations


class Draws:
    """The order in which a node's columns are looked at.

    A node's parts inherit how many columns it found constant: those stand first and are never looked at again.
    """

    def __init__(self, columns: int, most: int, seed: int) -> None:
        self._most, self._random = most, seed or 1
        self._columns, self._constant = list(range(columns)), [0] * columns

    def state(self) -> tuple[int, list[int]]:
        return self._random, self._columns.copy()

    def restore(self, state: tuple[int, list[int]]) -> None:
        self._random, self._columns = state[0], state[1].copy()

    def _below(self, low: int, high: int) -> int:
        """The next random whole number from ``low`` to ``high`` − 1."""
        r = self._random
        r ^= (r << 13) & 0xFFFFFFFF
        r ^= r >> 17
        r ^= (r << 5) & 0xFFFFFFFF
        self._random = r
        return low + (r & 0x7FFFFFFF) % (high - low)

    def draw(self, known: int, constant: list[bool | None]) -> tuple[list[int], int]:
        """Columns that change, in the order drawn, until enough are looked at; and how many are constant by now.

        ``known`` columns are constant from above. ``constant`` says of the others whether they are; None counts as
        changing. Constant ones that are drawn count as looked at, but one that changes is looked at in any case.
        """
        columns, found, again, chosen = self._columns, 0, 0, []
        end, looks = len(columns), 0
        while end > known + found and (looks < self._most or looks <= found + again):
            looks += 1
            j = self._below(again, end - found)
            if j < known:
                columns[again], columns[j] = columns[j], columns[again]
                again += 1
                continue
            j += found
            column, first = columns[j], known + found
            if constant[column]:
                columns[j], columns[first] = columns[first], column
                found += 1
                continue
            end -= 1
            columns[end], columns[j] = column, columns[end]
            chosen.append(column)
        columns[:known] = self._constant[:known]
        self._constant[known : known + found] = columns[known : known + found]
        return chosen, known + found
