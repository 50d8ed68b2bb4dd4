"""Trees, forests and boosting

## The idea
A decision tree plays twenty questions with {columns}. It asks one column at a time whether it is above a threshold, and
takes the question after which the classes of {target} are least mixed. Mixed is a number: {bits} bits of entropy before
the first question, {gini} by Gini. The best question here, about {column}, takes {gain} bits away.

Ask on, and every row ends in a leaf of its own: no error on seen rows, and their accidents are learnt. Two cures use
many trees. A forest grows each on its own resample and lets them vote, so that accidents cancel. Boosting adds small
trees one after the other, each fitted to what those before it left.

## The picture
First the top of one tree: the question, how mixed the rows are, how many are of the commonest class; left is yes. Then
the error on seen and on new rows, over the depth or the number of trees. Last what the best split gains: each column,
and columns of random numbers, which know nothing. The more values such a column has, the more thresholds there are to
try, and the best of many tries looks good. A column down at that line may still matter, to a later question.

## The formula
The gain is the impurity before, minus that of the two sides weighted by their rows. It is never below zero, for no
column. A forest's variance is the part that its trees share plus the rest divided by their number: more trees remove
only the rest, and never overfit by being more. In boosting more trees go on fitting, noise and all.

## Where it is used
`DecisionTreeClassifier`, `RandomForestClassifier` and `HistGradientBoostingClassifier` of scikit-learn, XGBoost and
LightGBM, on most tables. No scaling is needed: a threshold does not feel units. Beyond the range of the training rows
all of them are constant, so a trend needs other features, such as differences.

## How it fails
A column that numbers the rows gains {luck_gain} bits by luck and takes {luck_share} of `feature_importances_`, and no
new row has a known value in it. Codes with hundreds of categories do the same, more quietly. Read importances from new
rows, with `permutation_importance`, or beside a random column as here. The score of a deep tree on seen rows is near
one whatever the data hold: {tree_seen} wrong here, {tree_new} on new ones. And copies of a row on both sides of a split
let the deepest tree look best.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tearless.algorithms.decision_tree import DecisionTreeClassifier
from tearless.algorithms.gradient_boosting import GradientBoostingClassifier
from tearless.algorithms.random_forest import RandomForestClassifier
from tearless.core import Example, Number, listed, quoted, visible
from tearless.core.lesson import Answer, Choice, Control, Formula, Question, Slider, View
from tearless.core.number import shown
from tearless.core.picture import Axis, Line, Mark, Nodes, Picture, Points, Role, Rule, values
from tearless.statistics.split_luck import NAMED, ErrorCurve, SplitRows, impurity
from tearless.statistics.standard_error import standard_error_of_mean
from tearless.statistics.tree_arrays import Tree
from tearless.statistics.tree_layout import laid_out

Floats = NDArray[np.float64]
TREE, FOREST, BOOSTING = MODELS = ("one tree", "forest", "boosting")
DEEPEST, TREES, STAGES, SMALL, RATE = 10, 24, 20, 3, 0.3
"""Boosting takes small trees, and fewer stages where it needs one tree a class."""
DRAWN, CLEAR = 2, 2.0
"""Levels of the tree that are drawn, and the standard errors from which on a difference is told."""

FORMULAS = (
    Formula(
        r"H = -\sum_k p_k \log_2 p_k, \qquad G = 1 - \sum_k p_k^2",
        "the entropy is minus the sum of each share times its logarithm; Gini is one minus the sum of squared shares",
    ),
    Formula(
        r"\text{gain} = H - \frac{n_L}{n} H_L - \frac{n_R}{n} H_R, \qquad "
        r"\operatorname{Var} = \rho\sigma^2 + \frac{1-\rho}{B}\sigma^2",
        "the entropy before minus the weighted ones of both sides; what trees share plus the rest over their number",
    ),
)

CODE = """\
from tearless.algorithms.decision_tree import DecisionTreeClassifier

seen, y = problem.seen, problem.codes[problem.seen]

def entropy(y):
    p = np.bincount(y) / len(y)
    return -(p[p > 0] * np.log2(p[p > 0])).sum()

def best_gain(x):
    gains = [0.0]
    for t in np.unique(x)[:-1]:           # every threshold is tried
        yes = x <= t
        left = yes.mean() * entropy(y[yes]) + (~yes).mean() * entropy(y[~yes])
        gains.append(entropy(y) - left)
    return max(gains)

bits, gini = entropy(y), 1 - ((np.bincount(y) / len(y)) ** 2).sum()
gain = max(best_gain(x) for x in problem.X[seen].T)
n = len(problem.codes)                    # a column that knows nothing
random = np.random.default_rng(0).permutation(n) * int(values) // n
luck_gain = best_gain(random[seen])

X = np.column_stack([problem.X, random])
tree = DecisionTreeClassifier(criterion="entropy", max_depth=int(depth), random_state=0)
wrong = tree.fit(X[seen], y).predict(X) != problem.codes
tree_seen, tree_new = wrong[seen].mean(), wrong[~seen].mean()
"""

QUESTIONS = (
    Question(
        "junior",
        "At the root stand {mix}. How many bits of entropy is that?",
        (
            Answer("{bits}", "Yes: minus the sum of each share times its logarithm to base two.", right=True),
            Answer("{gini}", "That is Gini's index, the chance that two rows drawn differ in class."),
            Answer("{nats}", "That is the same with the natural logarithm, in nats."),
        ),
    ),
    Question(
        "mid",
        "A column of random numbers has {values} different values. What does its best split gain, on average?",
        (
            Answer("{luck_mean}", "Yes: one threshold gains next to nothing, but the best of so many does.",
                   right=True),
            Answer("{luck_two}", "So much a random column of two values gains: it has one threshold to try."),
            Answer("Nothing, for it is random", "A gain is never below zero, and the largest of many is above it."),
        ),
    ),
    Question(
        "senior",
        "The forest is wrong on {error_new} of new rows, one tree of that depth on {tree_new}. What does a vote do?",
        (
            Answer("It averages accidents away", "Yes: its trees alone are wrong on {alone} on average. They err on "
                   "different rows, and the mean of many varies less.", right=True),
            Answer("It picks the best tree", "All vote alike. Alone they are wrong on {alone} on average."),
            Answer("It sees more rows", "Each tree sees fewer: a resample holds {held} of the rows, some twice."),
        ),
        at={"model": FOREST},
    ),
)  # fmt: skip

CATCHES = ("identifier-column", "too-many-categories", "overfitting")
NEXT = ("bias-and-variance", "sample-and-bootstrap", "neural-network")


def example(rng: np.random.Generator) -> Example:
    """Loans: what is owed per income, years in the job, and age; late where much is owed, or the job is new."""
    owed, job, age = rng.gamma(4.0, 0.09, 320), rng.gamma(1.6, 3.0, 320), rng.integers(21, 70, 320)
    late = ((owed > 0.36) & (age < 54)) | ((job < 3.0) & (owed > 0.2))
    late ^= rng.random(320) < 0.13
    columns = {"owed": owed.round(3), "job": job.round(1), "age": age}
    return Example({**columns, "loan": np.where(late, "late", "fine")}, target="loan")


def problem(rows: SplitRows) -> SplitRows:
    return rows


def controls(problem: SplitRows) -> tuple[Control, ...]:
    n = len(problem.codes)
    return (
        Slider("depth", "depth", 8, 1, DEEPEST, whole=True),
        Choice("model", "model", TREE, MODELS),
        Slider("values", "values of a random column", n, 2, n, log=True, whole=True),
    )


def compute(problem: SplitRows, depth: float, model: str, values: float) -> View:
    deep, distinct = int(depth), int(values)
    one, tree = _tree(problem, distinct), _grown(problem, deep, distinct).tree_
    errors = one if model == TREE else _many(problem, model, deep, distinct)
    numbers = _mixed(problem) | _lucky(problem, distinct) | _wrong(problem, one, errors, model, deep)
    pictures = (
        _top(tree, (*problem.names, "random"), problem.classes),
        _over(errors, model, numbers),
        _gained(problem, numbers),
    )
    words = {
        "mix": problem.mix,
        "target": quoted(problem.target),
        "columns": listed(problem.names),
        "column": quoted(problem.names[int(np.argmax(problem.gains))]),
    }
    return View(_sentence(numbers, model, _verdict(problem, one, errors, model, deep)), numbers, pictures, words)


@lru_cache(maxsize=64)
def _grown(problem: SplitRows, depth: int, distinct: int) -> DecisionTreeClassifier:
    X, seen = problem.beside(distinct), problem.seen
    tree = DecisionTreeClassifier(criterion="entropy", max_depth=depth, random_state=0)
    return tree.fit(X[seen], problem.codes[seen])


@lru_cache(maxsize=32)
def _tree(problem: SplitRows, distinct: int) -> ErrorCurve:
    """One tree, over its depth."""
    X, depths = problem.beside(distinct), tuple(range(1, DEEPEST + 1))
    grown = [_grown(problem, depth, distinct) for depth in depths]
    seen, missed = problem.wrong([tree.predict(X) for tree in grown])
    return ErrorCurve(depths, values(seen), missed, values(tree.feature_importances_[-1] for tree in grown))


@lru_cache(maxsize=64)
def _many(problem: SplitRows, model: str, depth: int, distinct: int) -> ErrorCurve:
    """A forest or boosting, over the number of trees."""
    X, of = problem.beside(distinct), problem.seen
    if model == FOREST:
        forest = RandomForestClassifier(TREES, criterion="entropy", max_depth=depth, random_state=0)
        forest.fit(X[of], problem.codes[of])
        votes = np.array([tree.value[tree.apply(X)] for tree in forest.estimators_])
        said, share = np.cumsum(votes, axis=0).argmax(axis=2), forest.feature_importances_[-1]
        alone = float(problem.wrong(forest.classes_[votes.argmax(axis=2)])[1].mean())
        known = forest.classes_
    else:
        stages = max(3, 2 * STAGES // max(2, len(problem.classes) ** 2 // 2))
        small = GradientBoostingClassifier(stages, learning_rate=RATE, max_depth=min(depth, SMALL), random_state=0)
        small.fit(X[of], problem.codes[of])
        added = np.array([[RATE * t.value[t.apply(X), 0] for t in stage] for stage in small.estimators_])
        F = small.decision_function(X).reshape(len(X), -1).T - added.sum(axis=0) + np.cumsum(added, axis=0)
        said = (F[:, 0] > 0).astype(int) if F.shape[1] == 1 else F.argmax(axis=1)
        share, alone, known = small.feature_importances_[-1], math.nan, small.classes_
    seen, missed = problem.wrong(known[said])
    return ErrorCurve(tuple(range(1, len(seen) + 1)), values(seen), missed, (float(share),), alone)


def _mixed(problem: SplitRows) -> dict[str, Number]:
    codes, k = problem.codes[problem.seen], len(problem.classes)
    bits = impurity(codes, k, "entropy")
    return {
        "bits": Number(bits, "bits", f"entropy of the rows learnt from, half of {problem.said}"),
        "nats": Number(bits * math.log(2), "nats", "the same with the natural logarithm"),
        "gini": Number(impurity(codes, k, "gini"), "1", "Gini's index of them"),
        "gain": Number(float(problem.gains.max()), "bits", "that the best first question takes away"),
        "guess": Number(float(problem.guessed.mean()), "share", "wrong, of a constant guess"),
    }


def _lucky(problem: SplitRows, distinct: int) -> dict[str, Number]:
    gains = problem.luck_of(distinct)
    return {
        "values": Number(distinct, "values", "of a column of random numbers"),
        "luck_gain": Number(float(gains[0]), "bits", "that its best split gains by luck"),
        "luck_mean": Number(float(gains.mean()), "bits", "that such columns gain on average"),
        "luck_two": Number(float(problem.luck[0]), "bits", "that random columns of two values gain on average"),
    }


def _wrong(problem: SplitRows, one: ErrorCurve, errors: ErrorCurve, model: str, depth: int) -> dict[str, Number]:
    at, n = depth - 1 if model == TREE else -1, int(problem.seen.sum())
    return {
        "depth": Number(depth, "questions", "at most, on the way to a leaf"),
        "trees": Number(1 if model == TREE else errors.at[-1], "trees", "of the model"),
        "error_seen": Number(errors.seen[at], "share", "wrong, on seen rows"),
        "error_new": Number(errors.new[at], "share", "wrong, on new rows"),
        "tree_seen": Number(one.seen[depth - 1], "share", "wrong on seen rows, of one tree"),
        "tree_new": Number(one.new[depth - 1], "share", "wrong on new rows, of one tree"),
        "luck_share": Number(errors.luck[at], "share", "of the importance that the random column has"),
        "alone": Number(errors.alone, "share", "wrong on new rows, of the forest's trees one by one"),
        "held": Number(1 - (1 - 1 / n) ** n, "share", "of the rows that a resample holds on average"),
    }


def _clearly(one: Floats, other: Floats) -> float:
    """How many more of the new rows one gets wrong; 0 where that may be chance. Paired: where the two differ counts."""
    gap = float((one - other).mean())
    return gap if abs(gap) > CLEAR * float(standard_error_of_mean(one - other)) else 0.0


def _verdict(problem: SplitRows, one: ErrorCurve, errors: ErrorCurve, model: str, depth: int) -> str:
    best, tree = int(np.argmin(one.new)), one.missed[depth - 1]
    mine = tree if model == TREE else errors.missed[-1]
    if not _clearly(mine, problem.guessed) < 0:
        return "is no better than a guess"
    if model == TREE:
        worse = _clearly(tree, one.missed[best]) > 0
        return "is about deep enough" if not worse else "is too deep" if depth > best + 1 else "is too shallow"
    gap = _clearly(mine, tree)
    return "cannot be told from one tree" if gap == 0 else "beats one tree" if gap < 0 else "loses to one tree"


def _sentence(numbers: Mapping[str, Number], model: str, verdict: str) -> str:
    many = f"{'A forest of' if model == FOREST else 'Boosting with'} {numbers['trees']} trees"
    said = f"One tree of depth {numbers['depth']}" if model == TREE else many
    return (
        f"{said} {verdict}: {numbers['error_new']} of new rows wrong, {numbers['error_seen']} of seen ones. The best "
        f"question "
        f"gains {numbers['gain']} bits, a random column of {numbers['values']} values {numbers['luck_gain']} by "
        f"luck, and takes {numbers['luck_share']} of the importance."
    )


def _top(tree: Tree, names: tuple[str, ...], classes: tuple[str, ...]) -> Picture:
    """The first questions of a tree, and what its leaves answer."""
    top = laid_out(tree, DRAWN)
    texts, roles = [], list[Role]()
    for node in top.nodes:
        asks, answer = tree.feature[node] >= 0, int(tree.value[node].argmax())
        head = f"{visible(names[tree.feature[node]], 9)}\n≤ {shown(float(tree.threshold[node]))}" if asks else "leaf"
        rows = int(tree.n_node_samples[node])
        common = f"{visible(classes[answer], 6)} {round(rows * float(tree.value[node][answer]))}/{rows}"
        texts.append(f"{head}\n{tree.impurity[node]:.2f} bits\n{common}")
        roles.append("bad" if asks and tree.feature[node] == len(names) - 1 else "main" if asks else "good")
    says = "Each box asks, tells how mixed its rows are, and how many are of the commonest class; left is yes."
    marks = (Nodes(top.x, top.y, tuple(texts), top.links, tuple(roles)),)
    return Picture("The top of one tree", says, marks, Axis(low=-2, high=2), Axis(low=-2.4, high=0.4), bare=True)


def _over(errors: ErrorCurve, model: str, numbers: Mapping[str, Number]) -> Picture:
    here = (numbers["depth"].value or 1.0) if model == TREE else float(errors.at[-1])
    marks: list[Mark] = [
        Line(values(errors.at), errors.seen, "seen rows", "main"),
        Line(values(errors.at), errors.new, "new rows", "second", dashed=True),
        Points((here,), (numbers["error_seen"].value or 0.0,)),
        Points((here,), (numbers["error_new"].value or 0.0,), role="second"),
        Rule(numbers["guess"].value or 0.0, "constant guess", "y", "soft"),
        *([Rule(numbers["tree_new"].value or 0.0, "one tree", "y", "bad")] if model != TREE else []),
    ]
    over = "depth" if model == TREE else "trees"
    says = f"The share of wrong answers on seen and on new rows over {over}; the dots are this setting."
    return Picture(f"Error over {over}", says, tuple(marks), Axis(over), Axis("share wrong", low=0.0))


def _gained(problem: SplitRows, numbers: Mapping[str, Number]) -> Picture:
    distinct = [float(len(np.unique(column))) for column in problem.X.T]
    best = np.argsort(-problem.gains, kind="stable")[:NAMED]
    names = tuple(visible(problem.names[j], 10) for j in best)
    lucky = (numbers["values"].value or 2.0,), (numbers["luck_gain"].value or 0.0,)
    marks: list[Mark] = [
        Line(values(problem.counts), values(problem.luck), "random, on average", "bad", dashed=True),
        Points(values(distinct[j] for j in best), values(problem.gains[best]), "columns", "main", names, named=True),
        Points(*lucky, "random", "bad", hollow=True),
    ]
    says = "What the best split gains, over the number of different values: each column, and random ones."
    return Picture("Gain, and luck", says, tuple(marks), Axis("different values", log=True), Axis("bits", low=0.0))
