"""Right or wrong on two different test sets: the difference of two models' accuracies, its interval and its test.

Score intervals and tests hold a difference d, find the likeliest accuracies p and p + d, and take the standard error
that these would have. The likeliest pair is found along its path: with a multiplier λ, the accuracy of A solves
x − np = λp(1 − p) and that of B the same with −λ, two quadratics that lose no digits; d then rises with λ, and the
score is λ√V where V = p(1 − p)/n added over the two. (The closed form by the cubic of Miettinen and Nurminen takes an
arc cosine near 1, and loses half its digits where shares are small.)
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, logsumexp

from tearless.core import InputError
from tearless.probability.saddle_point import log_binomial
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.mcnemar import LEAST_P, checked_count, normal_size
from tearless.statistics.comparison.tied_interval import contradicts, cut_at_nothing, tied
from tearless.statistics.estimate import Estimate, Floats, normal_quantile
from tearless.statistics.intervals import difference_of_shares

Test = Literal["score", "pooled-z", "fisher", "mid-p"]
Interval = Literal["score", "newcombe", "agresti-caffo", "wald"]
TITLES = {
    "score": "Miettinen and Nurminen's score test",
    "pooled-z": "the pooled z test",
    "fisher": "Fisher's exact test",
    "mid-p": "Fisher's mid-p test",
}
"""What each test is called where it is printed."""

_HALVINGS = 70


def compare_unpaired(
    right_a: int,
    items_a: int,
    right_b: int,
    items_b: int,
    level: float = 0.95,
    *,
    test: Test = "score",
    interval: Interval = "score",
) -> Difference:
    """Whether B is better than A where each answered items of its own: accuracies' difference, interval, and p.

    The test ``score`` is that of O. Miettinen and M. Nurminen, Statistics in Medicine 4 (1985) 213-226: the pooled z
    times √((N − 1)/N). Their interval belongs to it; beside ``pooled-z`` it is Mee's (without that factor), and beside
    ``fisher`` and ``mid-p`` it is tied to the test (``tied_interval.py``): it leaves 0 out exactly where the test is
    sure. Another interval is printed as its authors gave it, and says so where it contradicts the p. The standard
    error is the textbook's, nan where that is 0. Raises ``InputError`` for counts that are no share, an empty test
    set, a level outside 0 to 1, a name not known, and ``wald`` where it has no width.

    >>> print(compare_unpaired(48, 80, 56, 70))
    0.2 (0.05283 to 0.3382), p = 0.00826 by Miettinen and Nurminen's score test
    """
    counts = _checked(right_a, items_a, right_b, items_b)
    if test not in TITLES or interval not in get_args(Interval):
        raise InputError(
            f"test, interval: expected one of {', '.join(TITLES)} and one of {', '.join(get_args(Interval))}, "
            f"got {test!r} and {interval!r}; choose of these"
        )
    log_chance = _log_p(*counts, test)
    p = max(LEAST_P, min(1.0, math.exp(log_chance)))
    value, sure = counts[2] / counts[3] - counts[0] / counts[1], p <= 1 - level
    if interval == "score":
        low, high = _tied_ends(counts, level, test, log_chance, value, sure)
        said = "Mee's score" if test == "pooled-z" else "Miettinen and Nurminen's score"
        said += ", tied to the test" if test in ("fisher", "mid-p") else ""
    else:
        (low, high), said = _ends(counts, level, interval)
        said += ", which contradicts the test here" if contradicts(low, high, sure) else ""
    error = _textbook_error(*counts) or math.nan
    return Difference(Estimate(value, error, low, high, level), p, TITLES[test], said)


def score_limits(
    right_a: ArrayLike, items_a: ArrayLike, right_b: ArrayLike, items_b: ArrayLike, z: ArrayLike, shift: ArrayLike = 0.0
) -> tuple[Floats, Floats]:
    """All differences d (B less A) with |estimate − d| ≤ z·SE(d) + ``shift``, as their two ends.

    Shapes that broadcast. SE(d) is taken at the likeliest accuracies that differ by d. For Miettinen and Nurminen's
    limits z is the normal quantile times √(N/(N − 1)), N items in all. Right to about 13 digits at any counts.

    >>> low, high = score_limits(0, 10, 10, 10, 1.959964 * (20 / 19) ** 0.5)
    >>> float(low.round(4)), float(high)
    (0.6636, 1.0)
    """
    given = (np.asarray(v, dtype=np.float64) for v in (right_a, items_a, right_b, items_b, z, shift))
    x, n, y, m, size, more = np.broadcast_arrays(*given)
    up = _upper(x, n, y, m, size, more)
    return -_upper(y, m, x, n, size, more), up


def _upper(x: Floats, n: Floats, y: Floats, m: Floats, z: Floats, shift: Floats) -> Floats:
    """The last difference, on the path up from the estimate, with λV − shift ≤ z√V."""
    low, high = np.full(x.shape, -60.0), np.full(x.shape, 200.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        multiplier = np.exp2(middle)
        variance = _variance(x, n, y, m, multiplier)
        inside = multiplier * variance - shift <= z * np.sqrt(variance)
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    multiplier = np.exp2(low)
    return np.asarray(np.minimum(1.0, y / m - x / n + multiplier * _variance(x, n, y, m, multiplier)), dtype=np.float64)


def _variance(x: Floats, n: Floats, y: Floats, m: Floats, multiplier: Floats) -> Floats:
    """The variance of the difference at the likeliest accuracies for a multiplier λ ≥ 0: A's falls, B's rises."""
    p, q = _fallen(x, n, multiplier), _fallen(m - y, m, multiplier)
    return np.asarray(p * (1 - p) / n + q * (1 - q) / m, dtype=np.float64)


def _fallen(x: Floats, n: Floats, multiplier: Floats) -> Floats:
    """The p in 0 to x/n with x − np = λp(1 − p)."""
    root = np.sqrt((n - multiplier) ** 2 + 4 * multiplier * (n - x))
    return np.asarray(2 * x / (n + multiplier + root), dtype=np.float64)


def score_at(
    difference: float, right_a: int, items_a: int, right_b: int, items_b: int, *, test: Literal["score", "pooled-z"]
) -> float:
    """The score of the hypothesis that B's accuracy less A's is ``difference``: (estimate − d)/SE(d), approximately z.

    With ``score``, Miettinen and Nurminen's; with ``pooled-z`` without their √((N − 1)/N): that of C. P. Farrington and
    G. Manning, Statistics in Medicine 9 (1990) 1447-1454. Raises ``InputError`` for counts that are no share, and for a
    difference outside −1 to 1.

    >>> round(score_at(0.0, 48, 80, 56, 70, test="pooled-z"), 4)  # (0.8 − 0.6)/√(p(1 − p)(1/70 + 1/80)), p = 104/150
    2.6502
    """
    x, n, y, m = _checked(right_a, items_a, right_b, items_b)
    if not -1 < difference < 1:
        raise InputError(f"difference: expected above -1 and below 1, got {difference}; give it as a share")
    gap = y / m - x / n - difference
    if gap == 0:
        return 0.0
    a, b, c, d = (np.array(float(v)) for v in ((x, n, y, m) if gap < 0 else (y, m, x, n)))
    low, high = -60.0, 200.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if 2.0**middle * float(_variance(a, b, c, d, np.exp2(np.array(middle)))) <= abs(gap):
            low = middle
        else:
            high = middle
    factor = math.sqrt((n + m - 1) / (n + m)) if test == "score" else 1.0
    return math.copysign(factor * math.sqrt(2.0**low * abs(gap)), gap)  # gap = λV, and the score is λ√V


def agresti_caffo(right_a: int, items_a: int, right_b: int, items_b: int, level: float = 0.95) -> tuple[float, float]:
    """Agresti and Caffo's interval: the textbook's after one right and one wrong item are added to each test set.

    Cut to −1 to 1 and made to hold the difference seen. Approximate coverage, on the safe side near 0 and 1. Raises
    ``InputError`` as ``compare_unpaired``. A. Agresti, B. Caffo, Am. Statist. 54 (2000) 280-288.

    >>> [round(end, 4) for end in agresti_caffo(1, 34, 7, 34)]
    [0.0116, 0.3217]
    """
    x, n, y, m = _checked(right_a, items_a, right_b, items_b)
    middle = (y + 1) / (m + 2) - (x + 1) / (n + 2)
    reach = normal_quantile(level) * _textbook_error(x + 1, n + 2, y + 1, m + 2)
    value = y / m - x / n
    return min(value, max(-1.0, middle - reach)), max(value, min(1.0, middle + reach))


def _textbook_error(x: float, n: float, y: float, m: float) -> float:
    return math.sqrt(x / n * (1 - x / n) / n + y / m * (1 - y / m) / m)


def _log_p(x: int, n: int, y: int, m: int, test: str) -> float:
    if test in ("fisher", "mid-p"):
        return _fisher_log_p(x, n, y, m, mid=test == "mid-p")
    return float(log_ndtr(-_score(x, n, y, m, test)) + math.log(2))


def _score(x: int, n: int, y: int, m: int, test: str) -> float:
    """The size of the score at 0: the pooled z, times √((N − 1)/N) for Miettinen and Nurminen's."""
    pooled = (x + y) / (n + m)
    variance = pooled * (1 - pooled) * (1 / n + 1 / m)
    factor = 1.0 if test == "pooled-z" else math.sqrt((n + m - 1) / (n + m))
    return factor * abs(y / m - x / n) / math.sqrt(variance) if variance > 0 else 0.0


def _fisher_log_p(x: int, n: int, y: int, m: int, mid: bool) -> float:
    """ln of Fisher's two-sided p, all tables no likelier than this one; the equally likely by half where ``mid``.

    As ``two_sample.fisher_chance``, but as a logarithm, which does not end at 1e-308.
    """
    k = x + y
    least, most, likeliest = max(0, k - m), min(k, n), (k + 1) * (n + 1) // (n + m + 2)
    width = (
        math.ceil(12 * math.sqrt(k * n / (n + m) * m / (n + m) * (n + m - k) / (n + m))) + 40
    )  # no digit of a tail lies beyond

    def log_chance(count: ArrayLike) -> Floats:
        return log_binomial(count, n, 0.5, 0.5) + log_binomial(k - np.asarray(count), m, 0.5, 0.5) - whole

    whole = log_binomial(k, n + m, 0.5, 0.5)
    seen = float(log_chance(x))
    near, far = likeliest, least - 1 if x > likeliest else most + 1
    while abs(far - near) > 1:  # the first count on the other side that is no likelier
        between = (near + far) // 2
        near, far = (near, between) if float(log_chance(between)) <= seen + 1e-7 else (between, far)
    if seen >= float(log_chance(likeliest)) - 1e-7:
        far = x
    ends = min(x, far), max(x, far)
    low = np.arange(max(least, ends[0] - width), min(ends[0], most) + 1)
    high = np.arange(max(ends[1], least), min(most, ends[1] + width) + 1)
    log = log_chance(np.unique(np.r_[low, high]))
    tied = log >= seen - 1e-7
    log = np.where(tied & mid, log - math.log(2), log)[log <= seen + 1e-7]
    return min(0.0, float(logsumexp(log))) if most > least else 0.0


def _tied_ends(
    counts: tuple[int, int, int, int], level: float, test: str, log_chance: float, value: float, sure: bool
) -> tuple[float, float]:
    x, n, y, m = counts
    score, pooled = _score(*counts, test), (x + y) / (n + m)
    size = normal_size(log_chance) if test in ("fisher", "mid-p") else score
    z, shift = tied(score, size, normal_quantile(level))
    factor = 1.0 if test == "pooled-z" else math.sqrt((n + m) / (n + m - 1))
    unit = factor * math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    low, high = cut_at_nothing(*score_limits(*counts, z * factor, shift * unit), value, sure)
    return float(low), float(high)


def _ends(counts: tuple[int, int, int, int], level: float, interval: str) -> tuple[tuple[float, float], str]:
    x, n, y, m = counts
    if interval == "newcombe":
        return difference_of_shares((y, m), (x, n), level), "Newcombe's hybrid score"
    if interval == "agresti-caffo":
        return agresti_caffo(*counts, level), "Agresti and Caffo's"
    error, value = _textbook_error(*counts), y / m - x / n
    if error == 0:
        raise InputError("interval: 'wald' has no width where each model got all or none right; use 'score'")
    reach = normal_quantile(level) * error
    return (max(-1.0, value - reach), min(1.0, value + reach)), "Wald's"


def _checked(right_a: int, items_a: int, right_b: int, items_b: int) -> tuple[int, int, int, int]:
    named = {"right_a": right_a, "items_a": items_a, "right_b": right_b, "items_b": items_b}
    x, n, y, m = (checked_count(v, name) for name, v in named.items())
    if not (x <= n and y <= m and n > 0 and m > 0):
        raise InputError(
            f"right_a, right_b: expected at most items_a and items_b, and an item on each side, "
            f"got {x} of {n} and {y} of {m}; count again"
        )
    return x, n, y, m
