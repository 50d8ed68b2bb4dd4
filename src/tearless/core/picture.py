"""A picture as data: marks on two axes, with their values. How it is drawn is the report's affair."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["main", "second", "third", "good", "bad", "soft"]
"""What a mark stands for; it decides the colour. Colour is never the only signal: marks have labels, dashes, shapes."""
Values = tuple[float, ...]
Along = Literal["x", "y"]


def values(numbers: Iterable[float]) -> Values:
    """Numbers of any kind of sequence or array as the plain floats that marks hold.

    >>> values(range(3))
    (0.0, 1.0, 2.0)
    """
    return tuple(float(number) for number in numbers)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis. Ends that are not given are those of the marks. ``names`` are categories, which stand at 0, 1, 2 ..."""

    label: str = ""
    log: bool = False
    low: float | None = None
    high: float | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, broken where a value is not finite; in ``steps``, level until the next point."""

    x: Values
    y: Values
    label: str = ""
    role: Role = "main"
    dashed: bool = False
    steps: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """Points, each with its name where ``names`` are given; ``named`` says that the names are drawn beside them."""

    x: Values
    y: Values
    label: str = ""
    role: Role = "main"
    names: tuple[str, ...] = ()
    named: bool = False
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars from ``base`` to ``lengths``, at the places ``at`` of the other axis and ``width`` wide there.

    ``along`` is the axis on which the lengths are read: ``y`` for upright bars.
    """

    at: Values
    lengths: Values
    label: str = ""
    role: Role = "main"
    width: float = 0.8
    base: float = 0.0
    along: Along = "y"


@dataclass(frozen=True, slots=True)
class Ranges:
    """Intervals from ``low`` to ``high``, with a dot at ``middle`` where given. ``along``: the axis they lie along."""

    at: Values
    low: Values
    high: Values
    middle: Values = ()
    label: str = ""
    role: Role = "main"
    along: Along = "x"


@dataclass(frozen=True, slots=True)
class Band:
    """The area between two lines over the same x."""

    x: Values
    low: Values
    high: Values
    label: str = ""
    role: Role = "soft"


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line across the picture at one value of the axis ``of``: a limit, a bound, a mean."""

    at: float
    label: str = ""
    of: Along = "x"
    role: Role = "bad"


@dataclass(frozen=True, slots=True)
class Heat:
    """A field of cells, row by row from the top, each with its number: columns stand at 0, 1 ..., rows at 0, 1 ...

    ``middle`` is the value without colour; ``numbers`` says that each cell shows its own.
    """

    rows: tuple[Values, ...]
    middle: float = 0.0
    numbers: bool = True


@dataclass(frozen=True, slots=True)
class Contours:
    """Level lines of a function over a grid: ``rows[j][i]`` is its value at ``x[i]``, ``y[j]``."""

    x: Values
    y: Values
    rows: tuple[Values, ...]
    levels: Values
    role: Role = "soft"


@dataclass(frozen=True, slots=True)
class Arrows:
    """Arrows from ``x``, ``y`` by ``dx``, ``dy``; each is named where ``names`` are given."""

    x: Values
    y: Values
    dx: Values
    dy: Values
    label: str = ""
    role: Role = "main"
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nodes:
    """Boxes with text, joined by ``links`` (from, to, text): a tree, a network, a graph of computations."""

    x: Values
    y: Values
    texts: tuple[str, ...]
    links: tuple[tuple[int, int, str], ...] = ()
    roles: tuple[Role, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A short text that begins at a point of the picture."""

    x: float
    y: float
    text: str
    role: Role = "soft"


Mark = Line | Points | Bars | Ranges | Band | Rule | Heat | Contours | Arrows | Nodes | Words


@dataclass(frozen=True, slots=True)
class Picture:
    """One panel. ``title`` says what it shows; ``says`` tells, in a sentence or two, what is to be seen in it, and is
    read out to those who cannot see it. ``square`` gives both axes the same scale; ``bare`` leaves them out.

    >>> path = Line(values(range(3)), (4.0, 2.0, 1.0), "loss", dashed=True)
    >>> limit = Rule(0.5, "lowest", of="y", role="good")
    >>> falling = Picture("The loss", "It halves at every step.", (path, limit), Axis("step"), Axis("loss", low=0.0))
    >>> [type(mark).__name__ for mark in falling.marks]
    ['Line', 'Rule']
    """

    title: str
    says: str
    marks: tuple[Mark, ...]
    x: Axis = field(default_factory=Axis)
    y: Axis = field(default_factory=Axis)
    square: bool = False
    bare: bool = False


def drawn_values(picture: Picture) -> Iterator[float]:
    """Every value that the marks of a picture hold.

    >>> list(drawn_values(Picture("A line", "It rises.", (Line((0.0, 1.0), (2.0, 3.0)),))))
    [0.0, 1.0, 2.0, 3.0]
    """
    for mark in picture.marks:
        for name in mark.__slots__:
            yield from _floats(getattr(mark, name))


def _floats(value: object) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _floats(one)
