"""How a text table is written: its separator, its quote marks, its decimal mark, and whether it has a header."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SEPARATORS = (",", "\t", ";", "|")
_LINES = 200
_WITH_POINT = re.compile(r"[+-]?\d+\.\d+")
_WITH_COMMA = re.compile(r"[+-]?\d+,\d+")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the fields of a text table are told apart."""

    separator: str
    quote: str | None
    decimal_comma: bool


def dialect_of(head: str, whole: bool) -> Dialect:
    """The dialect of a text by its first lines; ``whole`` says that the last of them is not cut off."""
    lines = [line for line in head.split("\n", _LINES + 1)[: _LINES + 1] if line.strip()]
    lines = lines if whole or len(lines) < 2 else lines[:-1]
    quote = _quote(head)
    separator = max(SEPARATORS, key=lambda s: _steadiness(lines, s, quote))
    if _steadiness(lines, separator, quote)[0] == 0:
        separator = ","
    return Dialect(separator, quote, separator != "," and _decimal_comma(lines[1:], separator))


def _quote(head: str) -> str | None:
    """The quote mark, or ``None`` where no field starts with one and yet there are some, as in ``5" pipe``."""
    if '"' in head and not re.search(r'(?:^|[,;|\t\n])[ ]?"', head):
        return None
    return '"'


def _steadiness(lines: Sequence[str], separator: str, quote: str | None) -> tuple[float, int]:
    """The share of lines with the most common number of this separator, and that number; zero if it is none."""
    rows = csv.reader(
        lines, delimiter=separator, quotechar=quote, quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    )
    try:
        counts = Counter(len(row) - 1 for row in rows)
    except csv.Error:
        return (0.0, 0)
    if not any(counts):
        return (0.0, 0)
    number, lines_with = max(((n, k) for n, k in counts.items() if n), key=lambda pair: (pair[1], pair[0]))
    return (lines_with / sum(counts.values()), number)


def _decimal_comma(lines: Sequence[str], separator: str) -> bool:
    fields = [field.strip().strip('"') for line in lines for field in line.split(separator)]
    commas = [field for field in fields if _WITH_COMMA.fullmatch(field) and not _THOUSANDS.fullmatch(field)]
    return bool(commas) and not any(map(_WITH_POINT.fullmatch, fields))


def rows_of(lines: io.StringIO, dialect: Dialect) -> Any:
    """Python's own reader of the dialect: slow, but it counts lines."""
    if dialect.quote is None:
        return csv.reader(lines, delimiter=dialect.separator, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=dialect.separator, quotechar=dialect.quote)


def fields_of(line: str, dialect: Dialect) -> list[str]:
    """The fields of one record."""
    try:
        return next(rows_of(io.StringIO(line, newline=""), dialect), [])
    except csv.Error:  # a field longer than the module takes
        return line.split(dialect.separator)


def is_header(fields: Sequence[str]) -> bool:
    """Whether the first record names the columns: it does unless all its fields are numbers.

    Numbers that count up (``0,1,2`` or ``2019,2020,2021``) are names all the same.

    >>> is_header(["a", "1"]), is_header(["0", "1", "2"]), is_header(["5.1", "3.5"])
    (True, True, False)
    """
    filled = [field.strip() for field in fields]
    if not all(map(_is_number, filled)):
        return True
    whole = len(filled) > 1 and all(field.isdecimal() for field in filled)
    return whole and all(int(b) - int(a) == 1 for a, b in itertools.pairwise(filled))


def _is_number(field: str) -> bool:
    try:
        float(field.replace(",", "."))
    except ValueError:
        return False
    return True
