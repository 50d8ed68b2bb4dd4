"""Why a text table cannot be read: the line, what was expected there and what stands there."""

from __future__ import annotations

import csv
import io
import re

from tearless.core import InputError

from .dialect import Dialect, rows_of
from .records import Block, Text

_SPOKEN = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


def refusal_of(block: Block, text: Text, dialect: Dialect, columns: int) -> InputError:
    """The refusal of a block that could not be parsed into that many columns."""
    start = f"{text.argument}: expected a table with the same number of fields in every row, got {text.label}, where "
    uneven, last = _uneven(block, dialect, columns)
    unclosed = dialect.quote is not None and block.data.count(b'"') % 2 == 1
    if uneven is not None and not (unclosed and uneven[0] == last):
        line, fields = uneven
        return InputError(
            f"{start}line {line:,} has {fields:,} field{'s' if fields != 1 else ''} and the first row {columns:,} "
            f"(separated by {_SPOKEN[dialect.separator]}); mend that line"
        )
    if unclosed:
        return InputError(f"{start}a quote mark in line {last:,} is not closed; close it, or double it inside a field")
    apart = re.escape(dialect.separator)
    stray = re.search(rf'[^{apart}"\n]"[^{apart}"\r\n]'.encode(), block.data)
    line = block.line + (block.data.count(b"\n", 0, stray.start() + 1) if stray else 0)
    return InputError(
        f"{start}the quote marks {'in' if stray else 'after'} line {line:,} cannot be understood; "
        "put the whole field between quote marks, and double those inside it"
    )


def _uneven(block: Block, dialect: Dialect, columns: int) -> tuple[tuple[int, int] | None, int]:
    """Line and number of fields of the first row of another length; and the line at which the last row starts."""
    rows = rows_of(io.StringIO(block.data.decode("utf-8", "replace"), newline=""), dialect)
    before = start = 0
    found: tuple[int, int] | None = None
    try:
        for row in rows:
            start, before = before, rows.line_num
            if row and len(row) != columns and found is None:
                found = (block.line + start, len(row))
    except csv.Error:  # a field longer than the module takes
        start = before
    return found, block.line + start
