"""This run adds each step's gradient to those of the steps before.

## What it measures
The steps at whose first backward call a parameter still held, unchanged since the optimiser used it, a gradient other
than 0: PyTorch adds the new gradient to what stands there.

## Why it matters
The optimiser then follows the sum of all gradients so far, most of them taken at weights that are long gone. The sum
grows with every step, which acts like a momentum of 1: the loss swings, and often diverges.

## The mathematics
With g_t the gradient at step t, the optimiser gets Σ_{s ≤ t} g_s in place of g_t. Gradient descent with momentum β sums
β^(t−s) g_s; here β = 1, and heavy-ball descent on a quadratic of curvature λ is stable only for β < 1 (ηλ < 2(1 + β)).
The test is exact: a gradient that is gathered on purpose over several backward calls is not used between them.

## When it is wrong
A method may keep a gradient across steps on purpose (some variance-reduced methods do). PyTorch's own optimisers never
need it.

## What to do
Call `optimizer.zero_grad()` before `loss.backward()`, once a step.

## References
B. T. Polyak, *Some methods of speeding up the convergence of iteration methods*, USSR Computational Mathematics and
Mathematical Physics 4(5) (1964), 1-17. PyTorch documentation, *torch.optim.Optimizer.zero_grad*.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.made import as_example, healthy_run
from tearless.readers.training.run import Run

MEND = Mend.contract
SYMPTOM_OF = ("wrong-accumulation",)

KEPT = Limit(
    of="times",
    at=1,
    unit="steps",
    kind="derived",
    severity=Severity.error,
    because="A gradient that was used and stands unchanged at the next backward call is added to the next one: one "
    "such step is enough to know it.",
)

HEADLINE = "gradients are not cleared between steps: {parameters} kept them at step {step}"
EVIDENCE = "seen at {times} of the looked-at steps, first at step {step}"
WHY = "each step follows the sum of all gradients so far, most of them taken at weights long gone"
DO = "call `optimizer.zero_grad()` before the backward call{at}"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    found = run.breaches("missing-zero-grad")
    first = found[0] if found else None
    yield Measured(
        (),
        {
            "times": Number(len(found), "steps", "looked-at steps at whose backward call a used gradient still stood"),
            "parameters": Number(len(first.subject) if first else 0, "parameters", "parameters that held one at first"),
            "step": Number(first.step if first else 0, "1", "the first such step"),
        },
        words={"at": f" in {first.line}" if first and first.line else ""},
    )


@healthy
def cleared_each_step(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@sick
def never_cleared(rng: np.random.Generator) -> Example:
    breach = {"kind": "breach", "breach": "missing-zero-grad", "step": 2, "subject": ["net.0.weight", "net.0.bias"]}
    return as_example([*healthy_run(rng), {**breach, "line": "train.py:22"}])


@fooled("fires", "a method that keeps gradients across steps on purpose does what this looks for")
def kept_on_purpose(rng: np.random.Generator) -> Example:
    breach = {"kind": "breach", "breach": "missing-zero-grad", "step": 3, "subject": ["net.0.weight"]}
    return as_example([*healthy_run(rng), breach])
