"""The weights that a run started from, and what they made of its first loss."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from tearless.linear_algebra.layers_of_a_run import Layer, layers
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss

LARGEST = 25 / 9
"""Fan-in times variance of the start for tanh: the largest in use."""

RECURRENT = 3
"""Calls of one matrix in one graph from which on it is taken for recurrent."""


def factors(run: Run) -> list[tuple[float, float, Layer]]:
    """Fan-in times variance of each matrix as it started, at least and at most; those of zeros are left out.

    A matrix may have been measured right after the first step: that step's length is the room between the two. One that
    a graph multiplies by again and again is recurrent: what it does over time is for the gradient to tell.

    >>> ops = [{"function": "linear", "inputs": ["input", "parameter w"], "given": [[8, 4], [3, 4]]}]
    >>> model = {"kind": "model", "parameters": [{"name": "w", "shape": [3, 4], "std": 0.5}]}
    >>> run = Run.from_entries([{"kind": "graph", "ops": ops}, model])
    >>> [(least, most) for least, most, _ in factors(run)]  # 4 · 0.5²
    [(1.0, 1.0)]
    """
    early = run.steps[0] if run.steps and run.steps[0].step <= 1 else None
    moved = early.by_name("update") if early is not None else {}
    found: dict[str, tuple[float, float, Layer]] = {}
    for graph in run.graphs.values():
        chain = layers(graph)
        calls = Counter(layer.parameter for layer in chain)
        for layer in chain:
            if calls[layer.parameter] >= RECURRENT:
                continue
            one = run.parameters.get(layer.parameter)
            if one is not None and one.std and math.isfinite(one.std) and one.learns:
                room = moved.get(layer.parameter, 0.0) / math.sqrt(one.values)
                least, most = max(one.std - room, 0.0), one.std + room
                found[layer.parameter] = layer.fan_in * least**2, layer.fan_in * most**2, layer
    return list(found.values())


def first(run: Run) -> Loss | None:
    """The first loss of the training, where it is a mean; ``None`` where it is not, or none was seen.

    >>> first(Run.from_entries([{"kind": "loss", "step": 1, "value": 1.1}])).value
    1.1
    """
    calls: Sequence[Loss] = [call for call in run.loss_calls if not call.evaluating and call.value is not None]
    return calls[0] if calls and calls[0].reduction == "mean" else None


def excess(call: Loss | None, start: float) -> tuple[float | None, float]:
    """The loss of outputs near 0, and how far the first one lies above it over what the largest usual start adds.

    >>> from tearless.readers.training.told import Tensor
    >>> call = Loss(function="mse_loss", target=Tensor(mean=0.0, std=3.0))
    >>> excess(call, 59.0)  # the start may add 25/9 · 9
    (9.0, 2.0)
    """
    if call is None or not math.isfinite(start):
        return None, 0.0
    shape, target = call.input.shape, call.target
    if call.function == "cross_entropy" and len(shape) > 1 and shape[1] > 1:
        level, adds = math.log(shape[1]), LARGEST / 2
    elif call.function == "binary_cross_entropy_with_logits":
        level, adds = math.log(2), LARGEST / 8
    elif call.function in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
        size = math.hypot(target.mean or 0.0, target.std or 0.0)
        if size == 0:
            return None, 0.0
        level, adds = (size**2, LARGEST * size**2) if call.function == "mse_loss" else (size, math.sqrt(LARGEST) * size)
    else:
        return None, 0.0
    return level, (start - level) / adds
