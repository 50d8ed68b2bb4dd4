"""Scores of predicted classes, each with its standard error and an interval.

Every interval stays in the range of its score and has a width where all or none are right, for 20 of 20 does not prove
100 %. Which kind each has, and why:

- *accuracy*, *precision*, *recall*, micro averages: shares of rows, of predicted rows, of true rows: Blaker's exact
  interval, which holds the truth at least as often as it says, at every share and number of rows; Wilson's does so in
  90.5 % for 20 rows and an accuracy of 0.995. ``interval="score"`` gives Wilson's, for use in differences.
- *F1* of one class is 2J/(1 + J) with J = TP/(TP + FP + FN), a share as well: the interval of J, carried over.
- macro averages, *balanced accuracy*, *Matthews' coefficient*, *Cohen's kappa*: a share's exact interval with as many
  trials as the delta method's variance is worth, fewer where a class has few rows (``score_intervals.of_table``).

Scores of probabilities are in ``probability_scores``, of rankings in ``ranking_scores``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from tearless.core import InputError, listed, quoted
from tearless.statistics import table_slopes
from tearless.statistics.estimate import Estimate, of_one_length, on_the_host
from tearless.statistics.score_intervals import Interval, of_share, of_table
from tearless.statistics.table_slopes import Weights, kappa, macro_f1, mean_share

Average = Literal["binary", "macro", "micro"]
CLOSE = 1 << 16
"""Whole numbers within a span of this many are told apart by counting, not by sorting."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each true class (row) was called each class (column). ``labels`` (k,), ``counts`` (k, k).

    Made by ``confusion``.

    >>> found = Confusion(np.array(["a", "b"]), np.array([[3, 1], [2, 4]]))
    >>> found.rows, found.of("a")  # 3 rightly, 2 wrongly called a; 1 missed
    (10, (3, 2, 1))
    """

    labels: NDArray[Any]
    counts: NDArray[np.int64]

    @property
    def rows(self) -> int:
        return int(self.counts.sum())

    def of(self, positive: Any) -> tuple[int, int, int]:
        """(true positives, false positives, false negatives) of one class. Raises ``InputError`` for an unknown one."""
        at = np.flatnonzero(self.labels == positive)
        if len(at) != 1:
            known = listed([str(label) for label in self.labels])
            raise InputError(f"positive: expected one of {known}, got {quoted(str(positive))}; name one of them")
        hits = int(self.counts[at[0], at[0]])
        return hits, int(self.counts[:, at[0]].sum()) - hits, int(self.counts[at[0]].sum()) - hits


def confusion(truth: Any, predicted: Any, *, classes: Any = None) -> Confusion:
    """The confusion table of the classes that occur in either, sorted, or of ``classes`` in their order.

    Shapes (n,): labels of any kind that sorts; no nan. Exact. Raises ``InputError`` for other shapes or lengths.

    >>> confusion(["a", "a", "b"], ["a", "b", "b"]).counts.tolist()
    [[1, 1], [0, 1]]
    """
    names, true, called = coded(truth, predicted, classes)
    k = len(names)
    return Confusion(names, np.bincount(true * k + called, minlength=k * k).reshape(k, k).astype(np.int64))


def coded(truth: Any, predicted: Any, classes: Any = None) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """The classes, and each row's true and called class as its place among them. Arguments as ``confusion``.

    Shapes: classes (k,), places (n,).

    >>> [x.tolist() for x in coded(["a", "a", "b"], ["a", "b", "b"])]
    [['a', 'b'], [0, 0, 1], [0, 1, 1]]
    """
    a, b = labels(truth, "truth"), labels(predicted, "predicted")
    of_one_length(truth=a, predicted=b)
    if (a.dtype.kind in "OUS") != (b.dtype.kind in "OUS"):
        raise InputError(f"predicted: expected labels like those of truth, got {b.dtype} and {a.dtype}; use one kind")
    names, codes = _places(np.concatenate([a, b]))
    if classes is not None:
        wanted = labels(classes, "classes")
        found = wanted[:, None] == names
        if not found.any(axis=0).all() or (found.sum(axis=0) > 1).any():
            lost = listed([str(name) for name in names[found.sum(axis=0) != 1]])
            raise InputError(f"classes: expected each class that occurs once, got {lost} not so; name every class once")
        names, codes = wanted, found.argmax(axis=0)[codes]
    return names, codes[: len(a)], codes[len(a) :]


def _places(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct values, and each one's place among them: by counting where they are whole numbers close together."""
    if values.dtype.kind in "bui":
        low, high = int(values.min()), int(values.max())
        if high - low < CLOSE:
            offsets = values.astype(np.int64) - low if high < 2**63 else (values - values.min()).astype(np.int64)
            held = np.bincount(offsets, minlength=high - low + 1) > 0
            return np.flatnonzero(held).astype(values.dtype) + values.min(), (np.cumsum(held) - 1)[offsets]
    names, codes = np.unique(values, return_inverse=True)
    return names, codes.astype(np.int64)


def labels(y: Any, name: str) -> NDArray[Any]:
    """Labels as a NumPy vector. Raises ``InputError`` for other shapes, for none, and for nan.

    Shape (n,), of any kind; ``name`` is the argument's, for the message.

    >>> labels(["a", "b"], "truth").tolist()
    ['a', 'b']
    >>> labels([], "truth")
    Traceback (most recent call last):
    ...
    tearless.core.errors.InputError: truth: expected one label a row, got shape (0,); give a vector
    """
    values = np.asarray(on_the_host(y))
    if values.ndim != 1 or not values.size:
        raise InputError(f"{name}: expected one label a row, got shape {values.shape}; give a vector")
    if (values.dtype.kind == "f" and np.isnan(values).any()) or (values.dtype == object and (values != values).any()):
        raise InputError(f"{name}: expected labels, got nan among them; drop those rows")
    return values


def accuracy(truth: Any, predicted: Any, *, level: float = 0.95, interval: Interval = "exact") -> Estimate:
    """The share of rows whose class was predicted.

    ``interval`` is "exact" (Blaker's) or "score" (Wilson's). Raises ``InputError`` as ``confusion``.

    >>> print(accuracy([0, 0, 1, 1], [0, 1, 1, 1]))
    0.75 (0.2486 to 0.9873)
    """
    table = confusion(truth, predicted)
    return of_share(int(np.trace(table.counts)), table.rows, level, interval=interval)


def precision(
    truth: Any,
    predicted: Any,
    *,
    average: Average = "binary",
    positive: Any = 1,
    level: float = 0.95,
    interval: Interval = "exact",
) -> Estimate:
    """The share of the rows called positive that are: TP/(TP + FP), 0 (from 0 to 1) where none was.

    ``average="macro"`` is the mean over classes, ``"micro"`` the accuracy. ``interval`` as ``accuracy``, but for the
    macro average, which has one kind. Raises ``InputError`` as ``confusion``.

    >>> print(precision([0, 0, 1, 1], [0, 1, 1, 1]))
    0.6667 (0.1354 to 0.983)
    """
    table = confusion(truth, predicted)
    if _averaged(average) == "binary":
        hits, false_alarms, _ = table.of(positive)
        return of_share(hits, hits + false_alarms, level, interval=interval)
    return _mean_of_shares(table, 0, average, level, interval)


def recall(
    truth: Any,
    predicted: Any,
    *,
    average: Average = "binary",
    positive: Any = 1,
    level: float = 0.95,
    interval: Interval = "exact",
) -> Estimate:
    """The share of the positive rows that were called so: TP/(TP + FN), 0 (from 0 to 1) where there is none.

    ``average`` and ``interval`` as ``precision``.

    >>> print(recall([0, 0, 1, 1], [0, 1, 1, 1]))
    1 (0.2236 to 1)
    """
    table = confusion(truth, predicted)
    if _averaged(average) == "binary":
        hits, _, misses = table.of(positive)
        return of_share(hits, hits + misses, level, interval=interval)
    return _mean_of_shares(table, 1, average, level, interval)


def f1(
    truth: Any,
    predicted: Any,
    *,
    average: Average = "binary",
    positive: Any = 1,
    level: float = 0.95,
    interval: Interval = "exact",
) -> Estimate:
    """The harmonic mean of precision and recall, 2TP/(2TP + FP + FN); 0 (from 0 to 1) where the class never occurs.

    Among the rows that are or were called positive the hits are a share J, and F1 = 2J/(1 + J) rises with it.
    ``average`` and ``interval`` as ``precision``.

    >>> print(f1([0, 0, 1, 1], [0, 1, 1, 1]))  # 2*2 / (2*2 + 1 + 0)
    0.8 (0.2384 to 0.9915)
    """
    table = confusion(truth, predicted)
    if _averaged(average) == "micro":
        return of_share(int(np.trace(table.counts)), table.rows, level, interval=interval)
    if average == "binary":
        hits, false_alarms, misses = table.of(positive)
        return of_share(hits, hits + false_alarms + misses, level, lambda j: 2 * j / (1 + j), interval=interval)
    return of_table(table.counts, macro_f1, level)


def balanced_accuracy(truth: Any, predicted: Any, *, level: float = 0.95) -> Estimate:
    """The mean over the true classes of the share found: accuracy as if all classes were as frequent.

    >>> print(balanced_accuracy([0, 0, 0, 1], [0, 0, 0, 0]))
    0.5 (0.01196 to 0.988)
    """
    table = confusion(truth, predicted)
    return of_table(table.counts, mean_share(1, seen_only=True), level)


def matthews(truth: Any, predicted: Any, *, level: float = 0.95) -> Estimate:
    """Matthews' correlation coefficient of k classes: the correlation of the two columns of 0/1 indicators.

    In [−1, 1]; 0 at chance, and where one side holds one class only (the interval is then −1 to 1). J. Gorodkin,
    Comput. Biol. Chem. 28, 2004, 367-374.

    >>> found = matthews([0, 0, 1, 1], [0, 1, 1, 1])  # (2*1 - 1*0) / sqrt(3*2*2*1)
    >>> round(found.value, 6), found.low < 0 < found.high < 1
    (0.57735, True)
    """
    table = confusion(truth, predicted)
    if min(_occurring(table.counts, 0), _occurring(table.counts, 1)) < 2:
        return Estimate(0.0, math.nan, -1.0, 1.0, level)
    return of_table(table.counts, table_slopes.matthews, level, least=-1.0)


def cohens_kappa(
    truth: Any, predicted: Any, *, weights: Weights = "none", classes: Any = None, level: float = 0.95
) -> Estimate:
    """Cohen's κ: the agreement beyond chance, (pₒ − pₑ)/(1 − pₑ), pₑ that of independent columns with these margins.

    At most 1; 0 at chance; nan (from −1 to 1) where both sides hold one and the same class. With ``weights`` a mistake
    costs the distance of the two classes in the order of ``classes`` (sorted if not given), or its square. J. Cohen,
    Educ. Psychol. Meas. 20, 1960, 37-46; Psychol. Bull. 70, 1968, 213-220; the large-sample variance J. L. Fleiss, J.
    Cohen, B. S. Everitt, Psychol. Bull. 72, 1969. Raises ``InputError`` as ``confusion``, and for other ``weights``.

    >>> round(cohens_kappa([0, 0, 1, 1], [0, 1, 1, 1]).value, 12)  # (0.75 - 0.5) / (1 - 0.5)
    0.5
    """
    if weights not in get_args(Weights):
        raise InputError(f"weights: expected one of {get_args(Weights)}, got {weights!r}; name one of them")
    table = confusion(truth, predicted, classes=classes)
    if min(_occurring(table.counts, 0), _occurring(table.counts, 1)) < 2:
        one = np.count_nonzero(table.counts.sum(axis=0) + table.counts.sum(axis=1)) < 2
        return Estimate(math.nan if one else 0.0, math.nan, -1.0, 1.0, level)
    return of_table(table.counts, kappa(weights), level, least=-1.0)


def _occurring(counts: NDArray[np.int64], axis: int) -> int:
    """How many classes occur among the predictions (axis 0) or the truth (axis 1)."""
    return int(np.count_nonzero(counts.sum(axis=axis)))


def _averaged(average: str) -> str:
    if average not in get_args(Average):
        raise InputError(f"average: expected one of {get_args(Average)}, got {average!r}; name one of them")
    return average


def _mean_of_shares(table: Confusion, axis: int, average: str, level: float, interval: Interval) -> Estimate:
    """The mean over classes of hits over the sum along ``axis``: 0 gives precision, 1 recall."""
    if average == "micro":
        return of_share(int(np.trace(table.counts)), table.rows, level, interval=interval)
    return of_table(table.counts, mean_share(axis), level)
