"""The pair of columns that gives a class: two groupings crossed, or one number made of two."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .held_out import own_class_by_group
from .told import Answer, Cells, Codes, Floats, Told, told

MOST_COLUMNS = 24
"""Columns of each sort that are paired: 276 pairs."""
SCREEN_ROWS = 500
CROSS_ROWS = 2_000
TRIED = 4
"""Pairs of each sort that are tried on all rows, after the screen."""

MADE: dict[str, Callable[[Floats, Floats], Floats]] = {
    "{a} − {b}": lambda a, b: a - b,
    "{a} + {b}": lambda a, b: a + b,
    "{a} × {b}": lambda a, b: a * b,
    "{a} / {b}": lambda a, b: a / np.where(b == 0, np.nan, b),
    "{a} × {b}, each less its median": lambda a, b: (a - np.nanmedian(a, axis=0)) * (b - np.nanmedian(b, axis=0)),
}


@dataclass(frozen=True)
class Pair:
    """Two columns, what is made of them (a template of their names), what that tells, and how many were looked at.

    Made by ``find_pair``: ``told`` is what they tell together.
    """

    columns: tuple[int, int]
    made: str
    told: Told
    looked: int


def find_pair(cells: Sequence[Cells], answer: Answer) -> Pair | None:
    """The pair that tells most of the class, or ``None`` where there are no two columns to pair.

    ``cells`` are in the order of what they tell alone, most first: the first 24 with an order and the first 24 in
    groups are paired. Pairs are screened on some rows and the best few tried on all; ``looked`` counts all screened.

    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.integers(0, 2, (2, 400))
    >>> answer = Answer.of(a ^ b, True, np.arange(400))  # neither tells anything alone
    >>> cells = [Cells(np.ones(400, dtype=bool), None, codes, 2) for codes in (a, b)]
    >>> found = find_pair(cells, answer)
    >>> found.columns, found.made, round(found.told.left, 2)
    ((0, 1), '{a} with {b}', 0.01)
    """
    by_order = [j for j, c in enumerate(cells) if c.numbers is not None][:MOST_COLUMNS]
    by_group = [j for j, c in enumerate(cells) if c.codes is not None and 2 <= c.values <= 64][:MOST_COLUMNS]
    looked = len(MADE) * _pairs(by_order) + _pairs(by_group)
    tried = [*_crossed(cells, by_group, answer), *_made(cells, by_order, answer)]
    pairs = [Pair((i, j), made, told(both, answer), looked) for i, j, made, both in tried]
    return min(pairs, key=lambda p: (p.told.left_at_most, p.told.left), default=None)


def _pairs(columns: list[int]) -> int:
    return len(columns) * (len(columns) - 1) // 2


def _crossed(cells: Sequence[Cells], columns: list[int], answer: Answer) -> Iterator[tuple[int, int, str, Cells]]:
    """Two groupings crossed: each pair of values is a group; an empty cell is a value too."""
    some = answer.at(np.arange(min(CROSS_ROWS, len(answer.classes))))
    codes = {j: np.where(cells[j].filled, _codes(cells[j]) + 1, 0) for j in columns}
    wrong = []
    for i, j in combinations(columns, 2):
        both = codes[i] * (int(codes[j].max()) + 1) + codes[j]
        own = own_class_by_group(both[: len(some.classes)], some.classes)
        wrong.append((int((own <= 0.5).sum()), i, j, both))
    for _, i, j, both in sorted(wrong, key=lambda w: w[:3])[:TRIED]:
        yield i, j, "{a} with {b}", Cells(np.ones(len(both), dtype=bool), None, both, len(np.unique(both)))


def _codes(cells: Cells) -> Codes:
    return np.zeros(len(cells.filled), np.int64) if cells.codes is None else cells.codes


def _made(cells: Sequence[Cells], columns: list[int], answer: Answer) -> Iterator[tuple[int, int, str, Cells]]:
    """One number made of two: screened by how often rows that are neighbours in it share the class."""
    if len(columns) < 2:
        return
    n = min(SCREEN_ROWS, len(answer.classes))
    first, second = np.array(list(combinations(columns, 2))).T
    x = {j: c.numbers for j in columns if (c := cells[j]).numbers is not None}
    a, b = (np.column_stack([x[j][:n] for j in side]) for side in (first, second))
    scored = []
    with np.errstate(all="ignore"):
        for made, make in MADE.items():
            y = answer.classes[:n][np.argsort(make(a, b), axis=0)]
            same = (y[1:] == y[:-1]).mean(axis=0)
            scored += [(-float(s), made, int(i), int(j)) for s, i, j in zip(same, first, second, strict=True)]
        for _, made, i, j in sorted(scored)[:TRIED]:
            number = MADE[made](x[i], x[j])
            yield i, j, made, Cells(~np.isnan(number), number, None, len(number))
