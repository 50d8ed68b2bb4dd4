"""Cross-entropy and perplexity: what a prediction costs, and what costs the most

## The idea
Each row costs minus the logarithm of the probability that was given to what came. Sure and right costs nearly nothing,
one half costs {half}, nearly impossible costs more without end. The mean over the rows is the cross-entropy, the loss
of nearly every classifier and language model.

A loss says nothing without what it must fall below. To guess all {classes} classes alike costs {uniform} {unit}. To say
the shares of the classes in every row, and look at nothing, costs {label_entropy}, their entropy. What lies below that,
and only that, the model learnt from its input.

## The picture
First, the loss beside these two floors. Then the cost over the probability of what came, with the rows on it. Most
stand low on the right. Look at the cliff on the left: the dearest {dearest_rows} of {rows} rows pay {dearest} of the
whole loss. The line is what the smallest probability that counts costs: raise it, and see how much of the loss hangs on
a number that somebody chose.

## The formula
Cross-entropy is entropy plus divergence: what the labels cost anyway, and what a wrong belief adds. The model's mean
probabilities, said in every row, would cost {mean_cost}: the entropy of the shares plus a divergence of {divergence}.
Divided by the logarithm of two, nats are bits. Perplexity is e to the loss in nats, {perplexity} here: as unsure as a
choice among so many equal ones.

## Where it is used
`torch.nn.CrossEntropyLoss` takes logits and whole class numbers, `BCEWithLogitsLoss` logits and zeros or ones: both
hold their softmax or sigmoid, so that no probability is rounded to zero first. `sklearn.metrics.log_loss` takes
probabilities and lifts those of zero to the smallest step of their type. Perplexities of language models compare only
between models with one tokeniser; bits per character compare always.

## How it fails
The loss is infinite or `nan`: the logarithm of a zero, of a rounded softmax, or of a `nan` among the targets. It stands
still at {uniform} or {label_entropy}: the output is constant, or the labels have nothing to do with the rows. It starts
far above {uniform}: the outputs are not in the range that this loss takes, a probability where logits belong. It rises
while accuracy rises too: a few rows are wrong and ever surer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.exponentials import softmax
from tearless.core import Example, Number
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Bars, Line, Mark, Picture, Points, Role, Rule, values
from tearless.probability.class_forecasts import ClassForecasts
from tearless.probability.entropy import cross_entropy, divergence, floors, perplexity
from tearless.probability.evidence import log_chances

UNITS = ("nats", "bits")
SMALLEST = 1e-15
DEAREST = 0.01
"""The share of rows whose part of the loss is told."""
MOST_DRAWN = 200
Unit = Literal["nats", "bits"]

FORMULAS = (
    Formula(
        r"H(t, q) = -\frac{1}{n}\sum_{i=1}^{n} \log q_i(y_i)",
        "the cross-entropy is minus the mean, over the rows, of the logarithm of the probability given to what came",
    ),
    Formula(
        r"H(t, q) = H(t) + \mathrm{KL}(t \,\|\, q)",
        "cross-entropy is the entropy of the truth plus the divergence of the prediction from it",
    ),
    Formula(
        r"H(t) \le \log C, \qquad \mathrm{perplexity} = e^{H}",
        "the entropy of C classes is at most the logarithm of C, and perplexity is e to the cross-entropy",
    ),
)

CODE = """\
rows = np.arange(len(problem.y))
per_unit = 1 if unit == "nats" else np.log(2)

# sureness multiplies all log-odds: below one flatter, above one sharper
raised = problem.p ** sureness
q = raised / raised.sum(axis=1, keepdims=True)
given = q[rows, problem.y]                # the probability of what came

impossible = np.sum(given == 0)           # one such row: the loss is inf
costs = -np.log(np.maximum(given, smallest)) / per_unit
loss = costs.mean()
perplexity = np.exp(loss * per_unit)      # e to the loss in nats

# the two floors: they look at no input
shares = np.bincount(problem.y, minlength=q.shape[1]) / len(rows)
uniform = np.log(q.shape[1]) / per_unit
came = shares > 0
label_entropy = -np.sum(shares[came] * np.log(shares[came])) / per_unit

dearest_rows = int(np.ceil(len(rows) / 100))
dearest = np.sort(costs)[-dearest_rows:].sum() / costs.sum()
"""

QUESTIONS = (
    Question(
        "junior",
        "A classifier of these {classes} classes starts training. What loss should the first batch show?",
        (
            Answer("About {uniform}", "Yes: before it has learnt anything all classes are alike, which costs the "
                   "logarithm of their number.", right=True),
            Answer("About one", "There is no such scale: the loss before learning depends on the number of classes, "
                   "{uniform} here."),
            Answer("It can be anything", "A first loss far above {uniform} means outputs of the wrong size, or a loss "
                   "that was given probabilities for logits."),
        ),
    ),
    Question(
        "mid",
        "Training stops at {label_entropy}, better than {uniform}. What has the model learnt?",
        (
            Answer("The shares of the classes, nothing else", "Yes: that is their entropy. A constant output reaches "
                   "it without looking at a single input.", right=True),
            Answer("Something: it beats the uniform guess", "The shares alone beat it. They need no input."),
            Answer("All there is: no loss is below the entropy", "No loss is below the entropy of the labels given "
                   "the input. The entropy of their shares is what input must beat."),
        ),
    ),
    Question(
        "senior",
        "A row has a probability of zero for what came. What is the loss of all {rows} rows?",
        (
            Answer("Infinite, unless something lifts the zeros", "Yes: {loss} is the value here with zeros "
                   "lifted to {smallest}. Another floor gives another number: name it, or keep logits.", right=True),
            Answer("Much as before: one row hardly counts", "Lifted to {smallest} it costs {cost_of_smallest}, as much "
                   "as many others together; not lifted, it costs without end."),
            Answer("{loss_without}: leave such rows out", "That leaves out the rows on which the model was surest and "
                   "wrong: the loss then rewards it."),
        ),
    ),
)  # fmt: skip

CATCHES = (
    "loss-mismatch",
    "output-range-mismatch",
    "log-of-zero",
    "labels-unrelated",
    "nan-in-target",
    "constant-output",
)
NEXT = ("calibration", "softmax-and-temperature", "logistic-regression")


def example(rng: np.random.Generator) -> Example:
    """Mails sorted into four folders, by a model whose probabilities were written with two decimals."""
    names = np.array(["letters", "bills", "offers", "travel"])
    y = rng.choice(4, 600, p=[0.5, 0.25, 0.17, 0.08])
    scores = 2.4 * rng.normal(1.5 * np.eye(4)[y], 1.0) + np.log([0.5, 0.25, 0.17, 0.08])
    p = np.round(np.asarray(softmax(scores)), 2)
    p[:, 0] = 1 - p[:, 1:].sum(axis=1)
    p = np.clip(p, 0, 1)
    return Example({"truth": names[y], **{f"probability of {name}": p[:, k] for k, name in enumerate(names)}})


def problem(forecasts: ClassForecasts) -> ClassForecasts:
    return forecasts


def controls(problem: ClassForecasts) -> tuple[Control, ...]:  # noqa: ARG001
    return (
        Slider("smallest", "smallest that counts", SMALLEST, SMALLEST, 0.1, log=True),
        Slider("sureness", "sureness, times", 1.0, 0.1, 3.0, log=True),
        Choice("unit", "unit", UNITS[0], UNITS),
    )


def compute(problem: ClassForecasts, smallest: float, sureness: float, unit: str) -> View:
    in_unit, per_unit = cast("Unit", unit), 1.0 if unit == "nats" else math.log(2)
    q = np.asarray(softmax(sureness * log_chances(problem.p, "p")))
    given = q[np.arange(problem.n), problem.y]
    logs = np.log(np.maximum(given, smallest))
    costs = np.sort(-logs / per_unit)[::-1]
    counts = np.bincount(problem.y, minlength=len(problem.names)).astype(np.float64)
    shares, mean, floor = counts / problem.n, q.mean(axis=0), floors(counts)
    first = math.ceil(problem.n * DEAREST)
    possible = logs[given > 0]
    numbers = {
        "smallest": Number(smallest, "1", "smaller probabilities count as this"),
        "sureness": Number(sureness, "times", "what all log-odds are multiplied by"),
        "loss": Number(float(costs.mean()), unit, f"cross-entropy, {problem.said}"),
        "perplexity": Number(float(perplexity(logs)), "choices", "equal ones that cost as much"),
        "uniform": Number(floor.uniform / per_unit, unit, "cost of giving all classes the same"),
        "label_entropy": Number(floor.label_entropy / per_unit, unit, "cost of saying the shares of the classes"),
        "mean_cost": Number(float(cross_entropy(shares, mean, unit=in_unit)), unit, "cost of the mean prediction"),
        "divergence": Number(float(divergence(shares, mean, unit=in_unit)), unit, "what it adds to the entropy"),
        "dearest": Number(
            float(costs[:first].sum() / costs.sum()) if costs[0] > 0 else None,
            "share",
            "of the loss, in the dearest rows",
        ),
        "dearest_rows": Number(first, "rows", "one in a hundred, at least one"),
        "impossible": Number(float((given == 0).sum()), "rows", "in which what came had a probability of zero"),
        "cost_of_smallest": Number(-math.log(smallest) / per_unit, unit, "what such a row costs"),
        "loss_without": Number(
            float(-possible.mean() / per_unit) if len(possible) else None, unit, "loss without them"
        ),
        "half": Number(math.log(2) / per_unit, unit, "cost of a probability of one half"),
        "classes": Number(len(problem.names), "classes", "with a probability"),
        "rows": Number(problem.n, "rows", problem.said),
    }
    pictures = (_beside(numbers, unit), _rows(np.maximum(given, smallest), numbers, smallest, unit))
    return View(_sentence(numbers, unit), numbers, pictures, {"unit": unit})


def _sentence(numbers: Mapping[str, Number], unit: str) -> str:
    loss, shares, uniform = (numbers[name].value or 0.0 for name in ("loss", "label_entropy", "uniform"))
    verdict = "worse than no model" if loss >= uniform else "better than a guess that looks at nothing"
    if shares <= loss < uniform:
        verdict = "no better than the shares of the classes alone"
    zeros = numbers["impossible"].value
    what = f"; {numbers['impossible']} rows were called impossible and count as {numbers['smallest']}" if zeros else ""
    paid = f"The dearest {numbers['dearest_rows']} of {numbers['rows']} rows pay {numbers['dearest']} of it{what}."
    return (
        f"The loss is {numbers['loss']} {unit} a row, {verdict}: the shares alone cost {numbers['label_entropy']}, all "
        f"classes alike {numbers['uniform']}. {paid if loss > 0 else 'No row pays anything.'}"
    )


def _beside(numbers: Mapping[str, Number], unit: str) -> Picture:
    bars: tuple[tuple[str, Role], ...] = (("uniform", "soft"), ("label_entropy", "soft"), ("loss", "main"))
    marks: list[Mark] = [
        Bars((float(i),), (numbers[name].value or 0.0,), role=role, width=0.6, along="x")
        for i, (name, role) in enumerate(bars)
    ]
    marks.append(Rule(numbers["label_entropy"].value or 0.0, f"to beat: {numbers['label_entropy']}", role="good"))
    says = (
        f"The loss of the model, {numbers['loss']}, beside {numbers['label_entropy']} for the shares of the classes "
        f"and {numbers['uniform']} for all classes alike."
    )
    names = Axis(names=("all alike", "shares", "model"))
    return Picture("The loss and its floors", says, tuple(marks), Axis(f"{unit} a row", low=0.0), names)


def _rows(given: NDArray[np.float64], numbers: Mapping[str, Number], smallest: float, unit: str) -> Picture:
    per_unit = 1.0 if unit == "nats" else math.log(2)
    grid = np.geomspace(smallest, 1.0, 80)
    x = np.sort(given)
    x = x[np.unique(np.linspace(0, len(x) - 1, MOST_DRAWN).astype(int))]
    most = numbers["cost_of_smallest"]
    marks = (
        Line(values(grid), values(-np.log(grid) / per_unit), "cost", "soft"),
        Points(values(x), values(-np.log(x) / per_unit), "rows"),
        Rule(most.value or 0.0, f"smallest: {most}", "y"),
    )
    says = f"What each row costs over the probability of what came in it: from nothing up to {most}."
    across = Axis("probability of what came", low=0.0, high=1.0)
    return Picture("What each row costs", says, marks, across, Axis(unit, low=0.0))
