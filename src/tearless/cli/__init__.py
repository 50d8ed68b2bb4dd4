"""The command line: one file per command. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tearless.core.errors import TearlessError
from tearless.core.text import visible

from .exits import FAULT, STOPPED, UNUSABLE
from .interrupts import Interrupts
from .streams import complain, prepared

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status. ``arguments`` are those of the process by default."""
    prepared()
    with Interrupts() as interrupts:
        try:
            from .app import app

            status = app(arguments, prog_name="tearless", standalone_mode=False)
        except KeyboardInterrupt:
            status = STOPPED
        except Exception as error:  # noqa: BLE001 (whatever it is, the user gets words and a status)
            status = STOPPED if interrupts.seen else _failed(error)
    if status == STOPPED:
        complain("stopped by Ctrl-C")
    return status if isinstance(status, int) else 0


def _failed(error: Exception) -> int:
    """Say what went wrong: unusable input or words, the system's refusal, or a fault of our own."""
    if isinstance(error, TearlessError):
        complain(str(error))
        return UNUSABLE
    if hasattr(error, "exit_code") and hasattr(error, "format_message"):
        return _misused(error)
    if isinstance(error, OSError) and error.strerror:
        complain(f"{visible(str(error.filename or 'output'), 120)}: {error.strerror}")
        return UNUSABLE
    import traceback

    from .exits import fault_words

    complain(fault_words("the command itself", traceback.format_exc()))
    return FAULT


def _misused(error: Exception) -> int:
    message = error.format_message()  # type: ignore[attr-defined]
    if message.startswith("Usage:"):
        print(message, file=sys.stderr)
        return UNUSABLE
    usage = getattr(getattr(error, "ctx", None), "command_path", "tearless")
    complain(f"{message}\ntry: {usage} --help")
    return UNUSABLE
