"""Text cut into blocks of whole records, as UTF-8, with bounded memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tearless.core import InputError

from .streams import Open

BLOCK = 8 << 20
"""Bytes read at once."""
LONGEST_RECORD = 64 << 20
"""Bytes of one row beyond which a file is taken for no table."""
_BLANK = re.compile(rb"\n(?:[ \t]*\r?\n)+")


@dataclass(frozen=True, slots=True)
class Text:
    """A text file: how to open it, its encoding, and how its records end."""

    open: Open
    encoding: str
    argument: str
    label: str
    quote: bytes | None = None
    """The mark between which a line end is no record's end."""
    old_line_ends: bool = False
    """Whether lines end in a carriage return alone, as on the first Macintosh."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records, the number of the line at which they start, counted from 1, and how many lines they are."""

    data: bytes
    line: int
    lines: int


def blocks(text: Text) -> Iterator[Block]:
    """The records of a file in order. Raises ``InputError`` where one is longer than 64 MB."""
    stream = text.open()
    decoder = None if text.encoding == "utf-8" else codecs.getincrementaldecoder(text.encoding)(errors="replace")
    rest, line = b"", 1
    try:
        while True:
            raw = stream.read(BLOCK)
            new = raw if decoder is None else decoder.decode(raw, final=not raw).encode("utf-8", "replace")
            rest += new.replace(b"\r", b"\n") if text.old_line_ends else new
            rest = rest if raw else _ended(rest)
            end = record_end(rest, text.quote) if raw else len(rest)
            while raw and rest[max(0, end - 2) : end] == b"\n\n":
                end -= 1
            if end:
                ends = rest.count(b"\n", 0, end)
                yield Block(rest[:end], line, ends + (rest[end - 1] != 10))
                line += ends
                rest = rest[end:]
            elif len(rest) > LONGEST_RECORD:
                raise InputError(_too_long(text, line))
            if not raw:
                return
    finally:
        stream.close()


def _ended(rest: bytes) -> bytes:
    """The last records of a file without the blank lines after them."""
    bare = rest.rstrip(b"\r\n")
    return bare + b"\n" if bare else b""


def record_end(data: bytes, quote: bytes | None) -> int:
    """Where the last whole record of ``data`` ends: after a line end that is not between quotes. 0 if there is none."""
    end = data.rfind(b"\n") + 1
    inside = quote is not None and quote in data and data.count(quote, 0, end) % 2 == 1
    while end and inside and quote is not None:
        before = data.rfind(b"\n", 0, end - 1) + 1
        inside = data.count(quote, before, end) % 2 == 0
        end = before
    return end


def without_blank_lines(data: bytes, quote: bytes | None) -> bytes:
    """The same records without the empty lines between them."""
    if quote is not None and quote in data:
        parts = data.split(quote)
        parts[::2] = [_BLANK.sub(b"\n", part) for part in parts[::2]]
        data = quote.join(parts)
    else:
        data = _BLANK.sub(b"\n", data)
    return data.lstrip(b"\r\n") if data[:1] in b"\r\n" else data


def outside_quotes(data: bytes, separator: bytes, quote: bytes | None) -> bytes:
    """Only the separators, and the line ends, that are not between quotes."""
    if quote is None or quote not in data:
        return data
    bare = data.translate(None, bytes(set(range(256)) - set(separator + quote + b"\n")))
    return b"".join(bare.split(quote)[::2])


def _too_long(text: Text, line: int) -> str:
    return (
        f"{text.argument}: expected a table of rows, got {text.label}, where the row at line {line:,} is longer than "
        f"{LONGEST_RECORD >> 20} MB; look for a quote mark that is never closed, or for a file without line ends"
    )
