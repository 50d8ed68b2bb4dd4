"""Logistic regression

## The idea
Will a row be {positive}? A straight line would answer with shares below zero and above one. So the weighted sum of
{columns} is not taken as the share but as its log-odds: the logarithm of how often it is, over how often it is not. The
sigmoid turns log-odds back into a share.

The weights are those under which what was seen is most probable. The largest, of {column}, is {weight}: one spread more
multiplies the odds by {odds}. It does not multiply the probability, and what it adds to that depends on where a row
stands: most in the middle, next to nothing at the ends.

## The picture
First every new row at its log-odds, above those that are {positive}, below the others, and the sigmoid; the threshold
cuts them in two. Then the weights over C, which holds them on the left and hardly on the right. Last the cross-entropy,
and that of a guess that knows only how common {positive} is. Take the rows that overlap away, and look to the right.

## The formula
The loss of a row is minus the logarithm of the probability given to its class: {loss_new} on average on new rows, where
the guess has {guess}. Its slope is simple: columns times probability minus truth. There is no closed form; Newton's
method takes a few steps. The threshold is no part of it. It is your choice, and it follows from what a false alarm and
a miss cost.

## Where it is used
`LogisticRegression` of scikit-learn; its `C` is an inverse strength, so that a small one holds the weights tight, and
it holds them even when nobody asks: standardise first. The last layer of every classifier, up to the next token of a
language model, is this model with more classes: `nn.Linear` and `nn.CrossEntropyLoss`. Credit scores and risk scores in
hospitals are printed weights of it.

## How it fails
Weights that grow with every further step, and a loss that reaches zero: the classes can be separated, and nothing stops
them. Often a column knows the answer; always the probabilities are far too sure. A right share of {right},
where a constant guess has {common}: for a rare class a threshold of one half finds few, though the probabilities may be
good; here it misses {missed} of {positives}.
Equal rows with different classes: no weights can please both. Read `predict`, and all of this stays hidden; read
`predict_proba` and the loss.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.logistic_regression import LogisticRegression
from tearless.calculus.exponentials import sigmoid
from tearless.calculus.losses import BinaryCrossEntropy, mean
from tearless.core import Example, Number, listed, quoted, visible
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Line, Mark, Picture, Points, Role, Rule, values
from tearless.statistics.classification_scores import confusion
from tearless.statistics.separable_rows import SeparableRows

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
ALL, APART = ROWS = ("all", "without overlap")
LINES, GRID, MOST_DRAWN = 5, 121, 160
STRENGTHS = np.geomspace(1e-3, 1e6, 13)
LITTLE = 0.05
"""A loss that differs from a guess's by less than this share of it says little."""
STEEPEST = 700.0
"""The powers of e beyond it leave the range of doubles."""

FORMULAS = (
    Formula(
        r"\ln\frac{p}{1-p} = x^\top w + b, \qquad p = \sigma(z) = \frac{1}{1+e^{-z}}",
        "the log-odds are the weighted sum of the columns; the probability is the sigmoid of it",
    ),
    Formula(
        r"\min_{w,b} \; -\sum_i \ln p_i(\text{class seen}) + \frac{1}{2C}\|w\|_2^2",
        "the summed minus logarithms of the probability of the class seen, plus the squared weights over two C",
    ),
)

CODE = """\
y, new = problem.y, problem.new
seen = problem.seen if rows == "all" else problem.apart
at, spread = (f(problem.X[problem.seen], axis=0) for f in (np.mean, np.std))
X = (problem.X - at) / spread             # C holds all weights alike
A = np.column_stack([X, np.ones(len(y))])
hold = np.append(np.ones(X.shape[1]) / C, 0)  # the intercept is free

w = np.zeros(A.shape[1])
for _ in range(40):                       # Newton's method
    p = 1 / (1 + np.exp(-A[seen] @ w))
    slope = A[seen].T @ (p - y[seen]) + hold * w
    bend = (A[seen].T * (p * (1 - p))) @ A[seen] + np.diag(hold)
    w = w - np.linalg.solve(bend, slope)

z = A @ w
loss = np.logaddexp(0, np.where(y == 1, -z, z))  # -ln p(class seen)
loss_seen, loss_new = loss[seen].mean(), loss[new].mean()
weight, size = w[np.abs(w[:-1]).argmax()], np.linalg.norm(w[:-1])
odds = np.exp(weight)
said = 1 / (1 + np.exp(-z[new])) >= threshold
missed = np.sum(~said & (y[new] == 1))
alarms = np.sum(said & (y[new] == 0))
right = np.mean(said == (y[new] == 1))
"""

QUESTIONS = (
    Question(
        "junior",
        "The log-odds of a row are {z}. How probable is {positive}?",
        (
            Answer("{p}", "Yes: the sigmoid of the log-odds.", right=True),
            Answer("{not_p}", "That is the chance of the other: the sign of the log-odds was turned."),
            Answer("{z_as_share}", "Log-odds are no share. At zero they mean one half, and they have no end."),
            Answer("{odds_as_share}", "Those are the odds, how often it is over how often it is not. The share is "
                   "the odds over one plus the odds."),
        ),
    ),
    Question(
        "mid",
        "One spread more of {column} multiplies the odds by {odds}. For a row at {p} that gives which probability?",
        (
            Answer("{p_more}", "Yes: add the weight to the log-odds, and take the sigmoid.", right=True),
            Answer("{p_times}", "That multiplies the probability. The odds are what is multiplied."),
            Answer("{p_plus}", "That adds the weight to the probability. It is added to the log-odds."),
        ),
    ),
    Question(
        "senior",
        "Without the rows that overlap, the weights have length {size} at this C. Where do they end without a penalty?",
        (
            Answer("Nowhere: they grow for ever", "Yes: twice the weights are surer of every row, and always right, so "
                   "the loss falls on and on. On new rows it is {loss_new}.", right=True),
            Answer("At {size}", "There the penalty holds them. At the largest C of the picture they are {loosest}."),
            Answer("Where the loss is zero", "No finite weights reach zero: the sigmoid never arrives at one."),
        ),
        at={"rows": "without overlap"},
    ),
)  # fmt: skip

CATCHES = ("class-imbalance", "target-leak", "conflicting-labels")
NEXT = ("trees", "calibration", "cross-entropy")


def example(rng: np.random.Generator) -> Example:
    """Patients who leave a hospital, and whether they are back within a month."""
    age, days, before = rng.normal(66, 12, 210), rng.gamma(2.0, 3.0, 210), rng.poisson(1.1, 210)
    z = -2.1 + 0.05 * (age - 66) + 0.12 * (days - 6) + 0.7 * before
    back = np.where(rng.random(210) < 1 / (1 + np.exp(-z)), "returned", "fine")
    back[:2] = "returned", "fine"
    columns = {"age": age.round(), "days": days.round(1), "stays before": before, "month": back}
    return Example(columns, target="month")


def problem(rows: SeparableRows) -> SeparableRows:
    return rows


def _fit(problem: SeparableRows, C: float, rows: str) -> LogisticRegression:
    learnt = _learnt(problem, rows)
    return LogisticRegression(C).fit(problem.standardised[learnt], problem.y[learnt])


@lru_cache(maxsize=8)
def _path(problem: SeparableRows, rows: str) -> tuple[LogisticRegression, ...]:
    """The models over all strengths."""
    return tuple(_fit(problem, float(C), rows) for C in STRENGTHS)


def _learnt(problem: SeparableRows, rows: str) -> Mask:
    return problem.seen if rows == ALL else problem.apart


def _loss(problem: SeparableRows, model: LogisticRegression, of: Mask) -> float:
    return float(mean(BinaryCrossEntropy(), model.decision_function(problem.standardised[of]), problem.y[of]))


def controls(_: SeparableRows) -> tuple[Control, ...]:
    return (
        Slider("C", "C, looser to the right", 1.0, float(STRENGTHS[0]), float(STRENGTHS[-1]), log=True),
        Slider("threshold", "threshold", 0.5, 0.02, 0.98),
        Choice("rows", "rows to learn from", ALL, ROWS),
    )


def compute(problem: SeparableRows, C: float, threshold: float, rows: str) -> View:
    model, new = _fit(problem, C, rows), problem.new
    z = model.decision_function(problem.standardised[new])
    numbers = _weights(problem, model, C, rows) | _judged(problem, model, rows) | _cut(problem, z, threshold)
    numbers |= _of_one_row(z, *(numbers[name].value or 0.0 for name in ("weight", "odds")))
    pictures = (_rows(z, problem.y[new], threshold), _paths(problem, rows, numbers), _losses(problem, rows, numbers))
    words = {"positive": quoted(problem.positive), "columns": listed(problem.names)}
    words["column"] = quoted(problem.names[int(np.argmax(np.abs(model.coef_[0])))])
    return View(_sentence(numbers, words["column"], rows), numbers, pictures, words)


def _weights(problem: SeparableRows, model: LogisticRegression, C: float, rows: str) -> dict[str, Number]:
    w = model.coef_[0]
    weight = float(w[np.argmax(np.abs(w))])
    loosest = _path(problem, rows)[-1].coef_[0]
    return {
        "C": Number(C, "1", "the inverse strength of the penalty, of standardised columns"),
        "weight": Number(weight, "log-odds a spread", "the largest weight, of standardised columns"),
        "odds": Number(math.exp(min(weight, STEEPEST)), "times", "the odds, for one spread more of that column"),
        "size": Number(float(np.linalg.norm(w)), "1", "the length of the weights, of standardised columns"),
        "loosest": Number(float(np.linalg.norm(loosest)), "1", "their length at the largest C drawn"),
    }


def _judged(problem: SeparableRows, model: LogisticRegression, rows: str) -> dict[str, Number]:
    new = problem.new
    share = float(problem.y[problem.seen].mean())
    alone = np.full(int(new.sum()), math.log(share / (1 - share)))
    loss = float(mean(BinaryCrossEntropy(), alone, problem.y[new]))
    common = max(float(problem.y[new].mean()), 1 - float(problem.y[new].mean()))
    return {
        "loss_seen": Number(
            _loss(problem, model, _learnt(problem, rows)), "nats", "cross-entropy on the rows learnt from"
        ),
        "loss_new": Number(_loss(problem, model, new), "nats", f"cross-entropy on a third of the {problem.said}"),
        "guess": Number(loss, "nats", "cross-entropy on new rows of a guess by how common the class is"),
        "common": Number(common, "share", "of the new rows are of the commoner class"),
    }


def _cut(problem: SeparableRows, z: Floats, threshold: float) -> dict[str, Number]:
    truth = problem.y[problem.new]
    said = (np.asarray(sigmoid(z)) >= threshold).astype(np.int64)
    counts = confusion(truth, said, classes=[0, 1]).counts
    return {
        "threshold": Number(threshold, "share", "from which probability on a row is called positive"),
        "missed": Number(int(counts[1, 0]), "rows", "new, positive, and not called so"),
        "positives": Number(int(counts[1].sum()), "rows", "new and positive"),
        "alarms": Number(int(counts[0, 1]), "rows", "new, called positive, and not so"),
        "right": Number(float(np.trace(counts)) / len(truth), "share", "of the new rows are called rightly"),
    }


def _of_one_row(z: Floats, weight: float, odds: float) -> dict[str, Number]:
    """A new row of log-odds near one, and the same row with one spread more of the column of the largest weight."""
    at = float(z[np.argmin(np.abs(np.abs(z) - 1))])
    p, more = float(sigmoid(at)), float(sigmoid(at + weight))
    return {
        "z": Number(at, "1", "log-odds of a new row"),
        "p": Number(p, "share", "the probability of that row"),
        "not_p": Number(1 - p, "share", "of the other class"),
        "z_as_share": Number(at, "share", "the log-odds, taken for a share"),
        "odds_as_share": Number(math.exp(min(at, STEEPEST)), "share", "the odds, taken for a share"),
        "p_more": Number(more, "share", "its probability with one spread more"),
        "p_times": Number(p * odds, "share", "the probability times what multiplies the odds"),
        "p_plus": Number(p + weight, "share", "the probability plus the weight"),
    }


def _sentence(numbers: Mapping[str, Number], column: str, rows: str) -> str:
    loss, guess = (numbers[name].value or 0.0 for name in ("loss_new", "guess"))
    little, worse = loss > (1 - LITTLE) * guess, loss > (1 + LITTLE) * guess
    verdict = "is too sure" if worse else "says little" if little else "helps"
    of = "the model" if rows == ALL else "without overlap the model"
    return (
        f"At C = {numbers['C']} {of} {verdict}: its loss on new rows is {numbers['loss_new']}, a guess's "
        f"{numbers['guess']}. From {numbers['threshold']} on it misses {numbers['missed']} of {numbers['positives']}, "
        f"with {numbers['alarms']} false alarms. A spread of {column} multiplies the odds by {numbers['odds']}."
    )


def _rows(z: Floats, y: NDArray[np.int64], threshold: float) -> Picture:
    """New rows at their log-odds, beside the sigmoid."""
    cut = math.log(threshold / (1 - threshold))
    end = 1.05 * max(4.0, float(np.abs(z).max()), abs(cut))
    grid = np.linspace(-end, end, GRID)
    every = np.unique(np.linspace(0, len(z) - 1, min(len(z), MOST_DRAWN)).astype(int))
    beside = 0.03 * (1 + every % 4)  # rows of equal log-odds do not hide one another
    above, is_one = z[every] >= cut, y[every] == 1
    height, right = np.where(is_one, 1 + beside, -beside), is_one == above
    kinds: tuple[tuple[Mask, str, Role], ...] = ((right, "called rightly", "good"), (~right, "wrongly", "bad"))
    marks: list[Mark] = [
        Line(values(grid), values(np.asarray(sigmoid(grid))), "sigmoid", "soft"),
        Rule(cut, "threshold", role="soft"),
        *(Points(values(z[every][k]), values(height[k]), name, role, hollow=role == "bad") for k, name, role in kinds),
    ]
    says = "New rows at their log-odds, those of the class above and the others below; the sigmoid; the threshold."
    return Picture(
        "New rows and the sigmoid", says, tuple(marks), Axis("log-odds"), Axis("probability", low=-0.15, high=1.3)
    )


def _paths(problem: SeparableRows, rows: str, numbers: Mapping[str, Number]) -> Picture:
    weights = np.array([model.coef_[0] for model in _path(problem, rows)])
    drawn = np.sort(np.argsort(-np.abs(weights[-1]), kind="stable")[:LINES])
    roles: tuple[Role, ...] = ("main", "second", "third", "good", "bad")
    marks = tuple(
        Line(values(STRENGTHS), values(weights[:, j]), visible(problem.names[j], 14), roles[k], k % 2 == 1)
        for k, j in enumerate(drawn)
    )
    here = numbers["C"].value or 1.0
    dot = Points((here,), (numbers["weight"].value or 0.0,), role="soft")
    says = "The weights of standardised columns over C. Where classes are separable they rise as long as C does."
    return Picture("The weights over C", says, (*marks, dot), Axis("C", log=True), Axis("weight"))


def _losses(problem: SeparableRows, rows: str, numbers: Mapping[str, Number]) -> Picture:
    models, here = _path(problem, rows), numbers["C"].value or 1.0
    seen, new = ([_loss(problem, model, of) for model in models] for of in (_learnt(problem, rows), problem.new))
    marks = (
        Line(values(STRENGTHS), values(seen), "seen rows", "main"),
        Line(values(STRENGTHS), values(new), "new rows", "second", dashed=True),
        Rule(numbers["guess"].value or 0.0, "guess", "y", "soft"),
        Points((here,), (numbers["loss_seen"].value or 0.0,)),
        Points((here,), (numbers["loss_new"].value or 0.0,), role="second"),
    )
    says = "The cross-entropy over C on the rows learnt from and on new rows, beside that of a guess."
    return Picture("Cross-entropy", says, marks, Axis("C", log=True), Axis("nats", low=0.0))
