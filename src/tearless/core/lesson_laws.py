"""What every lesson obeys: one battery, run over all of them."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from .catalogue import LessonEntry, find, lessons
from .check import placeholders
from .lesson import SECTIONS, Control, Opened, Slider, View
from .picture import drawn_values

SHARES = (0.0, 0.13, 0.5, 0.87, 1.0)
"""Where a slider is put, from its low end to its high one."""
NAMES_WITH_DIGITS = re.compile(r"\b(?:[LF][0-9]|R2|float(?:16|32|64)|bfloat16|log10|GPT-2|top-[kp])\b|[₀-₉²³]")
"""Names of things that have a digit in them; every other digit in prose is a number, and numbers are computed."""
FREE = ("CODE", "FORMULAS")
"""Parts of a lesson that may hold digits: mathematics and programs."""
Open = Callable[[str], Opened]
Law = Callable[[LessonEntry, Open], None]


def has_every_section(entry: LessonEntry, opened: Open) -> None:
    """The fixed headings, in their order, each with prose under it."""
    sections = entry.page().sections
    assert tuple(sections) == SECTIONS, f"{entry.name}: expected the sections {SECTIONS}, got {tuple(sections)}"
    assert all(len(text) > 80 for text in sections.values()), f"{entry.name}: a section is nearly empty"


def has_no_typed_number(entry: LessonEntry, opened: Open) -> None:
    """No digit in prose, labels, captions, questions or replies is typed: each number is a field."""
    import importlib.util

    spec = importlib.util.find_spec(entry.module)
    assert spec is not None
    assert spec.origin is not None
    found = [f"line {line}: {text}" for line, text in typed_digits(Path(spec.origin).read_text(encoding="utf-8"))]
    assert not found, f"{entry.name}: typed by hand: {'; '.join(found)}"


def typed_digits(source: str) -> Iterator[tuple[int, str]]:
    """Texts with a digit in a lesson's source, where numbers must be computed: line and text.

    >>> list(typed_digits('SAID = "at 0.95 it is sure"'))
    [(1, 'at 0.95 it is sure')]
    """
    tree = ast.parse(source)
    for node in tree.body:
        names = {target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)}
        if names & set(FREE):
            continue
        own_docstring = (
            ast.get_docstring(node, clean=False) if isinstance(node, ast.FunctionDef | ast.ClassDef) else None
        )
        specs = {id(part) for found in ast.walk(node) if isinstance(found, ast.FormattedValue) for part in _spec(found)}
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in specs:
                text = part.value
                if text == own_docstring or not re.search(r"\d", NAMES_WITH_DIGITS.sub("", _without_fields(text))):
                    continue
                if re.fullmatch(r"[\w-]+", text):
                    continue  # a name in the program, not prose
                yield part.lineno, " ".join(text.split())[:80]


def _spec(value: ast.FormattedValue) -> Iterator[ast.AST]:
    return ast.walk(value.format_spec) if value.format_spec else iter(())


def _without_fields(text: str) -> str:
    return re.sub(r"\{[^{}]*\}|`[^`]*`", "", text)


def fills_every_field(entry: LessonEntry, opened: Open) -> None:
    """Every ``{field}`` of prose and questions is a number or a word of the view."""
    lesson = opened(entry.name)
    fields = set(lesson.view().fields)
    for name, text in entry.page().sections.items():
        assert placeholders(text) <= fields, (
            f"{entry.name}, {name}: no {sorted(placeholders(text) - fields)} in the view"
        )
    for question in lesson.lesson.questions:
        there = set(lesson.view(**question.at).fields)
        texts = [question.ask, *(t for answer in question.answers for t in (answer.text, answer.reply))]
        asked = {field for text in texts for field in placeholders(text)}
        assert asked <= there, f"{entry.name}, {question.level}: no {sorted(asked - there)} in the view"


def asks_three_questions(entry: LessonEntry, opened: Open) -> None:
    """Junior, mid and senior; each with one right answer, answers that differ once filled, a reply to each."""
    lesson = opened(entry.name)
    levels = [question.level for question in lesson.lesson.questions]
    assert levels == ["junior", "mid", "senior"], f"{entry.name}: expected junior, mid, senior, got {levels}"
    for question in lesson.lesson.questions:
        fields = lesson.view(**question.at).fields
        texts = [answer.text.format(**fields) for answer in question.answers]
        assert sum(answer.right for answer in question.answers) == 1, f"{entry.name}, {question.level}: one is right"
        assert len(set(texts)) == len(texts) >= 3, f"{entry.name}, {question.level}: answers must differ, got {texts}"
        assert all(len(answer.reply) > 15 for answer in question.answers), f"{entry.name}: a reply says nothing"


def is_finite_everywhere(entry: LessonEntry, opened: Open) -> None:
    """At both ends of every control, and between: a sentence, finite numbers or none, finite pictures, same bytes."""
    lesson = opened(entry.name)
    for setting in settings(lesson.controls):
        view = lesson.view(**setting)
        assert all((view.sentence, view.numbers, view.pictures)), f"{entry.name} at {setting}: nothing is said"
        assert "nan" not in f" {view.sentence} ".replace("`nan`", ""), f"{entry.name} at {setting}: {view.sentence}"
        assert all(n.value is None or math.isfinite(n.value) for n in view.numbers.values())
        assert view == lesson.view(**setting), f"{entry.name} at {setting}: two views differ"


def settings(controls: tuple[Control, ...]) -> Iterator[dict[str, float | str]]:
    """The usual setting, then each control alone along its way.

    >>> list(settings((Slider("steps", "steps", 2, 0, 100, whole=True),)))[1::2]
    [{'steps': 0}, {'steps': 50}, {'steps': 100}]
    """
    yield {}
    for control in controls:
        if isinstance(control, Slider):
            for share in SHARES:
                yield {control.name: control.at_share(share)}
        else:
            for name in control.among:
                yield {control.name: name}


def moves_together(entry: LessonEntry, opened: Open) -> None:
    """Every control moves the sentence or its numbers, and the picture."""
    lesson = opened(entry.name)
    for control in lesson.controls:
        views = [lesson.view(**setting) for setting in settings((control,))]
        assert len({_numbers(view) for view in views}) > 1, f"{entry.name}: {control.name} moves no number"
        assert len({view.pictures for view in views}) > 1, f"{entry.name}: {control.name} moves no picture"
        assert len({view.sentence for view in views}) > 1, f"{entry.name}: {control.name} moves no sentence"


def _numbers(view: View) -> tuple[float | None, ...]:
    return tuple(number.value for number in view.numbers.values())


def draws_its_numbers(entry: LessonEntry, opened: Open) -> None:
    """Every picture says what it shows; at least one number of the view stands in a picture, value for value."""
    view = opened(entry.name).view()
    drawn = {value for picture in view.pictures for value in drawn_values(picture)}
    assert any(n.value in drawn for n in view.numbers.values()), f"{entry.name}: no number of the view is drawn"
    for picture in view.pictures:
        assert min(len(picture.title), len(picture.says) - 20) > 0, f"{entry.name}: a picture says nothing of itself"


def names_what_there_is(entry: LessonEntry, opened: Open) -> None:
    """The checks that it names are in the catalogue; no check or next lesson is named twice."""
    lesson = opened(entry.name).lesson
    assert lesson.catches == entry.catches, f"{entry.name}: CATCHES must be a plain tuple of names"
    assert len(set(lesson.catches)) == len(lesson.catches)
    assert len(set(lesson.next)) == len(lesson.next)
    for name in lesson.catches:
        find(name)


def leads_on(entry: LessonEntry, opened: Open) -> None:
    """What comes next is there."""
    there = {one.name for one in lessons()}
    missing = set(opened(entry.name).lesson.next) - there
    assert not missing, f"{entry.name}: no lesson {sorted(missing)}"


LESSON_LAWS: tuple[Law, ...] = (
    has_every_section,
    has_no_typed_number,
    fills_every_field,
    asks_three_questions,
    is_finite_everywhere,
    moves_together,
    draws_its_numbers,
    names_what_there_is,
    leads_on,
)
