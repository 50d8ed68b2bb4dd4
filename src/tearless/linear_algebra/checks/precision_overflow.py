"""This run makes numbers that are too large for their type.

## What it measures
At the step at which the run broke: whether the first op that gave infinite numbers took finite ones whose exponential,
squares or sums leave the range of its type. At all looked-at steps: how near the outputs in half precision come to
65504, its largest number, and how many steps a gradient scaler left out for gradients that were infinite.

## Why it matters
Beyond the largest number there is only infinity, and ∞ − ∞ or ∞/∞ is nan: the loss and every weight follow.

## The mathematics
The largest float16 is 65504, the largest float32 and bfloat16 about 3.4e38. exp leaves the range above ln of it: 11.09
in float16, 88.7 in float32; a square above its root: 255.9 in float16; a sum of n squares above 255.9/√n, so a sum of
3,200 squared errors of 4.6 overflows while each number is small. A softmax written as exp(z)/Σ exp(z) overflows
at z = 89, the same with max z subtracted never does. A gradient scaler doubles its factor after N = 2,000 clean steps
and halves it at an overflow, so in the long run it leaves out at most ln 2/N = 0.035 % of the steps for random
overflows and 1/(N + 1) = 0.05 % where the ceiling is fixed; the first 16 may fall while 65536 is halved to 1.

## When it is wrong
A run whose weights had grown without end before leaves every range; that is left to the checks of its steps. A scaler
that begins with a higher factor needs more steps to find its level.

## What to do
Subtract the largest before exp (`log_softmax`, `logsumexp` do it), take means in place of sums, scale inputs; or
compute that part in float32 or bfloat16.

## References
IEEE Standard for Floating-Point Arithmetic, IEEE 754-2019, section 3.6. P. Micikevicius et al., *Mixed Precision
Training*, ICLR 2018. P. Blanchard, D. J. Higham, N. J. Higham, *Accurately computing the log-sum-exp and softmax
functions*, IMA J. Numer. Anal. 41 (2021).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.bad_data_of_a_run import unbroken_ops
from tearless.linear_algebra.break_of_a_run import ORDERS, Broken, first_op, grown, largest_of
from tearless.linear_algebra.flow_of_a_run import at_line
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op

MEND = Mend.numerics
SYMPTOM_OF = ("nan-in-input", "inf-in-input", "nan-in-target", "learning-rate-too-high", "bad-init")

FINDING = 16
DUE = 2001.0
OF_ITSELF = Limit(
    of="grown",
    at=ORDERS,
    unit="times",
    kind="convention",
    severity=Severity.error,
    crossed="below",
    because="Where loss, weights and updates had not grown a hundredfold, the run did not diverge into the overflow: "
    "then the type is too narrow for what is computed.",
)
BREAKS = Limit(
    of="overflows",
    at=1,
    unit="ops",
    kind="derived",
    severity=Severity.error,
    because="One infinite number on the way to the loss makes loss and gradients infinite or nan.",
)
NEAR = Limit(
    of="near",
    at=0.5,
    unit="share",
    kind="derived",
    severity=Severity.note,
    because="At half of the largest number the next doubling overflows: one step of the exponent is left.",
)

HEADLINE = "{what}"
EVIDENCE = (
    "it takes up to {largest}; {near} of the range of float16 is used at most; {left_out} steps left out by a scaler"
)
WHY = "beyond the largest number of a type there is only infinity, and ∞ − ∞ and ∞/∞ are nan"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    found = first_op(run)
    found = found if found is not None and found.kind == "overflow" else None
    near, op = _nearest(run)
    left_out, late = _left_out(run)
    # more than the expected share by so much that chance leaves it out: three where far less than one is due
    many = left_out if left_out >= 3 and left_out > 20 * late / DUE else 0
    refused = int("overflow" in run.end.error and "Half" in run.end.error)
    what, do = _words(found, op, near, many, bool(refused), run.end.line)
    yield Measured(
        (),
        {
            "overflows": Number(
                int(found is not None) + refused + many, "ops", "ops or steps beyond the largest number"
            ),
            "grown": Number(grown(run, found.step) if found else 1.0, "times", "largest growth of the run before"),
            "largest": Number(_size(found), "1", "largest number that the op took"),
            "near": Number(near, "share", "largest number seen in float16 by 65504"),
            "left_out": Number(left_out, "steps", "looked-at steps after the first 16 that a scaler left out"),
        },
        words={"what": what, "do": do},
    )


def _size(found: Broken | None) -> float:
    return max((abs(one) for one in (found.low, found.high) if one is not None), default=0.0) if found else 0.0


def _nearest(run: Run) -> tuple[float, Op | None]:
    """How near to 65504 an output in half precision came, and which."""
    best: tuple[float, Op | None] = (0.0, None)
    for flow, along in unbroken_ops(run, "float16"):
        for op in flow.graph.ops:
            ends = [abs(along[name].get(op.op, 0.0)) for name in ("low", "high")]
            if op.dtype == "float16" and op.used and max(ends) / largest_of("float16") > best[0]:
                best = (max(ends) / largest_of("float16"), op)
    return best


def _left_out(run: Run) -> tuple[int, int]:
    """Looked-at steps beyond the first sixteen that a scaler left out, and how many there are."""
    late = [step for step in run.steps if step.step > FINDING]
    return sum(step.skipped for step in late), len(late)


def _words(found: Broken | None, op: Op | None, near: float, many: int, refused: bool, line: str) -> tuple[str, str]:
    if found is not None:
        kind = found.op.dtype or "float32"
        much = f"{found.inf or found.nan:,} {'infinite numbers' if found.inf else 'nan'}"
        most = f"{largest_of(kind):.4g}"
        what = f"`{found.name}`{found.at} overflows in {kind}: from numbers up to {_size(found):.4g} it makes {much}"
        if found.name in ("exp", "expm1", "exp2"):
            return (
                what,
                f"use `log_softmax`, `logsumexp` or `softplus`{found.at}: they subtract the largest number first",
            )
        cure = (
            "compute it in float32 (`x.float()`), or take a mean for a sum"
            if kind == "float16"
            else "scale what it takes"
        )
        return what, f"keep `{found.name}`{found.at} below {most}: {cure}"
    if refused:
        what = f"a number that float16 cannot hold is written into a tensor{at_line(line)}: its largest is 65504"
        return what, 'use `float("-inf")` or `torch.finfo(scores.dtype).min` for what is masked'
    if many:
        what = f"the scaler leaves out {many} of the looked-at steps after the sixteenth: gradients overflow in float16"
        return what, "compute the loss and large sums in float32, clip gradients after `scaler.unscale_(optimizer)`"
    name = f"`{op.function}`{at_line(op.line)}" if op is not None else "an op"
    return (
        f"{name} comes to {near:.0%} of the largest float16",
        f"compute {name} in float32 or bfloat16, or scale its input",
    )


def _overflow(rng: np.random.Generator, function: str, high: float, dtype: str = "float32") -> Entries:
    entries = healthy_run(rng)
    (graph,) = of_kind(entries, "graph")
    graph["ops"][5] |= {"function": function, "dtype": dtype, "line": "train.py:20", "given": [[128, 3], [128, 3]]}
    for values in of_kind(entries, "values"):
        values["high"][4], values["inf"][5] = high, float(math.isfinite(high))
    (losses,) = of_kind(entries, "losses")
    losses["values"] = [float("inf")] * len(losses["values"])
    return entries


@healthy
def within_the_range(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def after_divergence(rng: np.random.Generator) -> Example:
    entries = _overflow(rng, "exp", 95.0)
    of_kind(entries, "losses")[0]["values"][:6] = [1.0, 1e3, 1e8, 1e16, 1e30, float("inf")]
    return as_example(entries)


@sick
def exponential_of_scores(rng: np.random.Generator) -> Example:
    return as_example(_overflow(rng, "exp", 95.0))


@sick
def sum_of_squares_in_half(rng: np.random.Generator) -> Example:
    return as_example(_overflow(rng, "mse_loss", 40.0, "float16"))


@sick
def half_the_range(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "graph")[0]["ops"][2]["dtype"] = "float16"
    of_kind(entries, "values")[8]["high"][2] = 41000.0
    return as_example(entries)


@fooled("silent", "an overflow in a step between two looks is not seen, and only the loss tells of it")
def between_looks(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "losses")[0]["values"][60:] = [float("inf")] * 40
    return as_example(entries)
