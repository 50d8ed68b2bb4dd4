"""``tearless.lesson``: a lesson on its usual problem, or on the reader's own data."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tearless.core import Asked, CannotTell, InputError, NotApplicable, listed, quoted
from tearless.core.catalogue import find_lesson
from tearless.core.lesson import Lesson
from tearless.readers import open_table
from tearless.readers.logits import open_logits
from tearless.readers.source import Source
from tearless.report.lesson import ShownLesson

from .after import run_left_behind
from .gather import Facts
from .predicted import predicted

SEED = 0
"""What the usual problem of a lesson is drawn with."""


def lesson(name: str, data: Any = None, *, target: str | None = None, test: Any = None, seed: int = 0) -> ShownLesson:
    """A lesson, computed on ``data`` where it is given, else on the lesson's usual problem.

    ``name`` is that of a lesson (``tearless learn`` lists them). ``data`` is what the lesson is about: a table (path or
    in memory), predictions with their truth, or what a training run left behind; ``target`` and ``test`` as for
    ``check``. ``problem`` holds the data as the lesson uses them, ``view(**controls)`` is what it says.

    Raises ``InputError`` where the name is unknown, the data cannot be read, or the lesson cannot be had on them.

    >>> opened = lesson("gradient-descent")
    >>> opened.view(rate=0.1).numbers["rate"].value
    0.1
    """
    found = find_lesson(name).load()
    if data is None:
        return _usual(found)
    given = "".join(f", {key}={value!r}" for key, value in (("target", target), ("seed", seed or None)) if value)
    path = repr(os.fspath(data)) if isinstance(data, (str, os.PathLike)) else "data"
    code = f"problem = tearless.lesson({name!r}, {path}{given}).problem"
    source = _source(found, data)
    if target is not None and target not in source.schema.names():
        names = listed(source.schema.names())
        raise InputError(f"target: expected a column of the table, got {quoted(target)}; it has {names}")
    second = open_table(test, "test") if test is not None else None
    try:
        made = _problem(found, source, Asked(target, second is not None, seed), second)
    except (NotApplicable, CannotTell) as why:
        raise InputError(
            f"data: the lesson {name} cannot be had on {source.label}: {why}; or leave the data out"
        ) from why
    return ShownLesson(found, made, source.label, True, code)


def _usual(found: Lesson) -> ShownLesson:
    example = found.example(np.random.default_rng(SEED))
    source = _source(found, dict(example.columns))
    test = None if example.test is None else open_table(dict(example.test), "test")
    made = _problem(found, source, Asked(example.target, test is not None, SEED, example.options), test)
    return ShownLesson(found, made, "the usual example", False, f"problem = tearless.lesson({found.name!r}).problem")


def _source(found: Lesson, data: Any) -> Source:
    """What the data are, as the kind of source that the lesson's facts are measured on."""
    if found.about == "training" and not _is_entries(data):
        run = run_left_behind(data, sure=True)
        if run is None:
            raise InputError("data: expected what a training run left behind; see `tearless watch --record`")
        return run
    if found.about == "predictions":
        return predicted(data, argument="data").source
    return open_logits(data) if found.about == "logits" else open_table(data, "data")


def _is_entries(data: Any) -> bool:
    return isinstance(data, dict) and list(data) == ["entry"]


def _problem(found: Lesson, source: Source, asked: Asked, test: Source | None) -> Any:
    """The lesson's problem of the facts that it names, in one pass over the source."""
    facts = Facts(asked)
    facts.measure(source, found.needs.values(), False, None)
    if test is not None:
        facts.measure(test, found.needs.values(), True, None)
    if facts.stopped:
        raise KeyboardInterrupt
    return found.problem(**facts.given(found.problem))
