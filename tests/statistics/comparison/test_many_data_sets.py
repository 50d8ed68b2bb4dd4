"""k models on N data sets: Demšar's and García and Herrera's figures, Conover's, R's; SciPy; every order listed."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats as sps
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tearless.core import InputError
from tearless.statistics.comparison.friedman_law import friedman_chance
from tearless.statistics.comparison.many_data_sets import (
    compare_all_pairs,
    compare_with_control,
    critical_difference,
    friedman,
    nemenyi_quantile,
    ranks_of_models,
)
from tearless.statistics.comparison.pairwise_hypotheses import (
    bergmann_hommel,
    cliques,
    equal_pairs,
    pairs_of,
    shaffer_static,
)
from tearless.statistics.comparison.studentised_range import range_above, range_quantile
from tearless.statistics.multiple_testing import holm

RNG = np.random.default_rng(3)
DEMSAR = np.array(
    [
        [4, 3, 2, 1],
        [1, 2, 3, 4],
        [4, 1, 2, 3],
        [4, 1, 3, 2],
        [4, 2, 3, 1],
        [1, 2.5, 4, 2.5],
        [3, 2, 4, 1],
        [2.5, 2.5, 4, 1],
        [4, 3, 2, 1],
        [2.5, 2.5, 2.5, 2.5],
        [4, 2.5, 1, 2.5],
        [3, 2, 4, 1],
        [4, 1, 2, 3],
        [3, 1, 4, 2],
    ]
)
"""Ranks of C4.5, +m, +cf, +m+cf on 14 data sets (Demšar 2006, table 6)."""
GRASS = np.array(
    [
        [4, 3, 2, 1],
        [4, 2, 3, 1],
        [3, 1.5, 1.5, 4],
        [3, 1, 2, 4],
        [4, 2, 1, 3],
        [2, 2, 2, 4],
        [1, 3, 2, 4],
        [2, 4, 1, 3],
        [3.5, 1, 2, 3.5],
        [4, 1, 3, 2],
        [4, 2, 3, 1],
        [3.5, 1, 2, 3.5],
    ]
)
"""Twelve home owners' ranks of four grasses (Conover 1999, section 5.8, example 1)."""
ROUNDING = np.array(
    [
        [540, 550, 555],
        [585, 570, 575],
        [520, 560, 550],
        [555, 550, 540],
        [590, 585, 570],
        [545, 555, 560],
        [540, 540, 535],
        [545, 550, 535],
        [525, 515, 500],
        [585, 580, 570],
        [525, 520, 510],
        [565, 555, 545],
        [560, 535, 545],
        [505, 500, 495],
        [550, 550, 540],
        [545, 555, 550],
        [555, 555, 535],
        [545, 550, 555],
        [550, 545, 525],
        [565, 560, 540],
        [570, 565, 555],
        [630, 630, 625],
    ]
)
"""Hundredths of a second to round first base in three ways, 22 players (Hollander and Wolfe 1999, table 7.1)."""


def garcia_herrera() -> np.ndarray:
    """Average ranks of C4.5, 1-NN, naive Bayes, Kernel, CN2 on 30 data sets (García and Herrera 2008, table 2)."""
    return np.array([63.0, 97.5, 66.0, 130.0, 93.5]) / 30


def test_demsar_2006_section_3_2_4() -> None:
    """Average ranks 3.143, 2.000, 2.893, 1.964; chi-square 9.28, F 3.69 on 3 and 39; CD 1.25: two groups."""
    found = friedman(DEMSAR, higher_is_better=False, correct_ties=False)
    assert found.average_ranks.round(3).tolist() == [3.143, 2.0, 2.893, 1.964]
    assert (round(found.chi_square, 2), round(found.f, 2)) == (9.28, 3.69)
    assert found.p_f == pytest.approx(sps.f.sf(found.f, 3, 39), rel=1e-10)
    picture = critical_difference(DEMSAR, higher_is_better=False)
    assert round(picture.difference, 2) == 1.25
    assert picture.groups == ((3, 1, 2, 0),)  # 3.143 - 1.964 = 1.18 < 1.25: Nemenyi finds nothing here
    narrower = critical_difference(DEMSAR, level=0.9, higher_is_better=False)
    assert round(narrower.difference, 2) == 1.12
    assert narrower.groups == ((3, 1, 2), (2, 0))


def test_demsar_2006_section_3_2_2_with_c45_as_the_control() -> None:
    """z = 2.416, 2.342, .512 with p = .016, .019, .607; by Holm and Hochberg two are told from C4.5."""
    found = compare_with_control(DEMSAR, 0, higher_is_better=False)
    assert found.z[[2, 0, 1]].round(2).tolist() == [2.42, 2.34, 0.51]
    assert found.p[[2, 0, 1]].round(3).tolist() == [0.016, 0.019, 0.608]
    assert (found.adjusted <= 0.05).tolist() == [True, False, True] or found.adjusted[2] == pytest.approx(
        3 * found.p[2]
    )
    hochberg = compare_with_control(DEMSAR, 0, method="hochberg", higher_is_better=False)
    assert (hochberg.adjusted <= found.adjusted).all()


def test_demsar_2006_table_5a() -> None:
    """Critical values for two to ten models at 5 and 10 %; 2.343 and 2.949 there are roundings of a rounded table."""
    printed = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]
    at_ten = [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920]
    for k, (q05, q10) in enumerate(zip(printed, at_ten, strict=True), 2):
        assert nemenyi_quantile(k) == pytest.approx(q05, abs=0.001)
        assert nemenyi_quantile(k, 0.9) == pytest.approx(q10, abs=0.001)


def test_tukeys_table_at_infinity() -> None:
    """Upper points of the studentised range, last row of the usual table (5 %: 2.77 3.31 3.63 3.86 ... 4.47; 1 %)."""
    for k, q05, q01 in ((2, 2.77, 3.64), (3, 3.31, 4.12), (4, 3.63, 4.40), (5, 3.86, 4.60), (10, 4.47, 5.16)):
        assert (round(range_quantile(0.95, k), 2), round(range_quantile(0.99, k), 2)) == (q05, q01)


@pytest.mark.parametrize("k", [2, 3, 7, 40])
def test_the_range_is_that_of_scipy_and_of_draws(k: int) -> None:
    for q in (0.1, 1.0, 3.3, 6.0):
        assert range_above(q, k) == pytest.approx(sps.studentized_range.sf(q, k, np.inf), rel=1e-8)
    drawn = np.ptp(RNG.normal(size=(100_000, k)), axis=1)
    assert range_above(range_quantile(0.9, k), k) == pytest.approx(0.1, rel=1e-10)
    assert np.mean(drawn > range_quantile(0.9, k)) == pytest.approx(0.1, abs=0.005)
    assert range_above(12.0, 2) == pytest.approx(2 * sps.norm.sf(12 / math.sqrt(2)), rel=1e-10)


def test_conover_1999_section_5_8_example_1() -> None:
    """T1 = 8.097 on 3 degrees, T2 = 3.192 on 3 and 33."""
    found = friedman(GRASS, higher_is_better=False)
    assert (round(found.chi_square, 3), round(found.f, 3)) == (8.097, 3.192)


def test_hollander_and_wolfe_1999_table_7_1() -> None:
    """Rounding first base: chi-square 11.143 on 2 degrees, p .003805 (as R's friedman.test prints it)."""
    found = friedman(ROUNDING, higher_is_better=False)
    assert (round(found.chi_square, 3), round(found.p_chi_square, 6)) == (11.143, 0.003805)
    assert sps.friedmanchisquare(*ROUNDING.T).statistic == pytest.approx(found.chi_square, rel=1e-10)


@pytest.mark.parametrize(
    ("rows", "k", "chi_square", "p"),
    [
        (4, 3, 6.5, 0.042),
        (4, 3, 8.0, 0.0046),
        (5, 3, 6.4, 0.039),
        (3, 4, 7.4, 0.033),
        (4, 4, 7.8, 0.036),
        (2, 4, 6, 0.042),
    ],
)
def test_friedman_1937_exact_tables(rows: int, k: int, chi_square: float, p: float) -> None:
    """Chances of his tables V and VI, as reprinted in Siegel 1956, table N."""
    for _ in range(3_000):
        ranks = np.argsort(RNG.random((rows, k)), axis=1) + 1.0
        if abs(friedman(ranks).chi_square - chi_square) < 1e-9:
            assert friedman_chance(ranks) == pytest.approx(p, abs=0.0005)
            return
    pytest.fail("no table with this statistic was drawn")


@settings(max_examples=30, deadline=None)
@given(arrays(float, st.tuples(st.integers(1, 3), st.integers(2, 4)), elements=st.integers(0, 3).map(float)))
def test_the_exact_chance_lists_every_order_of_every_row(scores: np.ndarray) -> None:
    ranks = ranks_of_models(scores)
    rows, k = ranks.shape
    assert ranks == pytest.approx(sps.rankdata(-scores, axis=1))

    def spread(table: np.ndarray) -> float:
        return float(((table.sum(axis=0) - rows * (k + 1) / 2) ** 2).sum())

    orders = [list(itertools.permutations(row)) for row in ranks.tolist()]
    drawn = [spread(np.array(table)) for table in itertools.product(*orders)]
    assert friedman(scores).p == pytest.approx(np.mean([s >= spread(ranks) - 1e-9 for s in drawn]), rel=1e-12)


def test_garcia_and_herrera_2008_table_4() -> None:
    """z and p of the ten pairs; what Holm, Shaffer and Bergmann-Hommel multiply them by, and how many fall at 5 %."""
    average, pairs = garcia_herrera(), pairs_of(5)
    z = np.abs(average[pairs[:, 0]] - average[pairs[:, 1]]) / math.sqrt(5 * 6 / (6 * 30))
    p = 2 * sps.norm.sf(z)
    order = np.argsort(p)
    printed_z = [5.471, 5.226, 2.98, 2.817, 2.654, 2.572, 2.49, 2.245, 0.327, 0.245]
    assert z[order] == pytest.approx(printed_z, abs=6e-4)
    assert p[order][:2] == pytest.approx([4.487e-8, 1.736e-7], rel=3e-4)
    assert p[order][2:].round(4).tolist() == [0.0029, 0.0048, 0.0080, 0.0101, 0.0128, 0.0247, 0.7440, 0.8065]
    smallest = p[order][:3]
    assert holm(p)[order][:3] == pytest.approx(smallest * [10, 9, 8])
    assert shaffer_static(p)[order][:3] == pytest.approx(smallest * [10, 6, 6])
    assert bergmann_hommel(p)[order][:3] == pytest.approx(smallest * [10, 6, 4])
    assert (bergmann_hommel(p) <= 0.05).sum() == 8
    assert (shaffer_static(p) <= 0.05).sum() == 6


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 4).flatmap(lambda k: st.lists(st.floats(0, 1), min_size=k * (k - 1) // 2, max_size=k * (k - 1) // 2))
)
def test_bergmann_and_shaffer_by_their_definitions(p: list[float]) -> None:
    """Every partition listed by hand; and each procedure finds at least what the coarser one finds."""
    k = round((1 + math.sqrt(1 + 8 * len(p))) / 2)
    pairs = [tuple(pair) for pair in pairs_of(k).tolist()]
    expected = [0.0] * len(p)
    numbers = set()
    for groups in itertools.product(range(k), repeat=k):
        held = [i for i, (a, b) in enumerate(pairs) if groups[a] == groups[b]]
        numbers.add(len(held))
        for i in held:
            expected[i] = max(expected[i], min(1.0, len(held) * min(p[j] for j in held)))
    assert bergmann_hommel(p) == pytest.approx(expected, rel=1e-12)
    order, worst = np.argsort(p, kind="stable"), 0.0
    for place, i in enumerate(order):
        true = max(n for n in numbers if n <= len(p) - place)
        worst = max(worst, min(1.0, max(true, 1) * p[i]))
        assert shaffer_static(p)[i] == pytest.approx(worst, rel=1e-12)
    assert (bergmann_hommel(p) <= shaffer_static(p) + 1e-12).all()
    assert (shaffer_static(p) <= holm(p) + 1e-12).all()


def test_bells_numbers_of_exhaustive_sets() -> None:
    assert [len(equal_pairs(k)) + 1 for k in range(2, 10)] == [2, 5, 15, 52, 203, 877, 4140, 21147]


def test_groups_are_the_largest_sets_that_cannot_be_told_apart() -> None:
    alike = RNG.random((7, 7)) < 0.6
    alike = alike | alike.T | np.eye(7, dtype=bool)
    held = [
        s
        for size in range(2, 8)
        for s in itertools.combinations(range(7), size)
        if all(alike[i, j] for i, j in itertools.combinations(s, 2))
    ]
    largest = {s for s in held if not any(set(s) < set(t) for t in held)}
    assert set(cliques(alike)) == largest


def test_nemenyi_pairs_agree_with_the_critical_difference_and_procedures_with_one_another() -> None:
    scores = RNG.normal(size=(25, 6)) + np.linspace(0, 1.2, 6)
    pairs = compare_all_pairs(scores, method="nemenyi")
    picture = critical_difference(scores)
    average = picture.average_ranks
    apart = np.abs(average[pairs.pairs[:, 0]] - average[pairs.pairs[:, 1]]) > picture.difference
    assert (apart == (pairs.adjusted <= 0.05)).all()
    assert pairs.groups == picture.groups
    found = [compare_all_pairs(scores, method=m).adjusted for m in ("bergmann", "shaffer", "holm", "bonferroni")]  # type: ignore[arg-type]
    for sharper, coarser in itertools.pairwise(found):
        assert (sharper <= coarser + 1e-12).all()
    assert compare_all_pairs(scores, higher_is_better=False).z == pytest.approx(-compare_all_pairs(scores).z)


def test_extremes_are_answered() -> None:
    tied = friedman(np.ones((5, 3)))
    assert (tied.p, tied.p_f, tied.chi_square, tied.concordance) == (1.0, 1.0, 0.0, 0.0)
    same = friedman(np.tile([3.0, 2.0, 1.0], (40, 1)))
    assert same.concordance == 1
    assert 0 < same.p < 1e-29
    assert math.isinf(same.f)
    one = friedman([[0.9, 0.8, 0.7]])
    assert one.p == 1.0
    hidden = ranks_of_models([[0.3, 0.1 + 0.2, 0.5]])
    assert hidden.tolist() == [[2.5, 2.5, 1.0]]
    wide = friedman(RNG.normal(size=(20_000, 12)))
    assert wide.p_exact is None
    assert 0 < wide.p <= 1
    with pytest.raises(InputError, match="at most 9 models"):
        compare_all_pairs(RNG.normal(size=(5, 10)))
    with pytest.raises(InputError, match="two models"):
        friedman([[1.0], [2.0]])
    with pytest.raises(InputError, match="control"):
        compare_with_control(RNG.normal(size=(5, 3)), 3)
