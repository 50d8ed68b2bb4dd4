"""Dask: its DataFrames, and files that its workers read.

The user's own scheduler does the work: threads, processes, or the cluster of the current ``Client``. Facts travel as
bytes, and are merged on the workers eight at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tearless.core import InputError, visible
from tearless.readers.normal import normal
from tearless.readers.source import ReadAgain, Source, from_frames

from .files import Task, measured
from .pandas_columns import OtherTypes, Plan, Sight, joined, looked_at
from .work import Work

FAN_IN = 8
"""How many results a worker merges to one."""
OTHER_TYPES = b""
"""What a partition of other types than declared gives instead of facts: raised, it would stand in a worker's log."""


def open_dask(data: Any, argument: str) -> Source:
    """A Dask DataFrame (or Series, or array of one or two dimensions) as a table in parts, one for each partition.

    Where the DataFrame leaves the type of a column open (``object``, unknown categories), these columns are looked
    through first. Raises ``InputError`` where it has no columns, and where Dask itself fails.
    """
    return _opened(_as_frame(data, argument), argument, every=False)


def run_tasks(work: Work, tasks: Sequence[Task]) -> list[bytes]:
    """The tasks on the workers of Dask's current scheduler, merged as a tree. Raises ``InputError`` where Dask fails.

    >>> from tearless.readers.parts.files import Slice
    >>> run_tasks(Work((), pl.Schema({"a": pl.Int64()})), [])
    []
    """
    try:
        from dask.delayed import delayed
    except ImportError:
        raise InputError(
            "engine: expected an engine that is installed, got dask, which is not; pip install 'tearless[dask]'"
        ) from None
    told, each = delayed(work, traverse=False), delayed(measured, pure=False)
    return list(_computed(_merged(told, [each(told, delayed(task, traverse=False)) for task in tasks]), "engine"))


@dataclass(frozen=True)
class DaskParts:
    """The partitions of one Dask DataFrame; ``counts`` are the rows of each."""

    parts: tuple[Any, ...]
    plan: Plan
    label: str
    schema: pl.Schema
    argument: str
    counts: tuple[int, ...]
    again: Callable[[], Source]
    """The same table with every column of every partition looked through."""

    def counted(self) -> list[int]:
        """The rows of each partition."""
        return list(self.counts)

    def run(self, work: Work, starts: Sequence[int]) -> list[bytes]:
        """See ``Parts``. Raises ``ReadAgain`` where a partition has other types than Dask declares."""
        from dask.delayed import delayed

        told, plan, each = delayed(work, traverse=False), delayed(self.plan, traverse=False), delayed(_of_partition)
        padded = [*starts, *[0] * (len(self.parts) - len(starts))]
        numbered = enumerate(zip(self.parts, padded, strict=True))
        found = [each(told, plan, part, i, start) for i, (part, start) in numbered]
        blobs = list(_computed(_merged(told, found), self.argument))
        if OTHER_TYPES in blobs:
            raise ReadAgain(self.again())
        return blobs

    def frames(self) -> Iterator[pl.DataFrame]:
        """All rows in order, one partition here at a time."""
        for part in self.parts:
            try:
                yield from self.plan.frames(_computed([part], self.argument)[0])
            except OtherTypes:
                raise ReadAgain(self.again()) from None

    def without(self, parts: Sequence[int]) -> None:
        """A partition is never left out."""


def _as_frame(data: Any, argument: str) -> Any:
    if hasattr(data, "chunks"):
        from dask.dataframe import from_dask_array

        if data.ndim not in (1, 2) or data.dtype.kind not in "biuf":
            raise InputError(
                f"{argument}: expected a Dask array of rows by columns that holds numbers, got one of {data.dtype} in "
                f"{data.ndim} dimensions; reshape it, or give a Dask DataFrame"
            )
        table = data.reshape(-1, 1) if data.ndim == 1 else data
        return from_dask_array(table, columns=[f"x{j}" for j in range(table.shape[1])])
    if data.ndim == 1:
        return data.to_frame(name="x0" if data.name is None else data.name)
    return data


def _opened(data: Any, argument: str, every: bool) -> Source:
    """The table; with ``every`` all columns are looked through, whatever Dask declares."""
    declared = data._meta
    if not declared.shape[1]:
        raise InputError(
            f"{argument}: expected at least one column, got a Dask DataFrame that has none; give it columns"
        )
    parts = tuple(data.to_delayed())
    label = f"a Dask DataFrame of {len(parts):,} partition{'s' * (len(parts) != 1)}"
    sights = [Sight.of(declared.iloc[:, j], through=False) for j in range(declared.shape[1])]
    unsure = [j for j, sight in enumerate(sights) if every or _is_open(declared.iloc[:, j], sight)]
    found = _looked_through(data, parts, unsure, every, argument)
    for position, sight in zip(unsure, joined(found, _concat), strict=True):
        sights[position] = sight
    plan = Plan(tuple(declared.columns), tuple(sights))
    made = normal(plan.schema, argument, label)

    def again() -> Source:
        if every:
            raise InputError(
                f"{argument}: expected partitions of the same types each time they are read, got {label}, whose types "
                "changed; write it to files or keep it (persist) first"
            )
        return _opened(data, argument, every=True)

    own = DaskParts(parts, plan, label, plan.schema, argument, tuple(rows for rows, _ in found), again)

    def frames() -> Iterator[pl.DataFrame]:
        return (made.of(frame) for frame in own.frames())

    select = () if made.select is None else (made.select,)
    rows = from_frames(frames, made.schema)
    notes = (*plan.words, *made.notes)
    return Source(label, rows, notes, argument=argument, frames=frames, parts=own, select=select)


def _is_open(series: Any, sight: Sight) -> bool:
    """Whether only the values tell what a column holds: objects, and categories that Dask does not know yet."""
    unknown = sight.category and "__UNKNOWN_CATEGORIES__" in list(series.cat.categories)
    return sight.by_values or unknown


def _looked_through(
    data: Any, parts: Sequence[Any], positions: Sequence[int], every: bool, argument: str
) -> list[tuple[int, tuple[Sight, ...]]]:
    """The rows of every partition, and what these columns of it show.

    Only the columns that are needed are read where Dask can read some alone and cuts them as it cuts the whole.
    """
    from dask.delayed import delayed

    labels, wanted = list(data.columns), list(positions)
    if data.columns.is_unique and not every:
        few = [data.columns[j] for j in positions] or [_cheapest(data._meta)]
        narrow = data[few].to_delayed()
        if len(narrow) == len(parts):
            parts, labels, wanted = narrow, few, list(range(len(positions)))
    look = delayed(looked_at, pure=False)
    return list(_computed([look(part, labels, wanted) for part in parts], argument))


def _cheapest(declared: Any) -> Any:
    """A column that is read fast, for the number of rows: one of numbers where there is one."""
    numbers = [j for j, dtype in enumerate(declared.dtypes) if getattr(dtype, "kind", "") in "biuf"]
    return declared.columns[numbers[0] if numbers else 0]


def _of_partition(work: Work, plan: Plan, part: Any, number: int, start: int) -> bytes:
    try:
        return work.of(plan.frames(part), number, start)
    except OtherTypes:
        return OTHER_TYPES


def _one_of_many(work: Work, blobs: list[bytes]) -> bytes:
    return OTHER_TYPES if OTHER_TYPES in blobs else work.merged(blobs)


def _merged(told: Any, blobs: list[Any]) -> list[Any]:
    """A tree of merges over the results of neighbouring parts, until few are left."""
    from dask.delayed import delayed

    merge = delayed(_one_of_many, pure=False)
    while len(blobs) > FAN_IN:
        blobs = [merge(told, blobs[i : i + FAN_IN]) for i in range(0, len(blobs), FAN_IN)]
    return blobs


def _concat(empties: list[Any]) -> Any:
    from dask.dataframe.dispatch import concat

    return concat(empties)  # type: ignore[no-untyped-call]


def _computed(delayed: Sequence[Any], argument: str) -> tuple[Any, ...]:
    """What Dask makes of these, on the scheduler that is in use. What fails there is told in words."""
    from dask.base import compute

    try:
        return tuple(compute(*delayed))  # type: ignore[no-untyped-call]
    except InputError:
        raise
    except Exception as fault:
        reason = visible((str(fault).strip() or type(fault).__name__).splitlines()[0], 160)
        raise InputError(
            f"{argument}: expected partitions that Dask can compute, got a failure in one ({type(fault).__name__}: "
            f"{reason}); compute it alone to see more, or mend what it reads"
        ) from fault
