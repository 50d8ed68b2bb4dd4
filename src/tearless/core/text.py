"""Data-derived text made safe to show: column names, labels and paths are hostile until they pass here."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

LONGEST_NAME = 60
"""Characters of a name that are shown; the rest is cut with an ellipsis."""

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def visible(text: str, longest: int | None = None) -> str:
    """``text`` with every control, format, surrogate and unassigned character written as an escape.

    With ``longest`` it is cut to so many characters, the last of them an ellipsis.

    Nothing that passes can move a cursor, colour a terminal, reverse the reading direction or end a line.

    >>> visible("a\\x1b[31mred\\nb")
    'a\\\\x1b[31mred\\\\nb'
    """
    some = text if longest is None else text[: longest + 1]
    out = "".join(c.encode("unicode_escape").decode() if unicodedata.category(c) in _HIDDEN else c for c in some)
    return out if longest is None or len(out) <= longest else out[: longest - 1] + "…"


def encodable(text: str) -> str:
    """``text`` that UTF-8 can hold: half characters, as in file names that are no Unicode, become escapes.

    >>> encodable("caf\\udce9")
    'caf\\\\udce9'
    """
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def quoted(name: str) -> str:
    """One name as it stands in a sentence: visible, cut to a readable length, in backticks.

    >>> quoted("fare")
    '`fare`'
    """
    return f"`{visible(name, LONGEST_NAME).replace('`', 'ʼ')}`"


def listed(names: Sequence[str] | Iterable[str], most: int = 6) -> str:
    """Names as a list in a sentence; beyond ``most`` the rest is counted.

    >>> listed(["a", "b", "c"])
    '`a`, `b` and `c`'
    >>> listed(["a", "b", "c"], most=2)
    '`a`, `b` and 1 more'
    """
    names = list(names)
    if len(names) > most:
        return ", ".join(map(quoted, names[:most])) + f" and {len(names) - most:,} more"
    if len(names) <= 1:
        return "".join(map(quoted, names))
    return ", ".join(map(quoted, names[:-1])) + f" and {quoted(names[-1])}"
