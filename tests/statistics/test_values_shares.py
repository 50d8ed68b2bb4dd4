"""Intervals for shares, and the exact chance that two properties go together, against independent routes."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from tearless.core import InputError
from tearless.statistics.association import fisher_chance, tie_to_groups
from tearless.statistics.intervals import difference_of_shares, wilson


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_score_interval_is_that_of_statsmodels(counted: tuple[int, int]) -> None:
    low, high = proportion_confint(*counted, 0.05, "wilson")
    assert wilson(*counted) == pytest.approx((max(0.0, low), min(1.0, high)), abs=1e-12)


@given(st.tuples(st.integers(1, 90), st.integers(1, 90), st.floats(0, 1), st.floats(0, 1)))
def test_the_difference_of_shares_is_newcombes(given_: tuple[int, int, float, float]) -> None:
    n, m, share, other = given_
    a, b = (round(share * n), n), (round(other * m), m)
    theirs = confint_proportions_2indep(*a, *b, method="newcomb", compare="diff")
    assert difference_of_shares(a, b) == pytest.approx(theirs, abs=1e-9)


@given(st.integers(1, 40), st.data())
def test_the_chance_is_twice_the_smaller_hypergeometric_tail_in_whole_numbers(rows: int, data: st.DataObject) -> None:
    first, second = data.draw(st.integers(0, rows)), data.draw(st.integers(0, rows))
    low, high = max(0, first + second - rows), min(first, second)
    both = data.draw(st.integers(low, high))

    def tail(counts: range) -> Fraction:
        return sum(
            (Fraction(comb(first, x) * comb(rows - first, second - x), comb(rows, second)) for x in counts), Fraction()
        )

    exact = min(Fraction(1), 2 * min(tail(range(both, high + 1)), tail(range(low, both + 1))))
    assert fisher_chance(both, first, second, rows) == pytest.approx(float(exact), rel=1e-9)


def test_a_chance_far_out_keeps_its_digits() -> None:
    theirs = stats.hypergeom(131_072, 40_000, 30_000).sf(11_999)
    assert fisher_chance(12_000, 40_000, 30_000, 131_072) == pytest.approx(2 * theirs, rel=1e-6)


def test_the_squared_distance_is_the_chi_square_of_the_table_but_for_one_row() -> None:
    rng = np.random.default_rng(3)
    flags, group = rng.random((500, 1)) < 0.3, rng.random((500, 1)) < 0.4
    squared, *_ = tie_to_groups(*(a.astype(np.float32) for a in (flags, group, np.ones((500, 1)))))
    table = np.histogram2d(flags[:, 0], group[:, 0], bins=2)[0]
    chi_square = stats.chi2_contingency(table, correction=False).statistic
    assert squared[0, 0] == pytest.approx(chi_square * 499 / 500, rel=1e-6)


@pytest.mark.parametrize("counts", [(5, 4, 4, 8), (-1, 4, 4, 8), (1, 9, 4, 8), (0, 5, 5, 8)])
def test_counts_that_no_table_has_are_refused(counts: tuple[int, int, int, int]) -> None:
    with pytest.raises(InputError, match="both: expected between"):
        fisher_chance(*counts)
