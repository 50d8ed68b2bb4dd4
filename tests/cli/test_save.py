"""``tearless check --save``: one check, and the report in every format that a build server asks for."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tearless.cli import main

TABLE = str(Path(__file__).parents[2] / "examples" / "titanic.csv")


def test_each_file_is_written_as_its_ending_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["a.sarif", "b.xml", "c.md", "d.JSON", "e.html", "f.txt"]
    saved = [word for name in names for word in ("--save", str(tmp_path / name))]
    assert main(["check", TABLE, "--target", "survived", "--select", "target-leak", "--format", "github", *saved]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("::error ")
    assert all(name in err for name in names)
    text = {name[0]: (tmp_path / name).read_text(encoding="utf-8") for name in names}
    assert json.loads(text["a"])["version"] == "2.1.0"
    assert ET.fromstring(text["b"]).findall(".//failure")  # noqa: S314
    assert text["c"].startswith("# tearless: ")
    assert json.loads(text["d"])["counts"]["error"] >= 1
    assert text["e"].startswith("<!DOCTYPE html>")
    assert text["f"].startswith("error  statistics/target-leak")


@pytest.mark.parametrize("name", ["report.pdf", "report", ".html.gz"])
def test_another_ending_is_refused_before_anything_is_read(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "not-there.csv", "--save", name]) == 2
    assert "--save: expected a name that ends in" in capsys.readouterr().err


def test_the_table_itself_is_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "rows.txt"
    table.write_text("a,b\n1,2\n3,4\n")
    assert main(["check", str(table), "--save", str(table)]) == 2
    assert "expected another file than the table" in capsys.readouterr().err
    assert table.read_text() == "a,b\n1,2\n3,4\n"
