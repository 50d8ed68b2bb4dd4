"""Arrays of a ``.safetensors`` file, mapped and not loaded: eight bytes of length, a JSON header, then the numbers.

The format is that of https://github.com/huggingface/safetensors. Nothing in it can be executed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tearless.core import InputError, listed, quoted, visible

LONGEST_HEADER = 100_000_000
"""Bytes of a header, as the format allows."""
KINDS: Mapping[str, str] = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?", "C64": "<c8",
}  # fmt: skip
Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One array in a file: its name, its type as the file says it, its shape, and where its bytes are."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def tensors(file: Path, label: str, argument: str) -> dict[str, Tensor]:
    """What a file holds, by its header alone. Raises ``InputError`` where the header is damaged or lies."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if not 2 <= length <= min(LONGEST_HEADER, size - 8):
            raise _damaged(label, argument, f"a header of {length:,} bytes in a file of {size:,}")
        raw = stream.read(length)
    try:
        header = json.loads(raw)
        found = {n: _tensor(n, about, 8 + length) for n, about in header.items() if n != "__metadata__"}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        raise _damaged(label, argument, str(fault)) from None
    for tensor in found.values():
        width = np.dtype(KINDS[tensor.dtype]).itemsize if tensor.dtype in KINDS else None
        need = None if width is None else width * math.prod(tensor.shape)
        if (
            tensor.stop > size
            or tensor.start > tensor.stop
            or (need is not None and need != tensor.stop - tensor.start)
        ):
            raise _damaged(label, argument, f"{quoted(tensor.name)} does not lie where the header says")
    return found


def load(file: Path, tensor: Tensor, label: str, argument: str) -> Array:
    """One array, mapped; bfloat16 becomes float32. Raises ``InputError`` for a type that NumPy has not."""
    if tensor.dtype not in KINDS:
        raise InputError(
            f"{argument}: expected numbers that NumPy knows, got {quoted(tensor.dtype)} in {label}; "
            f"write {quoted(tensor.name)} as F32"
        )
    if math.prod(tensor.shape) == 0:
        return np.empty(tensor.shape, np.float32)
    mapped: Array = np.memmap(file, KINDS[tensor.dtype], "r", tensor.start, tensor.shape)
    if tensor.dtype == "BF16":
        return (mapped.astype(np.uint32) << 16).view(np.float32)
    return mapped


def only(found: Mapping[str, Tensor], name: str | None, label: str, argument: str) -> Tensor:
    """The array of that name, or the only one. Raises ``InputError`` where it is not there or not the only one."""
    if name is None and len(found) == 1:
        return next(iter(found.values()))
    if name is not None and name in found:
        return found[name]
    got = f"{len(found)}" if name is None else quoted(name)
    raise InputError(f"{argument}: expected one array of {listed(list(found))} in {label}, got {got}; name it")


def _tensor(name: str, about: Mapping[str, Any], offset: int) -> Tensor:
    start, stop = about["data_offsets"]
    shape = tuple(int(n) for n in about["shape"])
    if min(shape, default=0) < 0 or start < 0:
        raise ValueError(f"a negative size in {name}")
    return Tensor(name, str(about["dtype"]), shape, offset + int(start), offset + int(stop))


def _damaged(label: str, argument: str, reason: str) -> InputError:
    return InputError(
        f"{argument}: expected a .safetensors file, got {label}, which is damaged or none ({visible(reason, 100)}); "
        "write it again"
    )
