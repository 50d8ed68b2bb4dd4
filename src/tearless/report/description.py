"""What each column of a table is, in numbers: held as data, shown as text, JSON, Markdown, CSV or HTML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.cells import cell_len, set_cell_size

import tearless
from tearless.core import encodable, quoted, visible
from tearless.core.number import shown

from . import markdown, markup
from .layout import LABEL, NAME, NARROW, Sheet
from .words import counted

VERSION = 1
AS_READ = "as read"
LONGEST_NAME = 24
LONGEST_TOP = 20


@dataclass(frozen=True, slots=True)
class ColumnDescription:
    """One column. A number is ``None`` where the column has none, for example the mean of text.

    ``null`` counts empty cells, ``nan`` those that hold "not a number", ``infinite`` those at ±∞; mean, spread and
    range are of the other cells. ``standard_deviation`` divides by n − 1. ``distinct`` is exact where
    ``distinct_exact`` says so, else an estimate with a relative standard error of 3.1 %. ``skewness`` is the third
    standardised moment. ``top`` is the most frequent value of a column that is no number, ``top_share`` its share of
    the filled cells.
    """

    name: str
    type: str
    null: int
    nan: int
    infinite: int
    distinct: float
    distinct_exact: bool
    mean: float | None = None
    standard_deviation: float | None = None
    minimum: float | int | str | None = None
    lower_quartile: float | None = None
    median: float | None = None
    upper_quartile: float | None = None
    maximum: float | int | str | None = None
    skewness: float | None = None
    top: str | None = None
    top_share: float | None = None


@dataclass(frozen=True)
class Description:
    """A table, column by column. ``quantiles_of`` says of which rows the quartiles and the top values are."""

    source: str
    rows: int
    columns: tuple[ColumnDescription, ...]
    quantiles_of: str
    seed: int
    notes: tuple[str, ...] = ()
    stopped: bool = False

    def __getitem__(self, name: str) -> ColumnDescription:
        """The column of this name. Raises ``KeyError`` where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def to_text(self, width: int = 80, color: bool = False) -> str:
        """A table, in as many panels as ``width`` needs; a list where it is very narrow."""
        sheet = Sheet(width, color, widest=width)
        _list(sheet, self.columns) if width < NARROW else _panels(sheet, self.columns)
        for line in self._lines():
            sheet.para(line, hang=3 if line.startswith(AS_READ) else 0)
        return sheet.text()

    def to_json(self) -> str:
        """All digits; ``null`` where a number does not exist. The same input gives the same bytes."""
        data: dict[str, Any] = asdict(self)
        data = {"version": VERSION, "tearless": tearless.__version__, **data, "source": encodable(self.source)}
        return json.dumps(data, indent=2, allow_nan=False) + "\n"

    def to_csv(self) -> str:
        """One line a column, with all digits. Control characters in names and values are escapes, unlike in JSON."""
        out = io.StringIO()
        writer = csv.DictWriter(out, list(ColumnDescription.__dataclass_fields__), lineterminator="\n")
        writer.writeheader()
        for column in self.columns:
            cells = asdict(column).items()
            writer.writerow({key: visible(cell) if isinstance(cell, str) else cell for key, cell in cells})
        return out.getvalue()

    def to_markdown(self) -> str:
        """One table, one row a column."""
        heads = ["column", *(head for head, _ in _SHOWN)]
        rows = [[quoted(c.name), *(show(c) for _, show in _SHOWN)] for c in self.columns]
        cells = [[markdown.inert(cell, in_table=True) for cell in row] for row in rows]
        parts = [markdown.table(heads, cells), *(markdown.inert(line) for line in self._lines())]
        return "\n\n".join(parts) + "\n"

    def to_html(self) -> str:
        """The table as a part of a page."""
        heads = "".join(f"<th>{markup.shown(head)}</th>" for head in ("column", *(head for head, _ in _SHOWN)))
        rows = ""
        for c in self.columns:
            cells = (c.name, *(show(c) for _, show in _SHOWN))
            rows += "<tr>" + "".join(f"<td>{markup.shown(cell)}</td>" for cell in cells) + "</tr>"
        said = "".join(f"<p>{markup.shown(line)}</p>" for line in self._lines())
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{said}"

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()

    def _lines(self) -> list[str]:
        """What stands under the table in every format: whether it is whole, how it was read, what the numbers are."""
        size = f"{counted(self.rows, 'row')}, {counted(len(self.columns), 'column')}"
        about = "Standard deviations divide by n−1; null and nan are counted apart and, like infinite cells, left out."
        stopped = [f"stopped by Ctrl-C: this is of the first {counted(self.rows, 'row')}"] if self.stopped else []
        last = f"{self.source}: {size}. {about} Quartiles and most frequent values are of {self.quantiles_of}."
        return [*stopped, *(f"{AS_READ}: {note}" for note in self.notes), last]


def figure(value: float | str | None) -> str:
    """A number to five digits, whole ones with separators; text cut to a readable length.

    >>> figure(1309.0), figure(13.00061), figure(None), figure("S")
    ('1,309', '13.001', '', 'S')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return visible(value, LONGEST_TOP)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.5g}"


def _count(column: ColumnDescription) -> str:
    return f"{'' if column.distinct_exact else '~'}{figure(round(column.distinct))}"


def _top(column: ColumnDescription) -> str:
    if column.top is None or column.top_share is None:
        return ""
    return f"{visible(column.top, LONGEST_TOP)} ({shown(column.top_share, 'share')})"


_SHOWN: tuple[tuple[str, Callable[[ColumnDescription], str]], ...] = (
    ("type", lambda c: c.type),
    ("null", lambda c: figure(c.null)),
    ("nan", lambda c: figure(c.nan)),
    ("infinite", lambda c: figure(c.infinite)),
    ("distinct", _count),
    ("most frequent", _top),
    ("mean", lambda c: figure(c.mean)),
    ("std. dev.", lambda c: figure(c.standard_deviation)),
    ("min", lambda c: figure(c.minimum)),
    ("25 %", lambda c: figure(c.lower_quartile)),
    ("median", lambda c: figure(c.median)),
    ("75 %", lambda c: figure(c.upper_quartile)),
    ("max", lambda c: figure(c.maximum)),
    ("skewness", lambda c: "" if c.skewness is None else f"{c.skewness:.3g}"),
)
_OFTEN_ZERO = ("null", "nan", "infinite")
_WORDS = ("type", "most frequent")
_SECOND_PANEL = "mean"


def _panels(sheet: Sheet, columns: Sequence[ColumnDescription]) -> None:
    """Tables beneath one another, each with the names; a column that is empty or zero throughout is left out."""
    names = [visible(c.name, LONGEST_NAME) for c in columns]
    room = max([6, *map(cell_len, names)])
    shapes = []
    for head, show in _SHOWN:
        cells = [show(c) for c in columns]
        if any(cell not in ("", "0") or (cell == "0" and head not in _OFTEN_ZERO) for cell in cells):
            shapes.append((head, cells, max(cell_len(t) for t in (head, *cells))))
    for panel in _filled(shapes, sheet.width - room):
        heads = [f"  {head.ljust(w) if head in _WORDS else head.rjust(w)}" for head, _, w in panel]
        sheet.line((" " * room + "".join(heads), LABEL))
        for i, name in enumerate(names):
            texts = [_set(cell[i], w, head in _WORDS) for head, cell, w in panel]
            sheet.line((set_cell_size(name, room), NAME), "".join(f"  {text}" for text in texts))
        sheet.blank()


def _set(text: str, width: int, left: bool) -> str:
    return set_cell_size(text, width) if left else " " * (width - cell_len(text)) + text


Shape = tuple[str, list[str], int]


def _filled(shapes: Sequence[Shape], width: int) -> list[list[Shape]]:
    """The columns of the table cut into panels that fit; counts and moments apart where one panel does not do."""
    if sum(w + 2 for *_, w in shapes) <= width:
        return [list(shapes)]
    panels: list[list[Shape]] = [[]]
    for shape in shapes:
        full = sum(w + 2 for *_, w in (*panels[-1], shape)) > width
        if panels[-1] and (full or shape[0] == _SECOND_PANEL):
            panels.append([])
        panels[-1].append(shape)
    return [panel for panel in panels if panel]


def _list(sheet: Sheet, columns: Sequence[ColumnDescription]) -> None:
    for column in columns:
        sheet.para((visible(column.name, LONGEST_NAME), NAME))
        told = [(head, show(column)) for head, show in _SHOWN]
        for head, text in told:
            if text and not (text == "0" and head in _OFTEN_ZERO):
                sheet.beside(3, (head.ljust(14), LABEL), text)
        sheet.blank()
