"""A record as a source: a table of one column, ``entry``, that the doctor reads as any other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from tearless.core import InputError, quoted
from tearless.readers.source import Source

from .entries import FORMAT, entries_of, line_of
from .ranks import is_split, joined, place_of

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
    if found and found[0].get("ranks") and is_split(found):
        return _of_all(path, found, torn)
    if not found:
        raise InputError(
            f"{argument}: expected a record of a run, got {quoted(str(path))}, whose first line is damaged; "
            "watch the run again"
        )
    return from_lines(lines[: len(found)], path.name, _torn(found, torn))


def _torn(found: Sequence[object], torn: int) -> tuple[str, ...]:
    return (f"the record is damaged after {len(found):,} entries: {torn:,} lines left out",) if torn else ()


def _of_all(path: Path, own: list[dict[str, Any]], torn: int) -> Source:
    """The record of the first of several processes between which tensors are split, joined with those of the others."""
    ranks = int(own[0]["ranks"])
    places = [place_of(path, rank) for rank in range(1, ranks)]
    lines = [line_of(entry) for entry in own]
    if own[0].get("rank") or not all(is_record(place) for place in places):
        said = f"tensors are split over {ranks} processes, and norms are those of one's parts: keep the record of each"
        return from_lines(lines, path.name, (*_torn(own, torn), said))
    others = [entries_of(place.read_text(encoding="utf-8", errors="replace").split("\n"))[0] for place in places]
    entries, split, complete = joined(own, others)
    said = f"norms are those of the parts of {ranks} processes together, at {complete:,} of {split:,} steps looked at"
    return from_lines([line_of(entry) for entry in entries], path.name, (*_torn(own, torn), said))
