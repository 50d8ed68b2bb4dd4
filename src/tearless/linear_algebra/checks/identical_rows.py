"""This checkpoint has a matrix whose rows are all the same.

## What it measures
The matrices of the newest checkpoint whose rows lie within a thousandth of their norm from the mean row, rows of zeros
among them; and of these, the ones that learn: an optimiser keeps a state for them, or they moved since the checkpoint
before.

## Why it matters
Units with the same weights compute the same value and get the same gradient. They are one unit, computed many times,
and stay so: width that is paid for and not used.

## The mathematics
Let rows i and j of W be equal, and the weights that read them too. Then h_i = h_j for every input, so ∂L/∂h_i = ∂L/∂h_j
and ∂L/∂W_i = ∂L/∂W_j: every step keeps them equal, up to the order in which sums are rounded. Only rows drawn apart
(random initial weights) or read apart learn apart. Of k independent rows with mean 0 the spread about the mean row is
√(1 − 1/k) of their norm, at least 0.7; rounding alone keeps it near 1e-7, growing slowly. The limit of a thousandth
lies between the two.

## When it is wrong
Fixed filters (blurring before pooling) are the same in every channel on purpose, and the second factor of a low-rank
adapter begins at 0. Neither learns while it is so, which is why only matrices that learn are a warning.

## What to do
Draw the weights at random, for instance `torch.nn.init.kaiming_uniform_(layer.weight)`.

## References
I. Goodfellow, Y. Bengio and A. Courville, *Deep Learning* (MIT Press, 2016), section 8.4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick, visible
from tearless.readers.training.left import checkpoints, made_checkpoints
from tearless.readers.training.made import as_example, of_kind
from tearless.readers.training.run import Run

MEND = Mend.contract
SYMPTOM_OF = ("nan-weights", "symmetric-init", "no-gradient", "vanishing-gradient")
SPREAD = 1e-3

LEARNS = Limit(
    of="learning",
    at=1,
    unit="matrices",
    kind="derived",
    severity=Severity.warning,
    because="A matrix that was trained and whose rows are still the same is held so by its gradient: equal units get "
    "equal gradients.",
)
SEEN = Limit(
    of="matrices",
    at=1,
    unit="matrices",
    kind="convention",
    severity=Severity.note,
    because="Filters may be equal on purpose, and adapters begin at 0; one such matrix is worth knowing.",
)

HEADLINE = "{matrices} matrices of {checkpoint} have rows that are all the same, {learning} of them learn: {tensor}"
EVIDENCE = "{zero} of the {matrices} hold zeros alone"
WHY = "units with equal weights compute the same and get the same gradient: they stay one unit"
DO = "draw its weights at random: `torch.nn.init.kaiming_uniform_({weight})`, unless it is meant to be fixed"


def measure(run: Run) -> Iterator[Measured]:
    last = checkpoints(run)[-1]
    equal = [tensor for tensor in last["tensors"] if _all_equal(tensor)]
    learning = [tensor for tensor in equal if tensor["name"] in _learns(run, last)]
    first = visible(str((learning or equal)[0]["name"]), 60) if equal else "none"
    yield Measured(
        (),
        {
            "matrices": Number(len(equal), "matrices", "matrices with rows that are the same"),
            "learning": Number(len(learning), "matrices", "those that an optimiser stepped or that moved"),
            "zero": Number(sum(t["zeros"] == 1 for t in equal), "matrices", "those that hold zeros alone"),
        },
        words={"checkpoint": visible(str(last["name"]), 40), "tensor": first, "weight": first},
    )


def _all_equal(tensor: Mapping[str, Any]) -> bool:
    shape = tensor["shape"]
    same = tensor.get("row_spread", 1.0) <= SPREAD and not tensor["nan"] and not tensor["inf"]
    return same and shape[0] > 1 and math.prod(shape[1:]) > 1


def _learns(run: Run, last: Mapping[str, Any]) -> set[str]:
    """Names of what an optimiser stepped on a gradient, or what moved since the checkpoint before."""
    kept = [one for optimizer in last.get("optimizers") or () for one in optimizer["parameters"]]
    moves = run.entries("moved")[-1]["tensors"] if run.entries("moved") else []
    return {one["name"] for one in kept if one.get("live", 0) > 0} | {m["name"] for m in moves if m["same"] < 1}


def _with_equal_rows(rng: np.random.Generator, moved: bool) -> Any:
    entries = made_checkpoints(rng)
    last = of_kind(entries, "checkpoint")[-1]
    last["tensors"][2] |= {"row_spread": float(rng.uniform(0, 1e-5))}
    if not moved:
        last["optimizers"] = []
        of_kind(entries, "moved")[0]["tensors"][2]["same"] = 1.0
    return entries


@healthy
def drawn_apart(rng: np.random.Generator) -> Example:
    return as_example(made_checkpoints(rng))


@sick
def drawn_as_one(rng: np.random.Generator) -> Example:
    return as_example(_with_equal_rows(rng, moved=True))


@fooled("fires", "filters that blur every channel alike are equal on purpose; they do not learn, so it is but a note")
def fixed_filters(rng: np.random.Generator) -> Example:
    return as_example(_with_equal_rows(rng, moved=False))
