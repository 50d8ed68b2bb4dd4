"""Intervals for one share: Newcombe's printed limits, statsmodels, and exact coverage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from tearless.core import InputError
from tearless.statistics.intervals import (
    agresti_coull,
    blaker,
    clopper_pearson,
    clopper_pearson_mid_p,
    jeffreys,
    wilson,
)

shares = st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
ALL: list[Callable[..., tuple[float, float]]] = [
    wilson,
    clopper_pearson,
    clopper_pearson_mid_p,
    jeffreys,
    agresti_coull,
    blaker,
]


# Newcombe, Stat. Med. 17 (1998) 857-872, Table I: methods 3 (score), 5 (Clopper-Pearson), 6 (mid-p)
@pytest.mark.parametrize(
    ("k", "n", "score", "exact", "mid_p"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676), (0.2544, 0.3658)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617), (0.0601, 0.1581)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684), (0.0, 0.1391)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776), (0.0017, 0.1585)),
    ],
)
def test_newcombes_table(k: int, n: int, score: Any, exact: Any, mid_p: Any) -> None:
    for interval, printed in ((wilson, score), (clopper_pearson, exact), (clopper_pearson_mid_p, mid_p)):
        low, high = interval(k, n)
        assert (round(low, 4), round(high, 4)) == printed


@given(shares, st.sampled_from([0.8, 0.95, 0.99]))
def test_jeffreys_and_agresti_coull_are_statsmodels(share: tuple[int, int], level: float) -> None:
    k, n = share
    low, high = proportion_confint(k, n, 1 - level, method="jeffreys")
    assert jeffreys(k, n, level) == pytest.approx((0.0 if k == 0 else low, 1.0 if k == n else high), abs=1e-10)
    low, high = proportion_confint(k, n, 1 - level, method="agresti_coull")
    assert agresti_coull(k, n, level) == pytest.approx((max(0, low), min(1, high)), abs=1e-10)


@given(shares, st.sampled_from([0.8, 0.95]))
def test_at_the_mid_p_ends_half_the_chance_and_the_rest_make_the_tail(share: tuple[int, int], level: float) -> None:
    k, n = share
    low, high = clopper_pearson_mid_p(k, n, level)
    tail = (1 - level) / 2
    if k > 0:
        assert stats.binom.sf(k, n, low) + stats.binom.pmf(k, n, low) / 2 == pytest.approx(tail, rel=1e-7)
    if k < n:
        assert stats.binom.cdf(k - 1, n, high) + stats.binom.pmf(k, n, high) / 2 == pytest.approx(tail, rel=1e-7)
    outer = clopper_pearson(k, n, level)
    assert outer[0] <= low <= k / n <= high <= outer[1]


@given(shares)
def test_wrong_for_right_turns_the_interval_over(share: tuple[int, int]) -> None:
    k, n = share
    for interval in ALL:
        low, high = interval(k, n)
        assert (1 - high, 1 - low) == pytest.approx(interval(n - k, n), abs=1e-12)
        assert 0 <= low < high <= 1


@pytest.mark.parametrize(
    ("interval", "least"),
    [
        (clopper_pearson, 0.953),
        (blaker, 0.95),
        (agresti_coull, 0.935),
        (clopper_pearson_mid_p, 0.928),
        (wilson, 0.904),
        (jeffreys, 0.904),
    ],
)
def test_coverage_by_exact_sums(interval: Any, least: float) -> None:
    """Of 95 % at shares of 0.5, 0.9, 0.98 and 0.995 with 20 to 1,000 items: who dips how deep."""
    found = []
    for n in (20, 50, 200, 1000):
        k = np.arange(n + 1)
        ends = np.array([interval(int(v), n) for v in k])
        for share in (0.5, 0.9, 0.98, 0.995):
            held = (ends[:, 0] <= share) & (share <= ends[:, 1])
            found.append(float(stats.binom.pmf(k, n, share)[held].sum()))
    assert least <= min(found) <= least + 0.004


@pytest.mark.parametrize("n", [1, 2, 5, 10, 20, 50])
def test_blaker_covers_at_every_share(n: int) -> None:
    """Beside every end, where coverage is least; Agresti and Coull's falls below 93.5 % up to 50 trials."""
    least = {}
    for name, interval in (("blaker", blaker), ("agresti_coull", agresti_coull)):
        ends = np.array([interval(k, n) for k in range(n + 1)])
        share = np.unique(np.r_[ends.ravel() - 1e-7, ends.ravel() + 1e-7, 0.5, np.linspace(0.001, 0.999, 99)])
        share = share[(share > 0) & (share < 1)]
        held = (ends[:, :1] <= share) & (share <= ends[:, 1:])
        least[name] = float((stats.binom.pmf(np.arange(n + 1)[:, None], n, share) * held).sum(axis=0).min())
    assert least["blaker"] >= 0.95 - 1e-6
    assert least["agresti_coull"] < 0.935


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12, 25])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_blakers_ends_are_those_of_the_acceptability(n: int, level: float) -> None:
    """The definition over a fine grid: the chance of all counts whose smaller tail is at most that of the one seen."""
    share, x = np.linspace(0, 1, 4_001), np.arange(n + 1)[:, None]
    tail = np.minimum(stats.binom.cdf(x, n, share), stats.binom.sf(x - 1, n, share))
    chance = stats.binom.pmf(x, n, share)
    for k in range(n + 1):
        accepted = share[(chance * (tail <= tail[k] * (1 + 1e-11))).sum(axis=0) > 1 - level]
        assert blaker(k, n, level) == pytest.approx((accepted[0], accepted[-1]), abs=2.6e-4)


@given(shares)
def test_blakers_interval_is_within_clopper_pearsons_and_nested(share: tuple[int, int]) -> None:
    outer, inner, narrow = clopper_pearson(*share), blaker(*share), blaker(*share, 0.9)
    assert outer[0] - 1e-9 <= inner[0] <= narrow[0] + 1e-9
    assert narrow[1] - 1e-9 <= inner[1] <= outer[1] + 1e-9


def test_blaker_at_ten_million_trials_is_the_normal_law() -> None:
    low, high = blaker(9_000_000, 10_000_000)
    assert (low, high) == pytest.approx((0.9 - 1.96 * 9.4868e-5, 0.9 + 1.96 * 9.4868e-5), abs=3e-7)
    with pytest.raises(InputError, match="whole counts"):
        blaker(0.5, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize("interval", ALL)
def test_what_cannot_be_is_said(interval: Any) -> None:
    for k, n in ((3, 2), (-1, 2), (0, 0)):
        with pytest.raises(InputError, match="successes"):
            interval(k, n)
    with pytest.raises(InputError, match="level"):
        interval(1, 2, 1.0)
