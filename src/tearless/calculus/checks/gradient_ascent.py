"""This run climbs its loss.

## What it measures
At the looked-at steps the sign of gradient times update, and the sign with which a known loss function stands in the
value that backward was called on: their product is above 0 where a step raises that loss.

## Why it matters
Every step makes the model worse. The loss grows, or, negated, falls below 0 without end, which looks like progress.

## The mathematics
To first order a step d changes the value f by ∇f·d. Every optimiser's first step is d = −ηPg with P positive definite,
so ∇f·d = −η gᵀPg < 0: a first step with ∇f·d > 0 climbs f. With f = −L, going down f is going up L. Later steps may
climb now and then through momentum; the first one cannot, and half of all do not.

## When it is wrong
Making a model forget on purpose is ascent on a loss.  What is no known loss (a reward, an evidence bound, a critic's
score), or is climbed by one optimiser and descended by another, is left alone.

## What to do
Take out the minus sign before the loss, or `maximize=True`; by hand it is `p -= lr * p.grad`.

## References
A. Cauchy, *Méthode générale pour la résolution des systèmes d'équations simultanées*, Comptes rendus 25 (1847),
536-538. PyTorch documentation, *torch.optim.SGD*, maximize.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tearless.calculus.loss_signs import direction
from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Step

MEND = Mend.contract

FIRST = Limit(
    of="first",
    at=1,
    unit="steps",
    kind="derived",
    severity=Severity.error,
    because="An optimiser's first step from an empty state has a negative product with its gradient, whatever its "
    "scaling; so a first step that climbs is meant to climb.",
)
MOST = Limit(
    of="climbing",
    at=0.5,
    unit="share",
    kind="derived",
    severity=Severity.error,
    because="A heavy ball climbs while it swings back, which is less than half of the time. Ascent climbs at most "
    "steps.",
)
ALONE = Limit(
    of="descending",
    at=0,
    unit="steps",
    kind="derived",
    crossed="below",
    severity=Severity.error,
    because="Where another optimiser's first step goes down a known loss, the two play against each other on purpose.",
)

HEADLINE = "the loss is climbed, not descended: {times} of {steps} looked-at steps raise it{how}"
EVIDENCE = "from the first step on, {climbing} of the looked-at steps go the way that raises the loss"
WHY = "each step makes the model worse on the very batch that it learns from"
DO = "{do}"


@dataclass(frozen=True, slots=True)
class _Way:
    step: Step
    raises: bool
    negated: bool


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    ways = _ways(run)
    if not ways:
        raise CannotTell("no looked-at step shows a known loss function and the product of its gradient and update")
    first: dict[int, _Way] = {}
    for way in ways:
        first.setdefault(way.step.optimizer, way)
    up = [way for way in ways if way.raises]
    start = sum(way.raises for way in first.values())
    negated = bool(up) and up[0].negated
    optimizer = up[0].step if up else ways[0].step
    maximize = any(g.get("maximize") for o in run.optimizers if o.optimizer == optimizer.optimizer for g in o.groups)
    how, do = _words(negated, maximize, optimizer.by_hand, _line(run))
    yield Measured(
        (),
        {
            "first": Number(start, "steps", "optimisers whose first looked-at step raises a known loss"),
            "descending": Number(len(first) - start, "steps", "optimisers whose first looked-at step lowers it"),
            "climbing": Number(len(up) / len(ways), "share", "of the looked-at steps, those that raise it"),
            "times": Number(len(up), "steps", "looked-at steps that raise a known loss"),
            "steps": Number(len(ways), "steps", "looked-at steps of which this is known"),
        },
        words={"how": how, "do": do},
    )


def _ways(run: Run) -> list[_Way]:
    """For each looked-at step with a slope and a known loss, whether it raises that loss."""
    signs = {values.step: direction(graph, values) for graph, values in run.seen()}
    found = []
    for step in run.steps:
        sign = signs.get(step.step)
        if sign is not None and step.slope is not None and np.isfinite(step.slope) and step.slope != 0:
            found.append(_Way(step, step.slope * sign > 0, sign < 0))
    return found


def _line(run: Run) -> str:
    return next((f" in {call.line}" for call in run.loss_calls if call.line and not call.evaluating), "")


def _words(negated: bool, maximize: bool, by_hand: bool, line: str) -> tuple[str, str]:
    if negated and not maximize:
        return ", for backward is called on its negative", f"take the minus sign from the loss{line}"
    if maximize:
        return ", for the optimiser has maximize=True", "make the optimiser without `maximize=True`"
    if by_hand:
        return ", for the update adds the gradient", "step against the gradient: `p -= lr * p.grad`"
    return "", "step against the gradient: check the sign of the loss and of the learning rate"


@healthy
def descent(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def momentum_swings(rng: np.random.Generator) -> Example:
    """The first steps descend, half of the later ones swing back."""
    entries = healthy_run(rng)
    for step in of_kind(entries, "step")[1::2]:
        step["slope"] = -step["slope"]
    return as_example(entries)


@healthy
def odd_first_step(rng: np.random.Generator) -> Example:
    """A run that goes on from a saved state may climb at first."""
    entries = healthy_run(rng)
    of_kind(entries, "step")[0]["slope"] *= -1
    return as_example(entries)


@healthy
def two_players(rng: np.random.Generator) -> Example:
    """A second optimiser climbs what the first one descends."""
    entries = healthy_run(rng)
    for step in of_kind(entries, "step")[1:10]:
        step.update(optimizer=1, slope=-step["slope"])
    return as_example(entries)


@healthy
def reward(rng: np.random.Generator) -> Example:
    """What is climbed is no known loss."""
    entries = healthy_run(rng)
    of_kind(entries, "graph")[0]["ops"][5]["function"] = "mean"
    for step in of_kind(entries, "step"):
        step["slope"] *= -1
    return as_example(entries)


@sick
def maximised(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "optimizer")[0]["groups"][0]["maximize"] = True
    for step in of_kind(entries, "step"):
        step["slope"] *= -1
    return as_example(entries)


@sick
def negated_loss(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    graph = of_kind(entries, "graph")[0]
    graph["ops"].append({"op": 6, "function": "neg", "inputs": [5], "line": "train.py:22", "shape": []})
    graph["loss"] = 6
    return as_example(entries)


@fooled("fires", "making a model forget on purpose (unlearning) is ascent on a loss, and cannot be told from a slip")
def unlearning(rng: np.random.Generator) -> Example:
    return maximised(rng)
