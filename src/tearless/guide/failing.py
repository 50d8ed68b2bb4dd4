"""A lesson's live failing example: the check that it names first, run now on an example of its own that is sick."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from tearless.core import Finding
from tearless.core.catalogue import find
from tearless.core.lesson import Lesson
from tearless.testing import findings_on


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
    return _found(lesson.catches[0], lesson.pillar) if lesson.catches else None


@functools.lru_cache(maxsize=64)
def _found(name: str, pillar: str) -> Failing | None:
    """Of two checks of one name, that of a table and that of a run, the one of the lesson's own pillar."""
    for entry in sorted(find(name), key=lambda entry: entry.pillar != pillar):
        check = entry.load()
        for make in check.sick:
            findings = findings_on(check, make(np.random.default_rng(0)))
            if findings:
                return Failing(name, make.__name__.replace("_", " "), findings[0])
    return None
