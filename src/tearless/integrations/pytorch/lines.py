"""Which line of the user's script is being run."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from types import TracebackType

import torch

_OURS = str(Path(__file__).resolve().parents[2])
_THEIRS = (str(Path(torch.__file__).parent), sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"))
_known: dict[str, bool] = {}


def line_of_script() -> str:
    """``file:line`` of the nearest caller that is the user's own; empty where there is none."""
    frame = sys._getframe(1)
    while frame is not None:
        if _is_users(frame.f_code.co_filename):
            return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def _is_users(file: str) -> bool:
    known = _known.get(file)
    if known is None:
        own = file.startswith((_OURS, "<frozen"))
        known = _known[file] = not own and not file.startswith(_THEIRS)
    return known


def line_of_error(trace: TracebackType | None) -> str:
    """``file:line`` of the user's innermost frame of a traceback."""
    found = ""
    while trace is not None:
        if _is_users(trace.tb_frame.f_code.co_filename):
            found = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found
