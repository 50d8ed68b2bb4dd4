"""What the loss functions of a training run compare: their calls, the kind of their targets, how often labels came."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from .run import Run
from .told import Loss, Op, Tensor

Kind = Literal["classes", "yes or no", "squares", "distances"]
KINDS: Mapping[str, Kind] = {
    "cross_entropy": "classes",
    "nll_loss": "classes",
    "binary_cross_entropy": "yes or no",
    "binary_cross_entropy_with_logits": "yes or no",
    "mse_loss": "squares",
    "l1_loss": "distances",
    "smooth_l1_loss": "distances",
    "huber_loss": "distances",
}
"""Loss functions whose constant guess is known, and what they compare."""


def training_calls(run: Run) -> Iterator[tuple[Loss, ...]]:
    """The training calls of each loss function, by the line that calls it.

    >>> [len(calls) for calls in training_calls(Run.from_entries([{"kind": "loss", "step": 1}] * 2))]
    [2]
    """
    groups: dict[tuple[str, str], list[Loss]] = defaultdict(list)
    for call in run.loss_calls:
        if not call.evaluating:
            groups[call.function, call.line].append(call)
    yield from map(tuple, groups.values())


def calls_by_place(run: Run) -> Iterator[tuple[Kind, tuple[Loss, ...]]]:
    """The training calls of each loss function of a known kind whose value is finite, by the line that calls it.

    >>> call = {"kind": "loss", "step": 1, "function": "mse_loss", "value": 0.5}
    >>> [kind for kind, _ in calls_by_place(Run.from_entries([call, call | {"step": 2}]))]
    ['squares']
    """
    groups: dict[tuple[Kind, str, str], list[Loss]] = defaultdict(list)
    for call in run.loss_calls:
        kind = kind_of(run, call)
        if kind is not None and not call.evaluating and call.value is not None and math.isfinite(call.value):
            groups[kind, call.function, call.line].append(call)
    for (kind, *_), calls in groups.items():
        yield kind, tuple(calls)


def kind_of(run: Run, call: Loss) -> Kind | None:
    """What a loss compares; an expression that squares differences is known for what it is.

    >>> kind_of(Run.from_entries([]), Loss(function="mse_loss"))
    'squares'
    """
    if call.function != "expression":
        return KINDS.get(call.function)
    op = op_of(run, call)
    if op is None or op.function not in ("sub", "subtract"):
        return None
    after = users(run, op)
    return "squares" if after and all(o.function in ("pow", "square", "pow_") for o in after) else None


def numbers_rows(call: Loss) -> bool:
    """Whether the labels of a call number its rows, each once, as where pairs of a batch are matched: no classes then.

    >>> numbers_rows(Loss(input=Tensor(shape=(3, 3)), target=Tensor(shape=(3,), low=0, high=2, distinct=3)))
    True
    """
    rows = math.prod(call.target.shape)
    return rows > 1 and call.target.distinct == rows == call.input.shape[-1] and call.target.low == 0


def op_of(run: Run, call: Loss) -> Op | None:
    """The op of a loss call in its graph; ``None`` where it was not recorded.

    >>> op_of(Run.from_entries([]), Loss(op=3)) is None
    True
    """
    wanted = {call.function} if call.function != "expression" else {"sub", "subtract"}
    ops = (o for g in run.graphs.values() for o in g.ops if o.op == call.op and o.function in wanted)
    return next(ops, None)


def weighted(run: Run, call: Loss) -> bool:
    """Whether a loss weighs its classes or samples: it was given a third tensor. Equal weights are none.

    >>> weighted(Run.from_entries([]), Loss(function="cross_entropy", options={"weight": [1.0, 3.0]}))
    True
    >>> weighted(Run.from_entries([]), Loss(function="cross_entropy", options={"weight": [1.0, 1.0]}))
    False
    """
    told = [call.options[name] for name in ("weight", "pos_weight") if call.options.get(name) is not None]
    lists = [one for one in told if isinstance(one, (list, tuple)) and one]
    if told and len(lists) == len(told):
        even = all(one == lists[0][0] for one in lists[0]) if "weight" in call.options else True
        return not (even and all(one == 1 for one in call.options.get("pos_weight") or ()))
    op = op_of(run, call)
    return bool(told) or (op is not None and call.function != "expression" and len(op.given) > 2)


def label_counts(target: Tensor, options: Mapping[str, object] | None = None) -> dict[str, int]:
    """How often each label came, those that the loss leaves out left out; of numbers that are all 0 or 1 as well.

    >>> label_counts(Tensor(shape=(4, 1), low=0.0, high=1.0, mean=0.25, zeros=0.75))
    {'0': 3, '1': 1}
    """
    ignored = str((options or {}).get("ignore_index", -100))
    if target.counts:
        return {label: int(n) for label, n in target.counts.items() if label != ignored}
    n = math.prod(target.shape)
    if target.mean is None or target.zeros is None or target.low is None or target.high is None or not n:
        return {}
    if target.low < 0 or target.high > 1 or abs(target.mean + target.zeros - 1) > 1e-5:
        return {}
    ones = round(n * target.mean)
    return {"0": n - ones, "1": ones}


def pooled(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Counts added up.

    >>> pooled([{"a": 1}, {"a": 2, "b": 1}])
    {'a': 3, 'b': 1}
    """
    out: dict[str, int] = defaultdict(int)
    for one in counts:
        for label, n in one.items():
            out[label] += n
    return dict(out)


def rows(call: Loss) -> int:
    """The samples of a call: the first axis of its targets.

    >>> rows(Loss(target=Tensor(shape=(4, 10))))
    4
    """
    return max(1, call.target.shape[0]) if call.target.shape else 1


def per_sample(call: Loss) -> float:
    """What the value of a call is multiplied by for the mean over its samples.

    >>> per_sample(Loss(reduction="sum", target=Tensor(shape=(4, 10))))
    0.25
    """
    return 1 / rows(call) if call.reduction == "sum" else 1.0


def summed(call: Loss) -> float:
    """How many targets of a sample the loss adds up: 1 where it averages them.

    >>> labels = Tensor(shape=(4,), counts={"0": 1, "1": 1, "-100": 2})
    >>> summed(Loss(function="nll_loss", reduction="sum", target=labels))
    0.5
    """
    if call.reduction != "sum":
        return 1.0
    counts = label_counts(call.target, call.options) if KINDS.get(call.function) == "classes" else {}
    if counts and call.target.counts:
        return sum(counts.values()) / rows(call)
    shares = KINDS.get(call.function) == "classes" and soft(call)
    return math.prod(call.target.shape) / rows(call) / (width(call) if shares else 1)


def users(run: Run, op: Op) -> list[Op]:
    """The ops that take what this one gave, on the way to the loss.

    >>> users(Run.from_entries([]), Op())
    []
    """
    graph = next((g for g in run.graphs.values() if op in g.ops), None)
    return [o for o in graph.ops if op.op in o.inputs and o.used] if graph is not None else []


def width(call: Loss) -> int:
    """Scores a sample: the classes of a loss of classes; 0 where that is not known.

    >>> width(Loss(input=Tensor(shape=(8, 4))))
    4
    """
    shape = call.input.shape
    return shape[1] if len(shape) > 1 else shape[0] if shape else 0


def soft(call: Loss) -> bool:
    """Whether each sample has a share of every class for its target, and no single label.

    >>> soft(Loss(input=Tensor(shape=(8, 4)), target=Tensor(shape=(8, 4))))
    True
    """
    return not call.target.counts and bool(call.target.shape) and call.target.shape == call.input.shape
