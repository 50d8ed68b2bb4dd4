"""Shapes and types of the arrays in a file, from its headers: no array is read."""

from __future__ import annotations

import ast
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from tearless.core import InputError, quoted, visible
from tearless.readers import safetensors

from .inputs import Inputs, of_arrays

LONGEST = 1 << 16
MOST_ARRAYS = 256
ARGUMENT = "input file"
_NUMPY = {"f": "float", "i": "int", "u": "uint", "c": "complex"}
_SAFE = {"F": "float", "I": "int", "U": "uint", "C": "complex"}

Header = tuple[str, tuple[int, ...], str]


def of_file(file: str) -> Inputs:
    """The inputs that a ``.npy``, ``.npz`` or ``.safetensors`` file holds. Raises ``InputError`` for other files."""
    path = Path(file)
    read = {".npy": _npy, ".npz": _npz, ".safetensors": _safetensors}.get(path.suffix.lower())
    if read is None:
        raise InputError(f"{ARGUMENT}: expected .npy, .npz or .safetensors, got {quoted(file)}; save it so")
    try:
        return of_arrays(list(read(path)))
    except OSError as fault:
        reason = fault.strerror or type(fault).__name__
        raise InputError(f"{ARGUMENT}: expected a file, got {quoted(file)} ({reason}); check the path") from None
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError, zlib.error) as fault:
        if isinstance(fault, InputError):
            raise
        said = visible(str(fault), 100)
        raise InputError(f"{ARGUMENT}: expected arrays, got {quoted(file)}, which is damaged ({said})") from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise InputError(f"{ARGUMENT}: expected an archive of arrays, got {quoted(file)}; write it again") from None


def _npy(path: Path) -> Iterator[Header]:
    with path.open("rb") as stream:
        yield (path.stem, *_header(stream))


def _npz(path: Path) -> Iterator[Header]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist()[:MOST_ARRAYS]:
            if info.filename.endswith(".npy"):
                with archive.open(info) as stream:
                    yield (info.filename.removesuffix(".npy"), *_header(stream))


def _safetensors(path: Path) -> Iterator[Header]:
    for name, tensor in list(safetensors.tensors(path, quoted(str(path)), ARGUMENT).items())[:MOST_ARRAYS]:
        kind = {"BF16": "bfloat16", "BOOL": "bool"}.get(tensor.dtype)
        yield name, tensor.shape, kind or f"{_SAFE[tensor.dtype[0]]}{tensor.dtype[1:]}"


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], str]:
    """Shape and type as the head of a ``.npy`` tells them: a literal dictionary after its length."""
    start = stream.read(8)
    if start[:6] != b"\x93NUMPY":
        raise ValueError("it does not begin as a .npy")
    size = int.from_bytes(stream.read(2 if start[6] == 1 else 4), "little")
    if size > LONGEST:
        raise ValueError(f"a head of {size:,} bytes")
    about: Any = ast.literal_eval(stream.read(size).decode("utf-8"))
    shape = tuple(int(one) for one in about["shape"])
    if min(shape, default=0) < 0:
        raise ValueError("a negative size")
    return shape, _kind(str(about["descr"]).lstrip("<>|="))


def _kind(code: str) -> str:
    """``f4`` as PyTorch calls it."""
    if code == "b1":
        return "bool"
    if code[:1] not in _NUMPY:
        raise ValueError(f"entries of type {code}")
    return f"{_NUMPY[code[0]]}{8 * int(code[1:])}"
