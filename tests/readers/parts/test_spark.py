"""Spark: its partitions give what one machine finds in the whole: types, findings, numbers, and through faults."""

from __future__ import annotations

import datetime as dt
import gc
import importlib.util
import itertools
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import tearless
from tearless.core import InputError
from tearless.readers import open_table
from tearless.readers.parts import spark_session

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "bench"))

from partitionings import cut, differences

JAVA = shutil.which("java") or os.environ.get("JAVA_HOME")
MISSING = "no java is found" if not JAVA else "" if importlib.util.find_spec("pyspark") else "pyspark is missing"
pytestmark = [
    pytest.mark.skipif(bool(MISSING) and os.environ.get("TEARLESS_SPARK") != "required", reason=MISSING),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
]
Made = Callable[[pl.DataFrame, Sequence[int]], Any]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """A session as ``--engine spark`` starts it, on two cores, that tries a task four times; stopped at the end."""
    with pytest.MonkeyPatch.context() as patch:
        submit = "--master local[2,4] --conf spark.sql.shuffle.partitions=3 pyspark-shell"
        patch.setenv("PYSPARK_SUBMIT_ARGS", submit)
        held = [spark_session.started()]
    yield held[0].session
    held.clear()
    gc.collect()
    from pyspark import SparkContext

    assert SparkContext._active_spark_context is None
    assert SparkContext._gateway is None


def on_this_python(data: Any, function: Any, schema: Any) -> Any:
    """A function of the test's own runs on this Python as well, and not on whatever ``python3`` is on the path."""
    with spark_session.at_work(data.sparkSession, "data"):
        return data.mapInArrow(function, schema)


@pytest.fixture
def made(spark: Any, tmp_path: Path) -> Made:
    """Makes a DataFrame of a frame, cut at these rows: Spark's partitions are the stretches between them, in order."""

    def make(frame: pl.DataFrame, at: Sequence[int]) -> Any:
        file = str(tmp_path / f"{len(list(tmp_path.iterdir()))}.parquet")
        frame.write_parquet(file)
        edges = [0, *sorted(at), frame.height]

        def read(batches: Any) -> Any:
            import pyarrow as pa
            import pyarrow.parquet as pq

            for batch in batches:
                for i in batch.column(0).to_pylist():
                    table = pq.read_table(file)
                    small = [f.with_type(pa.string()) if f.type == pa.large_string() else f for f in table.schema]
                    piece = table.cast(pa.schema(small)).slice(edges[i], edges[i + 1] - edges[i])
                    yield from piece.to_batches(max_chunksize=333)

        parts = len(edges) - 1
        return on_this_python(spark.range(0, parts, 1, parts), read, spark.read.parquet(file).schema)

    return make


def table(rows: int = 1500, seed: int = 0) -> pl.DataFrame:
    """Numbers, text, holes, infinities, a leak, a copy and dates, under names that are hard on Spark."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(rows, 3)), rng.integers(0, 2, rows)
    words = pl.Series(rng.choice(["red", "Red ", "grün", ""], rows))
    columns: dict[str, Any] = {
        "a.b": x[:, 0],
        "a`b": 2 * x[:, 0] + 1,
        "größe 大": np.where(rng.random(rows) < 0.01, np.inf, 1e6 + x[:, 1]),
        "holes": pl.Series(np.where(rng.random(rows) < 0.3, np.nan, x[:, 2])).fill_nan(None),
        "words": words.set(pl.Series(rng.random(rows) < 0.1), None),
        "same": [7] * rows,
        "told": y + x[:, 1] * 1e-3,
        "day": pl.Series(rng.integers(0, 2000, rows)).cast(pl.Int32).cast(pl.Date),
        "y": y,
    }
    return pl.DataFrame(columns)


def said(data: Any, target: str | None = "y", **options: Any) -> dict[str, Any]:
    """What a report says that must not depend on how the table was cut."""
    report = tearless.check(data, target=target, **options)
    assert not report.faults
    plain = json.loads(report.to_json())
    return {key: plain[key] for key in ("findings", "outcomes", "counts", "tests", "notes")} | {"rows": report.rows}


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return not differences(one, other)[0]


def test_partitions_of_any_cut_give_what_one_machine_finds(made: Made) -> None:
    frame, rng = table(), np.random.default_rng(1)
    one = said(frame)
    assert len(one["findings"]) >= 5
    for at in ([0, 0, 1, 700, 700, 701, 1500], _edges(frame, rng)):
        assert same(one, said(made(frame, at)))


def _edges(frame: pl.DataFrame, rng: np.random.Generator) -> list[int]:
    return list(itertools.accumulate(piece.height for piece in cut(frame, rng, 12)))[:-1]


def test_a_test_table_is_measured_where_it_lies_too(made: Made) -> None:
    frame, later = table(), table(900, 5).with_columns(pl.col("told") + 3)
    one = said(frame, test=later)
    assert same(one, said(made(frame, [400]), test=made(later, [0, 100])))


def test_what_spark_moves_and_merges_gives_what_one_machine_finds(made: Made) -> None:
    frame = table().with_row_index("i").with_columns(pl.col("i").cast(pl.Int64))
    data = made(frame, [100, 200, 1200]).repartition(20).orderBy("i")
    assert same(said(frame), said(data))
    cached = made(frame, range(20, 1500, 80)).cache()
    assert same(said(frame), said(cached))
    cached.unpersist()


def test_types_are_those_of_one_machine_and_what_is_nested_is_left_out(spark: Any) -> None:
    data = spark.sql(
        "select cast(id / 4 as decimal(20, 2)) d, timestamp_seconds(id) t, date'2020-01-02' day, "
        "timestamp_ntz'2020-01-02 03:04:05.000006' n, binary(string(id)) b, interval 1 day 2 hours gap, "
        "null as nothing, array(id) ar, map(id, 1) m, struct(id) st, cast(id as float) f, cast(id as tinyint) i8, "
        "cast(id as short) i16, cast(id as int) i32, id, id = 1 as is, string(id) s, '' as s from range(0, 3, 1, 2)"
    )
    spark.conf.set("spark.sql.session.timeZone", "GMT+08:00")
    source = open_table(data)
    frame = pl.concat([batch.frame for batch in source.batches()])
    spark.conf.unset("spark.sql.session.timeZone")
    assert frame.schema == source.schema
    numbers = {"f": 1.0, "i8": 1, "i16": 1, "i32": 1, "id": 1, "is": True, "s": "1", "s (2)": ""}
    assert frame.row(1, named=True) == numbers | {
        "d": 0.25,
        "t": dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC),
        "n": dt.datetime(2020, 1, 2, 3, 4, 5, 6),
        "day": dt.date(2020, 1, 2),
        "b": "31",
        "gap": dt.timedelta(days=1, hours=2),
        "nothing": None,
    }
    kinds = (pl.Float32, pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Boolean)
    assert [source.schema[name] for name in ("f", "i8", "i16", "i32", "id", "is")] == list(kinds)
    assert "`ar`, `m` and `st` left out: lists, structs and objects are not checked" in source.notes
    assert same(said(frame, "id"), said(data, "id") | {"notes": []})


def test_tables_without_rows_or_partitions_are_empty_tables(spark: Any) -> None:
    one = said(pl.DataFrame(schema={"a": pl.Float64, "b": pl.String}), None)
    for none in ("select 1.0D a, 'x' b where false", "select double(id) a, 'x' b from range(0, 9, 1, 3) where id < 0"):
        assert same(one, said(spark.sql(none), None))
    with pytest.raises(InputError, match="at least one column"):
        tearless.check(spark.range(3).selectExpr("array(id) a"))


def test_tasks_that_fail_at_first_change_nothing(made: Made) -> None:
    def flaky(batches: Any) -> Any:
        from pyspark import TaskContext

        task = TaskContext.get()
        assert task is not None
        for batch in batches:
            yield batch
            if task.attemptNumber() == 0 and task.partitionId() % 2:
                raise RuntimeError("on purpose")

    frame = table().rename({"a.b": "ab", "a`b": "ba"})  # mapInArrow alone takes no points and backticks
    data = made(frame, [300, 301, 900])
    assert same(said(frame), said(on_this_python(data, flaky, data.schema)))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("select int('x' || id) a from range(3)", "data: expected Spark to compute the table, got .*'x[012]'.*"),
        (
            "select string(unhex('ff41')) a, id from range(3)",
            "data: expected parts .*the text in `a` is not all UTF-8.*",
        ),
    ],
)
def test_what_spark_cannot_compute_is_said_in_a_line(
    query: str, words: str, spark: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    with pytest.raises(InputError, match=words) as refusal:
        tearless.check(spark.sql(query))
    assert capfd.readouterr() == ("", "")
    assert len(str(refusal.value).splitlines()) == 1
    assert len(str(refusal.value)) < 600


def test_what_is_no_table_is_refused(spark: Any) -> None:
    with pytest.raises(InputError, match="got a stream"):
        tearless.check(spark.readStream.format("rate").load())
    with pytest.raises(InputError, match="data: expected a Spark DataFrame, got `Column`"):
        tearless.check(spark.range(3).id)


def test_files_are_measured_by_workers_and_a_damaged_one_is_named(spark: Any, tmp_path: Path) -> None:
    frame = table()
    for i in range(10):
        frame.slice(i * 150, 150).write_parquet(tmp_path / f"{i}.parquet")
    assert same(said(frame), said(tmp_path, engine="spark"))
    (tmp_path / "3.parquet").write_bytes((tmp_path / "3.parquet").read_bytes()[:2000])
    with pytest.raises(InputError, match=r"3\.parquet"):
        tearless.check(tmp_path, engine="spark")
    rest = said(pl.concat([frame[:450], frame[600:]]))
    left = said(tmp_path, engine="spark", skip_unreadable=True)
    assert "3.parquet" in " ".join(left["notes"])
    assert same(rest, left | {"notes": []})


def test_predictions_are_brought_here_in_order(made: Made) -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 800)
    frame = pl.DataFrame({"y_true": truth, "y_prob": np.clip(rng.normal(0.3 + 0.4 * truth, 0.2), 0, 1)})
    assert same(said(frame, None), said(made(frame, [0, 10, 500]), None))


def test_ctrl_c_ends_the_job_and_the_report_says_that_it_was_stopped(spark: Any) -> None:
    def slow(batches: Any) -> Any:
        for batch in batches:
            time.sleep(120)
            yield batch

    tracker = spark.sparkContext.statusTracker()

    def interrupt() -> None:
        while not tracker.getActiveJobsIds():
            time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)

    assert threading.current_thread() is threading.main_thread()
    threading.Thread(target=interrupt, daemon=True).start()
    began = time.monotonic()
    report = tearless.check(on_this_python(spark.range(8), slow, "id long"))
    assert report.stopped
    assert time.monotonic() - began < 60
    assert spark.range(3).count() == 3
    assert not tracker.getActiveJobsIds()
