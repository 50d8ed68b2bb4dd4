"""This run takes steps that are too long: they raise the loss that they were to lower.

## What it measures
At each looked-at step, on the batch that the step was computed from: the fall that the gradient promised (minus
gradient times step), and the fall that came. All promises and all that was kept are summed over the run. Beside that:
the loss at the end against the first one, the largest against the first, and whether the loss still falls.

## Why it matters
A step that goes past the lowest point along its own direction undoes part of what it won; further out it loses more
than it won. The loss then grows to infinity, or jumps up at the start and stays where a dead network leaves it, or
swings about a level far above what a shorter step would reach.

## The mathematics
On a quadratic with curvature λ along the step, kept/promised = r = 1 − ηλ/2: ½ at the lowest point
along the step, 0 where ηλ = 2, from which on gradient descent diverges. The rate that ends at the lowest point is
η/(2(1 − r)), the one that ends as high as it began η/(1 − r). Training at the edge of stability has r near 0 on
single steps and still falls: so long as it falls, or has fallen, there is nothing to mend and nothing is said. The
sum of promises weighs every step by its length, so the blow-up of the first steps is not outvoted by the many idle
steps of a network that it killed.

## When it is wrong
A script whose loss is made harder as it goes (a curriculum, a growing penalty) ends no lower
although it learns. A loss that may lie below 0 has no zero to compare the end with. Several optimisers that play
against each other are not judged.

## What to do
Multiply the rate by what is said, or warm it up over the first steps.

## References
Cohen, Kaur, Li, Kolter and Talwalkar, *Gradient descent on neural networks typically occurs at the edge
of stability*, ICLR 2021. Cohen et al., *Adaptive gradient methods at the edge of stability*, arXiv:2207.14484 (2022).
Nocedal and Wright, *Numerical Optimization* (2nd ed. 2006), section 4.1, on actual and predicted reduction.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.calculus.loss_curve import levels, still_falling
from tearless.calculus.optimiser_bounds import only_optimizer
from tearless.calculus.reduction import enough, promises, shorter
from tearless.calculus.run_pictures import too_long
from tearless.core import Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.core.number import shown
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.optimiser
picture = too_long
SYMPTOM_OF = (
    "gradient-ascent", "missing-zero-grad", "wrong-accumulation", "unscaled-input", "unscaled-target", "bad-init",
    "labels-unrelated", "exploding-gradient", "momentum-too-high",
)  # fmt: skip

CLIMBS = Limit(
    of="climbing",
    at=0.5,
    crossed="below",
    unit="share",
    kind="derived",
    because="A step that follows its gradient upwards promises a rise: where most do, the sign is wrong, not the "
    "length.",
)
BLOWN_UP = Limit(
    of="growth",
    at=100.0,
    unit="times",
    kind="convention",
    severity=Severity.error,
    because="A loss a hundred times its first value is no luck of a batch, for the first value is that of a model that "
    "knows nothing.",
)
STAYED_UP = Limit(
    of="left",
    at=lambda overshoots: 0.2 if overshoots > 0 else 1.0,
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="Ending no lower than it began, the run has lost all that its steps could win. Where a step was seen to "
    "raise its own batch's loss, a fifth of the first loss is enough: what blew up was not won back.",
)
PAST_LOWEST = Limit(
    of="kept",
    at=0.5,
    crossed="below",
    unit="share",
    kind="derived",
    severity=Severity.warning,
    because="On a quadratic a step that ends at the lowest point along it keeps half of what its slope promised; less "
    "means that a shorter step would have won more.",
)
NOTHING_WON = Limit(
    of="left",
    at=lambda kept, falling, growth: enough(kept, falling, growth),
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Past the lowest point and with nine tenths of the first loss left, the steps won nothing. Where the loss "
    "has stopped falling, less is enough: four tenths where under a third of the promises was kept, a tenth where "
    "under 15 % was, for then steps are 1.7 times as long as the best along them, of the 2 at which they lose; "
    "four tenths of a loss that still falls, where they lost on the whole and took it to ten times the first.",
)

HEADLINE = "the steps are too long: {what}"
EVIDENCE = (
    "the looked-at steps promised their own batches a fall, {told}; {left_said} of the first loss was left at the end"
)
WHY = "past the lowest point along its direction a step undoes what it won, and from twice as far it loses"
DO = "make the rate {remedy} ({now} now), or warm it up from there over the first steps"


def measure(run: Run) -> Iterator[Measured]:
    only_optimizer(run)
    curve, found = levels(run.losses), promises(run)
    kept, judged = found.kept, int(found.judged.sum())
    left = min(1e9, curve.left) if curve.bounded else float(curve.late > curve.start + 3 * curve.noise)
    rate = next((float(r) for r in run.rates if np.isfinite(r) and r > 0), None)
    factor = min(0.1, shorter(kept)) if kept is not None else 0.1
    broke = math.isinf(curve.left)
    growth = max(curve.growth, 1e9) if broke and (found.overshoots or curve.growth >= 10) else curve.growth
    half = run.losses[run.losses.size // 2 :]
    yield Measured(
        (),
        {
            "kept": Number(kept, "share", "of the falls that looked-at steps promised, what their batches then fell"),
            "judged": Number(judged, "steps", "looked-at steps whose promise could be held against what came"),
            "overshoots": Number(found.overshoots, "steps", "of these, those that raised their own batch's loss"),
            "climbing": Number(found.climbing, "share", "of the looked-at steps that go up their own gradient"),
            "growth": Number(growth, "times", "the largest loss over the first one"),
            "left": Number(left, "share", "of the first loss at the end; a thousand million where it is no number"),
            "falling": Number(still_falling(half), "chance", "of so clear a fall over the second half by chance"),
        },
        words={
            "what": _what(curve.start, curve.late, curve.peak, found.overshoots, judged, broke),
            "told": f"and kept {shown(kept, 'share')} of it" if kept is not None else "which was not held against them",
            "left_said": "no number" if broke else shown(left, "share"),
            "remedy": shown(rate * factor) if rate else f"{shown(factor)} times what it is",
            "now": shown(rate) if rate else "its value",
        },
    )


def _what(start: float, late: float, peak: float, rises: int, judged: int, broke: bool) -> str:
    if broke:
        return f"the loss went from {shown(start)} to {shown(peak)} and then was no number"
    if peak > 2 * max(start, late):
        return f"the loss went from {shown(start)} up to {shown(peak)} and ended at {shown(late)}"
    held = f" of {judged:,} looked-at steps {rises:,} raised their own batch's loss;" if rises else ""
    return f"{held} the loss began at {shown(start)} and ended at {shown(late)}".strip()


def _changed(rng: np.random.Generator, losses: list[float], ratio: float, promised: float) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "losses")[0]["values"] = losses
    for probe in of_kind(entries, "probe"):
        if probe["probe"] == "reduction":
            before, r = losses[probe["step"] - 1], ratio + float(rng.normal(0, 0.05))
            after = before - r * promised * before
            probe["numbers"] = {"before": before, "after": after, "predicted": -promised * before, "ratio": r}
    return as_example(entries)


@healthy
def good_rate(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def edge_of_stability(rng: np.random.Generator) -> Example:
    """r about 0.1, and a loss that falls over tens of steps all the same."""
    return _changed(rng, (2.3 * np.exp(-np.arange(100) / 40) + rng.normal(0, 0.02, 100)).clip(0.01).tolist(), 0.1, 0.3)


@healthy
def nothing_to_learn(rng: np.random.Generator) -> Example:
    """The loss does not fall, but the steps keep their promises: not the rate's fault."""
    return _changed(rng, (0.69 + rng.normal(0, 0.02, 100)).tolist(), 0.95, 0.02)


@sick
def diverges(rng: np.random.Generator) -> Example:
    losses = [2.3 * 3.0**t if t < 60 else float("nan") for t in range(100)]
    return _changed(rng, losses, -1.0, 3.0)


@sick
def jumps_up_and_stays(rng: np.random.Generator) -> Example:
    losses = 2.31 + rng.normal(0, 0.03, 100)
    losses[1:6] = [8.0, 60.0, 30.0, 9.0, 4.0]
    return _changed(rng, losses.tolist(), 0.1, 2.0)


@sick
def stalls_halfway(rng: np.random.Generator) -> Example:
    """A twentieth of the promises kept, and a level at seven tenths of the first loss."""
    losses = np.r_[2.3, 1.65 + rng.normal(0, 0.1, 99)]
    return _changed(rng, losses.tolist(), 0.05, 0.5)


@sick
def still_winning_back_a_jump(rng: np.random.Generator) -> Example:
    losses = np.linspace(2.3, 1.3, 100) + rng.normal(0, 0.02, 100)
    losses[1:4] = [40.0, 30.0, 9.0]
    return _changed(rng, losses.tolist(), -0.5, 0.5)


@fooled("silent", "two thirds of the first loss won at the edge of stability is what healthy runs look like as well")
def slow_by_overshooting(rng: np.random.Generator) -> Example:
    losses = np.r_[2.3, 0.75 + rng.normal(0, 0.1, 99)]
    return _changed(rng, losses.tolist(), 0.2, 0.5)


@fooled("fires", "in a log alone, a loss that grows by its wrong sign looks like one that too long steps make grow")
def only_a_log(rng: np.random.Generator) -> Example:
    losses = (2.3 * 1.2 ** np.arange(100)).tolist()
    return as_example([{"kind": "losses", "first": 1, "values": losses, "rates": []}])
