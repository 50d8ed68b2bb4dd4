"""This run's momentum is so high that its swings outlast the run.

## What it measures
The largest momentum among the parameter groups, the steps in which a swing at that momentum fades to 1/e, and how much
of what was won was given back: how far the loss rose again from its lowest level, as a share of how far it had fallen;
or what the looked-at steps climbed by their own slopes, as a share of what they descended.

## Why it matters
A momentum of 0.999 sums the gradients of the last thousand steps: the weights run through the
minimum, climb the other side, and come back; the loss swings, and a network that is thrown far enough never returns.

## The mathematics
On a direction of curvature λ the heavy ball follows z² − (1 + β − ηλ)z + β: where its roots are
complex it swings with a period of about 2π/√(ηλ) steps, and its size changes by √β a step, to 1/e in 2/(1 − β) steps
whatever the rate. In a swing it goes up its own gradient as long as down, where the noise of batches hides the level
too. The gradients add up to a rate of η/(1 − β). For a swing to fade to a hundredth the run needs 2 ln
100/(1 − β) steps.

## When it is wrong
A warm restart of the rate raises the loss as well; with a momentum this high it is taken for a swing.

## What to do
Use 0.9; with the same η the sum of gradients then weighs (1 − β)/0.1 times as much, so the rate may need to grow.

## References
B. T. Polyak, *Some methods of speeding up the convergence of iteration methods*, USSR Computational Mathematics and
Mathematical Physics 4(5) (1964), 1-17. Goh, *Why momentum really works*, Distill (2017).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.loss_curve import in_proportion, known, largest_rise, levels, noise
from tearless.calculus.optimiser_bounds import known_optimizer, memory, momentum, number_of
from tearless.calculus.reduction import Promises, promises
from tearless.core import Example, Limit, Measured, Mend, NotApplicable, Number, Severity, fooled, healthy, sick
from tearless.core.number import shown
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.optimiser
SYMPTOM_OF = (
    "gradient-ascent",
    "missing-zero-grad",
    "wrong-accumulation",
    "unscaled-input",
    "unscaled-target",
    "bad-init",
    "exploding-gradient",
)

HIGH = Limit(
    of="momentum",
    at=0.98,
    unit="1",
    kind="convention",
    because="Values in use go to 0.95; 0.98 remembers five times as long as 0.9 does.",
)
OUTLASTS = Limit(
    of="memory",
    at=lambda steps: steps / (2 * math.log(100)),
    unit="steps",
    kind="derived",
    because="A swing whose size fades to 1/e in m steps needs m ln 100 steps to fade to a hundredth: a run twice as "
    "long as that outlives its swings.",
)
FIRST_STEP = Limit(
    of="first_overshoots",
    at=0.5,
    crossed="below",
    unit="steps",
    kind="derived",
    because="The first step knows no momentum: where it raises its own batch's loss, the rate is too high at any "
    "momentum.",
)
SWUNG = Limit(
    of="undone",
    at=0.25,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A level that climbs back a quarter of what it had fallen, beyond the noise of batches, has swung through "
    "its minimum. Both are in proportion: by logarithms, down to a twentieth of the first loss. So have steps "
    "that climb a quarter of what they descend.",
)

HEADLINE = "momentum {momentum} swings through the minimum: {swing}"
EVIDENCE = "the loss began at {start}, was {lowest} at its lowest and ended at {late}; a swing fades in {memory} steps"
WHY = "each step sums the gradients of the last {sums} steps: it runs on where they no longer point, for {steps} steps"
DO = "set momentum (or the first of `betas`) to 0.9; if it is slow then, multiply the rate by up to {factor}"


def measure(run: Run) -> Iterator[Measured]:
    optimizer = known_optimizer(run)
    beta = max(momentum(group) for group in optimizer.groups)
    if beta == 0:
        raise NotApplicable("the optimiser has no momentum")
    curve, found = levels(run.losses), promises(run)
    values = known(run.losses)
    broke = math.isinf(curve.late)
    risen = 1e9 if broke else min(1e9, max(_risen(values), _risen(in_proportion(values))))
    uphill = _uphill(found)
    early = found.judged & (found.steps <= 1)
    nesterov = any(number_of(group, "nesterov") for group in optimizer.groups)
    yield Measured(
        (),
        {
            "momentum": Number(beta, "1", f"the largest momentum of the groups{', by Nesterov' if nesterov else ''}"),
            "memory": Number(memory(beta), "steps", "until a swing has faded to 1/e"),
            "steps": Number(curve.steps, "steps", "steps of the run"),
            "first_overshoots": Number(
                int((found.after > found.before)[early].sum()), "steps", "first steps that raised their batch's loss"
            ),
            "risen": Number(risen, "share", "the largest rise of the level over how far the loss had fallen"),
            "uphill": Number(uphill, "share", "climbs of looked-at steps by their slopes, over their descents"),
            "undone": Number(max(risen, uphill or 0.0), "share", "the larger of the two"),
        },
        words={
            "swing": f"the loss climbed back {shown(risen, 'share')} of what it had fallen"
            if risen >= (uphill or 0.0)
            else f"steps climb {shown(uphill, 'share')} of what they descend",
            "start": shown(curve.start),
            "lowest": shown(curve.lowest),
            "late": "no number" if broke else shown(curve.late),
            "sums": shown(1 / (1 - beta)),
            "factor": shown(0.1 / (1 - beta)),
        },
    )


def _uphill(found: Promises) -> float | None:
    """What steps after the first climb by their own slopes over what they descend; ``None`` for fewer than ten."""
    falls = found.fall[np.isfinite(found.fall) & (found.steps > 1)]
    if falls.size < 10 or not (falls > 0).any():
        return None
    top = float(np.abs(falls).max())
    return min(1e9, float((-falls[falls < 0] / top).sum() / (falls[falls > 0] / top).sum()))


def _risen(values: NDArray[np.float64]) -> float:
    """The largest rise of the level over how far it had fallen, or over the noise where it had hardly fallen."""
    rise, fall = largest_rise(values)
    scale = max(fall, noise(values), 0.05 * abs(float(values[0])))
    return rise / scale if scale > 0 else 0.0


def _swinging(rng: np.random.Generator, beta: float, back: float, steps: int = 100) -> Example:
    return as_example(_swing(rng, beta, back, steps))


def _swing(rng: np.random.Generator, beta: float, back: float, steps: int = 100) -> Entries:
    entries = healthy_run(rng)
    of_kind(entries, "optimizer")[0].update(name="SGD", groups=[{"lr": 0.05, "momentum": beta}])
    t = np.arange(steps)
    level = 0.2 + np.where(t < 40, 0.9 * (1 - t / 40), 0.9 * back * np.minimum(1, (t - 40) / 20))
    of_kind(entries, "losses")[0]["values"] = (level + rng.normal(0, 0.02, steps)).tolist()
    return entries


@healthy
def usual_momentum(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def high_and_smooth(rng: np.random.Generator) -> Example:
    return _swinging(rng, 0.99, 0.05)


@healthy
def a_rise_at_usual_momentum(rng: np.random.Generator) -> Example:
    return _swinging(rng, 0.9, 0.9)


@healthy
def long_enough_to_settle(rng: np.random.Generator) -> Example:
    return _swinging(rng, 0.98, 0.9, steps=2000)


@healthy
def rate_too_high_from_the_first(rng: np.random.Generator) -> Example:
    entries = [e for e in healthy_run(rng) if not (e["kind"] == "probe" and e["step"] == 1)]
    of_kind(entries, "optimizer")[0].update(name="SGD", groups=[{"lr": 5.0, "momentum": 0.99}])
    of_kind(entries, "losses")[0]["values"] = np.r_[1.1, 8.0 + rng.normal(0, 0.1, 99)].tolist()
    numbers = {"before": 1.1, "after": 8.0, "predicted": -3.0, "ratio": -2.3}
    return as_example([*entries, {"kind": "probe", "probe": "reduction", "step": 1, "numbers": numbers}])


@sick
def swings_back(rng: np.random.Generator) -> Example:
    return _swinging(rng, 0.999, 0.9)


@sick
def thrown_out(rng: np.random.Generator) -> Example:
    return _swinging(rng, 0.99, 4.0)


@sick
def swings_within_the_noise(rng: np.random.Generator) -> Example:
    """The level shows nothing; every second stretch of steps goes up its own gradient."""
    entries = _swing(rng, 0.995, 0.05)
    for i, step in enumerate(of_kind(entries, "step")):
        step["slope"] = 0.2 if i % 5 > 2 else -0.2
    return as_example([one for one in entries if one["kind"] != "probe"])


@fooled("fires", "a rate raised on purpose lifts the loss as a swing does, and the momentum is blamed for it")
def a_warm_restart(rng: np.random.Generator) -> Example:
    return _swinging(rng, 0.985, 0.7)
