"""The layers of a watched model: ops that multiply by a parameter, each with what went in and how far the loss is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tearless.core import quoted, visible
from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Op, Values

PRODUCTS = {"linear", "matmul", "rmatmul", "imatmul", "mm", "bmm", "mv", "addmm", "baddbmm", "addbmm", "einsum"}
CONVOLUTIONS = {f"{name}{d}d" for name in ("conv", "conv_transpose") for d in (1, 2, 3)}
VIEWS = {
    "t", "transpose", "permute", "view", "reshape", "contiguous", "getitem", "to", "type", "float", "double", "half",
    "bfloat16", "flatten", "unsqueeze", "squeeze", "expand", "clone", "unflatten", "swapaxes", "movedim", "chunk",
    "split", "view_as", "mT", "T", "get", "unbind", "narrow", "select", "detach",
}  # fmt: skip
"""Functions that hand on the same numbers, or some of them."""


@dataclass(frozen=True)
class Layer:
    """An op that multiplies by a parameter, made by ``layers``. ``height``: such ops between it and the loss on the
    longest way; 0 for the last. ``fan_in``: products that each of its numbers sums. ``source``: the op of its input,
    ``None`` for the data."""

    op: Op
    parameter: str
    height: int
    fan_in: int
    source: int | None

    @property
    def place(self) -> str:
        """The layer in words, with its line where known."""
        name = quoted(self.op.module or self.parameter)
        return f"{name} ({visible(self.op.line, 60)})" if self.op.line else name


def plain(op: Op) -> str:
    """The function's name without underscores around it: ``__matmul__`` and ``relu_`` as ``matmul`` and ``relu``.

    >>> plain(Op(function="__matmul__")), plain(Op(function="relu_"))
    ('matmul', 'relu')
    """
    return op.function.strip("_")


def rows(graph: Graph) -> Mapping[int, Op]:
    """The ops of a graph by their number.

    >>> rows(Graph(ops=(Op(op=5, function="relu"),)))[5].function
    'relu'
    """
    return {op.op: op for op in graph.ops}


def through_views(graph: Graph, start: int | str) -> int | str:
    """Where the numbers come from, views passed over: an op's number or a text as ``parameter NAME``.

    >>> graph = Graph(ops=(Op(op=0, function="linear"), Op(op=1, function="view", inputs=(0,))))
    >>> through_views(graph, 1), through_views(graph, "parameter w")
    (0, 'parameter w')
    """
    ops, at = rows(graph), start
    for _ in range(len(ops)):
        op = ops.get(at) if isinstance(at, int) else None
        if op is None or plain(op) not in VIEWS or not op.inputs:
            return at
        at = op.inputs[0]
    return at


def consumers(graph: Graph) -> Mapping[int, list[Op]]:
    """The ops that take each op's output, views passed over.

    >>> view = Op(op=1, function="view", inputs=(0,))
    >>> graph = Graph(ops=(Op(op=0, function="linear"), view, Op(op=2, function="relu", inputs=(1,))))
    >>> [op.function for op in consumers(graph)[0]]
    ['relu']
    """
    found: dict[int, list[Op]] = {op.op: [] for op in graph.ops}
    for op in graph.ops:
        if plain(op) in VIEWS:
            continue
        for given in op.inputs:
            source = through_views(graph, given)
            if isinstance(source, int) and source in found:
                found[source].append(op)
    return found


def layers(graph: Graph) -> tuple[Layer, ...]:
    """The layers that lead to the loss, in the order they were called.

    >>> inner = Op(op=0, function="linear", inputs=("input", "parameter a"), given=((8, 20), (64, 20)))
    >>> last = Op(op=1, function="linear", inputs=(0, "parameter b"), given=((8, 64), (3, 64)))
    >>> [(layer.parameter, layer.height, layer.fan_in) for layer in layers(Graph(ops=(inner, last)))]
    [('a', 1, 20), ('b', 0, 64)]
    """
    weights = {op.op: _weight(graph, op) for op in graph.ops if op.used and op.learns}
    above = _heights(graph, weights)
    found = []
    for op in graph.ops:
        weight = weights.get(op.op)
        if weight is None:
            continue
        name, at = weight
        others = [given for i, given in enumerate(op.inputs) if i != at and isinstance(given, int)]
        found.append(Layer(op, name, above.get(op.op, 0), _fan_in(op, at), others[0] if others else None))
    return tuple(found)


def heights(graph: Graph) -> dict[int, int]:
    """How many layers stand between each op and the loss, on the longest way; ops that no other takes are left out.

    >>> ops = Op(op=0, function="relu", inputs=("input",)), Op(op=1, function="linear", inputs=(0, "parameter w"))
    >>> heights(Graph(ops=ops))
    {0: 1}
    """
    return _heights(graph, {op.op: _weight(graph, op) for op in graph.ops if op.used and op.learns})


def _heights(graph: Graph, weights: Mapping[int, tuple[str, int] | None]) -> dict[int, int]:
    found: dict[int, int] = {}
    for op in reversed(graph.ops):
        step = 1 if weights.get(op.op) else 0
        for given in op.inputs:
            if op.used and isinstance(given, int):
                found[given] = max(found.get(given, 0), found.get(op.op, 0) + step)
    return found


def _weight(graph: Graph, op: Op) -> tuple[str, int] | None:
    """The name of the matrix that an op multiplies by, and its place among the inputs."""
    function = plain(op)
    if function not in PRODUCTS and function not in CONVOLUTIONS:
        return None
    for i, given in enumerate(op.inputs):
        source = through_views(graph, given)
        shape = op.given[i] if i < len(op.given) else ()
        if isinstance(source, str) and source.startswith("parameter ") and len(shape) != 1:
            return source.removeprefix("parameter "), i
    return None


def _fan_in(op: Op, at: int) -> int:
    shape = op.given[at] if at < len(op.given) else ()
    if len(shape) < 2:
        return max(1, math.prod(shape))
    function = plain(op)
    if function.startswith("conv_transpose"):
        return max(1, shape[0] * math.prod(shape[2:]))
    if function.startswith("conv"):
        return max(1, math.prod(shape[1:]))
    return max(1, shape[1] if function == "linear" or at == 0 else shape[-2])


def by_op(graph: Graph, numbers: Sequence[float | None]) -> dict[int, float]:
    """One list of an entry ``values`` by op, those not measured left out.

    >>> by_op(Graph(ops=(Op(op=3), Op(op=7))), [0.5, None])
    {3: 0.5}
    """
    return {
        op.op: float(value)
        for op, value in zip(graph.ops, numbers, strict=False)
        if value is not None and math.isfinite(value)
    }


def given_rms(run: Run, step: int) -> float | None:
    """Root mean square of the first input of a model at a step.

    >>> batch = {"shape": [8, 2], "mean": 3.0, "std": 4.0}
    >>> given_rms(Run.from_entries([{"kind": "given", "step": 1, "inputs": [batch]}]), 1)
    5.0
    """
    for given in run.given:
        if given.step == step and given.used and given.inputs:
            tensor = given.inputs[0]
            if tensor.mean is not None and tensor.std is not None:
                return math.hypot(tensor.mean, tensor.std)
    return None


def late(values: Sequence[Values], last: int) -> list[Values]:
    """The looked-at steps of the second half of a run; the last one where none of them lies there.

    >>> [values.step for values in late([Values(step=1), Values(step=4), Values(step=9)], last=10)]
    [9]
    """
    return [v for v in values if v.step > last / 2] or list(values[-1:])
