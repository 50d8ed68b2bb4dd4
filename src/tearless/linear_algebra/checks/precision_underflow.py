"""This run loses numbers that are too small for their type: they become 0, and what they should move stands still.

## What it measures
Three ways to lose them. Gradients in float16: from their root mean square at each op the share that is rounded to 0.
Products: an output that is 0 throughout although nothing in what it was made of is 0, at which a gradient arrives and
none leaves; or one that a small number is added to before its logarithm, and which is smaller than that. And the ε of
Adam, where weights in float16 make it 0.

## Why it matters
A gradient of exactly 0 moves nothing: the layers before it stop learning, or never begin, while the loss is a number
and nothing complains.

## The mathematics
The smallest number of float16 is 2⁻²⁴ = 5.96e-8, and what lies below half of it, 2⁻²⁵, is rounded to 0. Of normal
gradients with root mean square r that is the share erf(2⁻²⁵/(r√2)): a tenth at r = 2.4e-7, half at 4.4e-8. A factor
before backward and its inverse before the step (loss scaling) moves the gradients into the range and changes nothing
else, for the gradient is linear. In float32 the smallest number is 1.4e-45: a product of 64 chances of 0.1 is 1e-64 and
so 0, and with Π p_i = 0 also ∂Π/∂p_j = Π_{i≠j} p_i is. Its logarithm, Σ ln p_i = −147, is an ordinary number. ln(Π + ε)
has the slope Π/(Π + ε) by ln Π: nothing of it is left where Π is far below ε. Adam divides by √v + ε; ε = 1e-8 is below
2⁻²⁵, so in float16 it is 0, and 0/0 is nan for a weight without a gradient.

## When it is wrong
A run that has learnt all has small gradients too, and loses nothing with them.

## What to do
Use `torch.amp.GradScaler` with float16, or bfloat16, which has the range of float32. Add logarithms in place of
multiplying chances. Keep weights and optimiser in float32.

## References
IEEE Standard for Floating-Point Arithmetic, IEEE 754-2019, section 3.6. P. Micikevicius et al., *Mixed Precision
Training*, ICLR 2018, section 3.2. D. P. Kingma, J. Ba, *Adam*, ICLR 2015, algorithm 1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, quoted, sick
from tearless.linear_algebra.break_of_a_run import first_broken, looked_before
from tearless.linear_algebra.flow_of_a_run import at_line
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.linear_algebra.underflow_of_a_run import LOST_BELOW, in_half, products
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op

MEND = Mend.numerics
SYMPTOM_OF = ("precision-overflow",)

HALF_OF_ALL = 0.5

HALF_LOST = Limit(
    of="flushed",
    at=HALF_OF_ALL,
    unit="share",
    kind="derived",
    severity=Severity.error,
    because="More than half of the numbers of a gradient are then 0 at most of the looked-at steps: what passes "
    "through that op is mostly lost. A product that is 0, or an ε of 0, loses all, and counts as 1.",
)
TENTH_LOST = Limit(
    of="flushed",
    at=0.1,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A tenth of the gradient lost at most steps is bias and not noise, for it is always the smallest ones. No "
    "theorem singles out a tenth.",
)

HEADLINE = "{what}"
EVIDENCE = (
    "{flushed} of the numbers are lost, at the median of {steps} looked-at steps; gradient {gradient} at that place"
)
WHY = "what is rounded to 0 moves nothing: the layers before it stand still although the loss is a number"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    looked = list(looked_before(run, first_broken(run)))
    flushed, op, gradient = in_half(looked)
    product, at = products(looked)
    epsilon = _lost_epsilon(run)
    what, do = _words(op, at, epsilon, flushed)
    yield Measured(
        (),
        {
            "flushed": Number(
                max(flushed, float(product), float(epsilon is not None)), "share", "share that becomes 0"
            ),
            "in_half": Number(flushed, "share", "gradients in float16 that are rounded to 0, at the worst op"),
            "products": Number(product, "share", "gradient that a product too small for its type loses"),
            "gradient": Number(gradient, "1", "root mean square of the gradient at the worst op in float16"),
            "steps": Number(len(looked), "steps", "steps that were looked at"),
        },
        words={"what": what, "do": do},
    )


def _lost_epsilon(run: Run) -> tuple[str, float] | None:
    """The optimiser whose ε is 0 in the type of its weights, and that ε."""
    for optimizer in run.optimizers:
        for group, names in zip(optimizer.groups, optimizer.parameters, strict=False):
            eps = group.get("eps")
            half = any(run.parameters[n].dtype == "float16" for n in names if n in run.parameters)
            if half and isinstance(eps, float) and 0 < eps < LOST_BELOW:
                return optimizer.name, eps
    return None


def _words(op: Op | None, product: Op | None, epsilon: tuple[str, float] | None, flushed: float) -> tuple[str, str]:
    if epsilon is not None:
        name, eps = epsilon
        what = f"the eps of {quoted(name)}, {eps:g}, is 0 in float16: weights without a gradient become 0/0 = nan"
        return what, "keep the weights in float32 and use `torch.autocast`, or set `eps=1e-4`"
    if product is not None and flushed < HALF_OF_ALL:
        name = f"`{plain(product)}`{at_line(product.line)}"
        what = f"{name} is too small for its type though its factors are not: its gradient is lost"
        return what, f"add logarithms in place of {name}: `x.log().sum()` for `x.prod().log()`"
    if op is None:
        return "", ""
    name = f"`{plain(op)}`{at_line(op.line)}"
    what = f"{flushed:.0%} of the gradient at {name} is too small for float16 and becomes 0"
    return what, "use `torch.amp.GradScaler`: `scaler.scale(loss).backward()`, `scaler.step(optimizer)`; or bfloat16"


def _half(rng: np.random.Generator, scale: float) -> Entries:
    entries = healthy_run(rng)
    for op in of_kind(entries, "graph")[0]["ops"]:
        op["dtype"] = "float16"
    for values in of_kind(entries, "values"):
        values["grad"] = [g * scale for g in values["grad"]]
    return entries


@healthy
def within_the_range(rng: np.random.Generator) -> Example:
    return as_example(_half(rng, 1.0))


@healthy
def in_single_precision(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@sick
def gradients_too_small(rng: np.random.Generator) -> Example:
    return as_example(_half(rng, 1e-5))


@sick
def some_too_small(rng: np.random.Generator) -> Example:
    return as_example(_half(rng, 1.2e-4))


@sick
def product_of_chances(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "graph")[0]["ops"][5] |= {"function": "prod", "inputs": [4]}
    for values in of_kind(entries, "values"):
        values["zeros"][5], values["grad"][4] = 1.0, 0.0
    return as_example(entries)


@sick
def logarithm_of_a_product(rng: np.random.Generator) -> Example:
    """The logarithm of 0 is the first number that is not finite: no gradient is told."""
    entries = healthy_run(rng)
    ops = of_kind(entries, "graph")[0]["ops"]
    ops[5] |= {"function": "prod", "inputs": [4]}
    ops.append({"op": len(ops), "function": "log", "inputs": [5], "shape": ops[5]["shape"]})
    for values in of_kind(entries, "values"):
        values["zeros"][4], values["zeros"][5], values["grad"] = 0.0, 0.5, []
    return as_example(entries)


@sick
def epsilon_of_adam(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for p in of_kind(entries, "model")[0]["parameters"]:
        p["dtype"] = "float16"
    return as_example(entries)


@fooled("fires", "a run that has learnt all has gradients as small as one that loses them")
def learnt_all(rng: np.random.Generator) -> Example:
    return as_example(_half(rng, 1e-6))
