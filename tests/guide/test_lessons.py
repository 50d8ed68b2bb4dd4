"""Every lesson obeys the laws, and the code that it shows gives the numbers that it shows."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import tearless
from tearless.core.catalogue import LessonEntry, catalogue, find_lesson, lesson_on, lessons
from tearless.core.lesson import Opened
from tearless.core.lesson_laws import LESSON_LAWS, Law, typed_digits
from tearless.core.number import Number
from tearless.guide.code import code_of
from tearless.guide.curriculum import ORDER, SYMPTOMS, in_order
from tearless.guide.export import exported
from tearless.guide.pages import Guide

CLOSE = 1e-9


@functools.cache
def opened(name: str) -> Opened:
    return tearless.lesson(name)


every_lesson = pytest.mark.parametrize("entry", lessons(), ids=lambda entry: entry.name)


@every_lesson
@pytest.mark.parametrize("law", LESSON_LAWS, ids=lambda law: law.__name__)
def test_law(entry: LessonEntry, law: Law) -> None:
    law(entry, opened)


@every_lesson
def test_the_code_shown_reproduces_the_numbers(entry: LessonEntry) -> None:
    lesson = opened(entry.name)
    view, space = lesson.view(), dict[str, Any](__name__="__main__")
    exec(compile(code_of(lesson, lesson.settings()), f"{entry.name}.py", "exec"), space)  # noqa: S102
    plain = {
        name for name, value in space.items() if np.ndim(value) == 0 and isinstance(value, (int, float, np.number))
    }
    shared = sorted(plain & set(view.numbers))
    assert len(shared) - len(set(shared) & set(lesson.settings())) >= 2, f"the code gives only {shared}"
    for name in shared:
        told = view.numbers[name].value
        assert told is not None
        assert math.isclose(float(space[name]), told, rel_tol=CLOSE, abs_tol=CLOSE), name


@pytest.mark.parametrize("name", ["neural-network", "bias-and-variance", "calibration"])
def test_the_largest_lessons_fit_their_file(name: str) -> None:
    assert len(exported(Guide(), name, {}).encode()) <= 400_000


def test_every_check_has_its_lesson() -> None:
    assert not [entry.path for entry in catalogue() if lesson_on(entry.name) is None]


def test_the_curriculum_names_lessons_that_are_there() -> None:
    assert {entry.name for entry in lessons()} == set(ORDER)
    assert {name for names in SYMPTOMS.values() for name in names} <= set(ORDER)
    assert [entry.name for entry in in_order()] == list(ORDER)


def test_an_unknown_lesson_names_the_nearest() -> None:
    with pytest.raises(tearless.InputError, match="did you mean gradient-descent"):
        find_lesson("gradient-decent")


def test_the_guard_against_typed_numbers_can_fail() -> None:
    assert list(typed_digits('"""A lesson\n\n## The idea\nAt a rate of 0.1 it converges.\n"""'))
    assert list(typed_digits('SAID = f"about 95 percent of {rows}"'))
    assert not list(typed_digits('SAID = f"{rate:.3g} of {rows}, with L2 and R2"\nCODE = "x = 3"'))


def test_the_laws_can_fail() -> None:
    entry = find_lesson("gradient-descent")
    usual = opened(entry.name)

    def still(problem: object, **controls: object) -> object:
        return replace(usual.view(), numbers={"rate": Number(0.123456789, "1", "still")})

    broken = replace(usual, lesson=replace(usual.lesson, compute=still, questions=usual.lesson.questions[:2]))
    for name in ("fills_every_field", "asks_three_questions", "moves_together", "draws_its_numbers"):
        law = next(law for law in LESSON_LAWS if law.__name__ == name)
        with pytest.raises(AssertionError):
            law(entry, lambda _: broken)
