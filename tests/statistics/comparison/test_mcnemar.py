"""McNemar's tests: the published p-values, an independent count, and no p of 0 at any size."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as of_statsmodels

from tearless.core import InputError
from tearless.statistics.comparison.mcnemar import log_p, mcnemar, normal_size

METHODS: list[Any] = ["mid-p", "exact", "asymptotic", "corrected", "exact-unconditional"]
counts = st.integers(0, 300)


# Fagerland, Lydersen and Laake, BMC Med. Res. Methodol. 13:91 (2013): Bentur et al., airway hyper-responsiveness
# (1, 1, 7, 12), and Cavo et al., complete response (59, 6, 16, 80).
@pytest.mark.parametrize(
    ("only_a", "only_b", "items", "method", "printed"),
    [
        (1, 7, 21, "asymptotic", 0.0339),
        (1, 7, 21, "corrected", 0.0771),
        (1, 7, 21, "exact", 0.0703),
        (1, 7, 21, "mid-p", 0.0391),
        (1, 7, 21, "exact-unconditional", 0.0353),
        (6, 16, 161, "asymptotic", 0.0330),
        (6, 16, 161, "corrected", 0.0550),
        (6, 16, 161, "exact", 0.0525),
        (6, 16, 161, "mid-p", 0.0347),
        (6, 16, 161, "exact-unconditional", 0.0342),
    ],
)
def test_the_published_p(only_a: int, only_b: int, items: int, method: Any, printed: float) -> None:
    assert round(mcnemar(only_a, only_b, items, method), 4) == printed


def test_three_flips_of_twenty() -> None:
    assert mcnemar(0, 3, method="exact") == 0.25
    assert mcnemar(0, 3) == 0.125


@settings(deadline=None)
@given(counts, counts)
def test_exact_and_mid_p_are_fractions_of_two_to_the_m(a: int, b: int) -> None:
    m, k = a + b, max(a, b)
    seen = Fraction(math.comb(m, k), 2**m)
    tail = sum((Fraction(math.comb(m, j), 2**m) for j in range(k, m + 1)), Fraction(0))
    assert mcnemar(a, b, method="exact") == pytest.approx(float(min(Fraction(1), 2 * tail)), rel=1e-11)
    assert mcnemar(a, b) == pytest.approx(float(2 * tail - seen) if a != b else 1.0, rel=1e-11)


@settings(deadline=None)
@given(counts, counts)
def test_the_others_agree_with_statsmodels(a: int, b: int) -> None:
    table = [[5, a], [b, 7]]
    assert mcnemar(a, b, method="exact") == pytest.approx(of_statsmodels(table, exact=True).pvalue, rel=1e-9)
    if a + b:
        plain = of_statsmodels(table, exact=False, correction=False)
        assert mcnemar(a, b, method="asymptotic") == pytest.approx(plain.pvalue, rel=1e-9)
    if a != b:
        corrected = of_statsmodels(table, exact=False, correction=True)
        assert mcnemar(a, b, method="corrected") == pytest.approx(corrected.pvalue, rel=1e-9)


@settings(deadline=None)
@given(counts, counts, st.integers(0, 50), st.sampled_from(METHODS))
def test_the_two_models_may_change_places(a: int, b: int, more: int, method: Any) -> None:
    items = max(1, a + b + more)
    p = mcnemar(a, b, items, method)
    assert p == mcnemar(b, a, items, method)
    assert 0 < p <= 1
    assert p == 1 or a != b


@pytest.mark.parametrize(("a", "b"), [(3, 1200), (100, 1700), (0, 5000)])
def test_the_logarithm_goes_on_where_p_ends(a: int, b: int) -> None:
    m, k = a + b, max(a, b)
    with mp.workdps(40):
        chances = [mp.binomial(m, j) / mpf(2) ** m for j in range(k, m + 1)]
        tail = mp.fsum(chances)
        assert float(log_p(a, b, "exact")) == pytest.approx(float(mp.log(2 * tail)), rel=1e-14)
        assert float(log_p(a, b)) == pytest.approx(float(mp.log(2 * tail - chances[0])), rel=1e-14)
    assert mcnemar(a, b) == np.finfo(float).tiny


def test_the_size_is_the_normal_quantile_of_half_of_p() -> None:
    p = np.array([1.0, 0.5, 0.05, 1e-8, 1e-300])
    np.testing.assert_allclose(normal_size(np.log(p)), stats.norm.isf(p / 2), atol=1e-12)


@pytest.mark.parametrize(("a", "b", "items"), [(1, 7, 21), (0, 3, 20), (4, 5, 9), (10, 25, 60), (0, 1, 1), (2, 9, 400)])
def test_the_unconditional_p_is_the_highest_of_all_shares(a: int, b: int, items: int) -> None:
    """Second route: every table by its trinomial chance, on a fine grid of the share that differs."""
    x, y = np.meshgrid(np.arange(items + 1), np.arange(items + 1), indexing="ij")
    inside = (x + y <= items) & (x + y > 0)
    x, y = x[inside], y[inside]
    extreme = (x - y) ** 2 * (a + b) >= (a - b) ** 2 * (x + y)
    x, y = x[extreme], y[extreme]
    ways = stats.multinomial.logpmf(np.c_[x, y, items - x - y], items, [0.25, 0.25, 0.5])
    ways = ways - (x + y) * math.log(0.25) - (items - x - y) * math.log(0.5)
    shares = np.sin(np.linspace(1e-4, math.pi / 2 - 1e-6, 1500)) ** 2
    heights = [np.exp(ways + (x + y) * math.log(s / 2) + (items - x - y) * math.log1p(-s)).sum() for s in shares]
    found = mcnemar(a, b, items, "exact-unconditional")
    assert found >= max(heights) * (1 - 1e-12)
    assert found == pytest.approx(max(heights), rel=2e-5)


@pytest.mark.parametrize("items", [10, 20, 50, 100, 200])
def test_the_type_one_error_is_within_its_claim(items: int) -> None:
    """By exact sums over all tables, at every share that differs; mid-p passes 5.1 % only where nearly all do."""
    shares = np.linspace(0.005, 1.0, 200)
    weights = stats.binom.pmf(np.arange(items + 1)[None], items, shares[:, None])
    error = {}
    for method in METHODS[:4]:
        rejected = np.zeros(items + 1)
        for total in range(1, items + 1):
            k = np.arange(total + 1)
            rejected[total] = stats.binom.pmf(k, total, 0.5)[np.exp(log_p(total - k, k, method)) <= 0.05].sum()
        error[method] = weights @ rejected
    assert error["exact"].max() <= 0.05
    assert error["corrected"].max() <= 0.05
    assert error["mid-p"][shares <= 0.75].max() <= 0.05
    assert error["mid-p"][shares <= 0.95].max() <= 0.051
    assert error["mid-p"].max() <= 0.065
    assert error["asymptotic"].max() <= 0.065
    assert (error["exact"] <= error["mid-p"]).all()


def test_the_unconditional_type_one_error_is_within_its_claim() -> None:
    items, shares = 20, np.linspace(0.005, 1.0, 200)
    rejected = np.zeros(items + 1)
    for total in range(1, items + 1):
        for k in range(total + 1):
            if mcnemar(total - k, k, items, "exact-unconditional") <= 0.05:
                rejected[total] += stats.binom.pmf(k, total, 0.5)
    worst = float((stats.binom.pmf(np.arange(items + 1)[None], items, shares[:, None]) @ rejected).max())
    assert 0.03 < worst <= 0.05


def test_ten_million_items_and_none_that_differ() -> None:
    for method in METHODS[:4]:
        assert mcnemar(0, 0, 1, method) == 1
        assert 0 < mcnemar(4_000_000, 4_010_000, method=method) < 1
    assert mcnemar(500_000, 502_800) == pytest.approx(stats.norm.sf(2800 / math.sqrt(1_002_800)) * 2, rel=1e-4)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((-1, 2), "only_a"),
        ((1, 2.5), "only_b"),
        ((math.nan, 1), "only_a"),
        ((1, 2, 2, "exact-unconditional"), "items"),
        ((1, 2, None, "exact-unconditional"), "items"),
        ((1, 2, 10**6, "exact-unconditional"), "mid-p"),
        ((1, 2, 3, "chi2"), "method"),
    ],
)
def test_what_cannot_be_is_said(args: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        mcnemar(*args)
