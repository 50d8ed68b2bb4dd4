"""Metrics by name: values as scikit-learn's, contributions as the jackknife's, differences that never contradict."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as theirs
from sklearn.preprocessing import label_binarize
from statsmodels.stats.inter_rater import cohens_kappa as statsmodels_kappa

from tearless.core import InputError
from tearless.statistics import table_slopes
from tearless.statistics.bootstrap import bootstrap_counts
from tearless.statistics.classification_scores import cohens_kappa, confusion
from tearless.statistics.comparison.influence import unpaired_difference
from tearless.statistics.comparison.metrics import (
    METRICS,
    metric,
    metric_difference,
    unpaired_metric_difference,
)
from tearless.statistics.estimate import Estimate

Score = Callable[..., float]
CLASSES: dict[str, Score] = {
    "accuracy": theirs.accuracy_score,
    "balanced-accuracy": theirs.balanced_accuracy_score,
    "matthews": theirs.matthews_corrcoef,
    "kappa": theirs.cohen_kappa_score,
    "kappa-linear": lambda y, p: theirs.cohen_kappa_score(y, p, weights="linear"),
    "kappa-quadratic": lambda y, p: theirs.cohen_kappa_score(y, p, weights="quadratic"),
}
for short, score in (
    ("precision", theirs.precision_score),
    ("recall", theirs.recall_score),
    ("f1", theirs.f1_score),
):
    for average in ("macro", "micro"):
        CLASSES[f"{short}-{average}"] = lambda y, p, f=score, m=average: f(y, p, average=m, zero_division=0.0)
    CLASSES[short] = lambda y, p, f=score: f(y, p, zero_division=0.0)
NUMBERS: dict[str, Score] = {
    "mse": theirs.mean_squared_error,
    "rmse": theirs.root_mean_squared_error,
    "mae": theirs.mean_absolute_error,
    "r2": theirs.r2_score,
}


def one_hot(y: np.ndarray, k: int) -> np.ndarray:
    return np.asarray(label_binarize(y, classes=range(k)))


COLUMNS: dict[str, Score] = {
    "auc-macro": lambda y, p: theirs.roc_auc_score(y, p, multi_class="ovr", average="macro"),
    "auc-micro": lambda y, p: theirs.roc_auc_score(one_hot(y, p.shape[1]), p, average="micro"),
    "average-precision-macro": lambda y, p: theirs.average_precision_score(one_hot(y, p.shape[1]), p, average="macro"),
    "average-precision-micro": lambda y, p: theirs.average_precision_score(one_hot(y, p.shape[1]), p, average="micro"),
    "log-loss": theirs.log_loss,
    "brier": lambda y, p: float(((p - one_hot(y, p.shape[1])) ** 2).sum(axis=1).mean()),
}
TWO: dict[str, Score] = {
    "auc": theirs.roc_auc_score,
    "average-precision": theirs.average_precision_score,
    "log-loss": theirs.log_loss,
    "brier": theirs.brier_score_loss,
}


def data(name: str, n: int, seed: int, k: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth and the predictions of two models that this metric needs."""
    rng = np.random.default_rng(seed)
    needs = METRICS[name].needs
    if needs == "numbers":
        y = rng.normal(size=n)
        return y, y + rng.normal(size=n), y + 0.8 * rng.normal(size=n)
    if needs == "classes":
        k = 2 if name in ("precision", "recall", "f1") else k
        y = rng.permutation(np.arange(n) % k)
        a, b = (np.where(rng.random(n) < right, y, rng.integers(0, k, n)) for right in (0.6, 0.7))
        return y, a, b
    if name in ("auc", "average-precision"):
        y = rng.permutation(np.arange(n) % 2)
        a, b = (1 / (1 + np.exp(-gain * y - rng.normal(size=n))) for gain in (1.0, 1.3))
        return y, a, b
    y = rng.permutation(np.arange(n) % k)
    a, b = (gain * np.eye(k)[y] + rng.normal(size=(n, k)) for gain in (1.0, 1.3))
    return y, *(np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) for x in (a, b))


@pytest.mark.parametrize(("name", "score"), [*CLASSES.items(), *NUMBERS.items(), *COLUMNS.items()])
def test_values_are_those_of_scikit_learn(name: str, score: Score) -> None:
    for n in (12, 200):
        y, a, _ = data(name, n, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = score(y, a)
        assert metric(name).influence(y, a).value == pytest.approx(expected, abs=1e-10)
        assert metric(name).estimate(y, a).value == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(("name", "score"), TWO.items())
def test_values_of_two_classes_are_those_of_scikit_learn(name: str, score: Score) -> None:
    y, a, _ = data("auc", 60, 2)
    assert metric(name).influence(y, a).value == pytest.approx(score(y, a), abs=1e-12)
    assert metric(name).estimate(y, a).value == pytest.approx(score(y, a), abs=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_contributions_average_nothing_and_agree_with_leaving_rows_out(name: str) -> None:
    """The jackknife: (n − 1)·(value − value without the row) is ψ to order 1/n."""
    n = 150
    y, a, b = data(name, n, 3)
    first, second = metric(name).influence(y, a), metric(name).influence(y, b)
    assert first.psi.mean() == pytest.approx(0, abs=1e-9)
    keep = ~np.eye(n, dtype=bool)
    less = np.array([metric(name).influence(y[k], b[k]).value - metric(name).influence(y[k], a[k]).value for k in keep])
    jackknife = (n - 1) * (less.mean() - less)
    assert np.corrcoef(jackknife, second.psi - first.psi)[0, 1] > (0.99 if name.startswith("average") else 0.999)
    error = metric_difference(name, y, a, b).estimate.standard_error
    assert error == pytest.approx(math.sqrt(float(jackknife @ jackknife) * (n / (n - 1))) / n, rel=0.05)


@pytest.mark.parametrize("name", METRICS)
def test_single_errors_agree_with_the_influence(name: str) -> None:
    y, a, _ = data(name, 400, 4)
    single, influence = metric(name).estimate(y, a), metric(name).influence(y, a)
    assert single.standard_error == pytest.approx(math.sqrt(influence.variance), rel=0.01)
    assert single.low < single.value < single.high
    assert METRICS[name].low <= single.low


@pytest.mark.parametrize("name", ["f1", "matthews", "kappa-quadratic", "balanced-accuracy"])
def test_errors_agree_with_resampled_cells(name: str) -> None:
    """The joint table of truth and both models, resampled as one multinomial: no linearisation."""
    y, a, b = data(name, 500, 5)
    k = int(y.max()) + 1
    cells = np.bincount((y * k + a) * k + b, minlength=k**3).reshape(k, k, k)
    of: Any = {
        "f1": table_slopes.f1_of(1),
        "matthews": table_slopes.matthews,
        "kappa-quadratic": table_slopes.kappa("quadratic"),
        "balanced-accuracy": table_slopes.mean_share(1),
    }[name]

    def difference(tables: np.ndarray) -> np.ndarray:
        shares = tables / tables.sum(axis=(1, 2, 3), keepdims=True)
        return np.array([of(t.sum(axis=1))[0] - of(t.sum(axis=2))[0] for t in shares])

    found = bootstrap_counts(difference, cells, resamples=1_500, method="percentile")
    ours = metric_difference(name, y, a, b).estimate
    assert ours.value == pytest.approx(found.estimate.value)
    assert ours.standard_error == pytest.approx(found.estimate.standard_error, rel=0.07)


@pytest.mark.parametrize("name", ["mse", "mae", "log-loss", "brier"])
def test_mean_losses_are_the_paired_t_test(name: str) -> None:
    """Where the losses' differences have no long tail the degrees of freedom are n − 1, and all is Student's t."""
    rng = np.random.default_rng(6)
    n = 40
    y = rng.integers(0, 2, n) if METRICS[name].needs == "probabilities" else rng.normal(size=n)
    a, b = rng.uniform(0.2, 0.8, (2, n))
    losses = [
        {"mse": (y - x) ** 2, "mae": np.abs(y - x), "brier": (y - x) ** 2}.get(
            name, -np.log(np.where(y == 1, x, 1 - x))
        )
        for x in (a, b)
    ]
    expected = stats.ttest_rel(losses[1], losses[0])
    found = metric_difference(name, y, a, b)
    assert found.estimate.value == pytest.approx(float(np.mean(losses[1]) - np.mean(losses[0])))
    assert found.estimate.value / found.estimate.standard_error == pytest.approx(expected.statistic, rel=1e-9)
    assert found.p == pytest.approx(expected.pvalue, rel=0.05)


def test_kappa_of_published_tables() -> None:
    """J. Cohen, Psychol. Bull. 70 (1968), table 1: κ = .492. Weighted, statsmodels and arithmetic."""
    counts = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    y, p = (np.repeat(side.ravel(), counts.ravel()) for side in np.indices((3, 3)))
    assert round(cohens_kappa(y, p).value, 3) == 0.492
    for weights, wt in (("none", None), ("linear", "linear"), ("quadratic", "quadratic")):
        expected = statsmodels_kappa(counts, wt=wt)
        found = cohens_kappa(y, p, weights=weights)  # type: ignore[arg-type]
        assert found.value == pytest.approx(expected.kappa, abs=1e-12)
        assert found.standard_error == pytest.approx(expected.std_kappa, rel=1e-9)
        assert confusion(y, p).counts.tolist() == counts.tolist()


def test_the_order_of_the_classes_decides_weighted_kappa() -> None:
    y, p = ["low", "high", "medium", "low"], ["high", "high", "medium", "low"]
    by_order = cohens_kappa(y, p, weights="linear", classes=["low", "medium", "high"]).value
    assert by_order == pytest.approx(theirs.cohen_kappa_score([0, 2, 1, 0], [2, 2, 1, 0], weights="linear"))
    assert by_order != pytest.approx(cohens_kappa(y, p, weights="linear").value)
    with pytest.raises(InputError, match="classes"):
        cohens_kappa(y, p, classes=["low", "high"])


@given(st.sampled_from(sorted(METRICS)), st.integers(0, 10_000), st.integers(4, 30), st.sampled_from([0.5, 0.95, 0.99]))
def test_no_test_contradicts_its_interval(name: str, seed: int, n: int, level: float) -> None:
    y, a, b = data(name, n, seed)
    one, two = metric_difference(name, y, a, b, level=level), metric_difference(name, y, b, a, level=level)
    e = one.estimate
    assert 0 < one.p <= 1
    assert e.low <= e.value <= e.high
    assert e.low < e.high
    assert -METRICS[name].widest <= e.low
    assert (e.low <= 0 <= e.high) == (one.p > 1 - level) or abs(one.p - 1 + level) < 1e-9
    assert two.p == pytest.approx(one.p, rel=1e-9)
    assert (two.estimate.low, two.estimate.high) == pytest.approx((-e.high, -e.low), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_a_model_and_itself_never_differ_and_never_surely_so(name: str) -> None:
    y, a, _ = data(name, 60, 7)
    found = metric_difference(name, y, a, a)
    assert (found.estimate.value, found.p) == (0.0, 1.0)
    assert found.estimate.low < 0 < found.estimate.high
    perfect: Any = y
    if METRICS[name].needs == "probabilities" or (name.endswith(("-macro", "-micro")) and a.ndim == 2):
        perfect = np.eye(3)[y]
    both = metric_difference(name, y, perfect, perfect)
    assert (both.estimate.value, both.p) == (0.0, 1.0)
    assert both.estimate.low < 0 < both.estimate.high
    against = metric_difference(name, y, a, perfect)
    assert against.estimate.low < against.estimate.high
    assert 0 < against.p <= 1


@pytest.mark.parametrize("name", METRICS)
def test_different_items_need_larger_differences(name: str) -> None:
    y, a, b = data(name, 120, 9)
    paired, unpaired = metric_difference(name, y, a, b), unpaired_metric_difference(name, y, a, y, b)
    assert unpaired.estimate.value == pytest.approx(paired.estimate.value)
    e = unpaired.estimate
    assert (e.low <= 0 <= e.high) == (unpaired.p > 0.05)
    errors = [math.sqrt(metric(name).influence(y, x).variance) for x in (a, b)]
    assert e.standard_error == pytest.approx(math.hypot(*errors), rel=0.02)


def test_what_cannot_be_said_is_not() -> None:
    with pytest.raises(InputError, match=r"metric: expected one of .accuracy"):
        metric("acuracy")
    with pytest.raises(InputError, match="positive"):
        metric_difference("f1", ["a", "b"], ["a", "b"], ["a", "a"])
    with pytest.raises(InputError, match="two classes"):
        metric_difference("kappa", [1, 1], [1, 1], [1, 1])
    with pytest.raises(InputError, match=r"none of .2"):
        metric_difference("auc-macro", [0, 1], np.eye(3)[:2], np.eye(3)[:2], classes=[0, 1, 2])
    with pytest.raises(InputError, match="constant"):
        metric_difference("r2", [1.0, 1.0], [1.0, 2.0], [1.0, 1.0])
    with pytest.raises(InputError, match="squared"):
        metric_difference("mse", [1e200, 1.0], [0.0, 2.0], [0.0, 1.0])
    with pytest.raises(InputError, match="level"):
        unpaired_difference(Estimate(0.5, 0.1, 0.3, 0.7, 0.9), Estimate(0.5, 0.1, 0.3, 0.7, 0.95))


@pytest.mark.parametrize("name", METRICS)
def test_one_item_tells_nothing(name: str) -> None:
    y, a, b = data(name, 3, 1)
    try:
        found = metric_difference(name, y[:1], a[:1], b[:1], positive=y[0])
    except InputError:
        return
    assert found.p > 0.05
    assert found.estimate.low < 0 < found.estimate.high


def test_models_that_call_one_class_only() -> None:
    y, all_of_one = np.repeat([0, 1], 25), np.ones(50, int)
    for name in (n for n, m in METRICS.items() if m.needs == "classes"):
        for a, b in ((all_of_one, 1 - all_of_one), (1 - all_of_one, 1 - all_of_one), (all_of_one, y)):
            found = metric_difference(name, y, a, b)
            assert 0 < found.p <= 1
            assert found.estimate.low < found.estimate.high
