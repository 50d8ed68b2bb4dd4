"""Axes: from values to places on the page, and the round numbers that are written beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tearless.core.picture import (
    Arrows,
    Axis,
    Band,
    Bars,
    Contours,
    Heat,
    Line,
    Mark,
    Nodes,
    Picture,
    Points,
    Ranges,
    Rule,
    Values,
    Words,
)

ROOM = 0.04
"""The share of an axis left free beyond the outermost value."""
SMALLEST, LARGEST = 1e-300, 1e300
"""Values beyond these are left out of the axes: with room around them they would leave the range of doubles."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One axis laid out: ``low`` stands at ``begin`` on the page, ``high`` at ``end``."""

    low: float
    high: float
    begin: float
    end: float
    log: bool = False
    names: tuple[str, ...] = ()

    def __call__(self, value: float) -> float:
        """The place of a value on the page, kept within a page's length of it.

        >>> Scale(0, 10, 100, 200)(2.5), Scale(1, 100, 0, 10, log=True)(10)
        (125.0, 5.0)
        """
        if self.log:
            low, high, value = math.log10(self.low), math.log10(self.high), math.log10(max(value, SMALLEST))
        else:
            low, high = self.low, self.high
        share = (value - low) / (high - low) if high > low else 0.5
        return self.begin + min(3.0, max(-2.0, share)) * (self.end - self.begin)

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Round values within the axis, at most about ``most``, with their texts.

        >>> Scale(0, 10, 0, 1).ticks(5)
        [(0.0, '0'), (2.0, '2'), (4.0, '4'), (6.0, '6'), (8.0, '8'), (10.0, '10')]
        >>> [text for _, text in Scale(1e-3, 1e3, 0, 1, log=True).ticks(4)]
        ['0.001', '0.1', '10', '1,000']
        >>> [text for _, text in Scale(1.93, 2.22, 0, 1, log=True).ticks(4)]
        ['2', '2.1', '2.2']
        """
        if self.names:
            return [(float(i), name) for i, name in enumerate(self.names)]
        if self.log:
            return [(value, text_of(value)) for value in _decades(self.low, self.high, most)]
        step = round_step((self.high - self.low) / max(1, most))
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(i * step, _at_step(i * step, step)) for i in range(first, last + 1)]


def round_step(wide: float) -> float:
    """The next of 1, 2, 5, 10 ... times a power of ten.

    >>> round_step(0.13), round_step(3), round_step(6)
    (0.2, 5.0, 10.0)
    """
    if not (wide > 0 and math.isfinite(wide)):
        return 1.0
    power = 10.0 ** math.floor(math.log10(wide))
    factor = next(f for f in (1, 2, 5, 10, 20) if f * power >= wide * (1 - 1e-9))
    return float(f"{factor * power:.12g}")


def _decades(low: float, high: float, most: int) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 2:
        every = max(1, math.ceil((last - first) / max(1, most)))
        return [10.0**k for k in range(first, last + 1, every)]
    fine = [f * 10.0**k for k in range(first - 1, last + 1) for f in (1, 2, 5)]
    found = [value for value in fine if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
    if len(found) > most:
        found = [value for value in found if f"{value:.0e}"[0] == "1"]
    if len(found) >= 2:
        return found
    step = round_step((high - low) / max(1, most))  # less than a power of ten: even steps, as on a plain axis
    even = [float(f"{i * step:.12g}") for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return even if len(even) >= 2 else [low, high]


def _at_step(value: float, step: float) -> str:
    """A tick as text, with as many decimals as its step has."""
    if value == 0:
        return "0"
    if abs(value) >= 1e6 or step < 1e-4:
        return text_of(value)
    return f"{value:,.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"


def text_of(value: float) -> str:
    """A number as short as a tick wants it.

    >>> [text_of(v) for v in (0.001, 10, 1e6, 1e-7, 2500)]
    ['0.001', '10', '1e6', '1e-7', '2,500']
    """
    if value == 0 or 1e-3 * (1 - 1e-9) <= abs(value) < 1e6:
        return f"{value:,.10g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:.3g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def extents(picture: Picture, room: float = ROOM) -> tuple[tuple[float, float], tuple[float, float]]:
    """The ends of both axes, from the marks and what the axes ask for; ``room`` is left free beyond the marks.

    >>> extents(Picture("A line", "it rises", (Line((0.0, 10.0), (1.0, 2.0)),), y=Axis(low=0.0, high=4.0)))
    ((0.0, 10.4), (0.0, 4.0))
    """
    reach = [_reach(mark) for mark in picture.marks]
    x = _ends(picture.x, [v for xs, _ in reach for v in xs], room)
    y = _ends(picture.y, [v for _, ys in reach for v in ys], room)
    return x, y


def _ends(axis: Axis, seen: Sequence[float], room: float) -> tuple[float, float]:
    if axis.names:
        return -0.6, len(axis.names) - 0.4
    fit = [v for v in seen if abs(v) < LARGEST and (v > SMALLEST or not axis.log)]
    low, high = (min(fit), max(fit)) if fit else (1.0 if axis.log else 0.0, 10.0 if axis.log else 1.0)
    if axis.log:
        low, high = (low, high) if high > low * 1.01 else (low / 2, high * 2)
        beyond = (high / low) ** room
        begin, end = low / beyond, high * beyond
    else:
        low, high = (low, high) if high > low else (low - (abs(low) or 1.0) / 2, high + (abs(high) or 1.0) / 2)
        begin, end = low - room * (high - low), high + room * (high - low)
        begin = 0.0 if low == 0 else begin
    begin = axis.low if axis.low is not None else begin
    end = axis.high if axis.high is not None else end
    return (begin, end) if end > begin else (begin, begin * 10 if axis.log and begin > 0 else begin + 1)


def _reach(mark: Mark) -> tuple[Values, Values]:
    """The values of a mark that must lie within the axes."""
    match mark:
        case Line() | Points() | Nodes():
            return mark.x, mark.y
        case Contours():
            return mark.x, mark.y
        case Words():
            return (mark.x,), (mark.y,)
        case Band():
            return mark.x, (*mark.low, *mark.high)
        case Rule():
            return ((mark.at,), ()) if mark.of == "x" else ((), (mark.at,))
        case Heat():
            wide = max((len(row) for row in mark.rows), default=0)
            return (-0.5, wide - 0.5), (-0.5, len(mark.rows) - 0.5)
        case Arrows():
            tips = tuple(_sums(mark.x, mark.dx)), tuple(_sums(mark.y, mark.dy))
            return (*mark.x, *tips[0]), (*mark.y, *tips[1])
        case Bars():
            half = mark.width / 2
            places = (*(a - half for a in mark.at), *(a + half for a in mark.at))
            lengths = (*mark.lengths, mark.base)
            return (places, lengths) if mark.along == "y" else (lengths, places)
        case Ranges():
            ends = (*mark.low, *mark.high, *mark.middle)
            return (ends, mark.at) if mark.along == "x" else (mark.at, ends)


def _sums(first: Values, second: Values) -> Iterator[float]:
    return (a + b for a, b in zip(first, second, strict=True))
