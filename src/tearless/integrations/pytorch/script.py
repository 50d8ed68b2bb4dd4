"""Run a script or a module unchanged, as ``python SCRIPT ARGS`` would: its ``__main__``, arguments, paths and exit."""

from __future__ import annotations

import builtins
import runpy
import sys
import traceback
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tearless.core import InputError, quoted


@dataclass(frozen=True)
class Ended:
    """How a script ended: its exit status, ``done``, ``exception`` or ``interrupted``, and the error in words."""

    status: int
    how: str = "done"
    error: str = ""
    trace: types.TracebackType | None = None


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
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=str(file), __builtins__=builtins, __cached__=None)
    sys.argv[:] = [path, *arguments]
    sys.path[0] = str(file.resolve().parent)
    sys.modules["__main__"] = main
    return _run(lambda: exec(compile(source, path, "exec"), main.__dict__))  # noqa: S102 - the user's own script


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
    return _run(lambda: runpy.run_module(name, run_name="__main__", alter_sys=True))


def _run(body: Callable[[], object]) -> Ended:
    try:
        body()
    except SystemExit as end:
        return Ended(_status(end.code))
    except KeyboardInterrupt as error:
        _print_trace()
        return Ended(130, "interrupted", "KeyboardInterrupt", error.__traceback__)
    except BaseException as error:  # noqa: BLE001 - the script's own end, whatever it is
        _print_trace()
        return Ended(1, "exception", f"{type(error).__name__}: {error}", error.__traceback__)
    return Ended(0)


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _print_trace() -> None:
    """The traceback without our own frames."""
    kind, error, trace = sys.exc_info()
    ours = Path(__file__)
    while trace is not None and Path(trace.tb_frame.f_code.co_filename) == ours:
        trace = trace.tb_next
    traceback.print_exception(kind, error, trace)
