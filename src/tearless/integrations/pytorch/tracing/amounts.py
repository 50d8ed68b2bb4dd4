"""Numbers of parameters, products and bytes as they stand in a table or a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tearless.core import InputError, quoted
from tearless.linear_algebra.shapes import Named, Shape, Size

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")
_LARGE = ((10**15, "P"), (10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))


def in_bytes(number: float) -> str:
    """Bytes in the unit that fits.

    >>> in_bytes(0), in_bytes(1536), in_bytes(25_557_032 * 4), in_bytes(1)
    ('0 bytes', '1.5 KiB', '97.5 MiB', '1 byte')
    """
    unit = 0
    while abs(number) >= 1024 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    name = "byte" if unit == 0 and number == 1 else _UNITS[unit]
    return f"{_digits(number)} {name}"


def in_short(number: float) -> str:
    """A count in the unit that fits.

    >>> in_short(999), in_short(25_557_032), in_short(4_089_184_256), in_short(0)
    ('999', '25.6 M', '4.09 G', '0')
    """
    for size, unit in _LARGE:
        if abs(number) >= size:
            return f"{_digits(number / size)} {unit}"
    return _digits(number)


def _digits(number: float) -> str:
    if number == int(number):
        return f"{int(number):,}"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"


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


def evaluated(terms: Mapping[str, str]) -> str:
    """Names and their values in a sentence: ``n = 32, h = 224``."""
    return ", ".join(f"{name} = {value}" for name, value in terms.items())
