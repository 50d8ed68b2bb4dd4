"""A line on standard error while the work is long, removed when it is done."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType
from typing import Self

from .streams import width

PATIENCE = 1.0
"""Seconds before anything is shown."""
EVERY = 0.2


class Progress:
    """Called with what is being done and how far it is. Silent unless standard error is a terminal."""

    def __init__(self) -> None:
        self._said = "opening"
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)

    def __call__(self, doing: str, count: int) -> None:
        self._said = f"{doing}, {count:,} rows" if doing.startswith("reading") else doing

    def __enter__(self) -> Self:
        import os

        if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _show(self) -> None:
        began = time.monotonic()
        shown = False
        while not self._done.wait(EVERY if shown else PATIENCE):
            line = f"{self._said} ({time.monotonic() - began:.0f} s)"
            sys.stderr.write(f"\r\x1b[2K{line[: width() - 1]}")
            sys.stderr.flush()
            shown = True
        if shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
