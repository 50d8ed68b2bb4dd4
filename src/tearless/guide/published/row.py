"""One published figure beside the one that its own inputs give."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it was printed, and as it is.

    ``printed`` is the text of the figure, so that its digits say how precise it claims to be; ``None`` where nothing
    comparable was printed.
    """

    name: str
    printed: str | None
    computed: float

    @property
    def agrees(self) -> bool:
        """Whether the computed number rounds to the printed digits. Nothing printed agrees with anything."""
        if self.printed is None:
            return True
        claimed = float(self.printed)
        if not math.isfinite(claimed):
            return not math.isfinite(self.computed)
        digits = len(self.printed.partition(".")[2])
        slack = 1e-9 * max(1.0, abs(claimed))
        return abs(self.computed - claimed) <= 0.5 * 10.0**-digits + slack

    @property
    def shown(self) -> str:
        """The computed number to the digits of the printed one, or to as many as it takes to tell them apart."""
        if self.printed is None or not math.isfinite(self.computed):
            return f"{self.computed:.6g}"
        digits = len(self.printed.partition(".")[2])
        plain = f"{self.computed:,.{digits}f}"
        return plain if abs(self.computed) < 1e7 and float(plain.replace(",", "")) != 0 else f"{self.computed:.4g}"


@dataclass(frozen=True, slots=True)
class Row:
    """One topic: its inputs, its figures, and, where they differ or settle nothing, why."""

    topic: str
    inputs: str
    figures: tuple[Figure, ...]
    why: str

    @property
    def agrees(self) -> bool:
        return all(figure.agrees for figure in self.figures)


def figures(printed: dict[str, str | None], computed: dict[str, float]) -> tuple[Figure, ...]:
    """Figures by name, printed beside computed. Raises ``KeyError`` where a printed one was not computed."""
    named = {name: Figure(name, said, float(computed[name])) for name, said in printed.items()}
    more = {name: Figure(name, None, float(value)) for name, value in computed.items() if name not in named}
    return (*named.values(), *more.values())
