"""This run gives its model infinite numbers.

## What it measures
The infinite numbers in the tensors that models were given in training, counted at the looked-at steps, with the
columns that hold them; and whether loss or gradients were finite from there on. Data that no model was given are known
by the first product with finite weights that is infinite.

## Why it matters
An infinite cell makes the outputs of its sample infinite or nan, and the loss of the batch with it. After one step
every weight is nan. It mostly comes of a logarithm of 0 or a division by 0 while the data were made.

## The mathematics
Σ_j w_ij x_j with one infinite x_j is ∞ or −∞ by the sign of its weight; with two it may be ∞ − ∞ = nan, and where the
weight is 0, 0 · ∞ = nan. A tanh makes 1 of it, and the run goes on; its gradient by the weight, (1 − 1²) · ∞ = 0 · ∞,
is nan all the same. Infinite data leave infinite products and nan ones do not, which tells the two apart.

## When it is wrong
A model that knows missing values (a mask beside the data, `nan_to_num` in its first line) is given them on purpose.
Then loss and gradients stay finite, and it is said as a note.

## What to do
Find the division or logarithm that made them: `np.log(np.maximum(x, smallest))`, `x / np.maximum(spread, 1e-8)`.

## References
IEEE Standard for Floating-Point Arithmetic, IEEE 754-2019, sections 6.1 and 6.2. R. J. A. Little, D. B. Rubin,
*Statistical Analysis with Missing Data*, 3rd ed., Wiley 2019, chapter 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.bad_data_of_a_run import in_inputs
from tearless.linear_algebra.flow_of_a_run import at_line
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

# before what they spoil: from them every other number that is not finite follows
MEND = Mend.contract

THERE = Limit(
    of="count",
    at=1,
    unit="numbers",
    kind="derived",
    severity=Severity.note,
    because="A single one is enough to spoil a batch; where loss and gradients stay finite the script takes care "
    "of it, and that it is there is worth knowing.",
)
SPOILS = Limit(
    of="spoiling",
    at=1,
    unit="numbers",
    kind="derived",
    severity=Severity.error,
    because="Loss or gradients stop being finite at a step from which such numbers are there: by the rules of "
    "arithmetic one of them is enough for it.",
)

HEADLINE = "{count} infinite numbers in what the model is given at step {step}{columns}{result}"
EVIDENCE = "{count} of {size} numbers, in {times} of {looked} looked-at batches"
WHY = "one such number makes the outputs of its sample, the loss, every gradient and then every weight nan"
DO = (
    "mend where they are made: `x.clamp_min(smallest)` before a logarithm or division, and look with `x.isinf().any(0)`"
)


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    found = in_inputs(run, "inf")
    columns = f", in {found.columns:,} of {found.width:,} columns" if found.columns else ""
    yield Measured(
        (),
        {
            "count": Number(
                found.count, "numbers", "infinite numbers in the first such batch, or in the first product of it"
            ),
            "spoiling": Number(
                found.count if found.spoils else 0, "numbers", "of them, where the run broke from then on"
            ),
            "size": Number(found.size, "numbers", "numbers of that batch"),
            "step": Number(found.step, "1", "the first step at which they came"),
            "times": Number(found.times, "batches", "looked-at batches that hold some"),
            "looked": Number(found.looked, "batches", "batches that were looked at"),
        },
        words={
            "columns": columns or at_line(found.line),
            "place": at_line(found.line),
            "result": ": the run breaks" if found.spoils else "; loss and gradients stay finite",
        },
    )


def _broken(entries: Entries, at: int = 1) -> Entries:
    """The loss is nan from a step on."""
    (losses,) = of_kind(entries, "losses")
    losses["values"][at - 1 :] = [float("nan")] * (len(losses["values"]) - at + 1)
    return entries


@healthy
def finite_numbers(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@sick
def in_every_batch(rng: np.random.Generator) -> Example:
    entries = _broken(healthy_run(rng))
    for given in of_kind(entries, "given"):
        given["inputs"][0] |= {"inf": 3, "means": [float("inf"), *given["inputs"][0]["means"][1:]]}
    return as_example(entries)


@sick
def left_out_by_the_script(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for given in of_kind(entries, "given"):
        if given["step"] >= 6:
            given["inputs"][0] |= {"inf": 2}
    return as_example(entries)


@sick
def data_without_a_model(rng: np.random.Generator) -> Example:
    entries = [one for one in _broken(healthy_run(rng)) if one["kind"] != "given"]
    of_kind(entries, "graph")[0]["ops"][0] |= {"function": "matmul", "module": "", "inputs": ["data", "parameter w1"]}
    for values in of_kind(entries, "values"):
        values["inf"] = [64.0, *values["inf"][1:]]
    return as_example(entries)


@fooled("silent", "a rare one in a batch that was not looked at is not seen, and only the loss tells that it was there")
def between_looks(rng: np.random.Generator) -> Example:
    return as_example(_broken(healthy_run(rng), at=50))
