"""TensorBoard's event files as a log: records of TensorFlow, each checked by its checksums, read to the last good one.

A record is eight bytes of length, the masked CRC-32C of these, the event, and the masked CRC-32C of the event.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from tearless.core import InputError, listed, quoted, visible

from .crc import all_masked, crc32c, masked
from .logs import Log
from .metrics import role_of
from .wire import Damaged, scalars

MARK = "tfevents"
LARGEST_SCALAR = 1 << 16
"""Bytes of an event up to which scalars are looked for in it; larger ones hold pictures, histograms or graphs."""
_MOST = 4 << 30
_AT_ONCE = 4096
_PHASES = frozenset(["train", "training", "val", "valid", "validation", "eval", "test", "dev"])


def is_event_file(path: Path) -> bool:
    """Whether a file is one of events: by its first record's length, whose checksum fits."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return len(head) == 12 and struct.unpack("<I", head[8:])[0] == masked(crc32c(head[:8]))


def event_files(folder: Path) -> list[Path]:
    """The event files that lie in a folder itself, oldest first (their names begin with the time)."""
    return sorted(p for p in folder.iterdir() if MARK in p.name and p.is_file())


def log_of_events(path: Path, argument: str = "data") -> Log:
    """The scalars of an event file, or of the files of one run in a folder.

    Folders below that a run makes for its phases (``train``, ``validation``) or its ``add_scalars`` belong to it.
    Raises ``InputError`` where there is no whole record, no scalar, or more than one run.
    """
    log = Log()
    if not path.is_dir():
        _read(path, log, "", argument)
    else:
        own, phases = event_files(path), _parts_of_a_run(path)
        if not own and not phases:
            return log_of_events(_only_run(path, argument), argument)
        for file in own:
            _read(file, log, "", argument)
        for folder in phases:
            for file in event_files(folder):
                _read(file, log, folder.name, argument)
    if not log.tells:
        raise InputError(
            f"{argument}: expected scalars in the events, got {visible(str(path), 120)} without any; log the loss with "
            "`add_scalar`"
        )
    return log


def runs_below(path: Path) -> list[Path]:
    """Folders below a folder, at most three deep, that hold event files."""
    found = []
    depth = len(path.parts)
    for place, folders, files in os.walk(path):
        if any(MARK in name for name in files):
            found.append(Path(place))
        if len(Path(place).parts) - depth >= 3:
            folders.clear()
    return sorted(found)


def _only_run(path: Path, argument: str) -> Path:
    runs = sorted({p.parent if p.name.lower() in _PHASES and p != path else p for p in runs_below(path)})
    if len(runs) == 1 and runs[0] != path:
        return runs[0]
    names = [str(run.relative_to(path)) for run in runs]
    got = f"{len(runs):,} runs ({listed(names, 4)})" if runs else "none"
    raise InputError(
        f"{argument}: expected the events of one run, got {got} in {visible(str(path), 120)}; name the folder of one"
    )


def _parts_of_a_run(path: Path) -> list[Path]:
    """Folders that hold phases, or what ``add_scalars`` wrote beside the run's own file."""
    own = bool(event_files(path))
    folders = sorted(p for p in path.iterdir() if p.is_dir() and event_files(p))
    return [p for p in folders if p.name.lower() in _PHASES or (own and role_of(p.name) is not None)]


def _read(file: Path, log: Log, folder: str, argument: str) -> None:
    """The scalars of one file into the log."""
    try:
        if file.stat().st_size > _MOST:
            raise InputError(f"{argument}: expected event files of at most 4 GiB, got {visible(str(file), 120)}")
        with file.open("rb") as stream:
            whole = _into(log, folder, stream)
        size = file.stat().st_size
    except OSError as fault:
        reason = fault.strerror or type(fault).__name__
        raise InputError(f"{argument}: expected event files, got {visible(str(file), 120)} ({reason})") from None
    records, end = whole
    if not records:
        raise InputError(
            f"{argument}: expected events of TensorBoard, got {visible(str(file), 120)}, whose first record is damaged "
            "or cut short; copy the file again"
        )
    if end < size:
        log.notes.append(
            f"{quoted(file.name)} is damaged or cut short after {records:,} records: {size - end:,} bytes left out"
        )


def _into(log: Log, folder: str, stream: BinaryIO) -> tuple[int, int]:
    """Add each record's scalars; how many records are whole, and where the last of them ends."""
    records = end = 0
    for batch in _batches(stream):
        fits = all_masked([event for event, _, _ in batch])
        for (event, code, stop), right in zip(batch, fits, strict=True):
            if event and code != right:
                return records, end
            try:
                step, found = scalars(event)
            except Damaged:
                return records, end
            records, end = records + 1, stop
            for tag, value in found:
                if step >= 0:
                    log.add(_named(folder, tag), step, value)
    return records, end


Record = tuple[bytes, int, int]


def _batches(stream: BinaryIO) -> Iterator[Sequence[Record]]:
    batch: list[Record] = []
    for record in _records(stream):
        batch.append(record)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _records(stream: BinaryIO) -> Iterator[Record]:
    """Event, checksum, and where the record ends, up to the first that is not whole; large events come as empty."""
    at = 0
    size = os.fstat(stream.fileno()).st_size
    while True:
        head = stream.read(12)
        if len(head) < 12 or struct.unpack("<I", head[8:])[0] != masked(crc32c(head[:8])):
            return
        length = struct.unpack("<Q", head[:8])[0]
        at += 16 + length
        if at > size:
            return
        if length > LARGEST_SCALAR:
            stream.seek(length + 4, os.SEEK_CUR)
            yield b"", 0, at
            continue
        body = stream.read(length + 4)
        if len(body) < length + 4:
            return
        yield body[:length], struct.unpack("<I", body[length:])[0], at


def _named(folder: str, tag: str) -> str:
    """A tag with the folder that says its phase: ``train/epoch_loss``; of ``add_scalars`` the folder's name alone."""
    if not folder:
        return tag
    return f"{folder}/{tag}" if folder.lower() in _PHASES else folder
