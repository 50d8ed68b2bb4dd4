"""This checkpoint has parameters in the optimiser that never had a gradient.

## What it measures
The parameters of the optimiser that have no state, while others of the same optimiser have one.

## Why it matters
PyTorch's optimisers make a parameter's state at its first step with a gradient. One without a state was never stepped:
it is what it was drawn or loaded as.

## The mathematics
No threshold: the state of Adam (averages of g and g²) exists from the first step at which the gradient is not `None`.
Its absence shows that each step so far skipped the parameter.

## When it is wrong
A parameter frozen on purpose (`requires_grad_(False)`) that was handed to the optimiser with all others has no state
either, and part of a model may not be reached in the task at hand. So this is a note. Plain gradient descent keeps no
state at all, and then nothing is said.

## What to do
If it should learn: look for a detached path or a frozen flag, or run the script under `tearless watch`.

## References
PyTorch documentation, *torch.optim.Optimizer.state_dict*.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import (
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
    visible,
)
from tearless.readers.training.left import kept, made_checkpoints
from tearless.readers.training.made import Entries, as_example, of_kind
from tearless.readers.training.run import Run

MEND = Mend.contract
SYMPTOM_OF = ("unmoved-weights",)

ANY = Limit(
    of="stateless",
    at=1,
    unit="parameters",
    kind="derived",
    severity=Severity.note,
    because="A state is made at the first step with a gradient: a parameter without one was never stepped.",
)

HEADLINE = "{stateless} of {parameters} parameters in the optimiser never had a gradient, the first is {parameter}"
EVIDENCE = "{stateless} of {parameters} have no state, and the others have one"
WHY = "they are what they were drawn or loaded as: no step has reached them"
DO = "if they should learn, look for `requires_grad_(False)`, `detach()` or a part of the model that is not called"


def measure(run: Run) -> Iterator[Measured]:
    told = kept(run)
    without = [one for one in told if not one["state"]]
    if len(without) == len(told):
        raise NotApplicable("this optimiser keeps no state")
    yield Measured(
        (),
        {
            "stateless": Number(len(without), "parameters", "parameters without a state"),
            "parameters": Number(len(told), "parameters", "parameters that the optimiser holds"),
        },
        words={"parameter": visible(str(without[0]["name"]), 60) if without else "none"},
    )


def _without(rng: np.random.Generator, count: int) -> Entries:
    entries = made_checkpoints(rng)
    for one in of_kind(entries, "checkpoint")[-1]["optimizers"][0]["parameters"][:count]:
        one["state"] = False
    return entries


@healthy
def all_stepped(rng: np.random.Generator) -> Example:
    return as_example(made_checkpoints(rng))


@sick
def cut_off(rng: np.random.Generator) -> Example:
    return as_example(_without(rng, int(rng.integers(1, 5))))


@fooled("fires", "layers frozen on purpose and handed to the optimiser with the others have no state either")
def frozen_on_purpose(rng: np.random.Generator) -> Example:
    return as_example(_without(rng, 2))
