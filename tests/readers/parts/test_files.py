"""Parquet files of one table: what cannot be read, or is of another table, is named; it is left out as a whole."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.core import InputError
from tearless.doctor.opened import table
from tearless.readers import Source, open_table
from tearless.readers.parts import files as files_module
from tearless.readers.parts.engine import facts_of
from tearless.readers.parts.files import Slice, here, in_parts
from tearless.readers.parts.work import Work
from tearless.readers.remote.faults import Unreachable
from tearless.readers.whole import Whole
from tearless.statistics.facts import Columns

ROWS = 60
BAD = 37
NAME = f"part-{BAD:03d}.parquet"
CHECKS = ["constant-column", "outliers", "sorted-rows"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 100 files that are one table."""
    folder = tmp_path_factory.mktemp("sound")
    rng = np.random.default_rng(8)
    for i in range(100):
        columns = {"a": rng.normal(size=ROWS), "b": rng.integers(0, 9, ROWS), "c": [7] * ROWS}
        text = [f"word {n}" for n in rng.integers(0, 10**9, ROWS)]
        pl.DataFrame({**columns, "s": text}).write_parquet(folder / f"part-{i:03d}.parquet")
    return folder


@pytest.fixture
def folder(sound: Path, tmp_path: Path) -> Path:
    """The same, to be damaged."""
    return Path(shutil.copytree(sound, tmp_path / "table"))


def read(data: Any) -> tuple[pl.DataFrame, Source]:
    """The whole table as the plain reader gives it, and its source."""
    source = open_table(data)
    return pl.concat([batch.frame for batch in source.batches()]), source


def empty(file: Path) -> None:
    file.write_bytes(b"")


def page(file: Path) -> None:
    file.write_bytes(b"<!DOCTYPE html><html>Not found</html>")


def text(file: Path) -> None:
    file.write_text("a,b,c,s\n1,2,7,x\n")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def footer(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:-120] + bytes(100) + data[-20:])


def middle(file: Path) -> None:
    data = file.read_bytes()
    at = len(data) // 3
    file.write_bytes(data[:at] + b"\xff" * 200 + data[at + 200 :])


def other_columns(file: Path) -> None:
    pl.read_parquet(file).rename({"b": "z"}).write_parquet(file)


def other_type(file: Path) -> None:
    pl.read_parquet(file).with_columns(pl.col("b").cast(pl.String)).write_parquet(file)


DAMAGES = {
    empty: "empty, 0 bytes",
    page: "a web page",
    text: "no Parquet",
    cut: "damaged or cut short",
    footer: "damaged or cut short",
    middle: "File out of specification",
    other_columns: "without `b`, with `z`",
    other_type: "`b` holds text, in the other files numbers",
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGES.items(), ids=lambda d: getattr(d, "__name__", None))
def test_a_bad_file_among_a_hundred_is_named(damage: Callable[[Path], None], reason: str, folder: Path) -> None:
    damage(folder / NAME)
    for given in (folder, str(folder / "part-*.parquet")):
        with pytest.raises(InputError) as refusal:
            read(given)
        assert NAME in str(refusal.value)
        assert reason in str(refusal.value)
        assert "--skip-unreadable" in str(refusal.value)
        assert refusal.value.__cause__ is refusal.value.__context__ is None


def test_bad_files_are_left_out_as_wholes_and_each_is_said_with_the_reason(folder: Path) -> None:
    bad = {folder / f"part-{9 * i:03d}.parquet": damage for i, damage in enumerate(DAMAGES)}
    for file, damage in bad.items():
        damage(file)
    measured = told(folder, skip_unreadable=True)
    for file in bad:
        file.unlink()
    assert measured["findings"] == told(folder)["findings"]
    assert measured["rows"] == (100 - len(bad)) * ROWS
    assert len(measured["notes"]) == len(bad)
    for file, damage in bad.items():
        (note,) = (note for note in measured["notes"] if file.name in note)
        assert DAMAGES[damage] in note
        other = damage in (other_columns, other_type)
        assert note.startswith("left out, for it is of another table" if other else "left out, for it cannot be read")


def told(data: Any, **options: Any) -> dict[str, Any]:
    """A report of a few checks as data."""
    report: dict[str, Any] = json.loads(tearless.check(data, select=CHECKS, **options).to_json())
    return {"notes": [], **report, **report.get("table", {})}


def test_every_format_says_what_was_left_out(folder: Path) -> None:
    middle(folder / NAME)
    empty(folder / "part-000.parquet")
    report = tearless.check(folder, select=["constant-column"], skip_unreadable=True)
    for said in (
        report.to_text(width=200),
        report.to_json(),
        report.to_markdown(),
        report.to_html(),
        report.to_sarif(),
        report.to_junit(),
        report.to_github(),
    ):
        assert NAME in said
        assert "part-000.parquet" in said
        assert "empty, 0 bytes" in said


def test_an_engine_sees_the_bad_file_while_it_reads(folder: Path) -> None:
    middle(folder / NAME)
    source = table(folder, "data", skip_unreadable=True)
    assert source.parts is not None
    work = Work((Columns,), source.schema, source.select)
    (columns,), rows, left = facts_of(source.parts, work, skip=True)
    assert rows == columns.rows == 99 * ROWS
    assert left == [left[0]]
    assert left[0].startswith(f"{NAME} (parquet: ")
    with pytest.raises(InputError, match=NAME):
        facts_of(source.parts, work)


def test_what_needs_every_row_gets_rows_of_whole_files_alone(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    for i in range(6):
        truth = rng.integers(0, 2, 400)
        likely = np.clip(rng.normal(0.3 + 0.4 * truth, 0.2), 0.001, 0.999)
        frame = pl.DataFrame({"y_true": truth, "y_prob": likely})
        frame.write_parquet(tmp_path / f"{i}.parquet", row_group_size=100)
    data = bytearray((tmp_path / "4.parquet").read_bytes())
    data[-1500:-1400] = b"\xff" * 100
    (tmp_path / "4.parquet").write_bytes(data)
    left = tearless.check(tmp_path, kind="predictions", skip_unreadable=True)
    (tmp_path / "4.parquet").unlink()
    without = tearless.check(tmp_path, kind="predictions")
    assert left.rows == without.rows == 2_000
    assert left.findings == without.findings
    assert any("4.parquet" in note for note in left.notes)


@pytest.mark.parametrize("damage", [empty, middle])
def test_where_no_file_can_be_read_nothing_is_measured(
    damage: Callable[[Path], None], sound: Path, tmp_path: Path
) -> None:
    for file in sorted(sound.iterdir())[:3]:
        damage(Path(shutil.copy(file, tmp_path)))
    for options in ({}, {"skip_unreadable": True}):
        with pytest.raises(InputError, match=r"part-000\.parquet|none in .*out of specification"):
            tearless.check(tmp_path, select=CHECKS, **options)


def test_a_single_file_is_read_as_ever_and_other_tables_are_refused(folder: Path, tmp_path: Path) -> None:
    assert told(folder / NAME, skip_unreadable=True)["rows"] == ROWS
    middle(folder / NAME)
    with pytest.raises(InputError, match="damaged or cut short after 0 rows"):
        tearless.check(folder / NAME, skip_unreadable=True)
    (tmp_path / "t.csv").write_text("a\n1\n2\n")
    with pytest.raises(InputError, match=r"expected Parquet files .* leave out --engine and --skip-unreadable"):
        tearless.check(tmp_path / "t.csv", skip_unreadable=True)


def test_types_that_widen_are_read_as_the_wider_one_everywhere(tmp_path: Path) -> None:
    kinds = {"small": pl.Int32, "whole": pl.Int64, "broken": pl.Float64, "nothing": pl.Null}
    for i, kind in enumerate(kinds.values()):
        values = [None, None] if kind == pl.Null else [i, i + 1]
        day = pl.Datetime("ms" if i else "us")
        frame = pl.DataFrame({"x": pl.Series(values, dtype=kind), "t": pl.Series([10**9, None], dtype=day)})
        (frame if i else frame.select("t", "x")).write_parquet(tmp_path / f"{i}.parquet")
    frame, source = read(tmp_path)
    assert source.schema == {"t": pl.Datetime("us"), "x": pl.Float64}
    assert frame["x"].to_list() == [0, 1, 1, 2, 2, 3, None, None]
    assert source.notes == (
        "types that differ among the files are read as the wider one: "
        "`t` as Datetime(time_unit='us', time_zone=None), `x` as Float64",
    )
    assert facts(in_parts(source, "data")).frame.equals(frame)


def facts(source: Source) -> Whole:
    """All rows as parts give them."""
    assert source.parts is not None
    (whole,), _, _ = facts_of(source.parts, Work((Whole,), source.schema, source.select))
    assert isinstance(whole, Whole)
    return whole


def test_folders_name_columns_in_parts_as_well(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": range(5), "tags": [[1], [2], [], None, [3]]})
    for day in ("2026-01-01", "2026-02-01"):
        for place in ("a b", "__HIVE_DEFAULT_PARTITION__"):
            inside = tmp_path / "run=3" / f"day={day}" / f"place={place.replace(' ', '%20')}"
            inside.mkdir(parents=True)
            frame.write_parquet(inside / "0.parquet")
    plain, source = read(tmp_path / "run=3")
    assert plain.schema == {"x": pl.Int64, "day": pl.Date, "place": pl.String}
    assert plain["place"].to_list() == ([None] * 5 + ["a b"] * 5) * 2
    assert facts(in_parts(source, "data")).frame.equals(plain)
    polars = pl.read_parquet(tmp_path / "run=3", hive_partitioning=True).drop("tags")
    assert plain.equals(polars)
    only = read(str(tmp_path / "run=3" / "*" / "*" / "*.parquet"))[0].select(plain.columns)
    assert only.equals(plain)
    bad = tmp_path / "run=3" / "day=2026-02-01" / "place=a%20b" / "0.parquet"
    bad.write_bytes(b"PAR1")
    skipped = table(tmp_path / "run=3", "data", skip_unreadable=True)
    assert any("day=2026-02-01/place=a%20b/0.parquet" in note for note in skipped.notes)
    assert facts(skipped).frame.equals(plain.head(15))


def test_a_table_of_nothing_but_what_its_folders_say_keeps_its_rows(tmp_path: Path) -> None:
    for year in (2025, 2026):
        (tmp_path / f"year={year}").mkdir()
        pl.DataFrame({"tags": [[1], [2], [3]]}).write_parquet(tmp_path / f"year={year}" / "0.parquet")
    frame, source = read(tmp_path)
    assert frame["year"].to_list() == [2025] * 3 + [2026] * 3
    assert facts(in_parts(source, "data")).frame.equals(frame)


def test_files_come_in_the_order_of_the_plain_reader_and_large_ones_are_cut(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "z").mkdir()
    (folder / "part-050.parquet").rename(folder / "z" / "0.parquet")
    plain, source = read(folder)
    monkeypatch.setattr(files_module, "ROWS_OF_A_PART", 25)
    cut_up = in_parts(source, "data")
    assert cut_up.parts is not None
    assert cut_up.parts.counted() == [25, 25, 10] * 100
    assert facts(cut_up).frame.equals(plain)
    assert pl.concat(cut_up.parts.frames()).equals(plain)
    fewer = cut_up.parts.without([4])
    assert fewer is not None
    assert fewer[0].counted() == [25, 25, 10] * 99
    assert fewer[1] == ["part-001.parquet"]


def test_a_store_that_does_not_answer_says_nothing_about_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "planted-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted-secret")
    piece = Slice("s3://bucket/a.parquet", 0, 3, pl.Schema({"x": pl.Int64()}), name="a.parquet")
    assert "s3://" not in repr(piece)
    travelled = copy.deepcopy(piece)
    with pytest.raises(Unreachable, match="refused"):
        list(travelled.frames())
    with pytest.raises(InputError, match="can be reached") as refusal:
        here(Work((), piece.schema), [(piece, 0, 0)])
    assert refusal.value.__context__ is None


def test_tables_in_memory_are_no_files() -> None:
    with pytest.raises(InputError, match="expected Parquet files"):
        in_parts(open_table({"a": [1]}), "data")
