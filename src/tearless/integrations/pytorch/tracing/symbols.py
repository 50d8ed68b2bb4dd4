"""Sizes as polynomials in the names of the input: read off runs with a prime of its own for each name, and checked."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from tearless.linear_algebra.shapes import Size, named, product
from tearless.linear_algebra.shapes.size import put

BATCH = ((1009, 1510, 2003, 1300, 1811), (1109, 1612, 2111, 1404, 1901), (1201, 1708, 2309, 1306, 1721))
STEPS = ((131, 166, 188, 144, 153), (139, 160, 151, 182, 174), (149, 157, 190, 155, 162))
SPACE = ((233, 318, 412, 480, 375), (251, 496, 334, 391, 428), (263, 407, 510, 350, 444))
"""Values of a name in the runs, the first a prime; later ones leave every rest of a division by 2, 4, 8 ..."""
MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
"""What a size may have to be a multiple of: a network halves it so often and joins what it halved."""
_BY = tuple(sorted(range(2, 65), key=lambda d: (d & (d - 1) != 0, d)))
"""What sizes are divided by, powers of two first."""


def points(names: Mapping[str, int], multiple: int = 1) -> list[dict[str, int]]:
    """A value for each name, for each run. ``names`` gives the axis where each stands: 0 is taken for the batch.

    The first value is a prime of its own. ``multiple`` is put before the values of all but the batch, made smaller.
    """
    runs = 3 if all(axis == 0 for axis in names.values()) and len(names) == 1 else 5
    pools = {0: iter(BATCH * 8), 1: iter(STEPS * 8), 2: iter(SPACE * 8)}
    taken: list[dict[str, int]] = [{} for _ in range(runs)]
    for count, (name, axis) in enumerate(names.items()):
        values = next(pools[min(axis, 2)])
        for i, point in enumerate(taken):
            value = values[i] + 40 * (count // 3)
            point[name] = value if axis == 0 or multiple == 1 else _odd_first(value, multiple, i, count)
    return taken


def _odd_first(value: int, multiple: int, run: int, name: int) -> int:
    """About ``value`` as a multiple; in the first run an odd one, so that it is a multiple of no more."""
    times = value // multiple + name + run
    return multiple * (times | 1 if run == 0 else times)


class Fits:
    """Finds the polynomial behind the values that a size took in the runs. What no polynomial fits stays unknown."""

    def __init__(self, at: Sequence[Mapping[str, int]]) -> None:
        self.at = at
        self.names = list(at[0]) if at else []
        self._known: dict[tuple[int, ...], Size | None] = {}
        self._floors: dict[str, tuple[str, int, int, tuple[int, ...]]] = {}
        self._terms = self._monomials()

    def _monomials(self) -> list[tuple[tuple[int, ...], Size]]:
        """Products of names up to the third degree, the simplest first, with their values in the runs."""
        found: list[tuple[tuple[int, ...], Size]] = []
        for degree in range(4):
            for chosen in itertools.combinations_with_replacement(self.names, degree):
                values = tuple(math.prod(point[name] for name in chosen) for point in self.at)
                found.append((values, product(named(name) for name in chosen)))
        return found

    def size(self, values: Sequence[int]) -> Size | None:
        """The size that took these values in the runs, in order."""
        key = tuple(values)
        if key not in self._known:
            self._known[key] = self._found(key)
        return self._known[key]

    def _found(self, values: tuple[int, ...]) -> Size | None:
        if len(set(values)) == 1:
            return values[0]
        return self._monomial(values) or self._sum(values) or self._floor(values) or self._product(values)

    def _rests(self, values: tuple[int, ...]) -> list[tuple[tuple[int, ...], Size]]:
        """The values divided by each product of names that divides them all, the largest last."""
        found = []
        for term, size in self._terms:
            if all(t and v % t == 0 for v, t in zip(values, term, strict=True)):
                found.append((tuple(v // t for v, t in zip(values, term, strict=True)), size))
        return found

    def _monomial(self, values: tuple[int, ...]) -> Size | None:
        for rest, size in self._rests(values):
            if len(set(rest)) == 1:
                return size * rest[0]
        return None

    def _sum(self, values: tuple[int, ...]) -> Size | None:
        """A product of names times a sum such as n + 1, or n + m + 1, or n·n + n."""
        for rest, size in reversed(self._rests(values)):
            for count in (1, 2):
                for chosen in itertools.combinations(self._terms[1:], count):
                    found = _solved(rest, [values for values, _ in chosen])
                    if found is not None:
                        first, *factors = found
                        terms = (term * f for (_, term), f in zip(chosen, factors, strict=True))
                        return size * sum(terms, start=first)
        return None

    def _floor(self, values: tuple[int, ...]) -> Size | None:
        """A product of names and a number times ⌊(s + b)/d⌋."""
        for rest, size in reversed(self._rests(values)):
            for name in self.names:
                for factor in _divisors(math.gcd(*rest)):
                    found = self._floored(name, tuple(v // factor for v in rest))
                    if found is not None:
                        return size * (found * factor)
        return None

    def _floored(self, name: str, values: tuple[int, ...]) -> Size | None:
        at = [point[name] for point in self.at]
        for by in _BY:
            low = max(by * v - s for v, s in zip(values, at, strict=True))
            high = min(by * v - s + by - 1 for v, s in zip(values, at, strict=True))
            if low <= high and abs(low) <= 4 * by:
                more = 0 if low <= 0 <= high else by - 1 if low <= by - 1 <= high else low
                above = name if more == 0 else f"({named(name) + more})"
                size = named(f"⌊{above}/{by}⌋")
                self._floors[str(size)] = (name, more, by, values)
                return size
        return None

    def _product(self, values: tuple[int, ...]) -> Size | None:
        """A floor that was found before, such as ⌊h/8⌋, times another, such as ⌊w/8⌋."""
        for text, (_, _, _, known) in list(self._floors.items()):
            if all(k and v % k == 0 for v, k in zip(values, known, strict=True)):
                rest = tuple(v // k for v, k in zip(values, known, strict=True))
                other = self._monomial(rest) or self._sum(rest) or self._floor(rest)
                if len(set(rest)) == 1 or other is not None:
                    return named(text) * (rest[0] if other is None else other)
        return None

    def product(self, columns: Sequence[Sequence[int]]) -> Size | None:
        """The product of sizes, each by its values in the runs; ``None`` where one is unknown."""
        found = [self.size(column) for column in columns]
        return None if any(one is None for one in found) else product(one for one in found if one is not None)

    def values(self, given: Mapping[str, int]) -> dict[str, Size]:
        """What stands for each name, and for each floor of one, at these values."""
        floors = {
            text: (given[name] + more) // by for text, (name, more, by, _) in self._floors.items() if name in given
        }
        return {**given, **floors}

    def holds(self, size: Size, values: Sequence[int]) -> bool:
        """Whether the polynomial gives these values at the runs."""
        return all(put(size, self.values(point)) == value for point, value in zip(self.at, values, strict=True))


def _solved(values: Sequence[int], terms: Sequence[Sequence[int]]) -> list[int] | None:
    """Whole c, a, b ... with values = c + a·first + b·second at every run; ``None`` where there are none.

    There must be a run more than numbers to find, so that one of them checks the others.
    """
    count = len(terms) + 1
    if len(values) <= count:
        return None
    rows = [[Fraction(1), *(Fraction(term[i]) for term in terms), Fraction(values[i])] for i in range(count)]
    for i in range(count):
        pivot = next((r for r in range(i, count) if rows[r][i]), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [one / rows[i][i] for one in rows[i]]
        for r in range(count):
            if r != i and rows[r][i]:
                rows[r] = [a - rows[r][i] * b for a, b in zip(rows[r], rows[i], strict=True)]
    found = [row[-1] for row in rows]
    if any(one.denominator != 1 for one in found):
        return None
    whole = [int(one) for one in found]
    for i in range(count, len(values)):
        if whole[0] + sum(f * term[i] for f, term in zip(whole[1:], terms, strict=True)) != values[i]:
            return None
    return whole


def _divisors(number: int) -> list[int]:
    small = [d for d in range(1, min(number, 4096) + 1) if number % d == 0]
    return sorted({*small, *(number // d for d in small)})
