"""The command starts fast, and imports nothing heavy to answer about itself."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

import tearless

HEAVY = {"numpy", "polars", "scipy", "pandas"}
WATCHED = f"""
import sys
from tearless.cli import main
try:
    main(sys.argv[1:])
finally:
    loaded = {HEAVY!r} & set(sys.modules)
    assert not loaded, loaded
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["explain", "constant-column"], ["catalogue"]],
    ids=" ".join,
)
def test_nothing_heavy_is_imported(arguments: list[str]) -> None:
    ran = subprocess.run([sys.executable, "-c", WATCHED, *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout


def test_the_guard_can_fail() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", f"import numpy\n{WATCHED}", "--version"], capture_output=True, check=False
    )
    assert ran.returncode == 1


def cost(*arguments: str) -> float:
    """CPU seconds of the quickest of some runs of Python with these arguments."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    costs = []
    for _ in range(4):
        before = spent()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        costs.append(spent() - before)
    return min(costs)


@pytest.mark.parametrize(("arguments", "most"), [(["--help"], 0.25), (["--version"], 0.25), (["catalogue"], 0.35)])
def test_starting_costs_little_above_bare_python(arguments: list[str], most: float) -> None:
    assert cost("-m", "tearless", *arguments) - cost("-c", "pass") < most


def test_the_version_is_that_of_the_package() -> None:
    ran = subprocess.run([sys.executable, "-m", "tearless", "--version"], capture_output=True, text=True, check=True)
    assert ran.stdout == f"tearless {tearless.__version__}\n"
