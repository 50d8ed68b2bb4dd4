"""What a command was asked, answered: a verdict in words, its numbers, what they mean, and tables. Any format shows it.

``check`` has findings alone; ``compare``, ``calibrate``, ``sample`` and ``power`` answer a question first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tearless.core import Number
from tearless.core.picture import Picture

BAR = 20
"""Characters of a full bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A share drawn as a bar, from 0 to 1.

    >>> print(Bar(0.5))
    ██████████··········
    """

    share: float

    def __str__(self) -> str:
        full = round(BAR * min(1.0, max(0.0, self.share)))
        return "█" * full + "·" * (BAR - full)


Cell = str | Number | Bar


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads. A cell is text (made safe where it holds names from the data), a number, or a bar."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: int = 0
    """Rows left out of the text; all are in ``rows``."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of characters of one width, shown as they stand: a drawing made of text."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to what was asked.

    ``verdict`` stands alone: one or two sentences. ``said`` are labelled sentences, in order. ``numbers`` are all that
    was measured, by name, for those who compute on; ``blocks`` stand before the sentences,
    ``tables`` behind them, and ``pictures`` where a page can show pictures.
    """

    verdict: str
    said: tuple[tuple[str, str], ...] = ()
    numbers: Mapping[str, Number] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()
    blocks: tuple[Block, ...] = ()
