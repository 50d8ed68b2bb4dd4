"""This run's loss compares every prediction with every target: their shapes were broadcast against each other.

## What it measures
The shapes that each loss, difference or product of a prediction and data takes. Broadcasting is meant where one of two
shapes is stretched; here both are: (N, 1) against (N) gives N × N numbers, in which each axis of length N holds the
samples once.

## Why it matters
The mean over all pairs pulls every prediction to the middle of all targets. The model learns a constant, and the loss
ends at the spread of the targets, which looks like a model that is too weak.

## The mathematics
Over all pairs, (1/N²) Σ_ij (f_i − y_j)² = (1/N) Σ_i (f_i − ȳ)² + Var(y), exactly: the gradient is that of fitting every
prediction to the mean ȳ, and Var(y) remains whatever the model does. For any other loss ℓ each prediction gets the
same function h(f) = (1/N) Σ_j ℓ(f, y_j), so one constant is best for all of them: the median for absolute errors. A
product (N, 1) × (N) sums to (Σ f_i)(Σ w_j): the weight of a sample is lost. A scalar or a vector of features stretches
one side only, and is left alone.

## When it is wrong
Distances between all pairs are meant where a script stretches on purpose. That is taken so where an axis was put in by
hand, or where both sides have as many axes.

## What to do
Bring both to the same shape before the loss: `prediction.squeeze(-1)`, or `target.unsqueeze(-1)`.

## References
C. R. Harris et al., *Array programming with NumPy*, Nature 585 (2020), 357-362, on broadcasting. PyTorch documentation,
*Broadcasting semantics*.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.flow_of_a_run import Flow, at_line, flows
from tearless.linear_algebra.layers_of_a_run import VIEWS, plain, through_views
from tearless.linear_algebra.shapes.pairs import paired
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Loss, Op

MEND = Mend.contract
Shape = tuple[int, ...]

LOSSES = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "soft_margin_loss")
ELEMENTWISE = ("sub", "mul", "div")
INSERTS = {"unsqueeze", "getitem", "expand", "view", "reshape"}

PAIRS = Limit(
    of="too_many",
    at=lambda samples: max(2.0, samples),
    unit="times",
    kind="derived",
    severity=Severity.error,
    because="A loss of N samples has N errors; N times as many are the errors of all pairs, and nothing between "
    "the two can come of stretching both shapes.",
)

HEADLINE = "`{function}`{place} compares shape {prediction} with {target}: {pairs} pairs of {samples} samples"
EVIDENCE = "{pairs} errors for {samples} samples, {too_many} times too many, at {times} of the places looked at"
WHY = "every prediction is pulled to the middle of all targets: the best that the model can learn is one constant"
DO = (
    "bring both to one shape before `{function}`{place}: `{first}.squeeze(-1)`, so that both have shape {samples_shape}"
)


def measure(run: Run) -> Iterator[Measured]:
    if not run.graphs and not run.loss_calls:
        raise CannotTell("this needs the shapes that the loss takes: run the script under `tearless watch`")
    found = [one for flow in flows(run).values() for op in flow.graph.ops if (one := _of_op(flow, op)) is not None]
    found += [one for loss in run.loss_calls if not loss.evaluating and (one := _of_loss(loss)) is not None]
    function, line, prediction, target, samples = found[0] if found else ("", "", (), (), 1)
    yield Measured(
        (),
        {
            "too_many": Number(samples, "times", "errors that the loss holds for each that it should"),
            "pairs": Number(samples**2 if found else None, "pairs", "pairs of a prediction and a target"),
            "samples": Number(samples, "samples", "samples of the batch"),
            "times": Number(len({one[:2] for one in found}), "places", "places in the script where it happens"),
        },
        words={
            "function": function,
            "place": at_line(line),
            "prediction": _shown(prediction),
            "target": _shown(target),
            "first": "prediction" if len(prediction) > len(target) else "target",
            "samples_shape": f"({samples},)",
        },
    )


def _shown(shape: Shape) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def _of_loss(loss: Loss) -> tuple[str, str, Shape, Shape, int] | None:
    if loss.function not in LOSSES:
        return None
    samples = paired(loss.input.shape, loss.target.shape)
    return (loss.function, loss.line, loss.input.shape, loss.target.shape, samples) if samples else None


def _of_op(flow: Flow, op: Op) -> tuple[str, str, Shape, Shape, int] | None:
    """A difference or product of what was learnt and of data, both of them stretched."""
    name = plain(op)
    if not op.used or name not in (*ELEMENTWISE, *LOSSES) or len(op.given) != 2 or len(op.inputs) != 2:
        return None
    learnt = [flow.learnt(one) for one in op.inputs]
    if sum(learnt) != 1 or any(one in ("buffer", "elsewhere") for one in op.inputs):
        return None
    at = learnt.index(True)
    prediction, target = op.given[at], op.given[1 - at]
    samples = paired(prediction, target)
    if not samples or (name in ELEMENTWISE and len(prediction) > len(target) and _inserted(flow, op, at)):
        return None
    return name, op.line, prediction, target, samples


def _inserted(flow: Flow, op: Op, at: int) -> bool:
    """Whether the script put an axis of length 1 into this argument itself, right before."""
    made = op.inputs[at]
    while isinstance(made, int) and plain(flow.ops[made]) in VIEWS and flow.ops[made].inputs:
        view = flow.ops[made]
        if plain(view) in INSERTS and len(view.shape) > len(view.given[0] if view.given else ()):
            return True
        made = view.inputs[0]
        if through_views(flow.graph, made) == made:
            break
    return False


def _regression(rng: np.random.Generator, prediction: list[int], target: list[int]) -> Entries:
    entries = healthy_run(rng)
    (graph,) = of_kind(entries, "graph")
    graph["ops"][5] |= {"function": "mse_loss", "inputs": [4, "data"], "given": [prediction, target]}
    for loss in of_kind(entries, "loss"):
        loss |= {"function": "mse_loss"}
        loss["input"]["shape"], loss["target"]["shape"] = prediction, target
    return entries


@healthy
def classification(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def same_shapes(rng: np.random.Generator) -> Example:
    return as_example(_regression(rng, [128, 1], [128, 1]))


@healthy
def one_target_for_all(rng: np.random.Generator) -> Example:
    return as_example(_regression(rng, [128, 3], [3]))


@sick
def column_against_vector(rng: np.random.Generator) -> Example:
    return as_example(_regression(rng, [128, 1], [128]))


@sick
def vector_against_column(rng: np.random.Generator) -> Example:
    return as_example(_regression(rng, [128], [128, 1]))


@sick
def by_hand(rng: np.random.Generator) -> Example:
    entries = _regression(rng, [128, 1], [128])
    of_kind(entries, "graph")[0]["ops"][5] |= {"function": "sub"}
    return as_example([one for one in entries if one["kind"] != "loss"])


@fooled("fires", "a kernel between all predictions and all targets, stretched without a word of it, is meant")
def all_pairs_on_purpose(rng: np.random.Generator) -> Example:
    entries = _regression(rng, [128, 1], [128])
    of_kind(entries, "graph")[0]["ops"][5] |= {"function": "sub"}
    return as_example(entries)
