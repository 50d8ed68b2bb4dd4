"""Linear regression

## The idea
Predict {target} as a weighted sum of {columns}, and choose the weights whose squared errors add up to least. There is
one best answer, and it can be written down: no steps, no rate, no luck.

The weight of {column} is {before}. It says how {target} differs between rows that differ by one in {column} and in no
other column: a comparison of rows, not the effect of changing one. Squares make the answer simple, and they make one
far row strong: an error twice as large pulls four times as much. Here one row of {rows} is moved by {moved} times the
spread of {target}, and takes the weight from {before} to {weight}.

## The picture
First {target} over {column}, with what the other columns tell taken out of both, so that the slope is the weight; thin
lines are what is left over, the residuals. Then descent, which needs {steps} steps to come to {reached}, where the
closed form stands at {r_squared} at once. Last, how many digits of the weights are right when one column is nearly the
copy of another, by the formula that is printed everywhere and by QR.

## The formula
Where the error is least, the residual has nothing in common with any column. Tutorials solve that with
`inv(X.T @ X)`. The product squares the condition number, {kappa} here, and the digits it costs double: rounding leaves
{foretold_inverse} digits instead of {foretold_qr}. QR and SVD work on the columns themselves and never form it.

## Where it is used
`LinearRegression` of scikit-learn and `numpy.linalg.lstsq` go by the SVD, `lm` of R by QR. Descent comes into its own
where the columns are too many to factor, and where no closed form exists: every network ends in such a layer. In
economics and medicine the weights themselves are the result; then their standard errors matter more than R².

## How it fails
Weights that swap signs from sample to sample: two columns say the same. Weights with twelve digits printed and none
right: a bad condition, and no warning from `inv`. One typing error that turns a line while every summary looks well:
it pulls the line to itself, and its own residual shrinks from {alone} to {residual}. R² never falls when a column is
added, so a high one on seen rows proves little. And a page that prints {published} as the first weight, by both ways
alike, printed what neither gives on its data: they give {there_exact} and, after its steps, {there_walked}.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.linear_regression import LinearRegression
from tearless.calculus import losses
from tearless.calculus.descent import GradientDescent, path
from tearless.calculus.stability import best_rate
from tearless.core import Example, Number, listed, quoted, visible
from tearless.core.lesson import Answer, Control, Formula, Question, Slider, View
from tearless.core.picture import Axis, Line, Mark, Picture, Points, Ranges, Rule, values
from tearless.linear_algebra.condition import condition_number, digits_left
from tearless.linear_algebra.least_squares import leverages
from tearless.linear_algebra.pulling_row import MOST_ALIKE, ROUNDING, PullingRow
from tearless.statistics.regression_scores import coefficient_of_determination

Floats = NDArray[np.float64]
MOST_STEPS, MOST_DRAWN = 40, 90
TURNED = 0.1
"""A weight that changes by more than this share of itself has turned."""
PUBLISHED, PAGE_RATE, PAGE_STEPS = 2.536, 0.01, 500

FORMULAS = (
    Formula(
        r"X^\top (y - Xw) = 0, \qquad X = QR \;\Rightarrow\; R\,w = Q^\top y",
        "the residual is orthogonal to every column; with X equal to Q times R, R times w is Q transposed times y",
    ),
    Formula(
        r"R^2 = 1 - \frac{\sum (y - \hat y)^2}{\sum (y - \bar y)^2}, \qquad \kappa(X^\top X) = \kappa(X)^2",
        "R squared is one minus the squared residuals over the squared distances from the mean; the condition number "
        "of X transposed X is the square of that of X",
    ),
)

CODE = """\
X, y, far, j = problem.X, problem.y.copy(), problem.far, problem.column
Z, ones = (X - X.mean(axis=0)) / X.std(axis=0), np.ones(len(y))
others = np.column_stack([ones, np.delete(Z, j, axis=1)])
own = X[:, j] - others @ np.linalg.lstsq(others, X[:, j], rcond=None)[0]
before = own @ y / (own @ own)            # by what only this column tells
shift = moved * y.std()
weight = before + shift * own[far] / (own @ own)
y[far] += shift

Q, R = np.linalg.qr(np.column_stack([ones, Z]))
left = y - Q @ (Q.T @ y)                  # X.T @ X is never formed
r_squared, residual = 1 - np.mean(left**2) / y.var(), left[far]

curvatures = np.linalg.eigvalsh(2 * Z.T @ Z / len(y))
rate, w = 2 / (curvatures[0] + curvatures[-1]), np.zeros(Z.shape[1])
for _ in range(int(steps)):
    w = w - rate * 2 * Z.T @ (Z @ w - y + y.mean()) / len(y)
reached = 1 - np.mean((y - y.mean() - Z @ w) ** 2) / y.var()

twin = Z[:, j] + 10.0**-alike * np.random.default_rng(0).normal(size=len(y))
A = np.column_stack([ones, Z, twin])
kappa, t = np.linalg.cond(A), A @ np.ones(A.shape[1])  # all weights are 1
for v in np.linalg.inv(A.T @ A) @ (A.T @ t), np.linalg.lstsq(A, t)[0]:
    print("right digits:", -np.log10(np.abs(v - 1).max()))
"""

QUESTIONS = (
    Question(
        "junior",
        "The fit leaves squared residuals of {lost} of the target's variance. What is R²?",
        (
            Answer("{r_squared}", "Yes: one minus the share that is left, on these rows. New rows will give less.",
                   right=True),
            Answer("{multiple}", "That is its root: the correlation of what is predicted and what was seen."),
            Answer("{lost}", "That is the share of the variance that is left over. R² is the rest."),
        ),
    ),
    Question(
        "mid",
        "A column agrees with {column} to {alike} digits, and the condition number is {kappa}. How many of nearly "
        "sixteen digits does `inv(X.T @ X)` leave, by the rule of thumb?",
        (
            Answer("{foretold_inverse}", "Yes: the product squares the condition number, so its digits are lost "
                   "twice. Measured here: {digits_inverse}.", right=True),
            Answer("{foretold_qr}", "So many are left by QR, which loses the digits of the condition number once."),
            Answer("{all_digits}", "So many a double holds. Rounding is magnified by the condition number."),
        ),
    ),
    Question(
        "senior",
        "One row is moved by {shift}. Its residual was {residual_before}. What is it after a new fit?",
        (
            Answer("{residual}", "Yes: the line follows. Of a shift only one minus the leverage, {leverage} here, "
                   "stays in the residual, so far rows hide from a look at residuals.", right=True),
            Answer("{alone}", "So it would be if the line stood still. The row is part of what is fitted."),
            Answer("None: the line goes through it", "Only at a leverage of one. Here it is {leverage}."),
        ),
    ),
)  # fmt: skip

CATCHES = ("ill-conditioned", "collinear-columns", "outliers")
NEXT = ("logistic-regression", "norms-and-regularisation", "correlation")


def example(rng: np.random.Generator) -> Example:
    """Rounds of a delivery van: how far, how many stops, and how long they take. Long rounds have more stops."""
    distance = rng.gamma(9.0, 4.0, 60)
    stops = np.round(distance / 2.6 + rng.normal(0, 2.6, 60) + 6)
    minutes = 25 + 1.9 * distance + 3.4 * stops + rng.normal(0, 14, 60)
    return Example({"distance": distance, "stops": stops, "minutes": minutes}, target="minutes")


def problem(row: PullingRow) -> PullingRow:
    return row


def controls(_: PullingRow) -> tuple[Control, ...]:
    return (
        Slider("moved", "one row moved by (spreads)", 4, -12, 12),
        Slider("steps", "steps of descent", 6, 1, MOST_STEPS, whole=True),
        Slider("alike", "twin agrees to (digits)", 5, 0, MOST_ALIKE, whole=True),
    )


def compute(problem: PullingRow, moved: float, steps: float, alike: float) -> View:
    y = problem.y.copy()
    y[problem.far] += moved * problem.y.std()
    numbers = _fits(problem, y, moved) | _page()
    walked = _walked(problem, y)
    right = problem.right_digits
    numbers |= {
        "steps": Number(steps, "steps", "of gradient descent at the best fixed rate, from weights of zero"),
        "reached": Number(walked[int(steps)], "1", "R² after so many steps of descent"),
    } | _digits(problem, int(alike), right[int(alike)])
    pictures = (_line(problem, y, numbers), _steps(walked, int(steps), numbers), _lost(right, int(alike)))
    words = {"target": quoted(problem.target), "columns": listed(problem.names)}
    words["column"] = quoted(problem.names[problem.column])
    return View(_sentence(numbers, words["column"]), numbers, pictures, words)


def _fits(problem: PullingRow, y: Floats, moved: float) -> dict[str, Number]:
    still, turned = (LinearRegression().fit(problem.X, t) for t in (problem.y, y))
    r2 = float(coefficient_of_determination(y, turned.predict(problem.X)))
    far, j = problem.far, problem.column
    before, after = (t[far] - m.predict(problem.X)[far] for t, m in ((problem.y, still), (y, turned)))
    shift = float(y[far] - problem.y[far])
    return {
        "moved": Number(moved, "times", "the spread of the target, by which one row is moved"),
        "shift": Number(shift, "target", "the same in units of the target"),
        "before": Number(still.coef_[j], "target a unit", "the weight before a row was moved"),
        "weight": Number(turned.coef_[j], "target a unit", "the weight with the row moved"),
        "r_squared": Number(
            r2, "1", "R² with the row moved: the share of the variance that is predicted, on these rows"
        ),
        "lost": Number(1 - r2, "1", "the share that is left over"),
        "multiple": Number(max(0.0, r2) ** 0.5, "1", "the correlation of predicted and seen"),
        "residual_before": Number(before, "target", "the residual of the row before it was moved"),
        "residual": Number(after, "target", "its residual in the new fit"),
        "alone": Number(before + shift, "target", "its residual if the line had stood still"),
        "leverage": Number(leverages(problem.standardised)[far], "1", "of its shift goes into its own prediction"),
        "rows": Number(len(y), "rows", problem.said),
    }


def _walked(problem: PullingRow, y: Floats) -> list[float]:
    """R² at the start of descent and after each step, on standardised columns."""
    Z, t, loss = problem.standardised, y - y.mean(), losses.SquaredError()
    curvatures = 2 * np.linalg.svd(Z, compute_uv=False) ** 2 / len(t)
    seen = path(
        lambda w: float(losses.mean(loss, Z @ w, t)),
        lambda w: Z.T @ losses.mean_gradient(loss, Z @ w, t),
        np.zeros(Z.shape[1]),
        GradientDescent(best_rate(float(curvatures[-1]), float(curvatures[0]))),
        MOST_STEPS,
    )
    return [1 - float(step.loss) / float(np.mean(t**2)) if t.any() else 1.0 for step in seen]


def _digits(problem: PullingRow, alike: int, right: tuple[float, float]) -> dict[str, Number]:
    kappa = condition_number(np.linalg.qr(problem.twins(alike), mode="r"))
    return {
        "alike": Number(alike, "digits", "in which a column agrees with another"),
        "kappa": Number(kappa, "times", "the condition number of the columns with that twin"),
        "digits_inverse": Number(right[0], "digits", "of the worst weight are right by the inverse of the product"),
        "digits_qr": Number(right[1], "digits", "of the worst weight are right by QR"),
        "foretold_inverse": Number(digits_left(kappa**2, ROUNDING), "digits", "that a squared condition number leaves"),
        "foretold_qr": Number(digits_left(kappa, ROUNDING), "digits", "that the condition number leaves"),
        "all_digits": Number(digits_left(1.0, ROUNDING), "digits", "that a double holds"),
    }


@cache
def _page() -> dict[str, Number]:
    """A page's data, drawn again, and the first weight that the two ways of its page give on them."""
    draw = np.random.RandomState(42)
    X = draw.randn(100, 3)
    y, w = X @ [2.5, -1.3, 0.8] + 0.5 * draw.randn(100), np.zeros(3)
    for _ in range(PAGE_STEPS):
        w = w - PAGE_RATE * X.T @ losses.mean_gradient(losses.SquaredError(), X @ w, y)
    return {
        "published": Number(PUBLISHED, "1", "the first weight that a page prints"),
        "there_exact": Number(LinearRegression().fit(X, y).coef_[0], "1", "that weight in closed form"),
        "there_walked": Number(w[0], "1", "that weight by the page's steps of descent"),
    }


def _sentence(numbers: Mapping[str, Number], column: str) -> str:
    before, after, moved = (numbers[name].value or 0.0 for name in ("before", "weight", "moved"))
    turned = abs(after - before) > TURNED * abs(before)
    verdict = "turns the weight's sign" if before * after < 0 else "turns the line" if turned else "changes little"
    if moved == 0:
        said = f"Nothing is moved: the weight of {column} is {numbers['weight']}, R² {numbers['r_squared']}"
    else:
        said = (
            f"One row of {numbers['rows']}, moved, {verdict}: the weight of {column} goes from {numbers['before']} to "
            f"{numbers['weight']}, R² is {numbers['r_squared']}"
        )
    return (
        f"{said}. Descent reaches {numbers['reached']} in step {numbers['steps']}. With a twin `inv(X.T @ X)` leaves "
        f"{numbers['digits_inverse']} right digits, QR {numbers['digits_qr']}."
    )


def _line(problem: PullingRow, y: Floats, numbers: Mapping[str, Number]) -> Picture:
    """The target over the column, both without what the other columns tell: the slope is the weight."""
    here, far = problem.X[:, problem.column].mean(), problem.far
    told = problem.told(y) + y.mean()
    old, new = (numbers[name].value or 0.0 for name in ("before", "weight"))
    drawn = np.unique(np.append(np.linspace(0, len(y) - 1, min(len(y), MOST_DRAWN)).astype(int), far))
    x, ends = problem.own + here, np.array([problem.own.min(), problem.own.max()])
    on_line = np.column_stack([told, new * problem.own + y.mean()])[drawn]
    rest = drawn != far
    marks: list[Mark] = [
        Ranges(values(x[drawn]), values(on_line.min(axis=1)), values(on_line.max(axis=1)), role="soft", along="y"),
        Line(values(ends + here), values(old * ends + problem.y.mean()), "before", "soft", dashed=True),
        Points(values(x[drawn][rest]), values(told[drawn][rest]), role="main"),
        Line(values(ends + here), values(new * ends + y.mean()), f"weight {numbers['weight']}", "second"),
        Points((float(x[far]),), (float(told[far]),), "moved", "bad"),
    ]
    says = "The target over one column, what the others tell taken out; the line with the moved row and without."
    title = "One row and the line"
    return Picture(title, says, tuple(marks), _named(problem.names[problem.column]), _named(problem.target))


def _named(name: str) -> Axis:
    return Axis(visible(name, 24))


def _steps(walked: list[float], steps: int, numbers: Mapping[str, Number]) -> Picture:
    marks = (
        Rule(numbers["r_squared"].value or 0.0, f"closed form {numbers['r_squared']}", "y", "good"),
        Line(values(range(len(walked))), values(walked), "", "soft", dashed=True),
        Line(values(range(steps + 1)), values(walked[: steps + 1]), "descent"),
        Points((float(steps),), (walked[steps],)),
    )
    says = "R² after each step of descent, beside that of the closed form; the dot is this setting."
    return Picture("Descent, beside the closed form", says, marks, Axis("step"), Axis("R²"))


def _lost(right: Sequence[tuple[float, float]], alike: int) -> Picture:
    x = values(range(len(right)))
    marks = (
        Line(x, values(a for a, _ in right), "inv(X.T @ X)", "bad", dashed=True),
        Line(x, values(b for _, b in right), "QR", "good"),
        Points((float(alike),), (right[alike][0],), role="bad"),
        Points((float(alike),), (right[alike][1],), role="good"),
    )
    says = "Right digits of the worst weight, by both ways, over the digits in which two columns agree."
    return Picture("Right digits left", says, marks, Axis("digits that agree"), Axis("right digits", low=0.0))
