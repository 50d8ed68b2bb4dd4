"""How long the gradient is at each layer of a run, and over its steps: what a lesson shows of a reader's own run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, TypeVar

import numpy as np

from tearless.core import NotApplicable, quoted
from tearless.core.fact import About
from tearless.core.picture import Values, values
from tearless.linear_algebra.gradient_of_a_run import first_hurt
from tearless.linear_algebra.layers_of_a_run import by_op, layers, plain
from tearless.linear_algebra.starts import factors
from tearless.readers.training.run import Run

SMALLEST_GAIN, LARGEST_GAIN = 0.1, 8.0
"""Fan-in times variance of a start is told within these."""
WIDEST, MOST_LAYERS, MOST_STEPS = 64, 50, 200
T = TypeVar("T")
ACTIVATIONS = ("sigmoid", "tanh", "relu")


@dataclass(frozen=True)
class LayerGradients:
    """The gradients of a run, layer by layer. Derived.

    ``lengths``: by the output of each layer, first to last, at the last look (``step``) that told them; where outputs
    were not seen, by the weights. ``norms``: one line a matrix, over ``steps``. ``gain``: the median of fan-in times
    variance as the layers started; ``width``, ``depth`` and ``activation``: of a network like it. ``hurt``: where a
    gradient was first not finite, in words.

    >>> step = {"kind": "step", "step": 1, "parameters": ["a", "b"], "gradient": [0.1, 0.4]}
    >>> found = LayerGradients.derive(Run.from_entries([step]))
    >>> found.lengths, found.kept, found.norms
    ((0.1, 0.4), 0.25, ((0.1,), (0.4,)))
    """

    about: ClassVar[About] = "training"
    width: int
    depth: int
    gain: float
    activation: str
    lengths: Values
    step: int
    steps: Values
    norms: tuple[Values, ...]
    losses: tuple[float, float] | None
    hurt: str

    @property
    def kept(self) -> float | None:
        """The length at the first layer over that at the last; ``None`` where the layers are not told apart."""
        return self.lengths[0] / self.lengths[-1] if len(self.lengths) > 1 else None

    @classmethod
    def derive(cls, run: Run) -> Self:
        """Raises ``NotApplicable`` where no gradient was measured."""
        steps, norms = _norms(run)
        lengths, step = _lengths(run)
        if not lengths:
            lengths, step = _of_weights(steps, norms)
        gains = sorted((least + most) / 2 for least, most, _ in factors(run))
        fans = sorted(layer.fan_in for graph in run.graphs.values() for layer in layers(graph))
        kinds = Counter(plain(op) for graph in run.graphs.values() for op in graph.ops if plain(op) in ACTIVATIONS)
        known = run.losses[np.isfinite(run.losses)]
        hurt = first_hurt(run)
        said = f"; it breaks at step {hurt.step}{f', at {quoted(hurt.op)}' if hurt.op else ''}" if hurt else ""
        return cls(
            width=min(WIDEST, max(8, fans[len(fans) // 2])) if fans else WIDEST,
            depth=min(MOST_LAYERS, max(2, len(lengths), len(norms))),
            gain=float(f"{min(LARGEST_GAIN, max(SMALLEST_GAIN, gains[len(gains) // 2])):.3g}") if gains else 1.0,
            activation=kinds.most_common(1)[0][0] if kinds else "relu",
            lengths=lengths,
            step=step,
            steps=steps,
            norms=norms,
            losses=(float(known[0]), float(known[-1])) if len(known) else None,
            hurt=said,
        )


def _norms(run: Run) -> tuple[Values, tuple[Values, ...]]:
    """The looked-at steps, and for each matrix, in the order of the model, the length of its gradient at each."""
    if run.start.get("source") == "checkpoint":
        raise NotApplicable(
            "a saved model holds weights and no gradients: `.grad` is None in every file. Train a while with "
            "`tearless watch --record run.record train.py`, and give the record"
        )
    names = [name for step in run.steps for name in step.parameters]
    matrices = [name for name in dict.fromkeys(names) if _matrix(run, name)] or list(dict.fromkeys(names))
    seen = [(step.step, step.by_name("gradient")) for step in _some(run.steps)]
    found = tuple(values(norms.get(name, 0.0) for _, norms in seen) for name in matrices)
    if any(_drawn(one) for line in found for one in line):
        return values(at for at, _ in seen), found
    at, total = (list(map(float, one)) for one in run.metric("grad_norm"))
    if not any(map(_drawn, total)):
        why = "no gradient of this run is a number above 0" if seen else "no gradient was measured in this run"
        raise NotApplicable(f"{why}; see `tearless check` on it, or run the script under `tearless watch --record`")
    return values(_some(at)), (values(_some(total)),)


def _some(all_of_them: Sequence[T]) -> list[T]:
    """At most so many, evenly taken, the last among them."""
    taken = np.unique(np.linspace(0, len(all_of_them) - 1, MOST_STEPS).astype(int)) if len(all_of_them) else ()
    return [all_of_them[i] for i in taken]


def _matrix(run: Run, name: str) -> bool:
    known = run.parameters.get(name)
    return len(known.shape) > 1 if known else not name.endswith("bias")


def _lengths(run: Run) -> tuple[Values, int]:
    """The length of the gradient by the output of each layer, first to last, at the last step where they were seen."""
    for graph, seen in reversed(list(run.seen())):
        sizes, found = by_op(graph, seen.grad), dict[int, float]()
        for layer in layers(graph):
            length = sizes.get(layer.op.op, 0.0) * math.sqrt(max(1, math.prod(layer.op.shape)))
            found[layer.height] = max(length, found.get(layer.height, 0.0))
        if len(found) > 1 and all(map(_drawn, found.values())):
            return values(found[height] for height in sorted(found, reverse=True)), seen.step
    return (), 0


def _of_weights(steps: Values, norms: tuple[Values, ...]) -> tuple[Values, int]:
    """The gradients by the weights, at the last step where all of them are numbers above 0."""
    for at, norm in reversed(list(zip(steps, zip(*norms, strict=True), strict=True))):
        if len(norm) > 1 and all(map(_drawn, norm)):
            return norm, int(at)
    return (), 0


def _drawn(value: float) -> bool:
    return math.isfinite(value) and value > 0
