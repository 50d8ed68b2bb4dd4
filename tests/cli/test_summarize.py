"""``tearless summarize``, ``merge`` and ``check --against``: what they print, write and refuse."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.readers.fact_files import MOST_PLAIN
from tearless.statistics.profile import published
from tearless.statistics.profile.categories import MOST_CATEGORIES
from tearless.statistics.profile.past import DAY_CATEGORIES, DAY_CELLS
from tearless.statistics.profile.summary import Summary

from .conftest import Call, Run

HOSTILE = "red\x1b[31m\u202e<script>`|"


@pytest.fixture
def days(tmp_path: Path) -> list[str]:
    """Three tables of one source, as CSV and Parquet."""
    for i in range(3):
        rng = np.random.default_rng(i)
        n = 300
        frame = pl.DataFrame(
            {
                "age": rng.integers(18, 90, n),
                "income": rng.lognormal(10, 1, n).round(2),
                "city": rng.choice(["Rome", "Oslo"], n, p=[0.7, 0.3]),
                HOSTILE: rng.choice([HOSTILE, "b"], n, p=[0.9, 0.1]),
            }
        )
        frame.write_parquet(tmp_path / f"day{i}.parquet")
        frame.write_csv(tmp_path / f"day{i}.csv")
    return [f"day{i}.parquet" for i in range(3)]


def summarized(call: Call, days: list[str], *more: str) -> list[str]:
    files = [day.replace(".parquet", ".facts") for day in days]
    for day, file in zip(days, files, strict=True):
        assert call("summarize", day, "--output", file, *more)[0] == 0
    return files


def test_a_table_is_summarized_and_shown(call: Call, days: list[str], tmp_path: Path) -> None:
    status, out, err = call("summarize", days[0], "--output", "day.facts", "--label", "monday", COLUMNS="100")
    assert (status, err) == (0, "tearless: the facts are in day.facts\n")
    assert "monday: 300 rows, 4 columns" in out
    assert re.search(r"age +Int64 +0 +\d+\.\d+", out)
    assert re.search(r"city +String +0 +Rome \(7\d(\.\d)? %\)", out)
    for what in ("smallest and largest value", "at most 512 cells", "at least 10 rows hold", "No rows."):
        assert what in " ".join(out.split())
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert Summary.load(tmp_path / "day.facts").labels == ("monday",)


def test_text_and_json_say_the_same(call: Call, days: list[str]) -> None:
    status, out, _ = call("summarize", days[0], "--output", "day.facts", "--format", "json")
    data = json.loads(out)
    assert status == 0
    assert (data["rows"], data["days"]) == (300, [{"label": "day0.parquet", "rows": 300}])
    columns = {column["name"]: column for column in data["columns"]}
    assert columns["city"]["categories"].keys() == {"Rome", "Oslo"}
    assert columns[HOSTILE]["missing"] == 0
    assert columns["age"]["largest"] == pl.read_parquet(days[0])["age"].max()


def test_private_shows_and_keeps_no_value(call: Call, days: list[str], tmp_path: Path) -> None:
    status, out, _ = call("summarize", days[0], "--output", "day.facts", "--private")
    assert status == 0
    assert "Rome" not in out
    assert "No value of the table and no rows." in " ".join(out.split())
    assert Summary.load(tmp_path / "day.facts").private


def test_one_table_in_two_formats_gives_one_summary(call: Call, days: list[str], tmp_path: Path) -> None:
    for file in ("day0.csv", "day0.parquet"):
        assert call("summarize", file, "--output", file + ".facts", "--label", "x")[0] == 0
    assert (tmp_path / "day0.csv.facts").read_bytes() == (tmp_path / "day0.parquet.facts").read_bytes()


def test_parts_measured_apart_give_the_same_file(call: Call, days: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    whole = pl.concat([pl.read_parquet(day) for day in days])
    for i, start in enumerate((0, 100, 100, 450)):
        whole.slice(start, [100, 0, 350, 450][i]).write_parquet(folder / f"{i}.parquet")
    whole.write_parquet("whole.parquet")
    assert call("summarize", "whole.parquet", "--output", "whole.facts")[0] == 0
    assert call("summarize", "parts", "--skip-unreadable", "--output", "parts.facts")[0] == 0
    one, other = (Summary.load(tmp_path / f"{name}.facts").past.whole for name in ("whole", "parts"))
    for name, column in one.columns.items():
        theirs = other.columns[name]
        assert (column.low, column.high, column.categories) == (theirs.low, theirs.high, theirs.categories)
        if column.histogram is not None and theirs.histogram is not None:
            assert column.histogram.counts.tolist() == theirs.histogram.counts.tolist()


def test_days_are_merged_and_checked_against(call: Call, days: list[str], tmp_path: Path) -> None:
    files = summarized(call, days)
    status, out, _ = call("merge", *files, "--output", "all.facts")
    assert status == 0
    assert "together: 900 rows, 4 columns over 3 days" in " ".join(out.split())
    assert Summary.load(tmp_path / "all.facts").labels == tuple(days)
    for named in (["all.facts"], files[:1], files, ["day[01].facts"]):
        wanted = [part for name in named for part in ("--against", name)]
        assert call("check", days[2], "--select", "constant-column", *wanted)[::2] == (0, "")
    shell = ["--against", *files]  # as a shell writes out --against day*.facts
    assert call("check", days[2], "--select", "constant-column", *shell)[0] == 0
    assert call("check", *shell, days[2], "--select", "constant-column")[0] == 0


def test_what_cannot_be_compared_is_refused_in_words(call: Call, days: list[str], tmp_path: Path) -> None:
    files = summarized(call, days)
    (tmp_path / "other.csv").write_text("q,r\n1,2\n3,4\n")
    refusals = {
        ("check", "other.csv", "--against", files[0]): "against: expected facts of a table with the same columns",
        ("check", days[0], "--against", days[1]): "against: expected a fact file, got day1.parquet",
        ("check", days[0], "--against", "none.facts"): "against: expected a fact file, got none.facts (No such file",
        ("check", days[0], "--against", files[0], "--against", files[0]): "against: expected each table once",
        ("check", files[0]): "the facts of an earlier table, which --against takes",
        ("check", days[0], "--as", "training", "--against", files[0]): "against: expected it with a table",
        ("merge", days[0], "--output", "x.facts"): "data: expected a fact file, got day0.parquet",
        ("merge", *files, "--output", files[1]): "--output: expected another file",
        ("merge", files[0], files[0], "--output", "x.facts"): "data: expected each table once",
        ("summarize", days[0], "--output", days[0]): "--output: expected another file",
        ("summarize", days[0], "--output", "no/x.facts"): "--output: expected a file in a folder",
        ("summarize", days[0], "--output", "x.facts", "--label", " "): "label: expected a text",
        ("summarize", "none.csv", "--output", "x.facts"): "data: expected a file, got none.csv",
    }
    for command, words in refusals.items():
        status, out, err = call(*command)
        assert (status, out) == (2, ""), command
        assert words in err, command
        assert not (tmp_path / "x.facts").exists()


def test_the_help_says_what_a_file_holds(run: Run) -> None:
    said = " ".join(run("summarize", "--help").stdout.split())
    for what in (
        "moments",
        "smallest and largest value",
        "at least 10 rows hold",
        "No rows.",
        "--private keeps no value",
    ):
        assert what in said


def test_a_summary_in_memory_serves_as_well_as_its_file(days: list[str], tmp_path: Path) -> None:
    earlier = tearless.summarize(tmp_path / days[0])
    earlier.save(tmp_path / "f")
    select = ["statistics", "linear-algebra"]
    by_file = tearless.check(tmp_path / days[1], against=tmp_path / "f", select=select)
    in_memory = tearless.check(tmp_path / days[1], against=[earlier], select=select)
    assert [f.headline for f in by_file.findings] == [f.headline for f in in_memory.findings]


def test_columns_lost_on_some_days_are_said_in_the_report(days: list[str], tmp_path: Path) -> None:
    frames = [pl.read_parquet(tmp_path / day) for day in days]
    past = [tearless.summarize(frames[0], label="a"), tearless.summarize(frames[1].drop("age"), label="b")]
    report = tearless.check(frames[2], against=past, select=["constant-column"])
    assert "not in all of them, and kept of the days alone that have it: `age`" in report.notes


def test_the_page_on_fact_files_says_the_numbers_of_the_code() -> None:
    page = " ".join((Path(__file__).parents[2] / "docs" / "facts.md").read_text(encoding="utf-8").split())
    for words in (
        f"in at most {published.PUBLISHED_CELLS} cells, a tenth of the values",
        f"values that at least {published.FEWEST_HELD} rows hold",
        f"of {published.FEWEST_PRIVATE} values or more that vary",
        f"at most {DAY_CELLS} cells and at most {DAY_CATEGORIES} values of each column",
        f"at most {MOST_CATEGORIES:,} values",
        f"bounded at {MOST_PLAIN >> 20} MiB",
    ):
        assert words in page
    assert pytest.approx(1 / 256, rel=0.01) == published.OF_ITSELF
    assert published.ROWS_PER_CELL == 10
