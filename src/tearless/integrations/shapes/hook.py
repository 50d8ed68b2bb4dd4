"""``with tearless.shapes():`` an error about shapes that leaves the block gets a note that explains it.

Nothing is set up while nothing fails: entering and leaving the block is all it costs. What explains is loaded when an
error is there to be explained.
"""

from __future__ import annotations

import functools
import inspect
import shutil
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, overload

if TYPE_CHECKING:
    from tearless.linear_algebra.shapes import Explanation
    from tearless.report.report import Report

    from .silent.tracer import Tracer

Made = TypeVar("Made", bound=Callable[..., Any])

LIBRARIES = ("numpy", "torch", "jax")
MARK = "__tearless__"
"""The attribute of an error that holds its explanation, or none, once it was looked at."""
MOST_ERRORS = 16
"""Errors of one chain or group that are looked at."""


@overload
def shapes(function: None = None, *, silent: bool = False) -> Shapes: ...
@overload
def shapes(function: Made, *, silent: bool = False) -> Made: ...
def shapes(function: Any = None, *, silent: bool = False) -> Any:
    """Explain errors about shapes, dtypes and devices that leave a ``with`` block, or a function that this decorates.

    The error, its type and its traceback stay what they are; a note (``__notes__``) is added to it that shows the
    failing operation, its operands with their shapes, the axes that clash, the rule, and what mends it. Coroutines and
    generators may be decorated as well. With ``silent`` the block is also looked at line by line while it runs (some
    20 µs a line) for what goes through without an error: (n, 1) - (n,) in a loss, a batch of 1 that ``squeeze()`` takes
    away, ``v @ v.T`` of a vector; what is found is printed when the block ends, and ``report()`` has it.

    Raises ``InputError`` where it is given what is no function.

    >>> import numpy, tearless
    >>> with tearless.shapes():
    ...     numpy.ones((2, 3)) @ numpy.ones(3)
    array([3., 3.])
    """
    made = Shapes(silent)
    if function is None:
        return made
    if not callable(function):
        from tearless.core import InputError, quoted

        got = quoted(type(function).__name__)
        raise InputError(f"function: expected a function to decorate, got {got}; write shapes() and give no value")
    return made(function)


class Shapes:
    """A block whose errors are explained. ``explanations`` are those of errors that left it, ``seen`` are the entries.

    It may be entered again, nested, and from several threads.
    """

    def __init__(self, silent: bool = False) -> None:
        self._silent = silent
        self._tracer: Tracer | None = None
        self.explanations: list[Explanation] = []

    def __enter__(self) -> Self:
        if self._silent:
            with suppress(Exception):
                self._trace()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tracer is not None:
            with suppress(Exception):
                self._untrace()
        if error is not None:
            self.explanations += explained_once(error)

    @overload
    def __call__(self, function: Made) -> Made: ...
    @overload
    def __call__(self, function: Any) -> Any: ...
    def __call__(self, function: Any) -> Any:
        """The function, run in this block each time."""
        return functools.wraps(function)(_inside(self, function))

    def _trace(self) -> None:
        from .silent.tracer import Tracer

        if self._tracer is None:
            self._tracer = Tracer()
        self._tracer.start(sys._getframe(2))

    def _untrace(self) -> None:
        if self._tracer is None or not self._tracer.stop():
            return
        report = self.report()
        if report.findings:
            print(report.to_text(columns()), file=sys.stderr, flush=True)

    @property
    def seen(self) -> list[dict[str, Any]]:
        """What was seen, as entries of the fact ``Seen``: operations that clashed, and those that went through."""
        passed = self._tracer.entries() if self._tracer is not None else []
        return passed + [one.entry() for one in self.explanations]

    def report(self) -> Report:
        """The findings of the checks about shapes on what was seen in the block."""
        from tearless.doctor.seen_shapes import report_on

        return report_on(self.seen, Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "this run")


def explained_once(error: BaseException) -> list[Explanation]:
    """Add a note to an error about shapes, and to such errors that it was raised from or holds; those that were new.

    Never raises: where the explanation fails there is none.
    """
    found: list[Explanation] = []
    if not any(name in sys.modules for name in LIBRARIES):
        return found
    try:
        for one in _chain(error):
            explanation = _explained(one)
            if explanation is not None:
                found.append(explanation)
    except Exception:  # noqa: BLE001 - the error of the program is what counts
        return found
    return found


def explanations_at(error: BaseException) -> list[Explanation]:
    """The explanations that were found for an error, and for such errors that it was raised from or holds."""
    return [one for each in _chain(error) if (one := getattr(each, MARK, None)) is not None]


def _explained(error: BaseException) -> Explanation | None:
    """The explanation of this error alone, the first time it is asked for; a note of it is left at the error."""
    if not isinstance(error, Exception) or hasattr(error, MARK):
        return None
    explanation: Explanation | None = None
    try:
        from .explain import explained

        explanation = explained(error)
        if explanation is not None:
            explanation.clash.__traceback__ = explanation.clash.__context__ = None  # they would keep the arrays alive
            error.add_note(explanation.to_text(columns()))
    except Exception:  # noqa: BLE001 - the error of the program is what counts
        explanation = None
    with suppress(Exception):
        setattr(error, MARK, explanation)
    return explanation


def _chain(error: BaseException) -> list[BaseException]:
    """An error with those that it was raised from, or holds, those that came first before the others."""
    from .operations.chains import came_from

    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(found) < MOST_ERRORS:
        one = waiting.pop()
        if one is None or any(one is other for other in found):
            continue
        found.append(one)
        waiting.append(came_from(one))
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
    return found[::-1]


def columns() -> int:
    """Columns of the terminal, 80 where there is none."""
    return shutil.get_terminal_size((80, 24)).columns


def _inside(block: Shapes, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the same kind that runs in the block."""
    if inspect.iscoroutinefunction(function):

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with block:
                return await function(*args, **kwargs)

        return awaited
    if inspect.isasyncgenfunction(function):
        return _async_steps(block, function)
    if inspect.isgeneratorfunction(function):

        def steps(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with block:
                return (yield from function(*args, **kwargs))

        return steps

    def called(*args: Any, **kwargs: Any) -> Any:
        with block:
            return function(*args, **kwargs)

    return called


def _async_steps(block: Shapes, function: Callable[..., AsyncGenerator[Any, Any]]) -> Callable[..., Any]:
    """An asynchronous generator function that hands on what is sent and thrown in."""

    async def streamed(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        steps = function(*args, **kwargs)
        given, thrown = None, None
        with block:
            try:
                while True:
                    try:
                        value = await (steps.athrow(thrown) if thrown is not None else steps.asend(given))
                    except StopAsyncIteration:
                        return
                    try:
                        given, thrown = (yield value), None
                    except GeneratorExit:
                        raise
                    except BaseException as error:  # noqa: BLE001 - handed on to the generator that it is meant for
                        thrown = error
            finally:
                await steps.aclose()

    return streamed
