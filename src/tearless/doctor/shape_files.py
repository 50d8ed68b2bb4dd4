"""``tearless.shapes_in``: the arrays in files, by their headers, and whether they chain."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tearless.core import InputError, Number, listed, quoted, visible
from tearless.linear_algebra.shapes import drawn, written
from tearless.linear_algebra.shapes.chaining import Link, breaks_of, chain_of, stages_of
from tearless.readers.stored_shapes import EXPECTED, Stored, stored
from tearless.report.answer import Answer, Block, Table
from tearless.report.report import Report

from .shapes import in_bytes

MOST_FILES = 1_000
SHOWN = 40
"""Arrays of a file that the text shows; ``verbose`` shows all."""
MOST_CHAINED = 12
MOST_BREAKS = 3
SUFFIXES = (".npy", ".npz", ".safetensors", ".pt", ".pth", ".ckpt", ".bin")
Files = dict[str, list[Stored]]


def shapes_in(*files: Any) -> Report:
    """The arrays in files: their names, shapes, types and bytes, and whether they chain.

    Files are ``.npy``, ``.npz``, ``.safetensors``, and ``.pt`` in the zip format of ``torch.save``; a folder stands for
    the files in it. Only headers are read; nothing is loaded and nothing is unpickled. Arrays of ``.npy`` and ``.npz``
    are multiplied in the order given, ``x @ w``, each as it is or transposed; the layers of a checkpoint follow one
    another where each takes what one before it gives. The numbers of the report: ``files``, ``arrays``, ``entries``,
    ``bytes``.

    Raises ``InputError`` naming the file that is not there, of another kind, or damaged.

    >>> import tempfile, numpy, pathlib
    >>> place = pathlib.Path(tempfile.mkdtemp()) / "w.npy"
    >>> numpy.save(place, numpy.zeros((784, 10), numpy.float32))
    >>> shapes_in(place).answer.verdict
    '1 array, 7,840 numbers, 31.4 kB'
    """
    paths = _paths(files)
    found: Files = {}
    for path in paths:
        found[_label(path, paths)] = stored(path)
    label = f"{len(found):,} file{'' if len(found) == 1 else 's'}"
    lone = str(paths[0]) if len(paths) == 1 else None
    return Report((), (), label, 0, 0, 0, path=lone, answer=_answer(found))


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


def _answer(found: Files) -> Answer:
    arrays = [one for held in found.values() for one in held]
    entries, size = sum(_entries(one) for one in arrays), sum(one.bytes for one in arrays)
    blocks: list[Block] = []
    said = [("types", _types(arrays))] if arrays else []
    said += list(_chained(found, blocks))
    numbers = {
        "files": Number(len(found), "files", "read by their headers"),
        "arrays": Number(len(arrays), "arrays", "in them"),
        "entries": Number(entries, "numbers", "in all arrays"),
        "bytes": Number(size, "bytes", "of all arrays, unpacked"),
    }
    count = f"{len(arrays):,} array{'' if len(arrays) == 1 else 's'}"
    many = f" in {len(found):,} files" if len(found) > 1 else ""
    verdict = f"{count}{many}, {entries:,} numbers, {in_bytes(size)}"
    return Answer(verdict, tuple(said), numbers, tuple(_tables(found)), blocks=tuple(blocks))


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


def _chained(found: Files, blocks: list[Block]) -> Iterator[tuple[str, str]]:
    """Sentences on the chain; the drawing of the clash that ends it goes to ``blocks``."""
    arrays = [(_short(label, one), one.shape) for label, held in found.items() for one in held]
    layers = {one.name: one.shape for held in found.values() for one in held}
    stages = stages_of(layers)
    if len(stages) > 1:
        yield from _layers(stages)
    elif _of_one_table([shape for _, shape in arrays]):
        names = listed([name for name, _ in arrays], 4)
        yield "rows", f"{names} have {arrays[0][1][0]:,} rows each: arrays of one table"
    elif 2 <= len(arrays) <= MOST_CHAINED:
        links = chain_of(arrays)
        clash = next((link.clash for link in links if link.clash), None)
        if clash is not None:
            blocks.append(Block("", tuple(drawn(clash).splitlines())))
        yield from _products(links)


def _of_one_table(shapes: Sequence[Any]) -> bool:
    """Whether all have as many rows, and do not multiply for all that."""
    rows = {shape[:1] for shape in shapes}
    first, *rest = shapes or [()]
    return len(shapes) > 1 and len(rows) == 1 and rows != {()} and not any(first[-1] in shape for shape in rest)


def _short(label: str, one: Stored) -> str:
    """An array's name as code: that of its file where the file holds it alone."""
    name = one.name.rpartition("/")[2]
    return name if name.replace(".", "_").isidentifier() else f"`{visible(name, 30)}`".strip("`") or label


def _products(links: Sequence[Link]) -> Iterator[tuple[str, str]]:
    through = [link for link in links if link.clash is None]
    if through:
        says = next((f": {visible(link.says)}" for link in through if link.says), "")
        yield "chain", f"`{visible(through[-1].code, 160)}` gives {written(through[-1].gives)}{says}"
    stopped = next((link for link in links if link.clash is not None), None)
    if stopped is None or stopped.clash is None:
        return
    yield "breaks at", f"`{visible(stopped.code, 160)}`: {visible(stopped.says)}"
    operation = stopped.clash.operation
    for i, repair in enumerate(stopped.clash.repairs[:2]):
        code = operation.mended(repair) if operation is not None else ""
        gives = f" gives {written(repair.gives)}" if repair.gives is not None else ""
        yield "write" if i == 0 else "or", f"`{visible(code, 160)}`{gives}: {visible(repair.because)}"


def _layers(stages: Sequence[Any]) -> Iterator[tuple[str, str]]:
    breaks = breaks_of(stages)
    links = len(stages) - 1
    if not breaks:
        first, last = stages[0], stages[-1]
        ends = f"from {first.takes or first.shape[0]:,} to {last.gives:,}"
        yield "chain", f"all {len(stages):,} layers follow from one another in the order of the file, {ends}"
        return
    yield (
        "chain",
        f"{links - len(breaks):,} of {links:,} layers follow from those before them, in the order of the file",
    )
    for i, one in enumerate(breaks[:MOST_BREAKS]):
        yield "breaks at" if i == 0 else "", visible(str(one), 300)
    if len(breaks) > MOST_BREAKS:
        yield "", f"and {len(breaks) - MOST_BREAKS:,} more; layers that stand beside one another are no fault"
