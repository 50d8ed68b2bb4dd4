"""How the gradient fares on its way back through a run's layers, and what its steps could change in each of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tearless.linear_algebra.layers_of_a_run import Layer, by_op, given_rms, late, layers, plain
from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Op, Optimizer, Step, Values


@dataclass(frozen=True)
class Fading:
    """The way back through ``depth`` layers: ``kept`` of the gradient's length reaches the first of them, ``gain`` each
    layer on average. ``first`` and ``last`` are the ends; ``changed`` bounds by which part the steps of the run could
    change the output of the first, and ``changed_last`` of the last. Made by ``fading``."""

    first: Layer
    last: Layer
    depth: int
    kept: float
    gain: float
    changed: float | None
    changed_last: float | None


def fading(run: Run) -> Fading | None:
    """The median of the looked-at steps of the second half; ``None`` where no chain of three layers was seen.

    >>> layer = {"function": "mm", "given": [[1, 4], [4, 4]]}
    >>> ops = [{**layer, "op": i, "inputs": [i - 1 if i else "input", f"parameter w{i}"]} for i in range(3)]
    >>> seen = [{"kind": "values", "step": 1, "grad": [0.01, 0.1, 1.0]}, {"kind": "step", "step": 1}]
    >>> found = fading(Run.from_entries([{"kind": "graph", "ops": ops}, *seen]))
    >>> found.depth, round(found.kept, 9), round(found.gain, 9)
    (3, 0.01, 0.1)
    """
    found = [one for values in late(run.values, run.steps[-1].step) if (one := _at(run, values)) is not None]
    if not found:
        return None
    found.sort(key=lambda one: one[0])
    kept, gain, graph, first, last, depth = found[len(found) // 2]
    total = summed_updates(run)
    changed = [_changed(run, graph, layer, total) for layer in (first, last)]
    return Fading(first, last, depth, kept, gain, *changed)


def _at(run: Run, values: Values) -> tuple[float, float, Graph, Layer, Layer, int] | None:
    """What is kept at one step: the lesser loss of the fitted line and of the two ends."""
    graph = run.graphs.get(values.graph)
    chain = layers(graph) if graph is not None else ()
    grad = by_op(graph, values.grad) if graph is not None else {}
    lengths: dict[int, tuple[float, Layer]] = {}
    for layer in chain:
        length = grad.get(layer.op.op, 0.0) * math.sqrt(max(1, math.prod(layer.op.shape)))
        if length > 0 and length > lengths.get(layer.height, (0.0, layer))[0]:
            lengths[layer.height] = length, layer
    if graph is None or len(lengths) < 3:
        return None
    heights = np.array(sorted(lengths))
    logs = np.log([lengths[h][0] for h in heights])
    slope = float(np.polyfit(heights, logs, 1)[0])
    span = int(heights[-1] - heights[0])
    kept = math.exp(min(0.0, max(slope * span, float(logs[-1] - logs[0]))))
    return kept, math.exp(slope), graph, lengths[int(heights[-1])][1], lengths[int(heights[0])][1], span + 1


def summed_updates(run: Run) -> Mapping[str, float]:
    """The lengths of all steps of the run, by parameter: each looked-at step stands for those until the next.

    What weight decay alone moved is left out: it shortens the weights whatever the gradient.

    >>> steps = [{"kind": "step", "step": step, "parameters": ["w"], "update": [0.5]} for step in (1, 3)]
    >>> summed_updates(Run.from_entries([*steps, {"kind": "losses", "first": 1, "values": [1.0] * 4}]))
    {'w': 2.0}
    """
    last = max(run.steps[-1].step, len(run.losses))
    total: dict[str, float] = {}
    for optimizer in {step.optimizer for step in run.steps}:
        own = [step for step in run.steps if step.optimizer == optimizer]
        ends = [*(step.step for step in own[1:]), last + 1]
        settings = next((one for one in run.optimizers if one.optimizer == optimizer), None)
        for step, end in zip(own, ends, strict=True):
            for name, length in _by_gradient(step, settings).items():
                total[name] = total.get(name, 0.0) + length * max(1, end - step.step)
    return total


def _by_gradient(step: Step, optimizer: Optimizer | None) -> dict[str, float]:
    """The lengths of a step's updates without what weight decay does."""
    gradients, weights = step.by_name("gradient"), step.by_name("weight")
    decays = _decays(step, optimizer)
    out: dict[str, float] = {}
    for name, update in step.by_name("update").items():
        decay, rate, apart = decays.get(name, (0.0, 0.0, False))
        pull, gradient = decay * weights.get(name, 0.0), gradients.get(name, 0.0)
        if not pull:
            out[name] = update
        elif apart:
            out[name] = max(0.0, update - rate * pull)
        else:
            out[name] = update * gradient / (gradient + pull) if gradient + pull > 0 else 0.0
    return out


def _decays(step: Step, optimizer: Optimizer | None) -> dict[str, tuple[float, float, bool]]:
    """By parameter: weight decay, rate, and whether the optimiser keeps the decay apart from the gradient."""
    found: dict[str, tuple[float, float, bool]] = {}
    if optimizer is None:
        return found
    for i, (group, names) in enumerate(zip(optimizer.groups, optimizer.parameters, strict=False)):
        rate = step.rates[i] if i < len(step.rates) else float(group.get("lr") or 0.0)
        apart = bool(group.get("decoupled_weight_decay")) or optimizer.name.endswith("W")
        found |= {name: (float(group.get("weight_decay") or 0.0), rate, apart) for name in names}
    return found


def _changed(run: Run, graph: Graph, layer: Layer, total: Mapping[str, float]) -> float | None:
    """At most so far, as a part of its size, did the layer's output move: |dW x| <= |dW| |x|, over |W x|."""
    moved = total.get(layer.parameter)
    sizes = [by_op(one, values.rms) for one, values in run.seen() if one.graph == graph.graph]
    out = _median([found.get(layer.op.op) for found in sizes])
    given = (
        _median([given_rms(run, step.step) for step in run.steps])
        if layer.source is None
        else _median([found.get(layer.source) for found in sizes])
    )
    if moved is None or not out or given is None:
        return None
    return moved * given * math.sqrt(layer.fan_in) / (out * math.sqrt(_units(run, layer)))


def _units(run: Run, layer: Layer) -> int:
    """Outputs that the matrix makes of each input."""
    known = run.parameters.get(layer.parameter)
    shape = known.shape if known else next((g for g in layer.op.given[1:] if len(g) > 1), ())
    return max(1, math.prod(shape) // layer.fan_in) if shape else 1


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return float(np.median(known)) if known else None


@dataclass(frozen=True)
class OverTime:
    """A plain recurrent layer: over ``steps`` time steps its matrix, ``gain`` a step, keeps ``kept`` of a gradient.

    Made by ``over_time``; ``place`` is the layer in words.
    """

    place: str
    steps: int
    gain: float
    kept: float


def over_time(run: Run) -> OverTime | None:
    """The plain recurrent layer that keeps least of a gradient from its last time step to its first.

    A random n x n matrix changes lengths by ||W||/sqrt(n) a product in the long run (the circular law), tanh by its
    mean derivative, 1 less the mean square of its output, and ReLU by sqrt(1/2).

    >>> op = {"function": "rnn_tanh", "inputs": ["input", "data", "parameter weight_hh"]}
    >>> graph = {"kind": "graph", "ops": [{**op, "given": [[3, 1, 2], [1, 1, 4]]}]}  # 3 steps, a 4 x 4 matrix
    >>> step = {"kind": "step", "parameters": ["weight_hh"], "weight": [1.0]}
    >>> found = over_time(Run.from_entries([graph, {"kind": "values", "rms": [0.0]}, step]))
    >>> found.steps, found.gain, round(found.kept, 9)
    (3, 0.5, 0.25)
    """
    norms = run.steps[-1].by_name("weight")
    found: list[OverTime] = []
    for graph, values in run.seen():
        sizes = by_op(graph, values.rms)
        for op in graph.ops:
            steps, matrix = _time_steps(op), next((x for x in op.inputs if "weight_hh" in str(x)), None)
            name = str(matrix).removeprefix("parameter ")
            if not op.used or steps < 2 or name not in norms or op.op not in sizes:
                continue
            slope = 1 - sizes[op.op] ** 2 if plain(op) == "rnn_tanh" else math.sqrt(0.5)
            gain = norms[name] / math.sqrt(op.given[1][-1]) * max(slope, 1e-9)
            kept = math.exp(min(0.0, (steps - 1) * math.log(max(gain, 1e-9))))
            found.append(OverTime(Layer(op, name, 0, 1, None).place, steps, gain, kept))
    return min(found[-3:], key=lambda one: one.kept, default=None)


def _time_steps(op: Op) -> int:
    """Time steps of a plain recurrent layer, of an input of samples and steps in either order; 0 for other ops."""
    if plain(op) not in ("rnn_tanh", "rnn_relu") or len(op.given) < 2 or len(op.given[1]) < 2:
        return 0
    given, state = op.given[0], op.given[1]
    if len(given) == 2 or len(state) == 2:
        return given[0]
    return given[1] if given[0] == state[1] else given[0]
