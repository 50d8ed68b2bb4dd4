"""Why a text table cannot be read: the line, what was expected there and what stands there."""

from __future__ import annotations

import csv
import io
import re

from tearless.core import InputError

from .dialect import Dialect
from .records import Block, Text

_SHOWN_SEPARATOR = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


def refusal_of(block: Block, text: Text, dialect: Dialect, columns: int) -> InputError:
    """The refusal of a block that could not be parsed into that many columns."""
    start = f"{text.argument}: expected a table with the same number of fields in every row, got {text.label}, where "
    found = _ragged(block, dialect, columns)
    if found is not None:
        line, fields = found
        separator = _SHOWN_SEPARATOR[dialect.separator]
        return InputError(
            f"{start}line {line:,} has {fields:,} field{'s' if fields != 1 else ''} and the first row {columns:,} "
            f"(separated by {separator}); mend that line"
        )
    line = _open_quote(block, dialect)
    if line is not None:
        return InputError(
            f"{start}a quote mark in line {line:,} is never closed; close it, or double it inside a field"
        )
    stray = re.search(
        rf'[^{re.escape(dialect.separator)}"\n]"[^{re.escape(dialect.separator)}"\r\n]'.encode(), block.data
    )
    line = block.line + (block.data.count(b"\n", 0, stray.start() + 1) if stray else 0)
    return InputError(
        f"{start}the quote marks {'in' if stray else 'after'} line {line:,} cannot be understood; "
        "put the whole field between quote marks, and double those inside it"
    )


def _ragged(block: Block, dialect: Dialect, columns: int) -> tuple[int, int] | None:
    """The line at which the first row of another length starts, and its number of fields."""
    text = io.StringIO(block.data.decode("utf-8", "replace"), newline="")
    quoting = csv.QUOTE_MINIMAL if dialect.quote else csv.QUOTE_NONE
    rows = csv.reader(text, delimiter=dialect.separator, quotechar=dialect.quote, quoting=quoting)
    before = 0
    try:
        for row in rows:
            if len(row) != columns and (row or columns == 1) and row:
                open_quote = before + 1 < rows.line_num and _open_quote(block, dialect) == block.line + before
                return None if open_quote else (block.line + before, len(row))
            before = rows.line_num
    except csv.Error:
        return None
    return None


def _open_quote(block: Block, dialect: Dialect) -> int | None:
    """The line of the quote mark that is never closed, where the block has an odd number of them."""
    if dialect.quote is None or block.data.count(b'"') % 2 == 0:
        return None
    text = io.StringIO(block.data.decode("utf-8", "replace"), newline="")
    rows = csv.reader(text, delimiter=dialect.separator, quotechar=dialect.quote)
    start = last = 0
    try:
        for _ in rows:
            start, last = last, rows.line_num
    except csv.Error:
        return block.line + last
    return block.line + start
