"""A record of a training run as lines of text: one entry a line, each with a checksum, so that a torn end is seen.

A line is eight hexadecimal digits (CRC-32 of the rest), a space, and one JSON object with a ``kind``; numbers that are
not finite are written as Python writes them. Reading stops at the first line that is not whole: what a killed process
left is read to its last flush.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

FORMAT = "tearless record 1"
"""The ``format`` of the first entry, whose kind is ``start``."""


def line_of(entry: Mapping[str, Any]) -> str:
    """One entry as its line, without a line break.

    >>> line_of({"kind": "end", "how": "done"})
    '156ebbd4 {"kind":"end","how":"done"}'
    """
    body = json.dumps(entry, separators=(",", ":"), ensure_ascii=True)
    return f"{zlib.crc32(body.encode('ascii')):08x} {body}"


def entries_of(lines: Iterable[str]) -> tuple[list[dict[str, Any]], int]:
    """The whole entries at the start of some lines, and how many lines after them are torn or damaged.

    >>> entries_of([line_of({"kind": "end"}), "00000000 {}", line_of({"kind": "end"})])
    ([{'kind': 'end'}], 2)
    """
    found: list[dict[str, Any]] = []
    rows = [line for line in lines if line.strip()]
    for i, line in enumerate(rows):
        entry = _entry(line.rstrip("\r\n"))
        if entry is None:
            return found, len(rows) - i
        found.append(entry)
    return found, 0


def _entry(line: str) -> dict[str, Any] | None:
    check, _, body = line.partition(" ")
    try:
        if int(check, 16) != zlib.crc32(body.encode("ascii")):
            return None
        entry = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("kind"), str) else None
