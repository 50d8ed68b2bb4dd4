"""Areas under ROC: one sort gives what all pairs give; published tables; perfect areas and single rows keep a width."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from tearless.core import InputError
from tearless.statistics.comparison.delong import compare_areas, delong
from tearless.statistics.comparison.ranking_influence import area
from tearless.statistics.placements import area_and_variance, placements
from tearless.statistics.ranking_scores import roc_auc

RNG = np.random.default_rng(4)

# E. R. DeLong et al., Biometrics 44 (1988) 837-845, as in the SAS/STAT user's guide, "Comparing Receiver Operating
# Characteristic Curves": albumin, total protein, K-G score, outcome of 43 patients.
OVARIAN = np.fromstring(
    """3.0 5.8 10 0 3.2 6.3 5 1 3.9 6.8 3 1 2.8 4.8 6 0 3.2 5.8 3 1 0.9 4.0 5 0 2.5 5.7 8 0 1.6 5.6 5 1 3.8 5.7 5 1
    3.7 6.7 6 1 3.2 5.4 4 1 3.8 6.6 6 1 4.1 6.6 5 1 3.6 5.7 5 1 4.3 7.0 4 1 3.6 6.7 4 0 2.3 4.4 6 1 4.2 7.6 4 0
    4.0 6.6 6 0 3.5 5.8 6 1 3.8 6.8 7 1 3.0 4.7 8 0 4.5 7.4 5 1 3.7 7.4 5 1 3.1 6.6 6 1 4.1 8.2 6 1 4.3 7.0 5 1
    4.3 6.5 4 1 3.2 5.1 5 1 2.6 4.7 6 1 3.3 6.8 6 0 1.7 4.0 7 0 3.7 6.1 5 1 3.3 6.3 7 1 4.2 7.7 6 1 3.5 6.2 5 1
    2.9 5.7 9 0 2.1 4.8 7 1 2.8 6.2 8 0 4.0 7.0 7 1 3.3 5.7 6 1 3.7 6.9 5 1 3.6 6.6 5 1""",
    sep=" ",
).reshape(-1, 4)


def test_the_ovarian_cancer_study() -> None:
    albumin, protein, score, outcome = OVARIAN.T
    found = delong(outcome.astype(int), 10 - score, albumin, protein)
    assert found.areas.round(4).tolist() == [0.7258, 0.7366, 0.6478]
    assert np.sqrt(np.diag(found.covariance)).round(4).tolist() == [0.1028, 0.0927, 0.1]
    chi_square, freedom, p = found.all_equal()
    assert (round(chi_square, 4), freedom, round(p, 4)) == (2.5340, 2, 0.2817)
    for other, printed in ((albumin, (0.0108, 0.0953, -0.1761, 0.1976)), (protein, (-0.0780, 0.1046, -0.2830, 0.1271))):
        e = compare_areas(outcome.astype(int), 10 - score, other, reference="normal").estimate
        assert (round(e.value, 4), round(e.standard_error, 4), round(e.low, 4), round(e.high, 4)) == printed


def test_ratings_of_computed_tomography() -> None:
    """J. A. Hanley, B. J. McNeil, Radiology 143 (1982) 29-36, table II; standard error as in Stata's roctab."""
    ratings = np.r_[np.repeat(np.arange(5.0), [33, 6, 6, 11, 2]), np.repeat(np.arange(5.0), [3, 2, 2, 11, 33])]
    found = roc_auc(np.repeat([0, 1], [58, 51]), ratings)
    assert (round(found.value, 4), round(found.standard_error, 4)) == (0.8932, 0.0307)


def by_pairs(score: np.ndarray, positive: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    above = score[positive][:, None], score[~positive][None, :]
    wins = (above[0] > above[1]) + 0.5 * (above[0] == above[1])
    return float(wins.mean()), wins.mean(axis=1), wins.mean(axis=0)


@pytest.mark.parametrize("kind", ["ties", "unit", "wide", "huge", "tiny", "signs", "infinite"])
def test_one_sort_gives_what_all_pairs_give(kind: str) -> None:
    for m, n in ((2, 2), (3, 40), (60, 25), (200, 300)):
        positive = RNG.permutation(np.repeat([True, False], [m, n]))
        x = RNG.normal(size=m + n) + positive
        score = {
            "ties": np.round(x),
            "unit": 1 / (1 + np.exp(-x)),
            "wide": x * 1e6,
            "huge": x * 1e307,
            "tiny": x * 5e-324 * 3,
            "signs": np.where(x > 0, 0.0, -0.0),
            "infinite": np.where(x > 1, np.inf, np.where(x < -1, -np.inf, x)),
        }[kind]
        value, of_positive, of_negative = by_pairs(score, positive)
        variance = of_positive.var(ddof=1) / m + of_negative.var(ddof=1) / n
        assert area_and_variance(score, positive) == pytest.approx((value, variance), rel=1e-10, abs=1e-15)
        found = placements(score, positive)
        assert found[positive] == pytest.approx(of_positive, abs=1e-12)
        assert found[~positive] == pytest.approx(of_negative, abs=1e-12)
        if kind != "infinite":
            assert value == pytest.approx(roc_auc_score(positive, score), abs=1e-12)


def test_neighbouring_floats_are_no_ties() -> None:
    x = np.array([0.5, np.nextafter(0.5, 1)])
    assert area_and_variance(x, np.array([False, True]))[0] == 1.0
    assert area_and_variance(-1e3 * x, np.array([False, True]))[0] == 0.0


def test_covariance_of_models_is_that_of_all_pairs() -> None:
    positive = RNG.permutation(np.repeat([True, False], [30, 50]))
    scores = [np.round(RNG.normal(size=80) + positive, 1) for _ in range(3)]
    parts = [by_pairs(s, positive) for s in scores]
    expected = np.cov([p[1] for p in parts]) / 30 + np.cov([p[2] for p in parts]) / 50
    found = delong(positive.astype(int), *scores)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-10, atol=1e-16)
    for i, score in enumerate(scores):
        assert float(np.square(area(score, positive)[1]).sum()) == pytest.approx(found.covariance[i, i])


@given(st.integers(0, 10_000), st.sampled_from([(2, 3), (10, 10), (4, 60)]), st.booleans())
def test_swapping_models_and_classes_mirrors(seed: int, sizes: tuple[int, int], ties: bool) -> None:
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat([1, 0], sizes))
    a, b = rng.normal(size=(2, len(y)))
    if ties:
        a, b = np.round(a), np.round(b)
    one, two = compare_areas(y, a, b), compare_areas(y, b, a)
    flipped = compare_areas(1 - y, -a, -b)
    for other, sign in ((two, -1), (flipped, 1)):
        assert other.p == pytest.approx(one.p, rel=1e-9)
        ends = (one.estimate.low, one.estimate.high) if sign > 0 else (-one.estimate.high, -one.estimate.low)
        assert (other.estimate.low, other.estimate.high) == pytest.approx(ends, abs=1e-9)
    e = one.estimate
    assert 0 < one.p <= 1
    assert -1 <= e.low <= e.value <= e.high <= 1
    assert e.low < e.high
    assert (e.low <= 0 <= e.high) == (one.p > 0.05)


def test_two_perfect_models_differ_by_little_at_most() -> None:
    y = np.repeat([0, 1], 50)
    found = compare_areas(y, y, y * 2.0)
    assert (found.estimate.value, found.p) == (0.0, 1.0)
    assert found.estimate.high == pytest.approx(1 - 0.025 ** (1 / 50))
    against = compare_areas(y, -y, y)
    assert against.estimate.value == 1.0
    assert against.p == pytest.approx(2 * 2.0**-50)
    assert 0.8 < against.estimate.low < against.estimate.high == 1.0


def test_one_row_of_a_class_tells_next_to_nothing() -> None:
    y = np.array([1] + [0] * 50)
    found = compare_areas(y, RNG.normal(size=51), np.r_[9.0, RNG.normal(size=50)])
    assert found.p > 0.05
    assert found.estimate.high - found.estimate.low > 1
    assert math.isnan(delong(y, RNG.normal(size=51)).covariance[0, 0])


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1], [0, 1, 2]])
def test_a_class_without_rows_is_refused(y: list[int]) -> None:
    with pytest.raises(InputError, match="truth"):
        compare_areas(y, [1.0, 2.0, 3.0], [1.0, 2.0, 3.0])


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="scores"):
        delong([0, 1])
    with pytest.raises(InputError, match="score 2"):
        delong([0, 1], [0.1, 0.2], [0.1, math.nan])
    with pytest.raises(InputError, match="reference"):
        compare_areas([0, 1], [0.1, 0.2], [0.1, 0.2], reference="z")  # type: ignore[arg-type]
