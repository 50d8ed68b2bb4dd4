"""Normalisation: what the scale of a column costs

## The idea
{wide} runs from {wide_low} to {wide_high}, {narrow} from {narrow_low} to {narrow_high}. A model that learns by
gradient descent has one weight for each and one rate for all. The weight of a wide column needs tiny steps, for each
moves the prediction far; the weight of a narrow column needs long ones. One rate cannot be both, so the wide column
sets it and all others wait.

This is about units, not about importance: write a column in thousands, and the same data become easy or hard.
Normalising takes the unit away: subtract the mean, divide by the spread, and each column has the same say.

## The picture
First, each column from its lowest to its highest value with a dot at the mean: as they are, all but the widest are
points. Then their spreads, on a scale of powers of ten. Last, the share of the error that is left along the slowest
direction, step by step, at the best rate there is: level as they are, a steep fall once standardised. Change the unit
of the widest column and look at what moves. Then standardise, and nothing moves any more: that is the point of it.

## The formula
The curvature of the squared error is the mean of the products of the columns, a column of ones for the intercept among
them. The best rate shrinks the error by a factor that depends only on the condition number, the largest curvature over
the smallest: {condition} at this setting, {standard} standardised. So many steps gain one digit: {steps} against
{standard_steps}. A mean that is far from zero costs as well, for the column then looks like the intercept.

## Where it is used
`StandardScaler`, `MinMaxScaler` and `RobustScaler` of scikit-learn stand before linear models, support vector machines,
nearest neighbours and networks. Images are divided by their range. Inside a network `BatchNorm1d` and `LayerNorm` of
PyTorch, and the root mean square form in most Transformers, do the same to the layers. Trees and forests need none of
it: they ask only which of two values is larger. Adam cures the units in part, each weight having a rate of its own;
means far from zero it does not cure.

## How it fails
Symptom first: a loss that falls at once and then creeps, the same after ten times the steps. Or `nan`, where the rate
was chosen for the narrow columns. Nearest neighbours that agree on {wide} alone. The mean and spread must be those of
the training rows, kept with the model: computed again on new rows, they hide a drift and change the prediction. A
constant column has spread zero and becomes `nan`; one infinite value makes the mean infinite and the whole column
`nan`. One far value squeezes all others together when a column is scaled by its range.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.stability import best_rate, factor_per_step, steps_needed
from tearless.core import Example, NotApplicable, Number, quoted
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Bars, Line, Picture, Ranges, values
from tearless.linear_algebra.eigen import svd
from tearless.linear_algebra.few_columns import FewColumns
from tearless.linear_algebra.triangle import triangle

Floats = NDArray[np.float64]

AS_THEY_ARE, CENTRED, BY_RANGE, STANDARDISED = ("as they are", "centred", "by range", "standardised")
SCALINGS = (AS_THEY_ARE, CENTRED, BY_RANGE, STANDARDISED)
SLOW, CRAWLING = 100, 10_000
"""More steps than these for one digit are slow, and out of patience."""
SHOWN = 100
"""Steps whose error is drawn."""
LEAST = 1e-6
"""Errors below this are not drawn."""
LEVEL = 1e-12
"""A singular value of the standardised columns below this share of the largest is none."""

FORMULAS = (
    Formula(
        r"z = \frac{x - \bar{x}}{s}",
        "the standardised value is the value minus the mean of its column, over the standard deviation",
    ),
    Formula(
        r"\kappa = \frac{\lambda_{\max}}{\lambda_{\min}}, \qquad"
        r" \frac{|e_{t+1}|}{|e_t|} = \frac{\kappa - 1}{\kappa + 1}",
        "kappa is the largest curvature over the smallest; at the best rate the error shrinks by kappa minus one over "
        "kappa plus one at each step",
    ),
)

CODE = """\
X = problem.X.copy()
X[:, X.std(axis=0).argmax()] /= unit      # the widest column, rescaled
mean, spread = X.mean(axis=0), X.std(axis=0)
reach = X.max(axis=0) - X.min(axis=0)
Z = {
    "as they are": X,
    "centred": X - mean,
    "by range": (X - X.min(axis=0)) / reach,
    "standardised": (X - mean) / spread,
}[scaling]

corr = np.corrcoef(X.T)                    # the curvature, standardised
curvatures = np.append(np.linalg.eigvalsh(corr), 1)  # 1: the ones
curvatures = curvatures[curvatures > 1e-12]  # 0: sums of others
standard = curvatures.max() / curvatures.min()

A = np.column_stack([np.ones(len(Z)), Z])  # the ones are the intercept
s = np.linalg.svd(A, compute_uv=False)     # not A.T @ A: it squares s
s = s[: len(curvatures)]
condition = (s[0] / s[-1]) ** 2            # of the curvature A.T @ A / n
steps = np.ceil(np.log(10) / np.log1p(2 / (condition - 1)))
ratio = Z.std(axis=0).max() / Z.std(axis=0).min()
"""

QUESTIONS = (
    Question(
        "junior",
        "As they are, one digit takes {steps} steps of gradient descent. Why so many?",
        (
            Answer("The curvatures differ {condition} times", "Yes: one rate has to suit them all, and the steepest "
                   "direction sets it.", right=True),
            Answer("There are {rows} rows", "Rows make one step dearer. The number of steps does not know them: the "
                   "loss is a mean."),
            Answer("{wide} matters {ratio} times as much", "A spread is a matter of units. Written in another unit "
                   "the column tells the same."),
        ),
        {"scaling": AS_THEY_ARE, "unit": 1.0},
    ),
    Question(
        "mid",
        "A colleague divides each column by its spread and leaves the means. What is the condition number?",
        (
            Answer("{uncentred}: the means count too", "Yes: a column far from zero is nearly a multiple of the "
                   "intercept, and that direction stays flat.", right=True),
            Answer("{standard}, as standardised", "That needs the means taken away as well. Spread is half of it."),
            Answer("{condition}, as before", "Dividing by the spread helps, as far as units go."),
        ),
        {"scaling": AS_THEY_ARE, "unit": 1.0},
    ),
    Question(
        "senior",
        "Which of these models gains nothing from standardising these columns?",
        (
            Answer("A forest", "Yes: it cuts each column by itself, and a cut knows only the order of the values.",
                   right=True),
            Answer("Nearest neighbours", "{wide} alone makes {distance_share} of the mean squared distance as the "
                   "columns stand: the others are not heard."),
            Answer("Ridge regression", "Its penalty is on weights, and a weight changes with the unit of its column: a "
                   "narrow column pays most."),
        ),
        {"scaling": AS_THEY_ARE, "unit": 1.0},
    ),
)  # fmt: skip

CATCHES = (
    "unscaled-columns",
    "unscaled-input",
    "unscaled-target",
    "constant-column",
    "nearly-constant-column",
    "constant-input",
    "nan-in-input",
    "inf-in-input",
    "infinite-values",
)
NEXT = ("pca", "norms-and-regularisation", "momentum-and-schedules")


def example(rng: np.random.Generator) -> Example:
    """Customers of a bank: their age, their income in euros, how many months they have been there."""
    age = rng.normal(42, 12, 200).clip(18, 80).round()
    income = (16_000 + 600 * age + rng.normal(0, 11_000, 200)).clip(9_000).round(-2)
    months = (rng.gamma(2.0, 14.0, 200) + 1).round()
    return Example({"age": age, "income": income, "months": months})


def problem(data: FewColumns) -> FewColumns:
    if data.p < 2:
        raise NotApplicable("this needs two numeric columns that vary: scale is a matter of one beside another")
    return data


def controls(problem: FewColumns) -> tuple[Control, ...]:
    ratio = float(problem.spreads.max() / problem.spreads.min())
    longest = 10.0 ** min(9, math.ceil(math.log10(100 * ratio)))
    return (
        Choice("scaling", "columns", AS_THEY_ARE, SCALINGS),
        Slider("unit", "unit of the widest column", 1.0, 0.01, longest, log=True),
    )


@dataclass(frozen=True)
class Scaled:
    """The columns on one scale, with the extreme singular values of ``[1 X]`` over √n, and what follows from them."""

    Z: Floats
    smallest: float
    largest: float

    @property
    def condition(self) -> float:
        return (self.largest / max(self.smallest, self.largest * 2.0**-53)) ** 2

    @property
    def steps(self) -> float:
        return math.ceil(steps_needed(self.condition))

    def left(self, steps: int) -> list[float]:
        """The share of the error left along the slowest direction, at the best rate, before and after each step."""
        low, high = 1.0 / self.condition, 1.0
        factor = factor_per_step(best_rate(low, high), high)
        return [factor**t for t in range(steps + 1)]


def compute(problem: FewColumns, scaling: str, unit: float) -> View:
    widest = int(np.argmax(problem.X.std(axis=0)))
    X = problem.X.copy()
    X[:, widest] /= unit
    mean, spread = X.mean(axis=0), X.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    standard = (X - mean) / spread
    rank = _rank(standard)
    chosen, best = _scaled(_on(scaling, X, standard), rank), _scaled(standard, rank)
    uncentred = _scaled(X / spread, rank)
    numbers = _numbers(problem, X, chosen, best, uncentred)
    wide, narrow = int(np.argmax(X.std(axis=0))), int(np.argmin(X.std(axis=0)))
    words = {"wide": quoted(problem.names[wide]), "narrow": quoted(problem.names[narrow])}
    pictures = (_ranges(problem, chosen), _spreads(problem, chosen), _fall(chosen, best))
    return View(_sentence(scaling, numbers, **words), numbers, pictures, words)


def _on(scaling: str, X: Floats, standard: Floats) -> Floats:
    low, high = X.min(axis=0), X.max(axis=0)
    made: Floats = {
        AS_THEY_ARE: X,
        CENTRED: X - X.mean(axis=0),
        BY_RANGE: (X - low) / np.where(high > low, high - low, 1.0),
        STANDARDISED: standard,
    }[scaling]
    return made


def _singular_values(Z: Floats) -> Floats:
    A = np.column_stack([np.ones(len(Z)), Z])
    r = triangle(np, A, A[:, :0])[0] if len(A) > A.shape[1] else A
    return np.asarray(svd(r).values) / math.sqrt(len(A))


def _rank(standard: Floats) -> int:
    """How many directions there are: columns that add up to one another have fewer, and no weight moves along those."""
    s = _singular_values(standard)
    return int((s > LEVEL * s[0]).sum())


def _scaled(Z: Floats, rank: int) -> Scaled:
    s = _singular_values(Z)
    return Scaled(Z, float(s[rank - 1]), float(s[0]))


def _numbers(problem: FewColumns, X: Floats, chosen: Scaled, best: Scaled, uncentred: Scaled) -> dict[str, Number]:
    spread, now = X.std(axis=0), chosen.Z.std(axis=0)
    wide, narrow = int(np.argmax(spread)), int(np.argmin(spread))
    ends = {
        f"{name}_{end}": Number(at(X[:, j]), "column unit", f"{said} value of the {name} column, in its unit")
        for name, j in (("wide", wide), ("narrow", narrow))
        for end, said, at in (("low", "lowest", np.min), ("high", "highest", np.max))
    }
    return ends | {
        "wide_mean": Number(chosen.Z[:, wide].mean(), "1", "mean of the widest column, as scaled"),
        "wide_spread": Number(now[wide], "1", "standard deviation of the widest column, as scaled"),
        "narrow_spread": Number(now[narrow], "1", "standard deviation of the narrowest column, as scaled"),
        "ratio": Number(now.max() / max(now.min(), 1e-300), "times", "largest spread over the smallest, as scaled"),
        "condition": Number(chosen.condition, "1", "condition number of the curvature, as scaled, intercept included"),
        "steps": Number(chosen.steps, "steps", "steps for one decimal digit at the best rate"),
        "left": Number(chosen.left(SHOWN)[-1], "share", f"error left after {SHOWN} steps, along the slowest direction"),
        "standard": Number(best.condition, "1", "condition number standardised"),
        "standard_steps": Number(best.steps, "steps", "steps for one decimal digit, standardised"),
        "uncentred": Number(uncentred.condition, "1", "condition number, divided by the spread and not centred"),
        "distance_share": Number(spread[wide] ** 2 / (spread**2).sum(), "share", "of the mean squared distance"),
        "rows": Number(problem.n, "rows", problem.said),
    }


def _sentence(scaling: str, numbers: Mapping[str, Number], wide: str, narrow: str) -> str:
    steps, ratio = (numbers[name].value or 0.0 for name in ("steps", "ratio"))
    verdict = "is quick" if steps <= SLOW else "is slow" if steps <= CRAWLING else "crawls"
    opening = f"{scaling.capitalize()}, gradient descent {verdict}: "
    cost = f"the condition number is {numbers['condition']}, and one digit takes {_steps(numbers['steps'])} at best"
    if scaling == STANDARDISED:
        return f"{opening}every column spreads alike, whatever its unit, {cost}."
    if ratio > 1.5 and scaling != BY_RANGE:
        opening += f"{wide} spreads {numbers['ratio']} times as wide as {narrow}, "
    return f"{opening}{cost}. Standardised it is {numbers['standard']}, and {_steps(numbers['standard_steps'])}."


def _steps(number: Number) -> str:
    return "one step" if number.value == 1 else f"{number} steps"


def _ranges(problem: FewColumns, chosen: Scaled) -> Picture:
    Z, at = chosen.Z, values(range(problem.p))
    mark = Ranges(at, values(Z.min(axis=0)), values(Z.max(axis=0)), values(Z.mean(axis=0)))
    says = "One row a column, from its lowest to its highest value, with a dot at the mean, all on one scale."
    return Picture("Each column: lowest, mean, highest", says, (mark,), Axis("value"), Axis(names=problem.names))


def _spreads(problem: FewColumns, chosen: Scaled) -> Picture:
    at, spread = values(range(problem.p)), chosen.Z.std(axis=0)
    low, high = float(spread.min()), float(spread.max())
    ends = Axis("standard deviation", log=True, low=min(low / 3, 0.1), high=max(high * 1.5, 10.0))
    mark = Bars(at, values(spread), width=0.6, along="x")
    says = "The standard deviation of each column, on a scale of powers of ten."
    return Picture("How far each column spreads", says, (mark,), ends, Axis(names=problem.names))


def _fall(chosen: Scaled, best: Scaled) -> Picture:
    def drawn(left: list[float]) -> tuple[float, ...]:
        return values(v if v >= LEAST else math.nan for v in left)

    steps = values(range(SHOWN + 1))
    marks = (
        Line(steps, drawn(chosen.left(SHOWN)), "this setting"),
        Line(steps, drawn(best.left(SHOWN)), "standardised", "good", dashed=True),
    )
    says = "The share of the error that is left along the slowest direction after each step at the best rate."
    return Picture("Error left, at the best rate", says, marks, Axis("step"), Axis("share left", log=True, low=LEAST))
