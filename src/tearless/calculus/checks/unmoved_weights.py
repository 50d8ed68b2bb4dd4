"""This run has weights that did not move between two checkpoints.

## What it measures
The tensors of the last two checkpoints that are the same to the bit in both, of those that both have with one shape and
type; buffers that count or average are left out.

## Why it matters
Training moves every weight that has a gradient. Where all stand still over hundreds of steps, nothing was learned in
between, whatever the loss printed: the optimiser holds other tensors, or none of its steps was taken.

## The mathematics
A step adds −η·d to a weight, where d is 0 only where the gradient and the optimiser's average of it are 0, or rounds
away where it is below half an ulp. Over many steps neither happens to every number of a tensor that learns, so equality
of all numbers shows that the tensor was not trained. The test is exact.

## When it is wrong
The same weights may have been saved twice under two steps, as a run does that had ended already. Tensors frozen on
purpose are the same in both: where some moved and some did not, this is a note.

## What to do
Make the optimiser after the model is moved and wrapped, from `model.parameters()`, and run the script under
`tearless watch`: it names the reason.

## References
PyTorch documentation, *torch.optim*, "Constructing it".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick, visible
from tearless.readers.training.left import last_move, made_checkpoints
from tearless.readers.training.made import Entries, as_example, of_kind
from tearless.readers.training.run import Run

MEND = Mend.contract
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")

ALL = Limit(
    of="unmoved",
    at=lambda tensors: tensors,
    unit="tensors",
    kind="derived",
    severity=Severity.error,
    because="Where no tensor moved at all over the steps between, none was trained.",
)
STEPS = Limit(
    of="steps",
    at=1,
    unit="steps",
    kind="derived",
    severity=Severity.error,
    because="Only between checkpoints of different steps must something have moved; one that was copied is the same.",
)
SOME = Limit(
    of="unmoved",
    at=1,
    unit="tensors",
    kind="convention",
    severity=Severity.note,
    because="Part of a model may be frozen on purpose, so that one tensor that stands still is worth knowing, no more.",
)

HEADLINE = "{unmoved} of {tensors} tensors are the same to the bit in {first} and {second}, {tensor} among them"
EVIDENCE = "{steps} steps lie between; the others moved by a median of {moved} of their norm"
WHY = "a weight that has a gradient moves: what stands still was not trained"
DO = "unless it is frozen on purpose, make the optimiser from `model.parameters()` after the model has its final form"


def measure(run: Run) -> Iterator[Measured]:
    pair = last_move(run)
    told = [t for t in pair["tensors"] if str(t["name"]).rsplit(".", 1)[-1] not in STATISTICS]
    still = [t for t in told if t["same"] == 1]
    sizes = [t["change"] / t["weight"] for t in told if t["same"] < 1 and t["weight"] > 0]
    steps = pair.get("steps")
    yield Measured(
        (),
        {
            "unmoved": Number(len(still), "tensors", "tensors that are the same to the bit"),
            "tensors": Number(max(1, len(told)), "tensors", "tensors that both checkpoints have"),
            "steps": Number(0 if steps is None else steps, "steps", "steps between them, 0 where they do not say"),
            "moved": Number(float(np.median(sizes)) if sizes else 0.0, "share", "change by norm, median of the others"),
        },
        words={
            "first": visible(str(pair["first"]), 40),
            "second": visible(str(pair["second"]), 40),
            "tensor": visible(str(still[0]["name"]), 60) if still else "none",
        },
    )


def _still(rng: np.random.Generator, count: int) -> Entries:
    entries = made_checkpoints(rng)
    for tensor in of_kind(entries, "moved")[0]["tensors"][:count]:
        tensor |= {"same": 1.0, "change": 0.0}
    return entries


@healthy
def all_moved(rng: np.random.Generator) -> Example:
    return as_example(made_checkpoints(rng))


@sick
def none_moved(rng: np.random.Generator) -> Example:
    return as_example(_still(rng, 7))


@sick
def the_first_layers_frozen(rng: np.random.Generator) -> Example:
    return as_example(_still(rng, 4))


@fooled("fires", "one state saved under the same step twice, as the best and the last; without steps it is but a note")
def saved_twice(rng: np.random.Generator) -> Example:
    entries = _still(rng, 7)
    of_kind(entries, "moved")[0]["steps"] = None
    return as_example(entries)
