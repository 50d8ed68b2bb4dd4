"""Every published figure beside the computed one, for a terminal and as Markdown."""

from __future__ import annotations

from tearless.report.layout import LABEL, NAME, Sheet
from tearless.report.markdown import table

from . import calculus, claims, linear_algebra, probability, statistics
from .row import Row

INTRODUCTION = (
    "Figures that a widely read tutorial prints, each computed again from its own inputs by the functions of this "
    "library. A printed figure agrees where the computed one rounds to it."
)


def every_row() -> tuple[Row, ...]:
    """All published figures and claims, computed now."""
    return tuple(row for part in (linear_algebra, calculus, probability, statistics, claims) for row in part.rows())


def to_text(rows: tuple[Row, ...], width: int = 80, color: bool = False) -> str:
    """The rows wrapped to ``width`` columns."""
    sheet = Sheet(width, color)
    sheet.para(INTRODUCTION)
    for row in rows:
        sheet.blank()
        sheet.para((row.topic, NAME), f"  {verdict(row)}")
        sheet.para((row.inputs, LABEL), indent=3)
        for figure in row.figures:
            printed = "" if figure.printed is None else f"printed {figure.printed}, "
            mark = "" if figure.agrees else "   ← differs"
            sheet.para(f"{figure.name}: {printed}computed {figure.shown}{mark}", indent=3, hang=2)
        if row.why:
            sheet.para(f"{row.why}.", indent=3)
    sheet.blank()
    sheet.para(summary(rows))
    return sheet.text()


def to_markdown(rows: tuple[Row, ...]) -> str:
    """The same as a page of the docs."""
    lines = [
        [
            row.topic,
            row.inputs,
            "<br>".join(f"{f.name}: {f.printed}" for f in row.figures if f.printed is not None),
            "<br>".join(f"{f.name}: {f.shown}" if f.agrees else f"**{f.name}: {f.shown}**" for f in row.figures),
            row.why,
        ]
        for row in rows
    ]
    lines = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    heads = ["topic", "inputs", "printed", "computed", "why"]
    return "\n\n".join(["# Numbers that were published", INTRODUCTION, table(heads, lines), summary(rows)]) + "\n"


def verdict(row: Row) -> str:
    """What became of one row, in a few words."""
    printed = [figure for figure in row.figures if figure.printed is not None]
    if not printed:
        return "no number settles it"
    wrong = sum(not figure.agrees for figure in printed)
    return "agrees" if not wrong else f"{wrong} of {len(printed)} differ"


def summary(rows: tuple[Row, ...]) -> str:
    """One line over all rows."""
    printed = [figure for row in rows for figure in row.figures if figure.printed is not None]
    wrong = sum(not figure.agrees for figure in printed)
    open_claims = sum(all(figure.printed is None for figure in row.figures) for row in rows)
    return (
        f"{len(rows)} topics; {wrong} of {len(printed)} printed figures differ from what their inputs give; "
        f"{open_claims} claims that no number settles were put to an experiment."
    )
