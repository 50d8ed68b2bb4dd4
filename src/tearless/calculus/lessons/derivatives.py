"""Derivatives, the chain rule and backpropagation

## The idea
One row goes through a small network: from its {column}, the probability that it lies on its own side of the mean of
{target}; and from that, a loss. How would the loss change if the weight were a little larger? That is its derivative.
Every operation knows one thing only: how its output answers to a small change of its input. Multiply these answers
along the way, add up where ways meet, and you have the derivative of the loss by the weight: {gradient} here.
Backpropagation is this bookkeeping, done once from the loss backwards, so that a million weights cost hardly more than
one.

## The picture
The first picture is the network: each box shows a value, worked out downwards, and under it the slope of the loss by
that value, worked out upwards. Each link carries the local derivative. The second is the loss for other weights; its
tangent has the slope that came back, {gradient}. The third checks it: a difference quotient comes within {apart}, or
fails, depending on how far apart its two points lie.

## The formula
The slope at a box is the sum, over all boxes that it feeds, of their slope times the local derivative of the link.
Here `u` feeds two: through tanh comes {through}, around it {around}, together {slope_u}. A backward pass that stores
what arrives, and does not add it, keeps only one of the two. For cross-entropy after a sigmoid the last two links
collapse to probability minus truth; for squared error the slope of the sigmoid stays as a factor.

## Where it is used
`loss.backward()` of PyTorch and `jax.grad` do this, operation by operation. The gradient of the loss over all {rows}
rows is {average} when the loss is their mean and {total} when it is their sum, as with `reduction="sum"`: the same
direction, but a learning rate that suits one is far off for the other. `torch.autograd.gradcheck` compares with
differences, as the third picture does, in double precision for the reason that it shows.

## How it fails
The loss does not fall; some weights, or all, stand where they started. A `detach`, an `argmax`, a `.item()` or a round
trip through NumPy cuts the way back, and what lies behind it gets no gradient, without any error. `zero_grad` between
`backward` and `step` erases it. A layer kept in a plain list never reaches the optimiser. A root has a finite value at
zero and an infinite slope: one such row makes every weight before it infinite or `nan`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.calculus import finite_differences
from tearless.calculus.exponentials import sigmoid
from tearless.calculus.local_derivatives import log, tanh
from tearless.calculus.local_derivatives import sigmoid as sigmoid_of
from tearless.calculus.losses import BinaryCrossEntropy, Loss, SquaredError, mean_gradient
from tearless.calculus.reverse_mode import Variable, gradient
from tearless.core import Example, Number, quoted
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.number import shown
from tearless.core.picture import Axis, Line, Nodes, Picture, Points, Rule, values
from tearless.linear_algebra.regression_data import RegressionData

KINDS = ("cross-entropy", "squared error")
V, B = 2.0, -0.5
"""The second weight and the bias, which stay as they are."""
REACH = 4.0
FLAT = 0.01  # of the error
SMALLEST = 1e-13
"""Smaller steps do not move a number near one."""
GRID = 49

FORMULAS = (
    Formula(
        r"\frac{\partial L}{\partial u} = \sum_{k} \frac{\partial L}{\partial k}\,\frac{\partial k}{\partial u}",
        "the slope of the loss by a value is the sum, over all that is made of it, of their slope times the local "
        "derivative",
    ),
    Formula(
        r"\frac{f(w + \varepsilon) - f(w - \varepsilon)}{2\varepsilon} = f'(w) + O(\varepsilon^2) + O(u/\varepsilon)",
        "the difference of two values over their distance is the derivative, up to the square of the step and to "
        "rounding over the step",
    ),
)

CODE = """\
x = problem.standardised[0][:, 0]
row = np.argmin(abs(x - 1))                # one row, and its side of the mean
high = problem.y > problem.y.mean()
truth = (high == high[row]).astype(float)  # so that its own truth is one
v, b = 2.0, -0.5

def forward(weight):
    u = weight * x
    return u, 1 / (1 + np.exp(-(v * np.tanh(u) + u + b)))

def loss_of(weight):                       # the loss of that one row
    p = forward(weight)[1][row]
    return -np.log(p) if kind == "cross-entropy" else (1 - p) ** 2

u, p = forward(weight)
# backwards: from the loss to z, then to u by both ways, then to the weight
slope_z = p - truth
if kind == "squared error":
    slope_z = 2 * slope_z * p * (1 - p)
through, around = slope_z * v * (1 - np.tanh(u) ** 2), slope_z
each = (through + around) * x
gradient, average = each[row], each.mean()
loss = loss_of(weight)
rough = (loss_of(weight + step) - loss_of(weight - step)) / (2 * step)
p = p[row]
"""

QUESTIONS = (
    Question(
        "junior",
        "`u` goes into tanh, and past it to `z`. What is the slope of the loss by `u`?",
        (
            Answer("{slope_u}", "Yes: {through} through tanh plus {around} around it. Ways add up.", right=True),
            Answer("{through}", "That is the way through tanh alone. What goes around it changes the loss too."),
            Answer("{product}", "That multiplies the two ways. Derivatives are multiplied along one way, and added "
                   "where ways meet."),
        ),
    ),
    Question(
        "mid",
        "With squared error the truth is one and the model says {p}. Why is the gradient only {gradient}?",
        (
            Answer("The sigmoid is flat there", "Yes: its slope, {bend}, is a factor of the gradient under squared "
                   "error. Cross-entropy cancels it, and leaves probability minus truth.", right=True),
            Answer("The row is nearly learnt", "It is as wrong as can be: {p} where one is right."),
            Answer("The learning rate is too low", "The rate comes after the gradient; it cannot make it small."),
        ),
        at={"kind": KINDS[1], "weight": -REACH},
    ),
    Question(
        "senior",
        "A test compares your backward pass with a difference of step {step}, and finds {apart} between. Who is wrong?",
        (
            Answer("The difference: rounding over so small a step", "Yes: two nearly equal losses are subtracted, and "
                   "their last digits divided by the step. At {best_step} the two agree to {best_apart}.", right=True),
            Answer("The backward pass: a smaller step is always more exact", "Only until rounding is larger than the "
                   "curve: about the cube root of the precision, {best_step}. There they agree to {best_apart}."),
            Answer("Both: derivatives are always approximate", "Rules are exact up to the last digits; only "
                   "differences depend on a step."),
        ),
        at={"step": SMALLEST},
    ),
)  # fmt: skip

CATCHES = (
    "detached-graph",
    "no-gradient",
    "gradient-erased",
    "frozen-parameters",
    "unused-parameters",
    "unmoved-weights",
    "nan-gradient",
    "infinite-gradient",
    "stateless-parameters",
)
NEXT = ("vanishing-and-exploding", "momentum-and-schedules", "neural-network")


def example(rng: np.random.Generator) -> Example:
    """Messages: how many links each holds, and how many of its readers called it spam."""
    links = rng.gamma(2.0, 2.0, 60)
    shouting = rng.normal(0, 1, 60)
    reports = 1.5 * links + 2 * shouting + rng.normal(0, 3, 60)
    return Example({"links": links, "shouting": shouting, "reports": reports}, target="reports")


def problem(data: RegressionData) -> RegressionData:
    return data


def controls(_: RegressionData) -> tuple[Control, ...]:
    return (
        Slider("weight", "weight", -0.8, -REACH, REACH),
        Choice("kind", "loss", KINDS[0], KINDS),
        Slider("step", "step of the difference", 1e-3, SMALLEST, 1.0, log=True),
    )


@dataclass(frozen=True)
class Way:
    """One row through the network: every value, and the slope of the loss by each, in order."""

    at: tuple[float, ...]
    slopes: tuple[float, ...]


def _way(w: float, x: float, kind: str) -> Way:
    """w, u, h, z, p and the loss of a row whose truth is 1, forward, then the slopes, backward."""
    weight = Variable(w)
    u, h, z, p = _forward(weight, x)
    nodes = (weight, u, h, z, p, -log(p) if kind == KINDS[0] else (1.0 - p) ** 2)
    return Way(tuple(float(n.value) for n in nodes), tuple(float(g.value) for g in gradient(nodes[-1], nodes)))


def _forward(weight: Variable, x: Any) -> tuple[Variable, Variable, Variable, Variable]:
    u = weight * x
    h = tanh(u)
    z = V * h + u + B
    return u, h, z, sigmoid_of(z)


def _average(w: float, data: RegressionData, kind: str) -> float:
    """The slope of the mean loss over all rows: what comes back from the losses is carried on by the graph."""
    weight = Variable(w)
    _, _, z, p = _forward(weight, data.standardised[0][:, 0])
    above = data.y > data.y.mean()
    truth = (above == above[_row(data)]).astype(np.float64)
    loss: Loss = BinaryCrossEntropy() if kind == KINDS[0] else SquaredError()
    last = z if kind == KINDS[0] else p
    return float(gradient((last * mean_gradient(loss, last.value, truth)).sum(), [weight])[0].value)


def _losses(w: Any, x: float, kind: str) -> NDArray[np.float64]:
    """The loss of the row at each weight, by the functions that training uses: from the logit, the sound way."""
    u = np.asarray(w, dtype=np.float64) * x
    z, truth = V * np.tanh(u) + u + B, np.ones_like(u)
    if kind == KINDS[0]:
        return np.asarray(BinaryCrossEntropy().value(z, truth))
    return np.asarray(SquaredError().value(sigmoid(z), truth))


def _row(data: RegressionData) -> int:
    """The row whose first column lies nearest to one standard deviation above the mean."""
    return int(np.argmin(np.abs(data.standardised[0][:, 0] - 1)))


def compute(problem: RegressionData, weight: float, kind: str, step: float) -> View:
    x = float(problem.standardised[0][_row(problem), 0])
    way = _way(weight, x, kind)
    h, p, loss = way.at[2], *way.at[4:]
    slope_w, slope_u, slope_h, slope_z = way.slopes[:4]
    best = float(finite_differences.gradient(lambda w: _losses(w, x, kind), weight))
    average = _average(weight, problem, kind)
    rough = float(_differences(weight, x, kind, step))
    through = slope_h * (1 - h * h)
    numbers = {
        "weight": Number(weight, "1", "the weight"),
        "p": Number(p, "1", "the probability given to the truth"),
        "loss": Number(loss, "1", "the loss of this row"),
        "gradient": Number(slope_w, "1", "the derivative of the loss by the weight, from the loss backwards"),
        "slope_u": Number(slope_u, "1", "the derivative by u, both ways together"),
        "through": Number(through, "1", "what comes back to u through tanh"),
        "around": Number(slope_z, "1", "what comes back to u around tanh"),
        "product": Number(through * slope_z, "1", "the two multiplied, which means nothing"),
        "bend": Number(p * (1 - p), "1", "the slope of the sigmoid"),
        "step": Number(step, "1", "the step of the difference"),
        "rough": Number(rough, "1", "the difference quotient with that step"),
        "apart": Number(abs(rough - slope_w), "1", "how far it lies from the derivative"),
        "best_step": Number(finite_differences.STEP, "1", "the step that balances curve and rounding"),
        "best_apart": Number(abs(best - slope_w), "1", "how far the difference lies from the derivative then"),
        "average": Number(average, "1", "the derivative of the mean loss over all rows"),
        "total": Number(average * problem.n, "1", "the derivative of the summed loss"),
        "rows": Number(problem.n, "rows", problem.said),
    }
    pictures = (_graph(way, x), _curve(way, x, kind), _errors(numbers, x, kind))
    words = {"column": quoted(problem.names[0]), "target": quoted(problem.target)}
    return View(_sentence(numbers), numbers, pictures, words)


def _differences(w: float, x: float, kind: str, step: Any) -> NDArray[np.float64]:
    return np.asarray((_losses(w + step, x, kind) - _losses(w - step, x, kind)) / (2 * step))


def _sentence(numbers: dict[str, Number]) -> str:
    slope, p = numbers["gradient"].value or 0.0, numbers["p"].value or 0.0
    if abs(slope) < FLAT * (1 - p):
        verdict = f"Hardly a way to learn: the model is wrong, yet the loss has a slope of only {numbers['gradient']}"
    else:
        way = "Raise" if slope < 0 else "Lower"
        verdict = f"{way} the weight: the loss has a slope of {numbers['gradient']} there"
    far = (numbers["apart"].value or 0.0) > FLAT * abs(slope)
    judged = "is off by" if far else "agrees to"
    return (
        f"{verdict}, and the model gives {numbers['p']} to what is true. A difference over a step of {numbers['step']} "
        f"{judged} {numbers['apart']}."
    )


def _graph(way: Way, x: float) -> Picture:
    """The network from the weight at the top to the loss at the bottom."""
    names = ("weight w", "u = x·w", "h = tanh u", "z = v·h + u + b", "p = sigmoid z", "loss")
    rows = [
        f"{name}\n{shown(value)}, slope {shown(slope, digits=2)}"
        for name, value, slope in zip(names, way.at, way.slopes, strict=True)
    ]
    _, _, h, _, p, _ = way.at
    local = (x, 1 - h * h, V, 1.0, p * (1 - p), way.slopes[4])
    joins = ((0, 1), (1, 2), (2, 3), (1, 3), (3, 4), (4, 5))
    links = tuple((a, b, f"× {shown(d, digits=2)}") for (a, b), d in zip(joins, local, strict=True))
    across, down = (0.6, 0.6, 1.9, 0.6, 0.6, 0.6), (4.0, 3.2, 2.4, 1.6, 0.8, 0.0)
    says = "Each box holds a value and the slope of the loss by it, each link its local derivative; two leave u."
    marks = (Nodes(across, down, tuple(rows), links, ("second", "main", "main", "main", "main", "bad")),)
    wide, high = Axis(low=-0.2, high=2.9), Axis(low=-0.3, high=4.2)
    return Picture("The network, forward and backward", says, marks, wide, high, bare=True, square=True)


def _curve(way: Way, x: float, kind: str) -> Picture:
    w, loss, slope = way.at[0], way.at[-1], way.slopes[0]
    grid = np.linspace(-REACH, REACH, GRID)
    losses = _losses(grid, x, kind)
    near = np.array([w - 1.0, w + 1.0])
    marks = (
        Line(values(grid), values(losses), "loss", "main"),
        Line(values(near), values(loss + slope * (near - w)), "tangent", "second", dashed=True),
        Points((w,), (loss,), role="second"),
    )
    says = f"The loss for each weight, and at {shown(w)} the line of slope {shown(slope)} that touches it."
    up = Axis("loss", low=0.0, high=1.05 * float(losses.max()))
    return Picture("The loss over the weight", says, marks, Axis("weight"), up)


def _errors(numbers: dict[str, Number], x: float, kind: str) -> Picture:
    """How far a difference lies from the derivative, over its step."""
    w, slope = numbers["weight"].value or 0.0, numbers["gradient"].value or 0.0
    steps = np.geomspace(SMALLEST, 1.0, GRID)
    floor = np.finfo(np.float64).eps
    errors = np.maximum(np.abs(_differences(w, x, kind, steps) - slope), floor)
    mine, best = (numbers[name].value or 0.0 for name in ("step", "best_step"))
    marks = (
        Line(values(steps), values(errors), "difference and derivative apart", "main"),
        Points((mine,), (max(numbers["apart"].value or 0.0, floor),), "your step", "second"),
        Rule(best, "best step", role="good"),
    )
    says = f"The error of a difference over its step: it falls with its square; below {shown(best)} it rises again."
    return Picture("How far a difference is off", says, marks, Axis("step", log=True), Axis("error", log=True))
