"""Ten thousand cases at 0.95: are 500 of them wrong? How many mistakes to expect, with what the data leave open."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from tearless.core import InputError
from tearless.linear_algebra.arrays import whole
from tearless.probability.beta_binomial import MOST, predicted_successes
from tearless.probability.calibration.forecasts import (
    Interval,
    confidence,
    exact_share,
    outcomes,
    probabilities,
    vector,
)
from tearless.probability.poisson_binomial import poisson_binomial


@dataclass(frozen=True, slots=True)
class Mistakes:
    """How many of ``cases`` will be wrong: the expected number and the range that holds it with at least ``level``.

    Made by ``if_honest`` and ``from_data``; the range is from ``low`` to ``high``, both counts included.
    """

    cases: int
    expected: float
    low: int
    high: int
    level: float

    def __str__(self) -> str:
        return f"{self.expected:,.0f} of {self.cases:,} ({self.low:,} to {self.high:,})"


@dataclass(frozen=True, slots=True)
class Near:
    """Rows whose forecast lies from ``left`` to ``right``: what was said on average, and the share that came true.

    Made by ``near``; ``count`` says how many rows they are.
    """

    left: float
    right: float
    count: int
    said: float
    came: Interval


def if_honest(confidences: Any, *, level: float = 0.95) -> Mistakes:
    """The mistakes among decisions of these probabilities of being right, (n,), if the probabilities are honest.

    Mistakes are independent with chances 1 − p: their number is Poisson-binomial, and the range is exact. Raises
    ``InputError`` for numbers outside 0..1.

    >>> print(if_honest(np.full(10_000, 0.95)))
    500 of 10,000 (458 to 543)
    """
    p = vector(confidences, "confidences")
    probabilities(p, "confidences")
    confidence(level)
    law = poisson_binomial(1 - p)
    low, high = law.central(level)
    return Mistakes(len(p), law.mean, low, high, level)


def near(y: Any, p: Any, at: float, *, rows: int | None = None, level: float = 0.95) -> Near:
    """The rows with the forecasts nearest to ``at``, and how many of them came true.

    ``y`` (n,) is 1 where the decision was right (``calibration_error.top_label``), ``p`` (n,) its probability.
    ``rows``: how many; a fifteenth of all, but 100 or more, is taken else. Rows as near as the last all count. Raises
    ``InputError`` as ``forecasts.outcomes``.

    >>> told = near([1, 0, 1, 1], [0.2, 0.9, 0.95, 1.0], 0.95, rows=3)
    >>> told.count, round(told.came.value, 4)
    (3, 0.6667)
    """
    came, said = outcomes(y, p)
    probabilities(vector([at], "at"), "at")
    n = len(said)
    wanted = min(n, max(100, math.ceil(n / 15)) if rows is None else whole(rows, "rows"))
    far = np.abs(said - at)
    within = far <= np.partition(far, wanted - 1)[wanted - 1] * (1 + 1e-12)
    k, m = int(came[within].sum()), int(within.sum())
    low, high = exact_share(k, m, level)
    share = Interval(k / m, float(low), float(high), level)
    return Near(float(said[within].min()), float(said[within].max()), m, float(said[within].mean()), share)


def from_data(y: Any, p: Any, at: float, cases: int, *, rows: int | None = None, level: float = 0.95) -> Mistakes:
    """The mistakes among ``cases`` new decisions of probability ``at``, from how such decisions turned out before.

    Beta-binomial from the k mistakes among the m rows ``near`` ``at``, with half a mistake and half a hit added
    (Jeffreys' prior): the range has both the luck of the new cases and the doubt about the rate. Raises ``InputError``
    for more than 10 million cases, and as ``near``.

    Said 0.95, and 20 of 100 were wrong: not 500 of 10,000 will be, but about 2,000.

    >>> print(from_data([1] * 80 + [0] * 20, np.full(100, 0.95), 0.95, 10_000))
    2,030 of 10,000 (1,304 to 2,867)
    """
    whole(cases, "cases", most=MOST)
    told = near(y, p, at, rows=rows, level=level)
    right = round(told.came.value * told.count)
    if told.count < 1:
        raise InputError("p: expected rows to judge by, got none; lower what is asked")
    a, b = told.count - right + 0.5, right + 0.5
    low, high = predicted_successes(cases, a, b, level)
    return Mistakes(cases, cases * a / (a + b), low, high, level)
