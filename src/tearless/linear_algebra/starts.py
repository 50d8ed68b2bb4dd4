"""The weights that a run started from, and what they made of its first loss."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tearless.linear_algebra.layers_of_a_run import Layer, layers
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss

LARGEST = 25 / 9
"""Fan-in times variance of the start for tanh: the largest in use."""


def factors(run: Run) -> list[tuple[float, Layer]]:
    """Fan-in times variance of each matrix as it started, those of zeros left out."""
    found: dict[str, tuple[float, Layer]] = {}
    for graph in run.graphs.values():
        for layer in layers(graph):
            parameter = run.parameters.get(layer.parameter)
            if parameter is not None and parameter.std and math.isfinite(parameter.std) and parameter.learns:
                found[layer.parameter] = layer.fan_in * parameter.std**2, layer
    return list(found.values())


def first(run: Run) -> Loss | None:
    calls: Sequence[Loss] = [call for call in run.loss_calls if not call.evaluating and call.value is not None]
    return calls[0] if calls and calls[0].reduction == "mean" else None


def excess(call: Loss | None, start: float) -> tuple[float | None, float]:
    """The loss of outputs near 0, and how far the first one lies above it over what the largest usual start adds."""
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
