"""The tokens of an expression over shapes, each with its place; what is no token is refused with a caret under it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tearless.core import InputError, visible

LONGEST = 10_000
"""Characters of an expression."""
MOST_DIGITS = 19
"""Digits of a whole number: no array is longer than 2⁶³ - 1."""
LARGEST = 2**63 - 1
AROUND = 56
"""Characters shown around the place of a refusal."""

Kind = Literal["number", "name", "text", "sign", "break", "end"]

_TOKEN = re.compile(
    r"""(?P<blank>(?:[^\S\n]|\\\r?\n)+|\#[^\n]*)
    |(?P<number>(?:\d[\d_]*)?\.\d[\d_]*(?:[eE][+-]?\d+)?|\d[\d_]*\.?(?:[eE][+-]?\d+)?)
    |(?P<name>[^\W\d]\w*)
    |(?P<text>"[^"\n]*"|'[^'\n]*')
    |(?P<break>[;\n])
    |(?P<sign>\.\.\.|->|\*\*|//|<=|>=|==|!=|<<|>>|[-+*/%@&|^~<>=()\[\]{},:.])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token of ``tokens``: its kind, its text, and where that starts and ends."""

    kind: Kind
    text: str
    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The tokens of a text; line ends within brackets are none. Raises the ``refusal`` at what is no token.

    >>> [token.text for token in tokens("A(2,3) @ B")]
    ['A', '(', '2', ',', '3', ')', '@', 'B', '']
    """
    if len(text) > LONGEST:
        says = f"expected at most {LONGEST:,} characters, got {len(text):,}; name parts and give them one by one"
        raise refusal(text, LONGEST, says)
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    at, inside = 0, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise refusal(text, at, _unknown(text, at))
        kind, word, at = found.lastgroup, found[0], found.end()
        inside += (word in ("(", "[")) - (word in (")", "]"))
        if kind == "blank" or (word == "\n" and inside > 0):
            continue
        if kind == "number" and len(word) > MOST_DIGITS + ("." in word or "e" in word.lower()) * 20:
            says = f"expected a number of at most {MOST_DIGITS} digits, got one of {len(word):,}; no axis is so long"
            raise refusal(text, found.start(), says)
        yield Token(kind, word, found.start(), at)  # type: ignore[arg-type]
    yield Token("end", "", len(text), len(text))


def _unknown(text: str, at: int) -> str:
    character = text[at]
    if character in "\"'":
        return "expected a closing quote on the same line; add it"
    if character in "×·∗⋅":
        return f"expected an operator, got `{character}`; write `*`, or `@` for a product of matrices"
    name = unicodedata.name(character, "a character without a name").lower()
    return f"expected an expression, got `{visible(character)}` ({name}); remove it"


def refusal(text: str, at: int, says: str) -> InputError:
    """The refusal of an expression, the place marked in a line below.

    >>> print(refusal("A(2,3) @@ B", 8, "expected an array"))
    expression: expected an array
      A(2,3) @@ B
              ^
    """
    first = text.rfind("\n", 0, at) + 1
    last = text.find("\n", at)
    last = len(text) if last < 0 else last
    start = max(first, at - AROUND // 2 if at - first > AROUND else first)
    end = min(last, start + AROUND)
    before = ("…" if start > first else "") + visible(text[start:at])
    line = before + visible(text[at:end]) + ("…" if end < last else "")
    return InputError(f"expression: {says}\n  {line}\n  {' ' * _cells(before)}^")


def _cells(text: str) -> int:
    """Columns of a terminal that a text takes."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)
