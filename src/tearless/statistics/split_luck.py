"""What the best split of a column gains, and what that of a random column gains by luck: the problem of a lesson."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tearless.core import NotApplicable, quoted

from .class_rows import ClassRows
from .cuts import ClassTarget, Criterion, best_cuts
from .sorted_table import Sorted, rank_of, row_of

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
MOST_ROWS, MOST_COLUMNS = 320, 8
DRAWS, COUNTS, NAMED = 16, 12, 4
"""Random columns of each number of values, and how many such numbers between two and all."""


def impurity(codes: Codes, classes: int, criterion: Criterion) -> float:
    """How mixed rows are: entropy in bits, or Gini's index. Shape (n,).

    >>> impurity(np.array([0, 0, 1, 1]), 2, "entropy"), impurity(np.array([0, 0, 1, 1]), 2, "gini")
    (1.0, 0.5)
    """
    n = len(codes)
    target = ClassTarget(codes, classes, criterion)
    return float(target.nodes(np.arange(n), np.ones(n), np.zeros(n, dtype=np.intp)).impurity[0])


def best_gains(X: Floats, codes: Codes, classes: int) -> Floats:
    """The information gain, in bits, of the best threshold of each column; 0 where a column never changes.

    Shapes: ``X`` (n, p), ``codes`` (n,), result (p,). The same search that the trees make in a node.

    >>> x = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 5.0]])
    >>> best_gains(x, np.array([0, 0, 1, 1]), 2).tolist()
    [1.0, 0.0]
    """
    keys = Sorted.rank(X).all_keys
    score, _ = best_cuts(ClassTarget(codes, classes, "entropy"), row_of(keys)[None], rank_of(keys)[None], 1)
    left = np.where(np.isfinite(score[0]), -score[0] / len(codes) / np.log(2), np.inf)
    before = impurity(codes, classes, "entropy")
    return np.asarray(np.maximum(0.0, before - np.minimum(left, before)))


@dataclass(frozen=True, eq=False)
class ErrorCurve:
    """The errors of a model over its size, ``at``, and what a random column has of the importance there, ``luck``.

    ``seen``: the share wrong on seen rows; ``missed`` (k, m): whether each new row is wrong, 1 or 0; ``alone``: the
    mean share wrong of an ensemble's trees one by one, on new rows.

    >>> ErrorCurve((1, 2), (0.5, 0.25), np.array([[0.0, 1.0], [0.0, 0.0]]), (0.0, 0.1)).new
    (0.5, 0.0)
    """

    at: tuple[int, ...]
    seen: tuple[float, ...]
    missed: Floats
    luck: tuple[float, ...]
    alone: float = math.nan

    @property
    def new(self) -> tuple[float, ...]:
        """The share wrong on new rows."""
        return tuple(float(share) for share in self.missed.mean(axis=1))


@dataclass(frozen=True, eq=False)
class SplitRows:
    """At most 320 rows of eight columns ``X`` (n, p), and their classes ``codes`` (n,). Half of them are new. Derived.

    >>> rows = ClassRows(("a",), "y", ("no", "yes"), np.arange(8.0)[:, None], np.repeat([0, 1], 4), "8 rows")
    >>> found = SplitRows.derive(rows)
    >>> found.gains.tolist(), found.random(8).tolist() == sorted(found.random(8).tolist())
    ([1.0], False)
    """

    names: tuple[str, ...]
    target: str
    classes: tuple[str, ...]
    X: Floats
    codes: Codes
    said: str

    @classmethod
    def derive(cls, rows: ClassRows) -> Self:
        """Raises ``NotApplicable`` where the rows to learn from are of one class."""
        every = np.unique(np.linspace(0, len(rows.codes) - 1, min(len(rows.codes), MOST_ROWS)).astype(int))
        found = cls(
            rows.names[:MOST_COLUMNS],
            rows.target,
            rows.classes,
            rows.X[every][:, :MOST_COLUMNS],
            rows.codes[every],
            f"{len(every):,} of the {rows.said}" if len(every) < len(rows.codes) else rows.said,
        )
        if len(set(found.codes[found.seen].tolist())) < 2:
            raise NotApplicable("nearly all rows are of one class; give more rows of the others")
        return found

    @cached_property
    def seen(self) -> NDArray[np.bool_]:
        """Half of the rows, drawn by a fixed seed: an order of the rows, or a rhythm in it, does no harm."""
        return np.asarray(np.random.default_rng(1).permutation(len(self.codes)) % 2 == 0)

    def random(self, distinct: int, seed: int = 0) -> Floats:
        """A column that knows nothing, of so many different values, shape ``(n,)``."""
        n = len(self.codes)
        return np.asarray(np.random.default_rng(seed).permutation(n) * distinct // n, dtype=np.float64)

    def beside(self, distinct: int) -> Floats:
        """The columns, and behind them a random one of so many values."""
        return np.column_stack([self.X, self.random(distinct)])

    def gains_of(self, X: Floats) -> Floats:
        """The gain of the best split of each column of ``X`` (n, p), on the rows learnt from."""
        return best_gains(X[self.seen], self.codes[self.seen], len(self.classes))

    @property
    def mix(self) -> str:
        """How many rows of each class are learnt from, the four commonest, in words."""
        counts = np.bincount(self.codes[self.seen], minlength=len(self.classes))
        most = np.argsort(-counts, kind="stable")[:NAMED]
        said = [f"{counts[k]:,} {quoted(self.classes[k])}" for k in most]
        return " and ".join([", ".join(said[:-1]), said[-1]]) + (" and others" if len(counts) > NAMED else "")

    def wrong(self, said: Sequence[NDArray[np.int64]]) -> tuple[Floats, Floats]:
        """Of models that say these codes of all rows: each one's share of wrong answers on seen rows, (k,), and
        whether it is wrong, 1 or 0, on each new row, (k, m)."""
        wrong = np.array([codes != self.codes for codes in said], dtype=np.float64)
        return wrong[:, self.seen].mean(axis=1), wrong[:, ~self.seen]

    @property
    def guessed(self) -> Floats:
        """Whether the class commonest among seen rows is wrong, 1 or 0, for each new row, (m,)."""
        common = np.bincount(self.codes[self.seen]).argmax()
        return np.asarray(self.codes[~self.seen] != common, dtype=np.float64)

    def luck_of(self, distinct: int) -> Floats:
        """What the best split gains of random columns of so many values, the first of them ``random(distinct)``."""
        return self.gains_of(np.column_stack([self.random(distinct, seed) for seed in range(DRAWS)]))

    @cached_property
    def gains(self) -> Floats:
        """The gain of the best split of each column, shape ``(p,)``."""
        return self.gains_of(self.X)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Numbers of different values, from two to all."""
        return np.unique(np.round(np.geomspace(2, len(self.codes), COUNTS)).astype(np.int64))

    @cached_property
    def luck(self) -> Floats:
        """What the best split of a random column gains on average, for each of ``counts``."""
        return np.array([self.luck_of(int(k)).mean() for k in self.counts])
