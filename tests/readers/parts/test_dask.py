"""Dask: its partitions give what one machine finds in the whole, in types, findings and numbers, and through faults."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import tearless
from tearless.core import InputError
from tearless.readers import ReadAgain, Source, open_table
from tearless.readers.parts.dask import DaskParts

pytest.importorskip("dask.dataframe")
sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "bench"))

import dask
import dask.array as da
import dask.dataframe as dd
from dask.delayed import delayed
from partitionings import differences

pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame")  # Dask's own, under pandas 3.1
Frame = pd.DataFrame


@pytest.fixture(autouse=True)
def _as_objects() -> Iterator[None]:
    """Dask makes text of all objects unless it is told not to: whole numbers among them too."""
    with dask.config.set({"dataframe.convert-string": False}):
        yield


def read(data: Any) -> tuple[pl.DataFrame, Source]:
    """The whole table as it streams here, and its source."""
    source = open_table(data)
    while True:
        try:
            return pl.concat([batch.frame for batch in source.batches()]), source
        except ReadAgain as again:
            source = again.source


def parted(*pieces: Frame, declared: Frame | None = None) -> Any:
    """A Dask DataFrame of these partitions, which declares the types of the first (or others)."""
    meta = (pieces[0] if declared is None else declared).iloc[:0]
    return dd.from_delayed([delayed(piece) for piece in pieces], meta=meta, verify_meta=False)


def column(*parts: Any, dtype: Any = object, declared: Any = None) -> Any:
    """A column ``a`` in partitions of these values."""
    frames = [Frame({"a": part if isinstance(part, pd.Series) else pd.Series(part, dtype=dtype)}) for part in parts]
    return parted(*frames, declared=None if declared is None else Frame({"a": declared}))


def category(*values: Any) -> pd.Series[Any]:
    return pd.Series(pd.Categorical(values))


def objects(*values: Any) -> pd.CategoricalDtype:
    """Categories that are objects of any kind."""
    return pd.CategoricalDtype(pd.Index(values, dtype=object))


def times(text: str, unit: str = "ns", zone: str | None = None) -> pd.Series[Any]:
    return pd.Series(pd.to_datetime([text])).astype(f"datetime64[{unit}]").dt.tz_localize(zone)


TABLES: dict[str, Callable[[], Any]] = {
    "nothing, whole numbers, text": lambda: column([None, None], [1, 2], ["x", None]),
    "nothing, whole numbers": lambda: column([None, None], [1, 2]),
    "large and larger whole numbers": lambda: column([2**65], [1, None], [2**300]),
    "nothing at all": lambda: parted(Frame({"a": pd.Series([None], dtype=object), "b": 1})),
    "booleans and numbers among objects": lambda: column([True, None], [1, 2.5]),
    "decimals and whole numbers": lambda: column([Decimal("1.5")], [2]),
    "dates and times": lambda: column([dt.date(2020, 1, 1)], [dt.datetime(2020, 1, 1, 3)]),
    "dates and time stamps": lambda: column([dt.date(2020, 1, 1)], times("2020-01-01")),
    "bytes and text": lambda: column([b"ab"], ["x"]),
    "lists": lambda: parted(Frame({"a": pd.Series([None], dtype=object), "b": 1}), Frame({"a": [[1]], "b": 2})),
    "floats where whole numbers were declared": lambda: column(pd.Series([1, 2]), pd.Series([1.5, np.nan])),
    "whole numbers where floats were declared": lambda: column(pd.Series([1, 2]), pd.Series([3]), declared=[0.5]),
    "text where numbers were declared": lambda: column(pd.Series([1, 2]), ["x", "y"]),
    "floats after booleans": lambda: column(pd.Series([True]), pd.Series([1.5])),
    "whole numbers after booleans": lambda: column(pd.Series([True, False]), pd.Series([1, 0])),
    "booleans, whole numbers, floats": lambda: column(pd.Series([True]), pd.Series([1]), pd.Series([1.5])),
    "narrow and wide": lambda: column(pd.Series([1], dtype="i1"), pd.Series([2], dtype="u8"), pd.Series([3])),
    "single and double": lambda: column(pd.Series([1.1], dtype="f4"), pd.Series([1.1])),
    "with and without holes of its own": lambda: column(pd.Series([1, None], dtype="Int64"), pd.Series([3])),
    "kept by Arrow": lambda: column(
        pd.Series([1, None], dtype="int64[pyarrow]"), pd.Series([2], dtype="int64[pyarrow]")
    ),
    "seconds and nanoseconds": lambda: column(times("2020-01-01", "s"), times("2020-01-01 00:00:01.5")),
    "two zones": lambda: column(times("2020-01-01", zone="UTC"), times("2020-01-01", zone="Europe/Berlin")),
    "empty partitions of other types": lambda: column([], pd.Series([1, 2]), pd.Series([], dtype="f8"), declared=[1]),
    "categories that differ": lambda: column(category("x", "y"), category("z", "y")),
    "categories not known yet": lambda: dd.from_pandas(Frame({"a": list("abca")}), npartitions=3).astype("category"),
    "categories of numbers": lambda: column(category(3, 4), category(9, 3)),
    "categories of mixed objects": lambda: column(
        pd.Series([3, 4], dtype=objects(3, 4)), pd.Series(["x", 3], dtype=objects("x", 3))
    ),
    "intervals": lambda: dd.from_pandas(Frame({"a": pd.cut(pd.Series(range(9)), 3)}), npartitions=2),
    "periods": lambda: dd.from_pandas(Frame({"a": pd.period_range("2020", periods=4, freq="M")}), npartitions=2),
    "sparse": lambda: dd.from_pandas(Frame({"a": pd.arrays.SparseArray([0.0, 1, 0])}), npartitions=2),
    "spans": lambda: dd.from_pandas(Frame({"a": pd.to_timedelta([1, None, 2], unit="s")}), npartitions=2),
    "one name twice": lambda: parted(*[Frame([[1, "x"], [2, part]], columns=["a", "a"]) for part in ("y", 3)]),
    "names of two levels": lambda: parted(Frame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("b", "")]))),
    "numbers as names": lambda: dd.from_pandas(Frame(np.arange(12).reshape(6, 2)), npartitions=2),
    "columns in another order": lambda: parted(Frame({"a": [1], "b": [2.5]}), Frame({"b": [3.5], "a": [4]})),
    "objects in another order": lambda: parted(
        Frame({"a": ["x"], "b": [2.5]}, dtype=object), Frame({"b": [3.5], "a": ["y"]}, dtype=object)
    ),
    "a named index": lambda: dd.from_pandas(
        Frame({"a": range(4)}, index=pd.Index(list("abcd"), name="a")), npartitions=2
    ),
    "an index of levels": lambda: parted(*[Frame({"a": [1]}, index=pd.MultiIndex.from_tuples([(1, 2)]))] * 2),
    "an index of categories": lambda: parted(*[Frame({"a": [1]}, index=pd.CategoricalIndex([c])) for c in "xy"]),
    "partitions that a filter emptied": lambda: dd.from_pandas(Frame({"a": range(20)}), npartitions=6).query("a > 11"),
    "no rows": lambda: dd.from_pandas(Frame({"a": [1, 2], "b": ["x", "y"]}), npartitions=2).query("a > 5"),
    "no rows of objects": lambda: column([], []),
    "a series": lambda: dd.from_pandas(Frame({"a": range(6)}), npartitions=2)["a"],
    "a series without a name": lambda: dd.from_pandas(pd.Series(range(6)), npartitions=2),
}


@pytest.mark.parametrize("strings", [True, False], ids=["as Arrow", "as objects"])
@pytest.mark.parametrize("name", TABLES)
def test_partitions_have_the_types_and_rows_of_the_whole(name: str, strings: bool) -> None:
    with dask.config.set({"dataframe.convert-string": strings, "scheduler": "synchronous"}):
        data = TABLES[name]()
        one, known = read(data.compute())
        there, source = read(data)
        assert there.schema == one.schema
        assert there.equals(one)
        assert source.notes == known.notes
        measured = tearless.check(data, select=["constant-column", "missing-not-at-random"])
        assert (measured.rows, measured.columns) == (one.height, one.width)


def test_categories_of_other_types_are_joined_where_dask_itself_cannot() -> None:
    data = column(category("x", "y"), category(None, None))
    assert read(data)[0]["a"].to_list() == ["x", "y", None, None]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: dd.from_pandas(Frame({"a": [1, 2]}), npartitions=2)[[]], "expected at least one column, got a Dask"),
        (lambda: parted(Frame({"a": [1], "b": [2]}), Frame({"a": [1]})), "got one with `a`; give every part the same"),
        (lambda: parted(Frame({"a": [1]}), Frame({"a": [1], "<b>": [2]})), "got one with `a` and `<b>`; give every"),
        (lambda: da.ones((2, 2, 2)), "expected a Dask array of rows by columns"),
    ],
    ids=["no columns", "a column less", "a column more", "a cube"],
)
def test_what_is_no_table_is_refused_in_words(data: Callable[[], Any], said: str) -> None:
    with dask.config.set(scheduler="synchronous"), pytest.raises(InputError, match=said):
        tearless.check(data())


def failing(part: Frame) -> Frame:
    if len(part) and part["a"].iloc[0] > 3:
        raise OSError("disk \x1b[31mgone")
    return part


def test_a_failing_partition_is_told_without_its_escapes() -> None:
    data = dd.from_pandas(Frame({"a": range(9)}), npartitions=3).map_partitions(failing, meta={"a": "i8"})
    with dask.config.set(scheduler="synchronous"), pytest.raises(InputError) as refused:
        tearless.check(data)
    assert "expected partitions that Dask can compute, got a failure in one (OSError: disk" in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_an_array_is_a_table() -> None:
    data = da.from_array(np.arange(24.0).reshape(12, 2), chunks=(5, 1))
    assert read(data)[0].equals(read(np.arange(24.0).reshape(12, 2))[0])


def table(rows: int, seed: int = 0) -> Frame:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, rows)
    return Frame(
        {
            "x": np.where(rng.random(rows) < 0.02, np.inf, rng.normal(size=rows)),
            "copy": np.arange(rows) * 0.5,
            "row": np.arange(rows),
            "words": pd.Series(rng.choice(["red", "Red ", "blue"], rows), dtype=object),
            "mixed": pd.Series([None] * (rows // 3) + list(range(rows - rows // 3)), dtype=object),
            "told": y + rng.normal(size=rows) * 1e-3,
            "at": pd.date_range("2020", periods=rows, freq="h"),
            "y": y,
        }
    )


WHOLE = table(3_000)
TEST = table(700, seed=1)


def found(data: Any, test: Any = None, **wanted: Any) -> list[Any]:
    """The findings as plain data, and how many rows were looked at."""
    report = tearless.check(data, target="y", test=test, **wanted)
    assert not report.faults
    return [report.rows, json.loads(report.to_json())["findings"]]


def agree(one: list[Any], other: list[Any]) -> bool:
    """Whether the findings are the same, and every number to rounding."""
    words, _ = differences(one, other)
    assert not words, words[:5]
    return True


def pieces(frame: Frame, cuts: Sequence[int]) -> Any:
    edges = [0, *cuts, len(frame)]
    return parted(*[frame.iloc[a:b] for a, b in pairwise(edges)])


@pytest.mark.parametrize("scheduler", ["synchronous", "threads"])
def test_findings_are_those_of_one_machine(scheduler: Any) -> None:
    one = found(WHOLE, TEST)
    assert len(one[1]) > 5
    data, test = pieces(WHOLE, [0, 10, 10, 900, 2_999]), pieces(TEST, [*range(50, 650, 30)])
    with dask.config.set(scheduler=scheduler):
        assert agree(one, found(data, test))


def test_only_the_columns_left_open_are_looked_through(tmp_path: Path) -> None:
    for i in range(4):
        pl.from_pandas(WHOLE.drop(columns="mixed")[i::4]).write_parquet(tmp_path / f"{i}.parquet")
    data = dd.read_parquet(tmp_path)
    parts = open_table(data).parts
    assert isinstance(parts, DaskParts)
    assert parts.counted() == [750] * 4
    narrow = data[["x", "y"]]  # Dask may read several files at once where few columns are wanted
    with dask.config.set(scheduler="synchronous"):
        assert agree(found(narrow.compute()), found(narrow))


def leaving_traces(folder: Path, seconds: float) -> Callable[[Any], Any]:
    """A step that takes its time over each partition and leaves a file with its process in the name.

    It is a function within a function, so that it travels to workers as it is: they cannot import a test.
    """
    path = str(folder)

    def step(part: Any) -> Any:
        if len(part):
            with open(f"{path}/{time.monotonic_ns()}-{os.getpid()}", "w", encoding="utf-8"):
                time.sleep(seconds)
        return part

    return step


def traces(folder: Path) -> list[int]:
    """The processes that computed partitions, in turn."""
    return [int(path.name.partition("-")[2]) for path in sorted(folder.iterdir())]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.worker.daemon": False, "distributed.admin.log-format": "%(message)s"}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as made,
        distributed.Client(made) as client,
    ):
        yield client


def test_a_cluster_finds_what_one_machine_finds(cluster: Any, tmp_path: Path) -> None:
    one = found(WHOLE, TEST)
    assert agree(one, found(pieces(WHOLE, [0, 10, 900]), pieces(TEST, [300])))
    for i, cut in enumerate((slice(0, 400), slice(400, 400), slice(400, 3_000))):
        pl.from_pandas(WHOLE.drop(columns="mixed")[cut]).write_parquet(tmp_path / f"{i}.parquet")
    assert agree(found(tmp_path), found(tmp_path, engine="dask"))


def test_a_worker_killed_at_work_changes_nothing(cluster: Any, tmp_path: Path) -> None:
    data = pieces(WHOLE, [*range(300, 3_000, 300)]).map_partitions(leaving_traces(tmp_path, 0.1), meta=WHOLE.iloc[:0])
    one = found(WHOLE)
    killed: list[int] = []

    def kill() -> None:
        until = time.monotonic() + 60
        while len(traces(tmp_path)) < 13 and time.monotonic() < until:  # 10 looked through, then three measured
            time.sleep(0.01)
        killed.append(traces(tmp_path)[-1])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert agree(one, found(data))
    killer.join()
    assert killed[0] not in cluster.run(os.getpid).values()
    assert len(traces(tmp_path)) > 20  # what the killed worker had been at was done again


def test_ctrl_c_stops_the_workers(tmp_path: Path) -> None:
    few = WHOLE[["x", "y"]]
    data = pieces(few, [*range(30, 3_000, 30)]).map_partitions(leaving_traces(tmp_path, 0.02), meta=few.iloc[:0])
    with dask.config.set(scheduler="threads", num_workers=2):
        source = open_table(data)
        before = len(traces(tmp_path))

        def interrupt() -> None:
            until = time.monotonic() + 60
            while len(traces(tmp_path)) < before + 4 and time.monotonic() < until:
                time.sleep(0.01)
            signal.raise_signal(signal.SIGINT)

        threading.Thread(target=interrupt).start()
        report = tearless.check(source, target="y")
    assert report.stopped
    assert len(traces(tmp_path)) < before + 60
