"""The gradients of a model, layer by layer: their norms beside those of the weights, and a bar of how they flow."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.cells import cell_len, set_cell_size

from tearless.core import visible
from tearless.core.number import shown

CELLS = 12
"""Cells of a full bar."""
DECADE = 2
"""Cells that a factor of 10 makes."""
LONGEST = 40
NONE = "no gradient"


@dataclass(frozen=True, slots=True)
class LayerGradient:
    """One layer: a module's own parameters together. ``gradient`` and ``update`` are ``None`` where there is none.

    ``gradient``, ``weight`` and ``update`` are Euclidean norms over ``numbers`` parameters.
    """

    name: str
    numbers: int
    gradient: float | None
    weight: float | None
    update: float | None = None

    @property
    def each(self) -> float | None:
        """The root mean square of the layer's gradient: comparable between layers of different sizes."""
        return None if self.gradient is None else self.gradient / math.sqrt(max(1, self.numbers))


@dataclass(frozen=True)
class Gradients:
    """Gradient norms of a model, in the order of its layers. ``total`` is the norm of all of them as one vector.

    ``source`` says whose they are, ``step`` after which step of a script they were looked at.

    >>> found = Gradients((LayerGradient("a", 4, 3.0, 1.0), LayerGradient("b", 4, 4.0, 1.0)), "net")
    >>> found.total, found["b"].gradient
    (5.0, 4.0)
    """

    layers: tuple[LayerGradient, ...]
    source: str
    step: int | None = None

    @property
    def total(self) -> float:
        """The Euclidean norm of all gradients together: what clipping by norm compares with its bound."""
        return math.sqrt(sum(layer.gradient**2 for layer in self.layers if layer.gradient is not None))

    def __getitem__(self, name: str) -> LayerGradient:
        """One layer by name. Raises ``KeyError``."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"{name!r}: the layers are {', '.join(layer.name for layer in self.layers)}")

    def __str__(self) -> str:
        return self.to_text()

    def to_json(self) -> str:
        """The numbers as JSON; what is not finite is ``null``."""
        layers = [{k: _finite(v) for k, v in asdict(layer).items()} for layer in self.layers]
        whole = {"source": self.source, "step": self.step, "total": _finite(self.total), "layers": layers}
        return json.dumps(whole, indent=2) + "\n"

    def to_text(self) -> str:
        """The table as a terminal shows it."""
        flow = max((e for layer in self.layers if (e := layer.each) is not None and math.isfinite(e)), default=0.0)
        moved = any(layer.update is not None for layer in self.layers)
        head = ["layer", "gradient", "weight", *(["update/weight"] if moved else []), "flow"]
        rows = [_row(layer, flow, moved) for layer in self.layers]
        when = f" at step {self.step:,}" if self.step is not None else ""
        title = f"{visible(self.source)}: gradient norm {_number(self.total)}{when}"
        legend = f"flow: gradient per weight; each {DECADE} cells fewer, ten times smaller"
        return "\n".join([title, "", *_lines([head, *rows]), "", legend]) + "\n"


def _row(layer: LayerGradient, flow: float, moved: bool) -> list[str]:
    share = None
    if layer.update is not None and layer.weight:
        share = layer.update / layer.weight
    name = visible(layer.name or "(top level)", LONGEST)
    gradient = NONE if layer.gradient is None else _number(layer.gradient)
    ratio = ["" if share is None else _number(share)] if moved else []
    weight = "" if layer.weight is None else _number(layer.weight)
    return [name, gradient, weight, *ratio, bar(layer.each, flow)]


def bar(value: float | None, largest: float) -> str:
    """A bar on a logarithmic scale: full for the largest, a cell shorter for each factor of the square root of 10.

    >>> bar(1.0, 1.0), bar(0.1, 1.0), bar(0.0, 1.0), bar(float("nan"), 1.0)
    ('████████████', '██████████', '0', 'not finite')
    """
    if value is None:
        return ""
    if not math.isfinite(value):
        return "not finite"
    if value == 0 or largest == 0:
        return "0"
    return "█" * max(0, round(CELLS + DECADE * math.log10(value / largest))) or "▏"


def _lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows in columns: names and bars to the left, numbers to the right."""
    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(rows[0]))]
    last = len(widths) - 1
    found = []
    for row in rows:
        cells = [
            set_cell_size(cell, widths[i]) if i in (0, last) else " " * (widths[i] - cell_len(cell)) + cell
            for i, cell in enumerate(row)
        ]
        found.append("  ".join(cells).rstrip())
    return found


def _number(value: float) -> str:
    return shown(value) if math.isfinite(value) else "nan" if math.isnan(value) else "inf"


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
