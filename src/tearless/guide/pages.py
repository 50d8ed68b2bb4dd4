"""The pages of the guide, made of the lessons, the checks and the reader's own data."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Template
from markupsafe import Markup

from tearless.core import InputError
from tearless.core.catalogue import LessonEntry, find, find_lesson, lessons
from tearless.core.lesson import Opened
from tearless.doctor.lesson import lesson
from tearless.report.lesson import formula_html, prose_html, question_html, view_html
from tearless.report.markup import report_style
from tearless.report.pictures.svg import COLOURS, STYLE

from .code import code_of
from .curriculum import SYMPTOMS, in_order
from .failing import failing
from .templates import page

HERE = Path(__file__).parent
STATIC = HERE / "static"


@dataclass(frozen=True)
class Mine:
    """The reader's own data, as the command line named them; ``data`` serves every kind of lesson that has no other."""

    data: Any = None
    target: str | None = None
    predictions: Any = None
    record: Any = None
    test: Any = None
    seed: int = 0


@dataclass
class Guide:
    """The guide to lessons, on the reader's own data where a lesson can be had on them.

    >>> guide = Guide()
    >>> "diverges" in guide.view("gradient-descent", {"rate": "1.2"})["said"]
    True
    """

    mine: Mine = field(default_factory=Mine)
    runs: bool = True
    _opened: dict[str, tuple[Opened, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def opened(self, name: str) -> tuple[Opened, str]:
        """A lesson, opened once, and why it is not on the reader's own data, if it is not."""
        entry = find_lesson(name)
        with self._lock:
            if entry.name not in self._opened:
                self._opened[entry.name] = self._open(entry)
            return self._opened[entry.name]

    def _open(self, entry: LessonEntry) -> tuple[Opened, str]:
        about = entry.load().about
        mine = {"predictions": self.mine.predictions, "training": self.mine.record}.get(about) or self.mine.data
        if mine is None:
            return lesson(entry.name), ""
        try:
            own = lesson(entry.name, mine, target=self.mine.target, test=self.mine.test, seed=self.mine.seed)
            own.view()
        except InputError as why:
            return lesson(entry.name), str(why)
        return own, ""

    def contents(self) -> str:
        """The first page: the lessons by pillar and by symptom."""
        entries = in_order()
        pillars: dict[str, list[LessonEntry]] = {}
        for entry in entries:
            pillars.setdefault(entry.pillar, []).append(entry)
        there = {entry.name: entry for entry in entries}
        symptoms = {said: [there[n] for n in names if n in there] for said, names in SYMPTOMS.items()}
        return page("contents.html", pillars=pillars, symptoms={k: v for k, v in symptoms.items() if v})

    def lesson(self, name: str, given: Mapping[str, str]) -> str:
        """The page of one lesson at these settings. Raises ``InputError`` for what no control takes."""
        opened, why = self.opened(name)
        return lesson_page("lesson.html", opened, opened.settings(given), why, runs=self.runs)

    def view(self, name: str, given: Mapping[str, str]) -> dict[str, str]:
        """What moves with the controls: the view as HTML, the code, and what is said to those who do not see it."""
        opened, _ = self.opened(name)
        return moving(opened, opened.settings(given))

    def names(self, name: str) -> list[str]:
        """The names of a lesson's numbers."""
        return list(self.opened(name)[0].view().numbers)

    def refusal(self, why: str) -> str:
        """The page that says why there is none."""
        return page("refusal.html", why=why)


def moving(opened: Opened, settings: Mapping[str, Any]) -> dict[str, str]:
    """What moves with the controls: the view as HTML, the code, and the sentence to be read out.

    >>> from tearless.doctor.lesson import lesson
    >>> opened = lesson("gradient-descent")
    >>> list(moving(opened, opened.settings()))
    ['view', 'code', 'said']
    """
    view = opened.view(**settings)
    return {"view": view_html(view), "code": code_of(opened, settings), "said": view.sentence}


def lesson_page(
    template: str | Template, opened: Opened, settings: Mapping[str, Any], why: str, *, runs: bool, **told: Any
) -> str:
    """The page of a lesson; ``why`` says why it is not computed on the reader's own data."""
    found, usual, told_of_it = opened.lesson, opened.view(), opened.lesson.page()
    return page(
        template,
        lesson=found,
        title=told_of_it.title,
        opened=opened,
        not_own=why,
        settings=settings,
        view=Markup(view_html(opened.view(**settings))),  # noqa: S704 (made inert where it is made)
        prose={name: Markup(prose_html(text, usual.fields)) for name, text in told_of_it.sections.items()},  # noqa: S704
        formulas=[Markup(formula_html(formula)) for formula in found.formulas],  # noqa: S704
        code=code_of(opened, settings),
        runs=runs,
        failing=failing(found),
        questions=[Markup(question_html(question, opened)) for question in found.questions],  # noqa: S704
        checks=[entry for name in found.catches for entry in find(name)],
        next=[entry for name in found.next for entry in lessons() if entry.name == name],
        **told,
    )


def style() -> str:
    """The one style sheet: colours, pictures, pages.

    >>> style().startswith(":root { --main: #")
    True
    """
    light, dark = COLOURS
    colours = f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    return colours + STYLE + report_style() + (STATIC / "guide.css").read_text(encoding="utf-8")
