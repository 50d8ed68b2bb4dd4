"""Which engine measures what: the tables that engines hold, and files that one is asked to read."""

from __future__ import annotations

from typing import Any, Literal, get_args

from tearless.core import InputError, quoted
from tearless.readers.source import Source

from .files import Run, here, in_parts

Engine = Literal["dask", "spark"]


def files_on(engine: Engine | None, source: Source, argument: str, skip_unreadable: bool = False) -> Source:
    """A table of Parquet files to be measured by an engine, or file by file in this process where none is named.

    Raises ``InputError`` for an unknown engine, one that is not installed, and a table that is not of Parquet files.
    """
    return in_parts(source, argument, _runner(engine), skip_unreadable)


def _runner(engine: Engine | None) -> Run:
    if engine is None:
        return here
    if engine == "dask":
        from .dask import run_tasks as on_dask

        return on_dask
    if engine == "spark":
        from .spark import SparkTasks

        return SparkTasks()
    raise InputError(
        f"engine: expected one of {', '.join(get_args(Engine))}, got {quoted(repr(engine))}; leave it out to measure "
        "in this process"
    )


def engine_table(data: Any, argument: str) -> Source | None:
    """The table that an engine holds (a Dask or Spark DataFrame, a DuckDB relation ...); ``None`` for everything else.

    What it is is told by the module of its type: no engine is imported for it.
    """
    top = type(data).__module__.partition(".")[0]
    if top in ("dask", "dask_expr") and hasattr(data, "to_delayed") and getattr(data, "ndim", None):
        from .dask import open_dask

        return open_dask(data, argument)
    if top == "pyspark" and hasattr(type(data), "to_spark"):  # a DataFrame or Series of pandas on Spark
        data = data.to_frame().to_spark() if data.ndim == 1 else data.to_spark()
    if top == "pyspark" and hasattr(type(data), "mapInArrow"):
        from .spark import open_spark

        return open_spark(data, argument)
    if type(data).__module__.startswith(("pyspark.sql", "pyspark.core")):  # a Column has every attribute one asks for
        got = quoted(type(data).__name__)
        raise InputError(f"{argument}: expected a Spark DataFrame, got {got}; give the DataFrame that holds it")
    if top == "ray" and hasattr(data, "iter_batches"):
        from .ray import open_ray

        return open_ray(data, argument)
    from .streamed import streamed

    return streamed(data, argument)
