"""How numbers flow through a watched graph: what made an argument, what rests on parameters, which calls are losses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from tearless.core import visible
from tearless.linear_algebra.layers_of_a_run import PRODUCTS, by_op, plain, rows, through_views
from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Loss, Op, Values

PASSED = {"dropout", "clamp", "clip", "clamp_min", "clamp_max", "identity", "nan_to_num"}
"""Functions that keep the meaning of their numbers: a probability that was clamped is one."""
OUTPUT = {"linear", *PRODUCTS, *(f"conv{d}d" for d in (1, 2, 3)), *(f"conv_transpose{d}d" for d in (1, 2, 3)), "add"}
"""Functions whose output may be any number: what a last layer without an activation is made by."""


@dataclass(frozen=True, eq=False)
class Flow:
    """A graph with questions about its ops.

    >>> ops = Op(op=0, function="linear", inputs=("input", "parameter w")), Op(op=1, function="dropout", inputs=(0,))
    >>> flow = Flow(Graph(ops=(*ops, Op(op=2, function="relu", inputs=(1,)))))
    >>> flow.maker(flow.ops[2]).function, flow.learnt(2), flow.learnt("data")
    ('linear', True, False)
    """

    graph: Graph

    @cached_property
    def ops(self) -> Mapping[int, Op]:
        return rows(self.graph)

    @cached_property
    def resting(self) -> frozenset[int]:
        """The ops whose value depends on a parameter."""
        found: set[int] = set()
        for op in self.graph.ops:
            if any(one in found or (isinstance(one, str) and one.startswith("parameter")) for one in op.inputs):
                found.add(op.op)
        return frozenset(found)

    @cached_property
    def takers(self) -> Mapping[int, tuple[Op, ...]]:
        """The ops that take each op's output, as it is."""
        found: dict[int, list[Op]] = {}
        for op in self.graph.ops:
            for one in {one for one in op.inputs if isinstance(one, int)}:
                found.setdefault(one, []).append(op)
        return {number: tuple(takers) for number, takers in found.items()}

    def maker(self, op: Op, argument: int = 0) -> Op | None:
        """The op that made an argument, views, dropout and clamps passed over; ``None`` where no op did."""
        at = op.inputs[argument] if argument < len(op.inputs) else "data"
        for _ in range(len(self.ops) + 1):
            at = through_views(self.graph, at)
            found = self.ops.get(at) if isinstance(at, int) else None
            if found is None or plain(found) not in PASSED or not found.inputs:
                return found
            at = found.inputs[0]
        return None

    def straight(self, op: Op, argument: int = 0) -> bool:
        """Whether an argument is the very output of the op that made it: no view lies between."""
        at = op.inputs[argument] if argument < len(op.inputs) else "data"
        while isinstance(at, int) and at in self.ops and plain(self.ops[at]) in PASSED and self.ops[at].inputs:
            at = self.ops[at].inputs[0]
        made = self.maker(op, argument)
        return made is not None and at == made.op

    def learnt(self, given: int | str) -> bool:
        """Whether what an op was given is a parameter or depends on one."""
        return given in self.resting if isinstance(given, int) else given.startswith("parameter")


@dataclass(frozen=True)
class LossCall:
    """A call of a loss function in training, with its op and its graph where they were seen.

    >>> call = LossCall(Loss(function="nll_loss", line="train.py:14", made_by=("dropout", "log_softmax", "linear")))
    >>> call.last, call.place
    ('log_softmax', ' (train.py:14)')
    """

    loss: Loss
    op: Op | None = None
    flow: Flow | None = None
    values: Values | None = None

    def along(self, name: str) -> Mapping[int, float]:
        """One of the lists of its step's values by op; empty where none was taken."""
        return by_op(self.flow.graph, getattr(self.values, name)) if self.flow and self.values else {}

    @property
    def made_by(self) -> tuple[str, ...]:
        """The functions that made its input, last first, views, dropout and clamps left out."""
        return tuple(one for name in self.loss.made_by if (one := name.strip("_")) not in PASSED)

    @property
    def last(self) -> str:
        return self.made_by[0] if self.made_by else ""

    @property
    def place(self) -> str:
        """Where it was called, as it stands after a space: `` (train.py:14)``; empty where that is not known."""
        return at_line(self.loss.line)


def at_line(line: str) -> str:
    """A line of the script as it stands after a word; empty where it is not known.

    >>> at_line("train.py:14"), at_line("")
    (' (train.py:14)', '')
    """
    return f" ({visible(line, 60)})" if line else ""


def flows(run: Run) -> Mapping[int, Flow]:
    """The graphs of a run by their number.

    >>> list(flows(Run.from_entries([{"kind": "graph", "graph": 4}])))
    [4]
    """
    return {number: Flow(graph) for number, graph in run.graphs.items()}


def loss_calls(run: Run) -> Iterator[LossCall]:
    """The calls of loss functions in training that were looked at, in order.

    >>> calls = [{"kind": "loss", "function": "mse_loss"}, {"kind": "loss", "function": "l1_loss", "evaluating": True}]
    >>> [call.loss.function for call in loss_calls(Run.from_entries(calls))]
    ['mse_loss']
    """
    known = flows(run)
    at_step: dict[int, list[tuple[Flow, Values | None]]] = {}
    for values in run.values:
        if values.graph in known:
            at_step.setdefault(values.step, []).append((known[values.graph], values))
    unseen: list[tuple[Flow, Values | None]] = [(flow, None) for flow in list(known.values())[:1]]
    for loss in run.loss_calls:
        if loss.evaluating:
            continue
        for flow, values_then in at_step.get(loss.step, unseen):
            op = flow.ops.get(loss.op) if loss.op is not None else None
            if op is not None and (loss.function == "expression" or plain(op) == loss.function):
                yield LossCall(loss, op, flow, values_then)
                break
        else:
            yield LossCall(loss)
