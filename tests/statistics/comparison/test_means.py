"""Means of the same and of different items: SciPy's t, R's printed examples, all labellings, agreement about 0."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import scipy.stats as sps
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.statistics.comparison.means import compare_means_paired, compare_means_unpaired

RNG = np.random.default_rng(1)
SLEEP = ([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0], [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
"""Hours of sleep gained on two drugs, ten patients (Student, Biometrika 6, 1908, 1-25)."""
MICE = ([52, 104, 146, 10, 50, 31, 40, 27, 46], [94, 197, 16, 38, 99, 141, 23])
"""Days survived, control and treated (Efron and Tibshirani 1993, table 2.1)."""
SCORES = st.lists(st.integers(0, 4) | st.floats(0, 4).map(lambda x: round(x, 9)), min_size=1, max_size=8)


def test_student_1908_paired_as_r_prints_it() -> None:
    """t.test(paired = TRUE) on R's sleep: 1.58, p 0.002833, 0.7001142 to 2.4598858; nine of nine signs, 2 / 512."""
    found = compare_means_paired(*SLEEP, method="t")
    assert round(found.estimate.value, 9) == 1.58
    assert round(found.p, 6) == 0.002833
    assert (round(found.estimate.low, 7), round(found.estimate.high, 7)) == (0.7001142, 2.4598858)
    assert compare_means_paired(*SLEEP).p == 2 / 2**9


def test_student_1908_unpaired_as_r_prints_it() -> None:
    """t.test(extra ~ group): p 0.07939, -0.2054832 to 3.3654832 (here the second less the first)."""
    found = compare_means_unpaired(*SLEEP)
    assert round(found.p, 5) == 0.07939
    assert (round(found.estimate.low, 7), round(found.estimate.high, 7)) == (-0.2054832, 3.3654832)


def test_efron_and_tibshirani_mice() -> None:
    """Table 2.1: 86.86 - 56.22 = 30.63, standard errors 25.24 and 14.14; figure 15.1: one-sided level about .14."""
    found = compare_means_unpaired(*MICE, method="permutation")
    assert round(found.estimate.value, 2) == 30.63
    assert found.estimate.standard_error == pytest.approx(math.hypot(25.24, 14.14), abs=0.01)
    theirs = sps.permutation_test(MICE, lambda a, b, axis: b.mean(axis) - a.mean(axis), n_resamples=np.inf)
    assert "all labellings" in found.test
    assert found.p == pytest.approx(theirs.pvalue, abs=0.03)  # SciPy doubles the smaller side, here both sides count
    one_sided = sps.permutation_test(
        MICE, lambda a, b, axis: b.mean(axis) - a.mean(axis), n_resamples=np.inf, alternative="greater"
    )
    assert round(one_sided.pvalue, 2) == 0.14


def test_t_tests_are_those_of_scipy() -> None:
    a, b = RNG.normal(size=25), RNG.normal(size=25) * 3 + 1
    paired, theirs = compare_means_paired(a, b, method="t", level=0.9), sps.ttest_rel(b, a)
    assert paired.p == pytest.approx(theirs.pvalue, rel=1e-10)
    assert [paired.estimate.low, paired.estimate.high] == pytest.approx(
        list(theirs.confidence_interval(0.9)), rel=1e-10
    )
    welch, other = compare_means_unpaired(a, b[:11]), sps.ttest_ind(b[:11], a, equal_var=False)
    assert welch.p == pytest.approx(other.pvalue, rel=1e-10)
    assert [welch.estimate.low, welch.estimate.high] == pytest.approx(list(other.confidence_interval()), rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(SCORES, st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_permutation_lists_all_labellings_and_its_interval_holds_the_shifts_it_accepts(a: Any, b: Any) -> None:
    def listed(x: Any, y: Any) -> float:
        z, n, m = np.r_[x, y], len(x), len(y)
        seen = abs(np.mean(y) - np.mean(x))
        picks = list(itertools.combinations(range(n + m), m))
        drawn = [abs(z[list(i)].mean() - (z.sum() - z[list(i)].sum()) / n) for i in picks]
        return sum(d >= seen - 1e-9 for d in drawn) / len(picks)

    if len(set(a)) == 1 and len(set(b)) == 1:
        return
    found = compare_means_unpaired(a, b, method="permutation", level=0.8, bounds=(-9, 9))
    assert found.p == pytest.approx(listed(a, b), rel=1e-12)
    e = found.estimate
    for shift in (e.value - 0.7, e.value - 0.1234567, e.value + 0.1234567, e.value + 0.7):
        inside = listed(a, np.asarray(b) - shift) > 1 - 0.8
        if min(abs(shift - e.low), abs(shift - e.high)) > 1e-6:
            assert inside == (e.low <= shift <= e.high)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["sign-flip", "t", "bca"]), st.integers(2, 60), st.booleans())
def test_paired_p_and_interval_agree_about_0(seed: int, method: Any, n: int, lattice: bool) -> None:
    rng = np.random.default_rng(seed)
    a, d = rng.normal(size=n), rng.normal(size=n) + 2.2 / math.sqrt(n)
    if lattice:
        a, d = np.rint(2 * a) / 10, np.rint(2 * d) / 10
    found = compare_means_paired(a, a + d, method=method, resamples=499, seed=seed)
    assert 0 < found.p <= 1
    assert (found.estimate.low <= 0 <= found.estimate.high) == (found.p > 0.05)
    assert found.estimate.low < found.estimate.high


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["welch", "permutation"]), st.integers(1, 40), st.integers(1, 40))
def test_unpaired_p_and_interval_agree_about_0_and_swap(seed: int, method: Any, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 5, n) / 10, rng.integers(0, 6, m) / 10
    found = compare_means_unpaired(a, b, method=method, resamples=499, seed=seed)
    other = compare_means_unpaired(b, a, method=method, resamples=499, seed=seed)
    assert 0 < found.p <= 1
    assert found.estimate.low < found.estimate.high
    assert (found.estimate.low <= 0 <= found.estimate.high) == (found.p > 0.05)
    assert other.estimate.value == pytest.approx(-found.estimate.value, abs=1e-12)
    if method == "welch":
        assert other.p == pytest.approx(found.p, rel=1e-9)


def test_bca_is_the_bootstraps_interval_by_rows_by_counts_and_by_expansion() -> None:
    d = RNG.exponential(size=300) - 0.85
    zero = np.zeros(300)
    theirs = sps.bootstrap((d,), np.mean, method="BCa", n_resamples=20_000, rng=np.random.default_rng(0))
    rows = compare_means_paired(zero, d, method="bca", resamples=20_000)
    assert [rows.estimate.low, rows.estimate.high] == pytest.approx(list(theirs.confidence_interval), abs=0.004)
    large = RNG.exponential(size=30_000) - 0.99
    expanded = compare_means_paired(np.zeros(30_000), large, method="bca")
    t = compare_means_paired(np.zeros(30_000), large, method="t")
    assert expanded.test.endswith("expanded")
    assert expanded.estimate.low == pytest.approx(t.estimate.low, abs=2e-4)
    assert expanded.p == pytest.approx(t.p, rel=0.2)
    binary = (RNG.random(400) < 0.5).astype(float)
    counts = compare_means_paired(binary, RNG.permutation(binary), method="bca")
    assert counts.estimate.value == 0
    assert counts.p == 1


@pytest.mark.parametrize("method", ["sign-flip", "t", "bca"])
def test_degenerate_pairs_are_answered(method: Any) -> None:
    nothing = compare_means_paired([0, 1, 1, 0], [0, 1, 1, 0], method=method)
    assert (nothing.p, nothing.estimate.value) == (1.0, 0.0)
    assert -1 < nothing.estimate.low < 0 < nothing.estimate.high < 1
    perfect = compare_means_paired(np.zeros(30), np.ones(30), method=method)
    assert perfect.p == 2.0**-29
    assert 0.5 < perfect.estimate.low < perfect.estimate.high == 1.0
    one = compare_means_paired([0.3], [0.7], method=method)
    assert (one.p, one.estimate.low, one.estimate.high) == (1.0, -math.inf, math.inf)
    bounded = compare_means_paired([0.3], [0.7], method=method, bounds=(0, 1))
    assert (bounded.estimate.low, bounded.estimate.high) == (-1.0, 1.0)
    shifted = compare_means_paired([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7], np.arange(2, 9) / 10, method=method)
    assert shifted.p == 2 / 2**7


@pytest.mark.parametrize("method", ["welch", "permutation"])
def test_degenerate_groups_are_answered(method: Any) -> None:
    for a, b in (([1.0], [2.0]), ([0, 0, 0], [0, 0]), ([1.0], [2.0, 3.0])):
        found = compare_means_unpaired(a, b, method=method)
        assert found.p > 0.05
        assert found.estimate.low < 0 < found.estimate.high
    apart = compare_means_unpaired(np.zeros(9), np.ones(9), method=method)
    assert apart.p == pytest.approx(2 / math.comb(18, 9))
    assert (apart.estimate.low, apart.estimate.high) == (0.5, 1.0)


def test_many_items_and_far_tails() -> None:
    a, b = RNG.normal(size=200_000), RNG.normal(size=150_000) + 0.5
    for method in ("welch", "permutation"):
        found = compare_means_unpaired(a, b, method=method)  # type: ignore[arg-type]
        assert 0 < found.p < 1e-300
        assert found.estimate.low == pytest.approx(
            found.estimate.value - 1.96 * found.estimate.standard_error, abs=1e-4
        )


def test_bad_input_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="one length"):
        compare_means_paired([1, 2], [1, 2, 3])
    with pytest.raises(InputError, match="bounds"):
        compare_means_paired([1, 2], [1, 3], bounds=(0, 2))
    with pytest.raises(InputError, match="method"):
        compare_means_paired([1, 2], [1, 3], method="z")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="infinite one"):
        compare_means_paired([-1.7e308, 0], [1.7e308, 1])
    with pytest.raises(InputError, match="level"):
        compare_means_unpaired([1, 2], [1, 3], level=0)
