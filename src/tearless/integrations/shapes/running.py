"""A script run unchanged, its errors about shapes explained when they have ended it, or one of its threads."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tearless.integrations.script import Ended, run_module, run_script

from .hook import explained_once, explanations_at

if TYPE_CHECKING:
    from tearless.linear_algebra.shapes import Explanation

    from .silent.tracer import Tracer

Tell = Callable[["Explanation"], None]


@dataclass
class Ran:
    """How a script ended, the errors that it did not catch, explained, and what went through without an error."""

    ended: Ended = field(default_factory=lambda: Ended(0))
    explanations: list[Explanation] = field(default_factory=list)
    passed: list[dict[str, Any]] = field(default_factory=list)
    fault: str = ""
    """The traceback of a fault of our own while lines were looked at; they were looked at no more from then on."""

    @property
    def entries(self) -> list[dict[str, Any]]:
        """All of it, as entries of the fact ``Seen``."""
        return self.passed + [one.entry() for one in self.explanations]


def ran(script: str, arguments: Sequence[str], tell: Tell, *, module: bool = False, silent: bool = False) -> Ran:
    """Run a file or a module as ``__main__``; ``tell`` gets each explanation after Python has printed the error.

    What the script catches stays caught. With ``silent`` its lines are looked at while they run. Raises ``InputError``
    where there is no such script, before anything runs.
    """
    found = Ran()

    def explain(error: BaseException | None) -> None:
        if error is None:
            return
        new = explained_once(error)
        found.explanations += explanations_at(error)
        for one in new:
            tell(one)

    _hear_threads(explain)
    tracer = _started() if silent else None
    try:
        found.ended = (run_module if module else run_script)(script, arguments)
    finally:
        if tracer is not None:
            tracer.stop()
            found.passed, found.fault = tracer.entries(), tracer.fault
    explain(found.ended.raised)
    return found


def _started() -> Tracer:
    from .silent.tracer import Tracer

    tracer = Tracer()
    tracer.start(None)
    return tracer


def _hear_threads(explain: Callable[[BaseException | None], None]) -> None:
    """Errors that end a thread are printed as before, then explained; also of threads that outlive the script."""
    before = threading.excepthook

    def hook(args: threading.ExceptHookArgs) -> None:
        before(args)
        with suppress(Exception):
            sys.stderr.flush()
            explain(args.exc_value)

    threading.excepthook = hook
