"""What a file holds, by its first bytes: the content decides, not the extension."""

from __future__ import annotations

import codecs

from tearless.core import InputError

_MAGIC = (
    (b"PAR1", "parquet"),
    (b"PARE", "encrypted parquet"),
    (b"ARROW1", "arrow"),
    (b"\xff\xff\xff\xff", "arrow stream"),
    (b"FEA1", "feather v1"),
    (b"\x93NUMPY", "npy"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
)
_FOREIGN = (
    *((bytes([0x80, protocol]), "a Python pickle, which can run code and is never opened") for protocol in range(2, 6)),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x7fELF", "a program"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"ORC", "an ORC file"),
    (b"Obj\x01", "an Avro file"),
    (b"MATLAB ", "a MATLAB file"),
    (b"tearless-facts ", "the facts of an earlier table, which --against takes"),
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = bytes(c for c in range(32) if c not in b"\t\n\r\f\x1b")


def format_of(head: bytes) -> str | None:
    """The binary format that these first bytes show, or ``None`` where they may be text."""
    return next((name for magic, name in _MAGIC if head.startswith(magic)), None)


def foreign(head: bytes) -> str | None:
    """What these bytes are where they are surely no table, or ``None``."""
    start = head[:512].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if start.startswith(b"<?xml"):
        return "an XML document"
    text = _text_like(head) and not head.startswith(b"%PDF-")
    return next((name for magic, name in _FOREIGN if head.startswith(magic) and not (text and magic.isascii())), None)


def encoding_of(head: bytes, whole: bool) -> tuple[str, str | None]:
    """The encoding of a text by its first bytes, and a word about it where it is not UTF-8.

    ``whole`` says that nothing comes after ``head``. Raises ``InputError`` (without the argument's name) where the
    bytes are no text.
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name, None if name == "utf-8-sig" else f"read as {name.upper()}, by its byte order mark"
    if wide := _utf16_without_mark(head):
        return wide, f"read as {wide.upper()}: every other byte is zero"
    if not _text_like(head):
        raise InputError("binary data that is none of them")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError as fault:
        return one_byte_encoding(head, head[fault.start], fault.start)
    return "utf-8", None


def one_byte_encoding(data: bytes, byte: int, offset: int) -> tuple[str, str]:
    """Latin-1 or its Windows form for text that is not UTF-8, and the words that say why."""
    windows = any(0x80 <= b <= 0x9F for b in set(data)) and not set(data) & {0x81, 0x8D, 0x8F, 0x90, 0x9D}
    name = "cp1252" if windows else "latin-1"
    spoken = "Windows-1252" if windows else "Latin-1"
    return name, f"read as {spoken}: byte {byte:#04x} at offset {offset:,} is not UTF-8"


def _text_like(head: bytes) -> bool:
    """Whether bytes may be text in an encoding of one byte a character, or UTF-8: almost no control characters."""
    some = head[:65_536]
    return b"\0" not in some and len(some) - len(some.translate(None, _CONTROL)) <= max(8, len(some) // 50)


def _utf16_without_mark(head: bytes) -> str | None:
    some = head[:4_096]
    pairs = len(some) // 2
    if pairs < 2:
        return None
    even, odd = some[0 : 2 * pairs : 2].count(0), some[1 : 2 * pairs : 2].count(0)
    if odd > 0.9 * pairs and even == 0:
        return "utf-16-le"
    return "utf-16-be" if even > 0.9 * pairs and odd == 0 else None
