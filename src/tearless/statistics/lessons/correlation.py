"""Correlation: what goes together, through what, and weights that trade places

## The idea
{x} and {target} go together: their correlation is {r}. Does the one move the other? Not by that alone. A third column
can stand behind both. Hold {by} fixed, that is, compare only rows where it is the same, and {partial} is left. What was
left out may be most of the link, or none of it; data alone do not say which column is the cause.

The same overlap troubles a model that uses both columns. They correlate at {ab}, so much of what one says the other
says too, and the fit must divide the credit. It divides it by the noise: {swapped} of resamples turn round which of
the two weighs more.

## The picture
First, the correlation with its interval, by values and by ranks, and what is left of it with {by} held fixed. Then the
two weights of a linear fit on both columns, once for each of {resamples} resamples of your rows. A round cloud would be
two weights that are known apart. A long thin one says that their sum is known and their parts are not. Make {x} more
like {by} and watch the cloud stretch, while what is left with {by} held fixed stays where it is.

## The formula
The partial correlation takes off each of the two what a line in the third explains, and correlates the rest. The
variance of a weight is multiplied by the variance inflation factor, one over one minus the share of the column that the
others explain: {vif} here. Then {rows} rows tell of this weight what {worth} rows of an unrelated column would.

## Where it is used
`df.corr()` in pandas gives Pearson's without intervals; `method="spearman"` looks at the order only, and one far row
cannot make it. `statsmodels` has `variance_inflation_factor`. Linear and logistic regression divide credit as here;
ridge divides it evenly, lasso picks one at random; importances of a forest are split among alike columns too. Feature
selection by correlation with the target takes twins together and drops what helps only jointly.

## How it fails
A weight changes its sign after a retraining, though the score stays: alike columns traded places. A report names a
cause which was a companion, and acting on it changes nothing. Columns that add up to one another have no weights at
all, only combinations; solvers return something anyway. And a correlation near one with the target, in data where
nobody expects it, is seldom luck: the column was written down after the outcome.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tearless.core import Example, NotApplicable, Number, quoted, visible
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Picture, Points, Ranges, Rule, values
from tearless.linear_algebra.collinearity import variance_inflation
from tearless.linear_algebra.least_squares import svd
from tearless.linear_algebra.regression_data import RegressionData
from tearless.statistics.correlation import Confounding, Correlation, confounding, correlation, pearson

Floats = NDArray[np.float64]

RESAMPLES = 60
FEWEST = 8
MOST_COLUMNS = 8
LONGEST = 16
SAME = 1 - 1e-6
"""A correlation of at least this is that of a copy."""
LARGEST = 1e100
TOO_GOOD = 0.98
MOST_ALIKE = 0.97

FORMULAS = (
    Formula(
        r"r_{xy \cdot z} = \frac{r_{xy} - r_{xz} r_{yz}}{\sqrt{(1 - r_{xz}^2)(1 - r_{yz}^2)}}",
        "the partial correlation of x and y given z is their correlation less the product of both with z, over the "
        "root of what z leaves of each",
    ),
    Formula(
        r"\mathrm{Var}(\hat w_j) = \frac{\sigma^2}{n\,s_j^2} \cdot \frac{1}{1 - R_j^2}",
        "the variance of a weight is that of an unrelated column times one over one minus the share of the column that "
        "the others explain",
    ),
)

CODE = """\
from scipy.special import ndtri

def z(v):
    return (v - v.mean()) / v.std()

names = list(problem.names)
a, y = z(problem.X[:, names.index(x)]), z(problem.y)
b = z(problem.X[:, names.index(by if by != x else [n for n in names if n != x][0])])
a = z((1 - alike) * a + alike * b)       # the first, made more like the second

n = len(y)
r, with_y, ab = np.mean(a * y), np.mean(b * y), np.mean(a * b)
reach = ndtri(0.975) / np.sqrt(n - 3)    # on Fisher's scale, where r is even
low, high = np.tanh(np.arctanh(r) - reach), np.tanh(np.arctanh(r) + reach)

partial = (r - ab * with_y) / np.sqrt((1 - ab**2) * (1 - with_y**2))
vif = 1 / (1 - ab**2)
worth = n / vif
weight, weight_by = np.linalg.solve([[1, ab], [ab, 1]], [r, with_y])
"""

QUESTIONS = (
    Question(
        "junior",
        "The correlation of {x} and {target} is {r}. What of it is left with {by} held fixed?",
        (
            Answer("{partial}", "Yes: what a line in the third explains is taken off both, and the rest is correlated.",
                   right=True),
            Answer("{product}", "That is the part which a link through {by} alone would make, the product of both "
                   "correlations with it. It is taken off, not kept."),
            Answer("{r}, a third column changes nothing", "It changes nothing only where it is unrelated to one of "
                   "the two."),
        ),
    ),
    Question(
        "mid",
        "The columns {x} and {by} correlate at {ab}. How much wider is the error of each weight?",
        (
            Answer("{wider} times", "Yes: the root of the variance inflation factor, {vif}.", right=True),
            Answer("{vif} times", "So much larger is the variance. The error, in units of the weight, is its root."),
            Answer("not at all, the rows are the same", "The rows are; what they tell of one weight with the other "
                   "held fixed is what {worth} rows would."),
        ),
    ),
    Question(
        "senior",
        "Two alike columns trade weights at each retraining. The score is steady. What is broken?",
        (
            Answer("Only the reading of the weights", "Yes: predictions rest on the combination that is well known. "
                   "Drop one, join them or use ridge before you explain.", right=True),
            Answer("The predictions made by them", "They stay as good while the two columns keep going together. They "
                   "break where the columns part ways."),
            Answer("The optimiser: it does not settle", "A closed form trades places too: it is the data that do not "
                   "part the two."),
        ),
        {"alike": 0.8},
    ),
)  # fmt: skip

CATCHES = ("collinear-columns", "exact-combination", "target-leak")
NEXT = ("linear-regression", "norms-and-regularisation", "pca")


def example(rng: np.random.Generator) -> Example:
    """Employees: what they earn follows their experience, and experience follows age."""
    age = rng.normal(40, 10, 80)
    experience = age - 22 + rng.normal(0, 3, 80)
    salary = 30_000 + 1_500 * experience + rng.normal(0, 15_000, 80)
    commute = rng.gamma(4.0, 8.0, 80) + 0.2 * age
    columns = {"age": age, "experience": experience, "commute": commute, "salary": salary}
    return Example(columns, target="salary")


def problem(data: RegressionData) -> RegressionData:
    if data.n < FEWEST:
        raise NotApplicable(f"this needs at least {FEWEST} complete rows; there are {data.n}")
    every = np.column_stack([data.X, data.y])
    sound = (np.abs(every).max(axis=0) < LARGEST) & (np.ptp(every, axis=0) > 1 / LARGEST)
    if not sound[-1]:
        raise NotApplicable(f"the target holds numbers beyond {LARGEST:g}; divide it by one number")
    kept: list[int] = []
    for j in np.flatnonzero(sound[:-1]):
        others = (data.y, *(data.X[:, i] for i in kept))
        if len(kept) < MOST_COLUMNS and all(abs(_r(data.X[:, j], other)) < SAME for other in others):
            kept.append(int(j))
    if len(kept) < 2:
        raise NotApplicable(
            "this needs two numeric columns beside the target that are no copies of one another, nor of the target"
        )
    return replace(data, names=tuple(data.names[j] for j in kept), X=data.X[:, kept])


def _r(x: Floats, y: Floats) -> float:
    return float(pearson(x, y))


def controls(problem: RegressionData) -> tuple[Control, ...]:
    links = [abs(_r(column, problem.y)) for column in problem.X.T]
    by = int(np.argmax(links))
    others = [abs(_r(column, problem.X[:, by])) if j != by else -1.0 for j, column in enumerate(problem.X.T)]
    return (
        Choice("x", "column", problem.names[int(np.argmax(others))], problem.names),
        Choice("by", "held fixed", problem.names[by], problem.names),
        Slider("alike", "made more alike", 0.0, 0.0, MOST_ALIKE),
    )


def compute(problem: RegressionData, x: str, by: str, alike: float) -> View:
    by = by if by != x else next(name for name in problem.names if name != x)
    first, second = (problem.X[:, problem.names.index(name)] for name in (x, by))
    b, y = _standard(second), _standard(problem.y)
    a = _standard((1 - alike) * _standard(first) + alike * b)
    seen, ranked = confounding(a, y, b), correlation(a, y, "spearman")
    fits, fit = _resampled(np.column_stack([a, b]), y), _weights(np.column_stack([a, b]), y)
    vif = float(variance_inflation(np.linalg.qr(np.column_stack([a, b]) / math.sqrt(len(y)))[1])[0])
    raw, left, ab = seen.raw.estimate, seen.partial.estimate, _r(a, b)
    order = (np.abs(fits[:, 0]) > np.abs(fits[:, 1])) != (abs(fit[0]) > abs(fit[1]))
    numbers = {
        "r": Number(raw.value, "1", "Pearson's correlation with the target", (raw.low, raw.high), raw.level),
        "low": Number(raw.low, "1", "low end of its interval"),
        "high": Number(raw.high, "1", "high end of its interval"),
        "spearman": Number(ranked.estimate.value, "1", "Spearman's, of the ranks"),
        "partial": Number(left.value, "1", "with the other column held fixed", (left.low, left.high), left.level),
        "partial_low": Number(left.low, "1", "low end of its interval"),
        "partial_high": Number(left.high, "1", "high end of its interval"),
        "product": Number(ab * _r(b, y), "1", "the product of both correlations with the column held fixed"),
        "ab": Number(ab, "1", "correlation of the two columns"),
        "vif": Number(vif, "times", "variance inflation of each weight"),
        "wider": Number(math.sqrt(vif), "times", "how much wider the error of each weight is"),
        "rows": Number(len(y), "rows", problem.said),
        "worth": Number(len(y) / vif, "rows", "of an unrelated column that would tell as much of the weight"),
        "weight": Number(fit[0], "1", "weight of the column, all standardised"),
        "weight_by": Number(fit[1], "1", "weight of the other column"),
        "strays": Number(float(fits[:, 0].std(ddof=1)), "1", "how far the weight strays over resamples"),
        "swapped": Number(float(order.mean()), "share", "resamples in which the other weight is the larger"),
        "resamples": Number(RESAMPLES, "times", "the rows were drawn again"),
    }
    words = {"x": quoted(x), "by": quoted(by), "target": quoted(problem.target)}
    pictures = (_links(seen, ranked, numbers), _traded(fits, numbers, (x, by)))
    return View(_sentence(numbers, words, seen, alike), numbers, pictures, words)


def _standard(v: Floats) -> Floats:
    d = v - v.mean()
    d = d / (np.abs(d).max() or 1.0)
    return np.asarray(d / (d.std() or 1.0))


def _weights(X: Floats, y: Floats) -> Floats:
    return np.asarray(svd(X, y, intercept=True).coefficients)


def _resampled(X: Floats, y: Floats) -> Floats:
    """The two weights of each of many resamples of the rows, shape (resamples, 2)."""
    rng = np.random.default_rng(0)
    rows = (rng.integers(0, len(y), len(y)) for _ in range(RESAMPLES))
    return np.array([_weights(X[some], y[some]) for some in rows])


def _sentence(numbers: Mapping[str, Number], words: Mapping[str, str], seen: Confounding, alike: float) -> str:
    raw, left = seen.raw.estimate, seen.partial.estimate
    column = f"{words['x']}, made more alike," if alike else words["x"]
    pair = f"{column} and {words['target']} correlate at {numbers['r']} ({numbers['low']} to {numbers['high']})"
    with_by = f"{numbers['partial']} ({numbers['partial_low']} to {numbers['partial_high']})"
    rest = f"with {words['by']} held fixed {with_by} is left"
    if abs(raw.value) > TOO_GOOD:
        verdict = "Too good to be a finding"
    elif raw.low <= 0 <= raw.high:
        verdict = "No link is told"
    elif left.low <= 0 <= left.high:
        verdict = "Indirect, as far as is told"
    else:
        verdict = "Turned round" if raw.value * left.value < 0 else "More than an indirect link"
    return f"{verdict}: {pair}; {rest}. In a fit on both, the error of each weight is {numbers['wider']} times wider."


def _links(seen: Confounding, ranked: Correlation, numbers: Mapping[str, Number]) -> Picture:
    found = (seen.raw.estimate, ranked.estimate, seen.partial.estimate)
    marks = [
        Ranges((float(i),), (e.low,), (e.high,), (e.value,), role="second" if i == 2 else "main")
        for i, e in enumerate(found)
    ]
    says = (
        f"The correlation with the target and its interval: by values {numbers['r']}, by ranks {numbers['spearman']}, "
        f"with the other column held fixed {numbers['partial']}."
    )
    return Picture(
        "How close is the link?", says, (Rule(0.0, "none", "x", "soft"), *marks), Axis("correlation"),
        Axis(names=("values", "ranks", "third held fixed")),
    )  # fmt: skip


def _traded(fits: Floats, numbers: Mapping[str, Number], pair: tuple[str, str]) -> Picture:
    names = [visible(name, LONGEST) for name in pair]
    low, high = float(min(fits.min(), 0.0)), float(max(fits.max(), 0.0))
    room = 0.05 * (high - low) or 0.5
    marks = (
        Points(values(fits[:, 0]), values(fits[:, 1]), "resamples", "second", hollow=True),
        Points((numbers["weight"].value or 0.0,), (numbers["weight_by"].value or 0.0,), "all rows"),
        Rule(0.0, "", "x", "soft"),
        Rule(0.0, "", "y", "soft"),
    )
    says = (
        f"The weights of both columns over {numbers['resamples']} resamples, and on all rows {numbers['weight']} and "
        f"{numbers['weight_by']}; their sum is known better than their parts."
    )
    x, y = (Axis(label, low=low - room, high=high + room) for label in (f"weight of {names[0]}", f"of {names[1]}"))
    return Picture("Do the weights trade places?", says, marks, x, y, square=True)
