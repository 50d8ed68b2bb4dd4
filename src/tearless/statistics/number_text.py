"""Numbers written as text: which texts read as a number, and what stands in the way of a plain one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import polars as pl

from tearless.core import visible
from tearless.statistics.sentinels import NO_VALUE, PERHAPS_NO_VALUE

Obstacle = Literal[
    "none", "spaces", "thousands", "decimal comma", "currency", "percent", "unit", "brackets", "minus sign", "quotes"
]
"""What keeps a text that means a number from being read as one."""

_CURRENCY = r"[$€£¥₹₽₩₺₪฿]|USD|EUR|GBP|CHF|JPY|kr|Fr\."
_PLAIN = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_CODE = re.compile(r"[-+]?0\d+(\.\d+)?")
_THOUSANDS = re.compile(r"[-+]?\d{1,3}([,' \u00a0\u202f]\d{3})+(\.\d+)?")
_COMMA = re.compile(r"[-+]?(\d+|\d{1,3}([. \u00a0\u202f']\d{3})+),\d+")
_ENDINGS = {"e", "E", "st", "nd", "rd", "th"}
_UNIT = re.compile(r"([-+]?[\d.,]*\d)\s*([A-Za-zµ°Ω²³/]{1,6})")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text reads: as a number or not, what stood in the way, its unit, and whether it looks like a code.

    A code is a whole number with a leading zero, which a number cannot keep: ``02139``.

    Made by ``read``, which shows ``is_number``, ``obstacle``, ``unit`` and ``is_code``.
    """

    is_number: bool
    obstacle: Obstacle = "none"
    unit: str = ""
    is_code: bool = False


def read(text: str) -> Reading:
    """How one text reads.

    A comma followed by one or two, or by more than three digits is a decimal comma; by exactly three, it groups
    thousands, for 1,234 is written so far oftener than 1.234 with a comma.

    >>> read("1,234.50").obstacle, read(" 12 ").obstacle, read("12,5").obstacle, read("$3").obstacle
    ('thousands', 'spaces', 'decimal comma', 'currency')
    >>> read("02139").is_code, read("twelve").is_number, read("7 kg").unit
    (True, False, 'kg')
    """
    if _PLAIN.fullmatch(text):
        return Reading(True, is_code=bool(_CODE.fullmatch(text)))
    bare = text.strip()
    if bare != text:
        inner = read(bare)
        return Reading(
            inner.is_number, "spaces" if inner.obstacle == "none" else inner.obstacle, inner.unit, inner.is_code
        )
    if _THOUSANDS.fullmatch(bare):
        return Reading(True, "thousands")
    if _COMMA.fullmatch(bare):
        return Reading(True, "decimal comma")
    return _dressed(bare)


def _dressed(bare: str) -> Reading:
    """A number with a sign of money, a percent sign, a unit, brackets, quotes or a typographic minus."""
    steps: tuple[tuple[Obstacle, str], ...] = (
        ("currency", rf"(?P<sign>[-+]?)\s*(?:{_CURRENCY})\s*(?P<n>.*\d)"),
        ("currency", rf"(?P<sign>)(?P<n>[-+]?\d.*?)\s*(?:{_CURRENCY})"),
        ("percent", r"(?P<sign>)(?P<n>[-+]?.*\d)\s*%"),
        ("brackets", r"(?P<sign>)\((?P<n>[^()]*\d)\)"),
        ("minus sign", r"(?P<sign>)[−–](?P<n>\d.*)"),
        ("quotes", r"(?P<sign>)['\"](?P<n>.*)['\"]"),
    )
    for obstacle, pattern in steps:
        found = re.fullmatch(pattern, bare)
        if found and _is_undressed(found["n"].strip()):
            return Reading(True, obstacle)
    found = _UNIT.fullmatch(bare)
    if found and _is_undressed(found[1]) and found[2] not in _ENDINGS:
        return Reading(True, "unit", found[2])
    return Reading(False)


def _is_undressed(text: str) -> bool:
    return any(p.fullmatch(text) for p in (_PLAIN, _THOUSANDS, _COMMA))


READ_ONE_BY_ONE = 4_096
"""Different texts that are read one by one at most, the commonest first; the others are taken to be like them."""
SCREENED = 1_024


@dataclass(frozen=True, slots=True)
class TextColumn:
    """How a text column reads: counts of cells, and what stands in the way as (what, cells, an example in quotes).

    Made by ``look``. Of ``cells`` filled cells, ``numbers`` read as numbers, ``plain`` of them without any obstacle,
    ``codes`` as codes; ``no_value`` stand for none. ``levels`` and ``lengths`` are how many texts and lengths of texts
    differ; ``obstacles`` has the commonest first.
    """

    cells: int
    numbers: float
    plain: int
    codes: int
    levels: int
    lengths: int
    no_value: int
    obstacles: tuple[tuple[str, int, str], ...] = ()

    @property
    def share(self) -> float:
        """Cells that read as numbers over the cells that hold a value."""
        return min(1.0, self.numbers / self.cells) if self.cells else 0.0


def text_columns(frame: pl.DataFrame) -> list[str]:
    """The names of the columns that hold text, also as categories.

    >>> text_columns(pl.DataFrame({"a": ["x"], "b": [1]}))
    ['a']
    """
    return [n for n, t in frame.schema.items() if t == pl.String or isinstance(t, pl.Categorical | pl.Enum)]


def look(column: pl.Series) -> TextColumn:
    """How the cells of one text column read.

    Where an evenly spaced part holds hardly a digit at the start of a cell, only that part is counted.

    >>> seen = look(pl.Series(["1,200", "15", "?", None, "7"]))
    >>> seen.cells, seen.numbers, seen.no_value, seen.obstacles[0]
    (3, 3.0, 1, ('thousands', 1, "'1,200'"))
    """
    filled = column.drop_nulls().cast(pl.String).alias("text")
    part = filled.gather_every(max(1, len(filled) // SCREENED))
    if not part.str.contains(r"^\W*[A-Za-z]{0,3}\W*\d").sum() > len(part) / 2:
        return TextColumn(len(filled), 0.0, 0, 0, filled.n_unique(), 2, 0)
    value = filled.cast(pl.Float64, strict=False)
    plain = value.is_finite().fill_null(False) & ~filled.str.contains(r"^\s|\s$")
    others = filled.filter(~plain).value_counts(sort=True, name="n")
    numbers, absent, found = _read_all(others)
    obstacles = tuple((what, count, f"'{visible(example, 24)}'") for what, (count, example) in found.items())
    digits = filled.str.contains(r"^\d+$").all()
    return TextColumn(
        cells=len(filled) - absent,
        numbers=int(plain.sum()) + numbers,
        plain=int(plain.sum()),
        codes=int(filled.str.contains(r"^\s*[-+]?0\d+\s*$").sum()),
        levels=filled.n_unique(),
        lengths=filled.str.len_bytes().n_unique() if digits else max(2, filled.str.len_bytes().n_unique()),
        no_value=absent,
        obstacles=obstacles,
    )


def _read_all(others: pl.DataFrame) -> tuple[float, int, dict[str, tuple[int, str]]]:
    """Cells that read as numbers after all, cells that say no value, and what stood in the way with an example."""
    texts, counts = others.to_series(0).to_list()[:READ_ONE_BY_ONE], others["n"].to_list()[:READ_ONE_BY_ONE]
    seen: dict[str, tuple[int, str]] = {}
    units: Counter[str] = Counter()
    numbers = absent = read_cells = 0
    for text, count in zip(texts, counts, strict=True):
        reading = read(text)
        bare = text.strip().lower()
        if bare in NO_VALUE or bare in PERHAPS_NO_VALUE:
            absent += count
            what = "a mark for no value"
        else:
            read_cells += count
            units[reading.unit] += count * reading.is_number
            what = reading.obstacle if reading.is_number else "no number"
        before = seen.get(what, (0, text))
        seen[what] = (before[0] + count, before[1])
    unit = max((u for u in units if u), key=lambda u: units[u], default="")
    numbers = units[""] + (units[unit] if unit else 0)
    unread = int(others["n"].sum() or 0) - absent - read_cells
    return numbers + unread * (numbers / read_cells if read_cells else 0.0), absent, seen
