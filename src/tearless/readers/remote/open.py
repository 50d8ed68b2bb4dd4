"""A table at an address: Parquet where it lies, everything else copied here first."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from tearless.core import InputError, listed
from tearless.readers.file import open_file
from tearless.readers.parquet import data_files, is_parquet_name, no_parquet, open_parquet
from tearless.readers.same_table import scanned
from tearless.readers.source import FAULTS, Source

from . import web
from .address import Address, shown
from .credentials import anonymous
from .faults import fault_of, refusal
from .stores import has_system, system_of

_HEAD = 1 << 16
_SPARE = 1 << 28
"""Bytes of the disk that are left free."""
_SUFFIXES = re.compile(r"(?:\.[A-Za-z0-9]{1,8}){1,2}$")
_MAGIC = re.compile(r"[*?\[]")
Got = TypeVar("Got")


def open_remote(address: Address, argument: str, null: Sequence[str]) -> Source:
    """The table at an address: a file of any kind, or a folder or a glob of Parquet files.

    Raises ``InputError``, which holds no credentials and no other exception, where it cannot be read.
    """
    if address.kind == "http":
        return _from_web(address, argument, null)
    if is_parquet_name(address.text) and not _MAGIC.search(address.rest):
        fault = _no_parquet(address)
        if fault is None:
            return open_parquet(address.text, address.shown, argument, address.shown)
        if not has_system(address.kind) or fault_of(fault, address.text).kind not in ("missing", "damage", "place"):
            raise refusal(fault, address, argument, anonymous(address.kind))
    return _from_store(address, argument, null)


def _no_parquet(address: Address) -> BaseException | None:
    """What Polars says where an address is no Parquet file that can be read; ``None`` where it is one."""
    try:
        scanned(address.text).collect_schema()
    except FAULTS as fault:
        return fault
    return None


def _asked(address: Address, argument: str, ask: Callable[[], Got], absent: Got | None = None) -> Got:
    """What a store answers. Its own errors are told in words; where a thing is missing ``absent`` stands for it."""
    try:
        return ask()
    except InputError as told:
        fault: InputError = told
    except Exception as error:  # noqa: BLE001 - every package has errors of its own, which share no base
        missing = fault_of(error, address.text).kind == "missing"
        if missing and absent is not None:
            return absent
        fault = refusal(error, address, argument, anonymous(address.kind))
    raise fault.with_traceback(None)


def _from_store(address: Address, argument: str, null: Sequence[str]) -> Source:
    system = _asked(address, argument, lambda: system_of(address, argument))
    path = str(system._strip_protocol(address.text)).rstrip("/")
    nothing: dict[str, Any] = {"type": "missing"}
    none: list[str] = []
    info = _asked(address, argument, lambda: dict(system.info(path)), nothing)
    if info["type"] == "file":
        return _one(system, path, address, argument, null)
    if info["type"] == "directory":
        inside = _asked(address, argument, lambda: [str(name) for name in system.find(path)], none)
        below = {name.removeprefix(f"{path}/"): name for name in inside}
        files = [_whole(below[name], address) for name in data_files(below)]
        if not files:
            raise no_parquet(address.shown.rstrip("/").rpartition("/")[2], below, argument)
        root = _whole(path, address)
        return open_parquet(files, address.shown, argument, address.shown, root=root)
    found: list[str] = []
    if _MAGIC.search(path):
        found = sorted(_asked(address, argument, lambda: list(map(str, system.glob(path))), none), key=_parts)
    if not found:
        raise refusal(FileNotFoundError(), address, argument)
    return _matching(system, found, address, argument, null)


def _parts(name: str) -> list[str]:
    return name.split("/")


def _matching(system: Any, found: list[str], address: Address, argument: str, null: Sequence[str]) -> Source:
    """What matches a glob: any one table, or Parquet files that are one table together."""
    other = [name.rpartition("/")[2] for name in found if not is_parquet_name(name)]
    if len(found) == 1 and other:
        one = Address(_whole(found[0], address), address.kind, shown(_whole(found[0], address)))
        return _one(system, found[0], one, argument, null)
    if other:
        raise InputError(
            f"{argument}: expected one file, or several of Parquet, got {len(found):,} that match {address.shown}, of "
            f"which {listed(other, 3)} {'are' if len(other) > 1 else 'is'} no Parquet; name one file"
        )
    files = [_whole(name, address) for name in found]
    return open_parquet(files, address.shown, argument, address.shown, root="")


def _whole(path: str, address: Address) -> str:
    """The address of a path that a store lists: its first part is the bucket, which the user's address names."""
    start = address.text[: address.text.index("://") + 3] + address.rest.partition("/")[0]
    return f"{start}/{path.partition('/')[2]}" if "/" in path else start


def _one(system: Any, path: str, address: Address, argument: str, null: Sequence[str]) -> Source:
    """One file of a store, by its content."""
    size: int | None = _asked(address, argument, lambda: dict(system.info(path))).get("size")
    head = _asked(address, argument, lambda: _first_bytes(system, path, _HEAD if size is None else min(size, _HEAD)))
    if head.startswith(b"PAR1"):
        fault = _no_parquet(address)
        if fault is not None:
            raise refusal(fault, address, argument, anonymous(address.kind))
        note = [] if is_parquet_name(path) else ["read as parquet, which it holds"]
        return open_parquet(address.text, address.shown, argument, address.shown, note)
    _check_room(size, address, argument)
    kept = Kept(path)
    _asked(address, argument, lambda: _copy(system, path, kept.path))
    return open_file(kept.path, address.shown, argument, null, address.shown, kept)


def _first_bytes(system: Any, path: str, count: int) -> bytes:
    """The start of a file, through a stream: some stores take a range that begins at 0 for one from the end."""
    if not count:
        return b""
    with system.open(path, "rb", block_size=_HEAD, cache_type="readahead") as stream:
        return bytes(stream.read(count))


def _copy(system: Any, path: str, to: Path) -> int:
    with system.open(path, "rb", block_size=1 << 22, cache_type="readahead") as stream, to.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 22)
        return file.tell()


def _from_web(address: Address, argument: str, null: Sequence[str]) -> Source:
    """One file of a web server. Parquet is read by ranges where the server gives them, without a password."""
    answer = _asked(address, argument, lambda: _first(address))
    with answer:
        head = _asked(address, argument, lambda: answer.read(4) if web.by_ranges(address.text, answer) else b"")
        if head == b"PAR1" and _no_parquet(address) is None:
            return open_parquet(address.text, address.shown, argument, address.shown)
        size = web.whole_size(answer)
        _check_room(size, address, argument)
        kept = Kept(address.shown)
        whole = answer.status == 200 or (size is not None and size <= _HEAD)
        if whole:
            _asked(address, argument, lambda: kept.take(answer, head))
    if not whole:
        with _asked(address, argument, lambda: web.opened(address.text)) as again:
            _asked(address, argument, lambda: kept.take(again))
    return open_file(kept.path, address.shown, argument, null, address.shown, kept)


def _first(address: Address) -> Any:
    """The answer to a request for the first bytes; for the whole file where it has none."""
    try:
        return web.opened(address.text, _HEAD)
    except web.FAULTS as error:
        if getattr(error, "code", None) != 416:
            raise
    return web.opened(address.text)


class Kept:
    """A temporary file, with the endings of the name that the table had, deleted when nobody holds it."""

    def __init__(self, name: str) -> None:
        found = _SUFFIXES.search(name.rstrip("/").rpartition("/")[2])
        handle, path = tempfile.mkstemp(found[0] if found else "", "tearless-")
        os.close(handle)
        self.path = Path(path)
        weakref.finalize(self, self.path.unlink, missing_ok=True)

    def take(self, answer: Any, head: bytes = b"") -> int:
        """What a web server answers, of which ``head`` was read before; how many bytes there are."""
        with self.path.open("wb") as file:
            file.write(head)
            return web.copied(answer, file, _free(), len(head))


def _free() -> int:
    """Bytes that may be written to temporary files."""
    return shutil.disk_usage(tempfile.gettempdir()).free - _SPARE


def _check_room(size: int | None, address: Address, argument: str) -> None:
    free = _free()
    if size is not None and size > free:
        raise InputError(
            f"{argument}: expected a file that fits on the disk of the temporary folder ({free:,} bytes free), got "
            f"{address.shown} of {size:,} bytes; set TMPDIR to a larger disk, or write it as Parquet, which is read "
            "where it lies"
        )
