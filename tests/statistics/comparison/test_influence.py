"""What differences of metrics rest on: degrees of freedom, exact bounds where nothing varies, intervals on two sets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tearless.statistics import table_slopes
from tearless.statistics.comparison.influence import Influence, spread_of, without_spread
from tearless.statistics.comparison.metrics import unpaired_metric_difference


def test_few_disagreements_follow_the_sign_test() -> None:
    """k rows of 1,000 differ, all one way: near 2^(1 − k) where the plain normal is far below."""
    for k in range(1, 13):
        psi = np.where(np.arange(1_000) < k, 1.0, 0.0) - k / 1_000
        found = spread_of(psi * math.sqrt(1_000 / 999))
        p = 2 * stats.t.sf(k / 1_000 / found.error, found.freedom)
        exact = 2.0 ** (1 - k)
        assert p > exact * 0.4
        assert p > 0.75 * exact or k < 5


def test_newcombes_differences_of_shares() -> None:
    """R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10."""
    for (x, m), (z, n), printed in (
        ((48, 80), (56, 70), (0.0524, 0.3339)),
        ((3, 10), (9, 10), (0.1705, 0.8090)),
        ((2, 7), (6, 7), (0.0582, 0.8062)),
        ((0, 29), (5, 56), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.2775, 0.1611)),
        ((0, 10), (10, 10), (0.6075, 1.0)),
    ):
        rows = [np.repeat([1, 0], [hits, of - hits]) for hits, of in ((x, m), (z, n))]
        found = unpaired_metric_difference("accuracy", np.ones(m, int), rows[0], np.ones(n, int), rows[1])
        assert (found.estimate.low, found.estimate.high) == pytest.approx(printed, abs=5.1e-5)
        assert (found.estimate.low <= 0 <= found.estimate.high) == (found.p > 0.05)


def test_exceptions_never_seen_by_enumeration() -> None:
    """The exact bound: with its share of exceptions, none in n rows has just the chance left to one side."""
    for n, d in ((5, 0.0), (30, 0.2), (100, 1.0)):
        e = without_spread(d, 1.0, n).estimate
        share = (d - e.low) / (d + 1)
        assert (1 - share) ** n == pytest.approx(0.025)
    assert without_spread(0.0, math.inf, 50).estimate.high == math.inf


def test_degrees_of_freedom_join_by_welch_and_satterthwaite() -> None:
    psi = np.r_[np.random.default_rng(0).uniform(-1, 1, 10), np.random.default_rng(1).uniform(-1, 1, 30)]
    strata = np.repeat([0, 1], [10, 30])
    a, b = psi[:10], psi[10:]
    u, v = float(a @ a), float(b @ b)
    assert spread_of(psi, strata).freedom == pytest.approx((u + v) ** 2 / (u**2 / 9 + v**2 / 29))
    assert isinstance(Influence(0.0, psi, 10, strata).variance, float)


@pytest.mark.parametrize("k", [2, 3, 5])
def test_slopes_are_those_of_small_steps(k: int) -> None:
    rng = np.random.default_rng(k)
    p = rng.dirichlet(np.ones(k * k)).reshape(k, k)
    every: list[Any] = [table_slopes.accuracy, table_slopes.matthews, table_slopes.macro_f1, table_slopes.f1_of(1)]
    every += [table_slopes.kappa(w) for w in ("none", "linear", "quadratic")]  # type: ignore[arg-type]
    every += [table_slopes.mean_share(axis) for axis in (0, 1)] + [table_slopes.share_of(axis, 0) for axis in (0, 1)]
    for of in every:
        slope = table_slopes.contributions(p, of(p)[1])
        for at in np.ndindex(k, k):
            step = -p.copy()
            step[at] += 1
            h = 1e-6
            assert (of(p + h * step)[0] - of(p - h * step)[0]) / (2 * h) == pytest.approx(slope[at], rel=1e-5, abs=1e-8)
