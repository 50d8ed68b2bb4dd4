"""What a check costs as tables grow: rows, columns, engines. Writes ``docs/scale.md`` from what it measured.

    python bench/scale.py rows [--millions 1 10] [--folder DIR] [--keep]   # 1 10 100 takes 2 GB of disk, some minutes
    python bench/scale.py columns [--columns 1000 5000 10000]
    python bench/scale.py engines [--millions 8]                            # also --only dask, where the others are not
    python bench/scale.py page                                             # the page again, from what was measured

Each figure is of a process of its own. Tables are generated in pieces, so that any number of rows fits the memory, and
removed afterwards. CPU seconds are of all threads of the process; where other programs use the machine, wall seconds
say little. What was measured is kept in ``bench/scale.json``, one entry a section; a section that is measured again
replaces its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

KEPT = Path(__file__).with_suffix(".json")
PIECE, PER_FILE = 131_072, 1_048_576
MILLION = 1_000_000
MARKS = (1, 2, 5, 10, 20, 50, 100)
"""Millions of rows at which the clock is read while a table is streamed."""
WIDE = (("array", 10_000), ("pandas", 10_000), ("parquet", 100_000))
"""In what form wide tables come, and with how many rows."""


def piece(rng: np.random.Generator, start: int, rows: int) -> pl.DataFrame:
    """Six columns of mixed kinds: two floats (one lognormal with holes), a count, an id, text, booleans."""
    skewed = rng.lognormal(size=rows)
    skewed[rng.random(rows) < 0.05] = np.nan
    shops = pl.Series([f"shop {k}" for k in range(40)])
    return pl.DataFrame(
        {
            "measured": rng.normal(50, 10, rows),
            "skewed": skewed,
            "count": rng.poisson(4, rows),
            "id": np.arange(start, start + rows),
            "shop": shops[rng.integers(0, 40, rows)],
            "flag": rng.random(rows) < 0.3,
        }
    )


def write_long(folder: Path, rows: int, seed: int = 0) -> None:
    """The table in files of 1,048,576 rows, in row groups of 131,072."""
    folder.mkdir(exist_ok=True)
    for i, start in enumerate(range(0, rows, PER_FILE)):
        rng = np.random.default_rng([seed, i])
        ends = range(start, min(start + PER_FILE, rows), PIECE)
        frame = pl.concat([piece(rng, at, min(PIECE, rows - at)) for at in ends])
        frame.write_parquet(folder / f"{i:05}.parquet", row_group_size=PIECE)


def write_wide(path: Path, rows: int, columns: int, seed: int = 0) -> None:
    """Normal numbers in row groups of 2,000 rows, as wide tables are best written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(f"x{j}", pa.float64()) for j in range(columns)])
    rng = np.random.default_rng(seed)
    with pq.ParquetWriter(path, schema, use_dictionary=False, compression="none", write_statistics=False) as out:
        for start in range(0, rows, 2_000):
            values = rng.normal(size=(columns, min(2_000, rows - start)))
            out.write_table(pa.table([pa.array(row) for row in values], schema=schema))


def peak() -> float:
    """Peak resident memory of this process so far, MB. Linux counts that of whoever started it in, but in VmHWM."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(x.split()[1]) for x in status.read_text().splitlines() if x.startswith("VmHWM")) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def rows_of(path: str) -> dict[str, Any]:
    """One long table checked in this process: CPU and wall at so many rows, of reading and of all."""
    began, wall = time.process_time(), time.perf_counter()
    from tearless.core.catalogue import catalogue
    from tearless.doctor.check import check

    for entry in catalogue():
        entry.load()
    marks: list[tuple[int, float]] = []

    def seen(words: str, rows: int) -> None:
        if words.startswith("reading"):
            marks.append((rows, time.process_time()))

    imported = time.process_time()
    report = check(path, progress=seen)
    cpu, seconds = time.process_time() - began, time.perf_counter() - wall
    first = (0, imported)
    at = [next((m for m in marks if m[0] >= million * MILLION), None) for million in MARKS]
    ends = [m for m in at if m is not None]
    ends += [marks[-1]] if not ends or marks[-1][0] > 1.05 * ends[-1][0] else []
    spans = [
        {"from": a[0], "to": b[0], "cpu_ns": (b[1] - a[1]) / (b[0] - a[0]) * 1e9}
        for a, b in zip([first, *ends], ends, strict=False)
    ]
    reading = marks[-1][1] - imported
    return {"rows": report.rows, "reading": reading, "cpu": cpu, "wall": seconds, "peak": peak(), "spans": spans}


def wide_of(kind: str, path: str, rows: int, columns: int) -> dict[str, Any]:
    """One wide table checked in this process; in memory it is counted in the peak."""
    data: Any = path
    if kind != "parquet":
        rng = np.random.default_rng(0)
        data = np.empty((rows, columns))
        for start in range(0, rows, 1_000):
            data[start : start + 1_000] = rng.normal(size=data[start : start + 1_000].shape)
    if kind == "pandas":
        import pandas as pd

        data = pd.DataFrame(data, columns=[f"x{j}" for j in range(columns)], copy=False)
    import tearless

    began, wall = time.process_time(), time.perf_counter()
    report = tearless.check(data)
    cpu, seconds = time.process_time() - began, time.perf_counter() - wall
    untold = {o.name: o.reason for o in report.outcomes if o.result == "cannot tell" and "named" not in o.reason}
    untold = {name: reason for name, reason in untold.items() if "no second table" not in reason}
    sizes = {"text": len(report.to_text()), "html": len(report.to_html())}
    faults = [o.name for o in report.faults]
    found = {"form": kind, "rows": rows, "columns": columns, "cpu": cpu, "wall": seconds, "peak": peak()}
    return found | {"untold": untold, "faults": faults, "sizes": sizes, "findings": len(report.findings)}


def dirty_of(rows: int, columns: int) -> dict[str, Any]:
    """A wide table of which nearly every column has something wrong: how large the reports of it are."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=rows)
    made: dict[int, Any] = {
        0: lambda x: 0 * x + 3.0,
        1: lambda x: np.exp(3 * x),
        2: lambda x: np.where(rng.random(rows) < 0.3, np.nan, x),
        3: lambda x: np.where(rng.random(rows) < 0.05, -999.0, x),
        4: lambda x: np.where(rng.random(rows) < 0.01, np.inf, x),
        5: lambda x: shared + 0.001 * x,
    }
    table = {f"x{j}": made[j % 6](rng.normal(size=rows)) for j in range(columns)}
    import tearless

    began = time.process_time()
    report = tearless.check(table)
    sizes = {kind: len(getattr(report, f"to_{kind}")()) for kind in ("text", "markdown", "html", "json")}
    cpu = time.process_time() - began
    found = {"rows": rows, "columns": columns, "cpu": cpu, "peak": peak(), "findings": len(report.findings)}
    return found | {"sizes": sizes, "faults": [o.name for o in report.faults]}


def engine_of(way: str, path: str) -> dict[str, Any]:
    """One table checked (or summarized) in one way: wall seconds of the first and of the second time."""
    import tearless

    began = time.perf_counter()
    with cluster(way):
        started = time.perf_counter() - began
        times = []
        for _ in range(2):
            begun = time.perf_counter()
            if way == "summarize":
                tearless.summarize(path)
            else:
                engine = way if way in ("dask", "spark") else None
                tearless.check(path, engine=engine, skip_unreadable=way == "file by file")  # type: ignore[arg-type]
            times.append(time.perf_counter() - begun)
    return {"way": way, "start": started, "first": times[0], "second": times[1], "peak": peak()}


@contextmanager
def cluster(way: str) -> Iterator[None]:
    """Two workers of one thread each on this machine, where an engine is to be used."""
    if way == "dask":
        from distributed import Client, LocalCluster

        workers = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50)  # type: ignore[no-untyped-call]
        with workers as here, Client(here):  # type: ignore[no-untyped-call]
            yield
    elif way == "spark":
        from pyspark.sql import SparkSession

        made = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        spark = made.config("spark.driver.host", "127.0.0.1").config("spark.log.level", "ERROR").getOrCreate()
        yield
        spark.stop()
    else:
        yield


def bytes_of(path: str) -> dict[str, Any]:
    """The bytes of the facts of each part of a table, by fact, as they travel; and of the files."""
    import tearless
    from tearless.readers.parts import files
    from tearless.readers.parts.packing import packed

    plain = files.measured
    seen: list[dict[str, int]] = []
    counting: list[float] = []

    def measured(work: Any, task: Any) -> bytes:
        blob = plain(work, task)
        facts = work.unpacked(blob).facts
        seen.append({kind.__name__: len(packed(fact)) for kind, fact in zip(work.kinds, facts or (), strict=True)})
        return blob

    files.measured = measured
    report = tearless.check(path, skip_unreadable=True)
    begun = time.perf_counter()
    pl.scan_parquet(path + "/*.parquet").select(pl.len()).collect()
    counting.append(time.perf_counter() - begun)
    facts = {name: sum(one[name] for one in seen) / len(seen) for name in seen[0]}
    disk = sum(file.stat().st_size for file in Path(path).iterdir())
    return {"rows": report.rows, "parts": len(seen), "facts": facts, "disk": disk, "counting": counting[0]}


def child(*given: Any) -> dict[str, Any]:
    """What one of the functions above returns, called in a process of its own."""
    command = [sys.executable, "-W", "ignore", __file__, "child", *map(str, given)]
    env = {"PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env})
    if done.returncode:
        raise SystemExit(f"{given} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(*given, {k: round(v, 2) if isinstance(v, float) else v for k, v in found.items() if k != "spans"}, flush=True)
    return found


CHILDREN: dict[str, Any] = {
    "rows": lambda path: rows_of(path),
    "wide": lambda kind, path, rows, columns: wide_of(kind, path, int(rows), int(columns)),
    "dirty": lambda rows, columns: dirty_of(int(rows), int(columns)),
    "engine": engine_of,
    "bytes": bytes_of,
}


def measure_rows(folder: Path, given: argparse.Namespace) -> Any:
    found = []
    for millions in sorted(given.millions or [1, 10]):
        path = folder / f"rows{millions}"
        if not path.exists():
            write_long(path, millions * MILLION)
        found.append(child("rows", path))
        if not given.keep:
            shutil.rmtree(path)
    return found


def measure_columns(folder: Path, given: argparse.Namespace) -> Any:
    found = []
    for columns in given.columns:
        for kind, rows in WIDE:
            path = folder / "wide.parquet"
            if kind == "parquet":
                if columns > given.widest:
                    continue
                write_wide(path, rows, columns)
            found.append(child("wide", kind, path, rows, columns))
            path.unlink(missing_ok=True)
    return {"clean": found, "dirty": [child("dirty", 1_000, columns) for columns in given.columns]}


def measure_engines(folder: Path, given: argparse.Namespace) -> Any:
    path = folder / "engines"
    write_long(path, (given.millions or [8])[-1] * MILLION)
    ways = ["one process", "file by file", "dask", "spark", "summarize"]
    ways = [way for way in ways if not given.only or way in ("one process", *given.only)]
    found = {"ways": [child("engine", way, path) for way in ways], "bytes": child("bytes", path)}
    shutil.rmtree(path)
    return found


def main() -> None:
    sections = {"rows": measure_rows, "columns": measure_columns, "engines": measure_engines}
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(CHILDREN[sys.argv[2]](*sys.argv[3:])))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("section", choices=[*sections, "page"])
    parser.add_argument("--millions", type=int, nargs="+", help="rows, in millions")
    parser.add_argument("--columns", type=int, nargs="+", default=[1_000, 5_000, 10_000])
    parser.add_argument(
        "--widest", type=int, default=5_000, help="columns up to which Parquet of 100,000 rows is tried"
    )
    parser.add_argument("--only", nargs="+", default=[], help="of the engines, these")
    parser.add_argument("--folder", type=Path, help="where the tables are written for the while")
    parser.add_argument("--keep", action="store_true", help="keep the tables of rows")
    given = parser.parse_args()
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.is_file() else {}
    if given.section in sections:
        with tempfile.TemporaryDirectory(dir=given.folder) as made:
            folder = given.folder if given.keep and given.folder else Path(made)
            on = f"Python {platform.python_version()}, Polars {pl.__version__}, {os.cpu_count()} cores"
            kept[given.section] = {
                "on": on,
                "load": os.getloadavg()[0],
                "found": sections[given.section](folder, given),
            }
        KEPT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    from scale_page import write

    write(kept)


if __name__ == "__main__":
    main()
