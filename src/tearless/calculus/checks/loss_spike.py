"""This run's loss jumps, to several times what it ever costs to know nothing.

## What it measures
Each loss after the first ones, above the run's floor, over what a bad batch costs: the larger of the first losses and
the worst of the lower three quarters of all. Then how many losses stand five times as high, and how much of what the
loss had fallen was lost again at the end.

## Why it matters
One such batch moves the weights as far as hundreds of others and in its own direction; an adaptive optimiser's
averages remember it for long. A sample that is wrong by orders of magnitude does it once in every pass over the data.

## The mathematics
The mean of a batch of B losses is raised by one loss of size s by s/B: five times the level of a model that knows
nothing needs a loss 5B times as large as usual. How far luck carries is read from the logarithms of the losses: their
spread by medians, which the jumps themselves do not widen, and a normal tail with a chance of 0.001 over the whole run.

## When it is wrong
Samples of a rare kind that rightly cost much jump as wrong ones do. A jump that is won
back at once costs little: a single one is a note.

## What to do
Look at the batch of the step that is named: its largest target and input. Mend or drop the sample, clip the gradient,
or take a loss that grows more slowly (`SmoothL1Loss`).

## References
Huber, *Robust estimation of a location parameter*, Annals of Mathematical Statistics 35(1) (1964), 73-101. Chowdhery
et al., *PaLM*, JMLR 24(240) (2023), section 5.1, on loss spikes. Siegmund, *Sequential analysis* (1985), chapter 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.calculus.loss_curve import heights, known, levels
from tearless.calculus.optimiser_bounds import only_optimizer
from tearless.calculus.run_pictures import jumping
from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.core.number import shown
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.optimiser
picture = jumping
SYMPTOM_OF = (
    "gradient-ascent",
    "missing-zero-grad",
    "wrong-accumulation",
    "log-of-zero",
    "batch-too-small",
    "precision-overflow",
    "inf-in-input",
    "unscaled-input",
    "unscaled-target",
    "bad-init",
    "exploding-gradient",
    "exploding-activation",
    "momentum-too-high",
    "learning-rate-too-high",
    "oscillation",
)
FEWEST = 30
EARLY = 10
"""Losses at the start that may jump: the first steps of a run find its scale."""
JUMP = 5.0

JUMPS = Limit(
    of="height",
    at=lambda rare: max(JUMP, rare),
    unit="times",
    kind="derived",
    because="A batch may be worse than the first by its luck: as far as the spread of the logarithms of the losses "
    "carries it in one run of a thousand, and never called a jump below five times.",
)
ONCE = Limit(
    of="jumps",
    at=1,
    unit="steps",
    kind="derived",
    severity=Severity.note,
    because="A single jump is an event to know of; whether it harmed shows in what came after.",
)
AGAIN = Limit(
    of="jumps",
    at=3,
    unit="steps",
    kind="convention",
    severity=Severity.warning,
    because="Three jumps are no accident: something in the data or the steps makes them, and each moves the weights.",
)

HEADLINE = "the loss jumps to {worst} at step {step}, {height} times what a bad batch costs; {jumps} jumps in all"
EVIDENCE = "{jumps} of {steps} losses stand far above {usual}; the last tenth has its median at {late}"
WHY = "one such batch moves the weights as far as hundreds of others, in its own direction"
DO = "look at the batch of step {step}: `print(x.abs().max(), y.abs().max())`; mend the sample, or clip the gradient"


def measure(run: Run) -> Iterator[Measured]:
    only_optimizer(run)
    curve = levels(run.losses)
    at = np.flatnonzero(np.isfinite(run.losses))
    if at.size < FEWEST:
        raise CannotTell(f"this needs the losses of at least {FEWEST} steps")
    values = known(run.losses)
    height, rare = heights(values)
    height[:EARLY] = np.minimum(height[:EARLY], 1.0)
    worst = int(np.argmax(height))
    yield Measured(
        (),
        {
            "height": Number(float(height[worst]), "times", "the largest loss over what a bad batch costs"),
            "rare": Number(rare, "times", "what the luck of batches reaches in one run of a thousand"),
            "jumps": Number(int((height >= max(JUMP, rare)).sum()), "steps", "losses at least so high"),
            "step": Number(int(at[worst]) + 1, "1", "the step of the largest"),
            "steps": Number(at.size, "steps", "steps whose loss is known"),
        },
        words={
            "worst": shown(float(values[worst])),
            "usual": shown(float(values[worst]) / float(height[worst])) if height[worst] > 0 else "the usual",
            "late": "no number" if math.isinf(curve.late) else shown(curve.late),
        },
    )


def _jumping(rng: np.random.Generator, every: int, size: float, first: int = 30) -> Example:
    entries = healthy_run(rng)
    losses = np.array(of_kind(entries, "losses")[0]["values"])
    losses[first::every] += size
    of_kind(entries, "losses")[0]["values"] = losses.tolist()
    return as_example(entries)


@healthy
def calm(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def noisy_batches(rng: np.random.Generator) -> Example:
    """Batches of one sample: exponential losses."""
    entries = healthy_run(rng)
    losses = np.array(of_kind(entries, "losses")[0]["values"]) * rng.exponential(1.0, 100)
    losses[0] = 1.1
    of_kind(entries, "losses")[0]["values"] = losses.tolist()
    return as_example(entries)


@healthy
def finds_its_scale(rng: np.random.Generator) -> Example:
    entries = healthy_run(rng)
    of_kind(entries, "losses")[0]["values"][1:4] = [30.0, 12.0, 6.0]
    return as_example(entries)


@sick
def an_outlier_in_every_pass(rng: np.random.Generator) -> Example:
    return _jumping(rng, 10, 60.0)


@sick
def one_jump(rng: np.random.Generator) -> Example:
    return _jumping(rng, 200, 60.0)


@fooled("fires", "samples of a rare kind that rightly cost much look like samples that are wrong")
def heavy_tails(rng: np.random.Generator) -> Example:
    return _jumping(rng, 20, 9.0)
