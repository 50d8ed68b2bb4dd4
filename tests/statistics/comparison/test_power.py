"""Power: printed sample sizes, R's and statsmodels' values, and exact sums over every table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from tearless.core import InputError
from tearless.statistics.comparison.mcnemar import mcnemar
from tearless.statistics.comparison.paired_power import (
    critical_split,
    items_to_settle_paired,
    paired_detectable,
    paired_items,
    paired_power,
)
from tearless.statistics.comparison.paired_proportions import PairedTable
from tearless.statistics.comparison.power import least_items
from tearless.statistics.comparison.power_of_means import (
    paired_t_detectable,
    paired_t_items,
    paired_t_power,
    welch_detectable,
    welch_items,
    welch_power,
)
from tearless.statistics.comparison.two_proportions import compare_unpaired
from tearless.statistics.comparison.unpaired_power import (
    items_to_settle_unpaired,
    unpaired_detectable,
    unpaired_items,
    unpaired_power,
)
from tearless.statistics.two_sample import fisher_chance

METHODS: list[Any] = ["mid-p", "exact", "asymptotic", "corrected"]


def test_connors_and_duffys_values() -> None:
    # Connor, Biometrics 43 (1987) 207-211, p. 209's formula as worked by powerandsamplesize.com: .45 and .05, 23 pairs
    assert paired_items(0.4, 0.5, method="connor") == 23
    # Duffy, Biometrics 40 (1984) 1005-1015, as R's MESS::power_mcnemar_test has it: 144 pairs, .25 and .45, 0.80
    assert round(paired_power(144, 0.2, 0.7, method="exact"), 2) == 0.80


def test_the_shared_test_set_of_issue_four() -> None:
    """n = 500, 9 % differ, +3 points: mid-p sees it in 61 of 100; the unpaired test, from 74 % on, in 4."""
    assert paired_power(500, 0.03, 0.09) >= 0.60
    assert 0.54 <= paired_power(500, 0.03, 0.09, method="exact") <= 0.58
    n, b_alone, a_alone, both = 500, 0.06, 0.03, 0.71
    b, a = (v.ravel() for v in np.meshgrid(np.arange(70), np.arange(50), indexing="ij"))
    found = 0.0
    chance = stats.multinomial.pmf(np.c_[a, b, n - a - b], n, [a_alone, b_alone, 1 - a_alone - b_alone])
    e = np.arange(300, 430)
    for count_a, count_b, weight in zip(a, b, chance, strict=True):
        if weight < 1e-12:
            continue
        alike = stats.binom.pmf(e, n - count_a - count_b, both / (1 - a_alone - b_alone))
        pooled = (2 * e + count_a + count_b) / (2 * n)
        sure = abs(int(count_b) - int(count_a)) / n >= 1.959964 * np.sqrt(np.maximum(0, pooled * (1 - pooled)) * 2 / n)
        found += weight * alike[sure].sum()
    assert round(found, 2) == 0.04


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("n", "difference", "discordant"), [(12, 0.3, 0.5), (25, 0.0, 0.4), (20, 0.6, 0.6), (9, 0.5, 1.0)]
)
def test_paired_power_is_the_sum_over_all_tables(method: Any, n: int, difference: float, discordant: float) -> None:
    q, p = (discordant - difference) / 2, (discordant + difference) / 2
    found = sum(
        float(stats.multinomial.pmf([a, b, n - a - b], n, [q, p, 1 - q - p]))
        for a in range(n + 1)
        for b in range(n + 1 - a)
        if mcnemar(a, b, method=method) <= 0.05
    )
    assert paired_power(n, difference, discordant, method=method) == pytest.approx(found, abs=1e-11)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999999])
def test_the_critical_split_is_the_first_that_is_sure(method: Any, level: float) -> None:
    for m in range(61):
        sure = [k for k in range(m // 2 + 1, m + 1) if mcnemar(m - k, k, method=method) <= 1 - level]
        assert critical_split(np.array([float(m)]), level, method)[0] == (sure[0] if sure else math.inf)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.02, 0.3), st.floats(1.0, 4.0), st.sampled_from([0.8, 0.9]))
def test_items_and_difference_turn_power_round(difference: float, times: float, power: float) -> None:
    discordant = min(1.0, difference * times)
    n = paired_items(difference, discordant, power)
    assert paired_power(int(n), difference, discordant) >= power
    assert (
        min(paired_power(int(n) - 1, difference, discordant), paired_power(int(n) - 2, difference, discordant)) < power
    )
    seen = paired_detectable(int(n), discordant, power)
    assert seen <= difference * (1 + 1e-9)
    if seen < discordant:
        assert paired_power(int(n), seen, discordant) == pytest.approx(power, abs=1e-9)


def test_formulas_are_near_the_exact_counts() -> None:
    for difference, discordant in ((0.03, 0.09), (0.01, 0.05), (0.05, 0.3)):
        exact = paired_items(difference, discordant)
        assert paired_items(difference, discordant, method="connor") == pytest.approx(exact, rel=0.03)
        assert paired_items(difference, discordant, method="miettinen") == pytest.approx(exact, rel=0.05)


def test_nothing_seen_and_nothing_to_see() -> None:
    assert paired_items(0.0, 0.1) == math.inf
    assert paired_detectable(4, 0.5) == math.inf
    assert 0.5 < paired_detectable(10, 0.0) < 0.7
    assert items_to_settle_paired(PairedTable(5, 0, 0, 5)) == math.inf
    assert unpaired_items(0.5, 0.5) == (math.inf, math.inf)
    assert items_to_settle_unpaired(0, 5, 0, 5) == (math.inf, math.inf)
    assert unpaired_detectable(1, 1, 0.5) == math.inf
    assert unpaired_detectable(50, 50, 1.0) == pytest.approx(unpaired_detectable(50, 50, 0.0), rel=1e-9)
    assert paired_t_items(0.0, 1.0) == math.inf
    assert welch_items(0.0, 1.0, 1.0) == (math.inf, math.inf)
    assert least_items(lambda n: 0.0, 0.8, 5) == math.inf


def test_ten_million_items() -> None:
    assert paired_power(10_000_000, 3e-4, 0.09) == pytest.approx(
        stats.norm.cdf(3e-4 * math.sqrt(1e7) / 0.3 - 1.959964), abs=1e-3
    )
    assert 0 < paired_detectable(10_000_000, 0.09) < 3e-4
    assert unpaired_power(10_000_000, 10_000_000, 0.8, 0.8005) == pytest.approx(0.80, abs=0.01)
    assert paired_t_power(10_000_000, 1e-3, 1.0) == pytest.approx(stats.norm.cdf(math.sqrt(10) - 1.959964), abs=1e-6)


@pytest.mark.parametrize("test", ["score", "pooled-z"])
@pytest.mark.parametrize(
    ("n", "m", "p", "q"), [(10, 10, 0.3, 0.8), (12, 7, 0.9, 0.4), (3, 9, 0.5, 0.5), (8, 8, 0.0, 0.6), (8, 8, 1.0, 1.0)]
)
def test_unpaired_power_is_the_sum_over_all_tables(test: Any, n: int, m: int, p: float, q: float) -> None:
    found = sum(
        float(stats.binom.pmf(x, n, p) * stats.binom.pmf(y, m, q))
        for x in range(n + 1)
        for y in range(m + 1)
        if compare_unpaired(x, n, y, m, test=test).sure
    )
    assert unpaired_power(n, m, p, q, test=test) == pytest.approx(found, abs=1e-11)


def test_rs_values_for_two_proportions() -> None:
    """R's power.prop.test(p1 = .50, p2 = .75, power = .90): n = 76.7; pwr.2p.test(h = 0.3, power = .8): 174.4."""
    assert unpaired_items(0.5, 0.75, power=0.9, method="fleiss") == (77, 77)
    p = math.sin(0.15 + math.pi / 4) ** 2
    assert unpaired_items(1 - p, p, method="arcsine") == (math.ceil(2 * (1.959964 + 0.841621) ** 2 / 0.6**2),) * 2
    with_continuity = unpaired_items(0.25, 0.40, power=0.95, level=0.99, method="casagrande-pike-smith")
    plain = unpaired_items(0.25, 0.40, power=0.95, level=0.99, method="fleiss")
    assert with_continuity[0] == pytest.approx(plain[0] + 2 / 0.15, abs=1.5)


def test_casagrandes_count_is_that_of_fishers_test() -> None:
    n = int(unpaired_items(0.3, 0.6, method="casagrande-pike-smith")[0])
    x = np.arange(n + 1)
    sure = [[fisher_chance(int(a), n, int(b), n) <= 0.05 for b in x] for a in x]
    found = float(stats.binom.pmf(x, n, 0.3) @ np.array(sure, dtype=float) @ stats.binom.pmf(x, n, 0.6))
    assert found == pytest.approx(0.8, abs=0.02)


def test_uneven_test_sets() -> None:
    a, b = unpaired_items(0.6, 0.8, ratio=3.0)
    assert b == pytest.approx(3 * a, abs=1)
    assert unpaired_power(int(a), int(b), 0.6, 0.8) >= 0.8
    assert unpaired_items(0.6, 0.8, method="fleiss", ratio=3.0)[0] == pytest.approx(a, rel=0.1)
    gain = unpaired_detectable(int(a), int(b), 0.6)
    assert unpaired_power(int(a), int(b), 0.6, 0.6 + gain) == pytest.approx(0.8, abs=1e-9)


def test_rs_values_for_t_tests() -> None:
    """R's power.t.test: (n = 20, delta = 1, sd = 1) 0.8689528 on one side; (power = .90, delta = 1) n = 22.02110."""
    assert round(welch_power(20, 20, 1.0, 1.0, 1.0), 6) == 0.868953
    assert welch_items(1.0, 1.0, 1.0, power=0.9) == (23, 23)


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 400), st.floats(0.02, 1.5))
def test_the_paired_t_is_statsmodels(n: int, effect: float) -> None:
    of_statsmodels = TTestPower().power(effect, n, 0.05)  # nan where its other tail is lost
    assert np.isnan(of_statsmodels) or paired_t_power(n, effect, 1.0) == pytest.approx(of_statsmodels, abs=1e-9)
    seen = paired_t_detectable(n, 2.0)
    assert paired_t_power(n, seen, 2.0) == pytest.approx(0.8, abs=1e-9)
    needed = int(paired_t_items(effect, 1.0))
    assert paired_t_power(needed, effect, 1.0) >= 0.8
    assert needed == 2 or paired_t_power(needed - 1, effect, 1.0) < 0.8


def test_far_off_the_noncentral_t_is_the_mean_over_its_normal_part() -> None:
    for n, off, level in ((2, 29.9, 0.95), (2, 30.1, 0.95), (2, 80.0, 0.99), (3, 45.0, 0.999), (50, 60.0, 0.95)):
        z = np.linspace(-9, 9, 20001)
        limit = stats.t.ppf(0.5 + level / 2, n - 1)
        inside = stats.chi2.cdf((n - 1) * ((off + z) / limit) ** 2, n - 1)
        truth = float(np.trapezoid(stats.norm.pdf(z) * inside, z))
        assert paired_t_power(n, off / math.sqrt(n), 1.0, level) == pytest.approx(truth, abs=1e-9)


def test_welch_by_simulation_of_uneven_spreads() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.normal(0, 1, (4000, 15)), rng.normal(1.5, 3, (4000, 25))
    seen = (stats.ttest_ind(x, y, axis=1, equal_var=False).pvalue <= 0.05).mean()
    assert welch_power(15, 25, 1.5, 1.0, 3.0) == pytest.approx(seen, abs=0.025)
    gap = welch_detectable(15, 25, 1.0, 3.0)
    assert welch_power(15, 25, gap, 1.0, 3.0) == pytest.approx(0.8, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: paired_power(0, 0.1, 0.2), "items"),
        (lambda: paired_power(10, 0.3, 0.2), "discordant"),
        (lambda: paired_power(10, 0.1, 0.2, method="exact-unconditional"), "method"),  # type: ignore[arg-type]
        (lambda: paired_items(0.1, 0.2, power=1.0), "power"),
        (lambda: unpaired_power(10, 10, 1.1, 0.2), "share"),
        (lambda: unpaired_items(0.1, 0.2, method="z"), "method"),  # type: ignore[arg-type]
        (lambda: unpaired_items(0.1, 0.2, ratio=0.0), "ratio"),
        (lambda: paired_t_power(1, 0.1, 0.2), "items"),
        (lambda: welch_power(5, 5, 0.1, 0.0, 1.0), "spread_a"),
    ],
)
def test_what_cannot_be_is_said(call: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        call()
