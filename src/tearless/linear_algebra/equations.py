"""One linear equation among columns: how well it holds, how surprising that is, and how to write it cleanly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from tearless.core import quoted
from tearless.core.number import shown

from .moments import Floats


@dataclass(frozen=True)
class Equation:
    """``Σ coefficients·columns + constant = 0`` over the rows, and how far off it is.

    ``beyond_storage`` and ``beyond_rounding`` are the largest rest of any row over what storing the cells, or rounding
    them to their last digit, can leave there: at most 1 where the equation is exact in that sense. ``bits`` is how far
    the agreement is beyond chance.

    ``columns`` are positions; ``rows`` is how many rows were looked at.

    >>> sum_of_two = Equation((0, 1, 2), np.array([1.0, 1.0, -1.0]), 0.0, 0.5, 0.5, 60.0, rows=300)
    >>> sum_of_two.slack, sum_of_two.exact  # 1 + 2·√(3/300); the worst row is at half of its rounding
    (1.2, True)
    """

    columns: tuple[int, ...]
    coefficients: Floats
    constant: float
    beyond_storage: float
    beyond_rounding: float
    bits: float
    rows: int

    @property
    def exact(self) -> bool:
        return self.beyond_storage <= self.slack

    @property
    def slack(self) -> float:
        """1 and what fitting adds: a least-squares plane misses the true one by √(k/n) of the rounding, or so."""
        return slack(self.rows, len(self.columns))


def slack(rows: float, columns: float) -> float:
    """By how much a fitted equation may overstep the bound that the true one keeps: 1 + 2·√(columns/rows).

    >>> slack(100, 4)
    1.4
    """
    return 1 + 2 * math.sqrt(columns / max(rows, 1.0))


def surprise(x: ArrayLike, grain: float, among: int) -> float:
    """Bits by which it is beyond chance that columns obey one equation in every row. Shape ``(n, k)``.

    Two arguments, each a bound; the stronger counts, and the log₂ of the number of subsets of k of ``among`` columns
    is taken off for having looked at all of them. Of the n!/Πc! orders of one column's values (c: how often each
    occurs) at most d^k fit some equation, d being its different values. And k rows fix the equation; each other row
    agrees by chance with about the probability ``grain``, the width of the agreement relative to the spread.

    >>> x = np.arange(12.0)
    >>> surprise(np.column_stack([x, x % 2]), grain=1.0, among=2) > 20
    True
    >>> surprise(np.column_stack([x % 2, 1 - x % 2]), grain=1.0, among=2) < 10
    True
    """
    x = np.asarray(x, dtype=np.float64)
    n, k = x.shape
    orders = 0.0
    for j in range(k):
        counts = np.unique(x[:, j], return_counts=True)[1]
        arrangements = (gammaln(n + 1) - gammaln(counts + 1).sum()) / math.log(2)
        orders = max(orders, float(arrangements) - k * math.log2(len(counts)))
    rows = (n - k) * -math.log2(grain) if 0 < grain < 1 else 0.0
    subsets = (gammaln(among + 1) - gammaln(k + 1) - gammaln(max(among - k, 0) + 1)) / math.log(2)
    return max(orders, rows) - float(subsets)


def snapped(coefficients: Floats, constant: float) -> Iterator[tuple[Floats, float | None]]:
    """Cleaner coefficients and constants near the given ones, the cleanest first; ``None`` leaves the constant free.

    ``coefficients`` has shape ``(k,)``, as have those that come out. From two digits up to nine, each time with the
    constant 0, the constant to as many digits, and the constant left to the caller.

    >>> for near, constant in snapped(np.array([1.0, -0.5000001]), 3.0000004):
    ...     print(near.tolist(), constant)
    ...     if constant is None:
    ...         break
    [1.0, -0.5] 0.0
    [1.0, -0.5] 3.0
    [1.0, -0.5] None
    """
    size = float(np.abs(coefficients).max())
    for digits in (2, 3, 4, 6, 9):
        near = np.array([clean(c, digits) for c in coefficients])
        if np.all(np.abs(near - coefficients) <= 10.0 ** (1 - digits) * size):
            yield near, 0.0
            yield near, clean(constant, digits)
            yield near, None


def clean(value: float, digits: int) -> float:
    """The nearest fraction with a denominator up to 12 where it agrees to so many digits, else the rounded value.

    >>> clean(0.99999, 4), clean(0.33334, 4) == 1 / 3, clean(-17.7777778, 6) == -160 / 9, clean(0.5231, 2)
    (1.0, True, True, 0.52)
    """
    if not math.isfinite(value) or value == 0 or abs(value) > 1e12:
        return value
    fraction = float(Fraction(value).limit_denominator(12))
    if abs(fraction - value) <= 10.0**-digits * abs(value):
        return fraction
    return float(f"{value:.{digits}g}")


def sparsest(pool: Sequence[Equation], count: int, std: Floats) -> list[Equation]:
    """``count`` independent equations of the pool, exact ones first, then those that name the fewest columns.

    Linear independence is a matroid, so greedily taking the next that is independent of those taken is the best choice
    from this pool (Rado, Quarterly J. Math. 8, 1957; Edmonds, Mathematical Programming 1, 1971).

    ``std`` has shape ``(p,)``: the spread of each column, by which its coefficients are multiplied to be compared.

    >>> def says(columns, coefficients):
    ...     return Equation(columns, np.array(coefficients), 0.0, 0.0, 0.0, 60.0, 300)
    >>> pool = [says((0, 1, 2), [1.0, 1.0, -1.0]), says((0, 1), [1.0, -1.0]), says((0, 2), [2.0, -1.0])]
    >>> [e.columns for e in sparsest(pool, 2, np.ones(3))]  # the first is the third less the second
    [(0, 1), (0, 2)]
    """
    basis: list[Floats] = []
    out: list[Equation] = []
    for equation in sorted(pool, key=lambda e: (not e.exact, len(e.columns), _untidy(e), e.columns)):
        v = np.zeros(len(std))
        v[list(equation.columns)] = equation.coefficients * std[list(equation.columns)]
        v /= np.linalg.norm(v)
        for b in (*basis, *basis):
            v = v - (b @ v) * b
        length = float(np.linalg.norm(v))
        if length > 1e-6:
            basis.append(v / length)
            out.append(equation)
        if len(out) == count:
            break
    return out


def _untidy(equation: Equation) -> int:
    """How many figures the coefficients need."""
    return sum(len(f"{abs(c):.4g}") for c in equation.coefficients)


def in_words(equation: Equation, names: Sequence[str], longest: int = 130) -> tuple[str, tuple[int, ...]]:
    """The equation as it is read, and its columns in that order: solved for the column that makes it plainest.

    A column that is a multiple of nothing but itself comes first; terms beyond ``longest`` characters are counted.

    >>> e = Equation((0, 1, 2), np.array([1.0, 1.0, -1.0]), 0.0, 0.0, 0.0, 99.0, 100)
    >>> in_words(e, ["a", "b", "total"])
    ('`total` = `a` + `b`', (2, 0, 1))
    """
    a, columns = equation.coefficients, equation.columns
    if not np.isfinite(a).all() or not a.all():
        return _cut([quoted(names[j]) for j in columns], longest), columns
    if len(columns) > 2 and np.ptp(a) == 0:
        order = np.argsort(columns)
        terms = [quoted(names[columns[k]]) for k in order]
        side = shown(-equation.constant / float(a[0]))
        return f"{_cut(terms, longest - len(side) - 3)} = {side}", tuple(columns[k] for k in order)
    lead = min(range(len(columns)), key=lambda k: _plainness(equation, k))
    others = [k for k in np.argsort(columns) if k != lead]
    others.sort(key=lambda k: -a[k] / a[lead] < 0)
    terms = [_term(float(-a[k] / a[lead]), names[columns[k]], first=i == 0) for i, k in enumerate(others)]
    constant = float(-equation.constant / a[lead])
    if constant:
        terms.append(f"{'+' if constant > 0 else '-'} {_figure(abs(constant))}")
    start = f"{quoted(names[columns[lead]])} = "
    return start + _cut(terms, longest - len(start), joined=" "), (columns[lead], *(columns[k] for k in others))


def _plainness(equation: Equation, lead: int) -> tuple[int, int, int]:
    """How plain the equation is when solved for one column: few minus signs, few figures, late columns on the left."""
    a = -equation.coefficients / equation.coefficients[lead]
    others = [float(c) for k, c in enumerate(a) if k != lead]
    figures = sum(len(_figure(abs(c))) for c in others if abs(c) != 1)
    constant = -equation.constant / float(equation.coefficients[lead])
    return sum(c < 0 for c in others), figures + len(_figure(abs(constant))), -equation.columns[lead]


def _figure(value: float) -> str:
    return f"{value:.4g}"


def _term(coefficient: float, name: str, first: bool) -> str:
    sign = ("-" if coefficient < 0 else "") if first else ("- " if coefficient < 0 else "+ ")
    size = "" if abs(coefficient) == 1 else f"{_figure(abs(coefficient))} "
    return f"{sign}{size}{quoted(name)}"


def _cut(terms: list[str], room: int, joined: str = " + ") -> str:
    kept = list(terms)
    while len(kept) > 1 and len(joined.join(kept)) > room - 20:
        kept.pop()
    return joined.join(kept) + (f" + {len(terms) - len(kept):,} more terms" if len(kept) < len(terms) else "")
