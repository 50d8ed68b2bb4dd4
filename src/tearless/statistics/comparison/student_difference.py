"""A difference judged by Student's t: the test and the interval from one statistic, so that they cannot disagree."""

from __future__ import annotations

import math
import sys

import numpy as np
from scipy.special import stdtr

from tearless.core import InputError
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.estimate import Estimate, Floats, normal_quantile, student_quantile

ROUNDING = 64 * sys.float_info.epsilon
"""Relative size under which a spread is what rounding leaves of none."""


def student_difference(
    value: float, error: float, freedom: float, *, test: str, interval: str, level: float = 0.95
) -> Difference:
    """The two-sided t test of ``value``/``error`` and the interval value ± t·error, with ``freedom`` degrees.

    Where value and error are both 0 nothing was seen to differ and nothing shows how far chance goes: p = 1, and no
    ends. Raises ``InputError`` for an error of 0 under another value, and for a level outside 0 to 1. Exact to
    rounding.

    >>> print(student_difference(2.0, 1.0, 10, test="t", interval="t"))
    2 (-0.2281 to 4.228), p = 0.0734 by t
    """
    reach = student_quantile(level, max(freedom, 1.0))
    if error == 0:
        if value != 0:
            raise InputError(f"differences: expected some spread, got {value:.6g} each time; compare item by item")
        return Difference(Estimate(0.0, 0.0, -math.inf, math.inf, level), 1.0, test, interval)
    p = 2 * float(stdtr(max(freedom, 1.0), -abs(value / error)))
    ends = (value - reach * error, value + reach * error)
    return Difference(Estimate(value, error, *ends, level), max(p, sys.float_info.min), test, interval)


def freedom_of(reach: float, error: float, level: float = 0.95) -> float:
    """The degrees of freedom with which Student's quantile makes ``reach`` of ``error``: half an interval tells them.

    ``reach`` and ``error`` above 0. At least 1; inf where the reach is no more than the normal's. To 12 digits.

    >>> round(freedom_of(2.228139, 1.0), 3), freedom_of(1.9, 1.0)
    (10.0, inf)
    """
    stretch = reach / error
    if stretch <= normal_quantile(level) * (1 + 1e-9):
        return math.inf
    low, high = 0.0, math.log(1e12)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if student_quantile(level, math.exp(middle)) > stretch else (low, middle)
    return math.exp(high)


def only_rounding(spread: float, *scores: Floats) -> bool:
    """Whether a standard deviation is no more than the rounding of the scores (n,) it came from.

    >>> b, a = np.array([0.91, 0.11]), np.array([0.90, 0.10])
    >>> bool((b - a).std() > 0), only_rounding(float((b - a).std()), a, b)
    (True, True)
    """
    return spread <= ROUNDING * max(float(np.abs(x).max()) for x in scores)
