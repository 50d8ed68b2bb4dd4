"""This run's batches are so small that each step undoes the others: noise keeps the loss up.

## What it measures
What a step takes off the loss of its own batch, as a share of that loss, while the loss of the following batches no
longer falls; and, where two halves of a batch were compared, the gradient noise scale against the batch.

## Why it matters
The loss settles where what a step gains on its batch is lost on the others. More epochs change nothing then; larger
batches, a smaller rate or an average of the weights do.

## The mathematics
With gradient G and covariance Σ of the gradients of single samples, a batch of b samples has noise tr Σ / b in its
gradient, and the best step gains a share 1 / (1 + B / b) of what it would gain without noise, B = tr Σ / |G|² (the
noise scale). Two half batches give |G|² = E⟨g1, g2⟩ and tr Σ = (b/2) (E|g|² − |G|²). In balance the loss taken off a
step's own batch comes back on the others, so a large share taken and no fall means noise.

## When it is wrong
Labels that are unrelated or wrong look the same: each batch can be fitted, and all of them cannot. They are named first
where they are found.

## What to do
Take larger batches, or divide the rate, or let it fall to 0 (`CosineAnnealingLR`), or average the weights
(`torch.optim.swa_utils.AveragedModel`).

## References
S. McCandlish, J. Kaplan, D. Amodei and the OpenAI Dota team, *An empirical model of large-batch training* (2018),
section 2. L. Bottou, F. E. Curtis, J. Nocedal, *Optimization methods for large-scale machine learning*, SIAM Review 60
(2018), theorem 4.6.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.core import CannotTell, Example, Limit, Measured, Mend, Number, Severity, fooled, healthy, sick
from tearless.readers.training.learnt import Learnt, against_constant
from tearless.readers.training.made import as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.optimiser
SYMPTOM_OF = (
    "labels-unrelated", "label-noise", "learning-rate-too-high", "momentum-too-high", "unshuffled-batches",
    "batch-too-small", "missing-zero-grad", "gradient-ascent", "constant-input", "symmetric-init", "unscaled-input",
    "dropout-too-strong", "oscillation", "unscaled-target", "loss-spike",
)  # fmt: skip

TAKEN_EACH_STEP = Limit(
    of="taken",
    at=0.05,
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="Had the steps helped one another, ninety of them would leave 1 % of the loss: 0.95^90 = 0.01. No theorem "
    "singles out the number.",
)
FEW_SAMPLES = Limit(
    of="batch",
    at=8,
    crossed="below",
    unit="samples",
    kind="convention",
    severity=Severity.warning,
    because="The noise of a mean of 8 is a third of that of one sample; with more, what is left is rather that of the "
    "labels, which no batch takes away. No theorem singles out the number.",
)
NO_FALL = Limit(
    of="fallen",
    at=0.1,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="The loss of new batches fell by less than a tenth over half of the run. No theorem singles out the "
    "number.",
)
MUCH_LEFT = Limit(
    of="gained",
    at=lambda taken: 0.75 if taken >= 1 / 3 else 0.5,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A quarter of a constant guess's loss or more is left: the loss is up. A step that multiplies the errors "
    "of its own batch by 1 − a takes 1 − (1 − a)² off their squares and leaves an excess of a/(2 − a): a tenth where a "
    "third is taken. Below that the noise of steps is a small part of what is left, unless half of it is.",
)

HEADLINE = "each step takes {taken} off the loss of its batch of {batch}, and the next batches lose it again"
EVIDENCE = (
    "the loss fell by {fallen} over the second half of the run, and ended {gained} below a constant guess's{noise}"
)
WHY = "the loss stays where what one batch gains is lost on the others: more epochs change nothing"
DO = "take batches of {more}, or let the rate fall: `CosineAnnealingLR(optimizer, T_max=steps)`, called each step"

TIMES_LARGER = 8
EARLY = 1 / 4
"""The share of the run, at its start, whose steps do not count."""


def measure(run: Run) -> Iterator[Measured]:
    found = against_constant(run)
    probes = [p.numbers for p in run.probes("reduction") if p.step > EARLY * found.length]
    taken = [1 - n["after"] / n["before"] for n in probes if n.get("before", 0) > 0 and "after" in n]
    if len(taken) < 2 or found.length < 20:
        raise CannotTell("the losses of batches before and after their own steps are needed, late in the run")
    scale = _noise_scale(run)
    batch = float(np.median([c.target.shape[0] if c.target.shape else 1 for c in found.calls]))
    yield Measured(
        (),
        {
            "taken": Number(float(np.median(taken)), "share", "what a step takes off the loss of its own batch"),
            "fallen": Number(_fallen(found), "share", "by how much the loss fell over the second half of the run"),
            "gained": Number(found.gained, "share", "share of a constant guess's loss that was removed"),
            "batch": Number(batch, "samples", "samples in a batch"),
            "more": Number(TIMES_LARGER * batch, "samples", "eight times as many"),
            "scale": Number(scale, "samples", "gradient noise scale: samples at which noise and gradient are equal"),
        },
        words={"noise": f"; the noise scale is {scale:,.0f} samples" if scale is not None else ""},
    )


def _fallen(found: Learnt) -> float:
    """By how much the mean loss of the last quarter of the run is below that of the quarter before, as a share."""
    third, last = found.between(0.5, 0.75), found.between(0.75, 1.0)
    if not len(third) or not len(last) or third.mean() <= 0:
        return 1.0
    return float(1 - last.mean() / third.mean())


def _noise_scale(run: Run) -> float | None:
    """tr Σ / |G|² from gradients of half batches; ``None`` where they do not agree enough to know |G|²."""
    probes = [p.numbers for p in run.probes("halves") if {"dot", "first", "second", "samples"} <= p.numbers.keys()]
    if not probes:
        return None
    g2 = float(np.mean([n["dot"] for n in probes]))
    norm = float(np.mean([(n["first"] + n["second"]) / 2 for n in probes]))
    half = float(np.mean([n["samples"] for n in probes])) / 2
    return half * (norm - g2) / g2 if g2 > 0 and norm > g2 else None


@healthy
def a_loss_that_falls(rng: np.random.Generator) -> Example:
    return as_example(_taking(healthy_run(rng), 0.4))


@healthy
def at_rest_after_all_was_learned(rng: np.random.Generator) -> Example:
    return as_example(_taking(_resting(rng, healthy_run(rng), 0.1), 0.4))


@healthy
def at_rest_with_small_steps(rng: np.random.Generator) -> Example:
    return as_example(_taking(_resting(rng, healthy_run(rng), 0.8), 0.02))


@healthy
def at_rest_with_large_batches(rng: np.random.Generator) -> Example:
    return as_example(_taking(_resting(rng, healthy_run(rng), 0.8), 0.3, size=64))


@healthy
def still_falling(rng: np.random.Generator) -> Example:
    entries = _resting(rng, healthy_run(rng), 0.8)
    losses = of_kind(entries, "losses")[0]
    losses["values"] = np.linspace(1.6, 0.5, 100).tolist()
    for entry in of_kind(entries, "loss"):
        entry["value"] = losses["values"][entry["step"] - 1]
    return as_example(_taking(entries, 0.4))


@healthy
def small_steps_and_a_third_left(rng: np.random.Generator) -> Example:
    return as_example(_taking(_resting(rng, healthy_run(rng), 0.4), 0.1))


@sick
def two_samples_and_a_large_rate(rng: np.random.Generator) -> Example:
    halves = {"kind": "probe", "probe": "halves", "step": 100}
    numbers = {"dot": 0.1, "first": 2.0, "second": 2.0, "samples": 4}
    return as_example([*_taking(_resting(rng, healthy_run(rng), 0.8), 0.6), {**halves, "numbers": numbers}])


@fooled("fires", "wrong labels let each batch be fitted and all of them not, as noise does")
def contradicting_labels(rng: np.random.Generator) -> Example:
    return as_example(_taking(_resting(rng, healthy_run(rng), 0.9), 0.5))


def _resting(rng: np.random.Generator, entries: list[dict[str, object]], at: float) -> list[dict[str, object]]:
    losses = of_kind(entries, "losses")[0]
    losses["values"] = (at + rng.normal(0, 0.002, len(losses["values"]))).tolist()
    for entry in of_kind(entries, "loss"):
        entry["value"] = losses["values"][entry["step"] - 1]
    return entries


def _taking(entries: list[dict[str, object]], share: float, size: int = 4) -> list[dict[str, object]]:
    for entry in of_kind(entries, "probe"):
        entry["numbers"] |= {"before": 1.0, "after": 1.0 - share}
    for entry in of_kind(entries, "loss"):
        entry["target"]["shape"] = [size]
    return entries
