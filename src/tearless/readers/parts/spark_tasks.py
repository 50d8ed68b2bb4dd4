"""What Spark's workers do: functions of Arrow batches that are sent to them, and give Arrow batches back."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import polars as pl

from tearless.core import InputError, quoted

from .files import Task, measured
from .work import Work

FAN_IN = 8
"""How many results are merged into one."""
PARTIAL = "group long, facts binary"
ROWS = "rows binary"

OnBatches = Callable[[Iterator[Any]], Iterator[Any]]


def measuring(work: Work, names: tuple[str, ...], starts: tuple[int, ...]) -> OnBatches:
    """The facts of one partition, if it has a row; ``starts`` are the numbers of the first rows of the partitions."""

    def measure(batches: Iterator[Any]) -> Iterator[Any]:
        part = _partition()
        filled = (batch for batch in batches if batch.num_rows)
        first = next(filled, None)
        if first is None:
            return
        frames = (frame_of(batch, names) for batch in chain([first], filled))
        yield _row(part // FAN_IN, work.of(frames, part, starts[part] if part < len(starts) else 0))

    return measure


def reading(work: Work, tasks: tuple[Task, ...]) -> OnBatches:
    """The facts of the files' parts whose numbers the batches hold."""

    def read(batches: Iterator[Any]) -> Iterator[Any]:
        numbers = [number for batch in batches for number in batch.column(0).to_pylist()]
        if numbers:
            yield _row(_partition() // FAN_IN, work.merged(measured(work, tasks[number]) for number in numbers))

    return read


def merging(work: Work) -> OnBatches:
    """The facts of each group merged to one, which belongs to a group of the next round."""

    def merge(batches: Iterator[Any]) -> Iterator[Any]:
        groups: dict[int, list[bytes]] = {}
        for batch in batches:
            for group, facts in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                groups.setdefault(group, []).append(facts)
        for group in sorted(groups):
            yield _row(group // FAN_IN, work.merged(groups.pop(group)))

    return merge


def sending(names: tuple[str, ...]) -> OnBatches:
    """The rows themselves, each batch as the bytes of an Arrow stream."""

    def send(batches: Iterator[Any]) -> Iterator[Any]:
        pa = _arrow()
        for batch in batches:
            if batch.num_rows:
                out = io.BytesIO()
                frame_of(batch, names).write_ipc_stream(out)
                yield pa.RecordBatch.from_pydict({"rows": pa.array([out.getvalue()], pa.binary())})

    return send


def frame_of(batch: Any, names: tuple[str, ...]) -> pl.DataFrame:
    """An Arrow batch under other names. Times with a zone are in UTC, which is how Spark holds them.

    Raises ``InputError`` for text that is no UTF-8: Spark lets it pass, and nothing else does.
    """
    pa = _arrow()
    utc = pa.timestamp("us", "UTC")
    for column, name in zip(batch.columns, names, strict=True):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            try:
                column.validate(full=True)
            except pa.ArrowInvalid:
                raise InputError(f"the text in {quoted(name)} is not all UTF-8; make_valid_utf8 mends it") from None
    columns = [c.cast(utc) if getattr(c.type, "tz", None) else c for c in batch.columns]
    frame = pl.from_arrow(pa.RecordBatch.from_arrays(columns, list(names)))
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a batch gives a frame
    return frame


def _partition() -> int:
    from pyspark import TaskContext

    context = TaskContext.get()
    assert context is not None  # noqa: S101 - it is there wherever a task is
    return int(context.partitionId())


def _arrow() -> Any:
    return importlib.import_module("pyarrow")


def _row(group: int, facts: bytes) -> Any:
    pa = _arrow()
    return pa.RecordBatch.from_arrays(
        [pa.array([group], pa.int64()), pa.array([facts], pa.binary())], ["group", "facts"]
    )


def versions() -> OnBatches:
    """What a worker has installed, said by a function that needs none of it."""

    def tell(batches: Iterator[Any]) -> Iterator[Any]:
        import importlib
        import importlib.metadata
        import sys

        for _ in batches:
            pass
        found = [f"Python {sys.version_info[0]}.{sys.version_info[1]} ({sys.executable})"]
        for name in ("tearless", "polars", "numpy"):
            try:
                found.append(f"{name} {importlib.metadata.version(name)}")
            except importlib.metadata.PackageNotFoundError:
                found.append(f"no {name}")
        yield importlib.import_module("pyarrow").RecordBatch.from_pydict({"rows": [", ".join(found).encode()]})

    return tell
