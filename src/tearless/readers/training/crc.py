"""CRC-32C of many texts of one length at once, as TensorFlow's records carry it.

The polynomial is Castagnoli's, 0x1EDC6F41 (bits reversed: 0x82F63B78): RFC 3720, appendix B.4. Records keep it masked:
turned right by 15 bits, plus a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_REVERSED = 0x82F63B78
_MASK = 0xA282EAD8
Codes = np.ndarray[Any, np.dtype[np.uint32]]


def _table() -> Codes:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_REVERSED), table >> 1)
    return table


_TABLE = _table()
_PLAIN: list[int] = _TABLE.tolist()


def crc32c(data: bytes) -> int:
    """The checksum of one text.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    code = 0xFFFFFFFF
    for byte in data:
        code = _PLAIN[(code ^ byte) & 0xFF] ^ (code >> 8)
    return code ^ 0xFFFFFFFF


def masked(code: int) -> int:
    """A checksum as a record keeps it."""
    return (((code >> 15) | (code << 17)) + _MASK) & 0xFFFFFFFF


def all_masked(texts: Sequence[bytes]) -> list[int]:
    """The masked checksums of some texts; those of one length are gone through side by side.

    >>> all_masked([b"a", b"bc", b"d"]) == [masked(crc32c(text)) for text in (b"a", b"bc", b"d")]
    True
    """
    by_length: dict[int, list[int]] = {}
    for i, text in enumerate(texts):
        by_length.setdefault(len(text), []).append(i)
    out = [0] * len(texts)
    for length, places in by_length.items():
        if len(places) < 8:
            codes = [crc32c(texts[i]) for i in places]
        else:
            codes = _side_by_side(b"".join(texts[i] for i in places), len(places), length)
        for i, code in zip(places, codes, strict=True):
            out[i] = masked(code)
    return out


def _side_by_side(joined: bytes, count: int, length: int) -> list[int]:
    rows = np.frombuffer(joined, np.uint8).reshape(count, length)
    codes = np.full(count, 0xFFFFFFFF, np.uint32)
    for column in rows.T:
        codes = _TABLE[(codes ^ column) & 0xFF] ^ (codes >> np.uint32(8))
    return [int(code) ^ 0xFFFFFFFF for code in codes]
