"""This model predicts far fewer classes than there are.

## What it measures
The effective number of predicted classes beside that of the true ones, and how many rows are of classes that are hardly
ever predicted.

## Why it matters
A model that always says the frequent class is right as often as that class comes, and useless for the others; the
accuracy hides it, most of all where classes are unbalanced. It also happens where training collapsed: a learning rate
too high, a dead output, a softmax over the wrong axis.

## The mathematics
The effective number of classes is exp of the entropy of their shares: k for k equal classes, 1 for a single one. What
is kept is (effective predicted − 1)/(effective true − 1): 0 for one predicted class, 1 for as many as there are. Taking
the likeliest class sharpens shares: a fair model of weak evidence keeps less than 1, and seldom less than a third.

## When it is wrong
Where the evidence is weak and the classes unbalanced, always saying the frequent class can be the most accurate thing
to do: the finding is true all the same, and only another cut-off or more evidence changes it. Classes merged on purpose
look collapsed.

## What to do
Look at the share of each class in training, weight the rare ones or lower their cut-off; judge by balanced accuracy or
the recall of each class, not by accuracy. If the training data are balanced, look at the learning rate and at the last
layer.

## References
H. He and E. A. Garcia, *Learning from imbalanced data*, IEEE Transactions on Knowledge and Data Engineering 21 (2009),
1263-1284. M. O. Hill, *Diversity and evenness: a unifying notation and its consequences*, Ecology 54 (1973), 427-432.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tearless.core import (
    Example,
    Limit,
    Measured,
    Mend,
    NotApplicable,
    Number,
    Severity,
    fooled,
    healthy,
    listed,
    rows_shuffled,
    sick,
)
from tearless.probability.class_pictures import of_predictions
from tearless.probability.predictions import Labels, Predictions

MEND = Mend.source
picture = of_predictions
SAME_UNDER = (rows_shuffled,)
HARDLY = 0.1

ROWS = Limit(
    of="missed",
    at=10,
    unit="rows",
    kind="derived",
    because="A class of fewer rows may go unpredicted by luck: ten rows, each predicted with a chance of 0.4, all"
    " go unpredicted less than once in a hundred times (0.6^10 = 0.006).",
)
FEW = Limit(
    of="kept",
    at=0.2,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.warning,
    because="A fifth of the variety of the truth: with ten equal classes fewer than three are predicted, with two"
    " of 9 to 1 the rare one at most once in 60 rows.",
)
ONE = Limit(
    of="kept",
    at=0.02,
    crossed="below",
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="As good as one class is predicted, whatever the row.",
)
LOST = Limit(
    of="lost",
    at=0.2,
    unit="share",
    kind="convention",
    severity=Severity.error,
    because="A fifth of the rows and more are of classes that are not predicted: what is rarer may be a choice, "
    "this is a model that does not work.",
)

HEADLINE = (
    "{predicted} of {classes} classes predicted, in effect {effective}: {largest} of the predictions are {favourite}"
)
EVIDENCE = "{missed} of {rows} rows are of {which}, hardly ever predicted; {right} of all are right"
WHY = "the accuracy is what the frequent class gives away; rows of {which} are never found"
DO = (
    "weight the rare classes in training or lower their cut-off, and judge by the recall of each class; with "
    "balanced training data look at the learning rate and the last layer"
)


def measure(found: Predictions) -> Iterator[Measured]:
    labels = found.labels
    k = len(labels.names)
    true, said = (np.bincount(codes, minlength=k).astype(np.float64) for codes in (labels.y, labels.predicted))
    classes = int((true > 0).sum())
    if classes < 2:
        raise NotApplicable("one class came in all rows")
    of_truth, of_said = _effective(true), _effective(said)
    hardly = (true > 0) & (said < HARDLY * true)
    yield _measured(labels, true, said, hardly, (of_said - 1) / (of_truth - 1))


def _measured(
    labels: Labels, true: NDArray[np.float64], said: NDArray[np.float64], hardly: NDArray[np.bool_], kept: float
) -> Measured:
    rows, missed = float(true.sum()), float(true[hardly].sum())
    favourite = int(said.argmax())
    order = [int(i) for i in np.argsort(-true, kind="stable") if hardly[i]]
    numbers = {
        "kept": Number(kept, "share", "variety of the predicted classes, as a share of the truth's"),
        "missed": Number(missed, "rows", "rows of classes that are hardly ever predicted"),
        "lost": Number(missed / rows, "share", "the same as a share of all rows"),
        "predicted": Number(float((said > 0).sum()), "classes", "classes predicted at all"),
        "classes": Number(float((true > 0).sum()), "classes", "classes that came"),
        "effective": Number(_effective(said), "classes", "effective number of predicted classes"),
        "effective_true": Number(_effective(true), "classes", "effective number of classes that came"),
        "largest": Number(float(said[favourite]) / rows, "share", "predictions of the favourite class"),
        "right": Number(float((labels.y == labels.predicted).mean()), "share", "rows predicted right"),
        "rows": Number(rows, "rows", "rows with truth and prediction"),
    }
    which = listed([labels.names[i] for i in order], most=3) or "no class"
    return Measured((), numbers, words={"favourite": listed([labels.names[favourite]]), "which": which})


def _effective(counts: NDArray[np.float64]) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def _example(truth: NDArray[np.str_], predicted: NDArray[np.str_]) -> Example:
    return Example({"truth": truth, "predicted": predicted})


def _mostly(truth: NDArray[np.str_], names: list[str], share: float, rng: np.random.Generator) -> NDArray[np.str_]:
    return np.where(rng.random(len(truth)) < share, truth, rng.choice(names, len(truth)))


@healthy
def a_fair_model(rng: np.random.Generator) -> Example:
    truth = rng.choice(["a", "b", "c"], 500, p=[0.6, 0.3, 0.1])
    return _example(truth, _mostly(truth, ["a", "b", "c"], 0.7, rng))


@healthy
def a_rare_class_seldom_found(rng: np.random.Generator) -> Example:
    truth = rng.choice(["no", "yes"], 2_000, p=[0.9, 0.1])
    found = (truth == "yes") & (rng.random(2_000) < 0.4)
    return _example(truth, np.where(found, "yes", "no"))


@healthy
def three_rows_of_another(rng: np.random.Generator) -> Example:
    return _example(np.array(["no"] * 97 + ["yes"] * 3), np.array(["no"] * 100))


@sick
def always_the_same(rng: np.random.Generator) -> Example:
    truth = rng.choice(["a", "b", "c", "d"], 200)
    return _example(truth, np.full(200, "b"))


@sick
def the_frequent_class_alone(rng: np.random.Generator) -> Example:
    truth = rng.choice(["ok", "fraud"], 5_000, p=[0.99, 0.01])
    return _example(truth, np.full(5_000, "ok"))


@sick
def two_of_ten(rng: np.random.Generator) -> Example:
    truth = rng.choice([str(k) for k in range(10)], 1_000)
    return _example(truth, np.where(truth < "5", "0", "7"))


@fooled("fires", "two classes merged on purpose into one look collapsed")
def merged_on_purpose(rng: np.random.Generator) -> Example:
    truth = rng.choice(["cat", "dog"], 300)
    return _example(truth, np.full(300, "pet"))


@fooled("silent", "the classes are predicted in their shares, but at random")
def at_random(rng: np.random.Generator) -> Example:
    truth = rng.choice(["a", "b"], 400)
    return _example(truth, rng.permutation(truth))
