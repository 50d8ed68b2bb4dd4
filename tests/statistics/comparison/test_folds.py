"""Scores per fold: the corrected t of Nadeau and Bengio, 5×2cv, and how a layout is recognised."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.stats as sps
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.svm import SVC

from tearless.core import InputError
from tearless.statistics.comparison.fold_layout import recognise_folds
from tearless.statistics.comparison.folds import (
    corrected_resampled_t,
    correlated_t_rope,
    five_by_two_f,
    five_by_two_t,
    uncorrected_t,
)
from tearless.statistics.comparison.student_difference import student_difference

SCORES = st.integers(2, 30).flatmap(
    lambda j: st.tuples(*[arrays(np.float64, j, elements=st.integers(0, 1000).map(lambda v: v / 1000))] * 2)
)
TEN = arrays(np.float64, (5, 2), elements=st.integers(-300, 300).map(lambda v: v / 1000))


@pytest.fixture(scope="module")
def moons() -> dict[str, np.ndarray]:
    """Areas under the curve of four support vector machines over 10×10 folds: scikit-learn's plot_grid_search_stats."""
    X, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = list(RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0).split(X, y))
    kinds = {
        "rbf": {"kernel": "rbf"},
        "linear": {"kernel": "linear"},
        "3_poly": {"kernel": "poly", "degree": 3},
        "2_poly": {"kernel": "poly", "degree": 2},
    }

    def area(kind: dict[str, object], train: np.ndarray, test: np.ndarray) -> float:
        found = SVC(random_state=0, **kind).fit(X[train], y[train]).decision_function(X[test])
        above = found[y[test] == 1][:, None] - found[y[test] == 0]
        return float((np.sign(above) + 1).mean() / 2)

    return {name: np.array([area(kind, *fold) for fold in folds]) for name, kind in kinds.items()}


# scikit-learn, examples/model_selection/plot_grid_search_stats: the table of pairs, one-sided p times 6 (Bonferroni),
# and the table of the Bayesian comparison with ROPE 0.01: worse, better, practically equivalent.
PUBLISHED = [
    ("rbf", "linear", 0.750, 1.000, 0.068, 0.500, 0.432),
    ("rbf", "3_poly", 1.657, 0.302, 0.018, 0.882, 0.100),
    ("rbf", "2_poly", 4.565, 0.000, 0.000, 1.000, 0.000),
    ("linear", "3_poly", 1.111, 0.807, 0.063, 0.750, 0.187),
    ("linear", "2_poly", 4.276, 0.000, 0.000, 1.000, 0.000),
    ("3_poly", "2_poly", 3.851, 0.001, 0.000, 1.000, 0.000),
]


@pytest.mark.parametrize(("first", "second", "t", "p", "worse", "better", "equivalent"), PUBLISHED)
def test_the_example_of_scikit_learn(
    moons: dict[str, np.ndarray],
    first: str,
    second: str,
    t: float,
    p: float,
    worse: float,
    better: float,
    equivalent: float,
) -> None:
    found = corrected_resampled_t(moons[second], moons[first], test_to_train=10 / 90)
    assert round(found.estimate.value / found.estimate.standard_error, 3) == t
    assert round(min(1.0, 6 * found.p / 2), 3) == p
    rope = correlated_t_rope(moons[second], moons[first], test_to_train=1 / 9, rope=0.01)
    assert (round(rope.worse, 3), round(rope.better, 3), round(rope.equivalent, 3)) == (worse, better, equivalent)


def test_the_two_lines_scikit_learn_prints(moons: dict[str, np.ndarray]) -> None:
    """Corrected t 0.750, p 0.227 (one-sided); uncorrected t 2.611, p 0.005."""
    right = corrected_resampled_t(moons["linear"], moons["rbf"], test_to_train=1 / 9)
    wrong = uncorrected_t(moons["linear"], moons["rbf"])
    assert round(right.p / 2, 3) == 0.227
    assert round(wrong.estimate.value / wrong.estimate.standard_error, 3) == 2.611
    assert round(wrong.p / 2, 3) == 0.005
    assert wrong.sure
    assert not right.sure


@given(SCORES, st.floats(0.01, 2))
def test_the_corrected_t_is_the_formula_and_the_uncorrected_is_scipys(
    scores: tuple[np.ndarray, np.ndarray], ratio: float
) -> None:
    a, b = scores
    j = len(a)
    exact = [Fraction(round(1000 * y) - round(1000 * x), 1000) for x, y in zip(a, b, strict=True)]
    assume(len(set(exact)) > 1)
    mean = sum(exact) / j
    variance = float(sum((d - mean) ** 2 for d in exact) / (j - 1))
    found = corrected_resampled_t(a, b, test_to_train=ratio)
    assert found.estimate.value == pytest.approx(float(mean), abs=1e-12)
    assert found.estimate.standard_error == pytest.approx((variance * (1 / j + ratio)) ** 0.5, rel=1e-9)
    t = float(mean) / (variance * (1 / j + ratio)) ** 0.5
    assert found.p == pytest.approx(2 * sps.t.sf(abs(t), j - 1), rel=1e-6)
    assert uncorrected_t(a, b).p == pytest.approx(sps.ttest_rel(b, a).pvalue, rel=1e-6)
    assert found.p >= uncorrected_t(a, b).p


@given(SCORES, st.floats(0.5, 0.99))
def test_p_and_interval_agree_and_the_sides_mirror(scores: tuple[np.ndarray, np.ndarray], level: float) -> None:
    a, b = scores
    assume(len(set(np.round(b - a, 9))) > 1)
    one, other = (corrected_resampled_t(*pair, test_to_train=0.25, level=level) for pair in ((a, b), (b, a)))
    assert one.sure == (not one.estimate.low <= 0 <= one.estimate.high)
    assert one.p == pytest.approx(other.p)
    assert (one.estimate.low, one.estimate.high) == pytest.approx((-other.estimate.high, -other.estimate.low))
    assert 0 < one.p <= 1


@given(TEN)
def test_five_by_two_is_the_formula(d: np.ndarray) -> None:
    """t and F by loops over halvings, as the papers write them."""
    within = [((x - (x + y) / 2) ** 2 + (y - (x + y) / 2) ** 2) for x, y in d.tolist()]
    assume(sum(within) > 1e-6)
    t = d[0, 0] / np.sqrt(sum(within) / 5)
    f = sum(x * x for x in d.ravel().tolist()) / (2 * sum(within))
    assert five_by_two_t(d).p == pytest.approx(2 * sps.t.sf(abs(t), 5), rel=1e-9)
    assert five_by_two_f(d).p == pytest.approx(sps.f.sf(f, 10, 5), rel=1e-9)
    shuffled = d[[3, 1, 4, 0, 2]][:, ::-1]
    assert five_by_two_f(shuffled).p == pytest.approx(five_by_two_f(d).p, rel=1e-9)
    assert five_by_two_f(-d).estimate.low == pytest.approx(-five_by_two_f(d).estimate.high, abs=1e-12)


@given(TEN, st.floats(0.5, 0.99))
def test_five_by_two_tests_and_intervals_agree(d: np.ndarray, level: float) -> None:
    assume(np.abs(d[:, 0] - d[:, 1]).max() > 0)
    t, f = five_by_two_t(d, level=level), five_by_two_f(d, level=level)
    assert t.sure == (not t.estimate.low <= 0 <= t.estimate.high)
    assert f.estimate.low < f.estimate.value < f.estimate.high
    if f.interval == "5×2cv F":
        assert f.sure == (not f.estimate.low <= 0 <= f.estimate.high)
        assert five_by_two_f(d - f.estimate.low, level=level).p == pytest.approx(1 - level, rel=1e-6)
    else:
        assert f.sure


def test_the_correction_on_ten_folds() -> None:
    """For one 10-fold run the variance is 1/10 + 1/9 instead of 1/10: t shrinks by √(19/9) = 1.453."""
    d = np.arange(10) / 100
    right, wrong = corrected_resampled_t(np.zeros(10), d, test_to_train=1 / 9), uncorrected_t(np.zeros(10), d)
    grown = (right.estimate.standard_error / wrong.estimate.standard_error) ** 2
    assert grown == pytest.approx(19 / 9, rel=1e-12)


def test_one_table_stays_one_table_however_often_it_is_cut() -> None:
    """With ever more repeats the corrected standard error goes to s√(test/train), the uncorrected one to 0."""
    d = np.tile([0.0, 0.02], 5_000)
    assert corrected_resampled_t(0 * d, d, test_to_train=1 / 9).estimate.standard_error == pytest.approx(
        0.01 / 3, rel=1e-3
    )
    assert uncorrected_t(0 * d, d).p < 1e-300 or uncorrected_t(0 * d, d).estimate.standard_error < 1.1e-4


def test_degenerate_scores_are_answered() -> None:
    same = corrected_resampled_t([0.9, 0.8, 0.7], [0.9, 0.8, 0.7], test_to_train=0.5)
    assert (same.p, same.estimate.low, same.estimate.high) == (1.0, -np.inf, np.inf)
    for call in (five_by_two_t, five_by_two_f):
        assert call(np.zeros((5, 2))).p == 1.0
        with pytest.raises(InputError, match="item by item"):
            call(np.full((5, 2), 0.1))
        with pytest.raises(InputError, match="5 halvings"):
            call(np.zeros((2, 5)))
    with pytest.raises(InputError, match="item by item"):  # 0.01 each time, but for rounding
        corrected_resampled_t([0.90, 0.10, 0.50], [0.91, 0.11, 0.51], test_to_train=0.5)
    with pytest.raises(InputError, match="at least 2 folds"):
        corrected_resampled_t([0.9], [0.8], test_to_train=0.5)
    with pytest.raises(InputError, match="one length"):
        corrected_resampled_t([0.9, 0.8], [0.8], test_to_train=0.5)
    with pytest.raises(InputError, match="test_to_train"):
        corrected_resampled_t([0.9, 0.8], [0.8, 0.8], test_to_train=0.0)
    with pytest.raises(InputError, match="differ somewhere"):
        correlated_t_rope([0.9, 0.8], [0.9, 0.8], test_to_train=0.5, rope=0.01)
    with pytest.raises(InputError, match="level"):
        corrected_resampled_t([0.9, 0.8], [0.8, 0.8], test_to_train=0.5, level=95)
    assert student_difference(1e300, 1e-300, 50, test="t", interval="t").p > 0


@given(SCORES, st.floats(0, 0.2))
def test_the_rope_splits_the_whole_and_mirrors(scores: tuple[np.ndarray, np.ndarray], rope: float) -> None:
    a, b = scores
    assume(len(set(np.round(b - a, 9))) > 1)
    one, other = (correlated_t_rope(*pair, test_to_train=0.25, rope=rope) for pair in ((a, b), (b, a)))
    assert one.worse + one.equivalent + one.better == pytest.approx(1)
    assert (one.worse, one.better) == pytest.approx((other.better, other.worse))
    if rope == 0:
        assert corrected_resampled_t(a, b, test_to_train=0.25).p == pytest.approx(2 * min(one.worse, one.better))


@pytest.mark.parametrize(
    ("n", "columns", "expected"),
    [
        (10, {"fold": range(10)}, ("k-fold", 1, 10, 1 / 9, True)),
        (
            100,
            {"repeat": np.repeat(range(10), 10), "fold": [*range(10)] * 10},
            ("repeated k-fold", 10, 10, 1 / 9, True),
        ),
        (10, {"repeat": np.repeat(range(5), 2), "fold": [0, 1] * 5}, ("5x2", 5, 2, 1.0, True)),
        (30, {"fold": [*range(10)] * 3}, ("repeated k-fold", 3, 10, 1 / 9, True)),
        (30, {"fold": range(30)}, ("k-fold", 1, 30, 1 / 29, False)),
        (30, {"fold": range(30), "test_to_train": 0.5}, ("random splits", 30, 1, 0.5, True)),
        (8, {"repeat": list("abcdefgh"), "test_to_train": 0.25}, ("random splits", 8, 1, 0.25, True)),
        (10, {}, ("k-fold", 1, 10, 1 / 9, False)),
        (5, {}, ("k-fold", 1, 5, 1 / 4, False)),
        (100, {}, ("repeated k-fold", 10, 10, 1 / 9, False)),
        (25, {}, ("repeated k-fold", 5, 5, 1 / 4, False)),
        (30, {"test_to_train": 0.5}, ("random splits", 30, 1, 0.5, True)),
    ],
)
def test_layouts_are_recognised(n: int, columns: dict[str, object], expected: tuple[object, ...]) -> None:
    found = recognise_folds(n, **{k: list(v) if isinstance(v, range) else v for k, v in columns.items()})
    assert (found.kind, found.repeats, found.folds, found.test_to_train, found.certain) == pytest.approx(expected)
    assert str(found.folds if found.folds > 1 else n) in found.said
    assert ("alone" in found.said) == (not found.certain)


def test_layouts_that_say_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="each pair once"):
        recognise_folds(4, repeat=[0, 0, 1, 1], fold=[0, 0, 1, 2])
    with pytest.raises(InputError, match="1 of b and 3 of a"):
        recognise_folds(4, repeat=["a", "a", "a", "b"], fold=[0, 1, 2, 0])
    with pytest.raises(InputError, match="random splits"):
        recognise_folds(8, repeat=range(8))
    with pytest.raises(InputError, match="whole repeats"):
        recognise_folds(37)
    with pytest.raises(InputError, match="one length"):
        recognise_folds(3, fold=[0, 1])
    with pytest.raises(InputError, match="at least 2"):
        recognise_folds(1)
