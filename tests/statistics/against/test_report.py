"""A table beside the days before it: what is found, what differs by nature and is not, and what the report says."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.report.report import Report
from tearless.statistics.against.units import KNOWN, best_fit
from tearless.statistics.profile.profile import Profile

CHECKS = (
    "unlike-before",
    "changed-unit",
    "changed-missing-share",
    "new-categories",
    "changed-columns",
    "unusual-row-count",
)


def against(now: Any, days: Sequence[Any], private: bool = False, **asked: Any) -> Report:
    kept = [tearless.summarize(day, label=f"day {i + 1}", private=private) for i, day in enumerate(days)]
    report = tearless.check(now, against=kept, **{"select": CHECKS, **asked})
    assert not report.faults, report.faults[0].fault
    return report


def names(report: Report) -> list[str]:
    return [finding.name for finding in report.findings]


def ids(first: int) -> dict[str, Any]:
    return {"id": np.arange(first, first + 300)}


def scattered(rng: np.random.Generator, first: float) -> dict[str, Any]:
    return {"at": np.sort(rng.choice(80_000, 300, replace=False)) + int(first)}


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("days", [1, 2, 5])
def test_what_goes_on_by_nature_is_no_change(days: int, private: bool) -> None:
    rng = np.random.default_rng(days)
    nights = []
    for k in range(days + 1):
        date = dt.datetime(2026, 1, 1) + dt.timedelta(days=k)
        nights.append(
            pl.DataFrame({**ids(300 * k), **scattered(rng, 1.7e9 + 86_400 * k), "when": [date] * 300})
            .with_columns(day=pl.col("when").dt.date(), row=pl.int_range(300), meter=pl.lit(float(k)))
            .drop("meter")
        )
    assert names(against(nights[-1], nights[:-1], private)) == []


def test_floats_that_go_on_day_by_day_are_no_change_after_two_days() -> None:
    rng = np.random.default_rng(0)
    nights = [{"t": 1.7e9 + 86_400 * k + rng.uniform(0, 86_400, 400)} for k in range(4)]
    assert names(against(nights[3], nights[:3])) == []
    assert names(against(nights[1], nights[:1])) == ["unlike-before"]


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.said)
def test_every_conversion_with_a_name_is_found(known: Any) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.lognormal(3, 0.4, (2, 2_000)) + 5
    fit = best_fit(*(Profile.of(_batch(z)).columns["x"] for z in (known.factor * x + known.offset, y)))
    assert fit is not None
    assert fit.explained > 0.8 or fit.before < 0.25
    assert np.isclose(fit.conversion.factor, known.factor) or fit.after < 0.06


def _batch(x: Any) -> Any:
    from tearless.readers.source import Batch

    return Batch(pl.DataFrame({"x": x}))


def test_a_unit_is_named_and_explains_that_the_column_moved() -> None:
    rng = np.random.default_rng(2)
    report = against({"height": rng.normal(68, 3, 500) * 2.54}, [{"height": rng.normal(68, 3, 500)}])
    assert names(report) == ["changed-unit", "unlike-before"]
    assert "inches to centimetres" in report.findings[0].headline
    assert report.findings[1].because == "changed-unit"


def test_private_facts_tell_numbers_and_empty_cells_and_say_what_they_cannot() -> None:
    rng = np.random.default_rng(3)
    day = {"x": rng.normal(size=2_000), "flag": rng.random(2_000) < 0.3, "word": ["a", "b"] * 1_000}
    holed = np.where(rng.random(2_000) < 0.1, np.nan, rng.normal(size=2_000) + 0.3)
    now = pl.DataFrame({"x": holed, "flag": rng.random(2_000) < 0.45, "word": ["c"] * 2_000}, nan_to_null=True)
    report = against(now, [day], private=True)
    assert {(f.name, f.subject) for f in report.findings} == {
        ("unlike-before", ("x",)),
        ("unlike-before", ("flag",)),
        ("changed-missing-share", ("x",)),
    }
    assert [o.result for o in report.outcomes if o.name == "new-categories"] == ["cannot tell"]
    assert "word" in json.dumps(report.answer.said if report.answer else "")


def test_real_findings_of_other_checks_do_not_loosen_the_chance() -> None:
    rng = np.random.default_rng(4)
    day = {f"x{i}": rng.normal(size=300) for i in range(6)}
    night = {f"x{i}": rng.normal(size=300) for i in range(6)}
    alone = against(night, [day]).answer
    beside = against(night | {"y": np.arange(300.0) ** 2}, [day | {"y": np.arange(300.0) ** 2}], select=()).answer
    assert alone is not None
    assert beside is not None
    assert all(alone.numbers[f"values:x{i}"].value == beside.numbers[f"values:x{i}"].value for i in range(6))


def test_files_merged_before_say_the_same_as_files_named_one_by_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    paths = []
    for k in range(4):
        day = pl.DataFrame({"x": rng.normal(0.2 * k, 1, 400), "c": rng.choice(["a", "b", "c"], 400)})
        paths.append(str(tmp_path / f"day{k}.facts"))
        tearless.summarize(day, label=f"day {k}").save(paths[-1])
    tearless.merge(paths).save(tmp_path / "all.facts")
    now = {"x": rng.normal(2.0, 1, 400), "c": rng.choice(["a", "b", "d"], 400)}
    one, many = (tearless.check(now, against=given, select=CHECKS) for given in (str(tmp_path / "all.facts"), paths))
    assert one.findings == many.findings
    assert one.answer == many.answer
    assert names(one)


def test_columns_and_kinds_that_change_are_named_once() -> None:
    day = {"a": [1, 2, 3] * 20, "b": [0.5] * 60, "flag": [True, False] * 30, "when": ["x"] * 60}
    now = {"a": ["1", "2", "n/a"] * 20, "c": [1] * 60, "flag": [1, 0] * 30, "when": ["x"] * 60}
    found = {(f.subject, f.severity.name) for f in against(now, [day]).findings}
    assert found == {(("a",), "warning"), (("b",), "error"), (("c",), "note")}


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ({"x": [1.0]}, {"x": [2.0]}),
        ({"x": [1.0] * 50}, {"x": [1.0] * 50}),
        ({"x": [1e300, -1e300] * 50}, {"x": [1e300, -1e300] * 50}),
        ({"x": [1.0, None] * 50}, {"x": [1.0, None] * 50}),
        ({"x": ["é" * 300] * 50}, {"x": ["é" * 300] * 50}),
    ],
)
def test_small_and_strange_tables_are_read_without_a_word(now: Any, day: Any) -> None:
    for private in (False, True):
        report = against(now, [day, day], private)
        assert names(report) == []
        assert report.to_text(60)
        assert report.to_html()


def test_tables_without_rows_are_no_comfort() -> None:
    empty = pl.DataFrame(schema={"x": pl.Float64})
    full = {"x": np.arange(300.0)}
    report = against(full, [empty])
    assert report.answer is not None
    assert report.answer.verdict.startswith("nothing of this table can be compared")
    assert names(against(empty, [full] * 4)) == ["unusual-row-count"]


def test_the_history_names_the_day_that_stood_out_and_this_table() -> None:
    rng = np.random.default_rng(6)
    nights = [{"price": rng.lognormal(3 + 0.5 * (k == 5), 0.5, 600), "n": rng.poisson(4, 600)} for k in range(15)]
    nights[14]["n"] = nights[14]["n"] + 3
    report = against(nights[14], nights[:14])
    assert report.answer is not None
    (table,) = report.answer.tables
    assert [row[3] for row in table.rows] == ["`n`", *[""] * 8, "`price`", *[""] * 5]
    assert report.answer.verdict == "this table is like the 14 earlier tables, but for `n`"
    assert "and 7 more rows" in report.to_text(100)
    data = json.loads(report.to_json())
    assert len(data["answer"]["tables"][0]["rows"]) == 15


def test_names_from_the_data_are_no_markup_in_any_format() -> None:
    rng = np.random.default_rng(7)
    bad = "<img src=x>|`\x1b[31m"
    day = {bad: rng.normal(size=300), "c": ["a"] * 300}
    now = {bad: rng.normal(2, 1, 300), "c": ["<script>"] * 150 + ["\x1b]0;x\x07"] * 150}
    report = against(now, [day] * 5)
    assert len(report.findings) >= 3
    assert "<img" not in report.to_html()
    assert "<script>" not in report.to_html()
    for text in (report.to_text(80), report.to_markdown(), report.to_github(), report.to_json()):
        assert "\x1b" not in text
        assert "\x07" not in text


def test_weeks_that_differ_are_learned_from_two_of_them() -> None:
    rng = np.random.default_rng(8)

    def night(k: int) -> dict[str, Any]:
        weekend = 0.8 * (k % 7 > 4)
        return {f"x{i}": rng.normal(weekend, 1, 800) for i in range(6)}

    nights = [night(k) for k in range(22)]
    for k in (14, 18, 19, 20, 21):
        assert names(against(nights[k], nights[:k])) == []


@pytest.mark.parametrize("rows", [30, 300, 900])
def test_values_that_hardly_ever_come_twice_are_no_change_in_a_small_table(rows: int) -> None:
    """Names of the rows: each day has its own, and of the earlier ones the facts keep none."""
    rng = np.random.default_rng(rows)

    def day(number: int, n: int) -> pl.DataFrame:
        names = [f"user {number}-{i}" for i in range(n)]
        return pl.DataFrame({"name": names, "word": rng.zipf(1.5, n).clip(0, 5_000).astype(str)})

    past = [tearless.summarize(day(k, 3_000), label=f"day {k}") for k in range(3)]
    checks = ["unlike-before", "new-categories"]
    assert not tearless.check(day(9, rows), against=past, select=checks).findings


@pytest.mark.parametrize(("earlier", "later"), [(3, 3), (0, 1), (3, 5), (0, 0), (9, 200)])
def test_a_flag_that_is_hardly_ever_set_is_compared_as_others(earlier: int, later: int) -> None:
    past, now = (pl.DataFrame({"flag": np.arange(2_000) < set_}) for set_ in (earlier, later))
    found = tearless.check(now, against=tearless.summarize(past), select=["unlike-before"]).findings
    assert [f.subject for f in found] == ([("flag",)] if later > 100 else [])
