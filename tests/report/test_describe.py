"""``tearless.describe`` against pandas and NumPy, and its shapes."""

from __future__ import annotations

import csv
import io
import json
import math
import statistics as exactly
from dataclasses import replace
from datetime import date
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from rich.cells import cell_len

import tearless
from tearless import InputError

EXAMPLES = Path(__file__).parents[2] / "examples"
FLOATS = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf]) | st.none()


def near(value: float | None, expected: float, tolerance: float = 1e-12) -> bool:
    if value is None:
        return not math.isfinite(expected)
    return value == pytest.approx(expected, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize("name", ["wine", "titanic", "longley"])
def test_numbers_agree_with_pandas_on_real_tables(name: str) -> None:
    frame = pd.read_csv(EXAMPLES / f"{name}.csv")
    described = tearless.describe(EXAMPLES / f"{name}.csv")
    assert [c.name for c in described.columns] == list(frame.columns)
    assert described.rows == len(frame)
    for column in described.columns:
        values = frame[column.name]
        assert column.null + column.nan == values.isna().sum()
        assert (column.distinct, column.distinct_exact) == (values.nunique(), True)
        if values.dtype.kind in "if":
            assert near(column.mean, values.mean())
            assert near(column.standard_deviation, values.std())
            assert near(column.minimum, values.min())
            assert near(column.maximum, values.max())
            assert near(column.lower_quartile, values.quantile(0.25))
            assert near(column.median, values.median())
            assert near(column.upper_quartile, values.quantile(0.75))
            n = values.count()
            unbiased = math.sqrt(n * (n - 1)) / (n - 2)
            assert near(column.skewness * unbiased, values.skew(), 1e-9)
        else:
            counts = values.value_counts()
            assert column.top_share == counts.iloc[0] / values.count()
            assert counts[column.top] == counts.iloc[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(FLOATS, max_size=40))
def test_numbers_agree_with_exact_fractions_whatever_the_holes(values: list[float | None]) -> None:
    column = tearless.describe({"x": pl.Series(values, dtype=pl.Float64)})["x"]
    finite = np.array([v for v in values if v is not None and math.isfinite(v)])
    assert column.null == sum(v is None for v in values)
    assert column.nan == sum(v is not None and math.isnan(v) for v in values)
    assert column.infinite == sum(v is not None and math.isinf(v) for v in values)
    if finite.size:
        scale = float(np.abs(finite).max()) or 1.0
        assert column.mean == pytest.approx(exactly.fmean(finite), rel=1e-12, abs=1e-12 * scale)
        assert column.median == pytest.approx(np.median(finite), rel=1e-12)
        assert (column.minimum, column.maximum) == (finite.min(), finite.max())
    else:
        assert (column.mean, column.median, column.minimum) == (None, None, None)
    if finite.size > 1:
        assert column.standard_deviation == pytest.approx(exactly.stdev(finite.tolist()), rel=1e-9, abs=1e-12 * scale)


def test_quantiles_say_of_which_rows_they_are() -> None:
    rng = np.random.default_rng(0)
    small = tearless.describe({"x": rng.normal(size=5_000)})
    assert small.quantiles_of == "all 5,000 rows"
    x = rng.normal(size=400_000)
    large = tearless.describe({"x": x})
    assert large.quantiles_of == "131,072 of 400,000 rows, drawn at random"
    error = 1 / (2 * 0.3989 * math.sqrt(131_072))
    assert abs(large["x"].median - np.median(x)) < 5 * error
    assert not large["x"].distinct_exact
    assert large["x"].distinct == pytest.approx(400_000, rel=5 * 0.031)
    assert large["x"].mean == pytest.approx(x.mean(), rel=1e-9)


def test_whole_numbers_beyond_floats_keep_their_ends() -> None:
    column = tearless.describe({"id": [2**62 + 1, 2**62 + 3]})["id"]
    assert (column.minimum, column.maximum) == (2**62 + 1, 2**62 + 3)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_every_type_is_described(rows: int) -> None:
    table = pl.DataFrame(
        {
            "number": [1.5, math.nan, None][:rows],
            "text": ["b", "a", None][:rows],
            "flag": [True, False, True][:rows],
            "day": [date(2020, 1, 2), None, date(2019, 1, 1)][:rows],
            "list": [[1], [2], None][:rows],
            "nothing": [None, None, None][:rows],
        },
        schema_overrides={
            "text": pl.String,
            "flag": pl.Boolean,
            "day": pl.Date,
            "list": pl.List(pl.Int64),
            "number": pl.Float64,
        },
    )
    described = tearless.describe(table)
    assert [c.name for c in described.columns] == [name for name in table.columns if name != "list"]
    json.loads(described.to_json(), parse_constant=lambda c: pytest.fail(c))
    assert len(list(csv.DictReader(io.StringIO(described.to_csv())))) == 5
    for width in (30, 40, 80, 200):
        assert max(map(cell_len, described.to_text(width).splitlines())) <= width
    if rows == 3:
        assert (described["day"].minimum, described["day"].maximum) == ("2019-01-01", "2020-01-02")
        assert (described["flag"].top, described["text"].top) == ("true", "a")


@pytest.mark.parametrize("width", [30, 59, 60, 80, 100, 160])
@pytest.mark.parametrize("name", ["wine", "titanic"])
def test_the_table_fits_the_terminal(name: str, width: int) -> None:
    text = tearless.describe(EXAMPLES / f"{name}.csv").to_text(width)
    assert max(map(cell_len, text.splitlines())) <= width
    assert "Standard deviations divide by n−1" in " ".join(text.split())


def test_hostile_names_and_values_stay_words() -> None:
    name, value = "a|\x1b[31m\n数据🎉<b>" + "x" * 90, "=1+1|\x1b<script>"
    described = tearless.describe({name: [value] * 3})
    for text in (described.to_text(80), described.to_text(40), described.to_markdown(), described.to_html()):
        assert "\x1b" not in text
    assert "<script>" not in described.to_html()
    assert len([line for line in described.to_markdown().splitlines() if line.startswith("|")]) == 3


def test_csv_moves_no_cursor_and_markdown_keeps_backticks_out_of_its_code() -> None:
    described = tearless.describe({"\x1b[2J": ["\x1b]0;x\x07", "\u202eb"], "`tick`": [1, 2]})
    rows = list(csv.DictReader(io.StringIO(described.to_csv())))
    assert [row["name"] for row in rows] == ["\\x1b[2J", "`tick`"]
    assert not any(c in described.to_csv() for c in "\x1b\x07\u202e")
    assert described.columns[0].name == "\x1b[2J", "the data keep the name as it is"
    assert "| `ʼtickʼ` |" in described.to_markdown()


def test_every_shape_for_people_says_that_it_is_of_a_part() -> None:
    whole = tearless.describe({"x": [1, 2]})
    part = replace(whole, stopped=True, notes=("read as Latin-1",))
    for shape in ("to_text", "to_markdown", "to_html"):
        assert "stopped by Ctrl-C" not in getattr(whole, shape)()
        assert "stopped by Ctrl-C: this is of the first 2 rows" in getattr(part, shape)()
        assert "read as Latin" in getattr(part, shape)()


def test_the_same_table_gives_the_same_bytes() -> None:
    one, two = (tearless.describe(EXAMPLES / "titanic.csv") for _ in range(2))
    assert one.to_json() == two.to_json()


def test_a_wrong_seed_is_named() -> None:
    with pytest.raises(InputError, match="seed"):
        tearless.describe({"x": [1]}, seed=-1)
