"""Run a script or a module unchanged, as ``python SCRIPT ARGS`` would: its ``__main__``, arguments, paths and exit."""

from __future__ import annotations

import builtins
import os
import runpy
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path

from tearless.core import InputError, quoted


@dataclass(frozen=True)
class Ended:
    """How a script ended: its exit status, ``done``, ``exception`` or ``interrupted``, and the error in words."""

    status: int
    how: str = "done"
    error: str = ""
    trace: types.TracebackType | None = None
    raised: BaseException | None = None
    """What was raised and printed; none where the script ended by itself."""


class Stop(BaseException):
    """Ends a run from inside, where that was asked for: no ``except Exception`` of the script's own holds it up."""


def run_script(path: str, arguments: Sequence[str]) -> Ended:
    """Run a file as ``__main__``; an exception is printed as Python prints it.

    Raises ``InputError`` where the file cannot be read, before anything runs.
    """
    file = Path(path)
    try:
        source = file.read_bytes()
    except OSError as fault:
        raise InputError(
            f"SCRIPT: expected a Python file, got {quoted(path)} ({fault.strerror}); check the path"
        ) from None
    place = os.path.abspath(path)
    main = types.ModuleType("__main__")
    loader = SourceFileLoader("__main__", place)
    main.__dict__.update(__file__=place, __builtins__=builtins, __cached__=None, __loader__=loader, __annotations__={})
    sys.argv[:] = [path, *arguments]
    sys.path[0] = str(file.resolve().parent)
    sys.modules["__main__"] = main
    return _run(lambda: exec(compile(source, place, "exec", dont_inherit=True), main.__dict__))  # noqa: S102


def run_module(name: str, arguments: Sequence[str]) -> Ended:
    """Run a module as ``python -m`` does. Raises ``InputError`` where there is none of this name."""
    import importlib.util

    sys.path[0] = str(Path.cwd())
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        found = None
    if found is None:
        raise InputError(f"MODULE: expected the name of a module, got {quoted(name)}; check its name and the folder")
    sys.argv[:] = [name, *arguments]
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=builtins, __annotations__={})
    sys.modules["__main__"] = main
    return _run(lambda: runpy._run_module_as_main(name))  # type: ignore[attr-defined]


def _run(body: Callable[[], object]) -> Ended:
    try:
        body()
    except SystemExit as end:
        return Ended(_status(end.code))
    except Stop:
        return Ended(1, "interrupted", "stopped")
    except KeyboardInterrupt as error:
        _print_trace()
        return Ended(130, "interrupted", "KeyboardInterrupt", error.__traceback__, error)
    except BaseException as error:  # noqa: BLE001 - the script's own end, whatever it is
        _print_trace()
        return Ended(1, "exception", _words(error), error.__traceback__, error)
    return Ended(0)


def _words(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - a text of the script's own that cannot be made
        return type(error).__name__


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _print_trace() -> None:
    """The traceback without our own frames, as the script's own hook prints it where it has one."""
    kind, error, trace = sys.exc_info()
    ours = Path(__file__)
    while trace is not None and Path(trace.tb_frame.f_code.co_filename) == ours:
        trace = trace.tb_next
    if kind is None or error is None:
        return
    try:
        sys.excepthook(kind, error.with_traceback(trace), trace)
    except Exception:  # noqa: BLE001 - as Python does where a hook of the script's own fails
        sys.__excepthook__(kind, error, trace)
