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
    {
        "mean", "sum", "squeeze", "unsqueeze", "view", "reshape", "flatten", "getitem", "stack", "to", "float",
        "double", "clone", "select", "expand", "nanmean",
    }
)  # fmt: skip
"""Functions that keep the sign: the value grows where each of its numbers does."""
RISING = frozenset({"logsumexp", "exp", "log", "log1p", "sqrt", "softplus", "relu", "clamp", "amax", "amin"})
"""Functions that grow with each of their numbers, and that make another quantity of a loss."""
TINY = 1e-6
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
    start = next((op for op in graph.ops if op.op == graph.loss), None)
    signs = _Signs(graph, values).of(start, 0) if start is not None else {0}
    found = {sign // abs(sign) for sign in signs if sign}
    return found.pop() if len(found) == 1 and 0 not in signs else None


class _Signs:
    """The signs with which known losses stand in a value; 0 stands for what is not known.

    ±1 is a loss itself, ±2 a likelihood: one may be weighted by rewards and costs of either sign, so no factor is
    followed from there on.
    """

    def __init__(self, graph: Graph, values: Values | None) -> None:
        seen = values or Values()
        at = {op.op: i for i, op in enumerate(graph.ops)}
        self.ops = {op.op: op for op in graph.ops}
        self.numbers = {
            name: {op: column[i] for op, i in at.items() if i < len(column)}
            for name in ("mean", "low", "high", "zeros")
            if (column := getattr(seen, name)) is not None
        }

    def of(self, op: Op, depth: int) -> set[int]:
        below = [self.ops[one] for one in op.inputs if isinstance(one, int) and one in self.ops]
        below = [one for one in below if one.learns]
        if op.function in LOSSES:
            return {1}
        if (op.function == "gather" and _picked(op, self.ops)) or self._one_hot(op, below) or _yes_or_no(op, self.ops):
            return {-2}
        if depth > 40 or not below:
            return {0}
        deeper = [self.of(one, depth + 1) for one in below]
        if op.function in ("neg", "negative"):
            return {-sign for sign in deeper[0]} if deeper[0] != {0} else {int(_of_logs(below[0], self.ops, 0))}
        if op.function in SQUARES:
            return {1} if _difference(below[0], self.ops) else {0}
        if op.function in ("add", "add_", "iadd", "stack", "cat"):
            return _together(deeper) if len(below) > 1 else _mixed(deeper[0])
        if op.function in THROUGH:
            return deeper[0]
        if op.function in RISING:
            return _mixed(deeper[0])
        if op.function == "sub":
            return self._difference_of(op, below, deeper)
        return self._scaled(op, below, deeper)

    def _difference_of(self, op: Op, below: list[Op], deeper: list[set[int]]) -> set[int]:
        """What is taken away counts with the other sign; of one value and a number the values tell which it was."""
        if len(below) == 2:
            return _together([deeper[0], {-sign for sign in deeper[1]}])
        low, high = (self.numbers[name].get(below[0].op) for name in ("low", "high"))
        then, after = (self.numbers[name].get(op.op) for name in ("low", "high"))
        first = isinstance(op.inputs[0], int) and op.inputs[0] == below[0].op
        if len(op.inputs) == 2:
            return _mixed(deeper[0] if first else {-sign for sign in deeper[0]})
        if low is None or high is None or then is None or after is None or not low < high:
            return {0}
        kept = abs((after - high) - (then - low)) <= abs((after + low) - (then + high))
        return _mixed(deeper[0] if kept else {-sign for sign in deeper[0]})

    def _scaled(self, op: Op, below: list[Op], deeper: list[set[int]]) -> set[int]:
        """A value times or by another: the sign is read off what went in and what came out."""
        if op.function == "mul" and len(below) == 2 and below[0] is below[1]:
            return {1} if _difference(below[0], self.ops) else {0}
        if op.function not in ("mul", "div", "imul", "itruediv", "mul_", "div_"):
            return {0}
        if len(below) == 2:
            low = self.numbers["low"].get(below[1].op)
            return deeper[0] if op.function == "div" and low is not None and low > 0 else {0}
        before, after = (self.numbers["mean"].get(one.op) for one in (below[0], op))
        if not before or not after or any(abs(sign) == 2 for sign in deeper[0] if op.function != "div"):
            return {0}
        signs = {sign * (1 if before * after > 0 else -1) for sign in deeper[0]}
        weighed = len(op.inputs) > 1 and "div" not in op.function  # by costs, perhaps, as well as by rewards
        return signs if signs == {1} or not weighed else {0}

    def _one_hot(self, op: Op, below: list[Op]) -> bool:
        """Log-probabilities times a table with a single 1 a row: all but one in C products are 0."""
        zeros = self.numbers["zeros"].get(op.op)
        if op.function != "mul" or len(below) != 1 or len(op.inputs) != 2 or zeros is None or len(op.shape) < 2:
            return False
        return below[0].function == "log_softmax" and abs(zeros - 1 + 1 / op.shape[-1]) < TINY


def _together(parts: list[set[int]]) -> set[int]:
    """The signs in a sum: parts that are no known loss say nothing."""
    known = [_mixed(signs) for signs in parts if signs != {0}]
    return set().union(*known) if known else {0}


def _mixed(signs: set[int]) -> set[int]:
    """A loss that falls, together with something else, is a likelihood."""
    return {-2 if sign == -1 else sign for sign in signs}


def _difference(op: Op, ops: Mapping[int, Op]) -> bool:
    """Whether this is a difference of what the model gave and of data, views and scales aside."""
    while op.function in (*THROUGH, "div", "mul") and op.inputs and isinstance(op.inputs[0], int):
        if op.inputs[0] not in ops:
            return False
        op = ops[op.inputs[0]]
    given = [one for one in op.inputs if not (isinstance(one, int) and one in ops and ops[one].learns)]
    return op.function == "sub" and len(op.inputs) == 2 and bool(given) and "elsewhere" not in given


def _yes_or_no(op: Op, ops: Mapping[int, Op]) -> bool:
    """Whether this is y log p + (1 − y) log(1 − p) with a y that the model did not make."""
    parts = [ops[one] for one in op.inputs if isinstance(one, int) and one in ops]
    if op.function != "add" or len(parts) != 2 or len(op.inputs) != 2:
        return False
    made = [[ops[one] for one in part.inputs if isinstance(one, int) and one in ops] for part in parts]
    weighed = all(part.function == "mul" and len(part.inputs) == 2 for part in parts)
    return (
        weighed
        and all(sum(one.learns and one.function in LOGS for one in ones) == 1 for ones in made)
        and all(sum(one.learns for one in ones) == 1 for ones in made)
    )


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
