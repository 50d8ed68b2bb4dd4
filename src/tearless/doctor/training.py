"""What is wrong with a training run, cause first: the checks of a run on its record."""

from __future__ import annotations

from collections.abc import Sequence

from tearless.core import Asked
from tearless.core.catalogue import catalogue
from tearless.core.check import Check
from tearless.readers.source import Source
from tearless.report.report import Report

from .examine import examine


def checks_of_runs() -> list[Check]:
    """Every check that looks at a training run."""
    return [check for entry in catalogue() if (check := entry.load()).about == "training"]


def diagnosed(source: Source, seed: int = 0, checks: Sequence[Check] | None = None) -> Report:
    """The report on a run: ``source`` holds the lines of its record (``readers.training.source``)."""
    return examine(source, checks_of_runs() if checks is None else checks, Asked(seed=seed))
