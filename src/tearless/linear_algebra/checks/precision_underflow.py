"""This run loses numbers that are too small for their type: they become 0, and what they should move stands still.

## What it measures
Three ways to lose them. Gradients in float16: from their root mean square at each op the share that is rounded to 0.
Products: an output that is 0 throughout although nothing in what it was made of is 0, at which a gradient arrives and
none leaves. And the ε of Adam, where weights in float16 make it 0.

## Why it matters
A gradient of exactly 0 moves nothing: the layers before it stop learning, or never begin, while the loss is a number
and nothing complains.

## The mathematics
The smallest number of float16 is 2⁻²⁴ = 5.96e-8, and what lies below half of it, 2⁻²⁵, is rounded to 0. Of normal
gradients with root mean square r that is the share erf(2⁻²⁵/(r√2)): a tenth at r = 2.4e-7, half at 4.4e-8. A factor
before backward and its inverse before the step (loss scaling) moves the gradients into the range and changes nothing
else, for the gradient is linear. In float32 the smallest number is 1.4e-45: a product of 64 chances of 0.1 is 1e-64
and so 0, and with Π p_i = 0 also ∂Π/∂p_j = Π_{i≠j} p_i is. Its logarithm, Σ ln p_i = −147, is an ordinary number.
Adam divides by √v + ε; ε = 1e-8 is below 2⁻²⁵, so in float16 it is 0, and 0/0 is nan for a weight without a gradient.

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

import math
from collections.abc import Iterator, Mapping

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, quoted, sick
from tearless.linear_algebra.break_of_a_run import first_broken, looked_before, numbers
from tearless.linear_algebra.flow_of_a_run import Flow, at_line
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op, Values

MEND = Mend.numerics
SYMPTOM_OF = ("precision-overflow",)

LOST_BELOW = 2.0**-25
SMALL = 2.0**-14
HALF_OF_ALL = 0.5
MULTIPLIED = ("prod", "cumprod", "mul", "exp", "pow", "square", "exp2")

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
    flushed, op, gradient = _in_half(looked)
    product, at = _products(looked)
    epsilon = _lost_epsilon(run)
    what, do = _words(op, at, epsilon, flushed)
    yield Measured(
        (),
        {
            "flushed": Number(
                max(flushed, float(product), float(epsilon is not None)), "share", "share that becomes 0"
            ),
            "in_half": Number(flushed, "share", "gradients in float16 that are rounded to 0, at the worst op"),
            "products": Number(int(product), "ops", "products that are 0 throughout though no factor is"),
            "gradient": Number(gradient, "1", "root mean square of the gradient at the worst op in float16"),
            "steps": Number(len(looked), "steps", "steps that were looked at"),
        },
        words={"what": what, "do": do},
    )


def _in_half(looked: list[tuple[Flow, Values]]) -> tuple[float, Op | None, float]:
    """The median over steps of the share that the worst op in float16 loses; that op, and its gradient."""
    worst: list[tuple[float, Op | None, float]] = []
    for flow, values in looked:
        grad = numbers(flow, values.grad)
        shares = [
            (_flushed(flow, op, grad), op, grad[op.op])
            for op in flow.graph.ops
            if op.dtype == "float16" and op.used and op.learns and op.op in grad
        ]
        if shares:
            worst.append(max(shares, key=lambda one: one[0]))
    if not worst:
        return 0.0, None, 0.0
    worst.sort(key=lambda one: one[0])
    return worst[(len(worst) - 1) // 2]


def _flushed(flow: Flow, op: Op, grad: Mapping[int, float]) -> float:
    """The share of a gradient in float16 that is rounded to 0; all of it where a small one arrived and none is left."""
    size = grad[op.op]
    if size > 0:
        return math.erf(LOST_BELOW / (size * math.sqrt(2)))
    arrived = [grad.get(taker.op, 0.0) for taker in flow.takers.get(op.op, ())]
    return 1.0 if arrived and 0 < max(arrived) < SMALL else 0.0


def _products(looked: list[tuple[Flow, Values]]) -> tuple[bool, Op | None]:
    """Whether at most steps one product is 0 throughout though no factor is, and lets no gradient through."""
    found: list[Op] = []
    for flow, values in looked:
        zeros, grad = numbers(flow, values.zeros), numbers(flow, values.grad)
        dead = [op for op in flow.graph.ops if _is_lost(op, zeros, grad)]
        found += dead[:1]
    return len(found) > len(looked) / 2, found[0] if found else None


def _is_lost(op: Op, zeros: Mapping[int, float], grad: Mapping[int, float]) -> bool:
    made = [one for one in op.inputs if isinstance(one, int)]
    if plain(op) not in MULTIPLIED or not (op.used and op.learns) or len(made) != len(op.inputs) or not made:
        return False
    whole = zeros.get(op.op) == 1 and all(zeros.get(one) == 0 for one in made)
    return whole and grad.get(op.op, 0) > 0 and all(grad.get(one) == 0 for one in made)


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
        what = f"{name} is 0 though none of its factors is: they are too small together, and no gradient comes through"
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
def epsilon_of_adam(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    for p in of_kind(entries, "model")[0]["parameters"]:
        p["dtype"] = "float16"
    return as_example(entries)


@fooled("fires", "a run that has learnt all has gradients as small as one that loses them")
def learnt_all(rng: np.random.Generator) -> Example:
    return as_example(_half(rng, 1e-6))
