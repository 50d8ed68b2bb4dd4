"""Scores of predicted classes: their values are scikit-learn's, their intervals cover, and none has no width."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import statsmodels.stats.inter_rater as inter_rater
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from tearless.core import InputError
from tearless.statistics import classification_scores as scores
from tearless.statistics.bootstrap import bootstrap_counts
from tearless.statistics.estimate import Estimate
from tearless.statistics.probability_scores import brier, log_loss
from tearless.statistics.ranking_scores import average_precision, roc_auc

RNG = np.random.default_rng(0)
Score = Callable[..., Estimate]
ALL: dict[str, tuple[Score, Callable[..., float]]] = {
    "accuracy": (scores.accuracy, metrics.accuracy_score),
    "balanced accuracy": (scores.balanced_accuracy, metrics.balanced_accuracy_score),
    "matthews": (scores.matthews, metrics.matthews_corrcoef),
    "kappa": (scores.cohens_kappa, metrics.cohen_kappa_score),
}
for average in ("macro", "micro"):
    for name, ours, theirs in (
        ("precision", scores.precision, metrics.precision_score),
        ("recall", scores.recall, metrics.recall_score),
        ("f1", scores.f1, metrics.f1_score),
    ):
        ALL[f"{average} {name}"] = (
            lambda a, b, f=ours, m=average: f(a, b, average=m),
            lambda a, b, f=theirs, m=average: f(a, b, average=m, zero_division=0.0),
        )


def drawn(k: int, n: int, right: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Labels of k classes of uneven frequency, and predictions that are right with this chance."""
    y = rng.choice(k, n, p=np.arange(1, k + 1) / (k * (k + 1) / 2))
    return y, np.where(rng.random(n) < right, y, rng.integers(0, k, n))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("k", [2, 3, 10])
def test_values_are_those_of_scikit_learn(name: str, k: int) -> None:
    ours, theirs = ALL[name]
    for n in (7, 40, 500):
        y, p = drawn(k, n, 0.7, RNG)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert ours(y, p).value == pytest.approx(theirs(y, p), abs=1e-12)


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_binary_values_are_those_of_scikit_learn(name: str) -> None:
    y, p = drawn(2, 60, 0.6, RNG)
    for positive in (0, 1):
        theirs = getattr(metrics, f"{name}_score")(y, p, pos_label=positive)
        assert getattr(scores, name)(y, p, positive=positive).value == pytest.approx(theirs, abs=1e-12)


def test_kappas_error_is_that_of_statsmodels() -> None:
    y, p = drawn(4, 300, 0.6, RNG)
    theirs = inter_rater.cohens_kappa(scores.confusion(y, p).counts)
    ours = scores.cohens_kappa(y, p)
    assert ours.value == pytest.approx(theirs.kappa, abs=1e-12)
    assert ours.standard_error == pytest.approx(theirs.std_kappa, rel=1e-10)


@pytest.mark.parametrize("name", ["matthews", "macro f1", "balanced accuracy", "kappa", "macro precision"])
def test_standard_errors_agree_with_resampled_tables(name: str) -> None:
    y, p = drawn(3, 400, 0.75, np.random.default_rng(3))
    table = scores.confusion(y, p).counts
    ours = ALL[name][0](y, p).standard_error

    def again(tables: np.ndarray) -> np.ndarray:
        true, called = tables.sum(axis=2), tables.sum(axis=1)
        hit, n = np.diagonal(tables, axis1=1, axis2=2), tables.sum(axis=(1, 2))
        chance = (true * called).sum(axis=1) / n**2
        seen = hit.sum(axis=1) / n
        if name == "kappa":
            return (seen - chance) / (1 - chance)
        if name == "matthews":
            spread = (1 - (true**2).sum(axis=1) / n**2) * (1 - (called**2).sum(axis=1) / n**2)
            return (seen - chance) / np.sqrt(spread)
        if name == "macro f1":
            return (2 * hit / (true + called)).mean(axis=1)
        return (hit / (true if name == "balanced accuracy" else called)).mean(axis=1)

    resampled = bootstrap_counts(again, table, method="percentile", resamples=4000)
    assert ours == pytest.approx(resampled.estimate.standard_error, rel=0.06)


COVERED: dict[str, tuple[float, int]] = {
    "accuracy": (0.9, 40),
    "macro f1": (0.9, 120),
    "balanced accuracy": (0.95, 120),
    "macro precision": (0.9, 120),
    "matthews": (0.9, 120),
    "kappa": (0.97, 120),
}


@pytest.mark.parametrize("name", COVERED)
def test_intervals_cover_what_they_estimate(name: str) -> None:
    right, n = COVERED[name]
    rng = np.random.default_rng(11)
    truth = ALL[name][0](*drawn(3, 400_000, right, rng)).value
    found = [ALL[name][0](*drawn(3, n, right, rng)) for _ in range(400)]
    covered = np.mean([e.low <= truth <= e.high for e in found])
    assert covered >= 0.92


@pytest.mark.parametrize("name", ALL)
def test_no_interval_has_no_width_where_all_or_none_are_right(name: str) -> None:
    y = np.repeat([0, 1], 10)
    perfect, worst = ALL[name][0](y, y), ALL[name][0](y, 1 - y)
    assert perfect.value == pytest.approx(1)
    assert 0.3 < perfect.low < 0.99
    assert perfect.high == pytest.approx(1)
    assert worst.low <= worst.value < worst.high - 0.05


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_every_interval_holds_its_value_and_stays_in_range(rows: list[tuple[int, int]]) -> None:
    y, p = (np.array(side) for side in zip(*rows, strict=True))
    for name, (ours, _) in ALL.items():
        e = ours(y, p)
        if name == "kappa" and math.isnan(e.value):
            assert (e.low, e.high) == (-1, 1)
            continue
        least = -1 if name in ("matthews", "kappa") else 0
        assert least - 1e-12 <= e.low <= e.value + 1e-12
        assert e.value - 1e-12 <= e.high <= 1 + 1e-12
        assert e.low < e.high


def test_auc_and_its_error_are_those_of_delong() -> None:
    y = RNG.random(200) < 0.3
    x = np.round(RNG.normal(size=200) + y, 1)
    ours = roc_auc(y.astype(int), x)
    assert ours.value == pytest.approx(metrics.roc_auc_score(y, x), abs=1e-12)
    psi = (x[y][:, None] > x[~y]) + 0.5 * (x[y][:, None] == x[~y])
    direct = psi.mean(axis=1).var(ddof=1) / y.sum() + psi.mean(axis=0).var(ddof=1) / (~y).sum()
    assert ours.standard_error == pytest.approx(math.sqrt(direct), rel=1e-12)


def test_average_precision_is_that_of_scikit_learn_and_its_error_that_of_resampling() -> None:
    rng = np.random.default_rng(5)
    y = (rng.random(400) < 0.3).astype(int)
    x = np.round(rng.normal(size=400) + y, 1)
    ours = average_precision(y, x)
    assert ours.value == pytest.approx(metrics.average_precision_score(y, x), abs=1e-12)
    hits, misses = np.flatnonzero(y), np.flatnonzero(1 - y)
    again = []
    for _ in range(600):
        rows = np.concatenate([rng.choice(hits, len(hits)), rng.choice(misses, len(misses))])
        again.append(average_precision(y[rows], x[rows]).value)
    assert ours.standard_error == pytest.approx(np.std(again), rel=0.1)


@pytest.mark.parametrize(("m", "n", "shift", "least"), [(20, 20, 1.0, 0.93), (30, 60, 2.0, 0.93), (50, 50, 3.0, 0.93)])
def test_the_interval_of_the_auc_covers(m: int, n: int, shift: float, least: float) -> None:
    from scipy.stats import norm

    rng, truth = np.random.default_rng(2), norm.cdf(shift / math.sqrt(2))
    y = np.repeat([0, 1], [n, m])
    found = [roc_auc(y, np.r_[rng.normal(size=n), rng.normal(size=m) + shift]) for _ in range(500)]
    assert least <= np.mean([e.low <= truth <= e.high for e in found])


def test_a_perfect_ranking_keeps_its_doubt() -> None:
    y, x = np.repeat([0, 1], 10), np.arange(20.0)
    for score in (roc_auc, average_precision):
        e = score(y, x)
        assert (e.value, e.high) == (1.0, 1.0)
        assert 0.5 < e.low < 0.95


@pytest.mark.parametrize("k", [2, 4])
def test_log_loss_and_brier_are_those_of_scikit_learn(k: int) -> None:
    y, p = RNG.integers(0, k, 200), RNG.dirichlet(np.ones(k), 200)
    assert log_loss(y, p).value == pytest.approx(metrics.log_loss(y, p), rel=1e-12)
    assert brier(y, p).value == pytest.approx(metrics.brier_score_loss(y, p, labels=range(k)), rel=1e-12)


def test_sure_and_right_everywhere_still_leaves_doubt() -> None:
    y = np.repeat([0, 1], 15)
    for score, worst in ((log_loss, 36.1), (brier, 1.0)):
        e = score(y, y.astype(float))
        assert e.value == e.low == 0
        assert 0 < e.high < worst


@pytest.mark.parametrize("score", [log_loss, brier])
def test_intervals_of_mean_losses_cover(score: Score) -> None:
    rng = np.random.default_rng(8)

    def sample(n: int) -> Estimate:
        p = rng.beta(0.7, 0.7, n)
        return score((rng.random(n) < p).astype(int), np.clip(p, 1e-6, 1 - 1e-6), classes=[0, 1])

    truth = sample(1_000_000).value
    found = [sample(60) for _ in range(500)]
    assert 0.92 <= np.mean([e.low <= truth <= e.high for e in found]) <= 0.98


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: scores.accuracy([], []), "one label a row"),
        (lambda: scores.accuracy([1, 2], [1]), "one length"),
        (lambda: scores.accuracy([1.0, math.nan], [1.0, 1.0]), "nan among them"),
        (lambda: scores.accuracy(["a"], [1]), "labels like those"),
        (lambda: scores.f1([1, 0], [1, 0], positive=7), "positive"),
        (lambda: scores.f1([1, 0], [1, 0], average="weighted"), "average"),  # type: ignore[arg-type]
        (lambda: roc_auc([1, 1], [0.1, 0.2]), "both classes"),
        (lambda: roc_auc([1, 2, 3], [0.1, 0.2, 0.3]), "two classes"),
        (lambda: log_loss([0, 1], [0.5, 1.5]), "softmax"),
        (lambda: log_loss([0, 2], [[0.5, 0.5], [0.1, 0.9]], classes=[0, 1]), "have a column"),
        (lambda: brier([0, 1], [[0.5, 0.6], [0.5, 0.5]]), "add up to 1"),
        (lambda: scores.accuracy([1], [1], level=1.0), "level"),
    ],
)
def test_bad_input_is_refused_by_name(call: Callable[[], Estimate], says: str) -> None:
    with pytest.raises(InputError, match=says):
        call()
