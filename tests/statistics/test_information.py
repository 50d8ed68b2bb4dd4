"""Bits, Fano's bound, evidence from counts, and what is told on held-out rows: each against a second route."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tearless.core import InputError
from tearless.statistics.held_out import (
    REACHES,
    _others_share,
    bent,
    gaps_by_group,
    gaps_by_order,
    own_class_by_group,
    own_class_by_order,
)
from tearless.statistics.information import (
    binary_entropy,
    bits_left_at_most,
    chance_of,
    entropy_bits,
    log_evidence,
)

Codes = NDArray[np.int64]


@given(st.lists(st.integers(0, 500), min_size=1, max_size=9).filter(lambda c: sum(c) > 0))
def test_entropy_is_scipys(counts: list[int]) -> None:
    assert entropy_bits(counts) == pytest.approx(float(scipy.stats.entropy(counts, base=2)), abs=1e-12)


@pytest.mark.parametrize("counts", [[], [0, 0], [-1, 2], [[1]], [math.nan]])
def test_entropy_says_what_it_needs(counts: list[float]) -> None:
    with pytest.raises(InputError, match="counts: expected"):
        entropy_bits(counts)


@given(st.floats(0, 1))
def test_binary_entropy_is_the_entropy_of_two(p: float) -> None:
    assert binary_entropy(p) == pytest.approx(float(scipy.stats.entropy([p, 1 - p], base=2)), abs=1e-12)


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=6))
def test_fano_bounds_the_entropy_of_every_law(weights: list[float]) -> None:
    p = np.array(weights) / np.sum(weights)
    assert bits_left_at_most(float(1 - p.max()), len(p)) >= float(scipy.stats.entropy(p, base=2)) - 1e-9


def test_fano_is_reached_where_the_wrong_classes_are_alike() -> None:
    law = [0.7, 0.1, 0.1, 0.1]
    assert bits_left_at_most(0.3, 4) == pytest.approx(float(scipy.stats.entropy(law, base=2)), abs=1e-12)


@pytest.mark.parametrize(("error", "classes"), [(-0.1, 2), (1.1, 2), (0.1, 1)])
def test_fano_says_what_it_needs(error: float, classes: int) -> None:
    with pytest.raises(InputError, match="expected"):
        bits_left_at_most(error, classes)


def test_evidence_is_the_closed_form() -> None:
    """Beta-binomial by scipy against the number of orders."""
    g, y = np.repeat([0, 1], [6, 4]), np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 1])
    share = y.mean()
    inside = 0.0
    for group in (0, 1):
        m, k = int((g == group).sum()), int(y[g == group].sum())
        inside += scipy.stats.betabinom.logpmf(k, m, share, 1 - share) - math.log(math.comb(m, k))
    assert log_evidence(g, y, 2, 2) == pytest.approx(inside + math.log(math.comb(10, int(y.sum()))), abs=1e-10)


@pytest.mark.parametrize("groups", [[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 2, 2], [0, 1, 2, 3, 4, 5], [0, 0, 0, 0, 0, 1]])
@pytest.mark.parametrize("classes", [[0, 0, 0, 1, 1, 1], [0, 1, 1, 1, 1, 1], [0, 0, 1, 1, 2, 2]])
def test_evidence_averages_at_most_one_over_all_orders(groups: list[int], classes: list[int]) -> None:
    """The theorem, by enumeration: an e-value, so 1/e is a chance."""
    g = np.array(groups)
    every = [math.exp(log_evidence(g, np.array(y), 6, 3)) for y in permutations(classes)]
    assert np.mean(every) <= 1 + 1e-12


def test_chance_is_no_smaller_than_it_says() -> None:
    """P(p <= t) <= t under independence, by simulation."""
    rng = np.random.default_rng(5)
    p = np.array([chance_of(log_evidence(rng.integers(0, 3, 40), rng.integers(0, 2, 40), 3, 2)) for _ in range(2_000)])
    for t in (0.5, 0.1, 0.02):
        assert (p <= t).mean() <= t + 3 * math.sqrt(t / 2_000)


def test_chance_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="log_evidences"):
        chance_of()


def by_hand(classes: Codes, others: Callable[[int], list[int]]) -> list[float]:
    prior = _others_share(classes)
    told = []
    for i in range(len(classes)):
        near = others(i)
        told.append((sum(classes[j] == classes[i] for j in near) + prior[i]) / (len(near) + 1))
    return told


def test_a_group_tells_by_its_other_rows() -> None:
    rng = np.random.default_rng(0)
    g, y = rng.integers(0, 5, 60), rng.integers(0, 3, 60)
    expected = by_hand(y, lambda i: [j for j in range(60) if j != i and g[j] == g[i]])
    assert own_class_by_group(g, y) == pytest.approx(expected, abs=1e-12)


def test_the_prior_is_of_the_other_rows() -> None:
    y = np.array([0, 0, 0, 1])
    assert _others_share(y) == pytest.approx([2.5 / 4, 2.5 / 4, 2.5 / 4, 0.5 / 4])


@pytest.mark.parametrize("n", [1, 2, 3, 7, 80])
def test_the_widest_view_is_of_the_nearest_rows(n: int) -> None:
    """Whatever depth is kept, no row is told by itself: a lone label in a sea of another is told badly."""
    y = np.zeros(n, dtype=np.int64)
    y[n // 2] = 1
    told = own_class_by_order(np.arange(n, dtype=np.float64), y)
    assert told.shape == (n,)
    assert ((told > 0) & (told <= 1)).all()
    if n > 2:
        assert told[n // 2] < 0.5


def test_noise_is_told_no_better_than_by_the_shares() -> None:
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, 4_000)
    assert -np.log2(own_class_by_order(np.sort(rng.normal(size=4_000)), y)).mean() > 0.999
    assert list(REACHES) == sorted(REACHES, reverse=True)


def test_the_noise_in_a_number_is_estimated_without_bias() -> None:
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(0, 3, 20_000))
    assert gaps_by_order(x, np.sin(x) + rng.normal(0, 0.3, 20_000)).mean() == pytest.approx(0.09, rel=0.05)
    g = rng.integers(0, 50, 20_000)
    assert gaps_by_group(g, g**2 + rng.normal(0, 0.3, 20_000)).mean() == pytest.approx(0.09, rel=0.05)


def test_a_straight_line_leaves_nothing_and_ties_do_not_divide_by_zero() -> None:
    x = np.array([0.0, 1.0, 1.0, 1.0, 4.0, 9.0])
    assert gaps_by_order(x, 2 * x + 1)[1:-1] == pytest.approx(np.zeros(4), abs=1e-12)


@given(st.lists(st.floats(-1e308, 1e308), min_size=2, max_size=40))
def test_bending_keeps_the_order_and_stays_finite(values: list[float]) -> None:
    x = np.sort(np.array(values))
    y = bent(x)
    assert np.isfinite(y).all()
    assert (np.diff(y) >= 0).all()


def test_bending_keeps_holes_and_takes_infinities() -> None:
    y = bent(np.array([1.0, np.nan, np.inf, -np.inf, 2.0]))
    assert np.isnan(y).tolist() == [False, True, False, False, False]
    assert y[2] > y[4] > y[0] > y[3]
