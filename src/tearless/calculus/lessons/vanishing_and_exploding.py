"""Vanishing and exploding gradients

## The idea
On its way back the gradient passes every layer, and every layer multiplies its length by some factor. A factor a little
below one, applied often enough, leaves nothing; a little above one, it leaves no number that fits into the machine. So
depth is not the fault. What counts is how close the factor of a single layer lies to one, and that is settled before
training begins: by the size of the first weights and by the slope of the activation.

The run here has {run_depth} layers of matrices. Of the gradient at its last one, {run_kept} of the length reached its
first at step {run_step}. The network beside it is drawn at random, at the setting of the controls.

## The picture
First the length of the gradient at each layer, from the first to the last, on a scale of powers of ten: a straight line
is a constant factor, {factor} here. Second, how much the outputs for different rows still differ from one another: what
has become equal on the way forward no later layer can tell apart. Third, what was measured in the run: the gradient by
the weights of its first, middle and last matrix over the steps.

## The formula
A layer with `n` inputs, its fan-in, and weights of variance `s` multiplies squared lengths by `n` times `s` times the
mean square of the activation's slope. For ReLU that mean is a half, so He's start takes two over `n`; for tanh near
zero it is one, so one over `n`; for a sigmoid it is at most a sixteenth, and no usual start makes up for it. PyTorch's
own start is a third over `n`: fine for a few layers, too small for many.

## Where it is used
`torch.nn.init.kaiming_normal_` and `xavier_normal_` set the factor. `LayerNorm` and `BatchNorm1d` reset the length at
each layer, and residual connections add a way past it with the factor one: that is why transformers of a hundred layers
train. `clip_grad_norm_` cuts what explodes. Adam stretches what is small, as long as it is a number at all: in float16
whatever is below {half} is zero, and `GradScaler` of `torch.amp` multiplies the loss for that reason.

## How it fails
The loss stays at that of a constant, or falls as if the net had one layer; or it becomes `nan` in one step. Look at the
gradient layer by layer, while the run is alive: `.grad` is in no saved model, so a script that loads one and prints
zeros has measured nothing. A whole norm hides a dead first layer behind a lively last one. Large first weights push
sigmoid and tanh to where they are flat; a too high rate pushes ReLU units below zero, where they stay.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.deep_run import deep_run
from tearless.calculus.layer_gradients import LARGEST_GAIN, MOST_LAYERS, SMALLEST_GAIN, LayerGradients
from tearless.calculus.local_derivatives import relu, sigmoid, tanh
from tearless.calculus.reverse_mode import Variable, gradient
from tearless.core import Example, Number
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Line, Picture, Points, Rule, values
from tearless.readers.training.made import as_example, of_kind

ACTIVATIONS: Mapping[str, Callable[[Variable], Variable]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "none": lambda x: x,
}
ROWS = 32
FADES = 1e-3
"""Less than this share of a length is vanishing; more than one over it is exploding."""
GROWS = 10.0
"""A gradient that comes out this many times as long has not merely arrived."""
HALF = np.finfo(np.float16)
HALF_LOWEST, HALF_LARGEST = float(HALF.smallest_subnormal), float(HALF.max)

FORMULAS = (
    Formula(
        r"\delta_{l} = \left(W_{l+1}\,\delta_{l+1}\right)\odot\varphi'(z_l)",
        "the gradient at a layer is the next one's, carried back by its weights, times the slope of the activation",
    ),
    Formula(
        r"\frac{\lVert\delta_1\rVert}{\lVert\delta_L\rVert} \approx q^{L-1}, "
        r"\quad q = \sqrt{n\,\mathrm{Var}(w)\,\overline{\varphi'^2}}",
        "over all layers it changes by q to the power of their number; q is the root of fan-in times variance times "
        "the mean square of the slope",
    ),
)

CODE = """\
rng = np.random.default_rng(0)
n, rows = problem.width, 32
x = rng.normal(size=(rows, n))
weights = [rng.normal(size=(n, n)) * np.sqrt(gain / n) for _ in range(int(depth))]
bend, slope = {                     # each activation, and its slope by its output
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0) * 1.0),
    "none": (lambda z: z, np.ones_like),
}[activation]

seen = [x]                          # forward
for w in weights:
    seen.append(bend(seen[-1] @ w))
g = rng.normal(size=(rows, n))      # any gradient at the last output
lengths = [np.linalg.norm(g)]
for w, a in zip(weights[:0:-1], seen[:1:-1]):
    g = (g * slope(a)) @ w.T        # backward, one layer
    lengths.append(np.linalg.norm(g))
kept = lengths[-1] / lengths[0]
factor = kept ** (1 / (len(weights) - 1))
spread = seen[-1].std(axis=0).mean() / x.std(axis=0).mean()
"""

QUESTIONS = (
    Question(
        "junior",
        "Each of {depth} layers multiplies the gradient by {factor}. How much of it reaches the first from the last?",
        (
            Answer("{kept} of it", "Yes: the factor once for each layer on the way.", right=True),
            Answer("{factor} of it", "That is what one layer leaves. The next one multiplies what is left."),
            Answer("{divided} of it", "That divides by the number of layers. They multiply one after another."),
        ),
    ),
    Question(
        "mid",
        "Ten layers of ReLU fade. Which fan-in times variance keeps the gradient's length?",
        (
            Answer("{he}", "Yes: the slope is one for half of the units and zero for the others, so its mean square is "
                   "a half, and twice that is one.", right=True),
            Answer("{xavier}", "That suits an activation of slope one. ReLU passes half of the squares: the factor is "
                   "the root of a half a layer."),
            Answer("{torch}", "That is PyTorch's own start for `Linear`: the factor is the root of a sixth a layer."),
        ),
        at={"activation": "relu"},
    ),
    Question(
        "senior",
        "A script loads the saved model and prints the norm of each `.grad`: all zero. Have the gradients vanished?",
        (
            Answer("It cannot be told from the file", "Yes: a file holds weights, and `.grad` is None after loading. "
                   "The zeros are the script's default.", right=True),
            Answer("Yes: zero is zero", "A gradient that vanished would be small, such as {kept} of the last layer's, "
                   "and not zero in the last layer too."),
            Answer("No: training had converged", "Mini-batches leave a gradient even then, and it is in no file."),
        ),
    ),
)  # fmt: skip

CATCHES = (
    "vanishing-gradient",
    "exploding-gradient",
    "exploding-activation",
    "bad-init",
    "dead-units",
    "saturated-units",
    "nan-weights",
    "nan-loss",
    "precision-overflow",
    "precision-underflow",
    "vanished-variance",
)
NEXT = ("neural-network", "momentum-and-schedules", "normalisation")


def example(rng: np.random.Generator) -> Example:
    """A run of ten layers with sigmoids between, whose loss never left that of three classes guessed at random."""
    entries = deep_run(rng, 0.14, 10, math.log(3), 0.1)
    for step in of_kind(entries, "step"):
        step["gradient"] = (np.array(step["gradient"]) * rng.lognormal(0, 0.15, 10)).tolist()
    return as_example(entries)


def problem(run: LayerGradients) -> LayerGradients:
    return run


def controls(problem: LayerGradients) -> tuple[Control, ...]:
    return (
        Slider("gain", "fan-in times variance", problem.gain, SMALLEST_GAIN, LARGEST_GAIN, log=True),
        Choice("activation", "activation", problem.activation, tuple(ACTIVATIONS)),
        Slider("depth", "layers", problem.depth, 2, MOST_LAYERS, whole=True),
    )


@dataclass(frozen=True)
class Drawn:
    """A network at random: the gradient's length at each layer's output, and the spread of outputs over rows there."""

    lengths: NDArray[np.float64]
    spreads: NDArray[np.float64]


def _draw(width: int, depth: int, gain: float, activation: str) -> Drawn:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, width))
    weights = [rng.normal(size=(width, width)) * math.sqrt(gain / width) for _ in range(depth)]
    outputs, bend = [Variable(x)], ACTIVATIONS[activation]
    for w in weights:
        outputs.append(bend(outputs[-1] @ w))
    last = (outputs[-1] * rng.normal(size=(ROWS, width))).sum()
    lengths = [float(np.linalg.norm(slope.value)) for slope in gradient(last, outputs[1:])]
    spreads = [float(out.value.std(axis=0).mean()) for out in outputs]
    tiny = float(np.finfo(np.float64).tiny)
    return Drawn(np.maximum(lengths, tiny) / lengths[-1], np.maximum(spreads, tiny) / spreads[0])


def compute(problem: LayerGradients, gain: float, activation: str, depth: float) -> View:
    drawn = _draw(problem.width, int(depth), gain, activation)
    kept = float(drawn.lengths[0])
    losses = problem.losses or (None, None)
    numbers = {
        "gain": Number(gain, "1", "fan-in times the variance of the first weights"),
        "depth": Number(depth, "layers", "layers of the network drawn at random"),
        "kept": Number(kept, "1", "the gradient at its first layer over that at its last"),
        "factor": Number(kept ** (1 / (len(drawn.lengths) - 1)), "times", "what a layer multiplies it by, on average"),
        "divided": Number(1 / len(drawn.lengths), "1", "one over the number of layers"),
        "spread": Number(float(drawn.spreads[-1]), "times", "how far outputs of different rows differ, over the input"),
        "run_kept": Number(problem.kept, "1", "the same in the run, at its last look"),
        "run_depth": Number(max(len(problem.lengths), len(problem.norms)), "layers", "layers of the run"),
        "run_step": Number(problem.step, "1", "the step of that look"),
        "loss_first": Number(losses[0], "1", "the first loss of the run"),
        "loss_last": Number(losses[1], "1", "its last loss"),
        "half": Number(HALF_LOWEST, "1", "the smallest number above zero in float16"),
        "he": Number(2.0, "1", "He's start"),
        "xavier": Number(1.0, "1", "one over the fan-in"),
        "torch": Number(1 / 3, "1", "PyTorch's own start"),
    }
    pictures = (_back(problem, drawn), _forward(drawn), _steps(problem))
    return View(_sentence(numbers, activation, problem), numbers, pictures)


def _sentence(numbers: Mapping[str, Number], activation: str, problem: LayerGradients) -> str:
    name = "no activation" if activation == "none" else activation
    drawn = (
        f"{numbers['depth']} random layers with {name} keep {numbers['kept']}, a factor of {numbers['factor']} "
        f"a layer: it {_verdict(numbers['kept'].value or 0.0)}"
    )
    if numbers["run_kept"].value is None:
        return f"The run does not tell its layers apart{problem.hurt}. Of a gradient, {drawn}."
    losses = f"; the loss went from {numbers['loss_first']} to {numbers['loss_last']}" if problem.losses else ""
    kept = numbers["run_kept"]
    reached = f"{kept} of its length reached" if (kept.value or 0.0) <= 1 else f"{kept} times its length reached"
    return (
        f"In the run the gradient {_verdict(kept.value or 0.0)}: {reached} the first layer{losses}{problem.hurt}. Of a "
        f"gradient, {drawn}."
    )


def _verdict(kept: float) -> str:
    if kept < FADES:
        return "vanishes"
    return "explodes" if kept > 1 / FADES else "grows" if kept > GROWS else "arrives"


def _back(problem: LayerGradients, drawn: Drawn) -> Picture:
    at, ends = range(1, len(drawn.lengths) + 1), (drawn.lengths.min(), drawn.lengths.max())
    marks: list[Line | Points | Rule] = [Line(values(at), values(drawn.lengths), "drawn at random", "main")]
    if problem.lengths:
        own = values(one / problem.lengths[-1] for one in problem.lengths)
        marks.append(Points(values(range(1, len(own) + 1)), own, "the run", "second"))
    if ends[0] < 100 * HALF_LOWEST:
        marks.append(Rule(HALF_LOWEST, "float16 ends", "y"))
    if ends[1] > HALF_LARGEST / 100:
        marks.append(Rule(HALF_LARGEST, "float16 ends", "y"))
    says = "The length of the gradient at each layer over that at the last one, on a scale of powers of ten."
    return Picture("The gradient, layer by layer", says, tuple(marks), Axis("layer"), Axis("length", log=True))


def _forward(drawn: Drawn) -> Picture:
    marks = (
        Line(values(range(len(drawn.spreads))), values(drawn.spreads), role="main"),
        Rule(1.0, "as in the input", "y", "good"),
    )
    says = "How far the outputs of different rows differ after each layer, over how far their inputs do."
    return Picture("What still differs", says, marks, Axis("layer"), Axis("spread", log=True))


def _steps(problem: LayerGradients) -> Picture:
    """The gradient of the first, the middle and the last matrix, over the steps of the run."""
    many = len(problem.norms)
    picked = {"all weights": 0} if many == 1 else {"first": 0, "middle": many // 2, "last": many - 1}
    marks = []
    for (name, i), role in zip(picked.items(), ("second", "third", "main"), strict=False):
        seen = [
            (at, norm)
            for at, norm in zip(problem.steps, problem.norms[i], strict=True)
            if math.isfinite(norm) and norm > 0
        ]
        if seen:
            at, norms = zip(*seen, strict=True)
            marks.append(Line(values(at), values(norms), name, role))  # type: ignore[arg-type]
            marks.append(Points(values(at), values(norms), role=role))  # type: ignore[arg-type]
    says = "The length of the gradient by the weights of three layers at each step that was looked at in the run."
    return Picture("The run, step by step", says, tuple(marks), Axis("step"), Axis("length", log=True))
