"""The inside of a picture: its two axes on the page, and the places that text has taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from tearless.core import visible

from .scale import Scale

LETTER = 6.3
"""The usual width of a letter at 12 px."""
HEIGHT_OF_TEXT = 14.0


@dataclass
class Plot:
    """The inside of a picture: both axes, and the places where text stands already.

    >>> plot = Plot(Scale(0, 1, 0, 100), Scale(0, 1, 50, 0))
    >>> plot.free(10, 20, 30), plot.free(10, 20, 30)
    (True, False)
    """

    x: Scale
    y: Scale
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)
    above: float = 0.0
    """Height kept free above the plot, for the names of limits across categories."""
    rules: int = 0

    @property
    def left(self) -> float:
        return self.x.begin

    @property
    def right(self) -> float:
        return self.x.end

    @property
    def top(self) -> float:
        return min(self.y.begin, self.y.end)

    @property
    def bottom(self) -> float:
        return max(self.y.begin, self.y.end)

    def free(self, x: float, y: float, wide: float) -> bool:
        """Whether a text whose line begins at ``x``, ``y`` would cover no other and stay inside; it then stands."""
        box = (x, y - HEIGHT_OF_TEXT + 3, x + wide, y + 3)
        inside = box[0] >= self.left - 2 and box[2] <= self.right + 2 and box[1] >= self.top - self.above - 12
        clear = all(box[2] < t[0] or box[0] > t[2] or box[3] <= t[1] or box[1] >= t[3] for t in self.taken)
        if inside and clear:
            self.taken.append(box)
        return inside and clear


def width_of(text: str) -> float:
    """About how wide a text is at 12 px.

    >>> width_of("loss")
    25.2
    """
    return LETTER * len(text)


def shown(text: str) -> str:
    """Text made inert for SVG, where the backticks around names are left out.

    >>> shown("`a<b>`")
    'a&lt;b&gt;'
    """
    return escape(visible(text.replace("`", "")))
