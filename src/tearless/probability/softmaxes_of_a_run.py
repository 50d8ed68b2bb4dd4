"""The axis of each softmax of a run, against what is done with its output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tearless.linear_algebra.flow_of_a_run import Flow, LossCall
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op

PRODUCTS = ("matmul", "bmm", "rmatmul")


@dataclass(frozen=True)
class WrongAxis:
    """The softmax ``op`` along the wrong ``axis``, made by ``wrong_axis``: ``what`` that axis is and ``why`` it is
    wrong, in words, and the ``right`` one; -1 where there is none."""

    op: Op
    axis: int
    what: str
    why: str
    right: int


def is_softmax(op: Op) -> bool:
    """Whether an op is a softmax, its logarithm or a softmin, of a tensor with at least one axis.

    >>> is_softmax(Op(function="softmax", shape=(8, 3))), is_softmax(Op(function="relu", shape=(8, 3)))
    (True, False)
    """
    return plain(op) in ("softmax", "log_softmax", "softmin") and bool(given_shape(op))


def given_shape(op: Op) -> tuple[int, ...]:
    """The shape of an op's first argument; that of its output where none was told.

    >>> given_shape(Op(given=((8, 3),))), given_shape(Op(shape=(8, 2)))
    ((8, 3), (8, 2))
    """
    return op.given[0] if op.given else op.shape


def _axis(op: Op) -> int:
    """The axis, counted from 0; PyTorch's own choice where none was named."""
    rank = len(given_shape(op))
    dim = op.options.get("dim")
    if not isinstance(dim, int) or isinstance(dim, bool):
        return 0 if rank in (0, 1, 3) else 1
    return dim % rank


def samples_of(run: Run) -> int | None:
    """Samples of a batch: the length on which the first axis of a model's input and of the target agree, mostly.

    >>> samples_of(Run.from_entries([{"kind": "loss", "step": 1, "target": {"shape": [32]}}]))
    32
    """
    given = {g.step: g.inputs[0].shape[0] for g in run.given if g.used and g.inputs and g.inputs[0].shape}
    counted = Counter(
        loss.target.shape[0]
        for loss in run.loss_calls
        if loss.target.shape
        and not loss.evaluating
        and given.get(loss.step, loss.target.shape[0]) == loss.target.shape[0]
    )
    return counted.most_common(1)[0][0] if counted else None


def wrong_axis(flow: Flow, op: Op, samples: int | None, calls: Sequence[LossCall]) -> WrongAxis | None:
    """What is wrong with the axis of a softmax, by what takes its output and by the batch; ``None`` if nothing.

    >>> from tearless.readers.training.told import Graph
    >>> op = Op(op=0, function="softmax", inputs=("parameter w",), shape=(32, 10), options={"dim": 0})
    >>> found = wrong_axis(Flow(Graph(ops=(op,))), op, samples=32, calls=[])
    >>> found.axis, found.what, found.right
    (0, 'which holds the 32 samples of the batch', 1)
    """
    shape, axis = given_shape(op), _axis(op)
    taken = [
        call for call in calls if call.flow and call.op and call.flow.graph is flow.graph and _takes(flow, call.op, op)
    ]
    for call in taken:
        wrong = _against_classes(op, axis, call)
        if wrong is not None:
            return wrong
    summed = _summed_axis(flow, op)
    if summed is not None and summed != axis and shape[summed] > 1:
        why = "the weights of one answer must sum to 1 over what it is mixed from, and here they do not"
        return WrongAxis(op, axis, f"and the product that takes it sums over axis {summed}", why, summed)
    many = samples is not None and samples > 1 and len(shape) > 1 and axis == 0 and shape[0] == samples
    if many and shape.count(samples or 0) == 1 and op.op in flow.resting:
        why = "the samples of a batch compete: what one is given depends on which others are drawn with it"
        return WrongAxis(op, axis, f"which holds the {samples} samples of the batch", why, len(shape) - 1)
    return None


def _takes(flow: Flow, loss: Op, op: Op) -> bool:
    """Whether a loss takes this softmax as its input: through views, clamps and a logarithm."""
    made = flow.maker(loss)
    if made is not None and plain(made) == "log":
        made = flow.maker(made)
    return made is not None and made.op == op.op


def _against_classes(op: Op, axis: int, call: LossCall) -> WrongAxis | None:
    shape, given = given_shape(op), call.loss.input.shape
    if shape[axis] == 1:
        why = "exp(z)/exp(z) is 1 for every score z: the prediction never changes, and no gradient comes through"
        return WrongAxis(op, axis, "over a single unit: it is 1 whatever the score", why, -1)
    if call.loss.function not in ("nll_loss", "cross_entropy") or len(given) < 2:
        return None
    classes = given[1]
    why = f"each row must be a distribution over the {classes} classes, and here other numbers compete"
    what = f"which holds {shape[axis]} numbers, and the loss reads {classes} classes"
    if shape[axis] != classes and classes in shape:
        return WrongAxis(
            op, axis, what if axis else f"which holds the {shape[0]} samples of the batch", why, shape.index(classes)
        )
    counts = call.loss.target.counts.values()
    a_permutation = bool(counts) and max(counts) == 1
    if shape == given and axis != 1 and not a_permutation:
        return WrongAxis(op, axis, "and the loss reads the classes along axis 1", why, 1)
    return None


def _summed_axis(flow: Flow, op: Op) -> int | None:
    """The axis over which a matrix product sums this output; ``None`` where it is not taken as it is."""
    for taker in _takers(flow, op):
        if plain(taker) in PRODUCTS and len(taker.given) == 2 and taker.given[0] == op.shape and len(op.shape) > 1:
            first = taker.inputs[0]
            return len(op.shape) - 1 if first in _same(flow, op) else None
    return None


def _same(flow: Flow, op: Op) -> set[int]:
    """The op and dropouts of it: the same numbers in the same places."""
    drops = {one.op for one in flow.takers.get(op.op, ()) if plain(one) == "dropout"}
    return {op.op, *drops}


def _takers(flow: Flow, op: Op) -> list[Op]:
    return [taker for number in _same(flow, op) for taker in flow.takers.get(number, ())]
