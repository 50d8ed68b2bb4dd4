"""The report of a watch, on the error stream of the program that was watched."""

from __future__ import annotations

import shutil
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pytorch.session import Session


def show(run: Session) -> None:
    """Print it as wide as the terminal; where the stream is closed, nothing."""
    with suppress(Exception):
        print(run.report().to_text(shutil.get_terminal_size((80, 24)).columns), file=sys.stderr, flush=True)
