"""This model's sigmoid or tanh units stand where the curve is flat, so that hardly any gradient passes.

## What it measures
The mean derivative of each hidden sigmoid or tanh over units and samples, as a share of its largest, at the first step
and over the second half of the looked-at ones. Gates (values multiplied by another one) and the model's output are left
out.

## Why it matters
The gradient of everything before such a layer is multiplied by that derivative: the weights there hardly move, and the
units say the same for nearly all samples.

## The mathematics
For x ~ N(0, s²) the mean of tanh′ tends to √(2/π)/s: 0.1 stands for s of about 8. A usual start on inputs of size 1
makes s at most 5/3, where the mean derivative is above 0.45. So a tenth at the first step comes from weights, biases or
inputs some five times too large; late in the run it comes from steps that were too long.

## When it is wrong
Units may be meant to switch (binary codes, memories): flat is then what they should be. Values inside PyTorch's own
recurrent layers are not seen.

## What to do
Standardise the inputs, leave weights and biases as PyTorch makes them, normalise before the activation, or take ReLU.

## References
X. Glorot, Y. Bengio, *Understanding the difficulty of training deep feedforward neural networks*, AISTATS 2010.
Y. LeCun, L. Bottou, G. B. Orr, K.-R. Müller, *Efficient BackProp* (1998), section 4.4.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tearless.calculus.run_pictures import of_units
from tearless.calculus.units import Hidden, at, hidden
from tearless.core import Example, Limit, Measured, Mend, NotApplicable, Number, Severity, fooled, healthy, sick
from tearless.core.picture import Picture
from tearless.linear_algebra.layers_of_a_run import plain
from tearless.readers.training.learnt import learnt
from tearless.readers.training.made import Entries, as_example, healthy_run, of_kind
from tearless.readers.training.run import Run
from tearless.readers.training.told import Op, Values

MEND = Mend.capacity
SYMPTOM_OF = (
    "constant-input", "unscaled-input", "bad-init", "exploding-activation", "learning-rate-too-high",
    "momentum-too-high",
)  # fmt: skip
SQUASHING = ("sigmoid", "tanh")

FLAT_AT_ONCE = Limit(
    of="first",
    at=0.1,
    unit="share",
    kind="derived",
    crossed="below",
    severity=Severity.warning,
    because="A usual start on inputs of size 1 gives an activation inputs of size 5/3 at most, and a mean derivative "
    "above 0.45; a tenth takes inputs five times as large.",
)
STILL_FLAT = Limit(
    of="late",
    at=0.1,
    unit="share",
    kind="derived",
    crossed="below",
    severity=Severity.warning,
    because="What was flat at the first step and is so late in the run was not mended by training: nine tenths of the "
    "gradient are lost at this layer.",
)
FLAT = Limit(
    of="late",
    at=0.02,
    unit="share",
    kind="convention",
    crossed="below",
    severity=Severity.error,
    because="A fiftieth of the gradient passes this layer. No theorem singles out the number: that nothing was learnt "
    "decides with it.",
)
NOTHING_LEARNT = Limit(
    of="learnt",
    at=0.05,
    unit="share",
    kind="convention",
    crossed="below",
    severity=Severity.error,
    because="A model whose loss is within a twentieth of that of a constant has learnt next to nothing of its input.",
)

HEADLINE = "the {function} units of {where} are saturated: on average {late} of the largest derivative is left"
EVIDENCE = "{first} at the first step, {late} in the second half; {layers} such layers"
WHY = "all gradients before this layer are multiplied by that: the weights there hardly move"
DO = "{remedy}"


def measure(run: Run) -> Iterator[Measured]:
    run.looked_at()
    found = hidden(run, SQUASHING, _slope)
    if not found:
        raise NotApplicable("no hidden sigmoid or tanh was seen")
    worst = min(found, key=lambda one: (max(one.first, one.most) > 0.1, one.most))
    told = learnt(run)
    yield Measured(
        (),
        {
            "first": Number(worst.first, "share", "mean derivative over its largest, at the first step"),
            "late": Number(worst.most, "share", "the same at the looked-at steps of the second half, at most"),
            "layers": Number(
                len({one.place for one in found if one.most <= 0.1}), "layers", "activations at a tenth or less late"
            ),
            "learnt": Number(told.progress if told else None, "share", "part of a constant's loss learnt away"),
        },
        words={"function": plain(worst.op), "where": worst.place, "remedy": _remedy(worst)},
    )


def picture(measured: Measured, run: Run) -> Picture:
    says = (
        f"In {measured.words['where']} {measured.numbers['late']} is left late, {measured.numbers['first']} at first."
    )
    title = "What is left of the derivative in each activation, from input to output"
    return of_units(title, says, hidden(run, SQUASHING, _slope), "share of the largest", least=False)


def _slope(op: Op, values: Values, place: int) -> float | None:
    return at(values.slope, place)


def _remedy(worst: Hidden) -> str:
    if worst.first <= 0.1:
        return (
            "it is so from the first step: leave weights and biases of the layer before it as PyTorch makes them, "
            "standardise the inputs (`x = (x - x.mean(0)) / x.std(0)`), or put `torch.nn.LayerNorm(width)` before it"
        )
    return (
        "it came in training: step less far (a tenth of the rate, or clip the gradient), put "
        "`torch.nn.LayerNorm(width)` before it, or take `torch.nn.ReLU()` for it"
    )


def _squashed(rng: np.random.Generator, slopes: tuple[float, float], late: float, function: str = "tanh") -> Entries:
    """A run with two hidden tanh whose mean derivative goes from the first number to the second."""
    entries = healthy_run(rng)
    ops = of_kind(entries, "graph")[0]["ops"]
    for i in (1, 3):
        ops[i].update(function=function, kind=function.capitalize())
    for values in of_kind(entries, "values"):
        now = slopes[0] if values["step"] <= 5 else slopes[1]
        values["slope"] = [None, now, None, 0.6, None, None]
        values["zeros"] = [0.0] * 6
    curve = 1.0986 - (1.0986 - late) * np.minimum(1, np.arange(100) / 60) + rng.normal(0, 0.01, 100)
    of_kind(entries, "losses")[0]["values"] = curve.tolist()
    for call in of_kind(entries, "loss"):
        call["value"] = float(curve[call["step"] - 1])
    return entries


@healthy
def usual_start(rng: np.random.Generator) -> Example:
    return as_example(_squashed(rng, (0.7, 0.5), 0.2))


@healthy
def learns_and_gets_sure(rng: np.random.Generator) -> Example:
    return as_example(_squashed(rng, (0.65, 0.08), 0.1, "sigmoid"))


@healthy
def gates_are_left_out(rng: np.random.Generator) -> Example:
    entries = _squashed(rng, (0.05, 0.05), 0.2, "sigmoid")
    ops = of_kind(entries, "graph")[0]["ops"]
    ops[2].update(function="mul", inputs=[1, 0])
    return as_example(entries)


@sick
def flat_from_the_start(rng: np.random.Generator) -> Example:
    return as_example(_squashed(rng, (0.03, 0.04), 0.5))


@sick
def driven_there(rng: np.random.Generator) -> Example:
    return as_example(_squashed(rng, (0.7, 0.004), 1.09, "sigmoid"))


@fooled("fires", "a code of zeros and ones is wanted here: the units are meant to stand at the ends")
def a_binary_code(rng: np.random.Generator) -> Example:
    return as_example(_squashed(rng, (0.05, 0.02), 0.15))


@fooled("silent", "it came flat in training and cost much, yet something is learnt: what else it might be is not known")
def flat_yet_learning(rng: np.random.Generator) -> Example:
    return as_example(_squashed(rng, (0.7, 0.01), 0.6))
