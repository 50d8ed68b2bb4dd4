"""Numbers of parameters, products and bytes as they stand in a table or a sentence."""

from __future__ import annotations

import re

from tearless.core import InputError, quoted
from tearless.core.amounts import in_bytes, in_short
from tearless.linear_algebra.shapes import Named, Shape, Size


def law_in_bytes(size: Size) -> str:
    """A polynomial of bytes, each of its terms in a unit that fits.

    >>> from tearless.linear_algebra.shapes import named
    >>> law_in_bytes(named("n") * 3 * 2**20 + 1024)
    '3 MiB·n + 1 KiB'
    """
    return _law(size, in_bytes)


def law_in_short(size: Size) -> str:
    """A polynomial that counts, each of its terms in a unit that fits."""
    return _law(size, in_short)


def _law(size: Size, write: object) -> str:
    assert callable(write)  # noqa: S101 - for the type checker
    if not isinstance(size, Named):
        return str(write(size))
    parts = []
    for monomial, factor in sorted(size.terms, key=lambda term: (-len(term[0]), term[0])):
        amount = str(write(factor))
        parts.append("·".join([amount, *monomial]) if monomial else amount)
    return " + ".join(parts).replace("+ -", "- ")


def in_row(shape: Shape) -> str:
    """A shape in few characters.

    >>> from tearless.linear_algebra.shapes import named
    >>> in_row((named("n"), 3, 224, 224)), in_row(()), in_row((named("n") + 1, 8))
    ('n×3×224×224', 'one', '(n + 1)×8')
    """
    texts = (str(size) for size in shape)
    return "×".join(f"({text})" if " " in text and not text.startswith("⌊") else text for text in texts) or "one"


_MEMORY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?(?:ytes?)?\s*", re.IGNORECASE)


def bytes_asked(memory: str | float) -> int:
    """Bytes that ``24GiB``, ``24G`` or ``24000MB`` stand for. Raises ``InputError`` for what is no amount of memory.

    >>> bytes_asked("24GiB"), bytes_asked("80 GB"), bytes_asked(1024)
    (25769803776, 80000000000, 1024)
    """
    if isinstance(memory, (int, float)) and not isinstance(memory, bool) and 0 < memory < 1e18:
        return int(memory)
    found = _MEMORY.fullmatch(str(memory))
    if found is None or float(found[1]) == 0 or len(found[1]) > 15:
        raise InputError(
            f"memory: expected an amount such as 24GiB or 80GB, got {quoted(str(memory))}; give one above 0"
        )
    letter = found[2].lower()
    ends_in_b = str(memory).strip().lower().endswith("b")
    base = 1024 if found[3] or not ends_in_b else 1000
    return int(float(found[1]) * base ** ("kmgtp".index(letter) + 1 if letter else 0))
