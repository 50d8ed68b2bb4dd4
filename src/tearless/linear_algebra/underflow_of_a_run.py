"""Gradients that are lost because numbers are too small for their type."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tearless.linear_algebra.break_of_a_run import numbers
from tearless.linear_algebra.flow_of_a_run import Flow
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.readers.training.told import Op, Values

LOST_BELOW = 2.0**-25
"""Half of the smallest float16: what is below is rounded to 0."""
SMALL = 2.0**-14
"""The smallest float16 that has all its digits."""
HALF_OF_ALL = 0.5
LOGARITHMS = ("log", "log2", "log10")
MULTIPLIED = ("prod", "cumprod", "mul", "exp", "pow", "square", "exp2")


def in_half(looked: list[tuple[Flow, Values]]) -> tuple[float, Op | None, float]:
    """The median over steps of the share that the worst op in float16 loses; that op, and its gradient.

    >>> from tearless.readers.training.told import Graph
    >>> flow = Flow(Graph(ops=(Op(op=0, function="linear", dtype="float16"),)))
    >>> share, op, _ = in_half([(flow, Values(grad=(LOST_BELOW,)))])
    >>> round(share, 3), op.function  # normal numbers: so many lie within one standard deviation
    (0.683, 'linear')
    """
    worst: list[tuple[float, Op | None, float]] = []
    for flow, values in looked:
        grad = numbers(flow, values.grad)
        shares = [
            (_flushed(flow, op, grad), op, grad[op.op])
            for op in flow.graph.ops
            if op.dtype == "float16" and op.used and op.learns and op.op in grad
        ]
        if shares:
            worst.append(max(shares, key=lambda one: one[0]))
    if not worst:
        return 0.0, None, 0.0
    worst.sort(key=lambda one: one[0])
    return worst[(len(worst) - 1) // 2]


def _flushed(flow: Flow, op: Op, grad: Mapping[int, float]) -> float:
    """The share of a gradient in float16 that is rounded to 0; all of it where a small one arrived and none is left."""
    size = grad[op.op]
    if size > 0:
        return math.erf(LOST_BELOW / (size * math.sqrt(2)))
    arrived = [grad.get(taker.op, 0.0) for taker in flow.takers.get(op.op, ())]
    return 1.0 if arrived and 0 < max(arrived) < SMALL else 0.0


def products(looked: list[tuple[Flow, Values]]) -> tuple[float, Op | None]:
    """The share of a product's gradient that is lost at the median of the looked-at steps, and the product.

    >>> from tearless.readers.training.told import Graph
    >>> flow = Flow(Graph(ops=(Op(op=0, function="exp"), Op(op=1, function="prod", inputs=(0,)))))
    >>> share, op = products([(flow, Values(zeros=(0.0, 1.0), grad=(0.0, 0.1)))])
    >>> share, op.function
    (1.0, 'prod')
    """
    lost: list[float] = []
    found: list[Op] = []
    for flow, values in looked:
        zeros, grad, high = (numbers(flow, one) for one in (values.zeros, values.grad, values.high))
        lost_all = {op.op for op in flow.graph.ops if _is_lost(op, zeros, grad) or _logged(flow, op, zeros)}
        shares = [(1.0 if op.op in lost_all else _swallowed(flow, op, high), op) for op in flow.graph.ops]
        share, op = max(shares, key=lambda one: one[0], default=(0.0, None))
        lost.append(share)
        found += [op] if op is not None and share >= HALF_OF_ALL else []
    return float(np.median(lost)) if lost else 0.0, found[0] if found else None


def _swallowed(flow: Flow, op: Op, high: Mapping[int, float]) -> float:
    """For ln(p + ε) of a product p: the share ε/(p + ε) of its slope by ln p that is lost; else 0."""
    if plain(op) not in MULTIPLIED or not op.used:
        return 0.0
    for added in flow.takers.get(op.op, ()):
        logged = any(plain(one) in LOGARITHMS for one in flow.takers.get(added.op, ()))
        if plain(added) == "add" and len(added.inputs) == 1 and logged and high.get(added.op, 0) > 0:
            return 1 - max(0.0, min(1.0, high.get(op.op, 0.0) / high[added.op]))
    return 0.0


def _logged(flow: Flow, op: Op, zeros: Mapping[int, float]) -> bool:
    """Whether the logarithm is taken of a product that is 0 though none of its factors is."""
    made = [one for one in op.inputs if isinstance(one, int)]
    if plain(op) not in MULTIPLIED or not (op.used and op.learns) or len(made) != len(op.inputs) or not made:
        return False
    few = plain(op) == "mul" and len(made) < 2
    lost = not few and zeros.get(op.op, 0.0) > 0 and all(zeros.get(one) == 0 for one in made)
    return lost and any(plain(one) in LOGARITHMS for one in flow.takers.get(op.op, ()))


def _is_lost(op: Op, zeros: Mapping[int, float], grad: Mapping[int, float]) -> bool:
    made = [one for one in op.inputs if isinstance(one, int)]
    if plain(op) not in MULTIPLIED or not (op.used and op.learns) or len(made) != len(op.inputs) or not made:
        return False
    if plain(op) == "mul" and len(made) < 2:
        return False  # the other factor is a number of the script's, which may be 0 itself
    whole = zeros.get(op.op) == 1 and all(zeros.get(one) == 0 for one in made)
    return whole and grad.get(op.op, 0) > 0 and all(grad.get(one) == 0 for one in made)
