"""No worse than, and as good as: a difference set against a margin that would matter.

A difference that is not sure is no proof of equality. Two one-sided tests ask for that proof: that B is not worse by
the margin or more (``p_not_worse``), and not better by it (``p_not_better``); both together, the larger p, say that the
two are equivalent (D. J. Schuirmann, J. Pharmacokinet. Biopharm. 15, 1987, 657-680). Each has the error (1 − level)/2,
and each says yes exactly where the interval at ``level`` stays on its side of the margin: one interval shows it all.
With ``level=0.95`` a one-sided error of 2.5 % is asked for; with 0.9, one of 5 %, as is usual for equivalence.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any, Literal

from scipy.special import ndtr, stdtr

from tearless.core import InputError
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.paired_proportions import PairedTable, compare_paired, tango_score
from tearless.statistics.comparison.student_difference import freedom_of, student_difference
from tearless.statistics.comparison.two_proportions import compare_unpaired, score_at
from tearless.statistics.estimate import normal_quantile, of_one_length, plain, student_quantile
from tearless.statistics.standard_error import variance

Verdict = Literal["better", "equivalent", "no worse", "worse", "undecided"]


@dataclass(frozen=True, slots=True)
class Equivalence:
    """A difference (B less A) against a margin: the p that B is not worse by it, not better by it, and the verdict.

    ``p`` is the larger of the two, that of equivalence. The verdict is read off the interval, the first that holds:
    ``better`` (all of it above 0), ``equivalent`` (within the margin on both sides; even if below 0), ``no worse``
    (above minus the margin), ``worse`` (below 0), ``undecided``.

    >>> against_paired(PairedTable(800, 20, 24, 156), margin=0.02).verdict
    'equivalent'
    """

    p_not_worse: float
    p_not_better: float
    margin: float
    difference: Difference

    @property
    def p(self) -> float:
        """The p of equivalence: the larger of the two."""
        return max(self.p_not_worse, self.p_not_better)

    @property
    def verdict(self) -> Verdict:
        """What the interval shows."""
        half = (1 - self.difference.estimate.level) / 2
        value, sure = self.difference.estimate.value, self.difference.sure
        if sure and value > 0:
            return "better"
        if self.p <= half:
            return "equivalent"
        if self.p_not_worse <= half:
            return "no worse"
        return "worse" if sure and value < 0 else "undecided"


def against_paired(table: PairedTable, margin: float, level: float = 0.95) -> Equivalence:
    """Whether B's accuracy on one shared test set is no worse than A's by ``margin``, a share.

    The two scores of Tango at minus and plus the margin; the difference beside them has his own interval and McNemar's
    χ², so that all agree. Approximate, good from some 20 items on. Raises ``InputError`` for a margin outside 0 to 1.
    T. Tango, Statistics in Medicine 17 (1998) 891-908.

    >>> found = against_paired(PairedTable(43, 1, 0, 0), margin=0.1, level=0.9)  # Tango's example of lens cleaning
    >>> found.verdict, round(found.p_not_worse, 4), round(found.difference.estimate.low, 3)
    ('equivalent', 0.0438, -0.096)
    """
    _margin(margin, 1.0)
    low, high = (tango_score(table, side) for side in (-margin, margin))
    return _with(ndtr(-low), ndtr(high), margin, compare_paired(table, level, test="asymptotic"))


def against_unpaired(
    right_a: int,
    items_a: int,
    right_b: int,
    items_b: int,
    margin: float,
    level: float = 0.95,
    *,
    test: Literal["score", "pooled-z"] = "score",
) -> Equivalence:
    """Whether B's accuracy on its own test set is no worse than A's on another by ``margin``, a share.

    ``score`` is Miettinen and Nurminen's at the margin; ``pooled-z`` the same without √((N − 1)/N): the test of C. P.
    Farrington and G. Manning, Statistics in Medicine 9 (1990) 1447-1454. Raises ``InputError`` for a margin outside 0
    to 1, and as ``compare_unpaired``.

    >>> against_unpaired(450, 500, 460, 500, margin=0.03).verdict
    'no worse'
    """
    _margin(margin, 1.0)
    counts = (right_a, items_a, right_b, items_b)
    low, high = (score_at(side, *counts, test=test) for side in (-margin, margin))
    return _with(ndtr(-low), ndtr(high), margin, compare_unpaired(*counts, level, test=test))


def against_paired_means(a: Any, b: Any, margin: float, level: float = 0.95) -> Equivalence:
    """Whether B's mean score on the same items is no worse than A's by ``margin``, in their unit; higher is better.

    Shapes (n,), n ≥ 2, one row an item: two one-sided t tests of the differences, exact for normal ones. Raises
    ``InputError`` for a margin not above 0, one item, and differences without spread.

    >>> against_paired_means([0.0, 2.0, 4.0, 6.0], [1.0, 2.0, 4.0, 5.0], margin=2.0).verdict
    'equivalent'
    """
    x, y = plain(a, "a"), plain(b, "b")
    of_one_length(a=x, b=y)
    _items(len(x))
    gap = y - x
    error = math.sqrt(float(variance(gap)) / len(gap))
    return _of_means(float(gap.mean()), error, len(gap) - 1, margin, level, "paired t")


def against_means(a: Any, b: Any, margin: float, level: float = 0.95) -> Equivalence:
    """Whether B's mean score on its own items is no worse than A's on others by ``margin``; higher is better.

    Shapes (n,) and (m,), each ≥ 2: two one-sided t tests after Welch, with Satterthwaite's degrees of freedom and no
    claim that the spreads are equal. Raises ``InputError`` as ``against_paired_means``.

    >>> against_means([0.0, 1.0, 2.0], [3.0, 4.0, 5.0], margin=0.5).verdict
    'better'
    """
    x, y = plain(a, "a"), plain(b, "b")
    _items(min(len(x), len(y)))
    of_a, of_b = float(variance(x)) / len(x), float(variance(y)) / len(y)
    both = of_a + of_b
    freedom = 1 / ((of_a / both) ** 2 / (len(x) - 1) + (of_b / both) ** 2 / (len(y) - 1)) if both > 0 else 1.0
    return _of_means(float(y.mean() - x.mean()), math.sqrt(both), freedom, margin, level, "Welch's t")


def of_difference(difference: Difference, margin: float) -> Equivalence:
    """Any difference against a margin, by its own interval: each end is as many standard errors away as it says.

    Student's t with the degrees of freedom that make each half of the interval of the standard error (the normal law
    with an error stretched or shrunk to it where none do): p, interval and verdict agree exactly. An end that is not
    known tells nothing: p = 1 on that side. Raises ``InputError`` for a margin not above 0.

    >>> from tearless.statistics.estimate import Estimate
    >>> of_difference(Difference(Estimate(0.0, 0.01, -0.02, 0.02), 1.0, "t", "t"), margin=0.03).verdict
    'equivalent'
    """
    _margin(margin, math.inf)
    e = difference.estimate
    not_worse = _beyond(e.value + margin, e.value - e.low, e.standard_error, e.level)
    not_better = _beyond(margin - e.value, e.high - e.value, e.standard_error, e.level)
    return _with(not_worse, not_better, margin, difference)


def _beyond(away: float, half: float, error: float, level: float) -> float:
    """The chance of an estimate so far on this side of the margin, where the interval reaches ``half`` to that side."""
    if not half < math.inf:
        return 1.0
    if half <= 0:  # the estimate is at the end of what is possible
        return 0.0 if away > 0 else 1.0
    freedom = freedom_of(half, error, level) if 0 < error < math.inf else math.inf
    if math.isinf(freedom):
        return float(ndtr(-away / half * normal_quantile(level)))
    return float(stdtr(freedom, -away / half * student_quantile(level, freedom)))


def _of_means(value: float, error: float, freedom: float, margin: float, level: float, test: str) -> Equivalence:
    _margin(margin, math.inf)
    if not error > 0:
        raise InputError("a, b: expected scores that vary, got none that do; nothing shows how far chance goes")
    low, high = (float(stdtr(freedom, side)) for side in ((-margin - value) / error, (value - margin) / error))
    return _with(low, high, margin, student_difference(value, error, freedom, test=test, interval="t", level=level))


def _with(p_not_worse: float, p_not_better: float, margin: float, difference: Difference) -> Equivalence:
    least = sys.float_info.min
    return Equivalence(max(least, float(p_not_worse)), max(least, float(p_not_better)), margin, difference)


def _margin(margin: float, below: float) -> None:
    if not 0 < margin < below:
        wanted = "a share between 0 and 1" if below == 1 else "a number above 0"
        raise InputError(f"margin: expected {wanted}, got {margin}; give the difference that would matter")


def _items(n: int) -> None:
    if n < 2:
        raise InputError(f"a, b: expected at least 2 scores, got {n}; one shows no spread")
