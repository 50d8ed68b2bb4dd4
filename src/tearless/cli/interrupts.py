"""Ctrl-C, whatever the libraries below make of it."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self


class Interrupts:
    """While it is entered: remembers that Ctrl-C was pressed, and raises ``KeyboardInterrupt`` as Python does.

    A library may turn the interrupt into an error of its own (an import that was cut short), or be interrupted while it
    closes a file, where Python can only print it; neither is a fault to report.
    """

    def __init__(self) -> None:
        self.seen = False
        self._ours = False

    def __enter__(self) -> Self:
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._raise)
            self._ours = True
        self._hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.unraisablehook = self._hook
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _raise(self, _number: int, _frame: FrameType | None) -> NoReturn:
        self.seen = True
        raise KeyboardInterrupt

    def _unraisable(self, what: Any) -> None:
        if not issubclass(what.exc_type, KeyboardInterrupt):
            self._hook(what)
