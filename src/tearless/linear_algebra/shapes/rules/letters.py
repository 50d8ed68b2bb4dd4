"""The equation of an einsum, read: the letters of each operand and of the result."""

from __future__ import annotations

import re
from dataclasses import dataclass

DOTS = "..."


class Unreadable(ValueError):
    """The equation is none; the text says why, as one clause."""


@dataclass(frozen=True, slots=True)
class Letters:
    """An equation: one text of letters for each operand, ``...`` among them at most once, and the result's."""

    operands: tuple[str, ...]
    result: str
    written: bool = True
    """Whether the result stands in the equation, or follows from the operands."""

    def __str__(self) -> str:
        left = ",".join(self.operands)
        return f"{left}->{self.result}" if self.written else left


def read(equation: str) -> Letters:
    """The letters of an equation. Raises ``Unreadable``.

    >>> read("bij, bjk -> bik"), read("ij,jk").result, read("...ij,jk").result
    (Letters(operands=('bij', 'bjk'), result='bik', written=True), 'ik', '...ik')
    """
    left, arrow, right = "".join(str(equation).split()).partition("->")
    operands = tuple(left.split(","))
    for text in (*operands, right):
        if not re.fullmatch(r"[A-Za-z]*(\.\.\.)?[A-Za-z]*", text):
            wrong = re.sub(r"[A-Za-z]|\.\.\.", "", text) or DOTS
            raise Unreadable(f"'{wrong[:20]}' stands where a letter or one '...' should")
    if not arrow:
        every = "".join(operands).replace(".", "")
        once = sorted(letter for letter in set(every) if every.count(letter) == 1)
        right = (DOTS if any(DOTS in text for text in operands) else "") + "".join(once)
    result = right.replace(DOTS, "")
    twice = sorted(letter for letter in set(result) if result.count(letter) > 1)
    if twice:
        raise Unreadable(f"the result names '{twice[0]}' more than once")
    missing = [letter for letter in result if letter not in "".join(operands)]
    if missing:
        raise Unreadable(f"the result names '{missing[0]}', which no operand has")
    return Letters(operands, right, bool(arrow))


def count(text: str) -> int:
    """How many letters there are, ``...`` aside."""
    return len(text.replace(DOTS, ""))


def laid_out(text: str, rank: int) -> list[str]:
    """The letter of each axis, empty for those under ``...``; of an operand that the letters fit.

    >>> laid_out("b...ij", 5)
    ['b', '', '', 'i', 'j']
    """
    if DOTS not in text:
        return list(text)
    before, after = text.split(DOTS)
    return [*before, *[""] * (rank - len(before) - len(after)), *after]
