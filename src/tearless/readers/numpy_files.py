"""NumPy's files: ``.npy`` is mapped, not loaded; ``.npz`` is sized before it is inflated. Nothing is ever unpickled."""

from __future__ import annotations

import io
import mmap
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import IO, Any

import numpy as np
import polars as pl

from tearless.core import InputError, listed, quoted, visible

from .memory import array_columns, source_of_array, source_of_arrays
from .source import Frames, Source

LARGEST_ARCHIVE = 2 << 30
"""Bytes that the arrays of an ``.npz`` may come to: they are held in memory, all of them."""
_HEADER_ROOM = 1 << 16
_BROKEN = (
    ValueError,
    SyntaxError,
    TypeError,
    EOFError,
    OSError,
    MemoryError,
    RecursionError,
    tokenize.TokenError,
    struct.error,
)
Array = np.ndarray[Any, Any]


def open_npy(file: Path, label: str, argument: str, notes: Sequence[str] = ()) -> Source:
    """One array in a file, mapped into memory. Raises ``InputError`` where it holds objects or is cut short."""
    with file.open("rb") as stream:
        shape, fortran, dtype = header_of(stream, label, argument)
        offset = stream.tell()
    need, have = _size(shape, dtype), file.stat().st_size - offset
    if have < need:
        raise InputError(
            f"{argument}: expected {need:,} bytes of an array of shape {shape}, got {have:,} in {label}, which is "
            "cut short; copy or write the file again"
        )
    if need == 0:
        array: Array = np.empty(shape, dtype)
    else:
        array = np.memmap(file, dtype, "r", offset, shape, "F" if fortran else "C")
    source = source_of_array(array, label, argument, str(file), notes)
    frames = source.frames
    return source if need == 0 or frames is None else replace(source, frames=lambda: _forgetting(array, frames))


def _forgetting(array: Array, frames: Frames) -> Iterator[pl.DataFrame]:
    """The frames of a mapped array; the pages that were read are given back, so that memory stays bounded."""
    mapped: Any = getattr(array, "_mmap", None)
    for frame in frames():
        yield frame
        if hasattr(mapped, "madvise") and hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)


def header_of(stream: IO[bytes], label: str, argument: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type, as the header of an array declares them; the numbers are not read.

    Raises ``InputError`` where it cannot be read, or the array holds Python objects.
    """
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
    except _BROKEN as fault:
        said = str(fault).split("\n")[0]
        reason = "it describes no array" if " object at 0x" in said or not said else visible(said, 120)
        raise InputError(
            f"{argument}: expected a NumPy array, got {label}, whose header cannot be read ({reason}); write it again"
        ) from None
    if dtype.hasobject:
        raise InputError(
            f"{argument}: expected an array of numbers or text, got {label}, which holds Python objects (a pickle, "
            "which can run code and is never opened); save it from a trusted program as numbers, or as CSV or Parquet"
        )
    if any(n < 0 for n in shape):
        raise InputError(f"{argument}: expected an array, got {label} of shape {shape}; write it again")
    return shape, fortran, dtype


def _size(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    size = dtype.itemsize
    for n in shape:
        size *= n
    return size


def open_npz(file: Path, label: str, argument: str, notes: Sequence[str] = ()) -> Source:
    """Several arrays of one length, side by side: one-dimensional ones as columns, others as ``X0``, ``X1`` ...

    Raises ``InputError`` where the archive says that it holds more than 2 GiB, or holds more than it says.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            _check_sizes(archive, label, argument)
            arrays = {_name(info): _array(archive, info, label, argument) for info in archive.infolist()}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as fault:
        raise InputError(
            f"{argument}: expected an .npz archive that can be read to its end, got {label} "
            f"({visible(str(fault), 100)}); write it again without a password"
        ) from None
    return _side_by_side(arrays, label, argument, str(file), notes)


def _check_sizes(archive: zipfile.ZipFile, label: str, argument: str) -> None:
    infos = archive.infolist()
    if not infos:
        raise InputError(
            f"{argument}: expected an .npz archive with arrays, got {label}, which is empty; write it again"
        )
    declared = sum(info.file_size for info in infos)
    if declared > LARGEST_ARCHIVE:
        raise InputError(
            f"{argument}: expected arrays of at most {LARGEST_ARCHIVE >> 30} GiB, got {label}, which inflates from "
            f"{sum(info.compress_size for info in infos):,} to {declared:,} bytes; save it as .npy, which is not loaded"
        )
    other = [info.filename for info in infos if not info.filename.endswith(".npy")]
    if other:
        raise InputError(
            f"{argument}: expected an archive of arrays alone, got {label}, which holds {listed(other, 3)}; unpack it"
        )


def _name(info: zipfile.ZipInfo) -> str:
    return PurePosixPath(info.filename).as_posix().removesuffix(".npy")


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str, argument: str) -> Array:
    """One array, inflated no further than its own header says."""
    with archive.open(info) as stream:
        member = f"{label}, member {quoted(info.filename)}"
        head = io.BytesIO(stream.read(_HEADER_ROOM))
        shape, fortran, dtype = header_of(head, member, argument)
        need = _size(shape, dtype)
        if need != info.file_size - head.tell():
            raise InputError(
                f"{argument}: expected {need:,} bytes for shape {shape}, got {info.file_size - head.tell():,} in "
                f"{member}; write the archive again"
            )
        rest = head.read()
        data = rest + stream.read(need - len(rest))
    array: Array = np.frombuffer(data, dtype, count=need // dtype.itemsize if dtype.itemsize else 0)
    return array.reshape(shape, order="F" if fortran else "C")


def _side_by_side(arrays: Mapping[str, Array], label: str, argument: str, path: str, notes: Sequence[str]) -> Source:
    rows = {name: array.shape[0] if array.ndim else 0 for name, array in arrays.items()}
    if len(set(rows.values())) > 1:
        shown = ", ".join(f"{quoted(name)} {array.shape}" for name, array in list(arrays.items())[:6])
        raise InputError(
            f"{argument}: expected arrays with the same number of rows, got {shown} in {label}; "
            "save those of one table in one archive (train and test apart)"
        )
    columns: dict[str, Array] = {}
    said = list(notes)
    for name, array in arrays.items():
        if len(arrays) == 1:
            return source_of_array(array, label, argument, path, said)
        many, words = array_columns(array, f"{quoted(name)} of {label}", argument, name)
        single = array.ndim == 1 and not array.dtype.names
        new = {name: array} if single else many
        columns |= {key if key not in columns else f"{name}.{key}": column for key, column in new.items()}
        said += words
    return source_of_arrays(columns, label, argument, path, said)
