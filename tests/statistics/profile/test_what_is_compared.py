"""What of a table is compared with the days before it, what is not, and that neither is said for the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest

import tearless
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
