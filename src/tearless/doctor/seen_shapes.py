"""The report of what was seen of shapes, wherever it was seen: an expression, files, a model, code that ran."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tearless.core import Asked
from tearless.core.catalogue import catalogue
from tearless.core.check import Check
from tearless.linear_algebra.shapes.seen import line_of
from tearless.readers.training.source import from_lines
from tearless.report.answer import Answer
from tearless.report.report import Report

from .examine import examine


def report_on(
    entries: Iterable[Mapping[str, Any]],
    label: str,
    answer: Callable[[], Answer] | None = None,
    notes: tuple[str, ...] = (),
    seed: int = 0,
) -> Report:
    """The findings of the checks about shapes on entries of the fact ``Seen``, and an answer where one was asked for.

    >>> report_on([{"kind": "operation", "rule": "matmul", "operands": [], "clash": None}], "one operation").findings
    ()
    """
    source = from_lines([line_of(entry) for entry in entries], label, notes)
    report = examine(source, checks_of_shapes(), Asked(seed=seed), answer=answer)
    return replace(report, rows=0, columns=0)


def checks_of_shapes() -> list[Check]:
    """Every check that looks at shapes. Each names the fact ``Seen``: files without that word are not loaded."""
    loaded = (entry.load() for entry in catalogue() if _may_look_at_shapes(entry.module))
    return [check for check in loaded if check.about == "shapes"]


@functools.cache
def _may_look_at_shapes(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    file = Path(spec.origin) if spec is not None and spec.origin else None
    return file is None or not file.is_file() or "Seen" in file.read_text(encoding="utf-8", errors="replace")
