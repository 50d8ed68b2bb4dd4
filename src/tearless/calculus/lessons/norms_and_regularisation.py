"""Norms, and what holding the weights small is good for

## The idea
A norm says how large a vector is, and there is more than one answer. L1 adds the sizes of the entries, L2 is the length
as a ruler measures it. Of a matrix, Frobenius is the L2 of all its entries, and the spectral norm the most by which it
can stretch a vector.

They are in use wherever something has to be kept from growing. With {columns} columns and {rows} rows to learn from,
least squares follows the noise: its error is {free_seen} of the variance on rows that it has seen and {free_new} on
rows that it has not. Let it pay for the size of its weights, and it follows less. L2 makes all weights smaller. L1 sets
some to zero exactly.

## The picture
First, each weight over the strength of the penalty, left weak, right strong. Under L2 they fade and never arrive; under
L1 they reach zero one by one. Then the error: on seen rows it can only rise with the penalty, on new rows it falls
before it rises, and the lowest point is what you look for. Last, a gradient that is clipped: by its norm it keeps its
direction, by value it is bent, {bent} degrees here.

## The formula
The penalty is added to the loss. L2 multiplies the weight along each direction of the columns by a factor:
{keeps_steep} along the steepest, {keeps_flat} along the flattest at this strength. So it takes most where the data say
least, and that is the cure for a bad condition. L1 has a corner at zero: a column whose pull stays below the strength
keeps a weight of zero.

## Where it is used
`Ridge`, `Lasso` and `ElasticNet` of scikit-learn; the parameter C of `LogisticRegression` is an inverse strength, so
that a large one means a weak penalty. Weight decay of `torch.optim.SGD` is L2. In Adam it is not: there the penalty is
divided by each weight's own scale, and `AdamW` shrinks the weights beside the step instead. `clip_grad_norm_` limits
the L2 norm of all gradients together. Spectral norms bound how far a network can carry a small change of its input.

## How it fails
Too strong, and training and test are equally bad: all weights near zero, all predictions near the mean. Columns of
different units pay different prices: standardise first, and leave the intercept out of the penalty. A strength that was
chosen on the test rows makes the test too good. Of two columns that agree L1 keeps one, and another one in the next
sample: what it drops is not proved useless. A limit on the gradient that cuts every step has become the learning rate.
A tutorial prints {published} as the L2 norm of {vector}; it is {l2_of}.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tearless.calculus.clipping import by_norm, by_value
from tearless.calculus.penalty_paths import STRONGEST, WEAKEST, Path, SeenAndNew
from tearless.core import Example, Number, quoted, visible
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.number import shown
from tearless.core.picture import Arrows, Axis, Line, Picture, Points, Role, Rule, values
from tearless.linear_algebra.norms import frobenius, l1, l2, spectral
from tearless.linear_algebra.vectors import angle

Floats = NDArray[np.float64]

L1, L2 = PENALTIES = ("L1", "L2")
LINES = 6
"""Weights that are drawn: the largest without a penalty."""
LITTLE = 0.02
"""A change of the error by less than this share of it is little."""
VECTOR, PUBLISHED = (2.5, -1.3, 0.8), 2.953
"""A vector of a tutorial, and the L2 norm that it prints for it."""

FORMULAS = (
    Formula(
        r"\|w\|_1 = \sum_j |w_j|, \qquad \|w\|_2 = \sqrt{\sum_j w_j^2}",
        "the L1 norm is the sum of the sizes; the L2 norm the root of the sum of the squares",
    ),
    Formula(
        r"\min_w \; \frac{1}{2n}\|y - Xw\|_2^2 + s\,\|w\|_1 \quad\text{or}\quad + \frac{s}{2}\|w\|_2^2",
        "half the mean squared error, plus the strength times the L1 norm, or half the strength times the squared L2 "
        "norm",
    ),
)

CODE = """\
seen, new = slice(0, None, 2), slice(1, None, 2)  # every other row is new
X = problem.X - problem.X[seen].mean(axis=0)
X, y = X / X[seen].std(axis=0), problem.y - problem.y[seen].mean()
y = y / y[seen].std()
A, t, n = X[seen], y[seen], len(y[seen])

if penalty == "L2":                       # ridge has a closed form
    H = A.T @ A / n + strength * np.eye(A.shape[1])
    w = np.linalg.solve(H, A.T @ t / n)
else:                                     # lasso: one weight at a time
    w = np.zeros(A.shape[1])
    for _ in range(1000):
        for j in range(len(w)):
            pull = A[:, j] @ (t - A @ w) / n + w[j]
            w[j] = np.sign(pull) * max(abs(pull) - strength, 0)

size_l1, size_l2 = np.abs(w).sum(), np.sqrt((w**2).sum())
left = np.count_nonzero(w)
error_seen = np.mean((t - A @ w) ** 2)
error_new = np.mean((y[new] - X[new] @ w) ** 2)

gradient = A.T @ t / n                    # where training starts, w = 0
length = np.linalg.norm(gradient)
factor = min(1, limit / length)           # what clip_grad_norm_ does
"""

QUESTIONS = (
    Question(
        "junior",
        "What is the L2 norm of {vector}?",
        (
            Answer("{l2_of}", "Yes: the root of the sum of the squares. A tutorial prints {published} here.",
                   right=True),
            Answer("{l1_of}", "That is L1: the sum of the sizes."),
            Answer("{sum_of}", "That is the sum with its signs, and no norm: it can be zero for a large vector."),
            Answer("{published}", "So it is printed in a tutorial. Square, add, and take the root."),
        ),
    ),
    Question(
        "mid",
        "At a strength of {strength}, L1 leaves {left} of {columns} weights, L2 would leave all. Why?",
        (
            Answer("L1 has a corner at zero", "Yes: a pull below {strength} cannot move a weight off the corner. The "
                   "slope of a square is zero at zero, so any pull moves it.", right=True),
            Answer("L1 is the stronger of the two", "Make L2 as strong as you like: the weights fade and never arrive "
                   "at zero."),
            Answer("The other columns are useless", "Not proved: of columns that agree it keeps one, and drops the "
                   "others for that."),
        ),
        {"penalty": L1},
    ),
    Question(
        "senior",
        "You give `torch.optim.Adam` a `weight_decay` of {strength}. Is that L2 of this strength?",
        (
            Answer("In the loss, yes; in the steps, no", "Yes: Adam divides the penalty's gradient by each weight's "
                   "own scale, so weights of large gradients hardly shrink. `AdamW` shrinks all alike.", right=True),
            Answer("Yes: as in plain descent, it is L2", "In plain descent each step multiplies by one minus rate "
                   "times decay. Adam rescales that term with the rest."),
            Answer("No: Adam penalises by L1", "The term is the weight times {strength}: the slope of a square."),
        ),
    ),
)  # fmt: skip

CATCHES = ("weight-decay-too-strong", "clipping-too-tight", "ill-conditioned")
NEXT = ("bias-and-variance", "linear-regression", "momentum-and-schedules")


def example(rng: np.random.Generator) -> Example:
    """Patients: eleven readings on the first day, three of which matter, and the days that they stay."""
    n = 80
    age, fever, marker = rng.normal(size=(3, n))
    days = 8 + 1.6 * age + 1.1 * fever + 1.7 * marker + rng.normal(0, 2.4, n)
    readings = {
        "age": 61 + 14 * age,
        "fever": 38.1 + 0.7 * fever,
        "marker": 80 + 30 * marker,
        "marker2": 82 + 30 * (0.96 * marker + 0.28 * rng.normal(size=n)),
        "pulse": 84 + 11 * (0.6 * fever + 0.8 * rng.normal(size=n)),
    }
    idle = {
        "sodium": (139, 3),
        "iron": (14, 4),
        "height": (171, 9),
        "calcium": (2.3, 0.1),
        "urea": (6, 2),
        "zinc": (13, 2),
    }
    return Example({**readings, **{name: rng.normal(*of, n) for name, of in idle.items()}, "days": days}, target="days")


def problem(rows: SeenAndNew) -> SeenAndNew:
    return rows


def controls(problem: SeenAndNew) -> tuple[Control, ...]:
    length = float(l2(problem.gradient))
    return (
        Choice("penalty", "penalty", L1, PENALTIES),
        Slider("strength", "its strength", 0.1, WEAKEST, STRONGEST, log=True),
        Slider(
            "limit", "gradient clipped at", _digits(length / 4), _digits(length / 20), _digits(2 * length), log=True
        ),
    )


def _digits(value: float) -> float:
    return float(f"{max(value, 1e-12):.2g}")


def compute(problem: SeenAndNew, penalty: str, strength: float, limit: float) -> View:
    w = problem.weights(penalty, strength)
    numbers = _sizes(problem, w) | _errors(problem, w) | _shrinking(problem, strength)
    numbers |= _clipped(problem.gradient, limit) | _of_tutorial()
    numbers["strength"] = Number(strength, "1", "strength of the penalty, for standardised columns and target")
    words = {"target": quoted(problem.target), "vector": ", ".join(map(shown, VECTOR))}
    path = problem.paths[penalty]
    pictures = (
        _faded(problem, path, numbers["strength"]),
        _curves(problem, path, numbers),
        _cut(problem.gradient, limit),
    )
    return View(_sentence(numbers, penalty), numbers, pictures, words)


def _sizes(problem: SeenAndNew, w: Floats) -> dict[str, Number]:
    R = problem.factor[0]
    return {
        "size_l1": Number(float(l1(w)), "1", "L1 norm of the weights"),
        "size_l2": Number(float(l2(w)), "1", "L2 norm of the weights"),
        "free_l1": Number(float(l1(problem.free)), "1", "L1 norm of the weights without a penalty"),
        "free_l2": Number(float(l2(problem.free)), "1", "L2 norm of the weights without a penalty"),
        "left": Number(int(np.count_nonzero(w)), "weights", "that are not zero"),
        "columns": Number(len(w), "columns", "that predict"),
        "rows": Number(len(problem.y[::2]), "rows", f"to learn from, every other one of the {problem.said}"),
        "spectral": Number(float(spectral(R)), "1", "spectral norm of the standardised columns, over √n"),
        "frobenius": Number(float(frobenius(R)), "1", "Frobenius norm of them, over √n"),
    }


def _errors(problem: SeenAndNew, w: Floats) -> dict[str, Number]:
    (seen, new), (free_seen, free_new) = problem.errors(w), problem.errors(problem.free)
    said = "mean squared error, as a share of the variance of the target"
    return {
        "error_seen": Number(seen, "1", f"{said}, on seen rows"),
        "error_new": Number(new, "1", f"{said}, on new rows"),
        "free_seen": Number(free_seen, "1", f"{said}, on seen rows, without a penalty"),
        "free_new": Number(free_new, "1", f"{said}, on new rows, without a penalty"),
    }


def _shrinking(problem: SeenAndNew, strength: float) -> dict[str, Number]:
    """What L2 keeps of the least squares weight along a direction: σ² over σ² plus the strength."""
    squares = np.linalg.svd(problem.factor[0], compute_uv=False) ** 2
    kept = squares / (squares + strength)
    return {
        "keeps_steep": Number(kept[0], "share", "of its weight that L2 keeps along the steepest direction"),
        "keeps_flat": Number(kept[-1], "share", "of its weight that L2 keeps along the flattest direction"),
    }


def _clipped(gradient: Floats, limit: float) -> dict[str, Number]:
    (_, norm, factor), (by_entry, share) = by_norm([gradient], limit), by_value([gradient], limit)
    bent = math.degrees(float(angle(gradient, by_entry[0]))) if float(norm) > 0 else 0.0
    return {
        "limit": Number(limit, "1", "largest norm that a gradient keeps"),
        "length": Number(float(norm), "1", "L2 norm of the gradient where training starts"),
        "factor": Number(float(factor), "share", "of the gradient that is left, clipped by norm"),
        "cut": Number(share, "share", "of its entries that are cut, clipped by value"),
        "bent": Number(bent, "degrees", "by which clipping by value turns it"),
    }


def _of_tutorial() -> dict[str, Number]:
    v = np.array(VECTOR)
    return {
        "l1_of": Number(float(l1(v)), "1", "L1 norm of the vector of a tutorial"),
        "l2_of": Number(float(l2(v)), "1", "its L2 norm"),
        "sum_of": Number(float(v.sum()), "1", "the sum of its entries"),
        "published": Number(PUBLISHED, "1", "the L2 norm that is printed there"),
    }


def _sentence(numbers: Mapping[str, Number], penalty: str) -> str:
    new, free = (numbers[name].value or 0.0 for name in ("error_new", "free_new"))
    little = abs(new - free) <= LITTLE * free
    verdict = "changes little" if little else "helps" if new < free else "is too strong"
    size = "size_l1" if penalty == L1 else "size_l2"
    left = f"{numbers['left']} of {numbers['columns']} weights are left" if penalty == L1 else "all weights are left"
    factor = numbers["factor"].value
    clipped = f"clipping leaves {numbers['factor']}" if factor is not None and factor < 1 else "clipping leaves all"
    return (
        f"{penalty} at {numbers['strength']} {verdict}: the error on new rows is {numbers['error_new']} against "
        f"{numbers['free_new']} without. {left.capitalize()}, of norm {numbers[size]}. Of the first gradient, "
        f"{numbers['length']} long, {clipped}."
    )


def _faded(problem: SeenAndNew, path: Path, strength: Number) -> Picture:
    drawn = np.sort(np.argsort(-np.abs(problem.free), kind="stable")[:LINES])
    roles: tuple[Role, ...] = ("main", "second", "third", "good", "bad", "soft")
    marks = tuple(
        Line(values(problem.strengths), values(path.weights[:, j]), visible(problem.names[j], 12), roles[k], k % 2 == 1)
        for k, j in enumerate(drawn)
    )
    at = Rule(strength.value or WEAKEST, f"{strength}", "x", "soft")
    says = "Each weight over the strength of the penalty; the largest without a penalty are drawn."
    return Picture("The weights fade", says, (*marks, at), Axis("strength", log=True), Axis("weight"))


def _curves(problem: SeenAndNew, path: Path, numbers: Mapping[str, Number]) -> Picture:
    x, here = values(problem.strengths), numbers["strength"].value or WEAKEST
    marks = (
        Line(x, values(path.seen), "seen rows", "main"),
        Line(x, values(path.new), "new rows", "second", dashed=True),
        Points((here,), (numbers["error_seen"].value or 0.0,)),
        Points((here,), (numbers["error_new"].value or 0.0,), role="second"),
    )
    says = "The error on the rows learnt from and on new rows, over the strength; the dots are this setting."
    return Picture("Seen and new rows", says, marks, Axis("strength", log=True), Axis("error", low=0.0))


def _cut(gradient: Floats, limit: float) -> Picture:
    """The two largest entries of the gradient: as it is, clipped by norm, and clipped by value."""
    largest = np.argsort(-np.abs(gradient), kind="stable")[:2]
    by_length, by_entry = by_norm([gradient], limit)[0][0], by_value([gradient], limit)[0][0]
    kinds: tuple[tuple[Floats, str, Role], ...] = (
        (gradient, "gradient", "soft"),
        (np.asarray(by_entry), "by value", "second"),
        (np.asarray(by_length), "by norm", "good"),
    )
    ends = [(*(float(v[j]) for j in largest), 0.0)[:2] for v, _, _ in kinds]
    marks = tuple(
        Arrows((0.0,), (0.0,), (dx,), (dy,), label, role)
        for (dx, dy), (_, label, role) in zip(ends, kinds, strict=True)
    )
    says = "The two largest entries of the first gradient, as it is, clipped by its norm, and entry by entry."
    return Picture("A gradient, clipped", says, marks, Axis("largest entry"), Axis("second"), square=True)
