"""A script watched from its first line to its last, and what its record says."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tearless.core.catalogue import find
from tearless.integrations.script import Ended, Stop, run_module, run_script
from tearless.readers.training.entries import FORMAT
from tearless.report.report import Report

from .ending import concluded
from .ranks import rank_here
from .record import Record
from .watching import Watch


@dataclass(frozen=True)
class Watched:
    """How the script ended, what its record says, and the traceback of a fault of the watch itself, if any."""

    ended: Ended
    report: Report
    fault: str = ""


def watched(
    script: str,
    arguments: Sequence[str] = (),
    *,
    module: bool = False,
    record: Path | None = None,
    budget: float = 0.02,
    confirm: bool = True,
    stop_on_error: bool = False,
    told: Callable[[str], None] = lambda _: None,
    progress: Callable[[int, float | None], None] | None = None,
) -> Watched:
    """Run a script (or a module) under a watch. ``told`` gets a line at once when a broken contract is seen,
    ``progress`` the step and the loss now and then.

    Raises ``InputError`` where the script cannot be read, before anything runs.
    """
    label = Path(script).name
    kept = Record(record, told)
    kept.add(started(label))
    seen: set[str] = set()

    def tell(name: str) -> None:
        if name not in seen:
            seen.add(name)
            told(in_words(name))
        if stop_on_error:
            raise Stop(name)

    watch = Watch(kept, budget, tell)
    watch.progress = progress
    began = time.perf_counter()
    with watch:
        ended = run_module(script, arguments) if module else run_script(script, arguments)
    seconds = time.perf_counter() - began
    report = concluded(
        watch, label, seconds, how=ended.how, error=ended.error, trace=ended.trace, confirm=confirm
    )  # fmt: skip
    return Watched(ended, report, watch.fault)


def in_words(name: str) -> str:
    """What to tell at once of a contract seen broken."""
    return f"{find(name)[0].title()} (`tearless explain {name}`)"


def started(script: str) -> dict[str, str | int]:
    """The first entry of a record."""
    rank, ranks = rank_here()
    python = sys.version.split()[0]
    return {
        "kind": "start", "format": FORMAT, "source": "watch", "script": script, "torch": torch.__version__,
        "python": python, **({"rank": rank, "ranks": ranks} if ranks > 1 else {}),
    }  # fmt: skip
