"""This model is too small for its task: it holds no more than a straight line, or a number or two, and stays there.

## What it measures
The narrowest place that everything passes (0 where nothing but linear functions stands between input and output), how
much of a constant prediction's loss was learnt, whether the loss still falls, and how far the weights went.

## Why it matters
No rate, schedule or patience brings a model below what it can hold at all.

## The mathematics
Layers without a non-linear function between them are one linear function W₂(W₁x + b₁) + b₂ = Wx + b: it cannot tell the
inside of a circle from its outside, nor an exclusive or. Through k numbers an output of m dimensions is held to a
k-dimensional surface. A loss at the level of a constant after weights have moved is a minimum of such a model.

## When it is wrong
Of a noisy task little can be learnt by any model: a linear model at the level of a constant then has nothing to find.
Wide models that fit badly are not reported, for what they could hold is not known from a run.

## What to do
Put a hidden layer with a ReLU between input and output, or widen the narrowest layer.

## References
M. Minsky, S. Papert, *Perceptrons* (1969). I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (2016), section 6.1.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.fading import summed_updates
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
from tearless.linear_algebra.layers_of_a_run import layers
from tearless.linear_algebra.narrowest import is_a_chain, narrowest, units
from tearless.readers.training.learnt import Learnt, learnt
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.capacity
SYMPTOM_OF = (
    "label-noise", "learning-rate-too-high", "weight-decay-too-strong", "bad-init",
    "dead-units", "constant-input", "unscaled-input", "unscaled-target", "dropout-too-strong",
)  # fmt: skip

NARROW = Limit(
    of="width",
    at=2,
    unit="numbers",
    kind="convention",
    crossed="below",
    because="Two numbers or fewer hold everything that reaches the output, or a linear function does.",
)
LITTLE = Limit(
    of="learnt",
    at=lambda width: 0.5 / width if width else 0.05,
    unit="share",
    kind="convention",
    crossed="below",
    severity=Severity.warning,
    because="A linear model at the level of a constant has found nothing; with one number half of the loss, with "
    "two a quarter learnt away shows that they do, and nothing is said.",
)
SETTLED = Limit(
    of="falling",
    at=lambda width: 0.1 if width else 0.02,
    unit="share",
    kind="convention",
    crossed="below",
    severity=Severity.warning,
    because="A loss that fell by less than a tenth of a constant's (a fiftieth, of a linear model) between the last "
    "two fifths of the run has next to settled.",
)
MOVED = Limit(
    of="moved",
    at=0.1,
    unit="times",
    kind="convention",
    severity=Severity.warning,
    because="Weights that all steps together could change by less than a tenth of their size have not been tried out.",
)

HEADLINE = "the model is too small: {what}, and {learnt_said} of a constant's loss was learnt away"
EVIDENCE = "{inputs} inputs, narrowest place {width}; loss {loss} against {constant} of a constant, no longer falling"
WHY = "what a model cannot hold no rate and no patience brings: its loss has settled where it can go"
DO = (
    "put hidden layers between input and output and make them wide enough: "
    "`torch.nn.Sequential(torch.nn.Linear({inputs}, 64), torch.nn.ReLU(), torch.nn.Linear(64, {outputs}))`"
)


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    graph = run.graphs[max(run.graphs)] if run.graphs else None
    chain = layers(graph) if graph is not None else ()
    if graph is None or not chain or not is_a_chain(graph):
        raise NotApplicable("no plain chain of layers was seen")
    told = learnt(run)
    if told is None or told.share is None or told.constant is None:
        raise CannotTell("the level of a constant prediction is needed; this loss does not tell it")
    width, place = narrowest(graph, chain)
    totals, sizes = summed_updates(run), run.steps[0].by_name("weight")
    moved = max((totals[n] / sizes[n] for n in totals if sizes.get(n)), default=0.0)
    what = "it is linear from input to output" if not width else f"all passes a layer {width:,} wide at {place}"
    yield Measured(
        (),
        {
            "width": Number(width, "numbers", "narrowest place that all passes; 0 for a linear model"),
            "learnt": Number(told.share, "share", "part of a constant's loss that was learnt away"),
            "falling": Number(
                _falling(told, told.constant), "share", "fall between the last two fifths, over a constant's"
            ),
            "moved": Number(moved, "times", "lengths of all steps of a parameter together, over its size, at most"),
            "inputs": Number(chain[0].fan_in, "1", "products that each unit of the first layer sums"),
            "outputs": Number(units(chain[-1]), "1", "outputs"),
            "loss": Number(told.late, "1", "training loss late in the run"),
            "constant": Number(told.constant, "1", "loss of the best constant prediction"),
        },
        words={"what": what, "learnt_said": f"{max(0.0, 100 * told.share):.2g} %"},
    )


def _falling(told: Learnt, constant: float) -> float:
    before, last = told.between(0.6, 0.8), told.between(0.8, 1.0)
    if not len(before) or not len(last):
        return float("nan")
    return float(np.median(before) - np.median(last)) / constant


def _held(rng: np.random.Generator, widths: tuple[int, int], late: float, linear: bool = False) -> Entries:
    """A run of three layers of these widths whose loss settles at ``late``."""
    entries = healthy_run(rng)
    ops = of_kind(entries, "graph")[0]["ops"]
    for op, width in zip(ops[:4], (widths[0], widths[0], widths[1], widths[1]), strict=True):
        op["shape"] = [128, width]
    if linear:
        for i in (1, 3):
            ops[i].update(function="dropout", kind="Dropout")
    curve = late + (1.0986 - late) * np.exp(-np.arange(100) / 10) + rng.normal(0, 0.005, 100)
    of_kind(entries, "losses")[0]["values"] = curve.tolist()
    for call in of_kind(entries, "loss"):
        call["value"] = float(curve[call["step"] - 1])
    return entries


@healthy
def wide_enough(rng: np.random.Generator) -> Example:
    return as_example(healthy_run(rng))


@healthy
def two_numbers_that_do(rng: np.random.Generator) -> Example:
    return as_example(_held(rng, (64, 2), 0.6))


@healthy
def linear_and_enough(rng: np.random.Generator) -> Example:
    return as_example(_held(rng, (64, 64), 0.7, linear=True))


@healthy
def wide_on_a_noisy_task(rng: np.random.Generator) -> Example:
    return as_example(_held(rng, (64, 64), 1.05))


@healthy
def still_falling(rng: np.random.Generator) -> Example:
    entries, falling = _held(rng, (64, 1), 0.9), np.linspace(1.6, 0.7, 100).tolist()
    of_kind(entries, "losses")[0]["values"] = falling
    for call in of_kind(entries, "loss"):
        call["value"] = falling[call["step"] - 1]
    return as_example(entries)


@healthy
def hardly_moved(rng: np.random.Generator) -> Example:
    entries = _held(rng, (64, 1), 1.09)
    for step in of_kind(entries, "step"):
        step["update"] = [1e-6] * 6
    return as_example(entries)


@sick
def through_one_number(rng: np.random.Generator) -> Example:
    return as_example(_held(rng, (64, 1), 0.8))


@sick
def linear_and_stuck(rng: np.random.Generator) -> Example:
    return as_example(_held(rng, (64, 64), 1.097, linear=True))


@fooled("fires", "the labels have nothing to do with the input, so that no wider model would find more")
def nothing_to_find(rng: np.random.Generator) -> Example:
    return as_example(_held(rng, (64, 64), 1.0986, linear=True))
