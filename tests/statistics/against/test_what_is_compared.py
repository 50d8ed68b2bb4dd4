"""What of a table is compared with the days before it, what is not, and that neither is said for the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import tearless
from tearless.core import InputError
from tearless.report.report import Report

CHECKS = ("unlike-before", "changed-missing-share", "changed-columns", "changed-unit", "unusual-row-count")


def against(now: Any, days: Sequence[Any], private: bool = False) -> Report:
    kept = [tearless.summarize(day, label=f"day {i + 1}", private=private) for i, day in enumerate(days)]
    report = tearless.check(now, against=kept, select=CHECKS)
    assert not report.faults, report.faults[0].fault
    return report


def names(report: Report) -> list[str]:
    return [finding.name for finding in report.findings]


def compared(report: Report) -> str:
    """What was compared and what was not, in the words of the report."""
    assert report.answer is not None
    return dict(report.answer.said)["compared"]


@pytest.mark.parametrize("days", [1, 2, 4])
@pytest.mark.parametrize("private", [False, True])
def test_a_table_without_rows_is_an_error_after_tables_with_rows(days: int, private: bool) -> None:
    empty, full = pl.DataFrame(schema={"x": pl.Float64}), {"x": np.arange(2_000.0)}
    report = against(empty, [full] * days, private)
    assert [(f.name, f.severity.name) for f in report.findings] == [("unusual-row-count", "error")]
    assert report.answer is not None
    assert report.answer.verdict.startswith("this table has no rows")


def test_an_earlier_table_without_rows_is_said_to_tell_nothing() -> None:
    report = against({"x": np.arange(2_000.0)}, [pl.DataFrame(schema={"x": pl.Float64})])
    assert report.answer is not None
    assert report.answer.verdict.endswith("the one earlier table, for it has no rows")
    (told,) = [o for o in report.outcomes if o.name == "unusual-row-count"]
    assert told.result == "cannot tell"
    assert "have no rows, which tells nothing" in told.reason


def seconds(rng: np.random.Generator, day: int, rows: int, length: int = 86_400) -> Any:
    return np.sort(rng.integers(0, length, rows)) + 1_700_000_000 + 86_400 * day


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("days", [1, 2, 5])
def test_what_goes_on_is_excused_whatever_its_ties(days: int, private: bool) -> None:
    rng = np.random.default_rng(days)
    for rows in (300, 6_000, 20_000, 40_000):
        nights = [{"at": seconds(rng, k, rows)} for k in range(days + 1)]
        assert names(against(nights[-1], nights[:-1], private)) == []
    orders = [{"order": np.repeat(np.arange(400) + 400 * k, 10)} for k in range(days + 1)]
    assert names(against(orders[-1], orders[:-1], private)) == []
    weekend = [{"at": seconds(rng, k + 2 * (k == days), 2_000)} for k in range(days + 1)]
    assert names(against(weekend[-1], weekend[:-1], private)) == []
    window = [
        pl.DataFrame({"at": seconds(rng, k, 2_000, 30 * 86_400)}).select(pl.from_epoch("at")) for k in range(days + 1)
    ]
    assert names(against(window[-1], window[:-1], private)) == []


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("days", [1, 2, 5])
def test_a_clock_that_was_set_back_or_counts_otherwise_is_a_change(days: int, private: bool) -> None:
    rng = np.random.default_rng(days)
    nights = [{"at": seconds(rng, k, 2_000)} for k in range(days)]
    dates = [pl.DataFrame(night).select(pl.from_epoch("at")) for night in nights]
    back = rng.integers(0, 86_400, 2_000)
    for now in (back, 1_000 * seconds(rng, days, 2_000), seconds(rng, days - 400, 2_000)):
        assert "unlike-before" in names(against({"at": now}, nights, private))
    full = {"at": rng.choice(86_400, 60_000, replace=False)}
    assert "unlike-before" in names(against(full, nights, private))
    (found,) = against(pl.DataFrame({"at": back}).select(pl.from_epoch("at")), dates, private).findings
    assert found.headline.startswith("`at` moved back: ")
    assert "1970-01-01 now" in found.headline


def test_whole_numbers_that_moved_by_as_much_as_they_spread_are_a_change() -> None:
    rng = np.random.default_rng(0)
    cents = rng.integers(1_000, 5_000, 2_000)
    assert names(against({"cents": cents + 5_000}, [{"cents": rng.integers(1_000, 5_000, 2_000)}])) == ["unlike-before"]


def test_dates_that_stay_are_compared_and_dates_that_go_on_are_named() -> None:
    rng = np.random.default_rng(0)

    def born(later: int = 0) -> pl.DataFrame:
        days = pl.Series("born", rng.normal(5_000 + later, 5_000, 2_000).astype(int))
        return pl.DataFrame({"born": days.cast(pl.Int32).cast(pl.Date)})

    assert "1 column" in compared(against(born(), [born(), born()]))
    assert names(against(born(4_000), [born(), born()])) == ["unlike-before"]
    assert "times, which go on" in compared(against(born(), [born()]))


@pytest.mark.parametrize("days", [1, 3])
def test_one_value_against_a_known_mean_and_spread_is_a_change(days: int) -> None:
    rng = np.random.default_rng(days)
    past = [{"x": rng.normal(5, 1, 500), "n": rng.poisson(3, 500), "flag": rng.random(500) < 0.2} for _ in range(days)]
    now = {"x": np.zeros(500), "n": np.zeros(500, dtype=int), "flag": np.zeros(500, dtype=bool)}
    found = against(now, past, private=True).findings
    assert {f.subject for f in found if f.name == "unlike-before"} == {("x",), ("n",), ("flag",)}


def test_what_private_facts_cannot_tell_is_named_among_what_is_not_compared() -> None:
    rng = np.random.default_rng(1)
    report = against({"x": rng.normal(size=500)}, [{"x": np.full(500, 7.0)}], private=True)
    assert "not what private facts keep nothing of (one value throughout, or fewer than 20): `x`" in compared(report)
    assert "nothing of this table can be compared" in report.to_text(100)
    seldom = [{"x": (np.arange(2_000) < 3) * 1.0} for _ in range(2)]
    report = against({"x": np.zeros(300)}, seldom, private=True)
    assert names(report) == []
    assert "not what holds one value now" in compared(report)


def test_spans_of_time_are_compared_and_lists_are_named() -> None:
    rng = np.random.default_rng(2)

    def day(factor: float = 1.0) -> pl.DataFrame:
        return pl.DataFrame({"took": factor * rng.exponential(300, 800)}).select(pl.duration(microseconds="took"))

    for private in (False, True):
        assert "unlike-before" in names(against(day(60.0), [day(), day()], private))
        assert names(against(day(), [day(), day()], private)) == []


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("days", [1, 3])
def test_infinite_cells_that_come_are_a_change(days: int, private: bool) -> None:
    rng = np.random.default_rng(days)
    past = [{"x": rng.normal(size=1_000)} for _ in range(days)]
    x = rng.normal(size=1_000)
    report = against({"x": np.where(np.arange(1_000) < 400, np.inf, x)}, past, private)
    (found,) = report.findings
    assert found.name == "changed-missing-share"
    assert "is infinite in 0 % of the earlier rows, in 40 % now" in found.headline
    report = against({"x": np.full(1_000, -np.inf)}, past, private)
    assert [(f.name, f.severity.name) for f in report.findings] == [("changed-missing-share", "error")]
    assert "not what has no finite number now: `x`" in compared(report)
    holed = {"x": np.where(np.arange(1_000) < 200, np.nan, np.where(np.arange(1_000) < 400, np.inf, x))}
    assert "is empty or infinite in" in against(holed, past, private).findings[0].headline
    always = {"x": np.where(np.arange(1_000) < 400, np.inf, x)}
    assert names(against(always, [always] * days, private)) == []


def test_words_on_what_was_compared_are_singular_plural_and_whole() -> None:
    rng = np.random.default_rng(3)
    day = {"a": rng.normal(size=300)} | {f"a long name of a column, {i}": rng.normal(size=300) for i in range(5)}
    report = against({"a": day["a"]}, [{"a": day["a"]}])
    assert compared(report) == "the values of 1 column, in 1 comparison"
    assert "comparison" not in compared(against({"id": np.arange(300)}, [{"id": np.arange(300)}]))
    report = against({name: x + 3 for name, x in day.items()}, [day])
    assert report.answer is not None
    assert "and 3 other columns" in report.answer.verdict
    cell = report.answer.tables[0].rows[0][3]
    assert cell == "`a` and 5 others"
    assert cell in report.to_text(80)


def test_a_new_column_is_not_told_as_one_that_is_gone() -> None:
    found = {
        f.subject: f.why for f in against({"a": [1] * 30, "new": [1] * 30}, [{"a": [1] * 30, "b": [1] * 30}]).findings
    }
    assert "stops" in found["b",]
    assert "takes one more" in found["new",]


def test_spans_that_became_dates_are_of_another_type() -> None:
    spans, dates = (pl.DataFrame({"at": range(60)}).select(pl.col("at").cast(to)) for to in (pl.Duration, pl.Datetime))
    report = against(dates, [spans])
    assert [f.headline for f in report.findings] == ["`at` holds times now, spans of time before"]
    assert "not what is of another type than before" in compared(report)


@pytest.mark.parametrize("values", [[dt.time(1, 2)] * 5, [1j] * 5])
def test_a_column_of_objects_is_not_called_nested(values: list[object]) -> None:
    with pytest.raises(InputError, match="complex numbers, times of day or other objects"):
        tearless.summarize(pd.DataFrame({"x": values}))


def test_a_table_is_not_called_like_the_past_where_its_values_cannot_be_compared() -> None:
    rng = np.random.default_rng(5)
    report = against({"x": rng.normal(size=300)}, [{"x": np.full(300, 7.0)}] * 3, private=True)
    assert report.answer is not None
    verdict = "no values of this table can be compared with the 3 earlier tables; its rows are as before"
    assert report.answer.verdict == verdict
    days = [{"x": np.full(300, 7.0), "y": rng.normal(size=300)} for _ in range(2)]
    report = against({name: rng.normal(size=300) for name in "xy"}, days, private=True)
    assert report.answer is not None
    assert report.answer.verdict == "this table is like the 2 earlier tables, in the columns that can be compared"
