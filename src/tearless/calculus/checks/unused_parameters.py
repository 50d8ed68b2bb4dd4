"""This run's optimiser holds parameters that the loss never depends on.

## What it measures
The parameters that learn and that an optimiser holds, that had no gradient at any looked-at step and stood in no
operation that led to the loss.

## Why it matters
They never learn. Usually it is a layer that is defined and not called, or one whose output is dropped: the model is
another one than was meant. In distributed training such parameters stop the run.

## The mathematics
Exact: ∂L/∂w is not computed where L does not depend on w.

## When it is wrong
A part may be used in a later stage, in evaluation only, or belong to a library's model that has more outputs than this
task needs.

## What to do
Call the layer in `forward`, or leave it out of the model or of the optimiser.

## References
PyTorch documentation, *DistributedDataParallel*, find_unused_parameters.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.gradient_reach import gradients, used, without_gradient
from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, listed, sick
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.capacity
SYMPTOM_OF = ("detached-graph", "no-gradient", "gradient-erased", "frozen-parameters")

UNUSED = Limit(
    of="unused",
    at=1,
    unit="parameters",
    kind="derived",
    severity=Severity.note,
    because="A parameter that the loss does not depend on is certainly not trained; whether that was meant, only the "
    "script's author knows.",
)

HEADLINE = "the loss depends on none of {unused} parameters that the optimiser holds: {names}"
EVIDENCE = "{unused} of {parameters} parameters, with {numbers} numbers, stood in no operation before the loss"
WHY = "they stay as they began; a layer that is defined and not called is not part of the model that is trained"
DO = "call them in `forward`, or leave them out"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    if not any(graph.loss is not None for graph in run.graphs.values()):
        raise CannotTell("no looked-at step shows which operations led to its loss")
    needed = {name for graph in run.graphs.values() for name in used(graph)}
    idle = sorted(n for n in without_gradient(run) if n in run.parameters and n not in needed)
    yield Measured(
        (),
        {
            "unused": Number(len(idle), "parameters", "parameters in no operation that led to the loss"),
            "parameters": Number(len(gradients(run)), "parameters", "parameters of the looked-at steps"),
            "numbers": Number(sum(run.parameters[n].values for n in idle), "1", "numbers in them"),
        },
        words={"names": listed(idle, 3)},
    )


def _dropped(entries: Entries, later: bool = False) -> Entries:
    """The last layer but one is not called."""
    ops = of_kind(entries, "graph")[0]["ops"]
    ops[2]["inputs"] = [1, "data"]
    for i, step in enumerate(of_kind(entries, "step")):
        if not (later and i > 8):
            step["gradient"][2:4], step["update"][2:4] = [None, None], [0.0, 0.0]
    return entries


@healthy
def all_used(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def used_later(rng: np.random.Generator) -> Example:
    return as_example(_dropped(healthy_run(rng), later=True))


@sick
def never_called(rng: np.random.Generator) -> Example:
    return as_example(_dropped(healthy_run(rng)))


@fooled("fires", "a library's model with an output that this task does not need: a note, and nothing is lost")
def spare_output(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    _dropped(entries)
    of_kind(entries, "model")[0]["model"] = "EncoderWithPooler"
    return as_example(entries)
