"""Where a watch writes: lines kept in memory, and in a file that can be read at any moment.

However long the run, both stay small (``thinning``): what is left out of the file is left out by writing another one
beside it, which then takes its place, so that a killed run leaves the one or the other, each whole.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tearless.readers.training.entries import line_of

from .thinning import About, Weight, thinned, without_rows

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
        self._path = path
        self._weight = Weight()
        self._file = self._opened(path)

    def add(self, entry: Mapping[str, Any], always: bool = True) -> None:
        """Keep an entry. One of many (``always`` false) may be left out, so that the record is bounded."""
        kind = str(entry["kind"])
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if not always and count > MOST_LINES and count % (1 << (count // MOST_LINES).bit_length()):
            return
        self.lines.append(line_of(entry))
        self._weight.add(entry)
        if self._weight.too_much():
            self.thin()
        if time.monotonic() - self._last > FLUSH_EVERY:
            self.flush()

    def thin(self) -> None:
        """Leave out what a long run need not keep, here and in the file."""
        self.flush()
        blocks = thinned(self._entries("losses"))
        renewed = {"losses": [(line_of(one), ("losses", 0, len(one["values"]))) for one in blocks]}
        evaluations = iter(without_rows(self._entries("evaluation")))
        kept: list[tuple[str, About]] = []
        for line, about, stays in zip(self.lines, self._weight.about, self._weight.kept(), strict=True):
            if about[0] == "losses":
                kept += renewed.pop("losses", [])
                continue
            own = line_of(next(evaluations)) if about[0] == "evaluation" else line
            kept += [(own, about)] if stays else []
        self.lines = [line for line, _ in kept]
        self._weight.renewed(about for _, about in kept)
        self._replace()
        self._written = len(self.lines)

    def _entries(self, kind: str) -> list[dict[str, Any]]:
        lines = zip(self.lines, self._weight.about, strict=True)
        return [json.loads(line.partition(" ")[2]) for line, about in lines if about[0] == kind]

    def _replace(self) -> None:
        """The lines that are left as another file in the place of the first; where that cannot be, that one goes on."""
        if self._file is None or self._path is None or os.getpid() != self._process:
            return
        file, temporary = -1, ""
        try:
            mode = os.fstat(self._file).st_mode
            if not stat.S_ISREG(mode):
                return
            place = os.path.realpath(self._path)
            file, temporary = tempfile.mkstemp(prefix=".tearless-", dir=os.path.dirname(place))
            with os.fdopen(os.dup(file), "wb") as out:
                out.write("".join(f"{line}\n" for line in self.lines).encode("ascii"))
            os.chmod(temporary, stat.S_IMODE(mode))
            os.replace(temporary, place)
        except OSError:
            with suppress(OSError):
                os.close(file)
                os.unlink(temporary)
            return
        file, self._file = self._file, file
        os.close(file)

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
