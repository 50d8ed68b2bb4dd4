"""Two models scored on the same folds or splits: training sets overlap, so the scores are no independent sample.

Ten folds share eight ninths of their training rows, two random splits still more. The t test that takes the scores for
independent sees too little spread: with 30 random splits it finds a difference between two equal learners more often
than not. What is used instead widens the standard error, or needs the five halvings of 5×2 cross-validation.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import fdtrc, fdtri, stdtr

from tearless.core import InputError
from tearless.linear_algebra.arrays import positive
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.student_difference import only_rounding, student_difference
from tearless.statistics.estimate import Estimate, Floats, of_one_length, plain, student_quantile


@dataclass(frozen=True, slots=True)
class Rope:
    """The chances that B is worse than A, that the two are as good as equal, and that B is better. They add up to 1.

    Made by ``correlated_t_rope``; ``equivalent`` is the chance of a difference within the rope.
    """

    worse: float
    equivalent: float
    better: float


def corrected_resampled_t(a: Any, b: Any, *, test_to_train: float, level: float = 0.95) -> Difference:
    """The corrected resampled t test of Nadeau and Bengio: B's mean score less A's over shared folds or splits.

    ``a``, ``b`` (J,): one score a fold, in one order; ``test_to_train`` is the number of test rows over that of
    training rows: 1/(k − 1) for k folds, once or repeated. t = d̄/√(s²(1/J + test/train)) with J − 1 degrees of
    freedom, s² over J − 1; the interval is from the same statistic. Approximate: 1/J + test/train stands for a
    correlation that nobody can estimate without bias (Y. Bengio, Y. Grandvalet, J. Mach. Learn. Res. 5, 2004,
    1089-1105). Raises ``InputError`` for fewer than 2 scores, unequal lengths, or differences that are all one number
    other than 0. C. Nadeau, Y. Bengio, *Inference for the generalization error*, Machine Learning 52, 2003, 239-281;
    repeated cross-validation: R. R. Bouckaert, E. Frank, PAKDD 2004, 3-12.

    >>> found = corrected_resampled_t([0.8] * 5, [0.80, 0.82, 0.84, 0.86, 0.88], test_to_train=1 / 4)
    >>> round(found.estimate.value, 12), round(found.estimate.standard_error ** 2, 12)  # 0.001 (1/5 + 1/4)
    (0.04, 0.00045)
    """
    ratio = positive(test_to_train, "test_to_train")
    return _t(a, b, ratio, level, "the corrected resampled t test", "Nadeau-Bengio")


def uncorrected_t(a: Any, b: Any, *, level: float = 0.95) -> Difference:
    """What the usual paired t test says of scores over folds or splits: shown, not to be relied on.

    It takes the J scores for independent: t = d̄/(s/√J). Between two equal learners it sees a difference in about 60 %
    of tables with 30 random splits, where 5 % was meant (T. G. Dietterich, Neural Computation 10, 1998, 1895-1923,
    found the like). Shapes and errors as ``corrected_resampled_t``.

    >>> found = uncorrected_t([0.8] * 5, [0.80, 0.82, 0.84, 0.86, 0.88])
    >>> round(found.estimate.standard_error ** 2, 12)  # 0.001 / 5
    0.0002
    """
    return _t(a, b, 0.0, level, "the t test that takes folds for independent", "t, folds taken for independent")


def five_by_two_t(differences: Any, *, level: float = 0.95) -> Difference:
    """Dietterich's 5×2cv paired t test: five random halvings, each half once for training and once for testing.

    ``differences`` (5, 2): B less A, one row a halving. t = d₁₁/√(Σsᵢ²/5) with 5 degrees of freedom; sᵢ² is the
    variance within a halving, (dᵢ₁ − dᵢ₂)²/2. The estimate is the first difference alone: the statistic is about that
    one. Approximate. Raises ``InputError`` for other shapes, or where no halving's two differences differ although the
    first is not 0. T. G. Dietterich, Neural Computation 10, 1998, 1895-1923, section 3.5.

    >>> found = five_by_two_t([[0.02, 0.0], [0.01, 0.03], [0.0, 0.02], [0.02, 0.0], [0.03, 0.01]])
    >>> round(found.estimate.standard_error ** 2, 12), round(found.p, 6)  # t = 0.02 / sqrt(0.0002) = sqrt(2)
    (0.0002, 0.216437)
    """
    d = _five_by_two(differences)
    error = math.sqrt(float(np.mean((d[:, 0] - d[:, 1]) ** 2)) / 2)
    name = "the 5×2cv paired t test"
    return student_difference(float(d[0, 0]), error, 5, test=name, interval="5×2cv t", level=level)


def five_by_two_f(differences: Any, *, level: float = 0.95) -> Difference:
    """Alpaydin's combined 5×2cv F test: all ten differences of five halvings, whatever their order.

    ``differences`` (5, 2) as ``five_by_two_t``. F = Σdᵢⱼ²/(2Σsᵢ²) with 10 and 5 degrees of freedom. The estimate is the
    mean; the interval holds the δ for which the test of dᵢⱼ − δ keeps quiet. Where it speaks for every δ, because
    the halvings differ more among one another than within, the interval is the mean ± t·√(Σsᵢ²/5), and ``interval``
    says so. Approximate. Raises as ``five_by_two_t``. E. Alpaydin, Neural Computation 11, 1999, 1885-1892.

    >>> found = five_by_two_f([[0.02, 0.0], [0.01, 0.03], [0.0, 0.02], [0.02, 0.0], [0.03, 0.01]])
    >>> round(found.estimate.value, 12), round(found.p, 4)  # F = 0.0032 / (2 * 0.001) = 1.6
    (0.014, 0.315)
    """
    d = _five_by_two(differences)
    reach = student_quantile(level, 5)
    mean, within = float(d.mean()), float(((d[:, 0] - d[:, 1]) ** 2).sum()) / 2
    test = "the 5×2cv combined F test"
    if within == 0:
        return Difference(Estimate(0.0, 0.0, -math.inf, math.inf, level), 1.0, test, "5×2cv F")
    p = float(fdtrc(10, 5, float((d**2).sum()) / (2 * within)))
    left = float(fdtri(10, 5, level)) * 2 * within - float(((d - mean) ** 2).sum())
    half = math.sqrt(left / 10) if left > 0 else reach * math.sqrt(within / 5)
    said = "5×2cv F" if left > 0 else "5×2cv t about the mean, for the F test leaves no difference standing"
    found = Estimate(mean, math.sqrt(within / 5), mean - half, mean + half, level)
    return Difference(found, max(p, sys.float_info.min), test, said)


def correlated_t_rope(a: Any, b: Any, *, test_to_train: float, rope: float) -> Rope:
    """Chances that B is worse, as good as equal (within ± ``rope``), and better: the Bayesian correlated t test.

    Shapes as ``corrected_resampled_t``. With a flat prior and the correlation taken as ρ = test/(test + train), the
    mean difference is Student's t about d̄ with J − 1 degrees and scale √(s²(1/J + ρ/(1 − ρ))); ρ/(1 − ρ) is
    ``test_to_train``. Exact under that model. Raises as ``corrected_resampled_t``, and where all differences are 0. A.
    Benavoli, G. Corani, J. Demšar, M. Zaffalon, J. Mach. Learn. Res. 18(77), 2017, 1-36.

    >>> found = correlated_t_rope([0.8] * 5, [0.80, 0.82, 0.84, 0.86, 0.88], test_to_train=1 / 4, rope=0.01)
    >>> round(found.worse + found.equivalent + found.better, 12), found.better > 0.8
    (1.0, True)
    """
    width = positive(rope, "rope", zero=True)
    found = corrected_resampled_t(a, b, test_to_train=test_to_train).estimate
    if found.standard_error == 0:
        raise InputError(
            "a, b: expected scores that differ somewhere, got none; nothing shows how far chance moves them"
        )
    freedom = len(plain(a, "a")) - 1
    worse = float(stdtr(freedom, (-width - found.value) / found.standard_error))
    better = float(stdtr(freedom, (found.value - width) / found.standard_error))
    return Rope(worse, max(0.0, 1 - worse - better), better)


def _t(a: Any, b: Any, ratio: float, level: float, test: str, interval: str) -> Difference:
    x, y = plain(a, "a"), plain(b, "b")
    of_one_length(a=x, b=y)
    if len(x) < 2:
        raise InputError("a, b: expected scores of at least 2 folds, got 1; one score shows no spread: compare by item")
    d = y - x
    mean, spread = float(d.mean()), float(d.std(ddof=1))
    if only_rounding(spread, x, y):
        mean, spread = (0.0 if only_rounding(abs(mean), x, y) else mean), 0.0
    error = spread * math.sqrt(1 / len(d) + ratio)
    return student_difference(mean, error, len(d) - 1, test=test, interval=interval, level=level)


def _five_by_two(differences: Any) -> Floats:
    d = plain(differences, "differences", ndim=2)
    if d.shape != (5, 2):
        raise InputError(f"differences: expected 5 halvings by 2 halves, shape (5, 2), got {d.shape}; reshape them")
    if only_rounding(float(np.abs(d[:, 0] - d[:, 1]).max()), d, np.ones(1)):
        if not only_rounding(float(np.abs(d).max()), np.ones(1)):
            raise InputError(
                "differences: expected spread within a halving, got none in all five; compare item by item"
            )
        return np.zeros((5, 2))
    return d
