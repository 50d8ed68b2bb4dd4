"""Files as streams of bytes, decompressed on the way, never more than a block at a time."""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from tearless.core import InputError

from .source import unreadable

COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
}
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)


class Stream(Protocol):
    """What the readers of text need of an open file."""

    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


Open = Callable[[], Stream]


def compression_of(head: bytes) -> str | None:
    """The compression that the first bytes of a file show, or ``None``."""
    return next((name for magic, name in COMPRESSIONS.items() if head.startswith(magic)), None)


class Sound:
    """A stream whose faults are told in the user's words."""

    def __init__(self, stream: Stream, argument: str, label: str, faults: tuple[type[BaseException], ...]) -> None:
        self._stream, self._argument, self._label, self._faults = stream, argument, label, faults
        self._read = 0

    def read(self, size: int, /) -> bytes:
        try:
            data = self._stream.read(size)
        except self._faults as fault:
            raise unreadable(self._argument, self._label, fault, f"after {self._read:,} bytes") from None
        self._read += len(data)
        return data

    def close(self) -> None:
        self._stream.close()


def opener(path: Path, compression: str | None, argument: str, label: str, kept: object = None) -> Open:
    """How to open the file for reading from its start, decompressed.

    ``kept`` (a temporary file that is deleted with it) lives as long as what is returned.
    Raises ``InputError`` where the compression needs a package that is not there.
    """
    faults: tuple[type[BaseException], ...] = DAMAGED
    unpacks: dict[str | None, Callable[[Path], Stream]] = {
        None: lambda file: file.open("rb"),
        "gzip": gzip.open,
        "bzip2": bz2.open,
        "xz": lzma.open,
    }
    if compression == "zstd":
        unpacks["zstd"], fault = _zstd(argument)
        faults = (*DAMAGED, fault)
    return partial(_opened, unpacks[compression], path, argument, label, faults, kept)


def _opened(
    unpack: Callable[[Path], Stream],
    path: Path,
    argument: str,
    label: str,
    faults: tuple[type[BaseException], ...],
    _kept: object,
) -> Stream:
    return Sound(unpack(path), argument, label, faults)


def _zstd(argument: str) -> tuple[Callable[[Path], Stream], type[BaseException]]:
    """What opens a zstd file: Python's own module from 3.14 on, else the package ``zstandard``, else PyArrow."""
    if sys.version_info >= (3, 14):
        own: Any = importlib.import_module("compression.zstd")
        return own.open, own.ZstdError
    try:
        package: Any = importlib.import_module("zstandard")
    except ImportError:
        pass
    else:
        return lambda path: _Zstd(path, package), package.ZstdError
    try:
        arrow: Any = importlib.import_module("pyarrow")
    except ImportError:
        raise InputError(
            f"{argument}: expected a file that can be decompressed here, got one in zstd; "
            "`pip install zstandard`, or decompress it first"
        ) from None
    return lambda path: arrow.CompressedInputStream(str(path), "zstd"), OSError


class _Zstd:
    """A zstd file read through the package ``zstandard``, whose own streams take a file cut short for a whole one.

    Two kilobytes go in at a time: they come out as 64 MB at the very most.
    """

    def __init__(self, path: Path, package: Any) -> None:
        self._file = path.open("rb")
        self._package = package
        self._frame: Any = None
        self._rest = b""
        self._waiting = b""

    def read(self, size: int, /) -> bytes:
        parts = [self._waiting]
        held = len(self._waiting)
        while held < size and (new := self._more()) is not None:
            parts.append(new)
            held += len(new)
        data = b"".join(parts)
        self._waiting = data[size:]
        return data[:size]

    def _more(self) -> bytes | None:
        raw = self._rest or self._file.read(2_048)
        self._rest = b""
        if not raw:
            if self._frame is not None:
                raise EOFError("the last frame is not complete")
            return None
        if self._frame is None:
            self._frame = self._package.ZstdDecompressor().decompressobj()
        data: bytes = self._frame.decompress(raw)
        if self._frame.eof:
            self._rest, self._frame = self._frame.unused_data, None
        return data

    def close(self) -> None:
        self._file.close()
