"""The exact linear equations among the columns of a table, as a fact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from tearless.core import NotApplicable

from .equations import Equation
from .facts import Matrix
from .moments import Floats
from .search import GLANCE, Search, components

MOST_COLUMNS = 2_500
"""Columns up to which equations of any length are looked for."""
MOST_COMPARED = 250
ENOUGH_BITS = 20.0
"""Bits beyond chance from which on an equation is no accident of few rows: one in a million."""


@dataclass(frozen=True)
class Combinations:
    """The exact linear equations among the features, and the columns left when each takes one out. Derived.

    ``found`` holds one equation for each rank lost, as sparse as found. ``kept`` are positions of columns of the matrix
    that no equation expresses by earlier kept ones; ``r`` is their triangular factor. ``complete`` is false where the
    table has no more rows than columns, or too many columns: then only pairs were looked at, and ``r`` is empty.

    >>> import polars as pl
    >>> from tearless.core import Asked
    >>> from tearless.linear_algebra.facts import Sample
    >>> from tearless.readers.source import Batch
    >>> a = np.arange(30.0)
    >>> frame = pl.DataFrame({"a": a, "b": a * a % 7, "c": a + a * a % 7})
    >>> found = Combinations.derive(Matrix.derive(Sample.of(Batch(frame)), Asked()))
    >>> [(e.columns, e.coefficients.tolist(), e.constant) for e in found.found], found.kept
    ([((0, 1, 2), [1.0, 1.0, -1.0], 0.0)], (0, 1))
    """

    matrix: Matrix
    found: tuple[Equation, ...]
    kept: tuple[int, ...]
    r: Floats
    complete: bool

    @classmethod
    def derive(cls, matrix: Matrix) -> Self:
        """Looks for the equations of a matrix. Raises ``NotApplicable`` for fewer than two complete rows."""
        if matrix.n < 2:
            raise NotApplicable("fewer than two complete rows")
        search = Search(matrix)
        if matrix.p + 2 > matrix.n or matrix.p > MOST_COLUMNS:
            found = search.pairs()
            gone = {max(e.columns) for e in found}
            kept = tuple(j for j in range(matrix.p) if j not in gone)
            return cls(matrix, tuple(found), kept, np.empty((0, 0)), False)
        found, left, r = search.scan(matrix.r, range(matrix.p))
        return cls(matrix, tuple(search.sparser(found)), tuple(left), r, True)

    @property
    def by_chance(self) -> bool:
        """Whether every equation found could hold by accident in so few rows: fewer than 20 bits beyond chance."""
        return bool(self.found) and all(e.bits < ENOUGH_BITS for e in self.found)

    @property
    def lacking(self) -> str:
        """Why only pairs were looked at, in words, where the search is not complete."""
        if self.matrix.p > MOST_COLUMNS:
            return (
                f"of {self.matrix.p:,} columns, above {MOST_COLUMNS:,}, only pairs are compared; check fewer at a time"
            )
        return f"{self.matrix.p:,} columns need more than {self.matrix.n:,} complete rows"

    def copies_and_others(self) -> tuple[list[list[Equation]], list[Equation]]:
        """Equations of the form ``a = b``, those of one set of copies together, the worst first; and the others."""
        same = [e for e in self.found if len(e.columns) == 2 and e.constant == 0 and e.coefficients.sum() == 0]
        groups = [sorted(group, key=lambda e: -e.beyond_rounding) for group in components(same)]
        return groups, [e for e in self.found if all(e is not s for s in same)]

    def indicators(self, columns: Sequence[int]) -> bool:
        """Whether every one of these columns holds nothing but 0 and 1."""
        x = self.matrix.values
        return all(bool(((x[:, j] == 0) | (x[:, j] == 1)).all()) for j in columns)

    @cached_property
    def nearest(self) -> Equation:
        """Of the first columns the pair that comes nearest to an equation; asked for where none is one."""
        z = self.matrix.standardised[:: 1 + self.matrix.n // GLANCE, :MOST_COMPARED]
        best = int(np.argmax(np.abs(np.triu(z.T @ z, 1))))
        i, j = divmod(best, z.shape[1])
        return Search(self.matrix).pair(i, j if j > i else i + 1)
