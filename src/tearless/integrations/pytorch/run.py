"""A script watched from its first line to its last, and what its record says."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tearless.core.catalogue import find
from tearless.doctor.training import diagnosed
from tearless.readers.training.entries import FORMAT
from tearless.readers.training.source import from_lines
from tearless.report.report import Report

from .confirming import confirmed
from .ending import measured
from .lines import line_of_error
from .record import Record
from .script import Ended, run_module, run_script
from .watching import Watch


@dataclass(frozen=True)
class Watched:
    """How the script ended, what its record says, and the traceback of a fault of the watch itself, if any."""

    ended: Ended
    report: Report
    fault: str = ""


class Stopped(BaseException):
    """Ends a run in which a contract was seen broken, where that was asked for."""


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
) -> Watched:
    """Run a script (or a module) under a watch. ``told`` gets a line at once when a broken contract is seen.

    Raises ``InputError`` where the script cannot be read, before anything runs.
    """
    kept = Record(record)
    kept.add(started(Path(script).name))
    seen: set[str] = set()

    def tell(name: str) -> None:
        if name not in seen:
            seen.add(name)
            told(f"{find(name)[0].title()} (`tearless explain {name}`)")
        if stop_on_error:
            raise Stopped(name)

    watch = Watch(kept, budget, tell)
    began = time.perf_counter()
    with watch:
        ended = run_module(script, arguments) if module else run_script(script, arguments)
    if confirm and not watch.fault:
        _confirm(watch, Path(script).name)
    kept.add(
        {
            "kind": "end",
            "how": ended.how,
            "error": ended.error,
            "line": line_of_error(ended.trace),
            "step": watch.steps,
            "seconds": time.perf_counter() - began,
            "threads": torch.get_num_threads(),
            "watched": watch.spent + watch.tape.cost,
        }
    )
    kept.close()
    return Watched(ended, diagnosed(from_lines(kept.lines, Path(script).name)), watch.fault)


def _confirm(watch: Watch, label: str) -> None:
    """Measure what is left to measure, and test on a copy what is suspected. A fault in here is told, and ends it."""
    try:
        measured(watch)
        suspected = [f.name for f in diagnosed(from_lines(watch.record.lines, label)).findings]
        confirmed(watch, dict.fromkeys(suspected))
    except Exception:  # noqa: BLE001 - the run is over, its report is not lost for this
        watch.failed()


def started(script: str) -> dict[str, str]:
    """The first entry of a record."""
    python = sys.version.split()[0]
    return {
        "kind": "start", "format": FORMAT, "source": "watch", "script": script, "torch": torch.__version__,
        "python": python,
    }  # fmt: skip
