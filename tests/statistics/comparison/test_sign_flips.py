"""Sign flips: every sign pattern listed, published figures, p and interval at one about 0, and honest extremes."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.stats as sps
from hypothesis import given, settings
from hypothesis import strategies as st

from tearless.core import InputError
from tearless.statistics.comparison import flip_law
from tearless.statistics.comparison.flip_interval import mixed_ends
from tearless.statistics.comparison.flip_law import Mixed, grouped, halves, lattice_tail, meeting_tail
from tearless.statistics.comparison.sign_flips import sign_flips

DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
RNG = np.random.default_rng(0)


def listed(d: list[Fraction], alpha: Fraction) -> tuple[Fraction, tuple[float, float]]:
    """p and the interval from all 2ⁿ patterns, in exact fractions."""
    n, total = len(d), sum(d)
    sums = [sum(s * x for s, x in zip(signs, d, strict=True)) for signs in itertools.product((1, -1), repeat=n)]
    p = Fraction(sum(abs(s) >= abs(total) for s in sums), 2**n)
    means = sorted(
        sum(chosen) / Fraction(len(chosen)) for size in range(1, n + 1) for chosen in itertools.combinations(d, size)
    )
    k = int(alpha * 2**n / 2)
    return p, (float(means[k - 1]), float(means[-k])) if k else (-math.inf, math.inf)


@settings(max_examples=60)
@given(st.lists(st.integers(-6, 6), min_size=1, max_size=9), st.sampled_from([1.0, 0.1, 0.05, 1 / 3, 1e-3, 1e200]))
def test_all_patterns_listed_in_fractions_on_a_lattice(k: list[int], step: float) -> None:
    if len(set(k)) == 1:
        return
    found = sign_flips([x * step for x in k]).difference
    p, (low, high) = listed([Fraction(x) for x in k], Fraction(1, 20))
    assert found.p == float(p)
    assert found.estimate.low / step == pytest.approx(low, abs=1e-7)
    assert found.estimate.high / step == pytest.approx(high, abs=1e-7)


@settings(max_examples=40)
@given(st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=9))
def test_all_patterns_listed_of_real_differences(thousandths: list[int]) -> None:
    """Thousandths under the root, for sums within rounding of each other are ties by design."""
    d = [math.copysign(math.sqrt(2 + (x / 1000) ** 2), x) for x in thousandths]
    if max(d) - min(d) < 1e-9:
        return
    found = sign_flips(d)
    p, (low, high) = listed([Fraction(x) for x in d], Fraction(1, 20))
    assert found.difference.p == pytest.approx(float(p), abs=1e-12)
    if found.route == "meeting in the middle":
        assert found.difference.estimate.low == pytest.approx(low, abs=1e-7)
        assert found.difference.estimate.high == pytest.approx(high, abs=1e-7)


def test_fisher_1935_section_21_and_his_t_of_darwins_maize() -> None:
    """863 of the 32,768 patterns reach 314 on one side; the mean is 20.933, its standard error 9.746."""
    found = sign_flips(DARWIN)
    assert found.difference.p == 2 * 863 / 2**15
    assert round(found.difference.estimate.value, 3) == 20.933
    assert round(found.difference.estimate.standard_error, 3) == 9.746
    assert found.difference.estimate.low < 0 < found.difference.estimate.high
    assert sign_flips([x / 8 for x in DARWIN]).difference.p == found.difference.p


def test_sixteenths_and_tenths_are_on_a_lattice_and_roots_are_not() -> None:
    tenths = np.array([0.3, 0.1 + 0.2, 0.7, -0.1, 0.8 - 0.1])
    assert sign_flips(np.tile(tenths, 20)).route == "lattice"
    assert sign_flips(np.sqrt(np.arange(1.0, 30))).route == "meeting in the middle"
    assert sign_flips(RNG.normal(size=100)).route == "random flips"


@pytest.mark.parametrize("n", [50, 300])
def test_the_fourier_route_counts_what_the_counting_route_counts(n: int) -> None:
    sizes, counts = np.unique(RNG.integers(1, 40, n), return_counts=True)
    total = int(sizes @ counts)
    for left in (total // 10, total // 3, total // 2 - 1):
        counted = flip_law._counted(sizes, counts, left)
        assert flip_law._transformed(sizes, counts, left) == pytest.approx(counted, rel=1e-11)


def test_differences_of_zero_and_one_are_a_binomial_count_whatever_n() -> None:
    for better, worse in ((30, 15), (400_100, 399_000), (12, 0), (900, 100)):
        d = np.concatenate([np.ones(better), -np.ones(worse), np.zeros(7)])
        expected = sps.binomtest(min(better, worse), better + worse).pvalue
        assert sign_flips(d).difference.p == pytest.approx(expected, rel=1e-8)


def test_meeting_in_the_middle_is_all_patterns_for_16_real_differences() -> None:
    d = RNG.normal(size=18) + 0.3
    found = sign_flips(d)
    theirs = sps.permutation_test(
        (d,), lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=2**18
    )
    assert found.route == "meeting in the middle"
    assert found.difference.p == pytest.approx(theirs.pvalue, abs=1e-12)


def test_thirty_real_differences_p_and_ends() -> None:
    """At each end the exact p passes through 5 %: just inside it is above, just outside at most that."""
    d = RNG.normal(size=30) + 0.4
    found = sign_flips(d)
    assert found.route == "meeting in the middle"
    for end, out in ((found.difference.estimate.low, -1e-6), (found.difference.estimate.high, 1e-6)):
        assert sign_flips(d - end).difference.p == pytest.approx(0.05, abs=1e-5)
        assert sign_flips(d - end - out).difference.p <= 0.05 < sign_flips(d - end + out).difference.p


def test_random_flips_come_near_the_exact_and_say_how_near() -> None:
    """Ratings at n = 120 counted exactly; the same numbers with a real disturbance of 1e-9 are drawn."""
    d = RNG.integers(-4, 6, 120).astype(float)
    exact, drawn = sign_flips(d), sign_flips(d + RNG.normal(size=120) * 1e-9, seed=3)
    assert (exact.route, drawn.route) == ("lattice", "random flips")
    assert 0 < drawn.error < 0.01
    assert abs(exact.difference.p - drawn.difference.p) < 4 * drawn.error
    assert drawn.difference.estimate.low == pytest.approx(exact.difference.estimate.low, abs=0.05)


@pytest.mark.parametrize("shift", [0.0, 1.5, 2.5, 6.0])
def test_saddle_point_and_power_sums_come_near_the_exact(shift: float) -> None:
    d = RNG.integers(-9, 10, 400).astype(float) + round(shift * 5.5 / 20)
    exact = sign_flips(d).difference.p / 2
    continued = np.sign(d.sum()) * (abs(d.sum()) - 1) / len(d) - d.mean()  # lattice of step 2: half a step
    assert flip_law.saddle_point_tail(d + continued) == pytest.approx(exact, rel=0.01)
    d = (d + continued) * np.sign(d.mean())
    assert Mixed.of(d - d.mean()).tail(d.mean()) == pytest.approx(exact, rel=0.02, abs=1e-7)


def test_one_item_that_dominates_is_enumerated() -> None:
    """A normal law would be wrong by half: the sum is near ±1000, never between."""
    d = np.r_[1000.0, RNG.normal(size=20_000)]
    found = sign_flips(d, resamples=9_999)
    drawn = np.abs(RNG.choice([-1, 1], 40_000) * 1000 + RNG.normal(size=40_000) * math.sqrt((d[1:] ** 2).sum()))
    assert found.route == "largest enumerated"
    assert found.difference.p == pytest.approx(np.mean(drawn >= abs(d.sum())), abs=0.01)


@pytest.mark.parametrize("make", [lambda n: RNG.normal(size=n), lambda n: RNG.integers(-1, 2, n).astype(float)])
def test_a_million_items(make: object) -> None:
    d = make(1_000_000)  # type: ignore[operator]
    found = sign_flips(d).difference
    z = abs(d.mean()) / found.estimate.standard_error
    assert found.p == pytest.approx(2 * sps.norm.sf(z), rel=2e-3)
    assert found.estimate.high - d.mean() == pytest.approx(1.959964 * found.estimate.standard_error, rel=1e-3)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(-3, 3) | st.floats(-2, 2), min_size=1, max_size=14),
    st.sampled_from([0.5, 0.9, 0.95, 0.99]),
)
def test_p_and_interval_agree_about_0_and_swapping_changes_signs_only(d: list[float], level: float) -> None:
    found, other = sign_flips(d, level=level).difference, sign_flips([-x for x in d], level=level).difference
    e = found.estimate
    assert 0 < found.p <= 1
    assert e.low <= e.value <= e.high
    assert e.low < e.high
    assert (e.low <= 0 <= e.high) == (found.p > 1 - level)
    assert other.p == pytest.approx(found.p, rel=1e-12)
    assert (-other.estimate.high, -other.estimate.low) == pytest.approx((e.low, e.high), rel=1e-6, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(30, 400), st.booleans())
def test_the_drawn_and_counted_routes_agree_about_0_too(seed: int, n: int, lattice: bool) -> None:
    rng = np.random.default_rng(seed)
    d = rng.normal(size=n) + 2 / math.sqrt(n)
    found = sign_flips(np.rint(3 * d) if lattice else d, resamples=999, seed=seed).difference
    assert (found.estimate.low <= 0 <= found.estimate.high) == (found.p > 0.05)


def test_extremes_are_answered() -> None:
    nothing = sign_flips(np.zeros(20)).difference
    assert (nothing.p, nothing.estimate.low, nothing.estimate.high) == (1.0, -math.inf, math.inf)
    bounded = sign_flips(np.zeros(20), most=1.0).difference
    assert bounded.estimate.high == pytest.approx(1 - 0.05 ** (1 / 20))
    every = sign_flips(np.ones(10), most=1.0).difference
    assert (every.p, every.estimate.low, every.estimate.high) == (2 / 1024, 0.5, 1.0)
    few = sign_flips([0.2, 0.3, 0.1]).difference
    assert (few.p, few.estimate.low, few.estimate.high) == (0.25, -math.inf, math.inf)
    assert sign_flips([3.0]).difference.p == 1.0
    many = sign_flips(np.ones(10_000_000), most=1.0).difference
    assert 0 < many.p < 1e-300
    assert 1 - 1e-6 < many.estimate.low < many.estimate.high == 1.0


def test_bad_input_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="nan or infinite"):
        sign_flips([0.1, math.nan])
    with pytest.raises(InputError, match="level"):
        sign_flips([0.1, 0.2], level=95)
    with pytest.raises(InputError, match="most"):
        sign_flips([0.1, 2.0], most=1.0)
    with pytest.raises(InputError, match="resamples"):
        sign_flips([0.1, 2.0], resamples=10)


def test_tails_by_hand() -> None:
    assert lattice_tail(np.array([1, 2, 4]), np.array([1, 1, 1]), 7) == 1 / 8
    values, counts = grouped(np.array([1.0, 1.0, -3.0]), 0.0)
    assert meeting_tail(values, counts, halves(counts)[0], 0.0) == 5 / 8  # {}, and all four with -3
    low, high = mixed_ends(np.r_[-np.ones(50), np.ones(50)], 0.05)
    assert -low == pytest.approx(high, rel=1e-12)
