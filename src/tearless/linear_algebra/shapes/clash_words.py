"""The words of a finding about a clash, from its entry: made safe, since they hold names from the reader's code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tearless.core import quoted, visible

from .places import near

LONGEST_HEADLINE = 150
LONGEST_CODE = 160
MOST_ORIGINS = 3


def clash_words(entry: Mapping[str, Any]) -> dict[str, str]:
    """``says``, ``law``, ``place``, ``origins`` and ``repair`` of an operation that clashes; plain ones of another.

    >>> clash_words({"clash": None})["repair"]
    'nothing is to be changed'
    """
    clash = entry.get("clash") or {}
    repairs = clash.get("repairs") or []
    origins = [_plain(one, 200) for one in (entry.get("origins") or ())[:MOST_ORIGINS]]
    return {
        "says": _plain(clash.get("says", ""), LONGEST_HEADLINE),
        "law": _plain(clash.get("law", ""), 200) or "the library refused it",
        "place": place(entry),
        "origins": f"; {'; '.join(origins)}" if origins else "",
        "repair": _repair(repairs[0]) if repairs else _no_repair(clash),
    }


def place(entry: Mapping[str, Any]) -> str:
    """Where it happened, to be hung onto a sentence: the line, and the layer that asked.

    >>> place({"file": "net.py", "line": 14, "layer": "fc1"})
    ' in `fc1` at net.py:14'
    """
    line = f"{visible(near(str(entry['file'])), 80)}:{entry['line']}" if entry.get("file") else ""
    layer = quoted(str(entry["layer"])) if entry.get("layer") else ""
    parts = [word for word in (f"in {layer}" if layer else "", f"at {line}" if line else "") if word]
    return f" {' '.join(parts)}" if parts else ""


def _repair(repair: Mapping[str, Any]) -> str:
    code = _code(repair.get("code", ""))
    at = f" at {visible(repair['at'], 80)}" if repair.get("at") else ""
    gives = f", which gives {visible(repair['gives'], 60)}" if repair.get("gives") else ""
    because = f": {_plain(repair['because'], 120)}" if repair.get("because") else ""
    if repair.get("loses"):
        return f"see which of the two is right; it runs with {code}{at}{gives}{because}"
    return f"write {code}{at}{gives}{because}"


def _no_repair(clash: Mapping[str, Any]) -> str:
    return "make what the rule names equal" if clash else "nothing is to be changed"


def _code(code: str) -> str:
    return f"`{visible(code, LONGEST_CODE).replace('`', 'ʼ')}`"


def _plain(text: str, longest: int) -> str:
    return visible(text, longest).rstrip(".")
