"""This run has nan among its targets.

## What it measures
The nan in the targets of the losses in training, counted at the looked-at steps; and whether loss or gradients were
finite from there on.

## Why it matters
One missing target makes the mean loss of its batch nan, every gradient nan, and after one step every weight. A weight
of 0 on that sample does not help: 0 · nan = nan.

## The mathematics
A mean over N samples holds 1/N of each: nan/N is nan. In (f − y)² the slope 2(f − y) is nan for that sample: taking it
out after the square (`where(ok, (f − y)², 0)`) leaves the gradient 0 · nan = nan. It must be out before: select the
samples, or put a number in y first.

## When it is wrong
A loss that selects the known targets first (`ok = ~y.isnan()`) is given nan on purpose. Then loss and gradients stay
finite, and it is said as a note.

## What to do
Drop the samples without a target, or select them before the loss: `loss_fn(out[ok], y[ok])`.

## References
IEEE Standard for Floating-Point Arithmetic, IEEE 754-2019, sections 6.1 and 6.2. R. J. A. Little, D. B. Rubin,
*Statistical Analysis with Missing Data*, 3rd ed., Wiley 2019, chapter 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.bad_data_of_a_run import in_targets
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

HEADLINE = "{count} nan among the targets at step {step}{columns}{result}"
EVIDENCE = "{count} of {size} numbers, in {times} of {looked} looked-at batches"
WHY = "nan/N is nan: one missing target makes the mean loss, every gradient and then every weight nan"
DO = "leave these samples out before the loss{place}: `ok = ~y.isnan()`, then `loss_fn(output[ok], y[ok])`"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    found = in_targets(run, "nan")
    columns = f", in {found.columns:,} of {found.width:,} columns" if found.columns else ""
    yield Measured(
        (),
        {
            "count": Number(found.count, "numbers", "nan in the first such batch, or in the first product of it"),
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
    for loss in of_kind(entries, "loss"):
        loss["target"] |= {"nan": 3, "dtype": "float32", "counts": {}}
    return as_example(entries)


@sick
def left_out_by_the_script(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for loss in of_kind(entries, "loss"):
        if loss["step"] >= 6:
            loss["target"] |= {"nan": 2}
    return as_example(entries)


@sick
def seen_by_the_difference(rng: np.random.Generator) -> Example:
    entries = [one for one in _broken(healthy_run(rng)) if one["kind"] != "loss"]
    of_kind(entries, "graph")[0]["ops"][5] |= {"function": "sub", "inputs": [4, "data"]}
    for values in of_kind(entries, "values"):
        values["nan"] = [*values["nan"][:5], 3.0]
    return as_example(entries)


@fooled("silent", "a rare one in a batch that was not looked at is not seen, and only the loss tells that it was there")
def between_looks(rng: np.random.Generator) -> Example:
    return as_example(_broken(healthy_run(rng), at=50))
