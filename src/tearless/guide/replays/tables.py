"""Two tables: columns of sizes that no single rate suits, and a column that was written down afterwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.logistic_regression import LogisticRegression
from tearless.calculus.stability import steps_needed
from tearless.core import Number
from tearless.core.picture import Axis, Bars, Line, Picture, Rule, values
from tearless.doctor.check import check

from .replay import Incident, Run

Floats = NDArray[np.float64]
STEPS = 200
STORIES = (
    Incident(
        name="income-beside-age",
        title="Incomes beside ages, as they came",
        story="Ages around {age} stand beside incomes around {income}. Gradient descent at the best rate that the "
        "columns allow has come to a loss of {loss} after {steps} steps; no weights have a loss below {floor}.",
        mend="Each column is centred and divided by its own spread, measured on the training rows.",
        moral="The condition number falls from {condition} to {mended_condition}. A tenth of the error needs {needed} "
        "steps before, {mended_needed} after; the loss is {mended_loss} after the same {steps} steps.",
        check="unscaled-columns",
        lesson="normalisation",
        broken=lambda: _incomes(standardise=False),
        mended=lambda: _incomes(standardise=True),
    ),
    Incident(
        name="written-down-afterwards",
        title="The column that was written down afterwards",
        story="Who will cancel? A model of {rows} customers is right for {accuracy} of customers it has not seen. One "
        "of its columns counts the calls of the desk that handles cancellations: nobody has any before.",
        mend="The column is left out: at the time of the prediction it does not exist.",
        moral="Without it the model is right for {mended_accuracy}, and {base} are right who always say no. The first "
        "number was never going to be seen in production.",
        check="target-leak",
        lesson="correlation",
        broken=lambda: _customers(leaking=True),
        mended=lambda: _customers(leaking=False),
    ),
)


def _incomes(standardise: bool) -> Run:
    rng = np.random.default_rng(11)
    age = rng.normal(44, 12, 300)
    income = 900 * age + rng.normal(0, 14_000, 300)
    spent = 0.01 * income + 12 * age + rng.normal(0, 120, 300)
    columns = np.column_stack([age, income])
    if standardise:
        columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    report = check({"age": columns[:, 0], "income": columns[:, 1], "spent": spent}, target="spent")
    x, y = columns - columns.mean(axis=0), (spent - spent.mean()) / spent.std()
    curvatures = np.linalg.eigvalsh(x.T @ x / len(y))
    condition = float(curvatures[-1] / curvatures[0])
    losses = _descent(x, y, 2 / float(curvatures[0] + curvatures[-1]))
    best = np.linalg.lstsq(x, y, rcond=None)[0]
    floor = Number(float(np.mean((x @ best - y) ** 2) / 2), "1", "the lowest loss of all")
    numbers = {
        "age": Number(round(float(age.mean())), "years", "mean age"),
        "income": Number(round(float(income.mean()), -3), "1", "mean income"),
        "condition": Number(condition, "times", "condition number of the curvature"),
        "needed": Number(
            round(steps_needed(condition)), "steps", "until a tenth of the error is left, at the best rate"
        ),
        "loss": Number(losses[-1], "1", "half the mean squared error after the steps"),
        "floor": floor,
        "steps": Number(STEPS, "steps", "steps taken"),
    }
    marks = (
        Line(values(range(len(losses))), values(losses), "loss"),
        Rule(numbers["floor"].value or 0.0, "lowest", "y", "good"),
    )
    says = f"The loss falls from {losses[0]:.3g} to {losses[-1]:.3g} over {STEPS} steps at the best rate."
    return Run(
        report, numbers, (Picture("The loss at the best rate", says, marks, Axis("step"), Axis("loss", low=0.0)),)
    )


def _descent(x: Floats, y: Floats, rate: float) -> list[float]:
    w, losses = np.zeros(x.shape[1]), []
    for _ in range(STEPS + 1):
        error = x @ w - y
        losses.append(float(np.mean(error**2) / 2))
        w = w - rate * (x.T @ error / len(y))
    return losses


def _customers(leaking: bool) -> Run:
    rng = np.random.default_rng(23)
    n = 800
    months, calls, price = rng.gamma(2.0, 14.0, n), rng.poisson(1.4, n).astype(float), rng.normal(31, 7, n)
    cancels = rng.random(n) < 1 / (1 + np.exp(1.3 + 0.03 * months - 0.35 * calls - 0.03 * (price - 31)))
    columns = {"months": months, "calls": calls, "price": price}
    if leaking:
        columns["retention_desk"] = np.where(cancels, rng.integers(1, 4, n), 0).astype(float)
    report = check({**columns, "cancels": cancels.astype(int)}, target="cancels")
    x = np.column_stack(list(columns.values()))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    seen = np.arange(n) < n // 2
    model = LogisticRegression().fit(x[seen], cancels[seen].astype(int))
    right = float(np.mean(model.predict(x[~seen]) == cancels[~seen].astype(int)))
    base = float(np.mean(~cancels[~seen]))
    numbers = {
        "rows": Number(n, "rows", "customers"),
        "accuracy": Number(right, "share", "of customers not seen in training, right"),
        "base": Number(base, "share", "of them who stay"),
    }
    marks = (Bars((0.0, 1.0), (right, base), along="x"),)
    says = f"The model is right for {right:.3g} of the customers, and {base:.3g} of them stay."
    names = ("model", "always no")
    return Run(
        report, numbers, (Picture("Right on new customers", says, marks, Axis(low=0.0, high=1.0), Axis(names=names)),)
    )
