"""A lesson for a terminal: its prose, its picture in letters, its numbers, its questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tearless.core.lesson import Opened, Slider

from .layout import LABEL, NAME, Sheet
from .page import blocks, is_listed
from .pictures.plain import to_lines
from .words import interval, quantity

MARGIN = 3


def to_text(opened: Opened, settings: Mapping[str, Any], code: str, width: int = 80, color: bool = False) -> str:
    """The whole lesson at these settings, wrapped to ``width`` columns.

    >>> import tearless
    >>> opened = tearless.lesson("gradient-descent")
    >>> to_text(opened, opened.settings(), "print(1)").splitlines()[1]
    'calculus/gradient-descent, computed on the usual example'
    """
    lesson, view, usual = opened.lesson, opened.view(**settings), opened.view()
    page = lesson.page()
    sheet = Sheet(width, color)
    sheet.para((f"{page.title}", NAME))
    sheet.para((f"{lesson.path}, computed on {opened.source}", LABEL))
    _prose(sheet, "The idea", page.sections, usual.fields)
    sheet.blank()
    _controls(sheet, opened, settings)
    sheet.para((view.sentence, NAME), indent=MARGIN)
    for picture in view.pictures:
        sheet.blank()
        for line in to_lines(picture, sheet.width - MARGIN):
            sheet.line(" " * MARGIN + line)
    sheet.blank()
    for name, number in view.numbers.items():
        span = f" ({interval(number)})" if number.interval else ""
        sheet.para((name, LABEL), f"  {quantity(number)}{span}: {number.meaning}", indent=MARGIN, hang=3)
    _prose(sheet, "The picture", page.sections, usual.fields)
    _prose(sheet, "The formula", page.sections, usual.fields, [formula.said for formula in lesson.formulas])
    sheet.blank()
    sheet.para(("The code", NAME))
    for line in code.rstrip().split("\n"):
        sheet.line(" " * MARGIN + line)
    _prose(sheet, "Where it is used", page.sections, usual.fields)
    _prose(sheet, "How it fails", page.sections, usual.fields)
    if lesson.catches:
        sheet.para(("caught by", LABEL), f"  {', '.join(lesson.catches)}", indent=MARGIN, hang=3)
    _questions(sheet, opened)
    sheet.blank()
    sheet.para(("next", LABEL), "  " + ", ".join(f"tearless learn {name}" for name in lesson.next))
    return sheet.text()


def _prose(
    sheet: Sheet, name: str, sections: Mapping[str, str], fields: Mapping[str, str], first: list[str] | None = None
) -> None:
    sheet.blank()
    sheet.para((name, NAME))
    for said in first or []:
        sheet.para(said, indent=2 * MARGIN, hang=2)
    for block in blocks(sections[name].format(**fields)):
        for line in block:
            sheet.para(line, indent=MARGIN, hang=2 if is_listed(line) else 0)


def _controls(sheet: Sheet, opened: Opened, settings: Mapping[str, Any]) -> None:
    """The controls as options of the command, with what they may be."""
    for control in opened.controls:
        at = settings[control.name]
        if isinstance(control, Slider):
            told = f"--set {control.name}={at:g}  {control.label}, {control.low:g} to {control.high:g}"
        else:
            told = f"--set {control.name}={at!r}  {control.label}: {', '.join(control.among)}"
        sheet.para((told, LABEL), indent=MARGIN, hang=3)


def _questions(sheet: Sheet, opened: Opened) -> None:
    sheet.blank()
    sheet.para(("Questions", NAME))
    replies: list[str] = []
    for number, question in enumerate(opened.lesson.questions, 1):
        fields = opened.view(**question.at).fields
        sheet.para((f"{number}. {question.level}: ", LABEL), question.ask.format(**fields), indent=MARGIN, hang=3)
        for letter, answer in zip("abcdef", question.turned, strict=False):
            sheet.para(f"{letter}) {answer.text.format(**fields)}", indent=2 * MARGIN, hang=3)
            if answer.right:
                replies.append(f"{number}{letter}: {answer.reply.format(**fields)}")
    sheet.blank()
    sheet.para(("Answers", NAME))
    for reply in replies:
        sheet.para(reply, indent=MARGIN, hang=3)
