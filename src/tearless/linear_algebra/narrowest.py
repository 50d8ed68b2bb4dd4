"""The narrowest place of a chain of layers, through which all that reaches its output must pass."""

from __future__ import annotations

import math

from tearless.linear_algebra.layers_of_a_run import VIEWS, Layer, heights, layers, plain
from tearless.readers.training.told import Graph

LINEAR = VIEWS | {"add", "iadd", "radd", "sub", "isub", "rsub", "neg", "mean", "sum", "dropout", "avg_pool2d", "div"}


def is_a_chain(graph: Graph) -> bool:
    """Whether no two computed values meet before the last layer, and nothing but layers has parameters."""
    above = heights(graph)
    inner = [op for op in graph.ops if op.used and above.get(op.op, 0) > 0]
    own = {layer.op.op for layer in layers(graph)}
    meets = any(len({x for x in op.inputs if isinstance(x, int)}) > 1 for op in inner)
    return not meets and all(op.op in own or not any("parameter " in str(x) for x in op.inputs) for op in inner)


def narrowest(graph: Graph, chain: tuple[Layer, ...]) -> tuple[int, str]:
    """Units of the narrowest layer before the last; 0 where only linear functions stand before it."""
    above, own = heights(graph), {layer.op.op for layer in chain}
    inner = [op for op in graph.ops if op.used and above.get(op.op, 0) > 0 and op.op not in own]
    if all(plain(op) in LINEAR for op in inner):
        return 0, ""
    hidden = [layer for layer in chain if layer.height > 0]
    if not hidden or chain[0].fan_in < 5:
        return 1 << 30, ""
    least = min(hidden, key=units)
    return units(least), least.place


def units(layer: Layer) -> int:
    return max(1, math.prod(layer.op.shape[1:]))
