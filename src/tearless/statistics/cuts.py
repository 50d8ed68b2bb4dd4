"""All cuts of sorted columns judged at once, from running sums: how much purer each makes the two sides.

The score of a cut rises with its gain: the impurity of the node less that of the sides, each by its share of the
weight. Equal cuts get equal scores to the last bit where weights are whole: scores are then made of whole numbers, or
of one table's entries for them, in an order that a cut shares with its mirror image.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from tearless.core import InputError

Floats = NDArray[np.float64]
Rows = NDArray[np.integer[Any]]
Criterion = Literal["gini", "entropy"]


@dataclass(frozen=True, slots=True)
class Node:
    """What a node holds: its answer (K shares, or one mean), impurity, weight, and whether nothing is left to part."""

    value: Floats
    impurity: float
    weight: float
    pure: bool


class Target(Protocol):
    """What is to be told apart: it sums up nodes and judges cuts.

    ``slack``: the share by which equal cuts of two columns may differ in score through rounding alone.
    """

    @property
    def slack(self) -> float: ...

    def node(self, rows: Rows) -> Node:
        """What these rows hold."""
        ...

    def judged(self, rows: Rows) -> Floats:
        """A score of the cut after each place, rising with its gain: rows (p, m) in order, result (p, m − 1)."""
        ...


@dataclass(frozen=True)
class ClassTarget:
    """Classes 0 … K−1 (``codes`` (n,)), with a weight a row or none, and the impurity that judges cuts.

    Gini's impurity is 1 − Σ pₖ², the chance that two rows drawn with replacement differ in class; entropy, in bits,
    −Σ pₖ log₂ pₖ. Raises ``InputError`` for codes out of range, no rows, or weights of another shape.
    L. Breiman et al., *Classification and Regression Trees*, 1984, section 4.3.

    >>> target = ClassTarget(np.array([0, 0, 1, 1]), 2, "entropy")
    >>> target.node(np.arange(4)).impurity, target.judged(np.array([[0, 1, 2, 3]])).argmax()
    (1.0, np.int64(1))
    """

    codes: NDArray[np.integer[Any]]
    classes: int
    criterion: Criterion
    weights: Floats | None = None

    @property
    def slack(self) -> float:
        return 0.0

    def __post_init__(self) -> None:
        if self.criterion not in get_args(Criterion):
            raise InputError(
                f"criterion: expected one of {get_args(Criterion)}, got {self.criterion!r}; name one of them"
            )
        _one_a_row(self.codes, self.weights)
        if self.codes.min() < 0 or self.codes.max() >= self.classes:
            got = f"{self.codes.min()} to {self.codes.max()}"
            raise InputError(
                f"codes: expected class numbers from 0 to {self.classes - 1}, got {got}; number the classes"
            )
        total = float(len(self.codes) if self.weights is None else self.weights.sum())
        whole = total < 1e7 and (self.weights is None or bool((self.weights == np.floor(self.weights)).all()))
        table = np.arange(total + 1 if whole and self.criterion == "entropy" else 1)
        object.__setattr__(self, "_table", xlogy(table, table) if whole else None)

    def node(self, rows: Rows) -> Node:
        """The classes' shares of the rows' weight; entropy in bits. Shapes: rows (m,), value (K,)."""
        weights = None if self.weights is None else self.weights[rows]
        counts = np.bincount(self.codes[rows], weights, self.classes).astype(np.float64)
        weight = float(counts.sum())
        shares = counts / weight
        if self.criterion == "gini":
            impurity = 1 - float(shares @ shares)
        else:
            impurity = float(abs(xlogy(shares, shares).sum()) / np.log(2))
        return Node(shares, impurity, weight, int(np.count_nonzero(counts)) < 2)

    def judged(self, rows: Rows) -> Floats:
        """−L·i(left) − R·i(right) for sides of weight L and R and impurity i (entropy in nats here)."""
        codes = self.codes[rows]
        weights = None if self.weights is None else self.weights[rows]
        total = np.bincount(codes[0], None if weights is None else weights[0], self.classes).astype(np.float64)
        m = rows.shape[1]
        left = np.arange(1.0, m)[None] if weights is None else np.cumsum(weights, axis=1)[:, :-1]
        right = total.sum() - left
        term = np.square if self.criterion == "gini" else self._entropy_term()
        present = np.flatnonzero(total)
        rest, on_left, on_right = left, np.zeros(()), np.zeros(())
        for k in present[:-1]:
            here = codes == k
            count = np.cumsum(here if weights is None else here * weights, axis=1, dtype=np.float64)[:, :-1]
            rest = rest - count
            on_left, on_right = on_left + term(count), on_right + term(total[k] - count)
        on_left, on_right = on_left + term(rest), on_right + term(total[present[-1]] - rest)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.criterion == "gini":
                return np.asarray(-right * (1 - on_right / (right * right)) - left * (1 - on_left / (left * left)))
            return np.asarray((on_left - term(left)) + (on_right - term(right)))

    def _entropy_term(self) -> Callable[[Floats], Floats]:
        """x·ln x, from a table for whole numbers."""
        table = getattr(self, "_table", None)
        if table is None:
            return lambda x: np.asarray(xlogy(np.maximum(x, 0.0), np.maximum(x, 0.0)))
        return lambda x: np.asarray(table[x.astype(np.intp)])


@dataclass(frozen=True)
class NumberTarget:
    """Numbers ``y`` (n,), with a weight a row or none; cuts are judged by the variance they leave.

    Raises ``InputError`` for no rows, or weights of another shape.

    >>> target = NumberTarget(np.array([1.0, 1.0, 5.0, 5.0]))
    >>> target.node(np.arange(4)).impurity, target.judged(np.array([[0, 1, 2, 3]])).tolist()[0][1]
    (4.0, 16.0)
    """

    y: Floats
    weights: Floats | None = None

    def __post_init__(self) -> None:
        _one_a_row(self.y, self.weights)

    @property
    def slack(self) -> float:
        return 1e-12

    def node(self, rows: Rows) -> Node:
        """The rows' weighted mean and variance about it. Shapes: rows (m,), value (1,)."""
        y = self.y[rows]
        w = None if self.weights is None else self.weights[rows]
        weight = float(len(y)) if w is None else float(w.sum())
        pure = bool(y.min() == y.max())
        mean = y[0] if pure else y.mean() if w is None else w @ y / weight
        squares = np.square(y - mean)
        impurity = float(squares.mean()) if w is None else float(w @ squares) / weight
        return Node(np.array([mean]), impurity, weight, pure)

    def judged(self, rows: Rows) -> Floats:
        """S²·W/(L·R), S the sum on the left of the deviations from the node's mean: W times the fall of the variance.

        The textbook Σ²/L + Σ²/R is the same plus W·mean², beside which a small gain has no digits left.
        """
        y = self.y[rows]
        m = rows.shape[1]
        if self.weights is None:
            left, total = np.arange(1.0, m), float(m)
            sums = np.cumsum(y - y[0].mean(), axis=1)[:, :-1]
        else:
            w = self.weights[rows]
            left, total = np.cumsum(w, axis=1)[:, :-1], float(w[0].sum())
            sums = np.cumsum((y - w[0] @ y[0] / total) * w, axis=1)[:, :-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            out: Floats = np.square(sums, out=sums) * (total / (left * (total - left)))
        return out


def best_cuts(target: Target, rows: Rows, ranks: NDArray[np.integer[Any]], least: int) -> tuple[Floats, Rows]:
    """The best cut of each of p columns: its score, −inf where there is none, and how many rows it leaves on the left.

    ``rows`` (p, m): the node's rows in the order of each column; ``ranks`` (p, m): their ranks there, equal for equal
    values; ``least``: rows that each side must keep. Of equal scores in one column the leftmost wins. Columns are taken
    in blocks that fit the processor's cache.

    >>> target = NumberTarget(np.array([1.0, 1.0, 5.0, 5.0]))
    >>> score, left = best_cuts(target, np.array([[0, 1, 2, 3]]), np.array([[0, 1, 2, 3]]), 1)
    >>> score.tolist(), left.tolist()  # the variance falls from 4 to 0: 4 rows times 4
    ([16.0], [2])
    """
    p, m = rows.shape
    score, at = np.empty(p), np.empty(p, dtype=np.intp)
    step = max(1, (1 << 16) // m)
    for start in range(0, p, step):
        part = slice(start, start + step)
        judged = target.judged(rows[part])
        judged[ranks[part, 1:] == ranks[part, :-1]] = -np.inf
        if least > 1:
            judged[:, : least - 1] = judged[:, m - least :] = -np.inf
        best = judged.argmax(axis=1)
        at[part] = best + 1
        score[part] = judged[np.arange(len(best)), best]
    return score, at


def _one_a_row(values: NDArray[Any], weights: Floats | None) -> None:
    if values.ndim != 1 or not values.size:
        raise InputError(f"values: expected one a row, got shape {values.shape}; give a vector")
    if weights is not None and (weights.shape != values.shape or not (weights >= 0).all()):
        raise InputError(f"weights: expected one of at least 0 a row, got shape {weights.shape}; match the rows")
