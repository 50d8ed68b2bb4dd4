"""What a matrix does to space

## The idea
A matrix moves every point of a space at once, and straight lines stay straight. It may turn, stretch and flatten. All
that it can reach is its span; how many directions that has is its rank. What it sends to zero is its null space: move
along there, and the result stays the same.

A table does this to weights: each choice of weights becomes one prediction a row. Here {columns} columns reach {rank}
directions: {equations}. Where directions are fewer than columns, weights may move along some direction at will, and no
prediction follows. What the columns can tell of {target} is its shadow on their span; no linear model tells more.

## The picture
First a circle, dashed before and drawn out after, and a square grid that moves with it. Flattened fully, both are a
line, and the direction marked as lost is gone: no matrix brings it back. Without a turn each point falls upright onto
the line, a projection. Then {target} as an arrow of length one, its shadow on the span, and the rest, at a right angle.
Last, how much of each column is new beside those above it: a column without a bar adds nothing to the rank.

## The formula
A projection keeps what already lies in the span, so doing it twice changes nothing. With a basis at right angles it is
the basis times its transpose; the textbook form with an inverse fails for columns that depend on one another. The
transpose has the same rank, but what it loses is another direction where the matrix also turns: the one at a right
angle to all that the matrix reaches. Rank and null
directions together are as many as there are columns: {rank} and {lost} make {columns}.

## Where it is used
`LinearRegression` of scikit-learn, `lstsq` of NumPy and PyTorch project the target onto the span and, where weights are
free, take the shortest. `StandardScaler` removes the mean, which is a projection too. The backward pass of a layer
multiplies by the transpose of its weights. Low-rank adapters (`LoraConfig` of PEFT) add a matrix of small rank to a
frozen one. Removing a concept from embeddings is a projection onto all that stands at a right angle to it.

## How it fails
Symptoms: weights huge and of opposite sign, other weights in every program or after every shuffle, and yet the same
predictions; `LinAlgError: Singular matrix`, or worse, no error and rounding noise. Rank is a count of what stands out
of rounding, so it depends on units and arithmetic: standardised, these columns have rank {rank}; in float32, with the
largest in a unit a billion times finer, {rank_finer}, for it buries the others. A full set of indicators with an
intercept, a total beside its parts, one quantity in two units: each costs a rank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.core import Example, Number, quoted, visible
from tearless.core.lesson import Answer, Control, Formula, Question, Slider, View
from tearless.core.picture import Arrows, Axis, Bars, Line, Mark, Picture, Points, Role, values
from tearless.linear_algebra.combinations import Combinations
from tearless.linear_algebra.condition import condition_number
from tearless.linear_algebra.eigen import svd
from tearless.linear_algebra.equations import in_words
from tearless.linear_algebra.least_squares import svd as least_squares
from tearless.linear_algebra.projection import null_space, onto_columns, onto_vector, rank
from tearless.linear_algebra.regression_data import RegressionData

Floats = NDArray[np.float64]

LOST = float(np.radians(120.0))
"""The direction that the flattening takes away."""
POINT = np.array([0.3, 1.3])  # to follow
REACH = 1.5
GRID = np.linspace(-1.0, 1.0, 5)
DECIMALS, BILLION = 9, 1e9  # beyond these decimals is rounding
LONGEST = 50  # characters of an equation

FORMULAS = (
    Formula(
        r"\mathrm{null}(A) = \{x : Ax = 0\}, \qquad \mathrm{rank}(A) + \dim \mathrm{null}(A) = n",
        "the null space is all that the matrix sends to zero; rank and null directions add up to the number of columns",
    ),
    Formula(
        r"P = QQ^\top, \qquad P^2 = P = P^\top, \qquad y = Py + (y - Py)",
        "a projection is an orthonormal basis times its transpose; it splits y into its shadow and the rest upright",
    ),
)

CODE = """\
n = np.array([np.cos(np.radians(120)), np.sin(np.radians(120))])
c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
A = np.array([[c, -s], [s, c]]) @ (np.eye(2) - flat * np.outer(n, n))
rank_shown = np.linalg.matrix_rank(A)
area = abs(np.linalg.det(A))              # of the circle, before and after
least = np.linalg.svd(A)[1][-1]           # the shortest radius afterwards

X = problem.X[:, : int(columns)]
Z = (X - X.mean(axis=0)) / X.std(axis=0)
y = (problem.y - problem.y.mean()) / problem.y.std()
rank = np.linalg.matrix_rank(Z)
largest = np.abs(X).max(axis=0) == np.abs(X).max()
finer = (X * np.where(largest, 1e9, 1)).astype(np.float32)
rank_finer = np.linalg.matrix_rank(finer)

w = np.linalg.lstsq(Z, y, rcond=None)[0]  # the shortest of all best weights
span = np.mean((Z @ w) ** 2)              # of the variance of y, which is one
v = np.linalg.svd(Z)[2][-1]               # the direction seen least
still = np.sqrt(np.mean((Z @ v) ** 2))    # w and w + v predict the same
"""

QUESTIONS = (
    Question(
        "junior",
        "The picture is flattened to rank {rank_shown}. The image of a point is known. Where was the point?",
        (
            Answer("Anywhere on a line along the lost direction", "Yes: they all land together, for they differ by "
                   "what the matrix sends to zero.", right=True),
            Answer("At the place that the inverse gives", "There is none: the area is multiplied by {area}, and "
                   "nothing divides that away."),
            Answer("At the image, for it is a projection", "Only points that lay on the line already stay there."),
        ),
        {"flat": 1.0},
    ),
    Question(
        "mid",
        "One program gives {heaviest} a weight of {weight}, another {weight_moved}: one step along the direction seen "
        "least. The predictions move by {still}. Which is right?",
        (
            Answer("{who}", "Yes: {columns} columns reach {rank} directions, and a weight is known only so far as a "
                   "step moves predictions. This one moves them by {still}.", right=True),
            Answer("The smaller: small weights are safer", "Safer or not, that is a choice of the program, and no row "
                   "speaks for it."),
            Answer("The larger: it shows the effect", "One more step along that direction, and it is larger still. "
                   "Size is no evidence."),
        ),
    ),
    Question(
        "senior",
        "The largest column comes in a unit a billion times finer. In float32 `matrix_rank` now says {rank_finer}, and "
        "{rank} when standardised. Which holds?",
        (
            Answer("{rank}: one unit hides the other columns", "Yes: what counts as zero is measured by the largest "
                   "column. Its unit tells nothing of the others.", right=True),
            Answer("{rank_finer}: float32 is what the model sees", "So an unscaled model sees it. The data hold "
                   "{rank} directions; scale first, in float64."),
            Answer("Neither: it is the number of columns", "A column may bring no new direction: {equations}."),
        ),
    ),
)  # fmt: skip

CATCHES = ("exact-combination", "lost-precision")
NEXT = ("correlation", "linear-regression", "shapes-and-the-layer")


def example(rng: np.random.Generator) -> Example:
    """Flats to let: area, rent, heating, both together, when they were listed (seconds), and how many people asked."""
    area = rng.normal(68, 17, 90).clip(24).round()
    rent = (11 * area + rng.normal(0, 90, 90)).round()
    heating = (1.4 * area + rng.normal(0, 22, 90)).clip(20).round()
    listed = (1.76e9 + rng.uniform(0, 2e6, 90)).round()
    asked = (60 + 0.5 * area - 0.05 * (rent + heating) - 8e-6 * (listed - 1.76e9) + rng.normal(0, 5, 90)).round()
    flats = {"area": area, "rent": rent, "heating": heating, "total": rent + heating, "listed": listed}
    return Example(flats | {"enquiries": asked}, target="enquiries")


@dataclass(frozen=True)
class Spanned(RegressionData):
    """Columns, the number to predict, and the exact equations among the columns, each with the positions that it names.

    ``new`` is how much of each column, of its variance, the columns before it do not hold; ``ranks`` the rank with it.
    """

    equations: tuple[tuple[frozenset[int], str], ...]
    new: tuple[float, ...]
    ranks: tuple[int, ...]


def problem(data: RegressionData, combinations: Combinations) -> Spanned:
    Z, names = data.standardised[0], combinations.matrix.names
    place = {name: j for j, name in enumerate(data.names)}
    equations = tuple(
        (frozenset(place[names[j]] for j in found.columns), in_words(found, names, LONGEST)[0])
        for found in combinations.found
        if all(names[j] in place for j in found.columns)
    )
    left = (Z[:, j] - np.asarray(onto_columns(Z[:, j], Z[:, :j])) for j in range(1, Z.shape[1]))
    new = (1.0, *(float(np.mean(rest**2)) for rest in left))  # a column's variance is one
    ranks = tuple(rank(Z[:, : j + 1]) for j in range(Z.shape[1]))
    return Spanned(data.names, data.target, data.X, data.y, data.said, equations, new, ranks)


def controls(problem: Spanned) -> tuple[Control, ...]:
    count = len(problem.names)
    flattened = Slider("flat", "flattened, as a share", 1.0, 0.0, 1.0)
    turned = Slider("turn", "turned, in degrees", 0.0, 0.0, 90.0)
    used = Slider("columns", "columns of the table", count, 1, count, whole=True)
    return (flattened, turned, used) if count > 1 else (flattened, turned)


def compute(problem: Spanned, flat: float, turn: float, columns: float = 1) -> View:
    A, k = _matrix(flat, turn), int(columns)
    said = _equations([text for named, text in problem.equations if max(named) < k], k - problem.ranks[k - 1])
    who = "The rows cannot say" if problem.ranks[k - 1] < k else "The one that errs less: the rows can say"
    table, heaviest = _of_table(problem, k)
    numbers = {"turn": Number(turn, "degrees", "by which the picture is turned")} | _of_space(A) | table
    target, heavy = quoted(problem.target), quoted(problem.names[heaviest])
    words = {"target": target, "heaviest": heavy, "equations": said, "who": who}
    pictures = (_space(A, numbers), _shadow(numbers, target), _news(problem, k))
    return View(_sentence(numbers, words, turn), numbers, pictures, words)


def _at(angle: Floats | float) -> Floats:
    return np.array([np.cos(angle), np.sin(angle)])


def _matrix(flat: float, turn: float) -> Floats:
    """Points less a share of their part along the lost direction, then turned."""
    away = np.asarray(onto_vector(np.eye(2), _at(LOST)))
    c, s = _at(np.radians(turn))
    return np.asarray(np.array([[c, -s], [s, c]]) @ (np.eye(2) - flat * away))


def _of_space(A: Floats) -> dict[str, Number]:
    forth, back = svd(A), svd(A.T)
    most, least = np.asarray(forth.values)
    told = least < most * (1 - 1e-9)  # in a circle no direction is shortened most
    ways = (np.asarray(one.right)[-1] for one in (forth, back))
    lost, transposed = (round(np.degrees(np.arctan2(y, x)), DECIMALS) % 180 if told else None for x, y in ways)
    undo = condition_number(np.linalg.qr(A, mode="r"))
    return {
        "rank_shown": Number(rank(A), "directions", "rank of the matrix in the picture"),
        "least": Number(round(least, DECIMALS), "share", "of lengths kept along the direction shortened most"),
        "undo": Number(undo, "times", "by which undoing it magnifies an error, at most"),
        "area": Number(round(most * least, DECIMALS), "times", "the area, after against before"),
        "lost_angle": Number(lost, "degrees", "direction that is shortened most"),
        "lost_transposed": Number(transposed, "degrees", "direction that the transpose shortens most"),
    }


def _of_table(problem: Spanned, k: int) -> tuple[dict[str, Number], int]:
    """The numbers of ``k`` columns, and which counts most in a null direction, or else in the one seen least."""
    X, y = problem.X[:, :k], (problem.y - problem.y.mean()) / problem.y.std()
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    w, nothing = np.asarray(least_squares(Z, y).coefficients), np.asarray(null_space(Z))
    v = nothing[:, -1] if nothing.shape[1] else np.asarray(svd(Z).right)[-1]
    v = v * np.sign(v[np.argmax(np.abs(v))])
    heaviest, ranked = int(np.argmax(np.abs(v))), problem.ranks[k - 1]
    largest = np.abs(X).max(axis=0) == np.abs(X).max()
    with np.errstate(over="ignore"):
        finer = (X * np.where(largest, BILLION, 1.0)).astype(np.float32)
    in_single = rank(finer) if np.isfinite(finer).all() else None
    span, still = min(1.0, float(np.mean((Z @ w) ** 2))), float(np.sqrt(np.mean((Z @ v) ** 2)))
    numbers = {
        "columns": Number(k, "columns", "of the table, taken in their order"),
        "rank": Number(ranked, "directions", "that they reach: their rank, less their means, standardised"),
        "lost": Number(k - ranked, "directions", "of weights that no prediction sees"),
        "rank_finer": Number(in_single, "directions", "rank in float32, the largest a billion times as large"),
        "span": Number(span, "share", "of the variance of the target that lies in their span"),
        "shadow": Number(np.sqrt(span), "1", "length of the shadow of the target, which has length one"),
        "rest": Number(np.sqrt(1 - span), "1", "length of the rest, at a right angle to the span"),
        "still": Number(
            round(still, DECIMALS), "1", "move of the predictions, for a step along the direction seen least"
        ),
        "weight": Number(w[heaviest], "1", "weight of the column that counts most there, in the shortest solution"),
        "weight_moved": Number(w[heaviest] + v[heaviest], "1", "the same, a step of one further"),
        "rows": Number(problem.X.shape[0], "rows", problem.said),
    }
    return numbers, heaviest


def _equations(plain: list[str], lost: int) -> str:
    if not lost or not plain:
        return "few rows, or rounding, leave no equation to name" if lost else "no exact equation holds among them"
    return plain[0] + " in every row" + (f", and {lost - 1} more such" if lost > 1 else "")


def _sentence(numbers: Mapping[str, Number], words: Mapping[str, str], turn: float) -> str:
    if numbers["rank_shown"].value == 1:
        turned = f"a turn of {numbers['turn']} degrees, no projection" if turn else "a projection"
        space = f"Rank {numbers['rank_shown']}, {turned}: what lies along {numbers['lost_angle']} degrees is lost"
    else:
        turned = f"Turned by {numbers['turn']} degrees, rank" if turn else "Rank"
        space = f"{turned} {numbers['rank_shown']}, nothing is lost: undoing it multiplies errors by {numbers['undo']}"
    which = "one column reaches" if numbers["columns"].value == 1 else f"{numbers['columns']} columns reach"
    why = f" ({words['equations']})" if numbers["lost"].value else ""
    ways = "direction" if numbers["rank"].value == 1 else "directions"
    span = f"{numbers['span']} of the variance of {words['target']}"
    return f"{space}. In the table {which} {numbers['rank']} {ways}{why}, and the span holds {span}."


def _space(A: Floats, numbers: Mapping[str, Number]) -> Picture:
    circle = _at(np.linspace(0.0, 2 * np.pi, 73))
    across = np.array([[x, y] for i, y in enumerate(GRID) for x in (GRID[[0, -1]] if i % 2 else GRID[[-1, 0]])]).T
    grid = np.hstack([across, across[::-1]])  # to and fro, then up and down: all lines in one stroke
    way, image = REACH * np.column_stack([-_at(LOST), _at(LOST)]), A @ POINT
    name = "lost" if numbers["rank_shown"].value == 1 else "shortened most"
    marks: tuple[Mark, ...] = (
        _line(A @ grid, "", "soft"),
        _line(circle, "circle before", "soft", dashed=True),
        _line(A @ circle, "after", "main"),
        *((_line(way, name, "bad", dashed=True),) if numbers["lost_angle"].value is not None else ()),
        _line(np.column_stack([POINT, image]), "", "second", dashed=True),
        Points((float(POINT[0]),), (float(POINT[1]),), "a point", "second", hollow=True),
        Points((float(image[0]),), (float(image[1]),), "where it lands", "second"),
    )
    ends = Axis(low=-REACH, high=REACH)
    says = "The circle before, dashed, and after, with a square grid; a point and where it lands."
    return Picture("Space before and after", says, marks, ends, ends, square=True)


def _line(at: Floats, label: str, role: Role, dashed: bool = False) -> Line:
    return Line(values(at[0]), values(at[1]), label, role, dashed)


def _news(problem: Spanned, k: int) -> Picture:
    """One bar a column, the first on top."""
    adds = np.diff((0, *problem.ranks)) > 0
    at, new = np.arange(len(adds)), np.asarray(problem.new)
    used, idle = at[adds & (at < k)], at[~adds & (at < k)]
    marks: tuple[Mark, ...] = (Bars(values(used), values(new[used]), "new", width=0.6, along="x"),)
    if len(idle):
        at_zero, where = values(0 * idle), values(idle)
        marks += (Bars(where, at_zero, role="bad", along="x"), Points(at_zero, where, "nothing new", "bad"))
    if k < len(adds):
        marks += (Bars(values(at[k:]), values(new[k:]), "not taken", "soft", width=0.6, along="x"),)
    says = "The share of each column's variance that the columns above it do not hold; what adds none adds no rank."
    names = tuple(visible(name, 16) for name in problem.names)
    return Picture("What is new in each column", says, marks, Axis("share", low=0.0, high=1.0), Axis(names=names))


def _shadow(numbers: Mapping[str, Number], target: str) -> Picture:
    shadow, rest = (numbers[name].value or 0.0 for name in ("shadow", "rest"))
    marks = (
        Line((-0.1, 1.1), (0.0, 0.0), "span of the columns", "soft"),
        Line((shadow, shadow), (0.0, rest), "rest", "bad", dashed=True),
        Arrows((0.0,), (0.0,), (shadow,), (rest,), "target", "second"),
        Arrows((0.0,), (0.0,), (shadow,), (0.0,), "shadow", "main"),
    )
    says, ends = f"{target}, of length one, its shadow on the span, and the rest between.", Axis(low=-0.1, high=1.1)
    return Picture("The target and its shadow", says, marks, ends, ends, square=True)
