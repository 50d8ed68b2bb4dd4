"""Where a watch writes: lines kept in memory, and in a file that can be read at any moment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
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

    A file that cannot be written is told of once (``told``, and ``trouble``); the lines in memory stay.
    """

    def __init__(self, path: Path | None = None, told: Callable[[str], None] | None = None) -> None:
        self.lines: list[str] = []
        self.trouble = ""
        self._told = told
        self._counts: dict[str, int] = {}
        self._written = 0
        self._last = time.monotonic()
        self._process = os.getpid()
        self._file = self._opened(path)

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
        """Hand the new lines to the system. A process that was forked writes nothing."""
        self._last = time.monotonic()
        new = self.lines[self._written :]
        if self._file is None or not new or os.getpid() != self._process:
            return
        left = memoryview("".join(f"{line}\n" for line in new).encode("ascii"))
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as fault:
            self._gives_up(fault)
        self._written = len(self.lines)

    def close(self) -> None:
        """Write the rest and let go of the file."""
        self.flush()
        if self._file is not None and os.getpid() == self._process:
            file, self._file = self._file, None
            try:
                os.close(file)
            except OSError as fault:
                self._gives_up(fault)

    def _opened(self, path: Path | None) -> int | None:
        try:
            return None if path is None else os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        except OSError as fault:
            self._file = None
            self._gives_up(fault)
            return None

    def _gives_up(self, fault: OSError) -> None:
        """The record goes on in memory: what is on disk is whole up to its last entry but one."""
        file, self._file = self._file, None
        self.trouble = f"the record cannot be written ({fault.strerror or fault}); the run goes on without it"
        if file is not None:
            with suppress(OSError):
                os.close(file)
        if self._told:
            self._told(self.trouble)
