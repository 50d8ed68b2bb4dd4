"""The scalars in one event of TensorBoard: the few fields of its protocol buffer that hold them.

A message is a row of fields: a number with the field's tag and its kind (0 varint, 1 eight bytes, 2 a length and that
many bytes, 5 four bytes), then its value (https://protobuf.dev/programming-guides/encoding). Fields that are not named
here are passed over. The numbers below are those of TensorFlow's ``event.proto``, ``summary.proto`` and
``tensor.proto``.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_STEP, _SUMMARY = 2, 5
_VALUE = 1
_TAG, _SIMPLE, _TENSOR = 1, 2, 8
_DTYPE, _SHAPE, _CONTENT = 1, 2, 4
_HALF = 13
_LISTS = {5: "<f", 6: "<d", 7: "", 10: ""}
"""Fields of a tensor that list its numbers: floats, doubles, and whole numbers as varints."""
_TYPES = {1: "<f", 2: "<d", 3: "<i", 9: "<q", 19: "<e"}
"""Types of a tensor's content: float32, float64, int32, int64, float16."""
Field = tuple[int, int, int | bytes]


class Damaged(ValueError):
    """The bytes are no message."""


def scalars(event: bytes) -> tuple[int, list[tuple[str, float]]]:
    """The step of an event and its scalars by tag; those with other values (pictures, histograms) are passed over.

    Raises ``Damaged``.

    >>> scalars(b"\\x10\\x07" + b"\\x2a\\x09\\x0a\\x07\\x0a\\x00\\x15\\x00\\x00\\x00\\x3f")
    (7, [('', 0.5)])
    """
    step, found = 0, []
    for number, kind, value in _fields(event):
        if number == _STEP and kind == 0 and isinstance(value, int):
            step = value if value < 1 << 63 else value - (1 << 64)
        elif number == _SUMMARY and isinstance(value, bytes):
            inner = [v for n, _, v in _fields(value) if n == _VALUE and isinstance(v, bytes)]
            found += [one for one in map(_scalar, inner) if one is not None]
    return step, found


def _fields(message: bytes) -> Iterator[Field]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        value: int | bytes
        if kind == 0:
            value, at = _varint(message, at)
        else:
            length = {1: 8, 5: 4}.get(kind, -1)
            if kind == 2:
                length, at = _varint(message, at)
            if length < 0 or at + length > len(message):
                raise Damaged("a field goes beyond its message")
            value, at = message[at : at + length], at + length
        yield number, kind, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
    raise Damaged("a number does not end")


def _scalar(message: bytes) -> tuple[str, float] | None:
    """Tag and value, ``None`` where the value is no scalar."""
    tag, found = "", None
    for number, _kind, value in _fields(message):
        if number == _TAG and isinstance(value, bytes):
            tag = value.decode("utf-8", "replace")
        elif number == _SIMPLE and isinstance(value, bytes) and len(value) == 4:
            found = float(struct.unpack("<f", value)[0])
        elif number == _TENSOR and isinstance(value, bytes):
            found = _of_tensor(value)
    return None if found is None else (tag, found)


def _of_tensor(message: bytes) -> float | None:
    """The number of a tensor of no dimensions."""
    dtype, found, content = 0, None, b""
    for number, _kind, value in _fields(message):
        if number == _DTYPE and isinstance(value, int):
            dtype = value
        elif number == _SHAPE and value:
            return None
        elif number == _CONTENT and isinstance(value, bytes):
            content = value
        elif number in _LISTS or number == _HALF:
            found = _listed(number, value)
    form = _TYPES.get(dtype)
    if form and len(content) == struct.calcsize(form):
        return float(struct.unpack(form, content)[0])
    return found if form else None


def _listed(number: int, value: int | bytes) -> float | None:
    """The only number in a tensor's list, packed or not."""
    if isinstance(value, bytes):
        form = _LISTS.get(number, "")
        if form:
            return float(struct.unpack(form, value)[0]) if len(value) == struct.calcsize(form) else None
        whole, at = _varint(value, 0)
        if at != len(value):
            return None
    else:
        whole = value
    if number == _HALF:
        return float(struct.unpack("<e", struct.pack("<H", whole & 0xFFFF))[0])
    return float(whole if whole < 1 << 63 else whole - (1 << 64))
