"""This run's inputs are on a scale at which its optimiser can hardly learn from them.

## What it measures
From the means and spreads of the input columns and the optimiser's rate: how many steps the median column takes at the
best rate there is, and how far one step changes what the first layer gives; and what the run has learned in the end,
against a constant guess.

## Why it matters
Columns with an offset or of very different units make the loss a narrow valley: a rate that is safe across it is far
too small along it. With raw years, incomes or pixel values the first steps throw the outputs far off, units die or
saturate, and what is left learns from one column.

## The mathematics
The curvature of the loss in the first layer's weights is in proportion to E[x xᵀ] = diag(s²) + m mᵀ, with means m and
spreads s. Gradient descent is stable below 2 / λ_max only, so a column of spread s takes at least λ_max / (2 s²) steps
to be learned to within 1/e. Adam divides by each column's root mean square, which cures units and leaves offsets: r =
√(m² + s²), (s / r)² in place of s². It moves each weight by the rate a step, so the layer's output by up to rate · Σ r.

## When it is wrong
Correlated columns are worse than this says, and trees and embeddings do not care; a model that normalises its input
itself is left alone. Inputs of great scale are noted, and warned of only where little was learned: another fault may
have been the reason.

## What to do
Standardise with the training set's numbers: `x = (x - x_train.mean(0)) / x_train.std(0)`; divide pixels by 255; or put
a batch norm first.

## References
Y. LeCun, L. Bottou, G. Orr, K.-R. Müller, *Efficient BackProp* (1998), sections 4.3 and 5. Y. Nesterov, *Lectures on
convex optimization* (2018), theorem 2.1.15.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import (
    CannotTell,
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    fooled,
    healthy,
    sick,
)
from tearless.core.picture import Picture
from tearless.readers.training.learnt import against_constant
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Op, Tensor
from tearless.statistics.input_scale import Cost, for_gradient_descent, for_scaled_descent, moments_over_batches
from tearless.statistics.run_pictures import of_inputs

MEND = Mend.data
SYMPTOM_OF = ("constant-input", "no-update", "no-gradient", "gradient-ascent", "missing-zero-grad", "labels-unrelated")

STRAINED = Limit(
    of="strain",
    at=1,
    unit="times",
    kind="derived",
    severity=Severity.note,
    because="At 1 the run is as long as the median column takes at the best rate there is, or one step moves the first "
    "layer as far as it safely may.",
)
TOO_MUCH = Limit(
    of="strain",
    at=1,
    unit="times",
    kind="derived",
    severity=Severity.warning,
    because="The same: below 1 the scale of the inputs is no reason for what the run did not learn.",
)
LITTLE_LEARNED = Limit(
    of="gained",
    at=0.75,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A run that removes three quarters of a constant guess's loss was not kept from learning. No theorem "
    "singles out the number.",
)

HEADLINE = "inputs are not scaled: columns have means up to {mean} and spreads from {least} to {most}"
EVIDENCE = (
    "at this scale {optimizer} is strained {strain} times what {steps} steps can bear; the loss came "
    "{gained} below a constant guess's"
)
WHY = (
    "the loss is a valley {condition} times as steep across as along: a rate that is safe across it learns little along"
)
DO = "standardise with the training set's numbers, `x = (x - x_train.mean(0)) / x_train.std(0)`, or batch norm first"

NORMS = {"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm", "normalize"}
VIEWS = {"view", "reshape", "flatten", "unsqueeze", "squeeze", "permute", "transpose", "to", "float", "contiguous"}
USUAL = 0.1
USUAL_SCALED = 1e-3
"""Rates that are usual: what only a larger or a smaller rate makes hard is not the inputs' fault."""
SCALED = ("adam", "rmsprop", "adagrad", "adadelta", "adamax", "lion", "rprop")


def measure(run: Run) -> Iterator[Measured]:
    tensors = _tensors(run)
    if not tensors or not run.optimizers or not run.graphs:
        raise CannotTell("the means and spreads of a model's inputs are needed, and the optimiser's rate")
    layer = _first_layer(next(iter(run.graphs.values())))
    m, s = moments_over_batches(tensors)
    optimizer = run.optimizers[0]
    group = optimizer.groups[0] if optimizer.groups else {}
    rate = float(np.nanmax(run.rates)) if np.isfinite(run.rates).any() else float(group.get("lr") or 0.0)
    width = _width(layer, len(m))
    cost: Cost
    if "lbfgs" in optimizer.name.lower():
        raise NotApplicable("L-BFGS learns the scale of the inputs by itself")
    if any(name in optimizer.name.lower() for name in SCALED):
        cost = for_scaled_descent(m, s, width, USUAL_SCALED)
    else:
        cost = for_gradient_descent(m, s, width, min(rate, USUAL), float(group.get("momentum") or 0.0))
    steps = max(run.counts.steps, len(run.losses), 1)
    varying = s[s > 0]
    yield Measured(
        (),
        {
            "strain": Number(max(cost.steps / steps, cost.reach), "times", "the larger of the steps that the median "
                             "column takes over those of the run, and the reach of one step over the safe one"),
            "gained": Number(against_constant(run).gained, "share", "of a constant guess's loss, what was removed"),
            "mean": Number(float(np.abs(m).max()), "1", "largest mean of a column, without its sign"),
            "least": Number(float(varying.min()) if len(varying) else 0.0, "1", "smallest spread of a column"),
            "most": Number(float(s.max()), "1", "largest spread of a column"),
            "condition": Number(cost.condition, "1", "largest curvature over the median column's"),
            "steps": Number(steps, "steps", "steps of the run"),
            "rate": Number(rate, "1", "largest rate"),
        },
        words={"optimizer": optimizer.name or "the optimiser"},
    )  # fmt: skip


def picture(measured: Measured, run: Run) -> Picture:
    return of_inputs(measured, *moments_over_batches(_tensors(run)))


def _tensors(run: Run) -> list[Tensor]:
    return [g.inputs[0] for g in run.given if g.used and g.gradients and g.inputs and g.inputs[0].stds]


def _width(layer: Op, columns: int) -> float:
    """How many inputs the layer's first matrix or kernel has."""
    shapes = [shape for x, shape in zip(layer.inputs, layer.given, strict=False) if str(x).startswith("parameter")]
    return float(next((np.prod(shape[1:]) for shape in shapes if len(shape) > 1), columns))


def _first_layer(graph: Graph) -> Op:
    """The op with parameters that takes the input as it is. Raises ``NotApplicable`` where it is normalised."""
    same: set[int | str] = {"input"}
    for op in graph.ops:
        if not op.inputs or op.inputs[0] not in same:
            continue
        if op.function in VIEWS:
            same.add(op.op)
        elif op.function in NORMS:
            raise NotApplicable("the model normalises its input itself")
        elif any(isinstance(x, str) and x.startswith("parameter") for x in op.inputs):
            if any(o.function in NORMS and op.op in o.inputs for o in graph.ops):
                raise NotApplicable("the first layer is normalised right after")
            return op
    raise NotApplicable("no layer takes the input as it is given: it is embedded, scaled or shifted before")


@healthy
def standardised(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def raw_and_normalised_in_the_model(rng: np.random.Generator) -> Example:
    entries = _raw(healthy_run(rng), 2000.0)
    of_kind(entries, "graph")[0]["ops"][0]["function"] = "batch_norm"
    return as_example(_stuck(entries))


@sick
def years_that_stop_it(rng: np.random.Generator) -> Example:
    return as_example(_stuck(_raw(healthy_run(rng), 2000.0)))


@sick
def years_in_spite_of_which_it_learns(rng: np.random.Generator) -> Example:
    return as_example(_raw(healthy_run(rng), 2000.0))


@fooled("fires", "inputs of great scale are blamed for what another fault kept from being learned")
def labels_that_do_not_fit(rng: np.random.Generator) -> Example:
    return as_example(_stuck(_raw(healthy_run(rng), 2000.0)))


def _raw(entries: list[dict[str, object]], mean: float) -> list[dict[str, object]]:
    for entry in of_kind(entries, "given"):
        entry["inputs"][0] |= {"means": [mean] * 20, "stds": [5.0] * 20}
    return entries


def _stuck(entries: list[dict[str, object]]) -> list[dict[str, object]]:
    for entry in of_kind(entries, "loss"):
        entry["value"] = 1.09
    losses = of_kind(entries, "losses")[0]
    losses["values"] = [1.09] * len(losses["values"])
    return entries
