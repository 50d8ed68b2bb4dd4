"""Numbers written as text are told from codes, labels and words, and what stands in the way is named."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tearless
from tearless.statistics.number_text import look, read


def found(cells: Any) -> list[str]:
    report = tearless.check(pl.DataFrame({"x": pl.Series(cells)}), select=["numbers-as-text"])
    assert not report.faults, report.faults[0].fault
    return [f.severity.name for f in report.findings]


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_whatever_python_writes_for_a_number_reads_as_one(number: float) -> None:
    assert read(str(number)).is_number
    assert read(f"  {number}\t").obstacle == "spaces"


@given(st.integers(1_000, 10**12), st.sampled_from([",", " ", "\u202f", "'"]))
def test_separators_of_thousands_are_seen(number: int, separator: str) -> None:
    assert read(f"{number:,}".replace(",", separator)).obstacle == "thousands"


@pytest.mark.parametrize(
    ("text", "obstacle"),
    [
        ("12,5", "decimal comma"),
        ("1.234,50", "decimal comma"),
        ("€ 1,200.50", "currency"),
        ("12 USD", "currency"),
        ("45 %", "percent"),
        ("70kg", "unit"),
        ("(1,234)", "brackets"),
        ("−3.5", "minus sign"),
        ("'7'", "quotes"),
    ],
)
def test_each_obstacle_is_named(text: str, obstacle: str) -> None:
    assert read(text).obstacle == obstacle
    assert read(text).is_number


@pytest.mark.parametrize(
    "text", ["", "C85", "2020-01-02", "12:30", "192.168.0.1", "5 7", "1st", "one", "12 34", "1,23,4"]
)
def test_what_is_no_number_reads_as_none(text: str) -> None:
    assert not read(text).is_number


def test_quantities_are_warned_about_and_levels_and_codes_of_one_length_noted() -> None:
    rng = np.random.default_rng(0)
    assert found([f"{v:,.2f}" for v in rng.lognormal(8, 1, 300)]) == ["warning"]
    assert found([str(v) for v in rng.integers(1, 5, 300)]) == ["note"]
    assert found([str(v) for v in rng.integers(10_000, 99_999, 300)]) == ["note"]
    assert found([f"{v:05d}" for v in rng.integers(1, 99_999, 300)]) == []


def test_marks_for_no_value_and_slips_do_not_hide_the_numbers_and_are_named() -> None:
    cells = [str(v) for v in range(1, 500)] + ["?"] * 200 + ["about 3"] * 4
    report = tearless.check({"x": cells}, select=["numbers-as-text"])
    [finding] = report.findings
    assert finding.severity.name == "warning"
    assert "a mark for no value in 200 cells, such as '?'" in finding.said
    assert "no number in 4 cells, such as 'about 3'" in finding.said


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_text_with_some_numbers_in_it_is_left_alone(share: float) -> None:
    rng = np.random.default_rng(1)
    cells = np.where(rng.random(400) < share, rng.integers(1, 10**6, 400).astype(str), "A/5 2117")
    assert found(cells) == []


def test_only_one_unit_counts() -> None:
    assert look(pl.Series([f"{i} kg" for i in range(60)] + [f"{i} lb" for i in range(40)])).share == 0.6
