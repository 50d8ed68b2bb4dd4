"""What is said beside a difference never contradicts it: the margin's verdict, what the rows show, what settles it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import nct, t

import tearless
from tearless.core import InputError
from tearless.statistics.comparison.designs import compared
from tearless.statistics.comparison.difference import Difference
from tearless.statistics.comparison.equivalence import of_difference
from tearless.statistics.comparison.facts import Comparison
from tearless.statistics.comparison.plan import Plan
from tearless.statistics.comparison.power_of_means import t_detectable, t_growth
from tearless.statistics.comparison.student_difference import freedom_of, student_difference
from tearless.statistics.comparison.words import counted, doing
from tearless.statistics.estimate import Estimate


def drawn(rng: np.random.Generator, kind: str, margin: float | None = None) -> Comparison:
    n, level = int(rng.choice([3, 10, 40, 200])), float(rng.choice([0.9, 0.95, 0.99]))
    if kind in ("right", "unpaired"):
        a = (rng.random(n) < 0.8).astype(int)
        b = np.where(rng.random(n) < 0.2, rng.integers(0, 2, n), a)
    else:
        a = rng.normal(size=n)
        b = a + rng.normal(size=n) * 0.2
    b = a if rng.random() < 0.1 else b
    table = pl.DataFrame({"a": a, "b": b, "g": np.arange(n) // 2})
    cluster = "g" if kind == "clusters" else None
    plan = Plan(("a", "b"), margin=margin, level=level, paired=kind != "unpaired", cluster=cluster)
    return compared(table, plan, 0)


@pytest.mark.parametrize("kind", ["right", "scores", "unpaired", "clusters"])
def test_the_verdict_on_a_margin_is_that_of_the_printed_interval(kind: str) -> None:
    rng = np.random.default_rng(5)
    for _ in range(60):
        margin = float(rng.choice([0.01, 0.05, 0.2, 0.5]))
        whole = drawn(rng, kind, margin)
        pair, verdict = whole.pairs[0].difference, whole.against_margin[0].verdict
        e = pair.estimate
        fits = {
            "better": pair.sure and e.value > 0,
            "equivalent": e.low >= -margin - 1e-9 and e.high <= margin + 1e-9,
            "no worse": e.low >= -margin - 1e-9,
            "worse": pair.sure and e.value < 0,
            "undecided": True,
        }
        assert fits[verdict], (verdict, pair, margin)


def test_a_margin_by_students_t_of_the_interval() -> None:
    """Ten folds: as many errors from the margin by t of nine degrees, not by the normal law."""
    found = of_difference(student_difference(0.011, 0.00129, 9, test="t", interval="t"), 0.02)
    assert found.p_not_worse == pytest.approx(t.sf(0.031 / 0.00129, 9), rel=1e-6)
    assert found.p_not_better == pytest.approx(t.sf(0.009 / 0.00129, 9), rel=1e-6)


def test_an_end_that_is_not_known_proves_nothing() -> None:
    unknown = Difference(Estimate(0.0, 0.0, -np.inf, np.inf), 1.0, "t", "t")
    assert of_difference(unknown, 0.1).verdict == "undecided"


@pytest.mark.parametrize("freedom", [1.0, 2.0, 3.7, 12.0, 400.0])
def test_degrees_of_freedom_are_read_off_an_interval(freedom: float) -> None:
    assert freedom_of(float(t.ppf(0.975, freedom)), 1.0) == pytest.approx(freedom, rel=1e-9)


@pytest.mark.parametrize("freedom", [1.0, 2.0, 9.0, 57.3])
def test_what_shows_and_what_settles_have_their_power_by_the_noncentral_t(freedom: float) -> None:
    limit = t.ppf(0.975, freedom)
    off = t_detectable(2.0, freedom) / 2
    assert nct.sf(limit, freedom, off) + nct.cdf(-limit, freedom, off) == pytest.approx(0.8, abs=1e-8)
    times = t_growth(3.0, 2.0, freedom)
    more, off = (freedom + 1) * times - 1, 1.5 * np.sqrt(times)
    limit = t.ppf(0.975, more)
    assert nct.sf(limit, more, off) + nct.cdf(-limit, more, off) == pytest.approx(0.8, abs=1e-8)


@pytest.mark.parametrize("kind", ["right", "scores", "unpaired", "clusters"])
def test_what_was_not_shown_needs_more_rows_than_there_are(kind: str) -> None:
    rng = np.random.default_rng(6)
    for _ in range(60):
        pair = drawn(rng, kind).pairs[0]
        if pair.difference.p > 0.1 and pair.needed is not None:
            assert pair.needed > pair.rows, pair


def test_two_seeds_need_more_than_two_seeds() -> None:
    """Welch with two runs each: t of 2 degrees, of which p = .051; more runs, not half as many."""
    table = pl.DataFrame({"seed": [1, 2], "a": [0.80, 0.81], "b": [0.83, 0.84]})
    pair = compared(table, Plan(("a", "b"), seed="seed"), 0).pairs[0]
    assert pair.needed is not None
    assert pair.needed > pair.rows == 4
    assert pair.detectable is not None
    assert pair.detectable > 0.03


def test_models_that_one_metric_does_not_tell_apart_are_not_called_the_same() -> None:
    """F1 of one class forgets which of the others was said: b for c, c for b."""
    truth = ["a", "b", "c", "a"] * 10
    old, new = ["a", "b", "b", "c"] * 10, ["a", "c", "c", "b"] * 10
    report = tearless.compare({"truth": truth, "old": old, "new": new}, metric="f1", positive="a")
    said = " ".join(str(report).split())
    assert "no item tells `new` from `old` by F1" in said
    assert "errors included" not in said


@pytest.mark.parametrize(("n", "says"), [(1, "1 such item shows"), (2, "2 such items show")])
def test_verbs_go_with_their_count(n: int, says: str) -> None:
    assert f"{counted(n, 'such item')} {doing(n, 'show')}" == says


@pytest.mark.parametrize("metric", ["kappa", "kappa-linear", "kappa-quadratic", "matthews", "balanced-accuracy", "f1"])
@pytest.mark.parametrize("design", ["items", "different items", "items in clusters"])
@pytest.mark.parametrize(("old", "new"), [("aaaa", "aaaa"), ("aaaa", "aaab"), ("bbbb", "bbbb"), ("abab", "bbbb")])
def test_where_one_class_alone_came_nothing_is_nan(metric: str, design: str, old: str, new: str) -> None:
    """Agreement beyond chance has no value there: that is said, or the score has its value; never nan."""
    table = {"truth": ["a"] * 20, "old": list(old * 5), "new": list(new * 5), "g": [i // 2 for i in range(20)]}
    cluster = "g" if design == "items in clusters" else None
    try:
        report = tearless.compare(table, metric=metric, positive="a", design=design, cluster=cluster)
        words = str(report) + report.to_json()
    except InputError as reason:
        words = str(reason)
    assert "nan" not in words.lower()
