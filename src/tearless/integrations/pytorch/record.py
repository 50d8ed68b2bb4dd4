"""Where a watch writes: lines kept in memory, and in a file that can be read at any moment."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tearless.readers.training.entries import line_of

FLUSH_EVERY = 1.0
"""Seconds after which what was recorded is handed to the system: a killed run loses no more."""
MOST_LINES = 20_000
"""Entries of one kind beyond which every second one is left out, and then every second of the rest, and so on."""


class Record:
    """The lines of a run. ``add`` keeps an entry; ``flush`` writes what is new.

    >>> record = Record()
    >>> record.add({"kind": "end", "how": "done"})
    >>> len(record.lines)
    1
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lines: list[str] = []
        self._counts: dict[str, int] = {}
        self._written = 0
        self._last = time.monotonic()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self._file = os.open(path, flags, 0o644) if path is not None else None
        self._process = os.getpid()

    def add(self, entry: Mapping[str, Any], always: bool = True) -> None:
        """Keep an entry. One of many (``always`` false) may be left out, so that the record is bounded."""
        kind = str(entry["kind"])
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if not always and count > MOST_LINES and count % (1 << (count // MOST_LINES).bit_length()):
            return
        self.lines.append(line_of(entry))
        if time.monotonic() - self._last > FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        """Hand the new lines to the system, in one write. A process that was forked writes nothing."""
        self._last = time.monotonic()
        new = self.lines[self._written :]
        if self._file is None or not new or os.getpid() != self._process:
            return
        os.write(self._file, "".join(f"{line}\n" for line in new).encode("ascii"))
        self._written = len(self.lines)

    def close(self) -> None:
        """Write the rest and let go of the file."""
        self.flush()
        if self._file is not None and os.getpid() == self._process:
            os.close(self._file)
            self._file = None
