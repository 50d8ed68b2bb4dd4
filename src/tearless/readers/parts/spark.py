"""Spark: its DataFrames, and files that its workers read."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tearless.core import InputError
from tearless.readers.columns import NESTED
from tearless.readers.names import distinct_names
from tearless.readers.normal import normal
from tearless.readers.source import Source, from_frames

from .files import Task
from .packing import packed
from .spark_session import at_work, computed, started
from .spark_tasks import FAN_IN, PARTIAL, ROWS, measuring, merging, reading, sending
from .work import Partial, Work

LABEL = "a Spark DataFrame"
MOST_TASKS = 1024
"""Partitions in which files are measured at most: with more parts, a partition takes several."""


def open_spark(data: Any, argument: str) -> Source:
    """A Spark DataFrame as a table in parts, one for each partition. Nothing of it is computed yet.

    Columns are taken by their places, so that names may repeat or hold points. Raises ``InputError`` for a stream, and
    where no column is left that can be checked.
    """
    with at_work(data.sparkSession, argument):
        if data.isStreaming:
            raise InputError(
                f"{argument}: expected a Spark DataFrame with an end, got a stream; check each batch of it in "
                "foreachBatch, or what it has written"
            )
        fields = list(data.schema.fields)
        kinds = [_kind(field.dataType) for field in fields]
    names, words = distinct_names([field.name for field in fields])
    made = normal(pl.Schema(dict(zip(names, kinds, strict=True))), argument, LABEL)
    places = [i for i, kind in enumerate(kinds) if kind != NESTED]
    schema = pl.Schema({names[i]: kinds[i] for i in places})
    parts = SparkParts(data, tuple(places), schema, argument)
    select = None if made.select is None else made.select

    def frames() -> Iterator[pl.DataFrame]:
        return (made.of(frame) for frame in parts.frames())

    return Source(
        LABEL,
        from_frames(frames, made.schema),
        (*words, *made.notes),
        argument=argument,
        frames=frames,
        parts=parts,
        select=() if select is None else (select,),
    )


def _kind(kind: Any) -> pl.DataType:
    """The type in which a column of this Spark type comes out of its workers; ``NESTED`` where it is left out."""
    if kind.typeName() == "decimal":
        return pl.Decimal(kind.precision, kind.scale)
    return _KINDS.get(type(kind).__name__, NESTED)


_KINDS: dict[str, pl.DataType] = {
    "BooleanType": pl.Boolean(),
    "ByteType": pl.Int8(),
    "ShortType": pl.Int16(),
    "IntegerType": pl.Int32(),
    "LongType": pl.Int64(),
    "FloatType": pl.Float32(),
    "DoubleType": pl.Float64(),
    "StringType": pl.String(),
    "CharType": pl.String(),
    "VarcharType": pl.String(),
    "NullType": pl.String(),
    "BinaryType": pl.Binary(),
    "DateType": pl.Date(),
    "TimeType": pl.Time(),
    "TimestampType": pl.Datetime("us", "UTC"),
    "TimestampNTZType": pl.Datetime("us"),
    "DayTimeIntervalType": pl.Duration("us"),
}


@dataclass(frozen=True)
class SparkParts:
    """The partitions of a DataFrame: those of its columns that stand at ``places``, called as ``schema`` calls them."""

    data: Any
    places: tuple[int, ...]
    schema: pl.Schema
    argument: str = "data"

    @property
    def label(self) -> str:
        """See ``Parts``."""
        return LABEL

    def counted(self) -> list[int] | None:
        """The rows of each partition where Spark can count them without computing the columns.

        Where its plan moves rows, it may cut them otherwise for fewer columns: then they are counted as they are
        measured.
        """
        return computed(self.data.sparkSession, self.argument, self._counts)

    def _counts(self) -> list[int] | None:
        from pyspark.sql import functions as F  # noqa: N812 - the name that everybody gives it

        if "Exchange" in _plan(self.data):
            return None
        found = self.data.select(F.spark_partition_id().alias("part")).groupBy("part").count().collect()
        rows = {int(row[0]): int(row[1]) for row in found}
        return [rows.get(part, 0) for part in range(max(rows, default=-1) + 1)]

    def run(self, work: Work, starts: Sequence[int]) -> list[bytes]:
        """See ``Parts``."""

        def measured() -> list[bytes]:
            found = self._columns().mapInArrow(measuring(work, tuple(self.schema), tuple(starts)), PARTIAL)
            return _few(found, work, len(starts))

        return computed(self.data.sparkSession, self.argument, measured)

    def frames(self) -> Iterator[pl.DataFrame]:
        """All rows in order: one partition after the other is computed and sent here, batch by batch."""
        with at_work(self.data.sparkSession, self.argument):
            sent = self._columns().mapInArrow(sending(tuple(self.schema)), ROWS)
            for row in sent.toLocalIterator(prefetchPartitions=True):
                yield pl.read_ipc_stream(io.BytesIO(row[0])).cast(dict(self.schema))  # type: ignore[arg-type]

    def without(self, parts: Sequence[int]) -> None:
        """Nothing: see ``Parts``."""

    def _columns(self) -> Any:
        """The columns that are measured, under names that no plan stumbles over."""
        fields = self.data.schema.fields
        plain = self.data.toDF(*[f"c{i}" for i in range(len(fields))])
        texts = {i for i in self.places if type(fields[i].dataType).__name__ in ("CharType", "VarcharType", "NullType")}
        return plain.select(*[plain[f"c{i}"].cast("string") if i in texts else plain[f"c{i}"] for i in self.places])


def _plan(data: Any) -> str:
    """The plan of a DataFrame, as Spark prints it."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        data.explain()
    return said.getvalue()


def _few(found: Any, work: Work, parts: int) -> list[bytes]:
    """The facts that workers found, merged as a tree on the workers until they are few, and brought here."""
    while parts > FAN_IN:
        parts = -(-parts // FAN_IN)
        found = found.repartition(parts, "group").mapInArrow(merging(work), PARTIAL)
    return [bytes(row[1]) for row in found.collect()] or [packed(Partial({}))]


class SparkTasks:
    """Measures files on Spark's workers: in the session that is active, else in one of its own, which it stops when
    it is no longer needed. Raises ``InputError`` where pyspark is missing or Spark does not start."""

    def __init__(self) -> None:
        self._started: Any = None

    def __call__(self, work: Work, tasks: Sequence[Task]) -> list[bytes]:
        """The tasks on the workers, merged as a tree."""
        self._started = self._started or started()
        session = self._started.session
        count = min(len(tasks), MOST_TASKS)

        def measured() -> list[bytes]:
            rows = session.range(0, len(tasks), 1, max(1, count))
            return _few(rows.mapInArrow(reading(work, tuple(tasks)), PARTIAL), work, count)

        return computed(session, "engine", measured)
