"""How much of the target one column tells: on all rows, on those where it is filled, and by being filled or not."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtri

from .held_out import (
    bent,
    gaps_by_group,
    gaps_by_order,
    own_class_by_group,
    own_class_by_order,
)
from .information import bits_left_at_most, entropy_bits, log_evidence
from .intervals import clopper_pearson

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Where = Literal["all", "filled", "empty"]
LEVEL = 0.9
"""Confidence of the two-sided intervals; each bound alone holds with 0.95."""
Z = 1.6448536269514722
"""The 0.95 quantile of the standard normal law."""
BINS = 32
KEPT = 0.9
"""Share of the squares kept, the smallest: one exception in a hundred rows spoils three of them."""


@dataclass(frozen=True)
class Answer:
    """The target on some rows in random order: class codes, and the number on a scale that no tail dominates.

    ``classes`` are the classes of the target, or those of the number in up to eight equal parts. ``place`` sorts the
    rows into the order of the table, by their row numbers ``row``.

    >>> answer = Answer.of(np.array([3, 3, 7, 9]), True, np.arange(4))
    >>> answer.classes.tolist(), answer.k, answer.bits  # two of four, one, one
    ([0, 0, 1, 2], 3, 1.5)
    """

    classes: Codes
    number: Floats | None
    row: Codes

    @classmethod
    def of(cls, values: Codes | Floats, is_classes: bool, rows: Codes) -> Answer:
        """The answer for these values; ``rows`` are their row numbers in the table."""
        if is_classes:
            return cls(np.unique(values, return_inverse=True)[1].astype(np.int64), None, rows)
        number = bent(values.astype(np.float64))
        return cls(parts_of(number, min(8, max(2, len(number) // 5))), number, rows)

    def at(self, rows: Codes) -> Answer:
        """The answers of some of the rows, or of all in another order: then they are given to other rows."""
        number = None if self.number is None else self.number[rows]
        return Answer(self.classes[rows], number, self.row[rows])

    @cached_property
    def place(self) -> Codes:
        return np.argsort(self.row, kind="stable")

    @cached_property
    def k(self) -> int:
        return int(self.classes.max(initial=0)) + 1

    @cached_property
    def bits(self) -> float:
        return entropy_bits(np.bincount(self.classes))

    @cached_property
    def kept(self) -> float:
        """Nine tenths, but all where most rows share one number: the largest squares are then no exceptions."""
        squares = self._by_chance(np.arange(len(self.classes)))
        return KEPT if _trimmed(squares, KEPT) > 0.1 * squares.mean() else 1.0

    def by_chance(self, rows: Codes) -> tuple[float, float]:
        """Noise in the number when it is told by other rows at random, and by the rows above and below in the table."""
        inside = np.zeros(len(self.classes), dtype=bool)
        inside[rows] = True
        mixed, in_order = np.flatnonzero(inside), self.place[inside[self.place]]
        return _trimmed(self._by_chance(mixed), self.kept), _trimmed(self._by_chance(in_order), self.kept)

    def _by_chance(self, rows: Codes) -> Floats:
        if self.number is None:
            raise TypeError("a target of classes has no number")
        return gaps_by_order(np.arange(len(rows), dtype=np.float64), self.number[rows])


def parts_of(values: Floats, parts: int) -> Codes:
    """Codes of up to ``parts`` equal parts by rank; equal values in one part.

    Shape ``(n,)``, finite.

    >>> parts_of(np.array([5.0, 1.0, 1.0, 9.0]), 2).tolist()
    [1, 0, 0, 1]
    """
    cuts = np.unique(np.quantile(values, np.arange(1, parts) / parts, method="lower"))
    return np.searchsorted(cuts, values, side="left").astype(np.int64)


def _trimmed(squares: Floats, kept: float) -> float:
    """The mean of the smallest share ``kept`` of the squares."""
    if kept == 1.0:
        return float(squares.mean())
    many = max(1, round(kept * len(squares)))
    return float(np.partition(squares, many - 1)[:many].mean())


@dataclass(frozen=True)
class Cells:
    """A column on the same rows: which cells are filled, and their numbers (nan if empty) or codes of their values.

    >>> column = Cells(np.array([True, False, True]), np.array([5.0, np.nan, 2.0]), None, 2)
    >>> column.by_value.tolist(), column.at(np.array([2])).numbers.tolist()
    ([2, 0], [2.0])
    """

    filled: NDArray[np.bool_]
    numbers: Floats | None = None
    codes: Codes | None = None
    values: int = 0

    @cached_property
    def by_value(self) -> Codes:
        """The filled rows in the order of their values."""
        rows = np.flatnonzero(self.filled)
        return rows if self.numbers is None else rows[np.argsort(self.numbers[rows])]

    def at(self, rows: Codes) -> Cells:
        """The same column on some of the rows."""
        numbers = None if self.numbers is None else self.numbers[rows]
        codes = None if self.codes is None else self.codes[rows]
        return Cells(self.filled[rows], numbers, codes, self.values)


@dataclass(frozen=True)
class Told:
    """What one column tells. ``share`` is of the target's bits; of a number's variation, where the column is filled.

    ``low`` and ``high`` are the ends of its interval.
    ``left`` is the share of the doubt that is left in the rows where the column tells most, ``left_at_most`` its upper
    bound; ``where`` says which rows these are. ``already`` is how common the one class told of is overall, 0 where the
    values tell every class. ``log_evidence`` is against the column telling nothing.

    Made by ``told``. Where one class is told of, ``told_class`` is its code (else −1) and ``of_that_class`` how many of
    the ``rows`` are of it.
    """

    share: float
    low: float
    high: float
    left: float
    left_at_most: float
    where: Where
    rows: int
    log_evidence: float
    already: float = 0.0
    told_class: int = -1
    of_that_class: int = 0


def told(cells: Cells, answer: Answer) -> Told:
    """What the column tells of the answer. Both hold the same rows, in an order that depends on neither.

    >>> answer = Answer.of(np.arange(400) * 7 % 2, True, np.arange(400))
    >>> same = told(Cells(np.ones(400, dtype=bool), None, answer.classes, 2), answer)
    >>> round(same.share, 2), same.rows
    (1.0, 400)
    """
    return _told_number(cells, answer) if answer.number is not None else _told_class(cells, answer)


def _told_class(cells: Cells, answer: Answer) -> Told:
    y, n = answer.classes, len(answer.classes)
    filled, empty = np.flatnonzero(cells.filled), np.flatnonzero(~cells.filled)
    own = np.empty(n)
    rows, bins = _sorted_and_binned(cells)
    numbers = cells.numbers
    if numbers is None:
        own[rows] = own_class_by_group(bins, y[rows]) if len(rows) else 0.0
    else:
        own[rows] = own_class_by_order(numbers[rows], y[rows])
    if len(empty):
        own[empty] = own_class_by_group(np.zeros(len(empty), np.int64), y[empty])
    lost = -np.log2(own)
    evidence = _evidence(rows, bins, empty, answer)
    whole = _by_value(lost, own, y, answer.k, "all", evidence)
    views = [whole]
    if len(empty):
        views += _by_presence(filled, empty, answer, whole)
        counts = np.bincount(y[filled], minlength=answer.k)
        if np.count_nonzero(counts) > 1:
            inside = _by_value(lost[filled], own[filled], y[filled], answer.k, "filled", evidence)
            views.append(replace(inside, share=whole.share, low=whole.low, high=whole.high))
    return min(views, key=lambda view: (view.left_at_most, view.left))


def _sorted_and_binned(cells: Cells) -> tuple[Codes, Codes]:
    """The filled rows in the order of their values, and the group of each: its value, or its part by rank."""
    rows = cells.by_value
    if cells.codes is not None:
        return rows, cells.codes[rows]
    parts = int(min(BINS, max(2, len(rows) // 8)))
    return rows, np.arange(len(rows)) * parts // max(1, len(rows))


def _evidence(rows: Codes, bins: Codes, empty: Codes, answer: Answer) -> float:
    groups = np.zeros(len(answer.classes), dtype=np.int64)
    groups[rows] = bins + 1
    present = np.zeros(len(groups), dtype=np.int64)
    present[rows] = 1
    by_value = log_evidence(groups, answer.classes, int(groups.max(initial=0)) + 1, answer.k)
    if not len(empty) or answer.number is not None:
        return by_value
    by_presence = log_evidence(present, answer.classes, 2, answer.k)
    return float(np.logaddexp(by_value, by_presence) - np.log(2))


def _by_value(lost: Floats, own: Floats, y: Codes, k: int, where: Where, evidence: float) -> Told:
    """All classes told by the values: bits left on held-out rows, and Fano's bound from the rows told wrongly."""
    bits = _bits(tuple(np.bincount(y).tolist()))
    share = 1 - float(lost.mean()) / bits
    left = min(1.0, 1 - share)
    spread = Z * float(lost.std()) / math.sqrt(len(y)) / bits
    wrong = _at_most(int((own <= 0.5).sum()), len(y))
    at_most = max(left, min(1.0, bits_left_at_most(wrong, k) / bits))
    share = max(0.0, share)
    return Told(share, min(share, 1 - at_most), min(1.0, share + spread), left, at_most, where, len(y), evidence)


@lru_cache(maxsize=4_096)
def _bits(counts: tuple[int, ...]) -> float:
    return entropy_bits(counts)


@lru_cache(maxsize=4_096)
def _at_most(successes: int, trials: int) -> float:
    """The upper bound of a share. Thousands of columns of one table ask for few different ones."""
    return clopper_pearson(successes, trials, LEVEL)[1]


def _by_presence(filled: Codes, empty: Codes, answer: Answer, whole: Told) -> Iterable[Told]:
    """One class told by a cell being filled, or empty: how common the others still are there, against overall."""
    overall = np.bincount(answer.classes, minlength=answer.k) / len(answer.classes)
    sides: tuple[tuple[Where, Codes], ...] = (("filled", filled), ("empty", empty))
    for where, rows in sides:
        if len(rows):
            counts = np.bincount(answer.classes[rows], minlength=answer.k)
            c = int(counts.argmax())
            others, m, base = int(len(rows) - counts[c]), len(rows), float(1 - overall[c])
            at_most = min(1.0, clopper_pearson(others, m, LEVEL)[1] / base)
            left = min(at_most, others / m / base)
            seen = replace(whole, left=left, left_at_most=at_most, where=where, rows=m)
            yield replace(seen, already=float(overall[c]), told_class=c, of_that_class=int(counts[c]))


def _told_number(cells: Cells, answer: Answer) -> Told:
    rows, bins = _sorted_and_binned(cells)
    evidence = _evidence(rows, bins, np.flatnonzero(~cells.filled), answer)
    where: Where = "all" if len(rows) == len(answer.classes) else "filled"
    at_random, in_order = answer.by_chance(rows) if len(rows) > 2 else (0.0, 0.0)
    if min(at_random, in_order) == 0.0 or answer.number is None:
        return Told(0.0, 0.0, 0.0, 1.0, 1.0, where, len(rows), evidence)
    y = answer.number[rows]
    x = cells.numbers
    squares = gaps_by_group(bins, y) if x is None else gaps_by_order(bent(x[rows]), y)
    noise = _trimmed(squares, answer.kept)
    factor = noise_factor(squares)
    share, low, high = (1 - min(1.0, noise * f / at_random) for f in (1.0, factor, 1 / factor))
    left = noise / min(at_random, in_order)
    return Told(share, low, high, min(1.0, left), min(1.0, left * factor), where, len(rows), evidence)


def noise_factor(squares: Floats) -> float:
    """Upper 95 % bound of a ratio of two mean squares over the ratio itself, by an F law with matched freedom.

    The freedom of the mean of ``squares`` is 2 mean²/variance of the mean, the variance half as large again for
    neighbours that share rows (Satterthwaite, Biometrics Bull. 2, 1946); that of the base is two thirds of the rows.

    ``squares`` has shape ``(n,)``.

    >>> noise_factor(np.ones(2)), 1.0 < noise_factor(np.ones(10_000)) < noise_factor(np.ones(100))
    (1.0, True)
    """
    n, mean = len(squares), float(squares.mean())
    if n < 3 or mean == 0:
        return 1.0
    scaled = squares / mean
    free = min(n / 1.5, max(1.0, 2 * n / (1.5 * max(float(scaled.var()), 1e-9))))
    return float(fdtri(n / 1.5, free, 0.95))
