"""This operation takes arrays that lie on different devices.

## What it measures
The device of every operand of an operation that was refused for it: which operand lies elsewhere than the others.

## Why it matters
The operation raises an error. Nothing is moved between devices unasked, since a silent copy in each step would cost
more than the step.

## The mathematics
None: where numbers lie does not change what they are. Only a tensor of rank 0 on the CPU may meet one on another
device, as a plain number would.

## When it is wrong
Where the library's message names no operand, the odd one is taken to be that which differs from the model's weights, or
from most.

## What to do
Make the model, its inputs and what `forward` creates on one device: `model.to(device)` before the optimiser is made,
`batch.to(device)` in the loop, `torch.zeros(n, device=x.device)` in the model, and `register_buffer` for constants, so
that `model.to` takes them along.

## References
PyTorch documentation, *Tensor Attributes: torch.device*, and *Module.register_buffer*.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.shapes import Operand, Repair
from tearless.linear_algebra.shapes.clash_words import clash_words
from tearless.linear_algebra.shapes.made import product_of
from tearless.linear_algebra.shapes.seen import Seen

MEND = Mend.contract

APART = Limit(
    of="devices",
    at=2,
    unit="devices",
    kind="derived",
    severity=Severity.error,
    because="An operation runs on one device: with operands on two it is refused, whatever their shapes.",
)

HEADLINE = "{says}{place}"
EVIDENCE = "operands on {devices} devices: {law}{origins}"
WHY = "the operation raises an error each time it is reached: nothing is moved between devices unasked"
DO = "{repair}"


def measure(seen: Seen) -> Iterator[Measured]:
    none: list[dict[str, Any] | None] = [None]
    for entry in seen.clashes("device") or none:
        known = {one["device"] for one in entry["operands"] if one["device"]} if entry else {""}
        devices = max(len(known), 2) if entry else 1
        yield Measured(
            (),
            {
                "devices": Number(devices, "devices", "devices that the operands lie on"),
                "operands": Number(len(entry["operands"]) if entry else None, "operands", "operands it takes"),
            },
            words=clash_words(entry or {"clash": None}),
        )


LAW = "all operands of an operation lie on one device"


def _product(x: str, w: str) -> Example:
    one, other = (Operand(n, s, "float32", d, "torch") for n, s, d in (("x", (32, 784), x), ("w", (784, 10), w)))
    repair = Repair("the weights stay where they are", (32, 10), {0: "{}.to(w.device)"})
    return product_of(one, other, "device", f"x lies on {x}, w on {w}: they must lie on one device", LAW, repair)


@healthy
def on_one_device(rng: np.random.Generator) -> Example:
    return _product("cuda:0", "cuda:0")


@sick
def a_batch_left_behind(rng: np.random.Generator) -> Example:
    return _product("cpu", "cuda:0")


@sick
def on_two_cards(rng: np.random.Generator) -> Example:
    return _product("cuda:0", "cuda:1")


@fooled("silent", "what is moved in every step costs time and raises nothing: only an operation that fails is seen")
def a_copy_in_every_step(rng: np.random.Generator) -> Example:
    return _product("cuda:0", "cuda:0")
