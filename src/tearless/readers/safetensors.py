"""Arrays of a ``.safetensors`` file, mapped and not loaded: eight bytes of length, a JSON header, then the numbers.

The format is that of https://github.com/huggingface/safetensors. Nothing in it can be executed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
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
OTHERS = ("F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F6_E2M3", "F6_E3M2", "F4")
"""Types of the format that NumPy has not."""
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
        header = json.loads(raw, object_pairs_hook=_once)
    except _Twice as twice:
        raise _damaged(label, argument, f"its header names {quoted(str(twice))} twice") from None
    except (ValueError, RecursionError):
        raise _damaged(label, argument, "its header is no JSON that can be read") from None
    if not isinstance(header, dict):
        raise _damaged(label, argument, "its header is no table of names")
    try:
        found = {n: _tensor(n, about, 8 + length) for n, about in header.items() if n != "__metadata__"}
    except _Wrong as wrong:
        raise _damaged(label, argument, str(wrong)) from None
    for tensor in found.values():
        width = np.dtype(KINDS[tensor.dtype]).itemsize if tensor.dtype in KINDS else None
        need = None if width is None else width * math.prod(tensor.shape)
        if (
            tensor.stop > size
            or tensor.start > tensor.stop
            or (need is not None and need != tensor.stop - tensor.start)
        ):
            raise _damaged(label, argument, f"{quoted(tensor.name)} does not lie where the header says")
    _apart(found, label, argument)
    return found


def _apart(found: Mapping[str, Tensor], label: str, argument: str) -> None:
    """Raises ``InputError`` where two arrays lie on the same bytes."""
    laid = sorted((one for one in found.values() if one.stop > one.start), key=lambda one: one.start)
    for one, other in pairwise(laid):
        if other.start < one.stop:
            names = f"{quoted(one.name)} and {quoted(other.name)}"
            raise _damaged(label, argument, f"{names} lie on the same bytes")


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


class _Twice(ValueError):
    """A name that stands twice in a header."""


class _Wrong(ValueError):
    """An entry of a header that describes no array."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table of the header. Raises ``_Twice`` for a name that stands in it twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name)
        found[name] = value
    return found


def _tensor(name: str, about: Any, offset: int) -> Tensor:
    """One entry. Raises ``_Wrong`` where it is none, or of a type that the format has not."""
    if not isinstance(about, dict) or not {"dtype", "shape", "data_offsets"} <= set(about):
        raise _Wrong(f"{quoted(name)} is described without its type, shape or place")
    dtype, shape, places = about["dtype"], about["shape"], about["data_offsets"]
    if not _sizes(shape) or not _sizes(places) or len(places) != 2:
        raise _Wrong(f"the sizes of {quoted(name)} are no whole numbers from 0 on")
    if not isinstance(dtype, str) or (dtype not in KINDS and dtype not in OTHERS):
        raise _Wrong(f"{quoted(name)} is of the type {quoted(str(dtype)[:30])}, which the format has not")
    return Tensor(name, dtype, tuple(shape), offset + places[0], offset + places[1])


def _sizes(given: Any) -> bool:
    """Whether these are sizes: whole numbers that a file can have."""
    return isinstance(given, list) and all(type(n) is int and 0 <= n < 1 << 63 for n in given)


def _damaged(label: str, argument: str, reason: str) -> InputError:
    return InputError(
        f"{argument}: expected a .safetensors file, got {label}, which is damaged or none ({visible(reason, 100)}); "
        "write it again"
    )
