"""Large counts and bytes as they stand in a table or a sentence."""

from __future__ import annotations

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
