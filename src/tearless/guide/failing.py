"""A lesson's live failing example: the check that it names first, run now on an example of its own that is sick."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from tearless.core import Asked, Finding
from tearless.core.catalogue import find
from tearless.core.lesson import Lesson
from tearless.doctor.examine import examine
from tearless.readers import open_table


@dataclass(frozen=True)
class Failing:
    """The ``check``, the name of its ``example``, and the ``finding`` on it. Made by ``failing``."""

    check: str
    example: str
    finding: Finding


def failing(lesson: Lesson) -> Failing | None:
    """What the lesson's first check says of its first sick example; ``None`` for a lesson that no check is about.

    >>> from tearless.core.catalogue import find_lesson
    >>> found = failing(find_lesson("gradient-descent").load())
    >>> found.check == found.finding.name
    True
    """
    return _found(lesson.catches[0]) if lesson.catches else None


@functools.lru_cache(maxsize=64)
def _found(name: str) -> Failing | None:
    for entry in find(name):
        check = entry.load()
        for make in check.sick:
            example = make(np.random.default_rng(0))
            test = None if example.test is None else open_table(dict(example.test), "test")
            asked = Asked(example.target, test is not None, 0, example.options)
            findings = examine(open_table(dict(example.columns), "data"), [check], asked, test).findings
            if findings:
                return Failing(name, make.__name__.replace("_", " "), findings[0])
    return None
