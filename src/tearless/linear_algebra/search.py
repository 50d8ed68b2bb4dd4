"""Equations among columns: suggested by a triangular factor, proved on the rows themselves.

A small diagonal entry of the factor means that the column is nearly in the span of the earlier ones. What is called
exact is proved row by row: the equation must hold to within what storing (or rounding) the cells can leave.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .digits import FIFTEEN_DIGITS, FLOAT16, FLOAT32, Written, written
from .equations import Equation, snapped, sparsest, surprise
from .facts import Matrix
from .moments import Floats

NEAR = 0.05
"""Rest of a column, relative to its spread, from which on an equation is tried."""
GRAINS = 10.0
"""Units of the last digit in a column's spread from which on it is a rounded quantity and not a count or a code."""
GLANCE = 4_096
ARITHMETIC = 16 * 2.0**-53
MOST_SPARED = 60
"""Columns of an equation up to which each is tried for whether it can be spared."""

Positions = NDArray[np.intp]


class Search:
    """Looks for equations among the columns of one matrix.

    >>> from tearless.core import Asked
    >>> from tearless.linear_algebra.facts import Sample
    >>> from tearless.readers.source import Batch
    >>> a = np.arange(30.0)
    >>> frame = pl.DataFrame({"a": a, "b": a * a % 7, "c": a + a * a % 7})
    >>> matrix = Matrix.derive(Sample.of(Batch(frame)), Asked())
    >>> found, left, _ = Search(matrix).scan(matrix.r, range(3))
    >>> [(e.columns, e.coefficients.tolist()) for e in found], left
    ([((0, 1, 2), [1.0, 1.0, -1.0])], [0, 1])
    """

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self.step = 1 + matrix.n // GLANCE
        self._written: dict[int, Written] = {}
        self._glance: dict[int, tuple[float, float]] = {}

    def scan(self, r: Floats, order: Sequence[int]) -> tuple[list[Equation], list[int], Floats]:
        """Equations that express a column by earlier ones, in this order; the columns left and their factor.

        ``r`` is the factor of the columns in ``order``. Each column that an equation takes out is removed from the
        factor before the next is looked at, so that no rest of rounding stands in for a direction.
        """
        t, left, found, i = r, list(order), [], 0
        while i < len(left):
            rest = abs(t[i, i])
            equation = self._settled(t, left, i) if i and rest <= NEAR else None
            if equation is not None:
                found.append(equation)
            if equation is not None or rest < 1e-14:
                t = without_column(t, i)
                del left[i]
            else:
                i += 1
        return found, left, t

    def sparser(self, found: list[Equation]) -> list[Equation]:
        """Of all equations that the same columns obey, a set of as many that name as few columns as possible."""
        out: list[Equation] = []
        for group in components(found):
            columns = sorted({j for e in group for j in e.columns})
            if len(group) > 1 and max(len(e.columns) for e in group) > 2 and len(columns) <= 60:
                out += self._resettled(group, columns)
            else:
                out += group
        return out

    def _resettled(self, group: list[Equation], columns: list[int]) -> list[Equation]:
        pool = list(group)
        rng = np.random.default_rng(0)
        orders = [columns[::-1], *[rng.permutation(columns).tolist() for _ in range(20)]]
        for order in orders:
            r = np.asarray(np.linalg.qr(self.matrix.r[:, order], mode="r"), dtype=np.float64)
            pool += self.scan(r, order)[0]
        return sparsest(pool, len(group), self.matrix.std)

    def _settled(self, t: Floats, left: list[int], i: int) -> Equation | None:
        """The equation that expresses the i-th column left by few earlier ones, if one holds on every row.

        First one that is exact as the cells are stored; else one that holds up to the rounding of the cells.
        """
        try:
            weights: Floats = np.asarray(np.linalg.solve(t[:i, :i], t[:i, i]), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        for rounded in (False, True):
            support = self._support(t, left, i, weights, rounded)
            if support is not None:
                equation = self._proved([left[k] for k in support], left[i], _fit(t, support, i)[1])
                if equation is not None and (rounded or equation.exact):
                    return equation
        return None

    def _support(self, t: Floats, left: list[int], i: int, weights: Floats, rounded: bool) -> Positions | None:
        """Few of the earlier columns that leave no more of the i-th than rounding could, heaviest weights first."""

        def enough(support: Positions) -> bool:
            rest, w = _fit(t, support, i)
            return rest <= self._allowed(left[i], [left[k] for k in support], w, rounded)

        if not abs(t[i, i]) <= self._allowed(left[i], left[:i], weights, rounded):
            return None
        order = np.argsort(-np.abs(weights))
        size = 1
        while not enough(order[:size]):
            if size >= i:
                return None
            size = min(i, max(size + 1, int(size * 1.5)))
        support = order[:size]
        for k in support[::-1] if 1 < size <= MOST_SPARED else ():
            fewer = support[support != k]
            if fewer.size and enough(fewer):
                support = fewer
        return support

    def _allowed(self, target: int, by: Sequence[int], weights: Floats, rounded: bool) -> float:
        """The rest, relative to the column's spread, that storing (or rounding) the cells could leave."""
        return self._grain(target)[rounded] + float(
            sum(abs(w) * self._grain(j)[rounded] for j, w in zip(by, weights, strict=True))
        )

    def _grain(self, j: int) -> tuple[float, float]:
        """Twice the most that storing, and rounding, moved a cell, relative to the spread; judged from some rows."""
        if j not in self._glance:
            x, std = self.matrix.values[:: self.step, j], float(self.matrix.std[j])
            how = self._quantity(j, written(x, self._stored(j)))
            with np.errstate(over="ignore"):
                arithmetic = ARITHMETIC * float(np.abs(x).max())
                moved = float(how.storage(x).max()) + arithmetic, float(how.rounding(x).max()) + arithmetic
            self._glance[j] = 2 * moved[0] / std, 2 * moved[1] / std
        return self._glance[j]

    def _stored(self, j: int) -> float:
        kind = self.matrix.dtypes[j]
        return FLOAT32 if kind == pl.Float32 else FLOAT16 if str(kind) == "Float16" else FIFTEEN_DIGITS

    def _quantity(self, j: int, how: Written) -> Written:
        """Whole numbers and decimals with a small spread are counts or codes: exact, not rounded."""
        coarse = 2 * how.absolute * GRAINS > float(self.matrix.std[j])
        return Written(None, how.stored) if coarse else how

    def how(self, j: int) -> Written:
        """How the cells of one column are written, judged from every row."""
        return self._quantity(j, self._plain(j))

    def _plain(self, j: int) -> Written:
        if j not in self._written:
            self._written[j] = written(self.matrix.values[:, j], self._stored(j))
        return self._written[j]

    def _proved(self, by: list[int], target: int, weights: Floats) -> Equation | None:
        """The equation, with clean coefficients where they hold as well, if every row obeys it up to rounding."""
        std = self.matrix.std
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            raw = self._improved(by, target, weights * (std[target] / std[by]))
            equation = self.checked(by, target, raw)
            if not equation.beyond_rounding <= equation.slack:
                return None
            for coefficients, constant in snapped(raw, equation.constant):
                clean = self.checked(by, target, coefficients, constant)
                if clean.beyond_rounding <= 1 and clean.exact >= equation.exact:
                    return clean
        return equation

    def _improved(self, by: list[int], target: int, raw: Floats) -> Floats:
        """One step of iterative refinement, on the rows: digits lost to the conditioning of the columns come back."""
        z = self.matrix.standardised[:, by]
        x, mean, std = self.matrix.values, self.matrix.mean, self.matrix.std
        rest = (x[:, target] - mean[target]) - (x[:, by] - mean[by]) @ raw
        if not np.isfinite(rest).all() or not rest.any():
            return raw
        r: Floats = np.asarray(np.linalg.qr(z, mode="r"), dtype=np.float64)
        step = np.linalg.solve(r, np.linalg.solve(r.T, z.T @ rest))
        return raw + step / std[by]

    def checked(self, by: Sequence[int], target: int, raw: Floats, constant: float | None = None) -> Equation:
        """The equation ``target = Σ raw·by + constant`` with its rest on every row, against what rounding can leave."""
        x, mean, std = self.matrix.values, self.matrix.mean, self.matrix.std
        columns, a = (*map(int, by), target), np.append(raw, -1.0)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            level = float(a @ mean[list(columns)])
            rest, storage, rounding = np.zeros((3, self.matrix.n))
            for j, c in zip(columns, a, strict=True):
                rest += c * (x[:, j] - mean[j])
                arithmetic = ARITHMETIC * (np.abs(x[:, j]) + abs(mean[j]) + std[j])
                storage += abs(c) * (self.how(j).storage(x[:, j]) + arithmetic)
                rounding += abs(c) * (self.how(j).rounding(x[:, j]) + arithmetic)
            middle = (rest.max() + rest.min()) / 2 if constant is None else -level - constant
            rest = np.abs(rest - middle)
            beyond = [float((rest / np.maximum(bound, 1e-300)).max()) for bound in (storage, rounding)]
            unit = 2 * self._plain(target).absolute
            grain = max(float(rounding.max()), unit) / float(std[target])
        bits = surprise(x[:: self.step, list(columns)], grain, self.matrix.p)
        fitted = -level - middle
        return Equation(columns, a, float(fitted), beyond[0], beyond[1], bits, self.matrix.n)

    def pair(self, i: int, j: int) -> Equation:
        """The equation between two columns, exact or not."""
        z, std = self.matrix.standardised, self.matrix.std
        slope = float(z[:, i] @ z[:, j]) / max(1, self.matrix.n - 1)
        with np.errstate(over="ignore"):
            raw = np.array([slope * std[j] / std[i]])
        return self._proved([i], j, np.array([math.copysign(1.0, slope)])) or self.checked([i], j, raw)

    def pairs(self) -> list[Equation]:
        """Columns that are copies of one other, up to unit and offset. Each column is compared by two projections."""
        z = self.matrix.standardised
        seen = np.abs(z.T @ np.random.default_rng(0).normal(size=(self.matrix.n, 2))) / math.sqrt(self.matrix.n)
        order = np.lexsort((np.arange(len(seen)), np.round(seen[:, 0], 9)))
        found: list[Equation] = []
        first = int(order[0])
        for j in map(int, order[1:]):
            if (np.abs(seen[j] - seen[first]) <= 1e-8).all():
                equation = self.pair(min(first, j), max(first, j))
                if equation.beyond_rounding <= equation.slack:
                    found.append(equation)
                    first = min(first, j)
                    continue
            first = j
        return found


def _fit(t: Floats, support: Positions, i: int) -> tuple[float, Floats]:
    """Rest and weights of column i by the columns of ``support``, from the triangle alone."""
    fitted = np.linalg.lstsq(t[: i + 1, support], t[: i + 1, i], rcond=None)[0]
    weights = np.asarray(fitted, dtype=np.float64)
    return float(np.linalg.norm(t[: i + 1, i] - t[: i + 1, support] @ weights)), weights


def without_column(t: Floats, j: int) -> Floats:
    """The triangular factor of the columns without the j-th, by plane rotations. Shape ``(p, p)`` in, one less out.

    Reference: Golub, Van Loan, Matrix Computations, 4th ed., section 6.5.2.

    >>> t = without_column(np.array([[3.0, 1.0], [0.0, 2.0]]), 0)
    >>> np.abs(t).round(4).tolist()
    [[2.2361]]
    """
    t = np.delete(t, j, axis=1)
    for i in range(j, t.shape[1]):
        length = math.hypot(t[i, i], t[i + 1, i])
        if length > 0:
            c, s = t[i, i] / length, t[i + 1, i] / length
            upper = c * t[i, i:] + s * t[i + 1, i:]
            t[i + 1, i:] = c * t[i + 1, i:] - s * t[i, i:]
            t[i, i:] = upper
    return t[:-1]


def components(found: Sequence[Equation]) -> list[list[Equation]]:
    """Equations that share columns, directly or through others, together.

    >>> def about(*columns):
    ...     return Equation(columns, np.ones(len(columns)), 0.0, 0.0, 0.0, 60.0, 300)
    >>> [[e.columns for e in group] for group in components([about(0, 1), about(2, 3), about(1, 4)])]
    [[(2, 3)], [(0, 1), (1, 4)]]
    """
    groups: list[tuple[set[int], list[Equation]]] = []
    for equation in found:
        columns, members = set(equation.columns), [equation]
        apart = []
        for group in groups:
            if group[0] & columns:
                columns |= group[0]
                members = group[1] + members
            else:
                apart.append(group)
        groups = [*apart, (columns, members)]
    return [members for _, members in groups]
