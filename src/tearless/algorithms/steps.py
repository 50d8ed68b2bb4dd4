"""What a fitted algorithm did, step by step: which pillar, which function, and the numbers on the data at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tearless.core import Number
from tearless.core.number import shown
from tearless.core.text import visible


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the pillar and the function that made it, what it did in words, and the numbers that came out.

    ``says`` is the words.

    >>> Step("linear_algebra.least_squares.qr", "Least squares by QR", {}).pillar
    'linear-algebra'
    """

    function: str
    """Where the mathematics stands, such as ``linear_algebra.least_squares.qr``."""
    says: str
    numbers: Mapping[str, Number]

    @property
    def pillar(self) -> str:
        return self.function.partition(".")[0].replace("_", "-")


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one fit, in order. Printing it tells the story.

    ``of`` is the heading.

    >>> rank = Number(2.0, "1", "columns that say something of their own")
    >>> solved = Step("linear_algebra.least_squares.qr", "Least squares by QR", {"rank": rank})
    >>> print(Steps("Linear regression", [solved]))
    Linear regression
    1. Least squares by QR  [linear_algebra.least_squares.qr]
         rank = 2  columns that say something of their own
    """

    of: str
    steps: Sequence[Step]

    def __str__(self) -> str:
        lines = [visible(self.of)]
        for i, step in enumerate(self.steps, 1):
            lines.append(f"{i}. {visible(step.says)}  [{step.function}]")
            lines += [
                f"     {visible(name)} = {_shown(number)}  {number.meaning}" for name, number in step.numbers.items()
            ]
        return "\n".join(lines)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)


def _shown(number: Number) -> str:
    if number.interval is None:
        return str(number)
    low, high = (shown(end, number.unit) for end in number.interval)
    return f"{number} ({low} to {high})"
