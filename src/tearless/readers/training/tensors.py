"""A tensor in a checkpoint, measured block by block: what is not finite, its range, its zeros and its rows."""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
BLOCK = 1 << 20
"""Numbers held at once as float64: 8 MB."""
MOST_ROWS = 4_000_000
DTYPES: Mapping[str, np.dtype[Any]] = {
    name: np.dtype(code)
    for name, code in {
        "float64": "f8", "float32": "f4", "float16": "f2", "bfloat16": "u2", "int64": "i8", "int32": "i4",
        "int16": "i2", "int8": "i1", "uint8": "u1", "bool": "?", "complex64": "c8", "complex128": "c16",
        "uint16": "u2", "uint32": "u4", "uint64": "u8", "float8_e4m3fn": "u1", "float8_e5m2": "u1",
    }.items()
}  # fmt: skip
"""Types of numbers by PyTorch's names, as NumPy holds them; bfloat16 and the floats of 8 bits as plain bits."""
DIGITS: Mapping[str, int] = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
"""Binary digits of a number's mantissa, the leading one among them: half an ulp of w is 2^(e - digits), 2^e ≤ |w|."""
MEASURED = frozenset([*DIGITS, "complex64", "complex128"])


@dataclass(frozen=True, eq=False)
class Held:
    """A tensor in a file: its name, PyTorch's name of its type, its shape, and its numbers, mapped."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    numbers: Array

    @property
    def values(self) -> int:
        return math.prod(self.shape)


def forget(array: Array) -> None:
    """Give the pages of a mapped array back, so that memory stays bounded."""
    base: Any = array
    while base is not None and not isinstance(base, mmap.mmap):
        base = getattr(base, "base", None)
    if base is not None and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def blocks(held: Held) -> Iterator[Array]:
    """The numbers as they are, some rows at a time; a row that is longer than a block comes in parts."""
    array = held.numbers.reshape(1) if held.numbers.ndim == 0 else held.numbers
    width = math.prod(array.shape[1:])
    if len(array) == 0 or width == 0:
        return
    if width > BLOCK:
        for row in array:
            yield from blocks(Held(held.name, held.dtype, row.shape, row))
        return
    rows = max(1, BLOCK // width)
    for start in range(0, len(array), rows):
        yield np.ascontiguousarray(array[start : start + rows])
        forget(array)


def as_floats(block: Array, dtype: str) -> Array:
    """A block as float64; complex numbers as their parts.

    >>> as_floats(np.array([0x3F80], np.uint16), "bfloat16").tolist()
    [1.0]
    """
    if dtype == "bfloat16":
        return (block.astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    if block.dtype.kind == "c":
        block = block.view(np.float64 if block.dtype.itemsize == 16 else np.float32)
    return block.astype(np.float64)


def told_of(held: Held) -> dict[str, Any]:
    """What a tensor is, as the entry ``checkpoint`` tells it.

    ``nan`` and ``inf`` count its numbers; ``low``, ``high``, ``mean``, ``std`` are of the finite ones; ``zeros`` is the
    share of exact zeros; ``distinct_rows`` and ``zero_rows`` count rows of a matrix; ``row_spread`` is how far they lie
    from their mean, as a share of their norms (root mean square).

    >>> told = told_of(Held("w", "float32", (2, 2), np.array([[1.0, 3.0], [1.0, 3.0]], np.float32)))
    >>> told["mean"], told["std"], told["distinct_rows"]
    (2.0, 1.0, 1)
    """
    about: dict[str, Any] = {"name": held.name, "shape": list(held.shape), "dtype": held.dtype}
    if held.dtype not in MEASURED:
        return about
    nan = inf = zeros = count = 0
    low, high, mean, squares = math.inf, -math.inf, 0.0, 0.0
    with np.errstate(all="ignore"):
        for block in blocks(held):
            numbers = as_floats(block, held.dtype)
            whole = math.isfinite(float(numbers.sum()))
            fine = numbers.ravel() if whole else numbers[np.isfinite(numbers)]
            missing = 0 if whole else int(np.isnan(numbers).sum())
            nan, inf = nan + missing, inf + numbers.size - fine.size - missing
            zeros += numbers.size - int(np.count_nonzero(numbers))
            if fine.size:
                low, high = min(low, float(fine.min())), max(high, float(fine.max()))
                own, shift = float(fine.mean()), float(fine.mean()) - mean
                squares += _square(fine - own) + shift**2 * count * fine.size / (count + fine.size)
                mean += shift * fine.size / (count + fine.size)
                count += fine.size
        rows = _rows(held)
    about |= {"nan": nan, "inf": inf, "zeros": zeros / max(1, count + nan + inf), **rows}
    if count:
        about |= {"low": low, "high": high, "mean": mean, "std": math.sqrt(squares / count)}
    return about


def _square(numbers: Array) -> float:
    """The sum of squares."""
    flat = numbers.ravel()
    return float(np.dot(flat, flat))


def _rows(held: Held) -> dict[str, float]:
    """How many different rows a matrix has (the first axis against all others), how many hold zeros alone, and how far
    the rows lie from their mean, as a share of their norms."""
    if len(held.shape) < 2 or not 2 <= held.shape[0] <= MOST_ROWS or math.prod(held.shape[1:]) > BLOCK:
        return {}
    seen: set[int] = set()
    zero = 0
    first: Any = None
    total: Any = 0.0
    apart = size = 0.0
    for block in blocks(held):
        flat = block.reshape(len(block), -1)
        numbers = as_floats(flat, held.dtype)
        first = numbers[0].copy() if first is None else first
        size += _square(numbers)
        numbers -= first
        total = total + numbers.sum(axis=0)
        apart += _square(numbers)
        seen.update(hash(row.tobytes()) for row in flat)
        zero += int((~flat.any(axis=1)).sum())
    square = apart - float((total**2).sum()) / held.shape[0]
    spread = math.sqrt(max(0.0, square) / size) if size and math.isfinite(square / size) else 0.0
    return {"distinct_rows": len(seen), "zero_rows": zero, "row_spread": spread if size else 0.0}


def moved(before: Held, after: Held) -> dict[str, Any]:
    """What lies between a tensor in two checkpoints: the share of its numbers that are ``same`` to the bit, the norm of
    the ``change`` and of the ``weight`` before; those that are not finite count as 0.

    >>> one, two = (Held("w", "float32", (2,), np.array([3.0, x], np.float32)) for x in (4.0, 5.0))
    >>> moved(one, two)["same"], moved(one, two)["change"], moved(one, two)["weight"]
    (0.5, 1.0, 5.0)
    """
    same = 0
    change = weight = 0.0
    with np.errstate(all="ignore"):
        for a, b in zip(blocks(before), blocks(after), strict=True):
            bits = f"u{a.dtype.itemsize}" if a.dtype.itemsize <= 8 else "u8"
            equal = a.view(bits) == b.view(bits)
            same += int(equal.sum()) if a.dtype.itemsize <= 8 else int(equal.reshape(-1, 2).all(axis=1).sum())
            if before.dtype in MEASURED:
                old, new = as_floats(a, before.dtype), as_floats(b, after.dtype)
                change += float(np.nansum(np.where(np.isfinite(new - old), new - old, 0.0) ** 2))
                weight += float(np.nansum(np.where(np.isfinite(old), old, 0.0) ** 2))
    about = {"name": before.name, "shape": list(before.shape), "dtype": before.dtype}
    share = same / before.values if before.values else 1.0
    return {**about, "same": share, "change": math.sqrt(change), "weight": math.sqrt(weight)}
