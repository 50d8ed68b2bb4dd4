"""This checkpoint has channels whose running variance is next to 0, or beyond what half precision holds.

## What it measures
The smallest and the largest running variance of every batch norm in the newest checkpoint.

## Why it matters
Batch norm divides by the root of the running variance plus 1e-5. Where the variance is far below that, the channel was
constant in training; an input that moves it at evaluation comes out up to 316 times larger. Where the spread is beyond
65,504, half precision holds no such value.

## The mathematics
y = γ(x − μ)/√(v + ε) + β. As v → 0 the gain tends to γ/√ε, which is 316γ at PyTorch's ε = 1e-5: a deviation of 0.01
becomes 3.2. The largest float16 is 65,504, so a channel of standard deviation √v above it overflows at one deviation.

## When it is wrong
Channels die in healthy networks too (a ReLU before them closes, weight decay empties them), and a dead channel does no
harm as long as it stays dead. So this is a note.

## What to do
Look at the layer before: a channel that is constant over the training set may be a dead unit or a constant input.

## References
S. Ioffe and C. Szegedy, *Batch Normalization*, ICML (2015), section 3.1.
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
from tearless.readers.training.left import checkpoints, made_checkpoints
from tearless.readers.training.made import as_example, of_kind
from tearless.readers.training.run import Run

MEND = Mend.capacity
SYMPTOM_OF = ("nan-weights", "dead-units", "constant-input", "exploding-activation")
EPS = 1e-5
LARGEST = 65_504.0

STILL = Limit(
    of="doubt",
    at=1,
    unit="norms",
    kind="derived",
    severity=Severity.note,
    because="At a variance below a hundredth of ε = 1e-5 the gain is that of a variance of 0 within half a percent; "
    "at a spread above 65,504 one standard deviation overflows float16: outside of both the formula is well-behaved.",
)

HEADLINE = "{doubt} of {norms} batch norms have running variances next to 0 or beyond float16: the first is {tensor}"
EVIDENCE = "running variances from {low} to {high}"
WHY = "a channel that stood still in training is made up to 316 times larger when an input moves it"
DO = "look at what comes into {tensor}: print its running_var and the share of zeros of the layer before it"


def measure(run: Run) -> Iterator[Measured]:
    told = checkpoints(run)[-1]["tensors"]
    norms = [t for t in told if str(t["name"]).endswith("running_var") and "low" in t]
    if not norms:
        raise NotApplicable("the checkpoint has no running variances")
    odd = [t for t in norms if t["low"] < EPS / 100 or t["high"] > LARGEST**2]
    yield Measured(
        (),
        {
            "doubt": Number(len(odd), "norms", "batch norms with such a channel"),
            "norms": Number(len(norms), "norms", "batch norms in the checkpoint"),
            "low": Number(min(t["low"] for t in norms), "1", "the smallest running variance"),
            "high": Number(max(t["high"] for t in norms), "1", "the largest running variance"),
        },
        words={"tensor": visible(str((odd or norms)[0]["name"]), 60)},
    )


@healthy
def of_unit_scale(rng: np.random.Generator) -> Example:
    return as_example(made_checkpoints(rng))


@sick
def a_still_channel(rng: np.random.Generator) -> Example:
    entries = made_checkpoints(rng)
    of_kind(entries, "checkpoint")[-1]["tensors"][-1]["low"] = float(rng.uniform(0, 1e-9))
    return as_example(entries)


@sick
def a_huge_channel(rng: np.random.Generator) -> Example:
    entries = made_checkpoints(rng)
    of_kind(entries, "checkpoint")[-1]["tensors"][-1]["high"] = float(rng.uniform(1e10, 1e12))
    return as_example(entries)


@fooled("fires", "a channel that weight decay has emptied is still and does no harm")
def emptied_by_decay(rng: np.random.Generator) -> Example:
    entries = made_checkpoints(rng)
    of_kind(entries, "checkpoint")[-1]["tensors"][-1]["low"] = 1e-12
    return as_example(entries)
