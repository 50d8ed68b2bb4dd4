"""Bias and variance: what the model misses, and what it made up

## The idea
A curve of {parts} steps through {rows} rows of {column} leaves {train} of the variance of {target} unexplained. On rows
it has not seen it leaves {test}. The gap is what it learnt by heart: the luck of these rows, which the next ones do not
share. Fewer steps would have less of that, and would miss more of the true shape.

So the error on fresh rows has two sources that pull apart. Bias is what the method misses on average, whatever rows it
gets. Variance is how much it changes with the rows it happened to get. To make one smaller by the choice of the model
makes the other larger; more rows make the variance smaller and leave the bias.

## The picture
First, the error in training and on fresh rows over the number of steps: the one falls for ever, the other falls and
rises. Then the curve itself, and how it looks after other draws of the same rows: where the bundle is wide, the
variance is. Last, the error over the number of rows. Two lines far apart that still close: more rows help. Two lines
together and high: they do not. Exchange some labels and watch which of these moves.

## The formula
The squared error on fresh rows, averaged over models, is the squared distance of their mean from the truth plus their
own spread: {bias} and {variance} here, {error} together. What the column does not tell stands in the first. The gap is
a difference of means over different rows, so it has an interval: {gap_low} to {gap_high}. A fixed rule, gap above
{rule} is overfitting, asks for no number of rows: it cries over chance on few and is silent over a sure loss on many.

## Where it is used
`learning_curve` and `validation_curve` in scikit-learn draw the two lines. A curve of steps is what a decision tree
makes of one column; `max_depth`, `alpha`, `C`, dropout, weight decay and early stopping all trade variance for bias.
Bagging and forests average variance away, boosting removes bias step by step. Very large networks fit every row and
still do well, since training picks a smooth one of the many curves that do.

## How it fails
The score is excellent until launch. Or training and test both look excellent, since rows of one person stand on both
sides: then the gap is small and means nothing. A score at the level of the mean, in training too, is underfitting, a
broken feature or a dead gradient. Rows alike with different labels set a floor that no model passes, and a model that
passes it in training has learnt mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import Example, Number, quoted, visible
from tearless.core.lesson import Answer, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Line, Picture, Points, values
from tearless.statistics.bias_variance import bias_variance
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.means import compare_means_paired
from tearless.statistics.comparison.train_test_gap import train_test_gap
from tearless.statistics.learning_curve import LearningCurve, learning_curve
from tearless.statistics.scatter import Scatter

Floats = NDArray[np.float64]

TRIED = (1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 40)
FEWEST_TRAINED = 8
MODELS, BUNDLE, SPLITS = 40, 10, 4
LONGEST = 24
RULE = 0.15
"""The gap from which on a rule that is often copied calls a model overfitted."""
GRID = np.linspace(0.0, 1.0, 121)

FORMULAS = (
    Formula(
        r"\mathbb{E}\,(y - \hat f(x))^2 = \big(y - \bar f(x)\big)^2 + \mathbb{E}\,\big(\hat f(x) - \bar f(x)\big)^2",
        "the expected squared error of the fits is the squared distance of their mean from what was seen, plus their "
        "mean squared distance from their own mean",
    ),
    Formula(
        r"\mathrm{gap} = \frac{1}{m}\sum_{\mathrm{test}} e_i^2 - \frac{1}{n}\sum_{\mathrm{train}} e_i^2",
        "the gap is the mean squared error on test rows less that on training rows",
    ),
)

CODE = """\
x, y = problem.x, problem.y               # y in its standard deviations
order = np.random.default_rng(0).permutation(len(x))
test, pool = order[: len(x) // 3], order[len(x) // 3 :]

y = y.copy()                              # exchange some labels in training
wrong = pool[np.linspace(0, len(pool) - 1, round(noise * len(pool))).astype(int)]
y[wrong] = np.roll(y[wrong], 1)
rows_of = pool[: int(rows)]

def fitted(some):                         # a step: the mean of its rows
    low, high = x[some].min(), x[some].max()
    def step(at):
        share = (at - low) / ((high - low) or 1)
        return np.clip(np.floor(share * parts), 0, parts - 1).astype(int)
    means = np.array([y[some][step(x[some]) == k].mean() if k in step(x[some])
                      else y[some].mean() for k in range(int(parts))])
    return lambda at: means[step(at)]

f = fitted(rows_of)
train = np.mean((y[rows_of] - f(x[rows_of])) ** 2)
test_errors = (y[test] - f(x[test])) ** 2
gap = np.mean(test_errors) - train

rng = np.random.default_rng(0)            # the same, fitted to resamples
fits = np.array([fitted(rows_of[rng.integers(0, len(rows_of), len(rows_of))])(x[test])
                 for _ in range(40)])
bias, variance = np.mean((y[test] - fits.mean(axis=0)) ** 2), np.mean(fits.var(axis=0))
"""

QUESTIONS = (
    Question(
        "junior",
        "Training leaves {train} unexplained, fresh rows {test}. Which number will you meet after launch?",
        (
            Answer("{test}, give or take its error", "Yes, if the rows of tomorrow are drawn as the fresh ones were.",
                   right=True),
            Answer("{train}", "That is what it did on rows it was fitted to. A curve of enough steps makes it zero."),
            Answer("{middle}, the mean of both", "An average of a number that counts and one that does not."),
        ),
    ),
    Question(
        "mid",
        "A rule says: a gap above {rule} is overfitting. The gap is {gap}. What do you ask?",
        (
            Answer("Its interval: {gap_low} to {gap_high}", "Yes: on few test rows such a gap is chance, on many a "
                   "tenth of it is certain.", right=True),
            Answer("Nothing, the rule decides", "The rule asks for no number of rows. Chance alone exceeds it on few."),
            Answer("Whether {half_rule} would be stricter", "Any fixed limit has the same fault: the error of the gap "
                   "depends on the rows."),
        ),
    ),
    Question(
        "senior",
        "Bias is {bias}, variance {variance}. What would ten times the rows change?",
        (
            Answer("Mostly the {variance}", "Yes: variance falls with the rows. What the method misses, and what the "
                   "column does not tell, stays.", right=True),
            Answer("Mostly the {bias}", "That asks for another method or another column. More of the same rows say the "
                   "same."),
            Answer("Nothing: there are still {parts} steps", "The steps bound the bias. How far each of them strays, "
                   "the rows in it decide."),
        ),
    ),
)  # fmt: skip

CATCHES = ("overfitting", "underfitting", "train-test-leak", "label-noise", "conflicting-labels")
NEXT = ("norms-and-regularisation", "trees", "hypothesis-tests")


class Steps:
    """A curve of equally wide steps in one column, each the mean of its rows; of all rows where it has none."""

    def __init__(self, parts: int) -> None:
        self.parts = parts

    def fit(self, X: Any, y: Any) -> Steps:
        x, target = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
        self.low, self.wide = float(x.min()), float(np.ptp(x)) or 1.0
        at, mean = self._step(x), float(target.mean())
        counts = np.bincount(at, minlength=self.parts)
        sums = np.bincount(at, weights=target, minlength=self.parts)
        self.means = np.where(counts > 0, sums / np.maximum(counts, 1), mean)
        return self

    def predict(self, X: Any) -> Floats:
        return np.asarray(self.means[self._step(np.asarray(X, dtype=np.float64))])

    def _step(self, x: Floats) -> NDArray[np.int64]:
        share = (x - self.low) / self.wide
        return np.clip(np.floor(share * self.parts), 0, self.parts - 1).astype(np.int64)


def example(rng: np.random.Generator) -> Example:
    """A city's load of electricity over the temperature: heating on one side, cooling on the other."""
    degrees = rng.uniform(-8, 34, 300)
    load = 40 + 0.045 * (degrees - 15) ** 2 + 3 * np.sin(degrees / 5) + rng.normal(0, 4, 300)
    return Example({"temperature": degrees.round(1), "load": load.round(2)}, target="load")


def problem(data: Scatter) -> Scatter:
    return data


def controls(problem: Scatter) -> tuple[Control, ...]:
    pool = len(problem.pool)
    return (
        Slider("parts", "steps of the curve", 17, 1, TRIED[-1], log=True, whole=True),
        Slider("rows", "rows to train on", min(40, pool), FEWEST_TRAINED, pool, log=True, whole=True),
        Slider("noise", "labels exchanged", 0.0, 0.0, 0.5),
    )


def compute(problem: Scatter, parts: float, rows: float, noise: float) -> View:
    x, y, test, some = problem.x, problem.exchanged(noise), problem.test, problem.pool[: int(rows)]
    k = int(parts)
    tried = sorted({*TRIED, k})
    errors = {parts: _errors(problem, y, some, parts) for parts in tried}
    found = bias_variance(Steps(k), x[some], y[some], x[test], y[test], models=MODELS, seed=0)
    gap = train_test_gap(*errors[k])
    train, fresh = (float(part.mean()) for part in errors[k])
    best = min(tried, key=lambda parts: float(errors[parts][1].mean()))
    numbers = {
        "parts": Number(k, "steps", "steps of the curve"),
        "rows": Number(len(some), "rows", f"rows to train on, of {problem.said}"),
        "test_rows": Number(len(test), "rows", "fresh rows"),
        "train": Number(train, "share", "of the variance of the target, unexplained in training"),
        "test": Number(fresh, "share", "the same on fresh rows"),
        "middle": Number((train + fresh) / 2, "share", "the mean of both"),
        "gap": Number(
            gap.estimate.value, "share", f"fresh less training, by {gap.test}", _ends(gap), gap.estimate.level
        ),
        "gap_low": Number(gap.estimate.low, "share", "low end of its interval"),
        "gap_high": Number(gap.estimate.high, "share", "high end of its interval"),
        "p": Number(gap.p, "chance", "of such a gap if fresh rows were as familiar"),
        "rule": Number(RULE, "share", "a fixed rule for the gap"),
        "half_rule": Number(RULE / 2, "share", "half of it"),
        "bias": Number(found.bias.value, "share", "squared bias, with the noise of what was seen"),
        "variance": Number(found.variance.value, "share", "variance over resamples of the training rows"),
        "error": Number(found.error.value, "share", "their sum: the mean error of those models"),
        "best": Number(best, "steps", "the number of steps with the least error on fresh rows"),
        "best_error": Number(float(errors[best][1].mean()), "share", "what so many steps leave there"),
    }
    words = {"column": quoted(problem.column), "target": quoted(problem.target)}
    better = compare_means_paired(errors[best][1], errors[k][1], method="t") if best != k else None
    pictures = (_flexible(errors, numbers), _bundle(problem, y, some, k), _rows(problem, y, k, numbers))
    return View(_sentence(numbers, gap, better), numbers, pictures, words)


def _ends(found: Difference) -> tuple[float, float] | None:
    ends = found.estimate.low, found.estimate.high
    return ends if np.isfinite(ends).all() else None


def _errors(problem: Scatter, y: Floats, some: NDArray[np.int64], parts: int) -> tuple[Floats, Floats]:
    """Squared errors in training and on fresh rows."""
    fit = Steps(parts).fit(problem.x[some], y[some])
    train, fresh = ((y[rows] - fit.predict(problem.x[rows])) ** 2 for rows in (some, problem.test))
    return train, fresh


def _sentence(numbers: Mapping[str, Number], gap: Difference, better: Difference | None) -> str:
    fewer = (numbers["best"].value or 0.0) < (numbers["parts"].value or 0.0)
    if gap.sure and gap.estimate.value > 0:
        verdict = "Overfits"
    elif better is not None and better.p * len(TRIED) <= 1 - better.estimate.level:  # the best of many was picked
        verdict = "Fewer steps do better" if fewer else "Underfits"
    else:
        verdict = "No harm is told"
    known = None not in (numbers["gap_low"].value, numbers["gap_high"].value)
    ends = f" ({numbers['gap_low']} to {numbers['gap_high']})" if known else ""
    steps = "step" if numbers["parts"].value == 1 else "steps"
    wide = (numbers["gap"].value or 0.0) > RULE and not gap.sure
    rule = f" The fixed rule of {numbers['rule']} would call that sure." if wide else ""
    return (
        f"{verdict}: a curve of {numbers['parts']} {steps} on {numbers['rows']} rows leaves {numbers['train']} "
        f"unexplained in training, {numbers['test']} on fresh rows: a gap of {numbers['gap']}{ends}.{rule}"
    )


def _flexible(errors: Mapping[int, tuple[Floats, Floats]], numbers: Mapping[str, Number]) -> Picture:
    train, fresh = (values(float(part[i].mean()) for part in errors.values()) for i in (0, 1))
    here = (numbers["parts"].value or 0.0,)
    marks = (
        Line(values(errors), fresh, "fresh rows", "second"),
        Line(values(errors), train, "training", dashed=True),
        Points(here, (numbers["test"].value or 0.0,), role="second"),
        Points(here, (numbers["train"].value or 0.0,)),
    )
    says = f"The share left unexplained over the steps; here {numbers['train']} in training, {numbers['test']} fresh."
    return Picture("How flexible?", says, marks, Axis("steps", log=True), Axis("unexplained", low=0.0))


def _bundle(problem: Scatter, y: Floats, some: NDArray[np.int64], parts: int) -> Picture:
    x, rng = problem.x, np.random.default_rng(0)
    low, high = float(x[some].min()), float(x[some].max())
    grid = low + (high - low) * GRID
    drawn = [some[rng.integers(0, len(some), len(some))] for _ in range(BUNDLE)]
    lines = [
        Line(values(grid), values(Steps(parts).fit(x[r], y[r]).predict(grid)), "" if i else "other draws", "soft")
        for i, r in enumerate(drawn)
    ]
    fit = Line(values(grid), values(Steps(parts).fit(x[some], y[some]).predict(grid)), "fit")
    rows = Points(values(x[some]), values(y[some]), "rows", "second", hollow=True)
    says = "The rows trained on, the curve fitted to them, and the curves fitted to other draws of the same rows."
    return Picture(
        "How steady?", says, (*lines, fit, rows), Axis(visible(problem.column, LONGEST)), Axis("target, in deviations")
    )


def _rows(problem: Scatter, y: Floats, parts: int, numbers: Mapping[str, Number]) -> Picture:
    found = _curve(problem, y, parts)
    at = values(found.sizes)
    train, fresh = (values(-e.value for e in side) for side in (found.train, found.test))
    marks = (Line(at, fresh, "fresh rows", "second"), Line(at, train, "training", dashed=True))
    says = f"The share left unexplained by {numbers['parts']} steps over the number of rows to train on."
    return Picture("Would more rows help?", says, marks, Axis("rows", log=True), Axis("unexplained", low=0.0))


def _curve(problem: Scatter, y: Floats, parts: int) -> LearningCurve:
    """The error by the number of rows: the rows to train on in several orders, the fresh rows always the same."""
    rng, most = np.random.default_rng(1), len(problem.pool)
    sizes = sorted({int(s) for s in np.geomspace(FEWEST_TRAINED, most, 6)})
    splits = [(rng.permutation(problem.pool), problem.test) for _ in range(SPLITS)]

    def score(truth: Any, predicted: Any) -> float:
        return -float(np.mean((truth - predicted) ** 2))

    return learning_curve(Steps(parts), problem.x, y, sizes=sizes, splits=splits, score=score)
