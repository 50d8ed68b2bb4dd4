"""What ``%load_ext tearless`` brings: errors about shapes explained, and ``%%watch``, which watches a cell."""

from __future__ import annotations

import shlex
import shutil
import sys
from contextlib import suppress
from typing import Any

from tearless.core import InputError, quoted

USAGE = "%%watch [--record FILE] [--budget SHARE] [--no-confirm]"


def register(shell: Any) -> None:
    """Make ``%%watch`` known to a notebook's shell, and let errors be explained; called by ``%load_ext tearless``."""

    def watch(line: str, cell: str) -> None:
        """Run the cell under a watch, then say what was found: %%watch [--record FILE] [--no-confirm]."""
        run_cell(shell, line, cell)

    shell.register_magic_function(watch, "cell", "watch")
    leave(shell)
    events = getattr(shell, "events", None)
    if events is not None:
        events.register("post_run_cell", explain)


def leave(shell: Any) -> None:
    """Errors are explained no more; called by ``%unload_ext tearless``."""
    with suppress(AttributeError, ValueError):
        shell.events.unregister("post_run_cell", explain)


def explain(result: Any) -> None:
    """Below the traceback of a cell, which is the shell's own: why an error about shapes was raised."""
    error = result.error_in_exec
    if error is None:
        return
    from .shapes.hook import columns, explained_once

    for explanation in explained_once(error):
        print(f"\n{explanation.to_text(columns())}", file=sys.stderr, flush=True)


def run_cell(shell: Any, line: str, cell: str) -> None:
    """Run a cell watched. What it prints, leaves and raises is its own; ``watched`` is the watch, for later.

    Raises ``InputError`` for words on the line that it does not know.
    """
    from tearless.integrations.pytorch.session import watch

    run = watch(**_given(line))
    run.start()
    error: BaseException | None = None
    try:
        result = shell.run_cell(cell)
        error = result.error_before_exec or result.error_in_exec
    except BaseException as stopped:
        error = stopped
        raise
    finally:
        run.stop(error)
        shell.user_ns["watched"] = run
    print(run.report().to_text(shutil.get_terminal_size((80, 24)).columns))


def _given(line: str) -> dict[str, Any]:
    """What the line of the magic asks for."""
    given: dict[str, Any] = {"confirm": True}
    words = iter(shlex.split(line))
    for word in words:
        value = next(words, None) if word in ("--record", "--budget") else ""
        if word == "--no-confirm":
            given["confirm"] = False
        elif word == "--record" and value:
            given["record"] = value
        elif word == "--budget" and value:
            given["budget"] = _share(value)
        else:
            raise InputError(f"%%watch: got {quoted(word)}; {USAGE}")
    return given


def _share(text: str) -> float:
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise InputError(f"budget: expected a share such as 2% or 0.02, got {quoted(text)}; {USAGE}") from None
