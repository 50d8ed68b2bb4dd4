"""``tearless learn`` in the terminal and as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tearless.cli import main
from tearless.guide.curriculum import ORDER

TITANIC = str(Path(__file__).parents[2] / "examples" / "titanic.csv")


def test_the_lessons_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", "--text"]) == 0
    told = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert told == list(ORDER)


def test_a_lesson_on_a_file_of_ones_own_at_ones_own_setting(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--data", TITANIC, "--target", "fare", "--set", "rate=0.5"]
    assert main(["learn", "gradient-descent", "--text", *given]) == 0
    out, err = capsys.readouterr()
    assert "At a rate of 0.5" in " ".join(out.split())
    assert "titanic.csv" in out
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gradient-decent"], "did you mean gradient-descent"),
        (["gradient-descent", "--text", "--data", "nowhere.csv"], "--data: expected a file"),
        (["gradient-descent", "--export", "/nowhere/a.html"], "--export: expected a file in a folder"),
        (["gradient-descent", "--text", "--set", "rate"], "expected NAME=VALUE"),
        (["gradient-descent", "--text", "--set", "speed=1"], "expected one of the controls"),
        (["gradient-descent", "--text", "--set", "rate=fast"], "rate: expected a number from"),
    ],
)
def test_what_cannot_be_is_refused(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["learn", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_lesson_is_written_as_a_file_and_overwrites_no_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lesson.html"
    assert main(["learn", "gradient-descent", "--export", str(file)]) == 0
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    own = tmp_path / "own.csv"
    own.write_text("a,b,c\n1,2,3\n2,5,4\n4,1,9\n5,5,2\n")
    assert main(["learn", "gradient-descent", "--data", str(own), "--export", str(own)]) == 2
    assert own.read_text().startswith("a,b,c")
    capsys.readouterr()
