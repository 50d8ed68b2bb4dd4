"""k models on N data sets: average ranks, whether they differ at all, and which from which (Demšar 2006).

Everywhere ``scores`` has shape (N, k): a row for each data set, a column for each model; rank 1 is best.
J. Demšar, *Statistical Comparisons of Classifiers over Multiple Data Sets*, J. Mach. Learn. Res. 7, 2006, 1-30.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc, ndtr

from tearless.core import InputError
from tearless.linear_algebra.arrays import whole
from tearless.statistics.comparison.flip_law import LEAST
from tearless.statistics.comparison.friedman_law import friedman_chance
from tearless.statistics.comparison.pairwise_hypotheses import bergmann_hommel, cliques, pairs_of, shaffer_static
from tearless.statistics.comparison.studentised_range import range_above, range_quantile
from tearless.statistics.estimate import Floats, plain
from tearless.statistics.multiple_testing import bonferroni, hochberg, holm, hommel

AllPairs = Literal["bergmann", "shaffer", "holm", "nemenyi", "bonferroni"]
WithControl = Literal["holm", "hochberg", "hommel", "bonferroni"]
Groups = tuple[tuple[int, ...], ...]
DIGITS = 1e-12


@dataclass(frozen=True, slots=True)
class Friedman:
    """Whether the models' ranks differ: χ² (k − 1 degrees), Iman and Davenport's F, and the exact p where counted.

    Made by ``friedman``: ``average_ranks`` (k,), and a p by each: ``p_chi_square`` for ``chi_square``, ``p_f`` for
    ``f``, ``p_exact`` where counted. ``p`` is the exact one, or that of F: χ² is too timid. ``concordance`` is
    Kendall's W, 1 where all rows agree.
    """

    average_ranks: Floats
    chi_square: float
    p_chi_square: float
    f: float
    p_f: float
    p_exact: float | None
    concordance: float

    @property
    def p(self) -> float:
        return self.p_f if self.p_exact is None else self.p_exact


@dataclass(frozen=True, slots=True)
class CriticalDifference:
    """Average ranks, how far apart two must be to be told apart (Nemenyi), and the groups that cannot be.

    Made by ``critical_difference`` at ``level``. ``groups`` are columns of the table, best first, each the longest run
    of ranks within the difference.
    """

    average_ranks: Floats
    difference: float
    level: float
    groups: Groups


@dataclass(frozen=True, slots=True)
class PairwiseRanks:
    """Pairs of models with z of their average ranks (above 0: the second is better), p, and p after correction.

    Made by ``compare_all_pairs`` and ``compare_with_control``: ``adjusted`` is p after the correction by ``method``.
    ``pairs`` (m, 2), the others (m,); ``groups`` as in ``CriticalDifference``, from the corrected p.
    """

    pairs: NDArray[np.int64]
    z: Floats
    p: Floats
    adjusted: Floats
    method: str
    groups: Groups


def ranks_of_models(scores: Any, *, higher_is_better: bool = True) -> Floats:
    """The rank of each model in its row, 1 the best; ties share the mean of theirs. Shape (N, k) in and out.

    Scores within 10⁻¹² of the largest in their row are tied. Raises ``InputError`` for fewer than two models, or holes.

    >>> ranks_of_models([[0.9, 0.8, 0.9]]).tolist()
    [[1.5, 3.0, 1.5]]
    """
    table = plain(scores, "scores", ndim=2)
    if table.shape[1] < 2:
        raise InputError(f"scores: expected a column for each of two models or more, got {table.shape}; add columns")
    table = -table if higher_is_better else table
    order = np.argsort(table, axis=1, kind="stable")
    ordered = np.take_along_axis(table, order, axis=1)
    with np.errstate(over="ignore"):
        new = np.diff(ordered, axis=1) > DIGITS * np.abs(table).max(axis=1, keepdims=True)
    k = table.shape[1]
    place, edge = np.arange(k), np.ones((len(table), 1), dtype=bool)
    first = np.maximum.accumulate(np.where(np.hstack([edge, new]), place, 0), axis=1)
    last = np.minimum.accumulate(np.where(np.hstack([new, edge]), place, k)[:, ::-1], axis=1)[:, ::-1]
    out = np.empty(table.shape)
    np.put_along_axis(out, order, (first + last) / 2 + 1, axis=1)
    return out


def friedman(scores: Any, *, higher_is_better: bool = True, correct_ties: bool = True) -> Friedman:
    """Friedman's test with Iman and Davenport's F, and the exact chance for small tables.

    χ² = (k−1) Σ (Rⱼ − N(k+1)/2)² / Σ (r − (k+1)/2)², which counts ties; without ``correct_ties`` as if there were none,
    as Demšar prints it. F = (N−1)χ²/(N(k−1) − χ²) on k−1 and (k−1)(N−1) degrees (R. L. Iman and J. M. Davenport, Comm.
    Statist. A 9, 1980, 571-595); where all rows agree p is (1/k!)^(N−1) (W. J. Conover, *Practical Nonparametric
    Statistics*, 3rd ed. 1999, section 5.8). All tied gives p = 1. Raises ``InputError`` as ``ranks_of_models``.

    >>> found = friedman([[1, 2, 3], [1, 2, 3], [1, 3, 2], [2, 1, 3]])  # rank sums 11, 8, 5: 12 / 48 * 210 - 48
    >>> round(found.chi_square, 9), round(found.f, 9), round(found.p_exact * 1296)
    (4.5, 3.857142857, 162)
    """
    ranks = ranks_of_models(scores, higher_is_better=higher_is_better)
    rows, k = ranks.shape
    away = ranks.sum(axis=0) - rows * (k + 1) / 2
    within = float(((ranks - (k + 1) / 2) ** 2).sum()) if correct_ties else rows * k * (k * k - 1) / 12
    average = ranks.mean(axis=0)
    if within == 0:
        return Friedman(average, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0)
    chi_square = (k - 1) * float(away @ away) / within
    most = rows * (k - 1)
    left = most - chi_square
    if left <= 1e-9 * most:
        f, p_f = math.inf, max(LEAST, math.exp(-min(700.0, (rows - 1) * math.lgamma(k + 1))))
    else:
        f = (rows - 1) * chi_square / left
        p_f = max(LEAST, float(fdtrc(k - 1, (k - 1) * (rows - 1), f))) if rows > 1 else 1.0
    exact = friedman_chance(ranks)
    p_chi = max(LEAST, float(chdtrc(k - 1, chi_square)))
    return Friedman(average, chi_square, p_chi, f, p_f, exact, chi_square / most)


def nemenyi_quantile(k: int, level: float = 0.95) -> float:
    """Standard errors of a difference of average ranks that no pair of k equal models exceeds with chance ``level``.

    The quantile of the range of k normal deviates, over √2 (P. B. Nemenyi, thesis, Princeton 1963); Demšar's table 5a.

    >>> [round(nemenyi_quantile(k), 3) for k in (2, 3, 10)]
    [1.96, 2.344, 3.164]
    """
    return range_quantile(level, k) / math.sqrt(2)


def critical_difference(scores: Any, *, level: float = 0.95, higher_is_better: bool = True) -> CriticalDifference:
    """What a critical-difference picture shows: average ranks, q·√(k(k+1)/6N), and the groups within it.

    Raises ``InputError`` as ``ranks_of_models``.

    >>> found = critical_difference([[3, 2, 1]] * 8)
    >>> found.average_ranks.tolist(), round(found.difference, 3), found.groups
    ([1.0, 2.0, 3.0], 1.172, ((0, 1), (1, 2)))
    """
    ranks = ranks_of_models(scores, higher_is_better=higher_is_better)
    rows, k = ranks.shape
    average = ranks.mean(axis=0)
    width = nemenyi_quantile(k, level) * _error(rows, k)
    return CriticalDifference(average, width, level, _runs(average, width))


def compare_all_pairs(
    scores: Any, *, method: AllPairs = "bergmann", level: float = 0.95, higher_is_better: bool = True
) -> PairwiseRanks:
    """Every model with every other: z = (Rᵢ − Rⱼ)/√(k(k+1)/6N), corrected for the number of pairs.

    ``"bergmann"`` (Bergmann and Hommel, up to 9 models) finds most; then ``"shaffer"``, ``"holm"``, ``"nemenyi"`` (the
    range of k normal deviates), ``"bonferroni"``, which García and Herrera 2008 call Nemenyi's. All hold the chance of
    any false difference at 1 − level. Raises ``InputError`` as ``ranks_of_models``, and for more models than that.

    >>> found = compare_all_pairs([[3, 2, 1]] * 8)
    >>> found.z.round(3).tolist(), found.adjusted.round(5).tolist()
    ([-2.0, -4.0, -2.0], [0.0455, 0.00019, 0.0455])
    """
    _one_of(method, get_args(AllPairs))
    ranks = ranks_of_models(scores, higher_is_better=higher_is_better)
    rows, k = ranks.shape
    average, pairs = ranks.mean(axis=0), pairs_of(k)
    z = (average[pairs[:, 1]] - average[pairs[:, 0]]) / _error(rows, k)
    p = _two_sided(z)
    ways: dict[str, Callable[[Floats], Floats]] = {
        "bergmann": bergmann_hommel,
        "shaffer": shaffer_static,
        "holm": holm,
        "bonferroni": bonferroni,
        "nemenyi": lambda _: np.array([max(LEAST, range_above(math.sqrt(2) * abs(x), k)) for x in z.tolist()]),
    }
    adjusted = ways[method](p)
    alike = np.eye(k, dtype=bool)
    alike[pairs[:, 0], pairs[:, 1]] = alike[pairs[:, 1], pairs[:, 0]] = adjusted > 1 - level
    order = np.argsort(average, kind="stable")
    found = cliques(alike[np.ix_(order, order)])
    groups = tuple(tuple(int(order[i]) for i in group) for group in found)
    return PairwiseRanks(pairs, -z, p, adjusted, method, groups)


def compare_with_control(
    scores: Any, control: int, *, method: WithControl = "holm", level: float = 0.95, higher_is_better: bool = True
) -> PairwiseRanks:
    """Every model with one: k − 1 tests instead of k(k − 1)/2. Pairs are (control, other).

    ``"hochberg"`` and ``"hommel"`` find more than ``"holm"``, for tests that depend positively, as these nearly do.
    Raises ``InputError`` as ``ranks_of_models``, and for a column that is none.

    >>> compare_with_control([[3, 2, 1]] * 8, 0).adjusted.round(4).tolist()
    [0.0455, 0.0001]
    """
    _one_of(method, get_args(WithControl))
    ranks = ranks_of_models(scores, higher_is_better=higher_is_better)
    rows, k = ranks.shape
    whole(control, "control", least=0, most=k - 1)
    others = np.delete(np.arange(k), control)
    average = ranks.mean(axis=0)
    z = (average[control] - average[others]) / _error(rows, k)
    p = _two_sided(z)
    ways = {"holm": holm, "hochberg": hochberg, "hommel": hommel, "bonferroni": bonferroni}
    adjusted = ways[method](p)
    pairs = np.column_stack([np.full(k - 1, control), others]).astype(np.int64)
    groups = tuple((control, int(other)) for other, q in zip(others, adjusted, strict=True) if q > 1 - level)
    return PairwiseRanks(pairs, z, p, adjusted, method, groups)


def _error(rows: int, k: int) -> float:
    """Standard error of a difference of two average ranks, without ties; with ties it is smaller."""
    return math.sqrt(k * (k + 1) / (6 * rows))


def _two_sided(z: Floats) -> Floats:
    return np.asarray(np.maximum(2 * ndtr(-np.abs(z)), LEAST), dtype=np.float64)


def _runs(average: Floats, width: float) -> Groups:
    """The longest runs of two or more models, in order of rank, whose ends lie within ``width``."""
    order = np.argsort(average, kind="stable")
    ordered = average[order]
    last = np.searchsorted(ordered, ordered + width * (1 + 1e-12), side="right")
    new = [i for i in range(len(order)) if last[i] - i > 1 and (i == 0 or last[i] > last[i - 1])]
    return tuple(tuple(order[i : last[i]].tolist()) for i in new)


def _one_of(value: str, names: tuple[str, ...]) -> None:
    if value not in names:
        raise InputError(f"method: expected one of {names}, got {value!r}; name one of them")
