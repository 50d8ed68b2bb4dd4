"""This run takes a softmax along the wrong axis: samples compete, and not classes or keys.

## What it measures
The axis of each `softmax` and `log_softmax` on the way to the loss, against what is done with it: the axis of the
classes where a loss takes it, the axis that a matrix product sums where it weighs values, and the axis of the samples,
which no softmax may touch. And whether a prediction is a softmax over one unit, which is 1 whatever the score.

## Why it matters
Along the batch the chances of one sample depend on the others in its batch: the loss asks which sample of the batch has
this class. The numbers look like chances, the loss falls a little, and the model learns the wrong thing. Over one unit
nothing is learnt at all.

## The mathematics
softmax(z)_ik = exp(z_ik)/Σ_j exp(z_jk) sums to 1 over samples i, for each class k; the rows are no distribution. A
model that is sure and right for N samples spread evenly over C classes gives each of the N/C samples of a class C/N,
so its loss −ln p is at least ln(N/C), and 0 only for one sample a class. Over one unit exp(z)/exp(z) = 1: the slope is
0 for all z. Sizes decide: an axis as long as the batch, where target and input agree on its length, is the batch; an
axis that is not as long as there are classes is not theirs.

## When it is wrong
Routing in which experts choose tokens takes a softmax over tokens on purpose. Square scores (as many samples as
classes) are judged only where the loss takes them as they are and labels are no permutation.

## What to do
Name the axis of the classes: `dim=1` for scores of shape (samples, classes), `dim=-1` for keys of attention.

## References
C. M. Bishop, *Pattern Recognition and Machine Learning*, Springer 2006, section 4.3.4. A. Vaswani et al., *Attention Is
All You Need*, NeurIPS 2017, section 3.2.1. PyTorch documentation, *torch.nn.functional.softmax*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.flow_of_a_run import Flow, LossCall, at_line, flows, loss_calls
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op

MEND = Mend.contract

WRONG = Limit(
    of="wrong",
    at=1,
    unit="softmaxes",
    kind="derived",
    severity=Severity.error,
    because="Sizes and the use of the output say which axis holds the classes or keys; a softmax along another one is "
    "no distribution over them, from its first call on.",
)

HEADLINE = "`{function}`{place} is taken along axis {axis}, {what}"
EVIDENCE = "its input has shape {shape}, axis {axis} is {length} long; {wrong} of {softmaxes} softmaxes are so"
WHY = "{why}"
DO = "{do}"
PRODUCTS = ("matmul", "bmm", "rmatmul")


@dataclass(frozen=True)
class _Wrong:
    op: Op
    axis: int
    what: str
    why: str
    right: int


def measure(run: Run) -> Iterator[Measured]:
    if not run.graphs:
        raise CannotTell("this needs the calls on the way to the loss: run the script under `tearless watch`")
    every = [(flow, op) for flow in flows(run).values() for op in flow.graph.ops if op.used and _is_softmax(op)]
    samples = _samples(run)
    calls = list(loss_calls(run))
    found = [one for flow, op in every if (one := _judged(run, flow, op, samples, calls)) is not None]
    first = found[0] if found else None
    shape = _shape(first.op) if first else ()
    yield Measured(
        (),
        {
            "wrong": Number(len({(one.op.line, one.op.module) for one in found}), "softmaxes", "along the wrong axis"),
            "softmaxes": Number(len({(op.line, op.module) for _, op in every}), "softmaxes", "on the way to the loss"),
            "axis": Number(first.axis if first else None, "axis", "axis of the first that is wrong, counted from 0"),
            "length": Number(shape[first.axis] if first else None, "numbers", "length of that axis"),
            "samples": Number(samples, "samples", "samples of a batch, where input and target agree on them"),
        },
        words=_words(first),
    )


def _words(first: _Wrong | None) -> dict[str, str]:
    if first is None:
        return dict.fromkeys(("function", "place", "what", "why", "do", "shape"), "")
    name = plain(first.op)
    return {
        "function": name,
        "place": at_line(first.op.line),
        "what": first.what,
        "why": first.why,
        "shape": str(_shape(first.op)).replace(",)", ")"),
        "do": f"write `{name}(..., dim={first.right})`{at_line(first.op.line)}"
        if first.right >= 0
        else "give the model one output a class, or a sigmoid with `binary_cross_entropy` for one output",
    }


def _is_softmax(op: Op) -> bool:
    return plain(op) in ("softmax", "log_softmax", "softmin") and bool(_shape(op))


def _shape(op: Op) -> tuple[int, ...]:
    return op.given[0] if op.given else op.shape


def _axis(op: Op) -> int:
    """The axis, counted from 0; PyTorch's own choice where none was named."""
    rank = len(_shape(op))
    dim = op.options.get("dim")
    if not isinstance(dim, int) or isinstance(dim, bool):
        return 0 if rank in (0, 1, 3) else 1
    return dim % rank


def _samples(run: Run) -> int | None:
    """Samples of a batch: the length on which the first axis of a model's input and of the target agree, mostly."""
    given = {g.step: g.inputs[0].shape[0] for g in run.given if g.used and g.inputs and g.inputs[0].shape}
    counted = Counter(
        loss.target.shape[0]
        for loss in run.loss_calls
        if loss.target.shape
        and not loss.evaluating
        and given.get(loss.step, loss.target.shape[0]) == loss.target.shape[0]
    )
    return counted.most_common(1)[0][0] if counted else None


def _judged(run: Run, flow: Flow, op: Op, samples: int | None, calls: list[LossCall]) -> _Wrong | None:
    shape, axis = _shape(op), _axis(op)
    taken = [
        call for call in calls if call.flow and call.op and call.flow.graph is flow.graph and _takes(flow, call.op, op)
    ]
    for call in taken:
        wrong = _against_classes(flow, op, axis, call)
        if wrong is not None:
            return wrong
    summed = _summed_axis(flow, op)
    if summed is not None and summed != axis and shape[summed] > 1:
        why = "the weights of one answer must sum to 1 over what it is mixed from, and here they do not"
        return _Wrong(op, axis, f"and the product that takes it sums over axis {summed}", why, summed)
    many = samples is not None and samples > 1 and len(shape) > 1 and axis == 0 and shape[0] == samples
    if many and shape.count(samples or 0) == 1 and op.op in flow.resting:
        why = "the samples of a batch compete: what one is given depends on which others are drawn with it"
        return _Wrong(op, axis, f"which holds the {samples} samples of the batch", why, len(shape) - 1)
    return None


def _takes(flow: Flow, loss: Op, op: Op) -> bool:
    """Whether a loss takes this softmax as its input: through views, clamps and a logarithm."""
    made = flow.maker(loss)
    if made is not None and plain(made) == "log":
        made = flow.maker(made)
    return made is not None and made.op == op.op


def _against_classes(flow: Flow, op: Op, axis: int, call: LossCall) -> _Wrong | None:
    shape, given = _shape(op), call.loss.input.shape
    if shape[axis] == 1:
        why = "exp(z)/exp(z) is 1 for every score z: the prediction never changes, and no gradient comes through"
        return _Wrong(op, axis, "over a single unit: it is 1 whatever the score", why, -1)
    if call.loss.function not in ("nll_loss", "cross_entropy") or len(given) < 2:
        return None
    classes = given[1]
    why = f"each row must be a distribution over the {classes} classes, and here other numbers compete"
    what = f"which holds {shape[axis]} numbers, and the loss reads {classes} classes"
    if shape[axis] != classes and classes in shape:
        return _Wrong(
            op, axis, what if axis else f"which holds the {shape[0]} samples of the batch", why, shape.index(classes)
        )
    counts = call.loss.target.counts.values()
    a_permutation = bool(counts) and max(counts) == 1
    if shape == given and axis != 1 and not a_permutation:
        return _Wrong(op, axis, "and the loss reads the classes along axis 1", why, 1)
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


def _with_softmax(rng: np.random.Generator, dim: int, units: int = 3) -> Entries:
    entries = healthy_run(rng)
    (graph,) = of_kind(entries, "graph")
    loss = graph["ops"][5]
    soft = {"op": 5, "function": "log_softmax", "kind": "LogSoftmax", "inputs": [4], "options": {"dim": dim}}
    soft |= {"given": [[128, units]], "shape": [128, units], "line": "train.py:11", "module": "net.5"}
    graph["ops"][5:] = [soft, loss | {"op": 6, "function": "nll_loss", "inputs": [5, "data"]}]
    graph["loss"] = 6
    for entry in of_kind(entries, "loss"):
        entry |= {"function": "nll_loss", "op": 6, "made_by": ["log_softmax", "linear"]}
        entry["input"] |= {"shape": [128, units], "high": 0.0}
    return entries


@healthy
def raw_scores(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def along_the_classes(rng: np.random.Generator) -> Example:
    return as_example(_with_softmax(rng, 1))


@sick
def along_the_batch(rng: np.random.Generator) -> Example:
    return as_example(_with_softmax(rng, 0))


@sick
def over_one_unit(rng: np.random.Generator) -> Example:
    return as_example(_with_softmax(rng, 1, units=1))


@fooled("silent", "a softmax that is written with exp and a sum names no axis that could be looked at")
def by_hand(rng: np.random.Generator) -> Example:
    entries = _with_softmax(rng, 0)
    of_kind(entries, "graph")[0]["ops"][5] |= {"function": "div", "options": {}}
    return as_example(entries)
