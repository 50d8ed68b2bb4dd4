"""``tearless.shapes_in``: the arrays in files, by their headers, and whether they chain."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tearless.core import InputError, Number, quoted, visible
from tearless.core.amounts import in_bytes
from tearless.linear_algebra.shapes import written
from tearless.linear_algebra.shapes.explanation import Explanation
from tearless.readers.stored_shapes import EXPECTED, Stored, stored
from tearless.report.answer import Answer, Block, Table
from tearless.report.report import Report

from .chained_files import Chained, chained
from .seen_shapes import report_on

MOST_FILES = 1_000
SHOWN = 40
"""Arrays of a file that the text shows; ``verbose`` shows all."""
MOST_REFUSED = 5
SUFFIXES = (".npy", ".npz", ".safetensors", ".pt", ".pth", ".ckpt", ".bin")
Files = dict[str, list[Stored]]


def shapes_in(*files: Any) -> Report:
    """The arrays in files: their names, shapes, types and bytes, and whether they chain.

    Files are ``.npy``, ``.npz``, ``.safetensors``, and ``.pt`` in the zip format of ``torch.save``; a folder stands for
    the files in it. Only headers are read; nothing is loaded and nothing is unpickled. Files of one array each are
    multiplied in the order given, ``x @ w`` as they are, or else with every weight as (out, in). The layers of a
    checkpoint follow one another where each takes what one before it gives. Other files are chained each on its own.
    What does not fit is the finding ``shape-clash``. The numbers of the report: ``files``, ``arrays``, ``entries``,
    ``bytes``, and ``refused``, the files among several that could not be read.

    Raises ``InputError`` naming the file that is not there, of another kind, or damaged, if it is the only one.

    >>> import tempfile, numpy, pathlib
    >>> place = pathlib.Path(tempfile.mkdtemp()) / "w.npy"
    >>> numpy.save(place, numpy.zeros((784, 10), numpy.float32))
    >>> shapes_in(place).answer.verdict
    '1 array, 7,840 numbers, 30.6 KiB'
    """
    paths = _paths(files)
    found, refused = _read(paths)
    label = f"{len(found):,} file{'' if len(found) == 1 else 's'}"
    lone = str(paths[0]) if len(paths) == 1 else None
    named = not any(isinstance(one, (str, os.PathLike)) and Path(one).is_dir() for one in files)
    chains = chained(found, named and not refused)
    entries = [Explanation(clash).entry() for clash in chains.clashes]
    answer = _answer(found, chains, refused)
    if not entries:
        return Report((), (), label, 0, 0, 0, path=lone, answer=answer)
    return replace(report_on(entries, label, lambda: answer), path=lone)


def _read(paths: Sequence[Path]) -> tuple[Files, list[InputError]]:
    """What the files hold, and why some cannot be read. Raises ``InputError`` where none can."""
    found: Files = {}
    refused: list[InputError] = []
    for path in paths:
        try:
            found[_label(path, paths)] = stored(path)
        except InputError as fault:
            refused.append(fault)
    if refused and not found:
        raise refused[0]
    return found, refused


def _paths(files: Sequence[Any]) -> list[Path]:
    """The files, those in folders among them. Raises ``InputError`` where there are none, or one is no path."""
    if not files:
        raise InputError(f"files: expected {EXPECTED}, got none; name one")
    found: list[Path] = []
    for one in files:
        if not isinstance(one, (str, os.PathLike)) or "\0" in str(one) or not str(one):
            raise InputError(f"files: expected a path, got {quoted(repr(one)[:60])}; name {EXPECTED}")
        path = Path(one)
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
            if not inside:
                raise InputError(f"files: expected {EXPECTED}, got the folder {quoted(str(path))} without any")
            found += inside
        else:
            found.append(path)
    if len(found) > MOST_FILES:
        raise InputError(f"files: expected at most {MOST_FILES:,}, got {len(found):,}; name some of them")
    return found


def _label(path: Path, paths: Sequence[Path]) -> str:
    """The name of a file; with its folder where two have the same name."""
    alone = sum(other.name == path.name for other in paths) == 1
    return path.name if alone else str(path)


def _answer(found: Files, chains: Chained, refused: Sequence[InputError]) -> Answer:
    arrays = [one for held in found.values() for one in held]
    entries, size = sum(_entries(one) for one in arrays), sum(one.bytes for one in arrays)
    said = [("not read" if i == 0 else "", str(one)) for i, one in enumerate(refused[:MOST_REFUSED])]
    if len(refused) > MOST_REFUSED:
        said.append(("", f"and {len(refused) - MOST_REFUSED:,} more"))
    said += [("types", _types(arrays))] if arrays else []
    said += chains.said
    numbers = {
        "files": Number(len(found), "files", "read by their headers"),
        "refused": Number(len(refused), "files", "that could not be read"),
        "arrays": Number(len(arrays), "arrays", "in them"),
        "entries": Number(entries, "numbers", "in all arrays"),
        "bytes": Number(size, "bytes", "of all arrays, unpacked"),
    }
    count = f"{len(arrays):,} array{'' if len(arrays) == 1 else 's'}"
    many = f" in {len(found):,} files" if len(found) > 1 else ""
    failed = f"; {len(refused):,} file{'' if len(refused) == 1 else 's'} could not be read" if refused else ""
    verdict = f"{count}{many}, {entries:,} numbers, {in_bytes(size)}{failed}"
    blocks = tuple(Block("", tuple(drawing.splitlines())) for drawing in chains.drawings)
    return Answer(verdict, tuple(said), numbers, tuple(_tables(found)), blocks=blocks)


def _entries(one: Stored) -> int:
    total = 1
    for size in one.shape:
        total *= size
    return total


def _types(arrays: Sequence[Stored]) -> str:
    sizes: Counter[str] = Counter()
    for one in arrays:
        sizes[one.dtype] += one.bytes
    return ", ".join(f"{visible(name, 30)} {in_bytes(size)}" for name, size in sizes.most_common(6))


def _tables(found: Files) -> Iterator[Table]:
    """A table for each file; files of one array together in one."""
    single = {label: held[0] for label, held in found.items() if len(held) == 1}
    if len(single) > 1:
        rows = tuple((visible(label), *_row(one)[1:]) for label, one in single.items())
        yield Table("", ("file", "shape", "type", "size"), rows, max(0, len(rows) - SHOWN))
    for label, held in found.items():
        if len(single) > 1 and label in single:
            continue
        rows = tuple(_row(one) for one in held)
        yield Table(visible(label, 76), ("name", "shape", "type", "size"), rows, max(0, len(rows) - SHOWN))


def _row(one: Stored) -> tuple[str, str, str, str]:
    return (visible(one.name), written(one.shape), visible(one.dtype, 20), in_bytes(one.bytes))
