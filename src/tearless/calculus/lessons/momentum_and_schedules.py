"""Momentum, Adam, schedules and clipping

## The idea
Plain descent looks at nothing but the slope under its feet. In a narrow valley, such as that of {columns} with a
condition number of {condition}, it swings between the walls and creeps along the floor. Momentum remembers: pushes
across the valley cancel, pushes along it add up, to ten times their size at the usual share of nine tenths. Adam also
divides each weight's step by the usual size of its gradient. A schedule changes the rate on the way, and clipping
shortens gradients that are too long. None of them is free: each moves the bound that the rate must respect.

## The picture
First the valley from above with the path of this method. Then what is left above the lowest loss, beside plain descent
at the same rate. Last the rate of each step under the bound of this method, {bound} at the end: plain descent would
have {plain_bound}. The area under the rates is what a schedule lets you walk: {area} full steps here. If it is spent
before the valley floor is reached, more steps change nothing.

## The formula
Momentum keeps a running sum of gradients, so its rate may be nearly twice that of plain descent, {momentum_bound}
against {plain_bound}. Nesterov's look-ahead must stay below {nesterov_bound}, and swings less. Adam divides a running
mean by a running size. Its bound is set by the curvature over that size, so it sinks as the gradients do: a constant
rate that was sound becomes too high near the end, which is what decay is for.

## Where it is used
`torch.optim.SGD` with `momentum` and `nesterov`, `torch.optim.AdamW`, the schedules of `torch.optim.lr_scheduler`, and
`get_cosine_schedule_with_warmup` of transformers. Warm-up is there since Adam's first steps have the full length of the
rate whatever the gradient, when its sizes rest on a handful of samples. `clip_grad_norm_` is a belt for rare long
gradients. A limit that cuts nearly every step has become the learning rate: a tenth of the first gradient's length
would cut {clipped} of the steps here.

## How it fails
Momentum too close to one: the loss swings in waves as long as its memory, or runs away. A schedule built for another
number of steps: the loss goes flat early, and it looks as if the model had learnt all it can. Gradients below Adam's
epsilon: it turns into plain descent with a tiny rate. Steps smaller than the spacing of half-precision weights: they
are rounded away, and nothing moves. Batches so small that the noise is larger than the slope: only averaging helps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.clipping import by_norm
from tearless.calculus.descent import Adam, GradientDescent, Method, Momentum, Nesterov, Step, path
from tearless.calculus.schedules import Schedule, area, constant, cosine, exponential, warm_up
from tearless.calculus.stability import largest_adam_rate, largest_rate
from tearless.core import Example, Number, listed
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.number import shown
from tearless.core.picture import Axis, Contours, Line, Picture, Points, values
from tearless.linear_algebra.regression_data import RegressionData

Vector = NDArray[np.float64]
METHODS = ("plain", "momentum", "Nesterov", "Adam")
SCHEDULES = ("constant", "warm-up", "cosine decay", "decay at once", "clipped")
EARLY, CLIP = 0.8, 0.1  # the factor a step of an early decay; the share of the first length to which clipping cuts
STEPS, WARM, BETA, LARGEST, GRID = 60, 12, 0.9, 1e120, 31
LEVEL = 1e-12  # a curvature below this share of the largest is none; so is a loss above the lowest

FORMULAS = (
    Formula(
        r"v_t = \beta v_{t-1} + g_t, \quad w_{t+1} = w_t - \eta\,v_t, \quad \eta < \frac{2(1+\beta)}{\lambda_{\max}}",
        "the velocity is beta times the last one plus the gradient, the weights go back by rate times velocity; the "
        "rate must stay below twice one plus beta over the largest curvature",
    ),
    Formula(
        r"w_{t+1} = w_t - \eta\,\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}",
        "the weights go back by the rate times the mean of the gradient over the root of the mean of its square",
    ),
)

CODE = """\
X, y = problem.standardised
H = X.T @ X / len(y)                  # the curvature
plain_bound = 2 / np.linalg.eigvalsh(H)[-1]
momentum_bound = plain_bound * (1 + 0.9)
multiplier = {
    "warm-up": lambda t: min(1, (t + 1) / 12),
    "cosine decay": lambda t: (1 + np.cos(np.pi * t / 60)) / 2,
    "decay at once": lambda t: 0.8**t,
}.get(schedule, lambda t: 1.0)
w, v, s, area = np.zeros(X.shape[1]), 0, 0, 0
limit = 0.1 * np.linalg.norm(X.T @ y / len(y))
for t in range(60):
    g = H @ w - X.T @ y / len(y)
    if schedule == "clipped":
        g = g * min(1, limit / np.linalg.norm(g))
    if method == "Adam":
        v, s = 0.9 * v + 0.1 * g, 0.999 * s + 0.001 * g**2
        mean, size = v / (1 - 0.9 ** (t + 1)), s / (1 - 0.999 ** (t + 1))
        step = mean / (size**0.5 + 1e-8)
    else:                             # what is remembered, and the step
        v = g + (0 if method == "plain" else 0.9) * v
        step = g + 0.9 * v if method == "Nesterov" else v
    w = w - rate * multiplier(t) * step
    area += multiplier(t)
loss = np.mean((X @ w - y) ** 2) / 2
"""

QUESTIONS = (
    Question(
        "junior",
        "Plain descent is stable here up to a rate of {plain_bound}. Up to which rate is momentum of {beta}?",
        (
            Answer("{momentum_bound}", "Yes: one plus beta times as much. What it remembers opposes each swing to the "
                   "other wall.", right=True),
            Answer("{tenth}", "Momentum walks as far as a rate ten times larger along a steady slope, yet at the walls "
                   "its memory brakes: the bound rises."),
            Answer("{plain_bound}, as before", "The bound is of the method, not of the valley alone."),
        ),
    ),
    Question(
        "mid",
        "The rate is multiplied by {early} at each step from the first on. What are {steps} steps worth?",
        (
            Answer("{area} full steps", "Yes: the sum of the multipliers. After it nothing moves, be the model good "
                   "or bad, and the flat loss looks like success.", right=True),
            Answer("{steps}: the rate never becomes zero", "It never does, and yet all later steps together are "
                   "shorter than one full step."),
            Answer("{half} full steps", "That is what a cosine or a straight line down to zero is worth."),
        ),
        at={"schedule": SCHEDULES[3]},
    ),
    Question(
        "senior",
        "You give the target in cents and not in euros: every gradient is a hundred times as long. Adam's first steps?",
        (
            Answer("As long as before, about {rate} each", "Yes: mean and size grow alike. But the weights to find lie "
                   "a hundred times as far, so it is the rate that must grow.", right=True),
            Answer("A hundred times as long", "That is plain descent. Adam divides by the size of the gradient."),
            Answer("Unstable: above the bound of {bound}", "Adam's bound grows with the size of the gradients, as that "
                   "of plain descent does not."),
        ),
        at={"method": METHODS[3]},
    ),
)  # fmt: skip

CATCHES = ("momentum-too-high", "epsilon-dominated", "lost-updates", "steps-below-rounding", "noisy-gradient")
NEXT = ("vanishing-and-exploding", "norms-and-regularisation", "neural-network")


def example(rng: np.random.Generator) -> Example:
    """Flats: the same area cut into more rooms is worth less, and large flats have more rooms."""
    area = rng.normal(70, 18, 80)
    rooms = area / 25 + rng.normal(0, 0.22, 80)
    price = 6.4 * area - 80 * rooms + rng.normal(0, 22, 80)
    return Example({"area": area, "rooms": rooms, "price": price}, target="price")


def problem(data: RegressionData) -> RegressionData:
    return data


def controls(problem: RegressionData) -> tuple[Control, ...]:
    bound = largest_rate(_valley(problem).steepest)
    low, usual, high = (float(f"{share * bound:.2g}") for share in (0.001, 0.06, 2.2))
    return (
        Choice("method", "method", METHODS[1], METHODS),
        Slider("rate", "learning rate", usual, low, high, log=True),
        Choice("schedule", "rate and gradient", SCHEDULES[0], SCHEDULES),
    )


@dataclass(frozen=True)
class Valley:
    """Half the mean squared error, its curvatures above 0 and their directions."""

    X: Vector
    y: Vector
    best: Vector
    curvatures: Vector
    directions: Vector

    @property
    def steepest(self) -> float:
        return float(self.curvatures[-1])

    def loss(self, w: Vector) -> float:
        return float(np.mean((self.X @ w - self.y) ** 2) / 2)

    def gradient(self, w: Vector) -> Vector:
        return np.asarray(self.X.T @ (self.X @ w - self.y) / len(self.y), dtype=np.float64)

    def walk(self, method: Method, schedule: str = SCHEDULES[0]) -> list[Step]:
        """Each step until the loss is too large to write down, and the end."""
        limit = max(CLIP * float(np.linalg.norm(self.gradient(np.zeros(len(self.best))))), np.finfo(np.float64).tiny)

        def clipped(w: Vector) -> Vector:
            return np.asarray(by_norm([self.gradient(w)], limit)[0][0], dtype=np.float64)

        slope = clipped if schedule == SCHEDULES[4] else self.gradient
        steps = path(self.loss, slope, np.zeros(len(self.best)), method, STEPS, _multiplier(schedule))
        return list(takewhile(lambda step: bool(step.loss < LARGEST), steps))


def _valley(data: RegressionData) -> Valley:
    X, y = data.standardised
    curvatures, directions = np.linalg.eigh(X.T @ X / len(y))
    level = curvatures > LEVEL * curvatures[-1]
    best = np.asarray(np.linalg.lstsq(X, y, rcond=None)[0], dtype=np.float64)
    return Valley(X, y, best, curvatures[level], directions[:, level])


def _multiplier(schedule: str) -> Schedule:
    known = {SCHEDULES[1]: warm_up(WARM), SCHEDULES[2]: cosine(STEPS), SCHEDULES[3]: exponential(EARLY)}
    return known.get(schedule, constant())


def _method(name: str, rate: float) -> Method:
    made: tuple[Method, ...] = (GradientDescent(rate), Momentum(rate, BETA), Nesterov(rate, BETA), Adam(rate))
    return made[METHODS.index(name)]


def _bounds(valley: Valley, name: str, walked: Sequence[Step]) -> list[float]:
    """The largest stable rate of the method at each step: of Adam as its sizes of gradients then are."""
    if name != METHODS[3]:
        beta = 0.0 if name == METHODS[0] else BETA
        return [largest_rate(valley.steepest, beta, nesterov=name == METHODS[2])] * len(walked)
    adam, second, found = Adam(1.0), np.zeros(len(valley.best)), []
    H = valley.X.T @ valley.X / len(valley.y)
    for t, step in enumerate(walked, 1):
        second = adam.beta2 * second + (1 - adam.beta2) * step.gradient**2
        root = np.sqrt(np.sqrt(second / (1 - adam.beta2**t)) + adam.epsilon)
        found.append(largest_adam_rate(float(np.linalg.eigvalsh(H / np.outer(root, root))[-1]), adam.beta1))
    return found


def compute(problem: RegressionData, method: str, rate: float, schedule: str) -> View:
    valley = _valley(problem)
    walked, plain = valley.walk(_method(method, rate), schedule), valley.walk(GradientDescent(rate))
    bounds, floor, steepest = _bounds(valley, method, walked), valley.loss(valley.best), valley.steepest
    start = valley.loss(np.zeros(len(valley.best))) - floor
    left, plain_left = ((steps[-1].loss - floor) / (start or 1.0) for steps in (walked, plain))
    limit = CLIP * float(np.linalg.norm(valley.gradient(np.zeros(len(valley.best)))))
    cut = [float(np.linalg.norm(valley.gradient(step.w))) > limit for step in walked[:-1]]
    numbers = {
        "rate": Number(rate, "1", "the learning rate"),
        "bound": Number(bounds[-1], "1", "the rate from which on this method diverges, at the last step"),
        "plain_bound": Number(largest_rate(steepest), "1", "that of plain descent"),
        "momentum_bound": Number(largest_rate(steepest, BETA), "1", "that of momentum"),
        "nesterov_bound": Number(largest_rate(steepest, BETA, nesterov=True), "1", "that of Nesterov's look-ahead"),
        "tenth": Number(largest_rate(steepest) * (1 - BETA), "1", "a tenth of that of plain descent"),
        "loss": Number(walked[-1].loss, "1", "half the mean squared error after the last step"),
        "left": Number(left, "share", "of what was to be learnt, left after the last step"),
        "plain_left": Number(plain_left, "share", "left by plain descent at this rate, constant and not clipped"),
        "area": Number(area(_multiplier(schedule), STEPS), "steps", "full steps that the schedule is worth"),
        "clipped": Number(float(np.mean(cut)) if cut else 0.0, "share", "steps longer than the limit of clipping"),
        "condition": Number(steepest / float(valley.curvatures[0]), "times", "the condition number"),
        "steps": Number(STEPS, "steps", "steps taken"),
        "half": Number(STEPS / 2, "steps", "half of them"),
        "beta": Number(BETA, "1", "the share of the velocity that momentum keeps"),
        "early": Number(EARLY, "1", "the factor of the early decay"),
    }
    pictures = (_seen(valley, walked), _left(walked, plain, floor, start), _rates(walked, bounds))
    return View(_sentence(numbers, method, schedule), numbers, pictures, {"columns": listed(problem.names)})


def _sentence(numbers: Mapping[str, Number], method: str, schedule: str) -> str:
    rate, bound, left, plain = (numbers[name].value or 0.0 for name in ("rate", "bound", "left", "plain_left"))
    name = ("Plain descent", "Momentum", "Nesterov's momentum", "Adam")[METHODS.index(method)]
    ends = f"after {numbers['steps']} steps {numbers['left']} of what was to be learnt is left"
    beside = f"; plain descent leaves {_much(plain)}" if (method, schedule) != (METHODS[0], SCHEDULES[0]) else ""
    worth = (
        "",
        f"With its warm-up that is worth {numbers['area']} full steps",
        f"The cosine is worth {numbers['area']} full steps",
        f"The schedule is spent: it was worth {numbers['area']} full steps",
        f"Clipping cut {numbers['clipped']} of its gradients",
    )[SCHEDULES.index(schedule)]
    if left > 1:
        ends = f"after {numbers['steps']} steps the error is {_much(left)} what it was"
    side = "above" if rate >= bound else "below"
    said = f"{name} at a rate of {numbers['rate']}, {side} the bound of {numbers['bound']}: {ends}{beside}. {worth}"
    return said.strip(" .") + "."


def _much(share: float) -> str:
    return shown(share, "share") if share <= 1 else f"{shown(share)} times"


def _seen(valley: Valley, walked: Sequence[Step]) -> Picture:
    """The plane of the steepest and the flattest direction; of one column the weight, step by step."""
    if len(valley.curvatures) < 2:
        weights = values(float((step.w @ valley.directions)[0]) for step in walked)
        track = Line(values(range(len(weights))), weights, "path", "second")
        says = "The weight before the first step and after each."
        return Picture("The weight, step by step", says, (track,), Axis("step"), Axis("weight"))
    plane = valley.directions[:, [-1, 0]]
    at_steps = np.array([(step.w - valley.best) @ plane for step in walked])
    reach = 1.3 * float(np.abs(at_steps[0]).max()) or 1.0
    inside = at_steps[(np.abs(at_steps) <= 3 * reach).all(axis=1)]
    grid = np.linspace(-reach, reach, GRID)
    heights = (valley.steepest * grid[None, :] ** 2 + valley.curvatures[0] * grid[:, None] ** 2) / 2
    levels = float(np.max(heights)) * 2.0 ** -np.arange(1, 9)
    marks = (
        Contours(values(grid), values(grid), tuple(values(row) for row in heights), values(levels)),
        Line(values(inside[:, 0]), values(inside[:, 1]), "path", "second"),
        Points(values(inside[:, 0]), values(inside[:, 1]), role="second"),
        Points((0.0,), (0.0,), "lowest point", "good"),
    )
    says = "Rings of equal loss around the lowest point, and the weights after each step."
    x, y = (Axis(label, low=-reach, high=reach) for label in ("steepest direction", "flattest"))
    return Picture("The valley from above", says, marks, x, y, square=True)


def _left(walked: Sequence[Step], plain: Sequence[Step], floor: float, start: float) -> Picture:
    lines = [
        Line(values(range(len(steps))), values(max((s.loss - floor) / (start or 1.0), LEVEL) for s in steps), *how)
        for steps, how in ((walked, ("this method", "second")), (plain, ("plain descent", "main", True)))
    ]
    says = "What is left above the lowest loss, as a share of the start, on a scale of powers of ten."
    return Picture("What is left to learn", says, tuple(lines), Axis("step"), Axis("left", log=True))


def _rates(walked: Sequence[Step], bounds: Sequence[float]) -> Picture:
    made = walked[:-1] or walked
    at = values(range(len(made)))
    marks = (
        Line(at, values(step.rate for step in made), "rate", "second", steps=True),
        Line(at, values(bounds[: len(made)]), "bound", "bad", dashed=True),
    )
    says = "The rate of each step, and the rate from which on this method diverges there."
    return Picture("The rate and its bound", says, marks, Axis("step"), Axis("rate", log=True))
