"""Parquet: a file, a folder, a glob."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from tearless.core import InputError, listed, quoted, visible

from .normal import normal
from .source import FAULTS, Frames, Source, batch_rows, unreadable


def open_parquet(
    files: Path | Sequence[Path], label: str, argument: str, path: str, notes: Sequence[str] = (), hive: bool = False
) -> Source:
    """One Parquet file, or several that are one table. ``hive`` takes columns from folders such as ``year=2026``."""
    try:
        scan = pl.scan_parquet(files, hive_partitioning=hive, glob=False)  # type: ignore[arg-type]
        schema = scan.collect_schema()
    except pl.exceptions.SchemaError as fault:
        raise InputError(
            f"{argument}: expected files with the same columns, got {label} ({_reason(fault)}); "
            "name files of one table only"
        ) from None
    except FAULTS as fault:
        raise unreadable(argument, label, fault) from None
    made = normal(schema, argument, label)
    rows = scan if made.select is None else scan.select(made.select)
    frames = None
    if not hive and not isinstance(files, Path) and len(files) > 1:
        frames = _in_turn(files, schema, made.select)
    own = () if hive else (str(files),) if isinstance(files, Path) else tuple(map(str, files))
    select = () if made.select is None else (made.select,)
    return Source(label, rows, (*notes, *made.notes), path, argument=argument, frames=frames, files=own, select=select)


def _in_turn(files: Sequence[Path], schema: pl.Schema, select: Sequence[pl.Expr] | None) -> Frames:
    """One file after the other: a scan of many reads far ahead of whoever takes its batches, and fills the memory."""
    size = batch_rows(len(schema))

    def frames() -> Iterator[pl.DataFrame]:
        for file in files:
            scan = pl.scan_parquet([file], schema=schema, hive_partitioning=False, glob=False)
            rows = scan if select is None else scan.select(select)
            yield from rows.collect_batches(chunk_size=size, maintain_order=True)

    return frames


def _reason(fault: Exception) -> str:
    return visible(str(fault).splitlines()[0], 160)


def parquet_files(folder: Path, argument: str) -> list[Path]:
    """The Parquet files of a folder and of its folders, in the order of their names.

    Raises ``InputError`` where it has none. Hidden ones and those that start with an underscore are not data.
    """
    inside = [p for p in folder.rglob("*") if not any(part[:1] in "._" for part in p.relative_to(folder).parts)]
    files = sorted(p for p in inside if p.suffix.lower() in (".parquet", ".pq", ".parq") and p.is_file())
    if not files:
        others = sorted(p.name for p in inside if p.is_file())
        has = f"which holds {listed(others, 4)}" if others else "which holds no file"
        raise InputError(
            f"{argument}: expected a folder of Parquet files, got {quoted(folder.name)}, {has}; name one file"
        )
    return files
