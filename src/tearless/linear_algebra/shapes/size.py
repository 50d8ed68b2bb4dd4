"""Sizes of axes: whole numbers, or polynomials in named sizes such as ``n`` and ``2·n + 1``, kept in normal form.

Two sizes are equal when their polynomials are: different names stand for different sizes until someone says otherwise.
A floor that does not come out even is a name of its own, ``⌊(n - 2)/2⌋``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import mul
from typing import TypeAlias

Monomial: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A polynomial with whole coefficients that is no plain number. Made by ``named`` and by arithmetic.

    >>> n = named("n")
    >>> print(2 * n + 3, n * n, (4 * n) // 4, (n + 1) // 2, n * 28 * 28)
    2·n + 3 n·n n ⌊(n + 1)/2⌋ 784·n
    """

    terms: tuple[tuple[Monomial, int], ...]

    def __add__(self, other: Size) -> Size:
        total = dict(self.terms)
        for monomial, factor in _terms(other):
            total[monomial] = total.get(monomial, 0) + factor
        return _size(total)

    def __mul__(self, other: Size) -> Size:
        total: dict[Monomial, int] = {}
        for left, a in self.terms:
            for right, b in _terms(other):
                monomial = tuple(sorted(left + right))
                total[monomial] = total.get(monomial, 0) + a * b
        return _size(total)

    def __sub__(self, other: Size) -> Size:
        return self + -1 * other

    def __rsub__(self, other: int) -> Size:
        return -1 * self + other

    def __floordiv__(self, other: Size) -> Size:
        return floor(self, other)

    def __rfloordiv__(self, other: int) -> Size:
        return floor(other, self)

    def __neg__(self) -> Size:
        return -1 * self

    __radd__ = __add__
    __rmul__ = __mul__

    def __str__(self) -> str:
        parts = [_term(monomial, factor) for monomial, factor in sorted(self.terms, key=lambda t: (-len(t[0]), t[0]))]
        return " + ".join(parts).replace("+ -", "- ")

    def __repr__(self) -> str:
        return str(self)


Size: TypeAlias = int | Named
Shape: TypeAlias = tuple[Size, ...]


def named(name: str) -> Named:
    """The size of this name.

    >>> named("n") + named("n")
    2·n
    """
    return Named((((name,), 1),))


def product(sizes: Iterable[Size]) -> Size:
    """The number of numbers in an array of these sizes.

    >>> print(product((named("n"), 8, 26, 26)), product(()))
    5408·n 1
    """
    return reduce(mul, sizes, 1)


def divided(size: Size, by: Size) -> Size | None:
    """The quotient where it comes out even for every value of the names; else ``None``.

    >>> n = named("n")
    >>> print(divided(784 * n, n), divided(784 * n, 784), divided(784 * n, 100), divided(12, 5))
    784 n None None
    """
    if size == by and by != 0:
        return 1
    if isinstance(by, int):
        if by == 0 or any(factor % by for _, factor in _terms(size)):
            return None
        return _size({monomial: factor // by for monomial, factor in _terms(size)})
    if len(by.terms) > 1:
        return None
    (under, bottom), out = by.terms[0], {}
    for monomial, factor in _terms(size):
        left = _without(monomial, under)
        if left is None or factor % bottom:
            return None
        out[left] = factor // bottom
    return _size(out)


def floor(size: Size, by: Size) -> Size:
    """The quotient rounded down. Whole multiples of a plain number stand before the floor: one size, one spelling.

    >>> n = named("n")
    >>> print(floor(n + 7, 2), floor(n - 1, 2), floor(5 * n, 2), floor(2 * n + 1, 2), floor(2 * n + 3, 4))
    ⌊(n + 1)/2⌋ + 3 ⌊(n + 1)/2⌋ - 1 2·n + ⌊n/2⌋ n ⌊(n + 1)/2⌋
    """
    exact = divided(size, by)
    if exact is not None:
        return exact
    if isinstance(by, int) and by < 0:
        return floor(-1 * size, -by)
    if not isinstance(by, int) or by == 0:
        common = math.gcd(*(factor for of in (size, by) for _, factor in _terms(of))) or 1
        return _floor(_size(_each(size, common)), _size(_each(by, common)))
    whole = _size(_each(size, by))
    rest = size - whole * by
    if isinstance(rest, int):
        return whole
    common = math.gcd(by, *(factor for monomial, factor in rest.terms if monomial))
    return whole + _floor(_size(_each(rest, common)), by // common)


def sizes_of(values: Iterable[Size]) -> Shape:
    """Sizes as a shape of plain ``int`` and ``Named``, whatever whole-number type they came in.

    >>> sizes_of([True, named("n")])
    (1, n)
    """
    return tuple(value if isinstance(value, Named) else int(value) for value in values)


def code(size: Size) -> str | None:
    """The size as Python code; ``None`` where its names are no names of Python.

    >>> code(2 * named("n") + 1), code(named("n") // 2), code(3)
    ('2*n + 1', None, '3')
    """
    if not all(name.isidentifier() for name in names_in(size)):
        return None
    return str(size).replace("·", "*")


def known(size: Size) -> bool:
    """Whether it is a plain number.

    >>> known(3), known(named("n"))
    (True, False)
    """
    return isinstance(size, int)


def names_in(size: Size) -> set[str]:
    """The names that a size is made of.

    >>> sorted(names_in(named("n") * named("k") + 1)), names_in(3)
    (['k', 'n'], set())
    """
    return set() if isinstance(size, int) else {name for monomial, _ in size.terms for name in monomial}


def put(size: Size, values: Mapping[str, Size]) -> Size:
    """The size with values in the place of names; a name without a value stays.

    >>> put(2 * named("n") + 1, {"n": 10})
    21
    """
    if isinstance(size, int):
        return size
    total: Size = 0
    for monomial, factor in size.terms:
        total = total + factor * product(values.get(name, named(name)) for name in monomial)
    return total


def multiple_needed(size: Size, by: int) -> int | None:
    """What a lone name in ``size`` must be a multiple of, so that ``by`` divides it; ``None`` for other sizes.

    >>> multiple_needed(784 * named("n"), 100)
    25
    """
    if isinstance(size, int) or len(size.terms) != 1 or len(size.terms[0][0]) != 1 or by == 0:
        return None
    return by // math.gcd(by, size.terms[0][1])


def written(shape: Shape) -> str:
    """A shape as Python writes a tuple.

    >>> written((named("n"), 784)), written((3,)), written(())
    ('(n, 784)', '(3,)', '()')
    """
    inside = ", ".join(map(str, shape))
    return f"({inside},)" if len(shape) == 1 else f"({inside})"


def _terms(size: Size) -> tuple[tuple[Monomial, int], ...]:
    return size.terms if isinstance(size, Named) else (((), size),)


def _size(terms: Mapping[Monomial, int]) -> Size:
    left = {monomial: factor for monomial, factor in terms.items() if factor}
    if not left:
        return 0
    return left[()] if set(left) == {()} else Named(tuple(sorted(left.items())))


def _each(size: Size, by: int) -> dict[Monomial, int]:
    return {monomial: factor // by for monomial, factor in _terms(size)}


def _floor(size: Size, by: Size) -> Named:
    return named(f"⌊{_factor(size)}/{by if str(by).isalnum() else f'({by})'}⌋")


def _without(monomial: Monomial, under: Monomial) -> Monomial | None:
    left = list(monomial)
    for name in under:
        if name not in left:
            return None
        left.remove(name)
    return tuple(left)


def _term(monomial: Monomial, factor: int) -> str:
    if not monomial:
        return str(factor)
    inside = "·".join(monomial)
    return inside if factor == 1 else f"-{inside}" if factor == -1 else f"{factor}·{inside}"


def _factor(size: Size) -> str:
    return f"({size})" if isinstance(size, Named) and len(size.terms) > 1 else str(size)
