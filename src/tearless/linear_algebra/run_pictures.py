"""A training run drawn: its loss over the steps, and numbers of its layers from the input to the output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tearless.core import Measured, visible
from tearless.core.picture import Axis, Line, Mark, Picture, Points, Role, values
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op, Step, Values

from .layers_of_a_run import Layer, by_op, late, layers, plain

Floats = NDArray[np.float64]

WIDE = 30.0
"""Ratio of largest to smallest from which a scale of powers of ten is drawn."""
STRETCHES = 70
"""Of each stretch of a long run the lowest and the highest loss is drawn."""
MOST_LAYERS = 12
LARGEST = 1e100


def wide(low: float, high: float) -> bool:
    """Whether numbers between two ends are drawn on a scale of powers of ten.

    >>> wide(1.0, 100.0), wide(0.0, 100.0)
    (True, False)
    """
    return low > 0 and high / low > WIDE


def thinned(y: Floats, stretches: int = STRETCHES) -> NDArray[np.intp]:
    """Places of a series of shape ``(n,)`` that look like all of it: of each stretch the lowest and the highest.

    >>> thinned(np.array([0.0, 5.0, 1.0, 2.0]), stretches=1).tolist()
    [0, 1]
    """
    if len(y) <= 2 * stretches:
        return np.arange(len(y))
    edges = np.linspace(0, len(y), stretches + 1).astype(np.intp)
    ends = [(a + int(y[a:b].argmin()), a + int(y[a:b].argmax())) for a, b in pairwise(edges)]
    return np.unique(np.array(ends, dtype=np.intp))


def loss(run: Run, says: str, *more: Mark, title: str = "The loss over the steps", low: float | None = None) -> Picture:
    """The loss of a run, with further marks, on an axis from ``low``.

    Raises ``ValueError`` for fewer than two losses that are numbers.

    >>> run = Run.from_entries([{"kind": "losses", "first": 1, "values": [2.0, 1.0]}])
    >>> loss(run, "It fell.").marks[0].y
    (2.0, 1.0)
    """
    at = np.flatnonzero(np.isfinite(run.losses))
    if len(at) < 2:
        raise ValueError("fewer than two losses are numbers")
    y = np.clip(run.losses[at], -LARGEST, LARGEST)
    some = thinned(y)
    line = Line(values(at[some] + 1), values(y[some]), "training" if any(map(_named, more)) else "")
    drawn = [*y[some].tolist(), *(v for mark in more for v in getattr(mark, "y", ()) if math.isfinite(v))]
    return Picture(title, says, (line, *more), Axis("step"), _axis(drawn, low))


def _axis(drawn: Sequence[float], low: float | None) -> Axis:
    log = wide(min(drawn), max(drawn))
    return Axis("loss", log=log, low=None if log or (low is not None and min(drawn) < low) else low)


def _named(mark: Mark) -> bool:
    return isinstance(mark, Line | Points) and bool(mark.label)


@dataclass(frozen=True, slots=True)
class Series:
    """One number for each layer, drawn as one line: ``None`` among the ``numbers`` where it is not known.

    ``label`` stands beside the line where there are several.

    >>> Series("late", [1.0, None]).numbers
    [1.0, None]
    """

    label: str
    numbers: Sequence[float | None]


def by_layer(
    title: str, says: str, places: Sequence[str], series: Sequence[Series], axis: str, shares: bool = False
) -> Picture:
    """Numbers of layers, from the input at the top to the output; of many layers some, at even distances.

    ``shares``: they lie between 0 and 1, and so does the axis.

    Raises ``ValueError`` where no number is known.

    >>> picture = by_layer("Sizes", "They grow.", ["first", "last"], [Series("late", [1.0, 100.0])], "size")
    >>> picture.y.names, picture.x.log
    (('first', 'last'), True)
    """
    kept = [int(i) for i in np.unique(np.linspace(0, len(places) - 1, min(MOST_LAYERS, len(places))))] if places else []
    roles: tuple[Role, ...] = ("soft", "main") if len(series) > 1 else ("main",)
    known = [v for one in series for i in kept if (v := one.numbers[i]) is not None and math.isfinite(v)]
    if not known:
        raise ValueError("no number of any layer is known")
    above = [v for v in known if v > 0]
    log = bool(above) and not shares and wide(min(above), max(above))
    marks: list[Mark] = []
    for one, role in zip(series, roles, strict=True):
        at = [(float(v), k) for k, i in enumerate(kept) if (v := one.numbers[i]) is not None and _fits(v, log)]
        x, y = values(v for v, _ in at), values(k for _, k in at)
        label = one.label if len(series) > 1 else ""
        marks += [Line(x, y, role=role, dashed=role == "soft"), Points(x, y, label, role)] if at else []
    names = tuple(visible(places[i], 24) for i in kept)
    across = Axis(axis, log=log, low=None if log else 0.0, high=1.0 if shares else None)
    return Picture(title, says, tuple(marks), across, Axis(names=names))


def _fits(value: float, log: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not log)


def weights(step: Step) -> list[str]:
    """The parameters of a step with a gradient, biases left out where there are others.

    >>> weights(Step(parameters=("a.weight", "a.bias"), gradient=(1.0, 2.0)))
    ['a.weight']
    """
    named = list(step.by_name("gradient"))
    return [name for name in named if name.rpartition(".")[2] != "bias"] or named


def name_of(op: Op, otherwise: str) -> str:
    """An op's name, short enough for an axis: its module's, with the kind before a bare number.

    >>> name_of(Op(module="0.4", kind="Linear"), ""), name_of(Op(module="head"), ""), name_of(Op(), "w")
    ('Linear 0.4', 'head', 'w')
    """
    bare = op.module.replace(".", "").isdigit()
    return f"{op.kind or plain(op)} {op.module}" if bare else op.module or otherwise


def once(run: Run, graph: int) -> list[Layer]:
    """The layers of a graph, each matrix at its first call.

    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> [layer.parameter for layer in once(run, 0)]
    ['net.0.weight', 'net.2.weight', 'net.4.weight']
    """
    found: dict[str, Layer] = {}
    for layer in layers(run.graphs[graph]) if graph in run.graphs else ():
        found.setdefault(layer.parameter, layer)
    return list(found.values())


def outputs(measured: Measured, run: Run) -> Picture:
    """The size of each layer's output, at the first step that was looked at and late.

    >>> from tearless.linear_algebra.checks.exploding_activation import measure
    >>> from tearless.readers.training.made import healthy_run
    >>> run = Run.from_entries(healthy_run(np.random.default_rng(0)))
    >>> picture = outputs(next(measure(run)), run)
    >>> picture.says, picture.y.names
    ('It reaches 1 at `net.0` (train.py:9).', ('net.0', 'net.2', 'net.4'))
    """
    graph = run.values[0].graph
    chain = once(run, graph)
    own = [values for values in run.values if values.graph == graph]
    last = late(own, run.steps[-1].step)[-1]

    def sizes(at: Values) -> list[float | None]:
        found = by_op(run.graphs[graph], at.rms)
        return [found.get(layer.op.op) for layer in chain]

    series = [Series(f"step {at.step:,}", sizes(at)) for at in dict.fromkeys((own[0], last))]
    size, where = measured.numbers["size"], measured.words["where"]
    return by_layer(
        "The size of each layer's output, from input to output",
        f"It reaches {size} at {where}.",
        [name_of(layer.op, layer.parameter) for layer in chain],
        series,
        "root mean square",
    )
