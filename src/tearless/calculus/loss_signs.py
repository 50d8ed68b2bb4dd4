"""Which way a loss should go: known losses among a graph's ops, and the sign with which backward was called on them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Op, Step, Values

LOSSES = frozenset(
    {
        "cross_entropy", "nll_loss", "nll_loss2d", "nll_loss_nd", "binary_cross_entropy", "mse_loss", "l1_loss",
        "binary_cross_entropy_with_logits", "smooth_l1_loss", "huber_loss", "kl_div", "ctc_loss", "multi_margin_loss",
        "hinge_embedding_loss", "poisson_nll_loss", "gaussian_nll_loss", "cosine_embedding_loss", "soft_margin_loss",
        "margin_ranking_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss", "multilabel_margin_loss",
        "multilabel_soft_margin_loss",
    }
)  # fmt: skip
"""PyTorch's loss functions: each falls as the model gets better, whatever the model."""
THROUGH = frozenset(
    {"mean", "sum", "squeeze", "view", "reshape", "getitem", "stack", "to", "float", "double", "clone", "select"}
)
"""Functions that keep the sign: the value grows where each of its numbers does."""
SQUARES = frozenset({"pow", "square", "abs", "norm", "vector_norm"})
LOGS = frozenset({"log", "log_softmax", "logsigmoid", "log1p", "log2"})
INSIDE = THROUGH | {"mul", "add", "gather", "sub", "div", "unsqueeze", "masked_select", "where", "clamp"}


def direction(graph: Graph, values: Values | None = None) -> int | None:
    """1 where the value that backward was called on grows with known losses, -1 where it falls with them.

    The way from that value down to the losses may hold negations, sums, differences, means and factors, whose sign is
    read off their values. ``None`` where no known loss is met, where signs differ, or where anything else is in the way
    (an evidence bound, a reward, a ratio): nothing is claimed there. A mean of squares or of absolute differences is a
    known loss, so is a negated mean of logarithms of what the model gave; a mean of log-probabilities picked by labels,
    not negated, falls as that loss grows.

    >>> direction(Graph(ops=(Op(0, "mse_loss"), Op(1, "neg", inputs=(0,))), loss=1))
    -1
    """
    ops = {op.op: op for op in graph.ops}
    means = {} if values is None else dict(zip((op.op for op in graph.ops), values.mean, strict=False))
    start = None if graph.loss is None else ops.get(graph.loss)
    signs = _signs(start, ops, means, 0) if start is not None else {0}
    return signs.pop() if len(signs) == 1 and signs <= {1, -1} else None


def _signs(op: Op, ops: Mapping[int, Op], means: Mapping[int, float | None], depth: int) -> set[int]:
    """The signs with which known losses stand in this value; 0 stands for what is not known."""
    below = [ops[one] for one in op.inputs if isinstance(one, int) and one in ops and ops[one].learns]
    if op.function in LOSSES:
        return {1}
    if op.function == "gather" and below and below[0].function == "log_softmax":
        return {-1}
    if depth > 40 or not below:
        return {0}
    deeper = [_signs(one, ops, means, depth + 1) for one in below]
    if op.function in ("neg", "negative"):
        return {-sign for sign in deeper[0]} if deeper[0] != {0} else {1 if _of_logs(below[0], ops, 0) else 0}
    if op.function in SQUARES:
        return {1} if _difference(below[0], ops) else {0}
    if op.function in ("add", "add_", "iadd", "stack", "cat", *THROUGH):
        known = [signs for signs in deeper if signs != {0}]
        return set().union(*known) if known else {0}
    if op.function == "sub" and len(below) == 2:
        return deeper[0] if deeper[1] == {0} else {0}
    return _scaled(op, below, deeper, means)


def _scaled(op: Op, below: list[Op], deeper: list[set[int]], means: Mapping[int, float | None]) -> set[int]:
    """A value times a number, or a number less a value: the sign is read off what went in and what came out."""
    if op.function in ("mul", "div", "imul", "itruediv", "mul_", "div_") and len(below) == 1:
        before, after = means.get(below[0].op), means.get(op.op)
        if before and after:
            return {sign * (1 if before * after > 0 else -1) for sign in deeper[0]}
    if op.function in ("mul",) and len(below) == 2 and below[0] is below[1]:
        return {1} if _difference(below[0], ops={}) else {0}
    return {0}


def _difference(op: Op, ops: Mapping[int, Op]) -> bool:
    """Whether this is a difference of what the model gave and something else, views aside."""
    while op.function in THROUGH and op.inputs and isinstance(op.inputs[0], int) and op.inputs[0] in ops:
        op = ops[op.inputs[0]]
    return op.function == "sub" and len(op.inputs) == 2


def _of_logs(op: Op, ops: Mapping[int, Op], depth: int) -> bool:
    """Whether a mean or a sum of logarithms stands here, weighted or not: its negative is a log-likelihood's."""
    if op.function in LOGS:
        return True
    if depth > 12 or op.function not in INSIDE:
        return False
    below = [ops[one] for one in op.inputs if isinstance(one, int) and one in ops and ops[one].learns]
    return any(_of_logs(one, ops, depth + 1) for one in below)


def rewarded(graph: Graph) -> bool:
    """Whether backward was called on a mean of log-probabilities of choices times weights, not negated.

    Going down it makes choices of positive weight rarer. What the weights are, rewards or costs, the graph does not
    say.

    >>> picked = Op(0, "log_softmax"), Op(1, "gather", inputs=(0, "data"))
    >>> rewarded(Graph(ops=(*picked, Op(2, "mul", inputs=(1, "data")), Op(3, "mean", inputs=(2,))), loss=3))
    True
    """
    ops = {op.op: op for op in graph.ops}
    op = None if graph.loss is None else ops.get(graph.loss)
    for _ in range(20):
        below = [] if op is None else [ops[i] for i in op.inputs if isinstance(i, int) and i in ops and ops[i].learns]
        if op is None or not below:
            return False
        if op.function == "mul" and len(below) == 1 and len(op.inputs) == 2:
            return _picked(below[0], ops)
        if op.function not in (*THROUGH, "add", "sub", "div"):
            return False
        op = below[0]
    return False


def _picked(op: Op, ops: Mapping[int, Op]) -> bool:
    """Whether this is a log-probability picked by a choice: gathered from logits made to sum to 1."""
    while op.function in THROUGH and op.inputs and isinstance(op.inputs[0], int) and op.inputs[0] in ops:
        op = ops[op.inputs[0]]
    if op.function != "gather":
        return False
    seen, todo = set[int](), [i for i in op.inputs if isinstance(i, int)]
    for _ in range(8):
        seen |= set(todo)
        todo = [i for j in todo if j in ops for i in ops[j].inputs if isinstance(i, int)]
    return any(ops[i].function in ("logsumexp", "log_softmax") for i in seen if i in ops)


@dataclass(frozen=True, slots=True)
class Way:
    """Which way a looked-at ``step`` goes: whether it raises a known loss, and whether that loss went in negated.

    Made by ``ways_of``.
    """

    step: Step
    raises: bool
    negated: bool


def ways_of(run: Run) -> list[Way]:
    """The looked-at steps of which both the product of gradient and update and a known loss are told.

    >>> seen = [{"kind": "graph", "ops": [{"function": "mse_loss"}], "loss": 0}, {"kind": "values", "step": 1}]
    >>> [way.raises for way in ways_of(Run.from_entries([*seen, {"kind": "step", "step": 1, "slope": 0.5}]))]
    [True]
    """
    signs = {values.step: direction(graph, values) for graph, values in run.seen()}
    found = []
    for step in run.steps:
        sign = signs.get(step.step)
        if sign is not None and step.slope is not None and math.isfinite(step.slope) and step.slope != 0:
            found.append(Way(step, step.slope * sign > 0, sign < 0))
    return found


def steps_down_rewards(run: Run) -> int:
    """Looked-at steps that go down a mean of log-probabilities times weights.

    >>> ops = [{"op": 0, "function": "log_softmax"}, {"op": 1, "function": "gather", "inputs": [0, "data"]}]
    >>> graph = {"kind": "graph", "ops": [*ops, {"op": 2, "function": "mul", "inputs": [1, "data"]}], "loss": 2}
    >>> step = {"kind": "step", "step": 1, "slope": -0.5}
    >>> steps_down_rewards(Run.from_entries([graph, {"kind": "values", "step": 1}, step]))
    1
    """
    down = {step.step for step in run.steps if step.slope is not None and step.slope < 0}
    return sum(values.step in down and rewarded(graph) for graph, values in run.seen())
