"""Missing and infinite cells: counted apart over every row, and what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import tearless
from tearless.core import Finding

TITANIC = Path(__file__).parents[2] / "examples" / "titanic.csv"


def found(data: Any, name: str, **options: Any) -> Sequence[Finding]:
    report = tearless.check(data, select=[name], **options)
    assert not report.faults, report.faults[0].fault
    return report.findings


def test_null_and_nan_are_counted_apart_and_together() -> None:
    [finding] = found(pl.DataFrame({"x": [1.0, None, float("nan"), float("nan")] * 50}), "missing-values")
    evidence = finding.evidence
    assert [evidence[k].value for k in ("missing", "null", "nan", "filled")] == [150, 50, 100, 50]
    assert "50 null and 100 nan" in finding.said


def test_titanic_counts_are_those_of_pandas() -> None:
    theirs = pd.read_csv(TITANIC).isna().sum()
    findings = {f.subject: f for f in found(str(TITANIC), "missing-values", target="survived")}
    ours = {subject[0]: f.evidence["missing"].value for subject, f in findings.items() if subject}
    assert ours == {name: count for name, count in theirs.items() if count}
    assert findings[("cabin",)].severity.name == "warning"
    assert findings[("fare",)].severity.name == findings[("embarked",)].severity.name == "note"
    assert findings[()].evidence["kept"].value == len(pd.read_csv(TITANIC).dropna()) == 0


def test_an_empty_column_is_an_error_and_two_cells_in_a_thousand_a_note() -> None:
    x = np.r_[np.nan, np.nan, np.arange(998.0)]
    severities = {
        f.subject[0]: f.severity.name
        for f in found({"x": x, "e": np.full(1_000, np.nan)}, "missing-values")
        if f.subject
    }
    assert severities == {"x": "note", "e": "error"}


def test_rows_with_a_hole_anywhere_are_those_that_dropna_drops() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(np.where(rng.random((700, 9)) < 0.05, np.nan, 1.0), columns=list("abcdefghi"))
    whole = next(f for f in found(frame, "missing-values") if not f.subject)
    assert whole.evidence["kept"].value == len(frame.dropna())
    assert whole.severity.name == "warning"


def test_filling_with_the_mean_leaves_the_share_of_explained_variance_that_the_words_say() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=200_000)
    y = x + rng.normal(size=200_000)
    holes = rng.random(200_000) < 0.3
    filled = np.where(holes, x[~holes].mean(), x)
    kept = np.corrcoef(filled, y)[0, 1] ** 2 / np.corrcoef(x, y)[0, 1] ** 2
    assert kept == pytest.approx(0.7, abs=0.01)


def test_a_target_without_value_is_not_to_be_filled() -> None:
    y = np.where(np.arange(100) < 30, np.nan, 1.0)
    [finding] = found({"x": np.arange(100.0), "y": y}, "missing-values", target="y")
    assert finding.do.startswith("drop these rows")


def test_three_infinities_among_a_hundred_thousand_rows_are_found_and_named() -> None:
    x = np.random.default_rng(2).normal(size=100_000)
    x[[17, 54_321, 99_999]] = np.inf, -np.inf, np.inf
    [finding] = found({"x": x, "y": np.zeros(100_000)}, "infinite-values")
    assert finding.severity.name == "error"
    assert finding.rows == (17, 54_321, 99_999)
    assert [finding.evidence[k].value for k in ("infinite", "plus", "minus")] == [3, 2, 1]


def test_infinities_are_found_in_any_batch_of_a_long_table() -> None:
    x = np.zeros(400_000, dtype=np.float32)
    x[[131_072, 399_999]] = np.inf
    [finding] = found({"x": x}, "infinite-values")
    assert finding.rows == (131_072, 399_999)


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_empty_and_tiny_tables_raise_nothing(rows: int) -> None:
    frame = pl.DataFrame({"a": [None] * rows, "b": [float("inf")] * rows, "c": ["?"] * rows, "n": ["1"] * rows})
    report = tearless.check(frame, select=["statistics"])
    mine = ("missing-values", "infinite-values", "sentinel-values", "numbers-as-text", "constant-column")
    assert not [o for o in report.outcomes if o.name in mine and o.fault]


def test_the_whole_table_is_said_only_where_it_loses_more_rows_than_one_column() -> None:
    rng = np.random.default_rng(0)
    hole = rng.random(200) < 0.4
    x, z = rng.normal(size=(2, 200))
    same = {"x": np.where(hole, np.nan, x), "z": np.where(hole, np.nan, z)}
    other = same | {"z": np.where(np.roll(hole, 1), np.nan, z)}
    for table, subjects in ((same, [("x",), ("z",)]), (other, [(), ("x",), ("z",)])):
        findings = tearless.check(table, select=["missing-values"]).findings
        assert sorted(f.subject for f in findings) == subjects
