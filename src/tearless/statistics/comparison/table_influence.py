"""What each row adds to a score of predicted classes: precision, recall, F1, balanced accuracy, Matthews, kappa."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError, listed, quoted
from tearless.statistics import table_slopes
from tearless.statistics.classification_scores import coded
from tearless.statistics.comparison.influence import Influence
from tearless.statistics.estimate import Floats
from tearless.statistics.table_slopes import Scored, Weights, contributions

QUARTER = 0.25
"""The largest variance of a share."""


def of_accuracy(truth: Any, predicted: Any, **_: Any) -> Influence:
    """Of the share of rows whose class was predicted; also every micro average.

    >>> of_accuracy([0, 0, 1, 1], [0, 1, 1, 1]).value
    0.75
    """
    names, true, called = coded(truth, predicted)
    return _influence(true, called, len(names), table_slopes.accuracy, len(true))


def of_share(axis: int) -> Callable[..., Influence]:
    """Of precision (axis 0) or recall (axis 1) of the class ``positive``.

    >>> of_share(0)([0, 0, 1, 1], [0, 1, 1, 1], positive=1).units  # rows called 1
    3
    """

    def of(truth: Any, predicted: Any, *, positive: Any = 1, **_: Any) -> Influence:
        names, true, called = coded(truth, predicted)
        at = _place(names, positive)
        base = int(np.count_nonzero((true if axis else called) == at))
        unknown = QUARTER if base < 2 else 0.0
        score = table_slopes.share_of(axis, at)
        return _influence(true, called, len(names), score, base, unknown, by_class=bool(axis))

    return of


def of_mean_share(axis: int, *, seen_only: bool = False) -> Callable[..., Influence]:
    """Of the mean over classes of precision (axis 0) or recall (axis 1).

    >>> of_mean_share(1)([0, 0, 1, 1], [0, 1, 1, 1]).value  # (1/2 + 2/2) / 2
    0.75
    """

    def of(truth: Any, predicted: Any, **_: Any) -> Influence:
        names, true, called = coded(truth, predicted)
        base = np.bincount(true if axis else called, minlength=len(names))
        counted = base[base > 0] if seen_only else base
        unknown = QUARTER * int((counted < 2).sum()) / len(counted) ** 2
        score = table_slopes.mean_share(axis, seen_only=seen_only)
        units = int(base[base > 0].min())
        return _influence(true, called, len(names), score, units, unknown, by_class=bool(axis))

    return of


def of_f1(truth: Any, predicted: Any, *, positive: Any = 1, **_: Any) -> Influence:
    """Of F1 of the class ``positive``.

    >>> of_f1([0, 0, 1, 1], [0, 1, 1, 1], positive=1).value
    0.8
    """
    names, true, called = coded(truth, predicted)
    at = _place(names, positive)
    base = int(np.count_nonzero((true == at) | (called == at)))
    return _influence(true, called, len(names), table_slopes.f1_of(at), base, QUARTER if base < 2 else 0.0)


def of_macro_f1(truth: Any, predicted: Any, **_: Any) -> Influence:
    """Of the mean over classes of F1.

    >>> round(of_macro_f1([0, 0, 1, 1], [0, 1, 1, 1]).value, 6)  # (2/3 + 4/5) / 2
    0.733333
    """
    names, true, called = coded(truth, predicted)
    k = len(names)
    hits = np.bincount(true[true == called], minlength=k)
    base = np.bincount(true, minlength=k) + np.bincount(called, minlength=k) - hits
    unknown = QUARTER * int((base < 2).sum()) / k**2
    return _influence(true, called, k, table_slopes.macro_f1, int(base.min()), unknown)


def of_matthews(truth: Any, predicted: Any, **_: Any) -> Influence:
    """Of Matthews' coefficient; 0, and nothing known, where one side holds one class only.

    >>> round(of_matthews([0, 0, 1, 1], [0, 1, 1, 1]).value, 6)
    0.57735
    """
    return _of_agreement(*coded(truth, predicted), table_slopes.matthews)


def of_kappa(weights: Weights = "none") -> Callable[..., Influence]:
    """Of Cohen's κ, unweighted or weighted by the distance of the classes in the order of ``classes``.

    >>> round(of_kappa()([0, 0, 1, 1], [0, 1, 1, 1]).value, 12)
    0.5
    """

    def of(truth: Any, predicted: Any, *, classes: Any = None, **_: Any) -> Influence:
        return _of_agreement(*coded(truth, predicted, classes), table_slopes.kappa(weights))

    return of


def _of_agreement(
    names: NDArray[Any], true: NDArray[np.int64], called: NDArray[np.int64], score: Callable[[Floats], Scored]
) -> Influence:
    sizes = np.bincount(true, minlength=len(names))
    if np.count_nonzero(sizes) < 2:
        raise InputError("truth: expected at least two classes, got one; agreement beyond chance needs two")
    if (called == called[0]).all():
        return Influence(0.0, np.zeros(len(true)), 1, None, 1.0, 2.0)
    return _influence(true, called, len(names), score, int(sizes[sizes > 0].min()), worst=2.0)


def _influence(
    true: NDArray[np.int64],
    called: NDArray[np.int64],
    k: int,
    score: Callable[[Floats], Scored],
    units: float,
    unknown: float = 0.0,
    worst: float = 1.0,
    *,
    by_class: bool = False,
) -> Influence:
    """From the slope of the score by each cell of the table."""
    n = len(true)
    cells = true * k + called
    shares = np.bincount(cells, minlength=k * k).reshape(k, k) / n
    value, slope = score(shares)
    added = contributions(shares, slope)
    if by_class:
        sizes = np.bincount(true, minlength=k)
        added = added * np.sqrt(sizes / np.maximum(sizes - 1, 1))[:, None]
    else:
        added = added * math.sqrt(n / max(n - 1, 1))
    if n == 1:
        unknown = (worst / 2) ** 2
    strata = true.astype(np.intp) if by_class else None
    return Influence(value, added.ravel()[cells], units, strata, unknown, worst)


def _place(names: NDArray[Any], positive: Any) -> int:
    at = np.flatnonzero(names == positive)
    if len(at) != 1:
        known = listed([str(name) for name in names])
        raise InputError(f"positive: expected one of {known}, got {quoted(str(positive))}; name one of them")
    return int(at[0])
