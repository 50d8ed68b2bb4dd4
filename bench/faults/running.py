"""Runs one script under the watch, in a fresh process or in a forked child, and reads the report it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRELOADED = (
    "torch",
    "numpy",
    "sklearn.datasets",
    "sklearn.metrics",
    "sklearn.model_selection",
    "sklearn.preprocessing",
)


@dataclass(frozen=True, slots=True)
class Found:
    """What a watcher said of one script: its findings in order, symptoms under a cause apart."""

    findings: tuple[tuple[str, str], ...] = ()
    symptoms: tuple[str, ...] = ()
    seconds: float = 0.0
    trouble: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the findings that stand by themselves, in order, each once."""
        return list(dict.fromkeys(name for name, _ in self.findings))

    @property
    def everything(self) -> list[str]:
        """These and the symptoms hung under them."""
        return [*self.names, *self.symptoms]


Runner = Callable[[Path, Path], Found]
"""A script, and where its report shall be written."""


def read(report: Path, seconds: float, trouble: str = "") -> Found:
    """The findings of a JSON report; one with a ``because`` is a symptom."""
    try:
        data = json.loads(report.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Found(seconds=seconds, trouble=trouble or "no report")
    top: list[tuple[str, str]] = []
    under: list[str] = []
    for finding in data["findings"]:
        nested = [_name(symptom) for symptom in finding.get("symptoms", ())]
        if finding.get("because"):
            under.append(_name(finding))
        else:
            top.append((_name(finding), finding["severity"]))
        under.extend(nested)
    faults = [_name(outcome) for outcome in data.get("outcomes", ()) if outcome.get("fault")]
    said = trouble or (f"failed: {', '.join(faults)}" if faults else "")
    return Found(tuple(top), tuple(under), seconds, said)


def _name(entry: dict[str, Any]) -> str:
    """The check, without its pillar."""
    return str(entry.get("check") or entry["name"]).rpartition("/")[2]


def fresh(options: Sequence[str], limit: float) -> Runner:
    """Every script in a new process: as a person runs it."""

    def run(script: Path, report: Path) -> Found:
        command = [sys.executable, "-m", "tearless", "watch", "--json", str(report), *options, str(script)]
        start = time.perf_counter()
        trouble = ""
        try:
            subprocess.run(command, capture_output=True, timeout=limit, check=False, cwd=report.parent)
        except subprocess.TimeoutExpired:
            trouble = f"longer than {limit:g} s"
        return read(report, time.perf_counter() - start, trouble)

    return run


def forked(options: Sequence[str], limit: float) -> Runner:
    """Every script in a child of this process, which loads PyTorch once; one thread, since threads do not survive."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name in PRELOADED:
        __import__(name)

    def run(script: Path, report: Path) -> Found:
        start = time.perf_counter()
        child = os.fork()
        if child == 0:
            _child(["watch", "--json", str(report), *options, str(script)], report.with_suffix(".out"))
        trouble = _wait(child, limit)
        return read(report, time.perf_counter() - start, trouble)

    return run


def _child(arguments: list[str], output: Path) -> None:
    """Becomes ``tearless ARGUMENTS`` and ends; what it prints goes to a file."""
    status = 70
    try:
        with output.open("wb") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.chdir(output.parent)
        sys.argv = ["tearless", *arguments]
        from tearless.cli import main

        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(child: int, limit: float) -> str:
    """Waits for the child; kills it and says so when it takes longer than the limit."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return f"killed by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else ""
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return f"longer than {limit:g} s"
