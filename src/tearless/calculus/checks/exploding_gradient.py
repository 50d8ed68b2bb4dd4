"""This run's gradient is so large that any usable step throws the weights.

## What it measures
At the first looked-at step, for each parameter, the length of its gradient times its own length
over the loss: by how many times the loss would change if the parameter changed by its own size in the steepest
direction. Beside that: what is left of the first loss at the end.

## Why it matters
A network that uses the same weights at many time steps, or many layers without normalisation,
multiplies the gradient at each. No rate fits: one that the last layer can use throws the first, and one overlong step
ends in nan.

## The mathematics
‖∂f/∂W‖·‖W‖/f is the relative change of the loss per relative change of W. For a loss of degree 2 in a W that is used
once it is about 2; used T times in a row it is 2T along W itself and grows as q^T in other directions where each use
multiplies by q > 1. It is measured before the run has moved, so it says nothing of a rate that is too high, which blows
weights up later.

## When it is wrong
A loss that is near 0 at the start, or crosses 0, makes the ratio large: losses that may lie below 0 are not judged. A
model that starts from trained weights has a small loss too. Tables of embeddings are left out: most of their rows
have no gradient. A gradient that one function makes infinite at a point (the root at 0) has not grown, and is left out.

## What to do
Clip the norm of the gradient, start recurrent weights orthogonal with gain 1, or use a gated cell or a normalisation.

## References
Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent neural networks*, ICML 2013. Bengio, Simard and
Frasconi, *Learning long-term dependencies with gradient descent is difficult*, IEEE Transactions on Neural Networks
5(2) (1994), 157-166.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tearless.calculus.loss_curve import levels
from tearless.calculus.run_pictures import steepness
from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, quoted, sick
from tearless.core.number import shown
from tearless.linear_algebra.gradient_of_a_run import first_hurt, spoilt_run
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Step

MEND = Mend.numerics
picture = steepness
SYMPTOM_OF = (
    "nan-in-input",
    "inf-in-input",
    "unscaled-input",
    "unscaled-target",
    "batch-too-small",
    "missing-zero-grad",
    "log-of-zero",
    "attention-saturated",
)
HUGE = 1e9

STEEP = Limit(
    of="steepness",
    at=30.0,
    unit="times",
    kind="convention",
    because="2 is what a weight gives that is used once under a squared loss. At 30 a change of the weights by 3 % is "
    "as much as the whole loss: what fifteen uses in a row give at the least.",
)
SPOILT = Limit(
    of="left",
    at=0.9,
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="Steep at the start and no lower at the end: no step of this run was of use.",
)
HURT = Limit(
    of="left",
    at=0.5,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Clipping, normalisation and small rates train steep networks; half of the first loss left says that here "
    "they do not.",
)

HEADLINE = "the gradient explodes: changing {where} by 1 % changes the loss by {per_cent} of itself"
EVIDENCE = "a gradient {gradient} long at a loss of {loss}, at step {step}; {outcome}"
WHY = "a rate that the last layers can use throws the others, and one overlong step ends in nan"
DO = "call `torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)` before the step, and start {where} smaller"


def measure(run: Run) -> Iterator[Measured]:
    looked = run.looked_at()
    curve = levels(run.losses)
    if not curve.bounded or curve.start <= 0:
        raise CannotTell("this needs a loss that is never below 0, to compare the gradient with")
    tables = {path for model in run.models for path, kind in model.modules.items() if "Embedding" in kind}
    sizes = {name: math.sqrt(p.shape[0] / 3) for name, p in run.parameters.items() if p.shape}
    first = looked[0]
    hurt = first_hurt(run)
    at_once = hurt is not None and hurt.singular and hurt.step == first.step
    if at_once:
        first = replace(
            first, gradient=tuple(None if bad else g for g, bad in zip(first.gradient, first.bad, strict=False))
        )
    found = [row for row in _steepness(first, sizes) if row[1].rpartition(".")[0] not in tables]
    if not found:
        raise CannotTell("this needs the gradients of the first steps and a loss beside them")
    steepness, name = max(found)
    broke = math.isinf(curve.left)
    yield Measured(
        (),
        {
            "steepness": Number(steepness, "times", "relative change of the loss per relative change of a parameter"),
            "left": Number(1e9 if broke else curve.left, "share", "of the first loss at the end"),
            "step": Number(first.step, "1", "the step at which it was measured"),
        },
        words={
            "where": quoted(name),
            "per_cent": shown(steepness / 100, "share"),
            "gradient": shown(first.by_name("gradient")[name]),
            "loss": shown(first.loss),
            "outcome": "the run ended in losses that are no numbers"
            if broke
            else f"the loss ended at {shown(curve.late)}",
        },
    )


def _steepness(step: Step, sizes: Mapping[str, float]) -> Iterator[tuple[float, str]]:
    """‖g‖·‖w‖/f of each parameter at a step; a thousand million where the gradient is too long for its type.

    The weight is no longer than it was after the step, nor than what is sure of it before: its length less that of the
    step, or that of a usual start.
    """
    if step.loss is None or not math.isfinite(step.loss) or step.loss <= 0:
        return
    weights, updates = step.by_name("weight"), step.by_name("update")
    for name, gradient in step.by_name("gradient").items():
        after = weights.get(name, math.nan)
        weight = min(after, max(after - updates.get(name, 0.0), sizes.get(name, 0.0)))
        value = HUGE if math.isinf(gradient) else gradient * weight / step.loss
        if math.isfinite(value):
            yield min(HUGE, value), name


def _steep(rng: np.random.Generator, times: float, left: float) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "losses")[0]["values"] = (1.1 * (1 + (left - 1) * np.arange(100) / 99)).tolist()
    for step in of_kind(entries, "step"):
        step["loss"] = 1.1
        step["gradient"] = [times * 1.1 / w for w in step["weight"]]
    return as_example(entries)


@healthy
def usual_gradients(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def steep_and_trained(rng: np.random.Generator) -> Example:
    return _steep(rng, 60.0, 0.2)


@healthy
def flat_and_not_trained(rng: np.random.Generator) -> Example:
    return _steep(rng, 2.0, 1.0)


@healthy
def infinite_at_one_point(rng: np.random.Generator) -> Example:
    """A root at 0 makes the first gradient infinite: nothing grew."""
    entries = [one for one in spoilt_run(rng, math.inf, 1.0) if one.get("step") != 1 or one["kind"] == "graph"]
    first = min(one["step"] for one in of_kind(entries, "step") if one["step"] >= 11)
    of_kind(entries, "losses")[0]["values"][1:] = [math.nan] * 99
    return as_example(
        [{**one, "step": 1} if one.get("step") == first else one for one in entries if _since(one, first)]
    )


def _since(entry: Mapping[str, Any], step: int) -> bool:
    return entry["kind"] not in ("step", "values", "probe") or entry["step"] >= step


@sick
def grows_through_time(rng: np.random.Generator) -> Example:
    return _steep(rng, 5e3, 8.0)


@sick
def steep_and_slow(rng: np.random.Generator) -> Example:
    return _steep(rng, 80.0, 0.7)


@fooled(
    "silent", "with less than half of the first loss left nothing tells whether the gradient or the task kept it there"
)
def steep_and_half_trained(rng: np.random.Generator) -> Example:
    return _steep(rng, 80.0, 0.35)
