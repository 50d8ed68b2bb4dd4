"""Fact files: lines of JSON, packed, behind a head with the version of the format and a checksum. Nothing is executed.

The head is one line of text: ``tearless-facts``, the version, the SHA-256 of all that follows, its bytes, and its bytes
unpacked. What follows is gzip: ``tail -n +2 day1.facts | gunzip`` shows all that a file holds.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import stat
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from tearless.core import InputError, quoted, visible

from .remote.address import address_of
from .remote.address import shown as without_keys
from .sniff import foreign, format_of

VERSION = 1
MAGIC = b"tearless-facts"
MOST_PLAIN = 256 << 20
"""Bytes unpacked: the histograms of 50,000 columns, or ten years of nights of 50."""
MOST_LINE = 4 << 20
_HEAD = re.compile(rb"tearless-facts (0|[1-9]\d{0,8}) ([0-9a-f]{64}) (0|[1-9]\d{0,11}) (0|[1-9]\d{0,11})\n")
_LONGEST_HEAD = 128
_VERSION = re.compile(rb"tearless-facts (0|[1-9]\d{0,8}) ")
_AGAIN = "write it again with `tearless summarize`"


def packed_lines(lines: Iterable[Mapping[str, Any]], argument: str) -> bytes:
    """The bytes of a fact file. The same lines give the same bytes. Raises ``InputError`` where they are too many.

    >>> packed_lines([{"rows": 3}], "output")[:17]
    b'tearless-facts 1 '
    """
    out, size = io.BytesIO(), 0
    with gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=6, mtime=0) as file:
        for line in lines:
            text = json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"
            size += len(text)
            if size > MOST_PLAIN or len(text) > MOST_LINE:
                raise InputError(
                    f"{argument}: expected facts of at most {MOST_PLAIN >> 20} MiB, {MOST_LINE >> 20} MiB a column, "
                    "got more; keep fewer days in one file, or fewer columns"
                )
            file.write(text)
    body = out.getvalue()
    head = b"%s %d %s %d %d\n" % (MAGIC, VERSION, hashlib.sha256(body).hexdigest().encode(), len(body), size)
    return head + body


def write_facts(path: str | os.PathLike[str], blob: bytes, argument: str) -> None:
    """Write a file whole or not at all: beside it, then renamed. What is no plain file is written as it is.

    Raises ``InputError`` where it cannot be written.
    """
    target = Path(os.path.realpath(path))
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            Path(path).write_bytes(blob)
            return
        handle, part = tempfile.mkstemp(prefix=".tearless-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(blob)
            os.chmod(part, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            os.replace(part, target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
    except (OSError, ValueError) as refusal:
        why = getattr(refusal, "strerror", None) or str(refusal)
        raise InputError(
            f"{argument}: expected a file that can be written, got {quoted(os.fspath(path))} ({why}); name another"
        ) from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def holds_facts(path: str) -> bool:
    """Whether a file starts as a fact file does, of whatever version."""
    try:
        with open(path, "rb") as file:
            return stat.S_ISREG(os.fstat(file.fileno()).st_mode) and file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


def read_facts(path: str | os.PathLike[str], argument: str) -> Iterator[dict[str, Any]]:
    """The lines of a fact file, each a JSON object as it stands: what they say is the reader's to judge.

    Raises ``InputError`` where the file is missing, damaged, foreign, too large or of a later version. No line is
    yielded before the whole file has been found undamaged.
    """
    shown = shown_place(path)
    text = _unpacked(_bytes(path, argument, shown), argument, shown)
    at = 0
    while at < len(text):
        end = text.find(b"\n", at)
        if end < 0 or end - at >= MOST_LINE:
            _refuse(argument, shown, "whose lines are longer than tearless writes them")
        yield _object(text[at:end], argument, shown)
        at = end + 1


def shown_place(path: str | os.PathLike[str]) -> str:
    """The path or address of a fact file to print: without what lets somebody in.

    >>> shown_place("https://me:word@host/day1.facts?token=abc")
    'https://host/day1.facts'
    """
    return visible(without_keys(os.fspath(path)), 120)


def _bytes(path: str | os.PathLike[str], argument: str, shown: str) -> bytes:
    if (address := address_of(os.fspath(path), argument)) is not None:
        from .remote.small import bytes_at

        return bytes_at(address, argument, "a fact file", MOST_PLAIN)
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise InputError(f"{argument}: expected a fact file, got the folder {shown}; name the files in it")
        if not stat.S_ISREG(found.st_mode):
            raise InputError(f"{argument}: expected a fact file, got {shown}, which is no plain file; copy it to one")
        with open(path, "rb") as file:
            head = file.read(_LONGEST_HEAD)
            if head.startswith(MAGIC):
                if found.st_size > MOST_PLAIN:
                    _refuse(argument, shown, "which is larger than any that tearless writes")
                head += file.read(MOST_PLAIN)
            return head
    except InputError:
        raise
    except (OSError, ValueError) as fault:
        why = getattr(fault, "strerror", None) or "no path"
        raise InputError(
            f"{argument}: expected a fact file, got {shown} ({why}); check the path, or make one with "
            "`tearless summarize`"
        ) from None


def _unpacked(blob: bytes, argument: str, shown: str) -> bytes:
    """What the head promises, no byte more or less."""
    if not blob.startswith(MAGIC):
        what = _told(blob)
        raise InputError(
            f"{argument}: expected a fact file, got {shown}, which is {what}; make one of a table with "
            "`tearless summarize TABLE --output TABLE.facts`"
        )
    version = _VERSION.match(blob)
    if version and int(version[1]) != VERSION:
        known = int(version[1]) > VERSION
        written = f"written by version {int(version[1])}" if known else f"which says version {int(version[1])}"
        raise InputError(
            f"{argument}: expected facts of version {VERSION} of the format, got {shown}, {written} of the format"
            f"{'; update tearless' if known else ', which is not known; ' + _AGAIN}"
        )
    head = _HEAD.match(blob)
    if not head or int(head[1]) != VERSION:
        _refuse(argument, shown, "which is damaged or cut short at its head")
    body, size, plain = blob[head.end() :], int(head[3]), int(head[4])
    if len(body) != size:
        said = "cut short" if len(body) < size else "longer than it says"
        _refuse(argument, shown, f"which is {said}: {len(body):,} bytes of {size:,}")
    if hashlib.sha256(body).hexdigest().encode() != head[2]:
        _refuse(argument, shown, "which is damaged: its checksum is not that of what it holds")
    if plain > MOST_PLAIN:
        _refuse(argument, shown, "which unpacks to more than any that tearless writes")
    unpacking = zlib.decompressobj(wbits=31)
    try:
        text = unpacking.decompress(body, plain + 1)
    except zlib.error:
        _refuse(argument, shown, "which cannot be unpacked")
    if len(text) != plain or not unpacking.eof or unpacking.unused_data or unpacking.unconsumed_tail:
        _refuse(argument, shown, f"which does not unpack to the {plain:,} bytes that it says")
    return text


def _told(blob: bytes) -> str:
    """What a file that holds no facts is, as far as its first bytes tell."""
    if not blob:
        return "empty"
    kind = format_of(blob)
    if kind:
        return f"a file of the format {kind}"
    return foreign(blob) or "something else"


def _object(line: bytes, argument: str, shown: str) -> dict[str, Any]:
    """One line as a JSON object: no names twice, no numbers that JSON has not, no nesting without end."""
    try:
        value = json.loads(line.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        _refuse(argument, shown, "which holds what is no line of facts")
    if not isinstance(value, dict):
        _refuse(argument, shown, "which holds what is no line of facts")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(argument: str, shown: str, why: str) -> NoReturn:
    raise InputError(f"{argument}: expected a fact file, got {shown}, {why}; {_AGAIN}")
