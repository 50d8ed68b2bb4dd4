"""The hidden activations of a run, op by op: at the first look and late, and how sure one batch makes of a unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Container
from dataclasses import dataclass

from tearless.core import quoted, visible
from tearless.linear_algebra.layers_of_a_run import consumers, heights, late, plain
from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Op, Values

LOOKED = 1 << 16
"""Numbers of one output that a watch looks at, at most."""


@dataclass(frozen=True)
class Hidden:
    """A hidden activation of one graph, ``op``, and a number of it: at the first look, and late its least and its most.

    Made by ``hidden``.
    """

    op: Op
    first: float
    least: float
    most: float

    @property
    def place(self) -> str:
        name = quoted(self.op.module) if self.op.module else quoted(plain(self.op))
        return f"{name} ({visible(self.op.line, 60)})" if self.op.line else name


def hidden(run: Run, functions: Container[str], number: Callable[[Op, Values, int], float | None]) -> list[Hidden]:
    """The activations of some functions with a layer between them and the loss, where ``number`` was known late.

    ``number(op, values, place)`` reads one number of one op at one looked-at step.

    >>> layer = {"op": 1, "function": "mm", "inputs": [0, "parameter w"], "given": [[1, 4], [4, 4]]}
    >>> graph = {"kind": "graph", "ops": [{"op": 0, "function": "relu"}, layer]}
    >>> looks = [{"kind": "values", "step": step, "zeros": [step / 4, 0.0]} for step in (1, 2, 3)]
    >>> run = Run.from_entries([graph, *looks])
    >>> found = hidden(run, {"relu"}, lambda op, values, place: at(values.zeros, place))
    >>> [(one.first, one.least, one.most) for one in found]
    [(0.25, 0.5, 0.75)]
    """
    found = []
    for graph in run.graphs.values():
        seen = [values for values in run.values if values.graph == graph.graph]
        ends = late(seen, max((values.step for values in run.values), default=0))
        for place in _places(graph, functions):
            op = graph.ops[place]
            start = next((x for values in seen[:1] if (x := number(op, values, place)) is not None), None)
            last = [x for values in ends if (x := number(op, values, place)) is not None and math.isfinite(x)]
            if start is not None and last:
                found.append(Hidden(op, start, min(last), max(last)))
    return found


def _places(graph: Graph, functions: Container[str]) -> list[int]:
    """Where hidden activations stand: a layer follows on the way to the loss, and no other value is gated by them."""
    above, takers = heights(graph), consumers(graph)
    return [
        i
        for i, op in enumerate(graph.ops)
        if op.used and plain(op) in functions and above.get(op.op, 0) > 0 and not _gates(takers.get(op.op, []))
    ]


def _gates(takers: list[Op]) -> bool:
    """Whether all that takes a value is a product with another value."""
    products = [op for op in takers if plain(op) in ("mul", "imul") and sum(isinstance(x, int) for x in op.inputs) > 1]
    return bool(takers) and len(products) == len(takers)


def at(values: tuple[float | None, ...], place: int) -> float | None:
    """The number at a place of one of the lists of ``Values``; ``None`` beyond its end.

    >>> at((0.5, 0.25), 1), at((), 1)
    (0.25, None)
    """
    return values[place] if place < len(values) else None


def samples_a_unit(op: Op) -> int:
    """How many values of each unit (channel of images, else column) were looked at.

    >>> samples_a_unit(Op(shape=(32, 10))), samples_a_unit(Op(shape=(8, 3, 4, 4)))
    (32, 128)
    """
    if len(op.shape) < 2:
        return 1
    units = op.shape[1] if len(op.shape) >= 4 else op.shape[-1]
    return max(1, min(LOOKED, math.prod(op.shape)) // max(1, units))
