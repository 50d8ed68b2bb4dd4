"""Tables of engines that stream here: DuckDB, and what narwhals, Ibis, Daft and Ray hand over, where they are there."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import tearless
from tearless.core import InputError
from tearless.readers import Source, open_table

duckdb = pytest.importorskip("duckdb")

ROWS = 3_000
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 2, ROWS)
TABLE = pl.DataFrame(
    {
        "x": RNG.normal(size=ROWS),
        "told": Y + RNG.normal(size=ROWS) * 1e-3,
        "words": RNG.choice(["red", "Red ", "blue"], ROWS),
        "hole": pl.Series([None if gone else 1 + i % 7 for i, gone in enumerate(RNG.random(ROWS) < 0.3)]),
        "at": pl.datetime_range(pl.datetime(2020, 1, 1), interval="1h", end=pl.datetime(2021, 1, 1), eager=True)[:ROWS],
        "y": Y,
    }
)


def found(data: Any, test: Any = None) -> list[Any]:
    """The findings as plain data, and how many rows were looked at."""
    report = tearless.check(data, target="y", test=test)
    assert not report.faults
    return [report.rows, json.loads(report.to_json())["findings"]]


def read(source: Source) -> pl.DataFrame:
    return pl.concat([batch.frame for batch in source.batches()])


@pytest.fixture
def connection() -> Iterator[Any]:
    with duckdb.connect() as made:
        made.register("t", TABLE.to_arrow())
        made.execute("create table kept as select * from t")
        yield made


def test_a_duckdb_relation_is_its_table(connection: Any) -> None:
    one = found(TABLE, TABLE[:500])
    assert len(one[1]) > 3
    assert found(connection.table("kept"), connection.sql("select * from kept limit 500")) == one
    assert found(nw.from_native(connection.table("kept")), TABLE[:500]) == one


def test_a_duckdb_result_is_read_once(connection: Any) -> None:
    assert found(connection.execute("select * from kept")) == found(TABLE)
    source = open_table(connection.execute("select x from kept"))
    assert source.once
    assert read(source).height == ROWS
    with pytest.raises(InputError, match="expected a reader that was not read yet, got the result of a DuckDB"):
        read(source)


def test_a_query_runs_anew_each_time_and_leaves_the_connection_free(connection: Any) -> None:
    source = open_table(connection.sql("select range as a from range(1000000)"))
    first = next(iter(source.batches()))
    assert first.frame.height < 200_000
    assert connection.sql("select 1").fetchall() == [(1,)]
    assert source.rows.select(pl.len()).collect().item() == 1_000_000
    assert sum(batch.frame.height for batch in source.batches()) == 1_000_000


QUERY = """
select 1::hugeint as huge, [1, 2] as list, {'a': 1} as struct, interval 1 day as span, 1.5::decimal(10, 2) as decimal,
'x'::enum('x', 'y') as enum, '00000000-0000-0000-0000-000000000001'::uuid as id, time '01:02:03' as clock, true as flag,
date '2020-01-01' as day, 'ab'::blob as bytes, 3::utinyint as small, null as nothing, 2.5::float as single,
timestamp '2020-01-01 01:00:00' as at, map {'a': 1} as map
"""
VALUES = {
    "huge": [1.0],
    "decimal": [1.5],
    "enum": ["x"],
    "id": ["00000000-0000-0000-0000-000000000001"],
    "clock": [dt.time(1, 2, 3)],
    "flag": [True],
    "day": [dt.date(2020, 1, 1)],
    "bytes": ["6162"],
    "small": [3],
    "single": [2.5],
    "at": [dt.datetime(2020, 1, 1, 1)],
}


def test_every_type_of_duckdb(connection: Any) -> None:
    relation = open_table(connection.sql(QUERY))
    assert read(relation).select(list(VALUES)).to_dict(as_series=False) == VALUES
    assert relation.notes[0] == "`span` left out: intervals are not checked"
    assert relation.notes[1].startswith("`list`, `struct` and `map` left out")
    result = open_table(connection.execute(QUERY))
    frame = read(result)
    assert frame.schema == result.schema
    assert frame.select(list(VALUES)).to_dict(as_series=False) == VALUES
    assert frame["span"].to_list() == [dt.timedelta(days=1)]


def test_names_that_stand_twice_are_told_apart(connection: Any) -> None:
    source = open_table(connection.sql("select 1 as a, 'x' as a"))
    assert read(source).to_dict(as_series=False) == {"a": [1], "a (2)": ["x"]}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda c: duckdb.connect(), "expected a DuckDB connection with a result, got one that has run no query"),
        (lambda c: c.sql("select [1] as a"), r"only nested columns \(`a`\) in a DuckDB relation"),
        (
            lambda c: c.sql("select (i - 300000)::utinyint as a from range(300001) t(i)"),
            "got a DuckDB relation, which failed .ConversionException.* run it by itself",
        ),
    ],
    ids=["nothing asked", "nested", "a failure on the way"],
)
def test_what_duckdb_cannot_give_is_refused_in_words(connection: Any, make: Callable[[Any], Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        tearless.check(make(connection))


def test_a_table_without_rows(connection: Any) -> None:
    assert tearless.check(connection.sql("select * from kept limit 0")).rows == 0
    assert tearless.check(connection.execute("select * from kept limit 0")).rows == 0


@pytest.mark.parametrize(
    "wrap", [pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table], ids=lambda w: f"{w.__module__}.{w.__name__}"
)
def test_a_narwhals_frame_is_what_it_wraps(wrap: Callable[[Any], Any]) -> None:
    native = wrap({"a": [1, 2, 3], "b": ["x", "y", "y"]})
    source = open_table(nw.from_native(native))
    assert read(source).equals(read(open_table(native)))
    assert source.label == open_table(native).label


def test_a_record_batch_reader_is_read_once() -> None:
    arrow = TABLE.to_arrow()
    assert found(pa.RecordBatchReader.from_batches(arrow.schema, arrow.to_batches(max_chunksize=400))) == found(TABLE)


def test_an_ibis_table_streams() -> None:
    ibis = pytest.importorskip("ibis")
    made = ibis.polars.connect({"t": TABLE}).table("t")
    assert found(made) == found(TABLE)


def test_a_daft_frame_streams() -> None:
    daft = pytest.importorskip("daft")
    assert found(daft.from_arrow(TABLE.to_arrow())) == found(TABLE)


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    made = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    made.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield made
    made.shutdown()


def test_a_ray_dataset_streams(ray: Any) -> None:
    arrow = TABLE.to_arrow()
    assert found(ray.data.from_arrow([arrow[:700], arrow[700:700], arrow[700:]])) == found(TABLE)
    pieces = [TABLE.to_pandas()[:700], TABLE.to_pandas()[700:]]
    assert found(ray.data.from_pandas(pieces))[0] == ROWS


def test_a_column_of_ray_without_values_at_first_has_the_type_of_its_later_ones(ray: Any) -> None:
    parts = [pa.table({"a": pa.nulls(3), "b": [1, 2, 3]}), pa.table({"a": [1, 2, 3], "b": [1, 2, 3]})]
    assert read(open_table(ray.data.from_arrow(parts)))["a"].to_list() == [None, None, None, 1, 2, 3]
