"""A lesson as HTML: its view, its prose, its formulas, its questions. The guide and the reports put them on pages."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from html import escape

from tearless.core.lesson import Formula, Opened, Question, View
from tearless.core.text import visible

from .markup import report_style, shown
from .pictures.svg import STYLE as PICTURES
from .pictures.svg import figure
from .words import interval, quantity

TEXT_SIZE = 17.0
"""The height of a letter in a formula, in pixels, beside text of 16."""


def view_html(view: View) -> str:
    """The sentence, the pictures and the numbers of one setting.

    >>> view_html(View("It `falls`.", {}, ())).partition("</p>")[0]
    '<p class="says">It <code>falls</code>.'
    """
    rows = "".join(
        f'<tr><td>{shown(name)}</td><td data-number="{escape(name)}" data-value="{_value(number.value)}">'
        f"{shown(quantity(number))}</td><td>{shown(interval(number))}</td><td>{shown(number.meaning)}</td></tr>"
        for name, number in view.numbers.items()
    )
    heads = "<tr><th>number</th><th>value</th><th>interval</th><th>meaning</th></tr>"
    return (
        f'<p class="says">{shown(view.sentence)}</p>'
        f'<div class="pictures">{"".join(map(figure, view.pictures))}</div>'
        f'<details class="numbers"><summary>the numbers</summary><div class="wide" tabindex="0">'
        f"<table>{heads}{rows}</table></div></details>"
    )


def _value(value: float | None) -> str:
    return "" if value is None else repr(value)


def prose_html(text: str, fields: Mapping[str, str]) -> str:
    """A section's prose, its ``{fields}`` filled, as HTML without links, pictures or tags of anybody's.

    >>> prose_html("At {rate} it *falls* <b>", {"rate": "0.1"})
    '<p>At 0.1 it <em>falls</em> &lt;b&gt;</p>\\n'
    """
    return str(_markdown().render(visible_lines(text.format(**fields))))


def visible_lines(text: str) -> str:
    """Text without control characters but the ends of its lines.

    >>> visible_lines("one\\ntwo\\x1b")
    'one\\ntwo\\\\x1b'
    """
    return "\n".join(visible(line) for line in text.split("\n"))


@functools.cache
def _markdown():  # type: ignore[no-untyped-def]
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False}).disable(["image", "link", "autolink", "html_block", "reference"])


@functools.lru_cache(maxsize=256)
def formula_html(formula: Formula) -> str:
    """A formula set as a drawing in the page's colour, named for those who cannot see it.

    >>> 'aria-label="one over n"' in formula_html(Formula(r"\\frac{1}{n}", "one over n"))
    True
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of how it finds its own font
        from ziamath.config import config
        from ziamath.zmath import Latex
    config.svg2 = False
    config.precision = 1
    drawing = Latex(formula.tex, size=TEXT_SIZE, color="currentColor").svg()
    opening = f'<svg class="formula" role="img" aria-label="{escape(formula.said)}" '
    return drawing.replace("<svg ", opening, 1)


def question_html(question: Question, opened: Opened) -> str:
    """One question; each answer unfolds its reply.

    >>> import tearless
    >>> opened = tearless.lesson("gradient-descent")
    >>> question_html(opened.lesson.questions[0], opened).count("<details")
    3
    """
    fields = opened.view(**question.at).fields
    answers = "".join(
        f'<li><details class="{"right" if answer.right else "wrong"}"><summary>{_filled(answer.text, fields)}</summary>'
        f"<p><strong>{'Right.' if answer.right else 'No.'}</strong> {_filled(answer.reply, fields)}</p></details></li>"
        for answer in question.turned
    )
    ask = _filled(question.ask, fields)
    return f'<section class="question"><h3>{question.level}</h3><p>{ask}</p><ul>{answers}</ul></section>'


def _filled(template: str, fields: Mapping[str, str]) -> str:
    return shown(template.format(**fields))


class ShownLesson(Opened):
    """An opened lesson that a notebook shows as its page: the idea, the picture, the numbers, the formula."""

    def _repr_html_(self) -> str:
        head = f"<style>{report_style()}{PICTURES}</style>"
        return f'{head}<section class="tearless">{fold_out(self, unfolded=True)}</section>'


def fold_out(opened: Opened, unfolded: bool = False) -> str:
    """The lesson within a report: its idea, what it says of these numbers, its formula and how it fails.

    >>> import tearless
    >>> fold_out(tearless.lesson("gradient-descent")).startswith('<details class="lesson"><summary>lesson: ')
    True
    """
    page, view = opened.lesson.page(), opened.view()
    parts = [prose_html(page.sections["The idea"], view.fields), view_html(view)]
    parts += [prose_html(page.sections["The formula"], view.fields), *map(formula_html, opened.lesson.formulas)]
    parts.append(prose_html(page.sections["How it fails"], view.fields))
    title = f"lesson: {page.title}, computed on {opened.source}"
    state = " open" if unfolded else ""
    return f'<details class="lesson"{state}><summary>{shown(title)}</summary>{"".join(parts)}</details>'
