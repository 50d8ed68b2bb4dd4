"""``tearless compare`` and ``tearless power`` as commands: widths, formats, options that cannot be, exit statuses."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.cells import cell_len

from .conftest import Call

ESCAPE = "\x1b"
HOSTILE = "a\x1b[31m`|<script>\u202e\n=cmd()"
FORMATS = ("text", "json", "markdown", "github", "sarif", "junit", "html")
OLD = np.repeat([1, 1, 0, 0], [400, 10, 40, 50])
NEW = np.repeat([1, 0, 1, 0], [400, 10, 40, 50])


@pytest.fixture
def results(tmp_path: Path) -> tuple[str, str]:
    """Two files of results: forty items mended, ten broken."""
    for name, right in (("old", OLD), ("new", NEW)):
        pl.DataFrame({"id": range(500), "correct": right}).write_csv(tmp_path / f"{name}.csv")
    return "old.csv", "new.csv"


@pytest.fixture
def noise(tmp_path: Path) -> str:
    """One table of three models on twenty items, with names that would steer a terminal, a page or a spreadsheet."""
    rng = np.random.default_rng(0)
    table = {name: rng.integers(0, 2, 20) for name in (HOSTILE, "b" * 300, "{c} % \x07")}
    pl.DataFrame(table).write_parquet(tmp_path / "noise.parquet")
    return "noise.parquet"


def test_the_verdict_comes_first_and_nothing_is_wrong(call: Call, results: tuple[str, str]) -> None:
    status, out, err = call("compare", *results)
    assert (status, err) == (0, "")
    assert out.startswith("`new` is better than `old`: accuracy 88 % against 82 %, 6 points more")
    assert "500 rows joined by `id`" in out


def test_a_warning_fails_only_where_it_is_asked_to(call: Call, noise: str) -> None:
    assert call("compare", noise)[0] == 0
    status, out, _ = call("compare", noise, "--fail-on", "warning")
    assert status == 1
    assert "warning  statistics/difference-is-noise" in out


def test_an_invalid_comparison_fails(call: Call, tmp_path: Path) -> None:
    a = np.linspace(0.8, 0.9, 10)
    pl.DataFrame({"fold": range(10), "a": a, "b": a + 0.01 * (1 + np.arange(10) % 2)}).write_csv(tmp_path / "folds.csv")
    assert call("compare", "folds.csv")[0] == 0
    status, out, _ = call("compare", "folds.csv", "--design", "items")
    assert status == 1
    assert "error  statistics/dependent-scores" in out
    assert call("compare", "folds.csv", "--design", "items", "--fail-on", "never")[0] == 0


@pytest.mark.parametrize("width", ["40", "80", "200"])
def test_every_line_fits(call: Call, results: tuple[str, str], noise: str, width: str) -> None:
    for files in (results, (noise,)):
        status, out, err = call("compare", *files, "--verbose", COLUMNS=width)
        assert status == 0, err
        assert max(map(cell_len, out.splitlines())) <= int(width)
    _, out, _ = call("power", "--items", "500", COLUMNS=width)
    assert max(map(cell_len, out.splitlines())) <= int(width)


def test_colour_only_where_it_is_wanted(call: Call, results: tuple[str, str]) -> None:
    assert ESCAPE not in call("compare", *results, NO_COLOR="1")[1]
    assert ESCAPE in call("compare", *results, FORCE_COLOR="1")[1]


@pytest.mark.parametrize("shape", FORMATS)
def test_every_format_holds_verdict_and_findings_and_no_hostile_name(call: Call, noise: str, shape: str) -> None:
    status, out, err = call("compare", noise, "--format", shape)
    assert (status, err) == (0, "")
    assert "difference-is-noise" in out
    assert not {ESCAPE, "\u202e", "\r", "\x07"} & set(out)
    if shape == "html":
        assert "<script>" not in out
    if shape in ("json", "sarif"):
        assert json.loads(out)
    if shape == "junit":
        ET.fromstring(out)  # noqa: S314 - our own
    if shape == "json":
        answer = json.loads(out)["answer"]
        assert "none can be told" in answer["verdict"]
        assert answer["numbers"]["rows"]["value"] == 20


def test_the_report_goes_to_a_file_but_never_over_its_results(call: Call, results: tuple[str, str]) -> None:
    status, out, err = call("compare", *results, "--format", "json", "--output", "report.json")
    assert (status, out) == (0, "")
    assert "the report is in report.json" in err
    assert json.loads(Path("report.json").read_text(encoding="utf-8"))["answer"]["numbers"]["difference"]
    before = Path("old.csv").read_bytes()
    assert call("compare", *results, "--output", "old.csv")[0] == 2
    assert Path("old.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--truth", "correct"], "expected a column of scores, or of predictions beside the truth"),
        (["--level", "2"], "level"),
        (["--level", "often"], "--level"),
        (["--margin", "0"], "margin"),
        (["--looks", "-3"], "looks"),
        (["--design", "fold"], "fold"),
        (["--unmatched", "some"], "some"),
        (["--only", "id"], "COL=VALUE"),
        (["--only", "id=-1"], "--only"),
        (["--item", "ids"], "did you mean `id`"),
        (["--score", "right"], "--score"),
        (["--baseline", "best"], "baseline"),
        (["--method", "median"], "method"),
        (["--format", "pdf"], "pdf"),
        (["--seed", "-1"], "seed"),
        (["--truth", "nothing.csv"], "--truth"),
        (["--nonsense"], "nonsense"),
    ],
)
def test_options_that_cannot_be_are_refused_in_words(
    call: Call, results: tuple[str, str], options: list[str], word: str
) -> None:
    status, out, err = call("compare", *results, *options)
    assert (status, out) == (2, "")
    assert word in err
    assert "Traceback" not in err


def test_missing_and_single_files_are_refused(call: Call, results: tuple[str, str]) -> None:
    assert call("compare")[0] == 2
    status, _, err = call("compare", "old.csv", "nev.csv")
    assert status == 2
    assert "did you mean `new.csv`" in err
    status, _, err = call("compare", "old.csv")
    assert status == 2
    assert "at least two models" in err


def test_options_reach_the_comparison(call: Call, results: tuple[str, str]) -> None:
    shown = call("compare", *results, "--method", "exact/newcombe", "--margin", "0.02", "--looks", "4")[1]
    for words in ("exact", "Newcombe", "with a margin of 2 points `new` is better", "4 looks with the usual test"):
        assert words in " ".join(shown.split())
    turned = call("compare", *results, "--baseline", "new")[1]
    assert turned.startswith("`old` is worse than `new`")
    lower = call("compare", *results, "--lower-is-better")[1]
    assert lower.startswith("`new` is worse than `old`")
    apart = call("compare", *results, "--unpaired")[1]
    assert "unpaired-design" in apart


def test_results_from_standard_input(results: tuple[str, str], tmp_path: Path) -> None:
    import subprocess
    import sys

    from .conftest import environment

    with (tmp_path / "old.csv").open("rb") as stream:
        done = subprocess.run(
            [sys.executable, "-m", "tearless", "compare", "-", "new.csv"],
            stdin=stream, capture_output=True, text=True, env=environment(), cwd=tmp_path, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "6 points more" in done.stdout


def test_power_plans_and_refuses(call: Call) -> None:
    status, out, err = call("power", "--difference", "0.03", "--discordant", "0.09")
    assert (status, err) == (0, "")
    assert out.startswith("769 items are needed to show a true difference of 3 points")
    for options in (
        [],
        ["--difference", "0"],
        ["--items", "0"],
        ["--difference", "2"],
        ["--items", "100", "--level", "1"],
    ):
        status, out, err = call("power", *options)
        assert (status, out) == (2, ""), options
        assert err
    for shape in FORMATS:
        assert call("power", "--items", "500", "--format", shape)[0] == 0
