"""Each kind of mark as SVG. The values that are drawn stand beside it as data."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from html import escape

from tearless.core import visible
from tearless.core.picture import (
    Arrows,
    Band,
    Bars,
    Contours,
    Heat,
    Line,
    Mark,
    Nodes,
    Points,
    Ranges,
    Rule,
    Values,
    Words,
)

from .contour import lines
from .plot import Plot, shown, width_of
from .scale import text_of

MOST_POINTS = 400
"""A line of more points is drawn with the lowest and highest of each stretch."""


def drawn(mark: Mark, plot: Plot) -> str:
    """One mark, in a group of its own that carries its values.

    >>> from tearless.report.pictures.scale import Scale
    >>> drawn(Line((0.0, 1.0), (0.0, 2.0)), Plot(Scale(0, 1, 0, 100), Scale(0, 2, 50, 0)))
    '<g class="line main" data-x="[0.0, 1.0]" data-y="[0.0, 2.0]"><path d="M0.0 50.0L100.0 0.0"/></g>'
    """
    kind = type(mark).__name__.lower()
    role = getattr(mark, "role", "main")
    inside = "".join(DRAW[type(mark)](mark, plot))
    return f'<g class="{kind} {role}"{_data(mark)}>{inside}</g>'


def thinned(x: Values, y: Values, most: int = MOST_POINTS) -> tuple[Values, Values]:
    """At most about ``most`` points that look the same: of each stretch the first, lowest, highest and last.

    >>> [len(axis) for axis in thinned(tuple(map(float, range(10_000))), tuple(map(float, range(10_000))))]
    [200, 200]
    """
    if len(x) <= most:
        return x, y
    size = math.ceil(len(x) / (most // 4))
    kept: list[int] = []
    for begin in range(0, len(x), size):
        part = range(begin, min(begin + size, len(x)))
        finite = [i for i in part if math.isfinite(y[i])]
        extremes = [min(finite, key=y.__getitem__), max(finite, key=y.__getitem__)] if finite else []
        kept += sorted({part[0], part[-1], *extremes})
    return tuple(x[i] for i in kept), tuple(y[i] for i in kept)


def _data(mark: Mark) -> str:
    """The values of a mark as attributes; what is no number is null. Of a function over a grid the levels are told."""
    if isinstance(mark, Contours):
        return f' data-levels="{escape(json.dumps(_plain(mark.levels)))}"'
    parts = []
    for name in ("label", "at", "x", "y", "dx", "dy", "low", "middle", "high", "lengths", "rows", "names", "texts"):
        value = getattr(mark, name, None)
        if isinstance(mark, Line) and name in ("x", "y"):
            value = thinned(mark.x, mark.y)["xy".index(name)]
        if value not in (None, "", ()):
            plain = shown(value) if isinstance(value, str) else escape(json.dumps(_plain(value)))
            parts.append(f' data-{name}="{plain}"')
    return "".join(parts)


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return visible(value) if isinstance(value, str) else value


def _line(mark: Line, plot: Plot) -> Iterator[str]:
    x, y = thinned(mark.x, mark.y)
    path, pen, before = [], "M", 0.0
    for value, height in zip(x, y, strict=True):
        if not (math.isfinite(value) and math.isfinite(height)) or (plot.y.log and height <= 0):
            pen = "M"
            continue
        across, up = plot.x(value), plot.y(height)
        if mark.steps and pen == "L":
            path.append(f"L{across:.1f} {before:.1f}")
        path.append(f"{pen}{across:.1f} {up:.1f}")
        pen, before = "L", up
    dashes = ' stroke-dasharray="5 4"' if mark.dashed else ""
    yield f'<path d="{"".join(path)}"{dashes}/>'


def _points(mark: Points, plot: Plot) -> Iterator[str]:
    size = 2.2 if len(mark.x) > 60 else 3.2
    hollow = ' fill="none"' if mark.hollow else ""
    for i, (x, y) in enumerate(zip(mark.x, mark.y, strict=True)):
        if not (math.isfinite(x) and math.isfinite(y)):
            continue
        name = mark.names[i] if i < len(mark.names) else ""
        told = f"<title>{shown(name)}</title>" if name else ""
        yield f'<circle cx="{plot.x(x):.1f}" cy="{plot.y(y):.1f}" r="{size}"{hollow}>{told}</circle>'
        if name and mark.named:
            yield from named(name, plot.x(x), plot.y(y), plot)


def named(name: str, x: float, y: float, plot: Plot) -> Iterator[str]:
    """A name beside a place, where there is room for it.

    >>> from tearless.report.pictures.scale import Scale
    >>> list(named("a", 10, 20, Plot(Scale(0, 1, 0, 100), Scale(0, 1, 50, 0))))
    ['<text x="17.0" y="24.0">a</text>']
    """
    wide = width_of(name)
    for left, base in ((x + 7, y + 4), (x - 7 - wide, y + 4), (x - wide / 2, y - 8), (x - wide / 2, y + 17)):
        if plot.free(left, base, wide):
            yield f'<text x="{left:.1f}" y="{base:.1f}">{shown(name)}</text>'
            return


def _bars(mark: Bars, plot: Plot) -> Iterator[str]:
    for at, length in zip(mark.at, mark.lengths, strict=True):
        if not (math.isfinite(at) and math.isfinite(length)):
            continue
        places, lengths = (plot.x, plot.y) if mark.along == "y" else (plot.y, plot.x)
        p0, p1 = sorted((places(at - mark.width / 2), places(at + mark.width / 2)))
        base = lengths.low if lengths.log else mark.base
        l0, l1 = sorted((lengths(base), lengths(length)))
        x, y, w, h = (p0, l0, p1 - p0, l1 - l0) if mark.along == "y" else (l0, p0, l1 - l0, p1 - p0)
        yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{max(h, 0.5):.1f}"/>'


def _ranges(mark: Ranges, plot: Plot) -> Iterator[str]:
    for i, (at, low, high) in enumerate(zip(mark.at, mark.low, mark.high, strict=True)):
        middle = mark.middle[i] if i < len(mark.middle) else math.nan
        if mark.along == "x":
            x0, x1, y0, y1 = plot.x(low), plot.x(high), plot.y(at), plot.y(at)
            ends = f"M{x0:.1f} {y0 - 4:.1f}v8M{x1:.1f} {y0 - 4:.1f}v8"
            centre = (plot.x(middle), y0) if math.isfinite(middle) else None
        else:
            x0, x1, y0, y1 = plot.x(at), plot.x(at), plot.y(low), plot.y(high)
            ends = f"M{x0 - 4:.1f} {y0:.1f}h8M{x0 - 4:.1f} {y1:.1f}h8"
            centre = (x0, plot.y(middle)) if math.isfinite(middle) else None
        if math.isfinite(low) and math.isfinite(high):
            yield f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}{ends}"/>'
        if centre:
            yield f'<circle cx="{centre[0]:.1f}" cy="{centre[1]:.1f}" r="3.4"/>'


def _band(mark: Band, plot: Plot) -> Iterator[str]:
    fit = [
        (x, low, high)
        for x, low, high in zip(mark.x, mark.low, mark.high, strict=True)
        if all(map(math.isfinite, (x, low, high)))
    ]
    up = [f"{plot.x(x):.1f} {plot.y(high):.1f}" for x, _, high in fit]
    down = [f"{plot.x(x):.1f} {plot.y(low):.1f}" for x, low, _ in reversed(fit)]
    if fit:
        yield f'<path d="M{"L".join(up + down)}Z"/>'


def _rule(mark: Rule, plot: Plot) -> Iterator[str]:
    scale = plot.x if mark.of == "x" else plot.y
    if not math.isfinite(mark.at) or not scale.low <= mark.at <= scale.high:
        return
    at, wide = scale(mark.at), width_of(mark.label)
    if mark.of == "x":
        yield f'<path d="M{at:.1f} {plot.bottom:.1f}V{plot.top:.1f}"/>'
        left = at + 5 if at + 5 + wide <= plot.right else max(plot.left, at - 5 - wide)
        rows = [plot.top - 4 - 14 * i for i in range(6)] if plot.y.names else [plot.top + 11 + 14 * i for i in range(6)]
    else:
        yield f'<path d="M{plot.left:.1f} {at:.1f}H{plot.right:.1f}"/>'
        left, rows = plot.right - wide, [at - 5, at + 14]
    base = next((row for row in rows if plot.free(left, row, wide)), rows[min(plot.rules, len(rows) - 1)])
    plot.rules += 1
    if mark.label:
        yield f'<text x="{left:.1f}" y="{base:.1f}">{shown(mark.label)}</text>'


def _heat(mark: Heat, plot: Plot) -> Iterator[str]:
    away = [abs(v - mark.middle) for row in mark.rows for v in row if math.isfinite(v)]
    most = max(away, default=0.0) or 1.0
    for j, row in enumerate(mark.rows):
        for i, value in enumerate(row):
            x0, x1 = sorted((plot.x(i - 0.5), plot.x(i + 0.5)))
            y0, y1 = sorted((plot.y(j - 0.5), plot.y(j + 0.5)))
            share = abs(value - mark.middle) / most if math.isfinite(value) else 0.0
            side = "second" if value < mark.middle else "main"
            yield (
                f'<rect class="{side}" x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" '
                f'fill-opacity="{0.55 * share:.2f}"/>'
            )
            if mark.numbers and x1 - x0 >= 20:
                text = _in_cell(value)
                yield f'<text x="{(x0 + x1) / 2:.1f}" y="{(y0 + y1) / 2 + 4:.1f}" text-anchor="middle">{text}</text>'


def _in_cell(value: float) -> str:
    """A number as short as a cell wants it: two digits, and no power of ten where the digits take less room."""
    if not math.isfinite(value):
        return "?"
    return f"{value:.0f}" if 10 <= abs(value) < 10_000 else f"{value:.2g}"


def _contours(mark: Contours, plot: Plot) -> Iterator[str]:
    for level in mark.levels:
        for line in lines(mark, level):
            path = "L".join(f"{plot.x(x):.1f} {plot.y(y):.1f}" for x, y in line)
            yield f'<path d="M{path}"><title>{text_of(level)}</title></path>'


def _arrows(mark: Arrows, plot: Plot) -> Iterator[str]:
    for i, (x, y, dx, dy) in enumerate(zip(mark.x, mark.y, mark.dx, mark.dy, strict=True)):
        x0, y0, x1, y1 = plot.x(x), plot.y(y), plot.x(x + dx), plot.y(y + dy)
        yield arrow(x0, y0, x1, y1)
        if i < len(mark.names):
            yield from named(mark.names[i], x1, y1, plot)


def arrow(x0: float, y0: float, x1: float, y1: float) -> str:
    """An arrow from one place of the page to another; a dot where they are the same."""
    length = math.hypot(x1 - x0, y1 - y0)
    if length < 1.5:
        return f'<circle cx="{x0:.1f}" cy="{y0:.1f}" r="2"/>'
    size, c, s = min(7.0, length / 2), (x1 - x0) / length, (y1 - y0) / length
    wings = [(x1 - size * (c * 0.9 + k * s * 0.5), y1 - size * (s * 0.9 - k * c * 0.5)) for k in (1, -1)]
    head = f"M{wings[0][0]:.1f} {wings[0][1]:.1f}L{x1:.1f} {y1:.1f}L{wings[1][0]:.1f} {wings[1][1]:.1f}"
    return f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}{head}"/>'


def _nodes(mark: Nodes, plot: Plot) -> Iterator[str]:
    boxes = [_box(text) for text in mark.texts]
    for begin, end, text in mark.links:
        x0, y0, x1, y1 = plot.x(mark.x[begin]), plot.y(mark.y[begin]), plot.x(mark.x[end]), plot.y(mark.y[end])
        yield f'<path class="link" d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"/>'
        if text:
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
            yield f'<text class="on" x="{x:.1f}" y="{y + 4:.1f}" text-anchor="middle">{shown(text)}</text>'
    for i, (x, y, text) in enumerate(zip(mark.x, mark.y, mark.texts, strict=True)):
        role = mark.roles[i] if i < len(mark.roles) else "main"
        (wide, high), across, up = boxes[i], plot.x(x), plot.y(y)
        across = min(max(across, wide / 2), plot.right + plot.left - wide / 2)
        yield (
            f'<rect class="box {role}" x="{across - wide / 2:.1f}" y="{up - high / 2:.1f}" width="{wide:.1f}" '
            f'height="{high:.1f}" rx="5"/>'
        )
        for k, line in enumerate(text.split("\n")):
            base = up - high / 2 + 16 + 14 * k
            yield f'<text x="{across:.1f}" y="{base:.1f}" text-anchor="middle">{shown(line)}</text>'


def _box(text: str) -> tuple[float, float]:
    rows = text.split("\n")
    return max(width_of(row) for row in rows) + 10, 14.0 * len(rows) + 8


def _words(mark: Words, plot: Plot) -> Iterator[str]:
    left = min(plot.x(mark.x), plot.right - width_of(mark.text))
    yield f'<text x="{left:.1f}" y="{plot.y(mark.y):.1f}">{shown(mark.text)}</text>'


DRAW: dict[type, Callable[..., Iterator[str]]] = {
    Line: _line,
    Points: _points,
    Bars: _bars,
    Ranges: _ranges,
    Band: _band,
    Rule: _rule,
    Heat: _heat,
    Contours: _contours,
    Arrows: _arrows,
    Nodes: _nodes,
    Words: _words,
}


def labelled(marks: Sequence[Mark]) -> list[Mark]:
    """The marks that stand in the legend."""
    return [mark for mark in marks if not isinstance(mark, Rule) and str(getattr(mark, "label", ""))]
