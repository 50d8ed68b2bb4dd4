"""This run's gradient becomes infinite while its loss is a number.

## What it measures
The first looked-at step at which the loss is finite and a gradient, as the optimiser gets it, holds infinite numbers
and no nan. And the function at which that begins: the last one on the way back whose own gradient was finite still.
Steps that a gradient scaler leaves out are not counted.

## Why it matters
The printed loss looks well, and one step later every weight is lost. The line that is to blame is not the one that the
traceback or the print shows.

## The mathematics
The chain rule multiplies slopes. √x has the slope 1/(2√x), infinite at 0, and so have x^p for p < 1 and arccos at ±1,
though their values are finite there; ln x has 1/x. Times a gradient other than 0 that is infinite, and so is every
weight before it after one step, or nan where Adam divides ∞ by ∞. Slopes that are finite each can overflow together:
beyond 3.4e38 in float32, 65504 in float16.

## When it is wrong
A script that throws such gradients away by itself (`torch.nan_to_num` on each of them before the step) is not lost.

## What to do
Keep the function away from the point: `torch.sqrt(x + 1e-8)`, `x.clamp_min(1e-8) ** p`; put the safe number in before
the function, `torch.sqrt(torch.where(ok, x, 1.0))`, and not after it.

## References
W. Rudin, *Principles of Mathematical Analysis*, 3rd ed., McGraw-Hill 1976, theorem 5.5 (chain rule). A. Griewank,
A. Walther, *Evaluating Derivatives*, 2nd ed., SIAM 2008, section 3.2 (reverse mode).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Severity, fooled, healthy, sick
from tearless.linear_algebra.break_of_a_run import ORDERS
from tearless.linear_algebra.gradient_of_a_run import first_hurt, measured, spoilt_run
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.numerics
SYMPTOM_OF = (
    "nan-in-input",
    "inf-in-input",
    "nan-in-target",
    "log-of-zero",
    "precision-overflow",
    "gradient-ascent",
    "missing-zero-grad",
    "learning-rate-too-high",
    "momentum-too-high",
    "exploding-gradient",
    "exploding-activation",
    "bad-init",
    "unscaled-input",
    "unscaled-target",
)

BROKEN = Limit(
    of="numbers",
    at=1,
    unit="numbers",
    kind="derived",
    severity=Severity.warning,
    because="One number of a gradient that is not finite spoils its weight at the next step, and with it the loss.",
)
OF_ITSELF = Limit(
    of="grown",
    at=ORDERS,
    unit="times",
    kind="convention",
    severity=Severity.error,
    crossed="below",
    because="Where nothing had grown a hundredfold before, neither the run nor its gradient on the way back had run "
    "away: then the fault begins at this step. A function that is steep without end counts as grown by nothing.",
)
LOST = Limit(
    of="numbers",
    at=1,
    unit="numbers",
    kind="derived",
    severity=Severity.error,
    because="One number that is not finite is enough: w − η · nan is nan, and the next loss takes it over.",
)

HEADLINE = "the gradient is infinite at step {step}, while the loss is a number{origin}"
EVIDENCE = "{numbers} numbers in the gradients of {parameters} are not finite; before, the run had grown {grown} times"
WHY = "{why}"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    hurt = first_hurt(run)
    yield measured(hurt if hurt is not None and hurt.nan is False else None)


@healthy
def finite_throughout(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def step_left_out_by_a_scaler(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "step")[0] |= {"bad": [3] * 6, "skipped": True}
    return as_example(entries)


@sick
def root_at_zero(rng: np.random.Generator) -> Example:
    return as_example(spoilt_run(rng, math.inf, 1.0))


@sick
def run_away_on_the_way_back(rng: np.random.Generator) -> Example:
    entries = spoilt_run(rng, math.inf, 1e30)
    of_kind(entries, "graph")[0]["ops"][3]["function"] = "tanh"
    return as_example(entries)


@fooled("fires", "a script may replace such numbers in the gradients by a way that the watch does not see")
def replaced_by_the_script(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "step")[5] |= {"bad": [1] + [0] * 5, "gradient": [math.inf] * 6}
    return as_example(entries)
