"""Another base rate: what the probabilities become where the classes are more or less frequent than in training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import special

from tearless.calculus.roots import root
from tearless.core import InputError
from tearless.probability.bayes import TestResult, meaning_of_a_test
from tearless.probability.calibration.calibrator import forecasts, second_of_two
from tearless.probability.calibration.forecasts import (
    Floats,
    Interval,
    confidence,
    exact_share,
    outcomes,
    probabilities,
    vector,
)

SQUEEZED = 4_096
"""So many rows and more are counted by forecast before the likelihood is climbed, where forecasts repeat."""


def adjusted(p: Any, old: Any, new: Any) -> Floats:
    """The probabilities where the classes have the shares ``new`` instead of ``old``, the rest of the world unchanged.

    Each class's probability times new/old, divided by their sum: C. Elkan, *The foundations of cost-sensitive
    learning*, IJCAI 2001, theorem 2; M. Saerens, P. Latinne and C. Decaestecker, *Adjusting the outputs of a classifier
    to new a priori probabilities*, Neural Computation 14, 2002, 21-41, equation 2.4. ``p`` (n,) with the shares of
    class 1 as numbers, or ``p`` (n, k) with shares (k,). A row that the new shares make impossible keeps what it had.
    Raises ``InputError`` for shares that are none, and old ones of 0 or 1.

    Odds of 1 at even shares; at 1 in 10, odds of 1/9:

    >>> adjusted([0.5], 0.5, 0.1).round(6).tolist()
    [0.1]
    """
    binary = np.ndim(p) == 1
    before, after = _shares(old, "old", binary), _shares(new, "new", binary)
    if before.min() == 0:
        raise InputError("old: expected shares above 0, got 0; a class never seen in training has no probability")
    if len(after) != len(before):
        raise InputError(f"new: expected {len(before)} shares, as old, got {len(after)}; give one a class")
    rows = _rows(p, len(before))
    weighed = rows * (after / before)
    total = weighed.sum(axis=1, keepdims=True)
    out = np.where(total > 0, weighed / np.where(total > 0, total, 1.0), rows)
    return np.asarray(out[:, 1] if binary else out)


def new_prevalence(p: Any, old: float, *, level: float = 0.95) -> Interval:
    """The share of class 1 among rows without outcomes, from their probabilities ``p`` (n,) at training share ``old``.

    The value of greatest likelihood, to which Saerens' EM climbs (Neural Computation 14, 2002, section 2.2): the root
    of a falling function, found directly. The interval holds every share whose likelihood is not too small; it takes
    the probabilities to be honest at ``old`` and says nothing of doubt in them. Forecasts that all equal ``old`` say
    nothing: 0 to 1. O(n). Raises ``InputError`` for an ``old`` that is not between 0 and 1.

    >>> found = new_prevalence([0.0, 1.0, 1.0, 1.0], 0.5)  # certain rows are counted
    >>> round(found.value, 9)
    0.75
    """
    said = forecasts(p, 2)
    tail = confidence(level)
    share = _shares(old, "old", True)
    if share.min() == 0:
        raise InputError(f"old: expected a share between 0 and 1, got {old!r}; give that of class 1 in training")
    rows, count = np.unique(said, return_counts=True) if len(said) >= SQUEEZED else (said, np.ones(len(said)))
    up, down = rows / share[1], (1 - rows) / share[0]
    if np.abs(up - down).max() < 1e-9:
        return Interval(float(share[1]), 0.0, 1.0, level)

    def slope(x: float) -> float:
        with np.errstate(divide="ignore"):
            return float(count @ ((up - down) / (x * up + (1 - x) * down)))

    def height(x: float) -> float:
        with np.errstate(divide="ignore"):
            return float(count @ np.log(x * up + (1 - x) * down))

    value = _falling_root(slope, 0.0, 1.0)
    least = height(value) - float(special.chdtri(1, tail)) / 2
    low = 0.0 if height(0.0) >= least else _falling_root(lambda x: least - height(x), 0.0, value)
    high = 1.0 if height(1.0) >= least else _falling_root(lambda x: height(x) - least, value, 1.0)
    return Interval(value, min(low, value), max(high, value), level)


def new_shares(p: Any, old: Any, *, level: float = 0.95, most: int = 2_000) -> tuple[Interval, ...]:
    """The same for many classes: ``p`` (n, k), ``old`` (k,); one interval a class.

    Saerens' EM, up to ``most`` rounds or until no share moves by 1e-10. Intervals by the likelihood along the line
    on which one class grows and the others keep their proportions: somewhat too narrow where two classes are hard to
    tell apart. Errors as ``adjusted``.

    >>> found = new_shares([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]], [1 / 3] * 3)
    >>> [round(f.value, 6) for f in found]
    [0.25, 0.25, 0.5]
    """
    before = _shares(old, "old", False)
    said, tail = _rows(p, len(before)), confidence(level)
    if before.min() == 0:
        raise InputError("old: expected shares above 0, got 0; a class never seen in training has no probability")
    ratio = said / before
    x = before.copy()
    for _ in range(most):
        weighed = ratio * x
        moved = (weighed / weighed.sum(axis=1, keepdims=True)).mean(axis=0)
        step = float(np.abs(moved - x).max())
        x = moved
        if step < 1e-10:
            break
    return tuple(_along(ratio, x, k, level, tail) for k in range(len(x)))


@dataclass(frozen=True, slots=True)
class Flag:
    """What a flag, p ≥ ``cut_off``, means where class 1 has this prevalence.

    Made by ``meaning_of_a_flag``. ``result`` has sensitivity and specificity as measured, and what follows;
    ``if_positive`` and ``if_negative`` have intervals that hold with at least ``level``. Where nothing was flagged, or
    everything, ``if_positive`` or ``if_negative`` is None, and in ``result`` the prevalence: there were no such rows.
    """

    cut_off: float
    result: TestResult
    sensitivity: Interval
    specificity: Interval
    if_positive: Interval | None
    if_negative: Interval | None


def meaning_of_a_flag(y: Any, p: Any, cut_off: float, prevalence: float, *, level: float = 0.95) -> Flag:
    """What a flag means at this prevalence, from outcomes ``y`` (n,) and probabilities ``p`` (n,) of any mix.

    Sensitivity and specificity do not change with the prevalence; what a flag means does, by Bayes. The intervals of
    both meanings come from the corners of Clopper and Pearson's intervals, each at 1 − (1 − level)/2. A flag that is
    never up, or always, has no meaning there (None). Raises ``InputError`` where an outcome is missing among ``y``, and
    as ``forecasts.outcomes``.

    >>> flag = meaning_of_a_flag([1] * 100 + [0] * 100, [0.9] * 95 + [0.1] * 100 + [0.9] * 5, 0.5, 0.01)
    >>> round(flag.result.if_positive, 3)
    0.161
    """
    came, said = outcomes(y, p)
    tail = confidence(level)
    probabilities(vector([cut_off, prevalence], "cut_off, prevalence"), "cut_off, prevalence")
    flagged = said >= cut_off
    ups = int(came.sum())
    downs = len(came) - ups
    if not ups or not downs:
        raise InputError("y: expected both outcomes, got one; sensitivity and specificity need rows of each")
    hits, passed = int(flagged[came == 1].sum()), int((~flagged[came == 0]).sum())
    sens, spec = _share_of(hits, ups, 1 - tail / 2), _share_of(passed, downs, 1 - tail / 2)
    result = meaning_of_a_test(prevalence, hits / ups, passed / downs)
    worst = meaning_of_a_test(prevalence, sens.low, spec.low)
    best = meaning_of_a_test(prevalence, sens.high, spec.high)
    return Flag(cut_off, _without_holes(result), sens, spec, *_meanings(result, worst, best, level))


def _meanings(
    result: TestResult, worst: TestResult, best: TestResult, level: float
) -> tuple[Interval | None, Interval | None]:
    """Both meanings with their intervals; None where no row has that answer."""

    def between(value: float, low: float, high: float) -> Interval | None:
        if math.isnan(value):
            return None
        low, high = (0.0 if math.isnan(low) else low), (1.0 if math.isnan(high) else high)
        return Interval(value, min(low, value), max(high, value), level)

    return (
        between(result.if_positive, worst.if_positive, best.if_positive),
        between(result.if_negative, best.if_negative, worst.if_negative),
    )


def _without_holes(result: TestResult) -> TestResult:
    """An answer that never came says nothing: the prevalence stays as it was."""
    up, down = (result.prevalence if math.isnan(x) else x for x in (result.if_positive, result.if_negative))
    return replace(result, if_positive=up, if_negative=down)


def _rows(p: Any, classes: int) -> Floats:
    """Probabilities of all classes, (n, classes)."""
    if classes > 2:
        return forecasts(p, classes)
    second = second_of_two(p)
    return np.column_stack([1 - second, second])


def _shares(given: Any, name: str, binary: bool) -> Floats:
    shares = np.array([1 - float(given), float(given)]) if binary and np.ndim(given) == 0 else vector(given, name)
    if shares.min() < 0 or shares.max() > 1 or abs(float(shares.sum()) - 1) > 1e-6 or len(shares) < 2:
        raise InputError(f"{name}: expected shares of the classes that add up to 1, got {given!r}; divide by their sum")
    if binary and len(shares) != 2:
        raise InputError(
            f"{name}: expected the share of class 1, got {len(shares)} shares; give p with as many columns"
        )
    return shares


def _share_of(k: int, n: int, level: float) -> Interval:
    low, high = exact_share(k, n, level)
    return Interval(k / n, float(low), float(high), level)


def _falling_root(f: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses 0; the end it does not reach 0 before."""
    if not f(low) > 0:
        return low
    return root(f, low, high) if f(high) < 0 else high


def _along(ratio: Floats, x: Floats, k: int, level: float, tail: float) -> Interval:
    """Likelihood interval of one class's share, the other classes in the proportions of x."""
    value = float(x[k])
    rest = 1 - value
    others = np.delete(x, k) / rest if rest > 1e-12 else np.full(len(x) - 1, 1 / (len(x) - 1))
    up, down = ratio[:, k], np.delete(ratio, k, axis=1) @ others

    def height(s: float) -> float:
        with np.errstate(divide="ignore"):
            return float(np.log(s * up + (1 - s) * down).sum())

    least = height(value) - float(special.chdtri(1, tail)) / 2
    low = 0.0 if height(0.0) >= least else _falling_root(lambda s: least - height(s), 0.0, value)
    high = 1.0 if height(1.0) >= least else _falling_root(lambda s: height(s) - least, value, 1.0)
    return Interval(value, min(low, value), max(high, value), level)
