"""Arrow IPC files, which Feather files are, and Arrow streams."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tearless.core import InputError

from .normal import normal
from .source import FAULTS, Source, unreadable

LARGEST_STREAM = 1 << 30


def open_arrow(file: Path, label: str, argument: str, notes: Sequence[str] = (), stream: bool = False) -> Source:
    """An Arrow file, read in batches; a stream, which has no index, read whole up to 1 GiB."""
    if stream and file.stat().st_size > LARGEST_STREAM:
        raise InputError(
            f"{argument}: expected an Arrow stream of at most 1 GiB, got {label}; write it as an Arrow file or Parquet"
        )
    try:
        scan = pl.read_ipc_stream(file).lazy() if stream else pl.scan_ipc(file, glob=False)
        schema = scan.collect_schema()
    except FAULTS as fault:
        raise unreadable(argument, label, fault) from None
    made = normal(schema, argument, label)
    rows = scan if made.select is None else scan.select(made.select)
    return Source(label, rows, (*notes, *made.notes), str(file), argument=argument)
