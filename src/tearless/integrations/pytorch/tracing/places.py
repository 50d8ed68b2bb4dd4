"""Where in the user's source a run is: the nearest frame that is neither PyTorch's nor ours, as a stretch of text."""

from __future__ import annotations

import itertools
import linecache
import os
import sys
import sysconfig
from pathlib import Path
from types import CodeType, FrameType

import torch

from tearless.linear_algebra.shapes import Where

_OURS = str(Path(__file__).resolve().parents[3]) + os.sep
_TORCH = str(Path(torch.__file__).parent) + os.sep
_STANDARD = sysconfig.get_path("stdlib") + os.sep
_INSTALLED = tuple({sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib")})
_kinds: dict[str, int] = {}
_known: dict[tuple[CodeType, int], Where] = {}

USERS, LIBRARYS, NEITHER = 2, 1, 0


def kind_of(file: str) -> int:
    """``USERS`` for the user's own file, ``LIBRARYS`` for an installed one, ``NEITHER`` for PyTorch's and ours."""
    kind = _kinds.get(file)
    if kind is None:
        kind = _kinds[file] = _kind(file)
    return kind


def _kind(file: str) -> int:
    if file.startswith((_TORCH, _OURS, "<frozen")) or file == "<string>":
        return NEITHER
    if file.startswith(_INSTALLED):
        return LIBRARYS
    return NEITHER if file.startswith(_STANDARD) else USERS


def place_here(until: CodeType | None = None) -> Where | None:
    """The user's innermost line that is being run; that of an installed library where none is the user's.

    Frames are looked at up to the first whose code is ``until``.
    """
    frame: FrameType | None = sys._getframe(1)
    second: FrameType | None = None
    while frame is not None and frame.f_code is not until:
        kind = kind_of(frame.f_code.co_filename)
        if kind == USERS:
            return place_of(frame.f_code, frame.f_lasti)
        if kind == LIBRARYS and second is None:
            second = frame
        frame = frame.f_back
    return place_of(second.f_code, second.f_lasti) if second is not None else None


def place_of(code: CodeType, instruction: int) -> Where:
    """The stretch of source that an instruction of a code object came from."""
    key = (code, instruction)
    found = _known.get(key)
    if found is None:
        found = _known[key] = _place(code, instruction)
    return found


def _place(code: CodeType, instruction: int) -> Where:
    position = next(itertools.islice(code.co_positions(), instruction // 2, None), (None,) * 4)
    line, end_line, column, end_column = (value or 0 for value in position)
    text = linecache.getline(code.co_filename, line)
    as_bytes = text.encode()
    start, end = (len(as_bytes[:at].decode(errors="replace")) for at in (column, end_column))
    one = text[start:end] if line == end_line else text.strip()
    return Where(code.co_filename, line, start, end_line, end, code.co_qualname, one)
