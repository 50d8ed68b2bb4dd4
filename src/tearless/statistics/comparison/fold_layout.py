"""How scores came about, read from their repeat and fold columns or from their number alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive, whole
from tearless.statistics.classification_scores import labels
from tearless.statistics.estimate import of_one_length

MOST_FOLDS = 20
"""Up to so many scores alone are read as one k-fold cross-validation: more folds are rarely cut."""

Kind = Literal["k-fold", "repeated k-fold", "random splits", "5x2"]


@dataclass(frozen=True, slots=True)
class FoldLayout:
    """The design behind scores per fold: ``repeats`` × ``folds`` (1 for random splits), test rows over training rows.

    Made by ``recognise_folds``, of one ``kind``; ``test_to_train`` is that ratio. ``said`` is the design in words;
    ``certain`` is false where it was read from the number of scores alone, and then ``said`` names what else they could
    be.
    """

    kind: Kind
    repeats: int
    folds: int
    test_to_train: float
    certain: bool
    said: str


def recognise_folds(
    n_scores: int, *, repeat: Any = None, fold: Any = None, test_to_train: float | None = None
) -> FoldLayout:
    """The design of ``n_scores`` scores, from columns (n_scores,) that number repeat and fold where there are any.

    With k folds in each repeat the test rows are 1/(k − 1) of the training rows. One score a repeat is a random split,
    and needs ``test_to_train``. Five repeats of two folds are 5×2 cross-validation. Without columns: up to 20 scores
    are read as folds of one cross-validation, more as repeats of ten or five folds, and ``certain`` is false. Raises
    ``InputError`` for a (repeat, fold) that comes twice, repeats of unequal size, or a number no usual design has.

    >>> recognise_folds(6, repeat=[1, 1, 1, 2, 2, 2], fold=[1, 2, 3, 1, 2, 3]).said
    '2 repeats of 3-fold cross-validation'
    >>> recognise_folds(100).said
    '10 repeats of 10-fold cross-validation, read from 100 scores alone: name the design if they are random splits'
    """
    n = whole(n_scores, "n_scores", least=2)
    ratio = None if test_to_train is None else positive(test_to_train, "test_to_train")
    if repeat is None and fold is None:
        return _from_count(n, ratio)
    repeats, folds = _counted(n, repeat, fold)
    if folds == 1:
        return _random_splits(n, ratio)
    if ratio is not None and not math.isclose(ratio, 1 / (folds - 1), rel_tol=0.25):
        return _random_splits(n, ratio)
    return _folds(repeats, folds, ratio, certain=not (repeat is None and repeats == 1 and folds > MOST_FOLDS))


def _counted(n: int, repeat: Any, fold: Any) -> tuple[int, int]:
    """Repeats and folds a repeat, from the columns."""
    columns = {name: labels(x, name) for name, x in (("repeat", repeat), ("fold", fold)) if x is not None}
    of_one_length(scores=range(n), **columns)
    codes = {name: np.unique(x, return_inverse=True) for name, x in columns.items()}
    if fold is None:
        names, counts = np.unique(columns["repeat"], return_counts=True)
    elif repeat is None:
        names, counts = np.unique(columns["fold"], return_counts=True)
    else:
        names, counts = np.unique(columns["repeat"], return_counts=True)
        pairs = codes["repeat"][1] * len(codes["fold"][0]) + codes["fold"][1]
        if len(np.unique(pairs)) < n:
            raise InputError("repeat, fold: expected each pair once, got some twice; number the repeats apart")
    if counts.min() != counts.max():
        at = int(np.argmin(counts))
        got = f"{counts.min()} of {names[at]} and {counts.max()} of {names[int(np.argmax(counts))]}"
        raise InputError(f"repeat, fold: expected one number of scores for each, got {got}; leave broken repeats out")
    size = int(counts[0])
    return (size, len(names)) if repeat is None else (len(names), size)


def _from_count(n: int, ratio: float | None) -> FoldLayout:
    if ratio is not None:
        return _random_splits(n, ratio)
    if n <= MOST_FOLDS:
        return _folds(1, n, None, certain=False)
    for k in (10, 5):
        if n % k == 0:
            return _folds(n // k, k, None, certain=False)
    raise InputError(f"n_scores: expected whole repeats of 10 or 5 folds, got {n}; pass test_to_train=")


def _folds(repeats: int, folds: int, ratio: float | None, *, certain: bool) -> FoldLayout:
    ratio = 1 / (folds - 1) if ratio is None else ratio
    five_by_two = (repeats, folds) == (5, 2)
    kind: Kind = "5x2" if five_by_two else "k-fold" if repeats == 1 else "repeated k-fold"
    often = "" if repeats == 1 else f"{repeats} repeats of "
    said = "5×2 cross-validation" if five_by_two else f"{often}{folds}-fold cross-validation"
    if not certain:
        other = "5×2 cross-validation or random splits" if repeats * folds == 10 else "random splits"
        said += f", read from {repeats * folds} scores alone: name the design if they are {other}"
    return FoldLayout(kind, repeats, folds, ratio, certain, said)


def _random_splits(n: int, ratio: float | None) -> FoldLayout:
    if ratio is None:
        raise InputError(
            f"test_to_train: expected test rows over training rows for {n} random splits, got none; 0.25 is a 20 % test"
        )
    return FoldLayout("random splits", n, 1, ratio, True, f"{n} splits or folds, {ratio:.3g} test rows a training row")
