"""Principal components, and how many to keep

## The idea
{columns} columns, and yet the rows do not differ in so many ways: where columns rise and fall together, one direction
tells most of what they say. Principal components are these directions. The first is the one along which the rows lie
farthest apart, the next one the farthest at a right angle to it, and so on. Keep a few, and each row is told by a few
numbers instead of {columns}.

The question that tutorials leave open is how many. Here {enough} stand out of what the same columns give after each has
been shuffled by itself. What lies below that line could be chance, however neat it looks.

## The picture
First, what each component keeps of the variance, and, dashed, what shuffled columns reach: noise does not give equal
parts, it gives a slope too. Then the rows on the first two components, with an arrow for each column; arrows that point
one way are columns that rise together. Left and right mean nothing there: turn a component round, and it is the same
component. Last, what the first component is made of. Switch to the columns as they are and watch one column own it.

## The formula
The covariance matrix is symmetric, so its eigenvectors stand at right angles and its eigenvalues are real and not
negative: `eigh` knows that, `eig` does not and may return complex numbers. An eigenvalue is the variance along its
eigenvector; its share of their sum is what the component keeps. Conventions change the numbers, so here they are: the
largest entry of a component is positive, and variances divide by the rows less one.

## Where it is used
`PCA` of scikit-learn: for tall tables by the covariance matrix, else by a singular value decomposition of the centred
columns, which keeps twice the digits. `TruncatedSVD` for sparse text, where centring would fill the zeros. Whitening
before clustering, compressed search over embeddings, the look at a hidden layer that a paper prints. Low-rank adapters
of language models rest on the same theorem: the best matrix of a small rank is made of the first singular vectors.

## How it fails
Unscaled columns: as they stand, {owner_raw} makes {owner_raw_share} of the first component, a fact about its unit.
Components fitted on all rows before the split carry the test rows into training. A direction of little variance may be
the one that tells the target apart; components never look at it. A column that is an exact sum of others gives an
eigenvalue of zero, and whitening by it divides rounding by nothing. Two programs may disagree in signs, and in the
spread that divides by all rows or by one less: both are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tearless.core import Example, NotApplicable, Number, quoted
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.picture import Arrows, Axis, Bars, Line, Picture, Points, values
from tearless.linear_algebra.components_to_keep import for_share, parallel_analysis
from tearless.linear_algebra.few_columns import FewColumns
from tearless.linear_algebra.pca import PrincipalComponents, pca

Floats = NDArray[np.float64]

STANDARDISED, AS_THEY_ARE = SCALES = ("standardised", "as they are")
SHARE = 0.95
"""The share of variance that is usually asked for."""
NAMED = 7
"""Arrows that are drawn with their names: those of the longest."""
OWNS = 0.9
"""From this share of its squared length on a component is one column."""

FORMULAS = (
    Formula(
        r"C = \frac{1}{n - 1} Z^\top Z = Q\,\Lambda\,Q^\top",
        "the covariance matrix of the centred columns is made of its eigenvectors and eigenvalues",
    ),
    Formula(
        r"\text{kept by the first } k = \frac{\lambda_1 + \dots + \lambda_k}{\lambda_1 + \dots + \lambda_p}",
        "what the first k components keep is the sum of their eigenvalues over the sum of all",
    ),
)

CODE = """\
Z = problem.X - problem.X.mean(axis=0)
if scale == "standardised":
    Z = Z / Z.std(axis=0, ddof=1)
C = Z.T @ Z / (len(Z) - 1)
variance, Q = np.linalg.eigh(C)          # eigh: C is symmetric
variance, Q = variance[::-1], Q[:, ::-1]  # largest first
share = variance / variance.sum()

first = share[0]
kept = share[: int(keep)].sum()
owner_share = (Q[:, 0] ** 2).max()       # the sign does not matter

W = Q[:, : int(keep)]
back = Z @ W @ W.T                       # rows told by `keep` numbers
lost = ((Z - back) ** 2).sum() / (Z**2).sum()
"""

QUESTIONS = (
    Question(
        "junior",
        "With the columns as they are, the first component keeps {first} of the variance. What has it found?",
        (
            Answer("The unit of {owner}", "Yes: {owner} makes {owner_share} of the direction. In another unit the "
                   "answer would be another.", right=True),
            Answer("The one thing that matters", "Variance is not importance: it has a unit, squared. Standardised, "
                   "the first keeps {first_standardised}."),
            Answer("That one component is enough", "Enough to tell {owner}, and little else: the other columns are "
                   "small numbers, not small facts."),
        ),
        {"scale": AS_THEY_ARE},
    ),
    Question(
        "mid",
        "How many components hold what columns without any relation would not give?",
        (
            Answer("{enough}, by shuffling the columns", "Yes: they alone lie above what shuffled columns reach.",
                   right=True),
            Answer("{above_one}, those of a variance above one", "Shuffled columns reach {noise_first} already: the "
                   "first of noise is always above one."),
            Answer("{for_share}, those that keep {asked}", "So many it takes to describe the noise as well. A share "
                   "is your choice, no finding."),
        ),
    ),
    Question(
        "senior",
        "`StandardScaler`, then `PCA`: the explained variances sum to {mixed}, not to {columns}. What is wrong?",
        (
            Answer("Nothing: they divide by different counts", "Yes: the scaler divides by all rows, the variance by "
                   "one row less. Shares are not touched by it.", right=True),
            Answer("Rounding adds up over the rows", "The sums differ by one part in {rows} less one: far too much "
                   "for doubles."),
            Answer("The columns were not centred before", "They are: the scaler did it, and `PCA` does it again. A "
                   "mean left in would add far more."),
        ),
    ),
)  # fmt: skip

CATCHES = ("exact-combination", "lost-precision", "unscaled-columns")
NEXT = ("similarity", "norms-and-regularisation", "correlation")


def example(rng: np.random.Generator) -> Example:
    """Young athletes: five measures of size, one of them in grams, and three of fitness."""
    size, fit = rng.normal(size=(2, 120))

    def measured(mean: float, spread: float, of_size: float, of_fit: float) -> Floats:
        rest = (1 - of_size**2 - of_fit**2) ** 0.5 * rng.normal(size=120)
        return np.asarray(mean + spread * (of_size * size + of_fit * fit + rest))

    return Example(
        {
            "height": measured(174, 9, 0.9, 0.2),
            "weight": measured(68_000, 9_500, 0.82, -0.42),
            "arm": measured(73, 4, 0.86, 0.35),
            "foot": measured(26, 1.6, 0.84, -0.1),
            "pulse": measured(64, 8, 0.25, -0.75),
            "lap": measured(92, 7, -0.3, -0.72),
            "oxygen": measured(51, 6, 0.15, 0.82),
            "sleep": measured(7.4, 0.8, 0.0, 0.1),
            "siblings": measured(1.6, 1.0, 0.0, 0.0).clip(0).round(),
        }
    )


@dataclass(frozen=True)
class Rows:
    """Rows and columns, and what shuffled columns reach, component by component: shape ``(min(n, p),)``."""

    names: tuple[str, ...]
    X: Floats
    said: str
    noise: Floats
    enough: int


def problem(data: FewColumns) -> Rows:
    if data.p < 2:
        raise NotApplicable("this needs two numeric columns that vary: one column is its own component")
    found = parallel_analysis(data.standardised)
    return Rows(data.names, data.X, data.said, found.limits, found.keep)


def controls(problem: Rows) -> tuple[Control, ...]:
    most = min(problem.X.shape)
    return (
        Choice("scale", "columns", STANDARDISED, SCALES),
        Slider("keep", "components kept", max(1, min(most, problem.enough)), 1, most, whole=True),
    )


def compute(problem: Rows, scale: str, keep: float) -> View:
    raw, standard = pca(problem.X), pca(problem.X, standardise=True)
    found = standard if scale == STANDARDISED else raw
    shares = np.asarray(found.share)
    numbers = _numbers(problem, found, standard, raw, int(keep))
    owner, owner_raw = (_owner(problem, fit) for fit in (found, raw))
    noise = problem.noise / len(problem.names) if scale == STANDARDISED else None
    pictures = (_scree(shares, int(keep), noise), _rows(problem, found), _made_of(problem, found))
    words = {"owner": owner, "owner_raw": owner_raw}
    said = _standardised(numbers) if scale == STANDARDISED else _as_they_are(numbers, owner)
    return View(said, numbers, pictures, words)


def _owner(problem: Rows, fit: PrincipalComponents) -> str:
    return quoted(problem.names[int(np.argmax(np.abs(fit.components[0])))])


def _owned(fit: PrincipalComponents) -> float:
    return float(np.max(np.asarray(fit.components[0]) ** 2))


def _numbers(
    problem: Rows, found: PrincipalComponents, standard: PrincipalComponents, raw: PrincipalComponents, keep: int
) -> dict[str, Number]:
    (n, p), shares, variances = problem.X.shape, np.asarray(found.share), np.asarray(standard.explained_variance)
    back = np.asarray(found.reconstructed(found.scores(problem.X)[:, :keep] @ np.eye(keep, len(shares))))
    off = (((problem.X - back) / np.asarray(found.scale)) ** 2).sum()
    return {
        "keep": Number(keep, "components", "components kept"),
        "kept": Number(shares[:keep].sum(), "share", "of the variance that they keep"),
        "lost": Number(off / ((n - 1) * float(found.total_variance)), "share", "of the squared distances lost"),
        "first": Number(shares[0], "share", "of the variance along the first component"),
        "first_standardised": Number(float(standard.share[0]), "share", "of the variance, standardised"),
        "owner_share": Number(_owned(found), "share", "of the first component that is one column"),
        "owner_raw_share": Number(_owned(raw), "share", "of the first component, as the columns are"),
        "enough": Number(problem.enough, "components", "that lie above what shuffled columns reach, standardised"),
        "above_one": Number((variances > 1).sum(), "components", "of a variance above one, standardised"),
        "for_share": Number(for_share(variances, SHARE), "components", f"that keep {SHARE:.0%}, standardised"),
        "asked": Number(SHARE, "share", "of variance that is often asked for"),
        "noise_first": Number(problem.noise[0], "1", "first variance that shuffled columns stay below, mostly"),
        "mixed": Number(
            p * n / (n - 1), "1", "sum of the variances over n less one, of columns scaled by those over n"
        ),
        "columns": Number(p, "columns", "columns that vary"),
        "rows": Number(n, "rows", problem.said),
    }


def _standardised(numbers: Mapping[str, Number]) -> str:
    keep, enough = (int(numbers[name].value or 0) for name in ("keep", "enough"))
    stand = "none stands" if enough == 0 else "one stands" if enough == 1 else f"{enough} stand"
    opening = f"Of {numbers['columns']} components {stand} out of noise"
    kept = f"the first {keep} keep" if keep > 1 else "the first keeps"
    if keep > enough:
        verdict = f"{keep - enough} more than shuffled columns would justify"
    else:
        verdict = "all that stand out" if keep == enough else "and what is left out is no noise"
    return f"{opening}; {kept} {numbers['kept']} of the variance, {verdict}."


def _as_they_are(numbers: Mapping[str, Number], owner: str) -> str:
    keep = int(numbers["keep"].value or 0)
    owns = (numbers["owner_share"].value or 0.0) >= OWNS
    verdict = f"the first is {owner}, to {numbers['owner_share']}" if owns else f"units weigh in, {owner} most"
    kept = f"The first {keep} of {numbers['columns']} components keep" if keep > 1 else "The first component keeps"
    why = "the share tells of its unit, not of the rows" if owns else "standardise unless all have one unit"
    return f"As the columns are, {verdict}. {kept} {numbers['kept']} of the variance: {why}."


def _scree(shares: Floats, keep: int, noise: Floats | None) -> Picture:
    at = values(range(len(shares)))
    marks: tuple[Bars | Line, ...] = (Bars(at[:keep], values(shares[:keep]), "kept", width=0.7),)
    if keep < len(shares):
        marks += (Bars(at[keep:], values(shares[keep:]), "left out", "soft", width=0.7),)
    if noise is not None:
        marks += (Line(at[: len(noise)], values(noise), "shuffled columns", "bad", dashed=True),)
    names = tuple(str(i + 1) for i in range(len(shares)))
    says = "One bar a component, its share of the variance; dashed, what shuffled columns stay below."
    return Picture("What each component keeps", says, marks, Axis("component", names=names), Axis("share", low=0.0))


def _rows(problem: Rows, found: PrincipalComponents) -> Picture:
    scores = np.asarray(found.scores(problem.X))[:, :2]
    ways = np.asarray(found.components)[:2].T
    reach = 0.9 * float(np.abs(scores).max()) / max(float(np.abs(ways).max()), 1e-12)
    longest = np.sort(np.argsort(-np.hypot(ways[:, 0], ways[:, 1]), kind="stable")[:NAMED])
    zeros, tips = values(np.zeros(len(longest))), ways[longest] * reach
    names = tuple(problem.names[j][:16] for j in longest)
    some = scores[:: 1 + len(scores) // 400]
    marks = (
        Points(values(some[:, 0]), values(some[:, 1]), role="soft"),
        Arrows(zeros, zeros, values(tips[:, 0]), values(tips[:, 1]), role="second", names=names),
    )
    says = "The rows on the first two components; an arrow for each column shows which way it rises."
    return Picture("Rows, and the columns as arrows", says, marks, Axis("first component"), Axis("second"))


def _made_of(problem: Rows, found: PrincipalComponents) -> Picture:
    squares = np.asarray(found.components[0]) ** 2
    mark = Bars(values(range(len(squares))), values(squares), width=0.6, along="x")
    says = "The squared weight of each column in the first component; together they are the whole of it."
    ends = Axis("share of it", low=0.0, high=1.0)
    return Picture("What the first one is made of", says, (mark,), ends, Axis(names=problem.names))
