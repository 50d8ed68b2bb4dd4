"""The narrowest place of a chain of layers, through which all that reaches its output must pass."""

from __future__ import annotations

import math

from tearless.linear_algebra.layers_of_a_run import VIEWS, Layer, heights, layers, plain
from tearless.readers.training.told import Graph

LINEAR = VIEWS | {"add", "iadd", "radd", "sub", "isub", "rsub", "neg", "mean", "sum", "dropout", "avg_pool2d", "div"}


def is_a_chain(graph: Graph) -> bool:
    """Whether no two computed values meet before the last layer, and nothing but layers has parameters.

    >>> from tearless.readers.training.told import Op
    >>> relu, exp = Op(op=0, function="relu"), Op(op=1, function="exp")
    >>> met = Op(op=2, function="add", inputs=(0, 1)), Op(op=3, function="linear", inputs=(2, "parameter w"))
    >>> chain = relu, Op(op=1, function="linear", inputs=(0, "parameter w"))
    >>> is_a_chain(Graph(ops=chain)), is_a_chain(Graph(ops=(relu, exp, *met)))
    (True, False)
    """
    above = heights(graph)
    inner = [op for op in graph.ops if op.used and above.get(op.op, 0) > 0]
    own = {layer.op.op for layer in layers(graph)}
    meets = any(len({x for x in op.inputs if isinstance(x, int)}) > 1 for op in inner)
    return not meets and all(op.op in own or not any("parameter " in str(x) for x in op.inputs) for op in inner)


def narrowest(graph: Graph, chain: tuple[Layer, ...]) -> tuple[int, str]:
    """Units of the narrowest layer before the last; 0 where only linear functions stand before it.

    >>> from tearless.readers.training.told import Op
    >>> first = Op(op=0, function="linear", inputs=("input", "parameter a"), given=((8, 20), (2, 20)), shape=(8, 2))
    >>> last = Op(op=2, function="linear", inputs=(1, "parameter b"), given=((8, 2), (3, 2)), shape=(8, 3))
    >>> graph = Graph(ops=(first, Op(op=1, function="relu", inputs=(0,)), last))
    >>> narrowest(graph, layers(graph))
    (2, '`a`')
    """
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
    """How many numbers a layer gives for each sample.

    >>> from tearless.readers.training.told import Op
    >>> units(Layer(Op(shape=(8, 16, 2, 2)), "w", 0, 9, None))
    64
    """
    return max(1, math.prod(layer.op.shape[1:]))
