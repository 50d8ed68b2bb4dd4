"""A picture as SVG: its frame, axes and legend, in the page's colours, light or dark.

It is read out by its title and description.
"""

from __future__ import annotations

from collections.abc import Iterator

from tearless.core.picture import Axis, Band, Bars, Line, Mark, Picture, Points, Rule

from .marks import drawn, labelled
from .plot import Plot, shown, width_of
from .scale import Scale, extents

WIDE = 360.0
"""The width of the drawing: that of a phone's page, so that 12 px stay 12 px there."""
HIGH = 220.0
ROW = 22.0
"""The height of a category that stands on the y axis."""
LONGEST = 20
"""Letters of a category that are drawn; the whole name is told on pointing at it."""

COLOURS = (
    "--main: #1f5fbf; --second: #b4540a; --third: #6b4aa0; --good: #1c7a3e; --bad: #b3261e; --faint: #8a919c;",
    "--main: #7db0ff; --second: #f0a35a; --third: #bfa0f0; --good: #6fd08c; --bad: #ff8a80; --faint: #8a919c;",
)
"""The colours of the roles on a light page and on a dark one, each at least 3 : 1 against it."""

STYLE = """
.picture { margin: 0; max-width: 30rem; min-width: 0; }
.picture svg { display: block; width: 100%; height: auto; font: 12px system-ui, sans-serif; overflow: visible; }
.picture figcaption { font-size: .9rem; margin-bottom: .3rem; }
.picture text { fill: currentColor; } .picture .axis path { stroke: var(--faint); fill: none; }
.picture .grid path { stroke: var(--faint); stroke-opacity: .25; fill: none; }
.picture .main { --k: var(--main); } .picture .second { --k: var(--second); } .picture .third { --k: var(--third); }
.picture .good { --k: var(--good); } .picture .bad { --k: var(--bad); } .picture .soft { --k: var(--faint); }
.picture .line path, .picture .arrows path { fill: none; stroke: var(--k); stroke-width: 2; stroke-linejoin: round; }
.picture .contours path { fill: none; stroke: var(--k); stroke-opacity: .7; }
.picture .points circle, .picture .arrows circle { fill: var(--k); stroke: var(--k); fill-opacity: .75; }
.picture .points circle[fill=none] { fill: none; }
.picture .bars rect { fill: var(--k); fill-opacity: .65; } .picture .heat rect { fill: var(--k); }
.picture .ranges path { stroke: var(--k); stroke-width: 2; fill: none; } .picture .ranges circle { fill: var(--k); }
.picture .band path { fill: var(--k); fill-opacity: .22; }
.picture .rule path { stroke: var(--k); stroke-width: 1.5; stroke-dasharray: 6 3; }
.picture .box { fill: var(--paper, Canvas); stroke: var(--k); stroke-width: 1.5; }
.picture .link { stroke: var(--faint); fill: none; }
.picture .on { stroke: var(--paper, Canvas); stroke-width: 4; paint-order: stroke; }
"""


def figure(picture: Picture) -> str:
    """The picture with its title as the caption.

    >>> figure(Picture("A line", "it rises", (Line((0.0, 1.0), (0.0, 1.0)),)))[:57]
    '<figure class="picture"><figcaption>A line</figcaption><s'
    """
    return f'<figure class="picture"><figcaption>{shown(picture.title)}</figcaption>{svg(picture)}</figure>'


def svg(picture: Picture) -> str:
    """The drawing alone, for a page that has ``STYLE`` and the colours of ``COLOURS``.

    >>> rising = Picture("A line", "it rises", (Line((0.0, 1.0), (0.0, 1.0)),))
    >>> "<title>A line</title><desc>it rises</desc>" in svg(rising)
    True
    """
    plot, high = _laid_out(picture)
    parts = [
        f'<svg viewBox="0 0 {WIDE:.0f} {high:.0f}" role="img">',
        f"<title>{shown(picture.title)}</title><desc>{shown(picture.says)}</desc>",
    ]
    if not picture.bare:
        parts += _axes(picture, plot)
    parts += _legend(labelled(picture.marks), plot)
    parts += [drawn(mark, plot) for mark in picture.marks]
    return "".join([*parts, "</svg>"])


def alone(picture: Picture) -> str:
    """The drawing as a file of its own, with its style; it follows the light or dark of whoever shows it.

    >>> alone(Picture("A line", "it rises", (Line((0.0, 1.0), (0.0, 1.0)),)))[:39]
    '<svg xmlns="http://www.w3.org/2000/svg"'
    """
    light, dark = COLOURS
    style = (
        f".picture {{ {light} --paper: #fff; color: #1d2026; }}"
        f"@media (prefers-color-scheme: dark) {{ .picture {{ {dark} --paper: #17191d; color: #e6e8eb; }} }}{STYLE}"
        ".picture { font: 12px system-ui, sans-serif; }"
    )
    opening, _, rest = svg(picture).partition(">")
    named = opening.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg" class="picture"')
    return f"{named}><style>{style}</style>{rest}\n"


def cut(name: str) -> str:
    """A category as it is drawn.

    >>> cut("a column of a very long name")
    'a column of a very …'
    """
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _laid_out(picture: Picture) -> tuple[Plot, float]:
    """The scales of both axes on the page, and how high the page is."""
    (x0, x1), (y0, y1) = extents(picture)
    names = [cut(name) for name in picture.y.names]
    rough = Scale(y0, y1, HIGH, 0, picture.y.log, tuple(names))
    widest = max((width_of(text) for _, text in rough.ticks(5)), default=0.0)
    left = 8.0 if picture.bare else 12 + widest + (16 if picture.y.label else 0)
    right = WIDE - 8 - _last_tick(picture.x, x0, x1)
    top = 8 + 16.0 * len(_rows(labelled(picture.marks), right - left))
    above = 14.0 * sum(isinstance(mark, Rule) and mark.of == "x" and bool(mark.label) for mark in picture.marks)
    top += above if names else 0.0
    high = ROW * len(names) if names else HIGH
    if picture.square and y1 > y0 and x1 > x0:
        high = min(2.0, (y1 - y0) / (x1 - x0)) * (right - left)
    if picture.bare and not picture.square:
        high = HIGH
    foot = 8.0 if picture.bare else 22 + (16 if picture.x.label else 0) + _slant(picture.x, right - left)
    x = Scale(x0, x1, left, right, picture.x.log, picture.x.names)
    down = bool(names) or any(type(mark).__name__ == "Heat" for mark in picture.marks)
    begin, end = (top, top + high) if down else (top + high, top)
    y = Scale(y0, y1, begin, end, picture.y.log, tuple(names))
    return Plot(x, y, above=above if names else 0.0), top + high + foot


def _last_tick(axis: Axis, low: float, high: float) -> float:
    """How far the last tick's text stands out at the right."""
    if axis.names:
        return 0.0
    ticks = Scale(low, high, 0, 1, axis.log).ticks(5)
    return width_of(ticks[-1][1]) / 2 if ticks and ticks[-1][0] > low + 0.9 * (high - low) else 4.0


def _slant(axis: Axis, wide: float) -> float:
    """Further height for names under the x axis that are too long to stand side by side, and are slanted."""
    longest = max((width_of(cut(name)) for name in axis.names), default=0.0)
    return 0.5 * longest if longest > wide / max(1, len(axis.names)) - 4 else 0.0


def _axes(picture: Picture, plot: Plot) -> Iterator[str]:
    slanted = _slant(picture.x, plot.right - plot.left) > 0
    across, up = plot.x.ticks(5), plot.y.ticks(5)
    lines = [] if picture.x.names else [f"M{plot.x(v):.1f} {plot.bottom:.1f}V{plot.top:.1f}" for v, _ in across]
    lines += [] if picture.y.names else [f"M{plot.left:.1f} {plot.y(v):.1f}H{plot.right:.1f}" for v, _ in up]
    yield f'<g class="grid"><path d="{"".join(lines)}"/></g><g class="axis">'
    yield f'<path d="M{plot.left:.1f} {plot.top:.1f}V{plot.bottom:.1f}H{plot.right:.1f}"/>'
    for value, text in across:
        yield _under(plot.x(value), plot.bottom, text, slanted, bool(picture.x.names))
    for value, text in up:
        whole = f"<title>{shown(picture.y.names[int(value)])}</title>" if picture.y.names else ""
        y = plot.y(value) + 4
        yield f'<text x="{plot.left - 6:.1f}" y="{y:.1f}" text-anchor="end">{shown(text)}{whole}</text>'
    yield "</g>" + _names_of_axes(picture, plot, slanted)


def _under(x: float, bottom: float, text: str, slanted: bool, category: bool) -> str:
    whole = f"<title>{shown(text)}</title>" if category else ""
    if slanted:
        place = f'transform="translate({x + 4:.1f} {bottom + 14:.1f}) rotate(-30)" text-anchor="end"'
    else:
        place = f'x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle"'
    return f"<text {place}>{shown(cut(text) if category else text)}{whole}</text>"


def _names_of_axes(picture: Picture, plot: Plot, slanted: bool) -> str:
    said = ""
    if picture.x.label:
        y = plot.bottom + 33 + (_slant(picture.x, plot.right - plot.left) if slanted else 0)
        said += f'<text x="{plot.right:.1f}" y="{y:.1f}" text-anchor="end">{shown(picture.x.label)}</text>'
    if picture.y.label:
        where = f"translate(12 {(plot.top + plot.bottom) / 2:.1f}) rotate(-90)"
        said += f'<text transform="{where}" text-anchor="middle">{shown(picture.y.label)}</text>'
    return said


def _rows(marks: list[Mark], wide: float) -> list[list[tuple[Mark, float]]]:
    """The legend's rows: each mark with where its entry begins."""
    rows: list[list[tuple[Mark, float]]] = []
    begin = wide
    for mark in marks:
        needs = 24 + width_of(getattr(mark, "label", "")) + 10
        if begin + needs > wide or not rows:
            rows.append([])
            begin = 0.0
        rows[-1].append((mark, begin))
        begin += needs
    return rows


def _legend(marks: list[Mark], plot: Plot) -> Iterator[str]:
    for i, row in enumerate(_rows(marks, plot.right - plot.left)):
        for mark, begin in row:
            x, y = plot.left + begin, 12 + 16.0 * i
            kind, role = type(mark).__name__.lower(), getattr(mark, "role", "main")
            text = shown(getattr(mark, "label", ""))
            said = f'<text x="{x + 24:.1f}" y="{y}">{text}</text>'
            yield f'<g class="{kind} {role} key">{_swatch(mark, x, y - 4)}{said}</g>'


def _swatch(mark: Mark, x: float, y: float) -> str:
    match mark:
        case Points():
            hollow = ' fill="none"' if mark.hollow else ""
            return f'<circle cx="{x + 10:.1f}" cy="{y:.1f}" r="3.2"{hollow}/>'
        case Bars():
            return f'<rect x="{x:.1f}" y="{y - 5:.1f}" width="18" height="10"/>'
        case Band():
            return f'<path d="M{x:.1f} {y - 5:.1f}h18v10h-18Z"/>'
        case Line():
            dashes = ' stroke-dasharray="5 4"' if mark.dashed else ""
            return f'<path d="M{x:.1f} {y:.1f}h18"{dashes}/>'
        case _:
            return f'<path d="M{x:.1f} {y:.1f}h18"/>'
