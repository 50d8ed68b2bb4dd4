"""The pytest plugin: the note in the report of a failing test; off by ``-p no:tearless``; nothing at the start."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

TESTS = """
import numpy as np
import pytest
import unittest

def layer(x, w):
    return x @ w

def test_clash():
    layer(np.ones((32, 784)), np.ones((10, 784)))

@pytest.fixture
def broken():
    return np.ones((2, 3)) + np.ones((2, 4))

def test_fixture(broken):
    pass

@pytest.fixture
def ends_badly():
    yield
    np.concatenate([np.ones((2, 3)), np.ones((3, 4))])

def test_teardown(ends_badly):
    pass

class TestOld(unittest.TestCase):
    def test_it(self):
        np.ones(3) @ np.ones(4)

def test_expected():
    with pytest.raises(ValueError, match="mismatch"):
        layer(np.ones(3), np.ones(4))

def test_another():
    assert {"a": 1} == {"a": 2}
"""
OTHERS = ("cacheprovider", "hypothesispytest", "anyio", "typeguard", "jaxtyping")
NO_OTHERS = [word for name in OTHERS for word in ("-p", f"no:{name}")]
"""Plugins that may be installed here and have no part in this: importing them takes longer than the tests."""
COLLECTED = "import numpy as np\nW = np.ones((3, 4)) @ np.ones((3, 4))\n"


@pytest.fixture
def plugged(tmp_path: Path) -> Path:
    """A folder that says, as an installed package does, what ``pyproject.toml`` says of the plugin."""
    info = tmp_path / "site" / "plugged-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in entry_points().items())
    (info / "entry_points.txt").write_text(f"[pytest11]\n{lines}")
    return tmp_path


def entry_points() -> dict[str, str]:
    text = Path(__file__).parents[2].joinpath("pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, str] = tomllib.loads(text)["project"]["entry-points"]["pytest11"]
    return found


def run(folder: Path, text: str, *options: str, build_server: bool = False) -> str:
    (folder / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", *NO_OTHERS, "-c", str(folder / "none.ini"), *options]
    (folder / "none.ini").write_text("[pytest]\n")
    environment = os.environ | {"PYTHONPATH": str(folder / "site"), "COLUMNS": "100"}
    for name in ("PYTEST_ADDOPTS", "CI", "BUILD_NUMBER"):
        environment.pop(name, None)
    if build_server:
        environment["CI"] = "true"
    ended = subprocess.run(
        [*command, "test_it.py"], cwd=folder, capture_output=True, text=True, check=False, env=environment
    )
    return ended.stdout + ended.stderr


def test_failing_tests_and_fixtures_are_explained_in_place(plugged: Path) -> None:
    told = run(plugged, TESTS)
    assert "3 failed, 2 passed, 2 errors" in told
    lines = [line for line in told.splitlines() if line.startswith("E ")]
    assert sum("shape clash: " in line for line in lines) == 4, told
    for part in ("x  (32, 784)", "w  (10, 784)"):
        assert any(part in line for line in lines)
    assert "x @ w" in told
    assert "assert {'a': 1} == {'a': 2}" in told


def test_it_is_off_when_asked(plugged: Path) -> None:
    told = run(plugged, TESTS, "-p", "no:tearless")
    assert "shape clash" not in told
    assert "mismatch in its core dimension" in told


def test_a_file_that_fails_while_it_is_imported(plugged: Path) -> None:
    told = run(plugged, COLLECTED)
    assert told.count("E   shape clash: ") == 1, told
    assert "1 error" in told


def test_with_several_processes(plugged: Path) -> None:
    told = run(plugged, TESTS, "-n", "2")
    assert told.count("shape clash: ") == 4, told


def test_on_a_build_server_the_summary_of_pytest_repeats_the_note(plugged: Path) -> None:
    """With ``CI`` set, pytest writes whole messages into its last lines; each failure is still explained once."""
    told = run(plugged, TESTS, build_server=True)
    assert sum("shape clash: " in line for line in told.splitlines() if line.startswith("E ")) == 4, told
    summary = told.partition("short test summary info")[2]
    assert summary.count("shape clash: ") == 4, told


def test_a_file_that_fails_while_it_is_imported_in_another_process(plugged: Path) -> None:
    assert run(plugged, COLLECTED, "-n", "1").count("E   shape clash: ") == 1


def test_short_reports(plugged: Path) -> None:
    for style in ("short", "native", "long"):
        assert run(plugged, TESTS, f"--tb={style}").count("shape clash: ") >= 4, style


def test_nothing_is_imported_at_the_start(plugged: Path) -> None:
    told = run(
        plugged,
        "import sys\ndef test_it(pytestconfig):\n    assert pytestconfig.pluginmanager.has_plugin('tearless')\n"
        "    ours = {m for m in sys.modules if m.split('.')[0] in ('numpy', 'polars', 'tearless')}\n"
        "    assert ours == {'tearless', 'tearless.integrations', 'tearless.integrations.pytest'}\n"
        "def test_fails():\n    assert False\n"
        "def test_then():\n    assert 'numpy' not in sys.modules and 'tearless.linear_algebra' not in sys.modules\n",
    )
    assert "1 failed, 2 passed" in told, told


def test_the_entry_point_names_the_plugin() -> None:
    (module,) = entry_points().values()
    assert callable(import_module(module).pytest_runtest_makereport)
