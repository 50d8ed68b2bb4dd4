"""Spark: its DataFrames, and files that its workers read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tearless.core import InputError
from tearless.readers.source import Source

from .files import Task
from .work import Work


def open_spark(data: Any, argument: str) -> Source:
    """A Spark DataFrame as a table in parts, one for each partition."""
    raise InputError(f"{argument}: Spark is not there yet")


def run_tasks(work: Work, tasks: Sequence[Task]) -> list[bytes]:
    """The tasks on the workers of Spark's current scheduler, merged as a tree."""
    raise InputError("engine: Spark is not there yet")
