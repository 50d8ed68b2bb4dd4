"""Parts of scores: they add up in exact fractions and in floats, and agree with scikit-learn's scores."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from tearless.core import InputError
from tearless.probability.calibration.reliability import bin_edges, in_bins
from tearless.probability.calibration.score_parts import binned_parts, distinct_parts, rising_parts

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 64).map(lambda i: i / 64)), min_size=1, max_size=40)


@settings(max_examples=80, deadline=None)
@given(ROWS, st.integers(1, 8), st.sampled_from(["width", "mass"]))
def test_stephensons_five_parts_in_exact_fractions(rows: list[tuple[bool, float]], bins: int, by: str) -> None:
    """Stephenson, Coelho and Jolliffe 2008, equation 6: REL − RES + UNC + WBV − WBC is the Brier score, exactly."""
    y, p = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    parts = binned_parts(y, p, bins=bins, by=by)  # type: ignore[arg-type]
    at, _ = in_bins(p, bin_edges(p, bins, by))  # type: ignore[arg-type]
    n, overall = len(y), Fraction(int(y.sum()), len(y))
    rel = res = wbv = wbc = Fraction(0)
    for b in set(at.tolist()):
        o, f = [Fraction(v) for v in y[at == b]], [Fraction(v) for v in p[at == b]]
        mo, mf = sum(o) / len(o), sum(f) / len(f)
        rel += len(o) * (mf - mo) ** 2 / n
        res += len(o) * (mo - overall) ** 2 / n
        wbv += sum((x - mf) ** 2 for x in f) / n
        wbc += 2 * sum((x - mf) * (z - mo) for x, z in zip(f, o, strict=True)) / n
    brier = sum((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(p, y, strict=True)) / n
    assert brier == rel - res + overall * (1 - overall) + wbv - wbc
    ours = (parts.score, parts.reliability, parts.resolution, parts.uncertainty, parts.within)
    exact = (brier, rel, res, overall * (1 - overall), wbv - wbc)
    assert ours == pytest.approx(tuple(map(float, exact)), abs=1e-15)
    assert abs(parts.rest) < 4e-16


@settings(max_examples=60, deadline=None)
@given(ROWS, st.sampled_from(["brier", "log"]))
def test_all_decompositions_add_up_and_no_part_is_negative(rows: list[tuple[bool, float]], score: str) -> None:
    y, p = (np.array(c, dtype=float) for c in zip(*rows, strict=True))
    for parts in (
        binned_parts(y, p, score=score, bins=4),  # type: ignore[arg-type]
        distinct_parts(y, p, score=score),  # type: ignore[arg-type]
        rising_parts(y, p, score=score),  # type: ignore[arg-type]
    ):
        assert abs(parts.rest) < 1e-14 * max(1.0, parts.score)
        assert parts.reliability >= 0
        assert parts.resolution >= 0
        assert parts.uncertainty >= 0
    assert distinct_parts(y, p).within == pytest.approx(0, abs=1e-15)
    eps = float(np.finfo(float).eps)
    theirs = brier_score_loss(y, p) if score == "brier" else log_loss(y, np.clip(p, eps, 1 - eps), labels=[0, 1])
    assert parts.score == pytest.approx(theirs, rel=1e-12, abs=1e-14)


def test_the_rising_parts_bound_the_distinct_ones() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(300)
    y = rng.random(300) < p
    one_each, rising = distinct_parts(y, p), rising_parts(y, p)
    assert one_each.reliability == pytest.approx(one_each.score)  # a forecast a row: all is reliability
    assert rising.reliability < 0.1 * one_each.reliability
    assert rising.skill == pytest.approx(1 - rising.score / rising.uncertainty)


def test_what_is_left_out_elsewhere_is_not_nothing() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(4_000)
    y = rng.random(4_000) < p
    parts = binned_parts(y, p, bins=10, by="width")
    assert abs(parts.within) > 5e-4
    assert parts.score == pytest.approx(float(((p - y) ** 2).mean()), abs=1e-15)


@pytest.mark.parametrize(("y", "p"), [([1], [1.0]), ([0], [1.0]), ([1, 1], [0.5, 0.5]), ([0, 1], [1.0, 0.0])])
def test_degenerate_scores_are_finite(y: list[int], p: list[float]) -> None:
    for score in ("brier", "log"):
        for parts in (
            binned_parts(y, p, score=score),
            distinct_parts(y, p, score=score),
            rising_parts(y, p, score=score),
        ):  # type: ignore[arg-type]
            assert np.isfinite([parts.score, parts.reliability, parts.resolution, parts.within, parts.skill]).all()
    with pytest.raises(InputError, match="score"):
        binned_parts([1], [0.5], score="auc")  # type: ignore[arg-type]
