"""Every lesson on strange data: a finite view, or a refusal that names the reason."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import tearless
from tearless.core.catalogue import LessonEntry, lessons
from tearless.core.lesson_laws import settings

ROWS = 1_000_000
Columns = Mapping[str, Any]


def usual() -> Columns:
    rng = np.random.default_rng(0)
    return {"a": rng.normal(size=40), "b": rng.normal(size=40), "c": rng.integers(0, 2, 40)}


def with_holes() -> Columns:
    table = {name: np.array(column, dtype=float) for name, column in usual().items()}
    for i, column in enumerate(table.values()):
        column[i::7] = math.nan
    return table


TABLES: Mapping[str, Callable[[], Columns]] = {
    "one row": lambda: {name: column[:1] for name, column in usual().items()},
    "two rows": lambda: {name: column[:2] for name, column in usual().items()},
    "constant columns": lambda: {name: np.ones(40) for name in "abc"},
    "one that varies": lambda: {"a": np.arange(40.0), "b": np.ones(40), "c": np.zeros(40)},
    "holes": with_holes,
    "all missing": lambda: {name: np.full(40, math.nan) for name in "abc"},
    "infinite": lambda: {**usual(), "a": np.array([math.inf, -math.inf] * 20)},
    "text": lambda: {"a": ["x", "y"] * 20, "b": ["p", "q", "r", "s"] * 10, "c": ["yes", "no"] * 20},
    "huge": lambda: {name: column * 1e200 for name, column in usual().items()},
    "tiny": lambda: {name: column * 1e-200 for name, column in usual().items()},
    "the same column twice": lambda: {**usual(), "b": usual()["a"]},
    "hostile names": lambda: dict(zip(("<b>", "{rate}", "`x`"), usual().values(), strict=True)),
}


@functools.cache
def table(name: str) -> Columns:
    return TABLES[name]()


def said_of(entry: LessonEntry, data: Any, target: str | None, every: bool = True) -> str:
    """The sentences at every setting (at the usual one alone), or the refusal."""
    try:
        opened = tearless.lesson(entry.name, data, target=target)
    except tearless.InputError as why:
        return str(why)
    told = []
    for setting in settings(opened.controls) if every else [{}]:
        view = opened.view(**setting)
        assert all(n.value is None or math.isfinite(n.value) for n in view.numbers.values())
        told.append(view.sentence)
    return " ".join(told)


@pytest.mark.parametrize("entry", lessons(), ids=lambda entry: entry.name)
@pytest.mark.parametrize("name", TABLES)
def test_a_strange_table_gives_a_finite_view_or_a_named_refusal(entry: LessonEntry, name: str) -> None:
    columns = table(name)
    said = said_of(entry, dict(columns), list(columns)[-1])
    assert len(said) > 20
    assert " nan" not in said.replace("`nan`", "")


@pytest.mark.parametrize("entry", lessons(), ids=lambda entry: entry.name)
def test_a_million_rows_are_answered(entry: LessonEntry) -> None:
    rng = np.random.default_rng(1)
    columns = {"a": rng.normal(size=ROWS), "b": rng.normal(size=ROWS), "c": rng.integers(0, 2, ROWS)}
    assert len(said_of(entry, columns, "c", every=False)) > 20
