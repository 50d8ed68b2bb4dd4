"""The command as a process, and a table to run it on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tearless.cli import main

Run = Callable[..., subprocess.CompletedProcess[str]]
Call = Callable[..., tuple[int, str, str]]
QUIET = {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
COLOURS = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM"}


def environment(**more: str) -> dict[str, str]:
    """That of this process without what steers colour and width, and with ``more``."""
    return {k: v for k, v in os.environ.items() if k not in COLOURS} | QUIET | more


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run("check", "x.csv", COLUMNS="40")``: the command in an empty folder, its output as text."""

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tearless", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=environment(**more), cwd=tmp_path, check=False, timeout=60
        )

    return run


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """``call("check", "x.csv", COLUMNS="40")``: the same without a process; its status, output and messages."""
    monkeypatch.chdir(tmp_path)
    for name in COLOURS:
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str, **more: str) -> tuple[int, str, str]:
        with monkeypatch.context() as patched:
            for name, value in more.items():
                patched.setenv(name, value)
            status = main(arguments)
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def table(tmp_path: Path) -> str:
    """A CSV file with a constant column (a warning) and two sound ones."""
    rows = "".join(f"2024,{i * 37 % 101},{i * 53 % 97}\n" for i in range(100))
    (tmp_path / "train.csv").write_text(f"year,a,b\n{rows}", encoding="utf-8")
    return "train.csv"


CHECK = '''
"""This table is what a test needs.

## What it measures
Nothing.

## Why it matters
For the test alone.

## The mathematics
0 = 0.

## When it is wrong
Always.

## What to do
Nothing.

## References
None.
"""

import time
from pathlib import Path

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.statistics.facts import Columns

MEND = Mend.source
MANY = Limit(of="n", at=1, unit="rows", kind="convention",
             severity=Severity.error, because="the test needs it so: a reason")
HEADLINE = "{columns} has {n} rows"
WHY = "why"
DO = "do"


def measure(columns: Columns):
    BODY
    yield Measured((), {"n": Number(columns.rows, "rows", "rows")})


@sick
def some(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=9)})
'''


@pytest.fixture
def added(tmp_path: Path) -> Callable[..., str]:
    """``added(broken_check="raise ValueError('x')")``: checks of another package; returns its ``PYTHONPATH``."""

    def added(**bodies: str) -> str:
        checks = tmp_path / "site" / "acme" / "checks"
        checks.mkdir(parents=True)
        for package in (checks.parent, checks):
            (package / "__init__.py").touch()
        for name, body in bodies.items():
            (checks / f"{name}.py").write_text(CHECK.lstrip().replace("BODY", body), encoding="utf-8")
        info = tmp_path / "site" / "acme-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[tearless.checks]\nstatistics = acme.checks\n")
        return str(tmp_path / "site")

    return added
