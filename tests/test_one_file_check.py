"""A check is one file: put there, it is in the catalogue, the page, the reports and the battery, with no other edit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tearless

NEW_CHECK = '''
"""This table has more than a thousand columns.

## What it measures
The number of columns.

## Why it matters
It is the example that the tests add.

## The mathematics
p > 1000.

## When it is wrong
Wide tables may be meant.

## What to do
Look at fewer columns.

## References
None is needed to count.
"""

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.statistics.facts import Columns

MEND = Mend.source
MANY = Limit(
    of="columns_counted", at=5, unit="columns", kind="convention", severity=Severity.warning,
    because="five is what fits into the example of this test, nothing more",
)
HEADLINE = "{columns} has {columns_counted} columns"
WHY = "it is the example that the tests add, found by its file alone"
DO = "look at fewer columns"


def measure(columns: Columns) -> Iterator[Measured]:
    yield Measured((), {"columns_counted": Number(len(columns.names), "columns", "columns of the table")})


@healthy
def narrow(rng: np.random.Generator) -> Example:
    return Example({"x": rng.normal(size=30)})


@sick
def wide(rng: np.random.Generator) -> Example:
    return Example({f"x{i}": rng.normal(size=30) for i in range(9)})


@fooled("fires", "wide on purpose: the pixels of a picture")
def pixels(rng: np.random.Generator) -> Example:
    return Example({f"pixel {i}": rng.normal(size=30) for i in range(9)})
'''

OBEYS = """
from tearless.testing import LAWS, checks, obey
new = {c.name: c for c in checks(%s)}["many-columns"]
for law in LAWS:
    obey(new, law)
print(len(LAWS))
"""


def _python(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(path), "NO_COLOR": "1"}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, cwd=path, check=False
    )


@pytest.fixture
def copied_house(tmp_path: Path) -> Path:
    """A copy of the package with one file more."""
    house = tmp_path / "tearless"
    shutil.copytree(Path(tearless.__file__).parent, house, ignore=shutil.ignore_patterns("__pycache__"))
    (house / "statistics" / "checks" / "many_columns.py").write_text(NEW_CHECK, encoding="utf-8")
    return tmp_path


def test_a_new_file_is_in_the_catalogue_and_explained(copied_house: Path) -> None:
    listed = _python(copied_house, "-m", "tearless", "catalogue")
    assert "many-columns" in listed.stdout, listed.stderr
    page = _python(copied_house, "-m", "tearless", "explain", "many-columns")
    assert "It is the example that the tests add" in page.stdout, page.stderr


def test_a_new_file_speaks_in_the_json_report(copied_house: Path) -> None:
    table = copied_house / "wide.csv"
    table.write_text(",".join("abcdefgh") + "\n" + "\n".join(",".join("12345678") for _ in range(4)))
    found = _python(copied_house, "-m", "tearless", "check", str(table), "--format", "json")
    names = {finding["name"] for finding in json.loads(found.stdout)["findings"]}
    assert "many-columns" in names


def test_a_new_file_is_under_the_battery(copied_house: Path) -> None:
    ran = _python(copied_house, "-c", OBEYS % "")
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) >= 10


def test_another_package_adds_checks_by_an_entry_point(tmp_path: Path) -> None:
    checks = tmp_path / "acme" / "checks"
    checks.mkdir(parents=True)
    (checks.parent / "__init__.py").touch()
    (checks / "__init__.py").touch()
    (checks / "many_columns.py").write_text(NEW_CHECK, encoding="utf-8")
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tearless.checks]\nstatistics = acme.checks\n")
    listed = _python(tmp_path, "-m", "tearless", "catalogue")
    assert "many-columns" in listed.stdout, listed.stderr
    ran = _python(tmp_path, "-c", OBEYS % "'acme.checks'")
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("package", "check", "said"), [("raise RuntimeError('boom')", "", "boom"), ("", "", "HEADLINE")]
)
def test_a_broken_package_is_named_and_is_no_fault_of_ours(tmp_path: Path, package: str, check: str, said: str) -> None:
    checks = tmp_path / "acme" / "checks"
    checks.mkdir(parents=True)
    (checks.parent / "__init__.py").write_text(package)
    (checks / "__init__.py").touch()
    (checks / "half_a_check.py").write_text(check)
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[tearless.checks]\nstatistics = acme.checks\n")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    ran = _python(tmp_path, "-m", "tearless", "check", "t.csv")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("tearless: tearless.checks: expected checks of another package that can be loaded")
    assert said in ran.stderr
    assert "acme" in ran.stderr


def test_a_check_with_a_part_missing_is_refused_by_name(tmp_path: Path) -> None:
    from types import ModuleType

    from tearless.core.check import load

    module = ModuleType("half_a_check")
    with pytest.raises(TypeError, match=r"statistics/half_a_check.*HEADLINE"):
        load(module, "statistics")
