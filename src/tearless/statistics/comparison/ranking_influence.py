"""What each row adds to a score of a ranking: the area under ROC and the average precision, of two classes or more."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError, listed
from tearless.statistics.classification_scores import labels
from tearless.statistics.comparison.influence import Influence
from tearless.statistics.estimate import Floats, of_one_length, plain
from tearless.statistics.placements import placements
from tearless.statistics.ranking_scores import positive_rows

Ranked = Callable[[Floats, NDArray[np.bool_]], tuple[float, Floats]]
QUARTER = 0.25
"""The largest variance of a mean placement or a precision: where a class has one row it is not seen."""


def area(score: Floats, positive: NDArray[np.bool_]) -> tuple[float, Floats]:
    """The area under ROC, and what each row adds to it: the squares add up to DeLong's variance.

    Shapes (n,), finite; both classes occur.

    >>> value, added = area(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    >>> value, round(float(added @ added), 12)
    (0.75, 0.125)
    """
    placed = placements(score, positive)
    value = float(placed[positive].mean())
    placed -= value
    for side in (positive, ~positive):
        size = int(side.sum())
        placed[side] /= math.sqrt(size * max(size - 1, 1))
    return value, placed


def of_two(ranked: Ranked) -> Callable[..., Influence]:
    """Of a score of two classes, the one called ``positive`` ranked above the other.

    >>> round(of_two(area)([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).variance, 12)
    0.125
    """

    def of(truth: Any, predicted: Any, *, positive: Any = 1, **_: Any) -> Influence:
        is_positive, x = positive_rows(truth, predicted, positive)
        value, added = ranked(x, is_positive)
        m = int(is_positive.sum())
        least = min(m, len(x) - m)
        unknown = QUARTER if least < 2 else 0.0
        return Influence(value, added * len(x), least, is_positive.astype(np.intp), unknown)

    return of


def macro(ranked: Ranked) -> Callable[..., Influence]:
    """Of the mean over classes of a score of each against the rest: ``predicted`` (n, k), one column a class.

    >>> scores = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.1, 0.2, 0.7], [0.9, 0.05, 0.05]]
    >>> round(macro(area)(["a", "b", "c", "c"], scores).value, 6)  # (2/3 + 1 + 1/2) / 3
    0.722222
    """

    def of(truth: Any, predicted: Any, *, classes: Any = None, **_: Any) -> Influence:
        codes, x = _columns(truth, predicted, classes)
        k = x.shape[1]
        total, value = np.zeros(len(codes)), 0.0
        for at in range(k):
            part, added = ranked(np.ascontiguousarray(x[:, at]), codes == at)
            value += part / k
            total += added
        sizes = np.bincount(codes, minlength=k)
        unknown = QUARTER * int((sizes < 2).sum()) / k**2
        return Influence(value, total * (len(codes) / k), int(sizes.min()), codes, unknown)

    return of


def micro(ranked: Ranked) -> Callable[..., Influence]:
    """Of the score of all n·k pairs of a row and a class at once, the pairs of a row taken together.

    >>> scores = [[0.8, 0.1, 0.1], [0.3, 0.6, 0.1], [0.1, 0.2, 0.7], [0.9, 0.05, 0.05]]
    >>> round(micro(area)(["a", "b", "c", "c"], scores).value, 6)  # 21.5 of 32 pairs
    0.671875
    """

    def of(truth: Any, predicted: Any, *, classes: Any = None, **_: Any) -> Influence:
        codes, x = _columns(truth, predicted, classes)
        n, k = x.shape
        right = np.zeros((n, k), dtype=bool)
        right[np.arange(n), codes] = True
        value, added = ranked(x.ravel(), right.ravel())
        psi = added.reshape(n, k).sum(axis=1) * n
        psi *= math.sqrt(n / max(n - 1, 1))
        return Influence(value, psi, n, None, QUARTER if n < 2 else 0.0)

    return of


def _columns(truth: Any, predicted: Any, classes: Any) -> tuple[NDArray[np.intp], Floats]:
    """The column of each row's class, and the scores (n, k); every class has a row and every row a column."""
    y, x = labels(truth, "truth"), plain(predicted, "predicted", ndim=2)
    of_one_length(truth=y, predicted=x)
    names = np.unique(y) if classes is None else labels(classes, "classes")
    if len(names) != x.shape[1] or len(names) < 2:
        got = f"{len(names)} classes for {x.shape[1]}"
        raise InputError(f"predicted: expected one column a class, two at least, got {got}; name all with classes=")
    order = np.argsort(names, kind="stable")
    at = np.clip(np.searchsorted(names[order], y), 0, len(names) - 1)
    codes = order[at]
    if (names[codes] != y).any():
        raise InputError("truth: expected classes that have a column, got others; name all with classes=")
    missing = np.flatnonzero(np.bincount(codes, minlength=len(names)) == 0)
    if len(missing):
        lost = listed([str(names[i]) for i in missing])
        raise InputError(f"truth: expected rows of every class, got none of {lost}; leave out classes without rows")
    return codes, x
