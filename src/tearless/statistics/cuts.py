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
class Nodes:
    """What B nodes hold: their answers (B, K), and their impurities and weights (B,).

    An answer, ``value``, is the shares of K classes, or one mean.
    Made by ``ClassTarget.nodes`` and ``NumberTarget.nodes``.
    """

    value: Floats
    impurity: Floats
    weight: Floats


class Target(Protocol):
    """What is to be told apart: it sums up nodes and judges cuts.

    ``slack``: the share by which equal cuts of two columns may differ in score through rounding alone. ``labels``
    (n,): rows of one label need no telling apart.

    >>> target: Target = ClassTarget(np.array([0, 0, 1, 1]), 2, "gini")
    >>> rows, ones = np.array([0, 1, 2, 3]), np.ones(4)
    >>> target.nodes(rows, ones, np.zeros(4, dtype=int)).impurity.tolist(), target.slack  # 1 − 0.5² − 0.5²
    ([0.5], 0.0)
    """

    @property
    def weights(self) -> Floats | None: ...

    @property
    def slack(self) -> float: ...

    @property
    def labels(self) -> NDArray[Any]: ...

    def nodes(self, rows: Rows, weights: Floats, node: Rows) -> Nodes:
        """What nodes hold, of rows with their weights and the number, rising from 0, of the node each is in: (m,)."""
        ...

    def judged(self, rows: Rows, weights: Floats | None) -> Floats:
        """A score of the cut after each place, rising with its gain: rows (B, p, m) in order, result (B, p, m − 1).

        ``weights`` broadcast to the rows; places of weight 0 at the end are padding.
        """
        ...


@dataclass(frozen=True)
class ClassTarget:
    """Classes 0 … K−1 (``codes`` (n,)) and the impurity that judges cuts.

    ``weights``: one a row (n,), or one a row for every tree (T, n), or none. Gini's impurity is 1 − Σ pₖ², the chance
    that two rows drawn with replacement differ in class; entropy, in bits, −Σ pₖ log₂ pₖ. Raises ``InputError`` for
    codes out of range, no rows, or weights of another shape.
    L. Breiman et al., *Classification and Regression Trees*, 1984, section 4.3.

    >>> target, rows = ClassTarget(np.array([0, 0, 1, 1]), 2, "entropy"), np.array([0, 1, 2, 3])
    >>> target.nodes(rows, np.ones(4), np.array([0, 0, 0, 1])).impurity.round(3).tolist()  # of 2 : 1, and of one class
    [0.918, 0.0]
    >>> target.judged(rows[None, None], None).argmax()
    np.int64(1)
    """

    codes: NDArray[np.integer[Any]]
    classes: int
    criterion: Criterion
    weights: Floats | None = None

    @property
    def slack(self) -> float:
        return 0.0

    @property
    def labels(self) -> NDArray[Any]:
        return self.codes

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
        total = float(len(self.codes) if self.weights is None else self.weights.sum(axis=-1).max())
        whole = total < 1e7 and (self.weights is None or bool((self.weights == np.floor(self.weights)).all()))
        table = np.arange(total + 1 if whole and self.criterion == "entropy" else 1)
        object.__setattr__(self, "_table", xlogy(table, table) if whole else None)

    def nodes(self, rows: Rows, weights: Floats, node: Rows) -> Nodes:
        """The classes' shares of the weight in every node, (B, K); entropy in bits."""
        shape = int(node[-1]) + 1, self.classes
        counts = np.bincount(self.codes[rows] + self.classes * node, weights, shape[0] * shape[1]).reshape(shape)
        weight = counts.sum(axis=1)
        shares = counts / weight[:, None]
        if self.criterion == "gini":
            impurity = 1 - np.square(shares).sum(axis=1)
        else:
            impurity = abs(xlogy(shares, shares).sum(axis=1)) / np.log(2)
        return Nodes(shares, impurity, weight)

    def judged(self, rows: Rows, weights: Floats | None) -> Floats:
        """−L·i(left) − R·i(right) for sides of weight L and R and impurity i (entropy in nats here)."""
        codes = self.codes[rows]
        one = slice(0, 1)
        heavy = np.ones((1, 1, 1)) if weights is None else weights
        total = [((codes[:, one] == k) * heavy[:, one]).sum(axis=2, keepdims=True) for k in range(self.classes)]
        left = np.arange(1.0, rows.shape[2]) if weights is None else np.cumsum(weights, axis=2)[..., :-1]
        right = np.add.reduce(total) - left
        term = np.square if self.criterion == "gini" else self._entropy_term()
        present = [k for k in range(self.classes) if total[k].any()]
        rest, on_left, on_right = left, np.zeros(()), np.zeros(())
        for k in present[:-1]:
            here = codes == k
            count = np.cumsum(here if weights is None else here * weights, axis=2, dtype=np.float64)[..., :-1]
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
    """Numbers ``y`` (n,); cuts are judged by the variance they leave.

    ``weights``: one a row (n,), or one a row for every tree (T, n), or none. Raises ``InputError`` for no rows, or
    weights of another shape.

    >>> target, rows = NumberTarget(np.array([1.0, 1.0, 5.0, 5.0])), np.array([0, 1, 2, 3])
    >>> target.nodes(rows, np.ones(4), np.array([0, 0, 1, 1])).value.tolist()
    [[1.0], [5.0]]
    >>> target.judged(rows[None, None], None)[0, 0, 1]  # the variance falls from 4 to 0: 4 rows times 4
    np.float64(16.0)
    """

    y: Floats
    weights: Floats | None = None

    def __post_init__(self) -> None:
        _one_a_row(self.y, self.weights)
        size = float(np.abs(self.y).max())
        extreme = np.isfinite(size) and size > 0 and not 1e-100 < size < 1e100
        object.__setattr__(self, "_judged", np.ldexp(self.y, -int(np.frexp(size)[1])) if extreme else self.y)

    @property
    def slack(self) -> float:
        return 1e-12

    @property
    def labels(self) -> NDArray[Any]:
        return self.y

    def nodes(self, rows: Rows, weights: Floats, node: Rows) -> Nodes:
        """The weighted mean of every node, (B, 1), and the variance about it."""
        y, weight = self.y[rows], np.bincount(node, weights).astype(np.float64)
        starts = np.flatnonzero(np.diff(node, prepend=-1))
        least, most = np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
        middle = y - least[node]  # a mean far from 0 keeps its digits
        with np.errstate(over="ignore", invalid="ignore"):
            mean = np.where(least == most, least, least + np.bincount(node, middle * weights) / weight)
            impurity = np.bincount(node, weights * np.square(y - mean[node])) / weight
        return Nodes(mean[:, None], impurity, weight)

    def judged(self, rows: Rows, weights: Floats | None) -> Floats:
        """S²·W/(L·R), S the sum on the left of the deviations from the node's mean: W times the fall of the variance.

        The textbook Σ²/L + Σ²/R is the same plus W·mean², beside which a small gain has no digits left. Numbers whose
        squares would leave floating point are judged in another unit, a power of 2.
        """
        y, one = getattr(self, "_judged")[rows], slice(0, 1)  # noqa: B009 - set where the dataclass is frozen
        if weights is None:
            left, total = np.arange(1.0, rows.shape[2]), np.float64(rows.shape[2])
            apart = y - y[:, one].mean(axis=2, keepdims=True)
        else:
            total = weights[:, one].sum(axis=2, keepdims=True)
            left = np.cumsum(weights, axis=2)[..., :-1]
            apart = (y - (y[:, one] * weights[:, one]).sum(axis=2, keepdims=True) / total) * weights
        sums = np.cumsum(apart, axis=2)[..., :-1]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            out: Floats = np.square(sums, out=sums) * (total / (left * (total - left)))
        return out


def best_cuts(
    target: Target,
    rows: Rows,
    ranks: NDArray[np.integer[Any]],
    least: int,
    sizes: NDArray[np.intp] | None = None,
    weigh: Callable[[Rows], Floats | None] | None = None,
) -> tuple[Floats, NDArray[np.intp]]:
    """The best cut of p columns in each of B nodes: its score, −inf where there is none, and its rows on the left.

    ``rows`` (B, p, m): the rows in the order of each column; ``ranks`` (B, p, m): their ranks there, equal for equal
    values; ``least``: rows that each side must keep; ``sizes`` (B,): the rows a node has, m if not given; ``weigh``
    gives rows their weights, 0 for places beyond the size. Both results are (B, p). Of equal scores in one column the
    leftmost wins. Columns are taken in blocks that fit the processor's cache.

    >>> target = NumberTarget(np.array([1.0, 1.0, 5.0, 5.0]))
    >>> score, left = best_cuts(target, np.array([[[0, 1, 2, 3]]]), np.array([[[0, 1, 2, 3]]]), 1)
    >>> score.tolist(), left.tolist()  # the variance falls from 4 to 0: 4 rows times 4
    ([[16.0]], [[2]])
    """
    nodes, p, m = rows.shape
    score, at = np.empty((nodes, p)), np.empty((nodes, p), dtype=np.intp)
    step = max(1, (1 << 16) // (nodes * m))
    for start in range(0, p, step):
        part = slice(start, start + step)
        judged = target.judged(rows[:, part], weigh(rows[:, part]) if weigh else None)
        judged[ranks[:, part, 1:] == ranks[:, part, :-1]] = -np.inf
        if least > 1:
            judged[..., : least - 1] = -np.inf
        if sizes is not None:
            judged = np.where((np.arange(1, m) <= sizes[:, None] - least)[:, None], judged, -np.inf)
        elif least > 1:
            judged[..., m - least :] = -np.inf
        at[:, part] = judged.argmax(axis=2) + 1
        score[:, part] = judged.max(axis=2)
    return score, at


def _one_a_row(values: NDArray[Any], weights: Floats | None) -> None:
    if values.ndim != 1 or not values.size:
        raise InputError(f"values: expected one a row, got shape {values.shape}; give a vector")
    if weights is None:
        return
    if weights.shape[-1:] != values.shape or weights.ndim > 2 or not (weights >= 0).all():
        raise InputError(f"weights: expected one of at least 0 a row, got shape {weights.shape}; match the rows")
