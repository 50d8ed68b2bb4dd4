"""Looks along the way: e-values exactly, confidence sequences by a second route, and what may not go wrong."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
import scipy.stats as sps
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, quad

from tearless.core import InputError
from tearless.statistics.comparison.anytime import Running, anytime_bounded, anytime_paired, paired_e_values
from tearless.statistics.comparison.betting import (
    STAKES,
    log_growth,
    log_wealth_about_zero,
    log_wealth_of_counts,
    log_wealth_of_stakes,
)

SIGNS = st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=40)


def answers(signs: list[int]) -> tuple[np.ndarray, np.ndarray]:
    d = np.array(signs)
    return (d <= 0).astype(int), (d >= 0).astype(int)


@given(SIGNS)
def test_e_values_are_two_to_the_n_over_the_binomial(signs: list[int]) -> None:
    """With the flat prior E = 2ⁿ/((n + 1)·C(n, b)) after n discordant items, b of them B's: exact in fractions."""
    found = paired_e_values(*answers(signs))
    for k, e in enumerate(found, start=1):
        b, n = signs[:k].count(1), k - signs[:k].count(0)
        assert e == pytest.approx(float(Fraction(2**n, (n + 1) * math.comb(n, b))), rel=1e-12)


@pytest.mark.parametrize("prior", [0.5, 1.0, 3.0])
def test_the_mean_of_the_e_value_is_one_at_every_item(prior: float) -> None:
    """All 2¹² orders of heads and tails, each with chance 2⁻¹²: a martingale, and Ville's bound kept, as counted."""
    heads = np.array(list(product([0, 1], repeat=12)))
    e = np.array([paired_e_values(1 - row, row, prior=prior) for row in heads])
    assert e.mean(axis=0) == pytest.approx(np.ones(12), rel=1e-12)
    for alpha in (0.05, 0.2, 0.5):
        assert (e.max(axis=1) >= 1 / alpha).mean() <= alpha


def test_wealth_of_counts_is_the_integral() -> None:
    """mpmath's quadrature of the beta-weighted product of (1 + κx)/(1 + κm), twenty digits."""
    mp.dps = 20
    for b, c, n, m, a in [
        (3, 0, 5, 0.2, 1.0),
        (12, 4, 100, -0.1, 1.0),
        (0, 0, 30, 0.05, 0.5),
        (7, 7, 14, 0.6, 2.0),
        (5, 1, 6, 0.9, 1.0),
    ]:

        def wealth(k: object, b: int = b, c: int = c, n: int = n, m: float = m, a: float = a) -> object:
            front = (1 + k) ** (a - 1) * (1 - k) ** (a - 1) / (mp.beta(a, a) * mp.mpf(2) ** (2 * a - 1))
            return front * (1 + k) ** b * (1 - k) ** c / (1 + k * m) ** n

        exact = float(mp.log(quad(wealth, [-1, -0.9, 0, 0.9, 1])))
        found = log_wealth_of_counts(*(np.array([float(v)]) for v in (b, c, n, m)), a)[0]
        assert found == pytest.approx(exact, abs=1e-8)


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**7), st.sampled_from([0.5, 1.0, 4.0]))
@settings(max_examples=30, deadline=None)
def test_about_zero_the_integral_is_the_closed_form(b: int, c: int, ties: int, prior: float) -> None:
    found = log_wealth_of_counts(*(np.array([float(v)]) for v in (b, c, b + c + ties)), np.zeros(1), prior)[0]
    exact = float(log_wealth_about_zero(b, c, prior))
    assert found == pytest.approx(exact, abs=1e-6, rel=1e-9)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=100), st.floats(-0.99, 0.99))
def test_wealth_of_stakes_is_the_product_item_by_item(x: list[float], m: float) -> None:
    found = log_wealth_of_stakes(log_growth(np.array(x))[None], np.array([float(len(x))]), np.array([m]))[0]
    bets = STAKES / (1 + STAKES * m)
    wealth = np.prod([1 + bets * (v - m) for v in x], axis=0)
    assert np.exp(found) == pytest.approx(wealth.mean(), rel=1e-8)
    assert (1 + bets * (1 - m) > 0).all()
    assert (1 + bets * (-1 - m) > 0).all()


@given(SIGNS, st.floats(0.5, 0.99))
@settings(max_examples=10, deadline=None)
def test_p_and_interval_agree_at_every_look_and_the_sides_mirror(signs: list[int], level: float) -> None:
    a, b = answers(signs)
    looks = np.arange(1, len(signs) + 1)
    for one, other in (
        (anytime_paired(a, b, looks=looks, level=level), anytime_paired(b, a, looks=looks, level=level)),
        (
            anytime_bounded(b - a, looks=looks, level=level),
            anytime_bounded(a - b, looks=looks, level=level),
        ),
    ):
        out = (one.low > 0) | (one.high < 0)
        assert (out == (one.p <= 1 - level)).all()
        assert one.p == pytest.approx(other.p)
        assert one.low == pytest.approx(-other.high, abs=1e-9)
        assert ((one.p > 0) & (one.p <= 1)).all()
        assert (np.diff(one.p) <= 0).all()
        assert (np.diff(one.low) >= 0).all()
        last = one.difference.estimate
        assert -1 <= last.low <= last.value <= last.high <= 1
        assert last.low < last.high
        if "widened" not in one.difference.interval:
            assert one.difference.sure == (not last.low <= 0 <= last.high)


def test_the_interval_holds_the_claims_that_keep_the_wealth_low() -> None:
    """A fine grid of claims, each judged by itself: the interval's ends lie where the wealth crosses 1/α."""
    b, c, n = 21.0, 9.0, 200.0
    a_right, b_right = answers([1] * 21 + [-1] * 9 + [0] * 170)
    found = anytime_paired(a_right, b_right, looks=[200])
    claims = np.linspace(-0.3, 0.4, 1401)
    ones = np.ones(len(claims))
    kept = claims[log_wealth_of_counts(b * ones, c * ones, n * ones, claims) < math.log(20)]
    assert found.low[0] == pytest.approx(kept[0], abs=5e-4)
    assert found.high[0] == pytest.approx(kept[-1], abs=5e-4)


def test_the_price_of_looking_at_any_time() -> None:
    """At 500 items with 9 % discordant the interval is wider than one look's, yet less than twice as wide."""
    a, b = answers(([1] * 6 + [-1] * 3 + [0] * 91) * 5)
    found = anytime_paired(a, b, looks=[500]).difference.estimate
    assert 1.2 < (found.high - found.low) / (2 * 1.96 * found.standard_error) < 2


def test_a_stream_is_the_whole() -> None:
    rng = np.random.default_rng(5)
    x = np.clip(rng.normal(0.05, 0.3, 1000), -1, 1)
    signs = rng.choice([-1, 0, 1], 1000, p=[0.05, 0.8, 0.15])
    cuts = [1, 7, 100, 640, 1000]
    real, pairs = Running(bound=2.0), Running(pairs=True)
    for block in np.split(np.arange(1000), cuts[:-1]):
        of_real, of_pairs = real.add(2 * x[block]), pairs.add(signs[block])
    whole = anytime_bounded(2 * x, bound=2.0, looks=cuts)
    for name in ("items", "value", "low", "high", "log_e", "p"):
        assert getattr(of_real, name) == pytest.approx(getattr(whole, name), abs=1e-10)
        assert getattr(of_pairs, name) == pytest.approx(
            getattr(anytime_paired(*answers(signs.tolist()), looks=cuts), name), abs=1e-10
        )
    assert str(of_real.difference) == str(whole.difference)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40), st.floats(0.01, 100))
@settings(max_examples=12, deadline=None)
def test_units_do_not_matter(x: list[float], scale: float) -> None:
    one, other = anytime_bounded(x), anytime_bounded(np.clip(scale * np.array(x), -scale, scale), bound=scale)
    assert other.low == pytest.approx(scale * one.low, rel=1e-6, abs=1e-9 * scale)
    assert other.p == pytest.approx(one.p, rel=1e-6)


def test_evidence_grows_with_a_true_difference() -> None:
    """B better in 6 % of items and worse in 3 %: 5,000 items settle it, by both routes, on the side of B."""
    signs = np.random.default_rng(8).choice([-1, 0, 1], 5000, p=[0.03, 0.91, 0.06])
    for found in (anytime_paired(*answers(signs.tolist())), anytime_bounded(signs)):
        assert found.p[-1] < 1e-4
        assert 0 < found.low[-1] < 0.03 < found.high[-1]
    one_look = sps.binomtest(int((signs > 0).sum()), int((signs != 0).sum())).pvalue
    assert anytime_paired(*answers(signs.tolist())).p[-1] > one_look


def test_degenerate_items_are_answered() -> None:
    for signs, p in (([0] * 50, 1.0), ([1], 1.0), ([0], 1.0)):
        found = anytime_paired(*answers(signs)).difference
        assert found.p == p
        assert -1 <= found.estimate.low < found.estimate.high <= 1
    never = anytime_paired(np.ones(400), np.ones(400)).difference.estimate
    assert -0.05 < never.low < 0 < never.high < 0.05
    always = anytime_paired(np.zeros(400), np.ones(400)).difference
    assert always.estimate.high == 1
    assert 0.9 < always.estimate.low < 1
    assert 0 < always.p < 1e-100
    constant = anytime_bounded(np.full(400, 0.25)).difference
    assert 0 < constant.estimate.low < 0.25 < constant.estimate.high


def test_a_drift_is_said() -> None:
    """A difference of +1 for 500 items and −1 for 450: no one difference fits all looks."""
    found = anytime_paired(*answers([1] * 500 + [-1] * 450)).difference
    assert "contradict" in found.interval
    assert found.estimate.low < found.estimate.value < found.estimate.high


def test_ten_million_items() -> None:
    signs = np.zeros(10_000_000, dtype=np.int8)
    signs[::20], signs[7::25] = 1, -1
    a, b = (signs <= 0).astype(np.int8), (signs >= 0).astype(np.int8)
    found = anytime_paired(a, b, looks=[10**3, 10**5, 10**7])
    assert found.low[-1] < found.value[-1] < found.high[-1]
    assert found.high[-1] - found.low[-1] < 1e-3
    assert 0 < found.p[-1] < 1e-300


def test_what_cannot_be_used() -> None:
    with pytest.raises(InputError, match="1 for right"):
        anytime_paired([0.5, 1], [1, 0])
    with pytest.raises(InputError, match="one length"):
        anytime_paired([1], [1, 0])
    for looks in ([0], [3], [2, 1], [1.5], [1, 1]):
        with pytest.raises(InputError, match="rising from 1 to 2"):
            anytime_paired([1, 1], [1, 0], looks=looks)
    with pytest.raises(InputError, match="within ± 1"):
        anytime_bounded([0.5, 1.5])
    with pytest.raises(InputError, match="pairs=False"):
        Running(pairs=True).add([0.5])
    with pytest.raises(InputError, match="at least one block"):
        _ = Running().looks
    for bad in (lambda: anytime_paired([1], [0], level=2), lambda: Running(level=0)):
        with pytest.raises(InputError, match="level"):
            bad()
    with pytest.raises(InputError, match="prior"):
        paired_e_values([1], [0], prior=0)
