"""Signed ranks and signs: published examples, all sign patterns with ties and zeros, SciPy, agreement about 0."""

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
from tearless.statistics.comparison.signed_ranks import sign_test, signed_ranks
from tearless.statistics.comparison.walsh import WalshAverages

RNG = np.random.default_rng(2)
C45 = [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.0, 0.94, 0.619, 0.972, 0.957]
C45_M = [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.0, 0.962, 0.666, 0.981, 0.978]
"""AUC of C4.5 and of C4.5 with m tuned on 14 data sets (Demšar 2006, table 2)."""
DEPRESSION = (
    [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30],
    [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29],
)
"""Hamilton factor IV before and after a tranquilliser (Hollander and Wolfe 1999, table 3.1)."""


def test_demsar_2006_section_3_1_3() -> None:
    """The two ties split: R+ = 93, R- = 12, so T = 12 (critical value 21 at 5 % for N = 14)."""
    found = signed_ranks(C45, C45_M, zeros="split")
    assert (found.above, found.below, found.zeros) == (93.0, 12.0, 2)
    assert found.difference.p < 0.05
    assert found.difference.estimate.low > 0


def test_hollander_and_wolfe_1999_examples_3_1_to_3_4() -> None:
    """T+ = 5 of the changes, one-sided p .01953 (R: V = 40); estimate -.46; 96.1 % interval -.786 to -.010."""
    found = signed_ranks(*DEPRESSION, level=0.96)
    assert (found.above, found.below) == (5.0, 40.0)
    assert round(found.difference.p / 2, 5) == 0.01953
    e = found.difference.estimate
    assert (round(e.value, 2), round(e.low, 3), round(e.high, 3)) == (-0.46, -0.786, -0.010)


def test_darwins_maize_as_scipy_documents_it() -> None:
    """scipy.stats.wilcoxon's example: statistic 24, p 0.041259765625."""
    d = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]
    found = signed_ranks(np.zeros(15), d)
    assert (found.below, found.difference.p) == (24.0, 0.041259765625)


def test_ties_that_floats_hide_are_ties() -> None:
    """The same scores in fortieths: as floats two sizes differ by an ulp, as whole numbers they do not."""
    a, b = np.array([0.5, 0.825, 0.375, 0.5, 0.6]), np.array([0.525, 0.775, 0.325, 0.55, 0.7])
    floats, whole = signed_ranks(a, b), signed_ranks(np.rint(a * 40), np.rint(b * 40))
    assert (floats.above, floats.below, floats.difference.p) == (whole.above, whole.below, whole.difference.p)
    assert (
        floats.difference.p
        == sps.permutation_test(
            (np.sign(b - a) * sps.rankdata(np.rint(np.abs(b - a) * 40)),),
            lambda x, axis: x.sum(axis=axis),
            permutation_type="samples",
            n_resamples=np.inf,
        ).pvalue
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9), st.sampled_from(["wilcoxon", "pratt", "split"]))
def test_all_sign_patterns_with_ties_and_zeros(d: list[int], zeros: Any) -> None:
    x = np.asarray(d, dtype=float)
    found = signed_ranks(np.zeros(len(x)), x, zeros=zeros)
    kept = x[x != 0] if zeros == "wilcoxon" else x
    if zeros == "split" and (x == 0).sum() % 2:
        kept = np.delete(kept, int(np.flatnonzero(kept == 0)[0]))
    ranks = sps.rankdata(np.abs(kept)) if len(kept) else np.zeros(0)
    moving = ranks[kept != 0]
    seen = abs(float((np.sign(kept) * ranks).sum()))
    sums = [abs(float(np.dot(s, moving))) for s in itertools.product((1, -1), repeat=len(moving))]
    assert found.difference.p == pytest.approx(np.mean([s >= seen - 1e-9 for s in sums]), abs=1e-12)
    half = float(ranks[kept == 0].sum()) / 2 if zeros == "split" else 0.0
    assert found.above == pytest.approx(float(ranks[kept > 0].sum()) + half)
    assert found.below == pytest.approx(float(ranks[kept < 0].sum()) + half)


@pytest.mark.parametrize("n", [8, 30, 50])
def test_without_ties_it_is_scipys_exact(n: int) -> None:
    a, b = RNG.normal(size=n), RNG.normal(size=n) + 0.4
    assert signed_ranks(a, b).difference.p == pytest.approx(sps.wilcoxon(a, b, method="exact").pvalue, rel=1e-10)


@pytest.mark.parametrize("n", [500, 5_000])
def test_many_differences_come_near_the_normal_limit_and_their_interval_is_listed_right(n: int) -> None:
    a, b = RNG.normal(size=n), RNG.normal(size=n) + 1 / math.sqrt(n)
    found = signed_ranks(a, b)
    assert found.difference.p == pytest.approx(sps.wilcoxon(a, b, method="asymptotic").pvalue, rel=0.01)
    d = np.sort(b - a)
    rows, columns = np.triu_indices(min(n, 2_000))
    if n <= 2_000:
        assert found.difference.estimate.value == pytest.approx(np.median((d[rows] + d[columns]) / 2), abs=1e-12)


def test_walsh_averages_counted_are_walsh_averages_listed() -> None:
    d = RNG.normal(size=2_500)
    rows, columns = np.triu_indices(2_500)
    listed = np.sort((d[rows] + d[columns]) / 2)
    counted = WalshAverages(d)
    assert not len(counted.listed)
    assert counted.median == pytest.approx(np.median(listed), abs=1e-10)
    for k in (1, 17, 80_000, 3_000_000, counted.count):
        assert counted.at(k) == pytest.approx(listed[k - 1], abs=1e-10)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-3, 5), min_size=1, max_size=25), st.sampled_from(["wilcoxon", "pratt", "split"]))
def test_p_and_interval_agree_about_0_with_ties_and_zeros(d: list[int], zeros: Any) -> None:
    x = np.asarray(d, dtype=float) / 10
    nought = np.zeros(len(x))
    for found in (signed_ranks(nought, x, zeros=zeros).difference, sign_test(nought, x)):
        e = found.estimate
        assert 0 < found.p <= 1
        assert (e.low <= 0 <= e.high) == (found.p > 0.05)
        assert e.low <= e.value <= e.high
        assert e.low < e.high
    swapped = signed_ranks(x, nought, zeros=zeros)
    assert swapped.difference.p == pytest.approx(signed_ranks(nought, x, zeros=zeros).difference.p, rel=1e-12)


@settings(max_examples=40)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=40))
def test_the_sign_test_is_a_binomial_test(d: list[float]) -> None:
    x = np.round(d, 6)
    above, below = int((x > 0).sum()), int((x < 0).sum())
    expected = sps.binomtest(above, above + below).pvalue if above + below else 1.0
    assert sign_test(np.zeros(len(x)), x).p == pytest.approx(expected, rel=1e-9)


def test_demsar_2006_table_3_wins_needed_for_the_sign_test() -> None:
    """Wins that N data sets need at 5 % where his normal count and the exact one are the same."""
    for n, wins in ((6, 6), (10, 9), (20, 15), (25, 18)):
        d = np.r_[np.ones(wins), -np.ones(n - wins)]
        assert sign_test(np.zeros(n), d).p <= 0.05


def test_extremes_are_answered() -> None:
    for x in ([0.0, 0.0, 0.0], [1.0]):
        for found in (signed_ranks(np.zeros(len(x)), x).difference, sign_test(np.zeros(len(x)), x)):
            assert (found.p, found.estimate.low, found.estimate.high) == (1.0, -math.inf, math.inf)
    alike = signed_ranks(np.zeros(10), np.ones(10)).difference
    assert (alike.p, alike.estimate.low, alike.estimate.high) == (2 / 1024, 0.5, 1.5)
    long = signed_ranks(np.zeros(300_000), RNG.normal(size=300_000) + 1).difference
    assert 0 < long.p < 1e-300
    with pytest.raises(InputError, match="zeros"):
        signed_ranks([1, 2], [2, 3], zeros="drop")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="one length"):
        sign_test([1, 2], [1])
