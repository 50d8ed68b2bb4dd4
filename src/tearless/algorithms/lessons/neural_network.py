"""The neural network

## The idea
One hidden unit takes a weighted sum of {columns} and bends it. Where the sum is zero it draws a straight line, and says
on which side a row lies. Alone that is all it can do. But {width} of them draw as many lines, and the last layer adds
up what they say: so a boundary can bend, or close around a region, though nothing in the network is curved but one
simple function.

Nobody places the lines. They start at random; the loss on {rows} rows says for every weight which way is down, and all
of them move a little, {steps} times.

## The picture
First the rows and where the network holds {positive} for as likely as not, after the last step; fainter, where it is
nearly sure. Then the same boundary with the line of each hidden unit: count the lines that a bend needs. Last the loss,
step by step, beside that of the same network started with all weights alike, and beside a guess that knows only how
common {positive} is, {guess}.

## The formula
Forward, each layer is a product, a sum and a bend: inputs times weights plus bias. Backward, the error of the output,
probability minus truth, goes back through the same weights, times the slope of the bend. The gradient of a layer's
weights is what came in, times the error that came back: two more products, so a step costs about three forward passes.

## Where it is used
`MLPClassifier` of scikit-learn is such a network, with Adam, and ReLU for the bend unless told otherwise; in PyTorch it
is `nn.Linear`, `nn.Tanh`, `nn.Linear`, and `nn.CrossEntropyLoss`, which takes the last sums as they are and not their
softmax. The feed-forward half of every transformer block is one such pair of layers, with thousands of units. On tables
of a few hundred rows, trees are the rival to beat.

## How it fails
Weights that start alike get like gradients and stay alike: {width} units compute one number, the boundary stays a
line, and the loss stops at {alike_loss}. Dropout and batch norm act differently in training: an evaluation without
`model.eval()` gives other answers at each call, {dropped} right here instead of {held}, and a training without
`model.train()` switches them off unseen. Dropout of nine tenths leaves too little of a small layer to learn from. And a
network that is right on {right} of its own rows has said nothing about new ones until it has seen some: {held} there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.multilayer_perceptron import Layers, backward, forward
from tearless.calculus.descent import Adam, start
from tearless.calculus.exponentials import softmax
from tearless.calculus.losses import CrossEntropy, mean, mean_gradient
from tearless.core import Example, Number, listed, quoted, visible
from tearless.core.lesson import Answer, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Contours, Line, Mark, Picture, Points, Role, Rule, values
from tearless.linear_algebra.two_classes import TwoClasses

Floats = NDArray[np.float64]
REACH, GRID, MOST_STEPS = 2.6, 33, 120
TOLD = 20
"""So many times on the way the loss is told."""
NONE, MUCH = 0.95, 0.5
"""Losses over that of a guess: above the first nothing is learnt, below the second much."""

FORMULAS = (
    Formula(
        r"h = \tanh(x W_1 + b_1), \qquad p = \mathrm{softmax}(h W_2 + b_2)",
        "the hidden units are the bent sums of the inputs; the probabilities are the softmax of the sums of the units",
    ),
    Formula(
        r"\delta_2 = \frac{p - y}{n}, \qquad \delta_1 = (\delta_2 W_2^\top) \odot (1 - h^2), \qquad "
        r"\frac{\partial L}{\partial W_l} = a_{l-1}^\top \delta_l",
        "the error of the output is probability minus truth; it goes back through the weights, times the slope of the "
        "bend; a layer's gradient is what came in times that error",
    ),
)

CODE = """\
X, y, n = problem.X, problem.y, len(problem.y)
Y, units = np.eye(2)[y], int(width)
rng = np.random.default_rng(0)
end = np.sqrt(6 / (2 + units))            # Glorot's start
w = {"W1": rng.uniform(-end, end, (2, units)), "b1": np.zeros(units),
     "W2": rng.uniform(-end, end, (units, 2)), "b2": np.zeros(2)}

def outputs(X):
    h = np.tanh(X @ w["W1"] + w["b1"])
    z = np.exp(h @ w["W2"] + w["b2"])
    return h, z / z.sum(axis=1, keepdims=True)

m, v = dict.fromkeys(w, 0), dict.fromkeys(w, 0)
for t in range(1, int(steps) + 1):
    h, p = outputs(X)
    d2 = (p - Y) / n                      # backward, from the loss
    d1 = (d2 @ w["W2"].T) * (1 - h**2)
    slopes = {"W1": X.T @ d1, "b1": d1.sum(0), "W2": h.T @ d2, "b2": d2.sum(0)}
    for one, g in slopes.items():         # Adam
        m[one] = 0.9 * m[one] + 0.1 * g
        v[one] = 0.999 * v[one] + 0.001 * g**2
        size = np.sqrt(v[one] / (1 - 0.999**t)) + 1e-8
        w[one] = w[one] - rate * (m[one] / (1 - 0.9**t)) / size
loss = -np.log(outputs(X)[1][np.arange(n), y]).mean()
right = (outputs(X)[1].argmax(axis=1) == y).mean()
held = (outputs(problem.X_held)[1].argmax(axis=1) == problem.y_held).mean()
"""

QUESTIONS = (
    Question(
        "junior",
        "With one hidden unit the network is right on {right} of its rows. Which boundary can it draw at most?",
        (
            Answer("A straight line", "Yes: one weighted sum, however it is bent after that. More steps move the line; "
                   "they do not curve it.", right=True),
            Answer("A curve, since tanh is curved", "Tanh bends how sure it is, not where it changes its mind: that is "
                   "where one sum has one value."),
            Answer("Any boundary, given enough steps", "Enough units can; steps cannot stand in for them."),
        ),
        at={"width": 1},
    ),
    Question(
        "mid",
        "All weights of this network start with the same value. How many different units has it after {steps} steps?",
        (
            Answer("{alike_units}", "Yes: like weights, like gradients, like steps. It ends at a loss of {alike_loss}; "
                   "a random start reaches {loss}.", right=True),
            Answer("{width}", "Each unit has the gradient of its neighbour: nothing tells them apart."),
            Answer("It depends on the rate", "Every step adds the same to each unit, be it long or short."),
        ),
        at={"width": 5},
    ),
    Question(
        "senior",
        "With dropout, this network is right on {dropped} in service, not {held}, and the same row gets other answers "
        "at each call. Why?",
        (
            Answer("Nobody called `model.eval()`", "Yes: dropout still switches units off. That the answers change is "
                   "the sign: a network has no chance in it.", right=True),
            Answer("It is overfitted", "Then it would be wrong, and yet say the same of the same row each time."),
            Answer("The seed was not fixed", "A seed would repeat the same damage: units would still be switched off."),
        ),
    ),
)  # fmt: skip

CATCHES = ("symmetric-init", "eval-mode-in-training", "train-mode-in-eval", "dropout-too-strong")
NEXT = ("attention", "vanishing-and-exploding", "bias-and-variance")


def example(rng: np.random.Generator) -> Example:
    """Machines: they run well in a middle range of temperature and load, and fail around it."""
    angle, fails = rng.uniform(0, 2 * math.pi, 180), np.arange(180) % 2 == 1
    far = np.where(fails, rng.normal(2.0, 0.35, 180), rng.normal(0.75, 0.4, 180))
    temperature, load = 60 + 12 * far * np.cos(angle), 50 + 15 * far * np.sin(angle)
    state = np.where(fails, "fails", "runs").tolist()
    return Example({"temperature": temperature, "load": load, "state": state}, target="state")


def problem(data: TwoClasses) -> TwoClasses:
    return data


def controls(_: TwoClasses) -> tuple[Control, ...]:
    return (
        Slider("width", "hidden units", 8, 1, 16, whole=True),
        Slider("rate", "learning rate", 0.1, 0.001, 3.0, log=True),
        Slider("steps", "steps", 80, 1, MOST_STEPS, whole=True),
    )


def _first(width: int, alike: bool) -> list[Floats]:
    rng = np.random.default_rng(0)
    end, other = (math.sqrt(6 / (i + o)) for i, o in ((2, width), (width, 2)))
    random = [rng.uniform(-end, end, (2, width)), np.zeros(width), rng.uniform(-other, other, (width, 2)), np.zeros(2)]
    return [np.full_like(w, 0.5) if alike and w.ndim > 1 else w for w in random]


@dataclass(frozen=True)
class Trained:
    """The layers after the last step, and the loss on the way: after how many steps, and how large."""

    layers: Layers
    at: tuple[int, ...]
    losses: tuple[float, ...]


def _trained(data: TwoClasses, width: int, rate: float, steps: int, alike: bool = False) -> Trained:
    """All weights are one vector, as Adam takes them."""
    first, method, loss = _first(width, alike), Adam(rate), CrossEntropy()
    cuts = np.cumsum([w.size for w in first])[:-1]

    def layers_of(w: Floats) -> Layers:
        parts = [part.reshape(one.shape) for part, one in zip(np.split(w, cuts), first, strict=True)]
        return [(parts[0], parts[1]), (parts[2], parts[3])]

    w = np.concatenate([one.ravel() for one in first])
    state, at, losses = start(w), list[int](), list[float]()
    for t in range(steps + 1):
        layers = layers_of(w)
        seen = forward(layers, data.X, "tanh")
        if t % max(1, steps // TOLD) == 0 or t == steps:
            at.append(t)
            losses.append(float(mean(loss, seen[-1], data.y)))
        if t < steps:
            slopes = backward(layers, seen, mean_gradient(loss, seen[-1], data.y), "tanh")
            state, w = method.step(state, w, np.concatenate([part.ravel() for pair in slopes for part in pair]), rate)
    return Trained(layers_of(w), tuple(at), tuple(losses))


def _share_right(layers: Layers, X: Floats, y: NDArray[np.int64], keep: NDArray[Any] | None = None) -> float:
    """The share of rows told rightly; ``keep`` says what dropout leaves of each hidden unit of each row."""
    seen = forward(layers, X, "tanh")
    logits = seen[-1] if keep is None else (seen[1] * keep) @ layers[1][0] + layers[1][1]
    return float(np.mean(logits.argmax(axis=1) == y)) if len(y) else 0.0


def compute(problem: TwoClasses, width: float, rate: float, steps: float) -> View:
    random, alike = (_trained(problem, int(width), rate, int(steps), same) for same in (False, True))
    layers = random.layers
    keep = np.random.default_rng(1).choice([0.0, 2.0], (len(problem.y_held), int(width)))
    guess = np.log(np.full((1, 2), problem.y.mean()) * [-1, 1] + [1, 0])
    numbers = {
        "width": Number(width, "units", "hidden units"),
        "rate": Number(rate, "1", "the rate of Adam"),
        "steps": Number(steps, "steps", "steps, each over all rows learnt from"),
        "rows": Number(len(problem.y), "rows", f"learnt from, of {problem.said}"),
        "loss": Number(random.losses[-1], "nats", "mean cross-entropy after the last step"),
        "guess": Number(float(mean(CrossEntropy(), np.repeat(guess, len(problem.y), axis=0), problem.y)), "nats",
                        "that of a guess that knows the shares of the classes alone"),
        "alike_loss": Number(alike.losses[-1], "nats", "the loss where all weights started alike"),
        "alike_units": Number(len(np.unique(alike.layers[0][0].round(9), axis=1).T), "units", "different units it has"),
        "right": Number(_share_right(layers, problem.X, problem.y), "share", "of the rows learnt from, told rightly"),
        "held": Number(_share_right(layers, problem.X_held, problem.y_held), "share", "of the rows held out"),
        "dropped": Number(_share_right(layers, problem.X_held, problem.y_held, keep), "share",
                          "of the rows held out, with half of the units switched off at random"),
    }  # fmt: skip
    words = {"columns": listed(problem.names), "positive": quoted(problem.positive)}
    pictures = (_boundary(problem, layers), _lines(problem, layers), _losses(random, alike, numbers["guess"]))
    return View(_sentence(numbers), numbers, pictures, words)


def _sentence(numbers: Mapping[str, Number]) -> str:
    loss, guess = (numbers[name].value or 0.0 for name in ("loss", "guess"))
    little = "It has learnt little" if loss < NONE * guess else "It has learnt nothing"
    verdict = "It has learnt much" if loss < MUCH * guess else little
    return (
        f"{verdict}: {numbers['width']} hidden units after {numbers['steps']} steps at a rate of {numbers['rate']} are "
        f"right on {numbers['right']} of their rows and on {numbers['held']} of those held out. The loss is "
        f"{numbers['loss']}, that of a guess {numbers['guess']}."
    )


def _surface(layers: Layers, levels: tuple[float, ...], role: Role) -> Contours:
    grid = np.linspace(-REACH, REACH, GRID)
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    shares = np.asarray(softmax(forward(layers, points, "tanh")[-1]))[:, 1].reshape(GRID, GRID)
    return Contours(values(grid), values(grid), tuple(map(values, shares)), levels, role)


def _rows(data: TwoClasses) -> list[Points]:
    near = (np.abs(data.X) <= REACH).all(axis=1)
    of = [data.X[near & (data.y == k)] for k in (1, 0)]
    return [
        Points(values(of[0][:, 0]), values(of[0][:, 1]), visible(data.positive, 24), "second"),
        Points(values(of[1][:, 0]), values(of[1][:, 1]), "the others", "main", hollow=True),
    ]


def _axes(data: TwoClasses) -> tuple[Axis, Axis]:
    first, second = (Axis(visible(name, 24), low=-REACH, high=REACH) for name in data.names)
    return first, second


def _boundary(data: TwoClasses, layers: Layers) -> Picture:
    marks: tuple[Mark, ...] = (*_rows(data), _surface(layers, (0.1, 0.9), "soft"), _surface(layers, (0.5,), "bad"))
    says = "The rows by two columns, both standardised, and the line at which both classes are as likely; faint: sure."
    return Picture("Where it changes its mind", says, marks, *_axes(data), square=True)


def _lines(data: TwoClasses, layers: Layers) -> Picture:
    """The line of each hidden unit: where its sum is zero."""
    (weights, bias), drawn = layers[0], list[Line]()
    for (a, b), c in zip(weights.T, bias, strict=True):
        size = math.hypot(a, b)
        if size > 0 and abs(c) / size < 2 * REACH:
            foot, along = np.array([a, b]) * (-c / size**2), np.array([-b, a]) / size
            at = foot + np.linspace(-3 * REACH, 3 * REACH, 121)[:, None] * along
            at = at[(np.abs(at) <= REACH).all(axis=1)]
            drawn.append(Line(values(at[:, 0]), values(at[:, 1]), "" if drawn else "one unit", "third", dashed=True))
    marks: tuple[Mark, ...] = (*drawn, _surface(layers, (0.5,), "bad"))
    says = "For each hidden unit the straight line where its sum is zero, and the boundary that they make together."
    return Picture("What each unit draws", says, marks, *_axes(data), square=True)


def _losses(random: Trained, alike: Trained, guess: Number) -> Picture:
    marks = (
        Line(values(random.at), values(random.losses), "random start", "main"),
        Line(values(alike.at), values(alike.losses), "all alike", "second", dashed=True),
        Rule(guess.value or 0.0, f"a guess {guess}", "y", "soft"),
    )
    says = "The loss over the steps, from a random start and from weights that are all alike; and that of a guess."
    return Picture("The loss, step by step", says, marks, Axis("step"), Axis("loss", log=True))
