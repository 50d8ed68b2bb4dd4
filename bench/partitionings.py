"""The same findings and the same numbers, however a table is cut: random partitionings beside one machine.

``python bench/partitionings.py [--engine here|dask|spark] [--times 200] [--seed 0]`` cuts tables of several kinds
(numbers, text, holes, infinities, duplicates, copies, a leak, dates, one so long that its sample is drawn, some with a
test table) at random rows, with empty parts among them, and checks them in parts: ``here`` in this process, the facts
packed and merged in random trees of random order; ``dask`` on a ``LocalCluster`` of two processes; ``spark`` on a local
JVM. It prints for each kind how many partitionings agreed with one machine (the same findings in the same order, the
same words, the same outcomes of the other checks, all numbers to 1e-9 of each other), and the largest relative
difference.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

import tearless
from tearless.readers import open_table
from tearless.readers.parts.work import Work
from tearless.readers.source import Source

ROUNDING = 1e-9
"""The largest relative difference between two numbers that count as one."""
LONG = 300_000
"""Rows of the table whose sample is drawn."""
LONGEST = 1_300_000
"""Rows of the table whose hashes of rows are thinned."""


@dataclass(frozen=True)
class Kind:
    """A table, the column to predict, and the table to compare it with."""

    table: pl.DataFrame
    target: str | None = None
    test: pl.DataFrame | None = None


@dataclass(frozen=True)
class Cut:
    """A frame in parts, each measured by itself; their facts are merged by twos to fours, in random order."""

    pieces: tuple[pl.DataFrame, ...]
    seed: int
    label: str = "pieces"

    @property
    def schema(self) -> pl.Schema:
        return self.pieces[0].schema

    def counted(self) -> list[int] | None:
        """The rows of each part, or (for every third seed) nothing, so that they are counted first."""
        return None if self.seed % 3 == 0 else [piece.height for piece in self.pieces]

    def run(self, work: Work, starts: Sequence[int]) -> list[bytes]:
        """The facts of all parts, merged until one to three results are left."""
        rng = np.random.default_rng(self.seed)
        padded = [*starts, *[0] * (len(self.pieces) - len(starts))]
        found = [work.of([piece], i, start) for i, (piece, start) in enumerate(zip(self.pieces, padded, strict=True))]
        rng.shuffle(found)  # type: ignore[arg-type]
        left = int(rng.integers(1, 4))
        while len(found) > left:
            some = [found.pop(int(rng.integers(len(found)))) for _ in range(min(len(found), int(rng.integers(2, 5))))]
            found.append(work.merged(some))
        return found

    def frames(self) -> Iterator[pl.DataFrame]:
        """All rows in order."""
        yield from self.pieces

    def without(self, parts: Sequence[int]) -> None:
        """None is left out."""


def cut(frame: pl.DataFrame, rng: np.random.Generator, most: int = 40) -> list[pl.DataFrame]:
    """A frame at random rows: one to forty parts of any size, some of them empty, and now and then of single rows."""
    parts = int(rng.integers(1, most + 1))
    at = rng.integers(0, frame.height + 1, parts - 1)
    if rng.random() < 0.3:
        at = np.minimum(np.cumsum(rng.integers(0, 2, parts - 1)), frame.height)
    if rng.random() < 0.3 and parts > 1:
        at = np.repeat(at, 2)[: parts - 1]
    edges = [0, *sorted(at.tolist()), frame.height]
    return [frame[a:b] for a, b in pairwise(edges)]


def in_parts(frame: pl.DataFrame, rng: np.random.Generator) -> Source:
    """A frame as a table in random parts, in this process."""
    source = open_table(frame)
    parts = Cut(tuple(cut(frame, rng)), int(rng.integers(2**31)))
    return replace(source, parts=parts, select=source.select)


def differences(one: Any, other: Any, where: str = "") -> tuple[list[str], float]:
    """Where two reports' data differ beyond rounding, and the largest relative difference between their numbers."""
    number = (int, float)
    if isinstance(one, number) and isinstance(other, number) and not isinstance(one, bool):
        if one == other or (math.isnan(one) and math.isnan(other)):
            return [], 0.0
        apart = abs(one - other) / max(abs(one), abs(other))
        return ([f"{where}: {one!r} and {other!r}"] if not apart <= ROUNDING else []), apart
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return [f"{where}: {sorted(one)} and {sorted(other)}"], 0.0
        return _gathered(differences(one[key], other[key], f"{where}/{key}") for key in one)
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return [f"{where}: {len(one)} and {len(other)} entries"], 0.0
        return _gathered(differences(a, b, f"{where}/{i}") for i, (a, b) in enumerate(zip(one, other, strict=True)))
    return ([] if one == other else [f"{where}: {one!r} and {other!r}"]), 0.0


def _gathered(found: Iterator[tuple[list[str], float]]) -> tuple[list[str], float]:
    pairs = list(found)
    return [said for words, _ in pairs for said in words], max((apart for _, apart in pairs), default=0.0)


def said(data: Any, kind: Kind, test: Any) -> dict[str, Any]:
    """What a report says that must not depend on how the table was cut."""
    report = tearless.check(data, target=kind.target, test=test)
    plain = json.loads(report.to_json())
    return {key: plain[key] for key in ("findings", "outcomes", "counts", "tests", "notes")} | {"rows": report.rows}


def kinds(rng: np.random.Generator, rows: int = 2_000, long: int = LONG, longest: int = LONGEST) -> dict[str, Kind]:
    """Tables of several kinds, each with what its name says; ``rows`` each, but ``long`` and ``longest``."""
    y = rng.integers(0, 2, rows)
    x = rng.normal(size=(rows, 4))
    base = {f"x{j}": x[:, j] * 10.0**j + 1e6 * (j == 3) for j in range(4)}
    numbers = pl.DataFrame({**base, "same": 7, "scaled": x[:, 0] * 3 + 1, "skewed": np.exp(3 * x[:, 1]), "y": y})
    words = rng.choice(["red", "Red ", "green", "blue", ""], rows)
    text = pl.DataFrame({"colour": words, "id": [f"id{i:06}" for i in range(rows)], "n": x[:, 0], "y": y})
    gone = rng.random((rows, 3)) < (0.02, 0.4, 0.97)
    holes = pl.DataFrame({f"h{j}": np.where(gone[:, j], np.nan, x[:, j]) for j in range(3)} | {"y": y})
    holes = holes.with_columns(
        pl.when(pl.Series(gone[:, 1])).then(None).otherwise(pl.Series(words)).alias("t"),
        pl.when(pl.Series(gone[:, 0])).then(None).otherwise(pl.Series(y)).alias("whole"),
    )
    far = np.where(rng.random(rows) < 0.01, rng.choice([np.inf, -np.inf, 1e200, -1e150], rows), x[:, 0])
    infinities = pl.DataFrame({"f": far, "tiny": x[:, 1] * 1e-180, "g": x[:, 2], "y": y})
    some = numbers[rng.integers(0, rows // 3, rows)]
    duplicates = some.with_columns(y=pl.Series(y))
    leak = numbers.with_columns(told=pl.col("y") + pl.Series(x[:, 0]) * 1e-3, words=pl.Series(np.where(y, "yes", "no")))
    day = pl.datetime_range(pl.datetime(2020, 1, 1), interval="1h", eager=True, end=pl.datetime(2030, 1, 1))[:rows]
    dates = pl.DataFrame({"at": day, "day": day.dt.date(), "trend": np.arange(rows) + x[:, 0], "y": np.sort(y)})
    m = rng.normal(size=long)
    drawn = {"a": m, "b": rng.exponential(size=long), "copy": 2 * m, "t": rng.choice(list("abcd"), long)}
    n = np.arange(longest) * (np.arange(longest) % 3 > 0)
    longer = {"thinned": Kind(pl.DataFrame({"n": n, "x": n % 1_000, "y": n % 2}), "y")} if longest else {}
    return {
        "numbers": Kind(numbers, "y"),
        "text": Kind(text, "y"),
        "holes": Kind(holes, "y"),
        "infinities": Kind(infinities, "y"),
        "duplicates": Kind(duplicates, "y"),
        "a leak": Kind(leak, "y"),
        "dates": Kind(dates, "y"),
        "long": Kind(pl.DataFrame(drawn | {"y": rng.integers(0, 3, long)}), "y"),
        "test": Kind(numbers, "y", pl.concat([numbers[:200], numbers[200:900].with_columns(pl.col("x0") + 1)])),
        "test of other types": Kind(duplicates, "x1", holes.rename({"h0": "x0", "h1": "x1", "h2": "x2"})),
        "no target": Kind(pl.concat([text.drop("y"), dates.drop("y")], how="horizontal")),
        **longer,
    }


def of_polars(frame: pl.DataFrame) -> Any:
    """A frame as an engine's own users have it: a pandas frame."""
    return frame.to_pandas()


@contextlib.contextmanager
def on_dask() -> Iterator[Callable[[pl.DataFrame, np.random.Generator], Any]]:
    """What makes a Dask DataFrame of a frame in random partitions, on a cluster of two processes."""
    import dask.dataframe as dd
    from dask.delayed import delayed
    from distributed import Client, LocalCluster

    def parted(frame: pl.DataFrame, rng: np.random.Generator) -> Any:
        pieces = [of_polars(piece) for piece in cut(frame, rng)]
        return dd.from_delayed([delayed(piece) for piece in pieces], meta=of_polars(frame)[:0], verify_meta=False)

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        yield parted


@contextlib.contextmanager
def on_spark() -> Iterator[Callable[[pl.DataFrame, np.random.Generator], Any]]:
    """What makes a Spark DataFrame of a frame in random partitions, on a JVM of two threads."""
    from pyspark.sql import SparkSession

    made = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    spark = made.config("spark.driver.host", "127.0.0.1").config("spark.log.level", "ERROR").getOrCreate()

    def parted(frame: pl.DataFrame, rng: np.random.Generator) -> Any:
        pieces = cut(frame, rng)
        schema = spark.createDataFrame(frame.head(100).to_arrow()).schema
        rows = spark.sparkContext.parallelize([piece.rows() for piece in pieces], len(pieces)).flatMap(lambda r: r)
        return spark.createDataFrame(rows, schema, verifySchema=False)

    try:
        yield parted
    finally:
        spark.stop()


@contextlib.contextmanager
def here() -> Iterator[Callable[[pl.DataFrame, np.random.Generator], Any]]:
    """What makes parts of a frame in this process."""
    yield in_parts


ENGINES = {"here": here, "dask": on_dask, "spark": on_spark}
AS_ONE: dict[str, Callable[[pl.DataFrame], Any]] = {"here": lambda f: f, "dask": of_polars, "spark": lambda f: f}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=sorted(ENGINES), default="here")
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    tables = kinds(rng)
    agreed, tried, apart = dict.fromkeys(tables, 0), dict.fromkeys(tables, 0), dict.fromkeys(tables, 0.0)
    whole = AS_ONE[given.engine]
    ones: dict[str, dict[str, Any]] = {}
    with ENGINES[given.engine]() as parted:
        for time in range(given.times):
            name = list(tables)[time % len(tables)]
            kind = tables[name]
            if name not in ones:
                ones[name] = said(whole(kind.table), kind, None if kind.test is None else whole(kind.test))
            test = None if kind.test is None else parted(kind.test, rng)
            words, relative = differences(ones[name], said(parted(kind.table, rng), kind, test))
            tried[name], agreed[name] = tried[name] + 1, agreed[name] + (not words)
            apart[name] = max(apart[name], relative)
            for line in words[:5]:
                print(f"{name}, partitioning {time}: {line}"[:400], file=sys.stderr)
    print(f"{'table':<22}{'findings':>9}{'agreed':>12}{'largest relative difference':>30}")
    for name in ones:
        found = f"{agreed[name]} of {tried[name]}"
        print(f"{name:<22}{len(ones[name]['findings']):>9}{found:>12}{apart[name]:>30.1e}")
    total, most = sum(agreed.values()), max(apart.values())
    print(f"{total} of {given.times} partitionings agree ({given.engine}); largest relative difference {most:.1e}")
    raise SystemExit(total < given.times)


if __name__ == "__main__":
    main()
