"""Distributions and tails: is it normal, and by how much not

## The idea
Two numbers, a mean and a standard deviation, stand for a whole column whenever somebody says "three sigma". They do so
only if the values lie as a normal distribution lies. For {column}, that would promise {promised} of the values {side}
{limit}; {came} came.

The question is never whether a column is normal. No real column is, and with enough rows every test says so. The
question is by how much it is not, and whether the areas that you read off it are right where you read them. In the
middle almost any hump will do. In the tails, where alarms and limits are set, it will not.

## The picture
First, the values as bars and the normal with the same mean and deviation as a curve; the line is your limit. Then the
share beyond the limit for every limit, on a scale of powers of ten: one line as the normal promises, one as it came.
Where they part, the promise is void. Switch to logarithms and see whether they join again.

## The formula
The curve is highest at the mean, and its logarithm falls with the square of the distance from there, counted in
standard deviations: nothing else that is used as often has tails that thin. The distance between column and curve is
the largest gap between the share of values up to a point and the area up to it: {distance} here, at {at}. Any tail read
off the curve is wrong by at most that much, and the area of an interval by twice as much.

## Where it is used
`scipy.stats.norm` holds the curve, `scipy.stats.shapiro` and `anderson` test for it. Control limits, z-scores of
outliers, and standardised drift alarms rest on it. Linear regression does not need normal columns, nor a normal target;
only its prediction intervals need residuals that lie like this. Weights of a network start as draws from it.

## How it fails
Alarms that should come once a year come every day: a heavy tail was taken for a normal one. Or an outlier widens the
standard deviation until it hides itself and its neighbours. A small chance in a normality test is read as "unusable",
though at so many rows it means only that the test sees well. And the mean and deviation of last month are kept when the
column has drifted on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.core import Asked, Example, NotApplicable, Number, quoted, visible
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.number import shown
from tearless.core.picture import Axis, Bars, Line, Mark, Picture, Points, Rule, values
from tearless.linear_algebra.facts import Sample, floats
from tearless.probability.normal import Normal
from tearless.probability.normality import Fit, normality

MOST_ROWS = 2_000
MOST_COLUMNS = 12
FEWEST = 8
"""Values that the test of normality needs."""
FEW = 10
"""Columns of at most this many different values are shown last: they are steps, not humps."""
LARGEST, FINEST = 1e150, 1e-12
"""Beyond this size squares overflow; deviations below this share of the values are rounding."""
NEAR = 0.05
"""A convention: areas wrong by less than this share are called near."""
SURE = 0.01
SCALES = ("as it is", "logarithm")
FARTHEST = 4.0
WIDTHS = np.linspace(0, FARTHEST, 81)

FORMULAS = (
    Formula(
        r"f(x) = \frac{1}{\sigma\sqrt{2\pi}}\, e^{-\frac{1}{2}\left(\frac{x-\mu}{\sigma}\right)^2}",
        "the density is e to minus half the squared distance from the mean in deviations, divided by the deviation "
        "times the root of two pi",
    ),
    Formula(
        r"D = \max_t \left|\, \frac{\#\{x_i \leq t\}}{n} - \Phi\!\left(\frac{t-\mu}{\sigma}\right) \right|",
        "the distance is the largest gap, over all points, between the share of values up to the point and the area "
        "up to it",
    ),
)

CODE = """\
from statistics import NormalDist

x = problem.values[column]
if scale == "logarithm" and x.min() > 0:
    x = np.log(x)

normal = NormalDist(x.mean(), x.std(ddof=1))   # two numbers, no more
mean, deviation = normal.mean, normal.stdev
limit = mean + deviations * deviation
if deviations >= 0:                            # the tail above, or below
    promised, came = 1 - normal.cdf(limit), np.mean(x > limit)
else:
    promised, came = normal.cdf(limit), np.mean(x < limit)

# the largest gap between the shares that came and the areas
x = np.sort(x)
area = np.array([normal.cdf(value) for value in x])
steps = np.arange(len(x) + 1) / len(x)
distance = max((steps[1:] - area).max(), (area - steps[:-1]).max())
"""

QUESTIONS = (
    Question(
        "junior",
        "The mean is {mean}, the standard deviation {deviation}. How many of these values lie {side} {limit}?",
        (
            Answer("{came}", "Yes: counted. The normal of the same mean and deviation promises {promised}.",
                   right=True),
            Answer("{promised}", "That is what a normal distribution would have there. Mean and deviation do not say "
                   "that the column is one."),
            Answer("{both_sides}", "That is the rule of thumb for both tails of a normal, which this column is not."),
        ),
    ),
    Question(
        "mid",
        "A test of normality gives a chance of {chance}. What does it say?",
        (
            Answer("{says}", "Yes, and no more. How far they are from one says the distance: areas are wrong by up to "
                   "{distance}.", right=True),
            Answer("That they are normal with a chance of {chance}", "It is the chance of values as far off if they "
                   "were normal: the condition is turned round."),
            Answer("That no method for means can be used", "Means of many rows lie normally whatever the column does. "
                   "Tails of single rows do not."),
        ),
    ),
    Question(
        "senior",
        "An alarm at {deviations} deviations fires {came_count} times in {rows} rows instead of {promised_count}. What "
        "do you do?",
        (
            Answer("Set the limit by a quantile", "Yes: where the wanted share of values lies, or by the "
                   "normal of its logarithm if that fits. The alarm rate is then what you chose.", right=True),
            Answer("Remove the outliers and refit", "They are {came} of the rows, not errors: the tail comes back "
                   "with the next rows."),
            Answer("Collect more rows until it is normal", "More rows show the shape more clearly. They do not change "
                   "it."),
        ),
    ),
)  # fmt: skip

CATCHES = ("outliers", "drift", "unlike-before", "unusual-row-count")
NEXT = ("description", "sample-and-bootstrap", "confidence-intervals")


@dataclass(frozen=True)
class FewColumns:
    """Numeric columns that vary, by name: at most 2,000 finite values of each. ``first`` is shown first."""

    values: Mapping[str, NDArray[np.float64]]
    first: str
    said: str


def example(rng: np.random.Generator) -> Example:
    """Requests to a server: how long they took, and how warm its room was."""
    took = np.exp(rng.normal(np.log(120), 0.75, 1_500))
    return Example({"milliseconds": took.round(1), "room": rng.normal(21.5, 0.8, 1_500).round(2)})


def problem(sample: Sample, asked: Asked) -> FewColumns:
    kept: dict[str, NDArray[np.float64]] = {}
    for name, kind in sample.frame.schema.items():
        if kind.is_numeric():
            x = floats(sample.frame[name])
            x = x[np.isfinite(x)]
            x = x if len(x) <= MOST_ROWS else x[np.unique(np.linspace(0, len(x) - 1, MOST_ROWS).astype(int))]
            if len(x) >= FEWEST and _varies(x):
                kept[name] = x
    if not kept:
        raise NotApplicable(f"this needs a numeric column that varies, with at least {FEWEST} values")
    coarse = {name: len(np.unique(x)) <= FEW for name, x in kept.items()}
    names = sorted(kept, key=lambda name: (coarse[name], name != asked.target))[:MOST_COLUMNS]
    return FewColumns({name: kept[name] for name in names}, names[0], sample.said)


def _varies(x: NDArray[np.float64]) -> bool:
    size = float(np.abs(x).max())
    return 1 / LARGEST < size < LARGEST and float(x.max() - x.min()) > FINEST * size


def controls(problem: FewColumns) -> tuple[Control, ...]:
    return (
        Choice("column", "column", problem.first, tuple(problem.values)),
        Slider("deviations", "limit, in deviations", 3.0, -FARTHEST, FARTHEST),
        Choice("scale", "values", SCALES[0], SCALES),
    )


def compute(problem: FewColumns, column: str, deviations: float, scale: str) -> View:
    x = problem.values[column]
    refused = scale == SCALES[1] and x.min() <= 0
    logged = scale == SCALES[1] and not refused
    x = np.sort(np.log(x) if logged and _varies(np.log(x)) else x)
    normal, fit = Normal(float(x.mean()), float(x.std(ddof=1))), normality(x)
    limit = normal.centre + deviations * normal.deviation
    promised, came = _tails(normal, x, np.array([deviations]))
    numbers = {
        "deviations": Number(deviations, "1", "the limit, in standard deviations from the mean"),
        "mean": Number(normal.centre, "1", "the mean"),
        "deviation": Number(normal.deviation, "1", "the standard deviation, ddof one"),
        "limit": Number(limit, "1", "the limit, in the unit of the values"),
        "promised": Number(float(promised[0]), "chance", "share beyond the limit, by the normal"),
        "came": Number(float(came[0]), "share", f"share beyond the limit, of {problem.said}"),
        "both_sides": Number(2 * float(promised[0]), "chance", "share beyond, in both tails of the normal"),
        "times": Number(float(came[0] / promised[0]), "times", "what came over what was promised"),
        "promised_count": Number(float(promised[0] * len(x)), "rows", "rows promised beyond the limit"),
        "came_count": Number(float(came[0] * len(x)), "rows", "rows beyond the limit"),
        "distance": Number(fit.distance, "share", "the most by which a tail area is wrong"),
        "at": Number(fit.at, "1", "where it is wrong by the most"),
        "chance": Number(fit.chance, "chance", "of values as far off, if they were normal"),
        "rows": Number(len(x), "rows", "finite values"),
    }  # fmt: skip
    rejected = "That the values do not come from a normal"
    words = {
        "column": quoted(column),
        "says": rejected if fit.chance < SURE else "That so many values cannot tell them from a normal",
        "side": "above" if deviations >= 0 else "below",
    }
    label = f"ln {visible(column, 20)}" if logged else visible(column, 24)
    pictures = (_hump(x, normal, label, limit), _both_tails(x, normal, numbers))
    return View(_sentence(numbers, fit, column, words["side"], refused, logged), numbers, pictures, words)


def _tails(
    normal: Normal, x: NDArray[np.float64], deviations: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share beyond each limit, as the normal promises and as it came: above it, or below where it is negative."""
    limits = normal.centre + deviations * normal.deviation
    below = deviations < 0
    promised = np.where(below, normal.below(limits), normal.above(limits))
    under, over = np.searchsorted(x, limits, side="left"), len(x) - np.searchsorted(x, limits, side="right")
    return promised, np.where(below, under, over) / len(x)


def _sentence(
    numbers: Mapping[str, Number], fit: Fit, column: str, side: str, refused: bool, logged: bool
) -> str:  # fmt: skip
    name = f"The logarithm of {quoted(column)}" if logged else quoted(column)
    if fit.chance >= SURE:
        verdict = f"{name} may well be normal: so few rows of a normal law stray by {numbers['distance']} too."
    elif fit.distance >= NEAR:
        verdict = f"{name} is not normal: areas are wrong by up to {numbers['distance']}."
    else:
        verdict = f"{name} is not exactly normal, but near: areas are wrong by at most {numbers['distance']}."
    void = " It holds values that have no logarithm, so it is shown as it is." if refused else ""
    return (
        f"{verdict} {side.capitalize()} {numbers['limit']}, {shown(abs(numbers['deviations'].value or 0.0))} "
        f"deviations from the mean, the normal promises {numbers['promised']} of the values; "
        f"{numbers['came']} came.{void}"
    )


def _hump(x: NDArray[np.float64], normal: Normal, label: str, limit: float) -> Picture:
    heights, ends = np.histogram(x, bins=min(40, max(8, int(np.sqrt(len(x))))), density=True)
    middles, width = (ends[:-1] + ends[1:]) / 2, float(ends[1] - ends[0])
    low, high = min(ends[0], limit), max(ends[-1], limit)
    grid = np.linspace(low, high, 160)
    marks = (
        Bars(values(middles), values(heights), "values", "soft", width=width),
        Line(values(grid), values(normal.density(grid)), "normal"),
        Rule(limit, f"limit {shown(limit)}"),
    )
    says = "The values as bars, and the normal with their mean and standard deviation as a curve, with your limit."
    return Picture("The column and its normal", says, marks, Axis(label), Axis("density", low=0.0))


def _both_tails(x: NDArray[np.float64], normal: Normal, numbers: Mapping[str, Number]) -> Picture:
    side = -1.0 if (numbers["deviations"].value or 0.0) < 0 else 1.0
    promised, came = _tails(normal, x, side * np.maximum(WIDTHS, 1e-9))
    at, told = abs(numbers["deviations"].value or 0.0), numbers["came"].value or 0.0
    some = came > 0
    marks: list[Mark] = [
        Line(values(WIDTHS), values(promised), "promised", dashed=True),
        Line(values(WIDTHS[some]), values(came[some]), "came", "second"),
        Points((at,), (numbers["promised"].value or 0.0,)),
    ]
    if told > 0:
        marks.append(Points((at,), (told,), role="second"))
    says = f"The share beyond each limit, promised and come; at your limit {numbers['promised']} and {numbers['came']}."
    return Picture("Beyond the limit", says, tuple(marks), Axis("deviations from the mean"), Axis("share", log=True))
