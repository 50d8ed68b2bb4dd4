"""This checkpoint holds weights that are nan or infinite.

## What it measures
How many numbers of each tensor in the newest checkpoint are nan or infinite, exactly, over every number.

## Why it matters
Such a model answers nan to every input that reaches the weight, and no further step mends it: each sum that a nan takes
part in is nan, and the optimiser's averages keep it.

## The mathematics
By IEEE 754 every arithmetic operation with a nan gives a nan, so θ − η·g is nan where θ or g is. For infinite θ,
∞ − ∞ and 0·∞ are nan at the next forward pass. One such number is enough; no limit is to be chosen.

## When it is wrong
A mask that is kept beside the weights may hold −∞ on purpose (attention masks as buffers). A tensor of which every
number is 0 or −∞ is taken for one and left out.

## What to do
Load the last checkpoint without such numbers, and find the step at which they came under `tearless watch`.

## References
IEEE Std 754-2019, *Standard for Floating-Point Arithmetic*, section 6.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick, visible
from tearless.readers.training.left import checkpoints, made_checkpoints
from tearless.readers.training.made import as_example, of_kind
from tearless.readers.training.run import Run

MEND = Mend.numerics
SYMPTOM_OF = ("nan-loss", "infinite-gradient", "nan-gradient")

ANY = Limit(
    of="numbers",
    at=1,
    unit="numbers",
    kind="derived",
    severity=Severity.error,
    because="By IEEE 754 a nan stays nan in every sum it takes part in: one is enough to spoil the outputs it reaches.",
)

HEADLINE = "{numbers} weights of {checkpoint} are nan or infinite, the first in {tensor}"
EVIDENCE = "{nan} nan and {inf} infinite numbers in {tensors} of {all} tensors"
WHY = "every output that such a weight reaches is nan, and training on does not mend it"
DO = "go back to {last}, and run the script under `tearless watch` to see the step and the line where they come from"


def measure(run: Run) -> Iterator[Measured]:
    found = checkpoints(run)
    told = [tensor for tensor in found[-1]["tensors"] if "nan" in tensor]
    bad = [tensor for tensor in told if _spoilt(tensor)]
    whole = [c for c in found if not any(_spoilt(t) for t in c["tensors"])]
    nan, inf = (sum(tensor[kind] for tensor in bad) for kind in ("nan", "inf"))
    yield Measured(
        (),
        {
            "numbers": Number(nan + inf, "numbers", "weights that are nan or infinite"),
            "nan": Number(nan, "numbers", "those that are nan"),
            "inf": Number(inf, "numbers", "those that are infinite"),
            "tensors": Number(len(bad), "tensors", "tensors that hold one"),
            "all": Number(len(told), "tensors", "tensors of floating-point numbers"),
        },
        words={
            "checkpoint": visible(str(found[-1]["name"]), 40),
            "tensor": visible(str(bad[0]["name"]), 60) if bad else "no tensor",
            "last": f"`{visible(str(whole[-1]['name']), 40)}`" if whole else "a checkpoint without them",
        },
    )


def _spoilt(tensor: Mapping[str, Any]) -> bool:
    """Whether a tensor holds such numbers and is no mask of zeros and infinities."""
    mask = not tensor.get("nan") and tensor.get("low", 0) == tensor.get("high", 0) == 0
    return bool(tensor.get("nan") or tensor.get("inf")) and not mask


@healthy
def all_finite(rng: np.random.Generator) -> Example:
    return as_example(made_checkpoints(rng))


@sick
def some_nan(rng: np.random.Generator) -> Example:
    entries = made_checkpoints(rng)
    of_kind(entries, "checkpoint")[-1]["tensors"][2] |= {"nan": int(rng.integers(1, 4096)), "inf": 0}
    return as_example(entries)


@sick
def one_infinite(rng: np.random.Generator) -> Example:
    entries = made_checkpoints(rng)
    of_kind(entries, "checkpoint")[-1]["tensors"][0] |= {"inf": 1}
    return as_example(entries)


@fooled("fires", "a buffer that holds infinity beside other numbers on purpose, as some biases of attention do")
def biases_of_attention(rng: np.random.Generator) -> Example:
    entries = made_checkpoints(rng)
    of_kind(entries, "checkpoint")[-1]["tensors"][1] |= {"name": "attn.alibi", "inf": 120}
    return as_example(entries)
