"""This checkpoint is in half precision, and most of its next steps would be rounded away.

## What it measures
The share of weights in bfloat16 or float16, over those that ever had a gradient, for which Adam's step along its own
average gradient is below half an ulp of the weight. The rate is the highest that the optimiser knows of.

## Why it matters
Such a step leaves the weight as it is, and so does the next: the weight stands still however long training goes on.
The loss then stops falling at a level that a run with float32 weights goes below.

## The mathematics
Adam's step is η·m̂/(√v̂ + ε), with m̂ and v̂ the corrected averages that the checkpoint holds. A number w with d binary
digits, 2^(e−1) ≤ |w| < 2^e, has neighbours 2^(e−d) away; w + δ rounds to w where |δ| < 2^(e−d−1). For bfloat16 d = 8:
steps below 0.2 to 0.4 % of the weight are lost, where healthy steps are about 0.1 % of it.

## When it is wrong
An optimiser that rounds at random, or carries the error along (Kahan), moves such weights in the mean. The checkpoint
does not tell. Where the averages are kept in float32 a copy of the weights may be as well, and nothing is said.

## What to do
Keep the weights in float32 and compute under `torch.autocast`.

## References
P. Zamirai et al., *Revisiting BFloat16 Training* (2020), arXiv 2010.06192.
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
    visible,
)
from tearless.readers.training.left import checkpoints, kept, made_checkpoints
from tearless.readers.training.made import Entries, as_example, of_kind
from tearless.readers.training.run import Run

MEND = Mend.numerics
SYMPTOM_OF = ("nan-weights",)
HALF = ("bfloat16", "float16")

MOST = Limit(
    of="lost",
    at=0.5,
    unit="share",
    kind="derived",
    severity=Severity.warning,
    because="With more than half of the steps lost, the weights that stand still outnumber those that learn.",
)

HEADLINE = "{lost} of the steps would be rounded away: the weights of {checkpoint} are {dtype}"
EVIDENCE = "{lost} of {live} weights would take a step below half an ulp at a rate of {rate}"
WHY = "a step below half an ulp leaves the weight as it is, and the next one is lost again"
DO = "keep the weights in float32 (drop `.to(torch.{dtype})`) and compute under `torch.autocast`"


def measure(run: Run) -> Iterator[Measured]:
    last = checkpoints(run)[-1]
    if not any(tensor["dtype"] in HALF for tensor in last["tensors"]):
        raise NotApplicable("no weights of the checkpoint are in half precision")
    told = [one for one in kept(run) if one.get("dtype") in HALF and one.get("state_dtype") in HALF]
    live = sum(one["live"] for one in told)
    if not live:
        raise CannotTell("the averages of Adam in half precision, as many as weights, are not in the checkpoint")
    lost = sum(one["lost"] * one["live"] for one in told) / live
    yield Measured(
        (),
        {
            "lost": Number(lost, "share", "weights whose step is below half an ulp"),
            "live": Number(live, "numbers", "weights that ever had a gradient"),
            "rate": Number(max(one["rate"] for one in told), "1", "the highest learning rate it knows of"),
        },
        words={"checkpoint": visible(str(last["name"]), 40), "dtype": str(told[0]["dtype"])},
    )


def _half(rng: np.random.Generator, low: float, high: float) -> Entries:
    entries = made_checkpoints(rng)
    last = of_kind(entries, "checkpoint")[-1]
    for tensor in last["tensors"]:
        tensor["dtype"] = "bfloat16"
    for one in last["optimizers"][0]["parameters"]:
        one |= {"dtype": "bfloat16", "state_dtype": "bfloat16", "lost": float(rng.uniform(low, high))}
    return entries


@healthy
def most_arrive(rng: np.random.Generator) -> Example:
    return as_example(_half(rng, 0.0, 0.2))


@sick
def most_are_lost(rng: np.random.Generator) -> Example:
    return as_example(_half(rng, 0.7, 0.99))


@fooled("fires", "an optimiser that rounds at random moves these weights in the mean; the checkpoint does not tell")
def rounded_at_random(rng: np.random.Generator) -> Example:
    return as_example(_half(rng, 0.9, 0.95))
