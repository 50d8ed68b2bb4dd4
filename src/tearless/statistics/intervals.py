"""Confidence intervals for shares and differences of shares; tails of counts."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.special import betainc, betaincc, betainccinv, betaincinv, gammainc, gammaincc, ndtri

from tearless.core import InputError

OUTWARDS = 1e-10
"""By this part of a tail's chance an exact end is moved outwards: at a half, say, the tails tie up to rounding."""


def wilson(successes: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Score interval for a share, as two shares.

    The set of shares π with |k/n − π| ≤ z√(π(1−π)/n): it stays inside [0, 1] and keeps its coverage near 0 and 1, where
    the textbook k/n ± z·se collapses to a point. Approximate coverage. Raises ``InputError`` for counts that are no
    share. E. B. Wilson, J. Am. Statist. Assoc. 22 (1927) 209-212.

    >>> low, high = wilson(0, 10)
    >>> round(low, 12), round(high, 4)
    (0.0, 0.2775)
    """
    _counted(successes, trials)
    z = _quantile(level)
    share, z2 = successes / trials, z * z
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = z / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    return low, 1.0 if successes == trials else min(1.0, centre + half)


def widest_wilson_half_width(trials: float, level: float = 0.95) -> float:
    """Half the width of the widest score interval that this many trials can give, as a share: that of a half.

    z/(2√(n+z²)), which is 1/2 without trials. Exact. Raises ``InputError`` for a negative number of trials.

    >>> low, high = wilson(50, 100)
    >>> round(widest_wilson_half_width(100), 12) == round((high - low) / 2, 12)
    True
    """
    if not trials >= 0:
        raise InputError(f"trials: expected at least 0, got {trials}; count again")
    z = _quantile(level)
    return z / (2 * math.sqrt(trials + z * z))


def difference_of_shares(a: tuple[int, int], b: tuple[int, int], level: float = 0.95) -> tuple[float, float]:
    """Interval for the share of ``a`` minus the share of ``b``, each given as (successes, trials).

    Newcombe's hybrid of the two score intervals (his method 10): with d = p₁ − p₂ and Wilson limits (l, u) it runs from
    d − √((p₁−l₁)² + (u₂−p₂)²) to d + √((u₁−p₁)² + (p₂−l₂)²). Approximate coverage. Raises ``InputError`` as ``wilson``.
    R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890.

    >>> [round(end, 4) for end in difference_of_shares((56, 70), (48, 80))]
    [0.0524, 0.3339]
    """
    (low_a, high_a), (low_b, high_b) = wilson(*a, level), wilson(*b, level)
    p, q = a[0] / a[1], b[0] / b[1]
    return p - q - math.hypot(p - low_a, high_b - q), p - q + math.hypot(high_a - p, q - low_b)


def clopper_pearson(successes: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Exact interval for a share: it covers the truth with at least probability ``level``, whatever the share.

    The ends are quantiles of beta distributions, which take broken counts too. Raises ``InputError`` as ``wilson``. C.
    J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404-413.

    >>> low, high = clopper_pearson(29, 29, level=0.9)
    >>> abs(low - 0.05 ** (1 / 29)) < 1e-12, high
    (True, 1.0)
    """
    _counted(successes, trials, least=1)
    _quantile(level)
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, trials - successes + 1, tail))
    return low, 1.0 if successes == trials else float(betaincinv(successes + 1, trials - successes, 1 - tail))


def clopper_pearson_mid_p(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Interval for a share by Clopper and Pearson's tails with half the chance of what was seen: shorter, nearly exact.

    The ends are the shares π at which P(X > k) + P(X = k)/2, and its mirror image, are (1 − level)/2; each is found by
    halving to the last bit. Raises ``InputError`` as ``wilson``. G. Berry, P. Armitage, The Statistician 44 (1995)
    417-423.

    >>> [round(end, 4) for end in clopper_pearson_mid_p(15, 148)]
    [0.0601, 0.1581]
    """
    _counted(successes, trials, least=1)
    _quantile(level)
    tail = (1 - level) / 2
    low = _mid_p_end(successes, trials, tail) if successes > 0 else 0.0
    return low, 1 - _mid_p_end(trials - successes, trials, tail) if successes < trials else 1.0


def blaker(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval for a share, the shortest of the usual ones: within Clopper and Pearson's, nested in the level.

    The acceptability of a share π is the chance of a count whose smaller tail is at most as likely as that of the count
    seen; the ends are the least and the largest π at which it exceeds 1 − level, the gaps between them filled (the hull
    of the set, so that it covers with at least probability ``level`` and is an interval). Each end is found by halving,
    in O(log n), and rounded outwards by 1e-10 of a tail's chance. Raises ``InputError`` as ``wilson``, and for broken
    counts. H. Blaker, Canad. J. Statist. 28 (2000) 783-798.

    >>> low, high = blaker(1, 1)  # the chance of 1, there is nothing in the other tail
    >>> round(low, 6), high
    (0.05, 1.0)
    """
    _counted(successes, trials, least=1)
    _quantile(level)
    if successes != int(successes) or trials != int(trials):
        raise InputError(
            f"successes: expected whole counts, got {successes} of {trials}; use clopper_pearson for these"
        )
    k, n, share = int(successes), int(trials), successes / trials
    low = _blaker_end(k, n, 1 - level) if k > 0 else 0.0
    return min(low, share), max(1 - _blaker_end(n - k, n, 1 - level), share) if k < n else 1.0


def _blaker_end(k: int, n: int, rest: float) -> float:
    """The least share whose acceptability for k > 0 of n exceeds ``rest``.

    Below it the acceptability is P(X ≥ k) + P(X ≤ j), j the largest with P(X ≤ j) ≤ P(X ≥ k). As the share grows, j
    grows: at p(j), where the two tails are equal, j joins them and the sum jumps to twice P(X ≥ k). Between two jumps
    it falls, then rises, so it is largest next to one. So no share below p(j) will do, with j the first for which twice
    the tail exceeds ``rest``, except where the rise before p(j) came above it.
    """

    def upper(share: float) -> float:
        return float(betainc(k, n - k + 1, share))

    def lower(j: int, share: float) -> float:
        return float(betaincc(j + 1, n - j, share)) if j >= 0 else 0.0

    outer = float(betaincinv(k, n - k + 1, rest / 2))
    below, j = -1, k - 1
    while j - below > 1:
        middle = (below + j) // 2
        below, j = (below, middle) if lower(middle, outer) >= rest / 2 else (middle, j)
    jump = _halved(lambda share: upper(share) * (1 + OUTWARDS) >= lower(j, share), outer, 1.0)
    enough = rest * (1 - OUTWARDS)
    return _halved(lambda share: upper(share) + lower(j - 1, share) >= enough, outer, jump)


def _halved(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where ``holds`` turns true between two numbers, to the last bit; ``high`` where it never does before."""
    while low < (middle := (low + high) / 2) < high:
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _mid_p_end(k: int, n: int, tail: float) -> float:
    """The share π at which the mean of P(X ≥ k) and P(X > k) is ``tail``; it rises with π."""
    low, high = 0.0, 1.0
    for _ in range(200):
        share = (low + high) / 2
        if share in (low, high):
            break
        beyond = float(betainc(k + 1, n - k, share)) if k < n else 0.0
        low, high = (share, high) if float(betainc(k, n - k + 1, share)) + beyond < 2 * tail else (low, share)
    return low


def jeffreys(successes: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Interval for a share by Jeffreys' prior: the middle of the beta distribution with k + ½ and n − k + ½.

    The end beyond which nothing was seen is 0 or 1. Approximate coverage, on average close to ``level``; it dips near 0
    and 1 (88.5 % at 50 trials and a share of 0.95). Raises ``InputError`` as ``wilson``. L. D. Brown, T. T. Cai, A.
    DasGupta, Statist. Sci. 16 (2001) 101-133, section 3.1.2.

    >>> [round(end, 4) for end in jeffreys(0, 10)]
    [0.0, 0.2172]
    """
    _counted(successes, trials)
    _quantile(level)
    tail, failures = (1 - level) / 2, trials - successes
    low = 0.0 if successes == 0 else float(betaincinv(successes + 0.5, failures + 0.5, tail))
    return low, 1.0 if failures == 0 else float(betainccinv(successes + 0.5, failures + 0.5, tail))


def agresti_coull(successes: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Interval for a share by the textbook's form after z²/2 successes and z²/2 failures are added; cut to 0 to 1.

    It has the middle of Wilson's interval and is never shorter. Approximate coverage, on the safe side near 0 and 1.
    Raises ``InputError`` as ``wilson``. A. Agresti, B. A. Coull, Am. Statist. 52 (1998) 119-126.

    >>> [round(end, 4) for end in agresti_coull(5, 10)]
    [0.2366, 0.7634]
    """
    _counted(successes, trials)
    z2 = _quantile(level) ** 2
    share = (successes + z2 / 2) / (trials + z2)
    half = math.sqrt(z2 * share * (1 - share) / (trials + z2))
    return max(0.0, share - half), min(1.0, share + half)


def poisson_at_least(count: float, mean: float) -> float:
    """Chance that a Poisson count of this mean is at least ``count``: the regularised gamma P(count, mean).

    Exact to rounding; a broken ``count`` interpolates. Raises ``InputError`` for a mean below 0.

    >>> round(poisson_at_least(1, 0.05), 6), poisson_at_least(0, 3.0)
    (0.048771, 1.0)
    """
    if not mean >= 0:
        raise InputError(f"mean: expected at least 0, got {mean}; a Poisson mean is an expected count")
    return 1.0 if count <= 0 else float(gammainc(count, mean))


def poisson_at_most(count: float, mean: float) -> float:
    """Chance that a Poisson count of this mean is at most ``count``: the regularised gamma Q(count + 1, mean).

    Exact to rounding; a broken ``count`` interpolates. Raises ``InputError`` for a mean below 0.

    >>> round(poisson_at_most(0, 2.0), 6)
    0.135335
    """
    if not mean >= 0:
        raise InputError(f"mean: expected at least 0, got {mean}; a Poisson mean is an expected count")
    return 0.0 if count < 0 else float(gammaincc(count + 1, mean))


def _quantile(level: float) -> float:
    if not 0 < level < 1:
        raise InputError(f"level: expected a confidence between 0 and 1, got {level}; 0.95 is usual")
    return float(ndtri(0.5 + level / 2))


def _counted(successes: float, trials: float, least: float = 0) -> None:
    """Raise ``InputError`` unless the counts are a share of something."""
    if not 0 <= successes <= trials or trials <= 0 or trials < least:
        trial = "at least one trial" if least else "trials above 0"
        got = f"{successes} of {trials}"
        raise InputError(f"successes: expected between 0 and trials, and {trial}, got {got}; count again")
