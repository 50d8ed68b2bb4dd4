"""Shapes: a batch, a layer, and the loss that compares everything with everything

## The idea
A table is a matrix: one row a sample, one column a feature, {samples} by {features} here. A layer multiplies it by its
weights and adds a bias, and gives one row a sample again. Only one rule has to hold: the last axis of the batch is as
long as the first axis of the weights. If it does not hold, the program stops and you know.

The costly mistakes are those that do not stop. Where shapes differ and still fit, a library stretches the smaller
without a word. A prediction of one column beside a target that is a plain vector becomes a square: {errors_wrong}
errors for {samples} samples. The loss is a number, it falls, and the model learns to say the mean.

## The picture
First, the operands and the shapes that come of them. Then the errors that the loss averages, one cell each: a column
where all is well, a square where prediction and target are stretched against each other. Last, what a model ends up
predicting when trained on that loss, against the truth: a slope that follows it, or a level line at {mean}. Transpose
the batch, then take as many samples as there are features: it multiplies, and every number is wrong.

## The formula
The mean over all pairs falls apart: it is the mean squared distance of the predictions from the mean of all targets,
plus the variance of the targets, exactly. No prediction is compared with its own target any more. So the best is one
constant, and the loss ends at {variance}, the variance of {target}, whatever the model can do. Trained on its own
errors it ends at {loss_best}.

## Where it is used
`nn.Linear` of PyTorch keeps its weights as outputs by inputs and multiplies by the transpose; `Dense` of Keras and the
formula above keep inputs by outputs. A batch of images has four axes, of tokens three; the last one is multiplied, the
others come along. `predict` of scikit-learn refuses a lone row and asks for a table of one row; a network takes it, and
gives back an answer without the axis of samples.

## How it fails
Symptom: the loss stops at the variance of the target, and all predictions are alike. A warning in the log names two
sizes, once, among many others. A softmax along the samples sums to one down each column, not across:
chances that depend on who else is in the batch. Transposed data pass where rows happen to be as many as columns. The
cure is a line before the loss that says which shape is meant, and a batch size that equals no other length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.core import Example, NotApplicable, Number, listed, quoted
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Heat, Line, Nodes, Picture, Points, Role, Rule, values
from tearless.linear_algebra.layer import ShapeReport, layer, shape_report
from tearless.linear_algebra.least_squares import svd
from tearless.linear_algebra.regression_data import RegressionData

Floats = NDArray[np.float64]

BATCH, TRANSPOSED, LONE = GIVEN = ("a batch", "transposed", "a lone row")
VECTOR, COLUMN = TARGETS = ("a plain vector", "one column")
MOST = 24
"""Samples of the largest batch shown."""
LARGEST = 1e100
"""Squares of larger numbers, and of differences finer than its inverse, leave the range of doubles."""
CELLS = 8
"""Up to this size the cells of a square show their numbers, and their rows are named."""

FORMULAS = (
    Formula(
        r"\underbrace{X}_{n \times in}\;\underbrace{W}_{in \times out} + \underbrace{b}_{out}"
        r" = \underbrace{F}_{n \times out}",
        "a batch of n by in, times weights of in by out, plus a bias of out, gives n by out",
    ),
    Formula(
        r"\frac{1}{n^2}\sum_{i,j}(f_i - y_j)^2 = \frac{1}{n}\sum_i (f_i - \bar{y})^2 + \mathrm{Var}(y)",
        "the mean over all pairs is the mean squared distance from the mean target, plus the variance of the target",
    ),
)

CODE = """\
n = int(samples)
x, y = problem.X[:n], problem.y[:n]       # (n, features) and (n,)
w, b = problem.w[:, None], problem.b      # (features, 1) and (1,)

f = x @ w + b                             # (n, 1)
if target == "one column":
    y = y[:, None]                        # (n, 1): as the prediction
difference = f - y                        # (n, 1) - (n,) is (n, n)
errors = difference.size
loss = np.mean(difference**2)

own = f[:, 0] - y.reshape(-1)             # each with its own target
loss_right = np.mean(own**2)
loss_pairs = np.mean((f - y.mean()) ** 2) + y.var()  # the formula
mean, variance = problem.y.mean(), problem.y.var()   # what it ends in
"""

QUESTIONS = (
    Question(
        "junior",
        "The batch has shape ({samples}, {features}). Which weights give one number a sample?",
        (
            Answer("({features}, {outputs}): one weight a feature", "Yes: the {features} features meet the first "
                   "axis, and {outputs} output is left.", right=True),
            Answer("({samples}, {outputs}): one weight a sample", "The rows of a batch never meet the weights: "
                   "{features} features do. It would change with each batch."),
            Answer("({outputs}, {features}): outputs first", "So PyTorch keeps them, and multiplies by the transpose. "
                   "With `@` it does not fit."),
        ),
        {"given": BATCH},
    ),
    Question(
        "mid",
        "A prediction of shape ({samples}, {outputs}) minus a target of shape ({samples},): how many errors are "
        "averaged?",
        (
            Answer("{errors_wrong}", "Yes: both are stretched, and each prediction meets every target.", right=True),
            Answer("{samples}", "That is what was meant. It takes two shapes that are the same."),
            Answer("None: it is an error", "It would be good if it were. The rule of stretching allows it."),
        ),
        {"given": BATCH, "target": VECTOR},
    ),
    Question(
        "senior",
        "Training ends at a loss of {variance}, the variance of the target, with all predictions alike. What first?",
        (
            Answer("The shapes at the loss", "Yes: over all pairs one constant is best, {mean}, and this is its loss. "
                   "The same model reaches {loss_best} on its own errors.", right=True),
            Answer("A larger model", "Under that loss no model does better than the constant {mean}. It is not short "
                   "of weights."),
            Answer("A lower learning rate", "It has converged: to the lowest point of the wrong loss."),
        ),
        {"given": BATCH, "target": VECTOR},
    ),
)  # fmt: skip

CATCHES = (
    "broadcast-loss",
    "softmax-over-batch",
    "shape-clash",
    "accidental-broadcast",
    "swapped-axes",
    "dtype-clash",
    "device-clash",
)
NEXT = ("norms-and-regularisation", "neural-network", "derivatives")


@dataclass(frozen=True)
class Batch:
    """Rows with their targets, and a layer of one output that fits them: ``w`` of shape ``(p,)``, ``b`` of ``(1,)``."""

    names: tuple[str, ...]
    target: str
    X: Floats
    y: Floats
    w: Floats
    b: Floats
    said: str


def example(rng: np.random.Generator) -> Example:
    """Flats: area, rooms, minutes to the station, and what they cost in thousands."""
    area = rng.normal(70, 18, 60).clip(25).round()
    rooms = (area / 26 + rng.normal(0, 0.5, 60)).clip(1).round()
    minutes = rng.gamma(3.0, 4.0, 60).round()
    price = (3.2 * area + 12 * rooms - 2.5 * minutes + rng.normal(0, 20, 60)).round()
    return Example({"area": area, "rooms": rooms, "minutes": minutes, "price": price}, target="price")


def problem(data: RegressionData) -> Batch:
    reach = np.ptp(data.X / 4, axis=0)
    if max(np.abs(data.X).max(), np.abs(data.y).max(), 1 / reach.min()) > LARGEST:
        raise NotApplicable("a column holds numbers too large, or differences too fine, to be squared; rescale it")
    spread = data.X.std(axis=0)
    fit = svd(data.X / spread, data.y, intercept=True)
    w, b = np.asarray(fit.coefficients) / spread, np.asarray(fit.intercept).reshape(1)
    return Batch(data.names, data.target, data.X, data.y, w, b, data.said)


def controls(problem: Batch) -> tuple[Control, ...]:
    most = min(MOST, len(problem.y))
    return (
        Choice("target", "target", VECTOR, TARGETS),
        Slider("samples", "samples in the batch", min(8, most), 2, most, whole=True),
        Choice("given", "the input", BATCH, GIVEN),
    )


@dataclass(frozen=True)
class Shown:
    """What is multiplied at one setting: the input, the target, and the prediction where there is one."""

    x: Floats
    y: Floats
    w: Floats
    b: Floats
    report: ShapeReport
    f: Floats | None

    @property
    def difference(self) -> Floats | None:
        return None if self.f is None else np.asarray(np.subtract(self.f, self.y))

    @property
    def stretched(self) -> bool:
        return self.f is not None and self.difference is not None and self.difference.size > self.f.size


def compute(problem: Batch, target: str, samples: float, given: str) -> View:
    shown = _shown(problem, target, int(samples), given)
    numbers = _numbers(problem, shown, int(samples))
    words = {"target": quoted(problem.target), "columns": listed(problem.names)}
    pictures: tuple[Picture, ...] = (_operands(shown),)
    difference = shown.difference
    if difference is not None and given != LONE:
        pictures += (_cells(difference), _learnt(problem, shown, numbers))
    return View(_sentence(numbers, shown, given), numbers, pictures, words)


def _shown(problem: Batch, target: str, n: int, given: str) -> Shown:
    x, y = problem.X[:n], problem.y[:n]
    x = x.T if given == TRANSPOSED else x[0] if given == LONE else x
    y = y[:1] if given == LONE else y
    y = y[:, None] if target == COLUMN else y
    w, b = problem.w[:, None], problem.b
    report = shape_report(x, w, b)
    return Shown(x, y, w, b, report, np.asarray(layer(x, w, b)) if report.fits else None)


def _numbers(problem: Batch, shown: Shown, n: int) -> dict[str, Number]:
    x, y = problem.X[:n], problem.y[:n]
    f = np.asarray(layer(x, problem.w[:, None], problem.b))
    difference = shown.difference
    best = np.asarray(layer(problem.X, problem.w[:, None], problem.b))[:, 0] - problem.y
    return {
        "samples": Number(n, "samples", "rows of the batch"),
        "features": Number(x.shape[1], "features", "columns of the batch"),
        "outputs": Number(1, "outputs", "numbers a sample that the layer gives"),
        "errors": Number(None if difference is None else difference.size, "errors", "that the loss averages"),
        "errors_wrong": Number(n * n, "errors", "of a column against a plain vector"),
        "loss": Number(None if difference is None else float(np.mean(difference**2)), "1", "mean of their squares"),
        "loss_right": Number(float(np.mean((f[:, 0] - y) ** 2)), "1", "mean squared error, each with its own target"),
        "loss_pairs": Number(float(np.mean((f - y) ** 2)), "1", "mean over all pairs of a prediction and a target"),
        "loss_best": Number(float(np.mean(best**2)), "1", f"least mean squared error of such a layer, {problem.said}"),
        "mean": Number(problem.y.mean(), "1", "mean of the targets of all rows"),
        "variance": Number(problem.y.var(), "1", "variance of the targets of all rows, over n"),
    }


def _sentence(numbers: Mapping[str, Number], shown: Shown, given: str) -> str:
    if shown.f is None:
        return f"It stops, and that is good: {shown.report.says}."
    shape = f"prediction {_of(shown.f)} against target {_of(shown.y)}"
    if given == LONE:
        return f"A lone row is no batch: {shown.report.says}, and {shape} is one error, with no axis for samples."
    if given == TRANSPOSED:
        return (
            f"It multiplies and is wrong: {numbers['samples']} samples meet {numbers['features']} weights of features. "
            f"The loss is {numbers['loss']}, where the batch the right way round has {numbers['loss_right']}."
        )
    if shown.stretched:
        return (
            f"The loss is wrong and says nothing: {shape} makes {numbers['errors']} errors of {numbers['samples']} "
            f"samples. Their mean square is {numbers['loss']}; each with its own target it is {numbers['loss_right']}."
        )
    return (
        f"The loss is right: {shape} makes {numbers['errors']} errors of {numbers['samples']} samples, with a mean "
        f"square of {numbers['loss']}. Against a plain vector it would be {numbers['loss_pairs']}."
    )


def _of(array: Floats) -> str:
    return str(tuple(int(n) for n in array.shape))


def _operands(shown: Shown) -> Picture:
    """Boxes with shapes: what is multiplied, what comes out, and what it is compared with."""
    bad: Role = "bad"
    texts = [f"x\n{_of(shown.x)}", f"w\n{_of(shown.w)}", f"b\n{_of(shown.b)}"]
    x, y, roles = [0.0, 1.0, 2.0], [2.0, 2.0, 2.0], list[Role](["main", "main", "main"])
    links = [(0, 1, "@"), (1, 2, "+")]
    if shown.f is None or shown.difference is None:
        roles[:2] = [bad, bad]
    else:
        texts += [f"prediction\n{_of(shown.f)}", f"target\n{_of(shown.y)}", f"errors\n{_of(shown.difference)}"]
        x, y = [*x, 0.5, 1.8, 1.1], [*y, 1.0, 1.0, 0.0]
        roles += ["main", "second", bad if shown.stretched else "good"]
        links += [(0, 3, ""), (1, 3, ""), (2, 3, ""), (3, 5, ""), (4, 5, "")]
    says = f"{shown.report.says}."
    mark = Nodes(tuple(x), tuple(y), tuple(texts), tuple(links), tuple(roles))
    ends = Axis(low=-0.4, high=2.4), Axis(low=-0.4 if shown.f is not None else 1.0, high=2.4 if len(x) > 3 else 3.0)
    return Picture("What meets what", says, (mark,), *ends, bare=True)


def _cells(difference: Floats) -> Picture:
    cells = np.atleast_2d(difference if difference.ndim == 2 else difference[:, None])
    mark = Heat(tuple(values(row) for row in cells), numbers=len(cells) <= CELLS)
    says = "One cell an error that the loss squares and averages: a row a prediction, a column a target."
    names = tuple(str(i) for i in range(len(cells))) if len(cells) <= CELLS else ()
    across = Axis("target", names=names if cells.shape[1] > 1 else ("its own",))
    return Picture("The errors that are averaged", says, (mark,), across, Axis("prediction", names=names))


def _learnt(problem: Batch, shown: Shown, numbers: Mapping[str, Number]) -> Picture:
    """What training on this loss ends in, over all rows: the best for own errors, or for all pairs."""
    y, mean = problem.y, numbers["mean"]
    ends = values([y.min(), y.max()])
    if shown.stretched:
        fitted = np.full(len(y), mean.value or 0.0)
        says = "Trained on all pairs, the prediction is one constant, the mean of the targets."
    else:
        fitted = np.asarray(layer(problem.X, problem.w[:, None], problem.b))[:, 0]
        says = "Trained on its own errors, the prediction follows the truth."
    marks = (
        Line(ends, ends, "prediction = truth", "soft", dashed=True),
        Points(values(y[:400]), values(fitted[:400]), "after training", "bad" if shown.stretched else "main"),
        Rule(mean.value or 0.0, f"mean {mean}", "y", "second"),
    )
    return Picture("What such a loss teaches", says, marks, Axis("truth"), Axis("prediction"))
