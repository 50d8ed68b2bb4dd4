"""Paired accuracies: published intervals, an independent inversion, exact coverage, and no quarrel with the test."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import gammaln, xlogy

from tearless.core import InputError
from tearless.statistics.comparison.mcnemar import log_p, mcnemar
from tearless.statistics.comparison.paired_proportions import (
    PairedTable,
    bonett_price,
    compare_paired,
    newcombe_paired,
    tango,
    tango_limits,
    tango_score,
    tied_limits,
    wald_paired,
)
from tearless.statistics.estimate import normal_quantile

TESTS: list[Any] = ["mid-p", "exact", "asymptotic", "corrected"]
LEVELS = (0.9, 0.95, 0.99)
cells = st.integers(0, 40)
tables = st.tuples(cells, cells, cells, cells).filter(any).map(lambda c: PairedTable(*c))
Floats = NDArray[np.float64]


def rounded(ends: tuple[float, float], digits: int) -> tuple[float, float]:
    return round(ends[0], digits), round(ends[1], digits)


# Cells (both, only A, only B, neither), the difference taken B less A.
@pytest.mark.parametrize(
    ("cells", "level", "digits", "printed"),
    [
        ((4, 3, 9, 16), 0.95, 3, (-0.027, 0.390)),  # Tango, Stat. Med. 17 (1998) 891-908
        ((43, 1, 0, 0), 0.90, 3, (-0.096, 0.037)),  # Tango 1998, crossover trial of lens cleaning
        ((53, 8, 16, 9), 0.95, 3, (-0.020, 0.207)),  # Agresti and Min, Stat. Med. 24 (2005) 729-740
        ((1, 7, 1, 12), 0.95, 3, (-0.517, -0.026)),  # Fagerland, Lydersen and Laake, Stat. Med. 33 (2014) 2850-2875
        ((8, 1, 3, 2), 0.95, 4, (-0.1670, 0.4327)),  # Tang, Li and Tang, Stat. Med. 29 (2010) 46-62
        ((7, 2, 25, 68), 0.95, 3, (0.139, 0.321)),  # Fagerland et al., Ezra et al.'s data
    ],
)
def test_tango_as_printed(cells: Any, level: float, digits: int, printed: tuple[float, float]) -> None:
    assert rounded(tango(PairedTable(*cells), level), digits) == printed


@pytest.mark.parametrize(
    ("cells", "digits", "printed"),
    [
        ((20, 2, 12, 16), 4, (0.0562, 0.3292)),  # Newcombe, Stat. Med. 17 (1998) 2635-2650, method 10
        ((36, 2, 12, 0), 4, (0.0569, 0.3404)),  # the same
        ((1, 7, 1, 12), 3, (-0.507, -0.026)),  # Fagerland et al. 2014
        ((59, 16, 6, 80), 4, (-0.1186, -0.0046)),  # the same, Cavo et al.'s data (R contingencytables)
        ((8, 1, 3, 2), 4, (-0.1574, 0.4136)),  # Tang et al. 2010
        ((7, 2, 25, 68), 3, (0.133, 0.318)),  # Ezra et al.'s data
    ],
)
def test_newcombe_as_printed(cells: Any, digits: int, printed: tuple[float, float]) -> None:
    assert rounded(newcombe_paired(PairedTable(*cells)), digits) == printed


def test_wald_as_printed() -> None:
    assert rounded(wald_paired(PairedTable(36, 2, 12, 0)), 4) == (0.0642, 0.3358)  # Newcombe 1998, method 1
    assert rounded(wald_paired(PairedTable(1, 7, 1, 12)), 3) == (-0.520, -0.052)  # Fagerland et al. 2014


@given(tables)
def test_bonett_and_price_is_wald_with_two_more_items(table: PairedTable) -> None:
    low, high = bonett_price(table)
    by_hand = wald_paired(PairedTable(table.both, table.only_a + 1, table.only_b + 1, table.neither))
    assert low == pytest.approx(min(table.difference, by_hand[0]), abs=1e-12)
    assert high == pytest.approx(max(table.difference, by_hand[1]), abs=1e-12)


def likeliest_score(table: PairedTable, d: float) -> float:
    """Second route: the share of A alone that makes the table likeliest, found by search."""
    a, b, n = table.only_a, table.only_b, table.items

    def unlikely(q: float) -> float:
        return -float(xlogy(a, q) + xlogy(b, q + d) + xlogy(n - a - b, max(0.0, 1 - 2 * q - d)))

    best = optimize.minimize_scalar(
        unlikely, bounds=(max(0.0, -d), (1 - d) / 2), method="bounded", options={"xatol": 1e-12}
    )
    q = float(best.x)
    return (b - a - n * d) / math.sqrt(n * max(1e-300, 2 * q + d - d * d))


@settings(max_examples=60, deadline=None)
@given(tables, st.sampled_from(LEVELS))
def test_at_tangos_ends_the_score_is_z(table: PairedTable, level: float) -> None:
    low, high = tango(table, level)
    z = normal_quantile(level)
    assert -1 <= low <= table.difference <= high <= 1
    for end, sign in ((low, 1), (high, -1)):
        if abs(end) < 1:
            assert tango_score(table, end) == pytest.approx(sign * z, abs=1e-6)
            assert likeliest_score(table, end) == pytest.approx(sign * z, abs=2e-4)


def test_tango_without_disagreement_and_with_nothing_else() -> None:
    z2 = normal_quantile(0.95) ** 2
    for n in (1, 7, 10**7):
        assert tango(PairedTable(n, 0, 0, 0)) == pytest.approx((-z2 / (n + z2), z2 / (n + z2)), rel=1e-12)
        assert tango(PairedTable(0, 0, n, 0)) == pytest.approx(((n - z2) / (n + z2), 1.0), rel=1e-12)


def every_table(n: int) -> tuple[Floats, Floats]:
    b, a = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    inside = (a + b <= n) & (a <= b)
    return a[inside].astype(float), b[inside].astype(float)


def agree(low: Floats, high: Floats, sure: NDArray[np.bool_]) -> bool:
    return bool((((low < 0) & (high > 0)) != sure).all())


@pytest.mark.parametrize("test", TESTS)
def test_over_all_tables_to_sixty_items_p_and_interval_agree(test: Any) -> None:
    """Every (b, c, n) with n ≤ 60, those with c > b by symmetry; and the ends hold the difference and have a width."""
    parts = [(*every_table(n), np.full(len(every_table(n)[0]), float(n))) for n in range(1, 61)]
    a, b, n = (np.concatenate(v) for v in zip(*parts, strict=True))
    log_chance = log_p(a, b, test)
    for level in LEVELS:
        sure = np.exp(log_chance) <= 1 - level
        low, high = tied_limits(a, b, n, log_chance, sure, level)
        assert agree(low, high, sure)
        assert ((low <= (b - a) / n) & ((b - a) / n <= high) & (low < high)).all()
        assert (low >= -1).all()
        assert (high <= 1).all()


def test_the_exact_unconditional_test_agrees_too() -> None:
    for n in (1, 5, 12, 18):
        a, b = every_table(n)
        p = np.array([mcnemar(int(x), int(y), n, "exact-unconditional") for x, y in zip(a, b, strict=True)])
        for level in LEVELS:
            low, high = tied_limits(a, b, n, np.log(p), p <= 1 - level, level)
            assert agree(low, high, p <= 1 - level)


@settings(max_examples=80, deadline=None)
@given(
    tables, st.sampled_from([*TESTS, "exact-unconditional"]), st.sampled_from([0.5, 0.75, 0.875, 0.9, 0.95, 0.999999])
)
def test_a_comparison_agrees_with_itself_and_with_its_mirror(table: PairedTable, test: Any, level: float) -> None:
    found = compare_paired(table, level, test=test)
    ends = found.estimate
    assert (ends.low < 0 < ends.high) != found.sure
    assert ends.low <= ends.value <= ends.high
    mirror = compare_paired(PairedTable(table.both, table.only_b, table.only_a, table.neither), level, test=test)
    assert mirror.p == found.p
    assert (mirror.estimate.low, mirror.estimate.high) == pytest.approx((-ends.high, -ends.low), abs=1e-12)
    wider = compare_paired(table, (1 + level) / 2, test=test).estimate
    assert wider.low <= ends.low + 1e-12
    assert wider.high >= ends.high - 1e-12


@settings(max_examples=40, deadline=None)
@given(tables, st.sampled_from(LEVELS))
def test_with_the_asymptotic_test_it_is_tangos_own(table: PairedTable, level: float) -> None:
    found = compare_paired(table, level, test="asymptotic")
    assert (found.estimate.low, found.estimate.high) == pytest.approx(tango(table, level), abs=1e-9)


@given(tables, st.sampled_from(["newcombe", "bonett-price"]))
def test_another_interval_says_so_where_it_contradicts(table: PairedTable, interval: Any) -> None:
    found = compare_paired(table, interval=interval)
    contrary = (found.estimate.low < 0 < found.estimate.high) == found.sure
    assert ("contradicts" in found.interval) == contrary
    assert found.estimate.low < found.estimate.high


def test_bonett_and_price_contradict_mid_p_at_five_to_nothing() -> None:
    found = compare_paired(PairedTable(50, 0, 5, 45), interval="bonett-price")
    assert round(found.p, 3) == 0.031
    assert found.estimate.low < 0
    assert "contradicts" in found.interval


def coverage(n: int, level: float, test: Any) -> tuple[float, float]:
    """Least and mean coverage over all truths with shares in steps of 1/20, by sums over all tables."""
    b, a = np.meshgrid(np.arange(n + 1.0), np.arange(n + 1.0), indexing="ij")
    a, b = a[a + b <= n], b[a + b <= n]
    log_chance = log_p(a, b, test)
    low, high = tied_limits(a, b, n, log_chance, np.exp(log_chance) <= 1 - level, level)
    ways = gammaln(n + 1) - gammaln(a + 1) - gammaln(b + 1) - gammaln(n - a - b + 1)
    covered = []
    for i in range(21):
        for j in range(i, 21 - i):
            p, q, d = i / 20, j / 20, (j - i) / 20
            chance = np.exp(ways + xlogy(a, p) + xlogy(b, q) + xlogy(n - a - b, max(0.0, 1 - p - q)))
            covered.append(float(chance[(low <= d + 1e-12) & (high >= d - 1e-12)].sum()))
    return min(covered), float(np.mean(covered))


@pytest.mark.parametrize(("n", "least", "mean"), [(20, 0.924, 0.96), (50, 0.935, 0.95), (100, 0.933, 0.95)])
def test_the_default_covers_as_tango_does(n: int, least: float, mean: float) -> None:
    of_tied, of_tango = coverage(n, 0.95, "mid-p"), coverage(n, 0.95, "asymptotic")
    assert of_tied[0] >= max(least, of_tango[0] - 1e-9)
    assert of_tied[1] >= mean


@pytest.mark.parametrize("test", ["exact", "corrected"])
def test_the_timid_tests_have_intervals_that_cover_more(test: Any) -> None:
    assert coverage(50, 0.95, test)[0] >= 0.935
    assert coverage(50, 0.95, test)[1] >= 0.96


@pytest.mark.parametrize("n", [20, 50, 200])
def test_where_few_items_differ_it_covers_too(n: int) -> None:
    most = int(0.6 * n + 10)
    b, a = np.meshgrid(np.arange(min(n, most) + 1.0), np.arange(min(n, most) + 1.0), indexing="ij")
    a, b = a[a + b <= n], b[a + b <= n]
    log_chance = log_p(a, b)
    low, high = tied_limits(a, b, n, log_chance, np.exp(log_chance) <= 0.05)
    ways = gammaln(n + 1) - gammaln(a + 1) - gammaln(b + 1) - gammaln(n - a - b + 1)
    for differing in (0.01, 0.02, 0.05, 0.09, 0.15, 0.25):
        for share in (0, 0.1, 0.25, 0.5):
            p, q = differing * share, differing * (1 - share)
            chance = np.exp(ways + xlogy(a, p) + xlogy(b, q) + xlogy(n - a - b, 1 - differing))
            assert chance[(low <= q - p) & (high >= q - p)].sum() >= 0.93


def test_the_table_of_two_columns() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 2, (2, 500))
    table = PairedTable.of(a, b.astype(bool))
    assert table.items == 500
    assert table.difference == pytest.approx(b.mean() - a.mean())
    assert table.only_a == int(((a == 1) & (b == 0)).sum())


def test_ten_million_items() -> None:
    found = compare_paired(PairedTable(9_000_000, 100_000, 101_500, 798_500))
    error = math.sqrt(201_500) / 1e7
    z = normal_quantile(0.95)
    assert (found.estimate.low, found.estimate.high) == pytest.approx(
        (1.5e-4 - z * error, 1.5e-4 + z * error), rel=1e-4
    )
    one = compare_paired(PairedTable(9_999_999, 0, 1, 0))
    assert one.p == 0.5
    assert one.estimate.low < 0 < one.estimate.high < 1e-6


@pytest.mark.parametrize(
    "cells", [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 1), (9, 0, 0, 0), (0, 0, 9, 0), (5_000_000, 0, 5_000_000, 0)]
)
@pytest.mark.parametrize("test", TESTS)
def test_degenerate_tables_are_answered(cells: Any, test: Any) -> None:
    found = compare_paired(PairedTable(*cells), test=test)
    assert 0 < found.p <= 1
    assert -1 <= found.estimate.low < found.estimate.high <= 1
    assert found.estimate.standard_error != 0


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(InputError, match="at least one item"):
        PairedTable(0, 0, 0, 0)
    with pytest.raises(InputError, match="only_b"):
        PairedTable(1, 0, -1, 0)
    with pytest.raises(InputError, match="1 for right"):
        PairedTable.of([1, 0], [0.5, 1])
    with pytest.raises(InputError, match="one length"):
        PairedTable.of([1, 0], [1])
    table = PairedTable(5, 0, 0, 5)
    with pytest.raises(InputError, match="no width"):
        compare_paired(table, interval="wald")
    with pytest.raises(InputError, match="interval"):
        compare_paired(table, interval="wilson")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="level"):
        compare_paired(table, 95)
    with pytest.raises(InputError, match="difference"):
        tango_score(table, 1.0)


def test_a_shift_widens_and_many_tables_go_at_once() -> None:
    low, high = tango_limits([0, 3], [3, 0], 20, 1.96, [0, 1])
    plain = tango_limits(3, 0, 20, 1.96)
    assert high[0] == pytest.approx(-float(plain[0]))
    assert low[1] < plain[0]
    assert high[1] > plain[1]
