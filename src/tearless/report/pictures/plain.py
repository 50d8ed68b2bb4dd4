"""A picture for a terminal: dots of braille on two axes, bars of blocks, or rows of numbers."""

from __future__ import annotations

import itertools
import math
import textwrap
from collections.abc import Iterator, Sequence

from tearless.core.picture import Band, Bars, Heat, Line, Mark, Picture, Points, Ranges, Rule
from tearless.core.text import visible

from .scale import Scale, extents, text_of

HIGH = 10
"""Lines of a plot, each four dots high."""
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The dots of a braille letter, row by row."""
LEAST = 24


def to_lines(picture: Picture, width: int = 72) -> list[str]:
    """The picture within ``width`` columns: its title, what can be drawn with letters, and else what it says.

    >>> from tearless.core.picture import Axis
    >>> bars = Bars((0.0, 1.0), (1.0, 2.0), along="x")
    >>> print(*to_lines(Picture("Rows", "a few", (bars,), y=Axis(names=("a", "b"))), 40), sep="\\n")
    Rows
      a ████████████              1
      b █████████████████████████ 2
    """
    width = max(LEAST, width)
    body = list(_body(picture, width))
    told = textwrap.wrap(visible(picture.says), width, initial_indent="  ", subsequent_indent="  ")
    return [*textwrap.wrap(visible(picture.title), width), *(body or told)]


def _body(picture: Picture, width: int) -> Iterator[str]:
    if any(isinstance(mark, Heat) for mark in picture.marks):
        yield from _heat(picture)
    elif picture.y.names or picture.x.names:
        yield from _by_name(picture, width)
    elif not picture.bare and any(isinstance(mark, Line | Points | Bars) for mark in picture.marks):
        yield from _plot(picture, width)


def _heat(picture: Picture) -> Iterator[str]:
    for mark in picture.marks:
        if isinstance(mark, Heat):
            names = [visible(name)[:10] for name in picture.y.names] or [""] * len(mark.rows)
            wide = max(map(len, names), default=0)
            heads = "".join(f"{visible(name)[:7]:>8}" for name in picture.x.names)
            yield f"  {'':{wide}}{heads}"
            for name, row in zip(names, mark.rows, strict=False):
                yield f"  {name:>{wide}}" + "".join(f"{value:>8.2g}" for value in row)


def _by_name(picture: Picture, width: int) -> Iterator[str]:
    """Categories, a line each, with bars and the ends of intervals."""
    across = bool(picture.x.names) and not picture.y.names
    names = [visible(name)[:20] for name in (picture.x.names if across else picture.y.names)]
    (x0, x1), (y0, y1) = extents(picture, room=0.0)
    low, high = (y0, y1) if across else (x0, x1)
    wide = max(map(len, names), default=0)
    intervals = any(isinstance(mark, Ranges) for mark in picture.marks)
    room = max(8, width - wide - (26 if intervals else 14))
    scale = Scale(low, high, 0, room, (picture.y if across else picture.x).log)
    for i, name in enumerate(names):
        for drawn, told in _at(picture.marks, i, scale, room):
            yield f"  {name:>{wide}} {drawn} {told}"
            name = ""
    for mark in picture.marks:
        if isinstance(mark, Rule) and mark.label:
            yield f"  {'':>{wide}} {' ' * _column(scale, mark.at, room)}^ {visible(mark.label)}"


def _at(marks: Sequence[Mark], i: int, scale: Scale, room: int) -> Iterator[tuple[str, str]]:
    """What the marks have at one category: the drawing, and its number."""
    for mark in marks:
        if isinstance(mark, Bars) and float(i) in mark.at:
            length = mark.lengths[mark.at.index(float(i))]
            begin, end = sorted((_column(scale, mark.base, room), _column(scale, length, room)))
            yield (" " * begin + "█" * max(1, end - begin)).ljust(room), text_of(float(f"{length:.3g}"))
        elif isinstance(mark, Ranges) and float(i) in mark.at:
            k = mark.at.index(float(i))
            line = [" "] * (room + 1)
            begin, end = _column(scale, mark.low[k], room), _column(scale, mark.high[k], room)
            line[begin : end + 1] = ["─"] * (end + 1 - begin)
            line[begin], line[end] = "├", "┤"
            told = f"{mark.low[k]:.3g} to {mark.high[k]:.3g}"
            if k < len(mark.middle) and math.isfinite(mark.middle[k]):
                line[_column(scale, mark.middle[k], room)] = "●"
            yield "".join(line), told


def _column(scale: Scale, value: float, room: int) -> int:
    return min(room, max(0, round(scale(value)))) if math.isfinite(value) else 0


def _plot(picture: Picture, width: int) -> Iterator[str]:
    """Lines and points on a grid of braille letters, with the ends of both axes beside it."""
    (x0, x1), (y0, y1) = extents(picture, room=0.0)
    top, bottom = text_of(float(f"{y1:.3g}")), text_of(float(f"{y0:.3g}"))
    margin = max(len(top), len(bottom)) + 1
    columns = width - margin - 2
    x = Scale(x0, x1, 0, 2 * columns - 1, picture.x.log)
    y = Scale(y0, y1, 4 * HIGH - 1, 0, picture.y.log)
    grid = [[0] * columns for _ in range(HIGH)]
    for mark in picture.marks:
        for across, down in _dots(mark, x, y):
            if 0 <= across < 2 * columns and 0 <= down < 4 * HIGH:
                grid[down // 4][across // 2] |= DOTS[down % 4][across % 2]
    for j, row in enumerate(grid):
        label = top if j == 0 else bottom if j == HIGH - 1 else ""
        yield f"{label:>{margin}} │" + "".join(chr(0x2800 + cell) if cell else " " for cell in row).rstrip()
    ends = f"{text_of(float(f'{x0:.3g}'))}"
    last = f"{picture.x.label} {text_of(float(f'{x1:.3g}'))}".strip()
    yield f"{'':>{margin}} └" + "─" * columns
    yield f"{'':>{margin}}  {ends}{visible(last):>{max(1, columns - len(ends))}}"
    for mark in picture.marks:
        if isinstance(mark, Rule) and mark.label:
            yield f"{'':>{margin}}  {visible(mark.label)}"


def _dots(mark: Mark, x: Scale, y: Scale) -> Iterator[tuple[int, int]]:
    match mark:
        case Line() | Points():
            at = [(x(a), y(b)) for a, b in zip(mark.x, mark.y, strict=True) if math.isfinite(a) and math.isfinite(b)]
            yield from ((round(a), round(b)) for a, b in at)
            if isinstance(mark, Line):
                for (a0, b0), (a1, b1) in itertools.pairwise(at):
                    steps = int(max(abs(a1 - a0), abs(b1 - b0)))
                    yield from (
                        (round(a0 + (a1 - a0) * k / steps), round(b0 + (b1 - b0) * k / steps)) for k in range(1, steps)
                    )
        case Bars():
            for place, length in zip(mark.at, mark.lengths, strict=True):
                first, last = sorted((round(y(mark.base)), round(y(length))))
                yield from ((round(x(place)), b) for b in range(first, last + 1))
        case Rule() if mark.of == "y" and math.isfinite(mark.at):
            yield from ((a, round(y(mark.at))) for a in range(0, round(x.end), 4))
        case Rule() if math.isfinite(mark.at):
            yield from ((round(x(mark.at)), b) for b in range(0, 4 * HIGH, 2))
        case Band():
            for a, low, high in zip(mark.x, mark.low, mark.high, strict=True):
                yield from ((round(x(a)), round(y(v))) for v in (low, high) if math.isfinite(v))
