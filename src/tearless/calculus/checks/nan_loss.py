"""This run's loss becomes nan or infinite.

## What it measures
The first step whose loss is not finite, how many are so, and how far loss, weights and updates had grown before. Where
the step was looked at: the first op on the way to the loss that made other than finite numbers of finite ones.

## Why it matters
From that step on every weight is nan, and everything that is printed or saved is worth nothing.

## The mathematics
nan is contagious: x + nan, x · nan and max(x, nan) are nan, so one in the loss is one in each gradient by the chain
rule, and after one step w − η · nan is nan for every weight that the loss depends on. It starts in one of few ways: 0/0
(a mean over nothing, a row that is masked everywhere, a spread of 0), ∞ − ∞ and 0 · ∞ after an overflow, the logarithm
or root of a number below 0, a nan in the data, or weights that grew without end. Growth shows beforehand: a run that
diverges multiplies its loss at each step, one that meets 0/0 does not.

## When it is wrong
A script that leaves out such a step on purpose (`if not loss.isfinite(): continue`) makes no step, and is not meant.

## What to do
Mend what is named here or above it. `torch.autograd.set_detect_anomaly(True)` names the backward op; for a mean over a
mask divide by `mask.sum().clamp_min(1)`.

## References
IEEE Standard for Floating-Point Arithmetic, IEEE 754-2019, section 6.2. D. Goldberg, *What Every Computer Scientist
Should Know About Floating-Point Arithmetic*, ACM Computing Surveys 23 (1991), 5-48.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.break_of_a_run import ORDERS, Broken, first_op, grown, told_losses
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.numerics
SYMPTOM_OF = (
    "nan-in-input",
    "inf-in-input",
    "nan-in-target",
    "log-of-zero",
    "precision-underflow",
    "precision-overflow",
    "infinite-gradient",
    "nan-gradient",
    "gradient-ascent",
    "missing-zero-grad",
    "wrong-accumulation",
    "output-range-mismatch",
    "loss-mismatch",
    "learning-rate-too-high",
    "momentum-too-high",
    "exploding-gradient",
    "exploding-activation",
    "bad-init",
    "unscaled-input",
    "unscaled-target",
)

NOT_FINITE = Limit(
    of="bad",
    at=1,
    unit="steps",
    kind="derived",
    severity=Severity.warning,
    because="One step taken with a loss that is not finite makes every weight nan that the loss depends on.",
)
OF_ITSELF = Limit(
    of="grown",
    at=ORDERS,
    unit="times",
    kind="convention",
    severity=Severity.error,
    crossed="below",
    because="Where loss, weights and updates had not grown a hundredfold the run had not diverged: then this is where "
    "it begins. Losses of batches of one run lie within one order of magnitude, mostly.",
)
LOST = Limit(
    of="bad",
    at=1,
    unit="steps",
    kind="derived",
    severity=Severity.error,
    because="One step with a loss that is not finite is enough: what is computed after it has no value.",
)

HEADLINE = "the loss is {kind} at step {step}{origin}"
EVIDENCE = "{bad} of {steps} losses are not finite, the first at step {step}; before, the run had grown {grown} times"
WHY = "{why}"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    losses = told_losses(run)
    if not losses:
        raise CannotTell("the loss of at least one step is needed; this run tells none")
    bad = sorted(step for step, value in losses.items() if not math.isfinite(value))
    step = bad[0] if bad else None
    found = first_op(run) if bad else None
    found = found if found is not None and found.step == step else None
    size = grown(run, step)
    nan = step is not None and math.isnan(losses[step])
    origin, why, do = _words(found, size)
    yield Measured(
        (),
        {
            "bad": Number(len(bad), "steps", "steps whose loss is nan or infinite"),
            "steps": Number(len(losses), "steps", "steps whose loss is known"),
            "step": Number(step or 0, "1", "the first of them"),
            "grown": Number(size, "times", "largest growth of loss, weights or updates before it"),
            "nan": Number(found.nan if found else 0, "numbers", "nan in the output of the op at which it begins"),
            "inf": Number(found.inf if found else 0, "numbers", "infinite ones in it"),
        },
        words={"kind": "nan" if nan else "infinite", "origin": origin, "why": why, "do": do},
    )


def _words(found: Broken | None, size: float) -> tuple[str, str, str]:
    if found is not None and found.kind == "data":
        why = "one number that is not finite makes the loss, every gradient and then every weight so"
        origin = f": data that are not finite enter at `{found.name}`{found.at}"
        return origin, why, f"look at the data that `{found.name}`{found.at} takes: `x.isfinite().all()`"
    if found is not None:
        gives = "nan" if found.nan else "infinite ones"
        origin = f": it begins at `{found.name}`{found.at}, which takes finite numbers and gives {gives}"
        if found.name in ("div", "mean", "true_divide") and found.nan:
            why = "0/0 is nan: something is divided by a count or a spread of 0, or the mean of nothing is taken"
            return origin, why, f"keep what is divided by away from 0{found.at}: `count.clamp_min(1)`, `spread + 1e-8`"
        if found.name in ("softmax", "log_softmax", "scaled_dot_product_attention") and found.nan:
            why = "a row that is masked everywhere has the sum 0 below the softmax: 0/0 is nan"
            return origin, why, f"leave at least one place of each row unmasked{found.at}"
        why = "one number that is not finite makes the loss, every gradient and then every weight so"
        return origin, why, f"keep what `{found.name}`{found.at} takes in its domain, with `clamp`"
    if size > ORDERS:
        why = "the run diverged: it had grown without end before the numbers left the range of their type"
        return f", after the run had grown {size:.3g} times", why, "take a tenth of the learning rate, then look again"
    why = "one number that is not finite makes the loss, every gradient and then every weight so"
    return "", why, "put `torch.autograd.set_detect_anomaly(True)` before the loop: it names the op at which it begins"


def _broken(rng: np.random.Generator, at: int = 26, before: tuple[float, ...] = ()) -> Entries:
    entries = healthy_run(rng)
    (losses,) = of_kind(entries, "losses")
    if before:
        losses["values"][at - 1 - len(before) : at - 1] = before
    losses["values"][at - 1 :] = [float("nan")] * (len(losses["values"]) - at + 1)
    for step in of_kind(entries, "step"):
        step["loss"] = losses["values"][step["step"] - 1]
    return entries


@healthy
def finite_throughout(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@sick
def nothing_divided_by_nothing(rng: np.random.Generator) -> Example:
    entries = _broken(rng)
    (graph,) = of_kind(entries, "graph")
    graph["ops"][4] |= {"function": "div", "line": "train.py:31", "inputs": [3, "data"]}
    for values in of_kind(entries, "values"):
        if values["step"] == 26:
            values["nan"][4:] = [2, 1]
    return as_example(entries)


@sick
def from_one_step_to_the_next(rng: np.random.Generator) -> Example:
    return as_example(_broken(rng))


@sick
def after_divergence(rng: np.random.Generator) -> Example:
    return as_example(_broken(rng, before=(10.0, 1e4, 1e9, 1e18, 1e32)))


@fooled("fires", "a script may note a loss that is not finite and throw the step away by means of its own")
def thrown_away(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "losses")[0]["values"][40] = float("inf")
    return as_example(entries)
