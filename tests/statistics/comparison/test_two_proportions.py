"""Two test sets: Newcombe's table, Fagerland's values, a likelihood found by search, and one opinion about 0."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats
from scipy.special import xlogy
from statsmodels.stats.proportion import confint_proportions_2indep

from tearless.core import InputError
from tearless.statistics.comparison.two_proportions import agresti_caffo, compare_unpaired, score_at, score_limits
from tearless.statistics.estimate import normal_quantile
from tearless.statistics.two_sample import fisher_chance

TESTS: list[Any] = ["score", "pooled-z", "fisher", "mid-p"]
LEVELS = (0.9, 0.95, 0.99)

# Newcombe, Stat. Med. 17 (1998) 873-890, Table II: his first sample is B here. Methods 6 (Miettinen and Nurminen), 5
# (Mee) and 10 (hybrid score).
NEWCOMBE = [
    ((56, 70, 48, 80), (0.0528, 0.3382), (0.0533, 0.3377), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1700, 0.8406), (0.1821, 0.8370), (0.1705, 0.8090)),
    ((6, 7, 2, 7), (0.0342, 0.8534), (0.0544, 0.8478), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0326, 0.1933), (-0.0313, 0.1926), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1658, 0.2844), (-0.1611, 0.2775), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2879, 0.2879), (-0.2775, 0.2775), (-0.2775, 0.2775)),
    ((10, 10, 0, 20), (0.7156, 1.0), (0.7225, 1.0), (0.6791, 1.0)),
    ((10, 10, 0, 10), (0.6636, 1.0), (0.6777, 1.0), (0.6075, 1.0)),
]


@pytest.mark.parametrize(("counts", "mn", "mee", "hybrid"), NEWCOMBE)
def test_newcombes_table(counts: Any, mn: Any, mee: Any, hybrid: Any) -> None:
    right_b, items_b, right_a, items_a = counts

    def ends(**how: Any) -> tuple[float, float]:
        found = compare_unpaired(right_a, items_a, right_b, items_b, **how).estimate
        return round(found.low, 4), round(found.high, 4)

    assert ends() == mn
    assert ends(test="pooled-z") == mee
    assert ends(interval="newcombe") == hybrid


def test_fagerlands_perondi_and_ritland() -> None:
    """Fagerland, Lydersen and Laake, Statistical Analysis of Contingency Tables, chapter 4; R contingencytables."""
    perondi, ritland = (1, 34, 7, 34), (15, 72, 0, 16)
    mee = compare_unpaired(*perondi, test="pooled-z").estimate
    assert (round(mee.low, 4), round(mee.high, 4)) == (0.0284, 0.3439)
    assert tuple(round(v, 4) for v in agresti_caffo(*perondi)) == (0.0116, 0.3217)
    hybrid = compare_unpaired(*perondi, interval="newcombe").estimate
    assert (round(hybrid.low, 4), round(hybrid.high, 4)) == (0.0189, 0.3404)
    wald = compare_unpaired(*perondi, interval="wald").estimate
    assert (round(wald.low, 4), round(wald.high, 4)) == (0.0292, 0.3238)
    mn = compare_unpaired(*ritland).estimate
    assert (round(mn.low, 4), round(mn.high, 4)) == (-0.3164, -0.0056)
    assert round(compare_unpaired(*ritland, test="fisher").p, 5) == 0.06287
    assert round(compare_unpaired(*ritland, test="mid-p").p, 5) == 0.04466
    assert round(compare_unpaired(1, 4, 3, 4, test="pooled-z").p, 5) == 0.15730


counts = st.tuples(st.integers(1, 60), st.integers(1, 60)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


@settings(max_examples=60, deadline=None)
@given(counts)
def test_fishers_p_is_scipys_and_the_projects_own(c: Any) -> None:
    x, n, y, m = c
    p = compare_unpaired(*c, test="fisher").p
    assert p == pytest.approx(stats.fisher_exact([[x, n - x], [y, m - y]])[1], rel=1e-6)
    assert p == pytest.approx(fisher_chance(*c), rel=1e-9)
    assert compare_unpaired(*c, test="mid-p").p <= p


def by_search(x: int, n: int, y: int, m: int, d: float) -> float:
    """Second route: the likeliest pair of accuracies that differ by d, found by search."""

    def unlikely(p: float) -> float:
        q = min(1.0, max(0.0, p + d))
        return -float(xlogy(x, p) + xlogy(n - x, 1 - p) + xlogy(y, q) + xlogy(m - y, 1 - q))

    best = optimize.minimize_scalar(
        unlikely, bounds=(max(0.0, -d), min(1.0, 1 - d)), method="bounded", options={"xatol": 1e-13}
    )
    p = float(best.x)
    variance = p * (1 - p) / n + (p + d) * (1 - p - d) / m
    return (y / m - x / n - d) / math.sqrt(max(variance, 1e-300))


@settings(max_examples=60, deadline=None)
@given(counts, st.floats(-0.9, 0.9))
def test_the_score_is_that_of_the_likeliest_pair(c: Any, d: float) -> None:
    x, n, y, m = c
    if 0 < x < n and 0 < y < m:
        assert score_at(d, *c, test="pooled-z") == pytest.approx(by_search(*c, d), rel=1e-4, abs=1e-5)
    factor = math.sqrt((n + m - 1) / (n + m))
    assert score_at(d, *c, test="score") == pytest.approx(factor * score_at(d, *c, test="pooled-z"), rel=1e-12)
    assert score_at(d, *c, test="score") == pytest.approx(-score_at(-d, y, m, x, n, test="score"), rel=1e-9, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(counts, st.sampled_from(LEVELS))
def test_at_the_ends_the_score_is_z(c: Any, level: float) -> None:
    found = compare_unpaired(*c, level).estimate
    z = normal_quantile(level)
    for end, sign in ((found.low, 1), (found.high, -1)):
        if abs(end) < 1:
            assert score_at(end, *c, test="score") == pytest.approx(sign * z, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(counts)
def test_newcombes_and_agresti_caffos_are_statsmodels(c: Any) -> None:
    x, n, y, m = c
    low, high = confint_proportions_2indep(y, m, x, n, compare="diff", method="newcomb")
    found = compare_unpaired(*c, interval="newcombe").estimate
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    low, high = confint_proportions_2indep(y, m, x, n, compare="diff", method="agresti-caffo")
    value = y / m - x / n
    assert agresti_caffo(*c) == pytest.approx((min(value, max(-1, low)), max(value, min(1, high))), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(counts, st.sampled_from(TESTS), st.sampled_from([0.5, 0.75, 0.9, 0.95, 0.99, 0.999999]))
def test_p_and_interval_agree_and_the_mirror_too(c: Any, test: Any, level: float) -> None:
    found = compare_unpaired(*c, level, test=test)
    ends = found.estimate
    assert (ends.low < 0 < ends.high) != found.sure
    assert -1 <= ends.low <= ends.value <= ends.high <= 1
    assert ends.low < ends.high
    assert 0 < found.p <= 1
    x, n, y, m = c
    mirror = compare_unpaired(y, m, x, n, level, test=test)
    assert mirror.p == pytest.approx(found.p, rel=1e-9)
    assert (mirror.estimate.low, mirror.estimate.high) == pytest.approx((-ends.high, -ends.low), abs=1e-9)
    wider = compare_unpaired(*c, (1 + level) / 2, test=test).estimate
    assert wider.low <= ends.low + 1e-9
    assert wider.high >= ends.high - 1e-9


@pytest.mark.parametrize("test", TESTS)
def test_over_all_small_tables_p_and_interval_agree(test: Any) -> None:
    for n, m in ((1, 1), (1, 5), (4, 4), (3, 6)):
        for x in range(n + 1):
            for y in range(m + 1):
                for level in (0.9, 0.95):
                    found = compare_unpaired(x, n, y, m, level, test=test)
                    assert (found.estimate.low < 0 < found.estimate.high) != found.sure


@settings(max_examples=60, deadline=None)
@given(counts, st.sampled_from(["newcombe", "agresti-caffo"]), st.sampled_from(TESTS))
def test_another_interval_says_so_where_it_contradicts(c: Any, interval: Any, test: Any) -> None:
    found = compare_unpaired(*c, interval=interval, test=test)
    assert ("contradicts" in found.interval) == ((found.estimate.low < 0 < found.estimate.high) == found.sure)


def test_coverage_by_exact_sums() -> None:
    """30 and 40 items, every pair of accuracies in steps of a tenth: at least 92.9 %."""
    n, m = 30, 40
    x, y = (v.ravel() for v in np.meshgrid(np.arange(n + 1.0), np.arange(m + 1.0), indexing="ij"))
    z = normal_quantile(0.95) * math.sqrt((n + m) / (n + m - 1))
    low, high = score_limits(x, n, y, m, z)
    for p in np.arange(0, 1.05, 0.1):
        for q in np.arange(0, 1.05, 0.1):
            chance = stats.binom.pmf(x, n, p) * stats.binom.pmf(y, m, q)
            assert chance[(low <= q - p + 1e-12) & (high >= q - p - 1e-12)].sum() >= 0.929


def test_small_shares_of_large_sets_keep_their_digits() -> None:
    """The limits of 3 and 9 in ten million are those of two Poisson counts, found here by the score of their means."""
    n = 10_000_000

    def score(d: float) -> float:
        # the likeliest mean a of A, with a + d for B, has 3/a + 9/(a + d) = 2
        a = optimize.brentq(lambda v: 3 / v + 9 / (v + d) - 2, max(0.0, -d) + 1e-12, 100.0)
        return float((6 - d) / math.sqrt(2 * a + d))

    z = normal_quantile(0.95)
    low, high = optimize.brentq(lambda d: score(d) - z, -5, 6), optimize.brentq(lambda d: score(d) + z, 6, 60)
    found = compare_unpaired(3, n, 9, n).estimate
    assert (found.low * n, found.high * n) == pytest.approx((low, high), rel=1e-5)
    for test in TESTS:
        assert 0 < compare_unpaired(4_000_000, n, 5_000_000, n, test=test).p < 1e-300


@pytest.mark.parametrize(
    "c", [(0, 1, 0, 1), (1, 1, 1, 1), (0, 1, 1, 1), (0, 10**7, 0, 10**7), (10**7, 10**7, 0, 10**7)]
)
@pytest.mark.parametrize("test", TESTS)
def test_degenerate_counts_are_answered(c: Any, test: Any) -> None:
    found = compare_unpaired(*c, test=test)
    assert 0 < found.p <= 1
    assert -1 <= found.estimate.low < found.estimate.high <= 1
    assert found.estimate.standard_error != 0


@pytest.mark.parametrize(
    ("args", "how", "says"),
    [
        ((5, 4, 1, 2), {}, "right_a"),
        ((0, 0, 1, 2), {}, "an item on each side"),
        ((1, 2, -1, 2), {}, "right_b"),
        ((1, 2, 1, 2), {"test": "chi2"}, "chi2"),
        ((1, 2, 1, 2), {"interval": "exact"}, "exact"),
        ((0, 2, 2, 2), {"interval": "wald"}, "no width"),
        ((0, 2, 2, 2, 1.0), {}, "level"),
    ],
)
def test_what_cannot_be_is_said(args: Any, how: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        compare_unpaired(*args, **how)
    with pytest.raises(InputError, match="difference"):
        score_at(1.0, 1, 2, 1, 2, test="score")
