"""The op of a run whose gradient broke: finite as it came from the loss, not finite as it leaves."""

from __future__ import annotations

from collections.abc import Mapping

from tearless.linear_algebra.break_of_a_run import SINGULAR, looked_before, numbers
from tearless.linear_algebra.flow_of_a_run import Flow
from tearless.linear_algebra.layers_of_a_run import VIEWS, plain
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op


def first_steep(run: Run, step: int) -> tuple[Op, float | None, float | None] | None:
    """The op whose gradient, finite as it came, is not finite as it leaves: the op, and the range of what it took.

    >>> ops = [{"op": 0, "function": "linear"}, {"op": 1, "function": "sqrt", "inputs": [0]}]
    >>> values = {"kind": "values", "step": 1, "grad_bad": [2, 0], "low": [0.0, 0.0], "high": [4.0, 2.0]}
    >>> op, low, high = first_steep(Run.from_entries([{"kind": "graph", "ops": ops}, values]), 1)
    >>> op.function, low, high
    ('sqrt', 0.0, 4.0)
    """
    for flow, values in looked_before(run, step):
        if values.step != step:
            continue
        bad, low, high = (numbers(flow, one) for one in (values.grad_bad, values.low, values.high))
        worst = max((number for number, count in bad.items() if count), default=None)
        # the broken gradient nearest to the loss: the op that took this output made it, its own gradient being whole
        takers = (
            [op for op in flow.takers.get(worst, ()) if op.used and not bad.get(op.op)] if worst is not None else []
        )
        takers.sort(key=lambda op: plain(op) not in SINGULAR)
        if takers and worst is not None:
            return takers[0], low.get(worst), high.get(worst)
        loose = _steep_leaf(flow, bad, step, run)
        if loose is not None:
            return loose, None, None
    return None


def _steep_leaf(flow: Flow, bad: Mapping[int, float], step: int, run: Run) -> Op | None:
    """The op that takes a parameter whose gradient is not finite, while the gradient of its own output is whole."""
    entry = next((one for one in run.steps if one.step == step), None)
    hurt = {f"parameter {name}" for name, count in (entry.by_name("bad") if entry else {}).items() if count}
    for op in reversed(flow.graph.ops):
        if hurt & {one for one in op.inputs if isinstance(one, str)} and not bad.get(op.op) and plain(op) not in VIEWS:
            return op
    return None
