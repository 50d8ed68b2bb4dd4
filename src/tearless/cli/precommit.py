"""What the hook ``tearless-check`` of pre-commit runs: ``python -m tearless.cli.precommit [OPTION]... FILE...``.

The options are those of ``tearless check``. Each file is a table of its own here, where ``tearless check A B`` asks one
question about two files.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

from tearless.core.text import visible

from . import main as command
from .exits import STOPPED, UNUSABLE
from .streams import complain, prepared, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Check each file, a line for each finding; the worst exit status. ``arguments`` are the process's by default.

    >>> main(["--output", "report.txt", "monday.csv", "tuesday.csv"])
    2
    """
    prepared()
    words = sys.argv[1:] if arguments is None else arguments
    given = [f"./{word}" if word.startswith("-") and os.path.isfile(word) else word for word in words]
    asked = _asked(given)
    files: list[str] = asked.get("data") or []
    if len(files) < 2 or given[-len(files) :] != files:
        return command(["check", *given, "--concise"])
    if asked["output"] is not None:
        complain(f"--output: expected one table, got {len(files):,}, whose reports would replace one another")
        return UNUSABLE
    worst = 0
    for i, file in enumerate(files):
        if asked["shape"] == "text":
            say(f"{'' if i == 0 else chr(10)}{visible(file)}\n")
        worst = max(worst, command(["check", *given[: -len(files)], "--concise", file]))
        if worst == STOPPED:
            break
    return worst


def _asked(arguments: list[str]) -> dict[str, Any]:
    """What ``tearless check`` reads in these arguments; nothing where it refuses them, as it then says itself."""
    import typer

    from .app import app

    check: Any = typer.main.get_command(app).commands["check"]  # type: ignore[attr-defined]
    try:
        asked: dict[str, Any] = check.make_context("check", list(arguments)).params
    except Exception:  # noqa: BLE001 (whatever it is, the command meets it again and says it)
        return {}
    return asked


if __name__ == "__main__":
    sys.exit(main())
