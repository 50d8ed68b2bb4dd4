"""A record as a source: a table of one column, ``entry``, that the doctor reads as any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tearless.core import InputError, quoted
from tearless.readers.source import Source

from .entries import FORMAT, entries_of

MOST_BYTES = 1 << 30


def is_record(path: Path) -> bool:
    """Whether a file begins as a record does; no other line of it is read."""
    try:
        with path.open("rb") as file:
            return f'"format":"{FORMAT}"'.encode() in file.readline(4096)
    except OSError:
        return False


def from_lines(lines: Sequence[str], label: str = "this run", notes: tuple[str, ...] = ()) -> Source:
    """Lines of a record as a source."""
    return Source(label, pl.LazyFrame({"entry": list(lines)}, schema={"entry": pl.String}), notes)


def from_record(path: Path, argument: str = "data") -> Source:
    """A record on disk, read to its last whole entry; what follows is left out and said.

    Raises ``InputError`` where it cannot be read, is too large to be one, or holds no whole entry.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{argument}: expected a record of at most 1 GiB, got {quoted(str(path))}; name another")
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as fault:
        reason = fault.strerror or type(fault).__name__
        raise InputError(f"{argument}: expected a record of a run, got {quoted(str(path))} ({reason})") from None
    lines = [line for line in text.split("\n") if line.strip()]
    found, torn = entries_of(lines)
    if not found:
        raise InputError(
            f"{argument}: expected a record of a run, got {quoted(str(path))}, whose first line is damaged; "
            "watch the run again"
        )
    notes = (f"the record is damaged after {len(found):,} entries: {torn:,} lines left out",) if torn else ()
    return from_lines(lines[: len(found)], path.name, notes)
