"""Gradient descent and the learning rate

## The idea
A model that predicts {target} from {columns} has one loss for each choice of its weights: a valley. The gradient says
which way is uphill, so a step goes the other way. How long the step is, the learning rate says. Too short, and you
walk for ever; too long, and each step lands higher on the other slope than it began.

How long is too long is no matter of taste. Along the steepest direction of this valley the curvature is {steepest}, and
a rate above {bound} makes every step grow. No tuning is needed to know that: it can be read off the columns before the
first step is taken.

## The picture
First, the valley from above: each ring joins weights of equal loss, the dots are the steps. Then the loss after each
step, on a scale of powers of ten, and the lowest loss that any weights reach. It is not zero: what the columns do not
tell about {target} stays, {floor} of it here.

## The formula
The error along a direction of curvature λ is multiplied by the same factor at each step, whatever the data are. It
shrinks while the factor lies between minus one and one. The steepest direction decides the bound, the flattest one how
long it takes: the two pull apart by the condition number, {condition} here.

## Where it is used
Every optimiser of every network begins here. `SGDRegressor` of scikit-learn and `torch.optim.SGD` take this very step;
momentum and Adam change it, and the bound moves with them. For a straight line as here nobody needs to walk: the
lowest point has a closed form, which the code above compares with.

## How it fails
A rate above the bound shows as a loss that grows, then as `nan`. A rate just below it swings from wall to wall. A rate
far below it looks like a model that cannot learn. Raw columns of different sizes make the valley so narrow that no
single rate suits it. A published table that claims convergence at a rate above the bound can be refuted by hand.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.descent import GradientDescent, path
from tearless.calculus.stability import best_rate, factor_per_step, largest_rate
from tearless.core import Example, Number, listed, quoted
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.number import shown
from tearless.core.picture import Axis, Contours, Line, Picture, Points, Rule, values
from tearless.linear_algebra.regression_data import RegressionData

SCALES = ("standardised", "as they are")
LARGEST = 1e150
LEVEL = 1e-12
"""A curvature below this share of the largest is none."""
SLOW = 20
"""More steps than this to halve an error are slow."""
GRID = 41

FORMULAS = (
    Formula(
        r"w_{t+1} = w_t - \eta\,\nabla L(w_t)",
        "the next weights are the weights minus the rate times the gradient of the loss",
    ),
    Formula(
        r"e_{t+1} = (1 - \eta\lambda)\,e_t \quad\Rightarrow\quad \eta < \frac{2}{\lambda_{\max}}",
        "the error is multiplied by one minus rate times curvature, so the rate must stay below two over the largest "
        "curvature",
    ),
)

CODE = """\
X = problem.X - problem.X.mean(axis=0)
y = problem.y - problem.y.mean()
if scale == "standardised":
    X, y = X / X.std(axis=0), y / y.std()

H = X.T @ X / len(y)                      # the curvature of the mean squared error, halved
curvatures = np.linalg.eigvalsh(H)        # eigvalsh: H is symmetric
bound = 2 / curvatures[-1]
w = np.zeros(X.shape[1])
for _ in range(int(steps)):
    w = w - rate * (X.T @ (X @ w - y) / len(y))
loss = np.mean((X @ w - y) ** 2) / 2
lowest = np.linalg.lstsq(X, y, rcond=None)[0]
floor = np.mean((X @ lowest - y) ** 2) / 2  # the lowest loss of all
"""

QUESTIONS = (
    Question(
        "junior",
        "The rate is {rate}. Which rate is the first at which this descent no longer converges?",
        (
            Answer("{bound}", "Yes: two over the largest curvature, {steepest}.", right=True),
            Answer("{half_bound}", "That is one over the largest curvature: the rate that needs one step along the "
                   "steepest direction. It converges."),
            Answer("It must be found by trial.", "The columns alone decide it: two over the largest eigenvalue of the "
                   "curvature, {bound} here."),
        ),
    ),
    Question(
        "mid",
        "At the best single rate, {best}, what decides how many steps are needed?",
        (
            Answer("The condition number, {condition}", "Yes: the worst factor per step is {best_factor}, and it "
                   "depends on the ratio of the curvatures alone.", right=True),
            Answer("The number of rows, {rows}", "Rows make a step dearer, not more of them: the loss is a mean."),
            Answer("The largest curvature, {steepest}", "That decides the rate. Multiply all curvatures by ten and "
                   "divide the rate by ten: the same path."),
        ),
    ),
    Question(
        "senior",
        "The loss levels out at {floor}. Is the rate too low?",
        (
            Answer("No: no weights reach less", "Yes: the closed form has the same loss. What is left is what the "
                   "columns do not tell.", right=True),
            Answer("Yes: a loss must reach zero", "Only where the columns determine the target. Here {floor} is the "
                   "variance that is left, halved."),
            Answer("Yes: more steps always help", "Towards {floor}, never below it."),
        ),
    ),
)  # fmt: skip

CATCHES = (
    "learning-rate-too-high",
    "learning-rate-too-low",
    "learning-rate-collapsed",
    "loss-spike",
    "oscillation",
    "plateau",
    "gradient-ascent",
    "missing-zero-grad",
    "no-update",
    "wrong-accumulation",
)
NEXT = ("normalisation", "momentum-and-schedules", "derivatives")


def example(rng: np.random.Generator) -> Example:
    """Flats: their size, their rooms, and what they cost."""
    area = rng.normal(70, 18, 80)
    rooms = area / 25 + rng.normal(0, 0.45, 80)
    price = 3.1 * area + 14 * rooms + rng.normal(0, 22, 80)
    return Example({"area": area, "rooms": rooms, "price": price}, target="price")


def problem(data: RegressionData) -> RegressionData:
    return data


def controls(problem: RegressionData) -> tuple[Control, ...]:
    bound = _valley(problem, SCALES[0]).bound
    return (
        Slider("rate", "learning rate", _digits(bound / 4), _digits(bound / 1000), _digits(1.25 * bound), log=True),
        Slider("steps", "steps", 25, 1, 100, whole=True),
        Choice("scale", "columns", SCALES[0], SCALES),
    )


def _digits(value: float) -> float:
    return float(f"{value:.2g}")


def compute(problem: RegressionData, rate: float, steps: float, scale: str) -> View:
    valley = _valley(problem, scale)
    walked = valley.walk(rate, int(steps))
    losses = [valley.loss(w) for w in walked]
    quickest = best_rate(valley.flattest, valley.steepest)
    numbers = {
        "rate": Number(rate, "1", "the learning rate"),
        "bound": Number(valley.bound, "1", "the rate from which on the descent no longer converges, two over λmax"),
        "half_bound": Number(valley.bound / 2, "1", "one over λmax"),
        "best": Number(quickest, "1", "the best single rate, two over λmin + λmax"),
        "best_factor": Number(
            factor_per_step(quickest, valley.steepest), "1", "the worst factor per step at the best rate"
        ),
        "steepest": Number(valley.steepest, "1", "the largest curvature, λmax"),
        "condition": Number(valley.steepest / valley.flattest, "times", "the condition number, λmax/λmin"),
        "factor": Number(
            factor_per_step(rate, valley.steepest), "times", "the error along the steepest direction, step by step"
        ),
        "slow_factor": Number(factor_per_step(rate, valley.flattest), "times", "the same along the flattest direction"),
        "loss": Number(losses[-1], "1", "half the mean squared error after the last step"),
        "floor": Number(valley.loss(valley.best), "1", "half the mean squared error of the best weights"),
        "steps": Number(len(walked) - 1, "steps", "steps taken until the loss is too large to write down"),
        "rows": Number(problem.n, "rows", problem.said),
    }
    seen = _seen_from_above if len(valley.curvatures) > 1 else _seen_from_aside
    pictures = (seen(valley, walked), _losses(losses, numbers["floor"]))
    words = {"target": quoted(problem.target), "columns": listed(problem.names)}
    return View(_sentence(numbers), numbers, pictures, words)


@dataclass(frozen=True)
class Valley:
    """Half the mean squared error of centred columns, with its curvature: eigenvalues above 0 and their directions."""

    X: NDArray[np.float64]
    y: NDArray[np.float64]
    best: NDArray[np.float64]
    curvatures: NDArray[np.float64]
    directions: NDArray[np.float64]

    @property
    def steepest(self) -> float:
        return float(self.curvatures[-1])

    @property
    def flattest(self) -> float:
        return float(self.curvatures[0])

    @property
    def bound(self) -> float:
        return largest_rate(self.steepest)

    def loss(self, w: NDArray[np.float64]) -> float:
        return float(np.mean((self.X @ w - self.y) ** 2) / 2)

    def walk(self, rate: float, steps: int) -> list[NDArray[np.float64]]:
        """The weights before the first step and after each, until the loss is too large to write down."""
        w, walked = np.zeros(self.X.shape[1]), []
        method = GradientDescent(rate)
        for seen in path(self.loss, lambda w: self.X.T @ (self.X @ w - self.y) / len(self.y), w, method, steps):
            if not seen.loss < LARGEST:
                break
            walked.append(np.asarray(seen.w))
        return walked


def _valley(problem: RegressionData, scale: str) -> Valley:
    X, y = problem.standardised if scale == SCALES[0] else problem.centred
    curvatures, directions = np.linalg.eigh(X.T @ X / len(y))
    level = curvatures > LEVEL * curvatures[-1]  # along the others nothing changes: columns that add up to one another
    best = np.asarray(np.linalg.lstsq(X, y, rcond=None)[0], dtype=np.float64)
    return Valley(X, y, best, curvatures[level], directions[:, level])


def _sentence(numbers: Mapping[str, Number]) -> str:
    rate, bound, slow = (numbers[name].value or 0.0 for name in ("rate", "bound", "slow_factor"))
    if rate >= bound:
        return (
            f"At a rate of {numbers['rate']} every step multiplies the error along the steepest direction by "
            f"{numbers['factor']}: it diverges. The bound is {numbers['bound']}; after {numbers['steps']} steps the "
            f"loss is {numbers['loss']}."
        )
    halved = math.log(2) / -math.log(slow) if 0 < slow < 1 else 1.0
    verdict = "it converges, slowly" if halved > SLOW else "it converges"
    swings = "swings and " if rate > bound / 2 else ""
    along = f"the error along the steepest direction {swings}is multiplied by {numbers['factor']} a step"
    steps = "one step" if halved <= 1 else f"{shown(math.ceil(halved))} steps"
    flat = f"along the flattest it halves in {steps}"
    return (
        f"At a rate of {numbers['rate']}, below the bound of {numbers['bound']}, {verdict}: {along}, {flat}. After "
        f"{numbers['steps']} steps the loss is {numbers['loss']}; no weights reach less than {numbers['floor']}."
    )


def _seen_from_above(valley: Valley, walked: Sequence[NDArray[np.float64]]) -> Picture:
    """The plane of the steepest and the flattest direction, with the lowest point in the middle."""
    plane = valley.directions[:, [-1, 0]]
    at = np.array([(w - valley.best) @ plane for w in walked])
    reach = 1.15 * np.abs(at[0]).max() or 1.0
    inside = at[(np.abs(at) <= 3 * reach).all(axis=1)]
    grid = np.linspace(-reach, reach, GRID)
    heights = (valley.steepest * grid[None, :] ** 2 + valley.flattest * grid[:, None] ** 2) / 2
    levels = np.max(heights) * np.array([0.5, 0.25, 0.125, 1 / 16, 1 / 32, 1 / 64])
    marks = (
        Contours(values(grid), values(grid), tuple(values(row) for row in heights), values(levels)),
        Line(values(inside[:, 0]), values(inside[:, 1]), "path", "second"),
        Points(values(inside[:, 0]), values(inside[:, 1]), role="second"),
        Points((0.0,), (0.0,), "lowest point", "good"),
    )
    says = "Rings of equal loss around the lowest point, and the weights after each step, which start at zero."
    return Picture(
        "The valley from above",
        says,
        marks,
        _about("steepest direction", reach),
        _about("flattest", reach),
        square=True,
    )


def _seen_from_aside(valley: Valley, walked: Sequence[NDArray[np.float64]]) -> Picture:
    """The loss over the one direction that changes it."""
    at = np.array([float((w - valley.best) @ valley.directions[:, -1]) for w in walked])
    reach = 1.15 * abs(at[0]) or 1.0
    inside, grid, floor = at[np.abs(at) <= reach], np.linspace(-reach, reach, GRID), valley.loss(valley.best)
    heights, seen = (floor + valley.steepest * v**2 / 2 for v in (grid, inside))
    marks = (
        Line(values(grid), values(heights), "loss", "soft"),
        Line(values(inside), values(seen), "path", "second"),
        Points(values(inside), values(seen), role="second"),
        Points((0.0,), (floor,), "lowest point", "good"),
    )
    says = "The loss over the one weight, and where each step lands, from a weight of zero."
    return Picture("The valley from aside", says, marks, Axis("weight, from the best one"), Axis("loss"))


def _about(label: str, reach: float) -> Axis:
    return Axis(label, low=-reach, high=reach)


def _losses(losses: Sequence[float], floor: Number) -> Picture:
    marks = (
        Line(values(range(len(losses))), values(losses), "loss"),
        Points(values(range(len(losses))), values(losses)),
        Rule(floor.value or 0.0, f"lowest loss {floor}", "y", "good"),
    )
    says = f"The loss before the first step and after each one, beside the lowest loss of all, {floor}."
    return Picture("The loss, step by step", says, marks, Axis("step"), Axis("loss", log=True))
