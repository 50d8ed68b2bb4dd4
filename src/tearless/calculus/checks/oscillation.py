"""This run's loss swings: it climbs back what it had won, again and again.

## What it measures
How often the level of the loss climbs by a quarter of all it had fallen, each after a fall of as much; and from step
to step, how far each loss's departure from its neighbours is undone by the next, with the size of those departures.

## Why it matters
A swinging loss says that steps overshoot: what one wins the next loses. Where the run ends within a swing is luck.

## The mathematics
With curvature λ along the steps, 1 < ηλ < 2 makes gradient descent alternate about the minimum with factor 1 − ηλ,
and momentum β makes it swing with a period of about 2π/√(ηλ). For independent losses the second differences have a
lag-1 correlation of −2/3, for strict alternation −1: from −2/3 to −1 is the scale, 0 to 1. Noise of batches has no
memory: it gives 0, and medians of stretches do not swing by seven times
their own roughness.

## When it is wrong
Restarts of the rate that are meant to lift the loss do so. Two batches in a fixed order alternate by themselves.

## What to do
Lower the rate (or what raises it: a cyclic schedule's upper end, the momentum) until the level falls steadily.

## References
Cohen, Kaur, Li, Kolter and Talwalkar, *Gradient descent on neural networks typically occurs at the edge of
stability*, ICLR 2021. Goh, *Why momentum really works*, Distill (2017). Smith, *Cyclical learning rates*, WACV 2017.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.loss_curve import alternation, known, levels, noise, stretches, swings
from tearless.calculus.optimiser_bounds import only_optimizer
from tearless.calculus.run_pictures import swinging
from tearless.core import (
    CannotTell,
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    fooled,
    healthy,
    sick,
)
from tearless.core.number import shown
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.optimiser
picture = swinging
SYMPTOM_OF = (
    "gradient-ascent",
    "missing-zero-grad",
    "wrong-accumulation",
    "unshuffled-batches",
    "batch-too-small",
    "noisy-gradient",
    "unscaled-input",
    "unscaled-target",
    "bad-init",
    "exploding-gradient",
    "momentum-too-high",
    "learning-rate-too-high",
)
FEWEST = 60

SWINGS = Limit(
    of="swings",
    at=3,
    unit="swings",
    kind="convention",
    severity=Severity.warning,
    because="One climb is an event and two may be chance; a level that three times climbs back a quarter of all it had "
    "won swings.",
)
ALTERNATES = Limit(
    of="alternation",
    at=lambda half: max(0.5, 6.5 / math.sqrt(half)),
    unit="share",
    kind="calibrated",
    false_alarms=0.001,
    severity=Severity.error,
    because="Independent losses give 0 with a standard deviation of 1.7 over the root of their number, normal or not, "
    "by simulation: 6.5 over it is passed once in ten thousand runs. Below a half it is no alternation to speak of.",
)
SIZE = Limit(
    of="size",
    at=0.1,
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="Alternation of a few percent of the first loss is how training at the edge of stability looks, and does "
    "no harm; a tenth of it keeps the loss from falling further.",
)

HEADLINE = "the loss swings: {told}"
EVIDENCE = "it began at {start}, was {lowest} at its lowest and ended at {late}; step to step it undoes {alternation}"
WHY = "steps overshoot: what one wins the next loses, and where the run ends is luck"
DO = "lower the rate ({rate}) to a third, or what raises it: a cyclic schedule's upper end, the momentum"


def measure(run: Run) -> Iterator[Measured]:
    only_optimizer(run)
    if _several(run):
        raise NotApplicable("the steps take turns with different losses, which need not be alike")
    curve = levels(run.losses)
    values = known(run.losses)
    if values.size < FEWEST:
        raise CannotTell(f"this needs the losses of at least {FEWEST} steps")
    count, later = swings(values, _least(values, curve.start)), values[values.size // 2 :]
    scale = max(abs(curve.start), curve.start - curve.lowest)
    size = min(1e9, noise(later) / scale) if scale > 0 else 0.0
    period = values.size / max(1, count)
    climbs = f"{count} times it climbed back a quarter of all it had fallen, about every {period:.0f} steps"
    undoes = f"each step undoes the one before, by {shown(size, 'share')} of the first loss"
    yield Measured(
        (),
        {
            "swings": Number(count, "swings", "climbs of the level by a quarter of all that it had fallen"),
            "alternation": Number(alternation(later), "share", "of each loss's departure undone by the next"),
            "size": Number(size, "share", "departures of single losses over the first loss, second half"),
            "half": Number(later.size, "steps", "steps of the second half"),
        },
        words={
            "told": climbs if count > 2 else undoes,
            "start": shown(curve.start),
            "lowest": shown(curve.lowest),
            "late": "no number" if math.isinf(curve.late) else shown(curve.late),
            "rate": shown(float(np.nanmax(run.rates))) if np.isfinite(run.rates).any() else "as it is",
        },
    )


def _several(run: Run) -> bool:
    """Whether different steps have different losses: tasks in turn, or a graph each."""
    of_step: dict[int, set[tuple[str, str]]] = {}
    for call in run.loss_calls:
        if not call.evaluating:
            of_step.setdefault(call.step, set()).add((call.function, call.line))
    graphs = {values.graph for values in run.values if values.step <= len(run.losses)}
    return len({frozenset(kinds) for kinds in of_step.values()}) > 1 or len(graphs) > 2


def _least(values: NDArray[np.float64], start: float) -> float:
    """The smallest climb that counts: a quarter of the fall, and seven times the level's own roughness, the root mean
    square of its second differences over √6: the luck of batches where it is only that (of a hundred normal numbers the
    largest and the smallest lie 5 apart, and 7 in one case of thousands), and little along a swing."""
    level = stretches(values, 100)
    luck = float(np.sqrt(np.mean(np.diff(level, 2) ** 2) / 6)) if level.size > 2 else 0.0
    return max(0.25 * max(start - float(level.min()), 0.25 * abs(start)), 7 * luck)


def _with_losses(rng: np.random.Generator, losses: NDArray[np.float64]) -> Example:
    entries = healthy_run(rng, losses.size)
    of_kind(entries, "losses")[0]["values"] = losses.tolist()
    return as_example(entries)


@healthy
def steady(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def noisy_batches(rng: np.random.Generator) -> Example:
    t = np.arange(400)
    return _with_losses(rng, (0.3 + 0.8 * np.exp(-t / 100)) * rng.exponential(1.0, 400))


@healthy
def edge_of_stability(rng: np.random.Generator) -> Example:
    """Alternates by two percent of the first loss while it falls."""
    t = np.arange(200)
    return _with_losses(rng, 0.1 + np.exp(-t / 60) + 0.02 * (-1.0) ** t)


@healthy
def restarts(rng: np.random.Generator) -> Example:
    """A rate that restarts: the loss climbs a tenth of what it had won."""
    t = np.arange(400)
    return _with_losses(rng, 0.1 + np.exp(-t / 60) + 0.1 * ((t % 100) < 8) * (t > 50) + rng.normal(0, 0.01, 400))


@sick
def swings_slowly(rng: np.random.Generator) -> Example:
    t = np.arange(400)
    return _with_losses(rng, 0.6 + 0.5 * np.cos(2 * np.pi * t / 60) + rng.normal(0, 0.03, 400))


@sick
def alternates(rng: np.random.Generator) -> Example:
    t = np.arange(200)
    return _with_losses(rng, 0.7 + 0.3 * (-1.0) ** t + rng.normal(0, 0.05, 200))


@fooled("fires", "restarts of the rate that lift the loss by much are meant to, and look like swings")
def hard_restarts(rng: np.random.Generator) -> Example:
    t = np.arange(400)
    return _with_losses(rng, 0.1 + np.exp(-t / 20) + 0.5 * np.exp(-(t % 80) / 20) * (t > 79))
