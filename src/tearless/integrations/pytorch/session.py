"""A watch on a part of a program: ``with tearless.watch() as run:``. PyTorch is loaded when one is begun."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tearless.core import InputError, quoted, visible

from . import needs_torch

if TYPE_CHECKING:
    from tearless.report.report import Report

LAST_LINES = 6
"""Lines of the traceback of a fault of our own that are shown."""


def watch(
    model: Any = None,
    optimizer: Any = None,
    *,
    record: str | Path | None = None,
    budget: float = 0.02,
    confirm: bool = False,
) -> Session:
    """A watch on every PyTorch optimiser, model and loss that is at work while the ``with`` block lasts.

    ``model`` and ``optimizer`` (one or several) may be given to be known by name from the start; nothing else depends
    on them. ``record`` is a file that is written while it is seen (of several processes that train together
    each has its own, ``run.rank1.record`` beside ``run.record``), ``budget`` the share of the time that looking may
    take, ``confirm`` tests what is suspected on a copy when the block ends. What the block computes stays the same to
    the bit, and its exceptions are its own.

    Raises ``InputError`` where PyTorch is missing, an argument is of another kind, or another watch is at work.
    """
    needs_torch("watch")
    import torch

    models, optimizers = _several(model), _several(optimizer)
    for one in models:
        if not isinstance(one, torch.nn.Module):
            raise InputError(f"model: expected a torch.nn.Module, got {_kind(one)}; leave it out or give the model")
    for one in optimizers:
        if not isinstance(one, torch.optim.Optimizer):
            raise InputError(f"optimizer: expected a torch.optim.Optimizer, got {_kind(one)}; leave it out or give it")
    if not isinstance(budget, int | float) or not 0 < budget <= 1:
        raise InputError(f"budget: expected a share above 0, up to 1, got {quoted(str(budget))}; 0.02 is the default")
    return Session(models, optimizers, Path(record) if record is not None else None, float(budget), confirm)


class Session:
    """A watch in a program. ``report()`` says at any time what has been seen; ``steps`` counts the optimiser steps.

    ``fault`` is the traceback of a fault of the watch itself: it is told once, the watch is off, and the run goes on.
    """

    def __init__(
        self, models: list[Any], optimizers: list[Any], record: Path | None, budget: float, confirm: bool
    ) -> None:
        self._models, self._optimizers = models, optimizers
        self._path, self._budget, self._confirm = record, budget, confirm
        self._watch: Any = None
        self._report: Report | None = None
        self._ended = False
        self._seen: set[str] = set()
        self.label = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "this run"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(error)

    @property
    def steps(self) -> int:
        """Optimiser steps seen so far."""
        return self._watch.steps if self._watch is not None else 0

    @property
    def fault(self) -> str:
        """The traceback of a fault of the watch itself, empty where there was none."""
        return self._watch.fault if self._watch is not None else ""

    def start(self) -> None:
        """Begin to watch. Raises ``InputError`` where another watch is at work, or this one was used before."""
        if self._watch is not None:
            raise InputError("watch: this watch was used before; make another one with tearless.watch()")
        from tearless.readers.training.ranks import place_of

        from .ranks import rank_here
        from .record import Record
        from .run import started
        from .watching import Watch

        Watch.refuse_two()
        path = None if self._path is None else place_of(self._path, rank_here()[0])
        self._watch = Watch(Record(path, _say), self._budget, self._tell)
        self._watch.record.add(started(self.label))
        self._watch.start()
        self._watch.know(self._models, self._optimizers)
        self._began = time.perf_counter()

    def stop(self, error: BaseException | None = None) -> bool:
        """End the watch, measure the last moments on a copy, and close the record; whether it was at work."""
        watch = self._watch
        if watch is None or self._ended:
            return False
        self._ended = True
        from .ending import concluded

        watch.stop()
        seconds = time.perf_counter() - self._began
        how = "done" if error is None else "exception" if isinstance(error, Exception) else "interrupted"
        said = "" if error is None else _words(error)
        trace = error.__traceback__ if error is not None else None
        try:
            self._report = concluded(
                watch, self.label, seconds, how=how, error=said, trace=trace, confirm=self._confirm and error is None
            )
        except Exception:  # noqa: BLE001 - a fault of ours is told, and never the run's
            watch.failed()
        if watch.fault:
            _say(_fault_words(watch.fault))
        return True

    def report(self) -> Report:
        """What is found: of the whole run when it has ended, else of what has been seen until now.

        Raises ``InputError`` where the watch has not begun.
        """
        if self._report is not None:
            return self._report
        if self._watch is None:
            raise InputError("report: expected a watch that has begun, got one that has not; use it in `with`")
        from tearless.doctor.training import diagnosed
        from tearless.readers.training.source import from_lines

        if self._watch.on:
            self._watch.write_down()
        return diagnosed(from_lines(self._watch.record.lines, self.label))

    def _tell(self, name: str) -> None:
        """A contract is seen broken: one line at once, the first time."""
        if name in self._seen:
            return
        self._seen.add(name)
        from .run import in_words

        _say(in_words(name))


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _kind(value: object) -> str:
    return quoted(type(value).__name__)


def _words(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - the words of an exception are the user's code
        return type(error).__name__


def _say(text: str) -> None:
    """A line on the error stream; where that is closed, none."""
    lines = "\n".join(visible(line) for line in text.splitlines())
    with suppress(Exception):
        print(f"tearless: {lines}", file=sys.stderr, flush=True)


def _fault_words(trace: str) -> str:
    last: Iterable[str] = trace.strip().splitlines()[-LAST_LINES:]
    shown = "\n".join(f"  {line}" for line in last)
    said = "internal fault in the watch, which was switched off while the run went on; please report it"
    return f"{said} with these lines:\n{shown}"
