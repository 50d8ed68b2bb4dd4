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

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.break_of_a_run import ORDERS
from tearless.linear_algebra.gradient_of_a_run import Hurt, first_hurt
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
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
    hurt = hurt if hurt is not None and hurt.nan is False else None
    origin, why, do = _words(hurt)
    yield Measured(
        (),
        {
            "numbers": Number(hurt.numbers if hurt else 0, "numbers", "of the gradients that are nan or infinite"),
            "step": Number(hurt.step if hurt else 0, "1", "the first step at which they are"),
            "grown": Number(
                hurt.grown if hurt else 1.0, "times", "largest growth of the run before, or of its gradient"
            ),
            "low": Number(hurt.low if hurt else None, "1", "lowest number that the function took at which it begins"),
        },
        words={"origin": origin, "why": why, "do": do, "parameters": hurt.parameters if hurt else ""},
    )


def _words(hurt: Hurt | None) -> tuple[str, str, str]:
    why = "one step with it makes the weights nan, and all that is computed from them"
    if hurt is None or not hurt.op:
        return (
            "",
            why,
            "put `torch.autograd.set_detect_anomaly(True)` before the loop: it names the op at which it begins",
        )
    origin = f": it begins at `{hurt.op}`{hurt.place}"
    if hurt.singular:
        origin += "" if hurt.low is None else f", which takes numbers down to {hurt.low:.3g}"
        why = f"`{hurt.op}` is steep without end there, most often at 0: its value is finite, its slope is not"
        return (
            origin,
            why,
            f"keep what `{hurt.op}`{hurt.place} takes away from there: `x.clamp_min(1e-8)` or `x + 1e-8`",
        )
    return origin, why, f"look at what `{hurt.op}`{hurt.place} takes; smaller weights or steps keep its slope in range"


def _broken(rng: np.random.Generator, size: float) -> Entries:
    """From step 11 on gradients are not finite; the loss follows one step later."""
    entries = healthy_run(rng)
    ops = of_kind(entries, "graph")[0]["ops"]
    ops[3] |= {"function": "sqrt", "line": "train.py:12"}
    for step in of_kind(entries, "step"):
        if step["step"] >= 11:
            step["bad"] = [5] * 4 + [0, 0]
            step["gradient"] = [float("inf")] * 4 + step["gradient"][4:]
    for values in of_kind(entries, "values"):
        if values["step"] >= 11:
            values["grad_bad"][:3], values["grad"][4] = [9, 9, 9], size
            values["low"][2] = 0.0
    (losses,) = of_kind(entries, "losses")
    losses["values"][11:] = [float("nan")] * (len(losses["values"]) - 11)
    return entries


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
    return as_example(_broken(rng, 1.0))


@sick
def run_away_on_the_way_back(rng: np.random.Generator) -> Example:
    entries = _broken(rng, 1e30)
    of_kind(entries, "graph")[0]["ops"][3]["function"] = "tanh"
    return as_example(entries)


@fooled("fires", "a script may replace such numbers in the gradients by a way that the watch does not see")
def replaced_by_the_script(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "step")[5] |= {"bad": [1] + [0] * 5, "gradient": [float("inf")] * 6}
    return as_example(entries)
