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

import numpy as np

from tearless.calculus.loss_signs import Way, steps_down_rewards, ways_of
from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

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

REWARDED = Limit(
    of="rewarded",
    at=1,
    unit="steps",
    kind="derived",
    severity=Severity.note,
    because="Going down a mean of log-probabilities times weights makes choices of positive weight rarer. Whether the "
    "weights are rewards or costs only the script's author knows.",
)

HEADLINE = "{headline}: {times} of {steps} looked-at steps{how}"
EVIDENCE = "from the first step on, {climbing} of the looked-at steps go the way that raises the loss"
WHY = "each step makes the model worse on the very batch that it learns from"
DO = "{do}"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    ways, policy = ways_of(run), steps_down_rewards(run)
    if not ways and not policy:
        raise CannotTell("no looked-at step shows a known loss function and the product of its gradient and update")
    first: dict[int, Way] = {}
    for way in ways:
        first.setdefault(way.step.optimizer, way)
    up = [way for way in ways if way.raises]
    start = sum(way.raises for way in first.values())
    headline, how, do = _words(run, next(iter(up or ways), None), policy)
    yield Measured(
        (),
        {
            "first": Number(start, "steps", "optimisers whose first looked-at step raises a known loss"),
            "descending": Number(len(first) - start, "steps", "optimisers whose first looked-at step lowers it"),
            "climbing": Number(len(up) / len(ways) if ways else 0.0, "share", "of the steps, those that raise it"),
            "rewarded": Number(policy, "steps", "steps down a mean of log-probabilities times weights, not negated"),
            "times": Number(len(up) or policy, "steps", "looked-at steps that go this way"),
            "steps": Number(len(ways) or len(run.steps), "steps", "looked-at steps of which this is known"),
        },
        words={"headline": headline, "how": how, "do": do},
    )


def _line(run: Run) -> str:
    return next((f" in {call.line}" for call in run.loss_calls if call.line and not call.evaluating), "")


def _words(run: Run, way: Way | None, policy: int) -> tuple[str, str, str]:
    if way is None or (policy and not way.raises):
        return (
            "log-probabilities times weights are lowered, not raised",
            "",
            f"where the weights are rewards: `loss = -(log_prob * reward).mean()`{_line(run)}",
        )
    groups = [g for o in run.optimizers if o.optimizer == way.step.optimizer for g in o.groups]
    headline = "the loss is climbed, not descended"
    if any(g.get("maximize") for g in groups):
        return headline, " raise it, for the optimiser has maximize=True", "make the optimiser without `maximize=True`"
    if way.negated:
        sign = (
            f"check the minus sign before the loss{_line(run)}: what goes into backward must fall as the model learns"
        )
        return headline, " raise it, for backward is called on its negative", sign
    if way.step.by_hand:
        return headline, " raise it, for the update adds the gradient", "step against it: `p -= lr * p.grad`"
    return headline, " raise it", "step against the gradient: check the signs of the loss and of the learning rate"


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


@sick
def rewards_lowered(rng: np.random.Generator) -> Example:
    """A policy gradient without its minus sign: a note, for the weights might be costs."""
    entries = healthy_run(rng)
    ops = of_kind(entries, "graph")[0]["ops"]
    ops[5] = {"op": 5, "function": "log_softmax", "inputs": [4]}
    chain = [("gather", [5, "data"]), ("mul", [6, "data"]), ("mean", [7])]
    ops += [{"op": 6 + i, "function": name, "inputs": inputs} for i, (name, inputs) in enumerate(chain)]
    of_kind(entries, "graph")[0]["loss"] = 8
    return as_example(entries)


@fooled("fires", "making a model forget on purpose (unlearning) is ascent on a loss, and cannot be told from a slip")
def unlearning(rng: np.random.Generator) -> Example:
    return maximised(rng)
