"""What is shipped for pipelines runs: each step of the workflow, the hook of pre-commit, the page about both."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import runpy
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from jsonschema import Draft202012Validator

import tearless
from tearless.cli import precommit
from tearless.integrations.sklearn import DriftWarning

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / "examples" / "pipeline" / "nightly.yml"


def table(seed: int, older: float = 0.0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    columns = {"age": rng.normal(40 + older, 12, 800).round(1), "fare": rng.exponential(30, 800)}
    return pl.DataFrame(columns | {"deck": rng.choice(np.array(["a", "b", "c"]), 800)})


@pytest.fixture(scope="module")
def job() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    (only,) = read["jobs"].values()
    assert read["permissions"] == {}, "nothing is permitted but what the job names"
    return only


class Runner:
    """Runs the steps of a job as GitHub's runner does: one bash a step, in order, until one fails."""

    def __init__(self, workspace: Path, job: dict[str, Any]) -> None:
        self.workspace, self.job = workspace, job
        self.summary = workspace / "summary.md"
        commands = workspace / "commands"
        commands.mkdir()
        for name, words in (("python", [sys.executable]), ("tearless", [sys.executable, "-m", "tearless"])):
            (commands / name).write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
            (commands / name).chmod(0o755)
        self.environment = os.environ | {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(workspace),
            "PATH": f"{commands}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "OMP_NUM_THREADS": "1",
            "POLARS_MAX_THREADS": "1",
            **{name: str(value) for name, value in job["env"].items()},
        }
        for name in ("STEP_SUMMARY", "OUTPUT", "ENV", "PATH"):
            self.environment[f"GITHUB_{name}"] = str(workspace / f"github-{name.lower()}")
        self.environment["GITHUB_STEP_SUMMARY"] = str(self.summary)

    def run(self, installed: bool = False) -> list[tuple[str, int, str]]:
        """The name, the status and the output of each step that ran; the install is left out where it was done."""
        done = []
        for step in self.job["steps"]:
            if "run" not in step or (installed and "pip install" in step["run"]):
                continue
            script = self.workspace / "step.sh"
            script.write_text(step["run"])
            ended = subprocess.run(
                ["/usr/bin/env", "bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
                cwd=self.workspace,
                env=self.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            done.append((step["name"], ended.returncode, ended.stdout + ended.stderr))
            if ended.returncode:
                break
        return done


def test_the_workflow_goes_through_a_healthy_night_and_stops_at_a_sick_one(tmp_path: Path, job: dict[str, Any]) -> None:
    (tmp_path / "data").mkdir()
    table(0).write_csv(tmp_path / "data" / "yesterday.csv")
    table(1).write_csv(tmp_path / "data" / "today.csv")
    runner = Runner(tmp_path, job)

    healthy = runner.run(installed=importlib.util.find_spec("pip") is None)
    assert [status for _, status, _ in healthy] == [0] * len(healthy), healthy
    assert healthy[-1][0] == "Summarize today"
    assert len(list((tmp_path / "facts").iterdir())) == 2
    assert not ET.parse(tmp_path / "reports" / "junit.xml").findall(".//failure")  # noqa: S314
    assert "**" in runner.summary.read_text(encoding="utf-8")

    table(2, older=12).write_csv(tmp_path / "data" / "today.csv")
    sick = runner.run(installed=True)
    name, status, said = sick[-1]
    assert (name, status) == ("Check today against the days before", 1), sick
    assert "::error file=data/today.csv,title=statistics/unlike-before::`age` moved up: median" in said
    sarif = json.loads((tmp_path / "reports" / "tearless.sarif").read_text(encoding="utf-8"))
    Draft202012Validator(runpy.run_path(str(ROOT / "tests" / "report" / "test_ci_formats.py"))["SARIF"]).validate(sarif)
    levels = {result["ruleId"]: result["level"] for result in sarif["runs"][0]["results"]}
    assert levels["statistics/unlike-before"] == "error"
    failed = ET.parse(tmp_path / "reports" / "junit.xml").findall(".//failure")  # noqa: S314
    assert any("`age` moved up" in (one.attrib["message"]) for one in failed)
    facts = list((tmp_path / "facts").iterdir())
    assert len(facts) == 1, (
        "a sick day is no part of the history, and a second run today is not compared with the first"
    )


def test_the_workflow_is_permitted_little_and_pins_what_it_uses(job: dict[str, Any]) -> None:
    assert job["permissions"] == {"contents": "read", "security-events": "write"}
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(action.split("/")[0] in ("actions", "github") for action in used)
    assert all(action.rpartition("@v")[2].isdigit() for action in used), used
    assert not any("${{" in step["run"] for step in job["steps"] if "run" in step), "no expression becomes a command"
    assert "secrets" not in WORKFLOW.read_text(encoding="utf-8")
    late = [step for step in job["steps"] if "upload" in step.get("uses", "")]
    assert late
    assert all("!cancelled()" in step["if"] for step in late), "the reports of a failed check are kept"
    saved, restored = (
        next(s["with"]["key"] for s in job["steps"] if f"cache/{what}" in s.get("uses", ""))
        for what in ("save", "restore")
    )
    assert saved == restored


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    table(0).write_csv("sound table.csv")
    table(0).with_columns(unit=pl.lit("kg")).write_parquet("sick.parquet")
    np.save("-numbers.npy", np.random.default_rng(0).normal(size=(100, 3)))
    Path("broken.jsonl").write_text('{"a": 1}\n{"a": \n', encoding="utf-8")
    return tmp_path


def test_the_hook_names_a_module_that_runs() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert (hook["id"], hook["language"], hook["require_serial"]) == ("tearless-check", "python", True)
    assert hook["entry"] == f"python -m {precommit.__name__}"
    found = importlib.util.find_spec("pre_commit")
    if found is not None:
        from pre_commit.clientlib import load_manifest

        assert load_manifest(str(ROOT / ".pre-commit-hooks.yaml"))


@pytest.mark.parametrize(
    ("name", "taken"), [("a.csv", True), ("b/c.TSV", True), ("d.npy", True), ("e.py", False), ("csv", False)]
)
def test_the_hook_takes_tables_alone(name: str, taken: bool) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert bool(re.search(hook["files"], name)) == taken


def test_each_table_is_checked_by_itself(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["sound table.csv", "sick.parquet", "-numbers.npy"]
    assert precommit.main(["--fail-on", "warning", *files]) == 1
    blocks = capsys.readouterr().out.split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == ["sound table.csv", "sick.parquet", "./-numbers.npy"]
    assert "warning  statistics/constant-column  `unit`" in blocks[1]
    assert all("no findings" in block for block in (blocks[0], blocks[2]))


def test_options_pass_through_and_the_worst_status_counts(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = ["sick.parquet", "sound table.csv"]
    assert precommit.main(["--fail-on=warning", "--ignore", "constant-column,missing-values", *files]) == 0
    assert precommit.main(files) == 0, "a warning alone does not fail by default"
    assert precommit.main(["broken.jsonl", *files]) == 2
    assert "broken.jsonl" in capsys.readouterr().err
    assert precommit.main(["--fail-on", "warning", "sick.parquet"]) == 1, "of one table as of several"
    assert precommit.main(["--no-such-option", *files]) == 2
    assert precommit.main(["--output", "report.txt", *files]) == 2
    assert "--output: expected one table, got 2" in capsys.readouterr().err
    assert not Path("report.txt").exists()


def test_annotations_are_not_headed(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert precommit.main(["--format", "github", "sick.parquet", "sound table.csv"]) == 0
    assert "\nsick.parquet\n" not in f"\n{capsys.readouterr().out}"


def blocks() -> list[str]:
    page = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def test_the_blocks_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page, in one namespace, beside the files that they name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "facts").mkdir()
    tearless.summarize(table(0), label="yesterday").save("facts/yesterday.facts")
    table(1, older=12).write_csv("today.csv")
    names: dict[str, Any] = {}
    of_test, nightly, of_sklearn, *rest = blocks()
    exec(of_test, names)  # noqa: S102
    with pytest.raises(tearless.FoundProblems, match="`boat` gives `survived` away"):
        names["test_the_training_table"](tearless.check)
    exec(nightly, names)  # noqa: S102
    assert names["failed"]
    assert {"tearless.sarif", "junit.xml"} <= {path.name for path in tmp_path.iterdir()}
    with pytest.warns(DriftWarning, match="`x2` moved up"):
        exec(of_sklearn, names)  # noqa: S102
    for block in rest:
        package = re.search(r"^import (mlflow|wandb)$", block, re.MULTILINE)
        if package is None or importlib.util.find_spec(package[1]) is not None:
            exec(block, names)  # noqa: S102
    assert names["counts"]["tearless/errors"] >= 1
