"""What each command prints."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tearless.cli import main
from tearless.core.catalogue import catalogue

from .conftest import Call, Run


def test_the_catalogue_lists_every_check_under_its_pillar(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalogue"]) == 0
    text = capsys.readouterr().out
    assert all(entry.name in text for entry in catalogue())
    assert main(["catalogue", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(r["pillar"], r["name"]) for r in rows] == [(e.pillar, e.name) for e in catalogue()]
    assert all(r["title"].startswith("This ") for r in rows)


def test_a_check_is_explained_by_name_or_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "constant-column"]) == 0
    by_name = capsys.readouterr().out
    assert main(["explain", "statistics/constant-column"]) == 0
    assert capsys.readouterr().out == by_name
    assert main(["explain", "constant-column", "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("# statistics/constant-column\n")


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "tearless report"


@pytest.mark.parametrize("shape", ["text", "json", "markdown", "github", "sarif", "junit", "html"])
def test_every_format_is_printed(
    shape: str, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["check", table, "--select", "constant-column", "--format", shape, "--fail-on", "warning"]) == 1
    out, err = capsys.readouterr()
    assert "constant-column" in out
    assert "year" in out
    assert err == ""


def test_names_may_be_listed_or_repeated(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    several = ["--select", "constant-column,unscaled-columns", "--select", "infinite-values"]
    main(["check", table, "--format", "json", *several, "--ignore", "linear-algebra"])
    outcomes = json.loads(capsys.readouterr().out)["outcomes"]
    ran = {o["name"] for o in outcomes if o["result"] != "skipped"}
    assert ran == {"constant-column", "infinite-values"}
    assert all("--select or --ignore" in o["reason"] for o in outcomes if o["result"] == "skipped")


def test_a_word_for_missing_can_be_named(call: Call, tmp_path: Path) -> None:
    (tmp_path / "gaps.csv").write_text("x,y\n" + "1,gone\n2,3\n" * 20)
    _, out, _ = call("describe", "gaps.csv", "--null", "gone", "--format", "json")
    assert [c["null"] for c in json.loads(out)["columns"]] == [0, 20]


def test_describe_prints_each_format(
    table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["describe", table]) == 0
    assert "median" in capsys.readouterr().out
    assert main(["describe", table, "--format", "json"]) == 0
    assert [c["name"] for c in json.loads(capsys.readouterr().out)["columns"]] == ["year", "a", "b"]
    assert main(["describe", table, "--format", "csv"]) == 0
    assert [row["name"] for row in csv.DictReader(io.StringIO(capsys.readouterr().out))] == ["year", "a", "b"]
    assert main(["describe", table, "--format", "markdown"]) == 0
    assert capsys.readouterr().out.startswith("| column |")


def test_a_new_check_of_another_package_is_explained_by_running_it(run: Run, added: object) -> None:
    site = added(new_check="pass")  # type: ignore[operator]
    ran = run("explain", "new-check", PYTHONPATH=site)
    assert ran.returncode == 0, ran.stderr
    assert "sick  some: error: this table has 9 rows" in ran.stdout
