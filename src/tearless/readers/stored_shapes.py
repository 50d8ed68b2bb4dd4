"""The arrays in files by their headers: names, shapes, types and bytes. No number is read, nothing is unpickled."""

from __future__ import annotations

import io
import math
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tearless.core import InputError, quoted, visible

from .numpy_files import header_of
from .safetensors import tensors
from .training.opcodes import Odd
from .training.tensors import DTYPES
from .training.torch_zip import Archive, Saved, is_archive, open_archive

MOST_ARRAYS = 200_000
LONGEST_PATH = 100
DEEPEST = 12
RECONSTRUCT = "multiarray _reconstruct"
"""How the name ends by which a pickle makes an array of NumPy."""
NUMPY_TYPE = re.compile(r"b1|[iu][1248]|f[248]|c(8|16)")
ROOM = 1 << 16
"""Bytes of a member of an archive that its header may take."""
POINTER = b"version https://git-lfs.github.com/spec/"
"""How the file begins that git-lfs leaves in the place of one that is not fetched."""
EXPECTED = "a .npy, .npz or .safetensors file, or a checkpoint of torch.save (.pt, .pth)"
SAFE = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32",
    "I16": "int16", "I8": "int8", "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64", "BOOL": "bool",
    "C64": "complex64", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """One array of a file: its name there (hostile text), shape, type and size on disk, unpacked."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    bytes: int


def stored(path: Path, argument: str = "files") -> list[Stored]:
    """The arrays that a file declares, in its order; of a file with numbered parts, in the order of the numbers.

    Raises ``InputError`` naming the file where it is not there, is of another kind, or its header is damaged or lies.
    """
    label = _called(path)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise InputError(f"{argument}: expected {EXPECTED}, got {label}, which is no regular file; name a file")
        with path.open("rb") as file:
            head = file.read(len(POINTER))
        if head == POINTER:
            raise InputError(
                f"{argument}: expected {EXPECTED}, got {label}, which is a pointer of git-lfs and not the file itself; "
                "fetch it: git lfs pull"
            )
        if head.startswith(b"\x93NUMPY"):
            found = [_of_npy(path, label, argument)]
        elif is_archive(path) or head.startswith(b"\x80"):
            found = list(_of_checkpoint(path, argument))
        elif head.startswith(b"PK"):
            found = list(_of_npz(path, label, argument))
        elif path.suffix.lower() == ".safetensors" or _may_be_safe(path):
            found = [_of_safetensors(name, one) for name, one in tensors(path, label, argument).items()]
            found.sort(key=lambda one: _natural(one.name))
        else:
            raise InputError(f"{argument}: expected {EXPECTED}, got {label}, which is none; name another")
    except OSError as fault:
        reason = fault.strerror or type(fault).__name__
        raise InputError(
            f"{argument}: expected {EXPECTED}, got {label} ({reason}); name one that can be read"
        ) from None
    if len(found) > MOST_ARRAYS:
        raise InputError(f"{argument}: expected at most {MOST_ARRAYS:,} arrays, got {len(found):,} in {label}")
    return found


def _called(path: Path) -> str:
    """A path in a sentence; of a long one its end, where the file's name stands."""
    text = visible(str(path)).replace("`", "ʼ")
    return f"`{text if len(text) <= LONGEST_PATH else '…' + text[1 - LONGEST_PATH :]}`"


def _natural(name: str) -> list[tuple[int, str]]:
    """Numbers in a name by their value: ``layer.2`` before ``layer.10``."""
    return [(int(part[:18]), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]


def _may_be_safe(path: Path) -> bool:
    with path.open("rb") as file:
        length, first = int.from_bytes(file.read(8), "little"), file.read(1)
    return first == b"{" and 2 <= length <= path.stat().st_size


def _of_npy(path: Path, label: str, argument: str) -> Stored:
    with path.open("rb") as file:
        shape, _, dtype = header_of(file, label, argument)
        need, have = dtype.itemsize * math.prod(shape), path.stat().st_size - file.tell()
    if have < need:
        raise InputError(
            f"{argument}: expected {need:,} bytes of an array of shape {shape}, got {have:,} in {label}, which is cut "
            "short; copy or write the file again"
        )
    return Stored(path.stem, shape, str(dtype), need)


def _of_npz(path: Path, label: str, argument: str) -> Iterator[Stored]:
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist()[: MOST_ARRAYS + 1]:
                if not info.filename.endswith(".npy"):
                    continue
                with archive.open(info) as stream:
                    head = io.BytesIO(stream.read(ROOM))
                shape, _, dtype = header_of(head, f"{label}, member {quoted(info.filename)}", argument)
                need = dtype.itemsize * math.prod(shape)
                if need != info.file_size - head.tell():
                    raise InputError(
                        f"{argument}: expected {need:,} bytes for shape {shape}, got "
                        f"{info.file_size - head.tell():,} in {label}, member {quoted(info.filename)}; write it again"
                    )
                yield Stored(info.filename.removesuffix(".npy"), shape, str(dtype), need)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as fault:
        if isinstance(fault, InputError):
            raise
        raise InputError(
            f"{argument}: expected an .npz archive, got {label}, which is damaged ({visible(str(fault), 100)}); "
            "write it again"
        ) from None


def _of_safetensors(name: str, one: Any) -> Stored:
    return Stored(name, one.shape, SAFE.get(one.dtype, one.dtype), one.stop - one.start)


def _of_checkpoint(path: Path, argument: str) -> Iterator[Stored]:
    """The tensors of a checkpoint by the keys that lead to them; where all lie under one key, without it."""
    archive = open_archive(path, argument)
    found = list(_walk(archive.value, "", 0, set()))[: MOST_ARRAYS + 1]
    prefix = _common([name for name, _ in found])
    for name, one in found:
        short = name.removeprefix(prefix)
        yield _checked(archive, short, one) if isinstance(one, Saved) else _of_numpy(archive, short, one)


def _common(names: list[str]) -> str:
    """The key that all names begin with, if it is one that checkpoints keep their weights under."""
    first = names[0].split(".", 1)[0] + "." if names else ""
    wrappers = ("state_dict.", "model_state_dict.", "model.", "module.", "net.", "weights.", "params.")
    return first if first in wrappers and all(name.startswith(first) for name in names) else ""


def _walk(value: Any, name: str, depth: int, seen: set[int]) -> Iterator[tuple[str, Saved | Odd]]:
    if isinstance(value, Saved) or (isinstance(value, Odd) and value.name.endswith(RECONSTRUCT)):
        yield name or "tensor", value
    elif isinstance(value, (dict, list, tuple)) and depth < DEEPEST and id(value) not in seen:
        seen.add(id(value))
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in items:
            yield from _walk(one, f"{name}.{key}" if name else str(key), depth + 1, seen)


def _of_numpy(archive: Archive, name: str, odd: Odd) -> Stored:
    """An array of NumPy in a checkpoint, by the state that it was given. Raises ``InputError`` where it has none."""
    state = odd.state
    shape = state[1] if isinstance(state, tuple) and len(state) == 5 else None
    if not isinstance(shape, tuple) or not all(type(n) is int and 0 <= n < 1 << 63 for n in shape):
        raise archive.damaged(f"the shape of {quoted(name)} is not told")
    code = state[2].arguments[:1] if isinstance(state[2], Odd) else ()
    kind = NUMPY_TYPE.fullmatch(code[0]) if code and isinstance(code[0], str) else None
    dtype = np.dtype(kind[0]) if kind else None
    size = dtype.itemsize * math.prod(shape) if dtype is not None else 0
    return Stored(name, shape, str(dtype) if dtype is not None else "objects or text", size)


def _checked(archive: Archive, name: str, saved: Saved) -> Stored:
    """A tensor whose numbers are all there. Raises ``InputError`` where they are not."""
    width = DTYPES[saved.storage.dtype].itemsize
    _, size, _ = archive.places.get(saved.storage.key, (0, -1, 0))
    negative = min((*saved.shape, *saved.strides, saved.offset, 0)) < 0
    empty = any(n == 0 for n in saved.shape)
    steps = sum((n - 1) * step for n, step in zip(saved.shape, saved.strides, strict=True))
    reach = 0 if empty else saved.offset + 1 + steps
    if negative or size < 0 or reach * width > size:
        raise archive.damaged(f"the numbers of {quoted(name)} are not all there")
    return Stored(name, saved.shape, saved.storage.dtype, width * math.prod(saved.shape))
