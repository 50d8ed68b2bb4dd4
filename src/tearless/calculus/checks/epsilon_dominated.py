"""This checkpoint has Adam's ε in place of the gradients' scale.

## What it measures
The share of weights, over those that ever had a gradient, whose root of v̂ (Adam's corrected average of g²) is below ε.

## Why it matters
Adam divides by √v̂ + ε to make steps of one size for small and large gradients. Where ε is the larger of the two it sets
the divisor: such weights take steps in proportion to their tiny gradients and barely move.

## The mathematics
The step is η·m̂/(√v̂ + ε). For √v̂ = ε it is half of what it would be without ε; for √v̂ = ε/9 a tenth. As |m̂| is about
√v̂ for a steady gradient, the step is at most η/2 where √v̂ ≤ ε. Values of v̂ that are exactly 0 are left out: such a
weight never had a gradient.

## When it is wrong
A run that has converged, or a bias before a batch norm, has gradients of 0 up to rounding, and there is nothing left to
learn. So this is a note.

## What to do
Make ε smaller (`eps=1e-14` in float32), or make the loss larger, as a mean over fewer terms is.

## References
M. Wortsman et al., *Small-scale proxies for large-scale Transformer training instabilities* (2023), arXiv 2309.14322.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick, visible
from tearless.readers.training.left import kept, made_checkpoints
from tearless.readers.training.made import Entries, as_example, of_kind
from tearless.readers.training.run import Run

MEND = Mend.optimiser
SYMPTOM_OF = ("nan-weights", "vanishing-gradient", "precision-underflow")

MOST = Limit(
    of="below",
    at=0.5,
    unit="share",
    kind="derived",
    severity=Severity.note,
    because="Where √v̂ ≤ ε a steady gradient's step is at most half of the rate; above one half, most weights are so.",
)

HEADLINE = "for {below} of the weights ε is larger than the gradients: Adam's steps are less than half as long there"
EVIDENCE = "√v̂ below ε = {eps} for {below} of {live} weights, most of all in {parameter}"
WHY = "the divisor √v̂ + ε is then ε, so that tiny gradients make tiny steps, which Adam is there to avoid"
DO = "if these weights should still learn, give the optimiser a smaller ε: `eps={smaller}`"


def measure(run: Run) -> Iterator[Measured]:
    told = [one for one in kept(run) if one.get("live")]
    live = sum(one["live"] for one in told)
    if not live:
        raise CannotTell("the averages of Adam are not in the checkpoint")
    eps = max(one["eps"] for one in told)
    below = sum(one["below_eps"] * one["live"] for one in told) / live
    most = max(told, key=lambda one: one["below_eps"])
    yield Measured(
        (),
        {
            "below": Number(below, "share", "weights whose root of v̂ is below ε"),
            "live": Number(live, "numbers", "weights that ever had a gradient"),
            "eps": Number(eps, "1", "the optimiser's ε"),
        },
        words={"parameter": visible(str(most["name"]), 60), "smaller": f"{eps * 1e-6:.0e}"},
    )


def _below(rng: np.random.Generator, low: float, high: float) -> Entries:
    entries = made_checkpoints(rng)
    for one in of_kind(entries, "checkpoint")[-1]["optimizers"][0]["parameters"]:
        one["below_eps"] = float(rng.uniform(low, high))
    return entries


@healthy
def well_above(rng: np.random.Generator) -> Example:
    return as_example(_below(rng, 0.0, 0.1))


@sick
def well_below(rng: np.random.Generator) -> Example:
    return as_example(_below(rng, 0.6, 1.0))


@fooled("fires", "a run that has converged has tiny gradients everywhere, and nothing left to learn")
def converged(rng: np.random.Generator) -> Example:
    return as_example(_below(rng, 0.8, 0.9))
