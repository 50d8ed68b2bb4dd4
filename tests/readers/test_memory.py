"""Tables in memory: every type of every library, with nothing lost on the way and nothing changed behind the back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.readers import open_table
from tearless.readers.names import distinct_names

from .reading import read


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        (pd.Series([1, 2, 3]), [1, 2, 3]),
        (pd.Series([1.5, None, 3]), [1.5, "nan", 3.0]),
        (pd.Series(["a", None, "c"]), ["a", None, "c"]),
        (pd.Series(["a", None, "c"], dtype=object), ["a", None, "c"]),
        (pd.Series(["a", None, "c"], dtype=pd.StringDtype("python")), ["a", None, "c"]),
        (pd.Series(["a", None, "c"], dtype="string[pyarrow]"), ["a", None, "c"]),
        (pd.Series([1, "x", None], dtype=object), ["1", "x", None]),
        (pd.Series([1, 2.5, None], dtype=object), [1.0, 2.5, None]),
        (pd.Series([2**60 + 1, None, 1], dtype="Int64"), [2**60 + 1, None, 1]),
        (pd.Series([2**70, None, 1], dtype=object), [2**70, None, 1]),
        (pd.Series([1.5, None, 2], dtype="Float64"), [1.5, None, 2.0]),
        (pd.Series([True, None, False], dtype="boolean"), [True, None, False]),
        (pd.Series([True, None, False], dtype=object), [True, None, False]),
        (pd.Series(["u", None, "v"], dtype="category"), ["u", None, "v"]),
        (pd.Series([3, None, 1], dtype="category"), [3, None, 1]),
        (pd.Series([1, None, 3], dtype="int64[pyarrow]"), [1, None, 3]),
        (pd.Series(pd.to_datetime(["2020-01-01", None])), [dt.datetime(2020, 1, 1), None]),
        (
            pd.Series(pd.to_datetime(["2020-01-01", None])).dt.tz_localize("Europe/Berlin"),
            [dt.datetime(2019, 12, 31, 23, tzinfo=dt.UTC), None],
        ),
        (pd.Series(pd.to_timedelta([1, None], unit="s")), [dt.timedelta(seconds=1), None]),
        (pd.Series([dt.date(2020, 1, 1), None], dtype=object), [dt.date(2020, 1, 1), None]),
        (pd.Series([Decimal("1.5"), None], dtype=object), [1.5, None]),
        (pd.Series(pd.period_range("2020-01", periods=2, freq="M")), ["2020-01", "2020-02"]),
        (pd.Series(pd.arrays.SparseArray([0.0, 1.0])), [0.0, 1.0]),
    ],
    ids=lambda value: str(value.dtype) if isinstance(value, pd.Series) else "",
)
def test_pandas_columns(column: pd.Series[Any], wanted: list[Any]) -> None:
    before = column.copy(deep=True)
    frame, _ = read(pd.DataFrame({"c": column, "n": range(len(column))}))
    assert ["nan" if value != value else value for value in frame["c"].to_list()] == wanted
    pd.testing.assert_series_equal(column, before)


def test_pandas_names_and_index() -> None:
    table = pd.DataFrame([[1, 2, 3]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y"), ("b", "")]), index=[9])
    assert read(table)[0].columns == ["a.x", "a.y", "b"]
    assert read(pd.DataFrame([[1, 2]], columns=["a", "a"]))[0].columns == ["a", "a (2)"]
    assert read(pd.Series([1, 2], name="q"))[0].columns == ["q"]


def test_pandas_batches_have_one_type_whatever_they_hold() -> None:
    mixed = pd.DataFrame({"a": pd.Series([1] * 200_000 + ["x"], dtype=object)})
    frame, source = read(mixed)
    assert frame.height == 200_001
    assert any("text mixed" in note for note in source.notes)


def test_polars_types_become_the_few_that_checks_know() -> None:
    table = pl.DataFrame(
        {
            "cat": pl.Series(["x"], dtype=pl.Categorical),
            "enum": pl.Series(["x"], dtype=pl.Enum(["x"])),
            "dec": pl.Series([Decimal("1.50")]),
            "null": [None],
            "bin": [b"\xff\x00"],
            "list": [[1]],
            "struct": [{"a": 1}],
            "big": pl.Series([2**64 - 1], dtype=pl.UInt64),
        }
    )
    frame, source = read(table)
    assert frame.rows() == [("x", "x", 1.5, None, "ff00", 2**64 - 1)]
    assert any("`list` and `struct` left out" in note for note in source.notes)
    assert read(table.lazy())[0].equals(frame)


def test_a_polars_frame_is_not_copied() -> None:
    table = pl.DataFrame({"a": np.arange(300_000.0)})
    batch = next(iter(open_table(table).batches()))
    assert batch.frame["a"].to_numpy().__array_interface__["data"] == table["a"].to_numpy().__array_interface__["data"]


def test_arrow() -> None:
    table = pa.table({"a": [1, None], "d": pa.array(["x", "y"]).dictionary_encode()})
    for data in (table, table.to_batches()[0], table.to_reader()):
        assert read(data)[0].rows() == [(1, "x"), (None, "y")]
    assert read(pa.table([[1], [2]], names=["a", "a"]))[0].columns == ["a", "a (2)"]
    spent = open_table(table.to_reader())
    list(spent.batches())
    with pytest.raises(InputError, match="not read yet"):
        list(spent.batches())


def test_numpy_arrays() -> None:
    assert read(np.arange(3))[0].columns == ["x0"]
    strided = np.arange(20.0).reshape(4, 5)[::2, ::2]
    np.testing.assert_array_equal(read(strided)[0].to_numpy(), strided)
    masked = np.ma.array([1, 2], mask=[False, True])
    assert read(masked)[0]["x0"].to_list() == [1, None]
    mixed = read(np.array([[1, "a"], [2, "b"]], dtype=object))[0]
    assert mixed.rows() == [(1, "a"), (2, "b")]


def test_columns_and_records() -> None:
    columns = {"a": [1, None], "b": np.array([1.5, np.nan]), "c": ("x", None), "d": pd.Series([1, 2]), "e": range(2)}
    frame, _ = read(columns)
    assert frame.dtypes == [pl.Int64, pl.Float64, pl.String, pl.Int64, pl.Int64]
    assert np.isnan(frame["b"][1])
    assert read([{"a": 1}, {"b": "x"}])[0].rows() == [(1, None), (None, "x")]
    assert read([[1, 2], [3, 4]])[0].rows() == [(1, 2), (3, 4)]


def test_sparse_and_tensors_on_a_device_are_told_what_to_do() -> None:
    with pytest.raises(InputError, match="toarray"):
        read(sp.csr_array(np.eye(3)))


@given(st.lists(st.sampled_from(["", " ", "a", "b", "a (2)", "a (3)", "column 1", "column 2", "column 1 (2)"])))
def test_names_become_distinct_and_stay_where_they_can(names: list[str]) -> None:
    made, _ = distinct_names(names)
    assert len(set(made)) == len(made) == len(names)
    assert all(name.strip() for name in made)
    for i, name in enumerate(names):
        if name.strip() and names.index(name) == i:
            assert made[i] == name
