"""Areas under ROC of several models on the same rows: DeLong's covariance, and the difference of two areas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import chdtrc

from tearless.core import InputError
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.influence import Spread, by_t, paired_difference
from tearless.statistics.comparison.ranking_influence import area, of_two
from tearless.statistics.estimate import Floats
from tearless.statistics.ranking_scores import positive_rows

Reference = Literal["t", "normal"]


@dataclass(frozen=True, slots=True)
class Areas:
    """Areas of k models on the same rows, shape (k,), and how they vary together, (k, k).

    >>> delong([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.1, 0.2, 0.3, 0.4]).areas.tolist()
    [0.75, 1.0]
    """

    areas: Floats
    covariance: Floats
    positives: int
    negatives: int

    def all_equal(self) -> tuple[float, int, float]:
        """χ², its degrees of freedom, and the chance of such differences where all areas are one (large samples).

        Directions in which the areas never vary are left out, unless they differ there: nan then.

        >>> found = Areas(np.array([0.7, 0.8]), np.array([[0.002, 0.001], [0.001, 0.002]]), 50, 50)
        >>> chi_square, freedom, p = found.all_equal()  # 0.1² / 0.002
        >>> round(chi_square, 6), freedom, round(p, 6)
        (5.0, 1, 0.025347)
        """
        if np.isnan(self.covariance).any():
            return math.nan, 0, math.nan
        less = np.diff(np.eye(len(self.areas)), axis=0)
        gaps, spread = less @ self.areas, less @ self.covariance @ less.T
        values, directions = np.linalg.eigh(spread)
        held = values > 1e-12 * max(float(self.covariance.trace()), float(values.max(initial=0.0)))
        along = directions.T @ gaps
        if (np.abs(along[~held]) > 1e-9).any():
            return math.nan, int(held.sum()), math.nan
        chi_square = float((along[held] ** 2 / values[held]).sum())
        freedom = int(held.sum())
        return chi_square, freedom, float(chdtrc(freedom, chi_square)) if freedom else 1.0


def delong(truth: Any, *scores: Any, positive: Any = 1) -> Areas:
    """The areas under ROC of several models on the same rows, and their covariance, in O(n log n) each.

    ``truth`` (n,) labels of two classes; each of ``scores`` (n,), finite, of one model. The covariance adds those of
    the models' placements in either class, over m and n rows (E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson,
    Biometrics 44, 1988, 837-845), by ranks instead of the m·n pairs (X. Sun, W. Xu, IEEE Signal Processing Letters 21,
    2014, 1389-1393). Exact up to rounding. A class with one row brings no spread: nan. Raises ``InputError`` unless
    both classes occur.

    >>> found = delong([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], [0.1, 0.2, 0.3, 0.4])
    >>> found.areas.tolist(), found.covariance.round(12).tolist()
    ([0.75, 1.0], [[0.125, 0.0], [0.0, 0.0]])
    """
    if not scores:
        raise InputError("scores: expected the scores of one model or more, got none; pass them after truth")
    areas, added = [], []
    for i, score in enumerate(scores):
        is_positive, x = positive_rows(truth, score, positive, f"score {i + 1}")
        value, parts = area(x, is_positive)
        areas.append(value)
        added.append(parts)
    stacked = np.stack(added)
    m = int(is_positive.sum())
    n = len(is_positive) - m
    covariance: Floats = stacked @ stacked.T if min(m, n) > 1 else np.full((len(areas), len(areas)), math.nan)
    return Areas(np.array(areas), covariance, m, n)


def compare_areas(
    truth: Any, a: Any, b: Any, *, positive: Any = 1, level: float = 0.95, reference: Reference = "t"
) -> Difference:
    """The area under ROC of B less that of A on the same rows, with DeLong's variance.

    Shapes (n,) as ``delong``. The test divides the difference by its standard error; ``reference="normal"`` reads that
    as DeLong, DeLong and Clarke-Pearson do, "t" by Student's t with the degrees of freedom that the placements are
    worth (``spread_of``), for they may rest on a few rows: with 5 rows of one class and 100 of the other the normal
    finds a difference between equal areas 9 to 11 % of the time at 5 %. The interval is of the same statistic, within
    ±1, with the outer end of ``paired_difference``. Where the
    rows show no spread (two perfect areas, identical rankings) both are exact bounds by the number of rows in the rarer
    class. With one row in a class nothing is known of that class: half of the range either way. Raises ``InputError``
    as ``delong``.

    >>> y = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> found = compare_areas(y, [1, 2, 3, 5, 4, 6, 7, 2], [1, 2, 3, 5, 4, 6, 7, 8])
    >>> round(found.estimate.value, 5)  # 3.5 pairs of 16 more; 12.5 -> 15... ties by half
    0.15625
    """
    if reference not in get_args(Reference):
        raise InputError(f"reference: expected one of {get_args(Reference)}, got {reference!r}; name one of them")
    of = of_two(area)
    first, second = of(truth, a, positive=positive), of(truth, b, positive=positive)
    found = paired_difference(first, second, 1.0, level, "the area", 0.0)
    if reference == "t" or not found.test.startswith("paired t"):
        return found
    e = found.estimate
    return by_t(e.value, Spread(e.standard_error, math.inf), 1.0, level, "DeLong")
