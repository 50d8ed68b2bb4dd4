"""Rows of two classes, some to learn from and some new, and those of them that a plane can tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import NotApplicable
from tearless.linear_algebra.least_squares import svd

from .class_rows import ClassRows

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
HELD = 3
"""One row of so many is new."""


@dataclass(frozen=True, eq=False)
class SeparableRows:
    """Columns ``X`` (n, p) and whether each row is ``positive``, ``y`` (n,); ``seen`` rows are learnt from. Derived.

    A third of the rows, drawn by a fixed seed, is new. Of more than two classes the commonest is told from the rest.

    >>> rows = ClassRows(("a",), "y", ("no", "yes"), np.arange(6.0)[:, None], np.array([0, 0, 1, 1, 1, 1]), "6 rows")
    >>> found = SeparableRows.derive(rows)
    >>> found.positive, int(found.seen.sum()), bool((found.apart == found.seen).all())  # one threshold parts them
    ('yes', 4, True)
    """

    names: tuple[str, ...]
    positive: str
    X: Floats
    y: NDArray[np.int64]
    seen: Mask
    said: str

    @classmethod
    def derive(cls, rows: ClassRows) -> Self:
        """Raises ``NotApplicable`` where the rows to learn from are of one class, or nothing varies in them."""
        positive, y = rows.against_the_rest
        seen = np.random.default_rng(0).permutation(len(y)) % HELD > 0
        varies = np.flatnonzero(rows.X[seen].std(axis=0) > 0)
        if len(set(y[seen].tolist())) < 2 or not len(varies):
            raise NotApplicable("the rows to learn from are of one class, or no column varies in them; give more rows")
        found = cls(tuple(rows.names[j] for j in varies), positive, rows.X[:, varies], y, seen, rows.said)
        if len(set(y[found.apart].tolist())) < 2:
            raise NotApplicable("the columns tell nothing of the classes; choose other columns")
        return found

    @property
    def new(self) -> Mask:
        return ~self.seen

    @cached_property
    def standardised(self) -> Floats:
        """The columns by the means and spreads of the seen rows."""
        X = self.X - self.X[self.seen].mean(axis=0)
        return np.asarray(X / X[self.seen].std(axis=0))

    @cached_property
    def apart(self) -> Mask:
        """The seen rows on the right side of the plane of least squares, above which as many lie as are positive."""
        y, Z = self.y == 1, self.standardised
        z = Z @ np.asarray(svd(Z[self.seen], y[self.seen].astype(np.float64), intercept=True).coefficients)
        cut = min(np.sort(z[self.seen])[-int(y[self.seen].sum())], z[self.seen & y].max())
        return np.asarray(self.seen & ((z >= cut) == y))
