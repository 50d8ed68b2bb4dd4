"""The house has one direction: a folder imports only what stands before it. The tables below are the architecture."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tearless

HOUSE = Path(tearless.__file__).parent
FLOORS = (
    "core",
    "readers",
    "report",
    "linear_algebra",
    "calculus",
    "probability",
    "statistics",
    "algorithms",
    "doctor",
    "integrations",
    "guide",
    "cli",
)
FOREIGN = {
    "core": set(),
    "readers": {"numpy", "polars", "narwhals", "fastexcel"},
    "report": {"rich", "markdown_it", "ziamath"},
    "linear_algebra": {"numpy", "scipy", "polars", "array_api_compat", "threadpoolctl"},
    "calculus": {"numpy", "scipy", "array_api_compat"},
    "probability": {"numpy", "scipy", "polars", "array_api_compat"},
    "statistics": {"numpy", "scipy", "polars", "array_api_compat"},
    "algorithms": {"numpy"},
    "doctor": {"numpy", "polars", "threadpoolctl"},
    "guide": {"numpy", "scipy", "jinja2", "markdown_it", "markupsafe", "starlette", "uvicorn"},
    "cli": {"typer", "rich"},
}
AT_HOME = {
    "integrations/pytorch": {"torch"},
    "integrations/sklearn.py": {"sklearn"},
    "readers/parts": {"dask", "pyspark", "ray"},
}
"""Foreign packages that stand in their own folder alone, and are imported when it is used."""
SLOW = {"scipy.stats", "torch", "sklearn", "pandas", "pyarrow"}
FORBIDDEN = {"pickle", "marshal", "shelve", "dill", "joblib"}
LONGEST = {"checks": 220, "lessons": 330, "": 350}


def imported(text: str) -> Iterator[str]:
    """Every module that a source text imports, with what is taken from it, relative ones left out."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def faults(relative: Path, text: str) -> Iterator[str]:
    """What a source text at this place in the house may not import."""
    here = relative.parts[0]
    home = AT_HOME.get("/".join(relative.parts[:2]), set())
    for name in imported(text):
        top, *rest = name.split(".")
        if top in home:
            continue
        if any(name == slow or name.startswith(f"{slow}.") for slow in SLOW | FORBIDDEN):
            yield f"{relative}: {name} is not imported in the house"
        elif top == "tearless":
            there = rest[0] if rest else ""
            if there in FLOORS and FLOORS.index(there) > FLOORS.index(here):
                yield f"{relative}: {here} may not import {there}"
            if rest[1:2] in (["checks"], ["lessons"]) and len(rest) > 2:
                yield f"{relative}: checks and lessons are leaves, nothing imports {name}"
        elif top not in sys.stdlib_module_names and top not in FOREIGN.get(here, set()):
            yield f"{relative}: {here} may not import {top}"


FILES = sorted(p for p in HOUSE.rglob("*.py") if len(p.relative_to(HOUSE).parts) > 1)


@pytest.mark.parametrize("file", FILES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_imports_go_one_way(file: Path) -> None:
    assert not list(faults(file.relative_to(HOUSE), file.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("linear_algebra/x.py", "from tearless.statistics.facts import Columns"),
        ("readers/x.py", "from tearless.report import report"),
        ("doctor/x.py", "from tearless.linear_algebra.checks.ill_conditioned import measure"),
        ("linear_algebra/x.py", "def f():\n    import torch"),
        ("integrations/lightning/x.py", "import torch"),
        ("statistics/x.py", "from scipy import stats"),
        ("guide/x.py", "from tearless.calculus.lessons.gradient_descent import compute"),
        ("core/x.py", "import tearless.cli"),
        ("core/x.py", "import numpy"),
        ("readers/x.py", "import pickle"),
    ],
)
def test_the_guard_can_fail(place: str, text: str) -> None:
    assert list(faults(Path(place), text))


@pytest.mark.parametrize("file", FILES, ids=lambda p: str(p.relative_to(HOUSE)))
def test_files_stay_short(file: Path) -> None:
    most = LONGEST.get(file.parent.name, LONGEST[""])
    lines = len(file.read_text(encoding="utf-8").splitlines())
    assert lines <= most, f"{file.relative_to(HOUSE)} has {lines} lines, at most {most}"


def test_no_name_explains_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert not [p for p in FILES if p.stem in empty or empty & set(p.relative_to(HOUSE).parts)]


def test_every_folder_has_its_place() -> None:
    folders = {p.relative_to(HOUSE).parts[0] for p in FILES}
    assert folders <= set(FLOORS)
