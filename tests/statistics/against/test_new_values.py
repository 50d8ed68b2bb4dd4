"""A value is new only where the past cannot have hidden it, and where days do not bring their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import tearless
from tearless.report.report import Report

Column = Sequence[str]
SELECT = ("unlike-before", "new-categories")


def against(now: Column, days: Sequence[Column]) -> Report:
    kept = [tearless.summarize({"c": list(day)}, label=f"day {i}") for i, day in enumerate(days)]
    report = tearless.check({"c": list(now)}, against=kept, select=SELECT)
    assert not report.faults, report.faults[0].fault
    return report


def found(now: Column, days: Sequence[Column]) -> dict[str, str]:
    return {finding.name: finding.severity.name for finding in against(now, days).findings}


def ids(rng: np.random.Generator, kinds: int, rows: int, steep: float = 0.0) -> Any:
    shares = 1 / np.arange(1.0, kinds + 1) ** steep
    return np.char.add("u", rng.choice(kinds, rows, p=shares / shares.sum()).astype(str))


@pytest.mark.parametrize(
    ("kinds", "before", "rows", "steep"),
    [(5_000, 300_000, 1_000, 0.0), (2_000, 30_000, 300, 0.0), (20_000, 100_000, 300, 0.0), (5_000, 90_000, 1_000, 0.5)],
)
def test_values_that_repeat_and_of_which_the_past_keeps_the_frequent_are_not_new(
    kinds: int, before: int, rows: int, steep: float
) -> None:
    rng = np.random.default_rng(kinds + rows)
    past = [tearless.summarize({"c": ids(rng, kinds, before, steep)}, label="day")]
    for _ in range(12):
        report = tearless.check({"c": ids(rng, kinds, rows, steep)}, against=past, select=SELECT)
        assert report.findings == ()


def test_one_loud_new_value_among_ids_is_told_alone_and_the_others_are_not_new() -> None:
    rng = np.random.default_rng(0)
    now = np.where(rng.random(1_000) < 0.2, "test account", ids(rng, 5_000, 1_000))
    (finding,) = (one for one in against(now, [ids(rng, 5_000, 300_000)]).findings if one.name == "new-categories")
    assert finding.evidence["values"].value == 1
    assert finding.evidence["share"].value == pytest.approx(np.mean(now == "test account"))


def test_rare_values_that_all_are_new_are_told_together() -> None:
    rng = np.random.default_rng(1)
    known = ids(rng, 50, 5_000)
    now = np.where(rng.random(5_000) < 0.3, [f"new {i}" for i in range(5_000)], ids(rng, 50, 5_000))
    past = np.where(rng.random(5_000) < 0.01, [f"old {i}" for i in range(5_000)], known)
    (finding,) = (one for one in against(now, [past]).findings if one.name == "new-categories")
    assert finding.evidence["share"].value == pytest.approx(0.29, abs=0.03)


def run(day: int, rng: np.random.Generator) -> Column:
    return [f"run-{day}"] * 400


def week(day: int, rng: np.random.Generator) -> Column:
    return [f"week {(day + 1) // 5}"] * 400


def date(day: int, rng: np.random.Generator) -> Column:
    return [f"{day + 1:02d}.01.2026"] * 400


def hours(day: int, rng: np.random.Generator) -> Column:
    return [f"{day + 1:02d}/04/2026 {hour:02d}:00" for hour in rng.integers(0, 24, 2_000)]


def customers(day: int, rng: np.random.Generator) -> Column:
    kinds = int(rng.integers(40, 80))
    return list(np.repeat([f"c{day}-{i}" for i in range(kinds)], rng.integers(5, 60, kinds)))


@pytest.mark.parametrize("earlier", [2, 4, 14])
@pytest.mark.parametrize("made", [run, date, hours, customers], ids=lambda made: made.__name__)
def test_days_that_bring_values_of_their_own_are_no_alarm(
    made: Callable[[int, np.random.Generator], Column], earlier: int
) -> None:
    rng = np.random.default_rng(earlier)
    assert found(made(earlier, rng), [made(day, rng) for day in range(earlier)]) == {}


def test_a_label_that_changes_after_some_days_is_no_alarm_once_it_has_changed() -> None:
    rng = np.random.default_rng(0)
    assert found(week(14, rng), [week(day, rng) for day in range(14)]) == {}
    assert "new-categories" in found(week(4, rng), [week(day, rng) for day in range(4)])


@pytest.mark.parametrize("earlier", [1, 3, 20])
@pytest.mark.parametrize("share", [0.012, 0.05])
def test_a_new_value_of_a_list_that_stays_is_found_on_the_first_night(share: float, earlier: int) -> None:
    rng = np.random.default_rng(earlier)
    days = [ids(rng, 8, 5_000, 1.0) for _ in range(earlier)]
    now = np.where(rng.random(5_000) < share, "new", ids(rng, 8, 5_000, 1.0))
    assert "new-categories" in found(now, days)


@pytest.mark.parametrize("earlier", [1, 3, 20])
def test_a_share_that_grew_by_seven_points_is_found_though_rare_values_come_and_go(earlier: int) -> None:
    rng = np.random.default_rng(earlier)
    days = [ids(rng, 300, 5_000, 1.0) for _ in range(earlier)]
    now = np.where(rng.random(5_000) < 0.07, "u3", ids(rng, 300, 5_000, 1.0))
    assert "unlike-before" in found(now, days)


def headlines(now: Column, days: Sequence[Column]) -> dict[str, str]:
    return {finding.name: finding.headline for finding in against(now, days).findings}


def test_a_value_that_the_past_may_have_in_few_rows_is_not_called_new() -> None:
    day = ["a"] * 1_000 + ["b"] * 1_000
    now = [*day, *["c"] * 60]
    rare = headlines(now, [[*day, *["c"] * 9]])["new-categories"]
    assert rare.endswith("that the earlier tables hold in at most 9 rows, if at all: `c`")
    once = headlines(now, [[*day, "c"]])["new-categories"]
    assert once.endswith("that the earlier tables hold in at most 1 row, if at all: `c`")
    assert headlines(now, [day])["new-categories"].endswith("that no earlier table has: `c`")


def test_one_earlier_day_cannot_tell_a_label_from_a_list_that_changed() -> None:
    assert found(["run 2"] * 300, [["run 1"] * 300]) == {"new-categories": "note"}
    assert "may be a label of the day" in headlines(["run 2"] * 300, [["run 1"] * 300])["new-categories"]
    four = ["a", "b", "c", "d"] * 100
    assert found([value.upper() for value in four], [four])["new-categories"] == "error"
    assert found(["run 1", "run 2"] * 150, [["run 1"] * 300])["new-categories"] == "error"


def test_new_values_that_go_with_a_large_change_are_as_grave_as_it() -> None:
    day = ["a", "b"] * 500
    now = ["a"] * 900 + ["c"] * 100
    severities = found(now, [day])
    assert severities["unlike-before"] == "error"
    assert severities["new-categories"] == "error"


def test_the_empty_text_is_named_as_such() -> None:
    day = ["a", "b"] * 500
    report = against(["a", "b"] * 300 + [""] * 400, [day])
    assert report.findings[0].headline.endswith(": the empty text")
    later = against([""] * 400 + ["a", "b"] * 300, [[""] * 10 + ["a", "b"] * 495])
    (moved,) = later.findings
    assert moved.headline.startswith("`c` holds the empty text in 1 %")
    assert moved.picture is not None
    assert "the empty text" in moved.picture.y.label
    assert all("``" not in one.to_text(100) for one in (report, later))
