"""This model gives every sample the same output: what it is given makes no difference.

## What it measures
The share of the output's columns with one value over all samples of a batch, at each looked-at step of the second half:
the least of them.

## Why it matters
A model whose output does not depend on its input can at best give the most frequent class, or the mean.

## The mathematics
If f(x) = c for all x, the loss is least where c is the best constant, and ∂f/∂x = 0. The comparison is exact, to the
bit: a single unit that passes on a trace of the input makes columns differ.

## When it is wrong
Batches of one repeated sample have one output rightly; that is then the finding on the input. Columns that no sample
needs may be constant: all of them have to be.

## What to do
Look for what cuts the input off: dead or saturated layers, weights of 0, an input that is constant.

## References
K. He, X. Zhang, S. Ren, J. Sun, *Delving deep into rectifiers*, ICCV 2015, section 2.2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.units import at
from tearless.core import Example, Limit, Measured, Mend, NotApplicable, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.layers_of_a_run import heights, late, plain, rows, through_views
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Graph, Op

MEND = Mend.capacity
SYMPTOM_OF = (
    "constant-input", "softmax-over-batch", "symmetric-init", "bad-init", "dead-units", "saturated-units",
    "vanishing-gradient", "learning-rate-too-high", "weight-decay-too-strong", "unscaled-input",
)  # fmt: skip

ALL_THE_SAME = Limit(
    of="constant",
    at=1.0,
    unit="share",
    kind="derived",
    severity=Severity.error,
    because="When every column has one value over all samples, to the bit, the output is a constant: nothing of the "
    "input is left in it.",
)
BATCH = Limit(
    of="samples",
    at=4,
    unit="samples",
    kind="convention",
    because="Two or three samples may agree by chance where outputs are clipped or rectified; more hardly do.",
)

HEADLINE = "the output is the same for every sample: {constant} of its columns have one value late in the run"
EVIDENCE = "{samples} samples a batch, {looks} looked-at steps, output of {where}"
WHY = "what the model is given makes no difference: it can at best learn the most frequent answer"
DO = "look at the layers before {where}: find the first whose output is the same for all samples and mend it"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    ends = late(run.values, max((values.step for values in run.values), default=0))
    found: list[tuple[float, Op]] = []
    for values in ends:
        graph = run.graphs.get(values.graph)
        op = _output(graph) if graph is not None else None
        if graph is None or op is None:
            continue
        still = at(values.still, next(i for i, one in enumerate(graph.ops) if one.op == op.op))
        if still is not None:
            found.append((still, op))
    if not found:
        raise NotApplicable("no output of samples by columns goes into the loss")
    op = found[-1][1]
    yield Measured(
        (),
        {
            "constant": Number(min(still for still, _ in found), "share", "columns with one value over all samples"),
            "samples": Number(op.shape[0], "samples", "samples in a batch"),
            "looks": Number(len(found), "steps", "looked-at steps of the second half"),
        },
        words={"where": op.label},
    )


def _output(graph: Graph) -> Op | None:
    """The last op with a layer before it, on the way into the loss: its input with views and softmax passed over."""
    ops, above = rows(graph), heights(graph)
    start = ops.get(graph.loss) if graph.loss is not None else None
    while start is not None and not (len(start.shape) >= 2 and start.shape[0] > 1):
        inner = [x for given in start.inputs if isinstance(x := through_views(graph, given), int) and x in ops]
        start = ops[inner[0]] if inner else None
    return start if start is not None and above.get(start.op, 0) == 0 and plain(start) != "mse_loss" else None


def _saying(rng: np.random.Generator, still: float, from_step: int = 1) -> Entries:
    entries = healthy_run(rng)
    for values in of_kind(entries, "values"):
        if values["step"] >= from_step:
            values["still"][4] = still
    return entries


@healthy
def differs_by_sample(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def constant_at_first_only(rng: np.random.Generator) -> Example:
    entries = _saying(rng, 1.0)
    for values in of_kind(entries, "values"):
        values["still"][4] = 1.0 if values["step"] < 3 else 0.0
    return as_example(entries)


@healthy
def two_samples_a_batch(rng: np.random.Generator) -> Example:
    entries = _saying(rng, 1.0)
    of_kind(entries, "graph")[0]["ops"][4]["shape"] = [2, 3]
    return as_example(entries)


@sick
def the_same_for_all(rng: np.random.Generator) -> Example:
    return as_example(_saying(rng, 1.0))


@sick
def cut_off_in_training(rng: np.random.Generator) -> Example:
    return as_example(_saying(rng, 1.0, from_step=20))


@fooled("silent", "the outputs differ in their last bits alone, which is as good as a constant")
def all_but_the_same(rng: np.random.Generator) -> Example:
    return as_example(_saying(rng, 0.9))
