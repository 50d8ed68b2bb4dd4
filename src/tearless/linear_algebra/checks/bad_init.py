"""This model starts from weights of a wrong size: its first outputs are far too large, or too small to learn from.

## What it measures
For each layer fan-in times the variance of its weights as they were at the start, which is the factor on the variance
of what it is given. With it the harm: how far the first loss lies above that of outputs near 0 (weights too large), or
whether next to nothing was learnt (weights too small).

## Why it matters
From outputs too large the first steps only undo the start, and sigmoid, tanh and softmax stand where they are flat.
Through weights too small neither values nor gradients pass: the product of two or more layers is a saddle at 0.

## The mathematics
The usual starts give fan-in times variance between 1/3 (PyTorch's own) and 25/9 (the largest gain, that for tanh).
Outputs that know nothing of the labels and vary by s² make an expected cross entropy of at most ln C + s²/2 (Jensen):
at s² = 25/9 it is 1.4 above ln C. In squared error they add s² to the mean square of the targets. The variance of n
weights is known to a part √(2/n), so that the factors carry next to no chance.

## When it is wrong
Weights large before a normalisation do no harm, and the loss then shows none. Pretrained weights are not random: a
confident model on labels that mean something else starts high too, with weights of usual size, and is not reported.
Few large biases are not seen here.

## What to do
Leave the layers as PyTorch makes them, or use He's start for ReLU.

## References
K. He, X. Zhang, S. Ren, J. Sun, *Delving deep into rectifiers*, ICCV 2015. X. Glorot, Y. Bengio, *Understanding the
difficulty of training deep feedforward neural networks*, AISTATS 2010.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from tearless.core import Example, Limit, Measured, Mend, NotApplicable, Number, Severity, fooled, healthy, sick
from tearless.linear_algebra.starts import LARGEST, excess, factors, first
from tearless.readers.training.learnt import learnt
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run

MEND = Mend.numerics
SYMPTOM_OF = ("unscaled-input", "unscaled-target", "symmetric-init", "exploding-activation")

LARGE = Limit(
    of="factor",
    at=2 * LARGEST,
    unit="1",
    kind="derived",
    severity=Severity.warning,
    because="The largest of the usual starts multiplies the variance by 25/9, and the variance of a matrix is known "
    "to a few percent: twice that was not drawn by any of them.",
)
HIGH_LOSS = Limit(
    of="excess",
    at=4.0,
    unit="times",
    kind="derived",
    severity=Severity.warning,
    because="The largest usual start, on inputs of size 1, lifts the first loss by 1 in this unit. Four says that the "
    "outputs are twice as large as from any of them.",
)
SMALL = Limit(
    of="typical",
    at=1 / 300,
    unit="1",
    kind="convention",
    crossed="below",
    severity=Severity.error,
    because="A hundredth of the smallest usual start, 1/3: each layer takes nine tenths and more of the size of what "
    "it hands on, over what the starts in use take.",
)
NOTHING_LEARNT = Limit(
    of="learnt",
    at=0.05,
    unit="share",
    kind="convention",
    crossed="below",
    severity=Severity.error,
    because="A model whose loss is within a twentieth of that of a constant has learnt next to nothing of its input: "
    "small weights that grow in time do no harm.",
)

HEADLINE = "weights start too {size}: fan-in times variance is {said} at {where}, usual is 0.33 to 2.8"
EVIDENCE = "weights of standard deviation {std} and fan-in {fan_in}; first loss {first_loss}{expected}"
WHY = "{harm}"
DO = (
    "leave the layers as PyTorch makes them, or start them with `torch.nn.init.kaiming_normal_(layer.weight)` (for "
    "{where} a standard deviation of {better} instead of {std})"
)


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    known = factors(run)
    if not known:
        raise NotApplicable("no layer with weights was seen")
    most, _, largest = max(known, key=lambda one: one[0])
    typical = math.exp(float(np.mean([math.log(max(at_most, 1e-300)) for _, at_most, _ in known])))
    low = typical < 1 / 3 and len(known) > 1
    least = min(known, key=lambda one: one[1])
    shown, layer = (least[1], least[2]) if low else (most, largest)
    told = learnt(run)
    start = told.start if told else float("nan")
    level, above = excess(first(run), start)
    std = math.sqrt(shown / layer.fan_in)
    yield Measured(
        (),
        {
            "factor": Number(most, "1", "largest fan-in times variance among the layers"),
            "typical": Number(
                typical if len(known) > 1 else None, "1", "geometric mean of the layers', of two or more"
            ),
            "said": Number(shown, "1", "fan-in times variance of the layer that is named"),
            "excess": Number(above, "times", "first loss above outputs near 0, over what the largest usual start adds"),
            "first_loss": Number(start, "1", "loss of the first step"),
            "learnt": Number(told.progress if told else None, "share", "part of a constant's loss learnt away"),
            "std": Number(std, "1", "standard deviation of that layer's weights at the start"),
            "fan_in": Number(layer.fan_in, "1", "products that each of its outputs sums"),
            "better": Number(math.sqrt(2 / layer.fan_in), "1", "standard deviation of He's start"),
        },
        words={
            "size": "small" if low else "large",
            "where": layer.place,
            "expected": "" if level is None else f", where outputs near 0 would give {level:.3g}",
            "harm": "neither values nor gradients pass them: the start is next to a saddle, and the run stays there"
            if low
            else "the first steps only undo the start, and most of the gradient's size is that of the start",
        },
    )


def _started(rng: np.random.Generator, stds: list[float], first: float, late: float = 0.2) -> Entries:
    """A run whose three layers started with these standard deviations, its loss from ``first`` to ``late``."""
    entries = healthy_run(rng)
    for parameter in of_kind(entries, "model")[0]["parameters"]:
        at = parameter["name"].split(".")[1]
        parameter["std"] = stds[int(at) // 2]
    losses = of_kind(entries, "losses")[0]
    curve = late + (first - late) * np.exp(-np.arange(len(losses["values"])) / 8)
    losses["values"] = curve.tolist()
    for call in of_kind(entries, "loss"):
        call["value"] = float(curve[call["step"] - 1])
    return entries


@healthy
def as_pytorch_makes_them(rng: np.random.Generator) -> Example:
    return as_example(_started(rng, [0.13, 0.072, 0.072], 1.15))


@healthy
def start_of_he(rng: np.random.Generator) -> Example:
    return as_example(_started(rng, [0.32, 0.18, 0.18], 2.1))


@healthy
def large_before_a_normalisation(rng: np.random.Generator) -> Example:
    return as_example(_started(rng, [1.0, 1.0, 0.07], 1.2))


@healthy
def pretrained_on_other_labels(rng: np.random.Generator) -> Example:
    return as_example(_started(rng, [0.15, 0.2, 0.25], 9.0))


@healthy
def small_and_it_learns(rng: np.random.Generator) -> Example:
    return as_example(_started(rng, [1e-3, 1e-3, 1e-3], 1.0986))


@sick
def standard_deviation_of_one(rng: np.random.Generator) -> Example:
    return as_example(_started(rng, [1.0, 1.0, 1.0], 45.0))


@sick
def last_layer_too_large(rng: np.random.Generator) -> Example:
    return as_example(_started(rng, [0.13, 0.07, 3.0], 12.0))


@sick
def next_to_zero(rng: np.random.Generator) -> Example:
    return as_example(_started(rng, [1e-4, 1e-4, 1e-4], 1.0986, 1.097))


@fooled(
    "fires", "the model knows its classes and was sharpened on purpose: it only starts on labels numbered otherwise"
)
def sharpened_and_renumbered(rng: np.random.Generator) -> Example:
    return as_example(_started(rng, [0.15, 0.2, 0.9], 14.0))


@fooled("silent", "the loss is an expression whose level is not known, so that no harm is seen")
def own_loss(rng: np.random.Generator) -> Example:
    entries = _started(rng, [1.0, 1.0, 1.0], 45.0)
    for call in of_kind(entries, "loss"):
        call["function"] = "expression"
    return as_example(entries)
