"""An answer for a terminal: its tables in columns where they fit, as a list of labelled cells where they do not."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size

from tearless.core import Number, visible

from . import words
from .answer import Answer, Bar, Block, Cell, Table
from .layout import LABEL, NAME, Sheet

WHOLE = 76
LONGEST = 32
"""Characters of a cell: where all columns fit so, and where they would not."""
GAP = 2
INDENT = 3
"""Columns by which a block stands in."""


def write_answer(sheet: Sheet, answer: Answer, verbose: bool = False) -> None:
    """The verdict, blocks, sentences under labels, tables; all numbers with their meanings where ``verbose``."""
    sheet.para((answer.verdict, NAME), hang=3)
    for block in answer.blocks:
        sheet.blank()
        write_block(sheet, block)
    for label, sentence in answer.said:
        sheet.labelled(label, sentence)
    if verbose:
        for i, (name, number) in enumerate(answer.numbers.items()):
            span = f" ({words.interval(number)})" if number.interval else ""
            line = f"{name} = {words.quantity(number)}{span}: {number.meaning}"
            sheet.labelled("numbers" if i == 0 else "", line)
    sheet.blank()
    for table in answer.tables:
        write_table(sheet, table, verbose)


def write_block(sheet: Sheet, block: Block) -> None:
    """Lines as they stand, moved in where there is room; none is wrapped."""
    if block.title:
        sheet.para((block.title, NAME))
    room = sheet.width - max(map(cell_len, block.lines), default=0)
    for line in block.lines:
        sheet.line(" " * min(INDENT, max(0, room)) + line)
    sheet.blank()


def write_table(sheet: Sheet, table: Table, everything: bool = False) -> None:
    """One table, its title above it."""
    rows = table.rows if everything or not table.more else table.rows[: -table.more]
    for longest in (WHOLE, LONGEST):
        texts = [[visible(cell_text(cell), longest) for cell in row] for row in rows]
        widths = [max(cell_len(t) for t in column) for column in zip(table.heads, *texts, strict=True)]
        if sum(widths) + GAP * len(widths) <= sheet.width:
            break
    if table.title:
        sheet.para((table.title, NAME))
    if sum(widths) + GAP * len(widths) <= sheet.width:
        rights = [any(isinstance(row[i], Number) for row in rows) for i in range(len(widths))]
        sheet.line((_line(table.heads, widths, rights), LABEL))
        for row in texts:
            sheet.line(_line(row, widths, rights))
    else:
        for row in texts:
            for i, (head, text) in enumerate(zip(table.heads, row, strict=True)):
                if text:
                    sheet.beside(1 if i == 0 else 3, (f"{head}: " if head else "", LABEL), text)
    if len(rows) < len(table.rows):
        sheet.line((f"and {words.counted(len(table.rows) - len(rows), 'more row')} (--verbose shows all)", LABEL))
    sheet.blank()


def cell_text(cell: Cell) -> str:
    """A cell as words: a number with its unit and interval, a bar as a line of blocks."""
    if isinstance(cell, Number):
        text = words.quantity(cell)
        if cell.interval is None:
            return text
        low, high = (str(Number(end, cell.unit, "")) for end in cell.interval)
        return f"{text} ({low} to {high})"
    return str(cell) if isinstance(cell, Bar) else cell


def _line(texts: tuple[str, ...] | list[str], widths: list[int], rights: list[bool]) -> str:
    cells = [
        " " * (w - cell_len(t)) + t if right else set_cell_size(t, w)
        for t, w, right in zip(texts, widths, rights, strict=True)
    ]
    return (" " * GAP).join(cells).rstrip()
