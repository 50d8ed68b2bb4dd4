"""One file, read for what it holds and not for what it is called."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tearless.core import InputError, listed, visible

from .inspect_log import is_archive, open_archive
from .sniff import encoding_of, foreign, format_of
from .source import Source
from .streams import Open, compression_of, opener

_HEAD = 1 << 16
_BY_EXTENSION = {
    ".csv": "text",
    ".tsv": "text",
    ".txt": "text",
    ".tab": "text",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".npy": "npy",
    ".npz": "npz",
    ".xlsx": "excel",
    ".xls": "excel",
    ".jsonl": "JSON lines",
    ".ndjson": "JSON lines",
    ".json": "JSON",
    ".eval": "Inspect log",
}
_EXPECTED = "a table (CSV, TSV, Parquet, Arrow, JSON lines, .npy, .npz, Excel)"
KEPT: list[object] = []
"""Temporary files of tables that were piped in or fetched: they are deleted when Python ends."""


def open_file(
    path: Path, label: str, argument: str, null: Sequence[str], given: str | None = None, kept: object = None
) -> Source:
    """One regular file, by its content; a note where the extension says something else.

    ``given`` is where the user says that it lies, if elsewhere; ``kept`` is held for as long as its text may be read.
    """
    head = head_of(path, argument)
    if not head:
        raise InputError(f"{argument}: expected a table, got {label}, which is empty (0 bytes); name a file with rows")
    compression = compression_of(head)
    kind = format_of(head)
    if kind == "zip":
        kind = _in_zip(path, label, argument)
    if compression:
        return _text(path, label, argument, null, compression, given, kept)
    if kind is None:
        return _text(path, label, argument, null, None, given, kept)
    says = _BY_EXTENSION.get(path.suffix.lower())
    plain = {"xls": "excel", "arrow stream": "arrow", "feather v1": "arrow"}.get(kind, kind)
    notes = (
        [f"read as {plain}, which it holds, though its name ends in {path.suffix}"] if says not in (None, plain) else []
    )
    KEPT.append(kept)
    source = _binary(kind, path, label, argument, notes)
    return source if given is None else replace(source, path=given, files=())


def _binary(kind: str, path: Path, label: str, argument: str, notes: Sequence[str]) -> Source:
    if kind == "parquet":
        from .parquet import open_parquet

        return open_parquet(path, label, argument, str(path), notes)
    if kind in ("arrow", "arrow stream"):
        from .arrow import open_arrow

        return open_arrow(path, label, argument, notes, stream=kind == "arrow stream")
    if kind == "Inspect log":
        return open_archive(path, label, argument, notes)
    if kind in ("npy", "npz"):
        from .numpy_files import open_npy, open_npz

        return (open_npy if kind == "npy" else open_npz)(path, label, argument, notes)
    if kind in ("excel", "xls"):
        from .excel import open_excel

        return open_excel(path, label, argument, notes)
    old = {
        "feather v1": "a Feather file of version 1; write it again as version 2 (`pyarrow.feather.write_feather`)",
        "encrypted parquet": "an encrypted Parquet file; write it again without encryption",
    }
    raise InputError(f"{argument}: expected {_EXPECTED}, got {label}, {old[kind]}")


def _in_zip(path: Path, label: str, argument: str) -> str:
    """``excel``, ``npz`` or ``Inspect log``, by the names in a zip archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as fault:
        raise InputError(
            f"{argument}: expected a zip archive that can be read, got {label}, which is damaged or cut short "
            f"({visible(str(fault), 80)}); copy or write the file again"
        ) from None
    if any(name.startswith("xl/") for name in names) or "mimetype" in names:
        return "excel"
    if any(name.endswith(".npy") for name in names) or not names:
        return "npz"
    if is_archive(names):
        return "Inspect log"
    raise InputError(
        f"{argument}: expected {_EXPECTED}, got {label}, a zip archive of {listed(names, 3)}; unpack it and name one"
    )


def _text(
    path: Path,
    label: str,
    argument: str,
    null: Sequence[str],
    compression: str | None,
    given: str | None,
    kept: object,
) -> Source:
    """A text table: CSV or JSON, by its first character."""
    stream = opener(path, compression, argument, label, kept)
    opened = stream()
    try:
        head = opened.read(_HEAD)
    finally:
        opened.close()
    what = foreign(head)
    inner = format_of(head) or compression_of(head)
    if compression and inner:
        raise InputError(
            f"{argument}: expected text in {label}, got {inner} compressed with {compression}; decompress it first"
        )
    try:
        if what is None and head:
            encoding_of(head, whole=False)
    except InputError as binary:
        what = str(binary)
    if what is not None:
        raise InputError(f"{argument}: expected {_EXPECTED}, got {label}, {what}; name a table, or export one from it")
    suffixes = [s.lower() for s in path.suffixes]
    return _by_first_character(head, given or str(path), label, argument, null, stream, suffixes)


def _by_first_character(
    head: bytes, path: str, label: str, argument: str, null: Sequence[str], stream: Open, suffixes: list[str]
) -> Source:
    from .csv import open_csv
    from .jsonlines import json_kind, open_json_array, open_jsonlines

    says = next((_BY_EXTENSION[s] for s in reversed(suffixes) if s in _BY_EXTENSION), None)
    kind = json_kind(head)
    if kind is None and says in ("JSON lines", "JSON"):
        kind = says
    known = kind or "text"
    notes = []
    if says not in (None, known) and {says, known} != {"JSON", "JSON lines"}:
        notes = [f"read as {known}, which it holds, though its name ends in {suffixes[-1]}"]
    if known == "JSON lines":
        return open_jsonlines(stream, label, argument, path, notes)
    if known == "JSON":
        return open_json_array(stream, label, argument, path, notes)
    return open_csv(stream, label, argument, path, null, notes)


def denied(path: Path, argument: str) -> InputError:
    return InputError(
        f"{argument}: expected a file that you may read, got {shown(path)} (permission denied); ask its owner"
    )


def head_of(path: Path, argument: str, size: int = _HEAD) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except PermissionError:
        raise denied(path, argument) from None
    except OSError as fault:
        raise InputError(
            f"{argument}: expected a file that can be read, got {shown(path)} ({fault.strerror}); check the disk"
        ) from None


def shown(path: Path) -> str:
    return visible(str(path), 120)
